"""Activations of each value by itself: what they share, the step with its learning rule, and the smooth ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from core.expressions import (
    Call,
    Expr,
    Negate,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    minus,
)
from core.ops.base import Cell, Instruction, Op, ref, register, span_integers
from core.tape.tensors import Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter

_HALF, _ONE, _TWO = Number(0.5), Number(1), Number(2)


class Pointwise(Op):
    """``y = f(x)``, each value by itself. Its gradient is the operation ``<name>_grad``."""

    #: What stands before the bracket in a title.
    shown: ClassVar[str] = ""

    def integers(self, ins: Instruction) -> list[int]:
        return span_integers(ins.inputs["x"], ins.output)

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        from core.ops.base import operation

        name = f"{self.name}_grad"
        known = {"x": ins.inputs["x"], "y": ins.output, "dy": dy}
        given = {key: known[key] for key in operation(name).operands}
        return {"x": e.gradient(name, ins, "x", **given, **ins.attributes)}

    def formula(self, x: Expr, ins: Instruction) -> Expr:
        """``f(x)``."""
        raise NotImplementedError(self.name)

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return self.formula(ref(ins.inputs["x"], cell), ins)

    def right_side(self, ins: Instruction) -> str:
        return f"{self.shown or self.name}({ins.inputs['x'].symbol})"


class PointwiseGrad(Op):
    """``dx = dy ∘ f'``, the slope written with x, with y, or with both."""

    operands: ClassVar[tuple[str, ...]] = ("x", "dy")

    def integers(self, ins: Instruction) -> list[int]:
        return span_integers(*(ins.inputs[key] for key in self.operands), ins.output)

    def slope(self, value: dict[str, Expr], ins: Instruction) -> Expr:
        """The derivative, from the cells of the operands."""
        raise NotImplementedError(self.name)

    def slope_text(self, symbol: dict[str, str], ins: Instruction) -> str:
        """The derivative in a title."""
        raise NotImplementedError(self.name)

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        value: dict[str, Expr] = {key: ref(t, cell) for key, t in ins.inputs.items()}
        return Product((value["dy"], self.slope(value, ins)))

    def right_side(self, ins: Instruction) -> str:
        symbol = {key: t.symbol for key, t in ins.inputs.items()}
        return f"{symbol['dy']} ∘ {self.slope_text(symbol, ins)}"


# ---- the perceptron -------------------------------------------------------------------------------------------------


@register
class BinaryStep(Pointwise):
    """``y = 1 where x >= 0, else 0``. McCulloch and Pitts 1943; Rosenblatt 1958.

    Its slope is 0 wherever it has one, so nothing could be learned through it. The tape passes the error on unchanged
    instead: see `PerceptronRule`.
    """

    name = "binary_step"
    kernel = "rectifiers.binary_step"
    shown = "step"

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        return {"x": e.gradient("perceptron_rule", ins, "x", dy=dy)}

    def formula(self, x: Expr, ins: Instruction) -> Expr:
        return Call("step", (x,))


@register
class PerceptronRule(Op):
    """``dx = dy``: the perceptron learning rule (Rosenblatt 1958), which is not a derivative.

    With half the squared error, ``dy = y - t``; the weights behind the sum z = x · w + b then move by
    ``w ← w + η (t - y) x``, exactly the rule: nothing where the answer is right, towards or away from x where it is
    wrong.
    """

    name = "perceptron_rule"
    kernel = "elementwise.copy"
    operands = ("dy",)
    not_the_slope = (
        "A step has no slope to learn from: it is flat, and jumps at 0. The perceptron rule passes the error on as it "
        "is, so there is no derivative to compare with."
    )

    def integers(self, ins: Instruction) -> list[int]:
        return span_integers(ins.inputs["dy"], ins.output)

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return ref(ins.inputs["dy"], cell)

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.inputs['dy'].symbol} (perceptron rule)"


# ---- smooth functions -----------------------------------------------------------------------------------------------


@register
class Arctan(Pointwise):
    """``y = arctan x``, between -π/2 and π/2."""

    name = "arctan"
    kernel = "activations.arctan"
    limits = (-math.pi / 2, math.pi / 2)

    def formula(self, x: Expr, ins: Instruction) -> Expr:
        return Call("arctan", (x,))


@register
class ArctanGrad(PointwiseGrad):
    """Slope ``1 / (1 + x²)``."""

    name = "arctan_grad"
    kernel = "activations.arctan_grad"

    def slope(self, value: dict[str, Expr], ins: Instruction) -> Expr:
        return Quotient(_ONE, Sum((_ONE, Power(value["x"], _TWO))))

    def slope_text(self, symbol: dict[str, str], ins: Instruction) -> str:
        return f"1 / (1 + {symbol['x']}∘{symbol['x']})"


