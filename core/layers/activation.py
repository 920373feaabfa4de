"""An activation as a layer of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.layers.base import Layer
from core.layers.settings import ACTIVATIONS, ActivationSetting

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor


class Activation(Layer):
    """``y = f(x)``, each value by itself; softmax and log_softmax along the last axis. Source: Keras ``Activation``."""

    family = "Core"
    summary = "Applies a function to every value it is given."
    icon = "activation"
    passes_mask = True
    settings = (
        ActivationSetting("activation", "Activation", "choice", "relu", choices=ACTIVATIONS, required=True,
                          help="The function applied to every value."),
    )  # fmt: skip

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        return e.activation(self["activation"], inputs[0])

    def describe(self) -> tuple[str, str]:
        return (self["activation"], "")
