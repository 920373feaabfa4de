"""Outputs of layer calls before there are numbers: what the functional API is written with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.errors import GraphError
from core.layers.wording import Placed, about

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
    with about(lambda: _place(layer, inputs)):
        shapes = layer.output_shapes([t.shape for t in inputs])
    made = tuple(SymbolicTensor(layer, inputs, tuple(shape)) for shape in shapes)
    for k, t in enumerate(made):
        t.index, t.outputs = k, made
    return made


def _place(layer: Layer, inputs: tuple[SymbolicTensor, ...]) -> list[Placed]:
    """The layer and those it reads along first inputs, the nearest first; named as a model would name them."""
    chain = [layer]
    while inputs:
        chain.append(inputs[0].layer)
        inputs = inputs[0].inputs
    taken = {one.name for one in chain if one.name}
    found: list[Placed] = []
    for one in reversed(chain):
        kind = type(one).__name__
        stem = name = "input" if kind == "InputLayer" else one.snake_case_kind()
        number = 0
        while name in taken:
            number += 1
            name = f"{stem}_{number}"
        name = one.name or name
        taken.add(name)
        found.append(Placed(kind, name, one.config))
    return found[::-1]


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
    if least == most:
        return f"{least} inputs"
    return f"{least} inputs or more" if least > 1 else f"from {least} to {most} inputs"
