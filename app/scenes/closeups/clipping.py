"""Clipping of gradients: how long each is before and after, its numbers, and what becomes of its direction."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen

from app.scenes import draw
from app.scenes.closeups import register
from app.scenes.closeups.cells import CellHits, Grid, as_table, number, outline, paint_grid, top_of
from app.scenes.closeups.clipping_lengths import (
    GLOBAL,
    VALUE,
    Clipping,
    Length,
    clipping,
    is_clipping,
    lengths,
    sentence,
    tensors,
)
from app.scenes.closeups.recurrent_curve import arrow
from app.scenes.formula_expressions import format_number
from app.scenes.hits import Hit
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.scenes.closeups import Index, Moment, Subject
    from app.scenes.frame import ViewState
    from app.theme import Theme

_MARGIN, _HEAD, _LINE = 20.0, 58.0, 36.0


@dataclass(frozen=True)
class ClippingLayout:
    """Result of `layout`: lines from `first` on, the picture of the arrows, heat maps before and after."""

    size: tuple[float, float]
    first: int
    lines: tuple[float, ...]
    right: float
    arrows: tuple[float, float, float] | None
    maps: tuple[Grid, ...]
    hits: CellHits = field(default_factory=CellHits)


class ClippingCloseup:
    """The close-up of instructions that measure and clip gradients."""

    name = "clipping"
    rank = 30

    def fits(self, subject: Subject) -> bool:
        """Lengths of gradients, and clipped gradients."""
        return is_clipping(subject.instruction) and clipping(subject.program) is not None

    def tensors(self, subject: Subject) -> tuple[str, ...]:
        """Gradients before and after, and their lengths."""
        return tensors(subject)

    def title(self, subject: Subject) -> str:
        """How gradients are clipped, and to which limit."""
        how = clipping(subject.program)
        assert how is not None
        limit = f"{how.limit:g}"
        if how.way == GLOBAL:
            return tr("Clipping: all gradients together at most {limit} long", limit=limit)
        if how.way == VALUE:
            return tr("Clipping: no number of a gradient beyond ±{limit}", limit=limit)
        return tr("Clipping: each gradient at most {limit} long", limit=limit)

    def duration(self, subject: Subject) -> float:
        """Arrows shorten for a moment."""
        return 0.5

    def layout(
        self, subject: Subject, size: tuple[float, float], view: ViewState
    ) -> ClippingLayout:
        """Lines under each other; the arrows at the right, the heat maps at the foot."""
        how = clipping(subject.program)
        assert how is not None
        own = how.of(subject.instruction)
        count = len(how.weights) + (how.way == GLOBAL)
        at = how.weights.index(own) if own is not None else count - 1
        shape = subject.info(own.gradient).shape if own is not None else ()
        names = (own.gradient, own.clipped) if own is not None else ()
        return _layout(count, at, names, shape, size)

    def paint(
        self,
        painter: QPainter,
        place: ClippingLayout,
        theme: Theme,
        subject: Subject,
        moment: Moment,
    ) -> None:
        """Draw lengths, arrows and numbers."""
        width = place.size[0] - 2 * _MARGIN
        found = lengths(subject, moment)
        title = draw.elide(self.title(subject), 13, width, 600)
        draw.text(painter, _MARGIN, 26, title, 13, theme.tx, weight=600)
        words = draw.elide(sentence(subject, found), 11.5, width)
        draw.text(painter, _MARGIN, 43, words, 11.5, theme.tx2)
        how = clipping(subject.program)
        assert how is not None
        share = min(1.0, moment.clock / self.duration(subject))
        _paint_lines(painter, place, theme, subject, how, found, share)
        own = how.of(subject.instruction)
        before = moment.arrays.get(own.gradient) if own is not None else None
        after = moment.arrays.get(own.clipped) if own is not None else None
        if place.arrows is not None and before is not None:
            _paint_arrows(painter, place.arrows, theme, how, before, after, subject, share)
        hover = moment.selection.hover if moment.selection is not None else ""
        top = top_of(before)
        for k, grid in enumerate(place.maps):
            x, y, *_ = grid.rect
            words = tr("before") if k == 0 else tr("after")
            draw.text(painter, x, y - 6, f"{words}  ±{number(top, 3)}", 11, theme.tx2)
            # One scale for both, or what was shortened would look the same.
            paint_grid(
                painter,
                theme,
                grid,
                before if k == 0 else after,
                top,
                digits=2 if top >= 0.1 else 4,
            )
            chosen = _chosen(subject, grid)
            if chosen is not None:
                outline(painter, chosen, theme.tx)
            for other in place.maps:
                if hover.startswith(f"cell:{other.tensor}:"):
                    rect = grid.place(
                        tuple(int(i) for i in hover.rpartition(":")[2].split(",") if i)
                    )
                    if rect is not None:
                        outline(painter, rect, theme.tx2, 1.25)

    def describe(
        self, place: ClippingLayout, hit: Hit, subject: Subject, moment: Moment
    ) -> tuple[str, ...]:
        """The number before and after."""
        found = [", ".join(str(k + 1) for k in hit.index)]
        for grid, words in zip(place.maps, (tr("before"), tr("after")), strict=False):
            array = moment.arrays.get(grid.tensor)
            if array is not None and len(hit.index) == array.ndim:
                found.append(f"{words}: {format_number(float(array[hit.index]), 6)}")
        return tuple(found)


def _chosen(subject: Subject, grid: Grid) -> tuple[float, float, float, float] | None:
    return grid.place(subject.cell) if len(subject.cell) == len(grid.shape) else None


@lru_cache(maxsize=32)
def _layout(
    count: int, at: int, names: tuple[str, ...], shape: Index, size: tuple[float, float]
) -> ClippingLayout:
    width, height = size
    pictured = bool(names) and math.prod(shape) > 0 and height >= 300
    rows, columns = as_table(shape)
    foot = min(0.42 * height, rows * 22.0 + 44) if pictured else 0.0
    side = min(240.0, height - _HEAD - foot - 34)
    wide = pictured and width >= 520 and math.prod(shape) > 1 and side >= 90
    right = width - _MARGIN - (side + 28 if wide else 0)
    room = max(1, int((height - _HEAD - foot - 24) // _LINE))
    first = max(0, min(at - room // 2, count - room))
    lines = tuple(_HEAD + 16 + k * _LINE for k in range(min(room, count)))
    maps: list[Grid] = []
    if pictured:
        # Under the lines and the arrows, not at the foot of a tall window.
        used = max(lines[-1] + 30, _HEAD + side + 24 if wide else 0.0)
        top = min(height - foot + 24, used + 34)
        across = (width - 2 * _MARGIN - 24) / 2
        cell = min(across / columns, 43.0)
        tall = min(foot - 40, rows * 22.0)
        if tall / rows < 13:
            cell = min(cell, max(tall / rows, 24.0 / columns))
        for k, name in enumerate(names):
            x = _MARGIN + k * (across + 24)
            maps.append(Grid(name, shape, (x, top, cell * columns, tall), rows, columns))
    arrows = (width - _MARGIN - side, _HEAD, side) if wide else None
    return ClippingLayout(
        size, first, lines, right, arrows, tuple(maps), CellHits((), tuple(maps), "look")
    )


def _paint_lines(
    painter: QPainter,
    place: ClippingLayout,
    theme: Theme,
    subject: Subject,
    how: Clipping,
    found: tuple[Length, ...],
    share: float,
) -> None:
    """Draw for each weight the length before as a faint arrow and the one after as a strong one."""
    own = how.of(subject.instruction)
    known = [one.before for one in found if one.before is not None and math.isfinite(one.before)]
    scale = max([how.limit, *known]) * 1.06
    left, right = _MARGIN + 92, place.right - 128
    written = set(subject.instruction.writes)

    def at(value: float) -> float:
        return left + (right - left) * min(1.0, value / scale)

    shown = found[place.first : place.first + len(place.lines)]
    for one, y in zip(shown, place.lines, strict=False):
        ink = theme.tx if one.of is own else theme.tx2
        symbol = tr("together") if one.of is None else subject.info(one.of.gradient).symbol
        if one.of is own:
            draw.fill(
                painter,
                _MARGIN - 8,
                y - 14,
                place.right - _MARGIN + 12,
                30,
                draw.faded(theme.bwd, 0.12),
                4,
            )
        draw.text(
            painter, _MARGIN, y + 4, draw.elide(symbol, 12, 86, mono=True), 12, ink, mono=True
        )
        if one.before is None:
            draw.text(painter, left, y + 4, "…", 12, theme.bwd, mono=True)
            continue
        if math.isfinite(one.before):
            arrow(painter, left, max(at(one.before), left + 6), y - 3, theme.tx3)
        words = number(one.before, 4)
        if one.after is not None and math.isfinite(one.after):
            now = one.of is not None and one.of.clipped in written
            part = one.before + (one.after - one.before) * (share if now else 1.0)
            arrow(painter, left, max(at(part), left + 6), y + 4, theme.bwd)
            words += f" {draw.ARROW} {number(one.after, 4)}"
        note = _share(how, one.share) if one.share is not None and one.of is not None else ""
        draw.text(
            painter, place.right, y + (0 if note else 4), words, 11.5, ink, mono=True, anchor="end"
        )
        if note:
            draw.text(painter, place.right, y + 13, note, 10, theme.tx3, anchor="end")
    x = at(how.limit)
    if place.lines:
        draw.line(painter, x, place.lines[0] - 16, x, place.lines[-1] + 14, theme.err, 1.5)
        draw.text(
            painter,
            x,
            place.lines[-1] + 27,
            tr("limit {limit}", limit=f"{how.limit:g}"),
            10,
            theme.tx3,
            anchor="middle",
        )


def _share(how: Clipping, share: float) -> str:
    if how.way == VALUE:
        return tr("{share} % cut off", share=f"{100 * share:.3g}") if share else ""
    return tr("{share} % of the square", share=f"{100 * share:.3g}")


def _paint_arrows(
    painter: QPainter,
    box: tuple[float, float, float],
    theme: Theme,
    how: Clipping,
    before: np.ndarray,
    after: np.ndarray | None,
    subject: Subject,
    share: float,
) -> None:
    """Draw two numbers of the gradient as an arrow in the plane, before and after."""
    x, y, side = box
    one, other = axes(before, subject.cell)
    flat = before.reshape(-1)
    top = max(
        abs(float(flat[one])), abs(float(flat[other])), how.limit if how.way == VALUE else 0.0
    )
    if not np.isfinite(flat[[one, other]]).all() or top <= 0:
        return
    middle_x, middle_y, half = x + side / 2, y + side / 2, side / 2 - 14
    draw.frame(painter, x, y, side, side, theme.line, 1, 6)
    draw.line(painter, x + 6, middle_y, x + side - 6, middle_y, theme.grid)
    draw.line(painter, middle_x, y + 6, middle_x, y + side - 6, theme.grid)

    def at(across: float, up: float) -> tuple[float, float]:
        return middle_x + half * across / top, middle_y - half * up / top

    old = np.array([flat[one], flat[other]], np.float64)

    if how.way == VALUE:
        reach = half * how.limit / top
        painter.setPen(QPen(theme.err, 1.25, Qt.PenStyle.DashLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(
            round(middle_x - reach), round(middle_y - reach), round(2 * reach), round(2 * reach)
        )
    _ray(painter, middle_x, middle_y, *at(*old), theme.tx3, 1.75)
    if after is not None:
        new = after.reshape(-1)[[one, other]]
        now = old + (new - old) * share
        _ray(painter, middle_x, middle_y, *at(*now), theme.bwd, 2.5)
    shape = before.shape
    names = [
        f"g[{','.join(str(int(k) + 1) for k in np.unravel_index(n, shape))}]" for n in (one, other)
    ]
    draw.text(painter, x + side - 4, middle_y - 5, names[0], 10, theme.tx2, mono=True, anchor="end")
    draw.text(painter, middle_x + 5, y + 14, names[1], 10, theme.tx2, mono=True)
    words = tr("two of its numbers as an arrow")
    draw.text(
        painter,
        x + side / 2,
        y + side + 15,
        draw.elide(words, 10.5, side),
        10.5,
        theme.tx3,
        anchor="middle",
    )


def axes(gradient: np.ndarray, cell: Index) -> tuple[int, int]:
    """Return which two numbers make the arrow: the chosen one, and the largest of the others."""
    sizes = np.abs(gradient.reshape(-1))
    fits = len(cell) == gradient.ndim
    chosen = (
        int(np.ravel_multi_index(cell, gradient.shape)) if fits and cell else int(sizes.argmax())
    )
    sizes[chosen] = -1.0
    return chosen, int(sizes.argmax())


def _ray(
    painter: QPainter, x0: float, y0: float, x1: float, y1: float, color: QColor, width: float
) -> None:
    length = math.hypot(x1 - x0, y1 - y0)
    if length < 1:
        draw.disc(painter, x0, y0, 3, color)
        return
    painter.save()
    painter.translate(x0, y0)
    painter.rotate(math.degrees(math.atan2(y1 - y0, x1 - x0)))
    draw.line(painter, 0, 0, max(0.0, length - 5), 0, color, width)
    arrow(painter, max(0.0, length - 7), length, 0, color)
    painter.restore()


register(ClippingCloseup())
