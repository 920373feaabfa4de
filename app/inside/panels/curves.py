"""Curves: which map is right? The class's probability while the pixels a method calls strongest go, or come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.bus import CommandError
from app.engine.questions.trust import RANDOM
from app.inside.attributing import Attributing
from app.inside.methods import METHODS
from app.inside.panels import InsidePanel
from app.inside.removal_chart import RemovalChart
from app.inside.scan_panel import AnswerPanel
from app.text import tr

if TYPE_CHECKING:
    from app.engine.questions.trust import Removals
    from app.inside.session import InsideSession
    from core.runs import Position


def asked_methods(of: Attributing) -> dict[str, dict[str, Any]]:
    """The methods that are shown and can explain this network, with their settings."""
    return {
        name: of.settings(name) for name in of.methods if of.of_images or METHODS[name].of == "any"
    }


class TrustPanel(AnswerPanel):
    """What curves and sanity check share: they are of the methods, the input and the class that are shown."""

    def __init__(self, session: InsideSession, name: str, question: str) -> None:
        super().__init__(session, name, question)
        self.attributing = Attributing.of(session)

    def wanted(self) -> Any:
        session, of = self.session, self.attributing
        if session.input is None or session.class_index is None or self.refusal():
            return None
        methods = tuple((name, tuple(sorted((k, str(v)) for k, v in settings.items())))
                        for name, settings in asked_methods(of).items())  # fmt: skip
        return (id(session.input), session.class_index, of.against, methods)

    def values(self) -> dict[str, Any]:
        session, of = self.session, self.attributing
        assert session.input is not None
        return {
            "x": session.input.x,
            "methods": asked_methods(of),
            "class_index": session.class_index,
            "against": of.against,
        }

    def refusal(self) -> str:
        reason = self.attributing.no_reason()
        if not reason and not asked_methods(self.attributing):
            reason = tr("Choose a method of attribution at the right.")
        return reason

    def position(self) -> Position | None:
        found = self.job.found
        return found.position if found is not None else None

    @property
    def class_name(self) -> str:
        """Of the class that was explained."""
        found, names = self.job.found, self.session.classes
        if found is None or found.class_index >= len(names):
            return ""
        return names[found.class_index]


class CurvesPanel(TrustPanel):
    """See the module's text."""

    def __init__(self, session: InsideSession) -> None:
        super().__init__(session, "inside-curves", "inside_removals")
        self.chart = RemovalChart()
        self.chart.picked.connect(
            lambda method: session.context.do("inside.show", name="curve", value=method)
        )
        self.outer.addWidget(self.chart, 1)
        session.offer("curve", "", check_curve)

    def said(self) -> str:
        found: Removals = self.job.found
        own = [one for one in found.methods if one.method != RANDOM]
        if not own:
            return ""
        low = min(own, key=lambda one: one.deletion.area)
        high = max(own, key=lambda one: one.insertion.area)
        if low.method == high.method:
            return tr(
                "probability of {label}: by both curves {best} finds the pixels that matter best",
                label=self.class_name, best=METHODS[low.method].title,
            )  # fmt: skip
        return tr(
            "probability of {label}: falls soonest by {low}, rises soonest by {high}",
            label=self.class_name, low=METHODS[low.method].title, high=METHODS[high.method].title,
        )  # fmt: skip

    def show_found(self) -> None:
        found: Removals | None = self.job.found
        methods = [one.method for one in found.methods] if found is not None else []
        chosen = str(self.session.toggles["curve"])
        if chosen not in methods:
            chosen = methods[0] if methods else ""
        titles = {name: METHODS[name].title for name in METHODS if name in methods}
        self.chart.show_found(found, titles, chosen)

    def _on_session(self) -> None:
        self.show_found()
        super()._on_session()


def check_curve(value: str) -> None:
    """Refuse what is no method."""
    if value and value not in (*METHODS, RANDOM):
        known = ", ".join((*METHODS, RANDOM))
        raise CommandError(
            tr("There is no curve of {name}; there are {known}.", name=repr(value), known=known)
        )


PANEL = InsidePanel(
    "curves", "below", tr("Curves"),
    tr("Take away the pixels a method calls strongest: the better the map, the sooner the class is lost"), 30,
    CurvesPanel,
)  # fmt: skip
