"""Popovers of the input: they open beside its place, so that the picture stays in sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint

from app.widgets import Popover

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_GAP = 8


class BesidePopover(Popover):
    """A popover at the right of the place its anchor stands in, where the window has room."""

    def __init__(self, anchor: QWidget, *, name: str, title: str, width: int) -> None:
        super().__init__(anchor, name=name, title=title, width=width)
        self._place: QWidget | None = anchor.parentWidget()
        while self._place is not None and self._place.objectName() != "inside-input":
            self._place = self._place.parentWidget()

    def fit(self) -> None:
        """As high as the content; beside the place."""
        super().fit()
        window = self._anchor.window()
        if self._place is not None:
            right = self._place.mapTo(window, QPoint(self._place.width() + _GAP, 0))
            x = min(right.x(), window.width() - self.width() - _GAP)
            self.move(max(_GAP, x), self.y())
