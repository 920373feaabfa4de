"""Losses of each sample, and their gradients.

The gradient of a loss is one instruction that includes the mean over the batch; softmax with cross-entropy is one
instruction ``p - y``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from core.expressions import Call, Expr, Negate, Number, Power, Product, Quotient, Sum, minus
from core.ops.base import Cell, Instruction, Op, ref, register
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter

#: Keras keeps probabilities this far from 0 and 1 before it takes logarithms.
EPSILON = 1e-7


def along(t: Tensor, cell: Cell) -> list[Cell]:
    """The places of the list that a number of the loss is about: `cell` is (sample, ...) without the last axis."""
    return [(*cell, k) for k in range(t.last)] if t.shape else [cell]


class LossRows(Op):
    """One number for each list along the last axis: for a list one a sample, for a sequence one a time step.

    Attributes: `weight` (of this output in the total loss), `mean` (over the batch, or a sum).
    """

    operands = ("p", "t")
    grad = ""

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return next(iter(inputs.values())).shape[:-1]

    def factor(self, ins: Instruction) -> float:
        """What multiplies the sum over a list."""
        return float(ins.attributes.get("factor", 1.0))

    def integers(self, ins: Instruction) -> list[int]:
        p, t = ins.inputs["p"], ins.inputs["t"]
        return [p.inner, p.last, p.at, p.row, t.at, t.row, ins.output.at, ins.output.row]

    def reals(self, ins: Instruction) -> list[float]:
        return [self.factor(ins), EPSILON]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor | None, wanted: set[str]
    ) -> dict[str, Tensor]:
        p, t = ins.inputs["p"], ins.inputs["t"]
        source = e.producer(p)
        if self.grad == "cross_entropy_grad" and source is not None and source.op == "softmax":
            # The two slopes multiply out to p - t, without dividing by a small probability.
            z = source.inputs["x"]
            both = e.gradient(
                "softmax_cross_entropy_grad", ins, "p", of=z, **self.given(ins, dy, p, t)
            )
            e.contribute(z, both, ins.output)
            return {}
        return {"p": e.gradient(self.grad, ins, "p", **self.given(ins, dy, p, t))}

    def given(self, ins: Instruction, dy: Tensor | None, p: Tensor, t: Tensor) -> dict[str, Any]:
        """Operands and constants of the gradient: `dy` says what each number counts if they do not count the same."""
        kept = ("weight", "mean", "factor", "parameter")
        found = {k: ins.attributes[k] for k in kept if k in ins.attributes}
        found |= {"p": p, "t": t, "sparse": int(self.sparse)}
        return found | ({"share": dy} if dy is not None else {})

    sparse = False

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [cell[: len(ins.output.shape) + 1]]

    def each(self, ins: Instruction, cell: Cell) -> list[tuple[Expr, Expr]]:
        """The pairs (prediction, target) of a list."""
        p, t = ins.inputs["p"], ins.inputs["t"]
        return [(ref(p, place), ref(t, place)) for place in along(p, cell)]


class LossGrad(Op):
    """Common to the gradients: what each cell is multiplied by, the batch's mean or a share of its own."""

    operands = ("p", "t", "share")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return inputs["p"].shape

    def integers(self, ins: Instruction) -> list[int]:
        p, t, dp = ins.inputs["p"], ins.inputs["t"], ins.output
        share = ins.inputs.get("share")
        last = [share.at, share.row] if share is not None else [-1, 0]
        given = [p.inner, p.last, p.at, p.row, t.at, t.row, dp.at, dp.row, self.number(ins)]
        return given + last

    def number(self, ins: Instruction) -> int:
        """An integer of the kernel's own: whether targets are labels."""
        return int(ins.attributes["sparse"])

    def factor(self, ins: Instruction) -> float:
        """What multiplies the sum over a list."""
        return float(ins.attributes.get("factor", 1.0))

    def reals(self, ins: Instruction) -> list[float]:
        given = [self.factor(ins), ins.attributes["weight"], float(ins.attributes["mean"])]
        return [*given, EPSILON, float(ins.attributes.get("parameter", 0.0))]

    def shared(self, ins: Instruction, cell: Cell) -> Expr:
        """The factor of a cell."""
        whole = self.factor(ins) * ins.attributes["weight"]
        share = ins.inputs.get("share")
        if share is not None:
            return Product((Number(whole), ref(share, cell[: len(share.shape) + 1])))
        count = ins.attributes.get("rows", 1) * ins.inputs["p"].inner
        return Quotient(Number(whole), Number(count)) if ins.attributes["mean"] else Number(whole)

    def row(self, ins: Instruction, cell: Cell) -> list[Cell]:
        """All places of the list that a cell is part of."""
        return along(ins.output, cell[:-1] if ins.output.shape else cell)

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        if operand == "share" or (operand == "t" and ins.attributes["sparse"]):
            return along(ins.output, cell[: max(len(ins.output.shape), 1)])
        return [cell]

    def target(self, ins: Instruction, cell: Cell) -> Expr:
        """The target of this cell: a number, or whether the label is this class."""
        if ins.attributes["sparse"]:
            return is_label(ins, cell[:-1], cell[-1])
        return ref(ins.inputs["t"], cell)

    def mean_prefix(self, ins: Instruction) -> str:
        """How a title shows what a cell counts: its share, or the mean."""
        share = ins.inputs.get("share")
        if share is not None:
            return f" {share.symbol}"
        return " / n" if ins.attributes["mean"] else ""


