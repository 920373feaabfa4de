"""What changes a run besides its steps: journal entries, and what makes it begin anew."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from core.errors import ChainruleError
from core.kernels import state as S
from core.runs.journal import Entry
from core.runs.samples import Samples, require_whole_batches, unweighted, with_class_weights
from core.runs.standing import Standing

#: The largest number of float32.
_LARGEST = float(np.finfo(np.float32).max)


class Changing(Standing):
    """Changes of the learning rate, of weights and states, of the samples."""

    def set(self, name: str, value: float) -> None:
        """Change a named scalar (the learning rate) from the next step boundary on; it is journalled."""
        if name not in self.program.tape.scalars:
            raise ChainruleError(f"There is nothing called {name!r} to change while training.")
        if not np.isfinite(value) or value < 0:
            raise ChainruleError(
                f"{name.replace('_', ' ').capitalize()} must be a number that is not negative; it is {value}."
            )
        self._change(Entry(self._boundary(), "scalar", name, float(value)))

    def set_weight(self, tensor: str, cell: tuple[int, ...], value: Any) -> None:
        """Put a number into one cell of a weight from the next step boundary on; it is journalled."""
        if tensor not in {slot.tensor.name for slot in self.program.tape.weights}:
            raise ChainruleError(f"{tensor} is not a weight.")
        number = isinstance(value, numbers.Real) and not isinstance(value, bool)
        if not number or not abs(float(value)) <= _LARGEST:
            raise ChainruleError(
                f"A weight must be a number that float32 can hold; it is {value!r}."
            )
        shape, place = self.program.tensor(tensor).shape, tuple(int(k) for k in cell)
        inside = len(place) == len(shape) and all(
            0 <= k < n for k, n in zip(place, shape, strict=True)
        )
        if not inside:
            raise ChainruleError(f"{tensor} has the shape {shape}; there is no cell {place} in it.")
        self._change(Entry(self._boundary(), "weight", tensor, float(value), place))

    def reset_states(self, layer: str | None = None) -> None:
        """Let the states of stateful layers (or of one) begin at 0 from the next step boundary on; it is journalled."""
        self._change(Entry(self._boundary(), "states", layer or "", 0.0))

    def replace_states(self, values: dict[str, np.ndarray]) -> None:
        """Put other states in. The run begins here anew: what was before cannot be reached any more."""
        self.program.set_states(values)
        self._begin_here()

    def replace_weights(self, values: dict[str, np.ndarray]) -> None:
        """Put other weights in. The run begins here anew: what was before cannot be reached any more."""
        self.program.set_weights(values)
        self._begin_here()

    def use(self, samples: Samples) -> None:
        """Train on these samples from now on. The run begins here anew, with the weights it has."""
        require_whole_batches(self.program, len(samples))
        position = self.position
        samples = with_class_weights(samples, self.training, self._outputs)
        if samples.weights is None and self.weighted:
            samples = unweighted(samples, self._outputs)
        self.samples = samples
        self.program.attach(samples.inputs, samples.targets, weights=samples.weights)
        self.program.state[S.ORIGIN_STEP] = position.step
        self.program.state[S.ORIGIN_EPOCH] = position.epoch
        self._begin_here()

    def shuffle(self, on: bool) -> None:
        """Draw a new order of the samples each epoch, or keep theirs."""
        if bool(self.program.state[S.SHUFFLE]) != on:
            self.program.state[S.SHUFFLE] = int(on)
            self._begin_here()

    def _boundary(self) -> int:
        return self.step_count + (1 if self.pc else 0)

    def _change(self, entry: Entry) -> None:
        self.journal.add(entry)
        self.history.truncate(entry.step)
        self.checkpoints.forget_after(entry.step)
        if self.pc == 0:
            self._apply(entry)
            self.undo.clear()

    def _apply_journal(self) -> None:
        for entry in self.journal.at(self.step_count):
            self._apply(entry)

    def _apply(self, entry: Entry) -> None:
        if entry.kind == "scalar":
            self.program.set_scalar(entry.name, entry.value)
        elif entry.kind == "states":
            self.program.clear_states(entry.name or None)
        else:
            self.program.tensor(entry.name)[entry.cell] = entry.value
