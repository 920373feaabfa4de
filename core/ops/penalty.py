"""Penalties on large weights or outputs (regularizers), and how they enter the loss.

``L = L₀ + Ω``: the loss of the data and the penalties (Goodfellow et al. 2016, 7.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.expressions import Call, Expr, Number, Power, Product, Quotient, Sum
from core.ops.base import (
    Cell,
    Half,
    Instruction,
    Op,
    cells,
    ref,
    register,
    span_halves,
    span_integers,
)
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter


@register
class Penalty(Op):
    """``y = l1 Σ|x| + l2 Σx²``; of a layer's outputs divided by the samples of the batch, as Keras does.

    Attributes: `l1`, `l2`.
    """

    name = "penalty"
    kernel = "penalty.penalty"

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return ()

    def batch(self, inputs: dict[str, Tensor]) -> bool:
        return False

    def integers(self, ins: Instruction) -> list[int]:
        x = ins.inputs["x"]
        return [x.size, x.at, x.row, ins.output.at]

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes["l1"], ins.attributes["l2"]]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor | None, wanted: set[str]
    ) -> dict[str, Tensor]:
        # It is a part of the loss: nothing comes after it.
        return {"x": e.gradient("penalty_grad", ins, "x", x=ins.inputs["x"], **ins.attributes)}

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, rows = ins.inputs["x"], ins.attributes.get("rows", 1)
        places = cells((rows, *x.shape) if x.batch else x.shape)
        values = [ref(x, place) for place in places]
        terms: list[Expr] = []
        if ins.attributes["l1"]:
            sizes = Sum(tuple(Call("abs", (v,)) for v in values))
            terms.append(Product((Number(ins.attributes["l1"]), sizes)))
        if ins.attributes["l2"]:
            squares = Sum(tuple(Power(v, Number(2)) for v in values))
            terms.append(Product((Number(ins.attributes["l2"]), squares)))
        total: Expr = terms[0] if len(terms) == 1 else Sum(tuple(terms))
        return Quotient(total, Number(rows)) if x.batch else total

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [()]

    def right_side(self, ins: Instruction) -> str:
        x, found = ins.inputs["x"].symbol, []
        if ins.attributes["l1"]:
            found.append(f"{ins.attributes['l1']:g} Σ|{x}|")
        if ins.attributes["l2"]:
            found.append(f"{ins.attributes['l2']:g} Σ {x}∘{x}")
        text = " + ".join(found)
        if not ins.inputs["x"].batch:
            return text
        return f"({text}) / n" if len(found) > 1 else f"{text} / n"


@register
class PenaltyGrad(Op):
    """``dx = l1 sign(x) + 2 l2 x``, for outputs divided by the samples; the slope of ``|x|`` at 0 is 0, as in Keras."""

    name = "penalty_grad"
    kernel = "penalty.penalty_grad"

    def integers(self, ins: Instruction) -> list[int]:
        return span_integers(ins.inputs["x"], ins.output)

    def halves(self, ins: Instruction) -> tuple[Half, Half] | None:
        return span_halves(ins, self.integers(ins))

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes["l1"], ins.attributes["l2"], float(ins.inputs["x"].batch)]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x = ref(ins.inputs["x"], cell)
        terms: list[Expr] = []
        if ins.attributes["l1"]:
            terms.append(Product((Number(ins.attributes["l1"]), Call("sign", (x,)))))
        if ins.attributes["l2"]:
            terms.append(Product((Number(2 * ins.attributes["l2"]), x)))
        total: Expr = terms[0] if len(terms) == 1 else Sum(tuple(terms))
        if not ins.inputs["x"].batch:
            return total
        return Quotient(total, Number(ins.attributes.get("rows", 1)))

    def right_side(self, ins: Instruction) -> str:
        x, found = ins.inputs["x"].symbol, []
        if ins.attributes["l1"]:
            found.append(f"{ins.attributes['l1']:g} sign({x})")
        if ins.attributes["l2"]:
            found.append(f"{2 * ins.attributes['l2']:g} {x}")
        text = " + ".join(found)
        if not ins.inputs["x"].batch:
            return text
        return f"({text}) / n" if len(found) > 1 else f"{text} / n"


@register
class PenaltySum(Op):
    """``Ω = Ω₁ + Ω₂ + ...``: all penalties of a network. As many operands as there are penalties."""

    name = "penalty_sum"
    kernel = "penalty.penalty_sum"

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return ()

    def integers(self, ins: Instruction) -> list[int]:
        return [len(ins.inputs), ins.output.at, *(t.at for t in ins.inputs.values())]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return Sum(tuple(ref(t, ()) for t in ins.inputs.values()))

    def right_side(self, ins: Instruction) -> str:
        return " + ".join(t.symbol for t in ins.inputs.values())


@register
class AccumulatePenalty(Op):
    """Adds the penalties to the epoch's running sum of the loss, once for each number that is counted in it.

    Attribute: `numbers`, how many of those a sample has (1, or the places of a sequence or an image). It runs behind
    the `accumulate` that begins the sum anew with every epoch.
    """

    name = "accumulate_penalty"
    kernel = "penalty.accumulate_penalty"
    operands = ("x", "total")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return ()

    def integers(self, ins: Instruction) -> list[int]:
        return [ins.inputs["x"].at, ins.inputs["total"].at, ins.attributes["numbers"]]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        numbers = ins.attributes.get("rows", 1) * ins.attributes["numbers"]
        more = Product((Number(numbers), ref(ins.inputs["x"], ())))
        return Sum((ref(ins.inputs["total"], ()), more))

    def title(self, ins: Instruction) -> str:
        total = ins.inputs["total"].symbol
        return f"{total} ← {total} + n {ins.inputs['x'].symbol}"
