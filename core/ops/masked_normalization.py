"""Batch normalisation of sequences of which some steps are masked: only the others count. Source: Keras 3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.expressions import Call, Expr, Negate, Number, Power, Product, Quotient, Sum, minus
from core.ops.base import Cell, Instruction, Op, cells, channels, ref, register
from core.ops.normalization import Normalize
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter

#: What Keras adds to the count of steps, so that a batch without any does not divide by zero.
TINY = 1e-7


def _steps(ins: Instruction) -> list[int]:
    """How far the mask moves from one place to the next, and from one channel to the next."""
    return [0, 1] if ins.attributes["by_channel"] else [1, 0]


def _mask_cell(ins: Instruction, cell: Cell) -> Cell:
    return (cell[0], cell[-1]) if ins.attributes["by_channel"] else cell[:-1]


class _MaskedStatistic(Op):
    """One number a channel. `by_channel`: the mask belongs to the last axis instead of those before it."""

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return (next(iter(inputs.values())).last,)

    def batch(self, inputs: dict[str, Tensor]) -> bool:
        return False

    def reals(self, ins: Instruction) -> list[float]:
        return [TINY]

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        if operand == "mask" and not ins.attributes["by_channel"]:
            return [(k,) for k in range(ins.output.size)]
        return [cell[-1:]]

    def places(self, ins: Instruction, channel: int) -> list[Cell]:
        """Every value of a channel."""
        x = next(iter(ins.inputs.values()))
        rows = range(ins.attributes.get("rows", 1))
        return [(r, *inner, channel) for r in rows for inner in cells(x.shape[:-1])]

    def mean(self, ins: Instruction, cell: Cell, terms: list[Expr]) -> Expr:
        """The terms' sum divided by the count of steps."""
        mask = ins.inputs["mask"]
        counted: list[Expr] = [ref(mask, _mask_cell(ins, c)) for c in self.places(ins, cell[0])]
        return Quotient(Sum(tuple(terms)), Sum((*counted, Number(TINY))))


@register
class MaskedMean(_MaskedStatistic):
    """``μ = Σ m x / Σ m``."""

    name = "masked_channel_mean"
    kernel = "masked_normalization.masked_mean"
    operands = ("x", "mask")

    def integers(self, ins: Instruction) -> list[int]:
        x, mask = ins.inputs["x"], ins.inputs["mask"]
        place = [x.at, x.row, mask.at, mask.row, *_steps(ins), ins.output.at]
        return [*channels(x), *place, int(ins.attributes.get("all", False))]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, mask = ins.inputs["x"], ins.inputs["mask"]
        places = self.places(ins, cell[0])
        if ins.attributes.get("all", False):
            return self.mean(ins, cell, [ref(x, c) for c in places])
        terms: list[Expr] = [Product((ref(mask, _mask_cell(ins, c)), ref(x, c))) for c in places]
        return self.mean(ins, cell, terms)

    def right_side(self, ins: Instruction) -> str:
        x, m = ins.inputs["x"].symbol, ins.inputs["mask"].symbol
        return f"Σ {x} / Σ {m}" if ins.attributes.get("all", False) else f"Σ {m} ∘ {x} / Σ {m}"


@register
class MaskedMeanProduct(_MaskedStatistic):
    """``Σ a ∘ b / Σ m``."""

    name = "masked_channel_product"
    kernel = "masked_normalization.masked_mean_product"
    operands = ("a", "b", "mask")

    def integers(self, ins: Instruction) -> list[int]:
        a, b, mask = (ins.inputs[k] for k in self.operands)
        return [
            *channels(a), a.at, a.row, b.at, b.row, mask.at, mask.row, *_steps(ins), ins.output.at
        ]  # fmt: skip

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        a, b = ins.inputs["a"], ins.inputs["b"]
        terms: list[Expr] = [Product((ref(a, c), ref(b, c))) for c in self.places(ins, cell[0])]
        return self.mean(ins, cell, terms)

    def right_side(self, ins: Instruction) -> str:
        a, b, m = (ins.inputs[k].symbol for k in self.operands)
        return f"Σ {a} ∘ {b} / Σ {m}"


