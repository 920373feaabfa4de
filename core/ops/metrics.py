"""What metrics count in a batch: which lists are right, and how answers agree with targets."""

from __future__ import annotations

from typing import Any

from core.expressions import Call, Expr, Number, Power, Product, Quotient, Ref, Sum, minus
from core.ops.averages import everywhere
from core.ops.base import Cell, Instruction, Op, ref, register
from core.ops.losses import along
from core.tape.tensors import Shape, Tensor

_ZERO, _ONE = Number(0), Number(1)
#: What stands for numbers that are not among the k largest, as in Keras.
NOTHING = -1e10


def places(t: Tensor, cell: Cell) -> list[Cell]:
    """All cells of the list that a cell is part of."""
    return along(t, cell[: max(len(t.shape), 1)])


def label_of(t: Tensor, cell: Cell) -> Ref:
    """The label of a list: `cell` is (sample, ...) without the last axis."""
    return ref(t, cell if len(t.shape) < len(cell) else (*cell, 0))


def _rows_of(ins: Instruction) -> int:
    return int(ins.attributes.get("rows", 1))


class _Rows(Op):
    """One number for each list along the last axis."""

    operands = ("p", "t")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return inputs["p"].shape[:-1]

    def integers(self, ins: Instruction) -> list[int]:
        p, t, out = ins.inputs["p"], ins.inputs["t"], ins.output
        return [p.inner, p.last, p.at, p.row, t.at, t.row, out.at, out.row, ins.attributes["kind"]]

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [cell[: len(ins.output.shape) + 1]]


@register
class AccuracyRows(_Rows):
    """1 for every list along the last axis that is right.

    Attribute `kind`: 0 labels, 1 one-hot, 2 above `threshold` or not, 3 equal; of the last two the share of the list.
    """

    name = "accuracy_rows"
    kernel = "metrics.accuracy_rows"

    def reals(self, ins: Instruction) -> list[float]:
        return [float(ins.attributes.get("threshold", 0.5))]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        p, t, kind = ins.inputs["p"], ins.inputs["t"], ins.attributes["kind"]
        where = along(p, cell)
        values = tuple(ref(p, place) for place in where)
        if kind >= 2:
            limit = Number(self.reals(ins)[0])
            read: tuple[Expr, ...] = values
            if kind == 2:
                read = tuple(Call("positive", (minus(v, limit),)) for v in values)
            hits = tuple(
                Call("equal", (v, ref(t, place))) for v, place in zip(read, where, strict=True)
            )
            return Quotient(Sum(hits), Number(len(where)))
        if kind == 0:
            label = label_of(t, cell)
            right = [Call("equal", (label, Number(k))) for k in range(len(where))]
        else:
            wanted = tuple(ref(t, place) for place in where)
            right = [Call("is_first_max", (Number(k), *wanted)) for k in range(len(where))]
        found = [Call("is_first_max", (Number(k), *values)) for k in range(len(where))]
        return Sum(tuple(Product((a, b)) for a, b in zip(right, found, strict=True)))

    def right_side(self, ins: Instruction) -> str:
        p, t = ins.inputs["p"].symbol, ins.inputs["t"].symbol
        if ins.attributes["kind"] == 2:
            return f"(({p} > {self.reals(ins)[0]:g}) = {t})"
        return f"({p} agrees with {t})"


@register
class TopKRows(_Rows):
    """1 for every list in which fewer than `k` numbers are larger than that of the right class.

    Attribute `kind`: 0 labels, 1 one-hot, 2 labels where the list holds the classes themselves, the best first.
    """

    name = "top_k_rows"
    kernel = "metrics.top_k_rows"

    def integers(self, ins: Instruction) -> list[int]:
        return [*super().integers(ins), ins.attributes["k"]]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        p, t, kind, best = ins.inputs["p"], ins.inputs["t"], *map(ins.attributes.get, ("kind", "k"))
        assert isinstance(best, int)
        values = [ref(p, place) for place in along(p, cell)]
        if kind == 2:
            hits = Sum(tuple(Call("equal", (v, label_of(t, cell))) for v in values[:best]))
            return Call("positive", (hits,))
        if kind == 0:
            right = [Call("equal", (label_of(t, cell), Number(k))) for k in range(len(values))]
        else:
            wanted = tuple(ref(t, place) for place in along(t, cell))
            right = [Call("is_first_max", (Number(k), *wanted)) for k in range(len(values))]
        terms = []
        for own, here in zip(values, right, strict=True):
            larger = Sum(tuple(Call("positive", (minus(v, own),)) for v in values))
            terms.append(Product((here, Call("positive", (minus(Number(best), larger),)))))
        return Sum(tuple(terms))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        if operand == "p" and ins.attributes["kind"] == 2 and cell[-1] >= ins.attributes["k"]:
            return []
        return super().uses(ins, operand, cell)

    def right_side(self, ins: Instruction) -> str:
        return f"({ins.inputs['t'].symbol} is among the {ins.attributes['k']} largest {ins.inputs['p'].symbol})"


