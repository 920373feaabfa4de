"""The grid of the sanity check: a row for each method, a column for each layer that has forgotten more."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QImage, QPainter
from PySide6.QtWidgets import QSizePolicy, QToolTip

from app import theme
from app.scenes import draw, images
from app.scenes.attribution import highest, pixels_of
from app.text import tr
from app.widgets.painted import Painted

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.engine.questions.trust import Forgetting, SanityChecks
    from app.theme import Theme
    from core.explain.randomization import Randomized

_LEFT, _HEAD, _GAP, _UNDER = 188.0, 26.0, 10.0, 18.0
#: Sides of a map: at least, at most.
_SIDES = (40.0, 64.0)
#: A rank correlation with the first map at which a map has stayed, and at which it has changed.
STAYED, CHANGED = 0.5, 0.2


#: Of fewer numbers a rank correlation says nothing: of two it can only be 1 or −1.
LEAST = 16


def kind_of(one: Forgetting) -> str:
    """What became of a map: "stays", "part", "changes", or "nothing" where it is the same number everywhere."""
    last = one.maps[-1].correlation
    if isnan(last):
        return "nothing"
    if abs(last) >= STAYED:
        return "stays"
    return "changes" if abs(last) <= CHANGED else "part"


def verdict(one: Forgetting) -> str:
    """What the last map says of a method; empty until there is more than the first."""
    if len(one.maps) < 2:
        return ""
    image = one.maps[0].attributions.ndim > 1
    return {
        "nothing": tr("says nothing: the same number everywhere"),
        "stays": tr("stays: it shows the image") if image else tr("stays: it shows the input"),
        "changes": tr("changes: it depends on what was learned"),
        "part": tr("changes in part"),
    }[kind_of(one)]


class ForgettingGrid(Painted):
    """See the module's text.

    Parameters
    ----------
    title
        Of a method.
    layer
        What a layer is called.
    signed
        Whether a method's numbers speak for and against.
    """

    def __init__(
        self,
        title: Callable[[str], str],
        layer: Callable[[str], str],
        signed: Callable[[str], bool],
    ) -> None:
        super().__init__(
            "inside-sanity-grid",
            tr("Maps while the layers forget what they learned"),
            focus=Qt.FocusPolicy.NoFocus,
            tracking=False,
            down=QSizePolicy.Policy.Minimum,
        )
        self._title, self._layer, self._signed = title, layer, signed
        self.found: SanityChecks | None = None
        self._pictures: dict[tuple[str, int, str], tuple[Randomized, QImage]] = {}

    def numbers(self) -> dict[str, np.ndarray]:
        """By method the maps, first of the network as it is, and their rank correlations with it."""
        found: dict[str, np.ndarray] = {}
        for one in self.found.methods if self.found is not None else ():
            if one.maps:
                found[f"{one.method}/maps"] = np.stack([m.attributions for m in one.maps])
                found[f"{one.method}/correlation"] = np.array([m.correlation for m in one.maps])
        return found

    def show_found(self, found: SanityChecks | None) -> None:
        """Show other maps."""
        before = len(self.found.methods) if self.found is not None else 0
        self.found = found
        if found is None:
            self._pictures.clear()
        if before != (len(found.methods) if found is not None else 0):
            self.updateGeometry()
        self.setAccessibleDescription(
            "; ".join(f"{self._title(m.method)}: {verdict(m)}" for m in found.methods)
            if found
            else ""
        )
        self.update()

    @property
    def columns(self) -> int:
        """Maps in the longest row."""
        return max((len(m.maps) for m in self.found.methods), default=0) if self.found else 0

    def side(self) -> float:
        """Of a map."""
        room = (self.width() - _LEFT - 16) / max(1, self.columns) - _GAP
        return min(_SIDES[1], max(_SIDES[0], room))

    def sizeHint(self) -> QSize:
        rows = len(self.found.methods) if self.found is not None else 0
        return QSize(400, round(_HEAD + rows * (self.side() + _UNDER + 8) + 8))

    def minimumSizeHint(self) -> QSize:
        wide = _LEFT + self.columns * (_SIDES[0] + _GAP) + 16
        return QSize(round(wide), self.sizeHint().height())

    def resizeEvent(self, event: object) -> None:
        self.updateGeometry()

    def rect_of(self, row: int, column: int) -> QRectF:
        """Where a map stands."""
        side = self.side()
        return QRectF(_LEFT + column * (side + _GAP), _HEAD + row * (side + _UNDER + 8), side, side)

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        if self.found is None:
            return
        side = self.side()
        words = draw.elide(tr("rank correlation of sizes"), 10.5, _LEFT - 28)
        draw.text(painter, 16, 16, words, 10.5, colors.tx3)
        longest = max(self.found.methods, key=lambda m: len(m.maps))
        for k, one in enumerate(longest.maps):
            words = self._layer(one.layers[-1]) if one.layers else tr("as it is")
            words = f"+ {words}" if k > 1 else words
            words = draw.elide(words, 10.5, side + _GAP - 2)
            draw.text(painter, self.rect_of(0, k).left(), 16, words, 10.5, colors.tx2)
        for row, method in enumerate(self.found.methods):
            top = self.rect_of(row, 0).top()
            name = draw.elide(self._title(method.method), 12, _LEFT - 28, 600)
            draw.text(painter, 16, top + 16, name, 12, colors.tx, weight=600)
            for k, words in enumerate(_lines(verdict(method), _LEFT - 30)):
                draw.text(painter, 16, top + 33 + 15 * k, words, 11, colors.tx2)
            for column, one in enumerate(method.maps):
                self._paint_map(painter, row, column, method.method, one)

    def _paint_map(
        self, painter: QPainter, row: int, column: int, method: str, one: Randomized
    ) -> None:
        rect, colors = self.rect_of(row, column), theme.current()
        key = (method, column, colors.name)
        known = self._pictures.get(key)
        if known is None or known[0] is not one:
            known = (one, self._picture(method, one))
            self._pictures[key] = known
        images.place(painter, rect.x(), rect.y(), rect.width(), rect.height(), known[1], False)
        draw.frame(painter, rect.x(), rect.y(), rect.width(), rect.height(), colors.line2, 1, 0)
        words = "–" if isnan(one.correlation) else draw.signed(one.correlation, 2)
        if column:
            draw.text(
                painter, rect.center().x(), rect.bottom() + 14, words, 11,
                colors.tx if abs(one.correlation) >= STAYED else colors.tx2, mono=True, anchor="middle",
            )  # fmt: skip

    def _picture(self, method: str, one: Randomized) -> QImage:
        signed = self._signed(method)
        values = one.attributions
        pixels = values[None] if values.ndim == 1 else pixels_of(values, method, signed)
        ramp = "signed" if signed else "magnitude"
        return images.heat(theme.current(), np.ascontiguousarray(pixels), ramp, highest(pixels))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            words = self.words_at(event.pos().x(), event.pos().y())
            if words:
                QToolTip.showText(event.globalPos(), words, self)
                return True
        return super().event(event)

    def words_at(self, x: float, y: float) -> str:
        """What the map under a point is."""
        for row, method in enumerate(self.found.methods if self.found is not None else ()):
            for column, one in enumerate(method.maps):
                if self.rect_of(row, column).contains(x, y):
                    names = ", ".join(self._layer(layer) for layer in one.layers)
                    if not names:
                        return tr(
                            "{method}: the network as it is", method=self._title(method.method)
                        )
                    return tr(
                        "{method} with random weights in {layers}: rank correlation with the first map {value}",
                        method=self._title(method.method), layers=names, value=f"{one.correlation:.3f}",
                    )  # fmt: skip
        return ""


def _lines(words: str, room: float) -> list[str]:
    """Words in as many lines as they need."""
    found: list[str] = []
    for word in words.split():
        longer = f"{found[-1]} {word}" if found else word
        if found and draw.advance(longer, 11) <= room:
            found[-1] = longer
        else:
            found.append(word)
    return found
