"""The surface in three dimensions, as large as the stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.optimizers.solid import Solid, SolidPicture
from app.panels import PanelKind
from app.text import tr
from app.widgets import Segmented

if TYPE_CHECKING:
    from app.optimizers.session import RaceSession


class SolidPanel(QWidget):
    """The picture, and in the head what its heights are."""

    def __init__(self, session: RaceSession) -> None:
        super().__init__()
        self.setObjectName("race-solid")
        self.setAccessibleName(tr("The surface in three dimensions"))
        self._session = session
        self.solid = Solid.of(session)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.picture = SolidPicture(session, "race-solid-picture", axes=True)
        column.addWidget(self.picture)
        self._beside = QWidget()
        row = QHBoxLayout(self._beside)
        row.setContentsMargins(0, 0, 0, 0)
        self.heights = Segmented(
            [("log", tr("log f")), ("plain", tr("f"))], name="race-heights", label=tr("Heights")
        )
        self.heights.setToolTip(
            tr("Heights as logarithms show valleys that are small beside the hills around them")
        )
        self.heights.chosen.connect(lambda value: session.context.do("race.heights", value=value))
        row.addWidget(self.heights)
        self.solid.changed.connect(self._refresh)
        session.context.theme_changed.connect(lambda _: self.update())
        self._refresh()

    def controls(self) -> QWidget:
        """What stands in the head."""
        return self._beside

    def hint(self) -> tuple[tuple[str, str], ...]:
        """Keys for the status bar."""
        keys = (("← ↑ → ↓", tr("turn")), ("+ −", tr("nearer, farther")), ("0", tr("as at first")))
        return () if self.solid.flat else keys

    def _refresh(self) -> None:
        self.heights.set_value("log" if self.solid.log else "plain")
        self.heights.setEnabled(not self.solid.flat)


PANEL = PanelKind(
    "solid", "stage", tr("3-D"), tr("The surface in three dimensions, with all paths on it"), 20, SolidPanel
)  # fmt: skip
