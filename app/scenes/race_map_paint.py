"""Painting the map of a race: the surface, axes, minima, the start, and markers where racers are."""

from __future__ import annotations

from functools import lru_cache
from math import atan2, degrees, isnan
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPen, QPolygonF

from app.scenes import draw
from app.scenes.polygons import polygon
from app.scenes.race_looks import paint_marker
from app.scenes.race_map_layout import Viewport, marks
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QImage, QPainter

    from app.engine.questions.mapping import SurfaceMap
    from app.scenes.race_moment import Moment, Place
    from app.theme import Theme
    from core.landscape import Surface

#: Sizes of markers, the chosen one's and those at the edge.
MARKER, CHOSEN, _EDGE = 12.0, 15.0, 9.0
#: So far from the edge stand those who are outside.
_INSET = 14.0
#: Up to so many minima are labelled; several only where the map is that wide.
_LABELLED, _ROOMY = 4, 540.0


def paint_surface(
    painter: QPainter, theme: Theme, view: Viewport, known: SurfaceMap | None, image: QImage | None
) -> None:
    """Paint what is known of the surface; also of another part of it, until that part has been drawn."""
    draw.fill(painter, view.x, view.y, view.w, view.h, theme.bg0)
    if known is None or image is None:
        return
    # A pixel is as wide as the range over all gaps between the middles of the first and the last.
    columns, rows = image.width(), image.height()
    wide = (known.across[1] - known.across[0]) / max(1, columns - 1)
    high = (known.down[1] - known.down[0]) / max(1, rows - 1)
    first = view.point(known.across[0] - wide / 2, known.down[1] + high / 2)
    last = view.point(known.across[1] + wide / 2, known.down[0] - high / 2)
    target = QRectF(first, last)
    painter.save()
    painter.setClipRect(QRectF(view.x, view.y, view.w, view.h), Qt.ClipOperation.IntersectClip)
    painter.setRenderHint(painter.RenderHint.SmoothPixmapTransform, True)
    painter.drawImage(target, image, QRectF(0, 0, columns, rows))
    painter.restore()


def paint_curve(painter: QPainter, theme: Theme, view: Viewport, known: SurfaceMap | None) -> None:
    """Paint a curve of one variable, with grid lines; where it has no value the ground is hatched."""
    draw.fill(painter, view.x, view.y, view.w, view.h, theme.bg0)
    for value, _ in marks(*view.down, view.h, 56):
        y = round(view.point(0, value).y()) + 0.5
        draw.line(painter, view.x, y, view.x + view.w, y, theme.grid)
    for value, _ in marks(*view.across, view.w):
        x = round(view.point(value, 0).x()) + 0.5
        draw.line(painter, x, view.y, x, view.y + view.h, theme.grid)
    if known is None or known.curve is None:
        return
    xs = np.linspace(*known.across, len(known.curve))
    places = view.px(np.column_stack([xs, known.curve]))
    good = np.isfinite(known.curve)
    edges = np.flatnonzero(np.diff(np.r_[False, good, False].astype(int)))
    painter.save()
    painter.setClipRect(QRectF(view.x, view.y, view.w, view.h), Qt.ClipOperation.IntersectClip)
    _hatch(painter, theme, view, places, good)
    pen = QPen(theme.contour, 2.0)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        piece = places[first:last]
        foot = view.y + view.h
        down = np.array([[piece[-1][0], foot], [piece[0][0], foot]])
        ground = polygon(np.r_[piece, down])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(draw.faded(theme.contour, 0.12))
        painter.drawPolygon(ground)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(polygon(piece))
    painter.restore()


def _hatch(
    painter: QPainter, theme: Theme, view: Viewport, places: np.ndarray, good: np.ndarray
) -> None:
    edges = np.flatnonzero(np.diff(np.r_[False, ~good, False].astype(int)))
    painter.setPen(Qt.PenStyle.NoPen)
    brush = draw.faded(theme.line2, 0.6)
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        left, right = places[first][0], places[last - 1][0]
        painter.save()
        painter.setClipRect(
            QRectF(left, view.y, right - left, view.h), Qt.ClipOperation.IntersectClip
        )
        painter.setPen(QPen(brush, 1))
        for x in np.arange(left - view.h, right, 8.0):
            painter.drawLine(QLineF(x, view.y + view.h, x + view.h, view.y))
        painter.restore()


def paint_scales(painter: QPainter, theme: Theme, view: Viewport, surface: Surface) -> None:
    """Paint a surface's axes."""
    flat = len(surface.variables) == 1
    paint_axes(painter, theme, view, (surface.variables[0], "f" if flat else surface.variables[1]))


