"""Children that are asked to work, one at a time, so that a busy minute of the machine hits all of them.

A child is a process that reads a question (one line of JSON) and answers with one. Between questions it sleeps on its
pipe and takes nobody's core.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]

#: Seconds for so many units of work (or for a few more: whole epochs), and how many it were.
Contender = Callable[[int], tuple[float, int]]


class Child:
    """A process of ``python -m tests.benchmarks.<module>``.

    Parameters
    ----------
    module, arguments
        What it runs.
    environment
        Added to the environment; None takes a variable away.
    """

    def __init__(
        self, module: str, *arguments: str, environment: Mapping[str, str | None] | None = None
    ) -> None:
        command = [sys.executable, "-W", "ignore", "-m", f"tests.benchmarks.{module}", *arguments]
        pipe = subprocess.PIPE
        changed = {**os.environ, **(environment or {})}
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT,
            env={key: value for key, value in changed.items() if value is not None},
        )  # fmt: skip
        assert self._process.stdin
        assert self._process.stdout
        self._in, self._out = self._process.stdin, self._process.stdout

    def ask(self, question: str, **values: Any) -> Any:
        """Wait for the answer.

        Raises
        ------
        RuntimeError
            The child could not answer, or is gone.
        """
        line = ""
        with suppress(BrokenPipeError):
            self._in.write(json.dumps({"question": question, **values}) + "\n")
            self._in.flush()
            line = self._out.readline()
        if not line:
            code = self._process.wait(timeout=30)
            message = f"The child that was asked for {question!r} ended with exit code {code}."
            raise RuntimeError(message)
        answer = json.loads(line)
        if "problem" in answer:
            raise RuntimeError(answer["problem"])
        return answer["answer"]

    def contender(self, question: str, **values: Any) -> Contender:
        """This child, asked for so many units of work."""

        def work(count: int) -> tuple[float, int]:
            seconds, units = self.ask(question, count=count, **values)
            return float(seconds), int(units)

        return work

    def close(self) -> None:
        """End the process."""
        with suppress(BrokenPipeError):
            # What was written and never read goes with the child.
            self._in.close()
        self._out.close()
        self._process.wait(timeout=60)

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def serve(answers: Mapping[str, Callable[..., Any]]) -> None:
    """In the child: answer until the pipe closes."""
    # Nothing else may reach the pipe: what a library prints goes where errors go.
    out, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        values = json.loads(line)
        try:
            reply = {"answer": answers[values.pop("question")](**values)}
        except Exception as error:  # noqa: BLE001 - the parent is told, whatever it is
            reply = {"problem": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=out, flush=True)


def interleaved(
    contenders: Mapping[str, Contender], rounds: int, seconds: float
) -> dict[str, np.ndarray]:
    """Seconds a unit, round by round; in each round every contender works for about so long."""
    counts = {}
    for who, work in contenders.items():
        work(1)
        took, units = work(3)
        counts[who] = max(1, int(seconds * units / max(took, 1e-9)))
    times: dict[str, list[float]] = {who: [] for who in contenders}
    for _ in range(rounds):
        for who, work in contenders.items():
            took, units = work(counts[who])
            times[who].append(took / units)
    return {who: np.array(found) for who, found in times.items()}


def peak_memory() -> int:
    """The most bytes this process has had in memory at once."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not getrusage: on Linux it counts the parent's memory before the child began.
        line = next(one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    if sys.platform == "win32":
        return _peak_on_windows()
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)


def _peak_on_windows() -> int:
    import ctypes
    from ctypes import wintypes

    class Counters(ctypes.Structure):
        _fields_ = (
            ("cb", wintypes.DWORD),
            ("PageFaultCount", wintypes.DWORD),
            *((name, ctypes.c_size_t) for name in (
                "PeakWorkingSetSize", "WorkingSetSize", "QuotaPeakPagedPoolUsage", "QuotaPagedPoolUsage",
                "QuotaPeakNonPagedPoolUsage", "QuotaNonPagedPoolUsage", "PagefileUsage", "PeakPagefileUsage",
            )),
        )  # fmt: skip

    found = Counters(cb=ctypes.sizeof(Counters))
    windows: Any = ctypes
    kernel = windows.WinDLL("kernel32")
    kernel.GetCurrentProcess.restype = wintypes.HANDLE
    kernel.K32GetProcessMemoryInfo.argtypes = (
        wintypes.HANDLE, ctypes.POINTER(Counters), wintypes.DWORD,
    )  # fmt: skip
    kernel.K32GetProcessMemoryInfo(kernel.GetCurrentProcess(), ctypes.byref(found), found.cb)
    return int(found.PeakWorkingSetSize)
