"""The next update of the racer that is looked at, on the window's map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.optimizers import seeing
from app.scenes import race_arrows

if TYPE_CHECKING:
    from PySide6.QtCore import QRectF
    from PySide6.QtGui import QPainter

    from app.optimizers.session import RaceSession
    from app.scenes.race_map_layout import Viewport
    from app.scenes.race_moment import Moment
    from app.theme import Theme


def paint(
    painter: QPainter,
    theme: Theme,
    session: RaceSession,
    view: Viewport,
    moment: Moment,
    covered: tuple[QRectF, ...] = (),
) -> None:
    """Paint it, unless it is switched off, the race is over, or the racer is not on the map."""
    shown = seeing.picture_of(session)
    if shown is not None:
        race_arrows.paint(painter, theme, shown, view, moment, covered)
