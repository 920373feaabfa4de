"""Layer normalisation in its textbook steps (Ba, Kiros and Hinton 2016, equation 3): each row by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.expressions import Call, Expr, Negate, Number, Power, Product, Quotient, Sum, minus
from core.ops.base import Cell, Instruction, Op, channels, ref, register
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter


def _row(cell: Cell, n: int) -> list[Cell]:
    return [(*cell, k) for k in range(n)]


def _deviation(variance: Expr, epsilon: float) -> Expr:
    return Call("sqrt", (Sum((variance, Number(epsilon))),))


class _RowStatistic(Op):
    """One number a row: the last axis is gone."""

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return next(iter(inputs.values())).shape[:-1]

    def integers(self, ins: Instruction) -> list[int]:
        tensors = (*ins.inputs.values(), ins.output)
        return [*channels(tensors[0]), *(number for t in tensors for number in (t.at, t.row))]

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [cell[: 1 + len(ins.output.shape)]]


@register
class RowMean(_RowStatistic):
    """``μ = mean x`` of each row."""

    name = "row_mean"
    kernel = "layer_normalization.row_mean"

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x = ins.inputs["x"]
        return Quotient(Sum(tuple(ref(x, c) for c in _row(cell, x.last))), Number(x.last))

    def right_side(self, ins: Instruction) -> str:
        return f"mean {ins.inputs['x'].symbol}"


@register
class RowVariance(_RowStatistic):
    """``v = mean (x - μ)²`` of each row: divided by the count, not by one less."""

    name = "row_variance"
    kernel = "layer_normalization.row_variance"
    operands = ("x", "mean")

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, mean = ins.inputs["x"], ref(ins.inputs["mean"], cell)
        squares = tuple(Power(minus(ref(x, c), mean), Number(2)) for c in _row(cell, x.last))
        return Quotient(Sum(squares), Number(x.last))

    def right_side(self, ins: Instruction) -> str:
        return f"mean ({ins.inputs['x'].symbol} − {ins.inputs['mean'].symbol})²"


@register
class RowMeanProduct(_RowStatistic):
    """``mean a ∘ b`` of each row."""

    name = "row_mean_product"
    kernel = "layer_normalization.row_mean_product"
    operands = ("a", "b")

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        a, b = ins.inputs["a"], ins.inputs["b"]
        products = tuple(Product((ref(a, c), ref(b, c))) for c in _row(cell, a.last))
        return Quotient(Sum(products), Number(a.last))

    def right_side(self, ins: Instruction) -> str:
        return f"mean {ins.inputs['a'].symbol} ∘ {ins.inputs['b'].symbol}"


def _per_row(ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
    whole = ins.inputs[operand].shape == ins.output.shape
    return [cell] if whole else _row(cell, ins.output.last)


@register
class RowNormalize(Op):
    """``x̂ = (x - μ) / sqrt(v + ε)``, with mean and variance of the row."""

    name = "row_normalize"
    kernel = "layer_normalization.row_normalize"
    operands = ("x", "mean", "variance")

    def integers(self, ins: Instruction) -> list[int]:
        tensors = (*ins.inputs.values(), ins.output)
        return [*channels(tensors[0]), *(number for t in tensors for number in (t.at, t.row))]

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes["epsilon"]]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        # Mean and variance depend on x too: their share is in the two means.
        mean = e.gradient_value("row_mean", ins, "mean_dy", x=dy)
        product = e.gradient_value("row_mean_product", ins, "mean_dy_x", a=dy, b=ins.output)
        dx = e.gradient("row_normalize_grad", ins, "x", dy=dy, y=ins.output, a=mean, b=product,
                        variance=ins.inputs["variance"], epsilon=ins.attributes["epsilon"])  # fmt: skip
        return {"x": dx}

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        row = cell[:-1]
        top = minus(ref(ins.inputs["x"], cell), ref(ins.inputs["mean"], row))
        return Quotient(
            top, _deviation(ref(ins.inputs["variance"], row), ins.attributes["epsilon"])
        )

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return _per_row(ins, operand, cell)

    def right_side(self, ins: Instruction) -> str:
        x, m, v = (ins.inputs[k].symbol for k in ("x", "mean", "variance"))
        return f"({x} − {m}) / √({v} + ε)"


@register
class RowNormalizeGrad(Op):
    """``dx = (dy - mean dy - x̂ mean(dy x̂)) / sqrt(v + ε)``."""

    name = "row_normalize_grad"
    kernel = "layer_normalization.row_normalize_grad"
    operands = ("dy", "y", "a", "b", "variance")

    def integers(self, ins: Instruction) -> list[int]:
        tensors = (*ins.inputs.values(), ins.output)
        return [*channels(tensors[0]), *(number for t in tensors for number in (t.at, t.row))]

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes["epsilon"]]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        row = cell[:-1]
        dy, y = ref(ins.inputs["dy"], cell), ref(ins.inputs["y"], cell)
        a, b = ref(ins.inputs["a"], row), ref(ins.inputs["b"], row)
        top = Sum((dy, Negate(a), Negate(Product((y, b)))))
        return Quotient(
            top, _deviation(ref(ins.inputs["variance"], row), ins.attributes["epsilon"])
        )

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return _per_row(ins, operand, cell)

    def right_side(self, ins: Instruction) -> str:
        dy, y, a, b, v = (ins.inputs[k].symbol for k in ("dy", "y", "a", "b", "variance"))
        return f"({dy} − {a} − {y} ∘ {b}) / √({v} + ε)"