# ---- answers ---------------------------------------------------------------------------------------------------------


@register
class OneHot(Op):
    """Labels as rows of 0 with a 1 at the label's place."""

    name = "one_hot"
    kernel = "metrics.one_hot"
    operands = ("t",)

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return tuple(attributes["output"])

    def integers(self, ins: Instruction) -> list[int]:
        t, out = ins.inputs["t"], ins.output
        return [out.inner, out.last, t.at, t.row, out.at, out.row]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return Call("equal", (label_of(ins.inputs["t"], cell[:-1]), Number(cell[-1])))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return along(ins.output, cell[: len(ins.output.shape)])

    def right_side(self, ins: Instruction) -> str:
        return f"one-hot {ins.inputs['t'].symbol}"


class _Answers(Op):
    """A number for each of the predictions."""

    operands = ("p",)

    def integers(self, ins: Instruction) -> list[int]:
        p, out = ins.inputs["p"], ins.output
        return [p.inner, p.last, p.at, p.row, out.at, out.row]


@register
class TopKOnly(_Answers):
    """Each list with its `k` largest numbers; the others are -1e10, below every threshold. Of equal ones the first."""

    name = "top_k_only"
    kernel = "metrics.top_k_only"

    def integers(self, ins: Instruction) -> list[int]:
        return [*super().integers(ins), ins.attributes["k"]]

    def reals(self, ins: Instruction) -> list[float]:
        return [NOTHING]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        p = ins.inputs["p"]
        own = ref(p, cell)
        ahead: list[Expr] = []
        for place in places(p, cell):
            if place != cell:
                other = ref(p, place)
                ahead.append(Call("positive", (minus(other, own),)))
                if place < cell:
                    ahead.append(Call("equal", (other, own)))
        kept = Call(
            "positive", (minus(Number(ins.attributes["k"]), Sum(tuple(ahead) or (_ZERO,))),)
        )
        return Call("where", (kept, own, Number(NOTHING)))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return places(ins.output, cell)

    def right_side(self, ins: Instruction) -> str:
        return f"the {ins.attributes['k']} largest {ins.inputs['p'].symbol}"


@register
class Decide(_Answers):
    """1 where the answer is yes. Attribute `way`: 0 above `threshold`, 1 the largest of its list."""

    name = "decide"
    kernel = "metrics.decide"

    def integers(self, ins: Instruction) -> list[int]:
        return [*super().integers(ins), ins.attributes["way"]]

    def reals(self, ins: Instruction) -> list[float]:
        return [float(ins.attributes.get("threshold", 0.5))]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        p = ins.inputs["p"]
        own = ref(p, cell)
        if ins.attributes["way"] == 0:
            return Call("positive", (minus(own, Number(self.reals(ins)[0])),))
        larger = Sum(tuple(Call("positive", (minus(ref(p, k), own),)) for k in places(p, cell)))
        there = Call("positive", (minus(Call("abs", (own,)), Number(1e-9)),))
        return Product((Call("equal", (larger, _ZERO)), there))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [cell] if ins.attributes["way"] == 0 else places(ins.output, cell)

    def right_side(self, ins: Instruction) -> str:
        p = ins.inputs["p"].symbol
        if ins.attributes["way"] == 0:
            limit = self.reals(ins)[0]
            return f"({p} is chosen)" if limit == NOTHING else f"({p} > {limit:g})"
        return f"({p} is the largest)"


# ---- counts of a batch -----------------------------------------------------------------------------------------------


class _Counts(Op):
    """Numbers of a whole batch, each list counting its weight `w`."""

    def batch(self, inputs: dict[str, Tensor]) -> bool:
        return False

    def pair(self, ins: Instruction, names: str) -> list[int]:
        """Places and rows of operands; -1 for one that is missing."""
        found = []
        for name in names:
            t = ins.inputs.get(name)
            found += [-1, 0] if t is None else [t.at, t.row]
        return found

    def weighed(self, ins: Instruction, cell: Cell, factors: tuple[Expr, ...]) -> Expr:
        """A product with the weight of the list at `cell` (sample, ...)."""
        w = ins.inputs.get("w")
        every = factors if w is None else (ref(w, cell), *factors)
        return every[0] if len(every) == 1 else Product(every)


