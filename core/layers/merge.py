"""Layers that join branches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import ShapeError
from core.layers.base import Layer, Shape

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor


class Add(Layer):
    """``y = x₁ + x₂ + ...``: the skip of a residual network. Source: Keras ``Add``; He et al. 2016."""

    family = "Merge"
    summary = "Adds branches of the same shape, value by value."
    icon = "merge"
    arity = (2, 16)

    def output_shape(self, shapes: list[Shape]) -> Shape:
        if any(shape != shapes[0] for shape in shapes):
            given = " and ".join("×".join(map(str, s)) for s in shapes)
            raise ShapeError("Shapes differ", f"Add needs branches of one shape; it gets {given}.")
        return shapes[0]

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        y = inputs[0]
        for k, x in enumerate(inputs[1:]):
            y = e.op("add", y, x, role="a" if k == len(inputs) - 2 else f"sum/{k}")
        mask = _any([e.mask_of(x) for x in inputs], e)
        if mask is not None:
            e.set_mask(y, mask)
        return y

    def describe(self) -> tuple[str, str]:
        return ("sum", "")


def _any(masks: list[Tensor | None], e: Emitter) -> Tensor | None:
    """A step counts where it counts in any branch; without a mask in each of them all count, as in Keras."""
    given = [mask for mask in masks if mask is not None]
    if len(given) < len(masks):
        return None
    whole = given[0]
    for mask in given[1:]:
        if mask is not whole:
            whole = e.op("not_equal_zero", e.op("add", whole, mask, role="masks"), role="mask")
    return whole
