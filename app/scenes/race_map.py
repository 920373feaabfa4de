"""The map of a race as part of a picture: what has to be asked for, and painting a moment of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRectF, Qt

from app.scenes import race_map_paint, race_relief, race_trails
from app.scenes.cache import Cache
from app.scenes.race_map_layout import Viewport, fitted, fitted_curve

if TYPE_CHECKING:
    from PySide6.QtGui import QImage, QPainter

    from app.engine.questions.mapping import SurfaceMap
    from app.scenes.race_moment import Moment
    from app.theme import Theme
    from core.landscape import Surface

#: Pictures of more pixels are computed coarser and enlarged.
_PIXELS = 1_300_000

_grounds = Cache(4)


def asked(surface: Surface, view: Viewport, ratio: float) -> dict[str, Any]:
    """Return what to ask of "surface_map" for a viewport on a screen of so many pixels to a unit of length."""
    finest = min(1.0, (_PIXELS / max(1.0, view.w * view.h * ratio * ratio)) ** 0.5)
    columns, rows = (max(2, round(one * ratio * finest)) for one in (view.w, view.h))
    across, down = view.across, view.down
    if len(surface.variables) == 2:
        # Heights are those in the middles of pixels.
        wide, high = ((b - a) / n for (a, b), n in ((across, columns), (down, rows)))
        across = (across[0] + wide / 2, across[1] - wide / 2)
        down = (down[0] + high / 2, down[1] - high / 2)
    return {
        "surface": surface.to_document(), "across": across, "down": down, "width": columns, "height": rows,
        "scale": ratio * finest,
    }  # fmt: skip


def whole(
    surface: Surface, x: float, y: float, w: float, h: float, known: SurfaceMap | None = None
) -> Viewport:
    """Return what shows all of a surface in a rectangle; of a curve its heights have to be known."""
    if len(surface.variables) == 1:
        heights = known.curve if known is not None else None
        return fitted_curve(surface.domain[0], heights, x, y, w, h)
    return fitted(surface, x, y, w, h)


def paint(
    painter: QPainter, theme: Theme, view: Viewport, moment: Moment, known: SurfaceMap
) -> None:
    """Paint a moment: surface, axes, minima, everybody's whole way, the start, and markers."""
    painter.save()
    painter.setClipRect(QRectF(view.x, view.y, view.w, view.h), Qt.ClipOperation.IntersectClip)
    if known.curve is not None:
        race_map_paint.paint_curve(painter, theme, view, known)
    else:
        race_map_paint.paint_surface(painter, theme, view, known, _colored(theme, known))
    race_map_paint.paint_scales(painter, theme, view, moment.surface)
    race_trails.paint_trails(painter, theme, view, moment)
    race_map_paint.paint_minima(painter, theme, view, moment.surface)
    x, y = moment.start
    if moment.flat and moment.answer.paths:
        y = float(moment.answer.paths[0].losses[0])
    if y == y:
        race_map_paint.paint_start(painter, theme, view, view.point(x, y))
    race_map_paint.paint_racers(painter, theme, view, moment)
    painter.restore()


def _colored(theme: Theme, known: SurfaceMap) -> QImage | None:
    relief = known.relief
    if relief is None:
        return None
    # What it is of is kept with the picture, so that nothing else is at its address.
    found: tuple[SurfaceMap, QImage] = _grounds.get(
        (theme.name, id(known)), lambda: (known, race_relief.picture(theme, relief))
    )
    return found[1]
