"""Painting time steps: gates as bars that open, states and gradients as cells, and what is carried between them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen

from app.scenes import draw
from app.scenes.closeups.cells import Grid, number, outline, paint_grid
from app.scenes.closeups.recurrent_curve import arrow, paint_clip, paint_curve
from app.scenes.closeups.recurrent_detail import paint_detail
from app.scenes.closeups.recurrent_layout import (
    LABEL,
    MARGIN,
    Band,
    RecurrentLayout,
    tensor_of,
)
from app.scenes.closeups.unrolled import Unrolled
from app.scenes.images import extent
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.scenes.closeups import Moment, Subject
    from app.theme import Theme

#: Roles of what is worked out on the way to a band: the band it is on the way to.
_TOWARDS = {
    "f_c": ("c",),
    "i_g": ("c",),
    "tanh_c": ("h",),
    "u_h": ("h",),
    "one_minus_u": ("h",),
    "added": ("h",),
    "r_h": ("candidate",),
    "z_zr": ("z", "r"),
    "recurrent_zr": ("z", "r"),
    "c_new": ("c",),
    "h_new": ("h",),
    "y": ("h",),
    "h_held": ("h",),
    "c_held": ("c",),
}
#: Of gates by themselves: what their names end in, and what their bands are called.
_LETTERS = {
    "LSTM": {"i": "i", "f": "f", "c": "g", "o": "o"},
    "GRU": {"z": "z", "r": "r", "h": "candidate"},
    "SimpleRNN": {},
}
_OF_A_GATE = ("z", "h", "recurrent", "recurrent_z")
_TIME = re.compile(r"\d+")


def paint(
    painter: QPainter,
    place: RecurrentLayout,
    theme: Theme,
    subject: Subject,
    moment: Moment,
    time: int,
    title: str,
    clipping: Mapping[str, str],
    share: float,
) -> None:
    """Draw everything; `share` of 1 is what the last instruction did already there."""
    width = place.size[0]
    backward = subject.instruction.phase == "backward"
    ink = theme.bwd if backward else theme.fwd
    draw.text(
        painter,
        MARGIN,
        26,
        draw.elide(title, 13, width - 2 * MARGIN, 600),
        13,
        theme.tx,
        weight=600,
    )
    draw.text(
        painter,
        MARGIN,
        43,
        draw.elide(_words(place, backward=backward), 11.5, width - 2 * MARGIN),
        11.5,
        theme.tx2,
    )
    _paint_times(painter, place, theme, time, ink)
    for band in place.bands:
        _paint_band(painter, place, band, theme, subject, moment, share, backward=backward)
    _paint_kept(painter, place, theme, subject, moment)
    _paint_carried(painter, place, theme, subject, moment, backward=backward)
    _paint_lit(painter, place, theme, subject, moment, ink)
    paint_curve(painter, place, theme, subject, moment, time)
    step = place.layer.steps[place.layer.at(time)]
    paint_detail(painter, place, theme, subject, moment, step)
    if place.clip is not None and clipping:
        paint_clip(painter, place.clip, theme, subject, moment, clipping)


def _words(place: RecurrentLayout, *, backward: bool) -> str:
    layer = place.layer
    turned = len(layer.steps) > 1 and layer.steps[0].time > layer.steps[-1].time
    if backward:
        return tr(
            "Faint: values still waiting for their gradient. It goes from the last time step read to the first."
        )
    if turned:
        return tr("Read from the end to the beginning; the same weights at every time step.")
    return tr("The same weights at every time step; the state goes from each to the next.")


def _paint_times(
    painter: QPainter, place: RecurrentLayout, theme: Theme, time: int, ink: QColor
) -> None:
    top = place.bands[0].top
    bottom = place.bands[-1].top + place.bands[-1].height
    for column in place.columns:
        now = column.time == time
        if now:
            draw.fill(
                painter,
                column.x - 4,
                top - 20,
                column.width + 8,
                bottom - top + 26,
                draw.faded(ink, 0.14),
                4,
            )
        draw.text(
            painter,
            column.x + column.width / 2,
            top - 6,
            str(column.time + 1),
            10.5,
            theme.tx if now else theme.tx3,
            weight=600 if now else 400,
            mono=True,
            anchor="middle",
        )
    draw.text(painter, MARGIN, top - 6, tr("time step"), 10.5, theme.tx3)
    total = len(place.layer.steps)
    if len(place.columns) < total and place.columns[-1].time < total - 1:
        last = place.columns[-1]
        draw.text(painter, last.x + last.width + 3, top - 6, "…", 11, theme.tx3)


# ---- bands ------------------------------------------------------------------------------------------------------


def _slopes(subject: Subject, moment: Moment, grid: Grid) -> np.ndarray | None:
    """The gradient of a cell's numbers, where it is there."""
    name = f"grad/{grid.tensor}"
    if grid.prefix or name not in subject.program.tensors:
        return None
    return moment.sample(subject, name)


