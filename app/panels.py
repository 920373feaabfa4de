"""Panels of a workspace, one file each: what stands where, and in which order."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget


@dataclass(frozen=True)
class PanelKind:
    """One panel.

    Attributes
    ----------
    id
        Stable name: what the command takes that shows it.
    place
        One of the workspace's places.
    title, tip
        What the choice is called and what it shows.
    order
        Place among the others, smallest first.
    create
        Receives the workspace's session and makes the widget when it is shown for the first time. It follows the
        session's signals while it is visible, and may have ``controls() -> QWidget | None``: what stands in the head
        of its place while it is shown.
    hides
        Places that give it their room while it is shown.
    """

    id: str
    place: str
    title: str
    tip: str
    order: int
    create: Callable[[Any], QWidget]
    hides: tuple[str, ...] = ()


def panels_of(package: ModuleType, place: str) -> tuple[PanelKind, ...]:
    """Return the panels of a place, in order: the ``PANEL`` of each file of the package that has one."""
    found = [
        panel
        for module in pkgutil.iter_modules(package.__path__)
        if (
            panel := getattr(
                importlib.import_module(f"{package.__name__}.{module.name}"), "PANEL", None
            )
        )
        and panel.place == place
    ]
    return tuple(sorted(found, key=lambda panel: (panel.order, panel.id)))
