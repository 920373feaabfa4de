"""Penalties on large weights or outputs, added to the loss, under their Keras names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from core.naming import no_attribute
from core.objects import Configured, Document, find, listed, lower_case, real
from core.objects import names as names_of


class Regularizer(Configured):
    """Base of the regularizers. Calling one gives the penalty: ``L2(0.01)(kernel)``.

    Attributes
    ----------
    l1
        Factor of the sum of absolute values.
    l2
        Factor of the sum of squares.
    """

    what = "regularizer"
    aliases: ClassVar[dict[str, str]] = {"l1_l2": "l1l2"}
    l1 = 0.0
    l2 = 0.0

    def __call__(self, x: Any) -> float:
        """The penalty of these numbers."""
        import numpy as np

        values = np.asarray(x, np.float64)
        return float(self.l1 * np.abs(values).sum() + self.l2 * (values**2).sum())


class L1(Regularizer):
    """``l1 · Σ|w|``: pulls every weight by the same amount, so that small ones become 0 (Tibshirani 1996)."""

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = real(self, "l1", 0.01 if l1 is None else l1, 0.0)


class L2(Regularizer):
    """``l2 · Σw²``: pulls every weight in proportion to its size (Hoerl and Kennard 1970)."""

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = real(self, "l2", 0.01 if l2 is None else l2, 0.0)


class L1L2(Regularizer):
    """``l1 · Σ|w| + l2 · Σw²`` (Zou and Hastie 2005). As in Keras, both factors are 0 unless given.

    The name "l1_l2" has the 0.01 of Keras's documentation for both, "l1l2" the 0 of its code.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = real(self, "l1", 0.0 if l1 is None else l1, 0.0)
        self.l2 = real(self, "l2", 0.0 if l2 is None else l2, 0.0)


def names() -> tuple[str, ...]:
    """Names of all regularizers."""
    return tuple("l1_l2" if name == "l1l2" else name for name in names_of(Regularizer))


def get(identifier: Any) -> Regularizer | None:
    """A regularizer by name ("l2"), as ``{"class_name", "config"}``, as a class, or the one given; None is none.

    Raises
    ------
    core.errors.SettingError
        There is no such regularizer.
    """
    if isinstance(identifier, str) and identifier == "l1_l2":
        return L1L2(0.01, 0.01)
    return None if identifier is None else find(Regularizer, identifier)


def document(identifier: Any) -> Document | None:
    """A regularizer as documents hold it: its name, or ``{"class_name", "config"}`` if it has other arguments."""
    found = get(identifier)
    return None if found is None else found.to_document()


if not TYPE_CHECKING:
    # Type checkers look for names themselves.

    def __getattr__(name: str) -> Any:
        """The classes' lower-case names, which Keras has too; else say what was probably meant."""
        found = lower_case(Regularizer, name)
        if found is None:
            raise no_attribute("core.regularizers", name, listed(Regularizer))
        return found


def __dir__() -> list[str]:
    lower = {"l1_l2" if name == "l1l2" else name for name in listed(Regularizer)}
    return sorted(lower | {"Regularizer", "get", "names"})
