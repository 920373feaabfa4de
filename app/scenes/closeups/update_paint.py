"""Painting the terms of an update with their numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPolygonF

from app.scenes import draw
from app.scenes import formula as f
from app.scenes.closeups.cells import outline, paint_grid, top_of
from app.scenes.closeups.update_layout import MAPS, MARGIN, Map, Row, UpdateLayout
from app.scenes.closeups.update_terms import (
    GRADIENT,
    RATE,
    SQUARE,
    WEIGHT,
    Line,
    Term,
    before,
    done,
)
from app.scenes.formula_expressions import Look, format_number, formula
from app.scenes.step_values import cell_id
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.scenes.closeups import Moment, Subject
    from app.theme import Theme


def scales_of(found: tuple[Term, ...]) -> dict[str, float]:
    """The largest number of each unit: what a full bar means."""
    scales: dict[str, float] = {}
    for term in found:
        sizes = [
            abs(v)
            for v in (term.value, term.before, term.incoming)
            if v is not None and math.isfinite(v)
        ]
        unit = term.line.unit
        scales[unit] = max([scales.get(unit, 0.0), *sizes])
    return scales


def rate_of(found: tuple[Term, ...]) -> float | None:
    """The learning rate, where a step of such a length says something: of rules that divide by the gradient's size."""
    names = {term.line.name for term in found}
    if not names & {"root", "u", "direction"} or "delta" in names:
        return None
    rates = [
        value
        for term in found
        for key, value in term.values.items()
        if not key[1] and "rate" in key[0] and value is not None
    ]
    return rates[0] if rates else None


def paint_row(
    painter: QPainter,
    place: UpdateLayout,
    theme: Theme,
    row: Row,
    term: Term,
    scales: Mapping[str, float],
    rate: float | None,
    moment: Moment,
) -> None:
    """Draw a line: what it is, its formula with symbols and numbers, the result with its bar."""
    line, top = row.line, row.top
    hovered = moment.selection.hover if moment.selection is not None else ""
    draw.text(
        painter,
        MARGIN,
        top + 12,
        draw.elide(line.words, 11.5, place.bars - 16 - MARGIN),
        11.5,
        theme.tx2,
    )
    y = top + row.at[1]
    if row.symbols is not None:
        f.paint(painter, row.symbols, theme, MARGIN + row.at[0], y, _hovered(row.symbols, hovered))
        y += row.symbols.height + 2
    if row.numbers and term.value is not None:
        pen = f.Pen(12 if row.symbols is not None and row.symbols.height > 17 else 11, role=f.TEXT)
        laid = formula(
            line.formula,
            Look("numbers", pen, decimals(*term.values.values()), place.axis[1] - 16 - MARGIN),
            term.values,
        )
        if y + laid.height <= top + row.height + 12:
            draw.text(painter, MARGIN, y + laid.baseline, "=", 12, theme.tx3, mono=True)
            f.paint(painter, laid, theme, MARGIN + 16, y, _hovered(laid, hovered))
    elif row.symbols is not None and term.value is not None:
        _paint_beside(painter, place, theme, row, term, hovered)
    if line.name == "g" and row.height >= 28:
        _paint_legend(painter, theme, top + 27, rate)
    _paint_value(painter, place, theme, row, term, scales, rate)


def _paint_beside(
    painter: QPainter, place: UpdateLayout, theme: Theme, row: Row, term: Term, hovered: str
) -> None:
    """Draw the numbers behind the symbols, where they have no line of their own but room there."""
    assert row.symbols is not None
    left = MARGIN + row.at[0] + row.symbols.width + 8
    base = row.top + row.at[1] + row.symbols.baseline
    for size in (11, 10, 9):
        look = Look("numbers", f.Pen(size, role=f.TEXT), decimals(*term.values.values()))
        laid = formula(row.line.formula, look, term.values)
        if left + 24 + laid.width > place.bars:
            continue
        if laid.height <= max(row.symbols.height, 20.0) + 8:
            draw.text(painter, left, base, "=", size, theme.tx3, mono=True)
            f.paint(painter, laid, theme, left + 14, base - laid.baseline, _hovered(laid, hovered))
        return


def decimals(*values: float | None) -> int:
    """Return with how many decimals three figures of the smallest number are seen; of tiny ones there are exponents."""
    sizes = [abs(v) for v in values if v is not None and 1e-6 <= abs(v) < 1]
    return min(8, max(5, 2 - math.floor(math.log10(min(sizes))))) if sizes else 5


