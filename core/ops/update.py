"""Updates of one weight tensor, and running sums."""

from __future__ import annotations

from core.expressions import Call, Expr, Negate, Number, Power, Product, Quotient, Sum, Symbol
from core.ops.base import Cell, Instruction, Op, cells, ref, register
from core.tape.tensors import Shape, Tensor


class _Update(Op):
    """Changes a weight (and the optimizer's memory of it) in place, once a step.

    `explain` speaks of the values before.
    """

    def sizes(self, ins: Instruction) -> list[int]:
        """n, w, g, rate."""
        w = ins.inputs["w"]
        return [w.size, w.at, ins.inputs["g"].at, ins.inputs["rate"].at]

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [cell] if operand != "rate" else []


@register
class Sgd(_Update):
    """``w ← w - η g``."""

    name = "sgd"
    kernel = "update.sgd"
    operands = ("w", "g", "rate")

    def integers(self, ins: Instruction) -> list[int]:
        return self.sizes(ins)

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        w, g, rate = (
            ref(ins.inputs["w"], cell),
            ref(ins.inputs["g"], cell),
            ref(ins.inputs["rate"], ()),
        )
        return Sum((w, Negate(Product((rate, g)))))

    def title(self, ins: Instruction) -> str:
        w, g = ins.inputs["w"].symbol, ins.inputs["g"].symbol
        return f"{w} ← {w} − η {g}"


@register
class Momentum(_Update):
    """``v ← μ v - η g``, ``w ← w + v``; Nesterov: ``w ← w + μ v - η g``. Attributes: `momentum`, `nesterov`."""

    name = "momentum"
    kernel = "update.momentum"
    operands = ("w", "g", "rate", "velocity")

    def integers(self, ins: Instruction) -> list[int]:
        return [*self.sizes(ins), ins.inputs["velocity"].at]

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes["momentum"], float(ins.attributes["nesterov"])]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        w, g, rate = (
            ref(ins.inputs["w"], cell),
            ref(ins.inputs["g"], cell),
            ref(ins.inputs["rate"], ()),
        )
        mu, step = Symbol("μ", ins.attributes["momentum"]), Negate(Product((rate, g)))
        velocity = Sum((Product((mu, ref(ins.inputs["velocity"], cell))), step))
        if ins.attributes["nesterov"]:
            return Sum((w, Product((mu, velocity)), step))
        return Sum((w, *velocity.terms))

    def title(self, ins: Instruction) -> str:
        w, g, v = (ins.inputs[k].symbol for k in ("w", "g", "velocity"))
        if ins.attributes["nesterov"]:
            return f"{v} ← μ {v} − η {g};  {w} ← {w} + μ {v} − η {g}"
        return f"{v} ← μ {v} − η {g};  {w} ← {w} + {v}"


@register
class Adam(_Update):
    """``m += (g - m)(1 - β₁)``, ``v += (g² - v)(1 - β₂)``, ``w ← w - η √(1 - β₂ᵗ)/(1 - β₁ᵗ) m / (√v + ε)`` (Keras)."""

    name = "adam"
    kernel = "update.adam"
    operands = ("w", "g", "rate", "m", "v")

    def integers(self, ins: Instruction) -> list[int]:
        return [*self.sizes(ins), ins.inputs["m"].at, ins.inputs["v"].at]

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes[k] for k in ("beta_1", "beta_2", "epsilon")]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        a, t = ins.attributes, Symbol("t", float(ins.attributes.get("iteration", 1)))
        w, g, rate = (
            ref(ins.inputs["w"], cell),
            ref(ins.inputs["g"], cell),
            ref(ins.inputs["rate"], ()),
        )
        b1, b2 = Symbol("β₁", a["beta_1"]), Symbol("β₂", a["beta_2"])
        one = Number(1)

        def average(old: Expr, new: Expr, beta: Expr) -> Expr:
            return Sum((Product((beta, old)), Product((Sum((one, Negate(beta))), new))))

        m = average(ref(ins.inputs["m"], cell), g, b1)
        v = average(ref(ins.inputs["v"], cell), Power(g, Number(2)), b2)
        correction = Quotient(
            Call("sqrt", (Sum((one, Negate(Power(b2, t)))),)), Sum((one, Negate(Power(b1, t))))
        )
        step = Product(
            (rate, correction, Quotient(m, Sum((Call("sqrt", (v,)), Symbol("ε", a["epsilon"])))))
        )
        return Sum((w, Negate(step)))

    def title(self, ins: Instruction) -> str:
        w = ins.inputs["w"].symbol
        return f"{w} ← Adam({w}, {ins.inputs['g'].symbol})"


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

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        # The first batch of an epoch starts a new sum.
        new = operand == "total" and ins.attributes.get("first", False)
        return [] if operand == "count" or new else [()]

    def title(self, ins: Instruction) -> str:
        total, x, m = ins.inputs["total"].symbol, ins.inputs["x"], ins.inputs.get("m")
        added = f"Σ {m.symbol + ' ' if m else ''}{x.symbol}" if x.batch else f"n {x.symbol}"
        return f"{total} ← {total} + {added}"
