"""Batch normalisation in its textbook steps (Ioffe and Szegedy 2015, algorithm 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from core.expressions import Call, Expr, Negate, Number, Product, Quotient, Ref, Sum, minus
from core.ops.base import Cell, Instruction, Op, cells, channels, ref, register
from core.ops.summing import everywhere, sum_of
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter


class _Statistic(Op):
    """One number a channel, over samples and places."""

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return (next(iter(inputs.values())).last,)

    def batch(self, inputs: dict[str, Tensor]) -> bool:
        return False

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [cell[-1:]]

    def mean(self, ins: Instruction, channel: Cell, *names: str, around: Ref | None = None) -> Expr:
        """The mean of products of operands over every value of a channel."""
        shape = ins.inputs[names[0]].shape
        places = (*everywhere(ins.attributes.get("rows", 1), *shape[:-1]), *channel)
        total = sum_of(*((ins.inputs[name], places) for name in names), around=around)
        return Quotient(total, Number(total.count))


@register
class ChannelMean(_Statistic):
    """``μ = mean x``."""

    name = "channel_mean"
    kernel = "normalization.channel_mean"

    def integers(self, ins: Instruction) -> list[int]:
        x = ins.inputs["x"]
        return [*channels(x), x.at, x.row, ins.output.at]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return self.mean(ins, cell, "x")

    def right_side(self, ins: Instruction) -> str:
        return f"mean {ins.inputs['x'].symbol}"


@register
class ChannelVariance(_Statistic):
    """``v = mean (x - μ)²``: divided by the count, not by one less."""

    name = "channel_variance"
    kernel = "normalization.channel_variance"
    operands = ("x", "mean")

    def integers(self, ins: Instruction) -> list[int]:
        x = ins.inputs["x"]
        return [*channels(x), x.at, x.row, ins.inputs["mean"].at, ins.output.at]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return self.mean(ins, cell, "x", around=ref(ins.inputs["mean"], cell))

    def right_side(self, ins: Instruction) -> str:
        return f"mean ({ins.inputs['x'].symbol} − {ins.inputs['mean'].symbol})²"


@register
class ChannelMeanProduct(_Statistic):
    """``mean a ∘ b``."""

    name = "channel_mean_product"
    kernel = "normalization.channel_mean_product"
    operands = ("a", "b")

    def integers(self, ins: Instruction) -> list[int]:
        a, b = ins.inputs["a"], ins.inputs["b"]
        return [*channels(a), a.at, a.row, b.at, b.row, ins.output.at]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return self.mean(ins, cell, "a", "b")

    def right_side(self, ins: Instruction) -> str:
        return f"mean {ins.inputs['a'].symbol} ∘ {ins.inputs['b'].symbol}"


def _per_channel(ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
    if ins.inputs[operand].batch:
        return [cell]
    rows = ins.attributes.get("rows", 1)
    return [(r, *inner, cell[0]) for r in range(rows) for inner in cells(ins.output.shape[:-1])]


def _deviation(variance: Expr, epsilon: float) -> Expr:
    return Call("sqrt", (Sum((variance, Number(epsilon))),))


@register
class Normalize(Op):
    """``x̂ = (x - μ) / sqrt(v + ε)``."""

    name = "normalize"
    kernel = "normalization.normalize"
    operands: ClassVar[tuple[str, ...]] = ("x", "mean", "variance")

    def integers(self, ins: Instruction) -> list[int]:
        x, y = ins.inputs["x"], ins.output
        return [
            *channels(x),
            x.at,
            x.row,
            ins.inputs["mean"].at,
            ins.inputs["variance"].at,
            y.at,
            y.row,
        ]

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes["epsilon"]]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        variance, epsilon = ins.inputs["variance"], ins.attributes["epsilon"]
        if variance.role == "statistic":
            return {
                "x": e.gradient(
                    "normalize_fixed_grad", ins, "x", dy=dy, variance=variance, epsilon=epsilon
                )
            }
        # Mean and variance depend on x too: their share is in the two means below.
        mean = e.gradient_value("channel_mean", ins, "mean_dy", x=dy)
        product = e.gradient_value("channel_mean_product", ins, "mean_dy_x", a=dy, b=ins.output)
        dx = e.gradient("normalize_grad", ins, "x", dy=dy, y=ins.output, a=mean, b=product, variance=variance,
                        epsilon=epsilon)  # fmt: skip
        return {"x": dx}

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        channel = cell[-1:]
        top = minus(ref(ins.inputs["x"], cell), ref(ins.inputs["mean"], channel))
        return Quotient(
            top, _deviation(ref(ins.inputs["variance"], channel), ins.attributes["epsilon"])
        )

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return _per_channel(ins, operand, cell)

    def right_side(self, ins: Instruction) -> str:
        x, m, v = (ins.inputs[k].symbol for k in ("x", "mean", "variance"))
        return f"({x} − {m}) / √({v} + ε)"


@register
class NormalizeGrad(Op):
    """``dx = (dy - mean dy - x̂ mean(dy x̂)) / sqrt(v + ε)``."""

    name = "normalize_grad"
    kernel = "normalization.normalize_grad"
    operands = ("dy", "y", "a", "b", "variance")

    def integers(self, ins: Instruction) -> list[int]:
        dy, y, dx = ins.inputs["dy"], ins.inputs["y"], ins.output
        fixed = [ins.inputs[k].at for k in ("a", "b", "variance")]
        return [*channels(dy), dy.at, dy.row, y.at, y.row, *fixed, dx.at, dx.row]

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes["epsilon"]]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        channel = cell[-1:]
        dy, y = ref(ins.inputs["dy"], cell), ref(ins.inputs["y"], cell)
        a, b = ref(ins.inputs["a"], channel), ref(ins.inputs["b"], channel)
        top = Sum((dy, Negate(a), Negate(Product((y, b)))))
        return Quotient(
            top, _deviation(ref(ins.inputs["variance"], channel), ins.attributes["epsilon"])
        )

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return _per_channel(ins, operand, cell)

    def right_side(self, ins: Instruction) -> str:
        dy, y, a, b, v = (ins.inputs[k].symbol for k in ("dy", "y", "a", "b", "variance"))
        return f"({dy} − {a} − {y} ∘ {b}) / √({v} + ε)"


@register
class NormalizeFixedGrad(Op):
    """``dx = dy / sqrt(v + ε)`` while the statistics are constants."""

    name = "normalize_fixed_grad"
    kernel = "normalization.normalize_fixed_grad"
    operands = ("dy", "variance")

    def integers(self, ins: Instruction) -> list[int]:
        dy, dx = ins.inputs["dy"], ins.output
        return [*channels(dy), dy.at, dy.row, ins.inputs["variance"].at, dx.at, dx.row]

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes["epsilon"]]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        variance = ref(ins.inputs["variance"], cell[-1:])
        return Quotient(
            ref(ins.inputs["dy"], cell), _deviation(variance, ins.attributes["epsilon"])
        )

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return _per_channel(ins, operand, cell)

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.inputs['dy'].symbol} / √({ins.inputs['variance'].symbol} + ε)"


@register
class MovingAverage(Op):
    """``m = momentum m + (1 - momentum) x``; changes `m` in place once a step."""

    name = "moving_average"
    kernel = "normalization.moving_average"
    operands = ("m", "x")

    def integers(self, ins: Instruction) -> list[int]:
        m = ins.inputs["m"]
        return [m.size, m.at, ins.inputs["x"].at]

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes["momentum"]]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        keep = ins.attributes["momentum"]
        return Sum(
            (
                Product((Number(keep), ref(ins.inputs["m"], cell))),
                Product((Number(1 - keep), ref(ins.inputs["x"], cell))),
            )
        )

    def title(self, ins: Instruction) -> str:
        m, x, keep = ins.inputs["m"].symbol, ins.inputs["x"].symbol, ins.attributes["momentum"]
        return f"{m} ← {keep:g} {m} + {1 - keep:g} {x}"
