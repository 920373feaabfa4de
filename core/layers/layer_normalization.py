"""Layer normalisation."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from core.errors import ShapeError
from core.layers.base import Layer, Shape, Weight
from core.layers.integers import AxesSetting
from core.layers.merge import place_of
from core.layers.reshaping import MOST_GROUPS, groups, shown
from core.layers.settings import (
    BETA_CONSTRAINT,
    BETA_INITIALIZER,
    BETA_REGULARIZER,
    GAMMA_CONSTRAINT,
    GAMMA_INITIALIZER,
    GAMMA_REGULARIZER,
    Setting,
)

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor


class LayerNormalization(Layer):
    """``y = gamma (x - mean) / sqrt(variance + epsilon) + beta``, of each sample by itself.

    Mean and (biased) variance are taken over `axis`, by default the last: over the features of each step, not over the
    batch, so that training and prediction compute the same. `gamma` and `beta` have the lengths of these axes.
    Source: Ba, Kiros and Hinton 2016; Keras ``LayerNormalization``.
    """

    family = "Normalisation"
    summary = "Brings the features of each sample to mean 0 and variance 1, then lets them scale and shift again."
    icon = "norm"
    passes_mask = True
    settings = (
        AxesSetting("axis", "Axis", "axes", -1, -8, 8,
                help="The axis, or axes, over which is normalised: -1 is the last, 1 the first after the batch."),
        Setting("epsilon", "Epsilon", "float", 1e-3, 1e-12, 1.0, 1e-3, help="Keeps the division away from zero."),
        Setting("center", "Center", "bool", True, help="Learn a shift (beta)."),
        Setting("scale", "Scale", "bool", True, help="Learn a scale (gamma)."),
        BETA_INITIALIZER,
        GAMMA_INITIALIZER,
        BETA_REGULARIZER,
        GAMMA_REGULARIZER,
        BETA_CONSTRAINT,
        GAMMA_CONSTRAINT,
    )  # fmt: skip

    def _given(self) -> list[int]:
        """The axes as Keras orders them: by the number that was given."""
        return sorted(self["axis"]) if isinstance(self["axis"], list) else [self["axis"]]

    def _axes(self, shape: Shape) -> list[int]:
        return sorted(place_of(axis, shape, "LayerNormalization") for axis in self._given())

    def _turned(self, shape: Shape) -> tuple[int, ...]:
        """The order of axes in which those to normalise over are last."""
        axes = self._axes(shape)
        return (*(k for k in range(len(shape)) if k not in axes), *axes)

    def output_shape(self, shapes: list[Shape]) -> Shape:
        axes = self._axes(shapes[0])
        if len(set(axes)) < len(axes):
            raise ShapeError(
                "Axis named twice",
                f"LayerNormalization is to normalise over axes {self['axis']}, of which two are the same in "
                f"{shown(shapes[0])}. Name each axis once.",
            )
        if groups(self._turned(shapes[0])) > MOST_GROUPS:
            raise ShapeError(
                "Too many axes",
                f"LayerNormalization over axes {self['axis']} of {shown(shapes[0])} takes them too far apart; "
                "reshape first.",
            )
        return shapes[0]

    def weights(self, shapes: list[Shape]) -> tuple[Weight, ...]:
        shape = shapes[0]
        n = tuple(shape[place_of(axis, shape, "LayerNormalization")] for axis in self._given())
        own = []
        if self["scale"]:
            own.append(Weight("gamma", n, self["gamma_initializer"], symbol="γ"))
        if self["center"]:
            own.append(Weight("beta", n, self["beta_initializer"], symbol="β"))
        return tuple(own)

    def multiply_adds(self, shapes: list[Shape]) -> int:
        return 2 * prod(shapes[0])

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        x, axes = inputs[0], self._axes(inputs[0].shape)
        shape, rank = x.shape, len(x.shape)
        turned = self._turned(shape)
        in_place = turned == tuple(range(rank))
        if not in_place:
            x = e.op("transpose", x, role="turned", axes=turned)
        whole = x.shape
        if len(axes) > 1:
            x = e.reshape(x, (*whole[: -len(axes)], prod(shape[k] for k in axes)), role="rows")
        mean = e.op("row_mean", x, role="mean")
        variance = e.op("row_variance", x, mean, role="variance")
        y = e.op("row_normalize", x, mean, variance, role="normalized", epsilon=self["epsilon"])
        last = "z" if in_place and len(axes) == 1 else "shifted"
        if self["scale"]:
            y = e.op("scale", y, self._as_list(e, "gamma"), role="scaled")
        if self["center"]:
            y = e.op("bias_add", y, self._as_list(e, "beta"), role=last)
        if len(axes) > 1:
            y = e.reshape(y, whole, role="z" if in_place else "places")
        if not in_place:
            y = e.op("transpose", y, role="z", axes=tuple(turned.index(k) for k in range(rank)))
        return y

    def _as_list(self, e: Emitter, role: str) -> Tensor:
        """A weight of several axes as the row it is multiplied with."""
        w = e.weight(role)
        return w if len(w.shape) == 1 else e.reshape(w, (w.size,), role=f"{role}/list")

    def describe(self) -> tuple[str, str]:
        axis = self["axis"]
        return (
            "per sample",
            f"axis {', '.join(map(str, axis)) if isinstance(axis, list) else axis}",
        )
