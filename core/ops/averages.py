"""From the numbers of a batch to the one that is minimised, and targets on their way to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.expressions import Call, Expr, Number, Product, Quotient, Sum, minus
from core.ops.base import Cell, Instruction, Op, cells, ref, register, span_integers
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter

#: How shares are made: not divided, by how many there are, by how many count, by the weights.
TOTAL, COUNT, COUNTING, WEIGHTS = 0, 1, 2, 3


def everywhere(t: Tensor, rows: int) -> list[Cell]:
    """All cells of a batch."""
    return [(r, *place) for r in range(rows) for place in cells(t.shape)]


class OneNumber(Op):
    """One number, or a few, for a whole batch or step."""

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return ()

    def batch(self, inputs: dict[str, Tensor]) -> bool:
        return False

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [()]


@register
class BatchMean(OneNumber):
    """The mean, or the sum, of the numbers of a batch: one a sample, or one a time step or pixel."""

    name = "batch_mean"
    kernel = "averages.batch_mean"

    def integers(self, ins: Instruction) -> list[int]:
        return [ins.inputs["x"].at, ins.output.at, ins.inputs["x"].size]

    def reals(self, ins: Instruction) -> list[float]:
        return [float(ins.attributes["mean"])]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        places = everywhere(ins.inputs["x"], ins.attributes.get("rows", 1))
        total = Sum(tuple(ref(ins.inputs["x"], place) for place in places))
        return Quotient(total, Number(len(places))) if ins.attributes["mean"] else total

    def right_side(self, ins: Instruction) -> str:
        return f"{'mean' if ins.attributes['mean'] else 'Σ'} {ins.inputs['x'].symbol}"


@register
class LossShare(Op):
    """What each number of a loss counts in the whole: its weight w, 0 where it is masked (m), over what they sum to.

    Attribute `way`: `TOTAL` ``w m``, `COUNT` ``w / n``, `COUNTING` ``w m / Σ m`` (Keras's mean of masked losses),
    `WEIGHTS` ``w m / Σ w m``. If nothing counts, all are 0.
    """

    name = "loss_share"
    kernel = "averages.loss_share"
    mixes_rows = True
    operands = ("w", "m")

    def integers(self, ins: Instruction) -> list[int]:
        w, m = ins.inputs.get("w"), ins.inputs.get("m")
        places = [-1 if t is None else t.at for t in (w, m)]
        return [ins.output.size, *places, ins.output.at, ins.attributes["way"]]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        way = ins.attributes["way"]
        whole = everywhere(ins.output, ins.attributes.get("rows", 1))
        own = self._counted(ins, cell)
        if way == TOTAL:
            return own
        if way == COUNT:
            return Quotient(own, Number(len(whole)))
        only = ("m",) if way == COUNTING else ("w", "m")
        total = Sum(tuple(self._counted(ins, place, only) for place in whole))
        return Call("where", (Call("equal", (total, Number(0))), Number(0), Quotient(own, total)))

    def _counted(self, ins: Instruction, cell: Cell, names: tuple[str, ...] = ("w", "m")) -> Expr:
        factors = tuple(ref(ins.inputs[k], cell) for k in names if k in ins.inputs)
        return factors[0] if len(factors) == 1 else Product(factors)

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        way = ins.attributes["way"]
        if way == WEIGHTS or (way == COUNTING and operand == "m"):
            return everywhere(ins.output, ins.attributes.get("rows", 1))
        return [cell]

    def right_side(self, ins: Instruction) -> str:
        way, named = ins.attributes["way"], {k: t.symbol for k, t in ins.inputs.items()}
        both = " ".join(named.values())
        over = {
            TOTAL: "",
            COUNT: " / n",
            COUNTING: f" / Σ {named.get('m')}",
            WEIGHTS: f" / Σ {both}",
        }
        return both + over[way]


@register
class SharedSum(OneNumber):
    """``L = Σ s ℓ``: the loss of a batch whose numbers do not all count the same."""

    name = "shared_sum"
    kernel = "averages.shared_sum"
    operands = ("s", "x")

    def integers(self, ins: Instruction) -> list[int]:
        s, x = ins.inputs["s"], ins.inputs["x"]
        return [x.size, s.at, x.at, ins.output.at]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor | None, wanted: set[str]
    ) -> dict[str, Tensor]:
        # The slope of the sum is the share itself; nothing has to be computed.
        return {"x": ins.inputs["s"]}

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        s, x = ins.inputs["s"], ins.inputs["x"]
        places = everywhere(x, ins.attributes.get("rows", 1))
        return Sum(tuple(Product((ref(s, place), ref(x, place))) for place in places))

    def right_side(self, ins: Instruction) -> str:
        return f"Σ {ins.inputs['s'].symbol} {ins.inputs['x'].symbol}"


# ---- targets -------------------------------------------------------------------------------------------------------


@register
class SmoothLabels(Op):
    """``ỹ = a y + b``: label smoothing takes from the right class and gives to all (Szegedy et al. 2016)."""

    name = "smooth_labels"
    kernel = "averages.smooth_labels"
    operands = ("t",)

    def integers(self, ins: Instruction) -> list[int]:
        return span_integers(ins.inputs["t"], ins.output)

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes["scale"], ins.attributes["shift"]]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        scaled = Product((Number(ins.attributes["scale"]), ref(ins.inputs["t"], cell)))
        return Sum((scaled, Number(ins.attributes["shift"])))

    def right_side(self, ins: Instruction) -> str:
        scale, shift = ins.attributes["scale"], ins.attributes["shift"]
        return f"{scale:.4g} {ins.inputs['t'].symbol} + {shift:.4g}"


@register
class SignedLabels(Op):
    """``2 y - 1`` if all targets of the batch are 0 or 1, so that they are -1 and 1; else y, as Keras's hinges do."""

    name = "signed_labels"
    kernel = "averages.signed_labels"
    mixes_rows = True
    operands = ("t",)

    def integers(self, ins: Instruction) -> list[int]:
        return [ins.output.size, ins.inputs["t"].at, ins.output.at]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        t = ins.inputs["t"]
        others = []
        for place in everywhere(t, ins.attributes.get("rows", 1)):
            one = Call("equal", (ref(t, place), Number(1)))
            zero = Call("equal", (ref(t, place), Number(0)))
            others.append(minus(minus(Number(1), one), zero))
        y = ref(t, cell)
        binary = Call("equal", (Sum(tuple(others)), Number(0)))
        return Call("where", (binary, minus(Product((Number(2), y)), Number(1)), y))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return everywhere(ins.output, ins.attributes.get("rows", 1))

    def right_side(self, ins: Instruction) -> str:
        y = ins.inputs["t"].symbol
        return f"2 {y} − 1 if all {y} are 0 or 1"


@register
class LabelCounts(Op):
    """0 where the label is the one that is ignored, else 1."""

    name = "label_counts"
    kernel = "averages.label_counts"
    operands = ("t",)

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return tuple(attributes["output"])

    def integers(self, ins: Instruction) -> list[int]:
        return span_integers(ins.inputs["t"], ins.output)

    def reals(self, ins: Instruction) -> list[float]:
        return [float(ins.attributes["ignore"])]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        t = ins.inputs["t"]
        label = ref(t, cell if len(t.shape) < len(cell) else (*cell, 0))
        ignored = Call("equal", (label, Number(ins.attributes["ignore"])))
        return minus(Number(1), ignored)

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [cell[: len(ins.output.shape) + 1]]

    def right_side(self, ins: Instruction) -> str:
        return f"({ins.inputs['t'].symbol} ≠ {ins.attributes['ignore']})"
