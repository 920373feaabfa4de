"""What the close-up asks the engine: how the chosen number came about, and what a number goes into."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.engine.state import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.scenes.closeups import Index, Subject
    from app.step.session import StepSession
    from app.traces import Destination, Origin

Number = tuple[str, "Index"]


class Traces(QObject):
    """Asks about the number a close-up looks at, the one that was picked and the one under the mouse.

    Signals
    -------
    answered()
        The engine has said something new.

    Attributes
    ----------
    picked
        The operand's number that was clicked, or None.
    """

    answered = Signal()

    def __init__(self, session: StepSession) -> None:
        super().__init__(session)
        self._session = session
        self._engine = session.context.engine
        self.picked: Number | None = None
        self._origin: tuple[Any, Origin | None] | None = None
        self._destinations: tuple[Any, tuple[Destination, ...]] | None = None
        self._readers: tuple[Any, Mapping[str, np.ndarray]] | None = None
        self._asked: dict[str, Any] = {}
        self._under: Number | None = None

    # -- what is known

    def _key(self, subject: Subject) -> tuple[Any, ...]:
        snapshot = self._session.snapshot
        serial = snapshot.serial if snapshot is not None else 0
        return serial, subject.instruction.index, subject.tensor, subject.full

    def origin(self, subject: Subject) -> Origin | None:
        """How the chosen number came about; None until it is known."""
        known = self._origin
        return known[1] if known is not None and known[0] == self._key(subject) else None

    def destinations(self, subject: Subject) -> tuple[Destination, ...] | None:
        """What the picked number goes into, or the chosen one; None until it is known."""
        known = self._destinations
        if known is None or known[0] != (*self._key(subject), self.picked):
            return None
        return known[1]

    def readers(self, subject: Subject) -> Mapping[str, np.ndarray]:
        """Cells of the instruction's result that read the number under the mouse, or the picked one."""
        known = self._readers
        looked = self._under or self.picked
        if looked is None or known is None or known[0] != (subject.instruction.index, looked):
            return MappingProxyType({})
        return known[1]

    # -- asking

    def ask(self, subject: Subject) -> None:
        """Ask about what is looked at, unless the run is moving on already."""
        session = self._session
        if session.running or session.snapshot is None:
            return
        if self.picked is not None and self.picked[0] not in subject.instruction.operands.values():
            self.picked = None
        key = self._key(subject)
        computed = session.computed(subject)
        if computed and not self._known("origin", key):
            self._ask_origin(subject, key)
        number = self.picked or (subject.tensor, subject.full)
        whole = (*key, self.picked)
        if not self._known("destinations", whole):
            after = -1 if self.picked is not None else subject.instruction.index

            def found(answer: tuple[Destination, ...]) -> None:
                if self._asked.get("destinations") == whole:
                    self._destinations = (whole, answer)
                    self.answered.emit()

            self._send("destinations", tensor=number[0], cell=number[1], after=after, done=found)
        self._ask_readers(subject)

    def point(self, subject: Subject, number: Number | None) -> None:
        """Say which operand's number is under the mouse."""
        if number is not None and number[0] not in subject.instruction.operands.values():
            number = None
        if number != self._under:
            self._under = number
            self._ask_readers(subject)

    def pick(self, number: Number | None) -> None:
        """Choose an operand's number to follow; the same one again lets it go."""
        self.picked = None if number == self.picked else number

    def _known(self, what: str, key: Any) -> bool:
        """Whether this was asked already; notes that it is now."""
        if self._asked.get(what) == key:
            return True
        self._asked[what] = key
        return False

    def _ask_origin(self, subject: Subject, key: Any) -> None:
        session = self._session

        def found(answer: Origin) -> None:
            if self._asked.get("origin") == key:
                self._origin = (key, answer)
                if session.snapshot is not None and session.snapshot.serial == key[0]:
                    session.remember_start(answer.before)
                self.answered.emit()

        output = subject.tensor if len(subject.instruction.writes) > 1 else None
        self._send(
            "origin", instruction=subject.instruction.index, cell=subject.full, output=output,
            done=found,
        )  # fmt: skip

    def _ask_readers(self, subject: Subject) -> None:
        """Ask which results read a number; one question at a time, the newest next."""
        number = self._under or self.picked
        if number is None or self._session.running:
            return
        line = subject.instruction
        key = (line.index, number)
        if self._known("readers", key):
            return
        role = next((r for r, name in line.operands.items() if name == number[0]), None)
        result = next(iter(line.results.values()), line.writes[0] if line.writes else "")
        if role is None or not result:
            return

        def found(cells: list[Any]) -> None:
            if self._asked.get("readers") == key:
                array = np.array(cells, np.int32).reshape(len(cells), -1)
                self._readers = (key, MappingProxyType({result: array}))
                self.answered.emit()

        self._send("uses", instruction=line.index, role=role, cell=number[1], done=found)

    def _send(self, question: str, *, done: Any, **values: Any) -> None:
        snapshot = self._session.snapshot
        program = snapshot.program if snapshot is not None else None

        def failed(sentence: str) -> None:
            if sentence == INTERRUPTED:
                # Asked again when the run has come to rest.
                self._asked.pop("readers" if question == "uses" else question, None)

        self._engine.ask(
            question, done=done, failed=failed,
            program=program.serial if program is not None else None, **values,
        )  # fmt: skip
