"""Layers that reshape, join branches or normalise, in PyTorch code.

Images are held with channels first there. What depends on the order of axes turns them, and turns the result back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.errors import ChainruleError
from core.io.code_common import call
from core.layers.base import Shape
from core.layers.merge import place_of
from core.layers.registry import make

Order = tuple[int, ...]


@dataclass
class Shapes:
    """A layer in PyTorch.

    Attributes
    ----------
    text, note
        Its output, and a remark.
    owns
        The text that makes its module, or "".
    starts
        (what is appended to the module's name, initializer) of each parameter or buffer.
    mask
        Which steps of the output count, or "".
    """

    text: str
    note: str = ""
    owns: str = ""
    starts: list[tuple[str, Any]] = field(default_factory=list)
    mask: str = ""


def held(rank: int) -> Order:
    """The axes of a value of so many axes without the batch, in the order in which PyTorch holds them."""
    return (0, 3, 1, 2) if rank == 3 else tuple(range(rank + 1))


def turned(x: str, have: Sequence[int], want: Sequence[int]) -> str:
    """`x`, whose axes are `have`, with the axes in the order `want`."""
    order = [have.index(axis) for axis in want]
    if order == list(range(len(order))):
        return x
    return f"{x}.permute({', '.join(map(str, order))})"


def natural(x: str, rank: int) -> str:
    """`x` with its channels last."""
    return turned(x, held(rank), range(rank + 1))


def back(x: str, rank: int) -> str:
    """A value with channels last, as PyTorch holds it."""
    return turned(x, range(rank + 1), held(rank))


def torch_shapes(
    kind: str,
    config: dict[str, Any],
    shapes: tuple[Shape, ...],
    xs: list[str],
    own: str,
    masks: list[str],
) -> Shapes | None:
    """The code of a layer of this file's kinds; None for others.

    Parameters
    ----------
    kind, config
        Of the layer, all settings given.
    shapes, xs, masks
        Of each input: its shape (channels last), its variable, and the variable of its mask or "".
    own
        What the layer's module is called (``"self.layer_normalization_1"``).

    Raises
    ------
    core.errors.ChainruleError
        PyTorch computes something else.
    """
    write = _WRITERS.get(kind)
    return write(kind, config, shapes, xs, own, masks) if write is not None else None


def _reshape(
    kind: str, config: dict[str, Any], shapes: tuple[Shape, ...], xs: list[str], own: str, masks: list[str]
) -> Shapes:  # fmt: skip
    out = make(kind, config).output_shape([shapes[0]])
    text = f"{natural(xs[0], len(shapes[0]))}.reshape({', '.join(map(str, (-1, *out)))})"
    return Shapes(back(text, len(out)))


def _permute(
    kind: str, config: dict[str, Any], shapes: tuple[Shape, ...], xs: list[str], own: str, masks: list[str]
) -> Shapes:  # fmt: skip
    rank, source = len(shapes[0]), (0, *config["dims"])
    return Shapes(turned(xs[0], held(rank), [source[axis] for axis in held(rank)]))


def _repeat_vector(
    kind: str, config: dict[str, Any], shapes: tuple[Shape, ...], xs: list[str], own: str, masks: list[str]
) -> Shapes:  # fmt: skip
    return Shapes(f"{xs[0]}.unsqueeze(1).repeat(1, {config['n']}, 1)")


def _either(masks: list[str]) -> str:
    """A step counts where it counts in any branch, if each has a mask."""
    names = list(dict.fromkeys(masks))
    if not all(names):
        return ""
    return names[0] if len(names) == 1 else f"({' | '.join(names)})"


def _joined(kind: str, xs: list[str]) -> str:
    if kind in ("Maximum", "Minimum"):
        text = xs[0]
        for x in xs[1:]:
            text = f"torch.{kind.lower()}({text}, {x})"
        return text
    sign = {"Subtract": " - ", "Multiply": " * "}.get(kind, " + ")
    text = sign.join(xs)
    return f"({text}) / {len(xs)}" if kind == "Average" else text


def _merge(
    kind: str, config: dict[str, Any], shapes: tuple[Shape, ...], xs: list[str], own: str, masks: list[str]
) -> Shapes:  # fmt: skip
    if any(masks) and kind in ("Multiply", "Maximum", "Minimum"):
        raise ChainruleError(
            f"{kind} leaves masked steps out in Keras; there is no counterpart of that in the PyTorch code."
        )
    mask = _either(masks)
    if len(set(shapes)) == 1:
        return Shapes(_joined(kind, xs), mask=mask)
    rank = max(map(len, shapes))
    wide = [
        natural(x, len(shape))
        + (f"[:{', None' * (rank - len(shape))}]" if len(shape) < rank else "")
        for x, shape in zip(xs, shapes, strict=True)
    ]
    text = _joined(kind, wide)
    if held(rank) != tuple(range(rank + 1)):
        text = back(f"({text})", rank)
    return Shapes(text, mask=mask)


def _concatenate(
    kind: str, config: dict[str, Any], shapes: tuple[Shape, ...], xs: list[str], own: str, masks: list[str]
) -> Shapes:  # fmt: skip
    rank = len(shapes[0])
    axis = place_of(config["axis"], shapes[0], kind) + 1
    if any(masks) and axis == 1:
        raise ChainruleError("Masks one after the other have no counterpart in the PyTorch code.")
    mask = _either(masks)
    return Shapes(f"torch.cat([{', '.join(xs)}], {held(rank).index(axis)})", mask=mask)


def _dot(
    kind: str, config: dict[str, Any], shapes: tuple[Shape, ...], xs: list[str], own: str, masks: list[str]
) -> Shapes:  # fmt: skip
    given = config["axes"] if isinstance(config["axes"], list) else [config["axes"]] * 2
    axes = [place_of(axis, s, kind) for axis, s in zip(given, shapes, strict=True)]
    values = [natural(x, len(s)) for x, s in zip(xs, shapes, strict=True)]
    if config["normalize"]:
        values = [
            f"F.normalize({x}, dim={axis + 1}, eps=1e-07)"
            for x, axis in zip(values, axes, strict=True)
        ]
    free = iter("ijklmopqrstuvw")
    names = [
        ["x" if k == axis else next(free) for k in range(len(s))]
        for s, axis in zip(shapes, axes, strict=True)
    ]
    out = "".join(n for part in names for n in part if n != "x")
    first, second = ("".join(part) for part in names)
    text = f'torch.einsum("n{first},n{second}->n{out}", {values[0]}, {values[1]})'
    return Shapes(back(text, len(out)) if out else f"{text}.unsqueeze(1)")


def _layer_normalization(
    kind: str, config: dict[str, Any], shapes: tuple[Shape, ...], xs: list[str], own: str, masks: list[str]
) -> Shapes:  # fmt: skip
    (shape,) = shapes
    rank = len(shape)
    given = config["axis"] if isinstance(config["axis"], list) else [config["axis"]]
    axes = sorted(place_of(axis, shape, kind) + 1 for axis in given)
    if config["center"] and not config["scale"]:
        raise ChainruleError("PyTorch's layer normalisation has no shift without a scale.")
    order = [k for k in range(rank + 1) if k not in axes] + axes
    named: dict[str, Any] = {"eps": config["epsilon"]}
    if not config["scale"]:
        named["elementwise_affine"] = False
    elif not config["center"]:
        named["bias"] = False
    lengths = tuple(shape[k - 1] for k in axes)
    starts = _starts(config, ("scale", ".weight", "gamma_initializer", "ones"),
                     ("center", ".bias", "beta_initializer", "zeros"))  # fmt: skip
    text = f"{own}({turned(xs[0], held(rank), order)})"
    made = call("nn.LayerNorm", [lengths[0] if len(lengths) == 1 else lengths], named)
    return Shapes(turned(text, order, held(rank)), owns=made, starts=starts, mask=masks[0])


def _batch_normalization(
    kind: str, config: dict[str, Any], shapes: tuple[Shape, ...], xs: list[str], own: str, masks: list[str]
) -> Shapes:  # fmt: skip
    (shape,) = shapes
    rank = len(shape)
    if config["scale"] != config["center"]:
        raise ChainruleError(
            "PyTorch's batch normalisation has scale and center together or neither; here one of them is switched off."
        )
    if masks[0]:
        raise ChainruleError(
            "PyTorch's batch normalisation counts masked steps in its mean and variance; Keras's does not."
        )
    if rank > 3:
        raise ChainruleError(f"Batch normalisation of {rank} axes has no counterpart in PyTorch.")
    axis = place_of(config["axis"], shape, kind) + 1
    # PyTorch has the channels first.
    order = [0, axis, *(k for k in held(rank) if k not in (0, axis))]
    named: dict[str, Any] = {
        "eps": config["epsilon"],
        "momentum": round(1 - config["momentum"], 10),
    }
    if not config["scale"]:
        named["affine"] = False
    starts = _starts(config, ("scale", ".weight", "gamma_initializer", "ones"),
                     ("center", ".bias", "beta_initializer", "zeros"),
                     ("", ".running_mean", "moving_mean_initializer", "zeros"),
                     ("", ".running_var", "moving_variance_initializer", "ones"))  # fmt: skip
    text = f"{own}({turned(xs[0], held(rank), order)})"
    made = call("nn.BatchNorm2d" if rank == 3 else "nn.BatchNorm1d", [shape[axis - 1]], named)
    note = "moving variance is the unbiased one here"
    return Shapes(turned(text, order, held(rank)), note, owns=made, starts=starts)


def _starts(config: dict[str, Any], *parts: tuple[str, str, str, str]) -> list[tuple[str, Any]]:
    """Initializers that are not those of PyTorch's own modules."""
    return [
        (name, config[key])
        for switch, name, key, usual in parts
        if (not switch or config[switch]) and config[key] != usual
    ]


_Writer = Callable[[str, dict[str, Any], tuple[Shape, ...], list[str], str, list[str]], Shapes]
_WRITERS: dict[str, _Writer] = {
    "Reshape": _reshape,
    "Permute": _permute,
    "RepeatVector": _repeat_vector,
    **dict.fromkeys(("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"), _merge),
    "Concatenate": _concatenate,
    "Dot": _dot,
    "LayerNormalization": _layer_normalization,
    "BatchNormalization": _batch_normalization,
}
