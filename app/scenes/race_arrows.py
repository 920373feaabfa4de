"""The next update of one racer on a map: arrows where it stands, and in a corner what they are.

The window shows the racer that is looked at there, and films do (`app.scenes.race_film`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF

from app.scenes import race_map_paint, race_terms_paint
from app.scenes.race_terms import Picture, picture
from app.scenes.race_update import Update

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.scenes.race_map_layout import Viewport
    from app.scenes.race_moment import Moment
    from app.theme import Theme

#: Switches of the window and of films: arrows at the racer, as long as their moves, with squares and rates.
ARROWS, TO_SCALE, SQUARES = "arrows", "arrows_to_scale", "squares"
#: From the right and the lower edge to the legend; maps smaller than this have none.
_RIGHT, _BELOW = 16.0, 40.0
_WIDE, _HIGH = 560.0, 300.0


def between(update: Update, part: float) -> tuple[float, float] | None:
    """Return where a racer is shown after a part of its update, or None: where it stands."""
    if not part or update.last:
        return None
    here, there = update.path.positions[update.step], update.path.positions[update.step + 1]
    at = here + (there - here) * part
    return float(at[0]), float(at[1])


def of_moment(moment: Moment, *, to_scale: bool = False, squares: bool = False) -> Picture | None:
    """Return what is to be seen of the racer that is looked at while the race plays; None if nothing."""
    found = next(((one, path) for one, path in moment.racers if one.id == moment.chosen), None)
    if found is None:
        return None
    racer, path = found
    step = min(int(moment.time), len(path.positions) - 1)
    update = Update(racer, path, step, moment.surface.variables)
    return picture(
        update, at=between(update, moment.time - step), to_scale=to_scale, squares=squares
    )


def paint(
    painter: QPainter,
    theme: Theme,
    shown: Picture,
    view: Viewport,
    moment: Moment,
    covered: tuple[QRectF, ...] = (),
    *,
    legend: bool = True,
) -> None:
    """Paint an update of the racer that is looked at, unless that is not on the map.

    What its arrows are is written clear of what is `covered`, and of the `legend`, if that is to be on the map.
    """
    place = next((one for one in moment.places if one.racer.id == moment.chosen), None)
    if place is None:
        return
    at, outside = race_map_paint.spot(view, place)
    if outside is not None:
        return
    (x0, x1), (y0, y1) = view.across, view.down
    scale = (view.w / (x1 - x0), 0.0 if moment.flat else -view.h / (y1 - y0))
    area = QRectF(view.x, view.y, view.w, view.h)
    box = legend_box(view, shown, at, covered) if legend else None
    standing = (*covered, *race_map_paint.minima_boxes(view, moment.surface))
    if not moment.flat:
        standing += race_map_paint.start_boxes(view, view.point(*moment.start))
    if box is not None:
        standing = (*standing, box)
    race_terms_paint.paint(painter, theme, place.look, shown, at, scale, area, standing)
    if box is not None:
        race_terms_paint.paint_legend(painter, theme, place.look, shown, box)


def legend_box(
    view: Viewport, shown: Picture, at: QPointF, covered: tuple[QRectF, ...] = ()
) -> QRectF | None:
    """Return where the legend stands: in the corner at the right, or the left one if the racer is there.

    Where something stands already it does not.
    """
    size = race_terms_paint.legend_size(shown)
    if view.w < _WIDE or view.h < max(_HIGH, size.height() + 180):
        return None
    top = view.y + view.h - _BELOW - size.height()
    right = QRectF(view.x + view.w - _RIGHT - size.width(), top, size.width(), size.height())
    left = QRectF(view.x + 48, top, size.width(), size.height())
    free = [one for one in (right, left) if not any(one.intersects(other) for other in covered)]
    clear = [one for one in free if not one.adjusted(-24, -24, 24, 24).contains(at)]
    return next(iter((*clear, *free, right)))
