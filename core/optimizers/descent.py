"""Gradient descent, plain and with momentum, and by signs alone."""

from __future__ import annotations

from typing import Any

from core.expressions import Call, Negate, Product, Sum, Symbol
from core.layers.settings import Setting
from core.optimizers.base import Optimizer, rate_setting, share
from core.optimizers.rule import RATE, G, Line, average, term

MOMENTUM = share("momentum", "Momentum", 0.0, "Share of the last update that is kept")


class SGD(Optimizer):
    """``w ← w − η g``; with momentum β ``v ← β v − η g, w ← w + v``; Nesterov ``w ← w + β v − η g``.

    Sutskever et al. 2013. Batch, stochastic and mini-batch descent are this with all samples, one, or some in a step.
    """

    name = "SGD"
    own = (
        rate_setting(0.01),
        MOMENTUM,
        Setting("nesterov", "Nesterov", "bool", False,
                help="Look where the momentum leads before measuring"),
    )  # fmt: skip

    @property
    def operation(self) -> str:
        return "momentum" if self.config["momentum"] else "sgd"

    @property
    def slots(self) -> dict[str, float]:
        return {"velocity": 0.0} if self.config["momentum"] else {}

    def constants(self) -> dict[str, Any]:
        return super().constants() if self.config["momentum"] else {}

    def rule(self) -> tuple[Line, ...]:
        down = Negate(Product((RATE, G)))
        if not self.config["momentum"]:
            return (Line("step", down),)
        beta, v = Symbol("β", self.config["momentum"]), term("velocity", "v")
        velocity = Line("velocity", Sum((Product((beta, v)), down)))
        if self.config["nesterov"]:
            return (velocity, Line("step", Sum((Product((beta, v)), down))))
        return (velocity, Line("step", v))


class Lion(Optimizer):
    """``w ← w − η sign(β₁ m + (1 − β₁) g)``, then ``m ← β₂ m + (1 − β₂) g``: along every axis a
    step is as long as the rate.

    Chen et al. 2023.
    """

    name = "Lion"
    own = (
        rate_setting(0.001),
        Setting("beta_1", "Beta 1", "float", 0.9, 1e-12, 1.0, 0.01,
                help="Share of the average in the direction of a step"),
        share("beta_2", "Beta 2", 0.99, "Share of the average of gradients that is kept"),
    )  # fmt: skip

    @property
    def slots(self) -> dict[str, float]:
        return {"m": 0.0}

    def rule(self) -> tuple[Line, ...]:
        b1, b2 = Symbol("β₁", self.config["beta_1"]), Symbol("β₂", self.config["beta_2"])
        m = term("m")
        return (
            Line("direction", Call("sign", (average(m, G, b1),))),
            Line("m", average(m, G, b2)),
            Line("step", Negate(Product((RATE, term("direction"))))),
        )
