"""Sums over samples and places, as operations explain them: few terms as formulas, many as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.expressions import Expr, Number, Power, Product, Ref, Sum, minus
from core.long_sums import Cells, LongSum
from core.ops.base import ref
from core.tape.tensors import Tensor

#: Sums of up to so many terms are formulas from the start.
FEW = 256


def everywhere(*sizes: int) -> tuple[np.ndarray, ...]:
    """Return the indices of all places, one array for each axis, the last one running fastest."""
    return tuple(axis.reshape(-1) for axis in np.indices(sizes))


def sum_of(
    *factors: tuple[Tensor, tuple[Any, ...]], around: Ref | None = None, squared: bool = False
) -> Sum:
    """Return the sum of products of cells.

    Parameters
    ----------
    factors
        Tensors, and for each of their axes (the sample first) a number or as many numbers as there are terms.
    around
        If given, the sum is of the squares of the distances of the one factor's cells from it.
    squared
        The sum is of the squares of the one factor's cells.
    """
    columns = np.broadcast_arrays(*(np.asarray(c) for _, index in factors for c in index))
    count, at, cells = columns[0].size, 0, []
    for tensor, index in factors:
        own = np.stack([c.reshape(-1) for c in columns[at : at + len(index)]], axis=1)
        cells.append((tensor, own))
        at += len(index)
    if count > FEW:
        return LongSum(
            tuple(Cells(t.name, t.symbol, t.batch, own) for t, own in cells),
            around,
            squared=squared,
        )
    lists = [(t, own.tolist()) for t, own in cells]
    terms: list[Expr] = []
    for k in range(count):
        refs = tuple(ref(t, tuple(own[k])) for t, own in lists)
        if around is not None:
            terms.append(Power(minus(refs[0], around), Number(2)))
        elif squared:
            terms.append(Power(refs[0], Number(2)))
        else:
            terms.append(refs[0] if len(refs) == 1 else Product(refs))
    return Sum(tuple(terms))
