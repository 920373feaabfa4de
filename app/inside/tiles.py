"""A wall of tiles, as maps and filters are shown: what is under the mouse, and the keys that go among the tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip

from app.widgets.painted import Painted

if TYPE_CHECKING:
    from app.inside.session import InsideSession
    from app.scenes.hits import Hit

#: Keys that go on or back among the tiles of a layer, those that go to the line above or below, and to other pages.
ALONG = {
    Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1, Qt.Key.Key_BracketRight: 1, Qt.Key.Key_BracketLeft: -1,
}  # fmt: skip
ACROSS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
PAGES = {Qt.Key.Key_PageDown: 1, Qt.Key.Key_PageUp: -1}


class Tiles(Painted):
    """The pictures; as high as they need. What they are, a subclass says.

    Parameters
    ----------
    name, title
        Object name and accessible name.
    session
        What Look inside shares.
    """

    ground = "bg0"

    def __init__(self, name: str, title: str, session: InsideSession) -> None:
        super().__init__(
            name, title, focus=Qt.FocusPolicy.TabFocus, down=QSizePolicy.Policy.Minimum
        )
        self._session = session
        self._hover = ""

    @property
    def place(self) -> Any:
        """Where everything stands: its `height` and its `hits`."""
        raise NotImplementedError

    def describe(self, hit: Hit, x: float = -1, y: float = -1) -> tuple[str, ...]:
        """What is under the mouse, line by line."""
        raise NotImplementedError

    def fit(self) -> None:
        """Paint anew; as high as is needed now."""
        needed = round(self.place.height)
        if self.minimumHeight() != needed:
            self.setMinimumHeight(needed)
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        hit = self.place.hits.at(at.x(), at.y())
        self._point_at(hit if hit is not None and hit.kind != "layer" else None)
        if hit is not None:
            lines = "\n".join(self.describe(hit, at.x(), at.y()))
            QToolTip.showText(event.globalPosition().toPoint(), lines, self)

    def _point_at(self, hit: Hit | None) -> None:
        name = hit.id if hit is not None else ""
        if name != self._hover:
            self._hover = name
            self.setCursor(
                Qt.CursorShape.PointingHandCursor if hit is not None else Qt.CursorShape.ArrowCursor
            )
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at(None)
