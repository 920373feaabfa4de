"""Beside the map of a regression: the points, and the lines that move through them as the race goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt, Slot
from PySide6.QtWidgets import QToolTip

from app.scenes import race_fit
from app.scenes.formula_expressions import format_number
from app.text import tr
from app.widgets.painted import Painted

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent, QPainter

    from app.optimizers.session import RaceSession
    from app.scenes.race_moment import Moment
    from app.theme import Theme
    from core.landscape import Surface


class FitPlot(Painted):
    """See the module's text.

    Parameters
    ----------
    session
        The race.
    surface, moment
        What the map shows: the surface of a regression, and where everybody is.
    """

    ground, ring_inset = "bg0", 2

    def __init__(
        self,
        session: RaceSession,
        surface: Callable[[], Surface | None],
        moment: Callable[[], Moment | None],
    ) -> None:
        super().__init__(
            "race-fit", tr("Points and lines of the regression"), focus=Qt.FocusPolicy.NoFocus
        )
        self._surface, self._moment = surface, moment
        for signal in (session.race_changed, session.paths_changed, session.moved, session.chosen):
            signal.connect(self._refresh)

    @Slot()
    def _refresh(self) -> None:
        if self.isVisible():
            self.update()

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        surface = self._surface()
        if surface is None or surface.samples is None:
            return
        size = (float(self.width()), float(self.height()))
        race_fit.paint(painter, colors, surface, size, self._moment())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        surface = self._surface()
        if surface is None or surface.samples is None:
            return
        view = race_fit.plot(surface, float(self.width()), float(self.height()))
        k = race_fit.sample_at(surface, view, event.position())
        if k is None:
            QToolTip.hideText()
            return
        samples = surface.samples
        words = ", ".join(
            f"{name} {format_number(float(values[k]), 3)}"
            for name, values in zip(samples.names, (samples.u, samples.t), strict=True)
        )
        QToolTip.showText(event.globalPosition().toPoint(), words, self)
