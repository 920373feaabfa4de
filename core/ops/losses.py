"""Losses of each sample, their gradients, and the number that is minimised.

The gradient of a loss is one instruction that includes the mean over the batch; softmax with cross-entropy is one
instruction ``p - y``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.expressions import Call, Expr, Negate, Number, Power, Product, Quotient, Sum, minus
from core.ops.base import Cell, Instruction, Op, cells, ref, register
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter

#: Keras keeps probabilities this far from 0 and 1 before it takes logarithms.
EPSILON = 1e-7


class LossRows(Op):
    """One number a sample.

    Attributes: `weight` (of this output in the total loss), `mean` (over the batch, or a sum).
    """

    operands = ("p", "t")
    grad = ""

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return ()

    def factor(self, ins: Instruction) -> float:
        """What multiplies a sample's sum."""
        return 1.0

    def integers(self, ins: Instruction) -> list[int]:
        p, t = ins.inputs["p"], ins.inputs["t"]
        return [p.size, p.at, p.row, t.at, t.row, ins.output.at]

    def reals(self, ins: Instruction) -> list[float]:
        return [self.factor(ins), EPSILON]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor | None, wanted: set[str]
    ) -> dict[str, Tensor]:
        p, t = ins.inputs["p"], ins.inputs["t"]
        share = {k: ins.attributes[k] for k in ("weight", "mean", "factor") if k in ins.attributes}
        source = e.producer(p)
        if self.grad == "cross_entropy_grad" and source is not None and source.op == "softmax":
            # The two slopes multiply out to p - t, without dividing by a small probability.
            z = source.inputs["x"]
            e.contribute(z, e.gradient("softmax_cross_entropy_grad", ins, "p", of=z, p=p, t=t,
                                       sparse=int(self.sparse), **share))  # fmt: skip
            return {}
        return {"p": e.gradient(self.grad, ins, "p", p=p, t=t, sparse=int(self.sparse), **share)}

    sparse = False

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [cell[:1]]

    def each(self, ins: Instruction, row: int) -> list[tuple[Expr, Expr]]:
        """The pairs (prediction, target) of a sample."""
        p, t = ins.inputs["p"], ins.inputs["t"]
        return [(ref(p, (row, *cell)), ref(t, (row, *cell))) for cell in cells(p.shape)]


class LossGrad(Op):
    """Common to the gradients: the factor 1 / rows of the batch's mean."""

    operands = ("p", "t")

    def integers(self, ins: Instruction) -> list[int]:
        p, t, dp = ins.inputs["p"], ins.inputs["t"], ins.output
        return [p.size, p.at, p.row, t.at, t.row, dp.at, dp.row, ins.attributes["sparse"]]

    def factor(self, ins: Instruction) -> float:
        """What multiplies a sample's sum."""
        return float(ins.attributes.get("factor", 1.0))

    def reals(self, ins: Instruction) -> list[float]:
        return [self.factor(ins), ins.attributes["weight"], float(ins.attributes["mean"]), EPSILON]

    def shared(self, ins: Instruction) -> Expr:
        """The factor of every cell, with the batch's mean in it."""
        whole = self.factor(ins) * ins.attributes["weight"]
        rows = ins.attributes.get("rows", 1)
        return Quotient(Number(whole), Number(rows)) if ins.attributes["mean"] else Number(whole)

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        if operand == "t" and ins.attributes["sparse"]:
            return [(cell[0], k) for k in range(ins.output.size)]
        return [cell]

    def target(self, ins: Instruction, cell: Cell) -> Expr:
        """The target of this cell: a number, or whether the label is this class."""
        t = ins.inputs["t"]
        if ins.attributes["sparse"]:
            return Call(
                "equal", (ref(t, (cell[0], 0) if t.shape else (cell[0],)), Number(cell[-1]))
            )
        return ref(t, cell)

    def mean_prefix(self, ins: Instruction) -> str:
        """How a title shows the mean."""
        return " / n" if ins.attributes["mean"] else ""


@register
class SquaredRows(LossRows):
    """``factor Σ (p - t)²``.

    Factor 1/outputs is Keras's mean squared error, 1/2 the half squared error of the notes.
    """

    name = "squared_rows"
    kernel = "loss.squared_rows"
    grad = "squared_grad"

    def factor(self, ins: Instruction) -> float:
        return float(ins.attributes["factor"])

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        squares = tuple(Power(minus(p, t), Number(2)) for p, t in self.each(ins, cell[0]))
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
        if self.factor(ins) == 0.5 and not ins.attributes["mean"] and ins.attributes["weight"] == 1:
            return difference
        return Product((Number(2), self.shared(ins), difference))

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

    def factor(self, ins: Instruction) -> float:
        return float(ins.attributes["factor"])

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        terms = []
        for p, t in self.each(ins, cell[0]):
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
        return Call("where", (inside, Product((self.shared(ins), slope)), Number(0)))

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
        t = ins.inputs["t"]
        terms = tuple(
            Product((ref(t, (cell[0], *k)), Call("log", (self.probability(ins, (cell[0], *k)),))))
            for k in cells(ins.inputs["p"].shape)
        )
        return Negate(Sum(terms))

    def right_side(self, ins: Instruction) -> str:
        return f"−Σ {ins.inputs['t'].symbol} ln {self.shown(ins)}"


