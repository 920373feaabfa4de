"""The input: a sample of the data, and how sure the network is of what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.inside.panels import InsidePanel
from app.scenes import draw, images
from app.text import tr
from app.widgets import Button, Label
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from app.inside.session import InsideSession

#: So many classes are listed, the likeliest first.
_LISTED = 5


class InputPicture(QWidget):
    """The input as the network is given it."""

    def __init__(self, session: InsideSession) -> None:
        super().__init__()
        self.setObjectName("inside-input-picture")
        self.setAccessibleName(tr("The input"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._session = session

    def resizeEvent(self, event: object) -> None:
        # Square, as most images are.
        self.setFixedHeight(self.width())

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            colors, given = theme.current(), self._session.input
            painter.setPen(QPen(colors.line2, 1))
            painter.setBrush(colors.bg0)
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
            if given is None or given.x.ndim != 3:
                return
            high, wide = given.x.shape[:2]
            side = min((self.height() - 2) / high, (self.width() - 2) / wide)
            w, h = wide * side, high * side
            left, top = (self.width() - w) / 2, (self.height() - h) / 2
            images.place(painter, left, top, w, h, images.photo(colors, given.x), False)
        finally:
            painter.end()


class Bars(QWidget):
    """Probabilities of the likeliest classes; a click explains one."""

    def __init__(self, session: InsideSession) -> None:
        super().__init__()
        self.setObjectName("inside-input-bars")
        self.setAccessibleName(tr("What the network says"))
        self.setFixedHeight(18 * _LISTED)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._session = session

    def order(self) -> np.ndarray:
        """The classes that are listed."""
        look = self._session.look
        if look is None:
            return np.zeros(0, int)
        return np.argsort(-np.nan_to_num(look.probabilities), kind="stable")[:_LISTED]

    def mousePressEvent(self, event: object) -> None:
        place = int(event.position().y() // 18)  # type: ignore[attr-defined]
        order = self.order()
        if place < len(order):
            self._session.context.do("inside.class", class_index=int(order[place]))

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            colors, look = theme.current(), self._session.look
            if look is None:
                return
            names = self._session.classes
            width = 64.0
            for k, chosen in enumerate(self.order()):
                y = 18.0 * k + 13
                value = float(look.probabilities[chosen])
                draw.text(
                    painter, 0, y, draw.elide(names[chosen], 11.5, width - 8), 11.5, colors.tx
                )
                room = self.width() - width - 48
                draw.fill(painter, width, y - 8, room, 8, colors.bg3)
                share = min(1.0, max(0.0, value)) if np.isfinite(value) else 0.0
                draw.fill(painter, width, y - 8, room * share, 8, colors.pos)
                draw.text(
                    painter,
                    self.width(),
                    y,
                    f"{value:.3f}",
                    11.5,
                    colors.tx,
                    mono=True,
                    anchor="end",
                )
        finally:
            painter.end()


class SamplePanel(QWidget):
    """See the module's text."""

    def __init__(self, session: InsideSession) -> None:
        super().__init__()
        self._session = session
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        self.words = Label("", "label", "tx2", name="inside-input-words")
        self.picture = InputPicture(session)
        self.bars = Bars(session)
        row = QHBoxLayout()
        self.previous = Button(name="inside-sample-back", icon="chevron-left", icon_size=14)
        self.previous.setAccessibleName(tr("Previous sample"))
        self.following = Button(name="inside-sample-on", icon="chevron-right", icon_size=14)
        self.following.setAccessibleName(tr("Next sample"))
        for button, by in ((self.previous, -1), (self.following, 1)):
            button.setToolTip(button.accessibleName())
            button.clicked.connect(lambda _=False, by=by: self._go(by))
            row.addWidget(button)
        row.addStretch(1)
        column.addWidget(self.words)
        column.addWidget(self.picture)
        column.addLayout(row)
        column.addWidget(self.bars)
        column.addStretch(1)
        session.input_changed.connect(self._refresh)
        session.looked.connect(self._refresh)
        session.context.theme_changed.connect(lambda _: self._refresh())
        self._refresh()

    def _go(self, by: int) -> None:
        given = self._session.input
        data, part, index = (given.sample if given is not None else None) or ("", "validation", 0)
        self._session.context.do("inside.sample", index=max(0, index + by), data=data, part=part)

    def _refresh(self) -> None:
        given = self._session.input
        self.words.setText(given.words if given is not None else "")
        sample = given.sample if given is not None else None
        self.previous.setEnabled(sample is not None and sample[2] > 0)
        self.picture.update()
        self.bars.update()


PANEL = InsidePanel("sample", "input", tr("Sample"), tr("A sample of a data set"), 10, SamplePanel)
