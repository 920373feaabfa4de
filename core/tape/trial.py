"""Which of two ways of doing the same work is faster, found out while working."""

from __future__ import annotations

#: Pieces of work of a trial; the first does not count: caches and the other thread wake up.
_PIECES = 3
#: Seconds of a piece of a trial: more than waking the other thread takes, far less than a learner waits.
_A_PIECE = 0.02
#: A trial takes at most this share of the time, by the threads in use: one is chosen when the machine is busy, which
#: seldom lasts, and until two are tried again a program loses nearly half its speed.
_SHARE = {1: 0.1, 2: 0.05}
#: At most this share if the way chosen now takes longer than the other one did: what the machine does has changed.
_DOUBTFUL_SHARE = 0.4
#: The other way has to take this much less time: changing back and forth is worth nothing.
_WORTH = 0.95
#: Trials in a row that have to say so before this many threads take over: a moment in which another program runs makes
#: two threads look slow, a moment never makes one look slow.
_WINS = {1: 2, 2: 1}


class Trial:
    """Tells how many threads the next piece of work takes: two, unless the machine has no time for the second.

    Other programs, a window that paints or a processor that gets hot decide whether two are faster; now and then the
    other number is tried. Both make the same bits, so that nothing but time hangs on it.
    """

    def __init__(self) -> None:
        self._chosen = 2
        self._left = 0
        self._since = self._spent = 0.0
        self._seconds: dict[int, float] = {}
        #: Seconds of a step in the first two pieces: a step that has to fetch everything, and some in which the other
        #: thread joins in. They measure nothing but how long a piece is.
        self._first = 0.0
        self._begun = 0
        self._wins = 0

    @property
    def threads(self) -> int:
        """1 or 2."""
        return 3 - self._chosen if self._left else self._chosen

    def most(self, steps: int) -> int:
        """How many of so many steps the next piece takes: few while something is tried, all of them otherwise."""
        if self._seconds and not self._left:
            return steps
        if not self._first:
            return 1
        a_step = self._seconds.get(self._chosen, self._first)
        return min(steps, max(1, int(_A_PIECE / a_step)))

    def count(self, steps: int, seconds: float) -> None:
        """Take note of a piece of work done by `threads` threads."""
        if steps < 1:
            return
        a_step, threads = seconds / steps, self.threads
        if self._begun < 2:
            self._first, self._begun = a_step, self._begun + 1
            return
        if not self._left:
            self._average(threads, a_step)
            self._since += seconds
            other = self._seconds.get(3 - threads)
            doubtful = other is not None and other < _WORTH * self._seconds[threads]
            share = _DOUBTFUL_SHARE if doubtful else _SHARE[threads]
            if other is None or self._since * share >= self._spent:
                self._seconds.pop(3 - threads, None)
                self._left, self._spent = _PIECES, 0.0
            return
        if self._left < _PIECES:
            self._average(threads, a_step)
        self._left -= 1
        self._spent += seconds
        if not self._left:
            self._since = 0.0
            faster = self._seconds[threads] < _WORTH * self._seconds[self._chosen]
            self._wins = self._wins + 1 if faster else 0
            if self._wins == _WINS[threads]:
                self._chosen, self._wins = threads, 0

    def _average(self, threads: int, a_step: float) -> None:
        known = self._seconds.get(threads)
        self._seconds[threads] = a_step if known is None else 0.7 * known + 0.3 * a_step
