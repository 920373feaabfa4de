"""The second thread: one for the whole process, asleep on a lock while nobody needs it.

It holds nothing up: whoever runs a tape offers it a share and goes on at once (`core.kernels.sharing`). It comes if it
can, and leaves by itself a moment after the tape has stopped, so that it burns nothing while a run is paused.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads() -> int:
    """How many threads share a step unless a program is told otherwise: 2 where there are two processors, else 1.

    ``CHAINRULE_THREADS=1`` keeps the second one out of it, for example in processes that already run side by side.
    """
    wanted = os.environ.get("CHAINRULE_THREADS", "").strip()
    if wanted in ("1", "2"):
        return int(wanted)
    return min(2, processors())


def give_way() -> int:
    """The address of the system's function that lets another thread run, or 0."""
    try:
        if sys.platform == "win32":
            function = ctypes.windll.kernel32.SwitchToThread
        else:
            function = ctypes.CDLL(None).sched_yield
    except (AttributeError, OSError):
        return 0
    return ctypes.cast(function, ctypes.c_void_p).value or 0


class Helper:
    """A thread that does what was offered last."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._job: Callable[[], object] | None = None
        self._go = threading.Lock()
        self._go.acquire()
        self._asleep = False
        self._thread = threading.Thread(target=self._work, name="chainrule-helper", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """False in a process that was forked off this one: threads stay behind."""
        return self._process == os.getpid() and self._thread.is_alive()

    @property
    def asleep(self) -> bool:
        """True while it waits for an offer."""
        return self._asleep

    def offer(self, job: Callable[[], object]) -> None:
        """Do this as soon as the thread is free; what was offered before and has not begun is forgotten."""
        self._job = job
        if self._go.locked():
            try:
                self._go.release()
            except RuntimeError:
                # Two offers at once: the other one woke it.
                return

    def _work(self) -> None:
        while True:
            self._asleep = True
            self._go.acquire()
            self._asleep = False
            job, self._job = self._job, None
            if job is not None:
                job()
            # Arenas are large: nothing is held while asleep.
            del job


_helper: Helper | None = None
_starting = threading.Lock()


def helper() -> Helper:
    """The helper of this process, started when first needed."""
    global _helper
    if _helper is None or not _helper.alive:
        with _starting:
            if _helper is None or not _helper.alive:
                _helper = Helper()
    return _helper
