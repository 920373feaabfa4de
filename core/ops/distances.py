"""Losses that treat every output by itself, the lead of the right class, and the angle between two lists."""

from __future__ import annotations

from typing import ClassVar

from core.expressions import Call, Expr, Negate, Number, Power, Product, Quotient, Sum, minus
from core.ops.base import Cell, Instruction, operation, ref, register
from core.ops.losses import EPSILON, LossGrad, LossRows, along

_ZERO, _ONE, _TWO = Number(0), Number(1), Number(2)


def _above(x: Expr, low: float) -> Expr:
    return Call("max", (x, Number(low)))


class Distance(LossRows):
    """``factor Σ cost(p, t)``; the gradient's operation asks this one for the slope of the cost."""

    #: How a title shows the cost and its slope, over p and t.
    shown: ClassVar[str] = ""
    slope_shown: ClassVar[str] = ""

    def cost(self, p: Expr, t: Expr, parameter: float) -> Expr:
        """What one output adds."""
        raise NotImplementedError

    def slope(self, p: Expr, t: Expr, parameter: float) -> Expr:
        """Its derivative by p."""
        raise NotImplementedError

    def reals(self, ins: Instruction) -> list[float]:
        return [*super().reals(ins), float(ins.attributes.get("parameter", 0.0))]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        a = float(ins.attributes.get("parameter", 0.0))
        costs = Sum(tuple(self.cost(p, t, a) for p, t in self.each(ins, cell)))
        factor = self.factor(ins)
        return costs if factor == 1.0 else Product((Number(factor), costs))

    def right_side(self, ins: Instruction) -> str:
        p, t = ins.inputs["p"].symbol, ins.inputs["t"].symbol
        a = f"{ins.attributes.get('parameter', 0.0):g}"
        return self.shown.format(p=p, t=t, a=a)


class DistanceGrad(LossGrad):
    """``dp = factor · slope(p, t)``."""

    def rows(self) -> Distance:
        """The operation whose gradient this is."""
        found = operation(self.name.removesuffix("_grad") + "_rows")
        assert isinstance(found, Distance)
        return found

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        p, t = ref(ins.inputs["p"], cell), ref(ins.inputs["t"], cell)
        slope = self.rows().slope(p, t, float(ins.attributes.get("parameter", 0.0)))
        return Product((self.shared(ins, cell), slope))

    def right_side(self, ins: Instruction) -> str:
        p, t = ins.inputs["p"].symbol, ins.inputs["t"].symbol
        a = f"{ins.attributes.get('parameter', 0.0):g}"
        return self.rows().slope_shown.format(p=p, t=t, a=a) + self.mean_prefix(ins)


@register
class AbsoluteRows(Distance):
    """``mean |p - t|``."""

    name = "absolute_rows"
    kernel = "distances.absolute_rows"
    grad = "absolute_grad"
    shown = "mean |{p} − {t}|"
    slope_shown = "sign({p} − {t})"

    def cost(self, p: Expr, t: Expr, parameter: float) -> Expr:
        return Call("abs", (minus(p, t),))

    def slope(self, p: Expr, t: Expr, parameter: float) -> Expr:
        return Call("sign", (minus(p, t),))


@register
class AbsoluteGrad(DistanceGrad):
    """``dp = sign(p - t) / n``; 0 where they are equal."""

    name = "absolute_grad"
    kernel = "distances.absolute_grad"


@register
class PercentageRows(Distance):
    """``100 mean |(p - t) / t|``, |t| at least 1e-7."""

    name = "percentage_rows"
    kernel = "distances.percentage_rows"
    grad = "percentage_grad"
    shown = "100 mean |({p} − {t}) / {t}|"
    slope_shown = "100 sign({p} − {t}) / |{t}|"

    def cost(self, p: Expr, t: Expr, parameter: float) -> Expr:
        return Call("abs", (Quotient(minus(p, t), _above(Call("abs", (t,)), EPSILON)),))

    def slope(self, p: Expr, t: Expr, parameter: float) -> Expr:
        return Quotient(Call("sign", (minus(p, t),)), _above(Call("abs", (t,)), EPSILON))


