"""A map that is made larger and moved by hand: wheel, pinch, buttons in its corner, +, −, 0 and arrow keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QNativeGestureEvent, QWheelEvent

from app.text import tr
from app.widgets import Button
from app.widgets.painted import Painted

if TYPE_CHECKING:
    from app.scenes.race_map_layout import Viewport

#: One turn of the wheel by one notch, and one press of a key, make things so many times as large.
_NOTCH, _PRESS = 1.2, 1.5
#: One press of an arrow key goes so far, in pixels.
_PAN = 40.0
_ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1),
           Qt.Key.Key_Down: (0, 1)}  # fmt: skip
_ZOOMS = {Qt.Key.Key_Plus: _PRESS, Qt.Key.Key_Equal: _PRESS, Qt.Key.Key_Minus: 1 / _PRESS}
_KEYS = (*_ARROWS, *_ZOOMS, Qt.Key.Key_0)


class Zoomed(Painted):
    """See the module's text.

    Parameters
    ----------
    name, title
        Object name and accessible name.
    prefix
        Of the names of its buttons.

    Attributes
    ----------
    buttons
        Larger, smaller, all of it.
    """

    def __init__(self, name: str, title: str, prefix: str) -> None:
        super().__init__(name, title)
        self.setMinimumSize(120, 100)
        self.buttons: list[Button] = []
        for part, icon, tip, act in (
            ("in", "zoom-in", tr("Larger (+)"), lambda: self.zoom(_PRESS)),
            ("out", "zoom-out", tr("Smaller (−)"), lambda: self.zoom(1 / _PRESS)),
            ("fit", "maximize", tr("Show all of it (0)"), self.fit),
        ):
            button = Button(name=f"{prefix}-zoom-{part}", kind="tool", icon=icon, parent=self)
            button.setAccessibleName(tip)
            button.setToolTip(tip)
            button.clicked.connect(act)
            self.buttons.append(button)

    def shown(self) -> Viewport | None:
        """Return what is shown where, or None before there is anything."""
        raise NotImplementedError

    def show_part(self, view: Viewport) -> None:
        """Show another part."""
        raise NotImplementedError

    def fit(self) -> None:
        """Show all of it."""
        raise NotImplementedError

    def least(self, view: Viewport, factor: float) -> float:
        """Return what may become of a factor: things are not made smaller without end."""
        return factor

    def move_by_keys(self, view: Viewport, dx: int, dy: int, event: QKeyEvent) -> None:
        """Go on to the right and down, by one arrow key."""
        self.show_part(view.dragged(-dx * _PAN, -dy * _PAN))

    def place_buttons(self, top: int) -> None:
        """Let the buttons stand in the corner."""
        for k, button in enumerate(self.buttons):
            button.move(40 + 32 * k, top)

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        """Show everything `factor` times as large; what is at a point, or in the middle, stays there."""
        view = self.shown()
        if view is not None:
            at = at or QPointF(self.width() / 2, self.height() / 2)
            self.show_part(view.zoomed(self.least(view, factor), at.x(), at.y()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta().y() or event.pixelDelta().y()
        if turned:
            self.zoom(_NOTCH ** (turned / 120), event.position())
        event.accept()

    def event(self, event: QEvent) -> bool:
        gesture, override = Qt.NativeGestureType.ZoomNativeGesture, QEvent.Type.ShortcutOverride
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == gesture:
            self.zoom(max(0.2, 1 + event.value()), event.position())
            return True
        # These keys are the map's while it has the focus, and no shortcut's.
        if isinstance(event, QKeyEvent) and event.type() == override and event.key() in _KEYS:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, view = Qt.Key(event.key()), self.shown()
        if view is None or key not in _KEYS:
            super().keyPressEvent(event)
        elif key in _ZOOMS:
            self.zoom(_ZOOMS[key])
        elif key == Qt.Key.Key_0:
            self.fit()
        else:
            self.move_by_keys(view, *_ARROWS[key], event)
