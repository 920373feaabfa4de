"""What the middle of the Step workspace can show, one file each: the network, a close-up of the instruction, ...

A file here exposes ``VIEW``; the workspace lists those that exist.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.registering import modules

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.step.session import StepSession


@dataclass(frozen=True)
class StepView:
    """One choice over the middle of the workspace.

    Attributes
    ----------
    id
        Stable name: what ``step.view`` takes.
    title, tip
        What the choice is called and what it shows.
    order
        Place among the others, smallest first.
    create
        Makes the widget when it is shown for the first time. It follows the session while it is visible, and may
        have ``controls() -> QWidget | None``: what stands beside the choice in the header while it is shown.
    """

    id: str
    title: str
    tip: str
    order: int
    create: Callable[[StepSession], QWidget]


def views() -> tuple[StepView, ...]:
    """Return the views that exist, in order."""
    found = [module.VIEW for module in modules(__name__) if hasattr(module, "VIEW")]
    return tuple(sorted(found, key=lambda view: (view.order, view.id)))