@register
class SquaredRows(LossRows):
    """``factor Σ (p - t)²``.

    Factor 1/outputs is Keras's mean squared error, 1/2 the half squared error of the notes.
    """

    name = "squared_rows"
    kernel = "loss.squared_rows"
    grad = "squared_grad"

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        squares = tuple(Power(minus(p, t), Number(2)) for p, t in self.each(ins, cell))
        return Product((Number(self.factor(ins)), Sum(squares)))

    def right_side(self, ins: Instruction) -> str:
        p, t = ins.inputs["p"].symbol, ins.inputs["t"].symbol
        lead = "½ Σ" if self.factor(ins) == 0.5 else "mean"
        return f"{lead} ({p} − {t})²"


@register
class SquaredGrad(LossGrad):
    """``dp = 2 factor (p - t)``."""

    name = "squared_grad"
    kernel = "loss.squared_grad"

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        difference = minus(ref(ins.inputs["p"], cell), ref(ins.inputs["t"], cell))
        plain = not ins.attributes["mean"] and ins.attributes["weight"] == 1
        if self.factor(ins) == 0.5 and plain and "share" not in ins.inputs:
            return difference
        return Product((Number(2), self.shared(ins, cell), difference))

    def right_side(self, ins: Instruction) -> str:
        p, t = ins.inputs["p"].symbol, ins.inputs["t"].symbol
        two = "" if self.factor(ins) == 0.5 else "2 "
        return f"{two}({p} − {t}){self.mean_prefix(ins)}"


def _clipped(p: Expr) -> Expr:
    return Call("clip", (p, Number(EPSILON), Number(1 - EPSILON)))


@register
class BinaryRows(LossRows):
    """``-mean(t ln p + (1 - t) ln(1 - p))``."""

    name = "binary_rows"
    kernel = "loss.binary_rows"
    grad = "binary_grad"

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        terms = []
        for p, t in self.each(ins, cell):
            q = _clipped(p)
            terms.append(
                Sum(
                    (
                        Product((t, Call("log", (q,)))),
                        Product((minus(Number(1), t), Call("log", (minus(Number(1), q),)))),
                    )
                )
            )
        return Product((Number(-self.factor(ins)), Sum(tuple(terms))))

    def right_side(self, ins: Instruction) -> str:
        p, t = ins.inputs["p"].symbol, ins.inputs["t"].symbol
        return f"−({t} ln {p} + (1 − {t}) ln (1 − {p}))"


@register
class BinaryGrad(LossGrad):
    """``dp = (-t/p + (1 - t)/(1 - p)) / outputs``; 0 where p had to be kept away from 0 or 1."""

    name = "binary_grad"
    kernel = "loss.binary_grad"

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        p, t = ref(ins.inputs["p"], cell), ref(ins.inputs["t"], cell)
        slope = minus(Quotient(minus(Number(1), t), minus(Number(1), p)), Quotient(t, p))
        inside = Call("inside", (p, Number(EPSILON), Number(1 - EPSILON)))
        return Call("where", (inside, Product((self.shared(ins, cell), slope)), Number(0)))

    def right_side(self, ins: Instruction) -> str:
        p, t = ins.inputs["p"].symbol, ins.inputs["t"].symbol
        return f"((1 − {t})/(1 − {p}) − {t}/{p}){self.mean_prefix(ins)}"


class _CrossEntropyRows(LossRows):
    """Attribute `divide`: p is divided by its sum first. After a softmax, whose sum is 1, that is left out."""

    grad = "cross_entropy_grad"

    def integers(self, ins: Instruction) -> list[int]:
        return [*super().integers(ins), int(ins.attributes["divide"])]

    def probability(self, ins: Instruction, cell: Cell) -> Expr:
        """What the logarithm is taken of."""
        p = ins.inputs["p"]
        return _clipped(_share(p, cell) if ins.attributes["divide"] else ref(p, cell))

    def shown(self, ins: Instruction) -> str:
        """The probabilities in a title."""
        p = ins.inputs["p"].symbol
        return f"({p} / Σ {p})" if ins.attributes["divide"] else p


