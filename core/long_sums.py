"""Sums of thousands of terms: their cells are kept as arrays, and terms are written out only where they are looked at.

The gradient of a filter's weight adds a product for every sample and place, 50,000 of them in a small network. As a
formula like any other they would take seconds to build; a view shows eight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from core.expressions import (
    LONG_SUM,
    Expr,
    Lookup,
    Number,
    Power,
    Product,
    Ref,
    Sum,
    evaluate,
    minus,
)
from core.interrupting import glance

#: Returns a whole tensor as it was read, by name.
ArrayLookup = Callable[[str], np.ndarray]


@dataclass(frozen=True, eq=False)
class Cells:
    """Many cells of one tensor.

    Attributes
    ----------
    tensor, symbol
        As in `core.expressions.Ref`.
    batch
        The sample is the first entry of an index.
    index
        ``(terms, rank)`` int.
    """

    tensor: str
    symbol: str
    batch: bool
    index: np.ndarray

    def ref(self, k: int) -> Ref:
        """Return one of them."""
        glance()
        cell = tuple(self.index[k].tolist())
        own = cell[1:] if self.batch else cell
        return Ref(self.tensor, cell, self.symbol, ",".join(str(i + 1) for i in own))

    def read(self, arrays: ArrayLookup) -> np.ndarray:
        """Return their numbers, ``(terms,)`` float64."""
        return np.asarray(arrays(self.tensor)[tuple(self.index.T)], np.float64)


class LongSum(Sum):
    """A sum of products of cells, of their squares, or of squares of their distances from one number.

    It is a `Sum`: `terms` has all of them, made when they are asked for. What only needs some, or the value, asks
    `part` and `total`, which are quick.

    Parameters
    ----------
    factors
        What is multiplied, equally many cells each.
    around
        If given, terms are ``(x - around)²`` of the one factor.
    squared
        Terms are ``x²`` of the one factor.
    """

    def __init__(
        self, factors: tuple[Cells, ...], around: Ref | None = None, *, squared: bool = False
    ) -> None:
        object.__setattr__(self, "factors", factors)
        object.__setattr__(self, "around", around)
        object.__setattr__(self, "squared", squared)

    factors: tuple[Cells, ...]
    around: Ref | None
    squared: bool

    @cached_property
    def terms(self) -> tuple[Expr, ...]:
        """All terms."""
        return self.part(0, self.count)

    @property
    def count(self) -> int:
        return len(self.factors[0].index)

    def part(self, start: int, stop: int) -> tuple[Expr, ...]:
        return tuple(self._term(k) for k in range(*slice(start, stop).indices(self.count)))

    def rest(self, start: int, stop: int) -> Sequence[Expr]:
        return _Part(self, start, stop)

    def _term(self, k: int) -> Expr:
        refs = tuple(cells.ref(k) for cells in self.factors)
        if self.around is not None:
            return Power(minus(refs[0], self.around), Number(2))
        if self.squared:
            return Power(refs[0], Number(2))
        return refs[0] if len(refs) == 1 else Product(refs)

    def values(self, arrays: ArrayLookup, lookup: Lookup) -> np.ndarray:
        """Return the value of each term, ``(terms,)`` float64."""
        found = self.factors[0].read(arrays)
        for cells in self.factors[1:]:
            found = found * cells.read(arrays)
        if self.around is not None:
            found = (found - float(lookup(self.around.tensor, self.around.index))) ** 2
        return found**2 if self.squared else found

    def total(self, lookup: Lookup) -> float:
        """Return its value; a lookup with ``array(tensor)`` is asked for whole tensors, and for the terms that show."""
        arrays = getattr(lookup, "array", None)
        if arrays is None:
            return super().total(lookup)
        for term in (*self.part(0, LONG_SUM - 2), *self.part(self.count - 1, self.count)):
            evaluate(term, lookup)
        return float(self.values(arrays, lookup).sum())

    def of_sample(self, row: int) -> Sum | None:
        """Return the terms of one sample, or None if there are none or they are of no sample."""
        last = self.factors[-1]
        if not last.batch:
            return self
        keep = last.index[:, 0] == row
        if not keep.any():
            return None
        chosen = tuple(Cells(c.tensor, c.symbol, c.batch, c.index[keep]) for c in self.factors)
        return LongSum(chosen, self.around, squared=self.squared)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LongSum):
            return NotImplemented
        return self._names == other._names and all(
            np.array_equal(a.index, b.index)
            for a, b in zip(self.factors, other.factors, strict=True)
        )

    def __hash__(self) -> int:
        return hash((self._names, self.count))

    @property
    def _names(self) -> tuple[object, ...]:
        return (*((c.tensor, c.symbol, c.batch) for c in self.factors), self.around, self.squared)

    def __repr__(self) -> str:
        return f"LongSum({self.count} terms of {', '.join(c.tensor for c in self.factors)})"


class _Part(Sequence[Any]):
    """Some terms of a long sum, made one by one when they are asked for."""

    def __init__(self, of: LongSum, start: int, stop: int) -> None:
        self._of, self._range = of, range(*slice(start, stop).indices(of.count))

    def __len__(self) -> int:
        return len(self._range)

    def __getitem__(self, k: Any) -> Any:
        if isinstance(k, slice):
            return tuple(self._of._term(n) for n in self._range[k])
        return self._of._term(self._range[k])

    def __iter__(self) -> Iterator[Expr]:
        return (self._of._term(k) for k in self._range)
