"""A run, everything that is derived from it, and where it stands. Worker thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from app.engine.epochs import EpochMeter
from app.engine.evaluating import Evaluator
from app.engine.health import HealthMeter
from app.engine.histories import HistoryMaker
from app.engine.lenses import Lens
from app.engine.looking import SampleLooker, plane_of
from app.engine.program_view import program_view
from app.engine.state import SavedState, Work
from app.engine.tree import Tree, data_of, resumed, run_of
from app.snapshots import EvaluationView, PredictionPage
from core import data as data_sets
from core.runs import Position, Run, Supervisor

if TYPE_CHECKING:
    from core.runs import Divergence, Stopped
    from core.runs.supervising import Happening

#: Of `core.runs.Stopped`, told as it is.
_STOPPED = ("breakpoint", "step", "pc", "instruction", "tensor", "value", "before")


class Standing:
    """A run and everything that is derived from it.

    Parameters
    ----------
    work
        What to run.

    Raises
    ------
    core.errors.ChainruleError
        When it cannot run; nothing is left behind.
    """

    def __init__(self, work: Work) -> None:
        self.work = work
        #: Whether a long answer should make room for a command.
        self.hurry: Callable[[], bool] = lambda: False
        self._sample = SampleLooker()
        # No page of predictions until a view shows one: each would run the network on its samples.
        self._page_wanted = (0, 0, False)
        self.tree = Tree()
        #: Id and name of the run that the last change began anew.
        self._tried = ("", "")
        self._news: list[tuple[str, dict[str, Any]]] = []
        self._open_run(run_of(work))
        if work.saved is not None:
            self._resume(work.saved)

    def _open_run(self, run: Run) -> None:
        self.run = run
        self.info = data_sets.info(data_of(run).id)
        # Kept apart: while a run seeks it works with a flag of its own, which must not be raised.
        self._control = run.program.control
        self._program_view = program_view(run)
        self._history = HistoryMaker()
        self._health = HealthMeter()
        self._evaluator: Evaluator | None = None
        self.meter = EpochMeter()
        self.evaluation_view: EvaluationView | None = None
        self._predict: Lens | None = None
        self._plane: Lens | None = None
        self._page: PredictionPage | None = None
        self._page_key: tuple[Any, ...] = ()
        self._plane_values: dict[str, np.ndarray] = {}
        self._plane_view = plane_of(run, self.info)
        self._sample.open(run, self.info)
        self._changes = 0
        self._limit = self._steps_until(self.work.training.epochs)
        self._supervise()

    def _resume(self, saved: SavedState) -> None:
        self._open_run(resumed(self.run, saved.weights, saved.optimizer, saved.run))
        self.tree.restore(saved.others, self.work)
        self._changes += 1

    def _supervise(self) -> None:
        self._supervisor = Supervisor(self.run, self.work.training.callbacks)
        #: What was measured for callbacks so far, and of what.
        self._measuring: tuple[tuple[int, int, int], Iterator[dict[str, float]]] | None = None
        self._measured: dict[str, float] | None = None
        self._happenings: list[Happening] = []

    def close(self) -> None:
        """Stop what is running."""
        self.interrupt()

    def interrupt(self) -> None:
        """End a slice of training early. Any thread."""
        self._control[0] = 1

    # Where it stands

    @property
    def shown(self) -> Run:
        """What is looked at: the run, or a what-if copy of its step (`core.runs.scratch.Scratch`).

        A copy has what looking needs by the same names: ``program``, ``pc``, ``position``, ``step_start``, ``base``.
        """
        return self.run

    @property
    def position(self) -> Position:
        """Step, epoch, batch and program counter of what is looked at."""
        return self.shown.position

    @property
    def epoch(self) -> int:
        """Completed epochs."""
        return int(self.run.position.epoch)

    @property
    def total_steps(self) -> int:
        """Steps the run is set to take."""
        return int(self.work.training.epochs * self.run.batches)

    @property
    def epochs_planned(self) -> int:
        """After how many epochs the run will have taken them."""
        position = self.run.position
        left = self._limit - (position.step - position.batch)
        return int(position.epoch - (-left // self.run.batches))

    def _steps_until(self, epochs: int) -> int:
        """Return the step at which that many epochs are complete, but none that was passed already."""
        position = self.run.position
        missing = (epochs - position.epoch) * self.run.batches
        return int(max(position.step, position.step - position.batch + missing))

    @property
    def begun(self) -> bool:
        """Whether anything was done."""
        position = self.position
        return bool(position.step or position.pc)

    @property
    def finished(self) -> bool:
        """Whether all steps were taken, or a callback stopped training here."""
        return self.run.step_count >= self._limit or self.stopped

    @property
    def stopped(self) -> bool:
        """Whether a callback stopped training where the run stands."""
        return self._supervisor.stop_step() == self.run.step_count

    def take_happenings(self) -> list[Happening]:
        """Return what callbacks have done since this was asked last."""
        found, self._happenings = self._happenings, []
        return found

    @property
    def diverged(self) -> str:
        """Sentence of the divergence, or empty."""
        return self.run.divergence.sentence if self.run.divergence is not None else ""

    def divergence_values(self) -> dict[str, Any]:
        """What the event says."""
        found: Divergence | None = self.run.divergence
        assert found is not None
        return {"step": found.step, "instruction": found.instruction, "sentence": found.sentence}

    def step_values(self) -> dict[str, Any]:
        """What the event of a step says: where it stands and the instruction done last."""
        position = self.position
        values: dict[str, Any] = {
            "step": position.step,
            "pc": position.pc,
            "epoch": position.epoch,
            "batch": position.batch,
        }
        if self.begun:
            done = self.run.program.instructions[position.pc - 1]
            values |= {
                "instruction": done.index,
                "phase": done.phase,
                "op": done.op,
                "layer": done.layer,
            }
        return values

    def stopped_values(self, found: Stopped) -> dict[str, Any]:
        """What the event says of a breakpoint that has stopped the run: which, where, and the number that did it."""
        values: dict[str, Any] = {name: getattr(found, name) for name in _STOPPED}
        values["cell"] = list(found.cell)
        values["title"] = self.run.program.instructions[found.instruction].title
        known = self.run.program.tape.tensors.get(found.tensor)
        values["symbol"] = known.symbol if known is not None else ""
        return values

    def epoch_values(self) -> dict[str, Any]:
        """What the event of an epoch's end says: its number and the metrics known by then."""
        values: dict[str, Any] = {"epoch": self.epoch, "step": self.run.step_count}
        if self.run.history.epochs:
            values |= self.run.history.epochs[-1].metrics
        return values
