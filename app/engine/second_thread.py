"""Whether training in the window takes a second thread: on two processors the other one has a window to paint."""

from __future__ import annotations

from functools import cached_property

#: Seconds of training between two trials of the other way, and slices of a trial; the first, in which the second
#: thread may still be asleep, does not count.
_BETWEEN, _TRIAL = 2.0, 4
#: The second thread has to save this much of a step to be worth the heat and the wait of whoever paints.
_WORTH = 0.9


class SecondThread:
    """Tells how many threads the next slice takes. Both ways make the same bits, so that it may change its mind.

    With more than two processors everybody has one. With two, the second thread rests while steps are shown at a given
    speed, and at full speed takes part if steps are found to be faster so, painting included: what that takes depends
    on the network and on what is open.

    Parameters
    ----------
    processors, threads
        How many there are, and how many threads a step may take; by default those of the machine.
    """

    def __init__(self, processors: int | None = None, threads: int | None = None) -> None:
        self._given = (processors, threads)
        self.forget()

    @cached_property
    def _processors(self) -> int:
        return self._machine[0]

    @cached_property
    def _threads(self) -> int:
        return self._machine[1]

    @cached_property
    def _machine(self) -> tuple[int, int]:
        # When first asked for: the window imports nothing of the tape.
        from core.tape import helper

        processors, threads = self._given
        return processors or helper.processors(), threads or helper.threads()

    def forget(self) -> None:
        """Find out anew: there is another network."""
        self._chosen, self._trial = 1, 0
        self._since = 0.0
        self._seconds: dict[int, float] = {}

    def wanted(self, mode: str) -> int:
        """Return how many threads take part in a slice at a speed of this mode (`app.engine.state.Speed`)."""
        if self._threads < 2:
            return 1
        if self._processors > 2:
            return 2
        if mode != "max":
            return 1
        return self._other if self._trial else self._chosen

    def count(self, threads: int, steps: int, seconds: float) -> None:
        """Take note of a slice."""
        if steps < 1 or self._threads < 2 or self._processors > 2:
            return
        a_step = seconds / steps
        if self._trial:
            if threads != self._other:
                return
            self._trial -= 1
            if self._trial < _TRIAL - 1:
                self._average(threads, a_step)
            if not self._trial:
                self._choose()
            return
        if threads == self._chosen:
            self._average(threads, a_step)
            self._since += seconds
            if self._since >= _BETWEEN or len(self._seconds) == 1:
                self._seconds.pop(self._other, None)
                self._trial, self._since = _TRIAL, 0.0

    @property
    def _other(self) -> int:
        return 3 - self._chosen

    def _average(self, threads: int, a_step: float) -> None:
        known = self._seconds.get(threads)
        self._seconds[threads] = a_step if known is None else 0.7 * known + 0.3 * a_step

    def _choose(self) -> None:
        alone, together = self._seconds[1], self._seconds[2]
        self._chosen = 2 if together < _WORTH * alone else 1
