"""Updates of one weight tensor, and running sums."""

from __future__ import annotations

from typing import Any, ClassVar

from core.expressions import Expr, Number, Product, Ref, Sum
from core.ops.base import Cell, Half, Instruction, Op, cells, middle_cell, ref, register
from core.optimizers.rule import inlined, replaced
from core.tape.tensors import Shape, Tensor


class Update(Op):
    """One step of an optimizer for one weight tensor, in place: the weight, and what is remembered of it.

    Attribute `optimizer`: the optimizer, whose rule is the formula. `explain` speaks of the values before.
    """

    #: Slots and numbers shared by all weights, in the order of the kernel's integers; absent ones are -1.
    rest: ClassVar[tuple[str, ...]] = ()
    #: Arguments of the optimizer, in the order of the kernel's reals.
    constants: ClassVar[tuple[str, ...]] = ()
    #: What is added to the weight, in a title: ``w`` is the weight, ``g`` the gradient.
    shown: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.kernel = f"update.{cls.name}"
        cls.operands = ("w", "g", "rate", "keep", *cls.rest)

    def integers(self, ins: Instruction) -> list[int]:
        given = (ins.inputs.get(key) for key in self.operands)
        return [ins.inputs["w"].size, *(-1 if t is None else t.at for t in given)]

    def halves(self, ins: Instruction) -> tuple[Half, Half] | None:
        w, ints = ins.inputs["w"], self.integers(ins)
        at, n = middle_cell(w.shape), w.size
        # Numbers that all weights share are read by both.
        own = [
            key for key in self.operands
            if (t := ins.inputs.get(key)) is not None and t.role != "scalar" and t.shape == w.shape and t.size > 1
        ]  # fmt: skip
        second = [
            place + at * (key in own) for key, place in zip(("", *self.operands), ints, strict=True)
        ]
        names = [*own, *ins.outputs]
        return (
            Half([at, *ints[1:]], dict.fromkeys(names, (0, at))),
            Half([n - at, *second[1:]], dict.fromkeys(names, (at, n))),
        ) if at > 0 else None  # fmt: skip

    def reals(self, ins: Instruction) -> list[float]:
        return [float(ins.attributes["optimizer"].config[key]) for key in self.constants]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        w: Expr = ref(ins.inputs["w"], cell)
        if "keep" in ins.inputs:
            w = Product((ref(ins.inputs["keep"], ()), w))
        step = self._written(ins, "step", cell)
        return Sum((w, *(step.terms if isinstance(step, Sum) else (step,))))

    def explain_output(self, ins: Instruction, output: str, cell: Cell) -> Expr:
        return self.explain(ins, cell) if output == "y" else self._written(ins, output, cell)

    def _written(self, ins: Instruction, name: str, cell: Cell) -> Expr:
        def put(r: Ref) -> Expr:
            t = ins.inputs[r.tensor]
            return ref(t, cell if t.shape == ins.inputs["w"].shape and t.role != "scalar" else ())

        lines = ins.attributes["optimizer"].rule()
        return replaced(inlined(tuple(line for line in lines if line.shown), name), put)

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        # Numbers that all cells read would mark the whole weight: that says nothing.
        return [cell] if operand in ("w", "g", *ins.attributes["optimizer"].slots) else []

    def title(self, ins: Instruction) -> str:
        w, g = ins.inputs["w"].symbol, ins.inputs["g"].symbol
        kept = f"κ {w}" if "keep" in ins.inputs else w
        return f"{w} ← {kept} {self.change(ins).format(g=g)}"

    def change(self, ins: Instruction) -> str:
        """What is added to the weight, in a title; ``{g}`` is the gradient."""
        return self.shown


@register
class Sgd(Update):
    """``w ← w - η g``."""

    name = "sgd"
    shown = "− η {g}"


@register
class Momentum(Update):
    """``v ← β v - η g``, ``w ← w + v``; Nesterov: ``w ← w + β v - η g``."""

    name = "momentum"
    rest = ("velocity",)
    constants = ("momentum", "nesterov")

    def title(self, ins: Instruction) -> str:
        v, g = ins.inputs["velocity"].symbol, ins.inputs["g"].symbol
        return f"{v} ← β {v} − η {g};  {super().title(ins)}"

    def change(self, ins: Instruction) -> str:
        v = ins.inputs["velocity"].symbol
        return f"+ β {v} − η {{g}}" if ins.attributes["optimizer"].config["nesterov"] else f"+ {v}"


@register
class Adagrad(Update):
    """``G ← G + g²``, ``w ← w - η g / √(G + ε)``."""

    name = "adagrad"
    rest = ("accumulator",)
    constants = ("epsilon",)
    shown = "− η {g} / √(G + ε)"


