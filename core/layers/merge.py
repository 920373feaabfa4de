"""Layers that join branches value by value, and side by side."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from core.errors import SettingError, ShapeError
from core.layers.base import Layer, Shape
from core.layers.integers import AxesSetting
from core.layers.reshaping import MOST_GROUPS, shown
from core.layers.settings import Setting

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor


def joined(kind: str, shapes: list[Shape]) -> Shape:
    """The shape to which branches are repeated: axes count from the last, and an axis of one place fits any.

    Raises
    ------
    core.errors.ShapeError
        Two branches have different lengths of an axis, neither of them 1.
    """
    out: list[int] = []
    rank = max(map(len, shapes))
    for lengths in zip(*((1,) * (rank - len(s)) + s for s in shapes), strict=True):
        longer = {n for n in lengths if n != 1} or {1}
        if len(longer) > 1:
            given = " and ".join(map(shown, shapes))
            raise ShapeError(
                "Shapes differ",
                f"{kind} needs branches of one shape, or of shapes that differ only where one of them is 1; it gets "
                f"{given}. Give the layers before it the same number of units.",
            )
        out += longer
    for shape in shapes:
        places = zip((1,) * (rank - len(shape)) + shape, out, strict=True)
        repeated = [n == 1 for n, m in places if m != 1]
        if 1 + sum(map(operator.ne, repeated, repeated[1:])) > MOST_GROUPS:
            message = (
                f"{kind} repeats {shown(shape)} along too many axes; reshape the branches first."
            )
            raise ShapeError("Too many axes", message)
    return tuple(out)


class _Merge(Layer):
    """Value by value. Smaller branches are repeated; a step counts where it counts in any branch, as in Keras."""

    family = "Merge"
    icon = "merge"
    arity = (2, 64)

    def output_shape(self, shapes: list[Shape]) -> Shape:
        return joined(type(self).__name__, shapes)

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        out = self.output_shape([x.shape for x in inputs])
        # Where ranks differ, Keras forgets the masks of those that are given further axes.
        masks = [e.mask_of(x) if len(x.shape) == len(out) else None for x in inputs]
        masks = [
            m if m is None else _as_long(e, m, out[:1], f"mask/{k}") for k, m in enumerate(masks)
        ]
        alike = [_as_large(e, x, out, f"repeated/{k}") for k, x in enumerate(inputs)]
        mask = either(e, masks)
        y = self.merge(e, alike, masks, mask)
        if mask is not None:
            e.set_mask(y, mask)
        return y

    def merge(
        self, e: Emitter, xs: list[Tensor], masks: list[Tensor | None], mask: Tensor | None
    ) -> Tensor:
        """Join branches of one shape; `mask` is that of the result."""
        raise NotImplementedError


def _as_large(e: Emitter, x: Tensor, out: Shape, role: str) -> Tensor:
    if x.shape == out:
        return x
    if len(x.shape) < len(out):
        x = e.reshape(x, (1,) * (len(out) - len(x.shape)) + x.shape, role="axes")
    return x if x.shape == out else e.op("repeat", x, role=role, output=out)


def _as_long(e: Emitter, mask: Tensor, steps: Shape, role: str) -> Tensor:
    return mask if mask.shape == steps else e.op("repeat", mask, role=role, output=steps)


def either(e: Emitter, masks: list[Tensor | None]) -> Tensor | None:
    """A step counts where it counts in any branch; without a mask in each of them all count, as in Keras."""
    given = [mask for mask in masks if mask is not None]
    if len(given) < len(masks):
        return None
    whole = given[0]
    for mask in given[1:]:
        if mask is not whole:
            whole = e.op("not_equal_zero", e.op("add", whole, mask, role="masks"), role="mask")
    return whole


def _fold(e: Emitter, name: str, xs: list[Tensor], last: str = "a") -> Tensor:
    y = xs[0]
    for k, x in enumerate(xs[1:]):
        y = e.op(name, y, x, role=last if k == len(xs) - 2 else f"sum/{k}")
    return y


class Add(_Merge):
    """``y = x₁ + x₂ + ...``: the skip of a residual network. Source: Keras ``Add``; He et al. 2016."""

    summary = "Adds branches of the same shape, value by value."

    def merge(
        self, e: Emitter, xs: list[Tensor], masks: list[Tensor | None], mask: Tensor | None
    ) -> Tensor:
        return _fold(e, "add", xs)

    def describe(self) -> tuple[str, str]:
        return ("sum", "")


class Subtract(_Merge):
    """``y = x₁ - x₂``. Source: Keras ``Subtract``."""

    summary = "Subtracts the second branch from the first, value by value."
    arity = (2, 2)

    def merge(
        self, e: Emitter, xs: list[Tensor], masks: list[Tensor | None], mask: Tensor | None
    ) -> Tensor:
        return e.op("subtract", *xs, role="a")

    def describe(self) -> tuple[str, str]:
        return ("difference", "")


class Multiply(_Merge):
    """``y = x₁ ∘ x₂ ∘ ...``: one branch as a gate of another. Source: Keras ``Multiply``.

    A masked step counts as 1; where all branches have masks and none counts, the product is 0.
    """

    summary = (
        "Multiplies branches of the same shape, value by value: one opens and closes the other."
    )

    def merge(
        self, e: Emitter, xs: list[Tensor], masks: list[Tensor | None], mask: Tensor | None
    ) -> Tensor:
        xs = [
            x if m is None else e.op("where_mask", m, x, role=f"counted/{k}", number=1.0)
            for k, (x, m) in enumerate(zip(xs, masks, strict=True))
        ]
        y = _fold(e, "multiply", xs, "a" if mask is None else "product")
        return y if mask is None else e.op("where_mask", mask, y, role="a", number=0.0)

    def describe(self) -> tuple[str, str]:
        return ("product", "")


class Average(_Merge):
    """``y = (x₁ + x₂ + ...) / count``. Source: Keras ``Average``."""

    summary = "Takes the mean of branches of the same shape, value by value."

    def merge(
        self, e: Emitter, xs: list[Tensor], masks: list[Tensor | None], mask: Tensor | None
    ) -> Tensor:
        return e.op("divide", _fold(e, "add", xs, "total"), role="a", number=len(xs))

    def describe(self) -> tuple[str, str]:
        return ("mean", "")


class _Extreme(_Merge):
    """Largest or smallest value; of a step that counts in one branch only, that branch's."""

    chosen = "maximum"

    def merge(
        self, e: Emitter, xs: list[Tensor], masks: list[Tensor | None], mask: Tensor | None
    ) -> Tensor:
        y, so_far = xs[0], masks[0]
        for k, (x, own) in enumerate(zip(xs[1:], masks[1:], strict=True)):
            if own is not None:
                x = e.op("where_mask", own, x, y, role=f"counted/{k}")
            if so_far is not None:
                y = e.op("where_mask", so_far, y, x, role=f"before/{k}")
            last = k == len(xs) - 2
            if not last:
                so_far = either(e, [so_far, own])
            y = e.op(self.chosen, y, x, role="a" if last else f"{self.chosen}/{k}")
        return y


