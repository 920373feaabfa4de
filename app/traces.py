"""Where a number came from and where it goes, as data the engine hands to the drawings. No Qt, no Numba."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from core.expressions import Expr

Index = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Term:
    """One term of a sum.

    Attributes
    ----------
    expression
        Over references to the operands.
    value
        In float64, from the numbers the instruction read.
    row
        The sample it is of, where the sum goes over samples; else None.
    """

    expression: Expr
    value: float
    row: int | None = None


@dataclass(frozen=True, eq=False)
class Origin:
    """How one number came about.

    Attributes
    ----------
    instruction, tensor, cell
        What is explained; of a tensor of the batch the sample stands first.
    expression
        Its formula, long sums shortened.
    frame
        The formula with its longest sum written as one symbol, or None where there is no sum worth a table.
    terms
        The terms of that sum, as far as they are kept; terms that are 0 by a label are left out.
    count, left_out
        How many terms there are, and how many of them are 0 by a label.
    rest
        Sum of the terms that are counted and not kept.
    total
        The sum of all terms.
    value, kernel_value
        The formula in float64, and what the kernel wrote.
    numbers
        What the written references stand for, by (tensor, cell).
    sources
        All cells that are read, by tensor: ``(n, axes)`` int32.
    """

    instruction: int
    tensor: str
    cell: Index
    expression: Expr
    frame: Expr | None
    terms: tuple[Term, ...]
    count: int
    left_out: int
    rest: float
    total: float
    value: float
    kernel_value: float
    numbers: Mapping[tuple[str, Index], float] = field(default_factory=lambda: MappingProxyType({}))
    sources: Mapping[str, np.ndarray] = field(default_factory=lambda: MappingProxyType({}))
    before: Mapping[str, np.ndarray] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, eq=False)
class Destination:
    """An instruction that reads a number.

    Attributes
    ----------
    instruction, role
        Which one, and its operation's name for the operand.
    tensor
        What it writes from it.
    cells
        ``(n, axes)`` int32: the cells of that which read the number, the sample first; of very many the first ones.
    count
        How many there are.
    next_step
        It runs before the number is made: the next step reads it.
    """

    instruction: int
    role: str
    tensor: str
    cells: np.ndarray
    count: int
    next_step: bool = False
