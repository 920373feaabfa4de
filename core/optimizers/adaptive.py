"""A rate of its own for each weight, from the squares of its gradients."""

from __future__ import annotations

from core.expressions import Expr, Negate, Product, Quotient, Sum, Symbol
from core.layers.settings import Setting
from core.optimizers.base import EPSILON, Optimizer, rate_setting, share
from core.optimizers.descent import MOMENTUM
from core.optimizers.rule import RATE, G, Line, average, root, square, term


class Adagrad(Optimizer):
    """``G ← G + g²``, ``w ← w − η g / √(G + ε)``. Duchi et al. 2011."""

    name = "Adagrad"
    own = (
        rate_setting(0.001),
        Setting("initial_accumulator_value", "First sum", "float", 0.1, 0.0, step=0.1,
                help="What the sum of squared gradients starts from"),
        EPSILON,
    )  # fmt: skip

    @property
    def slots(self) -> dict[str, float]:
        return {"accumulator": self.config["initial_accumulator_value"]}

    def rule(self) -> tuple[Line, ...]:
        total, epsilon = term("accumulator", "G"), Symbol("ε", self.config["epsilon"])
        return (
            Line("accumulator", Sum((total, square(G)))),
            Line("effective_rate", Quotient(RATE, root(Sum((total, epsilon)))), shown=False),
            Line("step", Negate(Quotient(Product((RATE, G)), root(Sum((total, epsilon)))))),
        )


class Adadelta(Optimizer):
    """``E ← ρ E + (1 − ρ) g²``, ``Δ = −√(D + ε) / √(E + ε) · g``, ``D ← ρ D + (1 − ρ) Δ²``, ``w ← w + η Δ``.

    Zeiler 2012, where η is 1: the notes' ``−RMS[Δθ] / RMS[g] · g``.
    """

    name = "Adadelta"
    own = (
        rate_setting(0.001),
        share("rho", "Rho", 0.95, "Share of both averages of squares that is kept"),
        EPSILON,
    )

    below_one = ("rho",)

    @property
    def slots(self) -> dict[str, float]:
        return {"accumulated_grad": 0.0, "accumulated_delta": 0.0}

    def rule(self) -> tuple[Line, ...]:
        rho, epsilon = Symbol("ρ", self.config["rho"]), Symbol("ε", self.config["epsilon"])
        squares, moved = term("accumulated_grad", "E"), term("accumulated_delta", "D")

        def rms(x: Expr) -> Expr:
            return root(Sum((x, epsilon)))

        delta = term("delta", "Δ")
        return (
            Line("accumulated_grad", average(squares, square(G), rho)),
            Line("delta", Negate(Quotient(Product((rms(moved), G)), rms(squares)))),
            Line("accumulated_delta", average(moved, square(delta), rho)),
            Line("step", Product((RATE, delta))),
        )


class RMSprop(Optimizer):
    """``s ← ρ s + (1 − ρ) g²``, ``w ← w − η g / √(s + ε)``; centered: ``√(s − a² + ε)`` with ``a ← ρ a + (1 − ρ) g``.

    With momentum β ``b ← β b + η g / √(s + ε)``, ``w ← w − b``. Tieleman and Hinton 2012; centered: Graves 2013.
    """

    name = "RMSprop"
    own = (
        rate_setting(0.001),
        share("rho", "Rho", 0.9, "Share of the average of squared gradients that is kept"),
        MOMENTUM,
        EPSILON,
        Setting("centered", "Centered", "bool", False,
                help="Divide by the spread of the gradients instead of their size"),
    )  # fmt: skip

    below_one = ("rho",)

    @property
    def slots(self) -> dict[str, float]:
        found = {"mean_square": 0.0}
        if self.config["momentum"]:
            found["momentum"] = 0.0
        if self.config["centered"]:
            found["mean_gradient"] = 0.0
        return found

    def rule(self) -> tuple[Line, ...]:
        rho, epsilon = Symbol("ρ", self.config["rho"]), Symbol("ε", self.config["epsilon"])
        squares, mean, kept = (
            term("mean_square", "s"),
            term("mean_gradient", "a"),
            term("momentum", "b"),
        )
        lines = [Line("mean_square", average(squares, square(G), rho))]
        under: tuple[Expr, ...] = (squares, epsilon)
        if self.config["centered"]:
            lines.append(Line("mean_gradient", average(mean, G, rho)))
            under = (squares, Negate(square(mean)), epsilon)
        size = root(Sum(under))
        lines.append(Line("effective_rate", Quotient(RATE, size), shown=False))
        down = Quotient(Product((RATE, G)), size)
        if not self.config["momentum"]:
            return (*lines, Line("step", Negate(down)))
        beta = Symbol("β", self.config["momentum"])
        return (
            *lines,
            Line("momentum", Sum((Product((beta, kept)), down))),
            Line("step", Negate(kept)),
        )
