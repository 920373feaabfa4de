"""Operations on every value by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.expressions import Call, Expr, Negate, Number, Power, Product, Sum
from core.ops.base import Cell, Half, Instruction, Op, ref, register, span_halves, span_integers
from core.tape.symbols import VIA
from core.tape.tensors import Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter


class _Unary(Op):
    """``y = f(x)``; the gradient is an operation of its own over (y, dy)."""

    function = ""
    shown = ""

    def integers(self, ins: Instruction) -> list[int]:
        return span_integers(ins.inputs["x"], ins.outputs["y"])

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        return {"x": e.gradient(f"{self.name}_grad", ins, "x", y=ins.outputs["y"], dy=dy)}

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return Call(self.function, (ref(ins.inputs["x"], cell),))

    def right_side(self, ins: Instruction) -> str:
        return f"{self.shown}({ins.inputs['x'].symbol})"


class _UnaryGrad(Op):
    """``dx = dy ∘ f'(x)``, written with y where that is shorter."""

    operands = ("y", "dy")

    def integers(self, ins: Instruction) -> list[int]:
        return span_integers(ins.inputs["y"], ins.inputs["dy"], ins.output)

    def slope(self, y: Expr) -> Expr:
        """The derivative in terms of the output."""
        raise NotImplementedError

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return Product((ref(ins.inputs["dy"], cell), self.slope(ref(ins.inputs["y"], cell))))


@register
class Relu(_Unary):
    """``y = max(x, 0)``. Nair and Hinton 2010."""

    name = "relu"
    kernel = "elementwise.relu"
    function = shown = "relu"

    def dies(self, attributes: dict[str, Any]) -> bool:
        return True

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        grad = "relu_grad_guided" if e.relu_backward == "guided" else "relu_grad"
        return {"x": e.gradient(grad, ins, "x", y=ins.outputs["y"], dy=dy)}


@register
class ReluGrad(_UnaryGrad):
    """Passes the gradient where the unit was on; slope 0 at 0, as Keras."""

    name = "relu_grad"
    kernel = "elementwise.relu_grad"

    def slope(self, y: Expr) -> Expr:
        return Call("positive", (y,))

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.inputs['dy'].symbol} ∘ ({ins.inputs['y'].symbol} > 0)"


@register
class ReluGradGuided(ReluGrad):
    """Guided backpropagation (Springenberg et al. 2015): only positive gradients pass."""

    name = "relu_grad_guided"
    kernel = "elementwise.relu_grad_guided"

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        dy, y = ref(ins.inputs["dy"], cell), ref(ins.inputs["y"], cell)
        return Product((Call("relu", (dy,)), Call("positive", (y,))))


@register
class Tanh(_Unary):
    """``y = tanh x = 2 / (1 + exp(-2x)) - 1``."""

    name = "tanh"
    kernel = "elementwise.tanh"
    function = shown = "tanh"
    limits = (-1.0, 1.0)


@register
class TanhGrad(_UnaryGrad):
    """Slope ``1 - y²``."""

    name = "tanh_grad"
    kernel = "elementwise.tanh_grad"

    def slope(self, y: Expr) -> Expr:
        return Sum((Number(1), Negate(Power(y, Number(2)))))

    def right_side(self, ins: Instruction) -> str:
        return (
            f"{ins.inputs['dy'].symbol} ∘ (1 − {ins.inputs['y'].symbol}∘{ins.inputs['y'].symbol})"
        )


@register
class Sigmoid(_Unary):
    """``y = 1 / (1 + exp(-x))``."""

    name = "sigmoid"
    kernel = "elementwise.sigmoid"
    function = "sigmoid"
    shown = "σ"
    limits = (0.0, 1.0)


@register
class SigmoidGrad(_UnaryGrad):
    """Slope ``y (1 - y)``, at most 1/4."""

    name = "sigmoid_grad"
    kernel = "elementwise.sigmoid_grad"

    def slope(self, y: Expr) -> Expr:
        return Product((y, Sum((Number(1), Negate(y)))))

    def right_side(self, ins: Instruction) -> str:
        return (
            f"{ins.inputs['dy'].symbol} ∘ {ins.inputs['y'].symbol} ∘ (1 − {ins.inputs['y'].symbol})"
        )


@register
class Add(Op):
    """``y = a + b``. Its gradient goes to both unchanged, so no instruction is needed."""

    name = "add"
    kernel = "elementwise.add"
    operands = ("a", "b")

    def integers(self, ins: Instruction) -> list[int]:
        return span_integers(ins.inputs["a"], ins.inputs["b"], ins.output)

    def halves(self, ins: Instruction) -> tuple[Half, Half] | None:
        return span_halves(ins, self.integers(ins))

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        return dict.fromkeys(wanted, dy)

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return Sum((ref(ins.inputs["a"], cell), ref(ins.inputs["b"], cell)))

    def right_side(self, ins: Instruction) -> str:
        # Of parts of a gradient only what tells them apart is repeated.
        whole, _, _ = ins.output.symbol.partition(VIA)
        a, b = (ins.inputs[key].symbol.removeprefix(whole + VIA[:1]) for key in self.operands)
        return f"{a} + {b}"


