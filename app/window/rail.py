"""The rail: one button for each workspace, help and settings at the bottom."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QAction, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from app import icons, theme
from app.text import tr
from app.widgets import Control, Panel
from app.widgets.guarded import guarded

_WIDE, _NARROW = 72, 48


class RailButton(Control):
    """A 56 by 60 item: icon over label, filled and with a bar at the window's edge when chosen."""

    def __init__(self, icon: str, *, name: str, label: str = "", height: int = 60) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(label or name)
        self.setText(label)
        self._icon = icon
        self._tall = height
        self._narrow = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def bind(self, action: QAction) -> None:
        """Trigger ``action`` and show whether it is checked."""
        self.setCheckable(action.isCheckable())
        self.clicked.connect(action.trigger)
        action.toggled.connect(self.setChecked)
        self.setChecked(action.isChecked())
        self.setToolTip(action.toolTip())

    def nextCheckState(self) -> None:
        # The action decides: clicking the shown workspace again must not uncheck it.
        pass

    def set_narrow(self, narrow: bool) -> None:
        """Leave the label out."""
        self._narrow = narrow
        self.updateGeometry()
        self.update()

    def set_icon(self, icon: str) -> None:
        """Show another icon."""
        self._icon = icon
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(_NARROW, 44) if self._narrow else QSize(_WIDE, self._tall)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def focus_rect(self) -> QRect:
        """Return the part that the focus ring surrounds."""
        inset = 4 if self._narrow else 8
        return self.rect().adjusted(inset, 0, -inset, 0)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on = self.isChecked()
        box = QRectF(self.focus_rect())
        painter.setPen(Qt.PenStyle.NoPen)
        if on or self.hovered:
            painter.setBrush(colors.selbg if on else colors.bg2)
            painter.drawRoundedRect(box, 6, 6)
        if on:
            painter.setBrush(colors.tx)
            bar = QRectF(-2, 12, 5, self.height() - 24)
            painter.drawRoundedRect(bar, 2, 2)
        ink = colors.tx if on else colors.tx2 if self.hovered else colors.tx3
        label = "" if self._narrow else self.text()
        content = 20 + (4 + 14 if label else 0)
        top = (self.height() - content) / 2
        icons.paint(painter, self._icon, ink, QRectF(box.center().x() - 10, top, 20, 20))
        if label:
            painter.setPen(ink)
            painter.setFont(theme.font("rail"))
            place = QRectF(0, top + 24, self.width(), 14)
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, label)


class _Logo(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(52)
        self.setAccessibleName("Chainrule")

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(0, 51, self.width(), 1, colors.line)
        name = "logo" if colors.is_dark else "logo-light"
        icons.paint(painter, name, colors.tx, QRectF(self.width() / 2 - 14, 12, 28, 28))


class Rail(Panel):
    """The column at the left edge of the window."""

    def __init__(self) -> None:
        super().__init__(name="rail", edges="r")
        self.setFixedWidth(_WIDE)
        self.setAccessibleName(tr("Workspaces"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 1, 12)
        column.setSpacing(4)
        column.addWidget(_Logo())
        column.addSpacing(8)
        self._top = QVBoxLayout()
        self._top.setSpacing(4)
        column.addLayout(self._top)
        column.addStretch(1)
        self._bottom = QVBoxLayout()
        self._bottom.setSpacing(4)
        column.addLayout(self._bottom)
        self.buttons: list[RailButton] = []

    def add(self, action: QAction, icon: str, label: str) -> RailButton:
        """Add a workspace."""
        button = RailButton(icon, name=f"{action.objectName()}-button", label=label)
        button.bind(action)
        self.buttons.append(button)
        self._top.addWidget(button)
        return button

    def add_below(self, button: RailButton) -> None:
        """Add a button at the bottom."""
        self.buttons.append(button)
        self._bottom.addWidget(button)

    def set_narrow(self, narrow: bool) -> None:
        """Lose the labels, or show them again."""
        self.setFixedWidth(_NARROW if narrow else _WIDE)
        for button in self.buttons:
            button.set_narrow(narrow)
