"""Where Keras keeps its schedules: ``optimizers.schedules.ExponentialDecay``. They live in `core.schedules`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core import schedules
from core.naming import no_attribute
from core.schedules import (
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
)

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
]


if not TYPE_CHECKING:
    # Type checkers look for names themselves.

    def __getattr__(name: str) -> Any:
        """The schedules Keras does not have are here, too; else say what was probably meant."""
        if name in schedules.names():
            return getattr(schedules, name)
        raise no_attribute("core.optimizers.schedules", name, schedules.names())


def __dir__() -> list[str]:
    return sorted(schedules.names())