def paint_axes(painter: QPainter, theme: Theme, view: Viewport, names: tuple[str, str]) -> None:
    """Paint numbers along the left and the lower edge, and what the axes are."""
    bottom, right = view.y + view.h, view.x + view.w
    wide = draw.advance(names[0], 11, 600) + 18
    for value, words in marks(*view.across, view.w, 60):
        x = view.point(value, 0).x()
        half = draw.advance(words, 10, mono=True) / 2
        if x - half < view.x + 34 or x + half > right - wide:
            continue
        draw.line(painter, x, bottom - 5, x, bottom, theme.tx2)
        _number(painter, theme, x - half, bottom - 9, words)
    for value, words in marks(*view.down, view.h, 44):
        y = view.point(0, value).y()
        if y < view.y + 28 or y > bottom - 20:
            continue
        draw.line(painter, view.x, y, view.x + 5, y, theme.tx2)
        _number(painter, theme, view.x + 9, y + 3.5, words)
    draw.text(painter, right - 10, bottom - 9, names[0], 11, theme.tx, weight=600, anchor="end")
    draw.text(painter, view.x + 9, view.y + 18, names[1], 11, theme.tx, weight=600)


def _number(painter: QPainter, theme: Theme, x: float, y: float, words: str) -> None:
    """A number that contour lines may pass behind."""
    ground = draw.faded(theme.bg0, 0.45)
    draw.fill(painter, x - 2, y - 9, draw.advance(words, 10, mono=True) + 4, 12, ground, 2)
    draw.text(painter, x, y, words, 10, theme.tx2, mono=True)


def paint_minima(painter: QPainter, theme: Theme, view: Viewport, surface: Surface) -> None:
    """Paint a cross at each of the lowest points, and its place beside the first few of them; trails run below."""
    flat = len(surface.variables) == 1
    for at, words, where in _minima(view, surface):
        cx, cy = at.x(), at.y()
        if flat:
            draw.line(painter, cx, cy - 6, cx, cy + 12, theme.tx, 1.5)
        else:
            draw.line(painter, cx - 8, cy, cx + 8, cy, theme.tx, 1.5)
            draw.line(painter, cx, cy - 8, cx, cy + 8, theme.tx, 1.5)
        if words:
            _words(painter, theme, where.x(), where.y(), words)


def minima_boxes(view: Viewport, surface: Surface) -> tuple[QRectF, ...]:
    """Return what `paint_minima` paints on, so that other words are written clear of it."""
    found = []
    for at, words, where in _minima(view, surface):
        found.append(QRectF(at.x() - 9, at.y() - 9, 18, 18))
        if words:
            found.append(QRectF(where.x() - 3, where.y() - 11, draw.advance(words, 11.5) + 6, 15))
    return tuple(found)


@lru_cache(maxsize=8)
def _minima(view: Viewport, surface: Surface) -> tuple[tuple[QPointF, str, QPointF], ...]:
    """Return of each minimum that is seen where it is, and what is written where; of a curve along the lower edge."""
    flat = len(surface.variables) == 1
    several = len(surface.minima) > 1
    labelled = not several or (len(surface.minima) <= _LABELLED and view.w >= _ROOMY)
    found = []
    for x, y in surface.minima:
        at = view.point(x, y)
        if flat:
            at = QPointF(at.x(), view.y + view.h - 34)
        if not view.contains(at, 2):
            continue
        words, where = "", QPointF()
        if labelled:
            numbers = ", ".join(_short(float(one)) for one in ((x,) if flat else (x, y)))
            words = tr("minimum ({place})", place=numbers)
            wide = draw.advance(words, 11.5)
            # To the right, or to the left where there is no room.
            right = at.x() + 14 + wide < view.x + view.w - 8
            left = at.x() + 14 if right else at.x() - 14 - wide
            where = QPointF(left, max(at.y() - 8, view.y + 14))
        found.append((at, words, where))
    return tuple(found)


def paint_start(
    painter: QPainter, theme: Theme, view: Viewport, at: QPointF, *, grown: bool = False
) -> None:
    """Paint the ring that all begin at."""
    if not view.contains(at, -8):
        return
    draw.disc(painter, at.x(), at.y(), 7.5 if grown else 6.0, theme.bg0, theme.tx, 1.75)
    box = _start_words(view, at)
    _words(painter, theme, box.x() + 3, at.y() + 4, tr("start"))


def start_boxes(view: Viewport, at: QPointF) -> tuple[QRectF, ...]:
    """Return what `paint_start` paints on, so that other words are written clear of it."""
    if not view.contains(at, -8):
        return ()
    return QRectF(at.x() - 8, at.y() - 8, 16, 16), _start_words(view, at)


def _start_words(view: Viewport, at: QPointF) -> QRectF:
    """Where its name stands: to the left, or to the right where there is no room."""
    wide = draw.advance(tr("start"), 11.5)
    left = at.x() - 14 - wide
    return QRectF((at.x() + 14 if left < view.x + 34 else left) - 3, at.y() - 7, wide + 6, 15)


def _short(value: float) -> str:
    """A number with at most three figures that count."""
    return f"{value:.3g}".replace("-", draw.MINUS)


def _words(painter: QPainter, theme: Theme, x: float, y: float, words: str) -> None:
    ground = draw.faded(theme.bg0, 0.45)
    draw.fill(painter, x - 3, y - 11, draw.advance(words, 11.5) + 6, 15, ground, 3)
    draw.text(painter, x, y, words, 11.5, theme.tx)


# -- racers


