"""Layers that only change the shape: no numbers are computed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from core.errors import SettingError, ShapeError
from core.layers.base import Layer, Shape
from core.layers.settings import Setting
from core.layers.wording import given

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor

#: Groups of axes a tape can exchange or repeat; neighbours that stay together are one group.
MOST_GROUPS = 5


def groups(order: Sequence[int]) -> int:
    """Into how many groups an order of axes falls, each of neighbours that stay together."""
    return 1 + sum(b != a + 1 for a, b in itertools.pairwise(order))


def shown(shape: Shape) -> str:
    """A shape as sentences have it."""
    return "×".join(map(str, shape)) or "one number"


class Flatten(Layer):
    """The same values as one list, row by row, channels fastest. Source: Keras ``Flatten``.

    Input ``(batch, ...)``; output ``(batch, product of the other axes)``. A mask does not pass.
    """

    family = "Core"
    summary = "Lays an image or a sequence out as one list of numbers, so that Dense can read it."
    icon = "flatten"

    def output_shape(self, shapes: list[Shape]) -> Shape:
        return (prod(shapes[0]),)

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        return e.reshape(inputs[0], (prod(inputs[0].shape),))


class Reshape(Layer):
    """The same values under another shape, in the same order. Source: Keras ``Reshape``.

    Input ``(batch, ...)``; output ``(batch, *target_shape)``. One entry may be -1: it is worked out. A mask does not
    pass.
    """

    family = "Core"
    summary = (
        "Gives the same numbers another shape: a list becomes an image, or an image a sequence."
    )
    icon = "flatten"
    settings = (
        Setting("target_shape", "Target shape", "shape", [-1], -1, 2**24, required=True,
                help="The new shape without the batch axis; one entry may be -1, which is worked out."),
    )  # fmt: skip

    @classmethod
    def normalise(cls, config: dict[str, Any]) -> dict[str, Any]:
        found = super().normalise(config)
        target = found["target_shape"]
        if target.count(-1) > 1 or 0 in target:
            raise SettingError(
                f"Reshape: the target shape may hold one -1, and else whole numbers from 1; it is {target}.",
                "target_shape",
            )
        return found

    def output_shape(self, shapes: list[Shape]) -> Shape:
        target, size = list(self["target_shape"]), prod(shapes[0])
        known = prod(n for n in target if n != -1)
        if -1 in target and size % known == 0:
            target[target.index(-1)] = size // known
        if prod(target) != size:
            raise ShapeError(
                "Does not fit",
                f"Reshape keeps every number: {shown(shapes[0])} are {size:,}, which {_wanted(target)} cannot hold. "
                "Choose a shape with the same product, or put -1 for one entry.",
            )
        return tuple(target)

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        return e.reshape(inputs[0], self.output_shape([inputs[0].shape]))

    def describe(self) -> tuple[str, str]:
        return ("×".join("?" if n == -1 else str(n) for n in self["target_shape"]), "")


def _wanted(target: list[int]) -> str:
    return "×".join("?" if n == -1 else str(n) for n in target)


class Permute(Layer):
    """``y[i, j] = x[j, i]``: the axes in another order. Source: Keras ``Permute``.

    Axes count from 1, without the batch axis: ``dims=(2, 1)`` turns time × features into features × time. A mask does
    not pass.
    """

    family = "Core"
    summary = (
        "Exchanges axes: what was along the time is along the features, and the other way round."
    )
    icon = "flatten"
    settings = (
        Setting("dims", "Order of axes", "shape", [2, 1], 1, 8, required=True,
                help="For each axis of the output the axis of the input it comes from, counted from 1."),
    )  # fmt: skip

    @classmethod
    def normalise(cls, config: dict[str, Any]) -> dict[str, Any]:
        found = super().normalise(config)
        dims = found["dims"]
        if sorted(dims) != list(range(1, len(dims) + 1)):
            raise SettingError(
                f"Permute: the order of axes must name each axis from 1 to {len(dims)} once; it is {dims}.",
                "dims",
            )
        return found

    def output_shape(self, shapes: list[Shape]) -> Shape:
        dims = self["dims"]
        if len(dims) != len(shapes[0]):
            count = len(shapes[0])
            raise ShapeError(
                "Other axes",
                f"Permute orders {len(dims)} axes but gets {given(shapes[0])}: {count} "
                f"ax{'is' if count == 1 else 'es'} without the batch. Name each of them once.",
            )
        if groups(dims) > MOST_GROUPS:
            message = f"Permute exchanges up to {MOST_GROUPS} groups of axes; use two of them."
            raise ShapeError("Too many axes", message)
        return tuple(shapes[0][k - 1] for k in dims)

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        return e.op("transpose", inputs[0], role="a", axes=tuple(k - 1 for k in self["dims"]))

    def describe(self) -> tuple[str, str]:
        return (", ".join(map(str, self["dims"])), "")


class RepeatVector(Layer):
    """``y[t] = x`` at each of n time steps. Source: Keras ``RepeatVector``.

    Input ``(batch, features)``; output ``(batch, n, features)``: what a decoder reads at every step.
    """

    family = "Core"
    summary = "Repeats a list of numbers at every time step: how a decoder is told what the encoder found."
    icon = "flatten"
    settings = (
        Setting("n", "Times", "int", 3, 1, 4096, help="How many time steps.", required=True),
    )

    def output_shape(self, shapes: list[Shape]) -> Shape:
        if len(shapes[0]) != 1:
            raise ShapeError(
                "Needs a list",
                f"RepeatVector needs one list of numbers but gets {given(shapes[0])}. "
                "Flatten it, or let a recurrent layer give only its last state.",
            )
        return (self["n"], *shapes[0])

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        x = inputs[0]
        one = e.reshape(x, (1, *x.shape), role="step")
        return e.op("repeat", one, role="a", output=(self["n"], *x.shape))

    def describe(self) -> tuple[str, str]:
        return (f"{self['n']} times", "")
