"""Two networks side by side: what they say, which pixels mattered to each, and one layer's maps on the same scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QRect, QRectF, Qt
from PySide6.QtGui import QHelpEvent, QPainter
from PySide6.QtWidgets import QToolTip

from app.scenes import draw, images
from app.scenes.attribution import highest, picture, pixels_of
from app.scenes.formula_expressions import format_number
from app.text import tr
from app.widgets.painted import Painted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.engine.questions.beside import Beside, Side
    from app.theme import Theme

_MARGIN, _GAP, _LINE, _BARS = 16.0, 5.0, 18.0, 3
#: Longest line of a sentence.
_READABLE = 440.0


def layer_of(side: Side, layer: str, place: int) -> str:
    """The layer of a network that stands for one of the other: of the same name, else the one at the same place."""
    if layer in side.layers:
        return layer
    maps = [name for name, values in side.layers.items() if values.ndim == 3]
    return maps[min(place, len(maps) - 1)] if maps else ""


class TwoNetworks(Painted):
    """See the module's text."""

    def __init__(self) -> None:
        super().__init__(
            "inside-compare-picture",
            tr("Two networks on one input"),
            focus=Qt.FocusPolicy.NoFocus,
            tracking=False,
        )
        self.found: Beside | None = None
        #: What is said while there is nothing.
        self.empty = ""
        self._classes: Sequence[str] = ()
        self._layer, self._signed, self._opacity = "", False, 0.8
        self._titles: Mapping[str, str] = {}
        self._features: Sequence[str] = ()
        #: The greys of the input, if it has one channel.
        self.ramp = images.INK
        self._hits: list[tuple[QRectF, np.ndarray, str]] = []

    def numbers(self) -> dict[str, np.ndarray]:
        """Of each network the probabilities, the maps of the layer and the attributions."""
        if self.found is None:
            return {}
        found: dict[str, np.ndarray] = {}
        for name, side in (("own", self.found.own), ("other", self.found.other)):
            layer, maps = self.maps_of(side)
            parts = {
                "probabilities": side.probabilities,
                layer: maps,
                "attributions": side.attributions,
            }
            found |= {f"{name}/{part}": v for part, v in parts.items() if v is not None}
        return found

    def show_found(
        self, found: Beside | None, classes: Sequence[str], layer: str, signed: bool, opacity: float,
        titles: Mapping[str, str], features: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """Show others; `layer` is the one whose maps are seen, `titles` and `features` what things are called."""
        self._titles, self._features = titles, features
        self.found, self._classes, self._layer = found, classes, layer
        self._signed, self._opacity = signed, opacity
        self.setAccessibleDescription(self.said() or self.empty)
        self.update()

    def said(self) -> str:
        """Both answers in words."""
        found = self.found
        if found is None:
            return ""
        own, other = (
            (self._label(int(side.probabilities.argmax())), f"{side.probabilities.max():.3f}")
            for side in (found.own, found.other)
        )
        return tr(
            "here {own} {sure}, there {other} {other_sure}", own=own[0], sure=own[1], other=other[0],
            other_sure=other[1],
        )  # fmt: skip

    def _label(self, k: int) -> str:
        return self._classes[k] if k < len(self._classes) else str(k)

    def maps_of(self, side: Side) -> tuple[str, np.ndarray | None]:
        """The layer whose maps are shown, and the maps."""
        assert self.found is not None
        if not any(values.ndim == 3 for values in self.found.own.layers.values()):
            # Lists of units: those of the chosen layer, where both have it.
            name = self._layer if self._layer in side.layers else next(iter(side.layers), "")
            return name, side.layers.get(name)
        own = [name for name, values in self.found.own.layers.items() if values.ndim == 3]
        place = own.index(self._layer) if self._layer in own else 0
        name = layer_of(side, self._layer if self._layer in own else "", place)
        return name, side.layers.get(name)

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        self._hits = []
        found = self.found
        if found is None:
            self._paint_empty(painter, colors)
            return
        half = self.width() / 2
        draw.line(painter, round(half) + 0.5, 8, round(half) + 0.5, self.height() - 8, colors.line)
        given = [
            np.abs(maps).max() for side in (found.own, found.other)
            if (maps := self.maps_of(side)[1]) is not None and maps.size
        ]  # fmt: skip
        top = float(max(given, default=1.0)) or 1.0
        maps_top = [
            highest(pixels_of(side.attributions, found.method, self._signed))
            for side in (found.own, found.other)
            if side.attributions is not None and side.attributions.ndim > 1
        ]
        for k, side in enumerate((found.own, found.other)):
            left = k * half
            self._paint_side(
                painter,
                colors,
                side,
                QRectF(left, 0, half, self.height()),
                top,
                max(maps_top, default=1.0),
            )

    def _paint_empty(self, painter: QPainter, colors: Theme) -> None:
        """The sentence in the middle, in lines that are easily read."""
        wide = min(_READABLE, self.width() - 2 * _MARGIN)
        painter.setFont(draw.face(13))
        painter.setPen(colors.tx2)
        flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
        painter.drawText(
            QRectF((self.width() - wide) / 2, 0, wide, self.height()), flags, self.empty
        )

    def _paint_side(
        self,
        painter: QPainter,
        colors: Theme,
        side: Side,
        area: QRectF,
        top: float,
        strongest: float,
    ) -> None:
        found = self.found
        assert found is not None
        left, right = area.left() + _MARGIN, area.right() - _MARGIN
        title = draw.elide(side.title, 12.5, right - left, 600)
        draw.text(painter, left, 20, title, 12.5, colors.tx, weight=600)
        # What it says and what mattered stand above each other, the maps at the right of both.
        bars = _BARS * _LINE
        tile = max(48.0, min(140.0, area.height() - 36 - bars - 24, (right - left) * 0.36))
        if found.x.ndim == 3:
            image = (
                images.photo(colors, found.x, self.ramp)
                if side.attributions is None
                else picture(
                    colors, found.x, side.attributions, found.method, top=strongest, opacity=self._opacity,
                    signed=self._signed, ramp=self.ramp,
                )
            )  # fmt: skip
            box = QRectF(left, 32, tile, tile)
            images.place(painter, box.x(), box.y(), box.width(), box.height(), image, False)
            draw.frame(painter, box.x(), box.y(), box.width(), box.height(), colors.line2, 1, 0)
            if side.attributions is not None:
                pixels = pixels_of(side.attributions, found.method, self._signed)
                self._hits.append((box, pixels, tr("attribution")))
            else:
                self._hits.append((box, found.x[..., 0], tr("input")))
        elif side.attributions is not None:
            self._paint_features(
                painter,
                colors,
                side.attributions.reshape(-1),
                QRectF(left, 32, max(tile, 120.0), tile),
            )
        self._paint_bars(
            painter, colors, side, QRectF(left, 32 + tile + 12, max(tile, 120.0), bars)
        )
        self._paint_maps(
            painter, colors, side, QRectF(left + max(tile, 120.0) + 18, 14, right - left - max(tile, 120.0) - 18,
                                          area.height() - 22), top,
        )  # fmt: skip

    def _paint_features(
        self, painter: QPainter, colors: Theme, values: np.ndarray, area: QRectF
    ) -> None:
        """What mattered of a list of features: bars, the first ones where there are many."""
        found = self.found
        assert found is not None
        both = [s.attributions for s in (found.own, found.other) if s.attributions is not None]
        top = max(float(np.abs(one).max()) for one in both) or 1.0
        shown = values[: max(1, int(area.height() // 15))]
        middle = area.left() + 34 + (area.width() - 34) * (0.5 if self._signed else 0.0)
        for k, value in enumerate(shown.tolist()):
            y = area.top() + k * 15
            name = self._features[k] if k < len(self._features) else f"x {k + 1}"
            draw.text(painter, area.left(), y + 11, draw.elide(name, 11, 32), 11, colors.tx2)
            wide = (area.right() - middle) * min(1.0, abs(value) / top)
            tone = (colors.pos if value >= 0 else colors.neg) if self._signed else colors.bwd
            draw.fill(painter, middle if value >= 0 else middle - wide, y + 3, wide, 8, tone, 1)
            self._hits.append((QRectF(area.left(), y, area.width(), 15), np.array([[value]]), name))

    def _paint_units(
        self,
        painter: QPainter,
        colors: Theme,
        name: str,
        values: np.ndarray,
        area: QRectF,
        top: float,
    ) -> None:
        """The numbers of a layer without maps: a bar for each, from a line in the middle."""
        flat = values.reshape(-1)[: max(1, int(area.width() // 5))]
        words = tr(
            "{layer}: {count} numbers, up to {top}",
            layer=name,
            count=values.size,
            top=format_number(top, 3),
        )
        draw.text(
            painter,
            area.left(),
            area.top() + 14,
            draw.elide(words, 11, area.width()),
            11,
            colors.tx2,
        )
        step = min(24.0, area.width() / len(flat))
        middle, half = area.top() + 24 + (area.height() - 24) / 2, (area.height() - 40) / 2
        draw.fill(painter, area.left(), middle, step * len(flat), 1, colors.line2)
        for k, value in enumerate(np.nan_to_num(flat).tolist()):
            high = half * max(-1.0, min(1.0, value / top))
            box = QRectF(area.left() + k * step, middle - half, max(1.0, step - 2), 2 * half)
            draw.fill(
                painter,
                box.x(),
                middle - max(high, 0.0),
                box.width(),
                abs(high),
                colors.pos if high >= 0 else colors.neg,
            )
            self._hits.append(
                (
                    box,
                    flat[k : k + 1][None],
                    tr("{layer}, number {number}", layer=name, number=k + 1),
                )
            )

    def _paint_bars(self, painter: QPainter, colors: Theme, side: Side, area: QRectF) -> None:
        order = np.argsort(-np.nan_to_num(side.probabilities), kind="stable")[:_BARS]
        for k, index in enumerate(order.tolist()):
            y = area.top() + k * _LINE
            name = draw.elide(self._label(index), 11.5, area.width() * 0.42)
            draw.text(
                painter, area.left(), y + 12, name, 11.5, colors.tx, weight=600 if k == 0 else 400
            )
            value = float(side.probabilities[index])
            left = area.left() + area.width() * 0.45
            wide = area.right() - left - 42
            draw.fill(painter, left, y + 4, max(0.0, wide), 8, colors.bg3, 1)
            draw.fill(painter, left, y + 4, max(0.0, wide * value), 8, colors.pos, 1)
            draw.text(
                painter,
                area.right(),
                y + 12,
                f"{value:.3f}",
                11,
                colors.tx2,
                mono=True,
                anchor="end",
            )

    def _paint_maps(
        self, painter: QPainter, colors: Theme, side: Side, area: QRectF, top: float
    ) -> None:
        name, maps = self.maps_of(side)
        if maps is None or area.width() < 60:
            return
        count, name = maps.shape[-1], self._titles.get(name, name)
        if maps.ndim != 3:
            self._paint_units(painter, colors, name, maps, area, top)
            return
        words = tr(
            "{layer}: {count} maps, 0 to {top}", layer=name, count=count, top=format_number(top, 3)
        )
        draw.text(
            painter,
            area.left(),
            area.top() + 14,
            draw.elide(words, 11, area.width()),
            11,
            colors.tx2,
        )
        high = area.height() - 24
        columns = next(
            (n for n in range(1, count + 1)
             if -(-count // n) * ((area.width() + _GAP) / n) <= high + _GAP), count,
        )  # fmt: skip
        tile = min(72.0, (area.width() + _GAP) / columns - _GAP)
        signed = bool((maps < 0).any())
        for k in range(count):
            box = QRectF(
                area.left() + k % columns * (tile + _GAP),
                area.top() + 24 + k // columns * (tile + _GAP),
                tile,
                tile,
            )
            image = images.heat(
                colors,
                np.ascontiguousarray(maps[..., k]),
                "signed" if signed else "activation",
                top,
            )
            images.place(painter, box.x(), box.y(), box.width(), box.height(), image, False)
            draw.frame(painter, box.x(), box.y(), box.width(), box.height(), colors.line2, 1, 0)
            self._hits.append(
                (box, maps[..., k], tr("{layer}, map {number}", layer=name, number=k + 1))
            )

    def words_at(self, x: float, y: float) -> str:
        """The number under a point."""
        for box, values, name in self._hits:
            if box.contains(x, y):
                rows, columns = values.shape
                row = min(rows - 1, int((y - box.y()) / box.height() * rows))
                column = min(columns - 1, int((x - box.x()) / box.width() * columns))
                return tr(
                    "{name}: row {row}, column {column}: {value}", name=name, row=row, column=column,
                    value=format_number(float(values[row, column]), 4),
                )  # fmt: skip
        return ""

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            words = self.words_at(event.pos().x(), event.pos().y())
            if words:
                QToolTip.showText(event.globalPos(), words, self)
                return True
        return super().event(event)
