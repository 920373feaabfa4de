"""What of the network scene stays: headers, feature names, notes; and the legend, part of which follows the signal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QLinearGradient, QPainter

from app.scenes import draw, signals
from app.scenes.network_layout import Column, NetworkLayout, drawn_note
from app.scenes.network_units import LEGEND
from app.text import number, tr

if TYPE_CHECKING:
    from app.scenes.frame import Frame
    from app.theme import Theme


def paint_static(painter: QPainter, place: NetworkLayout, theme: Theme) -> None:
    """Draw what depends on neither numbers nor the clock."""
    spread = place.columns[1].middle - place.columns[0].middle if len(place.columns) > 1 else 200.0
    for column in place.columns:
        _header(painter, column, theme, spread)
        if column.node.labels and column.level == "numbers" and column.node.kind == "Input":
            for unit, name in enumerate(column.node.labels[: len(column.centers)]):
                x, y = column.centers[unit]
                draw.text(
                    painter,
                    float(x) - column.tile / 2 - 10,
                    float(y) + 4,
                    name,
                    12,
                    theme.tx,
                    mono=True,
                    anchor="end",
                )
    for bundle in place.bundles:
        if bundle.reduced:
            shown, count = drawn_note(bundle)
            note = tr("top {shown} of {count} weights", shown=number(shown), count=number(count))
            middle = (bundle.x0 + bundle.x1) / 2
            note = draw.elide(note, 10, max(60.0, bundle.x1 - bundle.x0 + 40), mono=True)
            draw.text(
                painter, middle, place.size[1] - 42, note, 10, theme.tx3, mono=True, anchor="middle"
            )
    _legend(painter, place, theme)


def _header(painter: QPainter, column: Column, theme: Theme, spread: float) -> None:
    room = max(40.0, spread - 8)
    title = draw.elide(column.node.title, 12, room, 600)
    draw.text(painter, column.middle, 28, title, 12, theme.tx, weight=600, anchor="middle")
    mono = "\N{MULTIPLICATION SIGN}" in column.node.subtitle
    subtitle = draw.elide(column.node.subtitle, 11, room, mono=mono)
    draw.text(painter, column.middle, 44, subtitle, 11, theme.tx2, mono=mono, anchor="middle")


def _legend(painter: QPainter, place: NetworkLayout, theme: Theme) -> None:
    y = place.size[1] - 16
    draw.text(painter, 24, y, tr("Tile"), 11, theme.tx2)
    x = LEGEND
    ramp = QLinearGradient(QPointF(x, 0), QPointF(x + 90, 0))
    for k in range(9):
        ramp.setColorAt(k / 8, theme.signed(k / 4 - 1))
    painter.fillRect(int(x), int(y - 9), 90, 10, ramp)
    if place.size[0] < 460:
        return
    draw.text(painter, 248, y, tr("Edge"), 11, theme.tx2)
    draw.line(painter, 280, y - 4, 308, y - 4, theme.pos, 3)
    draw.text(painter, 314, y, "w > 0", 11, theme.tx2, mono=True)
    draw.line(painter, 366, y - 4, 394, y - 4, theme.neg, 3)
    draw.text(painter, 400, y, "w < 0", 11, theme.tx2, mono=True)


def paint_legend_state(painter: QPainter, place: NetworkLayout, theme: Theme, frame: Frame) -> None:
    """Draw the header bars, and the part of the legend that names signal, sample and the formula that runs now."""
    _bars(painter, place, theme, frame)
    width, height = place.size
    y = height - 16
    if width < 640:
        return
    backward = frame.clock is not None and frame.clock.direction == "backward"
    color = theme.bwd if backward else theme.fwd
    draw.line(painter, 464, y - 4, 486, y - 4, color, 2)
    if backward:
        signals.heads(painter, np.array([468.0]), np.array([y - 4]), np.array([0.6]), color, False)
    else:
        draw.disc(painter, 488, y - 4, 3.5, color)
    end = 500 + draw.text(
        painter, 500, y, tr("gradient") if backward else tr("forward signal"), 11, theme.tx2
    )
    formula = _formula(place, frame)
    formula_width = draw.advance(formula, 11, mono=True) if formula else 0.0
    sample = _sample(frame)
    if sample and end + 34 + draw.advance(sample, 11) + formula_width + 24 < width - 24:
        draw.disc(painter, 602, y - 4, 3, theme.bg0, theme.tx)
        draw.text(painter, 612, y, sample, 11, theme.tx2)
    elif formula_width + end + 48 > width:
        formula = ""
    if formula:
        # The fonts have no superscript T: it is set smaller and raised.
        base, mark, raised = formula.partition("^")
        small = (
            draw.text(painter, width - 24, y - 4, raised, 8, color, mono=True, anchor="end")
            if mark
            else 0.0
        )
        draw.text(painter, width - 24 - small, y, base, 11, color, mono=True, anchor="end")


def _bars(painter: QPainter, place: NetworkLayout, theme: Theme, frame: Frame) -> None:
    count = len(place.columns)
    backward = frame.clock is not None and frame.clock.direction == "backward"
    for k, column in enumerate(place.columns):
        full = signals.progress(frame.clock, k, count)
        if not full:
            continue
        wide = max(52.0, min(column.width + 4, 144.0))
        left = column.middle - wide / 2
        draw.fill(painter, left, 52, wide, 2, theme.line2)
        start = left + wide * (1 - full) if backward else left
        draw.fill(painter, start, 52, wide * full, 2, theme.bwd if backward else theme.fwd)


def _sample(frame: Frame) -> str:
    shot = frame.snapshot
    if shot is None or shot.sample is None:
        return ""
    text = tr("sample #{index}", index=number(shot.sample.index))
    if shot.plane is not None and shot.sample.x.size >= 2:
        x, y = (float(v) for v in shot.sample.x.ravel()[:2])
        text += f" ({draw.plain(x, 2)}, {draw.plain(y, 2)})"
    return text


_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def _formula(place: NetworkLayout, frame: Frame) -> str:
    """Return the line that is being computed, in the notation that is run: rows are samples."""
    where = signals.travelling(frame.clock, len(place.columns))
    if where is None or frame.clock is None:
        return ""
    target = where[0] + 1
    column = place.columns[target]
    if not column.node.weights:
        return ""
    below = "X" if target == 1 else f"H{target - 1}"
    here = f"H{target}"
    mark = str(target).translate(_SUBSCRIPTS)
    if frame.clock.direction == "backward":
        return f"∂{below} = ∂Z{mark}·W{mark}^T"
    inner = f"{below}·W{mark} + b{mark}"
    activation = column.node.activation
    return (
        f"{here} = {inner}" if activation in ("", "linear") else f"{here} = {activation}({inner})"
    )
