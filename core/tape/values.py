"""Values in the arena by name: views, scalars, weights, and states that last from one batch to the next."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from core import initializers
from core.arguments import require_names
from core.errors import ChainruleError
from core.kernels import state as S
from core.naming import suggestion
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.compiler import Tape

#: The learning rate that was set by hand, or -1: it takes the place of a schedule.
BY_HAND = "learning_rate/by_hand"


@dataclass(frozen=True)
class TensorInfo:
    """What is known of a tensor without its numbers. `shape` has no batch axis; `batch` says whether there is one."""

    name: str
    shape: Shape
    batch: bool
    role: str
    layer: str
    symbol: str


class Values:
    """The part of a program that knows where every value is.

    Attributes
    ----------
    tape, capacity, dtype
        What the program was made of.
    mem
        The arena.
    state
        The machine's numbers (`core.kernels.state`).
    """

    tape: Tape
    capacity: int
    dtype: np.dtype[Any]
    mem: np.ndarray
    state: np.ndarray

    @property
    def rows(self) -> int:
        """Samples in the present batch."""
        return int(self.state[S.BATCH_ROWS])

    @property
    def tensors(self) -> dict[str, TensorInfo]:
        """Every tensor by name."""
        return {
            name: TensorInfo(t.name, t.shape, t.batch, t.role, t.layer, t.symbol)
            for name, t in self.tape.tensors.items()
        }

    @cached_property
    def written_names(self) -> tuple[tuple[str, ...], ...]:
        """For each instruction, every name of what it writes: other shapes of the same values and parts included."""
        by_buffer: dict[int, list[tuple[str, Tensor]]] = {}
        for name, t in self.tape.tensors.items():
            by_buffer.setdefault(id(t.buffer), []).append((name, t))
        return tuple(
            tuple(
                name
                for out in ins.outputs.values()
                for name, t in by_buffer.get(id(out.buffer), [])
                if out.covers(t)
            )
            for ins in self.tape.instructions
        )

    def _tensor(self, name: str) -> Tensor:
        found = self.tape.tensors.get(name) if isinstance(name, str) else None
        if found is None:
            hint = suggestion(name, self.tape.tensors) if isinstance(name, str) else ""
            raise ChainruleError(
                f"The program has no value called {name!r}.{hint} The names are in program.tensors."
            )
        return found

    def tensor(self, name: str) -> np.ndarray:
        """A view of a value in the arena; batch tensors have the samples of the present batch as first axis."""
        return self._view(self._tensor(name))

    def _view(self, t: Tensor) -> np.ndarray:
        view = self._views.get(t)
        if view is None:
            view = self._views[t] = self._whole(t)
        return view[: int(self.state[S.BATCH_ROWS])] if t.batch else view[...]

    @cached_property
    def _views(self) -> dict[Tensor, np.ndarray]:
        """Views of values that were asked for, with all rows that a batch may have: stepping reads what is written."""
        return {}

    def _whole(self, t: Tensor) -> np.ndarray:
        if not t.batch:
            return self.mem[t.at : t.at + t.size].reshape(t.shape)
        item = self.dtype.itemsize
        inner = [item]
        for n in reversed(t.shape[1:]):
            inner.insert(0, inner[0] * n)
        strides = (t.row * item, *(inner if t.shape else ()))
        return np.ndarray((self.capacity, *t.shape), self.dtype, self.mem, t.at * item, strides)

    def scalar(self, name: str) -> float:
        """A named scalar, such as "learning_rate"."""
        return float(self.mem[self._tensor(name).at])

    def set_scalar(self, name: str, value: float) -> None:
        """Change a named scalar. A learning rate set so takes the place of its schedule from then on."""
        self.mem[self._tensor(name).at] = value
        if name == "learning_rate" and BY_HAND in self.tape.scalars:
            self.mem[self._tensor(BY_HAND).at] = value

    def initialise(self, seed: int) -> None:
        """Draw the weights of a new arena.

        Everything else in it is 0 already. It is not written again: memory that is never used, as that of a large batch
        of which one sample is looked at, then costs no time.
        """
        for slot in self.tape.weights:
            values = initializers.draw(
                slot.weight.initializer, slot.weight.shape, seed, slot.tensor.name
            )
            self._view(slot.tensor)[...] = values
            for name, start in slot.starts.items():
                self._view(slot.slots[name])[...] = start

    def states(self) -> dict[str, np.ndarray]:
        """Views of what lasts from one batch to the next, a row for each sample a batch may have, by name."""
        return {
            t.name: self.mem[t.at : t.at + t.size * self.capacity].reshape(self.capacity, *t.shape)
            for t in self.tape.tensors.values()
            if t.role == "state"
        }

    def set_states(self, values: dict[str, np.ndarray]) -> None:
        """Replace states by name."""
        for name, state in self.states().items():
            state[...] = values[name]

    def clear_states(self, layer: str | None = None) -> None:
        """Let the states of stateful layers (or of one of them) begin at 0 again."""
        for name, values in self.states().items():
            if layer is None or self._tensor(name).layer == layer:
                values[...] = 0

    def weights(self) -> dict[str, np.ndarray]:
        """Copies of all weights and statistics by name."""
        return {slot.tensor.name: self._view(slot.tensor).copy() for slot in self.tape.weights}

    def set_weights(self, values: dict[str, np.ndarray]) -> None:
        """Replace weights by name; those that are not named stay.

        Raises
        ------
        core.errors.ChainruleError
            There is no such weight, or it has another shape.
        """
        require_names(values, [slot.tensor.name for slot in self.tape.weights])
        for slot in self.tape.weights:
            if slot.tensor.name in values:
                given = np.asarray(values[slot.tensor.name])
                if given.shape != slot.tensor.shape:
                    message = f"{slot.tensor.name} has shape {slot.tensor.shape}; the given values have {given.shape}."
                    raise ChainruleError(message)
                self._view(slot.tensor)[...] = given

    def copy_weights_from(self, other: Values) -> None:
        """Take over the weights of a program of the same network; states that last begin at 0."""
        for slot in self.tape.weights:
            self._view(slot.tensor)[...] = other.tensor(slot.tensor.name)
        self.clear_states()
