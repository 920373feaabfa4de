"""Measuring a running window: painting, stalls of the interface thread, the engine's share of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer

from app.scenes import registry

#: The heart beats this often; a longer pause between two beats is a stall.
BEAT = 0.005


@dataclass
class Report:
    """What was measured.

    Attributes
    ----------
    paints
        Seconds of each paint, by scene.
    gaps
        Seconds between beats beyond the beat itself.
    engine
        Seconds the engine spent, by what for.
    wall
        Seconds in all.
    steps
        Steps taken meanwhile.
    """

    title: str
    paints: dict[str, list[float]] = field(default_factory=dict)
    gaps: list[float] = field(default_factory=list)
    engine: dict[str, float] = field(default_factory=dict)
    wall: float = 0.0
    steps: int = 0

    def text(self) -> str:
        lines = [f"{self.title}: {self.wall:.1f} s"]
        for name, seconds in sorted(self.paints.items()):
            paints = np.array(seconds) * 1000
            lines.append(
                f"  painting {name:<12}{len(paints) / self.wall:5.1f}/s  "
                f"p50 {np.percentile(paints, 50):5.1f} ms  p95 {np.percentile(paints, 95):5.1f} ms  "
                f"longest {paints.max():5.1f} ms"
            )
        gaps = np.array(self.gaps or [np.nan]) * 1000
        lines.append(
            f"  interface thread     longest stall {gaps.max():.1f} ms, "
            f"p99 {np.percentile(gaps, 99):.1f} ms, p50 {np.percentile(gaps, 50):.1f} ms"
        )
        spent = sum(self.engine.values())
        if spent:
            shares = ", ".join(f"{k} {100 * v / self.wall:.0f} %" for k, v in self.engine.items())
            lines.append(
                f"  engine               {100 * spent / self.wall:.0f} % of the time ({shares}); "
                f"{self.steps / self.wall:,.0f} steps/s"
            )
        return "\n".join(lines)


class Heart(QObject):
    """Beats on the interface thread and notes when it is late."""

    def __init__(self) -> None:
        super().__init__()
        self.gaps: list[float] = []
        self._last = perf_counter()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(round(BEAT * 1000))
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now = perf_counter()
        self.gaps.append(max(0.0, now - self._last - BEAT))
        self._last = now

    def stop(self) -> None:
        self._timer.stop()


@contextmanager
def painting(into: dict[str, list[float]]) -> Iterator[None]:
    """Time every paint of every scene.

    The scenes are wrapped, not the widgets: Qt looks an overridden ``paintEvent`` up once and keeps it.
    """
    scenes = [registry.scene(name) for name in registry.names()]

    def wrap(scene: Any) -> None:
        original = type(scene).paint

        def timed(*arguments: Any) -> None:
            began = perf_counter()
            original(scene, *arguments)
            into.setdefault(scene.name, []).append(perf_counter() - began)

        scene.paint = timed

    for scene in scenes:
        wrap(scene)
    try:
        yield
    finally:
        for scene in scenes:
            del scene.paint  # type: ignore[attr-defined]


def spin(seconds: float, test: Callable[[], bool] = lambda: False) -> bool:
    """Let the window live for so long, or until the test passes."""
    # A loop of its own: ending the application's would tell everybody that the program quits.
    loop = QEventLoop()
    until = perf_counter() + seconds
    passed = False
    timer = QTimer()
    timer.setInterval(20)

    def look() -> None:
        nonlocal passed
        passed = test()
        if passed or perf_counter() > until:
            loop.quit()

    timer.timeout.connect(look)
    timer.start()
    loop.exec()
    timer.stop()
    return passed