def _chance(x: Expr) -> Expr:
    """Φ(x): the chance that a standard normal number is smaller than x."""
    return Product((_HALF, Sum((_ONE, Call("erf", (Quotient(x, Call("sqrt", (_TWO,))),))))))


@register
class Gelu(Pointwise):
    """``y = x Φ(x)``. Hendrycks and Gimpel 2016; Keras's default, without the tanh approximation."""

    name = "gelu"
    kernel = "activations.gelu"

    def formula(self, x: Expr, ins: Instruction) -> Expr:
        return Product((x, _chance(x)))


@register
class GeluGrad(PointwiseGrad):
    """Slope ``Φ(x) + x φ(x)``, φ the density of a standard normal number."""

    name = "gelu_grad"
    kernel = "activations.gelu_grad"

    def slope(self, value: dict[str, Expr], ins: Instruction) -> Expr:
        x = value["x"]
        power = Call("exp", (Negate(Quotient(Power(x, _TWO), _TWO)),))
        root = Call("sqrt", (Product((_TWO, Symbol("π", math.pi))),))
        return Sum((_chance(x), Product((x, Quotient(power, root)))))

    def slope_text(self, symbol: dict[str, str], ins: Instruction) -> str:
        return f"(Φ({symbol['x']}) + {symbol['x']} φ({symbol['x']}))"


@register
class Silu(Pointwise):
    """``y = x σ(x)``, also called swish. Elfwing et al. 2018."""

    name = "silu"
    kernel = "activations.silu"

    def formula(self, x: Expr, ins: Instruction) -> Expr:
        return Product((x, Call("sigmoid", (x,))))

    def right_side(self, ins: Instruction) -> str:
        x = ins.inputs["x"].symbol
        return f"{x} ∘ σ({x})"


@register
class SiluGrad(PointwiseGrad):
    """Slope ``σ(x) (1 + x (1 - σ(x)))``."""

    name = "silu_grad"
    kernel = "activations.silu_grad"

    def slope(self, value: dict[str, Expr], ins: Instruction) -> Expr:
        x = value["x"]
        s = Call("sigmoid", (x,))
        return Product((s, Sum((_ONE, Product((x, minus(_ONE, s)))))))

    def slope_text(self, symbol: dict[str, str], ins: Instruction) -> str:
        x = symbol["x"]
        return f"σ({x}) ∘ (1 + {x} ∘ (1 − σ({x})))"


@register
class Softplus(Pointwise):
    """``y = ln(1 + exp x)``. Dugas et al. 2001. The kernel's form of it does not overflow."""

    name = "softplus"
    kernel = "activations.softplus"

    def formula(self, x: Expr, ins: Instruction) -> Expr:
        return Call("log", (Sum((_ONE, Call("exp", (x,)))),))

    def right_side(self, ins: Instruction) -> str:
        return f"ln (1 + exp({ins.inputs['x'].symbol}))"


@register
class SoftplusGrad(PointwiseGrad):
    """Slope ``σ(x)``."""

    name = "softplus_grad"
    kernel = "activations.softplus_grad"

    def slope(self, value: dict[str, Expr], ins: Instruction) -> Expr:
        return Call("sigmoid", (value["x"],))

    def slope_text(self, symbol: dict[str, str], ins: Instruction) -> str:
        return f"σ({symbol['x']})"


@register
class Softsign(Pointwise):
    """``y = x / (1 + |x|)``. Turian et al. 2009."""

    name = "softsign"
    kernel = "activations.softsign"
    limits = (-1.0, 1.0)

    def formula(self, x: Expr, ins: Instruction) -> Expr:
        return Quotient(x, Sum((_ONE, Call("abs", (x,)))))

    def right_side(self, ins: Instruction) -> str:
        x = ins.inputs["x"].symbol
        return f"{x} / (1 + |{x}|)"


@register
class SoftsignGrad(PointwiseGrad):
    """Slope ``1 / (1 + |x|)²``."""

    name = "softsign_grad"
    kernel = "activations.softsign_grad"

    def slope(self, value: dict[str, Expr], ins: Instruction) -> Expr:
        return Quotient(_ONE, Power(Sum((_ONE, Call("abs", (value["x"],)))), _TWO))

    def slope_text(self, symbol: dict[str, str], ins: Instruction) -> str:
        return f"1 / (1 + |{symbol['x']}|)²"


@register
class Exponential(Pointwise):
    """``y = exp x``; its slope is y itself."""

    name = "exponential"
    kernel = "activations.exponential"
    shown = "exp"

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        return {"x": e.gradient("multiply", ins, "x", a=dy, b=ins.output)}

    def formula(self, x: Expr, ins: Instruction) -> Expr:
        return Call("exp", (x,))
