"""What is worked out once a step before the updates: clipped gradients, and the numbers that all weights share."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from core.expressions import Call, Expr, Negate, Number, Power, Product, Quotient, Sum, Symbol
from core.ops.averages import OneNumber
from core.ops.base import (
    Cell,
    Half,
    Instruction,
    Op,
    ref,
    register,
    span_halves,
    span_integers,
)
from core.ops.summing import everywhere, sum_of

_ONE = Number(1)


@register
class KeepFactor(OneNumber):
    """``κ = 1 - η λ``: what weight decay leaves of every weight (Loshchilov and Hutter 2019). Attribute: `decay`."""

    name = "keep_factor"
    kernel = "step_factors.keep_factor"
    operands = ("rate",)

    def integers(self, ins: Instruction) -> list[int]:
        return [ins.inputs["rate"].at, ins.output.at]

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes["decay"]]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        decay = Symbol("λ", ins.attributes["decay"])
        return Sum((_ONE, Negate(Product((ref(ins.inputs["rate"], ()), decay)))))

    def title(self, ins: Instruction) -> str:
        return f"{ins.output.symbol} = 1 − η λ"


def _power(symbol: str, base: float, t: Expr) -> Expr:
    return Power(Symbol(symbol, base), t)


class _Factors(OneNumber):
    """Numbers that depend on how many updates there have been."""

    operands: ClassVar[tuple[str, ...]] = ("rate",)
    constants: ClassVar[tuple[str, ...]] = ("beta_1", "beta_2")

    def integers(self, ins: Instruction) -> list[int]:
        return [ins.inputs["rate"].at, *(t.at for t in ins.outputs.values())]

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes[key] for key in self.constants]

    def formulas(self, ins: Instruction) -> dict[str, Callable[[], Expr]]:
        """How each output is computed."""
        raise NotImplementedError

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return self.explain_output(ins, next(iter(ins.outputs)), cell)

    def explain_output(self, ins: Instruction, output: str, cell: Cell) -> Expr:
        return self.formulas(ins)[output]()

    def time(self, ins: Instruction) -> Symbol:
        """Which update this is, from 1."""
        return Symbol("t", float(ins.attributes.get("iteration", 1)))

    def correction(self, ins: Instruction, number: int) -> Expr:
        """``1 - βᵗ``."""
        beta = _power(
            "β₁" if number == 1 else "β₂", ins.attributes[f"beta_{number}"], self.time(ins)
        )
        return Sum((_ONE, Negate(beta)))


@register
class AdamFactors(_Factors):
    """``α = η √c₂ / c₁`` with ``c₁ = 1 - β₁ᵗ``, ``c₂ = 1 - β₂ᵗ``. Kingma and Ba 2015, before section 2.1."""

    name = "adam_factors"
    kernel = "step_factors.adam_factors"

    def formulas(self, ins: Instruction) -> dict[str, Callable[[], Expr]]:
        rate = ref(ins.inputs["rate"], ())
        root = Call("sqrt", (self.correction(ins, 2),))
        return {
            "effective_rate": lambda: Product((rate, Quotient(root, self.correction(ins, 1)))),
            "mean_correction": lambda: self.correction(ins, 1),
            "square_correction": lambda: self.correction(ins, 2),
        }

    def title(self, ins: Instruction) -> str:
        return "α = η √(1 − β₂ᵗ) / (1 − β₁ᵗ)"


@register
class AdamaxFactors(_Factors):
    """``α = η / c₁`` with ``c₁ = 1 - β₁ᵗ``."""

    name = "adamax_factors"
    kernel = "step_factors.adamax_factors"
    constants = ("beta_1",)

    def formulas(self, ins: Instruction) -> dict[str, Callable[[], Expr]]:
        rate = ref(ins.inputs["rate"], ())
        return {
            "effective_rate": lambda: Quotient(rate, self.correction(ins, 1)),
            "mean_correction": lambda: self.correction(ins, 1),
        }

    def title(self, ins: Instruction) -> str:
        return "α = η / (1 − β₁ᵗ)"


@register
class NadamFactors(_Factors):
    """``Pₜ = μ₁ ⋯ μₜ`` with ``μₜ = β₁ (1 - ½ 0.96ᵗ)``; ``a = μₜ₊₁/(1 - Pₜ₊₁)``, ``b = (1 - μₜ)/(1 - Pₜ)``.

    Dozat 2016. The product of the steps before is remembered.
    """

    name = "nadam_factors"
    kernel = "step_factors.nadam_factors"
    operands = ("rate", "momentum_product")

    def integers(self, ins: Instruction) -> list[int]:
        return [t.at for t in ins.outputs.values()]

    def formulas(self, ins: Instruction) -> dict[str, Callable[[], Expr]]:
        b1, t = Symbol("β₁", ins.attributes["beta_1"]), self.time(ins)

        def momentum(more: float = 0.0) -> Expr:
            when = Symbol("t", t.value) if not more else Sum((t, Number(more)))
            half = Product((Number(0.5), Power(Number(0.96), when)))
            return Product((b1, Sum((_ONE, Negate(half)))))

        first = t.value == 1
        before = ref(ins.inputs["momentum_product"], ())
        product = momentum() if first else Product((before, momentum()))
        ahead = Product((product, momentum(1)))
        return {
            "momentum_product": lambda: product,
            "mean_factor": lambda: Quotient(momentum(1), Sum((_ONE, Negate(ahead)))),
            "gradient_factor": lambda: Quotient(
                Sum((_ONE, Negate(momentum()))), Sum((_ONE, Negate(product)))
            ),
            "square_correction": lambda: self.correction(ins, 2),
        }

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [] if operand == "rate" or ins.attributes.get("iteration", 1) == 1 else [()]

    def title(self, ins: Instruction) -> str:
        return "P ← P β₁ (1 − ½ 0.96ᵗ)"


# ---- clipping ---------------------------------------------------------------------------------------------------


@register
class GradientNorm(OneNumber):
    """``n = √Σ g²``: the length of a gradient."""

    name = "gradient_norm"
    kernel = "step_factors.gradient_norm"

    def integers(self, ins: Instruction) -> list[int]:
        return [ins.inputs["x"].size, ins.inputs["x"].at, ins.output.at]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x = ins.inputs["x"]
        if not x.shape:
            return Call("sqrt", (Sum((Power(ref(x, ()), Number(2)),)),))
        return Call("sqrt", (sum_of((x, everywhere(*x.shape)), squared=True),))

    def right_side(self, ins: Instruction) -> str:
        x = ins.inputs["x"].symbol
        return f"√Σ {x}∘{x}"


@register
class GlobalNorm(OneNumber):
    """``n = √(n₁² + n₂² + ...)``: the length of all gradients as one. As many operands as there are weights."""

    name = "global_norm"
    kernel = "step_factors.global_norm"

    def integers(self, ins: Instruction) -> list[int]:
        return [len(ins.inputs), ins.output.at, *(t.at for t in ins.inputs.values())]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return Call(
            "sqrt", (Sum(tuple(Power(ref(t, ()), Number(2)) for t in ins.inputs.values())),)
        )

    def right_side(self, ins: Instruction) -> str:
        return f"√({' + '.join(f'{t.symbol}∘{t.symbol}' for t in ins.inputs.values())})"


@register
class ClipToNorm(Op):
    """``g′ = g · c / max(n, c)``: a gradient of at most length c (Pascanu et al. 2013). Attribute: `limit`."""

    name = "clip_to_norm"
    kernel = "step_factors.clip_to_norm"
    operands = ("g", "norm")

    def integers(self, ins: Instruction) -> list[int]:
        g = ins.inputs["g"]
        return [g.size, g.at, ins.inputs["norm"].at, ins.output.at]

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes["limit"]]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        limit = Symbol("c", ins.attributes["limit"])
        longest = Call("max", (ref(ins.inputs["norm"], ()), limit))
        return Product((ref(ins.inputs["g"], cell), Quotient(limit, longest)))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        # The length is in every cell's formula; marking them all would say nothing.
        return [] if operand == "norm" else [cell]

    def right_side(self, ins: Instruction) -> str:
        limit, norm = f"{ins.attributes['limit']:g}", ins.inputs["norm"].symbol
        return f"{ins.inputs['g'].symbol} · {limit} / max({norm}, {limit})"


@register
class ClipValue(Op):
    """``g′ = min(max(g, -c), c)``. Attribute: `limit`."""

    name = "clip_value"
    kernel = "step_factors.clip_value"
    operands = ("g",)

    def integers(self, ins: Instruction) -> list[int]:
        return span_integers(ins.inputs["g"], ins.output)

    def halves(self, ins: Instruction) -> tuple[Half, Half] | None:
        return span_halves(ins, self.integers(ins))

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes["limit"]]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        limit = Number(ins.attributes["limit"])
        return Call("clip", (ref(ins.inputs["g"], cell), Negate(limit), limit))

    def right_side(self, ins: Instruction) -> str:
        limit = f"{ins.attributes['limit']:g}"
        return f"clip({ins.inputs['g'].symbol}, −{limit}, {limit})"
