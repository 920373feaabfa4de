"""What paints itself: its name, its place in the keyboard's order, the focus ring, and the frame around painting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.widgets.focus import focus_entered, focus_left
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent

    from app.theme import Theme

_Policy = QSizePolicy.Policy


class Painted(QWidget):
    """A picture that mouse and keys act on. What it shows, a subclass says in :meth:`paint`.

    Parameters
    ----------
    name, title
        Object name and accessible name.
    focus
        How the keyboard comes to it.
    tracking
        Whether it is told where the mouse is without a button held.
    across, down
        How it takes up room.

    Attributes
    ----------
    ground
        Token of the colour that is laid first, "" for none.
    opaque
        With a ground: what is beneath is not painted. Not for what other widgets stand on: it would be painted for
        itself, and then once more for them.
    smooth
        Whether edges between two pixels are smoothed.
    ring_inset
        How far inside its edges the focus ring stands: some for what fills its panel.
    """

    focus_radius = 4
    ground, opaque, smooth, ring_inset = "", False, True, 0

    def __init__(
        self, name: str, title: str, *, focus: Qt.FocusPolicy = Qt.FocusPolicy.StrongFocus, tracking: bool = True,
        across: _Policy = _Policy.Expanding, down: _Policy = _Policy.Expanding,
    ) -> None:  # fmt: skip
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent, bool(self.ground) and self.opaque)
        self.setMouseTracking(tracking)
        self.setFocusPolicy(focus)
        self.setSizePolicy(across, down)

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        """Paint it; `area` is the part that is to be painted anew."""
        raise NotImplementedError

    def focus_rect(self) -> QRect:
        """Where the focus ring goes."""
        inset = self.ring_inset
        return self.rect().adjusted(inset, inset, -inset, -inset)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        focus_entered(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        focus_left(self)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            colors, area = theme.current(), event.rect()
            if self.ground:
                painter.fillRect(area, colors.color(self.ground))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, self.smooth)
            self.paint(painter, colors, area)
        finally:
            painter.end()