@register
class Outcomes(_Counts):
    """TP, FP, TN and FN: how many answers d are rightly yes, wrongly yes, rightly no, wrongly no.

    Attributes: `columns` 1 for all classes together, or as many as there are; `only` one class, -1 for all; `soft` 1 if
    targets count as the numbers they are, 0 if as yes unless they are 0.
    """

    name = "outcomes"
    kernel = "metrics.outcomes"
    operands = ("d", "t", "w")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return (4, attributes["columns"])

    def integers(self, ins: Instruction) -> list[int]:
        d, given = ins.inputs["d"], ins.attributes
        counted = [given["columns"], given["only"], given["soft"]]
        return [d.inner, d.last, *self.pair(ins, "dtw"), ins.output.at, *counted]

    def _counted(self, ins: Instruction, column: int) -> list[Cell]:
        only, own = ins.attributes["only"], ins.attributes["columns"] > 1
        return [
            place
            for place in everywhere(ins.inputs["d"], _rows_of(ins))
            if only in (-1, place[-1]) and (not own or place[-1] == column)
        ]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        d, t = ins.inputs["d"], ins.inputs["t"]
        terms = []
        for place in self._counted(ins, cell[1]):
            answer, truth = ref(d, place), _truth(t, place, soft=ins.attributes["soft"])
            answer = answer if cell[0] < 2 else minus(_ONE, answer)  # type: ignore[assignment]
            truth = truth if cell[0] in (0, 3) else minus(_ONE, truth)
            terms.append(self.weighed(ins, place[:-1], (answer, truth)))
        return Sum(tuple(terms) or (_ZERO,))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        only, columns = ins.attributes["only"], ins.attributes["columns"]
        if operand != "w" and only not in (-1, cell[-1]):
            return []
        own = range(columns) if operand == "w" or columns == 1 else [cell[-1]]
        return [(kind, column) for kind in range(4) for column in own]

    def title(self, ins: Instruction) -> str:
        return (
            f"TP, FP, TN, FN = counts of {ins.inputs['d'].symbol} against {ins.inputs['t'].symbol}"
        )


def _truth(t: Tensor, place: Cell, *, soft: int) -> Expr:
    y = ref(t, place)
    return y if soft else minus(_ONE, Call("equal", (y, _ZERO)))


@register
class OutcomesByThreshold(_Counts):
    """TP, FP, TN and FN for each of several thresholds.

    Attributes: `thresholds`; `even` 1 if they are spread evenly from 0 to 1, 2 if besides the first lies below 0;
    `columns` and `only` as of `Outcomes`; `weights` of the classes, or empty.
    """

    name = "outcomes_by_threshold"
    kernel = "metrics.outcomes_by_threshold"
    operands = ("p", "t", "w")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        columns, count = attributes["columns"], len(attributes["thresholds"])
        return (4, count) if columns == 1 else (4, count, columns)

    def integers(self, ins: Instruction) -> list[int]:
        p, given = ins.inputs["p"], ins.attributes
        counted = [len(given["thresholds"]), given["columns"], given["only"], given["even"]]
        return [
            p.inner, p.last, *self.pair(ins, "ptw"), ins.output.at, *counted, int(bool(given["weights"])),
        ]  # fmt: skip

    def reals(self, ins: Instruction) -> list[float]:
        given = ins.attributes
        return [*([] if given["even"] else given["thresholds"]), *given["weights"]]

    def _above(self, ins: Instruction, value: Expr, index: int) -> Expr:
        given = ins.attributes
        if not given["even"]:
            return Call("positive", (minus(value, Number(given["thresholds"][index])),))
        steps = Number(len(given["thresholds"]) - 1)
        place = Product((Call("clip", (value, _ZERO, _ONE)), steps))
        if index == 0:
            # The first lies a little below 0: everything is above it.
            return Call("positive", (Sum((place, _ONE)) if given["even"] == 2 else place,))
        return Call("positive", (minus(place, Number(index)),))

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        p, t, given = ins.inputs["p"], ins.inputs["t"], ins.attributes
        terms = []
        for place in everywhere(p, _rows_of(ins)):
            if given["only"] not in (-1, place[-1]) or (len(cell) > 2 and place[-1] != cell[2]):
                continue
            above, truth = self._above(ins, ref(p, place), cell[1]), _truth(t, place, soft=0)
            above = above if cell[0] < 2 else minus(_ONE, above)
            truth = truth if cell[0] in (0, 3) else minus(_ONE, truth)
            own = (Number(given["weights"][place[-1]]),) if given["weights"] else ()
            terms.append(self.weighed(ins, place[:-1], (*own, above, truth)))
        return Sum(tuple(terms) or (_ZERO,))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        given, shape = ins.attributes, ins.output.shape
        if operand != "w" and given["only"] not in (-1, cell[-1]):
            return []
        heads = [(kind, index) for kind in range(4) for index in range(shape[1])]
        if len(shape) == 2:
            return list(heads)
        own = range(shape[2]) if operand == "w" else [cell[-1]]
        return [(*head, column) for head in heads for column in own]

    def title(self, ins: Instruction) -> str:
        p, t, count = (
            ins.inputs["p"].symbol,
            ins.inputs["t"].symbol,
            len(ins.attributes["thresholds"]),
        )
        return f"TP, FP, TN, FN = counts of ({p} > {count} thresholds) against {t}"


