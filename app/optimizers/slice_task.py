"""The slice of the loss of the learner's network: along which directions, how fine, and what is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QObject, Signal, Slot

from app.bus import CommandError
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
        self.share: float | None = None
        self.problem = ""
        #: What was seen at the usual span, by race and directions.
        self._usual: dict[tuple[int, str], tuple[tuple[float, float], tuple[float, float]]] = {}
        self._asked: tuple[float, int] = (1.0, 0)
        #: Whether the network was changed since.
        self.is_old = False
        #: What was set when the slice was asked for, and what its race was begun with; None before.
        self.asked: tuple[dict[str, Any], tuple[Race, NetworkSettings] | None] | None = None
        self._ticket = 0
        bus = session.context.bus
        for name, handler, label in (
            ("race.slice", self._do_slice, tr("Measure a slice of the loss")),
            ("race.slice_stop", self._do_stop, tr("Stop measuring the slice")),
            ("race.slice_set", self._do_set, tr("Set the slice of the loss")),
        ):
            bus.register(name, handler, label=label)
        session.context.engine.progressed.connect(self._on_progress)
        task.forgotten.connect(self._forget)
        document = session.context.document
        for signal in (document.network_changed, document.data_changed):
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
    def race(self) -> int:
        """Number of the race whose ways are shown; 0 is the learner's own run."""
        found = self._task.found
        return found.number if self.source == "race" and found is not None else 0

    # -- commands

    def _do_slice(self) -> None:
        """Measure the slice that is set; one that is being measured ends."""
        context = self._session.context
        if not context.attached:
            raise CommandError(tr("The engine is being prepared. Try again in a moment."))
        if self.source == "race" and (self._task.found is None or not self._task.reach):
            raise CommandError(
                tr("There is no race on your network yet. Start it first, or look at your own run.")
            )
        self._end()
        self.problem, self.share = "", 0.0
        race, usual = self.race, self._usual.get((self.race, self.directions))
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

    def _on_usual(self, race: int, found: LossSlice) -> None:
        self._remember(race, found)
        self._measure(race)

    def _measure(self, race: int) -> None:
        x_range, y_range = self._ranges(race)
        task = self._task
        of_race = task.asked if task.found is not None and race == task.found.number else None
        self._asked = (self.span, race)
        self.asked, self.is_old = (self.values(), of_race), False
        self._ticket = self._session.context.engine.ask(
            "loss_slice", directions=self.directions, race=race, side=self.side, samples=self.samples,
            part=self.part, seed=self.seed, x_range=x_range, y_range=y_range, asker=OWNER,
            done=self._on_done, failed=self._on_failure, partly=self._on_part,
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
        if news and (self.found is not None or self.goes_on):
            self._do_slice()

    # -- the engine

    def _end(self) -> None:
        if self._ticket:
            self._session.context.engine.cancel(self._ticket)
        self._ticket, self.share = 0, None

    @Slot()
    def _on_document(self) -> None:
        """Say that what was measured is another network by now."""
        if self.goes_on or self.found is not None:
            self._end()
            self.is_old = True
            self.problem = tr(
                "The network or its data was changed since this was measured. Measure it again."
            )
            self.told.emit()

    @Slot()
    def _forget(self) -> None:
        self._end()
        self.found, self.problem, self.asked, self.is_old = None, "", None, False
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
        self.found = found
        span, race = self._asked
        if span == 1.0:
            self._remember(race, found)
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
        self._session.context.bus.emit("race.slice_finished", side=len(found.found.x))

    def _on_failure(self, sentence: str) -> None:
        self._ticket, self.share, self.problem = 0, None, sentence
        self.told.emit()

    def values(self) -> dict[str, Any]:
        """What is set, by the names of the command."""
        return {name: getattr(self, name) for name in
                ("directions", "source", "side", "span", "samples", "part", "seed")}  # fmt: skip
