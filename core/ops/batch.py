"""Instruction 0: which samples, and their numbers."""

from __future__ import annotations

from typing import Any

from core.expressions import Expr
from core.ops.base import Cell, Instruction, Op, ref, register
from core.tape.tensors import Shape, Tensor


@register
class ChooseBatch(Op):
    """Which samples this step trains on: a permutation of the epoch drawn from the seed."""

    name = "choose_batch"
    kernel = "data.choose_batch"
    mixes_rows = True
    operands = ()

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return ()

    def batch(self, inputs: dict[str, Tensor]) -> bool:
        return True

    def integers(self, ins: Instruction) -> list[int]:
        return [ins.output.at]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return ref(ins.output, cell)

    def title(self, ins: Instruction) -> str:
        return "choose the samples of this batch"

    def tex(self, ins: Instruction) -> str:
        return r"\text{choose the samples of this batch}"


@register
class Gather(Op):
    """Fetch the chosen samples from the data set, scaled. Attributes: `source` (slot of the table), `output`."""

    name = "gather"
    kernel = "data.gather"
    operands = ("chosen",)

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return tuple(attributes["output"])

    def integers(self, ins: Instruction) -> list[int]:
        out, table = ins.output, ins.attributes["table"]
        address, is_bytes = (table.address, int(table.is_bytes)) if table is not None else (0, 0)
        return [ins.inputs["chosen"].at, address, is_bytes, out.size, out.at, out.row]

    def reals(self, ins: Instruction) -> list[float]:
        table = ins.attributes["table"]
        return [table.scale if table is not None else 1.0]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return ref(ins.output, cell)

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return []

    def title(self, ins: Instruction) -> str:
        return f"{ins.output.symbol} = the samples' {ins.attributes['what']}"

    def tex(self, ins: Instruction) -> str:
        return rf"{ins.output.symbol} = \text{{the samples' {ins.attributes['what']}}}"