@register
class ConfusionCounts(_Counts):
    """How many lists of each class (row) are taken for each class (column).

    Attribute `kind`: 0 labels, 1 one-hot, 2 one number above `threshold` or not.
    """

    name = "confusion_counts"
    kernel = "metrics.confusion_counts"
    operands = ("p", "t", "w")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        classes = 2 if attributes["kind"] == 2 else inputs["p"].last
        return (classes, classes)

    def integers(self, ins: Instruction) -> list[int]:
        p = ins.inputs["p"]
        return [p.inner, p.last, *self.pair(ins, "ptw"), ins.output.at, ins.attributes["kind"]]

    def reals(self, ins: Instruction) -> list[float]:
        return [float(ins.attributes.get("threshold", 0.5))]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        p, t, kind = ins.inputs["p"], ins.inputs["t"], ins.attributes["kind"]
        terms = []
        for place in everywhere(p, _rows_of(ins)):
            if place[-1]:
                continue
            values = tuple(ref(p, k) for k in along(p, place[:-1]))
            truth: Expr
            if kind == 2:
                above = Call("positive", (minus(values[0], Number(self.reals(ins)[0])),))
                found = Call("equal", (above, Number(cell[1])))
                truth = Call("equal", (_truth(t, place, soft=0), Number(cell[0])))
            else:
                found = Call("is_first_max", (Number(cell[1]), *values))
                wanted = tuple(ref(t, k) for k in along(t, place[:-1])) if kind == 1 else ()
                truth = Call("is_first_max", (Number(cell[0]), *wanted))
                if kind == 0:
                    truth = Call("equal", (label_of(t, place[:-1]), Number(cell[0])))
            terms.append(self.weighed(ins, place[:-1], (found, truth)))
        return Sum(tuple(terms))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        n = ins.output.shape[0]
        return [(a, b) for a in range(n) for b in range(n)]

    def title(self, ins: Instruction) -> str:
        return f"{ins.output.symbol} = classes of {ins.inputs['t'].symbol} × classes of {ins.inputs['p'].symbol}"


@register
class TargetMeans(_Counts):
    """``Σ w t / Σ w``: the mean of the targets of each output, 0 if nothing counts."""

    name = "target_means"
    kernel = "metrics.target_means"
    operands = ("t", "w")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return (inputs["t"].last,)

    def integers(self, ins: Instruction) -> list[int]:
        return [ins.inputs["t"].last, *self.pair(ins, "tw"), ins.output.at]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        rows, t, w = _rows_of(ins), ins.inputs["t"], ins.inputs.get("w")
        total = Sum(tuple(self.weighed(ins, (r,), (ref(t, (r, *cell)),)) for r in range(rows)))
        if w is None:
            return Quotient(total, Number(rows))
        whole = Sum(tuple(ref(w, (r,)) for r in range(rows)))
        return Call("where", (Call("equal", (whole, _ZERO)), _ZERO, Quotient(total, whole)))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [(k,) for k in range(ins.output.size)] if operand == "w" else [(cell[-1],)]

    def right_side(self, ins: Instruction) -> str:
        return f"mean {ins.inputs['t'].symbol}"


