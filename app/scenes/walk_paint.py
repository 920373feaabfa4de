"""Painting a walk: what is read, patch times kernel, the sum, and the map as far as the window has come."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPen

from app.scenes import draw, images
from app.scenes.walk_seen import size_words
from app.scenes.walk_words import broken, channel_name, ends_of, written_out
from app.snapshots import range_of
from app.text import tr
from app.theme import THEMES

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.scenes.walk_layout import Area, WalkPlace
    from app.scenes.walk_seen import Seen
    from app.theme import Theme

#: Letters of numbers in cells, at most and at least; of the text below.
_LARGE, _SMALL, _TEXT = 13.0, 8.5, 12.0


def _signed_number(value: float) -> str:
    return draw.signed(value, 2)


def _number(value: float) -> str:
    return draw.plain(value, 2)


def _tight(value: float) -> str:
    """A number in at most four characters, if it has no more than two digits: ".28", "-.28", "3.5"."""
    text = draw.plain(value, 1 if abs(value) >= 1 else 2)
    return text.replace("0.", ".", 1) if abs(value) < 1 and value else "0" if not value else text


#: How a number is written in a cell: the first that fits.
_WAYS: tuple[Callable[[float], str], ...] = (_signed_number, _number, _tight)


def paint_walk(
    painter: QPainter,
    place: WalkPlace,
    theme: Theme,
    seen: Seen,
    *,
    hover: tuple[str, int, int, int] | None = None,
    playing: bool = False,
) -> None:
    """Draw one moment inside the rectangle (0, 0, width, height).

    Parameters
    ----------
    place
        From `app.scenes.walk_layout.place_walk`.
    seen
        What is shown.
    hover
        Area, plane, row and column under the mouse.
    playing
        The window slides: maps are drawn as far as it has come. Else what is still to come is a shadow, and among
        the pictures of all channels maps are whole.
    """
    painting = _Painting(painter, place, theme, seen, hover)
    painting.coming = 0.0 if playing else 1.0 if place.view == "channels" else 0.22
    if place.view == "channels":
        painting.channels()
    else:
        painting.window()
    painting.text()


class _Painting:
    def __init__(
        self, painter: QPainter, place: WalkPlace, theme: Theme, seen: Seen, hover: Any
    ) -> None:
        self.p, self.place, self.theme, self.seen, self.hover = painter, place, theme, seen, hover
        self.role = theme.fwd
        #: How much is seen of what the window has not come to.
        self.coming = 0.0
        spans = {name: max(abs(low), abs(high)) or 1.0 for name, (low, high) in seen.ranges.items()}
        self.tops = {
            "read": spans["read"], "kernel": spans.get("kernel", 1.0), "part": spans.get("part", 1.0),
            "products": _top(seen.values.products), "z": _top(seen.before),
            "map": 1.0 if seen.activation in ("softmax", "sigmoid") else _top(seen.map),
        }  # fmt: skip

    # -- one channel

    def window(self) -> None:
        seen, place = self.seen, self.place
        for thumb in place.areas:
            if thumb.name in ("channel", "weights"):
                self._thumb(thumb)
        read, patch, made = place.area("read"), place.area("patch"), place.area("map")
        assert patch is not None
        assert made is not None
        if read is not None:
            self._read(read, seen.reading, self._read_title())
            box = self._window_on(read)
            self._rays(box, patch)
        self._cells(patch, self._patch_title(), "read")
        for name, sign in (("kernel", draw.TIMES), ("products", "=")):
            area = place.area(name)
            if area is not None:
                title = tr("Kernel") if not seen.dense else tr("Weights")
                self._cells(area, title if name == "kernel" else tr("Products"), name)
                before = place.area("patch" if name == "kernel" else "kernel")
                assert before is not None
                x = (before.bounds.right() + area.bounds.left()) / 2
                y = area.bounds.center().y() + 6
                draw.text(self.p, x, y, sign, 17, self.theme.tx2, anchor="middle")
        draw.frame(self.p, *_around(patch.rect, 1), self.role, 1.5)
        self._ledger()
        self._map(made, seen.map, "map", self._map_title())
        if place.shown:
            self._strip()

    def _read_title(self) -> str:
        seen = self.seen
        title = seen.source or tr("Input")
        if seen.read.shape[-1] > 1:
            title = f"{title} · {channel_name(seen, seen.plane)}"
        return title

    def _patch_title(self) -> str:
        return tr("Inputs") if self.seen.dense else tr("Patch")

    def _map_title(self) -> str:
        seen = self.seen
        if seen.listed:
            return tr("Units")
        return tr("Output map")

    def _title(self, area: Area, words: str, note: str = "") -> None:
        x, y, w, _ = area.rect
        # A name may be wider than its picture, as far as there is nothing beside it.
        right = min((o.rect[0] for o in self.place.areas if o.rect[0] > x + w and o.rect[1] + o.rect[3] > y),
                    default=self.place.size[0])  # fmt: skip
        room = max(w, 60.0)
        title = draw.elide(words, 12, max(right - x - 8, w), 600)
        draw.text(self.p, x, y - 9, title, 12, self.theme.tx, weight=600)
        at = draw.advance(title, 12, 600) + 8
        if note and at + draw.advance(note, 10.5, mono=True) <= room:
            draw.text(self.p, x + w, y - 9, note, 10.5, self.theme.tx3, mono=True, anchor="end")

    def _read(self, area: Area, channel: int, title: str = "") -> None:
        seen = self.seen
        if title:
            _, _, high, wide = seen.inner
            self._title(area, title, f"{high}×{wide}")
        self._picture(area, seen.read[..., channel], self._read_ramp(), self.tops["read"])
        top, left, high, wide = seen.inner
        if (high, wide) != seen.read.shape[:2]:
            pen = QPen(self.theme.tx3, 1)
            pen.setDashPattern([2, 3])
            self.p.setPen(pen)
            self.p.setBrush(Qt.BrushStyle.NoBrush)
            rows, columns = area.rows - top, area.columns - left
            self.p.drawRect(area.box(top, left, min(high, rows), min(wide, columns)))

    def _read_ramp(self) -> str:
        if self.seen.ranges["read"][0] < 0:
            return "signed"
        if not self.seen.is_input:
            return "activation"
        # The channels of a photograph are as bright as they are, whatever the theme.
        return "ink" if self.seen.read.shape[-1] == 1 else images.GRAY

    def _picture(self, area: Area, values: np.ndarray, ramp: str, top: float) -> None:
        # No more pixels than are seen, on screens of two dots a pixel.
        step = max(1, int(min(values.shape[0] / area.rect[3], values.shape[1] / area.rect[2]) / 2))
        image = images.kept(self.theme, values[::step, ::step], ramp, top)
        images.place(self.p, *area.rect, image, False)
        draw.frame(self.p, *_around(area.rect, 0.5), self.theme.line2)

    def _window_on(self, area: Area) -> QRectF:
        """Outline what is read under the window."""
        seen = self.seen
        top, left, high, wide = seen.window()
        box = area.box(top, left, high, wide).intersected(area.bounds)
        grid = seen.terms.grid
        if (high, wide) != grid and grid[0] * grid[1] <= 121:
            # Dilated: only some pixels of the window are read.
            cells = seen.terms.left_cells[seen.plane][
                ..., int(seen.terms.left in seen.terms.batch) :
            ]
            for row, column in cells[..., :2].reshape(-1, 2).tolist():
                tap = area.box(row, column).intersected(area.bounds)
                draw.fill(self.p, *_xywh(tap), draw.faded(self.role, 0.55))
        self._outline(box)
        if seen.terms.how == "max" and seen.values.winners is not None:
            cells = seen.terms.left_cells[0].reshape(-1, seen.terms.left_cells.shape[-1])
            winner = cells[int(seen.values.winners[0])][int(seen.terms.left in seen.terms.batch) :]
            self._outline(area.box(int(winner[0]), int(winner[1])), self.theme.loss)
        return box

    def _outline(self, box: QRectF, color: QColor | None = None) -> None:
        """A frame that is seen on every colour, and never smaller than the eye finds."""
        grown = max(0.0, (5.0 - box.width()) / 2)
        box = box.adjusted(-grown, -grown, grown, grown)
        draw.frame(self.p, *_around(_xywh(box), 1.0), draw.faded(self.theme.bg0, 0.7), 3.0)
        draw.frame(self.p, *_around(_xywh(box), 0.5), color or self.role, 2.0)

    def _rays(self, box: QRectF, patch: Area) -> None:
        end = patch.bounds
        self.p.setPen(QPen(draw.faded(self.role, 0.75), 1))
        for a, b in ((box.topRight(), end.topLeft()), (box.bottomRight(), end.bottomLeft())):
            self.p.drawLine(QPointF(a.x() + 1, a.y()), QPointF(b.x() - 1, b.y()))

    def _cells(self, area: Area, title: str, name: str) -> None:
        """Numbers in coloured cells, as large as they fit; cells too small for that are colours only."""
        seen, plane = self.seen, area.plane
        source = {"read": seen.values.left, "kernel": seen.values.right}
        values = source.get(name, seen.values.products)
        assert values is not None
        if title:
            self._title(area, title)
        grid = values[plane]
        ramp = self._read_ramp() if name == "read" else "signed"
        top = self.tops[name]
        there = seen.terms.there[plane]
        cell = area.box(0, 0)
        if grid.size > 400 or cell.width() < 14 or cell.height() < _SMALL / 0.62:
            self._picture(area, np.where(there, grid, 0), ramp, top)
            self._hover_cell(area)
            return
        for write in _WAYS if name != "read" else _WAYS[1:]:
            words = [write(float(v)) for v in grid[there]]
            longest = max((len(word) for word in words), default=1)
            px = min(_LARGE, cell.width() / (longest * 0.61 + 0.5), cell.height() * 0.62)
            if px >= _SMALL + 1:
                break
        if px < _SMALL:
            self._picture(area, np.where(there, grid, 0), ramp, top)
            self._hover_cell(area)
            return
        level = images.levels(np.where(there, grid, 0), ramp, top)
        found = iter(words)
        # What is seen between the cells.
        draw.fill(self.p, *area.rect, self.theme.line)
        for row in range(area.rows):
            for column in range(area.columns):
                box = area.box(row, column)
                inside = box.adjusted(0.75, 0.75, -0.75, -0.75)
                if not there[row, column]:
                    draw.fill(self.p, *_xywh(inside), self.theme.bg0)
                    continue
                color = _color(self.theme.name, ramp, int(level[row, column]))
                draw.fill(self.p, *_xywh(inside), color)
                middle, base = inside.center().x(), inside.center().y() + px * 0.35
                draw.text(
                    self.p, middle, base, next(found), px, self.theme.on(color), mono=True,
                    anchor="middle",
                )  # fmt: skip
        if name == "read" and seen.terms.how == "max" and seen.values.winners is not None:
            at = divmod(int(seen.values.winners[plane]), area.columns)
            self._outline(area.box(*at).adjusted(1, 1, -1, -1), self.theme.loss)
        self._hover_cell(area)

    def _hover_cell(self, area: Area) -> None:
        """The cell under the mouse, in patch, kernel and products alike."""
        if self.hover is None or self.hover[0] not in ("patch", "kernel", "products"):
            return
        _, _, row, column = self.hover
        if row < area.rows and column < area.columns:
            draw.frame(self.p, *_xywh(area.box(row, column)), self.theme.tx, 1.5)

    def _ledger(self) -> None:
        rect, seen, theme = self.place.ledger, self.seen, self.theme
        assert rect is not None
        lines: list[tuple[str, str, QColor, float]] = []
        values = seen.values
        if seen.sums:
            if seen.terms.planes > 1:
                name = f"Σ {channel_name(seen, seen.plane)}"
                lines.append((name, draw.signed(float(values.sums[seen.plane]), 3), theme.tx2, 12))
            lines.append(("Σ", draw.signed(values.total, 3), theme.tx, 12))
            if seen.bias is not None:
                lines.append(("b", draw.signed(seen.bias, 3), theme.tx, 12))
                lines.append(("z", draw.signed(seen.z, 3), theme.tx, 12))
        elif seen.terms.how == "max":
            lines.append((tr("largest"), draw.plain(seen.z, 3), theme.tx, 12))
        else:
            lines.append(("Σ", draw.plain(float(values.sums.sum()), 3), theme.tx, 12))
            lines.append((f"/ {values.count:.0f}", "", theme.tx, 12))
        name = seen.activation or (tr("mean") if seen.terms.how == "mean" else "")
        value = draw.plain(seen.result, 3)
        # In little height what comes of the sum stands on the line of its name.
        low = rect.height() < 19.0 * len(lines) + 44
        step = min(19.0, rect.height() / (len(lines) + 1.2)) if low else 19.0
        y = rect.center().y() - (len(lines) * step + (step if low else 38)) / 2 + 13
        for label, number, color, px in lines:
            draw.text(self.p, rect.left(), y, label, px, theme.tx2, mono=True)
            draw.text(self.p, rect.right() - 4, y, number, px, color, mono=True, anchor="end")
            if label == "b":
                draw.line(self.p, rect.left(), y + 5, rect.right() - 4, y + 5, theme.line2)
            y += step
        end = rect.right() - 4
        room = rect.width() - 4 - (draw.advance(value, 13, 600, True) + 6 if low else 0)
        if name:
            draw.text(
                self.p, rect.left(), y + 2, draw.elide(name, 12, room, mono=True), 12, theme.tx2, mono=True
            )  # fmt: skip
            y += 0 if low else 20
        px = min(13.0 if low else 16.0, (rect.width() - 8) / (len(value) * 0.61))
        y += 2 if low else 4
        draw.text(self.p, end, y, value, px, self.role, weight=600, mono=True, anchor="end")

    def _map(self, area: Area, values: np.ndarray, name: str, title: str) -> None:
        """A map as far as the window has come; what is not there yet is a shadow."""
        seen = self.seen
        self._title(
            area, title, "×".join(map(str, values.shape)) if not seen.listed else str(seen.count)
        )
        ramp = "signed" if _signed(values) else "activation"
        words = images.colors(self.theme, values, ramp, self.tops[name])
        if not seen.listed:
            order = np.arange(values.size).reshape(values.shape)
            words = np.where(
                order <= seen.number, words, _faded(words, self.theme.bg2, self.coming)
            )
        images.place(self.p, *area.rect, images.from_words(words), False)
        draw.frame(self.p, *_around(area.rect, 0.5), self.theme.line2)
        self._outline(area.box(seen.row, seen.column))

    def _strip(self) -> None:
        """The channels over a window: each one's picture and kernel, and its sum; the one written out is framed."""
        seen, place, theme = self.seen, self.place, self.theme
        for area in place.areas:
            if area.name != "channel":
                continue
            weights = place.area("weights", area.plane)
            assert weights is not None
            x, right = area.rect[0], weights.bounds.right()
            y = (
                area.bounds.bottom() + 13
                if area.bounds.bottom() > weights.bounds.bottom()
                else weights.bounds.bottom() + 13
            )
            value = draw.signed(float(seen.values.sums[area.plane]), 2)
            lit = area.plane == seen.plane
            draw.text(
                self.p, x, y, channel_name(seen, area.plane), 10.5, theme.tx if lit else theme.tx3, weight=600
            )  # fmt: skip
            tone = theme.tx if lit else theme.tx2
            draw.text(self.p, right, y, value, 10.5, tone, mono=True, anchor="end")
            if lit:
                draw.frame(self.p, x - 4, 4.5, right - x + 8, y, theme.tx, 1.5, 3)
        self._arrows()

    def _thumb(self, area: Area) -> None:
        seen = self.seen
        if area.name == "channel":
            channel = int(seen.terms.names[area.plane])
            self._picture(area, seen.read[..., channel], self._read_ramp(), self.tops["read"])
            top, left, high, wide = seen.window()
            if not seen.dense:
                self._outline(area.box(top, left, high, wide).intersected(area.bounds))
        elif seen.values.right is not None:
            self._picture(area, seen.values.right[area.plane], "signed", self.tops["kernel"])

    def _arrows(self) -> None:
        for rect, arrow in ((self.place.back, "‹"), (self.place.on, "›")):
            if rect is not None:
                y = rect.center().y() + 6
                draw.text(self.p, rect.center().x(), y, arrow, 18, self.theme.tx2, anchor="middle")

    # -- all channels

    def channels(self) -> None:
        seen, place, theme = self.seen, self.place, self.theme
        parts = [area for area in place.areas if area.name == "part"]
        assert seen.parts is not None
        for area in place.areas:
            if area.name == "channel":
                self._thumb(area)
                name = channel_name(seen, area.plane)
                draw.text(self.p, area.bounds.center().x(), area.rect[1] - 8, name, 12, theme.tx,
                          weight=600, anchor="middle")  # fmt: skip
            elif area.name == "weights":
                if min(area.rect[2] / area.columns, area.rect[3] / area.rows) >= 22:
                    self._cells(area, "", "kernel")
                else:
                    self._thumb(area)
            elif area.name == "part":
                values = seen.parts[..., area.plane]
                self._picture(area, values, "signed", self.tops["part"])
                self._outline(area.box(seen.row, seen.column))
                value = draw.signed(float(seen.values.sums[area.plane]), 2)
                draw.text(self.p, area.bounds.center().x(), area.bounds.bottom() + 14, value, 11,
                          theme.tx2, mono=True, anchor="middle")  # fmt: skip
        self._labels(parts)
        z, made = place.area("z"), place.area("map")
        assert made is not None
        first = z or made
        y = first.bounds.center().y()
        self._gather(parts, first, y)
        if z is not None and seen.before is not None:
            self._map(z, seen.before, "z", tr("Sum + b") if seen.bias is not None else tr("Sum"))
            x = (z.bounds.right() + made.bounds.left()) / 2
            draw.text(self.p, x, y + 6, draw.ARROW, 17, theme.tx2, anchor="middle")
            self._under(z, f"z {draw.signed(seen.z, 2)}", theme.tx)
            if seen.bias is not None:
                self._under(z, f"b {draw.signed(seen.bias, 2)}", theme.tx2, 15)
        self._map(made, seen.map, "map", seen.activation or tr("Output map"))
        self._under(made, draw.plain(seen.result, 3), self.role)
        self._arrows()

    def _under(self, area: Area, words: str, color: QColor, lower: float = 0.0) -> None:
        draw.text(self.p, area.bounds.center().x(), area.bounds.bottom() + 16 + lower, words, 12, color,
                  mono=True, anchor="middle")  # fmt: skip

    def _labels(self, parts: list[Area]) -> None:
        """What the rows of pictures are."""
        if not parts:
            return
        theme, place = self.theme, self.place
        for name, words in (
            ("channel", tr("Reads")),
            ("weights", tr("× kernel")),
            ("part", tr("= adds")),
        ):
            area = place.area(name)
            if area is not None:
                y = area.bounds.center().y() + 4
                draw.text(self.p, 24, y, draw.elide(words, 11.5, 62), 11.5, theme.tx2)
        draw.text(self.p, 24, parts[0].bounds.bottom() + 14, tr("here"), 11, theme.tx2)
        for one, other in pairwise(parts):
            x = (one.bounds.right() + other.bounds.left()) / 2
            if other.bounds.left() - one.bounds.right() >= 9:
                y = one.bounds.center().y() + 5
                draw.text(self.p, x, y, "+", 13, theme.tx2, anchor="middle")

    def _gather(self, parts: list[Area], first: Area, y: float) -> None:
        """From the last channel to the sum."""
        if not parts:
            return
        theme = self.theme
        x0, x1 = parts[-1].bounds.right() + 8, first.bounds.left() - 8
        if self.place.on is not None:
            x0 = max(x0, self.place.on.right())
        low = parts[-1].bounds.center().y()
        turn = x1 - 16
        if x0 < turn:
            draw.line(self.p, x0, low, turn, low, theme.line2)
            draw.line(self.p, turn, low, turn, y, theme.line2)
        draw.line(self.p, turn, y, x1, y, theme.line2)
        draw.text(self.p, x1 - 24, y + 5, "Σ", 15, theme.tx2, anchor="end")

    # -- text

    def text(self) -> None:
        """The sum with its numbers, and how large the map is."""
        seen, theme, rect = self.seen, self.theme, self.place.text
        size = size_words(seen)
        lines = self.place.lines
        channels = self.place.view == "channels"
        room = lines - 1 if size and (lines > 1 or channels) else lines
        y = rect.top() + 12
        if room > 0:
            pieces = written_out(seen)
            for line in broken(pieces, ends_of(seen), rect.width(), room, _TEXT):
                draw.text(self.p, rect.left(), y, line, _TEXT, theme.tx2, mono=True)
                y += 18
        if size:
            y = rect.bottom() - 5
            label = tr("Size of the map")
            draw.text(self.p, rect.left(), y, label, 11.5, theme.tx3)
            at = rect.left() + draw.advance(label, 11.5) + 10
            shown = draw.elide(size, 11.5, rect.right() - at, mono=True)
            draw.text(self.p, at, y, shown, 11.5, theme.tx2, mono=True)