@register
class PercentageGrad(DistanceGrad):
    """``dp = 100 sign(p - t) / (n |t|)``."""

    name = "percentage_grad"
    kernel = "distances.percentage_grad"


def _log_of_more(x: Expr) -> Expr:
    return Call("log", (Sum((_above(x, EPSILON), _ONE)),))


@register
class LogarithmicRows(Distance):
    """``mean (ln(1 + p) - ln(1 + t))²``; p and t at least 1e-7."""

    name = "logarithmic_rows"
    kernel = "distances.logarithmic_rows"
    grad = "logarithmic_grad"
    shown = "mean (ln(1 + {p}) − ln(1 + {t}))²"
    slope_shown = "2 (ln(1 + {p}) − ln(1 + {t})) / (1 + {p})"

    def cost(self, p: Expr, t: Expr, parameter: float) -> Expr:
        return Power(minus(_log_of_more(p), _log_of_more(t)), _TWO)

    def slope(self, p: Expr, t: Expr, parameter: float) -> Expr:
        difference = minus(_log_of_more(p), _log_of_more(t))
        counts = Call("heaviside", (minus(p, Number(EPSILON)),))
        below = Sum((_above(p, EPSILON), _ONE))
        return Product((_TWO, Quotient(difference, below), counts))


@register
class LogarithmicGrad(DistanceGrad):
    """``dp = 2 (ln(1 + p) - ln(1 + t)) / (n (1 + p))``; 0 below 1e-7."""

    name = "logarithmic_grad"
    kernel = "distances.logarithmic_grad"


@register
class HuberRows(Distance):
    """``mean``: ``e²/2`` up to δ, ``δ |e| - δ²/2`` beyond (Huber 1964)."""

    name = "huber_rows"
    kernel = "distances.huber_rows"
    grad = "huber_grad"
    shown = "mean huber({p} − {t}; {a})"
    slope_shown = "clip({p} − {t}, −{a}, {a})"

    def cost(self, p: Expr, t: Expr, parameter: float) -> Expr:
        e = minus(p, t)
        size, half = Call("abs", (e,)), Number(0.5)
        near = Call("inside", (e, Number(-parameter), Number(parameter)))
        far = minus(Product((Number(parameter), size)), Number(parameter**2 / 2))
        return Call("where", (near, Product((half, Power(e, _TWO))), far))

    def slope(self, p: Expr, t: Expr, parameter: float) -> Expr:
        return Call("clip", (minus(p, t), Number(-parameter), Number(parameter)))


@register
class HuberGrad(DistanceGrad):
    """``dp = (p - t) / n``, kept between -δ and δ."""

    name = "huber_grad"
    kernel = "distances.huber_grad"


@register
class LogCoshRows(Distance):
    """``mean ln cosh(p - t) = mean |e| + ln(1 + exp(-2|e|)) - ln 2``."""

    name = "log_cosh_rows"
    kernel = "distances.log_cosh_rows"
    grad = "log_cosh_grad"
    shown = "mean ln cosh({p} − {t})"
    slope_shown = "tanh({p} − {t})"

    def cost(self, p: Expr, t: Expr, parameter: float) -> Expr:
        size = Call("abs", (minus(p, t),))
        small = Call("exp", (Negate(Product((_TWO, size))),))
        return Sum(
            (size, Call("log", (Sum((_ONE, small)),)), Negate(Call("log", (_TWO,)))),
        )

    def slope(self, p: Expr, t: Expr, parameter: float) -> Expr:
        return Call("tanh", (minus(p, t),))


@register
class LogCoshGrad(DistanceGrad):
    """``dp = tanh(p - t) / n``."""

    name = "log_cosh_grad"
    kernel = "distances.log_cosh_grad"


@register
class PoissonRows(Distance):
    """``mean (p - t ln(p + 1e-7))``."""

    name = "poisson_rows"
    kernel = "distances.poisson_rows"
    grad = "poisson_grad"
    shown = "mean ({p} − {t} ln {p})"
    slope_shown = "(1 − {t}/{p})"

    def cost(self, p: Expr, t: Expr, parameter: float) -> Expr:
        return minus(p, Product((t, Call("log", (Sum((p, Number(EPSILON))),)))))

    def slope(self, p: Expr, t: Expr, parameter: float) -> Expr:
        return minus(_ONE, Quotient(t, Sum((p, Number(EPSILON)))))


