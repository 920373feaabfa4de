"""Loss, metrics and learning rate over the steps: training solid over its raw values, validation dashed, one playhead.

Which curves stand in which chart is the matter of `app.scenes.charts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLineF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from app.scenes import draw, series
from app.scenes.cache import Cache
from app.scenes.charts import (
    Axis,
    Box,
    chart_named,
    chart_title,
    colors_of,
    curve_title,
    curves_of,
    value_text,
)
from app.scenes.hits import Hit, HitIndex
from app.scenes.registry import register
from app.text import number, tr

if TYPE_CHECKING:
    from app.scenes.frame import Frame, ViewState
    from app.snapshots import (
        Curve,
        HistoryView,
        NetworkView,
        Probe,
        RunComparison,
        Snapshot,
    )
    from app.theme import Theme

_pictures = Cache(6)
#: Pixels that share one point of a line with more points than that; the band behind it keeps the extremes.
COLUMN = 2
#: The same where several curves stand in one chart: all of them together may take no longer.
COLUMN_OF_SEVERAL = 5
_SMOOTHED = 600  # points of such a curve that are smoothed
FOLDED = 80.0  # in less height only the titles and newest values are shown


@dataclass(frozen=True)
class Panel:
    """One chart: which (a name of `app.scenes.charts`), the plot's box, and where its title stands."""

    metric: str
    left: float
    right: float
    top: float
    bottom: float
    title: float


@dataclass(frozen=True)
class CurvesLayout:
    """Result of `layout`.

    `log` plots the loss on a logarithmic axis; `slim` leaves out the scrubber; a `chooser` stands where the title of
    the second chart would be.
    """

    size: tuple[float, float]
    panels: tuple[Panel, ...]
    log: bool
    slim: bool
    chooser: bool
    hits: HitIndex
    key: tuple[object, ...]


@lru_cache(maxsize=16)
def layout(spec: NetworkView, size: tuple[float, float], view: ViewState) -> CurvesLayout:
    """Divide the picture among the metrics."""
    width, height = size
    metrics = tuple(view.option("metrics", ("loss", "accuracy")))
    slim = bool(view.option("slim", False))
    share = width / max(1, len(metrics))
    panels = []
    for k, metric in enumerate(metrics):
        left = k * share
        end = left + share - (24 if k == len(metrics) - 1 else 16)
        panels.append(Panel(metric, left + 64, end, 36.0, height - (18 if slim else 32), left + 16))
    hits = HitIndex(
        tuple(
            Hit(
                f"chart:{p.metric}",
                "chart",
                "",
                (),
                (p.left, p.top - 6, p.right - p.left, height - p.top),
            )
            for p in panels
        )
    )
    log = bool(view.option("log", False))
    chooser = bool(view.option("chooser", False))
    key = ("curves", size, metrics, log, slim, chooser)
    return CurvesLayout(size, tuple(panels), log, slim, chooser, hits, key)


def span_of(history: HistoryView) -> float:
    """Return the step at the right edge of every chart."""
    last = float(history.steps[-1]) if len(history.steps) else 0.0
    return max(1.0, float(history.total_steps), last)


def step_at(place: CurvesLayout, history: HistoryView, x: float) -> int | None:
    """Return the step under a point of a chart, for scrubbing; None outside."""
    for panel in place.panels:
        if panel.left - 8 <= x <= panel.right + 8:
            part = min(1.0, max(0.0, (x - panel.left) / (panel.right - panel.left)))
            return round(part * span_of(history))
    return None


