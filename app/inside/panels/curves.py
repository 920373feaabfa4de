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

#: Areas that differ by less are called the same.
_SAME = 0.005

if TYPE_CHECKING:
    from app.engine.questions.trust import Removals
    from app.inside.session import InsideSession
    from core.runs import Position


def asked_methods(of: Attributing) -> dict[str, dict[str, Any]]:
    """The methods that are shown and can explain this network, with their settings."""
    return {
        name: of.settings(name) for name in of.methods if of.of_images or METHODS[name].of == "any"
    }


def _names(methods: list[str]) -> str:
    """Titles in a row: "A", "A and B", "A, B and C"."""
    titles = [METHODS[one].title for one in methods]
    if len(titles) < 2:
        return "".join(titles)
    return tr("{first} and {last}", first=", ".join(titles[:-1]), last=titles[-1])


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
        chance = next((one for one in found.methods if one.method == RANDOM), None)
        if not own or chance is None:
            return ""
        low = min(one.deletion.area for one in own)
        high = max(one.insertion.area for one in own)
        sooner = low < chance.deletion.area - _SAME
        higher = high > chance.insertion.area + _SAME
        falls = _names([one.method for one in own if one.deletion.area <= low + _SAME])
        rises = _names([one.method for one in own if one.insertion.area >= high - _SAME])
        label, what = self.class_name, self._what()
        if not sooner and not higher:
            return tr(
                "probability of {label}: no method finds what matters sooner than chance does",
                label=label,
            )
        if not higher:
            return tr(
                "probability of {label}: falls soonest by {low}; rises no sooner than by chance",
                label=label,
                low=falls,
            )
        if not sooner:
            return tr(
                "probability of {label}: rises soonest by {high}; falls no sooner than by chance",
                label=label, high=rises,
            )  # fmt: skip
        if falls == rises:
            return tr(
                "probability of {label}: by both curves {best} finds the {what} that matter best",
                label=label, best=falls, what=what,
            )  # fmt: skip
        return tr(
            "probability of {label}: falls soonest by {low}, rises soonest by {high}", label=label, low=falls,
            high=rises,
        )  # fmt: skip

    def _what(self) -> str:
        return tr("pixels") if self.attributing.of_images else tr("features")

    def show_found(self) -> None:
        found: Removals | None = self.job.found
        methods = [one.method for one in found.methods] if found is not None else []
        chosen = str(self.session.toggles["curve"])
        if chosen not in methods:
            chosen = methods[0] if methods else ""
        titles = {name: METHODS[name].title for name in METHODS if name in methods}
        self.chart.ramp = self.session.input.ramp if self.session.input is not None else "ink"
        self.chart.show_found(found, titles, chosen, self._what())

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
