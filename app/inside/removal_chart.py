"""Deletion and insertion curves side by side, and the input as it is at the share under the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen

from app.scenes import draw, images
from app.scenes.removal import without
from app.text import tr
from app.widgets.painted import Painted

if TYPE_CHECKING:
    from app.engine.questions.trust import Removal, Removals
    from app.theme import Theme

#: Colours of the methods, in their order.
INKS = ("pos", "loss", "bwd", "fwd", "neg", "err", "tx")
WAYS = ("deletion", "insertion")
_LINE = 20.0


class RemovalChart(Painted):
    """See the module's text. Arrow up and down choose a method, left and right move the share.

    Signals
    -------
    picked(str)
        The learner chose a method.
    """

    picked = Signal(str)

    def __init__(self) -> None:
        super().__init__("inside-curves-chart", tr("Deletion and insertion curves"))
        self.found: Removals | None = None
        self.titles: dict[str, str] = {}
        self.chosen, self._what = "", tr("pixels")
        #: The greys of the input, if it has one channel.
        self.ramp = images.INK
        #: Which plot the mouse is in, and the share there.
        self.way, self.share = "deletion", 0.3

    def numbers(self) -> dict[str, np.ndarray]:
        """The curves: the share of pixels, and by method and way the probability."""
        if self.found is None or not self.found.methods:
            return {}
        found = {"share": self.found.methods[0].deletion.fractions}
        for one in self.found.methods:
            found[f"{one.method}/deletion"] = one.deletion.scores
            found[f"{one.method}/insertion"] = one.insertion.scores
        return found

    def show_found(
        self, found: Removals | None, titles: dict[str, str], chosen: str, what: str
    ) -> None:
        """Show other curves; `titles` by method, `what` are the things that go."""
        self.found, self.titles, self.chosen, self._what = found, titles, chosen, what
        self.update()

    # -- places

    def plots(self) -> tuple[QRectF, QRectF]:
        """Of deletion and insertion."""
        high, table = float(self.height()), self.table()
        wide = (table.left() - 24 - 44 - 44 - 12) / 2
        top, bottom = 30.0, high - 30
        return (
            QRectF(52, top, wide, bottom - top),
            QRectF(52 + wide + 56, top, wide, bottom - top),
        )

    def table(self) -> QRectF:
        """Names and areas."""
        wide = min(300.0, max(210.0, self.width() * 0.3))
        side = self.picture().width()
        return QRectF(self.width() - wide - side - 36, 8, wide, self.height() - 12)

    def picture(self) -> QRectF:
        """The input with a share of its pixels gone; empty in small windows and for what is no image."""
        image = self.found is not None and self.found.x.ndim == 3
        side = min(150.0, self.height() - 48.0) if image and self.width() > 820 else 0.0
        return QRectF(self.width() - side - 16, 30, side, side)

    def methods(self) -> tuple[Removal, ...]:
        """Those that are complete, the best insertion first; chance last."""
        found = self.found.methods if self.found is not None else ()
        own = [one for one in found if one.method in self.titles]
        rest = tuple(one for one in found if one.method not in self.titles)
        return (*sorted(own, key=lambda one: -one.insertion.area), *rest)

    def _ink(self, colors: Theme, method: str) -> QColor:
        names = list(self.titles)
        if method not in names:
            return colors.tx3
        ink: QColor = colors.color(INKS[names.index(method) % len(INKS)])
        return ink

    # -- painting

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        titles = (
            tr("Deletion: strongest {what} go first", what=self._what),
            tr("Insertion: strongest {what} come first", what=self._what),
        )
        for way, rect, title in zip(WAYS, self.plots(), titles, strict=True):
            self._paint_plot(painter, colors, way, rect, title)
        self._paint_table(painter, colors)
        self._paint_picture(painter, colors)

    def _paint_plot(
        self, painter: QPainter, colors: Theme, way: str, rect: QRectF, title: str
    ) -> None:
        words = draw.elide(title, 12, rect.width() + 40, 600)
        draw.text(painter, rect.left() - 36, 18, words, 12, colors.tx, weight=600)
        for value in (0.0, 0.5, 1.0):
            y = round(rect.bottom() - value * rect.height()) + 0.5
            draw.line(painter, rect.left(), y, rect.right(), y, colors.grid)
            draw.text(
                painter,
                rect.left() - 8,
                y + 3.5,
                f"{value:.1f}",
                10,
                colors.tx2,
                mono=True,
                anchor="end",
            )
            x = rect.left() + value * rect.width()
            draw.text(
                painter,
                x,
                rect.bottom() + 15,
                f"{value:.0%}",
                10,
                colors.tx3,
                mono=True,
                anchor="middle",
            )
        for one in reversed(self.methods()):
            strong = one.method == self.chosen
            self._line(
                painter, rect, one, way, self._ink(colors, one.method), 2.25 if strong else 1.25
            )
        if self.found is not None:
            x = rect.left() + self.share * rect.width()
            draw.line(
                painter,
                x,
                rect.top(),
                x,
                rect.bottom(),
                colors.tx2 if way == self.way else colors.line2,
            )

    def _line(
        self, painter: QPainter, rect: QRectF, one: Removal, way: str, ink: QColor, wide: float
    ) -> None:
        curve = getattr(one, way)
        x = rect.left() + curve.fractions * rect.width()
        y = rect.bottom() - np.clip(np.nan_to_num(curve.scores), 0, 1) * rect.height()
        pen = QPen(ink, wide)
        if one.method not in self.titles:
            pen.setDashPattern([3, 3])
        painter.setPen(pen)
        points = [QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
        painter.drawPolyline(points)

    def _paint_table(self, painter: QPainter, colors: Theme) -> None:
        area, rows = self.table(), self.methods()
        right, left = area.right(), area.left()
        columns = (right - 62, right)
        for x, words in zip(columns, (tr("area ↓"), tr("area ↑")), strict=True):
            draw.text(painter, x, 18, words, 11, colors.tx3, anchor="end")
        best = (
            min((one.deletion.area for one in rows), default=0.0),
            max((one.insertion.area for one in rows), default=0.0),
        )
        for k, one in enumerate(rows):
            y = area.top() + 22 + k * _LINE
            if one.method == self.chosen:
                draw.fill(painter, left - 8, y, right - left + 16, _LINE, colors.bg3, 4)
            draw.fill(painter, left, y + 8, 12, 3, self._ink(colors, one.method), 1.5)
            name = self.titles.get(one.method, tr("Chance (mean of 5)"))
            room = columns[0] - left - 64
            draw.text(painter, left + 20, y + 14, draw.elide(name, 12, room), 12, colors.tx)
            areas = (one.deletion.area, one.insertion.area)
            for x, area_of, top in zip(columns, areas, best, strict=True):
                ink = colors.tx if area_of == top else colors.tx2
                draw.text(
                    painter, x, y + 14, f"{area_of:.3f}", 12, ink, mono=True, anchor="end",
                    weight=600 if area_of == top else 400,
                )  # fmt: skip

    def shown(self) -> tuple[np.ndarray, float] | None:
        """The input with the share of pixels under the mouse gone (or there), and the class's probability then."""
        one = next((m for m in self.methods() if m.method == self.chosen), None)
        if one is None or self.found is None:
            return None
        curve, x = getattr(one, self.way), self.found.x
        k = int(np.abs(curve.fractions - self.share).argmin())
        seen = without(x, curve, self.share, self.way, self.found.baseline)
        return seen, float(curve.scores[k])

    def _paint_picture(self, painter: QPainter, colors: Theme) -> None:
        rect, shown = self.picture(), self.shown()
        if not rect.width() or shown is None:
            return
        image = images.photo(colors, shown[0], self.ramp)
        high = rect.width() * image.height() / max(1, image.width())
        images.place(
            painter, rect.x(), rect.y(), rect.width(), min(high, rect.height()), image, False
        )
        draw.frame(
            painter, rect.x(), rect.y(), rect.width(), min(high, rect.height()), colors.line2, 1, 0
        )
        words = tr("gone {share:.0%}", share=self.share) if self.way == "deletion" else tr(
            "there {share:.0%}", share=self.share
        )  # fmt: skip
        draw.text(painter, rect.x(), 18, words, 11, colors.tx2, mono=True)
        draw.text(
            painter, rect.x(), rect.y() + min(high, rect.height()) + 16, tr("p {value:.3f}", value=shown[1]), 12,
            colors.tx, mono=True,
        )  # fmt: skip

    # -- mouse and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x, y = event.position().x(), event.position().y()
        for way, rect in zip(WAYS, self.plots(), strict=True):
            if rect.adjusted(-6, -6, 6, 12).contains(x, y):
                self._point(way, (x - rect.left()) / max(1.0, rect.width()))
                return

    def _point(self, way: str, share: float) -> None:
        self.way, self.share = way, min(1.0, max(0.0, share))
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        area, rows = self.table(), self.methods()
        k = int((event.position().y() - area.top() - 22) // _LINE)
        if area.adjusted(-8, 0, 8, 0).contains(event.position()) and 0 <= k < len(rows):
            self.picked.emit(rows[k].method)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        names = [one.method for one in self.methods()]
        at = names.index(self.chosen) if self.chosen in names else 0
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and names:
            by = 1 if event.key() == Qt.Key.Key_Down else -1
            self.picked.emit(names[(at + by) % len(names)])
        elif event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._point(self.way, self.share + (0.02 if event.key() == Qt.Key.Key_Right else -0.02))
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QEvent) -> None:
        self.update()