@register
class PoissonGrad(DistanceGrad):
    """``dp = (1 - t / (p + 1e-7)) / n``."""

    name = "poisson_grad"
    kernel = "distances.poisson_grad"


def _in_reach(x: Expr) -> Expr:
    return Call("clip", (x, Number(EPSILON), _ONE))


@register
class DivergenceRows(Distance):
    """``Σ t ln(t / p)``, both kept in [1e-7, 1] (Kullback and Leibler 1951)."""

    name = "divergence_rows"
    kernel = "distances.divergence_rows"
    grad = "divergence_grad"
    shown = "Σ {t} ln({t} / {p})"
    slope_shown = "−{t}/{p}"

    def cost(self, p: Expr, t: Expr, parameter: float) -> Expr:
        return Product((_in_reach(t), Call("log", (Quotient(_in_reach(t), _in_reach(p)),))))

    def slope(self, p: Expr, t: Expr, parameter: float) -> Expr:
        inside = Call("inside", (p, Number(EPSILON), _ONE))
        return Call("where", (inside, Negate(Quotient(_in_reach(t), p)), _ZERO))


@register
class DivergenceGrad(DistanceGrad):
    """``dp = -t / p``; 0 where p had to be kept in [1e-7, 1]."""

    name = "divergence_grad"
    kernel = "distances.divergence_grad"


def _gap(p: Expr, t: Expr) -> Expr:
    return minus(_ONE, Product((t, p)))


@register
class HingeRows(Distance):
    """``mean max(1 - t p, 0)``."""

    name = "hinge_rows"
    kernel = "distances.hinge_rows"
    grad = "hinge_grad"
    shown = "mean max(1 − {t} {p}, 0)"
    slope_shown = "−{t} where 1 − {t} {p} > 0"

    def cost(self, p: Expr, t: Expr, parameter: float) -> Expr:
        return _above(_gap(p, t), 0.0)

    def slope(self, p: Expr, t: Expr, parameter: float) -> Expr:
        return Negate(Product((t, Call("heaviside", (_gap(p, t),)))))


@register
class HingeGrad(DistanceGrad):
    """``dp = -t / n`` where the margin is not reached; half of it where it is met exactly, as PyTorch and JAX do."""

    name = "hinge_grad"
    kernel = "distances.hinge_grad"


@register
class SquaredHingeRows(Distance):
    """``mean max(1 - t p, 0)²``."""

    name = "squared_hinge_rows"
    kernel = "distances.squared_hinge_rows"
    grad = "squared_hinge_grad"
    shown = "mean max(1 − {t} {p}, 0)²"
    slope_shown = "−2 {t} max(1 − {t} {p}, 0)"

    def cost(self, p: Expr, t: Expr, parameter: float) -> Expr:
        return Power(_above(_gap(p, t), 0.0), _TWO)

    def slope(self, p: Expr, t: Expr, parameter: float) -> Expr:
        return Negate(Product((_TWO, t, _above(_gap(p, t), 0.0))))


@register
class SquaredHingeGrad(DistanceGrad):
    """``dp = -2 t max(1 - t p, 0) / n``."""

    name = "squared_hinge_grad"
    kernel = "distances.squared_hinge_grad"


def _lead(ins: Instruction, cell: Cell) -> tuple[Expr, tuple[Expr, ...], Expr]:
    """(sum over the right class, what the wrong ones give, how much the lead falls short of 1)."""
    p, t = ins.inputs["p"], ins.inputs["t"]
    places = along(p, cell)
    right = Sum(tuple(Product((ref(t, k), ref(p, k))) for k in places))
    wrong = tuple(Product((minus(_ONE, ref(t, k)), ref(p, k))) for k in places)
    largest = Call("max", wrong) if len(wrong) > 1 else wrong[0]
    return right, wrong, Sum((largest, Negate(right), _ONE))


