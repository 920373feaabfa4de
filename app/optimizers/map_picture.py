"""The picture of a race on its map, kept between two moments: only what has moved is painted anew."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QPainter

from app.scenes import draw, race_map_paint
from app.scenes.race_moment import Moment, Place
from app.scenes.race_trails import Trail, paint_tail, stroke, trail_of

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from app.engine.questions.mapping import SurfaceMap
    from app.scenes.race_map_layout import Viewport
    from app.theme import Theme
    from core.landscape import Surface

#: Trails are painted for so long at a time, in seconds, and so many steps at once; the rest follows in the next turn.
_BUDGET, _PIECE = 0.004, 500
#: And no farther at once, in pixels.
_FAR = 3000.0
#: Of a racer that jumps to and fro for thousands of steps only the last of its way is painted, so many pixels.
_LONGEST = 40_000.0
#: Places before a new piece of a trail that are painted again, since the ground of the piece may touch them.
_AGAIN = 3
#: So few places are not searched for those that nobody sees.
_SHORT = 12


class MapPicture:
    """See the module's text. Interface thread only.

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
        #: The surface with the trails of all but the chosen racer, and that one's trail by itself: it stays on top.
        self._below: QImage | None = None
        self._above: QImage | None = None
        self._reached: QRectF | None = None
        #: The pixels of all ways, and up to which step each of them is painted; by racer.
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
            self._below = None
        if moment is None:
            draw.blit(painter, 0, 0, self._ground)
            self._below, self.complete = None, True
            return
        key = (moment.answer, moment.chosen)
        if self._below is None or key != self._key or moment.time < self._time:
            self._begin(view, moment)
            self._key = key
            self._below = self._ground.copy()
            self._above = draw.canvas(view.x + view.w, view.y + view.h, scale, None)
            self._reached = None
        self._time = moment.time
        self._catch_up(theme, view, moment)
        assert self._above is not None
        draw.blit(painter, 0, 0, self._below)
        self._tails(painter, theme, view, moment, chosen=False)
        self._put_above(painter, scale)
        self._tails(painter, theme, view, moment, chosen=True)

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
            race_map_paint.paint_signs(painter, theme, view, surface)
        return ground

    def _begin(self, view: Viewport, moment: Moment) -> None:
        """Know all ways, and from which step on they are painted."""
        trails_key = (moment.answer, view)
        if trails_key != self._trails_key:
            self._trails_key = trails_key
            self._trails = {one.racer.id: trail_of(view, one, moment.flat) for one in moment.places}
        self._done = {}
        for identifier, whole in self._trails.items():
            last = min(int(moment.time), len(whole.pixels) - 1)
            self._done[identifier] = whole.back(last, _LONGEST) if last > _PIECE else 0

    def _catch_up(self, theme: Theme, view: Viewport, moment: Moment) -> None:
        """Go on with the trails, everybody's in turn, until the time is up."""
        assert self._below is not None
        assert self._above is not None
        end = perf_counter() + _BUDGET
        size = (view.x + view.w, view.y + view.h)
        waiting = [one for one in moment.places if self._behind(one, moment)]
        if waiting:
            with (
                draw.painting(self._below, size) as below,
                draw.painting(self._above, size) as above,
            ):
                while waiting and perf_counter() < end:
                    for place in waiting:
                        chosen = place.racer.id == moment.chosen
                        self._go_on(above if chosen else below, theme, moment, place, chosen)
                        if perf_counter() > end:
                            break
                    waiting = [one for one in waiting if self._behind(one, moment)]
        self.complete = not waiting

    def _last(self, place: Place, moment: Moment) -> int:
        return min(int(moment.time), len(self._trails[place.racer.id].pixels) - 1)

    def _behind(self, place: Place, moment: Moment) -> bool:
        return self._done[place.racer.id] < self._last(place, moment)

    def _go_on(
        self, painter: QPainter, theme: Theme, moment: Moment, place: Place, chosen: bool
    ) -> None:
        whole, first = self._trails[place.racer.id], self._done[place.racer.id]
        last = whole.within(first, min(self._last(place, moment), first + _PIECE), _FAR)
        begin = max(0, first - _AGAIN)
        if last - begin <= _SHORT:
            way = whole.pixels[begin : last + 1]
        else:
            way = np.concatenate([whole.pixels[begin:first], whole.piece(first, last)])
        stroke(painter, theme, place.look.color(theme), way, first - begin, chosen)
        if chosen:
            self._reach(way)
        self._done[place.racer.id] = last

    def _reach(self, way: np.ndarray) -> None:
        """Keep in mind which part of the chosen racer's picture is painted on."""
        (left, top), (right, bottom) = way.min(axis=0), way.max(axis=0)
        box = QRectF(left - 6, top - 6, right - left + 12, bottom - top + 12)
        self._reached = box if self._reached is None else self._reached.united(box)

    def _put_above(self, painter: QPainter, scale: float) -> None:
        """Put the chosen racer's picture on top, as much of it as there is something on."""
        assert self._above is not None
        if self._reached is None:
            return
        whole = QRect(0, 0, self._above.width(), self._above.height())
        box = self._reached
        grown = QRectF(box.x() * scale, box.y() * scale, box.width() * scale, box.height() * scale)
        part = grown.toAlignedRect().intersected(whole)
        if part.isEmpty():
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        at = QRectF(part.x() / scale, part.y() / scale, part.width() / scale, part.height() / scale)
        painter.drawImage(at, self._above, QRectF(part))

    def _tails(
        self, painter: QPainter, theme: Theme, view: Viewport, moment: Moment, *, chosen: bool
    ) -> None:
        """From the last whole step to where racers are between two steps."""
        for place in moment.places:
            if (place.racer.id == moment.chosen) != chosen or self._behind(place, moment):
                continue
            if moment.time > self._last(place, moment) and not place.gone:
                paint_tail(painter, theme, view, moment, place)
