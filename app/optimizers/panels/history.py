"""The terms of the racer that is looked at over the whole race."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.optimizers.term_history import TermHistory
from app.panels import PanelKind
from app.text import tr
from app.widgets import ScrollPanel

if TYPE_CHECKING:
    from PySide6.QtGui import QShowEvent

    from app.optimizers.session import RaceSession


class HistoryPanel(ScrollPanel):
    """See the module's text.

    Parameters
    ----------
    session
        What the panels share.
    """

    def __init__(self, session: RaceSession) -> None:
        super().__init__(name="race-history-panel")
        self.plots = TermHistory(session)
        self.body.addWidget(self.plots)
        self.body.addStretch(1)
        for signal in (session.moved, session.paths_changed, session.chosen):
            signal.connect(self._follow)
        session.context.theme_changed.connect(self.plots.update)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.plots.follow()

    def _follow(self) -> None:
        if self.isVisible():
            self.plots.follow()


PANEL = PanelKind(
    "history",
    "terms",
    tr("History"),
    tr("The terms over the whole race, with the playhead"),
    20,
    HistoryPanel,
)