class CurvesScene:
    """See the module's text."""

    name = "curves"

    def layout(self, spec: NetworkView, size: tuple[float, float], view: ViewState) -> CurvesLayout:
        """Divide the picture among the metrics."""
        return layout(spec, size, view)

    def probes(self, spec: NetworkView, place: CurvesLayout, frame: Frame) -> tuple[Probe, ...]:
        """The history comes with every snapshot."""
        return ()

    def describe(self, place: CurvesLayout, hit: Hit, frame: Frame) -> tuple[str, ...]:
        """Latest values of a chart."""
        shot = frame.snapshot
        history = shot.history if shot is not None else None
        named = hit.id.partition(":")[2]
        if history is None or not len(history.steps):
            return (chart_title(history, named), tr("no steps yet"))
        chart = chart_named(history, named)
        curves = curves_of(history, chart)
        rows, step = [], _numbers_of(shot)
        for curve in curves:
            of = f"{curve_title(curve)}, " if len(curves) > 1 else ""
            for name, value in (
                (tr("last batch"), _newest(curve.steps, curve.train, step)),
                (tr("validation"), _newest(curve.val_steps, curve.valid, step)),
            ):
                if value is not None:
                    rows.append(f"{of}{name}\t{value_text(value, curve.share)}")
        return (chart_title(history, chart), *rows)

    def paint(self, painter: QPainter, place: CurvesLayout, theme: Theme, frame: Frame) -> None:
        """Draw all charts."""
        painter.save()
        draw.prepare(painter, place.size)
        shot = frame.snapshot
        from app.snapshots import HistoryView

        history = shot.history if shot is not None else HistoryView.empty()
        step = _numbers_of(shot)
        if draw.is_vector(painter):
            draw.fill(painter, 0, 0, *place.size, theme.bg1)
            _charts(painter, place, theme, history, frame.beside, step)
        else:
            scale = draw.scale_of(painter)

            def make() -> tuple[QImage, HistoryView, RunComparison | None]:
                image = draw.canvas(*place.size, scale, theme.bg1)
                with draw.painting(image, place.size) as inner:
                    _charts(inner, place, theme, history, frame.beside, step)
                return image, history, frame.beside

            draw.blit(
                painter,
                0,
                0,
                _pictures.get(
                    (place.key, theme.name, scale, _identity(history), id(frame.beside), step), make
                )[0],
            )
        _playhead(painter, place, theme, frame, history)
        painter.restore()


def _numbers_of(shot: Snapshot | None) -> int:
    """Return up to which step a legend has numbers: no further than the history, so that pictures are kept."""
    if shot is None or not len(shot.history.steps):
        return 0
    return min(shot.position.step, int(shot.history.steps[-1]))


def _newest(steps: np.ndarray, values: np.ndarray, step: int) -> float | None:
    """Return the last of the values at a step or before it."""
    known = min(int(np.searchsorted(steps, step, "right")), len(values))
    return float(values[known - 1]) if known else None


def _identity(history: HistoryView) -> tuple[int, ...]:
    """Tell pictures apart: an empty history is made anew often, and only its axis is seen."""
    if len(history.steps):
        return (id(history),)
    return (0, history.total_steps, history.epoch_steps)


def _charts(
    painter: QPainter,
    place: CurvesLayout,
    theme: Theme,
    history: HistoryView,
    beside: RunComparison | None,
    step: int,
) -> None:
    for k, panel in enumerate(place.panels):
        if k:
            draw.line(painter, panel.title - 15.5, 0, panel.title - 15.5, place.size[1], theme.line)
        _chart(painter, place, panel, theme, history, beside, step)