@register
class CrossEntropyRows(_CrossEntropyRows):
    """``-Σ t ln p`` for one-hot targets or a distribution."""

    name = "cross_entropy_rows"
    kernel = "loss.cross_entropy_rows"

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        p, t = ins.inputs["p"], ins.inputs["t"]
        terms = tuple(
            Product((ref(t, place), Call("log", (self.probability(ins, place),))))
            for place in along(p, cell)
        )
        return Negate(Sum(terms))

    def right_side(self, ins: Instruction) -> str:
        return f"−Σ {ins.inputs['t'].symbol} ln {self.shown(ins)}"


@register
class SparseCrossEntropyRows(_CrossEntropyRows):
    """``-ln p[label]``."""

    name = "sparse_cross_entropy_rows"
    kernel = "loss.sparse_cross_entropy_rows"
    may_fail = True
    sparse = True

    def reals(self, ins: Instruction) -> list[float]:
        return [*super().reals(ins), float(ins.attributes.get("ignore", math.nan))]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        terms = tuple(
            Product((is_label(ins, cell, k), Call("log", (self.probability(ins, (*cell, k)),))))
            for k in range(ins.inputs["p"].last)
        )
        return counted(ins, cell, Negate(Sum(terms)))

    def right_side(self, ins: Instruction) -> str:
        return f"−ln {self.shown(ins)}[{ins.inputs['t'].symbol}]"


def _share(p: Tensor, cell: Cell) -> Expr:
    return Quotient(ref(p, cell), Sum(tuple(ref(p, place) for place in along(p, cell[:-1]))))


def is_label(ins: Instruction, cell: Cell, k: int) -> Expr:
    """1 if the label of a list (its place without the last axis) is k."""
    t = ins.inputs["t"]
    return Call("equal", (ref(t, cell if len(t.shape) < len(cell) else (*cell, 0)), Number(k)))


def counted(ins: Instruction, cell: Cell, loss: Expr) -> Expr:
    """A loss of a label, 0 if the label is the one that is ignored."""
    if "ignore" not in ins.attributes:
        return loss
    return Call("where", (is_label(ins, cell, ins.attributes["ignore"]), Number(0), loss))


@register
class CrossEntropyGrad(LossGrad):
    """``dp = Σt / Σp - t / p``; a class whose share had to be kept away from 0 or 1 counts as if t were 0."""

    name = "cross_entropy_grad"
    kernel = "loss.cross_entropy_grad"

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        p, row = ins.inputs["p"], self.row(ins, cell)
        counted = Sum(tuple(self._counted(ins, place) for place in row))
        whole = Sum(tuple(ref(p, place) for place in row))
        own = Quotient(self._counted(ins, cell), ref(p, cell))
        return Product((self.shared(ins, cell), minus(Quotient(counted, whole), own)))

    def _counted(self, ins: Instruction, cell: Cell) -> Expr:
        share = _share(ins.inputs["p"], cell)
        inside = Call("inside", (share, Number(EPSILON), Number(1 - EPSILON)))
        return Call("where", (inside, self.target(ins, cell), Number(0)))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return along(ins.output, cell[: len(ins.output.shape)])

    def right_side(self, ins: Instruction) -> str:
        p, t = ins.inputs["p"].symbol, ins.inputs["t"].symbol
        lead = f"1/Σ {p}" if ins.attributes["sparse"] else f"Σ {t}/Σ {p}"
        return f"({lead} − {t}/{p}){self.mean_prefix(ins)}"


@register
class SoftmaxCrossEntropyGrad(LossGrad):
    """``dz = p - t``: the slopes of softmax and cross-entropy multiplied out (Bishop 2006, 4.109)."""

    name = "softmax_cross_entropy_grad"
    kernel = "loss.softmax_cross_entropy_grad"

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        p, t = ins.inputs["p"], ins.inputs["t"]
        prediction: Expr = ref(p, cell)
        if not ins.attributes["sparse"]:
            total = Sum(tuple(ref(t, place) for place in self.row(ins, cell)))
            prediction = Product((prediction, total))
        return Product((self.shared(ins, cell), minus(prediction, self.target(ins, cell))))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [cell] if operand == "p" else along(ins.output, cell[: len(ins.output.shape)])

    def right_side(self, ins: Instruction) -> str:
        return f"({ins.inputs['p'].symbol} − {ins.inputs['t'].symbol}){self.mean_prefix(ins)}"
