"""Softmax, and the score an explanation starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.expressions import Call, Expr, Number, Product, Quotient, Sum, minus
from core.ops.base import Cell, Instruction, Op, channels, ref, register
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter


def row_of(cell: Cell, n: int) -> list[Cell]:
    """The cells a softmax sums over: those along the last axis."""
    return [(*cell[:-1], k) for k in range(n)]


@register
class Softmax(Op):
    """``y_k = exp(x_k) / Σ_j exp(x_j)`` along the last axis.

    The kernel subtracts the largest x first: same value, no overflow.
    """

    name = "softmax"
    kernel = "loss.softmax"

    def integers(self, ins: Instruction) -> list[int]:
        x, y = ins.inputs["x"], ins.output
        return [*channels(x), x.at, x.row, y.at, y.row]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        return {"x": e.gradient("softmax_grad", ins, "x", y=ins.output, dy=dy)}

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x = ins.inputs["x"]
        row = [ref(x, c) for c in row_of(cell, x.last)]
        return Quotient(Call("exp", (row[cell[-1]],)), Sum(tuple(Call("exp", (c,)) for c in row)))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return row_of(cell, ins.output.last)

    def right_side(self, ins: Instruction) -> str:
        return f"softmax({ins.inputs['x'].symbol})"


@register
class SoftmaxGrad(Op):
    """``dx_k = y_k (dy_k - Σ_j dy_j y_j)``."""

    name = "softmax_grad"
    kernel = "loss.softmax_grad"
    operands = ("y", "dy")

    def integers(self, ins: Instruction) -> list[int]:
        y, dy, dx = ins.inputs["y"], ins.inputs["dy"], ins.output
        return [*channels(y), y.at, y.row, dy.at, dy.row, dx.at, dx.row]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        y, dy = ins.inputs["y"], ins.inputs["dy"]
        dot = Sum(tuple(Product((ref(dy, c), ref(y, c))) for c in row_of(cell, y.last)))
        return Product((ref(y, cell), minus(ref(dy, cell), dot)))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return row_of(cell, ins.output.last)

    def right_side(self, ins: Instruction) -> str:
        y, dy = ins.inputs["y"].symbol, ins.inputs["dy"].symbol
        return f"{y} ∘ ({dy} − Σ {dy} ∘ {y})"


@register
class PickScore(Op):
    """``score = z[class]``: the number an explanation differentiates."""

    name = "pick_score"
    kernel = "loss.pick_score"
    may_fail = True
    operands = ("z", "chosen")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return ()

    def integers(self, ins: Instruction) -> list[int]:
        z = ins.inputs["z"]
        return [z.last, z.at, z.row, ins.inputs["chosen"].at, ins.output.at]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor | None, wanted: set[str]
    ) -> dict[str, Tensor]:
        z = ins.inputs["z"]
        return {"z": e.gradient("score_grad", ins, "z", chosen=ins.inputs["chosen"], like=z)}

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        z, chosen = ins.inputs["z"], ref(ins.inputs["chosen"], ())
        terms = (
            Product((ref(z, (cell[0], k)), Call("equal", (chosen, Number(k)))))
            for k in range(z.last)
        )
        return Sum(tuple(terms))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return (
            [cell[:1]] if operand == "z" else [(r,) for r in range(ins.attributes.get("rows", 1))]
        )

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.inputs['z'].symbol}[class]"


@register
class ContrastScore(Op):
    """``score = z[class] - z[other]``: by how much one class is ahead of another."""

    name = "contrast_score"
    kernel = "loss.contrast_score"
    may_fail = True
    operands = ("z", "chosen", "other")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return ()

    def integers(self, ins: Instruction) -> list[int]:
        z = ins.inputs["z"]
        return [z.last, z.at, z.row, ins.inputs["chosen"].at, ins.inputs["other"].at, ins.output.at]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor | None, wanted: set[str]
    ) -> dict[str, Tensor]:
        z, chosen, other = ins.inputs["z"], ins.inputs["chosen"], ins.inputs["other"]
        return {"z": e.gradient("contrast_grad", ins, "z", chosen=chosen, other=other, like=z)}

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        z, sides = ins.inputs["z"], []
        for name in ("chosen", "other"):
            chosen = ref(ins.inputs[name], ())
            terms = (
                Product((ref(z, (cell[0], k)), Call("equal", (chosen, Number(k)))))
                for k in range(z.last)
            )
            sides.append(Sum(tuple(terms)))
        return minus(*sides)

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return (
            [cell[:1]] if operand == "z" else [(r,) for r in range(ins.attributes.get("rows", 1))]
        )

    def right_side(self, ins: Instruction) -> str:
        z = ins.inputs["z"].symbol
        return f"{z}[class] − {z}[other]"


@register
class ContrastGrad(Op):
    """1 at the class that is explained, -1 at the one it is compared with, 0 elsewhere."""

    name = "contrast_grad"
    kernel = "loss.contrast_grad"
    operands = ("chosen", "other", "like")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return inputs["like"].shape

    def integers(self, ins: Instruction) -> list[int]:
        dz = ins.output
        return [dz.last, ins.inputs["chosen"].at, ins.inputs["other"].at, dz.at, dz.row]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        here = Number(cell[-1])
        return minus(*(Call("equal", (ref(ins.inputs[n], ()), here)) for n in ("chosen", "other")))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        if operand == "like":
            return []
        rows = ins.attributes.get("rows", 1)
        return [(r, k) for r in range(rows) for k in range(ins.output.last)]

    def right_side(self, ins: Instruction) -> str:
        return "(class = k) − (other = k)"


@register
class ScoreGrad(Op):
    """1 at the class that is explained, 0 elsewhere."""

    name = "score_grad"
    kernel = "loss.score_grad"
    operands = ("chosen", "like")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return inputs["like"].shape

    def integers(self, ins: Instruction) -> list[int]:
        dz = ins.output
        return [dz.last, ins.inputs["chosen"].at, dz.at, dz.row]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return Call("equal", (ref(ins.inputs["chosen"], ()), Number(cell[-1])))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        if operand == "like":
            return []
        rows = ins.attributes.get("rows", 1)
        return [(r, k) for r in range(rows) for k in range(ins.output.last)]

    def right_side(self, ins: Instruction) -> str:
        return "(class = k)"
