"""What changes a run besides its steps: journal entries, and what makes it begin anew."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from core import checked
from core.errors import ChainruleError
from core.kernels import state as S
from core.runs.journal import BUDGET, Arrays, Entry
from core.runs.samples import Samples, require_whole_batches, unweighted, with_class_weights
from core.runs.standing import Standing

#: The largest number of float32.
_LARGEST = float(np.finfo(np.float32).max)


class Changing(Standing):
    """Changes of the learning rate, of weights and states, of the samples."""

    def set(self, name: str, value: float) -> None:
        """Change a named scalar (the learning rate) from the next step boundary on; it is journalled."""
        if not isinstance(name, str) or name not in self.program.tape.scalars:
            raise ChainruleError(f"There is nothing called {name!r} to change while training.")
        number = checked.finite(value)
        if number is None or not 0 <= number <= _LARGEST:
            raise ChainruleError(
                f"{name.replace('_', ' ').capitalize()} must be a number that is not negative; it is {value!r}."
            )
        self._change(Entry(self._boundary(), "scalar", name, number))

    def set_weight(self, tensor: str, cell: tuple[int, ...], value: Any) -> None:
        """Put a number into one cell of a weight from the next step boundary on; it is journalled."""
        names = [slot.tensor.name for slot in self.program.tape.weights]
        if not isinstance(tensor, str) or tensor not in names:
            raise ChainruleError(f"{tensor} is not a weight.")
        number = checked.finite(value)
        if number is None or abs(number) > _LARGEST:
            raise ChainruleError(
                f"A weight must be a number that float32 can hold; it is {value!r}."
            )
        shape = self.program.tensor(tensor).shape
        place = _place(cell)
        if place is None:
            raise ChainruleError(
                f"A cell is given by its place in {tensor}, which has the shape {shape}: a tuple of "
                f"{len(shape)} whole number{'s' if len(shape) != 1 else ''}, counted from 0. It is {cell!r}."
            )
        inside = len(place) == len(shape) and all(
            0 <= k < n for k, n in zip(place, shape, strict=True)
        )
        if not inside:
            raise ChainruleError(f"{tensor} has the shape {shape}; there is no cell {place} in it.")
        self._change(Entry(self._boundary(), "weight", tensor, number, place))

    def reset_states(self, layer: str | None = None) -> None:
        """Let the states of stateful layers (or of one) begin at 0 from the next step boundary on; it is journalled."""
        self._change(Entry(self._boundary(), "states", layer or ""))

    def replace_states(self, values: dict[str, np.ndarray]) -> None:
        """Put other states in; it is journalled."""
        names = self.program.states()
        self._change(Entry(self.step_count, "set-states"), {n: values[n] for n in names})

    def replace_weights(self, values: dict[str, np.ndarray], epoch: int = 0) -> None:
        """Put other weights in (all of them, or those named); it is journalled, and a step that was begun is undone.

        `epoch` is noted with them: that of the weights, if they are those of an earlier one.

        Raises
        ------
        core.errors.ChainruleError
            A name or a shape is not that of a weight.
        """
        self.program.set_weights(values)
        self.divergence = None
        self._change(Entry(self.step_count, "weights", value=float(epoch)), values)

    def start_from(self, values: dict[str, np.ndarray]) -> None:
        """Begin here with these weights: what was before cannot be reached any more."""
        self.program.set_weights(values)
        self._begin_here("it was given other weights")

    def use(self, samples: Samples) -> None:
        """Train on these samples from now on, beginning an epoch.

        What was done after the present step (before it was rewound) is forgotten. With other samples than before the
        run begins here anew: the earlier ones may be gone, so earlier steps cannot be done again.
        """
        require_whole_batches(self.program, len(samples))
        position, plain = self.position, samples
        samples = with_class_weights(samples, self.training, self._outputs)
        if samples.weights is None and self.weighted:
            samples = unweighted(samples, self._outputs)
        found = samples.fingerprint()
        if self.divergence is None and found == self.data:
            self._forget_future()
            if position.batch:
                self._change(Entry(position.step, "epoch", value=position.epoch))
            return
        why = "it was given other samples" if found != self.data else "its numbers had broken"
        self.plain, self.samples, self.data = plain, samples, found
        self.program.attach(samples.inputs, samples.targets, weights=samples.weights)
        self.program.state[S.ORIGIN_STEP] = position.step
        self.program.state[S.ORIGIN_EPOCH] = position.epoch
        self._begin_here(why)

    def shuffle(self, on: bool) -> None:
        """Draw a new order of the samples each epoch, or keep theirs; it is journalled."""
        if bool(self.program.state[S.SHUFFLE]) != on:
            self._change(Entry(self._boundary(), "shuffle", value=float(on)))

    def _boundary(self) -> int:
        return self.step_count + (1 if self.pc else 0)

    def _change(self, entry: Entry, arrays: Arrays | None = None) -> None:
        entry = self.journal.add(entry, arrays)
        self._forget_future(entry.step)
        if self.pc == 0:
            self._apply(entry)
            self.undo.clear()
        if self.journal.nbytes > BUDGET and self.pc == 0:
            self._begin_here("there were more weights put in by hand than can be remembered")

    def _forget_future(self, step: int | None = None) -> None:
        """What was done after the present step, or after `step`, will not happen as it did."""
        after = self.step_count if step is None else step
        self.journal.forget_after(after)
        self.history.truncate(after)
        self.checkpoints.forget_after(after)

    def _apply_journal(self) -> None:
        for entry in self.journal.at(self.step_count):
            self._apply(entry)

    def _apply(self, entry: Entry) -> None:
        program = self.program
        match entry.kind:
            case "scalar":
                program.set_scalar(entry.name, entry.value)
            case "weight":
                program.tensor(entry.name)[entry.cell] = entry.value
            case "weights":
                program.set_weights(dict(self.journal.arrays(entry)))
            case "states":
                program.clear_states(entry.name or None)
            case "set-states":
                program.set_states(dict(self.journal.arrays(entry)))
            case "shuffle":
                program.state[S.SHUFFLE] = int(entry.value)
            case "epoch":
                program.state[S.ORIGIN_STEP] = entry.step
                program.state[S.ORIGIN_EPOCH] = int(entry.value)
            case _:
                message = (
                    f"The journal names a change {entry.kind!r}, which this version does not know."
                )
                raise ChainruleError(message)


def _place(cell: Any) -> tuple[int, ...] | None:
    """A place in a tensor as plain whole numbers; None if it is something else."""
    if isinstance(cell, np.ndarray) and cell.ndim == 1:
        cell = list(cell)
    if not isinstance(cell, (tuple, list)):
        return None
    if any(isinstance(k, bool) or not isinstance(k, numbers.Integral) for k in cell):
        return None
    return tuple(int(k) for k in cell)