def figure(value: float, *, sign: bool = False) -> str:
    """Return a result with at least three figures."""
    if value and abs(value) < 1e-6:
        mantissa, exponent = f"{abs(value):.2e}".split("e")
        lead = draw.MINUS if value < 0 else "+" if sign else ""
        return f"{lead}{mantissa}e{int(exponent)}".replace("-", draw.MINUS)
    return format_number(value, decimals(value), sign=sign)


def _paint_legend(painter: QPainter, theme: Theme, y: float, rate: float | None) -> None:
    """What the marks on the bars are."""
    x = MARGIN + 3
    draw.disc(painter, x, y - 3.5, 2.6, theme.bg0, theme.tx2, 1.2)
    x += 8 + draw.text(painter, x + 8, y, tr("before"), 10, theme.tx3) + 12
    draw.line(painter, x, y - 8, x, y + 1, theme.bwd, 1.5)
    x += 6 + draw.text(painter, x + 6, y, tr("taken in"), 10, theme.tx3) + 12
    if rate is not None:
        draw.line(painter, x, y - 8, x, y + 1, theme.tx3)
        draw.text(painter, x + 6, y, tr("as long as the rate"), 10, theme.tx3)


def _hovered(laid: f.Formula, hovered: str) -> Any:
    """The reference in a formula that stands for what the mouse is over."""
    if not hovered:
        return None
    return next(
        (ref for _, ref in laid.hits if cell_id(ref.tensor, tuple(ref.index)) == hovered), None
    )


def _paint_value(
    painter: QPainter,
    place: UpdateLayout,
    theme: Theme,
    row: Row,
    term: Term,
    scales: Mapping[str, float],
    rate: float | None,
) -> None:
    """The result with its bar: what was remembered as a ring, what comes in as a tick."""
    left, right = place.bars, place.axis[1]
    ink = _ink(theme, term.line)
    shown = (
        "…"
        if term.value is None
        else figure(
            term.value, sign=term.line.unit in (GRADIENT, WEIGHT) and term.line.name != "root"
        )
    )
    draw.text(
        painter,
        right,
        row.top + 12,
        shown,
        12.5,
        ink if term.value is not None else theme.bwd,
        weight=500,
        mono=True,
        anchor="end",
    )
    scale = scales.get(term.line.unit, 0.0)
    if term.line.unit in (SQUARE, RATE) or scale <= 0:
        return
    middle, half, y = (left + right) / 2, (right - left) / 2, row.top + 22
    draw.fill(painter, left, y - 2.5, right - left, 5, theme.bg3, 2)
    draw.line(painter, middle, y - 6, middle, y + 6, theme.line2)

    def at(value: float) -> float:
        return middle + half * max(-1.0, min(1.0, value / scale))

    if term.value is not None and math.isfinite(term.value):
        x = at(term.value)
        draw.fill(painter, min(middle, x), y - 2.5, abs(x - middle), 5, ink)
    if term.line.unit == WEIGHT and rate is not None and rate <= scale * 1.0001:
        for side in (-rate, rate):
            draw.line(painter, at(side), y - 5, at(side), y + 5, theme.tx3)
    if term.incoming is not None and math.isfinite(term.incoming):
        x = at(term.incoming)
        draw.line(painter, x, y - 6, x, y + 6, theme.bwd, 1.5)
    if term.before is not None and math.isfinite(term.before):
        draw.disc(painter, at(term.before), y, 3.2, theme.bg0, theme.tx2, 1.2)


def _ink(theme: Theme, line: Line) -> QColor:
    return theme.bwd if line.name == "g" else theme.tx