def _top(values: np.ndarray | None) -> float:
    low, high = (0.0, 0.0) if values is None else range_of(values)
    return max(abs(low), abs(high)) or 1.0


def _faded(words: np.ndarray, ground: QColor, share: float) -> np.ndarray:
    """Words of QImage.Format_RGB32 of which only a share is seen over a ground."""
    found = np.full(words.shape, 0xFF000000, np.uint32)
    for shift, under in ((16, ground.red()), (8, ground.green()), (0, ground.blue())):
        over = (words >> shift & 255).astype(np.float32)
        found |= np.rint(over * share + under * (1 - share)).astype(np.uint32) << shift
    return found


def _signed(values: np.ndarray) -> bool:
    return bool((values < 0).any())


def _xywh(box: QRectF) -> tuple[float, float, float, float]:
    return box.x(), box.y(), box.width(), box.height()


def _around(
    rect: tuple[float, float, float, float], by: float
) -> tuple[float, float, float, float]:
    x, y, w, h = rect
    return x - by, y - by, w + 2 * by, h + 2 * by


@lru_cache(maxsize=4096)
def _color(theme: str, ramp: str, level: int) -> QColor:
    if ramp == images.GRAY:
        return QColor(level, level, level)
    red, green, blue = (int(v) for v in THEMES[theme].table(ramp)[level, :3])
    return QColor(red, green, blue)
