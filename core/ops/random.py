"""Chance, as a function of seed, layer, step and place."""

from __future__ import annotations

from core.expressions import Expr
from core.ops.base import Cell, Instruction, Op, ref, register, span_integers


@register
class DropoutMask(Op):
    """``0`` with chance `rate`, else ``1 / (1 - rate)``. Attributes: `rate`, `stream` (the layer's number)."""

    name = "dropout_mask"
    kernel = "data.dropout_mask"
    operands = ("like",)

    def integers(self, ins: Instruction) -> list[int]:
        mask = ins.output
        return [*span_integers(mask), ins.attributes["stream"], mask.size]

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes["rate"]]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        # A drawn number has no formula: it is itself.
        return ref(ins.output, cell)

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return []

    def right_side(self, ins: Instruction) -> str:
        return f"dropout({ins.attributes['rate']:g})"