@register
class SparseCrossEntropyRows(_CrossEntropyRows):
    """``-ln p[label]``."""

    name = "sparse_cross_entropy_rows"
    kernel = "loss.sparse_cross_entropy_rows"
    sparse = True

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        terms = tuple(
            Product(
                (is_label(ins, cell[0], k), Call("log", (self.probability(ins, (cell[0], k)),)))
            )
            for k in range(ins.inputs["p"].size)
        )
        return Negate(Sum(terms))

    def right_side(self, ins: Instruction) -> str:
        return f"−ln {self.shown(ins)}[{ins.inputs['t'].symbol}]"


def _share(p: Tensor, cell: Cell) -> Expr:
    return Quotient(ref(p, cell), Sum(tuple(ref(p, (cell[0], k)) for k in range(p.size))))


def is_label(ins: Instruction, row: int, k: int) -> Expr:
    """1 if a sample's label is k."""
    t = ins.inputs["t"]
    return Call("equal", (ref(t, (row, 0) if t.shape else (row,)), Number(k)))


@register
class CrossEntropyGrad(LossGrad):
    """``dp = Σt / Σp - t / p``; a class whose share had to be kept away from 0 or 1 counts as if t were 0."""

    name = "cross_entropy_grad"
    kernel = "loss.cross_entropy_grad"

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        p, row = ins.inputs["p"], cell[0]
        counted = Sum(tuple(self._counted(ins, (row, k)) for k in range(p.size)))
        whole = Sum(tuple(ref(p, (row, k)) for k in range(p.size)))
        own = Quotient(self._counted(ins, cell), ref(p, cell))
        return Product((self.shared(ins), minus(Quotient(counted, whole), own)))

    def _counted(self, ins: Instruction, cell: Cell) -> Expr:
        share = _share(ins.inputs["p"], cell)
        inside = Call("inside", (share, Number(EPSILON), Number(1 - EPSILON)))
        return Call("where", (inside, self.target(ins, cell), Number(0)))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [(cell[0], k) for k in range(ins.output.size)]

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
            total = Sum(tuple(ref(t, (cell[0], k)) for k in range(p.size)))
            prediction = Product((prediction, total))
        return Product((self.shared(ins), minus(prediction, self.target(ins, cell))))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [cell] if operand == "p" else [(cell[0], k) for k in range(ins.output.size)]

    def right_side(self, ins: Instruction) -> str:
        return f"({ins.inputs['p'].symbol} − {ins.inputs['t'].symbol}){self.mean_prefix(ins)}"


@register
class BatchMean(Op):
    """The mean, or the sum, of one number a sample."""

    name = "batch_mean"
    kernel = "loss.batch_mean"

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return ()

    def batch(self, inputs: dict[str, Tensor]) -> bool:
        return False

    def integers(self, ins: Instruction) -> list[int]:
        return [ins.inputs["x"].at, ins.output.at]

    def reals(self, ins: Instruction) -> list[float]:
        return [float(ins.attributes["mean"])]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        rows = ins.attributes.get("rows", 1)
        total = Sum(tuple(ref(ins.inputs["x"], (r,)) for r in range(rows)))
        return Quotient(total, Number(rows)) if ins.attributes["mean"] else total

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [()]

    def right_side(self, ins: Instruction) -> str:
        return f"{'mean' if ins.attributes['mean'] else 'Σ'} {ins.inputs['x'].symbol}"


@register
class AccuracyRows(Op):
    """1 for every sample that is right. Attribute `kind`: 0 labels, 1 one-hot, 2 binary."""

    name = "accuracy_rows"
    kernel = "loss.accuracy_rows"
    operands = ("p", "t")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return ()

    def integers(self, ins: Instruction) -> list[int]:
        p, t = ins.inputs["p"], ins.inputs["t"]
        return [p.size, p.at, p.row, t.at, t.row, ins.output.at, ins.attributes["kind"]]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        p, t, row = ins.inputs["p"], ins.inputs["t"], cell[0]
        kind, n = ins.attributes["kind"], p.size
        values = tuple(ref(p, (row, *place)) for place in cells(p.shape))
        if kind == 2:
            half = Number(0.5)
            hits = tuple(
                Call("equal", (Call("positive", (minus(v, half),)), ref(t, (row, *place))))
                for v, place in zip(values, cells(p.shape), strict=True)
            )
            return Quotient(Sum(hits), Number(n))
        if kind == 0:
            label: Expr = ref(t, (row, 0) if t.shape else (row,))
            return Sum(
                tuple(
                    Product(
                        (
                            Call("equal", (label, Number(k))),
                            Call("is_first_max", (Number(k), *values)),
                        )
                    )
                    for k in range(n)
                )
            )
        wanted = tuple(ref(t, (row, k)) for k in range(n))
        return Sum(
            tuple(
                Product(
                    (
                        Call("is_first_max", (Number(k), *wanted)),
                        Call("is_first_max", (Number(k), *values)),
                    )
                )
                for k in range(n)
            )
        )

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [cell[:1]]

    def right_side(self, ins: Instruction) -> str:
        return f"({ins.inputs['p'].symbol} agrees with {ins.inputs['t'].symbol})"
