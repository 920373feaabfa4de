"""Compare: another network beside this one on the same input."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from app.bus import CommandError
from app.engine.questions.beside import KINDS, OF_RUNS, WITHOUT_RUNS
from app.inside.attributing import Attributing
from app.inside.methods import METHODS
from app.inside.panels import InsidePanel
from app.inside.scan_panel import AnswerPanel
from app.inside.two_networks import TwoNetworks
from app.scenes.spec_view import numbered_titles
from app.text import number, tr
from app.widgets import Choice

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent, QShowEvent

    from app.engine.questions.beside import Beside, Other
    from app.inside.session import InsideSession
    from core.runs import Position

_FILE = "file"
#: Of the choices, in a panel up to so wide and in others.
_NARROW, _WIDTHS = 560, ((150, 120), (190, 150))
#: Epochs that are offered; any other step can be named by the command.
_EPOCHS = 10


def check_beside(value: Mapping[str, Any]) -> None:
    """Refuse what names no network."""
    known = {"kind", "name", "step"}
    kind, name, step = value.get("kind", "step"), value.get("name", ""), value.get("step", 0)
    if not set(value) <= known:
        raise CommandError(tr("Another network is named by kind, name and step."))
    if kind not in KINDS:
        raise CommandError(
            tr(
                "Another network is one of {kinds}, not {kind}.",
                kinds=", ".join(KINDS),
                kind=repr(kind),
            )
        )
    whole = isinstance(step, int) and not isinstance(step, bool)
    if not isinstance(name, str) or not whole or step < 0:
        raise CommandError(tr("Another network has a name that is words, and a step from 0."))


def check_method(value: str) -> None:
    """Refuse what is no method."""
    if value not in METHODS:
        raise CommandError(
            tr(
                "There is no method {name}; there are {known}.",
                name=repr(value),
                known=", ".join(METHODS),
            )
        )


class ComparePanel(AnswerPanel):
    """See the module's text. It follows the network while it trains: the other one stays as it is."""

    # It stands where the networks would.
    says_refusal = False

    def __init__(self, session: InsideSession) -> None:
        super().__init__(session, "inside-compare", "inside_beside")
        self._attributing = Attributing.of(session)
        self._others: tuple[Other, ...] = ()
        #: Of which network `_others` are.
        self._others_of: Any = None
        self._asked_for: Any = None
        session.offer("beside", {"kind": "step", "name": "", "step": 0}, check_beside)
        session.offer("beside_method", "saliency", check_method)
        self.choice = Choice(
            [], name="inside-compare-other", label=tr("The other network"), width=_WIDTHS[1][0]
        )
        self.choice.setToolTip(
            tr(
                "An earlier step of this run, another run, a network that is delivered trained, or one of a file"
            )
        )
        self.choice.chosen.connect(self._on_choice)
        self.method = Choice(
            [(m.id, m.title) for m in METHODS.values()], name="inside-compare-method",
            label=tr("Method of attribution"), width=_WIDTHS[1][1],
        )  # fmt: skip
        self.method.chosen.connect(
            lambda value: session.context.do("inside.show", name="beside_method", value=value)
        )
        self.bar.insertWidget(0, self.choice)
        self.bar.insertWidget(1, self.method)
        self.picture = TwoNetworks()
        self.outer.addWidget(self.picture, 1)
        self._list()

    # -- which network

    @property
    def beside(self) -> dict[str, Any]:
        """The other network."""
        return {"kind": "step", "name": "", "step": 0} | dict(self.session.toggles["beside"])

    def showEvent(self, event: QShowEvent) -> None:
        self._ask_others()
        super().showEvent(event)
        self.show_found()

    def resizeEvent(self, event: QResizeEvent) -> None:
        # Room is left for what is said beside the choices.
        for choice, wide in zip(
            (self.choice, self.method), _WIDTHS[self.width() > _NARROW], strict=True
        ):
            choice.setFixedWidth(wide)
        super().resizeEvent(event)

    def _ask_others(self) -> None:
        self._others_of = self._key_of_others()
        self.session.context.engine.ask(
            "inside_others", done=self._on_others, failed=lambda _: None, asker=self.objectName()
        )

    def _on_others(self, found: tuple[Other, ...]) -> None:
        self._others = found
        self._list()

    def _key_of_others(self) -> Any:
        return self.session.input_shape, self.session.alone

    @property
    def _lacks_other(self) -> bool:
        """Whether none is chosen that a network without a run can be compared with."""
        return self.session.alone and self.beside["kind"] in OF_RUNS

    def _list(self) -> None:
        """Fill the list: steps, runs, networks that are delivered trained, a file."""
        self.choice.blockSignals(True)
        self.choice.clear()
        newest = self.session.context.engine.latest
        history = newest.history if newest is not None else None
        ends = [(0, 0)] if history is None else [(int(s), int(e)) for s, e in history.epoch_ends]
        every = max(1, -(-len(ends) // _EPOCHS))
        options: list[tuple[str, dict[str, Any]]] = []
        for step, epoch in () if self.session.alone else ends[::every]:
            title = (
                tr("This run, epoch {epoch}", epoch=number(epoch))
                if step
                else tr("This run, step 0")
            )
            options.append((title, {"kind": "step", "name": "", "step": step}))
        options += [
            (one.title, {"kind": one.kind, "name": one.name, "step": 0})
            for one in self._others
            if one.kind != "step"
        ]
        now = self.beside
        if self._lacks_other:
            options.insert(0, (tr("Choose a network"), now))
        elif now not in [value for _, value in options]:
            title = (
                now["name"]
                if now["kind"] != "step"
                else tr("This run, step {step}", step=number(now["step"]))
            )
            if now["kind"] == _FILE:
                title = title.replace("\\", "/").rpartition("/")[2]
            options.insert(0, (title, now))
        for title, value in options:
            self.choice.addItem(title, json.dumps(value, sort_keys=True))
            self.choice.setItemData(self.choice.count() - 1, title, Qt.ItemDataRole.ToolTipRole)
        self.choice.addItem(tr("A project file …"), _FILE)
        self.choice.set_value(json.dumps(now, sort_keys=True))
        self.method.set_value(str(self.session.toggles["beside_method"]))
        self.choice.blockSignals(False)

    def _on_choice(self, value: str) -> None:
        if value == _FILE:
            path, _ = QFileDialog.getOpenFileName(
                self, tr("A network beside this one"), "", tr("Chainrule projects (*.chainrule)")
            )
            if not path:
                self._list()
                return
            chosen: Any = {"kind": "file", "name": path, "step": 0}
        else:
            chosen = json.loads(value)
        self.session.context.do("inside.show", name="beside", value=chosen)

    # -- the question

    def wanted(self) -> Any:
        session = self.session
        if session.input is None or session.class_index is None or self.refusal():
            return None
        method = self._method()
        settings = self._attributing.settings(method) if method else {}
        look = session.look
        return (
            id(session.input), session.class_index, method, json.dumps(settings, default=str, sort_keys=True),
            json.dumps(self.beside, sort_keys=True), look.version if look is not None else None,
        )  # fmt: skip

    def values(self) -> dict[str, Any]:
        session = self.session
        assert session.input is not None
        method = self._method()
        return {
            "x": session.input.x, "method": method,
            "settings": self._attributing.settings(method) if method else {},
            "class_index": session.class_index, **self.beside,
        }  # fmt: skip

    def _method(self) -> str:
        """The method of attribution; none where nothing can be attributed: both still say what they say."""
        return "" if self._attributing.no_reason() else str(self.session.toggles["beside_method"])

    def refusal(self) -> str:
        session = self.session
        if session.look is not None and not len(session.look.scores):
            return tr(
                "Networks are compared by the classes they give; this one gives no list of classes."
            )
        return WITHOUT_RUNS if self._lacks_other else ""

    def ask(self, *, again: bool = False) -> None:
        job = self.job
        if self._lacks_other and (job.goes_on or job.problem or job.found is not None):
            # What was said of another choice gives way to what can be chosen.
            self._asked = None
            job.forget()
        super().ask(again=again)

    def _on_session(self) -> None:
        # While one answer is on its way the next waits for it, so that training does not starve the picture.
        self.method.set_value(str(self.session.toggles["beside_method"]))
        self.show_found()
        if self.isVisible() and self.session.current and self._others_of != self._key_of_others():
            self._ask_others()
        if self.isVisible() and (
            not self.job.goes_on or self._key_without_step() != self._asked_for
        ):
            self._asked_for = self._key_without_step()
            self._list()
            self.ask()

    def _key_without_step(self) -> Any:
        key = self.wanted()
        return key[:-1] if key is not None else None

    def _on_told(self) -> None:
        super()._on_told()
        if self.isVisible() and not self.job.goes_on and not self.job.problem:
            self.ask()

    # -- the answer

    def position(self) -> Position | None:
        found: Beside | None = self.job.found
        return found.position if found is not None else None

    def said(self) -> str:
        return self.picture.said()

    def show_found(self) -> None:
        session = self.session
        found: Beside | None = self.job.found
        method = (found.method if found is not None else "") or "saliency"
        self.picture.empty = self.refusal() or self.job.problem
        self.picture.ramp = session.input.ramp if session.input is not None else "ink"
        self.picture.show_found(
            found, session.classes, session.layer, self._attributing.signed(method),
            float(session.toggles["opacity"]), numbered_titles(session.network),
            session.features,
        )  # fmt: skip


PANEL = InsidePanel(
    "compare", "rows", tr("Compare"), tr("Another network beside this one on the same input"), 90, ComparePanel,
)  # fmt: skip
