"""One clock for everything that moves: 60 ticks a second, only while somebody wants them."""

from __future__ import annotations

from time import perf_counter

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

#: Ticks a second.
RATE = 60

#: A tick never reports more than this, so that an animation does not jump after a stall.
LONGEST = 0.1


class Clock(QObject):
    """Emit ``tick(seconds since the last tick)`` while at least one owner wants it.

    Views call :meth:`want` when they become visible or start to move and :meth:`release` when
    they come to rest; with nobody left the timer stops and an idle window uses no processor time.
    Interface thread only.

    Parameters
    ----------
    parent
        Owner of the object.
    """

    tick = Signal(float)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._owners: set[str] = set()
        self._last = perf_counter()
        self._timer = QTimer(self)
        # A coarse timer may be 5 % late on every tick, which is visible as judder.
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(1000 // RATE)
        self._timer.timeout.connect(self._on_timeout)

    @property
    def running(self) -> bool:
        """Whether the clock ticks at present."""
        return self._timer.isActive()

    def want(self, owner: str) -> None:
        """Keep the clock running until ``owner`` releases it; asking twice counts once."""
        self._owners.add(owner)
        if not self._timer.isActive():
            self._last = perf_counter()
            self._timer.start()

    def release(self, owner: str) -> None:
        """Take back :meth:`want`; harmless if it was never called."""
        self._owners.discard(owner)
        if not self._owners:
            self._timer.stop()

    @Slot()
    def _on_timeout(self) -> None:
        now = perf_counter()
        seconds = min(now - self._last, LONGEST)
        self._last = now
        self.tick.emit(seconds)
