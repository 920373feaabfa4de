"""The map: the surface with everybody's way on it; beside it, of a regression, the points that are fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.optimizers.surface_map import SurfaceMapView
from app.panels import PanelKind
from app.text import tr

if TYPE_CHECKING:
    from app.optimizers.session import RaceSession


class SurfacePanel(QWidget):
    """See the module's text.

    Attributes
    ----------
    map
        The surface.
    """

    def __init__(self, session: RaceSession) -> None:
        super().__init__()
        self.setObjectName("race-surface")
        self.map = SurfaceMapView(session)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.map, 1)


PANEL = PanelKind(
    "surface",
    "stage",
    tr("Map"),
    tr("The surface from above, with everybody's way on it"),
    10,
    SurfacePanel,
)
