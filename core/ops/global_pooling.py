"""One number a channel: the largest of a whole image or sequence, or the mean of the steps that count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.expressions import Call, Expr, Number, Product, Quotient, Sum
from core.ops.base import Cell, Instruction, Op, cells, ref, register
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter


@register
class GlobalMax(Op):
    """``y[c] = max x[..., c]`` over all places."""

    name = "global_max"
    kernel = "pooling.global_max"

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return (inputs["x"].last,)

    def integers(self, ins: Instruction) -> list[int]:
        x, y = ins.inputs["x"], ins.output
        return [x.inner, x.last, x.at, x.row, y.at, y.row]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        return {
            "x": e.gradient("global_max_grad", ins, "x", x=ins.inputs["x"], y=ins.output, dy=dy)
        }

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x = ins.inputs["x"]
        places = cells(x.shape[:-1])
        return Call("max", tuple(ref(x, (cell[0], *place, cell[1])) for place in places))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [(cell[0], cell[-1])]

    def right_side(self, ins: Instruction) -> str:
        return f"max {ins.inputs['x'].symbol}"


@register
class GlobalMaxGrad(Op):
    """The places that hold the maximum share its gradient equally, as Keras's max does (max *pooling* picks one)."""

    name = "global_max_grad"
    kernel = "pooling.global_max_grad"
    operands = ("x", "y", "dy")

    def scratch(self, ins: Instruction) -> int:
        return ins.output.last

    def integers(self, ins: Instruction) -> list[int]:
        x, y, dy, dx = ins.inputs["x"], ins.inputs["y"], ins.inputs["dy"], ins.output
        assert ins.scratch is not None
        places = [t for tensor in (x, y, dy, dx) for t in (tensor.at, tensor.row)]
        return [x.inner, x.last, *places, ins.scratch.at]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, y, dy = ins.inputs["x"], ins.inputs["y"], ins.inputs["dy"]
        row, c = cell[0], cell[-1]
        largest = ref(y, (row, c))
        hits = tuple(
            Call("equal", (ref(x, (row, *place, c)), largest)) for place in cells(x.shape[:-1])
        )
        mine = Call("equal", (ref(x, cell), largest))
        return Quotient(Product((mine, ref(dy, (row, c)))), Sum(hits))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [(cell[0], *place, cell[-1]) for place in cells(ins.output.shape[:-1])]

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.inputs['dy'].symbol} at the maximum of {ins.inputs['x'].symbol}"


@register
class MaskedMean(Op):
    """``y[c] = Σ_t keep[t] x[t, c] / Σ_t keep[t]``: the mean of the steps that are not padding.

    Where every step is padding it is 0/0, not a number, as in Keras.
    """

    name = "mean_of_steps"
    kernel = "pooling.masked_mean"
    operands = ("x", "keep")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return (inputs["x"].last,)

    def integers(self, ins: Instruction) -> list[int]:
        x, keep, y = ins.inputs["x"], ins.inputs["keep"], ins.output
        return [x.inner, x.last, x.at, x.row, keep.at, keep.row, y.at, y.row]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        return {"x": e.gradient("mean_of_steps_grad", ins, "x", keep=ins.inputs["keep"], dy=dy)}

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, keep = ins.inputs["x"], ins.inputs["keep"]
        row, c = cell
        marks = tuple(ref(keep, (row, t)) for t in range(x.shape[0]))
        values = tuple(
            Call("where", (mark, ref(x, (row, t, c)), Number(0))) for t, mark in enumerate(marks)
        )
        return Quotient(Sum(values), Sum(marks))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        if operand == "x":
            return [(cell[0], cell[-1])]
        return [(cell[0], c) for c in range(ins.output.last)]

    def right_side(self, ins: Instruction) -> str:
        return f"mean {ins.inputs['x'].symbol} where {ins.inputs['keep'].symbol}"


@register
class MaskedMeanGrad(Op):
    """``dx[t, c] = keep[t] dy[c] / Σ keep``: padding gets nothing."""

    name = "mean_of_steps_grad"
    kernel = "pooling.masked_mean_grad"
    operands = ("keep", "dy")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return (inputs["keep"].size, inputs["dy"].last)

    def integers(self, ins: Instruction) -> list[int]:
        keep, dy, dx = ins.inputs["keep"], ins.inputs["dy"], ins.output
        return [keep.size, dy.last, keep.at, keep.row, dy.at, dy.row, dx.at, dx.row]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        keep, dy = ins.inputs["keep"], ins.inputs["dy"]
        row, t, c = cell
        marks = tuple(ref(keep, (row, k)) for k in range(keep.size))
        share = Quotient(ref(dy, (row, c)), Sum(marks))
        return Call("where", (marks[t], share, Number(0)))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        steps, width = ins.output.shape
        if operand == "dy":
            return [(cell[0], t, cell[-1]) for t in range(steps)]
        return [(cell[0], t, c) for t in range(steps) for c in range(width)]

    def right_side(self, ins: Instruction) -> str:
        return f"shares of {ins.inputs['dy'].symbol} where {ins.inputs['keep'].symbol}"
