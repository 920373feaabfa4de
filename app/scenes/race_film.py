"""The film of a race on its map; beside it, of a regression, the points with everybody's line.

A frame's toggles hold besides those of `app.scenes.race_slide` ``"map"`` (`app.engine.questions.mapping.SurfaceMap`),
and the switches of `app.scenes.race_arrows`: with ``"arrows"`` the next update of the racer that is looked at is there.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QRectF, Qt

from app.scenes import (
    draw,
    race_arrows,
    race_fit,
    race_map_paint,
    race_relief,
    race_terms_paint,
    race_trails,
    registry,
)
from app.scenes.race_map_layout import Viewport, fitted, fitted_curve
from app.scenes.race_moment import Moment
from app.scenes.race_slide import RaceSlide, room_below
from app.text import tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QImage, QPainter

    from app.engine.questions.mapping import SurfaceMap
    from app.engine.questions.racing import RaceAnswer
    from app.export.races import RaceSource
    from app.scenes.frame import Frame
    from app.scenes.race_slide import SlideLayout
    from app.scenes.race_terms import Picture
    from app.theme import Theme
    from core.landscape import Surface

_Box = tuple[float, float, float, float]
#: Share of the width that the points of a regression have.
_FIT = 0.36
#: Around the legend of the arrows, below the ranking.
_MARGIN = 12.0


class MapFilm(RaceSlide):
    """See the module's text."""

    name = "race"
    film_title = tr("Race")
    film_arrows = True

    def process(self, source: RaceSource, place: SlideLayout, scale: float) -> Mapping[str, Any]:
        """Run the race, and draw the map as large as it will be."""
        found = dict(super().process(source, place, scale))
        surface: Surface = found["answer"].surface
        view = view_of(surface, place.picture, None)
        columns, rows = max(2, round(view.w * scale)), max(2, round(view.h * scale))
        across, down = view.across, view.down
        if len(surface.variables) > 1:
            # Heights are of the middles of pixels.
            across, down = _inner(across, columns), _inner(down, rows)
        found["map"] = source.ask(
            "surface_map", surface=surface.to_document(), across=across, down=down, width=columns, height=rows,
            scale=scale,
        )  # fmt: skip
        return found

    def picture(
        self, painter: QPainter, place: SlideLayout, theme: Theme, frame: Frame, answer: RaceAnswer, time: float,
        chosen: str,
    ) -> None:  # fmt: skip
        """Draw the map with everybody's way, and the points beside it."""
        known: SurfaceMap | None = frame.toggles.get("map")
        if known is None:
            return
        surface, box = answer.surface, place.picture
        view = view_of(surface, box, known)
        curve = None
        if known.curve is not None:
            curve = (np.linspace(*known.across, len(known.curve)), known.curve)
        moment = Moment(answer, time, chosen, answer.race.start, curve)
        painter.save()
        painter.translate(box[0], box[1])
        painter.setClipRect(QRectF(0, 0, view.w, view.h), Qt.ClipOperation.IntersectClip)
        if known.curve is not None:
            race_map_paint.paint_curve(painter, theme, view, known)
        else:
            race_map_paint.paint_surface(painter, theme, view, known, _image(theme, known))
        race_map_paint.paint_scales(painter, theme, view, surface)
        race_trails.paint_trails(painter, theme, view, moment)
        race_map_paint.paint_minima(painter, theme, view, surface)
        x, y = answer.race.start
        if curve is not None:
            y = float(np.interp(x, *curve))
        if np.isfinite(y):
            race_map_paint.paint_start(painter, theme, view, view.point(x, y))
        race_map_paint.paint_racers(painter, theme, view, moment)
        shown = _update(moment, frame)
        if shown is not None:
            beside = _legend_box(room_below(place, answer), shown) is not None
            race_arrows.paint(painter, theme, shown, view, moment, legend=not beside)
        painter.restore()
        if surface.samples is not None:
            painter.save()
            painter.translate(box[0] + view.w, box[1])
            size = (box[2] - view.w, box[3])
            painter.setClipRect(QRectF(0, 0, *size), Qt.ClipOperation.IntersectClip)
            draw.line(painter, 0.5, 0, 0.5, size[1], theme.line)
            race_fit.paint(painter, theme, surface, size, moment)
            painter.restore()

    def below(
        self, painter: QPainter, room: QRectF, theme: Theme, frame: Frame, answer: RaceAnswer, time: float, chosen: str
    ) -> None:  # fmt: skip
        """Say what the arrows are, where that covers nothing."""
        moment = Moment(answer, time, chosen, answer.race.start)
        shown = _update(moment, frame)
        box = None if shown is None else _legend_box(room, shown)
        if shown is not None and box is not None:
            race_terms_paint.paint_legend(painter, theme, moment.looks[chosen], shown, box)


def _update(moment: Moment, frame: Frame) -> Picture | None:
    """Return what is to be seen of the racer that is looked at, if its arrows are to be."""
    if not frame.toggles.get(race_arrows.ARROWS, False):
        return None
    to_scale, squares = (
        bool(frame.toggles.get(name, False)) for name in (race_arrows.TO_SCALE, race_arrows.SQUARES)
    )
    return race_arrows.of_moment(moment, to_scale=to_scale, squares=squares)


def _legend_box(room: QRectF, shown: Picture) -> QRectF | None:
    """Return where the legend stands below the ranking, or None: there is no room for it."""
    size = race_terms_paint.legend_size(shown)
    if room.width() < size.width() + 2 * _MARGIN or room.height() < size.height() + 2 * _MARGIN:
        return None
    x, y = room.left() + _MARGIN, room.bottom() - _MARGIN - size.height()
    return QRectF(x, y, size.width(), size.height())


def view_of(surface: Surface, box: _Box, known: SurfaceMap | None) -> Viewport:
    """Return what of a surface is shown in a rectangle, whose corner is (0, 0)."""
    width = box[2] * (1 - _FIT) if surface.samples is not None else box[2]
    area = (0.0, 0.0, max(1.0, round(width)), max(1.0, box[3]))
    if len(surface.variables) == 1:
        return fitted_curve(surface.domain[0], None if known is None else known.curve, *area)
    return fitted(surface, *area)


def _inner(ends: tuple[float, float], count: int) -> tuple[float, float]:
    half = (ends[1] - ends[0]) / count / 2
    return ends[0] + half, ends[1] - half


@lru_cache(maxsize=2)
def _image(theme: Theme, known: SurfaceMap) -> QImage | None:
    return None if known.relief is None else race_relief.picture(theme, known.relief)


SCENE = registry.register(MapFilm())