def _chart(
    painter: QPainter,
    place: CurvesLayout,
    panel: Panel,
    theme: Theme,
    history: HistoryView,
    beside: RunComparison | None,
    step: int,
) -> None:
    chart = chart_named(history, panel.metric)
    curves = curves_of(history, chart)
    colors = colors_of(theme, chart, curves)
    folded = place.size[1] < FOLDED
    box = _box(panel, curves)
    # Of several curves the first alone: dots of five could not be told apart.
    known = {curve.name for curve in curves[:1]}
    behind = (
        tuple(c for c in curves_of(beside.history, chart) if c.name in known)
        if beside is not None
        else ()
    )
    axis = Axis(box, chart, (*curves, *behind), place.log)
    span = span_of(history)
    epochs = history.epochs_at(span)
    in_epochs = history.total_steps > 0 and epochs >= 2
    unit = (tr("log scale") + ", " if axis.log else "") + (
        tr("epochs") if in_epochs else tr("steps")
    )
    chooses = place.chooser and panel is not place.panels[0]
    title = chart_title(history, chart)
    end = panel.title + draw.advance(title, 12, 600) + (22 if chooses else 0)
    if not chooses:
        draw.text(painter, panel.title, 20, title, 12, theme.tx, weight=600)
    end = _legend(
        painter, panel, theme, end, curves, colors, unit, place.log or folded, folded, step
    )
    if beside is not None and behind:
        limit = panel.right - draw.advance(unit, 11) - 12
        label = tr("Run {id}", id=beside.id)
        if end + 24 + draw.advance(label, 11) <= limit:
            _sample(painter, end, 16, draw.faded(theme.tx2, 0.8), True, dots=True)
            draw.text(painter, end + 24, 20, label, 11, theme.tx2)
    if folded:
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    for tick in axis.ticks:
        y = round(float(axis.y(tick))) + 0.5
        draw.line(painter, box.left, y, box.right, y, theme.grid)
        draw.text(
            painter, box.left - 8, y + 3.5, axis.label(tick), 10, theme.tx2, mono=True, anchor="end"
        )
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    domain = epochs if in_epochs else span
    free = -np.inf
    for tick in series.ticks(0, domain, 4 if box.right - box.left > 240 else 2):
        if tick and span <= 1.0:
            break  # nothing is known of the length of the run yet
        at = history.step_of_epoch(tick) if in_epochs else tick
        x = box.left + at / span * (box.right - box.left)
        if x < free:
            continue  # after another batch size epochs may be far shorter
        free = x + draw.advance(number(round(tick, 6)), 10, mono=True) + 12
        anchor = "start" if tick == 0 else "end" if tick >= domain * 0.98 else "middle"
        draw.text(
            painter,
            x,
            box.bottom + 16,
            number(round(tick, 6)),
            10,
            theme.tx3,
            mono=True,
            anchor=anchor,
        )
    for curve in behind:
        _other(painter, box, axis, theme, curve, span)
    for curve, color in zip(curves, colors, strict=True):
        if len(curve.train):
            paint_curve(painter, box, axis, color, curve, span, alone=len(curves) == 1)


def _box(panel: Panel, curves: tuple[Curve, ...]) -> Box:
    """Return the plot: several curves have their names in a line of their own over it."""
    lower = 14 if len(curves) > 1 else 0
    return Box(panel.left, panel.right, panel.top + lower, panel.bottom)


def _legend(
    painter: QPainter,
    panel: Panel,
    theme: Theme,
    end: float,
    curves: tuple[Curve, ...],
    colors: tuple[QColor, ...],
    unit: str,
    numbers: bool,
    folded: bool,
    step: int,
) -> float:
    """Draw what is solid and what is dashed beside the title; the names of several curves underneath.

    Returns
    -------
    Where the legend ends.
    """
    draw.text(painter, panel.right, 20, unit, 11, theme.tx3, anchor="end")
    limit = panel.right - draw.advance(unit, 11) - 12
    several = len(curves) > 1
    if several and folded:
        _names(painter, theme, end + 12, limit, 20, curves, colors, step)
        return limit
    if several:
        _names(painter, theme, panel.title, panel.right, 36, curves, colors)
    x = max(end + 12, panel.title + (0 if numbers or panel.right - panel.title < 320 else 108))
    color = theme.tx2 if several or not colors else colors[0]
    if curves and curves[0].name == "learning_rate":
        rate = _newest(curves[0].steps, curves[0].train, step)
        if numbers and rate is not None:
            text = f"{rate:.4g}".replace("-", draw.MINUS)
            x += draw.text(painter, x, 20, text, 11, theme.tx2, mono=True) + 16
        return x
    for name, dashed in ((tr("train"), False), (tr("validation"), True)):
        label, mono = name, numbers and not several
        if mono and curves:
            label = _with_number(curves[0], dashed, step) or label
        if x + 24 + draw.advance(label, 11, mono=mono) > limit:
            return x
        _sample(painter, x, 16, color, dashed)
        x += 24 + draw.text(painter, x + 24, 20, label, 11, theme.tx2, mono=mono) + 16
    return x


