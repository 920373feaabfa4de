"""Names, shapes and places of the values on a tape, while it is being written."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

Shape = tuple[int, ...]

#: Segments of the arena, in order. Everything up to and including "totals" is the state: one block, one checkpoint.
STATE_SEGMENTS = ("parameters", "slots", "statistics", "scalars", "totals")
SEGMENTS = (*STATE_SEGMENTS, "values", "scratch")


@dataclass(eq=False)
class Buffer:
    """A stretch of the arena. `size` counts elements: of one row if it has a batch axis, else of all of it."""

    size: int
    batch: bool
    segment: str
    base: int = -1


@dataclass(eq=False)
class Tensor:
    """A named value: a whole buffer, or a part of each of its rows.

    Attributes
    ----------
    name
        ``"dense_1/kernel"``, ``"grad/dense_1/z"``.
    shape
        Without the batch axis.
    buffer, offset
        Where it lives: from `offset` in the buffer (in each row, if it has a batch axis), contiguous.
    layer
        Id of the layer it belongs to, or "".
    symbol
        As formulas show it.
    role
        "weight", "value", "gradient", "slot", "statistic", "scalar", "data" or "scratch".
    requires_grad
        True if it depends on something that is differentiated with respect to.
    """

    name: str
    shape: Shape
    buffer: Buffer
    offset: int = 0
    layer: str = ""
    symbol: str = ""
    role: str = "value"
    requires_grad: bool = False
    parent: Tensor | None = None
    parts: list[Tensor] = field(default_factory=list)

    @property
    def batch(self) -> bool:
        """True if it has a batch axis before `shape`."""
        return self.buffer.batch

    @property
    def size(self) -> int:
        """Elements, of one row if it has a batch axis."""
        return prod(self.shape)

    @property
    def at(self) -> int:
        """Its first element in the arena."""
        return self.buffer.base + self.offset

    @property
    def row(self) -> int:
        """Elements from one row to the next."""
        return self.buffer.size if self.buffer.batch else 0

    @property
    def packed(self) -> bool:
        """True if its rows follow each other without gaps."""
        return self.offset == 0 and self.size == self.buffer.size

    @property
    def inner(self) -> int:
        """Product of all axes but the last."""
        return prod(self.shape[:-1])

    @property
    def last(self) -> int:
        """Length of the last axis."""
        return self.shape[-1] if self.shape else 1

    def covers(self, other: Tensor) -> bool:
        """True if `other` is this stretch of the same buffer or a part of it."""
        return (
            self.buffer is other.buffer
            and self.offset <= other.offset
            and other.offset + other.size <= self.offset + self.size
        )


_DIGITS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def superscript(number: int) -> str:
    """``12`` as ``¹²``."""
    return str(number).translate(_DIGITS)
