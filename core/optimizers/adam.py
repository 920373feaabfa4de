"""Adam and its kin: averages of gradients and of their squares, corrected for their start at 0."""

from __future__ import annotations

from typing import ClassVar

from core.expressions import Call, Expr, Negate, Product, Quotient, Sum, Symbol
from core.layers.settings import Setting
from core.optimizers.base import COMMON, EPSILON, Optimizer, rate_setting, share
from core.optimizers.rule import RATE, G, Line, average, root, square, term

_BETA_1 = share("beta_1", "Beta 1", 0.9, "Share of the average of gradients that is kept")
_BETA_2 = share("beta_2", "Beta 2", 0.999, "Share of the average of squared gradients that is kept")
_AMSGRAD = Setting("amsgrad", "AMSGrad", "bool", False,
                   help="Divide by the largest average of squares so far")  # fmt: skip


class _Averages(Optimizer):
    """What they share."""

    below_one = ("beta_1", "beta_2")

    @property
    def slots(self) -> dict[str, float]:
        return {"m": 0.0, "v": 0.0}

    def _averages(self) -> tuple[Line, Line]:
        b1, b2 = Symbol("β₁", self.config["beta_1"]), Symbol("β₂", self.config["beta_2"])
        return (
            Line("m", average(term("m"), G, b1)),
            Line("v", average(term("v"), square(G), b2)),
        )

    def _ratio(self, above: Expr, below: Expr) -> Expr:
        return Quotient(above, Sum((below, Symbol("ε", self.config["epsilon"]))))


class Adam(_Averages):
    """``m ← β₁ m + (1 − β₁) g``, ``v ← β₂ v + (1 − β₂) g²``, ``w ← w − α m / (√v + ε)``, ``α = η √c₂ / c₁``.

    With ``c₁ = 1 − β₁ᵗ`` and ``c₂ = 1 − β₂ᵗ``: Kingma and Ba 2015 as Keras writes it, the corrections folded into the
    rate, so that ε is the paper's ε-hat. AMSGrad divides by the largest ``√v`` so far (Reddi et al. 2018).
    """

    name = "Adam"
    own: ClassVar[tuple[Setting, ...]] = (rate_setting(0.001), _BETA_1, _BETA_2, EPSILON, _AMSGRAD)
    factors = "adam_factors"
    shared = ("effective_rate",)

    @property
    def operation(self) -> str:
        return "amsgrad" if self.config["amsgrad"] else "adam"

    @property
    def slots(self) -> dict[str, float]:
        return {**super().slots, **({"v_max": 0.0} if self.config["amsgrad"] else {})}

    def factor_values(self, rate: float, t: int, before: dict[str, float]) -> dict[str, float]:
        c1, c2 = 1 - self.config["beta_1"] ** t, 1 - self.config["beta_2"] ** t
        return {
            "mean_correction": c1,
            "square_correction": c2,
            "effective_rate": rate * c2**0.5 / c1,
        }

    def uncorrected(self, rate: float, t: int, before: dict[str, float]) -> dict[str, float]:
        return {"mean_correction": 1.0, "square_correction": 1.0, "effective_rate": rate}

    def rule(self) -> tuple[Line, ...]:
        m, v = term("m"), term("v")
        lines = [
            *self._averages(),
            Line("m_corrected", Quotient(m, term("mean_correction", "c₁")), shown=False),
            Line("v_corrected", Quotient(v, term("square_correction", "c₂")), shown=False),
        ]
        if self.config["amsgrad"]:
            lines.append(Line("v_max", Call("max", (term("v_max", "v̂"), v))))
            v = term("v_max", "v̂")
        ratio = self._ratio(m, root(v))
        return (*lines, Line("step", Negate(Product((term("effective_rate", "α"), ratio)))))


class AdamW(Adam):
    """Adam with weight decay λ: ``w ← (1 − η λ) w − α m / (√v + ε)``. Loshchilov and Hutter 2019."""

    name = "AdamW"
    own = (
        rate_setting(0.001),
        Setting("weight_decay", "Weight decay", "float", 0.004, 0.0, step=0.001, help=COMMON[0].help),
        _BETA_1, _BETA_2, EPSILON, _AMSGRAD,
    )  # fmt: skip


