"""A panel that goes through a data set: which samples, how far it has come, of which step the answer is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.inside.scans import Job, scans_of
from app.text import number, tr
from app.widgets import Button, Choice, ProgressLine, Sentence

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QShowEvent

    from app.inside.session import InsideSession
    from core.runs import Position


class AnswerPanel(QWidget):
    """A question's answer with a bar over it: what it says, of which step it is, and a button to ask again or stop.

    Parameters
    ----------
    session
    name
        Object names begin with it.
    question
        What is asked of the engine.
    """

    #: Whether the bar says why there is nothing to ask.
    says_refusal = True

    def __init__(self, session: InsideSession, name: str, question: str) -> None:
        super().__init__()
        self.session = session
        self.scans = scans_of(session)
        self.job = Job(session, question)
        self._asked: Any = None
        self.outer = QVBoxLayout(self)
        self.outer.setContentsMargins(0, 0, 0, 0)
        self.outer.setSpacing(0)
        self.bar = QHBoxLayout()
        self.bar.setContentsMargins(16, 6, 16, 4)
        self.bar.setSpacing(8)
        self.status = Sentence(f"{name}-status")
        self.bar.addWidget(self.status, 1)
        self.button = Button(tr("Again"), name=f"{name}-again", icon="refresh", icon_size=14)
        self.button.setToolTip(tr("Compute it with the weights the network has now"))
        self.button.clicked.connect(self._on_button)
        self.bar.addWidget(self.button)
        self.outer.addLayout(self.bar)
        self.line = ProgressLine(name=f"{name}-progress")
        self.outer.addWidget(self.line)
        self.job.told.connect(self._on_told)
        self.scans.forgotten.connect(self._on_forgotten)
        self.scans.again.connect(self._on_again)
        self.scans.stopped.connect(self._on_stopped)
        session.looked.connect(self._on_session)
        session.chosen.connect(self._on_session)
        session.input_changed.connect(self._on_session)
        session.context.engine.snapshot_ready.connect(self.tell)
        session.context.theme_changed.connect(lambda _: self.show_found())

    # -- what a subclass says

    def wanted(self) -> Any:
        """What the answer hangs on besides the weights, or None if nothing can be asked."""
        raise NotImplementedError

    def values(self) -> dict[str, Any]:
        """What the question is asked with."""
        raise NotImplementedError

    def said(self) -> str:
        """What has been found, in words."""
        raise NotImplementedError

    def position(self) -> Position | None:
        """Where the run stood when what is shown was computed."""
        found = self.job.found
        return found.scan.position if found is not None else None

    def refusal(self) -> str:
        """Why there is nothing to ask; a sentence."""
        return ""

    def show_found(self) -> None:
        """Paint what is found."""

    # -- asking

    @property
    def outdated(self) -> bool:
        """Whether the network has moved on."""
        newest, own = self.session.context.engine.latest, self.position()
        alone = self.session.alone  # without a run there are no steps to fall behind
        return newest is not None and own is not None and newest.position != own and not alone

    def ask(self, *, again: bool = False) -> None:
        """Ask if what is shown is of something else."""
        key = self.wanted()
        idle = not self.isVisible() or not self.session.current
        if idle or key is None or (key == self._asked and not again):
            self.tell()
            return
        self._asked = key
        self.job.begin(**self.values())

    def _on_session(self) -> None:
        if self.isVisible():
            self.ask()

    def _on_forgotten(self) -> None:
        self._asked = None
        self.job.forget()
        self.show_found()

    def _on_again(self) -> None:
        if self.isVisible():
            self.ask(again=True)

    def _on_stopped(self) -> None:
        if self.isVisible():
            self.job.stop()

    def _on_button(self) -> None:
        self.session.context.do("inside.stop" if self.job.goes_on else "inside.again")

    def showEvent(self, event: QShowEvent) -> None:
        self.ask()

    def hideEvent(self, event: QHideEvent) -> None:
        if self.job.goes_on:
            # What was left off is begun anew when it is seen again.
            self._asked = None
            self.job.stop()

    # -- telling

    def _on_told(self) -> None:
        self.show_found()
        self.tell()

    def tell(self) -> None:
        """Say what there is."""
        if not self.isVisible():
            return
        job = self.job
        self.line.set_share(job.share)
        self.button.set_icon("x" if job.goes_on else "refresh")
        self.button.set_label(tr("Stop") if job.goes_on else tr("Again"))
        self.button.setAccessibleName(self.button.text())
        self.button.setEnabled(job.goes_on or self.wanted() is not None)
        if job.problem:
            self.status.say(job.problem)
        elif self.wanted() is None:
            self.status.say(self.refusal() if self.says_refusal else "")
        elif job.found is None:
            self.status.say("")
        else:
            self.status.say(" · ".join(part for part in (self.said(), self._when()) if part))

    def _when(self) -> str:
        position, newest = self.position(), self.session.context.engine.latest
        if position is None or self.session.alone:
            return ""
        if newest is None or not self.outdated:
            # Some answers have steps of their own.
            return tr("network at step {step}", step=number(position.step))
        if newest.position.step == position.step:
            return tr("computed earlier in step {step}", step=number(position.step))
        return tr("computed at step {step}, the network is at {now}", step=number(position.step),
                  now=number(newest.position.step))  # fmt: skip


class ScanPanel(AnswerPanel):
    """An answer that is found in samples, which are chosen at the left of its bar."""

    def __init__(self, session: InsideSession, name: str, question: str) -> None:
        super().__init__(session, name, question)
        self.set = Choice(
            [], name=f"{name}-samples", label=tr("Samples that are gone through"), width=168
        )
        self.set.setToolTip(tr("Samples that are gone through"))
        self.set.chosen.connect(self._choose_set)
        self.bar.insertWidget(0, self.set)
        self.scans.listed.connect(self._list_sets)
        self.scans.changed.connect(self._on_session)
        self.scans.changed.connect(self._list_sets)
        self._list_sets()

    def _list_sets(self) -> None:
        self.set.clear()
        for data, part, title, count in self.scans.sets:
            self.set.addItem(
                tr("{title} ({count})", title=title, count=number(count)), f"{data}|{part}"
            )
        self.set.set_value(f"{self.scans.data}|{self.scans.part}")

    def _choose_set(self, value: str) -> None:
        data, part = value.split("|")
        self.session.context.do("inside.scan", data=data, part=part)

    def showEvent(self, event: QShowEvent) -> None:
        self.scans.list()
        super().showEvent(event)

    def look_at(self, sample: int) -> None:
        """Show a sample as the input."""
        scan = self.job.found.scan
        self.session.context.do("inside.sample", index=int(sample), data=scan.data, part=scan.part)
