"""From what metrics counted to the number that is told: the same rules for a batch and for the epoch so far."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from core.expressions import Call, Expr, Number, Product, Quotient, Sum, minus
from core.ops.base import Cell, Instruction, Op, ref, register
from core.tape.tensors import Shape, Tensor

_ZERO, _ONE, _TINY = Number(0), Number(1), Number(1e-7)
#: The rows of what is counted, and how formulas call them.
KINDS = ("TP", "FP", "TN", "FN")


def _share(a: Expr, b: Expr) -> Expr:
    """``a / b``, 0 if b is 0."""
    return Call("where", (Call("equal", (b, _ZERO)), _ZERO, Quotient(a, b)))


class _Scores(Op):
    """Numbers from counts (kinds, how many) or (kinds, thresholds, labels)."""

    operands = ("s",)

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return inputs["s"].shape[1:]

    def cell_of(self, ins: Instruction, kind: int, cell: Cell) -> Expr:
        return ref(ins.inputs["s"], (kind, *cell))


@register
class PickCounts(_Scores):
    """One kind of count. Attribute `kind`: its row, of TP, FP, TN, FN."""

    name = "pick_counts"
    kernel = "scores.pick_counts"

    def integers(self, ins: Instruction) -> list[int]:
        n = ins.output.size
        return [ins.inputs["s"].at + ins.attributes["kind"] * n, n, ins.output.at]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return self.cell_of(ins, ins.attributes["kind"], cell)

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [cell[1:]] if cell[0] == ins.attributes["kind"] else []

    def right_side(self, ins: Instruction) -> str:
        return KINDS[ins.attributes["kind"]]


@register
class QuotientScores(_Scores):
    """``a / (a + b)`` of two kinds of counts, 0 if there are none: precision TP / (TP + FP), recall TP / (TP + FN)."""

    name = "quotient_scores"
    kernel = "scores.quotient_scores"

    def integers(self, ins: Instruction) -> list[int]:
        n, at = ins.output.size, ins.inputs["s"].at
        a, b = ins.attributes["kinds"]
        return [at + a * n, at + b * n, n, ins.output.at]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        a, b = (self.cell_of(ins, kind, cell) for kind in ins.attributes["kinds"])
        return _share(a, Sum((a, b)))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [cell[1:]] if cell[0] in ins.attributes["kinds"] else []

    def right_side(self, ins: Instruction) -> str:
        a, b = (KINDS[kind] for kind in ins.attributes["kinds"])
        return f"{a} / ({a} + {b})"


@register
class FScores(_Scores):
    """``(1 + β²) p r / (β² p + r)`` of precision p and recall r (van Rijsbergen 1979); with 1e-7 below, as in Keras."""

    name = "f_scores"
    kernel = "scores.f_scores"

    def integers(self, ins: Instruction) -> list[int]:
        return [ins.inputs["s"].at, ins.output.size, ins.output.at]

    def reals(self, ins: Instruction) -> list[float]:
        return [float(ins.attributes["beta"]) ** 2]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        tp, fp, _, fn = (self.cell_of(ins, kind, cell) for kind in range(4))
        precision, recall = (Quotient(tp, Sum((tp, other, _TINY))) for other in (fp, fn))
        square = self.reals(ins)[0]
        below = Sum((Product((Number(square), precision)), recall, _TINY))
        return Product((Number(1 + square), Quotient(Product((precision, recall)), below)))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [] if cell[0] == 2 else [cell[1:]]

    def right_side(self, ins: Instruction) -> str:
        beta = ins.attributes["beta"]
        if beta == 1:
            return "2 TP / (2 TP + FP + FN)"
        return f"(1 + {beta:g}²) TP / ((1 + {beta:g}²) TP + {beta:g}² FN + FP)"


@register
class Areas(Op):
    """The area under a curve whose points are thresholds, of each label.

    Attributes: `curve` 0 ROC, 1 precision and recall, 2 their gains (Flach and Kull 2015); `summation` 0 in between
    (for precision and recall as Davis and Goadrich 2006), 1 the lower, 2 the higher of two neighbours.
    """

    name = "areas"
    kernel = "scores.areas"
    operands = ("s",)

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return (inputs["s"].shape[2] if len(inputs["s"].shape) > 2 else 1,)

    def integers(self, ins: Instruction) -> list[int]:
        s, given = ins.inputs["s"], ins.attributes
        return [
            s.at,
            s.shape[1],
            ins.output.size,
            ins.output.at,
            given["curve"],
            given["summation"],
        ]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        s, curve, way = ins.inputs["s"], ins.attributes["curve"], ins.attributes["summation"]
        own = cell if len(s.shape) > 2 else ()
        counts = [tuple(ref(s, (kind, k, *own)) for kind in range(4)) for k in range(s.shape[1])]
        if curve == 1 and way == 0:
            return Sum(tuple(_between(a, b) for a, b in pairwise(counts)))
        points = [_point(curve, *four) for four in counts]
        terms = []
        for (x, y), (after_x, after_y) in pairwise(points):
            height: Expr = Quotient(Sum((y, after_y)), Number(2))
            if way:
                height = Call("min" if way == 1 else "max", (y, after_y))
            terms.append(Product((minus(x, after_x), height)))
        return Sum(tuple(terms))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        curve, way = ins.attributes["curve"], ins.attributes["summation"]
        if curve == 1 and (cell[0] == 2 or (way == 0 and cell[0] == 3 and cell[1] == 0)):
            return []
        return [(cell[2] if len(cell) > 2 else 0,)]

    def right_side(self, ins: Instruction) -> str:
        curve = ("TPR over FPR", "precision over recall", "precision gain over recall gain")
        return f"area under {curve[ins.attributes['curve']]}"


def _point(curve: int, tp: Expr, fp: Expr, tn: Expr, fn: Expr) -> tuple[Expr, Expr]:
    recall = _share(tp, Sum((tp, fn)))
    if curve == 0:
        return _share(fp, Sum((fp, tn))), recall
    if curve == 1:
        return recall, _share(tp, Sum((tp, fp)))
    scale = _share(Sum((tp, fn)), Sum((tn, fp)))
    none = Call("equal", (tp, _ZERO))
    gains = [
        Call("where", (none, empty, minus(_ONE, Product((scale, _share(wrong, tp))))))
        for wrong, empty in ((fn, _ZERO), (fp, _ONE))
    ]
    return Call("max", (gains[0], _ZERO)), gains[1]


def _between(a: tuple[Expr, ...], b: tuple[Expr, ...]) -> Expr:
    """The part of the area between two points of precision over recall."""
    (tp, fp, _, _), (after, after_fp, _, after_fn) = a, b
    dtp, p, after_p = minus(tp, after), Sum((tp, fp)), Sum((after, after_fp))
    dp = minus(p, after_p)
    slope = Call("where", (Call("positive", (dp,)), Quotient(dtp, dp), _ZERO))
    intercept = minus(after, Product((slope, after_p)))
    both = Product((Call("positive", (p,)), Call("positive", (after_p,))))
    ratio = Call("log", (Call("where", (both, Quotient(p, after_p), _ONE)),))
    part = Product((slope, Sum((dtp, Product((intercept, ratio))))))
    return _share(part, Sum((after, after_fn)))


@register
class R2Scores(_Scores):
    """``1 - Σ(t - p)² / Σ(t - mean t)²`` of each output, 0 if its targets are all the same.

    Attribute `num_regressors`: 0, or how many independent variables the adjusted score is of.
    """

    name = "r2_scores"
    kernel = "scores.r2_scores"

    def integers(self, ins: Instruction) -> list[int]:
        n = ins.output.size
        return [ins.inputs["s"].at, n, ins.output.at, ins.attributes["num_regressors"]]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        residual = self.cell_of(ins, 2, cell)
        whole = self.cell_of(ins, 1, cell)
        same = Product(
            (Call("equal", (whole, _ZERO)), minus(_ONE, Call("equal", (residual, _ZERO))))
        )
        score: Expr = Call("where", (same, _ZERO, minus(_ONE, Quotient(residual, whole))))
        extra = ins.attributes["num_regressors"]
        if not extra:
            return score
        size = Sum(tuple(self.cell_of(ins, 4, (k,)) for k in range(ins.output.size)))
        left = minus(size, Number(extra + 1))
        lost = Quotient(Product((minus(_ONE, score), minus(size, _ONE))), left)
        return Call("where", (Call("positive", (left,)), minus(_ONE, lost), score))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        if cell[0] == 4:
            every = range(ins.output.size) if ins.attributes["num_regressors"] else ()
            return [(k,) for k in every]
        return [cell[1:]] if cell[0] in (1, 2) else []

    def right_side(self, ins: Instruction) -> str:
        return "1 − Σ(y − ŷ)² / Σ(y − mean y)²"


#: How several scores become one: all alike, by weights, by how many samples a class has, by the variation of targets.
ALIKE, BY_WEIGHTS, BY_SUPPORT, BY_VARIATION = 0, 1, 2, 3


@register
class AverageScores(Op):
    """One number for several scores. Attributes: `way`, `weights` (empty unless it is `BY_WEIGHTS`)."""

    name = "average_scores"
    kernel = "scores.average_scores"
    operands = ("x", "s")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return ()

    def integers(self, ins: Instruction) -> list[int]:
        x, s = ins.inputs["x"], ins.inputs.get("s")
        return [x.at, x.size, ins.output.at, ins.attributes["way"], x.at if s is None else s.at]

    def reals(self, ins: Instruction) -> list[float]:
        return list(ins.attributes["weights"])

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, way = ins.inputs["x"], ins.attributes["way"]
        scores = tuple(ref(x, (k,)) for k in range(x.size))
        if way == ALIKE:
            return Quotient(Sum(scores), Number(x.size))
        weights: list[Expr] = []
        for k in range(x.size):
            if way == BY_WEIGHTS:
                weights.append(Number(ins.attributes["weights"][k]))
            elif way == BY_SUPPORT:
                s = ins.inputs["s"]
                weights.append(Sum((ref(s, (0, k)), ref(s, (3, k)))))
            else:
                weights.append(ref(ins.inputs["s"], (1, k)))
        whole = Sum((*weights, *((_TINY,) if way == BY_SUPPORT else ())))
        total = Sum(tuple(Product((w, x)) for w, x in zip(weights, scores, strict=True)))
        return Quotient(total, whole) if way == BY_VARIATION else _share(total, whole)

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        if operand == "x":
            return [()]
        read = (0, 3) if ins.attributes["way"] == BY_SUPPORT else (1,)
        return [()] if cell[0] in read else []

    def right_side(self, ins: Instruction) -> str:
        by = ("", ", by weights", ", by samples of a class", ", by variation")
        return f"mean {ins.inputs['x'].symbol}{by[ins.attributes['way']]}"


@register
class Root(Op):
    """``√x``, or ``√(x / n)`` of a running sum and its count."""

    name = "root"
    kernel = "scores.root"
    operands = ("x", "n")

    def integers(self, ins: Instruction) -> list[int]:
        n = ins.inputs.get("n")
        return [ins.inputs["x"].at, -1 if n is None else n.at, ins.output.at]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, n = ref(ins.inputs["x"], cell), ins.inputs.get("n")
        return Call("sqrt", (x if n is None else _share(x, ref(n, cell)),))

    def right_side(self, ins: Instruction) -> str:
        n = ins.inputs.get("n")
        x = ins.inputs["x"].symbol
        return f"√{x}" if n is None else f"√({x} / {n.symbol})"