@register
class R2Sums(_Counts):
    """Of each output the mean m of its targets, ``Σ w (t - m)²``, ``Σ w (t - p)²``, ``Σ w`` and how many samples."""

    name = "r2_sums"
    kernel = "metrics.r2_sums"
    operands = ("p", "t", "w", "m")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return (5, inputs["p"].last)

    def integers(self, ins: Instruction) -> list[int]:
        places = self.pair(ins, "ptw")
        return [ins.inputs["p"].last, *places, ins.inputs["m"].at, ins.output.at]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        p, t, m = ins.inputs["p"], ins.inputs["t"], ref(ins.inputs["m"], (cell[1],))
        if cell[0] == 0:
            return m
        terms: list[Expr] = []
        for r in range(_rows_of(ins)):
            place = (r, cell[1])
            summed: dict[int, Expr] = {
                1: Power(minus(ref(t, place), m), Number(2)),
                2: Power(minus(ref(t, place), ref(p, place)), Number(2)),
            }
            one = summed.get(cell[0], _ONE)
            terms.append(_ONE if cell[0] == 4 else self.weighed(ins, (r,), (one,)))
        return Sum(tuple(terms))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        if operand == "w":
            return [(kind, k) for kind in (1, 2, 3) for k in range(ins.output.shape[1])]
        kinds = {"p": (2,), "t": (1, 2), "m": (0, 1)}[operand]
        return [(kind, cell[-1]) for kind in kinds]

    def title(self, ins: Instruction) -> str:
        p, t, m = (ins.inputs[key].symbol for key in "ptm")
        return f"{m}, Σ ({t} − {m})², Σ ({t} − {p})², n"


@register
class WeightedMean(_Counts):
    """``Σ s x / Σ s``: the mean of what counts, 0 if nothing does."""

    name = "weighted_mean"
    kernel = "metrics.weighted_mean"
    operands = ("s", "x")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return ()

    def integers(self, ins: Instruction) -> list[int]:
        s, x = ins.inputs["s"], ins.inputs["x"]
        return [x.size, s.at, x.at, ins.output.at]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        s, x = ins.inputs["s"], ins.inputs["x"]
        every = everywhere(x, _rows_of(ins))
        whole = Sum(tuple(ref(s, place) for place in every))
        total = Sum(tuple(Product((ref(s, place), ref(x, place))) for place in every))
        return Call("where", (Call("equal", (whole, _ZERO)), _ZERO, Quotient(total, whole)))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [()]

    def right_side(self, ins: Instruction) -> str:
        s, x = ins.inputs["s"].symbol, ins.inputs["x"].symbol
        return f"Σ {s} {x} / Σ {s}"


@register
class AccumulateCounts(Op):
    """Running sums over the epoch, one for each number; the first batch of an epoch begins them anew."""

    name = "accumulate_counts"
    kernel = "metrics.accumulate_counts"
    operands = ("x", "total")

    def batch(self, inputs: dict[str, Tensor]) -> bool:
        return False

    def integers(self, ins: Instruction) -> list[int]:
        x = ins.inputs["x"]
        return [x.at, ins.inputs["total"].at, x.size]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        added = ref(ins.inputs["x"], cell)
        if ins.attributes.get("first", False):
            return added
        return Sum((ref(ins.inputs["total"], cell), added))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [] if operand == "total" and ins.attributes.get("first", False) else [cell]

    def title(self, ins: Instruction) -> str:
        total = ins.inputs["total"].symbol
        return f"{total} ← {total} + {ins.inputs['x'].symbol}"


@register
class AccumulateMoments(AccumulateCounts):
    """What `r2_sums` found in a batch joins that of the epoch: means and distances from them are merged (Chan 1979)."""

    name = "accumulate_moments"
    kernel = "metrics.accumulate_moments"

    def integers(self, ins: Instruction) -> list[int]:
        x = ins.inputs["x"]
        return [x.at, ins.inputs["total"].at, x.last]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        if ins.attributes.get("first", False) or cell[0] > 1:
            return super().explain(ins, cell)
        x, total, k = ins.inputs["x"], ins.inputs["total"], cell[1]
        whole = Sum((ref(total, (3, k)), ref(x, (3, k))))
        apart, share = minus(ref(x, (0, k)), ref(total, (0, k))), Quotient(ref(x, (3, k)), whole)
        more: tuple[Expr, ...] = (Product((apart, share)),)
        if cell[0] == 1:
            between = Product((Power(apart, Number(2)), ref(total, (3, k)), share))
            more = (ref(x, cell), between)
        before = ref(total, cell)
        return Call("where", (Call("equal", (whole, _ZERO)), before, Sum((before, *more))))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        if ins.attributes.get("first", False):
            return super().uses(ins, operand, cell)
        readers = {0: (0, 1), 3: (0, 1, 3)}.get(cell[0], (cell[0],))
        return [(kind, *cell[1:]) for kind in readers]

    def title(self, ins: Instruction) -> str:
        total = ins.inputs["total"].symbol
        return f"{total} ← {total} merged with {ins.inputs['x'].symbol}"
