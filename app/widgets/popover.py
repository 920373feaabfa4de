"""A popover: an editor that opens under a control, inside the window."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication, QFrame, QLabel, QVBoxLayout, QWidget

from app import theme
from app.widgets.guarded import guarded
from app.widgets.panels import ScrollPanel, Toast

_MARGIN = 8


class Popover(QFrame):
    """A card above the window's content, closed by Escape or a click elsewhere.

    It is a child of the window and not a window of its own: it is in pictures of the window, and
    no system draws a black corner behind its round ones.

    Signals
    -------
    closed()
        It went away.
    """

    closed = Signal()

    def __init__(self, anchor: QWidget, *, name: str, title: str = "", width: int = 320) -> None:
        super().__init__(anchor.window())
        self.setObjectName(name)
        self.setAccessibleName(title or name)
        self.setProperty("popover", True)
        self._anchor = anchor
        self.setFixedWidth(width)
        outside = QVBoxLayout(self)
        outside.setContentsMargins(1, 6, 1, 6)
        self._scroll = ScrollPanel()
        outside.addWidget(self._scroll)
        self.body = self._scroll.body
        self.body.setContentsMargins(15, 6, 15, 8)
        self.body.setSpacing(8)
        if title:
            heading = QLabel(title)
            heading.setFont(theme.font("header"))
            heading.setProperty("tone", "tx")
            self.body.addWidget(heading)
        self.hide()

    def open(self) -> None:
        """Show it under its anchor and give its first control the focus."""
        self.fit()
        self.show()
        self.raise_()
        for toast in self._anchor.window().findChildren(Toast):
            toast.place()
        application = QApplication.instance()
        if application is not None:
            application.installEventFilter(self)
        for child in self.findChildren(QWidget):
            if child.focusPolicy() & Qt.FocusPolicy.TabFocus and child.isEnabled():
                child.setFocus(Qt.FocusReason.PopupFocusReason)
                break

    def fit(self) -> None:
        """Be as high as the content, or as the window, where the content scrolls; within the window."""
        window = self._anchor.window()
        self.body.activate()
        wanted = self.body.totalHeightForWidth(self.width() - 2)
        if wanted < 0:
            wanted = self.body.totalSizeHint().height()
        self.setFixedHeight(min(wanted + 12, window.height() - 2 * _MARGIN))
        below = self._anchor.mapTo(window, QPoint(0, self._anchor.height() + 6))
        x = min(below.x(), window.width() - self.width() - _MARGIN)
        y = min(below.y(), window.height() - self.height() - _MARGIN)
        above = below.y() - self._anchor.height() - 12 - self.height()
        if y < below.y() and above >= _MARGIN:
            # Rather above its anchor than over it.
            y = above
        self.move(max(_MARGIN, x), max(_MARGIN, y))

    def close_popover(self) -> None:
        """Hide it and give the focus back to its anchor."""
        if not self.isVisible():
            return
        application = QApplication.instance()
        if application is not None:
            application.removeEventFilter(self)
        had_focus = self.isAncestorOf(QApplication.focusWidget() or self)
        # An unfinished number is an edit too: leaving the field commits it.
        if had_focus:
            self._anchor.setFocus(Qt.FocusReason.PopupFocusReason)
        self.hide()
        self.closed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress and isinstance(watched, QWidget):
            inside = watched is self or self.isAncestorOf(watched)
            # A list that a choice in here has opened is a window of its own.
            if not inside and watched.window() is self.window():
                on_anchor = watched is self._anchor
                self.close_popover()
                return on_anchor
        elif kind == QEvent.Type.LayoutRequest and watched is self._scroll.widget():
            self.fit()
        elif kind == QEvent.Type.Hide and watched is self._anchor:
            # Another workspace is in front.
            self.close_popover()
        elif kind == QEvent.Type.WindowDeactivate and watched is self.window():
            if QApplication.activePopupWidget() is None:
                self.close_popover()
        elif kind == QEvent.Type.Resize and watched is self.window():
            self.close_popover()
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_popover()
            return
        super().keyPressEvent(event)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colors.line2, 1))
        painter.setBrush(colors.bg1)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
