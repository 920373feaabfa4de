"""The picture of a race on its map, kept between two moments: only what has moved is painted anew."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter

from app.scenes import draw, race_map_paint
from app.scenes.race_moment import Moment, Place
from app.scenes.race_trails import (
    Piece,
    Trail,
    paint_ground,
    paint_line,
    paint_tail,
    trail_of,
    trails_of,
)

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from app.engine.questions.mapping import SurfaceMap
    from app.scenes.race_map_layout import Viewport
    from app.theme import Theme
    from core.landscape import Surface

#: Trails are painted for so long at a time, in seconds, and so many corners at once; the rest follows in the next turn.
_BUDGET, _PIECE = 0.004, 500
#: And no farther at once, in pixels.
_FAR = 3000.0
#: Of a racer that jumps to and fro for thousands of steps only the last of its way is painted, so many pixels.
_LONGEST = 40_000.0
#: The ways of a race of so many steps together are known at once, in some 2 ms.
_AT_ONCE = 10_000


class _Layer:
    """A part of the picture that grows: transparent but for what has been painted.

    Parameters
    ----------
    size, scale
        In units of length, and how many pixels each of them takes.
    """

    def __init__(self, size: tuple[float, float], scale: float) -> None:
        self.image = draw.canvas(*size, scale, None)
        self._scale = scale
        self._reached: QRectF | None = None

    def reach(self, way: np.ndarray) -> None:
        """Keep in mind that pixels (n, 2) are painted on."""
        (left, top), (right, bottom) = way.min(axis=0), way.max(axis=0)
        box = QRectF(left - 6, top - 6, right - left + 12, bottom - top + 12)
        self._reached = box if self._reached is None else self._reached.united(box)

    def clear(self) -> None:
        """Begin anew with nothing on it."""
        if self._reached is not None:
            painter = QPainter(self.image)
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
            painter.fillRect(self._reached.toAlignedRect(), Qt.GlobalColor.transparent)
            painter.end()
            self._reached = None

    def put(self, painter: QPainter) -> None:
        """Lay it over what is there, as much of it as there is something on."""
        if self._reached is None:
            return
        scale, box = self._scale, self._reached
        whole = QRect(0, 0, self.image.width(), self.image.height())
        grown = QRectF(box.x() * scale, box.y() * scale, box.width() * scale, box.height() * scale)
        part = grown.toAlignedRect().intersected(whole)
        if part.isEmpty():
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        at = QRectF(part.x() / scale, part.y() / scale, part.width() / scale, part.height() / scale)
        painter.drawImage(at, self.image, QRectF(part))


class MapPicture:
    """See the module's text. Interface thread only.

    A trail that grows looks like one that is painted at once: its ground and its line are on layers of their own, and
    no piece is painted over another.

    Attributes
    ----------
    complete
        Whether all trails have caught up with the moment that was painted last.
    """

    def __init__(self) -> None:
        self.complete = True
        self._key: tuple[object, ...] = ()
        self._ground: QImage | None = None
        self._ground_key: tuple[object, ...] = ()
        #: The minima: nobody's way covers them.
        self._signs = _Layer((1.0, 1.0), 1.0)
        #: The surface with the grounds of all trails but the chosen racer's; their lines, and the chosen one's ground
        #: and line, which stays on top.
        self._below: QImage | None = None
        self._layers: tuple[_Layer, _Layer, _Layer] | None = None
        #: All ways, and up to which corner each of them is painted; by racer.
        self._trails: dict[str, Trail] = {}
        self._trails_key: tuple[object, ...] = ()
        self._done: dict[str, int] = {}
        self._time = 0.0

    def paint(
        self,
        painter: QPainter,
        theme: Theme,
        view: Viewport,
        known: SurfaceMap | None,
        image: QImage | None,
        moment: Moment | None,
        surface: Surface,
    ) -> None:
        """Paint a surface with axes and minima, and the trails up to a moment."""
        scale = draw.scale_of(painter)
        ground_key = (theme.name, view, scale, known, surface)
        if ground_key != self._ground_key or self._ground is None:
            self._ground_key = ground_key
            self._ground = self._painted_ground(theme, view, scale, known, image, surface)
            self._signs = _signs(theme, view, scale, surface)
            self._below = None
        if moment is None:
            draw.blit(painter, 0, 0, self._ground)
            self._signs.put(painter)
            self._below, self.complete = None, True
            return
        key = (moment.answer, moment.chosen)
        if self._below is None or key != self._key or moment.time < self._time:
            self._begin(view, moment)
            self._key = key
            if self._below is None or self._layers is None:
                size = (view.x + view.w, view.y + view.h)
                self._layers = (_Layer(size, scale), _Layer(size, scale), _Layer(size, scale))
            for layer in self._layers:
                layer.clear()
            self._below = self._ground.copy()
        self._time = moment.time
        assert self._layers is not None
        self._catch_up(theme, view, moment, self._below, self._layers)
        lines, *top = self._layers
        draw.blit(painter, 0, 0, self._below)
        lines.put(painter)
        self._tails(painter, theme, view, moment, chosen=False)
        for layer in top:
            layer.put(painter)
        self._tails(painter, theme, view, moment, chosen=True)
        self._signs.put(painter)

    def _painted_ground(
        self,
        theme: Theme,
        view: Viewport,
        scale: float,
        known: SurfaceMap | None,
        image: QImage | None,
        surface: Surface,
    ) -> QImage:
        size = (view.x + view.w, view.y + view.h)
        ground = draw.canvas(*size, scale, theme.bg0)
        with draw.painting(ground, size) as painter:
            if known is not None and known.curve is not None:
                race_map_paint.paint_curve(painter, theme, view, known)
            else:
                race_map_paint.paint_surface(painter, theme, view, known, image)
            race_map_paint.paint_scales(painter, theme, view, surface)
        return ground

    def _begin(self, view: Viewport, moment: Moment) -> None:
        """Know all ways, and from which corner on they are painted."""
        trails_key = (moment.answer, view)
        if trails_key != self._trails_key:
            self._trails_key = trails_key
            # Of long races each way is known when it is its turn: all of them take longer than a frame.
            steps = sum(len(one) for one in (path.positions for path in moment.answer.paths))
            self._trails = trails_of(view, moment) if steps <= _AT_ONCE else {}
        self._done = {}
        for identifier, whole in self._trails.items():
            self._start(identifier, whole, moment)

    def _start(self, identifier: str, whole: Trail, moment: Moment) -> None:
        self._done[identifier] = whole.back(whole.reached(moment.time), _LONGEST)

    def _catch_up(
        self, theme: Theme, view: Viewport, moment: Moment, ground: QImage, layers: tuple[_Layer, _Layer, _Layer]
    ) -> None:  # fmt: skip
        """Go on with the trails, everybody's in turn, until the time is up."""
        end = perf_counter() + _BUDGET
        size = (view.x + view.w, view.y + view.h)
        waiting = [one for one in moment.places if self._behind(one, moment)]
        if waiting:
            lines, halo, line = layers
            with (
                draw.painting(ground, size) as below,
                draw.painting(lines.image, size) as over,
                draw.painting(halo.image, size) as chosen_below,
                draw.painting(line.image, size) as chosen_over,
            ):
                while waiting and perf_counter() < end:
                    for place in waiting:
                        identifier = place.racer.id
                        if identifier not in self._trails:
                            self._trails[identifier] = trail_of(view, place, moment.flat)
                            self._start(identifier, self._trails[identifier], moment)
                        chosen = identifier == moment.chosen
                        piece = Piece(self._next(moment, place))
                        paint_ground(chosen_below if chosen else below, theme, piece, chosen)
                        color = place.look.color(theme)
                        paint_line(chosen_over if chosen else over, color, piece, chosen)
                        for layer in (halo, line) if chosen else (lines,):
                            layer.reach(piece.places)
                        if perf_counter() > end:
                            break
                    waiting = [one for one in waiting if self._behind(one, moment)]
        self.complete = not waiting

    def _behind(self, place: Place, moment: Moment) -> bool:
        whole = self._trails.get(place.racer.id)
        return whole is None or self._done[place.racer.id] < whole.reached(moment.time)

    def _next(self, moment: Moment, place: Place) -> np.ndarray:
        """Return the next piece of a way (n, 2); it is counted as painted."""
        whole, first = self._trails[place.racer.id], self._done[place.racer.id]
        last = whole.within(first, min(whole.reached(moment.time), first + _PIECE), _FAR)
        self._done[place.racer.id] = last
        return whole.corners[first : last + 1]

    def _tails(
        self, painter: QPainter, theme: Theme, view: Viewport, moment: Moment, *, chosen: bool
    ) -> None:
        """From the last corner to where racers are."""
        for place in moment.places:
            if (place.racer.id == moment.chosen) != chosen or self._behind(place, moment):
                continue
            if not place.gone:
                corner = self._trails[place.racer.id].corners[self._done[place.racer.id]]
                paint_tail(painter, theme, view, place, corner, chosen)


def _signs(theme: Theme, view: Viewport, scale: float, surface: Surface) -> _Layer:
    """Return the minima on a layer of their own."""
    size = (view.x + view.w, view.y + view.h)
    found = _Layer(size, scale)
    with draw.painting(found.image, size) as painter:
        race_map_paint.paint_minima(painter, theme, view, surface)
    for box in race_map_paint.minima_boxes(view, surface):
        corners = (box.topLeft(), box.bottomRight())
        found.reach(np.array([[one.x(), one.y()] for one in corners]))
    return found
