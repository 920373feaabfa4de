"""How long a frame of a race takes in the window: twelve racers with trails, list, chart and terms, at 1280x720.

``python -m tests.benchmarks racetrack``: a real window without a screen. A frame is one tick of the clock and all the
painting that follows from it; 60 a second need 16.7 ms. The processor time of the interface's thread is told as well:
a busy machine disturbs it less.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from time import perf_counter, thread_time
from typing import Any

import numpy as np

from tests.benchmarks.children import ROOT
from tests.benchmarks.options import Options
from tests.benchmarks.rows import Row

_FRAME = 1 / 60
#: Panel, surface, steps, speed; what is asked at the 95th percentile, in seconds, or None.
CASES: dict[str, tuple[str, str, int, str, float | None]] = {
    "the map, Beale, 300 steps": ("surface", "beale", 300, "20/s", _FRAME),
    "the map, Himmelblau, 1,000 steps": ("surface", "himmelblau", 1000, "100/s", _FRAME),
    "the map, Rastrigin, 10,000 steps": ("surface", "rastrigin", 10_000, "500/s", _FRAME),
    "three dimensions, Beale, 300 steps": ("solid", "beale", 300, "20/s", _FRAME),
    "nine effects, Beale, 300 steps": ("effects", "beale", 300, "20/s", None),
}
#: The same of what is done by hand many times a second.
_BY_HAND: dict[str, float | None] = {
    "turning the surface": None, "dragging the start": _FRAME, "dragging a learning rate": _FRAME,
}  # fmt: skip
#: Frames before those that are measured: pictures and glyphs are made once.
_FIRST, _COUNT = 10, 300


def rows(options: Options) -> Iterator[Row]:
    """Median and 95th percentile of a frame."""
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **os.environ, "QT_QPA_PLATFORM": "offscreen", "CHAINRULE_HOME": home, "CHAINRULE_WARM_UP": "0",
        }  # fmt: skip
        command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.racetrack"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    for title, (times, own) in json.loads(done.stdout.strip().splitlines()[-1]).items():
        asked = CASES[title][4] if title in CASES else _BY_HAND[title]
        late = float(np.quantile(times, 0.95))
        yield Row(
            "racetrack", title, late, low=min(times), high=max(times),
            asked="" if asked is None else f"at most {asked * 1e3:.1f} ms",
            met=None if asked is None else late <= asked,
            note=f"of 95 in 100 frames; median {np.median(times) * 1e3:.1f} ms, "
            f"processor {np.median(own) * 1e3:.1f} and {np.quantile(own, 0.95) * 1e3:.1f} ms",
        )  # fmt: skip


class Track:
    """A window with twelve racers."""

    def __init__(self) -> None:
        import app
        from app.optimizers.view import OptimizersView
        from core.landscape.race import KINDS

        self.application = app.create_application()
        self.window = window = app.create_window()
        window.resize(1280, 720)
        window.show()
        self.until(lambda: bool(window.context.attached))
        self.do = window.context.bus.do
        self.do("workspace.show", name="optimizers")
        view = window.findChild(OptimizersView, "optimizers")
        assert view is not None
        self.session = view.session
        known = {one.kind for one in self.session.race.racers}
        for kind in KINDS:
            if kind.name not in known and len(self.session.race.racers) < 12:
                self.do("race.add", kind=kind.name)

    def until(self, there: Callable[[], bool], seconds: float = 300.0) -> None:
        """Let the window live until something is true."""
        from PySide6.QtCore import QEventLoop

        ends = perf_counter() + seconds
        while not there():
            if perf_counter() > ends:
                message = "the window did not get there"
                raise TimeoutError(message)
            self.application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 5)

    def rest(self, seconds: float) -> None:
        """Let what goes on in the background come to its end."""
        ends = perf_counter() + seconds
        self.until(lambda: perf_counter() > ends)

    def frames(self, frame: Callable[[int], Any]) -> tuple[list[float], list[float]]:
        """Seconds of each frame, and those of the processor."""
        times, own = [], []
        for k in range(_FIRST + _COUNT):
            began, working = perf_counter(), thread_time()
            frame(k)
            self.application.processEvents()
            if k >= _FIRST:
                times.append(perf_counter() - began)
                own.append(thread_time() - working)
        return times, own

    def play(
        self, panel: str, surface: str, steps: int, speed: str
    ) -> tuple[list[float], list[float]]:
        """Play a race from its start."""
        self.do("race.view", value=panel)
        self.do("race.surface", kind=surface)
        self.do("race.steps", value=steps)
        self.do("race.speed", value=speed)
        self.do("race.reset")
        self.until(lambda: self.session.current)
        self.rest(1.5)
        self.do("race.play")
        # The clock is this loop's: it waits for nothing, and nothing else ticks.
        clock = self.session.context.clock
        clock._timer.timeout.disconnect(clock._on_timeout)
        found = self.frames(lambda _: clock.tick.emit(_FRAME))
        clock._timer.timeout.connect(clock._on_timeout)
        self.do("race.pause")
        return found


def measure() -> dict[str, tuple[list[float], list[float]]]:
    """Play each case; then turn the surface, and drag the start and a learning rate."""
    track = Track()
    found = {
        title: track.play(*case[:4])  # what is asked is not its business
        for title, case in CASES.items()
    }
    track.do("race.surface", kind="beale")
    track.do("race.view", value="solid")
    track.until(lambda: track.session.current)
    track.rest(1.5)
    found["turning the surface"] = track.frames(lambda k: track.do("race.turn", turn=k / 60))
    track.do("race.view", value="surface")
    track.rest(1.0)
    found["dragging the start"] = track.frames(
        lambda k: track.do("race.start", x=0.7 + k / 400, y=1.0)
    )
    racer = track.session.racer
    found["dragging a learning rate"] = track.frames(
        lambda k: track.do("race.set", id=racer, key="learning_rate", value=0.01 + k / 4000)
    )
    track.window.shut_down()
    return found


if __name__ == "__main__":
    print(json.dumps(measure()), flush=True)
    os._exit(0)
