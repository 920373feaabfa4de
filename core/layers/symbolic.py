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

    # ---- arithmetic, as Keras writes it: a + b is Add()([a, b]) ---------------------------------------------

    #: NumPy leaves `array + tensor` to the tensor, which has a sentence for it.
    __array_ufunc__ = None

    def __add__(self, other: Any) -> Any:
        return _merged("Add", "+", self, other)

    def __radd__(self, other: Any) -> Any:
        return _merged("Add", "+", other, self)

    def __sub__(self, other: Any) -> Any:
        return _merged("Subtract", "-", self, other)

    def __rsub__(self, other: Any) -> Any:
        return _merged("Subtract", "-", other, self)

    def __mul__(self, other: Any) -> Any:
        return _merged("Multiply", "*", self, other)

    def __rmul__(self, other: Any) -> Any:
        return _merged("Multiply", "*", other, self)

    def _refused(self, sign: str) -> GraphError:
        return GraphError(
            f"Tensors of layers know +, - and *; {sign} is not in this version. Use a layer, or compute with the data "
            "before they enter the model."
        )

    def __truediv__(self, other: Any) -> Any:
        raise self._refused("/")

    def __rtruediv__(self, other: Any) -> Any:
        raise self._refused("/")

    def __matmul__(self, other: Any) -> Any:
        raise self._refused("@ (layers.Dot multiplies two tensors)")

    def __pow__(self, other: Any) -> Any:
        raise self._refused("**")

    def __neg__(self) -> Any:
        raise self._refused("a minus in front")

    def __repr__(self) -> str:
        return f"<symbolic tensor of shape {(None, *self.shape)}>"


def _merged(kind: str, sign: str, left: Any, right: Any) -> Any:
    """What the merge layer of this kind makes of two tensors of as many axes.

    Raises
    ------
    core.errors.GraphError
        One is no tensor, or their axes do not stand for the same.
    """
    from core.layers import registry

    for one in (left, right):
        if not isinstance(one, SymbolicTensor):
            raise GraphError(
                f"{sign} joins two tensors of layers; {type(one).__name__} is not one. Numbers that stay the same are "
                "not in this version: change the data before they enter the model, or let a layer learn the numbers."
            )
    if len(left.shape) != len(right.shape):
        raise GraphError(
            f"{sign} joins tensors with as many axes; these have the shapes {(None, *left.shape)} and "
            f"{(None, *right.shape)}. Write layers.{kind}()([a, b]) to repeat the smaller one."
        )
    return registry.kind(kind)()([left, right])


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
            raise GraphError(_no_tensor(type(layer).__name__, t))
    least, most = layer.arity
    if not least <= len(given) <= most:
        verb = "is" if len(given) == 1 else "are"
        raise GraphError(
            f"{type(layer).__name__} takes {_counted(least, most)}; {len(given)} {verb} given."
            f"{_unpacking(layer, given)}"
        )
    made = outputs_of(layer, given)
    return made[0] if len(made) == 1 else list(made)


def _no_tensor(kind: str, got: Any) -> str:
    """The sentence about a layer that is called on numbers, or on something else."""
    shape = getattr(got, "shape", None)
    if isinstance(got, SymbolicTensor) or not isinstance(shape, tuple):
        is_numbers = isinstance(got, (int, float))
        what = "a number" if is_numbers else type(got).__name__
        return f"{kind} is called on a tensor made by Input or another layer, not on {what}."
    sample = tuple(int(n) for n in shape[1:]) or (1,)
    return (
        f"{kind} is called on a tensor made by Input or another layer, not on an array of numbers: a layer computes "
        f"once it is in a model. Make one, model = Sequential([Input({sample}), {kind}(...)]), and give the array to "
        "model.predict."
    )


def _unpacking(layer: Layer, given: tuple[SymbolicTensor, ...]) -> str:
    """What to write if all outputs of a layer are given where one of them, or its states, are meant."""
    for t in given:
        parts = t.outputs
        if len(parts) == 1 or any(all(part is not one for one in given) for part in parts):
            continue
        kind, own = type(t.layer).__name__, type(layer).__name__
        if len(parts) == len(given):
            names = ", ".join(["y", *("abcd"[: len(parts) - 1])])
            return f" {kind} gives {len(parts)} outputs: unpack them, {names} = {kind}(...)(...), and give {own} one."
        if layer.further_inputs:
            states = ", ".join({1: ["h"], 2: ["h", "c"]}.get(len(parts) - 1, ["..."]))
            return (
                f" {kind} gives its output and then its states: unpack them, y, {states} = {kind}(...)(...), and give "
                f"{own} {layer.further_inputs}=[{states}]."
            )
    return ""


def _counted(least: int, most: int) -> str:
    if most == 1:
        return "one input"
    if least == most:
        return f"{least} inputs"
    return f"{least} inputs or more" if least > 1 else f"from {least} to {most} inputs"