def _values(subject: Subject, moment: Moment, grid: Grid) -> np.ndarray | None:
    values = moment.sample(subject, grid.tensor)
    if values is None or not grid.prefix:
        return values
    return np.asarray(values[grid.prefix])


def _paint_band(
    painter: QPainter,
    place: RecurrentLayout,
    band: Band,
    theme: Theme,
    subject: Subject,
    moment: Moment,
    share: float,
    *,
    backward: bool,
) -> None:
    middle = band.top + band.height / 2
    words = tr(band.words)
    if band.height >= 24:
        draw.text(painter, MARGIN, middle - 1, draw.elide(words, 11.5, LABEL - 10), 11.5, theme.tx)
        letter = (
            f"∂L/∂{band.letter}" if backward and band.key not in ("x", "other") else band.letter
        )
        draw.text(
            painter,
            MARGIN,
            middle + 13,
            letter,
            11,
            theme.bwd if backward and band.key not in ("x", "other") else theme.tx2,
            mono=True,
        )
    else:
        draw.text(painter, MARGIN, middle + 4, draw.elide(words, 10.5, LABEL - 10), 10.5, theme.tx)
    values = [_values(subject, moment, grid) for grid in band.grids]
    slopes = [_slopes(subject, moment, grid) if backward else None for grid in band.grids]
    top = _scale(values, bounded=band.key in ("g", "candidate", "h", "other"))
    steep = _scale(slopes, bounded=False)
    # What the last instruction wrote comes in.
    fresh = set(subject.instruction.writes)
    for grid, value, slope in zip(band.grids, values, slopes, strict=True):
        if slope is not None:
            coming = share if f"grad/{grid.tensor}" in fresh else 1.0
            paint_grid(painter, theme, grid, slope * coming, steep, digits=_digits(steep))
            continue
        faint = backward and band.key not in ("x", "other")
        if faint:
            painter.setOpacity(0.4)
        if value is not None and grid.tensor in fresh:
            value = value * share
        if band.gate and value is not None and float(value.min()) >= 0 and float(value.max()) <= 1:
            _paint_gate(painter, theme, grid, value)
        else:
            paint_grid(painter, theme, grid, value, top)
        painter.setOpacity(1.0)


def _paint_kept(
    painter: QPainter, place: RecurrentLayout, theme: Theme, subject: Subject, moment: Moment
) -> None:
    """Draw what a layer that keeps its state began the batch with."""
    for grid in place.kept:
        array = moment.read(subject, grid.tensor)
        value = None if array is None else array[min(subject.row, len(array) - 1)]
        paint_grid(painter, theme, grid, value, _scale([value], bounded=True))
    if place.kept:
        x, _, width, _ = place.kept[0].rect
        top = place.bands[0].top - 6
        draw.text(painter, x + width / 2, top, "⟨0⟩", 10.5, theme.tx3, mono=True, anchor="middle")


def _scale(values: list[np.ndarray | None], *, bounded: bool) -> float:
    """What gets the ramp's last colour, over all time steps: 1 where nothing is larger."""
    there = [v.ravel() for v in values if v is not None]
    if not there:
        return 1.0
    whole = np.concatenate(there)
    return 1.0 if bounded and np.abs(whole).max(initial=0.0) <= 1 else extent(whole)


def _digits(top: float) -> int:
    return 2 if top >= 0.1 else 3 if top >= 0.02 else 4


def _paint_gate(painter: QPainter, theme: Theme, grid: Grid, values: np.ndarray) -> None:
    """A gate: for each unit a bar as long as it is open; of many units a heat map."""
    across, down = grid.cell
    if down < 4:
        paint_grid(painter, theme, grid, values, 1.0, "activation")
        return
    x, y = grid.rect[:2]
    flat = values.ravel()
    thick = max(2.0, down - (2 if down >= 7 else 1))
    for k in range(grid.rows):
        top = y + k * down + (down - thick) / 2
        value = float(flat[k])
        draw.fill(painter, x, top, across, thick, theme.bg3)
        draw.fill(painter, x, top, across * value, thick, draw.mixed(theme.bg3, theme.fwd, 0.75))
        if (
            down >= 13
            and across >= 2.2 * (taken := draw.advance(number(value, 2), 10, mono=True)) / 2 + 4
        ):
            # In the larger of both parts.
            filled = value > 0.5
            part = across * (value if filled else 1 - value)
            middle = x + (part / 2 if filled else across - part / 2)
            middle = min(max(middle, x + taken / 2 + 1), x + across - taken / 2 - 1)
            ink = theme.on(draw.mixed(theme.bg3, theme.fwd, 0.75)) if filled else theme.tx
            draw.text(
                painter,
                middle,
                y + (k + 0.5) * down + 3.5,
                number(value, 2),
                10,
                ink,
                mono=True,
                anchor="middle",
            )