@register
class Multiply(Op):
    """``y = a ∘ b``."""

    name = "multiply"
    kernel = "elementwise.multiply"
    operands = ("a", "b")

    def integers(self, ins: Instruction) -> list[int]:
        return span_integers(ins.inputs["a"], ins.inputs["b"], ins.output)

    def halves(self, ins: Instruction) -> tuple[Half, Half] | None:
        return span_halves(ins, self.integers(ins))

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        other = {"a": "b", "b": "a"}
        return {
            name: e.gradient("multiply", ins, name, a=dy, b=ins.inputs[other[name]])
            for name in sorted(wanted)
        }

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return Product((ref(ins.inputs["a"], cell), ref(ins.inputs["b"], cell)))

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.inputs['a'].symbol} ∘ {ins.inputs['b'].symbol}"


@register
class Copy(Op):
    """``y = x``: puts gradients of parts side by side."""

    name = "copy"
    kernel = "elementwise.copy"

    def integers(self, ins: Instruction) -> list[int]:
        return span_integers(ins.inputs["x"], ins.output)

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        return {"x": dy}

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return ref(ins.inputs["x"], cell)

    def right_side(self, ins: Instruction) -> str:
        return ins.inputs["x"].symbol


@register
class NotEqualZero(Op):
    """``y = 1`` where x is not 0: the mask of padded tokens."""

    name = "not_equal_zero"
    kernel = "elementwise.not_equal_zero"

    def integers(self, ins: Instruction) -> list[int]:
        return span_integers(ins.inputs["x"], ins.output)

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return Sum((Number(1), Negate(Call("equal", (ref(ins.inputs["x"], cell), Number(0))))))

    def right_side(self, ins: Instruction) -> str:
        return f"({ins.inputs['x'].symbol} ≠ 0)"


@register
class Carry(Op):
    """``y = new`` where `keep` is 1, ``old`` where the time step is masked. Without `old`, 0."""

    name = "carry"
    kernel = "elementwise.carry"
    operands = ("keep", "new", "old")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, object]) -> tuple[int, ...]:
        return inputs["new"].shape

    def integers(self, ins: Instruction) -> list[int]:
        keep, new, y = ins.inputs["keep"], ins.inputs["new"], ins.output
        old = ins.inputs.get("old")
        place = [old.at, old.row] if old else [new.at, new.row]
        return [
            0,
            new.size,
            keep.at,
            keep.row,
            new.at,
            new.row,
            *place,
            y.at,
            y.row,
            0 if old else 1,
        ]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        keep = ins.inputs["keep"]
        return {
            name: e.gradient("carry_grad", ins, name, keep=keep, dy=dy, when=int(name == "new"))
            for name in sorted(wanted)
        }

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        old = ins.inputs.get("old")
        keep = ref(ins.inputs["keep"], (cell[0], 0))
        return Call(
            "where", (keep, ref(ins.inputs["new"], cell), ref(old, cell) if old else Number(0))
        )

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        if operand == "keep":
            return [(cell[0], k) for k in range(ins.output.size)]
        return [cell]

    def right_side(self, ins: Instruction) -> str:
        old = ins.inputs.get("old")
        return f"{ins.inputs['keep'].symbol} ? {ins.inputs['new'].symbol} : {old.symbol if old else '0'}"


@register
class CarryGrad(Op):
    """The gradient goes to whichever was taken."""

    name = "carry_grad"
    kernel = "elementwise.carry_grad"
    operands = ("keep", "dy")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, object]) -> tuple[int, ...]:
        return inputs["dy"].shape

    def integers(self, ins: Instruction) -> list[int]:
        keep, dy, dx = ins.inputs["keep"], ins.inputs["dy"], ins.output
        return [0, dy.size, keep.at, keep.row, dy.at, dy.row, dx.at, dx.row, ins.attributes["when"]]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        taken = Call(
            "equal", (ref(ins.inputs["keep"], (cell[0], 0)), Number(ins.attributes["when"]))
        )
        return Call("where", (taken, ref(ins.inputs["dy"], cell), Number(0)))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        if operand == "keep":
            return [(cell[0], k) for k in range(ins.output.size)]
        return [cell]

    def right_side(self, ins: Instruction) -> str:
        return (
            f"({ins.inputs['keep'].symbol} = {ins.attributes['when']}) ∘ {ins.inputs['dy'].symbol}"
        )


@register
class WeightedSum(Op):
    """The loss of a model with several outputs: ``w₁ L₁ + w₂ L₂``; of one that has a weight, ``w L``."""

    name = "weighted_sum"
    kernel = "elementwise.weighted_sum"
    operands = ("a", "b")

    def integers(self, ins: Instruction) -> list[int]:
        a = ins.inputs["a"]
        return span_integers(a, ins.inputs.get("b", a), ins.output)

    def reals(self, ins: Instruction) -> list[float]:
        return list(ins.attributes["weights"])

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        weights = ins.attributes["weights"]
        terms = tuple(
            Product((Number(w), ref(t, cell)))
            for w, t in zip(weights, ins.inputs.values(), strict=False)
        )
        return Sum(terms) if len(terms) > 1 else terms[0]

    def right_side(self, ins: Instruction) -> str:
        weights = ins.attributes["weights"]
        parts = zip(weights, ins.inputs.values(), strict=False)
        return " + ".join(f"{w:g} {t.symbol}" for w, t in parts)
