"""The slice of the loss of the learner's network: along which directions, how fine, and what is known of it."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QObject, Signal, Slot

from app.bus import CommandError
from app.optimizers.network_basis import Basis, listed
from app.scenes.loss_slice import around
from app.scenes.network_settings import MOST_SAMPLES, MOST_SEED, SIDES, SLICE, SPANS, slice_settings
from app.text import number, tr

if TYPE_CHECKING:
    from app.engine.questions.landscape import LossSlice
    from app.optimizers.network_task import NetworkTask
    from app.optimizers.session import RaceSession
    from app.scenes.network_settings import NetworkSettings
    from core.landscape.race import Race

OWNER = "race-slice"
#: The smallest part of a slice that is measured by itself, and how far from the middle one can be: weights in float32
#: tell no more places apart, and farther away there is nothing to be seen.
FINEST_REGION, FARTHEST_REGION = 1e-5, 1e6

Directions = Literal["principal", "random"]
Source = Literal["race", "run"]
Part = Literal["train", "validation"]


class SliceTask(QObject):
    """See the module's text. Interface thread only; the engine measures.

    Attributes
    ----------
    directions, source, side, span, samples, part, seed
        What the next slice is; kept with the project. The source is the race on the network, or the learner's own run.
    found
        What is known, or None.
    whole
        What `found` is a part of, if a part of it was measured by itself; else None.
    share
        From 0 to 1 while it is measured, else None.
    problem
        Why there is none, or no more of it; a sentence.

    Signals
    -------
    changed()
        What the next slice is.
    told()
        There is more of it, or it has ended.
    """

    changed = Signal()
    told = Signal()

    @classmethod
    def of(cls, session: RaceSession, task: NetworkTask) -> SliceTask:
        """The one of a session."""
        found = session.findChild(cls)
        return found if found is not None else cls(session, task)

    def __init__(self, session: RaceSession, task: NetworkTask) -> None:
        super().__init__(session)
        self._session, self._task = session, task
        self._take_kept()
        self.found: LossSlice | None = None
        self.whole: LossSlice | None = None
        #: From where to where across and down is being measured, if that is a part.
        self._region: tuple[list[float], list[float]] | None = None
        self.share: float | None = None
        self.problem = ""
        #: What was seen at the usual span, by race and directions.
        self._usual: dict[tuple[int, str], tuple[tuple[float, float], tuple[float, float]]] = {}
        self._asked: tuple[float, int] = (1.0, 0)
        #: The network, the data and the settings it is of, and whether these are others by now.
        self._basis: Basis | None = None
        self.is_old = False
        #: What was set when the slice was asked for, and what its race was begun with; None before.
        self.asked: tuple[dict[str, Any], tuple[Race, NetworkSettings] | None] | None = None
        self._ticket = 0
        bus = session.context.bus
        for name, handler, label in (
            ("race.slice", self._do_slice, tr("Measure a slice of the loss")),
            ("race.slice_region", self._do_region, tr("Measure a part of the slice")),
            ("race.slice_whole", self._do_whole, tr("Show all of the slice")),
            ("race.slice_stop", self._do_stop, tr("Stop measuring the slice")),
            ("race.slice_set", self._do_set, tr("Set the slice of the loss")),
        ):
            bus.register(name, handler, label=label)
        session.context.engine.progressed.connect(self._on_progress)
        task.forgotten.connect(self._forget)
        document = session.context.document
        for signal in (document.network_changed, document.training_changed, document.data_changed):
            signal.connect(self._on_document)

    def _take_kept(self) -> None:
        """Set what the project has kept."""
        kept = slice_settings(self._session.context.view.get(SLICE))
        self.directions, self.source, self.part = kept.directions, kept.source, kept.part
        self.side, self.span, self.samples, self.seed = (
            kept.side,
            kept.span,
            kept.samples,
            kept.seed,
        )

    @property
    def goes_on(self) -> bool:
        """Whether it is being measured."""
        return self._ticket != 0

    @property
    def measures_region(self) -> bool:
        """Whether a part of it is being measured."""
        return self.goes_on and self._region is not None

    @property
    def race(self) -> int:
        """Number of the race whose ways are shown; 0 is the learner's own run."""
        found = self._task.found
        return found.number if self.source == "race" and found is not None else 0

    # -- commands

    def _do_slice(self) -> None:
        """Measure the slice that is set; one that is being measured ends."""
        context = self._session.context
        if obstacle := self._obstacle:
            raise CommandError(obstacle)
        context.engine.catch_up()
        self._end()
        self.problem, self.share = "", 0.0
        self._basis = Basis.of(context.document)
        race, usual = self.race, self._usual.get((self.race, self.directions))
        self._asked = (self.span, race)
        if self.span == 1.0 or self.directions == "random" or usual is not None:
            self._measure(race)
        else:
            # How much is usual is known of the ways only: a slice of four points tells.
            self._ticket = context.engine.ask(
                "loss_slice", directions=self.directions, race=race, side=2, samples=1, part=self.part,
                heights=False, asker=OWNER, failed=self._on_failure,
                done=lambda found: self._on_usual(race, found),
            )  # fmt: skip
        self.told.emit()

    @property
    def _obstacle(self) -> str:
        """Why there is nothing to be measured; a sentence."""
        task = self._task
        if task.hindrance or self.source == "run":
            return task.hindrance
        if task.found is None or not task.reach:
            return tr("There is no race on your network yet. Start it first, or look at your own run.")  # fmt: skip
        return "" if task.is_of_present else f"{task.outdated} {tr('Race again, then measure.')}"

    def _do_region(self, x: list[float], y: list[float]) -> None:
        """Measure a part of the slice that is shown, from first to last x and y, with as many points as all of it."""
        for ends in (x, y):
            if len(ends) != 2 or not (all(map(isfinite, ends)) and ends[0] < ends[1]):
                raise CommandError(
                    tr("A part of a slice goes from a smaller number to a larger one, such as [-0.5, 0.5]; it is "
                       "{given}.", given=ends)
                )  # fmt: skip
            if ends[1] - ends[0] < FINEST_REGION or max(map(abs, ends)) > FARTHEST_REGION:
                raise CommandError(
                    tr("A part of a slice is at least {least} wide and high, and no farther away than {most}.",
                       least=f"{FINEST_REGION:g}", most=number(round(FARTHEST_REGION)))
                )  # fmt: skip
        if self.found is None or not self.found.found.every:
            raise CommandError(tr("There is no slice yet. Measure it, then a part of it."))
        if self.is_old or self.found.race != self.race:
            raise CommandError(
                tr("This slice is of what was before. Measure all of it again, then a part of it.")
            )
        if obstacle := self._obstacle:
            raise CommandError(obstacle)
        self._session.context.engine.catch_up()
        self._end()
        self.problem, self.share = "", 0.0
        self._region = (list(x), list(y))
        self._measure(self.race)
        self.told.emit()

    def _do_whole(self) -> None:
        """Show all of the slice again of which a part is shown."""
        if self._region is not None:
            self._end()
        if self.whole is not None:
            self.found, self.whole = self.whole, None
        self.told.emit()

    def _on_usual(self, race: int, found: LossSlice) -> None:
        self._remember(race, found)
        self._measure(race)

    def _measure(self, race: int) -> None:
        x_range, y_range = self._region or self._ranges(race)
        task = self._task
        of_race = task.asked if task.found is not None and race == task.found.number else None
        self._asked = (self.span if self._region is None else 0.0, race)
        self.asked, self.is_old = (self.values(), of_race), False
        self._ticket = self._session.context.engine.ask(
            "loss_slice", directions=self.directions, race=race, side=self.side, samples=self.samples,
            part=self.part, seed=self.seed, x_range=x_range, y_range=y_range, asker=OWNER,
            heights=self._region is None, done=self._on_done, failed=self._on_failure, partly=self._on_part,
        )  # fmt: skip

    def _ranges(self, race: int) -> tuple[list[float] | None, list[float] | None]:
        """From where to where, if that is not left to the engine."""
        if self.span == 1.0:
            return None, None
        usual = ((-1.0, 1.0), (-1.0, 1.0))
        if self.directions != "random":
            usual = self._usual[(race, self.directions)]
        return around(usual[0], self.span), around(usual[1], self.span)

    def _do_stop(self) -> None:
        """End it; what is known stays."""
        if self._ticket:
            self._end()
            self.told.emit()

    def _do_set(
        self, directions: Directions | None = None, source: Source | None = None, side: int | None = None,
        span: float | None = None, samples: int | None = None, part: Part | None = None,
        seed: int | None = None,
    ) -> None:  # fmt: skip
        """Set what the next slice is; what is not given stays. A slice that is shown is measured anew."""
        if side is not None and side not in SIDES:
            raise CommandError(
                tr("A slice has {known} points along a side, not {side}.", known=", ".join(map(str, SIDES)),
                   side=side)
            )  # fmt: skip
        if span is not None and span not in SPANS:
            known = ", ".join(f"{one:g}" for one in SPANS)
            raise CommandError(
                tr("So much is seen of a slice: {known} times the usual, not {span}.", known=known, span=span)
            )  # fmt: skip
        if samples is not None and not 1 <= samples <= MOST_SAMPLES:
            raise CommandError(
                tr("A slice is measured on 1 to {most} samples, not {count}.", most=number(MOST_SAMPLES),
                   count=samples)
            )  # fmt: skip
        if seed is not None and not 0 <= seed < MOST_SEED:
            raise CommandError(tr("A seed is a whole number from 0 on, not {seed}.", seed=seed))
        given = {"directions": directions, "source": source, "side": side, "span": span,
                 "samples": samples, "part": part, "seed": seed}  # fmt: skip
        news = {name: one for name, one in given.items() if one is not None and one != getattr(self, name)}  # fmt: skip
        for name, one in news.items():
            setattr(self, name, one)
        if {"directions", "source"} & news.keys() and "span" not in news:
            self.span = 1.0
        self._session.context.view[SLICE] = self.values()
        self.changed.emit()
        if not news or not (self.found is not None or self.goes_on):
            return
        if self._obstacle:
            return
        if (
            news.keys() == {"side"}
            and not self.is_old
            and self.whole is not None
            and self.found is not None
        ):
            x, y = self.found.found.x, self.found.found.y
            self._do_region([float(x[0]), float(x[-1])], [float(y[0]), float(y[-1])])
        else:
            self._do_slice()

    # -- the engine

    def _end(self) -> None:
        if self._ticket:
            self._session.context.engine.cancel(self._ticket)
        self._ticket, self.share, self._region = 0, None, None

    @Slot()
    def _on_document(self) -> None:
        """Say what is another by now than when this was measured."""
        if self._basis is None:
            return
        now = Basis.of(self._session.context.document)
        if self.goes_on and self._basis.ended_by(now):
            self._end()
        what, was = self._basis.changed(now), self.is_old
        self.is_old = bool(what) and self.found is not None
        if self.is_old:
            words = tr("This was measured before you changed {what}: it is as it was then.",
                       what=listed(what))  # fmt: skip
            again = (
                tr("Measure it again.")
                if self.source == "run"
                else tr("Race again, then measure it again.")
            )
            self.problem = f"{words} {again}"
        elif was:
            self.problem = ""
        self.told.emit()

    @Slot()
    def _forget(self) -> None:
        self._end()
        self.found, self.problem, self.asked, self.is_old = None, "", None, False
        self.whole, self._basis = None, None
        self._usual.clear()
        self._take_kept()
        self.changed.emit()
        self.told.emit()

    @Slot(int, float)
    def _on_progress(self, ticket: int, share: float) -> None:
        if ticket == self._ticket:
            self.share = share
            self.told.emit()

    def _on_part(self, found: LossSlice) -> None:
        if self._region is not None:
            self._on_region(found)
            return
        self.found, self.whole = found, None
        span, race = self._asked
        if span == 1.0:
            self._remember(race, found)
        self.told.emit()

    def _on_region(self, found: LossSlice) -> None:
        """Show a part of the slice, as soon as it is as fine there as what is shown."""
        shown, whole = self.found, self.whole or self.found
        if shown is None or whole is None:
            return
        if not _same_plane(whole, found):
            self._end()
            self.problem = tr(
                "What is sliced has gone on since: its directions are others now. Measure all of it again, then a part."
            )
        elif _spacing(found) <= _spacing(shown) or (
            found.found.every and not _within(found, shown)
        ):
            # The ways are the same, and so are the losses along them.
            self.found, self.whole = replace(found, paths=whole.paths), whole
        self.told.emit()

    def _remember(self, race: int, found: LossSlice) -> None:
        """Remember how much is usual."""
        x, y = found.found.x, found.found.y
        self._usual[(race, found.directions)] = (
            (float(x[0]), float(x[-1])), (float(y[0]), float(y[-1])),
        )  # fmt: skip

    def _on_done(self, found: LossSlice) -> None:
        self._ticket, self.share = 0, None
        self._on_part(found)
        self._region = None
        self._session.context.bus.emit("race.slice_finished", side=len(found.found.x))

    def _on_failure(self, sentence: str) -> None:
        # Whoever has begun another race knows that the one before is gone.
        self.problem = sentence if self._asked[1] == self.race else ""
        self._ticket, self.share, self._region = 0, None, None
        self.told.emit()

    def values(self) -> dict[str, Any]:
        """What is set, by the names of the command."""
        return {name: getattr(self, name) for name in
                ("directions", "source", "side", "span", "samples", "part", "seed")}  # fmt: skip


def _spacing(found: LossSlice) -> float:
    """How far points are apart that are known; infinite before any are."""
    x, every = found.found.x, found.found.every
    return float(x[1] - x[0]) * every if every else float("inf")


def _within(part: LossSlice, whole: LossSlice) -> bool:
    """Whether a slice lies in another one."""
    return all(
        big[0] <= small[0] and small[-1] <= big[-1]
        for small, big in ((part.found.x, whole.found.x), (part.found.y, whole.found.y))
    )


def _same_plane(one: LossSlice, other: LossSlice) -> bool:
    """Whether two slices of the same race, or of the run, are of the same weights: none went on in between."""
    if (one.race, one.directions, one.centre) != (other.race, other.directions, other.centre):
        return False
    if not one.race and one.position != other.position:
        return False
    return [path.steps.tolist() for path in one.paths] == [
        path.steps.tolist() for path in other.paths
    ]
