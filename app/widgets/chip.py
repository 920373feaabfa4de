"""A chip: a short summary of something, which opens an editor for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.widgets.buttons import Control
from app.widgets.guarded import guarded
from app.widgets.popover import Popover

# text, font role, colour token
Part = tuple[str, str, str]
_GAP = 8
_DIVIDERS = ("·",)
#: As wide as Qt lets a widget be.
_WIDEST = (1 << 24) - 1


class Chip(Control):
    """Words and values in a row inside a 28 px box.

    Parameters
    ----------
    name : str
        Object name.
    label : str
        Accessible name; the parts are its description.
    editor : callable, optional
        Makes the popover that a click opens.

    Signals
    -------
    cramped()
        There is no room for some of the parts.
    """

    cramped = Signal()

    def __init__(
        self,
        *,
        name: str,
        label: str,
        editor: Callable[[QWidget], Popover] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._label = label
        self._parts: tuple[Part, ...] = ()
        self._limit: int | None = None
        self._editor = editor
        self._watched: QWidget | None = None
        self.popover: Popover | None = None
        self.setFixedHeight(28)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.clicked.connect(self.open_editor)

    def set_parts(self, parts: Sequence[Part]) -> None:
        """Show other words and values."""
        if tuple(parts) == self._parts:
            return
        self._parts = tuple(parts)
        self.setAccessibleName(f"{self._label}: " + " ".join(text for text, _, _ in parts))
        self.widen()
        self.updateGeometry()
        self.update()

    def set_limit(self, limit: int | None) -> None:
        """Show only the first parts, in a window that has no room for more."""
        if limit != self._limit:
            self._limit = limit
            self.widen()
            self.updateGeometry()
            self.update()

    def open_editor(self) -> None:
        """Open the editor under the chip, or close it if it is open."""
        if self.popover is not None and self.popover.isVisible():
            self.popover.close_popover()
            return
        if self._editor is None:
            return
        if self.popover is not None:
            self.popover.deleteLater()
        self.popover = self._editor(self)
        self.popover.open()

    def shown_parts(self) -> tuple[Part, ...]:
        """Return the parts there is room for: the last ones are left out first, each as a whole."""
        parts = self._parts[: self._limit]
        while len(parts) > 1:
            # What divides two parts is nothing without the second.
            if parts[-1][0] not in _DIVIDERS and _width(parts) <= self.width() - 18:
                break
            parts = parts[:-1]
        return parts

    @property
    def leaves_out(self) -> bool:
        """Whether there is no room for some of the parts."""
        return len(self.shown_parts()) < len(self._parts[: self._limit])

    def give_way(self) -> None:
        """Be no wider than what is shown, so that others have the room; until the window or the parts are others."""
        wanted = round(_width(self.shown_parts()) + 21)
        self.setMaximumWidth(max(wanted, self.minimumSizeHint().width()))
        if self._watched is not self.window():
            if self._watched is not None:
                self._watched.removeEventFilter(self)
            self._watched = self.window()
            self._watched.installEventFilter(self)

    def widen(self) -> None:
        """Ask for all the room again."""
        self.setMaximumWidth(_WIDEST)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.leaves_out:
            self.cramped.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self._watched:
            self.widen()
        return super().eventFilter(watched, event)

    def sizeHint(self) -> QSize:
        shown = self._parts[: self._limit]
        return QSize(round(_width(shown) + 21), 28)

    def minimumSizeHint(self) -> QSize:
        # In a narrow window the later parts give way, then the end of the first.
        first = sum(_advances(self._parts[:1]))
        return QSize(round(min(first, 64.0) + 22), 28)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colors.line, 1))
        painter.setBrush(colors.bg3 if self.hovered or self.isDown() else colors.bg2)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        x, right = 10.0, self.width() - 10.0
        shown_parts = self.shown_parts()
        for (text, role, tone), advance in zip(shown_parts, _advances(shown_parts)):
            font = theme.font(role)
            painter.setFont(font)
            painter.setPen(colors.color(tone))
            room = right - x + 1
            shown = text
            if advance > room + 1:
                shown = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, room)
            box = QRectF(x, 0, room + 2, self.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
            x += advance + _GAP


def _width(parts: Sequence[Part]) -> float:
    return sum(_advances(parts)) + _GAP * (len(parts) - 1)


def _advances(parts: Sequence[Part]) -> list[float]:
    return [QFontMetricsF(theme.font(role)).horizontalAdvance(text) for text, role, _ in parts]
