"""Looking tokens up in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.expressions import Call, Expr, Number, Product, Sum
from core.ops.base import Cell, Instruction, Op, cells, ref, register
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter


@register
class Embed(Op):
    """``y[t] = table[x[t]]``."""

    name = "embed"
    kernel = "data.embed"
    may_fail = True
    operands = ("x", "table")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return (*inputs["x"].shape, inputs["table"].shape[1])

    def integers(self, ins: Instruction) -> list[int]:
        x, table, y = ins.inputs["x"], ins.inputs["table"], ins.output
        return [x.size, table.shape[1], table.shape[0], x.at, x.row, table.at, y.at, y.row]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        if "table" not in wanted:
            return {}
        shape = ins.inputs["table"].shape
        return {
            "table": e.gradient("embed_grad", ins, "table", x=ins.inputs["x"], dy=dy, output=shape)
        }

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, table = ins.inputs["x"], ins.inputs["table"]
        token = ref(x, cell[:-1])
        return Sum(
            tuple(
                Product((Call("equal", (token, Number(k))), ref(table, (k, cell[-1]))))
                for k in range(table.shape[0])
            )
        )

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        if operand == "x":
            return [(*cell, k) for k in range(ins.output.last)]
        rows = ins.attributes.get("rows", 1)
        return [(*place, cell[1]) for place in cells((rows, *ins.inputs["x"].shape))]

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.inputs['table'].symbol}[{ins.inputs['x'].symbol}]"


@register
class EmbedGrad(Op):
    """Each token's row collects the gradients of the places where it stood."""

    name = "embed_grad"
    kernel = "data.embed_grad"
    operands = ("x", "dy")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return tuple(attributes["output"])

    def batch(self, inputs: dict[str, Tensor]) -> bool:
        return False

    def integers(self, ins: Instruction) -> list[int]:
        x, dy, table = ins.inputs["x"], ins.inputs["dy"], ins.output
        return [x.size, table.shape[1], table.shape[0], x.at, x.row, dy.at, dy.row, table.at]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, dy = ins.inputs["x"], ins.inputs["dy"]
        rows = ins.attributes.get("rows", 1)
        return Sum(
            tuple(
                Product(
                    (Call("equal", (ref(x, place), Number(cell[0]))), ref(dy, (*place, cell[1])))
                )
                for place in cells((rows, *x.shape))
            )
        )

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        vocabulary, dim = ins.output.shape
        columns = range(dim) if operand == "x" else [cell[-1]]
        return [(k, c) for k in range(vocabulary) for c in columns]

    def right_side(self, ins: Instruction) -> str:
        return f"Σ {ins.inputs['dy'].symbol} where {ins.inputs['x'].symbol} is the token"
