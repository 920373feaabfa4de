"""Activations made of straight pieces, ELU and its kin, and PReLU with its learned slope."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from core.activations.functions import SELU_ALPHA, SELU_SCALE
from core.expressions import Call, Expr, Negate, Number, Product, Quotient, Sum, minus
from core.ops.activations import Pointwise, PointwiseGrad
from core.ops.base import Cell, Instruction, Op, cells, ref, register
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter

_ZERO, _ONE = Number(0), Number(1)


def _positive(x: Expr) -> Expr:
    return Call("positive", (x,))


@register
class HardSigmoid(Pointwise):
    """``y = x/6 + 1/2``, kept in [0, 1]. Keras 3; Keras 2 had the slope 0.2."""

    name = "hard_sigmoid"
    kernel = "rectifiers.hard_sigmoid"

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


# ---- PReLU ----------------------------------------------------------------------------------------------------------


def shared_integers(shape: Shape, alpha: Shape) -> list[int]:
    """Four sizes of x's axes and alpha's strides along them, 0 where it is shared; neighbouring axes are joined.

    Raises
    ------
    ValueError
        More than four groups are left.
    """
    groups: list[list[int]] = []
    stride = 1
    for n, m in zip(reversed(shape), reversed(alpha), strict=True):
        step = stride if m > 1 else 0
        stride *= m
        if n == 1:
            continue
        if groups and (
            step == groups[-1][1] == 0 or (step and step == groups[-1][0] * groups[-1][1])
        ):
            groups[-1][0] *= n
        else:
            groups.append([n, step])
    if len(groups) > 4:
        raise ValueError(f"{alpha} is shared along too many separate axes of {shape}")
    groups += [[1, 0]] * (4 - len(groups))
    groups.reverse()
    return [size for size, _ in groups] + [step for _, step in groups]


def _own(ins: Instruction, cell: Cell) -> Cell:
    """The cell of alpha that a cell of x reads."""
    return tuple(
        0 if n == 1 else k for k, n in zip(cell[1:], ins.inputs["alpha"].shape, strict=True)
    )


def _readers(shape: Shape, alpha: Shape, own: Cell, rows: int) -> list[Cell]:
    """The cells of x that read a cell of alpha."""
    free = tuple(n if m == 1 else 1 for n, m in zip(shape, alpha, strict=True))
    found = [
        tuple(c if m == 1 else k for c, m, k in zip(cell, alpha, own, strict=True))
        for cell in cells(free)
    ]
    return [(r, *cell) for r in range(rows) for cell in found]


@register
class Prelu(Op):
    """``y = x`` above 0, ``alpha x`` below, alpha learned. He et al. 2015."""

    name = "prelu"
    kernel = "rectifiers.prelu"
    operands: ClassVar[tuple[str, ...]] = ("x", "alpha")

    def integers(self, ins: Instruction) -> list[int]:
        x, alpha, y = ins.inputs["x"], ins.inputs["alpha"], ins.output
        return [x.at, x.row, y.at, y.row, alpha.at, *shared_integers(x.shape, alpha.shape)]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        x, alpha, found = ins.inputs["x"], ins.inputs["alpha"], {}
        if "alpha" in wanted:
            found["alpha"] = e.gradient(
                "prelu_alpha_grad", ins, "alpha", x=x, dy=dy, shape=alpha.shape
            )
        if "x" in wanted:
            found["x"] = e.gradient("prelu_grad", ins, "x", x=x, alpha=alpha, dy=dy)
        return found

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x = ref(ins.inputs["x"], cell)
        below = Product((ref(ins.inputs["alpha"], _own(ins, cell)), x))
        return Call("where", (_positive(x), x, below))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        if operand != "alpha":
            return [cell]
        alpha, rows = ins.inputs["alpha"].shape, ins.attributes.get("rows", 1)
        return _readers(ins.output.shape, alpha, cell, rows)

    def right_side(self, ins: Instruction) -> str:
        x, alpha = ins.inputs["x"].symbol, ins.inputs["alpha"].symbol
        return f"{x} > 0 ? {x} : {alpha} ∘ {x}"


@register
class PreluGrad(Prelu):
    """Slope 1 above 0, alpha below, and 0 at 0 as in Keras, which makes it of two ReLUs."""

    name = "prelu_grad"
    kernel = "rectifiers.prelu_grad"
    operands = ("x", "alpha", "dy")

    def integers(self, ins: Instruction) -> list[int]:
        x, alpha, dy, dx = (*(ins.inputs[key] for key in self.operands), ins.output)
        shared = shared_integers(x.shape, alpha.shape)
        return [x.at, x.row, alpha.at, dy.at, dy.row, dx.at, dx.row, *shared]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, dy = ref(ins.inputs["x"], cell), ref(ins.inputs["dy"], cell)
        alpha = ref(ins.inputs["alpha"], _own(ins, cell))
        below = Product((alpha, _positive(Negate(x))))
        return Product((dy, Call("where", (_positive(x), _ONE, below))))

    def right_side(self, ins: Instruction) -> str:
        x, alpha, dy = (ins.inputs[key].symbol for key in self.operands)
        return f"{dy} ∘ ({x} > 0 ? 1 : {alpha})"


@register
class PreluAlphaGrad(Op):
    """``dalpha = Σ dy x`` where x is negative, over samples and the places that share it. Attribute: `shape`."""

    name = "prelu_alpha_grad"
    kernel = "rectifiers.prelu_alpha_grad"
    operands = ("x", "dy")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, object]) -> Shape:
        return tuple(attributes["shape"])  # type: ignore[arg-type]

    def batch(self, inputs: dict[str, Tensor]) -> bool:
        return False

    def integers(self, ins: Instruction) -> list[int]:
        x, dy, out = ins.inputs["x"], ins.inputs["dy"], ins.output
        shared = shared_integers(x.shape, out.shape)
        return [x.at, x.row, dy.at, dy.row, out.at, out.size, *shared]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, dy = ins.inputs["x"], ins.inputs["dy"]
        places = _readers(x.shape, ins.output.shape, cell, ins.attributes.get("rows", 1))
        below = (Negate(Call("relu", (Negate(ref(x, p)),))) for p in places)
        return Sum(tuple(Product((ref(dy, p), b)) for p, b in zip(places, below, strict=True)))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [tuple(0 if n == 1 else k for k, n in zip(cell[1:], ins.output.shape, strict=True))]

    def right_side(self, ins: Instruction) -> str:
        x, dy = ins.inputs["x"].symbol, ins.inputs["dy"].symbol
        return f"Σ {dy} ∘ min({x}, 0)"


# ---- where a mask says so -------------------------------------------------------------------------------------------


@register
class Select(Op):
    """``y = x`` where the mask is above 1/2, else the attribute `other`; the mask's axes are x's or 1.

    For softmax over what is not masked: numbers become -1e9 before it, so that their exponentials vanish, and 0 after
    it, so that a row in which all is masked is 0 and not one over n (as in Keras).
    """

    name = "select"
    kernel = "rectifiers.select"
    operands = ("x", "mask")

    def integers(self, ins: Instruction) -> list[int]:
        x, mask, y = ins.inputs["x"], ins.inputs["mask"], ins.output
        shared = shared_integers(x.shape, mask.shape)
        return [x.at, x.row, y.at, y.row, mask.at, mask.row, *shared]

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes["other"]]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        if "x" not in wanted:
            return {}
        return {"x": e.gradient("select", ins, "x", x=dy, mask=ins.inputs["mask"], other=0.0)}

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        shape = ins.inputs["mask"].shape
        place = tuple(0 if n == 1 else k for k, n in zip(cell[1:], shape, strict=True))
        keep = _positive(minus(ref(ins.inputs["mask"], (cell[0], *place)), Number(0.5)))
        return Call("where", (keep, ref(ins.inputs["x"], cell), Number(ins.attributes["other"])))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        if operand != "mask":
            return [cell]
        found = _readers(ins.output.shape, ins.inputs["mask"].shape, cell[1:], 1)
        return [(cell[0], *c[1:]) for c in found]

    def right_side(self, ins: Instruction) -> str:
        x, mask = ins.inputs["x"].symbol, ins.inputs["mask"].symbol
        return f"{mask} > 0.5 ? {x} : {ins.attributes['other']:g}".replace("-", "−")
