"""Callbacks as documents: ``{"kind": "EarlyStopping", "monitor": "val_loss", "patience": 5}``."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from core.callbacks.base import Callback
from core.callbacks.early_stopping import EarlyStopping
from core.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau
from core.errors import SettingError
from core.naming import no_argument, unknown

#: Those a document can hold: they need no Python, and what they do is in a run's journal.
_KINDS: dict[str, type[Callback]] = {
    kind.__name__: kind for kind in (EarlyStopping, ReduceLROnPlateau)
}


def names() -> tuple[str, ...]:
    """Kinds of callbacks that documents hold."""
    return tuple(_KINDS)


def kind(name: str) -> type[Callback]:
    """The class of one.

    Raises
    ------
    core.errors.SettingError
        There is none of this name.
    """
    if name not in _KINDS:
        raise SettingError(unknown("callback of a project", str(name), _KINDS), "callbacks")
    return _KINDS[name]


def get(document: Mapping[str, Any]) -> Callback:
    """A callback from its document.

    Raises
    ------
    core.errors.SettingError
        Its kind or an argument is not known, or an argument has a value it cannot have.
    """
    if not isinstance(document, Mapping) or not isinstance(document.get("kind"), str):
        message = f'A callback of a project looks like {{"kind": "EarlyStopping", "patience": 5}}; it is {document!r}.'
        raise SettingError(message, "callbacks")
    made = kind(document["kind"])
    given = {key: value for key, value in document.items() if key != "kind"}
    known = inspect.signature(made).parameters
    for name in given:
        if name not in known:
            raise SettingError(no_argument(made.__name__, name, known), "callbacks")
    return made(**given)


def check(documents: Any) -> None:
    """Say what of a project's callbacks cannot be.

    Raises
    ------
    core.errors.SettingError
        One is not known, wrong, or there twice.
    """
    if not isinstance(documents, (list, tuple)):
        message = f"Callbacks of a project are a list; it is {documents!r}."
        raise SettingError(message, "callbacks")
    seen: set[str] = set()
    for document in documents:
        name = type(get(document)).__name__
        if name in seen:
            message = f"{name} is there twice. Keep one of them."
            raise SettingError(message, "callbacks")
        seen.add(name)
