"""Log-softmax, and softmax along other axes than the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.expressions import Call, Expr, Product, Quotient, Sum, minus
from core.ops.base import Cell, Instruction, Op, cells, ref, register
from core.ops.softmax import Softmax, SoftmaxGrad, row_of
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter


@register
class LogSoftmax(Softmax):
    """``y_k = x_k - ln Σ_j exp(x_j)`` along the last axis.

    The kernel subtracts the largest x first: same value, no overflow.
    """

    name = "log_softmax"
    kernel = "activations.log_softmax"

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        return {"x": e.gradient("log_softmax_grad", ins, "x", y=ins.output, dy=dy)}

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x = ins.inputs["x"]
        powers = Sum(tuple(Call("exp", (ref(x, c),)) for c in row_of(cell, x.last)))
        return minus(ref(x, cell), Call("log", (powers,)))

    def right_side(self, ins: Instruction) -> str:
        x = ins.inputs["x"].symbol
        return f"{x} − ln Σ exp({x})"


@register
class LogSoftmaxGrad(SoftmaxGrad):
    """``dx_k = dy_k - exp(y_k) Σ_j dy_j``."""

    name = "log_softmax_grad"
    kernel = "activations.log_softmax_grad"

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        y, dy = ins.inputs["y"], ins.inputs["dy"]
        whole = Sum(tuple(ref(dy, c) for c in row_of(cell, y.last)))
        return minus(ref(dy, cell), Product((Call("exp", (ref(y, cell),)), whole)))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [cell] if operand == "y" else row_of(cell, ins.output.last)

    def right_side(self, ins: Instruction) -> str:
        y, dy = ins.inputs["y"].symbol, ins.inputs["dy"].symbol
        return f"{dy} − exp({y}) ∘ Σ {dy}"


def axes_integers(shape: Shape, axes: tuple[int, ...]) -> list[int]:
    """Three sizes and strides of the axes that are kept, then of those that are summed over; neighbours are joined.

    Raises
    ------
    ValueError
        There are more than three groups of one kind.
    """
    kept: list[tuple[int, int]] = []
    summed: list[tuple[int, int]] = []
    stride, before = 1, None
    for axis in reversed(range(len(shape))):
        group = summed if axis in axes else kept
        if group is before:
            group[-1] = (group[-1][0] * shape[axis], group[-1][1])
        else:
            group.append((shape[axis], stride))
        stride, before = stride * shape[axis], group
    found: list[int] = []
    for group in (kept, summed):
        if len(group) > 3:
            raise ValueError(f"axes {axes} of {shape} are too scattered")
        group += [(1, 0)] * (3 - len(group))
        found += [size for size, _ in group] + [step for _, step in group]
    return found


def _same(ins: Instruction, cell: Cell) -> list[Cell]:
    """The cells over which the sum of `cell` goes: all along the axes."""
    shape, axes = ins.output.shape, ins.attributes["axes"]
    some = [shape[k] if k in axes else 1 for k in range(len(shape))]
    inner = cell[1:]
    return [
        (cell[0], *(c[k] if k in axes else inner[k] for k in range(len(shape))))
        for c in cells(tuple(some))
    ]


@register
class SoftmaxAxes(Op):
    """``y = exp x / Σ exp x``, the sum along the attribute `axes` (without the batch, from 0)."""

    name = "softmax_axes"
    kernel = "activations.softmax_axes"

    def integers(self, ins: Instruction) -> list[int]:
        x, y = ins.inputs["x"], ins.output
        return [x.at, x.row, y.at, y.row, *axes_integers(x.shape, ins.attributes["axes"])]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        return {
            "x": e.gradient("softmax_axes_grad", ins, "x", y=ins.output, dy=dy, **ins.attributes)
        }

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x = ins.inputs["x"]
        powers = tuple(Call("exp", (ref(x, c),)) for c in _same(ins, cell))
        return Quotient(Call("exp", (ref(x, cell),)), Sum(powers))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return _same(ins, cell)

    def right_side(self, ins: Instruction) -> str:
        return f"softmax({ins.inputs['x'].symbol})"


@register
class SoftmaxAxesGrad(Op):
    """``dx = y (dy - Σ dy y)``, the sum along the attribute `axes`."""

    name = "softmax_axes_grad"
    kernel = "activations.softmax_axes_grad"
    operands = ("y", "dy")

    def integers(self, ins: Instruction) -> list[int]:
        y, dy, dx = ins.inputs["y"], ins.inputs["dy"], ins.output
        axes = axes_integers(y.shape, ins.attributes["axes"])
        return [y.at, y.row, dy.at, dy.row, dx.at, dx.row, *axes]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        y, dy = ins.inputs["y"], ins.inputs["dy"]
        dot = Sum(tuple(Product((ref(dy, c), ref(y, c))) for c in _same(ins, cell)))
        return Product((ref(y, cell), minus(ref(dy, cell), dot)))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return _same(ins, cell)

    def right_side(self, ins: Instruction) -> str:
        y, dy = ins.inputs["y"].symbol, ins.inputs["dy"].symbol
        return f"{y} ∘ ({dy} − Σ {dy} ∘ {y})"
