"""Lines about training on the terminal."""

from __future__ import annotations

import sys
import time
from typing import Any

from core.callbacks.base import Callback, Logs

_WIDTH = 20


class ProgbarLogger(Callback):
    """Print how training goes: one line an epoch, and on a terminal with ``verbose=1`` a bar that grows within it.

    `fit`, `evaluate` and `predict` add one where they are told to speak; `verbose` 0 is silent.
    """

    #: What it shows between batches it is told by `fit` itself, which need not stop after each for it.
    hears_batches = False

    def __init__(self) -> None:
        self.verbose: Any = 1
        self.epochs, self.target = 1, 0
        self._in_fit = False
        self._epoch, self._began, self._shown = 0, 0.0, 0

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params
        verbose = params.get("verbose", 1)
        self.verbose = 1 if verbose == "auto" else int(verbose)
        self.epochs, self.target = params.get("epochs", 1), params.get("steps", 0)

    @property
    def live(self) -> bool:
        """True if there is a line to draw over."""
        return self.verbose == 1 and sys.stdout.isatty()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._in_fit = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._in_fit = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch, self._began = epoch, time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._line(f"Epoch {epoch + 1}/{self.epochs}", logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self._began = time.perf_counter()

    def on_test_end(self, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self._line("", logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._began = time.perf_counter()

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._line("", None)

    def progress(self, batches: int, logs: Logs) -> None:
        """Draw the bar of an epoch of which so many batches are done."""
        if not self.live:
            return
        done = min(batches / max(self.target, 1), 1.0)
        bar = "━" * round(_WIDTH * done) + "─" * (_WIDTH - round(_WIDTH * done))
        text = f"Epoch {self._epoch + 1}/{self.epochs}  {bar} {batches}/{self.target}{_shown(logs)}"
        sys.stdout.write("\r" + text.ljust(self._shown))
        sys.stdout.flush()
        self._shown = len(text)

    def _line(self, head: str, logs: Logs | None) -> None:
        if not self.verbose:
            return
        seconds = time.perf_counter() - self._began
        count = f"{self.target} step{'s' if self.target != 1 else ''}"
        text = f"{head}  {count}, {_duration(seconds)}{_shown(logs or {})}".strip()
        if self._shown:
            sys.stdout.write("\r")
        print(text.ljust(self._shown))  # noqa: T201 - what verbose means
        self._shown = 0


def _shown(logs: Logs) -> str:
    parts = [f"  {name}: {_number(value)}" for name, value in logs.items() if name != "outputs"]
    return "".join(parts)


def _number(value: Any) -> str:
    if hasattr(value, "__len__"):
        return str(value)
    return f"{value:.4f}" if abs(value) > 1e-3 or not value else f"{value:.4e}"


def _duration(seconds: float) -> str:
    if seconds >= 60:
        return f"{int(seconds) // 60}:{int(seconds) % 60:02d} min"
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"
