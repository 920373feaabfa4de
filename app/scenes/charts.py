"""Which curves stand in which chart, what the charts are called, in which colours, and their vertical axes."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, isfinite, log10
from typing import TYPE_CHECKING, Any

import numpy as np

from app.scenes import draw, series
from app.snapshots import Curve
from app.text import tr
from core.metrics.titles import title as metric_title

if TYPE_CHECKING:
    from PySide6.QtGui import QColor

    from app.snapshots import HistoryView
    from app.theme import Theme

#: The chart of everything from 0 to 1; the chart that is best seen beside the loss.
SHARES, AUTO = "accuracy", "auto"
#: Colours of several curves in one chart, the first of a single one.
_INKS = ("tx", "pos", "neg", "fwd", "bwd", "tx3")


def curves_of(history: HistoryView, chart: str) -> tuple[Curve, ...]:
    """Return the curves of a chart, in the order of the metrics."""
    if chart == "loss":
        return (_main(history, "loss", history.loss, history.val_loss),)
    if chart == "learning_rate":
        return () if history.rate is None else (history.rate,)
    if chart != SHARES:
        return tuple(c for c in history.metrics if not c.share and _group(c.name) == chart)
    shares = tuple(c for c in history.metrics if c.share)
    if not _has_accuracy(history):
        return shares
    return (_main(history, SHARES, history.accuracy, history.val_accuracy, share=True), *shares)


def _has_accuracy(history: HistoryView) -> bool:
    return history.accurate or bool(len(history.accuracy) or len(history.val_accuracy))


def _main(
    history: HistoryView, name: str, train: np.ndarray, valid: np.ndarray, *, share: bool = False
) -> Curve:
    return Curve(
        name, share, history.steps[: len(train)], train, history.val_steps[: len(valid)], valid
    )


def _group(name: str) -> str:
    """Return the chart of a metric: of several outputs the same one."""
    plain = name.partition("/")[0]
    return "losses" if plain == "loss" else plain


def charts_of(history: HistoryView) -> tuple[str, ...]:
    """Return the charts there are besides the loss, the best known first."""
    found = [SHARES] if _has_accuracy(history) or any(c.share for c in history.metrics) else []
    found += dict.fromkeys(_group(c.name) for c in history.metrics if not c.share)
    return (*found, "learning_rate")


def chart_named(history: HistoryView, name: str) -> str:
    """Return the chart that is meant by a name: the first there is for `AUTO`, or where a metric is gone."""
    if name == "loss":
        return name
    known = charts_of(history)
    return name if name in known or (name == SHARES and not len(history.steps)) else known[0]


def chart_title(history: HistoryView | None, chart: str) -> str:
    """Return what is written over a chart."""
    if chart == "losses":
        return tr("Loss of each output")
    if chart == SHARES:
        shares = curves_of(history, SHARES) if history is not None else ()
        if len(shares) > 1:
            return tr("Scores")
        return tr(metric_title(shares[0].name if shares else "accuracy"))
    return tr(metric_title(chart))


def curve_title(curve: Curve) -> str:
    """Return what a curve is called in a legend."""
    return tr(metric_title(curve.name))


def colors_of(theme: Theme, chart: str, curves: tuple[Curve, ...]) -> tuple[QColor, ...]:
    """Return the colour of each curve of a chart."""
    if chart == "loss":
        return (theme.loss,)
    return tuple(theme.color(_INKS[k % len(_INKS)]) for k in range(len(curves)))


def value_text(value: float, share: bool) -> str:
    """Return a number beside a curve: a share in percent."""
    if not isfinite(value):
        return "NaN"
    if share:
        return f"{100 * float(value):.1f} %"
    if value and abs(value) < 0.001:
        return f"{value:.2g}".replace("-", draw.MINUS)
    return draw.plain(float(value), 4)


@dataclass(frozen=True)
class Box:
    """Where a plot stands, in pixels."""

    left: float
    right: float
    top: float
    bottom: float


class Axis:
    """Values to heights for one chart.

    Parameters
    ----------
    box
        The plot.
    chart, curves
        What is drawn.
    log
        The loss on a logarithmic axis.
    """

    def __init__(self, box: Any, chart: str, curves: tuple[Curve, ...], log: bool) -> None:
        self.box = box
        self.share = chart == SHARES
        parts = [part for curve in curves for part in (curve.train, curve.valid)]
        both = np.concatenate(parts) if parts else np.zeros(0)
        both = both[np.isfinite(both)]
        self.log = log and chart == "loss" and both.size > 0 and float(both.max()) > 0
        if self.share:
            self.low, self.high, self.ticks = 0.0, 1.0, [0.0, 0.5, 1.0]
        elif self.log:
            self._decades(both)
        else:
            self._numbers(both, exact=chart == "learning_rate")

    def _decades(self, both: np.ndarray) -> None:
        top = float(both.max())
        bottom = float(both[both > 0].min())
        if not _exploding(both):
            bottom = max(bottom, top * 1e-6)
        self.low, self.high = log10(bottom) - 0.05, log10(top) + 0.05
        if self.high - self.low < 1:
            self.low = self.high - 1
        apart = max(1, round((self.high - self.low) / 5))
        decades = range(floor(self.low) // apart * apart, floor(self.high) + 1, apart)
        marks = [
            m * 10.0**d for d in decades for m in ((1, 5) if self.high - self.low < 2.2 else (1,))
        ]
        self.ticks = [m for m in marks if self.low <= log10(m) <= self.high][-6:]

    def _numbers(self, both: np.ndarray, *, exact: bool) -> None:
        """From 0, or from below it where there are negative numbers; single outliers may leave the plot."""
        top = float(np.percentile(both, 100 if exact else 99.5)) if both.size else 1.0
        low = float(np.percentile(both, 2)) if both.size and both.min() < 0 else 0.0
        low = low if isfinite(low) and low < 0 else 0.0
        top = top if isfinite(top) and (top > 0 or low < 0) else 1.0
        top = max(top, 0.0) + 0.02 * (max(top, 0.0) - low)
        self.ticks = series.ticks(low, top, 3)
        apart = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else top - low
        if self.ticks[-1] < top:
            self.ticks.append(self.ticks[-1] + apart)
        if self.ticks[0] > low:
            self.ticks.insert(0, self.ticks[0] - apart)
        self.low, self.high = self.ticks[0], self.ticks[-1]

    def y(self, value: np.ndarray | float) -> np.ndarray:
        """Return heights, clipped to the plot."""
        v = np.asarray(value, float)
        if self.log:
            v = np.log10(np.maximum(v, 10.0 ** (self.low - 1)))
        t = np.clip((v - self.low) / (self.high - self.low), 0, 1)
        return self.box.bottom - t * (self.box.bottom - self.box.top)

    def label(self, value: float) -> str:
        """Return a tick's text."""
        if self.share:
            return f"{round(value * 100)}%"
        small = 0 < self.high - self.low < 0.005
        if self.log or small or (value == 0 and self.high >= 100):
            mantissa, _, exponent = f"{value:g}".partition("e")
            text = f"{mantissa}e{int(exponent)}" if exponent else mantissa
            return text.replace("-", draw.MINUS)
        step = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else self.high
        return draw.plain(value, max(0, min(4, -floor(log10(step) + 1e-9))) if step > 0 else 1)


def _exploding(values: np.ndarray) -> bool:
    """Tell whether a loss left the range of anything learned: then its whole way up is worth seeing."""
    return float(values.max()) > 1e6
