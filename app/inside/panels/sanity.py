"""Sanity check: the layers forget what they learned, one after another; a map that stays has not looked at them."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from app.inside.forgetting import LEAST, ForgettingGrid, kind_of
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
        if not whole or self.job.goes_on:
            return ""
        names: dict[str, list[str]] = {kind: [] for kind in ("stays", "part", "changes", "nothing")}
        for one in whole:
            names[kind_of(one)].append(METHODS[one.method].title)
        if len(names["nothing"]) == len(whole):
            return tr("No map says anything about this network: each is the same number everywhere")
        if names["stays"]:
            return tr(
                "Does not care that the network has forgotten everything: {names}",
                names=", ".join(names["stays"]),
            )
        if names["part"]:
            return tr(
                "Changes only in part when the network forgets: {names}",
                names=", ".join(names["part"]),
            )
        return tr("With every layer random each map is another one: all depend on the network")

    def refusal(self) -> str:
        count = prod(self.session.input_shape)
        if count < LEAST:
            return tr(
                "A sanity check compares the order of many numbers; this network's input has only {count}.",
                count=count,
            )
        return super().refusal()

    def show_found(self) -> None:
        self.grid.show_found(self.job.found)


PANEL = InsidePanel(
    "sanity", "below", tr("Sanity check"),
    tr("Give the layers random weights one after another and see which maps do not care"), 40, SanityPanel,
)  # fmt: skip
