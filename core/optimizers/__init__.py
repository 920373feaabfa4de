"""Optimizers under their Keras names. Each is one class: its arguments, its rule as formulas, and what it remembers.

From the rule come the explanation of every cell, the step on arrays (`Optimizer.apply_gradients`) and its terms by
name (`core.runs.Run.terms`); the tape runs a kernel of `core.kernels.update` that computes the same.

On the tape an update is one instruction a weight. Before it come, where they are needed: ``optimizer/norm`` and
``clipped/<weight>`` (clipping), ``optimizer/keep`` = 1 − ηλ (weight decay), and the numbers all weights share:
``optimizer/mean_correction`` = 1 − β₁ᵗ, ``optimizer/square_correction`` = 1 − β₂ᵗ, ``optimizer/effective_rate`` (Adam,
Adamax), ``optimizer/mean_factor``, ``optimizer/gradient_factor``, ``optimizer/momentum_product`` (Nadam). What an
optimizer remembers is called ``<weight>/<slot>``: ``dense_1/kernel/velocity``.

Where Keras 3 and PyTorch differ, Keras is followed:

==================== ============================================ ===============================================
What                 Keras (and here)                             PyTorch
==================== ============================================ ===============================================
SGD with momentum    rate before the velocity: v ← βv − ηg,       rate after it: v ← βv + g, w ← w − ηv. The same
                     w ← w + v                                    while the rate stays; not under a schedule
Adagrad              g / √(G + ε); G starts at 0.1                g / (√G + ε); G starts at 0
RMSprop              g / √(s + ε); ρ = 0.9; rate before the       g / (√s + ε); α = 0.99; rate after the momentum
                     momentum
RMSprop, centered    √(s − a² + ε)                                √(s − a²) + ε
Adadelta             as PyTorch, but ρ = 0.95, ε = 1e-7, η =      ρ = 0.9, ε = 1e-6, η = 1
                     0.001
Adam                 η √c₂/c₁ · m / (√v + ε): ε is the paper's    η/c₁ · m / (√v/√c₂ + ε), ε = 1e-8: larger steps
                     ε-hat, 1e-7                                  while c₂ is small and gradients are near ε
AMSGrad              largest v, then corrected                    the same
AdamW                λ = 0.004                                    λ = 0.01
Adamax               m / (u + ε), u ← max(β₂u, |g|)             u ← max(β₂u, |g| + ε), m / u
Nadam                μₜ = β₁(1 − ½ 0.96ᵗ)                         0.96^(t·ψ), ψ = 0.004
Weight decay         w ← (1 − ηλ)w for every optimizer            g ← g + λw, but for AdamW
clipnorm             of each weight by itself                     only of all together, with 1e-6 in the divisor
==================== ============================================ ===============================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.errors import SettingError
from core.naming import no_attribute, unknown
from core.optimizers import schedules
from core.optimizers.adam import Adam, Adamax, AdamW, Nadam
from core.optimizers.adaptive import Adadelta, Adagrad, RMSprop
from core.optimizers.base import Optimizer
from core.optimizers.descent import SGD, Lion

__all__ = [
    "SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Lion", "Nadam", "Optimizer", "RMSprop", "get", "kind",
    "names", "schedules",
]  # fmt: skip
_ORDER = (SGD, Adagrad, Adadelta, RMSprop, Adam, AdamW, Adamax, Nadam, Lion)


def names() -> tuple[str, ...]:
    """Names of all optimizers, in the order in which they are taught."""
    first = [cls.name for cls in _ORDER]
    return (*first, *(name for name in Optimizer.kinds if name not in first))


def kind(name: str) -> type[Optimizer]:
    """The class of this name, capitals aside.

    Raises
    ------
    core.errors.SettingError
        There is none.
    """
    for known in names():
        if known.lower() == name.lower():
            return Optimizer.kinds[known]
    raise SettingError(unknown("optimizer", name, names()))


def get(identifier: str | dict[str, Any] | Optimizer) -> Optimizer:
    """An optimizer by name, by its document ``{"kind": "Adam", ...}``, or the one given.

    Raises
    ------
    core.errors.SettingError
        There is no such optimizer, or it has no such argument.
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if not isinstance(identifier, (str, dict)):
        raise SettingError(
            f"An optimizer is given by its name or as an object of core.optimizers, not as {identifier!r}."
        )
    config = {"kind": identifier} if isinstance(identifier, str) else dict(identifier)
    return kind(str(config.pop("kind", "")))(**config)


if not TYPE_CHECKING:
    # Type checkers look for names themselves.

    def __getattr__(name: str) -> Any:
        """Say what was probably meant."""
        raise no_attribute("core.optimizers", name, names())


def __dir__() -> list[str]:
    return sorted(__all__)
