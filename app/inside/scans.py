"""What is asked of whole data sets: which samples are gone through, and how far a question has come.

The panels that show what excites a channel, what is mistaken and what is near share the choice of the samples
(`Scans`); each has a question of its own (`Job`), whose answer stays until it is asked for again: the network going on
makes it an older answer, which is said, and not another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QObject, Signal

from app.bus import CommandError
from app.text import tr
from core import data as data_sets

if TYPE_CHECKING:
    from app.inside.session import InsideSession

Part = Literal["train", "validation"]


class Scans(QObject):
    """The choice of samples, and its commands.

    Attributes
    ----------
    data, part
        A data set (empty: the run's own), and which of its samples.
    sets
        The parts of data sets that fit the network: (data, part, title, samples).

    Signals
    -------
    changed()
        Other samples.
    listed()
        `sets` is new.
    forgotten()
        Another network, project or run: what was found is of another.
    again(), stopped()
        The learner wants what is shown computed anew, or no longer.
    """

    changed = Signal()
    listed = Signal()
    forgotten = Signal()
    again = Signal()
    stopped = Signal()

    def __init__(self, session: InsideSession) -> None:
        super().__init__(session)
        self._session = session
        self.data, self.part = "", "validation"
        self.sets: tuple[tuple[str, str, str, int], ...] = ()
        self._key: Any = None
        bus = session.context.bus
        for name, handler, label in (
            ("inside.scan", self._do_scan, tr("Go through other samples")),
            ("inside.again", self._do_again, tr("Compute again")),
            ("inside.stop", self._do_stop, tr("Stop computing")),
        ):
            if not bus.knows(name):
                bus.register(name, handler, label=label)
        session.network_changed.connect(self._on_network)
        self._unsubscribe = bus.subscribe(
            lambda _: self._forget(), ("project.opened", "run.switched")
        )
        self._on_network()

    def _do_scan(self, data: str = "", part: Part = "validation") -> None:
        if data and data not in {info.id for info in data_sets.infos()}:
            raise CommandError(tr("There is no data set {name}.", name=repr(data)))
        if (data, part) != (self.data, self.part):
            self.data, self.part = data, part
            self.changed.emit()

    def _do_again(self) -> None:
        self.again.emit()

    def _do_stop(self) -> None:
        self.stopped.emit()

    def _on_network(self) -> None:
        key = self._session.same_network
        if key != self._key:
            self._key = key
            self._forget()

    def _forget(self) -> None:
        self.data, self.part, self.sets = "", "validation", ()
        self.forgotten.emit()

    def list(self) -> None:
        """Find out which samples there are, if that is not known."""
        if not self.sets:
            self._session.context.engine.ask(
                "sample_sets", done=self._on_sets, failed=lambda _: None
            )

    def _on_sets(self, found: Any) -> None:
        names = {"train": tr("training"), "validation": tr("held out")}
        self.sets = tuple(
            (one.id, part, f"{one.title}, {names[part]}", count)
            for one in found
            for part, count in reversed(one.parts)
        )
        own = [part for data, part, _, _ in self.sets if not data]
        if not self.data and own and self.part not in own:
            # Nothing is held out: there are only the samples that are trained on.
            self.part = own[0]
            self.changed.emit()
        self.listed.emit()


def scans_of(session: InsideSession) -> Scans:
    """The one choice of samples of a window."""
    found = session.findChild(Scans)
    return found if isinstance(found, Scans) else Scans(session)


class Job(QObject):
    """A question that takes long: what is found so far, and its progress.

    Attributes
    ----------
    found
        The newest answer, or part of one; None before there is any.
    share
        From 0 to 1 while it is computed, else None.
    problem
        Why there is no answer; a sentence.

    Signals
    -------
    told()
        Any of these is new.
    """

    told = Signal()

    def __init__(self, session: InsideSession, question: str) -> None:
        super().__init__(session)
        self._engine = session.context.engine
        self._question = question
        self._ticket = 0
        self.found: Any = None
        self.share: float | None = None
        self.problem = ""
        self._engine.progressed.connect(self._on_progress)

    @property
    def goes_on(self) -> bool:
        """Whether an answer is computed."""
        return self.share is not None

    def begin(self, **values: Any) -> None:
        """Ask; what was asked before counts no more."""
        self.stop()
        self.problem, self.share = "", 0.0
        self._ticket = self._engine.ask(
            self._question,
            done=self._on_done,
            failed=self._on_failed,
            partly=self._on_part,
            **values,
        )
        self.told.emit()

    def stop(self) -> None:
        """Leave off; what is found so far stays."""
        if self._ticket:
            self._engine.cancel(self._ticket)
        self._ticket, self.share = 0, None
        self.told.emit()

    def forget(self) -> None:
        """As if nothing had been asked."""
        self.found, self.problem = None, ""
        self.stop()

    def _on_progress(self, ticket: int, share: float) -> None:
        if ticket == self._ticket and self._ticket and self.share is not None:
            self.share = share
            self.told.emit()

    def _on_part(self, found: Any) -> None:
        self.found = found
        self.told.emit()

    def _on_done(self, found: Any) -> None:
        self.found, self._ticket, self.share = found, 0, None
        self.told.emit()

    def _on_failed(self, sentence: str) -> None:
        self.found, self._ticket, self.share, self.problem = None, 0, None, sentence
        self.told.emit()
