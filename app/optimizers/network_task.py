"""The race on the learner's network: who takes part with which rates, how far it has come, where it is looked at."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.bus import CommandError
from app.optimizers.network_basis import Basis, listed
from app.optimizers.network_editing import NetworkCommands
from app.optimizers.session import SPEEDS
from app.scenes import network_racers
from app.scenes.network_racers import Runner
from app.text import number, tr
from core import optimizers

if TYPE_CHECKING:
    from app.engine.questions.landscape import RaceOnNetwork
    from app.optimizers.session import RaceSession
    from app.scenes.network_settings import NetworkSettings
    from app.widgets.chip import Part
    from core.landscape.race import Race, Racer

OWNER = "race-network"
#: Milliseconds between two looks at a race that goes on: it has more to tell than can be shown.
_REST = 100


class NetworkTask(QObject):
    """See the module's text. Interface thread only; the engine trains.

    Attributes
    ----------
    asked
        The race on the surface and the settings that the race was begun with that is shown, or None.
    found
        The race as far as it has come, or None.
    runners
        Who takes part in it, in order.
    share
        From 0 to 1 while it goes on, else None.
    problem
        Why there is none, or no more of it; a sentence.
    time
        Where it is looked at, in steps.

    Signals
    -------
    changed()
        What the next race will be.
    told()
        There is more of the race, or it has ended.
    moved()
        `time` is another.
    forgotten()
        Another project or network is open: what was found is of another.
    """

    changed = Signal()
    told = Signal()
    moved = Signal()
    forgotten = Signal()
    #: Playing by terms is for surfaces.
    term = 0

    @classmethod
    def of(cls, session: RaceSession) -> NetworkTask:
        """The one of a session."""
        found = session.findChild(cls)
        return found if found is not None else cls(session)

    def __init__(self, session: RaceSession) -> None:
        super().__init__(session)
        self._session = session
        self.asked: tuple[Race, NetworkSettings] | None = None
        self.found: RaceOnNetwork | None = None
        self.runners: tuple[Runner, ...] = ()
        self.share: float | None = None
        self.problem = ""
        self.time, self.playing = 0.0, False
        #: Whether the playhead goes with the race while that goes on.
        self._with = True
        #: What was said of changes since the race.
        self._told = ""
        self._ticket = 0
        self._rest, self._untold = QTimer(self, singleShot=True), False
        self._rest.timeout.connect(self._tell_rest)
        context = session.context
        for name, handler, label in (
            ("race.network_start", self._do_start, tr("Race on the network")),
            ("race.network_stop", self._do_stop, tr("Stop the race on the network")),
        ):
            context.bus.register(name, handler, label=label)
        self.editing = NetworkCommands(session)
        session.racers_changed.connect(self.changed)
        context.document.network_race_changed.connect(self._on_settings)
        context.engine.progressed.connect(self._on_progress)
        # What is open is another network, and its weights.
        self._unsubscribe = context.bus.subscribe(lambda _: self.forget(), ("project.opened",))
        #: What was raced on, and at which step a change ended the race; None if none did.
        self._of: Basis | None = None
        self._ended_at: int | None = None
        document = context.document
        for signal in (document.network_changed, document.training_changed, document.data_changed):
            signal.connect(self._on_document)

    # -- what is set

    @property
    def settings(self) -> NetworkSettings:
        """What the next race is: the document's."""
        return self._session.context.document.network_race

    @property
    def epochs(self) -> int:
        """How long the next race is."""
        return self.settings.epochs

    @property
    def start(self) -> str:
        """With which weights all begin."""
        return self.settings.start

    @property
    def rates(self) -> str:
        """Whose learning rates racers have."""
        return self.settings.rates

    @Slot()
    def _on_settings(self) -> None:
        self.changed.emit()
        self._tell_lead()

    # -- who takes part

    def document(self, racer: Racer) -> dict[str, Any]:
        """Return a racer's optimizer as the network is trained with it."""
        return network_racers.optimizer_of(racer, self.settings)

    def rate(self, racer: Racer) -> float:
        """The learning rate it begins with."""
        return float(optimizers.get(self.document(racer)).learning_rate)

    def rate_words(self, racer: Racer) -> str:
        """Say how its rate here goes together with the one on surfaces."""
        rate = number(self.rate(racer))
        if racer.id in self.settings.own:
            return tr(
                "The rate above is for surfaces. On your network it is {rate}, as it is set in the list.",
                rate=rate,
            )
        if self.rates == "keras":
            return tr("The rate above is for surfaces. On your network it is {rate}, Keras's default: it is set in the "
                      "list.", rate=rate)  # fmt: skip
        return tr("This rate holds on your network, too.")

    @property
    def shown(self) -> tuple[Runner, ...]:
        """Those of the race on the network who are in the list still."""
        return tuple(one for one in self.runners if self._session.race.racer(one.id) is not None)

    @property
    def is_of_present(self) -> bool:
        """Whether a race would be run now on what the one that is shown was: the network, the data, the settings."""
        return self._of is not None and not self._of.changed(self._now)

    @property
    def _now(self) -> Basis:
        return Basis.of(self._session.context.document)

    @property
    def outdated(self) -> str:
        """What is another by now than in the race that is shown, as a sentence; "" if nothing is."""
        if self._of is None:
            return ""
        if self._ended_at is not None:
            if what := self._of.ended_by(self._now):
                return tr(
                    "You have changed {what}: the race ended at step {step}, and what is shown is as it was before.",
                    what=listed(what), step=number(self._ended_at),
                )  # fmt: skip
            return ""
        what = self._of.changed(self._now)
        if not what or self.found is None:
            return ""
        return tr("This race was run before you changed {what}: all that is shown here is as it was then.",
                  what=listed(what))  # fmt: skip

    def raced_with(self, racer: Racer) -> Runner | None:
        """As whom it ran the race that is shown, if it would run the next one otherwise, or None."""
        runner = next((one for one in self.runners if one.id == racer.id), None)
        return None if runner is None or runner.optimizer == self.document(racer) else runner

    def entrants(self) -> tuple[list[Runner], dict[str, str]]:
        """Return who would take part, and of the others whose twins they are: all take the same batches."""
        return network_racers.entrants(self._session.race, self.settings)

    # -- commands

    def _do_start(self) -> None:
        """Begin a race with what is set; one that goes on ends."""
        runners, _ = self.entrants()
        if not runners:
            raise CommandError(tr("There is nobody in the race. Add a racer first."))
        context = self._session.context
        if hindrance := self.hindrance:
            raise CommandError(hindrance)
        context.engine.catch_up()
        self._end()
        self.pause()
        self.found, self.runners, self.problem = None, tuple(runners), ""
        self.asked = (self._session.race, self.settings)
        self.share, self._with = 0.0, True
        self._of, self._ended_at, self._told = self._now, None, ""
        self._ticket = context.engine.ask(
            "network_race", racers=[one.entry for one in runners],
            epochs=self.epochs, start=self.start, asker=OWNER, done=self._on_done,
            failed=self._on_failure, partly=self._on_part,
        )  # fmt: skip
        self._move(0.0)
        self.told.emit()

    @property
    def hindrance(self) -> str:
        """Why the engine cannot train the network of the document now, as a sentence; "" if it can."""
        context = self._session.context
        if not context.attached:
            return tr("The engine is being prepared. Try again in a moment.")
        # The engine still holds the network as it was while it could be trained.
        problems = context.document.inspection.problems
        return problems[0].sentence if problems else ""

    def _do_stop(self) -> None:
        """End it; what was found stays."""
        if self._ticket:
            self._end()
            self._tell()

    # -- the engine

    @property
    def goes_on(self) -> bool:
        """Whether it is being raced."""
        return self._ticket != 0

    def _end(self) -> None:
        if self._ticket:
            self._session.context.engine.cancel(self._ticket)
        self._ticket, self.share, self._untold = 0, None, False

    def forget(self) -> None:
        """What was found is of another network."""
        self._end()
        self.pause()
        self.found, self.runners, self.problem, self._of = None, (), "", None
        self.asked, self._ended_at, self._told = None, None, ""
        self._move(0.0)
        self.changed.emit()
        self.told.emit()
        self.forgotten.emit()

    @Slot()
    def _on_document(self) -> None:
        """Say what is another by now than in the race; one that goes on ends with the run it is of."""
        if self.goes_on and self._of is not None and self._of.ended_by(self._now):
            self._ended_at = self.reach
            self._end()
        if self.outdated != self._told:
            self._told = self.outdated
            self._tell()

    @Slot(int, float)
    def _on_progress(self, ticket: int, share: float) -> None:
        if ticket == self._ticket:
            self.share = share
            self._tell_soon()

    def _on_part(self, found: RaceOnNetwork) -> None:
        self.found = found
        self._tell_soon()

    def _tell_soon(self) -> None:
        """Tell of what has come, at once or with what comes in the next moment."""
        if self._rest.isActive():
            self._untold = True
        else:
            self._tell()

    @Slot()
    def _tell_rest(self) -> None:
        if self._untold:
            self._tell()

    def _tell(self) -> None:
        self._untold = False
        if self._with and not self.playing and self.found is not None:
            self._move(float(self.reach))
        self.told.emit()
        self._tell_lead()
        if self._ticket:
            self._rest.start(_REST)
        else:
            self._rest.stop()

    def _on_done(self, found: RaceOnNetwork) -> None:
        self._ticket, self.share = 0, None
        self.found = found
        self._tell()
        self._session.context.bus.emit("race.network_finished", steps=found.race.steps)

    def _on_failure(self, sentence: str) -> None:
        self._ticket, self.share, self.problem, self._untold = 0, None, sentence, False
        self._tell()

    # -- the playhead

    @property
    def total(self) -> int:
        """Steps the race is to have."""
        return 0 if self.found is None else self.found.race.steps

    @property
    def reach(self) -> int:
        """Steps everybody has taken who has not broken."""
        if self.found is None:
            return 0
        lanes = self.found.race.lanes
        there = [one.done for one in lanes if one.diverged is None]
        return min(there, default=max((one.done for one in lanes), default=0))

    @property
    def step(self) -> int:
        """Whole steps that are done."""
        return int(self.time)

    @property
    def obstacle(self) -> str:
        """Why it cannot be played; a sentence."""
        if self.found is None or not self.reach:
            return tr("There is no race on your network yet. Start it first.")
        return ""

    def chips(self) -> tuple[list[Part], list[Part]]:
        """What is raced on, and from where, for the top bar."""
        begun = self.found.start if self.found is not None else self.start
        words = tr("weights drawn anew") if begun == "drawn" else tr("weights of the run")
        what: list[Part] = [(tr("Your network"), "label", "tx")]
        if self.found is not None:
            what.append((tr("{count} samples", count=number(self.found.samples)), "value", "tx2"))
        return what, [(tr("start"), "label", "tx3"), (words, "label", "tx")]

    def play(self) -> None:
        """Let the playhead go on; from the end, from the beginning."""
        if self.obstacle:
            raise CommandError(self.obstacle)
        if self.playing:
            return
        if self.time >= self.reach:
            self._move(0.0)
        self.playing, self._with = True, False
        clock = self._session.context.clock
        clock.tick.connect(self._on_tick)
        clock.want(OWNER)
        self._tell_lead()

    def pause(self) -> None:
        """Stand at a whole step."""
        if not self.playing:
            return
        self.playing = False
        clock = self._session.context.clock
        clock.tick.disconnect(self._on_tick)
        clock.release(OWNER)
        self._move(float(round(self.time)))
        self._tell_lead()

    def step_by(self, by: int) -> None:
        """Stand so many steps further on."""
        if self.obstacle:
            raise CommandError(self.obstacle)
        self.pause()
        self._stand(min(max(self.step + by, 0), self.reach))

    def seek(self, step: int) -> None:
        """Stand at a step."""
        if not 0 <= step <= self.total:
            raise CommandError(
                tr("The race has steps 0 to {total}; {step} is none of them.", total=self.total, step=step)
            )  # fmt: skip
        self.pause()
        self._stand(min(step, self.reach))

    def _stand(self, step: int) -> None:
        self._with = self.goes_on and step >= self.reach
        self._move(float(step))

    def _move(self, time: float) -> None:
        if time != self.time and isfinite(time):
            self.time = time
            self.moved.emit()
            self._tell_lead()

    def _tell_lead(self) -> None:
        if self._session.lead is self:
            self._session.lead_changed.emit()

    @Slot(float)
    def _on_tick(self, seconds: float) -> None:
        wanted = self.time + seconds * SPEEDS[self._session.speed]
        if wanted >= self.reach:
            self._move(float(self.reach))
            self.pause()
        else:
            self._move(wanted)