def _with_number(curve: Curve, dashed: bool, step: int) -> str:
    """Return what is written of a curve with its value at a step, which of training is a single batch's; or ""."""
    if dashed:
        value, name = _newest(curve.val_steps, curve.valid, step), tr("validation")
    else:
        value, name = _newest(curve.steps, curve.train, step), tr("last batch")
    return "" if value is None else f"{name} {value_text(value, curve.share)}"


def _names(
    painter: QPainter,
    theme: Theme,
    x: float,
    limit: float,
    y: float,
    curves: tuple[Curve, ...],
    colors: tuple[QColor, ...],
    step: int | None = None,
) -> None:
    """Draw the name of each curve in its colour, with its value at a step; what there is no room for is counted."""
    for k, (curve, color) in enumerate(zip(curves, colors, strict=True)):
        label = curve_title(curve)
        if step is not None:
            last = _newest(curve.val_steps, curve.valid, step)
            last = last if last is not None else _newest(curve.steps, curve.train, step)
            label += f" {value_text(last, curve.share)}" if last is not None else ""
        rest = len(curves) - k
        kept = 0 if rest == 1 else 30
        if x + 18 + draw.advance(label, 11) > limit - kept:
            draw.text(painter, x, y, f"+{rest}", 11, theme.tx3)
            return
        draw.fill(painter, x, y - 8, 10, 8, color, 2)
        x += 16 + draw.text(painter, x + 15, y, label, 11, theme.tx2) + 12


def _sample(
    painter: QPainter, x: float, y: float, color: QColor, dashed: bool, *, dots: bool = False
) -> None:
    pen = QPen(color, 2)
    if dashed:
        pen.setDashPattern([1, 1] if dots else [2, 1.5])
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    painter.setPen(pen)
    painter.drawLine(QLineF(x, y, x + 18, y))


def paint_curve(
    painter: QPainter,
    box: Box,
    axis: Axis,
    color: QColor,
    curve: Curve,
    span: float,
    *,
    alone: bool,
) -> None:
    """Draw a curve over `span` steps: training solid, validation dashed; `alone` with the band of its raw values."""
    if curve.name == "learning_rate":
        _line(painter, box, axis, color, curve.steps, curve.train, span, False)
        return
    train, valid = curve.train, curve.valid
    steps = curve.steps[: len(train)]
    if alone:  # the ranges of several would hide each other
        _band(painter, box, axis, color, steps, train, span)
    else:
        steps, train = series.thin(steps, train, _SMOOTHED, 0.0, span)
    keep = series.smoothing(len(train))
    if axis.log:  # a mean of logarithms stays in the middle of what is drawn
        even = np.exp(series.smooth(np.log(np.maximum(train, 1e-30)), keep))
    else:
        even = series.smooth(train, keep)
    column = COLUMN if alone else COLUMN_OF_SEVERAL
    _line(painter, box, axis, color, steps, even, span, False, column)
    if len(valid):
        at = curve.val_steps[: len(valid)]
        if alone and len(valid) > (box.right - box.left) / COLUMN:
            _band(painter, box, axis, color, at, valid, span)
        _line(painter, box, axis, color, at, valid, span, True, column)