@register
class Adadelta(Update):
    """``E ← ρ E + (1-ρ) g²``, ``Δ = -√(D + ε)/√(E + ε) g``, ``D ← ρ D + (1-ρ) Δ²``, ``w ← w + η Δ``."""

    name = "adadelta"
    rest = ("accumulated_grad", "accumulated_delta")
    constants = ("rho", "epsilon")
    shown = "− η √(D + ε) / √(E + ε) {g}"


@register
class RMSprop(Update):
    """``s ← ρ s + (1-ρ) g²``, ``w ← w - η g / √(s + ε)``; with momentum, centered or both."""

    name = "rmsprop"
    rest = ("mean_square", "momentum", "mean_gradient")
    constants = ("rho", "momentum", "epsilon")

    def change(self, ins: Instruction) -> str:
        if "momentum" in ins.inputs:
            return "− b"
        return "− η {g} / √(s − a² + ε)" if "mean_gradient" in ins.inputs else "− η {g} / √(s + ε)"


@register
class Adam(Update):
    """``m ← β₁ m + (1-β₁) g``, ``v ← β₂ v + (1-β₂) g²``, ``w ← w - α m / (√v + ε)``."""

    name = "adam"
    rest = ("effective_rate", "m", "v")
    constants = ("beta_1", "beta_2", "epsilon")
    shown = "− α m / (√v + ε)"


@register
class AmsGrad(Update):
    """Adam that divides by the root of the largest v so far."""

    name = "amsgrad"
    rest = ("effective_rate", "m", "v", "v_max")
    constants = Adam.constants
    shown = "− α m / (√v̂ + ε)"


@register
class Adamax(Update):
    """``m ← β₁ m + (1-β₁) g``, ``u ← max(β₂ u, |g|)``, ``w ← w - α m / (u + ε)``."""

    name = "adamax"
    rest = ("effective_rate", "m", "u")
    constants = Adam.constants
    shown = "− α m / (u + ε)"


@register
class Nadam(Update):
    """``w ← w - η (a m + b g) / (√(v / c₂) + ε)``."""

    name = "nadam"
    rest = ("mean_factor", "gradient_factor", "square_correction", "m", "v")
    constants = Adam.constants
    shown = "− η (a m + b {g}) / (√(v / c₂) + ε)"


@register
class Lion(Update):
    """``w ← w - η sign(β₁ m + (1-β₁) g)``, ``m ← β₂ m + (1-β₂) g``."""

    name = "lion"
    rest = ("m",)
    constants = ("beta_1", "beta_2")
    shown = "− η sign(β₁ m + (1 − β₁) {g})"


@register
class Accumulate(Op):
    """A running sum over the epoch and how many numbers are in it: metrics are their quotient.

    Of the numbers of a batch, or of one number that holds for each of its samples. Masked ones do not count.
    """

    name = "accumulate"
    kernel = "update.accumulate"
    operands = ("x", "total", "count", "m")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, object]) -> Shape:
        return ()

    def integers(self, ins: Instruction) -> list[int]:
        x, m = ins.inputs["x"], ins.inputs.get("m")
        places = [ins.inputs[k].at for k in ("x", "total", "count")]
        return [*places, x.size if x.batch else 0, -1 if m is None else m.at]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, m, rows = ins.inputs["x"], ins.inputs.get("m"), ins.attributes.get("rows", 1)
        terms: tuple[Expr, ...]
        if x.batch:
            places = [(r, *place) for r in range(rows) for place in cells(x.shape)]
            terms = tuple(
                ref(x, place) if m is None else Product((ref(m, place), ref(x, place)))
                for place in places
            )
        else:
            terms = (Product((Number(rows), ref(x, ()))),)
        if ins.attributes.get("first", False):
            return Sum(terms)
        return Sum((ref(ins.inputs["total"], ()), *terms))

    def explain_output(self, ins: Instruction, output: str, cell: Cell) -> Expr:
        """How many numbers are in the sum, for the count."""
        if output == "y":
            return self.explain(ins, cell)
        x, m, rows = ins.inputs["x"], ins.inputs.get("m"), ins.attributes.get("rows", 1)
        added: tuple[Expr, ...] = (Number(rows * (x.size if x.batch else 1)),)
        if x.batch and m is not None:
            added = tuple(ref(m, (r, *place)) for r in range(rows) for place in cells(x.shape))
        if ins.attributes.get("first", False):
            return Sum(added)
        return Sum((ref(ins.inputs["count"], ()), *added))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        # The first batch of an epoch starts a new sum.
        new = operand == "total" and ins.attributes.get("first", False)
        return [] if operand == "count" or new else [()]

    def title(self, ins: Instruction) -> str:
        total, x, m = ins.inputs["total"].symbol, ins.inputs["x"], ins.inputs.get("m")
        added = f"Σ {m.symbol + ' ' if m else ''}{x.symbol}" if x.batch else f"n {x.symbol}"
        return f"{total} ← {total} + {added}"
