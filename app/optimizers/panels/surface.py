"""The map: the surface with everybody's way on it; beside it, of a regression, the points that are fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.optimizers.fit_plot import FitPlot
from app.optimizers.solid_inset import SolidInset
from app.optimizers.surface_map import SurfaceMapView
from app.optimizers.surface_picker import SurfacePicker
from app.panels import PanelKind
from app.text import tr
from app.widgets import Line

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from app.optimizers.session import RaceSession

#: Width of the points beside the map: a share of all, at least and at most.
_SHARE, _LEAST, _MOST = 0.38, 168, 320


class SurfacePanel(QWidget):
    """See the module's text.

    Attributes
    ----------
    map
        The surface.
    fit
        The points of a regression.
    inset
        The surface in three dimensions, in a corner of the map.
    picker
        Which surface it is.
    """

    def __init__(self, session: RaceSession) -> None:
        super().__init__()
        self.setObjectName("race-surface-panel")
        self.map = SurfaceMapView(session)
        self.fit = FitPlot(session, lambda: self.map.surface, lambda: self.map.moment)
        self.inset = SolidInset(session, self.map)
        self._line = Line(vertical=True)
        self.picker = SurfacePicker(session)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.map, 1)
        row.addWidget(self._line)
        row.addWidget(self.fit)
        self.map.taken.connect(self._arrange)
        self.map.ground_map.drawn.connect(lambda: self.picker.say(self.map.ground_map.contours))
        self._arrange()

    def controls(self) -> QWidget:
        """What stands in the head."""
        return self.picker

    @Slot()
    def _arrange(self) -> None:
        surface = self.map.surface
        fitted = surface is not None and surface.samples is not None
        self.fit.setVisible(fitted)
        self._line.setVisible(fitted)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit.setFixedWidth(round(min(max(self.width() * _SHARE, _LEAST), _MOST)))


PANEL = PanelKind(
    "surface",
    "stage",
    tr("Map"),
    tr("The surface from above, with everybody's way on it"),
    10,
    SurfacePanel,
)
