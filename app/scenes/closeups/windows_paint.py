"""Painting a window's close-up: the arithmetic of the chosen cell, under the planes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from app.scenes import draw, images
from app.scenes.closeups.planes import (
    LEAST_CELL,
    exponent_of,
    heat,
    outline,
    pending,
    power,
    ramp_of,
)
from app.scenes.closeups.windows_drawing import Drawing
from app.scenes.closeups.windows_layout import LINE, MARGIN, TermGrid
from app.scenes.formula_expressions import format_number, significant
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QColor

    from app.scenes.closeups import Subject, Walk

#: How long, in pixels, the bars beside the sums are at most.
_BAR = 34.0


class Painting(Drawing):
    """One picture."""

    def all(self, walk: Walk | None, walked: int | None) -> None:
        """Paint everything."""
        width = self.place.size[0]
        title = draw.elide(self.title, 13, width - 2 * MARGIN, 600)
        draw.text(self.p, MARGIN, 26, title, 13, self.theme.tx, weight=600)
        for page in self.place.pages:
            self._page(page, walk, walked)
        self._between()
        self._marks()
        y = self.place.ledger[1] - 16
        draw.line(self.p, MARGIN, y, width - MARGIN, y, self.theme.line)
        self._arithmetic()
        self._ledger()

    # -- arithmetic

    def _arithmetic(self) -> None:
        theme, grids = self.theme, self.place.grids
        for k, grid in enumerate(grids):
            x, y, w, h = grid.rect
            values = self._term_values(grid)
            # The scale is never left out: without it the numbers below are not those of the sum.
            scale = power(self._exponent(grid, values))
            room = max(w + 26, 200 if len(grids) == 1 else 0)
            room -= draw.advance(f" {scale}", 11) if scale else 0
            label = f"{draw.elide(self._grid_label(grid), 11, room)} {scale}".strip()
            draw.text(self.p, x, y - 10, label, 11, theme.tx2)
            there = grid.terms.there[grid.plane]
            if np.isnan(values[there]).all() and there.any():
                pending(self.p, theme, grid.rect)
            else:
                ramp, extent = self._colors(grid, values)
                exponent = self._exponent(grid, values)
                heat(self.p, theme, grid.rect, values, ramp, extent, there=there, exponent=exponent)
                if not there.any():
                    draw.text(
                        self.p,
                        x + w / 2,
                        y + h / 2 + 4,
                        "0",
                        11,
                        theme.tx3,
                        mono=True,
                        anchor="middle",
                    )
            self._grid_marks(grid)
            if k + 1 < len(grids):
                sign = "·" if k == 0 else "="
                at = (x + w + grids[k + 1].rect[0]) / 2
                draw.text(
                    self.p, at, y + h / 2 + 6, sign, 18, theme.tx2, mono=True, anchor="middle"
                )

    def _colors(self, grid: TermGrid, values: np.ndarray) -> tuple[str, float]:
        """The ramp of a matrix and its end: what was cut out of a plane keeps the plane's colours."""
        for page in self.place.pages:
            known = self._grid(page) if grid.which == "left" else None
            if known is not None and page.plane.tensor == grid.terms.left:
                return ramp_of(known), self._extent(known)
        return ramp_of(values), images.extent(values)

    def _exponent(self, grid: TermGrid, values: np.ndarray) -> int:
        """By which power of ten the numbers of a matrix are written larger."""
        w, h = grid.rect[2] / grid.terms.grid[1], grid.rect[3] / grid.terms.grid[0]
        written = w >= LEAST_CELL[0] and h >= LEAST_CELL[1]
        return exponent_of(values[grid.terms.there[grid.plane]]) if written else 0

    def _term_values(self, grid: TermGrid) -> np.ndarray:
        if grid.which == "left":
            found = self.values.left
        elif grid.which == "right" and self.values.right is not None:
            found = self.values.right
        elif grid.which == "shares" and grid.terms.shares is not None:
            found = grid.terms.shares
        else:
            found = self.values.products
        return np.asarray(found[grid.plane], np.float64)

    def _grid_label(self, grid: TermGrid) -> str:
        terms, info = grid.terms, self.subject.info
        if grid.which == "products" and terms.kind.startswith("sample"):
            left, right = info(terms.left).symbol, info(terms.right).symbol
            return tr("{left} under the weight, times {right}, of sample {n}", left=left, right=right,
                      n=int(terms.names[0]) + 1)  # fmt: skip
        if grid.which == "products":
            return tr("products")
        if grid.which == "shares":
            return tr("shares")
        name = terms.left if grid.which == "left" else terms.right
        symbol = info(name).symbol or name
        if grid.which == "left" and terms.kind.startswith("sample"):
            return tr("{symbol} of sample {n}", symbol=symbol, n=int(terms.names[0]) + 1)
        if grid.which == "left" and terms.kind == "channel" and terms.right:
            return tr(
                "patch of {symbol}, channel {n}", symbol=symbol, n=int(terms.names[grid.plane]) + 1
            )
        if grid.which == "left" and terms.how in ("max", "mean", "winner", "equals"):
            return tr("window of {symbol}", symbol=symbol)
        if grid.which == "left" and terms.right:
            return tr("patch of {symbol}", symbol=symbol)
        return symbol

    def _grid_marks(self, grid: TermGrid) -> None:
        winners = self.values.winners
        if winners is not None and grid.terms.how in ("max", "winner", "equals"):
            self._ring(grid.box(*divmod(int(winners[grid.plane]), grid.terms.grid[1])))
        own = grid.terms.own
        if own is not None and grid.terms.how in ("winner", "equals", "kept share"):
            outline(self.p, grid.box(*divmod(int(own[grid.plane]), grid.terms.grid[1])), self.role)
        if self.hovered is not None:
            outline(self.p, grid.box(*self.hovered), self.theme.tx, 1.5)

    # -- the ledger

    def _ledger(self) -> None:
        x, y, w, _ = self.place.ledger
        lines = self._plane_lines()
        for k, (label, value, tone, number) in enumerate(lines):
            at = y + k * LINE
            if number is not None and number == self.place.focus:
                draw.fill(self.p, x - 6, at + 1, w + 12, LINE - 1, self.theme.selbg, 3)
            elif number is not None and self.hover == f"toggle:plane:{number}":
                draw.fill(self.p, x - 6, at + 1, w + 12, LINE - 1, self.theme.bg3, 3)
            if number is not None:
                self._bar(number, x + w, at)
            draw.text(
                self.p,
                x,
                at + 13.5,
                draw.elide(label, 11, w - 66 - (_BAR if number is not None else 0)),
                11,
                self.theme.tx2,
            )
            right = x + w - (_BAR + 8 if number is not None else 0)
            draw.text(self.p, right, at + 13.5, value, 11.5, tone, mono=True, anchor="end")
        at = y + len(lines) * LINE
        if lines:
            draw.line(self.p, x - 6, at + 4, x + w + 6, at + 4, self.theme.line2)
            at += 8
        for label, value, tone, strong in self._totals():
            draw.text(
                self.p,
                x,
                at + 14,
                draw.elide(label, 11.5, w - 76),
                11.5,
                self.theme.tx if strong else self.theme.tx2,
                mono=True,
                weight=600 if strong else 400,
            )
            draw.text(
                self.p,
                x + w,
                at + 14,
                value,
                13 if strong else 11.5,
                tone,
                mono=True,
                anchor="end",
                weight=600 if strong else 400,
            )
            at += LINE + (2 if strong else 0)

    def _bar(self, number: int, right: float, y: float) -> None:
        """The size of one sum beside the others, to both sides of the middle."""
        value = self.sums.get(number)
        known = [abs(v) for v in self.sums.values() if np.isfinite(v)]
        top = max(known, default=0.0)
        middle = right - _BAR / 2
        draw.line(self.p, middle, y + 4, middle, y + LINE - 3, self.theme.line2)
        if value is None or not np.isfinite(value) or top == 0:
            return
        length = value / top * _BAR / 2
        tone = self.theme.pos if value >= 0 else self.theme.neg
        draw.fill(
            self.p, min(middle, middle + length), y + 6, max(1.0, abs(length)), LINE - 11, tone
        )

    def _plane_lines(self) -> list[tuple[str, str, QColor, int | None]]:
        terms, place = self.place.terms, self.place
        lines: list[tuple[str, str, QColor, int | None]] = []
        for number in place.lines:
            value = self.sums.get(number)
            shown = "…" if value is None or value != value else significant(value, 4, sign=True)
            lines.append((self._plane_name(terms, number), shown, self.theme.tx, number))
        left_out = place.count - len(place.lines)
        if place.lines and left_out:
            rest = [v for k, v in self.sums.items() if k not in place.lines]
            known = len(rest) == left_out and all(np.isfinite(rest)) and terms.how != "max"
            shown = significant(float(sum(rest)), 4, sign=True) if known else "…"
            lines.append((tr("{n} more", n=left_out), shown, self.theme.tx3, None))
        return lines

    def _plane_name(self, terms: Any, number: int) -> str:
        if terms.kind == "sample":
            return tr("sample {n}", n=number + 1)
        name = terms.names[number]
        if terms.kind == "window":
            return tr("window {place}", place=f"{name[0] + 1},{name[1] + 1}")
        return (
            tr("channel {n}", n=int(name) + 1)
            if terms.kind == "channel"
            else tr("filter {n}", n=int(name) + 1)
        )

    def _totals(self) -> list[tuple[str, str, QColor, bool]]:
        """The lines under the sums: how they become the number, and what is added to it next."""
        from app.scenes.closeups.windows import bias_of

        theme, terms, subject = self.theme, self.place.terms, self.subject
        lines: list[tuple[str, str, QColor, bool]] = []
        if terms.how in ("mean", "kept mean"):
            total = self.values.sums.sum()
            lines.append((tr("sum"), _number(float(total)), theme.tx2, False))
            lines.append((tr("divided by"), format_number(self.values.count, 0), theme.tx2, False))
        elif terms.how == "max":
            lines.append((tr("largest"), _number(self.values.total), theme.tx2, False))
        elif terms.how in ("equals", "kept share"):
            error = self.values.right
            if error is not None:
                lines.append(
                    (
                        subject.info(terms.right).symbol,
                        _number(float(error.reshape(-1)[0])),
                        theme.bwd,
                        False,
                    )
                )
            label = tr("equal places") if terms.how == "equals" else tr("steps that count")
            lines.append((label, format_number(self.values.count, 0), theme.tx2, False))
        elif terms.how == "winner" and self.values.right is not None and terms.planes:
            error = self.values.right[min(self.place.focus, terms.planes - 1)].reshape(-1)[0]
            lines.append(
                (subject.info(terms.right).symbol, _number(float(error)), theme.bwd, False)
            )
        value = self.cell(subject.tensor, subject.cell)
        tone = (
            theme.bwd
            if subject.tensor.startswith("grad/")
            else theme.fwd
            if subject.info(subject.tensor).batch
            else theme.tx
        )
        lines.append((_named(subject, subject.tensor, subject.cell), _number(value), tone, True))
        bias, after = bias_of(subject)
        if bias:
            lines.append(
                (
                    f"+ {_named(subject, bias, subject.cell[-1:])}",
                    _number(self.cell(bias, subject.cell[-1:]), sign=True),
                    theme.tx2,
                    False,
                )
            )
            shape = subject.info(after).shape
            cell = subject.cell if len(shape) == len(subject.cell) else subject.cell[1:]
            lines.append(
                (_named(subject, after, cell), _number(self.cell(after, cell)), theme.fwd, True)
            )
        return lines


def _number(value: float | None, *, sign: bool = False) -> str:
    return "…" if value is None or value != value else significant(value, 4, sign=sign)


def _named(subject: Subject, tensor: str, cell: tuple[int, ...]) -> str:
    symbol = subject.info(tensor).symbol or tensor
    return f"{symbol}[{','.join(str(k + 1) for k in cell)}]"
