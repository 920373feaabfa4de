"""The focus ring: one overlay per window that follows whichever control the keyboard is on."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QFocusEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QScrollArea, QWidget

from app import theme
from app.widgets.guarded import guarded

_KEYBOARD = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)
_GAP = 2
_WIDTH = 2


class FocusRing(QWidget):
    """A 2 px outline two pixels outside the focused control.

    It lies above the window's other widgets and lets the mouse through. Controls that take part
    call :func:`focus_entered` and :func:`focus_left` from their focus events.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("focus-ring")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._target: QWidget | None = None
        self._watched: list[QWidget] = []
        self.hide()

    @property
    def target(self) -> QWidget | None:
        """The control the ring is around, or None."""
        return self._target

    def follow(self, target: QWidget | None) -> None:
        """Put the ring around ``target``, or take it away."""
        for watched in self._watched:
            watched.removeEventFilter(self)
        self._watched = []
        self._target = target
        if target is None:
            self.hide()
            return
        # The control moves when any widget around it moves or scrolls.
        widget: QWidget | None = target
        while widget is not None and widget is not self.parentWidget():
            widget.installEventFilter(self)
            self._watched.append(widget)
            widget = widget.parentWidget()
        self._place()
        self.show()
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show):
            self._place()
        elif event.type() == QEvent.Type.Hide:
            self.follow(None)
        return False

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        if self._target is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.current().tx, _WIDTH))
        half = _WIDTH / 2
        radius = float(getattr(self._target, "focus_radius", 6)) + _GAP + half
        painter.drawRoundedRect(
            QRectF(self.rect()).adjusted(half, half, -half, -half), radius, radius
        )

    def _place(self) -> None:
        target, window = self._target, self.parentWidget()
        if target is None or window is None:
            return
        shape = getattr(target, "focus_rect", None)
        inner = shape() if callable(shape) else target.rect()
        outer = _GAP + _WIDTH
        rect = QRect(target.mapTo(window, inner.topLeft()), inner.size())
        self.setGeometry(rect.adjusted(-outer, -outer, outer, outer))


def ring(widget: QWidget) -> FocusRing:
    """Return the ring of the widget's window, making it at first use."""
    window = widget.window()
    found = window.findChild(FocusRing, "focus-ring", Qt.FindChildOption.FindDirectChildrenOnly)
    return found if found is not None else FocusRing(window)


def focus_entered(widget: QWidget, event: QFocusEvent) -> None:
    """Show the ring if the keyboard brought the focus here, and scroll the control into view."""
    if event.reason() in _KEYBOARD:
        reveal(widget)
        ring(widget).follow(widget)


def focus_left(widget: QWidget) -> None:
    """Take the ring away if it is around this control."""
    window = widget.window()
    found = window.findChild(FocusRing, "focus-ring", Qt.FindChildOption.FindDirectChildrenOnly)
    if found is not None and found.target is widget:
        found.follow(None)


def reveal(widget: QWidget) -> None:
    """Scroll every scroll area around ``widget`` until it can be seen."""
    area = widget.parentWidget()
    while area is not None:
        if isinstance(area, QScrollArea):
            inside = area.widget()
            if inside is not None and inside.isAncestorOf(widget):
                corner = widget.mapTo(inside, QPoint(widget.width() // 2, widget.height() // 2))
                area.ensureVisible(corner.x(), corner.y(), 0, widget.height())
        area = area.parentWidget()