@register
class MaskedVariance(_MaskedStatistic):
    """``v = Σ m (x - μ)² / Σ m``."""

    name = "masked_channel_variance"
    kernel = "masked_normalization.masked_variance"
    operands = ("x", "mean", "mask")

    def integers(self, ins: Instruction) -> list[int]:
        x, mean, mask = (ins.inputs[k] for k in self.operands)
        place = [x.at, x.row, mask.at, mask.row, *_steps(ins)]
        return [*channels(x), *place, mean.at, ins.output.at]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, mask, mean = ins.inputs["x"], ins.inputs["mask"], ref(ins.inputs["mean"], cell)
        terms: list[Expr] = [
            Product((ref(mask, _mask_cell(ins, c)), Power(minus(ref(x, c), mean), Number(2))))
            for c in self.places(ins, cell[0])
        ]
        return self.mean(ins, cell, terms)

    def right_side(self, ins: Instruction) -> str:
        x, mean, m = (ins.inputs[k].symbol for k in self.operands)
        return f"Σ {m} ∘ ({x} − {mean})² / Σ {m}"


@register
class MaskedNormalize(Normalize):
    """``x̂ = (x - μ) / sqrt(v + ε)``, where only steps that count had a part in μ and v."""

    name = "masked_normalize"
    operands = ("x", "mean", "variance", "mask")

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        mask, how = ins.inputs["mask"], ins.attributes["by_channel"]
        mean = e.gradient_value(
            "masked_channel_mean", ins, "mean_dy", x=dy, mask=mask, by_channel=how, all=True
        )
        product = e.gradient_value(
            "masked_channel_product",
            ins,
            "mean_dy_x",
            a=dy,
            b=ins.output,
            mask=mask,
            by_channel=how,
        )
        dx = e.gradient("masked_normalize_grad", ins, "x", dy=dy, y=ins.output, a=mean, b=product,
                        variance=ins.inputs["variance"], mask=mask, by_channel=how,
                        epsilon=ins.attributes["epsilon"])  # fmt: skip
        return {"x": dx}

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [] if operand == "mask" else super().uses(ins, operand, cell)


@register
class MaskedNormalizeGrad(Op):
    """``dx = (dy - m (mean dy + x̂ mean(dy x̂))) / sqrt(v + ε)``."""

    name = "masked_normalize_grad"
    kernel = "masked_normalization.masked_normalize_grad"
    operands = ("dy", "y", "a", "b", "variance", "mask")

    def integers(self, ins: Instruction) -> list[int]:
        dy, y, mask, dx = ins.inputs["dy"], ins.inputs["y"], ins.inputs["mask"], ins.output
        fixed = [ins.inputs[k].at for k in ("a", "b", "variance")]
        return [
            *channels(dy), dy.at, dy.row, y.at, y.row, *fixed, mask.at, mask.row, *_steps(ins), dx.at, dx.row
        ]  # fmt: skip

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes["epsilon"]]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        channel = cell[-1:]
        dy, y = ref(ins.inputs["dy"], cell), ref(ins.inputs["y"], cell)
        a, b = ref(ins.inputs["a"], channel), ref(ins.inputs["b"], channel)
        mask = ref(ins.inputs["mask"], _mask_cell(ins, cell))
        top = Sum((dy, Negate(Product((mask, Sum((a, Product((y, b)))))))))
        variance = ref(ins.inputs["variance"], channel)
        return Quotient(top, Call("sqrt", (Sum((variance, Number(ins.attributes["epsilon"]))),)))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        y = ins.output
        rows = range(ins.attributes.get("rows", 1))
        if operand == "mask":
            if ins.attributes["by_channel"]:
                return [(cell[0], *inner, cell[1]) for inner in cells(y.shape[:-1])]
            return [(*cell, k) for k in range(y.last)]
        if ins.inputs[operand].batch:
            return [cell]
        return [(r, *inner, cell[0]) for r in rows for inner in cells(y.shape[:-1])]

    def right_side(self, ins: Instruction) -> str:
        dy, y, a, b, v, m = (ins.inputs[k].symbol for k in self.operands)
        return f"({dy} − {m} ∘ ({a} + {y} ∘ {b})) / √({v} + ε)"