def _other(
    painter: QPainter, box: Box, axis: Axis, theme: Theme, curve: Curve, span: float
) -> None:
    """Draw what another run was trained with, dotted and muted, as far as the axis reaches."""
    seen = curve.steps[: len(curve.train)] <= span
    steps, values = curve.steps[: len(curve.train)][seen], curve.train[seen]
    if not len(steps):
        return
    if curve.name != "learning_rate":
        steps, values = series.thin(steps, values, _SMOOTHED, 0.0, span)
        keep = series.smoothing(len(values))
        values = (
            np.exp(series.smooth(np.log(np.maximum(values, 1e-30)), keep))
            if axis.log
            else series.smooth(values, keep)
        )
    column = COLUMN_OF_SEVERAL
    _line(painter, box, axis, draw.faded(theme.tx2, 0.8), steps, values, span, True, column, (2, 2))


def _band(
    painter: QPainter,
    box: Box,
    axis: Axis,
    color: QColor,
    steps: np.ndarray,
    values: np.ndarray,
    span: float,
) -> None:
    """Draw least and greatest value of each column of pixels, faintly."""
    columns = max(1, int(box.right - box.left))
    at, low, high = series.ranges(steps, values, columns, 0.0, span)
    if not len(at):
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(draw.faded(color, 0.25), 1))
    x, top, bottom = box.left + at + 0.5, axis.y(high), axis.y(low)
    # Joining a column to the one before keeps a steep curve in one piece.
    top[1:] = np.minimum(top[1:], bottom[:-1])
    painter.drawLines(
        [QLineF(a, b, a, c + 1) for a, b, c in zip(x.tolist(), top.tolist(), bottom.tolist())]
    )
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)


def _line(
    painter: QPainter,
    box: Box,
    axis: Axis,
    color: QColor,
    steps: np.ndarray,
    values: np.ndarray,
    span: float,
    dashed: bool,
    column: int = COLUMN,
    pattern: tuple[float, float] = (5.0, 3.0),
) -> None:
    wide = box.right - box.left
    at, kept = series.thin(steps, values, max(1, int(wide / column)), 0.0, span)
    if not len(at):
        return
    x, y = box.left + at / span * wide, axis.y(kept)
    if len(at) == 1:
        draw.disc(painter, float(x[0]), float(y[0]), 1.75, color)
        return
    if dashed:
        segments = series.dashes(x, y, *pattern)
    else:
        segments = np.column_stack([x[:-1], y[:-1], x[1:], y[1:]])
    # One path of a noisy curve takes Qt twenty times as long: its pieces cross each other in every row.
    cap = Qt.PenCapStyle.FlatCap if dashed else Qt.PenCapStyle.RoundCap
    painter.setPen(QPen(color, 1.75, Qt.PenStyle.SolidLine, cap))
    painter.drawLines([QLineF(*segment) for segment in segments.tolist()])


def _playhead(
    painter: QPainter, place: CurvesLayout, theme: Theme, frame: Frame, history: HistoryView
) -> None:
    if place.size[1] < FOLDED:
        return
    shot = frame.snapshot
    span = span_of(history)
    step = float(shot.position.step) if shot is not None else 0.0
    for panel in place.panels:
        wide = panel.right - panel.left
        x = panel.left + min(1.0, step / span) * wide
        diverged = frame.toggles.get("divergence")
        if isinstance(diverged, int) and not isinstance(diverged, bool):
            at = panel.left + min(1.0, diverged / span) * wide
            pen = QPen(theme.err, 1.5)
            pen.setDashPattern([3, 2])
            painter.setPen(pen)
            painter.drawLine(QLineF(at, panel.top, at, panel.bottom))
            draw.text(painter, at + 4, panel.top + 8, tr("diverged"), 10, theme.err)
        top = _box(panel, curves_of(history, chart_named(history, panel.metric))).top - 6
        draw.line(painter, round(x) + 0.5, top, round(x) + 0.5, panel.bottom, theme.tx)
        if place.slim:
            continue
        y = panel.bottom + 22
        draw.fill(painter, panel.left, y, wide, 4, theme.line, 2)
        draw.fill(painter, panel.left, y, max(0.0, x - panel.left), 4, theme.tx2, 2)
        draw.fill(painter, x - 5, y - 5, 10, 14, theme.pri, 3)


register(CurvesScene())
