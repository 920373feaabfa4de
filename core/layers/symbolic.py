"""Outputs of layer calls before there are numbers: what the functional API is written with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.errors import GraphError

if TYPE_CHECKING:
    from core.layers.base import Layer, Shape


class SymbolicTensor:
    """The output of a layer call, before there are numbers. `shape` has no batch axis."""

    def __init__(self, layer: Layer, inputs: tuple[SymbolicTensor, ...], shape: Shape) -> None:
        self.layer, self.inputs, self.shape = layer, inputs, shape

    def __repr__(self) -> str:
        return f"<symbolic tensor of shape {(None, *self.shape)}>"


def call_layer(layer: Layer, inputs: Any) -> SymbolicTensor:
    """Call a layer on a symbolic tensor or a list of them."""
    given = tuple(inputs) if isinstance(inputs, (list, tuple)) else (inputs,)
    for t in given:
        if not isinstance(t, SymbolicTensor):
            got = type(t).__name__
            message = f"{type(layer).__name__} is called on a tensor made by Input or another layer, not on {got}."
            raise GraphError(message)
    least, most = layer.arity
    if not least <= len(given) <= most:
        raise GraphError(
            f"{type(layer).__name__} takes {least} inputs or more; {len(given)} are given."
        )
    return SymbolicTensor(layer, given, tuple(layer.output_shape([t.shape for t in given])))
