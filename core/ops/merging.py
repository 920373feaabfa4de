"""Operations of layers that join branches."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from core.expressions import Call, Expr, Negate, Number, Power, Product, Quotient, Sum, minus
from core.ops.base import Cell, Instruction, Op, ref, register, span_integers
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter


@register
class Subtract(Op):
    """``y = a - b``."""

    name = "subtract"
    kernel = "merging.subtract"
    operands = ("a", "b")

    def integers(self, ins: Instruction) -> list[int]:
        return span_integers(ins.inputs["a"], ins.inputs["b"], ins.output)

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        found = {"a": dy} if "a" in wanted else {}
        if "b" in wanted:
            found["b"] = e.gradient("negate", ins, "b", x=dy)
        return found

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return minus(ref(ins.inputs["a"], cell), ref(ins.inputs["b"], cell))

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.inputs['a'].symbol} − {ins.inputs['b'].symbol}"


@register
class NegateOp(Op):
    """``y = -x``."""

    name = "negate"
    kernel = "merging.negate"

    def integers(self, ins: Instruction) -> list[int]:
        return span_integers(ins.inputs["x"], ins.output)

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        return {"x": e.gradient("negate", ins, "x", x=dy)}

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return Negate(ref(ins.inputs["x"], cell))

    def right_side(self, ins: Instruction) -> str:
        return f"−{ins.inputs['x'].symbol}"


@register
class Divide(Op):
    """``y = x / n`` for a number n: the mean of n branches, once they are added."""

    name = "divide"
    kernel = "merging.divide"

    def integers(self, ins: Instruction) -> list[int]:
        return span_integers(ins.inputs["x"], ins.output)

    def reals(self, ins: Instruction) -> list[float]:
        return [float(ins.attributes["number"])]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        return {"x": e.gradient("divide", ins, "x", x=dy, number=ins.attributes["number"])}

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return Quotient(ref(ins.inputs["x"], cell), Number(ins.attributes["number"]))

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.inputs['x'].symbol} / {ins.attributes['number']:g}"


class _Extreme(Op):
    """The larger or smaller of two; equal ones share the gradient, as in Keras on PyTorch and JAX."""

    operands = ("a", "b")
    sign = 1

    def integers(self, ins: Instruction) -> list[int]:
        return span_integers(ins.inputs["a"], ins.inputs["b"], ins.output)

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        other = {"a": "b", "b": "a"}
        return {
            key: e.gradient(
                f"{self.name}_grad",
                ins,
                key,
                x=ins.inputs[key],
                other=ins.inputs[other[key]],
                dy=dy,
            )
            for key in sorted(wanted)
        }

    def right_side(self, ins: Instruction) -> str:
        return f"{self.name[:3]}({ins.inputs['a'].symbol}, {ins.inputs['b'].symbol})"


@register
class Maximum(_Extreme):
    """``y = max(a, b)``, value by value."""

    name = "maximum"
    kernel = "merging.maximum"

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return Call("max", (ref(ins.inputs["a"], cell), ref(ins.inputs["b"], cell)))


@register
class Minimum(_Extreme):
    """``y = min(a, b) = -max(-a, -b)``, value by value."""

    name = "minimum"
    kernel = "merging.minimum"

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return Negate(
            Call("max", (Negate(ref(ins.inputs["a"], cell)), Negate(ref(ins.inputs["b"], cell))))
        )


@register
class MaximumGrad(Op):
    """The gradient goes to the larger one; two equal ones get half each, which is the slope between both sides."""

    name = "maximum_grad"
    kernel = "merging.extreme_grad"
    operands = ("x", "other", "dy")
    sign = 1

    def integers(self, ins: Instruction) -> list[int]:
        return [*span_integers(*ins.inputs.values(), ins.output), self.sign]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, other = ref(ins.inputs["x"], cell), ref(ins.inputs["other"], cell)
        ahead = minus(x, other) if self.sign > 0 else minus(other, x)
        share = Sum((Call("positive", (ahead,)), Quotient(Call("equal", (x, other)), Number(2))))
        return Product((ref(ins.inputs["dy"], cell), share))

    def right_side(self, ins: Instruction) -> str:
        x, other, dy = (ins.inputs[k].symbol for k in ("x", "other", "dy"))
        return f"{dy} ∘ ({x} {'>' if self.sign > 0 else '<'} {other})"


@register
class MinimumGrad(MaximumGrad):
    """The gradient goes to the smaller one; two equal ones get half each."""

    name = "minimum_grad"
    sign = -1


@register
class WhereMask(Op):
    """``y[t] = a[t]`` where the step counts, else ``b[t]``, or a number: what a merge reads of masked steps."""

    name = "where_mask"
    kernel = "merging.where_mask"
    operands = ("mask", "a", "b")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return inputs["a"].shape

    def integers(self, ins: Instruction) -> list[int]:
        mask, a, y = ins.inputs["mask"], ins.inputs["a"], ins.output
        b = ins.inputs.get("b")
        other = b if b is not None else a
        return [
            a.shape[0], prod(a.shape[1:]), mask.at, mask.row, a.at, a.row, other.at, other.row, y.at, y.row,
            int(b is not None),
        ]  # fmt: skip

    def reals(self, ins: Instruction) -> list[float]:
        return [float(ins.attributes.get("number", 0.0))]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        return {
            key: e.gradient(
                "where_mask_grad", ins, key, mask=ins.inputs["mask"], dy=dy, when=int(key == "a")
            )
            for key in sorted(wanted & {"a", "b"})
        }

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        b = ins.inputs.get("b")
        other = ref(b, cell) if b is not None else Number(ins.attributes["number"])
        return Call("where", (ref(ins.inputs["mask"], cell[:2]), ref(ins.inputs["a"], cell), other))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return _whole_step(ins, cell) if operand == "mask" else [cell]

    def right_side(self, ins: Instruction) -> str:
        mask, a = ins.inputs["mask"].symbol, ins.inputs["a"].symbol
        b = ins.inputs.get("b")
        return (
            f"{mask} ? {a} : {b.symbol if b is not None else format(ins.attributes['number'], 'g')}"
        )


@register
class WhereMaskGrad(Op):
    """The gradient goes to what was taken."""

    name = "where_mask_grad"
    kernel = "merging.where_mask_grad"
    operands = ("mask", "dy")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return inputs["dy"].shape

    def integers(self, ins: Instruction) -> list[int]:
        mask, dy, dx = ins.inputs["mask"], ins.inputs["dy"], ins.output
        return [
            dy.shape[0], prod(dy.shape[1:]), mask.at, mask.row, dy.at, dy.row, dx.at, dx.row,
            ins.attributes["when"],
        ]  # fmt: skip

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        mask = ref(ins.inputs["mask"], cell[:2])
        dy = ref(ins.inputs["dy"], cell)
        taken, left = (dy, Number(0)) if ins.attributes["when"] else (Number(0), dy)
        return Call("where", (mask, taken, left))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return _whole_step(ins, cell) if operand == "mask" else [cell]

    def right_side(self, ins: Instruction) -> str:
        mask, dy = ins.inputs["mask"].symbol, ins.inputs["dy"].symbol
        return f"{mask} ? {dy} : 0" if ins.attributes["when"] else f"{mask} ? 0 : {dy}"


def _whole_step(ins: Instruction, cell: Cell) -> list[Cell]:
    from core.ops.base import cells

    return [(*cell, *rest) for rest in cells(ins.output.shape[1:])]


@register
class UnitLength(Op):
    """``y = x / max(|x|, ε)`` along `axis`: vectors of length 1. Source: Keras ``ops.normalize``."""

    name = "unit_length"
    kernel = "merging.unit_length"

    def integers(self, ins: Instruction) -> list[int]:
        x, y = ins.inputs["x"], ins.output
        return [*_around(x.shape, ins.attributes["axis"]), x.at, x.row, y.at, y.row]

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes["epsilon"]]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        x, a = ins.inputs["x"], ins.attributes
        grad = e.gradient("unit_length_grad", ins, "x", x=x, y=ins.output, dy=dy, axis=a["axis"],
                          epsilon=a["epsilon"])  # fmt: skip
        return {"x": grad}

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, a = ins.inputs["x"], ins.attributes
        return Quotient(ref(x, cell), _length(x, a["axis"], a["epsilon"], cell))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return _along(ins.output.shape, ins.attributes["axis"], cell)

    def right_side(self, ins: Instruction) -> str:
        x = ins.inputs["x"].symbol
        return f"{x} / |{x}|"


@register
class UnitLengthGrad(Op):
    """``dx = (dy - y Σ dy y) / |x|``: what is along x cannot change a vector of length 1."""

    name = "unit_length_grad"
    kernel = "merging.unit_length_grad"
    operands = ("x", "y", "dy")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return inputs["x"].shape

    def integers(self, ins: Instruction) -> list[int]:
        x, y, dy, dx = ins.inputs["x"], ins.inputs["y"], ins.inputs["dy"], ins.output
        around = _around(x.shape, ins.attributes["axis"])
        return [*around, x.at, x.row, y.at, y.row, dy.at, dy.row, dx.at, dx.row]

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes["epsilon"]]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, y, dy = ins.inputs["x"], ins.inputs["y"], ins.inputs["dy"]
        axis, epsilon = ins.attributes["axis"], ins.attributes["epsilon"]
        places = _along(x.shape, axis, cell)
        squares = Sum(tuple(Power(ref(x, c), Number(2)) for c in places))
        dot = Sum(tuple(Product((ref(dy, c), ref(y, c))) for c in places))
        long = Call("positive", (minus(squares, Number(epsilon * epsilon)),))
        top = minus(ref(dy, cell), Product((long, ref(y, cell), dot)))
        return Quotient(top, _length(x, axis, epsilon, cell))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return _along(ins.output.shape, ins.attributes["axis"], cell)

    def right_side(self, ins: Instruction) -> str:
        x, y, dy = (ins.inputs[k].symbol for k in ("x", "y", "dy"))
        return f"({dy} − {y} ∘ Σ {dy} ∘ {y}) / |{x}|"


def _around(shape: Shape, axis: int) -> list[int]:
    return [prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])]


def _along(shape: Shape, axis: int, cell: Cell) -> list[Cell]:
    """All cells that differ from `cell` at most in this axis."""
    return [(*cell[: axis + 1], k, *cell[axis + 2 :]) for k in range(shape[axis])]


def _length(x: Tensor, axis: int, epsilon: float, cell: Cell) -> Expr:
    squares = Sum(tuple(Power(ref(x, c), Number(2)) for c in _along(x.shape, axis, cell)))
    return Call("max", (Call("sqrt", (squares,)), Number(epsilon)))