class Maximum(_Extreme):
    """``y = max(x₁, x₂, ...)``. Source: Keras ``Maximum``. Equal branches share the gradient."""

    summary = "Keeps the largest value of branches of the same shape."

    def describe(self) -> tuple[str, str]:
        return ("largest", "")


class Minimum(_Extreme):
    """``y = min(x₁, x₂, ...)``. Source: Keras ``Minimum``. Equal branches share the gradient."""

    summary = "Keeps the smallest value of branches of the same shape."
    chosen = "minimum"

    def describe(self) -> tuple[str, str]:
        return ("smallest", "")


class Concatenate(Layer):
    """Branches side by side along an axis. Source: Keras ``Concatenate``.

    All other axes must agree. Axes count as in Keras: 0 is the batch, 1 the first after it, -1 the last.
    """

    family = "Merge"
    summary = "Puts branches side by side, so that the next layer reads all of them."
    icon = "merge"
    arity = (2, 64)
    settings = (
        Setting("axis", "Axis", "int", -1, -8, 8,
                help="Along which axis: -1 is the last (features, channels), 1 the first after the batch."),
    )  # fmt: skip

    def _axis(self, shapes: list[Shape]) -> int:
        return place_of(int(self["axis"]), shapes[0], "Concatenate")

    def output_shape(self, shapes: list[Shape]) -> Shape:
        axis = self._axis(shapes)
        rests = {(*shape[:axis], *shape[axis + 1 :]) for shape in shapes}
        if len(rests) > 1 or len({len(shape) for shape in shapes}) > 1:
            given = " and ".join(map(shown, shapes))
            raise ShapeError(
                "Shapes differ",
                f"Concatenate needs branches that agree in every axis but the one they are joined along ({axis + 1}); "
                f"it gets {given}. Reshape or flatten them first, or choose another axis.",
            )
        return (*shapes[0][:axis], sum(s[axis] for s in shapes), *shapes[0][axis + 1 :])

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        axis = self._axis([x.shape for x in inputs])
        y = e.op("concatenate", *inputs, role="a", axis=axis)
        masks = [e.mask_of(x) for x in inputs]
        if any(mask is not None for mask in masks):
            mask = _side_by_side(e, inputs, masks) if axis == 0 else either(e, masks)
            if mask is not None:
                e.set_mask(y, mask)
        return y

    def describe(self) -> tuple[str, str]:
        return ("side by side", f"axis {self['axis']}")


