"""Sanity check: the layers forget what they learned, one after another; a map that stays has not looked at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.inside.forgetting import STAYED, ForgettingGrid
from app.inside.methods import METHODS
from app.inside.panels import InsidePanel
from app.inside.panels.curves import TrustPanel
from app.scenes.spec_view import numbered_titles
from app.text import tr
from app.widgets import ScrollPanel

if TYPE_CHECKING:
    from app.engine.questions.trust import SanityChecks
    from app.inside.session import InsideSession


class SanityPanel(TrustPanel):
    """See the module's text."""

    def __init__(self, session: InsideSession) -> None:
        super().__init__(session, "inside-sanity", "inside_sanity_checks")
        self.grid = ForgettingGrid(
            lambda method: METHODS[method].title, self._layer, self.attributing.signed
        )
        area = ScrollPanel(name="inside-sanity-scroll", steady=True)
        area.body.addWidget(self.grid)
        area.body.addStretch(1)
        self.outer.addWidget(area, 1)

    def _layer(self, layer: str) -> str:
        return numbered_titles(self.session.network).get(layer, layer)

    def said(self) -> str:
        found: SanityChecks = self.job.found
        whole = [m for m in found.methods if len(m.maps) > 1]
        stay = [METHODS[m.method].title for m in whole if abs(m.maps[-1].correlation) >= STAYED]
        if not whole or self.job.goes_on:
            return ""
        if not stay:
            return tr("With every layer random each map is another one: all depend on the network")
        return tr(
            "Does not care that the network has forgotten everything: {names}",
            names=", ".join(stay),
        )

    def show_found(self) -> None:
        self.grid.show_found(self.job.found)


PANEL = InsidePanel(
    "sanity", "below", tr("Sanity check"),
    tr("Give the layers random weights one after another and see which maps do not care"), 40, SanityPanel,
)  # fmt: skip
