"""Activations with arguments of their own, as layers."""

from __future__ import annotations

from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING

from core.errors import ShapeError
from core.layers.base import Layer, Shape, Weight
from core.layers.integers import AxesSetting, axes_of
from core.layers.settings import ALPHA_CONSTRAINT, ALPHA_INITIALIZER, ALPHA_REGULARIZER, Setting

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor


def _text(shape: Shape) -> str:
    return "×".join(map(str, shape))


class ReLU(Layer):
    """``y = max(x, 0)``; more generally x from `threshold` to `max_value`, ``negative_slope (x - threshold)`` below.

    Source: Nair and Hinton 2010; Keras ``ReLU``. Where Keras with a threshold turns NaN into 0, NaN stays NaN here.
    """

    family = "Activation"
    summary = "Passes positive numbers, makes negative ones 0; with a limit, a leak or a threshold if wanted."
    icon = "activation"
    passes_mask = True
    settings = (
        Setting("max_value", "Largest value", "float", None, 0.0, None, 0.5, optional=True,
                help="Outputs stop growing here; none means that they never do."),
        Setting("negative_slope", "Negative slope", "float", 0.0, 0.0, None, 0.05,
                help="How much of what lies below the threshold passes."),
        Setting("threshold", "Threshold", "float", 0.0, 0.0, None, 0.1,
                help="Numbers pass only above this one."),
    )  # fmt: skip

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        top, slope, threshold = self["max_value"], self["negative_slope"], self["threshold"]
        if not threshold and top is None:
            if not slope:
                return e.op("relu", inputs[0], role="a")
            return e.op("leaky_relu", inputs[0], role="a", slope=slope)
        if not threshold and not slope and top == 6:
            return e.op("relu6", inputs[0], role="a")
        return e.op("ramp", inputs[0], role="a", slope=slope, top=top, threshold=threshold)

    def describe(self) -> tuple[str, str]:
        top = self["max_value"]
        return ("" if top is None else f"up to {top:g}", _leak(self["negative_slope"]))


def _leak(slope: float) -> str:
    return f"slope {slope:g} below" if slope else ""


class LeakyReLU(Layer):
    """``y = x`` above 0, ``negative_slope · x`` below. Source: Maas et al. 2013; Keras ``LeakyReLU``.

    Keras 2 called the slope ``alpha``; that name is taken too. As an activation's name, leaky_relu has the slope 0.2.
    """

    family = "Activation"
    summary = "Passes positive numbers and a small share of negative ones, so that no unit can die."
    icon = "activation"
    passes_mask = True
    settings = (
        Setting("negative_slope", "Negative slope", "float", 0.3, 0.0, None, 0.05,
                help="How much of a negative number passes."),
    )  # fmt: skip
    former_names = MappingProxyType({"alpha": "negative_slope"})

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        return e.op("leaky_relu", inputs[0], role="a", slope=self["negative_slope"])

    def describe(self) -> tuple[str, str]:
        return (_leak(self["negative_slope"]), "")


class ELU(Layer):
    """``y = x`` above 0, ``alpha (exp x - 1)`` below. Source: Clevert et al. 2016; Keras ``ELU``."""

    family = "Activation"
    summary = "Like ReLU above 0; below it bends softly towards a floor."
    icon = "activation"
    passes_mask = True
    settings = (
        Setting("alpha", "Alpha", "float", 1.0, None, None, 0.1,
                help="The floor lies this far below 0."),
    )  # fmt: skip

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        return e.op("elu", inputs[0], role="a", alpha=self["alpha"])

    def describe(self) -> tuple[str, str]:
        return (f"alpha {self['alpha']:g}", "")


