"""How data comes into a program: tables that are gathered from, or a batch put in by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ChainruleError
from core.kernels import state as S
from core.ops.base import operation
from core.tape.tensors import Tensor
from core.tape.values import Values

if TYPE_CHECKING:
    from core.tape.table_data import DataTable


class Feeding(Values):
    """The part of a program that takes data.

    Attributes
    ----------
    tables
        What is gathered from: one for each input, target and weight.
    ints
        Each instruction's integers.
    """

    ints: np.ndarray
    _whole_ints: np.ndarray
    reals: np.ndarray
    tables: list[DataTable]
    _fed: bool

    def attach(
        self,
        inputs: list[DataTable],
        targets: list[DataTable],
        batch_size: int | None = None,
        weights: list[DataTable] | None = None,
    ) -> None:
        """Gather from these tables from now on: one for each Input layer, one for each output.

        `weights` are those of the samples, one table for each output, if the tape was written for such.

        Raises
        ------
        core.errors.ChainruleError
            A table does not fit, or the tables have different numbers of samples.
        """
        tables = [*inputs, *targets, *(weights or [])]
        places = [
            *self.tape.inputs.values(), *self.tape.targets.values(), *self.tape.sample_weights.values(),
        ]  # fmt: skip
        if len(tables) != len(places):
            message = (
                f"The network needs {len(places)} tables of data, but {len(tables)} are given."
            )
            raise ChainruleError(message)
        for data, t in zip(tables, places, strict=True):
            if data.width != t.size:
                raise ChainruleError(
                    f"Each sample for {t.name} must have {t.size} values; the data has {data.width}."
                )
            if len(data) != len(tables[0]):
                message = f"Inputs and targets must be as many: {len(tables[0])} and {len(data)} samples are given."
                raise ChainruleError(message)
        if not len(tables[0]):
            message = "There are no samples to learn from."
            raise ChainruleError(message)
        by_tensor = dict(zip(map(id, places), tables, strict=True))
        for k, ins in enumerate(self.tape.instructions):
            if ins.op == "gather":
                # The tape may be shared with a fork, which gathers from tables of its own.
                own = replace(ins, attributes=ins.attributes | {"table": by_tensor[id(ins.output)]})
                numbers = operation("gather").integers(own)
                self.ints[k, : len(numbers)] = self._whole_ints[k, : len(numbers)] = numbers
                self.reals[k, 0] = operation("gather").reals(own)[0]
        self.tables = tables
        self.state[S.SAMPLES] = len(tables[0])
        size = min(batch_size or self.capacity, self.capacity)
        self.state[S.BATCH_SIZE] = size
        self.state[S.BATCHES] = -(-len(tables[0]) // size)

    def feed(
        self,
        inputs: list[np.ndarray],
        targets: list[np.ndarray] | None = None,
        weights: list[np.ndarray] | None = None,
    ) -> None:
        """Put a batch into the input tensors by hand (prediction, explanation, gradient checks).

        Weights of samples, if the tape has such, are 1 where none are given.
        """
        places = list(self.tape.inputs.values())
        given = list(zip(places, _arrays(inputs, places, "inputs"), strict=True))
        if targets is not None:
            places = list(self.tape.targets.values())
            given += list(zip(places, _arrays(targets, places, "targets"), strict=True))
        places = list(self.tape.sample_weights.values())
        if weights is not None:
            given += list(zip(places, _arrays(weights, places, "weights"), strict=True))
        rows = len(given[0][1]) if given[0][1].ndim else 0
        if rows > self.capacity:
            raise ChainruleError(
                f"The program takes batches of up to {self.capacity}; {rows} samples are given."
            )
        for t, array in given:
            _require_fit(t, array, rows)
        if weights is None:
            given += [(t, np.ones((rows, *t.shape))) for t in places]
        self.state[S.FIRST], self.state[S.ROWS], self.state[S.BATCH_ROWS] = 0, rows, rows
        self._fed = True
        for t, array in given:
            self._view(t)[...] = array.astype(self.dtype, copy=False).reshape(rows, *t.shape)


def _arrays(given: Any, places: list[Tensor], what: str) -> list[np.ndarray]:
    """One array of numbers for each place; of a single place the array itself will do."""
    if not isinstance(given, (list, tuple)):
        given = [given]
    if len(given) != len(places):
        names = ", ".join(t.name for t in places) or "none"
        message = f"feed takes a list of {len(places)} {what} ({names}); {len(given)} are given."
        raise ChainruleError(message)
    found = []
    for one, t in zip(given, places, strict=True):
        try:
            array = np.asarray(one)
        except ValueError:
            array = np.empty(0, object)
        if array.dtype.kind not in "biuf":
            message = f"{what} for {t.name} must be an array of numbers; {type(one).__name__} of other things is given."
            raise ChainruleError(message)
        found.append(array)
    return found


def _require_fit(t: Tensor, array: np.ndarray, rows: int) -> None:
    """Say so if an array is not a batch for this place: in its shape, with other axes of length 1, or flat."""
    plain = [tuple(n for n in shape if n != 1) for shape in (array.shape[1:], t.shape)]
    fits = plain[0] == plain[1] or array.shape[1:] == (t.size,)
    if not array.ndim or len(array) != rows or not rows or not fits:
        needed = (rows or "samples", *t.shape)
        shown = "(" + ", ".join(map(str, needed)) + (",)" if len(needed) == 1 else ")")
        message = f"The batch for {t.name} must have shape {shown}; it has {array.shape}."
        raise ChainruleError(message)