def _paint_carried(
    painter: QPainter,
    place: RecurrentLayout,
    theme: Theme,
    subject: Subject,
    moment: Moment,
    *,
    backward: bool,
) -> None:
    """Arrows between the columns: what is carried on, or the gradient that has come back."""
    layer = place.layer
    for key in ("c", "h"):
        band = place.band(key)
        if band is None or (key == "c" and layer.kind != "LSTM"):
            continue
        y = band.top + band.height / 2
        for one, other in pairwise(place.columns):
            early, late = (one, other) if one.read < other.read else (other, one)
            cut = layer.steps[late.read].cut
            name = tensor_of(layer.steps[early.read], key)
            wanted = f"grad/{name}" if backward else name
            if wanted not in subject.program.tensors and not cut:
                continue
            there = moment.sample(subject, wanted) is not None
            x0, x1 = one.x + one.width + 1, other.x - 1
            if cut and backward:
                draw.line(painter, (x0 + x1) / 2, y - 6, (x0 + x1) / 2, y + 6, theme.err, 2)
                continue
            if not there:
                continue
            rightwards = (early is one) != backward
            arrow(
                painter,
                x0 if rightwards else x1,
                x1 if rightwards else x0,
                y,
                theme.bwd if backward else theme.fwd,
            )


def _role(layer: Unrolled, tensor: str) -> tuple[str, int] | None:
    """(role, time) of a value of the layer or of its gradient, without the part of it."""
    inside = tensor.removeprefix("grad/")
    if not inside.startswith(f"{layer.place}/"):
        return None
    role, _, rest = inside[len(layer.place) + 1 :].partition("/")
    found = _TIME.match(rest)
    return (role, int(found[0])) if found is not None else None


def _towards(layer: Unrolled, role: str) -> tuple[str, ...]:
    """The bands that what is called so is on the way to."""
    if role in _TOWARDS:
        return _TOWARDS[role]
    start, _, letter = role.rpartition("_")
    key = _LETTERS[layer.kind].get(letter) if start in _OF_A_GATE else None
    # What is worked out for all gates together.
    return (key,) if key is not None else tuple(_LETTERS[layer.kind].values()) or ("h",)


def lit(place: RecurrentLayout, names: tuple[str, ...]) -> set[tuple[str, int]]:
    """Return the places (band, time) that values belong to: their own, or the one they are on the way to."""
    found: set[tuple[str, int]] = set()
    steps = {step.time: step for step in place.layer.steps}
    for name in names:
        plain = name.removeprefix("grad/")
        direct = {
            (band.key, column.time)
            for band in place.bands
            for column, grid in zip(place.columns, band.grids, strict=True)
            if grid.tensor == plain and not grid.prefix
        }
        if direct:
            found |= direct
            continue
        placed = _role(place.layer, name)
        if placed is None or placed[1] not in steps:
            continue
        role, time = placed
        whole, step = f"{place.layer.place}/{role}/{time}", steps[time]
        if whole in (step.h, step.fresh):
            keys = {"h"}
        elif whole == step.c:
            keys = {"c"}
        else:
            of_gate = {k for k, gate in step.gates.items() if gate == whole}
            of_sum = {k for k, one in step.sums.items() if one in (plain, whole)}
            apart = "[" in plain
            part = {
                k for k, one in step.sums.items() if not apart and one.partition("[")[0] == whole
            }
            keys = of_gate or of_sum or part or set(_towards(place.layer, role))
        known = {band.key for band in place.bands}
        found |= {(key, time) for key in keys if key in known}
    return found


def _paint_lit(
    painter: QPainter,
    place: RecurrentLayout,
    theme: Theme,
    subject: Subject,
    moment: Moment,
    ink: QColor,
) -> None:
    """Mark what the instruction reads (thin) and writes (thick), and the cell that is looked at."""
    instruction = subject.instruction
    writes = lit(place, instruction.writes)
    reads = lit(place, tuple(instruction.operands.values())) - writes
    for keys, width, dashed in ((reads, 1.0, True), (writes, 2.0, False)):
        for key, time in keys:
            band, column = place.band(key), place.column(time)
            if band is None or column is None:
                continue
            if dashed:
                painter.setPen(QPen(ink, width, Qt.PenStyle.DashLine))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(
                    round(column.x) - 2,
                    round(band.top) - 2,
                    round(column.width) + 4,
                    round(band.height) + 4,
                )
            else:
                draw.frame(
                    painter,
                    column.x - 2,
                    band.top - 2,
                    column.width + 4,
                    band.height + 4,
                    ink,
                    width,
                    3,
                )
    chosen = subject.tensor.removeprefix("grad/")
    hover = moment.selection.hover if moment.selection is not None else ""
    for band in place.bands:
        for grid in band.grids:
            rect = grid.place(subject.cell) if grid.tensor == chosen else None
            if rect is not None and grid.cell[1] >= 3:
                outline(painter, rect, theme.tx)
            if hover.startswith((f"cell:{grid.tensor}:", f"cell:grad/{grid.tensor}:")):
                index = tuple(int(k) for k in hover.rpartition(":")[2].split(",") if k)
                at = grid.place(index)
                if at is not None:
                    outline(painter, at, theme.tx2, 1.25)