@register
class CategoricalHingeRows(LossRows):
    """``max(max (1 - t) p - Σ t p + 1, 0)``: the right class should lead the others by 1."""

    name = "categorical_hinge_rows"
    kernel = "distances.categorical_hinge_rows"
    grad = "categorical_hinge_grad"

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return _above(_lead(ins, cell)[2], 0.0)

    def right_side(self, ins: Instruction) -> str:
        p, t = ins.inputs["p"].symbol, ins.inputs["t"].symbol
        return f"max(max (1 − {t}) {p} − Σ {t} {p} + 1, 0)"


@register
class CategoricalHingeGrad(LossGrad):
    """``dp = -t``, and 1 - t at the largest wrong class, while the lead falls short; equal ones share."""

    name = "categorical_hinge_grad"
    kernel = "distances.categorical_hinge_grad"

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        p, t = ins.inputs["p"], ins.inputs["t"]
        _, wrong, gap = _lead(ins, cell[:-1] if p.shape else cell)
        largest = Call("max", wrong) if len(wrong) > 1 else wrong[0]
        others = minus(_ONE, ref(t, cell))
        mine = Call("equal", (Product((others, ref(p, cell))), largest))
        count = Sum(tuple(Call("equal", (one, largest)) for one in wrong))
        slope = minus(Product((others, Quotient(mine, count))), ref(t, cell))
        return Product((self.shared(ins, cell), Call("heaviside", (gap,)), slope))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return along(ins.output, cell[: max(len(ins.output.shape), 1)])

    def right_side(self, ins: Instruction) -> str:
        t = ins.inputs["t"].symbol
        return f"(1 − {t} at the largest − {t}){self.mean_prefix(ins)}"


def _length(t: tuple[Expr, ...]) -> Expr:
    return _above(Call("sqrt", (Sum(tuple(Power(x, _TWO) for x in t)),)), EPSILON)


@register
class CosineRows(LossRows):
    """``-Σ t p / (|t| |p|)``, lengths at least 1e-7."""

    name = "cosine_rows"
    kernel = "distances.cosine_rows"
    grad = "cosine_grad"

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        pairs = self.each(ins, cell)
        dot = Sum(tuple(Product((t, p)) for p, t in pairs))
        lengths = (_length(tuple(t for _, t in pairs)), _length(tuple(p for p, _ in pairs)))
        return Negate(Quotient(dot, Product(lengths)))

    def right_side(self, ins: Instruction) -> str:
        p, t = ins.inputs["p"].symbol, ins.inputs["t"].symbol
        return f"−Σ {t} {p} / (|{t}| |{p}|)"


@register
class CosineGrad(LossGrad):
    """``dp = (p (p·t) / |p|² - t) / (|p| |t|)``: the part of -t across p. Shorter than 1e-7, p's length is constant."""

    name = "cosine_grad"
    kernel = "distances.cosine_grad"

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        p, t = ins.inputs["p"], ins.inputs["t"]
        places = along(p, cell[:-1] if p.shape else cell)
        ps, ts = tuple(ref(p, k) for k in places), tuple(ref(t, k) for k in places)
        square = Sum(tuple(Power(x, _TWO) for x in ps))
        dot = Sum(tuple(Product((a, b)) for a, b in zip(ps, ts, strict=True)))
        long = Call("heaviside", (minus(Call("sqrt", (square,)), Number(EPSILON)),))
        along_p = Call("where", (long, Quotient(Product((ref(p, cell), dot)), square), _ZERO))
        whole = Product((_length(ps), _length(ts)))
        slope = Quotient(minus(along_p, ref(t, cell)), whole)
        return Product((self.shared(ins, cell), slope))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return along(ins.output, cell[: max(len(ins.output.shape), 1)])

    def right_side(self, ins: Instruction) -> str:
        p, t = ins.inputs["p"].symbol, ins.inputs["t"].symbol
        return f"({p} ({p}·{t}) / |{p}|² − {t}) / (|{p}| |{t}|){self.mean_prefix(ins)}"