class Adamax(_Averages):
    """``m ← β₁ m + (1 − β₁) g``, ``u ← max(β₂ u, |g|)``, ``w ← w − α m / (u + ε)``, ``α = η / c₁``.

    Kingma and Ba 2015, section 7.1, with the ε of Keras.
    """

    name = "Adamax"
    own = (rate_setting(0.001), _BETA_1, _BETA_2, EPSILON)
    factors = "adamax_factors"
    shared = ("effective_rate",)

    @property
    def slots(self) -> dict[str, float]:
        return {"m": 0.0, "u": 0.0}

    def factor_values(self, rate: float, t: int, before: dict[str, float]) -> dict[str, float]:
        c1 = 1 - self.config["beta_1"] ** t
        return {"mean_correction": c1, "effective_rate": rate / c1}

    def uncorrected(self, rate: float, t: int, before: dict[str, float]) -> dict[str, float]:
        return {"mean_correction": 1.0, "effective_rate": rate}

    def rule(self) -> tuple[Line, ...]:
        m, u = term("m"), term("u")
        b2 = Symbol("β₂", self.config["beta_2"])
        return (
            self._averages()[0],
            Line("m_corrected", Quotient(m, term("mean_correction", "c₁")), shown=False),
            Line("u", Call("max", (Product((b2, u)), Call("abs", (G,))))),
            Line("step", Negate(Product((term("effective_rate", "α"), self._ratio(m, u))))),
        )


class Nadam(_Averages):
    """Adam that looks ahead: ``w ← w − η (a m + b g) / (√(v / c₂) + ε)``. Dozat 2016.

    With ``μₜ = β₁ (1 − ½ 0.96ᵗ)`` and ``Pₜ = μ₁ ⋯ μₜ``: ``a = μₜ₊₁ / (1 − Pₜ₊₁)``, ``b = (1 − μₜ) / (1 − Pₜ)``,
    ``c₂ = 1 − β₂ᵗ``.
    """

    name = "Nadam"
    own = (rate_setting(0.001), _BETA_1, _BETA_2, EPSILON)
    factors = "nadam_factors"
    shared = ("mean_factor", "gradient_factor", "square_correction")
    remembered: ClassVar[dict[str, float]] = {"momentum_product": 1.0}

    def factor_values(self, rate: float, t: int, before: dict[str, float]) -> dict[str, float]:
        def momentum(k: int) -> float:
            return float(self.config["beta_1"] * (1 - 0.5 * 0.96**k))

        product = before["momentum_product"] * momentum(t)
        return {
            "momentum_product": product,
            "mean_factor": momentum(t + 1) / (1 - product * momentum(t + 1)),
            "gradient_factor": (1 - momentum(t)) / (1 - product),
            "square_correction": 1 - self.config["beta_2"] ** t,
        }

    def uncorrected(self, rate: float, t: int, before: dict[str, float]) -> dict[str, float]:
        found = self.factor_values(rate, t, before)

        def momentum(k: int) -> float:
            return float(self.config["beta_1"] * (1 - 0.5 * 0.96**k))

        plain = {
            "mean_factor": momentum(t + 1),
            "gradient_factor": 1 - momentum(t),
            "square_correction": 1.0,
        }
        return {**found, **plain}

    def rule(self) -> tuple[Line, ...]:
        m, v = term("m"), term("v")
        ahead = Sum((
            Product((term("mean_factor", "a"), m)), Product((term("gradient_factor", "b"), G)),
        ))  # fmt: skip
        corrected = Quotient(v, term("square_correction", "c₂"))
        m_hat, v_hat = term("m_corrected"), term("v_corrected")
        return (
            *self._averages(),
            Line("m_corrected", ahead),
            Line("v_corrected", corrected),
            Line("step", Negate(Product((RATE, self._ratio(m_hat, root(v_hat)))))),
        )
