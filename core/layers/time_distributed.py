"""A layer applied to every time step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.errors import SettingError, ShapeError
from core.layers.base import _KINDS, Layer, Shape, Weight
from core.layers.dense import Dense
from core.layers.wording import given
from core.layers.wrapping import LayerSetting, inner, owned

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor

#: What treats every place of its input alike anyway: one instruction for all time steps.
_AT_ONCE = ("Dense", "Activation")


class TimeDistributed(Layer):
    """``y[t] = layer(x[t])``, the same weights at every time step. Source: Keras ``TimeDistributed``.

    Input ``(batch, time, ...)``; output ``(batch, time, ...)`` with what the layer makes of one time step. Gradients
    are summed over time. A mask goes on to the next layer.
    """

    family = "Recurrent"
    summary = "Applies a layer to every time step of a sequence, with the same weights."
    icon = "recurrent"
    passes_mask = True
    settings = (
        LayerSetting("layer", "Layer", "layer", {"class_name": "Dense", "config": Dense.normalise({"units": 8})},
                     required=True, help="The layer for one time step."),
    )  # fmt: skip

    @classmethod
    def normalise(cls, config: dict[str, Any]) -> dict[str, Any]:
        found = super().normalise(config)
        kind = found["layer"]["class_name"]
        least, most = _KINDS[kind].arity
        if most < 1 or least > 1:
            raise SettingError(
                f"TimeDistributed wraps a layer with one input, such as Dense; {kind} is none.",
                "layer",
            )
        if found["layer"]["config"].get("stateful"):
            raise SettingError(
                f"TimeDistributed: {kind} begins anew at every time step, so it cannot be stateful.",
                "layer",
            )
        return found

    def _one(self, shapes: list[Shape]) -> list[Shape]:
        """The shape of one time step."""
        if len(shapes[0]) < 2:
            raise ShapeError(
                "Needs a sequence",
                f"TimeDistributed needs a sequence (time, ...) but gets {given(shapes[0])}.",
                "sequence",
            )
        return [shapes[0][1:]]

    def output_shape(self, shapes: list[Shape]) -> Shape:
        layer, one = inner(self["layer"]), self._one(shapes)
        made = layer.output_shapes(one)
        if len(made) > 1:
            raise ShapeError(
                "Needs one output",
                f"TimeDistributed puts the outputs of all time steps side by side, but {type(layer).__name__} gives "
                f"{len(made)} at each. Leave return_state off.",
            )
        return (shapes[0][0], *made[0])

    def weights(self, shapes: list[Shape]) -> tuple[Weight, ...]:
        layer = inner(self["layer"])
        return owned(layer, layer.weights(self._one(shapes)))

    def multiply_adds(self, shapes: list[Shape]) -> int:
        return shapes[0][0] * inner(self["layer"]).multiply_adds(self._one(shapes))

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        x, layer = inputs[0], inner(self["layer"])
        if type(layer).__name__ in _AT_ONCE:
            return _single(layer.emit(e, [x]))
        parts, mask = [], e.mask_of(x)
        for t in range(x.shape[0]):
            one = e.part(x, t)
            # Keras hands each step's mask on to what takes one: sequences inside of the step, statistics of a batch.
            statistics = type(layer).__name__ == "BatchNormalization"
            if mask is not None and (len(mask.shape) > 1 or statistics):
                e.set_mask(one, e.part(mask, t))
            with e.within(f"{t}", mark=f"⟨{t + 1}⟩"):
                parts.append(_single(layer.emit(e, [one])))
        return e.side_by_side("a", parts)

    def describe(self) -> tuple[str, str]:
        layer = inner(self["layer"])
        return (type(layer).__name__, layer.describe()[0])


def _single(y: Tensor | list[Tensor]) -> Tensor:
    return y[0] if isinstance(y, list) else y