def paint_racers(
    painter: QPainter,
    theme: Theme,
    view: Viewport,
    moment: Moment,
    covered: tuple[QRectF, ...] = (),
) -> None:
    """Paint a marker where each racer is; at the edge, with an arrow, for those who are outside; and who is gone.

    Words are written clear of what is `covered` by other things.
    """
    farewells: list[tuple[QPointF, Place]] = []
    for place in moment.places:
        at, outside = spot(view, place)
        if outside is not None:
            _arrow(painter, theme, at, outside, place)
        size = (
            _EDGE if outside is not None else CHOSEN if place.racer.id == moment.chosen else MARKER
        )
        paint_marker(painter, place.look, theme, at, size)
        if place.gone:
            farewells.append((at, place))
    _farewells(painter, theme, view, farewells, covered)


def spot(view: Viewport, place: Place) -> tuple[QPointF, QPointF | None]:
    """Where a racer's marker stands, and if it is outside the map where it really is."""
    at = view.point(*place.at)
    if isnan(place.at[1]):
        # A curve has no height there: the marker stands on the axis.
        return QPointF(at.x(), view.y + view.h - _INSET), None
    beyond = place.gone and place.path.why != "hole"
    if view.contains(at) and not beyond:
        return at, None
    held = QPointF(
        min(max(at.x(), view.x + _INSET), view.x + view.w - _INSET),
        min(max(at.y(), view.y + _INSET), view.y + view.h - _INSET),
    )
    if view.contains(at):
        # It was inside when it was seen last: it has left on the nearest side.
        sides = (
            (at.x() - view.x, QPointF(-1, 0)), (view.x + view.w - at.x(), QPointF(1, 0)),
            (at.y() - view.y, QPointF(0, -1)), (view.y + view.h - at.y(), QPointF(0, 1)),
        )  # fmt: skip
        way = min(sides, key=lambda side: side[0])[1]
        held = QPointF(
            view.x + _INSET if way.x() < 0 else view.x + view.w - _INSET if way.x() > 0 else at.x(),
            view.y + _INSET if way.y() < 0 else view.y + view.h - _INSET if way.y() > 0 else at.y(),
        )
        at = held + way * 40
    return held, at


def _arrow(painter: QPainter, theme: Theme, at: QPointF, to: QPointF, place: Place) -> None:
    way = to - at
    painter.save()
    painter.translate(at)
    painter.rotate(degrees(atan2(way.y(), way.x())))
    painter.setPen(QPen(theme.bg0, 1))
    painter.setBrush(place.look.color(theme))
    painter.drawPolygon(QPolygonF([QPointF(13, 0), QPointF(7, -4.5), QPointF(7, 4.5)]))
    painter.restore()


def _farewells(
    painter: QPainter,
    theme: Theme,
    view: Viewport,
    gone: list[tuple[QPointF, Place]],
    covered: tuple[QRectF, ...],
) -> None:
    """Say of those who are gone why and since when, one below the other where they left together."""
    taken = list(covered)
    if len(gone) > 1 and all(place.path.left == 0 for _, place in gone):
        words = draw.elide(tr("The formula has no value at the start: move it."), 11.5, view.w - 40)
        at = gone[0][0]
        width = draw.advance(words, 11.5) + 8
        x = min(max(at.x() + 10, view.x + 2), view.x + view.w - width - 6)
        box = _free(view, QRectF(x, at.y() + 12, width, 18), taken)
        draw.fill(painter, box.x(), box.y(), box.width(), box.height(), theme.bg1, 3)
        draw.text(painter, box.x() + 4, box.y() + 13, words, 11.5, theme.err)
        return
    for at, place in sorted(gone, key=lambda one: one[0].y()):
        words = f"{place.racer.name or place.racer.title}: {place.farewell}"
        words = draw.elide(words, 11, view.w - 2 * _INSET - 24)
        width = draw.advance(words, 11) + 8
        x = min(max(at.x() + 12, view.x + 4), view.x + view.w - width - 4)
        if x < at.x() + 8 and at.x() - 12 - width > view.x:
            x = at.x() - 12 - width
        box = _free(view, QRectF(x, at.y() - 8, width, 16), taken)
        taken.append(box)
        draw.fill(painter, box.x(), box.y(), box.width(), box.height(), theme.bg1, 3)
        draw.text(painter, box.x() + 4, box.y() + 12, words, 11, theme.err)


def _free(view: Viewport, wanted: QRectF, taken: list[QRectF]) -> QRectF:
    """Move a box down to where nothing else stands; up if there is no room below."""
    for way in (17.0, -17.0):
        box = QRectF(wanted)
        while view.y <= box.top() and box.bottom() <= view.y + view.h:
            if not any(box.intersects(one) for one in taken):
                return box
            box.translate(0, way)
    # There is none at all.
    return QRectF(
        wanted.x(), view.y + view.h - wanted.height() - 2, wanted.width(), wanted.height()
    )


def near(view: Viewport, moment: Moment, x: float, y: float, within: float = 11.0) -> Place | None:
    """Return the racer whose marker is under a pixel, the topmost."""
    for place in reversed(moment.places):
        at = spot(view, place)[0]
        if (at.x() - x) ** 2 + (at.y() - y) ** 2 <= within * within:
            return place
    return None
