"""Operations of recurrent layers besides products, sums and gates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.expressions import Expr, Negate, Number, Sum
from core.ops.base import Cell, Instruction, Op, ref, register
from core.ops.elementwise import Copy
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter


@register
class TakeColumns(Op):
    """``y = w[:, start:start+count]``: the part of a kernel that belongs to a gate."""

    name = "take_columns"
    kernel = "recurrent.take_columns"
    operands = ("w",)

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return (inputs["w"].shape[0], attributes["count"])

    def integers(self, ins: Instruction) -> list[int]:
        w, start, count = ins.inputs["w"], ins.attributes["start"], ins.attributes["count"]
        return [*w.shape, start, count, w.at, ins.output.at]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        shape, start = ins.inputs["w"].shape, ins.attributes["start"]
        return {"w": e.gradient("put_columns", ins, "w", dy=dy, output=shape, start=start)}

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return ref(ins.inputs["w"], (cell[0], cell[1] + ins.attributes["start"]))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        column = cell[1] - ins.attributes["start"]
        return [(cell[0], column)] if 0 <= column < ins.attributes["count"] else []

    def right_side(self, ins: Instruction) -> str:
        first = ins.attributes["start"] + 1
        return f"{ins.inputs['w'].symbol}[:, {first}…{first + ins.attributes['count'] - 1}]"


@register
class PutColumns(Op):
    """The gradient of a part of a kernel in its place, zeros elsewhere."""

    name = "put_columns"
    kernel = "recurrent.put_columns"
    operands = ("dy",)

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return tuple(attributes["output"])

    def integers(self, ins: Instruction) -> list[int]:
        dy, dw = ins.inputs["dy"], ins.output
        return [*dw.shape, ins.attributes["start"], dy.shape[1], dy.at, dw.at]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        column = cell[1] - ins.attributes["start"]
        dy = ins.inputs["dy"]
        return ref(dy, (cell[0], column)) if 0 <= column < dy.shape[1] else Number(0)

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [(cell[0], cell[1] + ins.attributes["start"])]

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.inputs['dy'].symbol} in its place"


class _Rows(Op):
    """Two operands, row by row."""

    def integers(self, ins: Instruction) -> list[int]:
        x, y = ins.inputs["x"], ins.output
        return [x.size, x.at, x.row, y.at, y.row]


@register
class KeepState(_Rows):
    """``h ← x``: the state in which the next batch begins. `explain` speaks of the last step."""

    name = "keep_state"
    kernel = "recurrent.keep_state"
    operands = ("h", "x")

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return ref(ins.inputs["x"], cell)

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [cell] if operand == "x" else []

    def title(self, ins: Instruction) -> str:
        return f"{ins.output.symbol} ← {ins.inputs['x'].symbol}"


@register
class CutGradient(Copy):
    """``y = x``, through which no gradient goes: truncated backpropagation through time (Williams and Peng 1990)."""

    name = "cut_gradient"

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        return {}

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.inputs['x'].symbol}, held fixed"


@register
class Complement(_Rows):
    """``y = 1 - x``: what a gate leaves."""

    name = "complement"
    kernel = "recurrent.complement"

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        return {"x": e.gradient("negate", ins, "x", x=dy)}

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return Sum((Number(1), Negate(ref(ins.inputs["x"], cell))))

    def right_side(self, ins: Instruction) -> str:
        return f"1 − {ins.inputs['x'].symbol}"
