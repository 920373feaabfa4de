"""The curves of a race's chart: thinned to the columns of the screen, painted at once and then finely."""

from __future__ import annotations

from functools import lru_cache
from math import ceil
from time import perf_counter
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from app.scenes import draw, series
from app.scenes.polygons import polygon
from app.scenes.race_looks import looks

if TYPE_CHECKING:
    from app.scenes.race_chart import RaceChart
    from app.theme import Theme

#: Pixels that share a point of a long curve, and what is flat in them.
COLUMN, _FLAT = 2, 3.0
#: Widths of a curve, and of that of the racer that is looked at.
_WIDE, _CHOSEN = 1.5, 2.5
#: Hairs that lie beside one another make a line, so many for each pixel of its width.
_HAIRS = 1.2


class _Picture:
    """The whole curves of a chart: sketched all at once, and painted finely one racer after the other."""

    def __init__(self, order: list[int], lines: list[tuple[np.ndarray, np.ndarray]]) -> None:
        self.sketch: QImage | None = None
        self.image: QImage | None = None
        self.order, self.missing, self.lines = order, list(order), lines


#: Of each chart by size, theme and chosen racer; the newest few.
_pictures: WeakKeyDictionary[RaceChart, dict[tuple[object, ...], _Picture]] = WeakKeyDictionary()


def curves(
    box: QRectF, whole: QRectF, theme: Theme, chart: RaceChart, chosen: str, scale: float, budget: float,
    quick: bool,
) -> tuple[QImage, bool]:  # fmt: skip
    """Return the picture of all curves, and whether they are painted finely.

    Parameters
    ----------
    box, whole
        Where the curves go, and what the picture shows.
    theme, chart, chosen
        Colours, what is shown, and the racer that is looked at.
    scale
        Device pixels of one unit.
    budget
        Seconds after which what is left to be painted finely waits for the next time.
    quick
        Nothing is painted finely: the chart is soon another.
    """
    key = (box.x(), box.y(), box.width(), box.height(), theme.name, chosen, scale)
    kept = _pictures.setdefault(chart, {})
    if key not in kept:
        if len(kept) > 3:
            kept.pop(next(iter(kept)))
        every = [line(chart, place, box) for place in range(len(chart.values))]
        kept[key] = _Picture(painted_order(chart, chosen), every)
    picture, size = kept[key], (whole.width(), whole.height())
    if not picture.missing and picture.image is not None:
        return picture.image, True
    pens = _pens(chart, chosen, theme)
    if not quick:
        begun = perf_counter()
        if picture.image is None:
            picture.image = draw.canvas(*size, scale, None)
        with draw.painting(picture.image, size) as inner:
            inner.translate(-whole.left(), -whole.top())
            while picture.missing and perf_counter() - begun < budget:
                place = picture.missing.pop(0)
                _paint_line(inner, picture.lines[place], *pens[place])
        if not picture.missing:
            picture.sketch = None
            return picture.image, True
    if picture.sketch is None:
        picture.sketch = draw.canvas(*size, scale, None)
        with draw.painting(picture.sketch, size) as inner:
            inner.translate(-whole.left(), -whole.top())
            for place in picture.order:
                points, bars = picture.lines[place]
                color, wide = pens[place]
                _sketch(inner, points, wide, color, scale)
                _paint_bars(inner, bars, color)
    return picture.sketch, False


def painted_order(chart: RaceChart, chosen: str) -> list[int]:
    """Return the racers' places as they are painted: the one that is looked at over the others."""
    racers = chart.answer.race.racers
    return sorted(range(len(chart.values)), key=lambda k: racers[k].id == chosen)


def paint_all(painter: QPainter, box: QRectF, theme: Theme, chart: RaceChart, chosen: str) -> None:
    """Paint all curves finely, as shapes."""
    pens = _pens(chart, chosen, theme)
    for place in painted_order(chart, chosen):
        _paint_line(painter, line(chart, place, box), *pens[place])


def _pens(chart: RaceChart, chosen: str, theme: Theme) -> list[tuple[QColor, float]]:
    """Return colour and width of every curve."""
    race = chart.answer.race
    look = looks(race)
    return [
        (look[one.id].color(theme), _CHOSEN if one.id == chosen else _WIDE) for one in race.racers
    ]


