"""Outputs of layer calls before there are numbers: what the functional API is written with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.errors import GraphError

if TYPE_CHECKING:
    from core.graph import NestedCall
    from core.layers.base import Layer, Shape


class SymbolicTensor:
    """The output of a layer call, before there are numbers.

    Attributes
    ----------
    shape
        Without the batch axis.
    index
        Its place among the outputs of the call, and `outputs` all of them.
    call
        The call of a nested model it is part of, if it is part of one.
    """

    def __init__(self, layer: Layer, inputs: tuple[SymbolicTensor, ...], shape: Shape) -> None:
        self.layer, self.inputs, self.shape = layer, inputs, shape
        self.index = 0
        self.outputs: tuple[SymbolicTensor, ...] = (self,)
        self.call: NestedCall | None = None

    @property
    def first(self) -> SymbolicTensor:
        """The first output of the same call, which stands for the call."""
        return self.outputs[0]

    def __repr__(self) -> str:
        return f"<symbolic tensor of shape {(None, *self.shape)}>"


def outputs_of(layer: Layer, inputs: tuple[SymbolicTensor, ...]) -> tuple[SymbolicTensor, ...]:
    """The symbolic outputs of one call of a layer."""
    shapes = layer.output_shapes([t.shape for t in inputs])
    made = tuple(SymbolicTensor(layer, inputs, tuple(shape)) for shape in shapes)
    for k, t in enumerate(made):
        t.index, t.outputs = k, made
    return made


def call_layer(layer: Layer, inputs: Any) -> Any:
    """Call a layer on a symbolic tensor or a list of them; a list comes back if it has several outputs."""
    given = tuple(inputs) if isinstance(inputs, (list, tuple)) else (inputs,)
    for t in given:
        if not isinstance(t, SymbolicTensor):
            got = type(t).__name__
            message = f"{type(layer).__name__} is called on a tensor made by Input or another layer, not on {got}."
            raise GraphError(message)
    least, most = layer.arity
    if not least <= len(given) <= most:
        verb = "is" if len(given) == 1 else "are"
        raise GraphError(
            f"{type(layer).__name__} takes {_counted(least, most)}; {len(given)} {verb} given."
        )
    made = outputs_of(layer, given)
    return made[0] if len(made) == 1 else list(made)


def _counted(least: int, most: int) -> str:
    if most == 1:
        return "one input"
    return f"{least} inputs or more" if least > 1 else f"from {least} to {most} inputs"
