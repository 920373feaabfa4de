"""Batch normalisation."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from core.errors import ShapeError
from core.layers.base import Layer, Shape, Weight
from core.layers.merge import place_of
from core.layers.reshaping import shown
from core.layers.settings import (
    BETA_CONSTRAINT,
    BETA_INITIALIZER,
    BETA_REGULARIZER,
    GAMMA_CONSTRAINT,
    GAMMA_INITIALIZER,
    GAMMA_REGULARIZER,
    MOVING_MEAN_INITIALIZER,
    MOVING_VARIANCE_INITIALIZER,
    Setting,
)

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor


class BatchNormalization(Layer):
    """``y = gamma (x - mean) / sqrt(variance + epsilon) + beta``, per channel. Source: Ioffe and Szegedy 2015; Keras.

    While training, mean and (biased) variance are those of the batch and the moving ones follow:
    ``moving = momentum · moving + (1 - momentum) · batch``. Otherwise the moving ones are used. Of a sequence with a
    mask only the steps that count have a part in the statistics; all are normalised. Frozen (`trainable` False) it uses
    the moving ones in training too and leaves them as they are, as Keras does.
    """

    family = "Normalisation"
    summary = "Brings each channel to mean 0 and variance 1 over the batch, then lets it scale and shift again."
    icon = "norm"
    passes_mask = True
    settings = (
        Setting("axis", "Axis", "int", -1, -8, 8,
                help="The axis of the channels: -1 is the last, 1 the first after the batch."),
        Setting("momentum", "Momentum", "float", 0.99, 0.0, 1.0, 0.01,
                help="How slowly the moving statistics follow."),
        Setting("epsilon", "Epsilon", "float", 1e-3, 1e-12, 1.0, 1e-3,
                help="Keeps the division away from zero."),
        Setting("center", "Center", "bool", True, help="Learn a shift (beta)."),
        Setting("scale", "Scale", "bool", True, help="Learn a scale (gamma)."),
        BETA_INITIALIZER,
        GAMMA_INITIALIZER,
        MOVING_MEAN_INITIALIZER,
        MOVING_VARIANCE_INITIALIZER,
        BETA_REGULARIZER,
        GAMMA_REGULARIZER,
        BETA_CONSTRAINT,
        GAMMA_CONSTRAINT,
    )  # fmt: skip

    def _axis(self, shape: Shape) -> int:
        return place_of(int(self["axis"]), shape, "BatchNormalization")

    def output_shape(self, shapes: list[Shape]) -> Shape:
        self._axis(shapes[0])
        return shapes[0]

    def weights(self, shapes: list[Shape]) -> tuple[Weight, ...]:
        n = (shapes[0][self._axis(shapes[0])],)
        own = []
        if self["scale"]:
            own.append(Weight("gamma", n, self["gamma_initializer"], symbol="γ"))
        if self["center"]:
            own.append(Weight("beta", n, self["beta_initializer"], symbol="β"))
        mean, variance = self["moving_mean_initializer"], self["moving_variance_initializer"]
        own.append(Weight("moving_mean", n, mean, trainable=False, symbol="μ̄"))
        own.append(Weight("moving_variance", n, variance, trainable=False, symbol="v̄"))
        return tuple(own)

    def multiply_adds(self, shapes: list[Shape]) -> int:
        return 2 * prod(shapes[0])

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        x, axis = inputs[0], self._axis(inputs[0].shape)
        rank, mask = len(x.shape), e.mask_of(x)
        turned = (*(k for k in range(rank) if k != axis), axis)
        if axis != rank - 1:
            x = e.op("transpose", x, role="turned", axes=turned)
        epsilon, momentum = self["epsilon"], self["momentum"]
        mean, variance = e.weight("moving_mean"), e.weight("moving_variance")
        of_the_batch = e.training and self.trainable
        if of_the_batch and mask is not None:
            self._check_mask(mask, inputs[0].shape)
            how = axis != rank - 1
            batch_mean = e.op("masked_channel_mean", x, mask, role="mean", by_channel=how)
            batch_variance = e.op(
                "masked_channel_variance", x, batch_mean, mask, role="variance", by_channel=how
            )
            y = e.op("masked_normalize", x, batch_mean, batch_variance, mask, role="normalized",
                     epsilon=epsilon, by_channel=how)  # fmt: skip
        elif of_the_batch:
            batch_mean = e.op("channel_mean", x, role="mean")
            batch_variance = e.op("channel_variance", x, batch_mean, role="variance")
            y = e.op("normalize", x, batch_mean, batch_variance, role="normalized", epsilon=epsilon)
        else:
            y = e.op("normalize", x, mean, variance, role="normalized", epsilon=epsilon)
        if of_the_batch:
            e.after_forward("moving_average", mean, batch_mean, momentum=momentum)
            e.after_forward("moving_average", variance, batch_variance, momentum=momentum)
        last = "z" if axis == rank - 1 else "shifted"
        if self["scale"]:
            y = e.op("scale", y, e.weight("gamma"), role="scaled")
        if self["center"]:
            y = e.op("bias_add", y, e.weight("beta"), role=last)
        if axis != rank - 1:
            y = e.op("transpose", y, role="z", axes=tuple(turned.index(k) for k in range(rank)))
        return y

    def _check_mask(self, mask: Tensor, shape: Shape) -> None:
        if len(mask.shape) != len(shape) - 1:
            raise ShapeError(
                "Mask does not fit",
                "BatchNormalization can leave masked steps out of its statistics if each step is one list of numbers; "
                f"here the steps of {shown(shape)} are more. Flatten each step, or switch mask_zero off.",
            )

    def describe(self) -> tuple[str, str]:
        return ("per channel", f"momentum {self['momentum']:g}")
