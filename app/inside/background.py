"""Work beside the interface and the engine: one thread, one piece of work after another, the newest counts."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

log = logging.getLogger("chainrule.inside")


class Background(QObject):
    """Runs functions on a thread of its own and hands on what they return. Interface thread.

    What is asked for while something else is under way waits; of several that wait the newest is done. Answers to what
    was asked for before the newest are dropped.
    """

    _answered = Signal(int, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._count = 0
        self._running = False
        self._waiting: tuple[int, Callable[[], Any]] | None = None
        self._done: tuple[Callable[[Any], None], Callable[[Exception], None]] | None = None
        self._answered.connect(self._on_answered)

    @property
    def busy(self) -> bool:
        """Whether something is under way or waits."""
        return self._running or self._waiting is not None

    def ask(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Do `work`, and call one of the others on this thread."""
        self._count += 1
        self._done = (done, failed)
        self._waiting = (self._count, work)
        self._next()

    def forget(self) -> None:
        """Nobody waits for an answer any more."""
        self._count += 1
        self._waiting = self._done = None

    def _next(self) -> None:
        if self._running or self._waiting is None:
            return
        number, work = self._waiting
        self._waiting, self._running = None, True

        def run() -> None:
            found: Any = None
            problem: Exception | None = None
            try:
                found = work()
            except Exception as error:  # noqa: BLE001 - handed to who asked
                problem = error
            try:
                self._answered.emit(number, found, problem)
            except RuntimeError:
                log.debug("the window was closed before the answer came")

        threading.Thread(target=run, name="look-inside", daemon=True).start()

    @Slot(int, object, object)
    def _on_answered(self, number: int, found: Any, problem: Exception | None) -> None:
        self._running = False
        if number == self._count and self._done is not None:
            done, failed = self._done
            self._done = None
            if problem is not None:
                failed(problem)
            else:
                done(found)
        self._next()
