"""What the panels of Optimizers share: the race, its paths, where it stands, and what is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from app.bus import CommandError
from app.engine.state import RACES_PREPARING
from app.optimizers.editing import RaceCommands
from app.text import tr

if TYPE_CHECKING:
    from app.engine.questions.racing import RaceAnswer
    from app.optimizers.network_task import NetworkTask
    from app.workspace import WindowContext
    from core.landscape import Surface, Trajectory
    from core.landscape.race import Race, Racer

OWNER = "race"
#: Steps a second by key, from slow to fast; the learner's slider.
SPEEDS = {"1/s": 1.0, "2/s": 2.0, "5/s": 5.0, "10/s": 10.0, "20/s": 20.0, "50/s": 50.0, "100/s": 100.0,
          "500/s": 500.0, "2000/s": 2000.0}  # fmt: skip
_DEFAULT = "20/s"
#: What one step is: a whole update, or one term of the racer that is looked at.
GRANULARITIES = ("step", "term")


class RaceSession(QObject):
    """The state behind the panels. Interface thread only; numbers come from the engine's answers.

    Parameters
    ----------
    context
        The window's document, bus, engine and clock.

    Signals
    -------
    race_changed()
        The document's race is another; its paths follow.
    racers_changed()
        So are its racers: who takes part, or what they are set to. Told before ``race_changed``.
    paths_changed()
        `answer` is new.
    moved()
        `time` or `term` is another.
    chosen()
        Another racer is looked at, or something is shown in another way.
    playing_changed()
        It plays, stands, cannot, or goes at another speed.
    lead_changed()
        The top bar moves something else, or that has moved.
    """

    race_changed = Signal()
    racers_changed = Signal()
    paths_changed = Signal()
    moved = Signal()
    chosen = Signal()
    playing_changed = Signal()
    lead_changed = Signal()

    def __init__(self, context: WindowContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.context = context
        #: What the engine has computed last, or None; may be of a race before the last edit, until it has caught up.
        self.answer: RaceAnswer | None = None
        #: Why the race cannot be run; a sentence.
        self.problem = ""
        #: Where the race stands, in steps; between two whole numbers while it moves.
        self.time = 0.0
        #: How many terms of the update after `time` have been gone through, by steps of a term.
        self.term = 0
        self.playing = False
        #: Ticks that were played.
        self._beat = 0
        self.speed = _DEFAULT
        self.granularity = "step"
        #: Switches by name; panels `offer` more.
        self.toggles: dict[str, Any] = {}
        self._checks: dict[str, Callable[[Any], None]] = {}
        #: What the top bar moves instead of the race on the surface, while it is shown.
        self.lead: NetworkTask | None = None
        self._racer = ""
        self._active = False
        self._asking = 0
        self._again = self._waiting = False
        self._known: Race | None = None
        self._listed = context.document.race.racers
        self._count: Callable[[], int] = lambda: 0
        remembered = context.settings.get("race_speed", _DEFAULT)
        if remembered in SPEEDS:
            self.speed = remembered
        self._register()
        self.editing = RaceCommands(self)
        context.document.race_changed.connect(self._on_race)
        context.document.opened.connect(self._on_opened)

    # -- life

    def activate(self) -> None:
        """Begin to follow the engine."""
        if self._active:
            return
        self._active = True
        engine = self.context.engine
        engine.state_changed.connect(self._retry)
        engine.prepared.connect(self._retry)
        self._ask()

    def deactivate(self) -> None:
        """Stop; hidden views cost nothing."""
        if not self._active:
            return
        self.pause()
        if self.lead is not None:
            self.lead.pause()
        self._active = False
        engine = self.context.engine
        engine.state_changed.disconnect(self._retry)
        engine.prepared.disconnect(self._retry)
        if self._asking:
            engine.cancel(self._asking)
            self._asking, self._again = 0, False

    @property
    def active(self) -> bool:
        """Whether it follows the engine."""
        return self._active

    # -- what is raced

    @property
    def race(self) -> Race:
        """The document's race."""
        return self.context.document.race

    @property
    def surface(self) -> Surface | None:
        """What is raced on, as far as the engine has it."""
        return None if self.answer is None else self.answer.surface

    @property
    def current(self) -> bool:
        """Whether `answer` is of the document's race, and whole."""
        answer = self.answer
        return (
            answer is not None
            and answer.race == self.race
            and len(answer.paths) == len(self.race.racers)
        )

    @property
    def racers(self) -> tuple[tuple[Racer, Trajectory], ...]:
        """The racers with their paths, as far as these are computed."""
        answer = self.answer
        return () if answer is None else tuple(zip(answer.race.racers, answer.paths, strict=False))

    @property
    def racer(self) -> str:
        """Id of the racer that is looked at; "" if there are none."""
        known = [one.id for one in self.race.racers]
        if self._racer in known:
            return self._racer
        # Adam is what most come for; else the last.
        return next(
            (one.id for one in self.race.racers if one.kind == "adam"), known[-1] if known else ""
        )

    @property
    def path(self) -> Trajectory | None:
        """The path of the racer that is looked at."""
        return next((path for one, path in self.racers if one.id == self.racer), None)

    @property
    def total(self) -> int:
        """Steps of the race that is shown."""
        return self.race.steps if self.answer is None else self.answer.race.steps

    @property
    def step(self) -> int:
        """Whole steps that are done."""
        return min(int(self.time), self.total)

    # -- moving

    def follow_lead(self, lead: NetworkTask | None) -> None:
        """Let the top bar move something else from now on; None is the race on the surface again."""
        if lead is not self.lead:
            self.pause()
            if self.lead is not None:
                self.lead.pause()
            self.lead = lead
            self.lead_changed.emit()

    def play(self) -> None:
        """Go on; from the end, from the beginning."""
        if self.answer is None:
            raise CommandError(
                self.problem or tr("The race is being computed. Try again in a moment.")
            )
        if not self.race.racers:
            raise CommandError(tr("There is nobody in the race. Add a racer first."))
        if self.time >= self.total:
            self.move_to(0)
        if not self.playing:
            self.playing, self.term = True, 0
            self.context.clock.tick.connect(self._on_tick)
            self.context.clock.want(OWNER)
            self.playing_changed.emit()

    def pause(self) -> None:
        """Stand at a whole step."""
        if not self.playing:
            return
        self.playing = False
        self.context.clock.tick.disconnect(self._on_tick)
        self.context.clock.release(OWNER)
        self.move_to(round(self.time))
        self.playing_changed.emit()

    def move_to(self, time: float, term: int = 0) -> None:
        """Stand at a time, with so many terms of the next update gone through."""
        time = min(max(float(time), 0.0), float(self.total))
        if (time, term) != (self.time, self.term):
            self.time, self.term = time, term
            self.moved.emit()

    def due(self, turn: int) -> bool:
        """Tell whether new numbers are written in this frame: while it plays, 20 times a second, in turns 0 to 2.

        Motion has 60 frames a second; nobody reads numbers as quickly, and all of them in one frame are too much.
        """
        return not self.playing or self._beat % 3 == turn

    def count_terms(self, count: Callable[[], int]) -> None:
        """Let `count` say how many terms the update of the racer has that is looked at."""
        self._count = count

    def _step(self, by: int, granularity: str) -> None:
        self.pause()
        unit = granularity or self.granularity
        if unit not in GRANULARITIES:
            raise CommandError(tr("A race goes by step or by term, not by {value!r}.", value=unit))
        terms = self._count()
        if unit == "step" or terms == 0:
            self.move_to(self.step + by if not (by < 0 and self.term) else self.step)
            return
        if by > 0:
            if self.step >= self.total:
                return
            past = self.term + 1
            self.move_to(self.step + (past >= terms), 0 if past >= terms else past)
        elif self.term:
            self.move_to(self.step, self.term - 1)
        elif self.step:
            self.move_to(self.step - 1, terms - 1)

    @Slot(float)
    def _on_tick(self, seconds: float) -> None:
        self._beat += 1
        wanted = self.time + seconds * SPEEDS[self.speed]
        if wanted >= self.total:
            self.move_to(self.total)
            self.pause()
            self.context.bus.emit("race.finished", step=self.total)
        else:
            self.move_to(wanted)

    # -- commands

    def _register(self) -> None:
        bus = self.context.bus
        for name, handler, label in (
            ("race.play", self._do_play, tr("Play")),
            ("race.pause", self._do_pause, tr("Pause")),
            ("race.step", self._do_step, tr("Step")),
            ("race.step_back", self._do_step_back, tr("Step back")),
            ("race.reset", self._do_reset, tr("Restart")),
            ("race.seek", self._do_seek, tr("Go to a step")),
            ("race.speed", self._do_speed, tr("Speed")),
            ("race.granularity", self._do_granularity, tr("Granularity")),
            ("race.choose", self._do_choose, tr("Look at a racer")),
            ("race.show", self._do_show, tr("Show")),
        ):
            bus.register(name, handler, label=label)

    def _do_play(self) -> None:
        (self.lead or self).play()

    def _do_pause(self) -> None:
        (self.lead or self).pause()

    def _do_step(self, granularity: str = "") -> None:
        if self.lead is not None:
            self.lead.step_by(1)
        else:
            self._step(1, granularity)

    def _do_step_back(self, granularity: str = "") -> None:
        if self.lead is not None:
            self.lead.step_by(-1)
        else:
            self._step(-1, granularity)

    def _do_reset(self) -> None:
        if self.lead is not None:
            self.lead.seek(0)
            return
        self.pause()
        self.move_to(0)

    def _do_seek(self, step: int, term: int = 0) -> None:
        if self.lead is not None:
            self.lead.seek(step)
            return
        if not 0 <= step <= self.total:
            raise CommandError(
                tr(
                    "The race has steps 0 to {total}; {step} is none of them.",
                    total=self.total,
                    step=step,
                )
            )
        terms = self._count()
        if term and not 0 <= term < max(terms, 1):
            raise CommandError(
                tr("The update has {count} terms; there is no term {term}.", count=terms, term=term)
            )
        self.pause()
        self.move_to(step, term)

    def _do_speed(self, value: str) -> None:
        if value not in SPEEDS:
            raise CommandError(tr("There is no speed {value!r}. There are {known}.", value=value,
                                  known=", ".join(SPEEDS)))  # fmt: skip
        if value != self.speed:
            self.speed = value
            self.context.settings.set("race_speed", value)
            self.playing_changed.emit()

    def _do_granularity(self, value: str) -> None:
        if value not in GRANULARITIES:
            raise CommandError(tr("A race goes by step or by term, not by {value!r}.", value=value))
        self.granularity = value
        if value == "step" and self.term:
            self.move_to(self.step)
        self.playing_changed.emit()

    def _do_choose(self, id: str) -> None:
        if self.race.racer(id) is None:
            raise CommandError(tr("There is no racer {id!r} in this race.", id=id))
        self._racer = id
        self.move_to(self.step)
        self.chosen.emit()

    # -- switches

    def offer(self, name: str, value: Any, check: Callable[[Any], None] | None = None) -> None:
        """Offer a switch to ``race.show``: `check` raises a CommandError for values that it does not take."""
        self.toggles.setdefault(name, value)
        if check is not None:
            self._checks[name] = check

    def _do_show(self, name: str, value: bool | float | str | list[Any] | None) -> None:
        if name not in self.toggles:
            raise CommandError(
                tr("There is nothing called {name!r} to show in Optimizers.", name=name)
            )
        kept = self.toggles[name]
        # Those that check for themselves may take None, too; words are always words.
        fits = type(value) is type(kept) or (name in self._checks and not isinstance(kept, str))
        if fits and name in self._checks:
            self._checks[name](value)
        if not fits:
            raise CommandError(
                tr("{value!r} is nothing that {name} can be.", value=value, name=name)
            )
        if self.toggles[name] != value:
            self.toggles[name] = value
            self.chosen.emit()

    # -- the engine

    @Slot()
    def _on_opened(self) -> None:
        self.pause()
        self._racer = ""
        self.move_to(0)

    @Slot()
    def _on_race(self) -> None:
        listed, self._listed = self._listed, self.race.racers
        if listed != self._listed:
            self.racers_changed.emit()
        self.race_changed.emit()
        if self._active:
            self._ask()

    @Slot()
    def _retry(self) -> None:
        if self._waiting:
            self._ask()

    def _ask(self) -> None:
        """Let the engine run the document's race; what is asked meanwhile is asked afterwards."""
        race = self.race
        if self._known == race and not self._waiting:
            return
        if not self.context.attached:
            self._waiting = True
            return
        if self._asking:
            self._again = True
            return
        self._waiting = False
        self._known = race
        self._asking = self.context.engine.ask(
            "race", race=race, done=self._on_answer, failed=self._on_failure, asker=OWNER
        )

    def _on_answer(self, answer: RaceAnswer) -> None:
        self._asking, self.problem = 0, ""
        self.answer = answer
        if self.time > self.total:
            self.move_to(self.total)
        self.paths_changed.emit()
        self._go_on()

    def _on_failure(self, sentence: str) -> None:
        self._asking, self._known = 0, None
        if sentence == RACES_PREPARING:
            self._waiting = True
        self.problem = sentence
        self.paths_changed.emit()
        self._go_on()

    def _go_on(self) -> None:
        if self._again:
            self._again = False
            self._ask()
