"""Dropout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.layers.base import Layer
from core.layers.settings import Setting

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor


class Dropout(Layer):
    """``y = x ∘ mask / (1 - rate)`` while training, ``y = x`` otherwise.

    Source: Srivastava et al. 2014; Keras ``Dropout``.
    """

    family = "Core"
    summary = (
        "While training, silences a random share of values so that none becomes indispensable."
    )
    icon = "dropout"
    passes_mask = True
    settings = (
        Setting("rate", "Rate", "float", 0.5, 0.0, 0.99, 0.05, required=True,
                help="Share of values set to zero in each training step; the rest are scaled up to make up for it."),
    )  # fmt: skip

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        if not e.training or self["rate"] == 0:
            return inputs[0]
        mask = e.op("dropout_mask", inputs[0], role="mask", rate=self["rate"])
        return e.op("multiply", inputs[0], mask, role="a")

    def describe(self) -> tuple[str, str]:
        return (f"rate {self['rate']:g}", "training only")
