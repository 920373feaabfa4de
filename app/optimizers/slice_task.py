"""The slice of the loss of the learner's network: along which directions, how fine, and what is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QObject, Signal, Slot

from app.bus import CommandError
from app.text import tr

if TYPE_CHECKING:
    from app.engine.questions.landscape import LossSlice
    from app.optimizers.network_task import NetworkTask
    from app.optimizers.session import RaceSession

OWNER = "race-slice"
#: Points along a side; each has the coarser ones in it.
SIDES = (21, 41, 81, 161)
#: How much is seen, as a share of what is usual.
SPANS = (0.25, 0.5, 1.0, 2.0, 4.0)

Directions = Literal["principal", "random"]
Source = Literal["race", "run"]
Part = Literal["train", "validation"]


class SliceTask(QObject):
    """See the module's text. Interface thread only; the engine measures.

    Attributes
    ----------
    directions, source, side, span, samples, part, seed
        What the next slice is. The source is the race on the network, or the learner's own run.
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
        self.directions, self.source, self.part = "principal", "race", "train"
        self.side, self.span, self.samples, self.seed = 41, 1.0, 256, 0
        self.found: LossSlice | None = None
        self.share: float | None = None
        self.problem = ""
        #: What was seen at the usual span, by race and directions.
        self._usual: dict[tuple[int, str], tuple[tuple[float, float], tuple[float, float]]] = {}
        self._asked: tuple[float, int] = (1.0, 0)
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
        race = self.race
        x_range, y_range = self._ranges(race)
        self.problem, self.share = "", 0.0
        self._asked = (self.span if x_range is not None else 1.0, race)
        self._ticket = context.engine.ask(
            "loss_slice", directions=self.directions, race=race, side=self.side, samples=self.samples,
            part=self.part, seed=self.seed, x_range=x_range, y_range=y_range, asker=OWNER,
            done=self._on_done, failed=self._on_failure, partly=self._on_part,
        )  # fmt: skip
        self.told.emit()

    def _ranges(self, race: int) -> tuple[list[float] | None, list[float] | None]:
        """From where to where, if that is not left to the engine."""
        if self.span == 1.0:
            return None, None
        if self.directions == "random":
            return [-self.span, self.span], [-self.span, self.span]
        usual = self._usual.get((race, self.directions))
        if usual is None:
            return None, None
        found = []
        for low, high in usual:
            middle, half = (low + high) / 2, (high - low) / 2 * self.span
            found.append([middle - half, middle + half])
        return found[0], found[1]

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
        if samples is not None and not 1 <= samples <= 10_000:
            raise CommandError(
                tr("A slice is measured on 1 to 10,000 samples, not {count}.", count=samples)
            )
        if seed is not None and not 0 <= seed < 2**31:
            raise CommandError(tr("A seed is a whole number from 0 on, not {seed}.", seed=seed))
        given = {"directions": directions, "source": source, "side": side, "span": span,
                 "samples": samples, "part": part, "seed": seed}  # fmt: skip
        news = {name: one for name, one in given.items() if one is not None and one != getattr(self, name)}  # fmt: skip
        for name, one in news.items():
            setattr(self, name, one)
        if {"directions", "source"} & news.keys() and "span" not in news:
            self.span = 1.0
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
            self.problem = tr(
                "The network or its data was changed since this was measured. Measure it again."
            )
            self.told.emit()

    @Slot()
    def _forget(self) -> None:
        self._end()
        self.found, self.problem = None, ""
        self.source, self.span = "race", 1.0
        self._usual.clear()
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
            x, y = found.found.x, found.found.y
            self._usual[(race, found.directions)] = (
                (float(x[0]), float(x[-1])), (float(y[0]), float(y[-1])),
            )  # fmt: skip
        self.told.emit()

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
