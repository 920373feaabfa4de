"""Batch normalisation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import ShapeError
from core.layers.base import Layer, Shape, Weight
from core.layers.settings import Setting

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor


class BatchNormalization(Layer):
    """``y = gamma (x - mean) / sqrt(variance + epsilon) + beta``, per channel. Source: Ioffe and Szegedy 2015; Keras.

    While training, mean and (biased) variance are those of the batch and the moving ones follow:
    ``moving = momentum · moving + (1 - momentum) · batch``. Otherwise the moving ones are used.
    """

    family = "Normalisation"
    summary = "Brings each channel to mean 0 and variance 1 over the batch, then lets it scale and shift again."
    icon = "norm"
    passes_mask = True
    settings = (
        Setting(
            "momentum",
            "Momentum",
            "float",
            0.99,
            0.0,
            1.0,
            0.01,
            help="How slowly the moving statistics follow.",
        ),
        Setting(
            "epsilon",
            "Epsilon",
            "float",
            1e-3,
            1e-12,
            1.0,
            1e-3,
            help="Keeps the division away from zero.",
        ),
        Setting("center", "Center", "bool", True, help="Learn a shift (beta)."),
        Setting("scale", "Scale", "bool", True, help="Learn a scale (gamma)."),
    )

    def weights(self, shapes: list[Shape]) -> tuple[Weight, ...]:
        n = (shapes[0][-1],)
        own = []
        if self["scale"]:
            own.append(Weight("gamma", n, "ones", symbol="γ"))
        if self["center"]:
            own.append(Weight("beta", n, "zeros", symbol="β"))
        own.append(Weight("moving_mean", n, "zeros", trainable=False, symbol="μ̄"))
        own.append(Weight("moving_variance", n, "ones", trainable=False, symbol="v̄"))
        return tuple(own)

    def multiply_adds(self, shapes: list[Shape]) -> int:
        n = 1
        for k in shapes[0]:
            n *= k
        return 2 * n

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        x = inputs[0]
        mean, variance = e.weight("moving_mean"), e.weight("moving_variance")
        if e.training and e.mask_of(x) is not None:
            raise ShapeError(
                "Padding in the statistics",
                "BatchNormalization cannot be trained on a sequence with masked steps: they would count in its mean "
                "and variance. Put it behind the recurrent layer, or switch mask_zero off.",
            )
        if e.training:
            batch_mean = e.op("channel_mean", x, role="mean")
            batch_variance = e.op("channel_variance", x, batch_mean, role="variance")
            e.after_forward("moving_average", mean, batch_mean, momentum=self["momentum"])
            e.after_forward("moving_average", variance, batch_variance, momentum=self["momentum"])
            mean, variance = batch_mean, batch_variance
        y = e.op("normalize", x, mean, variance, role="normalized", epsilon=self["epsilon"])
        if self["scale"]:
            y = e.op("scale", y, e.weight("gamma"), role="scaled")
        if self["center"]:
            y = e.op("bias_add", y, e.weight("beta"), role="z")
        return y

    def describe(self) -> tuple[str, str]:
        return ("per channel", f"momentum {self['momentum']:g}")
