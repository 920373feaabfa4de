"""Buttons, drawn from the theme: normal, primary, ghost, icon and the halves of a joined pair."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import (
    QAction,
    QColor,
    QEnterEvent,
    QFocusEvent,
    QFontMetricsF,
    QKeyEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from app import icons, theme
from app.widgets.focus import focus_entered, focus_left
from app.widgets.guarded import guarded

_RADIUS = 6.0
_DISABLED = 0.45


class Control(QAbstractButton):
    """What all clickable controls share: hover, the focus ring, and Enter as well as Space."""

    focus_radius = 6

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self._hovered = False

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        focus_entered(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        focus_left(self)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._hovered = True
        self.update()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = False
        self.update()
        super().leaveEvent(event)

    def event(self, event: QEvent) -> bool:
        # Space plays, except on a focused control, which it presses.
        if event.type() == QEvent.Type.ShortcutOverride:
            assert isinstance(event, QKeyEvent)
            if event.key() == Qt.Key.Key_Space and not event.modifiers():
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.isAutoRepeat():
            self.click()
            return
        super().keyPressEvent(event)

    @property
    def hovered(self) -> bool:
        """Tell whether the mouse is over an enabled control."""
        return self._hovered and self.isEnabled()


class Button(Control):
    """A push button.

    Parameters
    ----------
    text : str
        Label; empty for a square icon button.
    name : str
        Object name; also the accessible name until one is set.
    kind : str
        ``"normal"``, ``"primary"``, ``"ghost"``, ``"tool"`` (hairline border), or ``"left"`` and
        ``"right"`` for the halves of a joined pair.
    icon : str
        Name of an icon drawn before the label.
    height : int
        Control height: 28, or 32 in the transport.
    """

    def __init__(
        self,
        text: str = "",
        *,
        name: str,
        kind: str = "normal",
        icon: str = "",
        icon_size: int = 16,
        trailing: str = "",
        height: int = 28,
        mirror: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setText(text)
        self.setAccessibleName(text or name)
        self.kind = kind
        self._icon_name = icon
        self._icon_size = icon_size
        self._trailing = trailing
        self._mirror = mirror
        self._padding = 10 if kind in ("left", "right", "tool") else 12
        self._action: QAction | None = None
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_icon(self, name: str) -> None:
        """Show another icon."""
        if name != self._icon_name:
            self._icon_name = name
            self.update()

    def set_label(self, text: str) -> None:
        """Show another label."""
        if text != self.text():
            self.setText(text)
            self.updateGeometry()

    def bind(self, action: QAction) -> None:
        """Trigger ``action`` when clicked and follow its enabled state and tooltip."""
        self._action = action
        self.clicked.connect(action.trigger)
        action.changed.connect(self._follow_action)
        self._follow_action()

    def _follow_action(self) -> None:
        action = self._action
        if action is None:
            return
        self.setEnabled(action.isEnabled())
        self.setToolTip(action.toolTip())
        self.setAccessibleName(action.text().replace("&", ""))

    def sizeHint(self) -> QSize:
        height = self.height()
        if not self.text():
            return QSize(height, height)
        width = QFontMetricsF(theme.font(self._role())).horizontalAdvance(self.text())
        width += 2 * self._padding
        if self._icon_name:
            width += self._icon_size + 6
        if self._trailing:
            width += 14 + 4
        return QSize(round(width + 1), height)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _role(self) -> str:
        return "primary" if self.kind == "primary" else "button"

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.isEnabled():
            painter.setOpacity(_DISABLED)
        fill, border, ink = self._colors(colors)
        # The right half leaves its left border to its neighbour: one line between them, not two.
        left = -1.5 if self.kind == "right" else 0.5
        rect = QRectF(self.rect()).adjusted(left, 0.5, -0.5, -0.5)
        painter.setPen(QPen(border, 1) if border is not None else Qt.PenStyle.NoPen)
        painter.setBrush(fill if fill is not None else Qt.BrushStyle.NoBrush)
        painter.drawPath(_outline(rect, self.kind))
        self._draw_content(painter, ink, colors)

    def _draw_content(self, painter: QPainter, ink: QColor, colors: theme.Theme) -> None:
        font = theme.font(self._role())
        painter.setFont(font)
        text = self.text()
        advance = QFontMetricsF(font).horizontalAdvance(text) if text else 0.0
        parts = advance + (self._icon_size if self._icon_name else 0)
        parts += 6 if self._icon_name and text else 0
        parts += 18 if self._trailing else 0
        x = (self.width() - parts) / 2
        middle = self.height() / 2
        if self._icon_name:
            side = self._icon_size
            box = QRectF(round(x), round(middle - side / 2), side, side)
            icons.paint(painter, self._icon_name, ink, box, mirror=self._mirror)
            x += side + 6
        if text:
            painter.setPen(ink)
            align = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
            painter.drawText(QRectF(x, 0, advance + 2, self.height()), align, text)
            x += advance + 4
        if self._trailing:
            box = QRectF(round(x), round(middle - 7), 14, 14)
            icons.paint(painter, self._trailing, ink, box)

    def _colors(self, colors: theme.Theme) -> tuple[QColor | None, QColor | None, QColor]:
        if self.kind == "primary":
            fill = QColor(colors.pri)
            if self.isDown() or self.hovered:
                fill.setAlphaF(0.85)
            return fill, None, colors.priText
        if self.kind == "ghost":
            ground = colors.bg3 if self.hovered or self.isDown() else None
            return ground, None, colors.tx if self.hovered else colors.tx2
        border = colors.line2 if self.kind == "normal" else colors.line
        fill = colors.selbg if self.isDown() else colors.bg3 if self.hovered else colors.bg2
        ink = colors.tx2 if self.kind == "right" else colors.tx
        return fill, border, ink


def _outline(rect: QRectF, kind: str) -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(rect, _RADIUS, _RADIUS)
    if kind == "left":
        square = QPainterPath()
        square.addRect(rect.adjusted(rect.width() / 2, 0, 0, 0))
        path = path.united(square)
    elif kind == "right":
        square = QPainterPath()
        square.addRect(rect.adjusted(0, 0, -rect.width() / 2, 0))
        path = path.united(square)
    return path
