"""How sentences about layers are put: what a layer is called, what it is given, and the nearest fix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from core.errors import SettingError, ShapeError

Shape = tuple[int, ...]


def given(shape: Shape) -> str:
    """A shape in words: ``a list of 784 numbers``, ``an image of 28×28×1``."""
    if len(shape) < 2:
        count = shape[0] if shape else 1
        return f"a list of {count:,} number{'s' if count != 1 else ''}"
    what = {2: "a sequence of ", 3: "an image of "}.get(len(shape), "values of shape ")
    return what + "×".join(map(str, shape))


@dataclass(frozen=True)
class Placed:
    """A layer in its place: what sentences about its neighbours need to know."""

    kind: str
    name: str
    config: Mapping[str, Any]

    def __str__(self) -> str:
        return called(self.kind, self.name)


def called(kind: str, name: str) -> str:
    """``Conv2D 'conv2d_2'``, or only the kind if the layer has no name yet."""
    return f"{kind} {name!r}" if name else kind


def named(message: str, kind: str, name: str) -> str:
    """A sentence about a kind of layer as one about this layer."""
    if not name or f"{name!r}" in message:
        return message
    if message.startswith(kind) and not message[len(kind) : len(kind) + 1].isalnum():
        return called(kind, name) + message[len(kind) :]
    return f"{called(kind, name)}: {message}"


@contextmanager
def about(place: Callable[[], list[Placed]]) -> Iterator[None]:
    """What a layer refuses in here is said with its name and, where one is near, with a fix.

    Parameters
    ----------
    place
        Asked only then: the layer, and behind it those it reads, the nearest first.
    """
    try:
        yield
    except ShapeError as error:
        layer, *before = place()
        message = named(str(error), layer.kind, layer.name)
        more = nearest_fix(error.remedy, before)
        raise ShapeError(error.title, f"{message} {more}".strip(), error.remedy) from error
    except SettingError as error:
        layer = place()[0]
        message = named(str(error), layer.kind, layer.name)
        raise SettingError(message, error.setting) from error


def nearest_fix(remedy: str, before: list[Placed]) -> str:
    """The sentence for a `core.errors.ShapeError.remedy`, if it depends on what stands before the layer; else ""."""
    if remedy not in ("swap", "sequence"):
        return ""
    last = before[0] if before else None
    if remedy == "sequence" and last is not None and last.config.get("return_sequences") is False:
        return f"Set return_sequences=True in {last}."
    flat = [one for one in before if one.kind == "Flatten"]
    if flat:
        return f"Move it before {flat[0] if len(flat) > 1 else 'Flatten'}."
    if remedy == "sequence":
        return "Put an Embedding before it if these are tokens, or a Reshape layer if they are numbers."
    return "Put it where the data has these axes, or a Reshape layer before it."