def _paint_line(
    painter: QPainter, of: tuple[np.ndarray, np.ndarray], color: QColor, wide: float
) -> None:
    points, bars = of
    pen = QPen(color, wide)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline(polygon(points))
    _paint_bars(painter, bars, color)


def _paint_bars(painter: QPainter, bars: np.ndarray, color: QColor) -> None:
    """What goes up and down within a column is as high as it goes; without smoothing that is quick."""
    if not len(bars):
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(color, COLUMN))
    painter.drawLines([QLineF(x, low, x, high) for x, low, high in bars.tolist()])
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)


def _sketch(
    painter: QPainter, points: np.ndarray, wide: float, color: QColor, scale: float
) -> None:
    """Paint a line as a few hairs side by side.

    A smooth line of more than one device pixel takes Qt ten times as long; where it turns, this one is a little rough.
    """
    if len(points) < 2:
        return
    pen = QPen(color, 1)
    pen.setCosmetic(True)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    along = np.empty_like(points)
    along[1:-1] = points[2:] - points[:-2]
    along[0], along[-1] = points[1] - points[0], points[-1] - points[-2]
    length = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)
    across = np.column_stack([-along[:, 1], along[:, 0]]) / length[:, None]
    # A hair is one pixel thick along an axis, and thinner than that where it is slanted.
    thick = np.abs(across).max(axis=1)
    reach = across * ((wide * scale - thick) / (2 * scale))[:, None]
    for part in np.linspace(-1.0, 1.0, max(2, ceil(wide * scale * _HAIRS))):
        painter.drawPolyline(polygon(points + reach * part))


# -- points


def polyline(chart: RaceChart, place: int, box: QRectF) -> np.ndarray:
    """Return a racer's curve in pixels, (points, 2): of a column with several steps the middle."""
    return line(chart, place, box)[0]


def spans(chart: RaceChart, place: int, box: QRectF) -> np.ndarray:
    """Return columns in which a racer goes up and down, (columns, 3): x, and the heights between which it does."""
    return line(chart, place, box)[1]


def line(chart: RaceChart, place: int, box: QRectF) -> tuple[np.ndarray, np.ndarray]:
    """Return a racer's curve as `polyline` and `spans`."""
    values, steps = chart.values[place], max(1, chart.answer.race.steps)
    columns = max(1, int(box.width()) // COLUMN)
    good = np.isfinite(values)
    count = len(values) if good.all() else int(good.argmin())
    none = np.zeros((0, 3))
    if good[count:].any():
        # Whoever comes back has holes.
        at = np.flatnonzero(good)
        x = box.left() + at / steps * box.width()
        y = chart.heights(values[at], box)
        points = np.column_stack(series.thin(x, y, columns, box.left(), box.right()))
        if len(x) <= columns:
            return points, none
        column, least, most = series.ranges(x, y, columns, box.left(), box.right())
    else:
        y = chart.heights(values[:count], box)
        share, starts, column = _grid(steps, columns)
        if count <= columns:
            return np.column_stack([box.left() + share[:count] * box.width(), y]), none
        here = int(np.searchsorted(starts, count))
        starts, column = starts[:here], column[:here]
        inside = np.diff(np.append(starts, count))
        middle = np.add.reduceat(y, starts) / inside
        across = box.left() + np.add.reduceat(share[:count], starts) / inside * box.width()
        middle[0], middle[-1] = y[0], y[-1]
        across[0] = box.left()
        across[-1] = box.left() + share[count - 1] * box.width()
        points = np.column_stack([across, middle])
        least, most = np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts)
    at_middle = box.left() + (column + 0.5) * box.width() / columns
    return points, np.column_stack([at_middle, least, most])[most - least > _FLAT]


@lru_cache(maxsize=16)
def _grid(steps: int, columns: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where each step stands from 0 to 1, at which steps columns begin, and which columns those are."""
    share = np.arange(steps + 1) / steps
    column = np.minimum((share * columns).astype(int), columns - 1)
    starts = np.flatnonzero(np.r_[True, column[1:] != column[:-1]])
    found = share, starts, column[starts]
    for one in found:
        one.setflags(write=False)
    return found
