"""The run behind a model: what it remembers, and what it has measured, under Keras's names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ChainruleError
from core.model.reading import Reading
from core.spec.training import check_whole
from core.tape.totals import epoch_values

if TYPE_CHECKING:
    from core.runs import Run


#: Bytes that the checkpoints of a model's run may take: a script that only trains should not need more memory than
#: elsewhere. Where the past is what is looked at, in the window, they may take eight times as much.
CHECKPOINTS = 64 * 1024**2


@dataclass(frozen=True)
class Memory:
    """What the optimizer remembers, and where training stands.

    Attributes
    ----------
    slots
        By tensor name ("dense/kernel/m"), with the states of stateful layers ("lstm/state/h").
    step, epoch, iteration
        Updates done, passes over the data, updates the optimizer counts.
    """

    slots: dict[str, np.ndarray]
    step: int
    epoch: int
    iteration: int


class Running(Reading):
    """A model with a run."""

    @property
    def run(self) -> Run:
        """The run behind `fit`: rewind it, look at any step, branch from it, compare it with another.

        The model has the weights of the run wherever that stands: after ``model.run.seek(100)`` it predicts as it did
        after 100 steps. ``model.run.branch(100, {"learning_rate": 0.1})`` is a run of its own (`train`, `evaluate` and
        `predict` it), and leaves the model alone.

        Raises
        ------
        core.errors.ChainruleError
            Nothing was trained yet.
        """
        if self._run is None:
            message = (
                "The model has no run yet: train it first, with fit(x, y) or train_on_batch(x, y)."
            )
            raise ChainruleError(message)
        self._pull()
        found: Run = self._run
        return found

    def memory(self) -> Memory | None:
        """What the optimizer remembers; None before the first step."""
        if self._run is None:
            return self._memory
        from core.kernels import state as machine

        program, position = self._run.program, self._run.position
        slots = {
            name: program.tensor(name).copy()
            for name, t in program.tape.tensors.items()
            if t.role == "slot"
        }
        iteration = int(program.state[machine.ITERATION])
        slots |= {name: values.copy() for name, values in program.states().items()}
        return Memory(slots, position.step, position.epoch, iteration)

    def recall(self, memory: Memory) -> None:
        """Go on from here at the next `fit`; slots of another network are left out."""
        self._memory = memory

    def _logged(self, metrics: dict[str, float]) -> dict[str, float]:
        """Metrics by name in Keras's order: loss, that of each output ("size_loss"), what `compile` was given."""
        found = dict(metrics)
        named: dict[str, float] = {}
        many = len(self.network.outputs) > 1
        outputs = list(zip(self._run.program.tape.outputs, self._output_names(), strict=True))
        if many and len({name for _, name in outputs}) < len(outputs):
            outputs = [(node, node) for node, _ in outputs]
        for held in ("", "val_"):
            keys = [("loss", "loss")]
            if many:
                keys += [(f"{name}_loss", f"loss/{node}") for node, name in outputs]
            for (node, name), own in zip(outputs, self._metric_list, strict=True):
                if many:
                    keys += [(f"{name}_{one.name}", f"{one.name}/{node}") for one in own]
                else:
                    keys += [(one.name, one.name) for one in own]
            named |= {
                held + key: found[held + label] for key, label in keys if held + label in found
            }
        return named

    def better_of(self, name: str) -> str:
        """Whether "min" or "max" of what is logged under a name is better; "" if neither, or if it is not known."""
        many = len(self.network.outputs) > 1
        if name == "loss" or (many and name.endswith("_loss")):
            return "min"
        for output, own in zip(self._output_names(), self._metric_list, strict=True):
            for one in own:
                if name == (f"{output}_{one.name}" if many else one.name):
                    return one.metric.better
        return ""

    def _tell_metrics(self, results: dict[str, Any]) -> None:
        """Let the metrics that `compile` was given know what was measured."""
        many = len(self.network.outputs) > 1
        for node, own in zip(self._run.program.tape.outputs, self._metric_list, strict=True):
            for one in own:
                name = f"{one.name}/{node}" if many else one.name
                if name in results:
                    one.metric.tell(results[name])

    def _so_far(self, run: Any) -> dict[str, float]:
        """Means over the batches of this epoch that are done."""
        return self._logged(epoch_values(run.program))

    def _ready(self, samples: Any, batch_size: int, truncated_bptt_steps: int | None = None) -> Any:
        """The run that trains on these samples, with the weights and the optimizer's memory there are."""
        from core.runs.run import Run

        self._claim()
        self._speak_of_freezing()
        batch_size = check_whole("batch_size", batch_size, 1)
        old = self._run
        if (
            old is not None
            and old.program.capacity >= batch_size
            and old.training.batch_size == batch_size
            and old.training.truncated_bptt_steps == truncated_bptt_steps
            and (old.weighted or samples.weights is None)
        ):
            old.use(samples)
            return old
        training = self._training(batch_size, truncated_bptt_steps)
        run = Run(self._trained(), training, samples=samples, loss=self._loss, budget=CHECKPOINTS)
        run.keeps_starts = False
        if old is not None:
            run.adopt(old)
        else:
            if self._memory is not None:
                _recall(run, self._memory)
            run.start_from(self._weights())
        self._run = run
        return run


def stand_where(run: Any, memory: Memory) -> None:
    """Put a run where another one stood; it begins there anew."""
    _recall(run, memory)
    run.start_from(dict(run.program.weights()))


def _recall(run: Any, memory: Memory) -> None:
    """Put a new run where another one stood."""
    from core.kernels import state as machine

    for name, values in memory.slots.items():
        t = run.program.tape.tensors.get(name)
        if t is not None and t.role == "slot" and t.shape == values.shape:
            run.program.tensor(name)[...] = values
    for name, state in run.program.states().items():
        if name in memory.slots and memory.slots[name].shape == state.shape:
            state[...] = memory.slots[name]
    state = run.program.state
    state[machine.STEP] = state[machine.ORIGIN_STEP] = memory.step
    state[machine.ORIGIN_EPOCH], state[machine.ITERATION] = memory.epoch, memory.iteration
