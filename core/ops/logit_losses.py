"""Losses of logits: no probability in between, so that nothing has to be kept away from 0 and 1."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from core.expressions import Call, Expr, Negate, Number, Product, Sum, minus
from core.ops.base import Cell, Instruction, ref, register
from core.ops.losses import LossGrad, LossRows, along, counted, is_label
from core.tape.tensors import Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter


class _LogitRows(LossRows):
    """A loss of logits z. Its slope is p - t with the p that the tape holds beside it."""

    operands = ("z", "t")
    link = ""

    def integers(self, ins: Instruction) -> list[int]:
        z, t = ins.inputs["z"], ins.inputs["t"]
        return [z.inner, z.last, z.at, z.row, t.at, t.row, ins.output.at, ins.output.row]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor | None, wanted: set[str]
    ) -> dict[str, Tensor]:
        z, t = ins.inputs["z"], ins.inputs["t"]
        p = next(i.output for i in e.instructions if i.op == self.link and i.inputs["x"] is z)
        return {"z": e.gradient(self.grad, ins, "z", **self.given(ins, dy, p, t))}


@register
class SoftmaxCrossEntropyRows(_LogitRows):
    """``-Σ t ln softmax(z)``, without the probabilities in between.

    The kernel subtracts the largest z first: same value, no overflow.
    """

    name = "softmax_cross_entropy_rows"
    kernel = "loss.softmax_cross_entropy_rows"
    grad = "softmax_cross_entropy_grad"
    link = "softmax"

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        z, t = ins.inputs["z"], ins.inputs["t"]
        places = along(z, cell)
        whole = Sum(tuple(ref(t, place) for place in places))
        chosen = Sum(tuple(Product((ref(t, place), ref(z, place))) for place in places))
        return minus(Product((whole, _log_sum_exp(z, cell))), chosen)

    def right_side(self, ins: Instruction) -> str:
        return f"−Σ {ins.inputs['t'].symbol} ln softmax({ins.inputs['z'].symbol})"


@register
class SparseSoftmaxCrossEntropyRows(_LogitRows):
    """``-ln softmax(z)[label]``, without the probabilities in between."""

    name = "sparse_softmax_cross_entropy_rows"
    kernel = "loss.sparse_softmax_cross_entropy_rows"
    may_fail = True
    grad = "softmax_cross_entropy_grad"
    link = "softmax"
    sparse = True

    def reals(self, ins: Instruction) -> list[float]:
        return [*super().reals(ins), float(ins.attributes.get("ignore", math.nan))]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        z = ins.inputs["z"]
        chosen = tuple(Product((is_label(ins, cell, k), ref(z, (*cell, k)))) for k in range(z.last))
        return counted(ins, cell, minus(_log_sum_exp(z, cell), Sum(chosen)))

    def right_side(self, ins: Instruction) -> str:
        return f"−ln softmax({ins.inputs['z'].symbol})[{ins.inputs['t'].symbol}]"


def _log_sum_exp(z: Tensor, cell: Cell) -> Expr:
    powers = tuple(Call("exp", (ref(z, place),)) for place in along(z, cell))
    return Call("log", (Sum(powers),))


@register
class SigmoidCrossEntropyRows(_LogitRows):
    """``mean (max(z, 0) - z t + ln(1 + exp(-|z|)))``: binary cross-entropy of sigmoid(z)."""

    name = "sigmoid_cross_entropy_rows"
    kernel = "loss.sigmoid_cross_entropy_rows"
    grad = "sigmoid_cross_entropy_grad"
    link = "sigmoid"

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        terms: list[Expr] = []
        for place in along(ins.inputs["z"], cell):
            z, t = ref(ins.inputs["z"], place), ref(ins.inputs["t"], place)
            small = Call("exp", (Negate(Call("abs", (z,))),))
            terms += [Call("relu", (z,)), Negate(Product((z, t)))]
            terms.append(Call("log", (Sum((Number(1), small)),)))
        return Product((Number(self.factor(ins)), Sum(tuple(terms))))

    def right_side(self, ins: Instruction) -> str:
        z, t = ins.inputs["z"].symbol, ins.inputs["t"].symbol
        return f"max({z}, 0) − {z} {t} + ln(1 + exp(−|{z}|))"


@register
class SigmoidCrossEntropyGrad(LossGrad):
    """``dz = (p - t) / outputs``: the slopes of sigmoid and binary cross-entropy multiplied out."""

    name = "sigmoid_cross_entropy_grad"
    kernel = "loss.sigmoid_cross_entropy_grad"

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        difference = minus(ref(ins.inputs["p"], cell), self.target(ins, cell))
        return Product((self.shared(ins, cell), difference))

    def right_side(self, ins: Instruction) -> str:
        return f"({ins.inputs['p'].symbol} − {ins.inputs['t'].symbol}){self.mean_prefix(ins)}"