class PReLU(Layer):
    """``y = x`` above 0, ``alpha x`` below; alpha is learned. Source: He et al. 2015; Keras ``PReLU``.

    alpha has the input's shape without the batch, with 1 for every axis of `shared_axes`: after a convolution
    ``shared_axes=[1, 2]`` gives each channel one slope.
    """

    family = "Activation"
    summary = "A leaky ReLU that learns its slopes."
    icon = "activation"
    passes_mask = True
    settings = (
        ALPHA_INITIALIZER,
        ALPHA_REGULARIZER,
        ALPHA_CONSTRAINT,
        AxesSetting("shared_axes", "Shared axes", "axes", None, 1, 99, optional=True,
                    help="Axes along which one slope serves all: 1 and 2 for the height and width of an image."),
    )  # fmt: skip

    def _shape(self, shape: Shape) -> Shape:
        axes = axes_of(self["shared_axes"], len(shape))
        if axes is None:
            raise ShapeError(
                "No such axis",
                f"PReLU shares its slopes along axes {self['shared_axes']}, but what it gets, {_text(shape)}, has axes "
                f"1 to {len(shape)} (0 is the batch). Leave out the axes that are not there.",
            )
        return tuple(1 if k in axes else n for k, n in enumerate(shape))

    def output_shape(self, shapes: list[Shape]) -> Shape:
        self._shape(shapes[0])
        return shapes[0]

    def weights(self, shapes: list[Shape]) -> tuple[Weight, ...]:
        return (Weight("alpha", self._shape(shapes[0]), self["alpha_initializer"], symbol="α"),)

    def multiply_adds(self, shapes: list[Shape]) -> int:
        return prod(shapes[0])

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        return e.op("prelu", inputs[0], e.weight("alpha"), role="a")

    def describe(self) -> tuple[str, str]:
        return ("learned slope", "shared" if self["shared_axes"] else "")


class Softmax(Layer):
    """``y = exp x / Σ exp x``, the sum along `axis` (or several). Source: Bridle 1990; Keras ``Softmax``.

    A mask may be given in the call, ``Softmax()(x, mask=m)``: of as many axes as x, each of its length or 1. Where
    m is not above 1/2, the probability is 0 and does not count in the sum.
    """

    family = "Activation"
    summary = "Turns numbers into probabilities that add up to 1 along an axis."
    icon = "activation"
    passes_mask = True
    arity = (1, 2)
    further_inputs = "mask"
    settings = (
        AxesSetting("axis", "Axis", "axes", -1, -99, 99,
                    help="The axis along which the probabilities add up to 1; −1 is the last."),
    )  # fmt: skip

    def _axes(self, shape: Shape) -> tuple[int, ...]:
        axes = axes_of(self["axis"], len(shape))
        if axes is None:
            raise ShapeError(
                "No such axis",
                f"Softmax adds up to 1 along axis {self['axis']}, but a sample of {_text(shape)} has axes 1 to "
                f"{len(shape)} (−1 is the last; 0 would be the batch, whose samples have nothing to do with each "
                "other). Use −1.",
            )
        if isinstance(self["axis"], list) and len(axes) < len(self["axis"]):
            raise ShapeError(
                "An axis twice",
                f"Softmax is given axes {self['axis']}, but in a sample of {_text(shape)} two of them are the same. "
                "Name each axis once.",
            )
        return axes

    def output_shape(self, shapes: list[Shape]) -> Shape:
        self._axes(shapes[0])
        if len(shapes) > 1 and (
            len(shapes[1]) != len(shapes[0])
            or any(m not in (1, n) for n, m in zip(shapes[0], shapes[1], strict=True))
        ):
            raise ShapeError(
                "A mask of another shape",
                f"Softmax gets {_text(shapes[0])} and a mask of {_text(shapes[1])}: the mask needs as many axes, each "
                "of the same length or 1. Reshape the mask.",
            )
        return shapes[0]

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        if len(inputs) > 1:
            kept = e.op("select", inputs[0], inputs[1], role="kept", other=-1e9)
            return e.op("select", self._softmax(e, kept, "p"), inputs[1], role="a", other=0.0)
        x = inputs[0]
        if e.mask_of(x) is not None:
            raise ShapeError(
                "A mask of another shape",
                f"Softmax cannot skip masked time steps of {_text(x.shape)}: the mask has one number a step. "
                "Switch mask_zero off, or use Activation with softmax, which does not look at the mask.",
            )
        return self._softmax(e, x, "a")

    def _softmax(self, e: Emitter, x: Tensor, role: str) -> Tensor:
        axes = self._axes(x.shape)
        if axes == (len(x.shape) - 1,):
            return e.op("softmax", x, role=role)
        return e.op("softmax_axes", x, role=role, axes=axes)

    def describe(self) -> tuple[str, str]:
        return ("probabilities", f"axis {self['axis']}" if self["axis"] != -1 else "")
