"""How sure the network is of what: the likeliest classes, as many as there is room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QSizePolicy, QToolTip

from app.scenes import draw
from app.text import tr
from app.widgets.painted import Painted

if TYPE_CHECKING:
    from app.inside.session import InsideSession
    from app.theme import Theme

_LINE, _LEAST, _MOST = 18, 3, 10
#: Room for names and for numbers.
_NAMES, _NUMBERS = 64.0, 48.0


class Bars(Painted):
    """Probabilities, the likeliest first; a click explains a class."""

    def __init__(self, session: InsideSession) -> None:
        super().__init__(
            "inside-input-bars",
            tr("What the network says"),
            focus=Qt.FocusPolicy.TabFocus,
            down=QSizePolicy.Policy.MinimumExpanding,
        )
        self.setToolTip(tr("What the network says; a click explains a class"))
        self.setMinimumHeight(_LINE * _LEAST)
        self.setMaximumHeight(_LINE * _MOST)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._session = session

    def sizeHint(self) -> QSize:
        return QSize(160, _LINE * _LEAST)

    def order(self) -> np.ndarray:
        """The classes that are listed."""
        look = self._session.look
        if look is None:
            return np.zeros(0, int)
        count = max(_LEAST, self.height() // _LINE)
        return np.argsort(-np.nan_to_num(look.probabilities), kind="stable")[:count]

    def refresh(self) -> None:
        """Show what the network says now."""
        look, names = self._session.look, self._session.classes
        if not self._session.sound:
            self.setAccessibleDescription(
                tr("The network says nothing: its numbers are not finite.")
            )
        elif look is not None:
            said = [f"{names[k]} {float(look.probabilities[k]):.3f}" for k in self.order()[:_LEAST]]
            self.setAccessibleDescription(", ".join(said))
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place, order = int(event.position().y() // _LINE), self.order()
        if place < len(order):
            self._session.context.do("inside.class", class_index=int(order[place]))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place, order, look = int(event.position().y() // _LINE), self.order(), self._session.look
        if look is None or place >= len(order) or not self._session.sound:
            return
        k = int(order[place])
        words = tr(
            "{name}: probability {share}, score {score}", name=self._session.classes[k],
            share=f"{float(look.probabilities[k]):.4f}",
            score=f"{float(look.scores[k]):+.3f}".replace("-", draw.MINUS),
        )  # fmt: skip
        QToolTip.showText(event.globalPosition().toPoint(), words, self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and len(self.order()):
            order = self.order().tolist()
            chosen = self._session.class_index
            at = order.index(chosen) if chosen in order else 0
            at = min(max(at + (1 if key == Qt.Key.Key_Down else -1), 0), len(order) - 1)
            self._session.context.do("inside.class", class_index=int(order[at]))
            return
        super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        self.update()

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        look, sound = self._session.look, self._session.sound
        if look is None:
            return
        names, order = self._session.classes, self.order()
        longest = max((draw.advance(names[k], 11.5) for k in order), default=0.0)
        width = min(longest + 10, _NAMES)
        for k, chosen in enumerate(order):
            y = float(_LINE) * k + 13
            value = float(look.probabilities[chosen])
            name = draw.elide(names[chosen], 11.5, width - 8)
            ink = colors.tx if k == 0 and sound else colors.tx2
            draw.text(painter, 0, y, name, 11.5, ink)
            room = self.width() - width - _NUMBERS
            draw.fill(painter, width, y - 8, room, 8, colors.bg3)
            share = min(1.0, max(0.0, value)) if sound else 0.0
            draw.fill(painter, width, y - 8, room * share, 8, colors.pos)
            said = f"{value:.3f}" if sound else "–"
            draw.text(painter, self.width(), y, said, 11.5, ink, mono=True, anchor="end")
