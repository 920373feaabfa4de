"""A panel over the dimmed window: what is behind it goes on, and cannot be reached meanwhile."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt, Slot
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app import theme
from app.widgets.guarded import guarded

_MARGIN = 16


class Overlay(QWidget):
    """Covers a window; its sheet is as large as asked for, or as there is room.

    Parameters
    ----------
    window
        The widget it covers.
    size
        Of the sheet.

    Attributes
    ----------
    column : QVBoxLayout
        Holds what is on the sheet.
    """

    def __init__(self, window: QWidget, size: QSize, *, name: str, label: str) -> None:
        super().__init__(window)
        self.setObjectName(name)
        self.setAccessibleName(label)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._window = window
        self._size = size
        self._frame = _Sheet(self)
        self.column = QVBoxLayout(self._frame)
        self.column.setContentsMargins(1, 1, 1, 1)
        self.column.setSpacing(0)
        window.installEventFilter(self)
        self._cover()

    @Slot()
    def close_dialog(self) -> None:
        """Go away and give the window the focus back."""
        self._window.removeEventFilter(self)
        self.hide()
        self._window.setFocus()
        self.setParent(None)
        self.deleteLater()

    def window_closes(self) -> None:
        """End what must not outlive the window."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_dialog()
            return
        event.accept()

    def focusNextPrevChild(self, forwards: bool) -> bool:
        # Tab stays inside: what is behind the dialog cannot be reached.
        inside = [w for w in self.findChildren(QWidget) if _reachable(w)]
        if not inside:
            return False
        focused = self._window.focusWidget()
        here = inside.index(focused) if focused in inside else -1 if forwards else len(inside)
        chosen = inside[(here + (1 if forwards else -1)) % len(inside)]
        reason = Qt.FocusReason.TabFocusReason if forwards else Qt.FocusReason.BacktabFocusReason
        chosen.setFocus(reason)
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window:
            if event.type() == QEvent.Type.Resize:
                self._cover()
            elif event.type() == QEvent.Type.Close:
                self.window_closes()
        return False

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), QColor(6, 8, 11, 184))

    def _cover(self) -> None:
        self.setGeometry(self._window.rect())
        width = min(self._size.width(), self.width() - 2 * _MARGIN)
        height = min(self._size.height(), self.height() - 2 * _MARGIN)
        self._frame.setGeometry(
            QRect((self.width() - width) // 2, (self.height() - height) // 2, width, height)
        )


class _Sheet(QFrame):
    """The rounded ground of the dialog."""

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colors.line2, 1))
        painter.setBrush(colors.bg1)
        painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), 12, 12)


def _reachable(widget: QWidget) -> bool:
    policy = widget.focusPolicy()
    return bool(policy & Qt.FocusPolicy.TabFocus) and widget.isVisible() and widget.isEnabled()
