"""Playing a close-up: its window passes over all cells of the result, as fast as the speed slider says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from app.engine.state import SPEEDS
from app.scenes import closeups

if TYPE_CHECKING:
    from app.engine.state import Speed
    from app.scenes.closeups import Closeup, Subject, Walk
    from app.step.session import StepSession

#: Cells a second for the stops of the slider, from slow motion to full speed.
_RATES = (0.5, 1, 2, 3, 4, 5, 6, 8, 12, 20, 40, 80, 160, 320)


def cells_a_second(speed: Speed) -> float:
    """Return how many cells the window passes in a second."""
    for stop, rate in zip(SPEEDS, _RATES, strict=True):
        if stop.key == speed.key:
            return float(rate)
    return max(0.5, 2 * speed.rate)


class Walking(QObject):
    """The window that moves by itself. Interface thread only.

    Signals
    -------
    changed()
        It has begun, moved on or come to rest.
    """

    changed = Signal()

    def __init__(self, session: StepSession) -> None:
        super().__init__(session)
        self._session = session
        self._of: Any = None
        self._walk: Walk | None = None
        self._at = 0.0

    @property
    def playing(self) -> bool:
        """Whether the window is moving."""
        return self._walk is not None

    @property
    def number(self) -> int | None:
        """Which cell of the walk it is at, or None while it rests."""
        return None if self._walk is None else min(int(self._at), self._walk.count - 1)

    def begin(self, closeup: Closeup | None, subject: Subject | None) -> bool:
        """Set out from the chosen cell, or from the first if that is the last; False if there is nowhere to go."""
        walk = closeups.walk_of(closeup, subject)
        if walk is None or subject is None:
            return False
        first = walk.number(subject.cell)
        self._walk, self._of = walk, _key(subject)
        self._at = float(first if first + 1 < walk.count else 0)
        self.changed.emit()
        return True

    def stop(self) -> None:
        """Come to rest at the present cell, which becomes the chosen one."""
        walk, number = self._walk, self.number
        if walk is None or number is None:
            return
        self._walk = None
        tensor = self._of[1]
        self._session.context.do("select.cell", tensor=tensor, index=list(walk.cell(number)))
        self.changed.emit()

    def forget(self) -> None:
        """Come to rest without choosing anything: something else is looked at."""
        if self._walk is not None:
            self._walk = None
            self.changed.emit()

    def shown(self, subject: Subject | None) -> Subject | None:
        """Return the subject at the present cell; the same one while nothing moves."""
        walk, number = self._walk, self.number
        if subject is None or walk is None or number is None or self._of != _key(subject):
            return subject
        return replace(subject, cell=walk.cell(number))

    def advance(self, seconds: float) -> None:
        """Move on by the time that has gone by."""
        walk, subject = self._walk, self._session.subject
        if walk is None:
            return
        if subject is None or self._of != _key(subject):
            self.forget()
            return
        self._at += seconds * cells_a_second(self._session.context.engine.state.speed)
        if self._at >= walk.count:
            self.stop()
        else:
            self.changed.emit()


def _key(subject: Subject) -> tuple[Any, ...]:
    """What the window moves over: it stops when another cell, sample or instruction is chosen."""
    return (subject.instruction.index, subject.tensor, subject.cell, subject.row, subject.program.serial)  # fmt: skip
