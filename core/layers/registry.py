"""The kinds of layers by name. Importing it costs no Numba."""

from __future__ import annotations

from typing import Any

import core.layers  # noqa: F401 - fills the registry
from core.errors import GraphError
from core.layers.base import _KINDS, Layer
from core.naming import unknown

FAMILIES = (
    "Core",
    "Activation",
    "Convolution",
    "Pooling",
    "Resizing",
    "Normalisation",
    "Regularisation",
    "Recurrent",
    "Merge",
)


def kinds() -> tuple[type[Layer], ...]:
    """All kinds, in the order of a palette: by family, then as registered."""
    return tuple(kind for family in FAMILIES for kind in _KINDS.values() if kind.family == family)


def kind(name: str) -> type[Layer]:
    """The class of a kind of layer. ``Input`` is the Keras spelling of ``InputLayer`` and found too.

    Raises
    ------
    core.errors.GraphError
        There is no such kind.
    """
    found = _KINDS.get("InputLayer" if name == "Input" else name)
    if found is None:
        raise GraphError(unknown("layer", name, names()))
    return found


def names() -> tuple[str, ...]:
    """Names of all kinds, in the order of the alphabet."""
    return tuple(sorted(_KINDS))


def known(name: str) -> bool:
    """True if `name` is a kind of layer this version knows."""
    return name in _KINDS or name == "Input"


def make(name: str, config: dict[str, Any]) -> Layer:
    """A layer of this kind with these settings."""
    return kind(name).from_config(config)
