"""What stands in Look inside, one file each: the input, the wall of maps, the convolution walk, attribution, ...

A file here exposes ``PANEL``; the workspace lists those that exist. Of several at one place the learner chooses.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.inside.session import InsideSession

#: Where panels stand: at the left, in the middle above and below, at the right, along the bottom.
PLACES = ("input", "rows", "below", "right", "bottom")


@dataclass(frozen=True)
class InsidePanel:
    """One panel.

    Attributes
    ----------
    id
        Stable name: what ``inside.view`` takes.
    place
        One of `PLACES`.
    title, tip
        What the choice is called and what it shows.
    order
        Place among the others, smallest first.
    create
        Makes the widget when it is shown for the first time. It follows the session's signals while it is visible, and
        may have ``controls() -> QWidget | None``: what stands in the head of its place while it is shown.
    hides
        Places that give it their room while it is shown.
    """

    id: str
    place: str
    title: str
    tip: str
    order: int
    create: Callable[[InsideSession], QWidget]
    hides: tuple[str, ...] = ()


def panels(place: str) -> tuple[InsidePanel, ...]:
    """Return the panels of a place, in order."""
    found = [
        panel
        for module in pkgutil.iter_modules(__path__)
        if (panel := getattr(importlib.import_module(f"{__name__}.{module.name}"), "PANEL", None))
        and panel.place == place
    ]
    return tuple(sorted(found, key=lambda panel: (panel.order, panel.id)))
