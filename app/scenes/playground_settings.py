"""What is set in the playground: an immutable value, and the sentences that refuse what makes no sense."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from app.text import tr
from core.classic_filters import FILTERS, SIZES, classic_filter, name_of
from core.errors import ChainruleError

Rows = tuple[tuple[float, ...], ...]

#: The largest number a cell of the kernel takes, in either direction.
LARGEST = 1e4

#: What is chosen from a list, by name.
CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "colours": ("gray", "colour"),
        "operation": ("convolution", "max", "average"),
        "padding": ("valid", "same", "number"),
        "fill": ("constant", "edge", "reflect"),
        "display": ("clip", "size", "signed"),
    }
)
#: Whole numbers, from and to.
WHOLE: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"amount": (0, 16), "stride": (1, 8), "dilation": (1, 8), "pool": (1, 16), "channel": (0, 2)}
)
SWITCHES = ("divide", "turned")
NUMBERS = ("scale", "bias")


@dataclass(frozen=True)
class Settings:
    """What is done to the picture.

    Attributes
    ----------
    colours
        "gray", or "colour": each channel by itself.
    operation
        "convolution", "max" or "average".
    kernel
        As it is typed, rows of numbers.
    divide
        By the sum of the kernel's numbers, where that is not 0.
    turned
        A true convolution: the kernel is turned by half a turn before it is applied.
    scale, bias
        The kernel times the one, the other added.
    padding, amount, fill
        "valid", "same" or "number" (`amount` pixels at each side), and what stands there.
    stride, dilation, pool
        Steps of the window, distance of the kernel's taps, size of the window that is pooled.
    display
        "clip" (0 is black, 1 is white), "size" (how far from 0) or "signed".
    channel
        The one that is written out.
    """

    colours: str = "gray"
    operation: str = "convolution"
    kernel: Rows = ((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0))
    divide: bool = False
    turned: bool = False
    scale: float = 1.0
    bias: float = 0.0
    padding: str = "valid"
    amount: int = 1
    fill: str = "constant"
    stride: int = 1
    dilation: int = 1
    pool: int = 2
    display: str = "signed"
    channel: int = 0

    @property
    def size(self) -> int:
        """Of the kernel."""
        return len(self.kernel)

    @property
    def total(self) -> float:
        """Sum of the kernel's numbers; what is nothing but rounding is 0."""
        values = np.array(self.kernel)
        total = float(values.sum())
        return 0.0 if abs(total) < 1e-9 * max(1.0, float(np.abs(values).sum())) else total

    @property
    def preset(self) -> str:
        """Which filter of `core.classic_filters` the kernel is, or ``""``."""
        return name_of(np.array(self.kernel))

    @property
    def window(self) -> int:
        """Pixels that the window reaches over."""
        if self.operation == "convolution":
            return (self.size - 1) * self.dilation + 1
        return self.pool

    @property
    def factor(self) -> float:
        """What the typed numbers are multiplied by."""
        return self.scale / self.total if self.divide and self.total else self.scale

    def applied(self) -> np.ndarray:
        """The kernel the engine is given: (size, size)."""
        kernel = np.array(self.kernel) * self.factor
        return np.ascontiguousarray(kernel[::-1, ::-1] if self.turned else kernel)

    def asked(self) -> dict[str, Any]:
        """The values of the engine's question."""
        pooling = self.operation != "convolution"
        padding: str | int = self.amount if self.padding == "number" else self.padding
        if pooling and self.padding == "number":
            # What is padded does not count when pooling: "same" is all there is.
            padding = "same"
        return {
            "gray": self.colours == "gray", "operation": self.operation, "kernel": self.applied(),
            "bias": self.bias, "strides": self.stride, "dilation": self.dilation, "padding": padding,
            "mode": self.fill, "pool": self.pool,
        }  # fmt: skip

    # -- changes, each another value

    def with_value(self, name: str, value: Any) -> Settings:
        """Set something else than the kernel.

        Raises
        ------
        core.errors.ChainruleError
            There is no such setting, or it does not take this value.
        """
        if name == "size":
            return self.with_size(value)
        if name in CHOICES:
            if value not in CHOICES[name]:
                _refuse(name, value, tr("one of {names}", names=", ".join(CHOICES[name])))
        elif name in WHOLE:
            low, high = WHOLE[name]
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                _refuse(name, value, tr("a whole number from {low} to {high}", low=low, high=high))
        elif name in SWITCHES:
            if not isinstance(value, bool):
                _refuse(name, value, tr("yes or no"))
        elif name in NUMBERS:
            value = _number(value)
        else:
            known = ", ".join((*CHOICES, *WHOLE, *SWITCHES, *NUMBERS, "size"))
            raise ChainruleError(
                tr("The playground has no {name}; it has {known}.", name=repr(name), known=known)
            )
        changed = replace(self, **{name: value})
        if name == "operation" and value != "convolution" and self.operation == "convolution":
            # As Keras does: windows of a pooling stand side by side.
            changed = replace(changed, stride=self.pool, display="clip")
        elif name == "operation" and value == "convolution" and self.operation != value:
            changed = replace(changed, stride=1)
        elif name == "pool" and self.stride == self.pool and value <= WHOLE["stride"][1]:
            changed = replace(changed, stride=value)
        return changed

    def with_size(self, size: Any) -> Settings:
        """Give the kernel another size: a known filter is made anew, another keeps its middle."""
        if isinstance(size, bool) or size not in SIZES:
            _refuse("size", size, tr("one of {names}", names=", ".join(map(str, SIZES))))
        name = self.preset
        if name and FILTERS[name].least <= size:
            return self.with_preset(name, size)
        old, new = np.array(self.kernel), np.zeros((size, size))
        keep = min(size, self.size)
        a, b = (self.size - keep) // 2, (size - keep) // 2
        new[b : b + keep, b : b + keep] = old[a : a + keep, a : a + keep]
        return self.with_kernel(new.tolist())

    def with_preset(self, name: str, size: int | None = None) -> Settings:
        """Take a known filter."""
        kernel = classic_filter(name, size or self.size)
        signed = kernel.min() < 0 and not kernel.sum()
        return replace(
            self, kernel=_rows(kernel), operation="convolution", divide=FILTERS[name].divide, scale=1.0,
            display="signed" if signed else "clip",
            stride=1 if self.operation != "convolution" else self.stride,
        )  # fmt: skip

    def with_kernel(self, rows: list[list[float]]) -> Settings:
        """Take other numbers: a square of an odd size."""
        size = len(rows)
        if size not in SIZES or any(len(row) != size for row in rows):
            raise ChainruleError(
                tr("A kernel is a square of 1, 3, 5 or 7 rows, so that it has a middle.")
            )
        return replace(self, kernel=tuple(tuple(_number(one) for one in row) for row in rows))

    def with_cell(self, row: int, column: int, value: float) -> Settings:
        """Put another number into the kernel."""
        if not (0 <= row < self.size and 0 <= column < self.size):
            raise ChainruleError(
                tr("The kernel has {count} rows and columns, numbered from 0.", count=self.size)
            )
        rows = [list(one) for one in self.kernel]
        rows[row][column] = value
        return self.with_kernel(rows)


def _rows(kernel: np.ndarray) -> Rows:
    return tuple(tuple(float(value) for value in row) for row in kernel)


def _refuse(name: str, value: Any, takes: str) -> None:
    raise ChainruleError(
        tr("{name} of the playground is {takes}; {value} is given.", name=repr(name), takes=takes,
           value=repr(value))
    )  # fmt: skip


def _number(value: Any) -> float:
    ok = isinstance(value, int | float) and not isinstance(value, bool)
    if not ok or not abs(value) <= LARGEST:
        raise ChainruleError(
            tr("Numbers of the playground lie between −{most} and {most}; {value} is given.",
               most=f"{LARGEST:,.0f}", value=repr(value))
        )  # fmt: skip
    return float(value)