def _side_by_side(e: Emitter, inputs: list[Tensor], masks: list[Tensor | None]) -> Tensor:
    """Masks one after the other; every step of a branch without one counts."""
    all_of = [
        mask
        if mask is not None
        else e.op("fill", x, role=f"mask/{k}", output=x.shape[:1], value=1.0)
        for k, (x, mask) in enumerate(zip(inputs, masks, strict=True))
    ]
    return e.op("concatenate", *all_of, role="mask", axis=0)


def place_of(axis: int, shape: Shape, kind: str) -> int:
    """The place in a shape without the batch axis that Keras's axis means.

    Raises
    ------
    core.errors.ShapeError
        There is no such axis, or it is the batch.
    """
    rank = len(shape) + 1
    if -rank < axis < rank and axis % rank:
        return axis % rank - 1
    what = "is the batch" if axis in (0, -rank) else "does not exist"
    raise ShapeError(
        "No such axis",
        f"{kind} works along axis {axis}, but of {shown(shape)} that {what}. "
        f"Axes count from 1 to {rank - 1}, or from -1 backwards.",
    )


class Dot(Layer):
    """``y[i, j] = Σ_k x₁[i, k] x₂[j, k]`` of each sample: products along an axis. Source: Keras ``Dot``.

    `axes` is one axis of both, or a pair; 0 is the batch. With `normalize` the vectors have length 1 first, and the
    result is the cosine of their angle. Of two lists the output is one number, ``(batch, 1)``. A mask does not pass.
    """

    family = "Merge"
    summary = "Multiplies two branches and adds up along an axis: how alike they are, or attention scores."
    icon = "merge"
    arity = (2, 2)
    settings = (
        AxesSetting("axes", "Axes", "axes", 1, -8, 8, required=True,
                help="The axis along which is added up, of both branches or of each; 1 is the first after the batch."),
        Setting("normalize", "Normalize", "bool", False, help="Give the vectors length 1 first: the cosine."),
    )  # fmt: skip

    @classmethod
    def normalise(cls, config: dict[str, Any]) -> dict[str, Any]:
        found = super().normalise(config)
        if isinstance(found["axes"], list) and len(found["axes"]) != 2:
            raise SettingError(
                f"Dot: axes must be one whole number, or two: one for each branch; it is {found['axes']}.",
                "axes",
            )
        return found

    def _axes(self, shapes: list[Shape]) -> tuple[int, int]:
        given = self["axes"] if isinstance(self["axes"], list) else [self["axes"]] * 2
        first, second = (place_of(axis, s, "Dot") for axis, s in zip(given, shapes, strict=True))
        return first, second

    def output_shape(self, shapes: list[Shape]) -> Shape:
        (a, b), (p, q) = shapes, self._axes(shapes)
        if a[p] != b[q]:
            raise ShapeError(
                "Lengths differ",
                f"Dot adds up along axis {p + 1} of the first branch, which has {a[p]} places, and axis {q + 1} of the "
                f"second, which has {b[q]} ({shown(a)} and {shown(b)}). Choose axes of one length.",
            )
        return (*a[:p], *a[p + 1 :], *b[:q], *b[q + 1 :]) or (1,)

    def multiply_adds(self, shapes: list[Shape]) -> int:
        count = shapes[0][self._axes(shapes)[0]]
        for n in self.output_shape(shapes):
            count *= n
        return count

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        axes = self._axes([x.shape for x in inputs])
        if self["normalize"]:
            inputs = [
                e.op("unit_length", x, role=f"unit/{k}", axis=axis, epsilon=1e-7)
                for k, (x, axis) in enumerate(zip(inputs, axes, strict=True))
            ]
        return e.op("contract", *inputs, role="a", axes=axes)

    def describe(self) -> tuple[str, str]:
        axes = self["axes"]
        where = ", ".join(map(str, axes)) if isinstance(axes, list) else str(axes)
        return ("cosine" if self["normalize"] else "dot product", f"axes {where}")


def add(inputs: Any, **kwargs: Any) -> Any:
    """``Add()(inputs)``."""
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """``Subtract()(inputs)``."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """``Multiply()(inputs)``."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """``Average()(inputs)``."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """``Maximum()(inputs)``."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """``Minimum()(inputs)``."""
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """``Concatenate(axis)(inputs)``."""
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Any, axes: int | list[int] = -1, **kwargs: Any) -> Any:
    """``Dot(axes)(inputs)``."""
    return Dot(axes=axes, **kwargs)(inputs)
