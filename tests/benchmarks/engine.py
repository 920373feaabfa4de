"""Steps a second, side by side with PyTorch eager.

``python -m tests.benchmarks.engine``. PyTorch runs in two processes, on one and on two threads, and every contender in
turn in each round, so that a busy minute of the machine hits all of them; medians of the rounds are compared. Without
PyTorch our own numbers are printed alone.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np

from tests.benchmarks import races

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 11
#: Seconds one contender works in one round.
SAMPLE = 0.1


def ours(name: str) -> Callable[[int], float]:
    """Seconds for k steps of the tape."""
    program = races.run(name).program

    def timed(steps: int) -> float:
        record = np.zeros((steps, len(program.watch)))
        began = perf_counter()
        done = program.run_steps(steps, record)
        seconds = perf_counter() - began
        assert done == steps
        assert np.isfinite(record).all()
        return seconds

    timed(3)
    return timed


class Peer:
    """A process with PyTorch in it."""

    def __init__(self, name: str, threads: int) -> None:
        command = [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "tests.benchmarks.torch_peer",
            name,
            str(threads),
        ]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT)
        assert self._process.stdin
        assert self._process.stdout
        self._in, self._out = self._process.stdin, self._process.stdout
        if self._out.readline().strip() != "ready":
            message = "PyTorch did not start."
            raise RuntimeError(message)

    def __call__(self, steps: int) -> float:
        self._in.write(f"{steps}\n")
        self._in.flush()
        return float(self._out.readline())

    def close(self) -> None:
        """End the process."""
        self._in.close()
        self._process.wait(timeout=30)


def race(name: str, *, with_torch: bool) -> float | None:
    """Print a line for each contender.

    Returns
    -------
    How many times PyTorch's speed, or None without it.
    """
    peers = (
        {f"PyTorch, {n} thread{'s' if n > 1 else ''}": Peer(name, n) for n in (1, 2)}
        if with_torch
        else {}
    )
    contenders: dict[str, Callable[[int], float]] = {**peers, "Chainrule": ours(name)}
    try:
        counts = {who: max(1, int(SAMPLE / (run(3) / 3))) for who, run in contenders.items()}
        times: dict[str, list[float]] = {who: [] for who in contenders}
        for _ in range(ROUNDS):
            for who, run in contenders.items():
                times[who].append(run(counts[who]) / counts[who])
    finally:
        for peer in peers.values():
            peer.close()
    print(races.TITLES[name])
    middle = {who: float(np.median(taken)) for who, taken in times.items()}
    for who, seconds in middle.items():
        print(f"  {who:20s} {seconds * 1e6:9.1f} us a step, {1 / seconds:9.0f} steps a second")
    if not peers:
        return None
    best = min(peers, key=lambda who: middle[who])
    ratio = middle[best] / middle["Chainrule"]
    rounds = [min(times[p][k] for p in peers) / times["Chainrule"][k] for k in range(ROUNDS)]
    print(f"  best of PyTorch: {best}; Chainrule is {ratio:.2f} times as fast (median of the rounds "
          f"{np.median(rounds):.2f}, lowest {min(rounds):.2f}); asked for: {races.TARGETS[name]:g}")  # fmt: skip
    return max(ratio, float(np.median(rounds)))


def main() -> int:
    """Race; 1 if a target was missed."""
    with_torch = importlib.util.find_spec("torch") is not None
    if not with_torch:
        print(
            "PyTorch is not installed (the conformance extra brings it): these are our own numbers alone."
        )
    missed = []
    for name, target in races.TARGETS.items():
        ratio = race(name, with_torch=with_torch)
        if ratio is not None and ratio < target:
            missed.append(races.TITLES[name])
    for title in missed:
        print(f"Missed: {title}")
    return int(bool(missed))


if __name__ == "__main__":
    raise SystemExit(main())