def paint_way(
    painter: QPainter,
    place: UpdateLayout,
    theme: Theme,
    term: Term,
    moment: Moment,
    duration: float,
) -> None:
    """The weight on its axis, before and after, with the step as an arrow between them."""
    left, right, y = place.axis
    old, new = term.before, term.value
    draw.line(painter, left, y, right, y, theme.line2)
    top = y - 18
    if old is None:
        draw.text(painter, left, top, tr("weight"), 11.5, theme.tx2)
        return
    places = 5
    if new is not None and math.isfinite(new) and new != old:
        # As many as it takes to see the step.
        places = min(9, max(5, 2 - math.floor(math.log10(abs(new - old)))))
    text = f"w  {format_number(old, places)}"
    if new is not None:
        text += f"  {draw.ARROW}  {format_number(new, places)}"
    draw.text(painter, left - 8, top, text, 12.5, theme.tx, weight=500, mono=True)
    if new is None or not math.isfinite(new):
        draw.disc(painter, (left + right) / 2, y, 4, theme.bg0, theme.tx, 1.5)
        return
    # At least what can be told apart at their size: a huge weight may not move at all.
    span = max(abs(new - old) or 1.0, 1e-9 * max(abs(old), abs(new)))
    low = min(old, new) - 0.35 * span
    high = max(old, new) + 0.35 * span

    def at(value: float) -> float:
        return left + (right - left) * (value - low) / (high - low)

    if low < 0 < high:
        draw.line(painter, at(0), y - 5, at(0), y + 5, theme.tx3)
        draw.text(painter, at(0), y + 17, "0", 10, theme.tx3, mono=True, anchor="middle")
    share = 1.0 if moment.clock >= duration else _eased(moment.clock / duration)
    x0, x1 = at(old), at(old) + (at(new) - at(old)) * share
    draw.disc(painter, x0, y, 4, theme.bg0, theme.tx2, 1.5)
    if abs(x1 - x0) > 10:
        side = 1 if x1 > x0 else -1
        draw.line(painter, x0 + 5 * side, y, x1 - 6 * side, y, theme.tx, 2)
        tip = QPolygonF(
            [
                QPointF(x1 - 5 * side, y),
                QPointF(x1 - 11 * side, y - 4),
                QPointF(x1 - 11 * side, y + 4),
            ]
        )
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.tx)
        painter.drawPolygon(tip)
    draw.disc(painter, x1, y, 4, theme.tx)
    for x, word in ((x0, tr("before")), (at(new), tr("after"))):
        draw.text(painter, x, y + 17, word, 10, theme.tx3, anchor="middle")


def _eased(t: float) -> float:
    return 4 * t**3 if t < 0.5 else 1 - (2 - 2 * t) ** 3 / 2


def map_values(key: str, subject: Subject, moment: Moment) -> np.ndarray | None:
    """The numbers of a heat map: the engine's, as far as the step has come."""
    operands, results = subject.instruction.operands, subject.instruction.results
    if key == "g":
        return moment.arrays.get(operands["g"])
    if not done(subject, moment):
        return None
    if key == "step":
        old, new = before(subject, moment, operands["w"]), moment.arrays.get(operands["w"])
        return None if old is None or new is None or old.shape != new.shape else new - old
    return moment.arrays.get(results["y"] if key == "w" else results[key])


def superscript(number: int) -> str:
    """Return an exponent."""
    return str(number).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def paint_map(painter: QPainter, theme: Theme, one: Map, subject: Subject, moment: Moment) -> None:
    """Draw the whole weight, its gradient, its change or what is remembered of it."""
    values = map_values(one.key, subject, moment)
    x, y, _, _ = one.grid.rect
    top = top_of(values)
    # Small numbers are written as thousandths or millionths, so that they fit their cells.
    power = (
        0 if top >= 0.05 or not math.isfinite(top) else 3 * math.ceil((-math.log10(top) - 0.3) / 3)
    )
    title = one.title if not power else f"{one.title}  · 10{superscript(-power)}"
    taken = draw.text(painter, x, y - 6, title, 11, theme.tx2)
    if values is not None:
        legend = f"±{draw.plain(top * 10.0**power, 2)}"
        if taken + draw.advance(legend, 10, mono=True) + 8 <= MAPS:
            draw.text(painter, x + MAPS, y - 6, legend, 10, theme.tx3, mono=True, anchor="end")
    large = top * 10.0**power >= 9.995
    digits = 1 if large else 2
    paint_grid(painter, theme, one.grid, values, top * 10.0**power, digits=digits, factor=10.0**power)  # fmt: skip
    chosen = one.grid.place(subject.cell)
    if chosen is not None:
        outline(painter, chosen, theme.tx)
    hover = moment.selection.hover if moment.selection is not None else ""
    if hover.startswith(f"cell:{one.grid.tensor}:"):
        index = tuple(int(k) for k in hover.rpartition(":")[2].split(",") if k)
        rect = one.grid.place(index)
        if rect is not None:
            outline(painter, rect, theme.tx2, 1.25)
