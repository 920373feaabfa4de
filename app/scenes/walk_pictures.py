"""What all pictures of a walk are made of: maps, cells with their numbers, and the line that is written out."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPen

from app.scenes import draw, images
from app.scenes.walk_size import size_words
from app.scenes.walk_words import broken, ends_of, little, spelled, written_out
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
#: Likewise where all cells are so small that decimals would be zeros.
_LITTLE_WAYS: tuple[Callable[[float], str], ...] = (
    lambda value: spelled(value, 2, sign=True, small=True),
    lambda value: spelled(value, 2, small=True),
)


class Pictures:
    """One picture: a subclass paints a view of it with ``paint()``.

    Parameters
    ----------
    painter, place, theme, seen, hover
        As `app.scenes.walk_paint.paint_walk` has them.
    """

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

    def paint(self) -> None:
        """Draw all but the text underneath."""
        raise NotImplementedError

    def map_title(self) -> str:
        seen = self.seen
        if seen.listed:
            return tr("Units")
        return tr("Output map")

    def title(self, area: Area, words: str, note: str = "") -> None:
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

    def read(self, area: Area, channel: int, title: str = "") -> None:
        seen = self.seen
        if title:
            _, _, high, wide = seen.inner
            self.title(area, title, f"{high}×{wide}")
        self.picture(area, seen.read[..., channel], self.read_ramp(), self.tops["read"])
        top, left, high, wide = seen.inner
        if (high, wide) != seen.read.shape[:2]:
            pen = QPen(self.theme.tx3, 1)
            pen.setDashPattern([2, 3])
            self.p.setPen(pen)
            self.p.setBrush(Qt.BrushStyle.NoBrush)
            rows, columns = area.rows - top, area.columns - left
            self.p.drawRect(area.box(top, left, min(high, rows), min(wide, columns)))

    def read_ramp(self) -> str:
        if self.seen.ranges["read"][0] < 0:
            return "signed"
        if not self.seen.is_input:
            return "activation"
        # The channels of a photograph are as bright as they are, whatever the theme.
        return self.seen.ramp if self.seen.read.shape[-1] == 1 else images.GRAY

    def picture(self, area: Area, values: np.ndarray, ramp: str, top: float) -> None:
        # No more pixels than are seen, on screens of two dots a pixel.
        step = max(1, int(min(values.shape[0] / area.rect[3], values.shape[1] / area.rect[2]) / 2))
        image = images.kept(self.theme, values[::step, ::step], ramp, top)
        images.place(self.p, *area.rect, image, False)
        draw.frame(self.p, *around(area.rect, 0.5), self.theme.line2)

    def window_on(self, area: Area) -> QRectF:
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
        self.outline(box)
        if seen.terms.how == "max" and seen.values.winners is not None:
            cells = seen.terms.left_cells[0].reshape(-1, seen.terms.left_cells.shape[-1])
            winner = cells[int(seen.values.winners[0])][int(seen.terms.left in seen.terms.batch) :]
            self.outline(area.box(int(winner[0]), int(winner[1])), self.theme.loss)
        return box

    def outline(self, box: QRectF, color: QColor | None = None) -> None:
        """A frame that is seen on every colour, and never smaller than the eye finds."""
        grown = max(0.0, (5.0 - box.width()) / 2)
        box = box.adjusted(-grown, -grown, grown, grown)
        draw.frame(self.p, *around(_xywh(box), 1.0), draw.faded(self.theme.bg0, 0.7), 3.0)
        draw.frame(self.p, *around(_xywh(box), 0.5), color or self.role, 2.0)

    def cells(self, area: Area, title: str, name: str) -> None:
        """Numbers in coloured cells, as large as they fit; cells too small for that are colours only."""
        seen, plane = self.seen, area.plane
        source = {"read": seen.values.left, "kernel": seen.values.right}
        values = source.get(name, seen.values.products)
        assert values is not None
        if title:
            self.title(area, title)
        grid = values[plane]
        ramp = self.read_ramp() if name == "read" else "signed"
        top = self.tops[name]
        there = seen.terms.there[plane]
        cell = area.box(0, 0)
        if grid.size > 400 or cell.width() < 14 or cell.height() < _SMALL / 0.62:
            self.picture(area, np.where(there, grid, 0), ramp, top)
            self.hover_cell(area)
            return
        ways = _LITTLE_WAYS if little(grid[there]) else _WAYS
        for write in ways if name != "read" else ways[1:]:
            words = [write(float(v)) for v in grid[there]]
            longest = max((len(word) for word in words), default=1)
            px = min(_LARGE, cell.width() / (longest * 0.61 + 0.5), cell.height() * 0.62)
            if px >= _SMALL + 1:
                break
        if px < _SMALL:
            self.picture(area, np.where(there, grid, 0), ramp, top)
            self.hover_cell(area)
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
            self.outline(area.box(*at).adjusted(1, 1, -1, -1), self.theme.loss)
        self.hover_cell(area)

    def hover_cell(self, area: Area) -> None:
        """The cell under the mouse, in patch, kernel and products alike."""
        if self.hover is None or self.hover[0] not in ("patch", "kernel", "products"):
            return
        _, _, row, column = self.hover
        if row < area.rows and column < area.columns:
            draw.frame(self.p, *_xywh(area.box(row, column)), self.theme.tx, 1.5)

    def map(self, area: Area, values: np.ndarray, name: str, title: str) -> None:
        """A map as far as the window has come; what is not there yet is a shadow."""
        seen = self.seen
        self.title(
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
        draw.frame(self.p, *around(area.rect, 0.5), self.theme.line2)
        self.outline(area.box(seen.row, seen.column))

    def thumb(self, area: Area) -> None:
        seen = self.seen
        if area.name == "channel":
            channel = int(seen.terms.names[area.plane])
            self.picture(area, seen.read[..., channel], self.read_ramp(), self.tops["read"])
            top, left, high, wide = seen.window()
            if not seen.dense:
                self.outline(area.box(top, left, high, wide).intersected(area.bounds))
        elif seen.values.right is not None:
            self.picture(area, seen.values.right[area.plane], "signed", self.tops["kernel"])

    def arrows(self) -> None:
        for rect, arrow in ((self.place.back, "‹"), (self.place.on, "›")):
            if rect is not None:
                y = rect.center().y() + 6
                draw.text(self.p, rect.center().x(), y, arrow, 18, self.theme.tx2, anchor="middle")

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


def around(rect: tuple[float, float, float, float], by: float) -> tuple[float, float, float, float]:
    """A rectangle that is larger by so much at every side."""
    x, y, w, h = rect
    return x - by, y - by, w + 2 * by, h + 2 * by


@lru_cache(maxsize=4096)
def _color(theme: str, ramp: str, level: int) -> QColor:
    if ramp == images.GRAY:
        return QColor(level, level, level)
    red, green, blue = (int(v) for v in THEMES[theme].table(ramp)[level, :3])
    return QColor(red, green, blue)
