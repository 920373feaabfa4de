"""Activations made of straight pieces, and ELU and its kin."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from core.activations.functions import SELU_ALPHA, SELU_SCALE
from core.expressions import Call, Expr, Negate, Number, Product, Quotient, Sum, minus
from core.ops.activations import Pointwise, PointwiseGrad
from core.ops.base import Instruction, register

_ZERO, _ONE = Number(0), Number(1)


def _positive(x: Expr) -> Expr:
    return Call("positive", (x,))


@register
class HardSigmoid(Pointwise):
    """``y = x/6 + 1/2``, kept in [0, 1]. Keras 3; Keras 2 had the slope 0.2."""

    name = "hard_sigmoid"
    kernel = "rectifiers.hard_sigmoid"
    limits = (0.0, 1.0)

    def formula(self, x: Expr, ins: Instruction) -> Expr:
        return Call("clip", (Sum((Quotient(x, Number(6)), Number(0.5))), _ZERO, _ONE))

    def right_side(self, ins: Instruction) -> str:
        return f"clip({ins.inputs['x'].symbol}/6 + 0.5, 0, 1)"


@register
class HardSigmoidGrad(PointwiseGrad):
    """Slope 1/6 between -3 and 3, else 0."""

    name = "hard_sigmoid_grad"
    kernel = "rectifiers.hard_sigmoid_grad"

    def slope(self, value: dict[str, Expr], ins: Instruction) -> Expr:
        x, three = value["x"], Number(3)
        inside = (_positive(Sum((x, three))), _positive(minus(three, x)))
        return Product((Quotient(_ONE, Number(6)), *inside))

    def slope_text(self, symbol: dict[str, str], ins: Instruction) -> str:
        return f"(|{symbol['x']}| < 3) / 6"


@register
class Relu6(Pointwise):
    """``y = x``, kept in [0, 6]. Krizhevsky 2010."""

    name = "relu6"
    kernel = "rectifiers.relu6"

    def dies(self, attributes: dict[str, Any]) -> bool:
        return True

    def formula(self, x: Expr, ins: Instruction) -> Expr:
        return Call("clip", (x, _ZERO, Number(6)))

    def right_side(self, ins: Instruction) -> str:
        return f"clip({ins.inputs['x'].symbol}, 0, 6)"


@register
class Relu6Grad(PointwiseGrad):
    """Passes the gradient where the unit is neither off nor at its limit."""

    name = "relu6_grad"
    kernel = "rectifiers.relu6_grad"
    operands = ("y", "dy")

    def slope(self, value: dict[str, Expr], ins: Instruction) -> Expr:
        return Product((_positive(value["y"]), _positive(minus(Number(6), value["y"]))))

    def slope_text(self, symbol: dict[str, str], ins: Instruction) -> str:
        return f"(0 < {symbol['y']} < 6)"


@register
class LeakyRelu(Pointwise):
    """``y = x`` above 0, ``slope · x`` below. Maas et al. 2013. Attribute: `slope`."""

    name = "leaky_relu"
    kernel = "rectifiers.leaky_relu"

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes["slope"]]

    def formula(self, x: Expr, ins: Instruction) -> Expr:
        return Call("where", (_positive(x), x, Product((Number(ins.attributes["slope"]), x))))

    def right_side(self, ins: Instruction) -> str:
        x = ins.inputs["x"].symbol
        return f"{x} > 0 ? {x} : {ins.attributes['slope']:g} {x}"


@register
class LeakyReluGrad(PointwiseGrad):
    """Slope 1 above 0, `slope` below and at 0."""

    name = "leaky_relu_grad"
    kernel = "rectifiers.leaky_relu_grad"

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes["slope"]]

    def slope(self, value: dict[str, Expr], ins: Instruction) -> Expr:
        return Call("where", (_positive(value["x"]), _ONE, Number(ins.attributes["slope"])))

    def slope_text(self, symbol: dict[str, str], ins: Instruction) -> str:
        return f"({symbol['x']} > 0 ? 1 : {ins.attributes['slope']:g})"


def _ramp_constants(ins: Instruction) -> list[float]:
    top = ins.attributes["top"]
    return [ins.attributes["slope"], math.inf if top is None else top, ins.attributes["threshold"]]


@register
class Ramp(Pointwise):
    """``y = min(x, top)`` above a threshold, ``slope (x - threshold)`` below: Keras's general ReLU.

    Attributes: `slope`, `top` (or None), `threshold`.
    """

    name = "ramp"
    kernel = "rectifiers.ramp"

    def dies(self, attributes: dict[str, Any]) -> bool:
        return not attributes["slope"]

    def reals(self, ins: Instruction) -> list[float]:
        return _ramp_constants(ins)

    def formula(self, x: Expr, ins: Instruction) -> Expr:
        slope, _, threshold = _ramp_constants(ins)
        above = (
            x if ins.attributes["top"] is None else Call("min", (x, Number(ins.attributes["top"])))
        )
        past = minus(x, Number(threshold)) if threshold else x
        return Call("where", (_positive(past), above, Product((Number(slope), past))))

    def right_side(self, ins: Instruction) -> str:
        x = ins.inputs["x"].symbol
        slope, _, threshold = _ramp_constants(ins)
        top = ins.attributes["top"]
        above = x if top is None else f"min({x}, {top:g})"
        past = f"({x} − {threshold:g})" if threshold else x
        return f"{x} > {threshold:g} ? {above} : {slope:g} {past}"


@register
class RampGrad(PointwiseGrad):
    """Slope 1 between threshold and top, `slope` below the threshold, 0 at it and above the top."""

    name = "ramp_grad"
    kernel = "rectifiers.ramp_grad"

    def reals(self, ins: Instruction) -> list[float]:
        return _ramp_constants(ins)

    def slope(self, value: dict[str, Expr], ins: Instruction) -> Expr:
        x = value["x"]
        slope, _, threshold = _ramp_constants(ins)
        top = ins.attributes["top"]
        above: Expr = _ONE if top is None else minus(_ONE, _positive(minus(x, Number(top))))
        past = minus(x, Number(threshold)) if threshold else x
        short = minus(Number(threshold), x) if threshold else Negate(x)
        return Call("where", (_positive(past), above, Product((Number(slope), _positive(short)))))

    def slope_text(self, symbol: dict[str, str], ins: Instruction) -> str:
        x = symbol["x"]
        slope, _, threshold = _ramp_constants(ins)
        top = ins.attributes["top"]
        above = "1" if top is None else f"({x} ≤ {top:g})"
        return f"({x} > {threshold:g} ? {above} : {slope:g})"


class _Elu(Pointwise):
    """``y = scale x`` above 0, ``scale alpha (exp x - 1)`` below."""

    kernel = "rectifiers.elu"

    def constants(self, ins: Instruction) -> tuple[float, float]:
        """(alpha, scale)."""
        raise NotImplementedError(self.name)

    def reals(self, ins: Instruction) -> list[float]:
        return list(self.constants(ins))

    def formula(self, x: Expr, ins: Instruction) -> Expr:
        alpha, scale = self.constants(ins)
        bent: Expr = minus(Call("exp", (x,)), _ONE)
        bent = bent if alpha == 1 else Product((Number(alpha), bent))
        whole = Call("where", (_positive(x), x, bent))
        return whole if scale == 1 else Product((Number(scale), whole))

    def right_side(self, ins: Instruction) -> str:
        x = ins.inputs["x"].symbol
        alpha, scale = self.constants(ins)
        text = f"{x} > 0 ? {x} : {'' if alpha == 1 else f'{alpha:.4g} '}(exp({x}) − 1)"
        return text if scale == 1 else f"{scale:.4g} ∘ ({text})"


class _EluGrad(PointwiseGrad):
    """Slope `scale` above 0, ``y + scale alpha`` below: the exponential is in y already."""

    kernel = "rectifiers.elu_grad"
    operands: ClassVar[tuple[str, ...]] = ("x", "y", "dy")

    def constants(self, ins: Instruction) -> tuple[float, float]:
        """(alpha, scale)."""
        raise NotImplementedError(self.name)

    def reals(self, ins: Instruction) -> list[float]:
        return list(self.constants(ins))

    def slope(self, value: dict[str, Expr], ins: Instruction) -> Expr:
        alpha, scale = self.constants(ins)
        bent = Sum((value["y"], Number(alpha * scale)))
        return Call("where", (_positive(value["x"]), Number(scale), bent))

    def slope_text(self, symbol: dict[str, str], ins: Instruction) -> str:
        alpha, scale = self.constants(ins)
        return f"({symbol['x']} > 0 ? {scale:.4g} : {symbol['y']} + {alpha * scale:.4g})"


@register
class Elu(_Elu):
    """``y = x`` above 0, ``alpha (exp x - 1)`` below. Clevert et al. 2016. Attribute: `alpha`."""

    name = "elu"

    def constants(self, ins: Instruction) -> tuple[float, float]:
        return float(ins.attributes["alpha"]), 1.0


@register
class EluGrad(_EluGrad):
    """Slope 1 above 0, ``y + alpha`` below."""

    name = "elu_grad"

    def constants(self, ins: Instruction) -> tuple[float, float]:
        return float(ins.attributes["alpha"]), 1.0


@register
class Selu(_Elu):
    """``1.0507 x`` above 0, ``1.0507 · 1.6733 (exp x - 1)`` below. Klambauer et al. 2017."""

    name = "selu"

    def constants(self, ins: Instruction) -> tuple[float, float]:
        return SELU_ALPHA, SELU_SCALE


@register
class SeluGrad(_EluGrad):
    """Slope 1.0507 above 0, ``y + 1.7581`` below."""

    name = "selu_grad"

    def constants(self, ins: Instruction) -> tuple[float, float]:
        return SELU_ALPHA, SELU_SCALE
