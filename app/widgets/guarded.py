"""Painting that fails: the picture stays unfinished, the program does not.

An exception that leaves a ``paintEvent`` takes its painter along in its traceback, still at work on the widget. Qt
then refuses to end the painting, and whoever paints the widget into an image next brings the process down.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

_Widget = TypeVar("_Widget", bound=QWidget)

#: Where painting a widget has failed, by file and line: it fails again at every painting, and is told once.
_told: WeakKeyDictionary[QWidget, set[tuple[str, int]]] = WeakKeyDictionary()


def guarded(paint: Callable[[_Widget, Any], None]) -> Callable[[_Widget, Any], None]:
    """Decorate a ``paintEvent``: what it raises is told once, as what nobody caught, and its painters are ended."""

    @wraps(paint)
    def painting(widget: _Widget, event: Any) -> None:
        try:
            paint(widget, event)
        except Exception as error:  # noqa: BLE001 - told below; an exception that leaves kills the program
            _tell(widget, error)
            _end_painters(error.__traceback__)

    return painting


def _end_painters(trace: TracebackType | None) -> None:
    """End what paints in the frames that were left, on the widget and on pictures, and let go of it."""
    painters = [
        held
        for frame, _ in traceback.walk_tb(trace)
        for held in frame.f_locals.values()
        if isinstance(held, QPainter)
    ]
    # The last one begun first; a picture must not go before what paints on it.
    for painter in reversed(painters):
        if painter.isActive():
            painter.end()
    traceback.clear_frames(trace)


def _tell(widget: QWidget, error: Exception) -> None:
    places = traceback.extract_tb(error.__traceback__)
    place = (places[-1].filename, places[-1].lineno or 0)
    told = _told.setdefault(widget, set())
    if place not in told:
        told.add(place)
        sys.excepthook(type(error), error, error.__traceback__)
