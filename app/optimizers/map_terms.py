"""The next update of the racer that is looked at, on the map: arrows where it stands, and in a corner what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF

from app.optimizers import seeing
from app.scenes import race_map_paint, race_terms_paint

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.optimizers.session import RaceSession
    from app.scenes.race_map_layout import Viewport
    from app.scenes.race_moment import Moment
    from app.scenes.race_terms import Picture
    from app.theme import Theme

#: From the right and the lower edge to the legend; maps smaller than this have none.
_RIGHT, _BELOW = 16.0, 40.0
_WIDE, _HIGH = 560.0, 300.0


def paint(
    painter: QPainter,
    theme: Theme,
    session: RaceSession,
    view: Viewport,
    moment: Moment,
    covered: tuple[QRectF, ...] = (),
) -> None:
    """Paint it, unless it is switched off, the race is over, or the racer is not on the map.

    What its arrows are is written clear of what is `covered`, and of the legend.
    """
    shown = seeing.picture_of(session)
    place = next((one for one in moment.places if one.racer.id == session.racer), None)
    if shown is None or place is None:
        return
    at, outside = race_map_paint.spot(view, place)
    if outside is not None:
        return
    (x0, x1), (y0, y1) = view.across, view.down
    scale = (view.w / (x1 - x0), 0.0 if moment.flat else -view.h / (y1 - y0))
    area = QRectF(view.x, view.y, view.w, view.h)
    box = legend_box(view, shown, at)
    standing = (*covered, *([box] if box is not None else ()))
    race_terms_paint.paint(painter, theme, place.look, shown, at, scale, area, standing)
    if box is not None:
        race_terms_paint.paint_legend(painter, theme, place.look, shown, box)


def legend_box(view: Viewport, shown: Picture, at: QPointF) -> QRectF | None:
    """Return where the legend stands: in the corner at the right, or the left one if the racer is there."""
    size = race_terms_paint.legend_size(shown)
    if view.w < _WIDE or view.h < max(_HIGH, size.height() + 180):
        return None
    top = view.y + view.h - _BELOW - size.height()
    right = QRectF(view.x + view.w - _RIGHT - size.width(), top, size.width(), size.height())
    if not right.adjusted(-24, -24, 24, 24).contains(at):
        return right
    return QRectF(view.x + 48, top, size.width(), size.height())
