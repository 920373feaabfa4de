"""Painting the convolution playground: the picture with the window, the result, and the arithmetic of one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QRegion

from app.scenes import draw, images
from app.scenes.playground_board import Board, extent, grids, shade
from app.scenes.playground_layout import GAP, MARGIN, NAMES, SIGN, TOP, Layout, short, tight
from app.scenes.playground_words import formulas, ledger, written
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QImage, QPainter

    from app.scenes.playground_layout import Rect
    from app.theme import Theme


def paint(painter: QPainter, place: Layout, theme: Theme, board: Board, title: str) -> None:
    """Paint everything."""
    _pictures(painter, place, theme, board, title)
    _formula(painter, place, theme, board)
    _grids(painter, place, theme, board)
    _ledger(painter, place, theme, board)
    _written(painter, place, theme, board)


def _grey(value: float) -> QColor:
    level = round(max(0.0, min(1.0, value)) * 255)
    return QColor(level, level, level)


def _pictures(
    painter: QPainter, place: Layout, theme: Theme, board: Board, title: str
) -> None:  # fmt: skip
    found = board.result.filtered
    rows, columns = board.result.image.shape[:2]
    half = (place.size[0] - 2 * MARGIN - GAP) / 2
    _caption(painter, theme, MARGIN, half, tr("Picture"), title)
    made = found.values.shape
    x = MARGIN + half + GAP
    _caption(painter, theme, x, half - 150, tr("Result"), f"{made[1]}×{made[0]}")
    _legend(painter, theme, x + half, board)
    for rect in (place.given, place.made):
        draw.frame(painter, rect[0] - 0.5, rect[1] - 0.5, rect[2] + 1, rect[3] + 1, theme.line2)
    _put(painter, place.given, board.given)
    (top, _), (left, _) = found.padding
    zoom = place.given[2] / found.padded.shape[1]
    if any(map(any, found.padding)):
        inner = (place.given[0] + left * zoom, place.given[1] + top * zoom, columns * zoom, rows * zoom)  # fmt: skip
        draw.frame(painter, *inner, draw.faded(theme.tx, 0.5))
    painter.save()
    if board.filled:
        _clip_filled(painter, place.made, made[:2], board.place, theme)
    _put(painter, place.made, board.made)
    painter.restore()
    _window(painter, place, theme, board, zoom)


def _put(painter: QPainter, rect: Rect, picture: QImage) -> None:
    images.place(painter, *rect, picture, rect[2] < picture.width() * 1.5)


def _clip_filled(
    painter: QPainter, rect: Rect, shape: tuple[int, ...], at: tuple[int, int], theme: Theme
) -> None:
    """Leave out what the window has not reached."""
    draw.fill(painter, *rect, theme.bg3)
    h, w = rect[3] / shape[0], rect[2] / shape[1]
    above = QRectF(rect[0], rect[1], rect[2], at[0] * h).toAlignedRect()
    row = QRectF(rect[0], rect[1] + at[0] * h, (at[1] + 1) * w, h).toAlignedRect()
    painter.setClipRegion(QRegion(above) | QRegion(row))


def _caption(painter: QPainter, theme: Theme, x: float, width: float, name: str, note: str) -> None:
    used = draw.text(painter, x, TOP - 14, name, 12, theme.tx, weight=600)
    note = draw.elide(note, 12, max(0.0, width - used - 14))
    draw.text(painter, x + used + 12, TOP - 14, note, 12, theme.tx2)


def _legend(painter: QPainter, theme: Theme, right: float, board: Board) -> None:
    """What the brightest and darkest colours of the result stand for."""
    display, top = board.settings.display, extent(board.result)
    low, high = {"clip": ("0", "1"), "size": ("0", short(top))}.get(
        display, (short(-top), "+" + short(top))
    )
    ramp = np.linspace(-top if display == "signed" else 0, top, 56, dtype=np.float32)
    if display == "clip":
        ramp = np.linspace(0, 1, 56, dtype=np.float32)
    strip = ramp[None, :, None]
    if board.result.image.shape[-1] == 3:
        strip = np.repeat(strip, 3, axis=-1)
    width = draw.text(painter, right, TOP - 14, high, 11, theme.tx2, mono=True, anchor="end")
    picture = shade(strip, display, top, theme)
    x = right - width - 8 - 56
    images.place(painter, x, TOP - 22, 56, 8, picture, True)
    draw.frame(painter, x - 0.5, TOP - 22.5, 57, 9, theme.line2)
    draw.text(painter, x - 8, TOP - 14, low, 11, theme.tx2, mono=True, anchor="end")


def window_rect(place: Layout, board: Board) -> Rect:
    """Where the window stands in the picture."""
    found, (row, column) = board.result.filtered, board.corner
    zoom = place.given[2] / found.padded.shape[1]
    return (
        place.given[0] + column * zoom, place.given[1] + row * zoom, found.window[1] * zoom,
        found.window[0] * zoom,
    )  # fmt: skip


def _window(painter: QPainter, place: Layout, theme: Theme, board: Board, zoom: float) -> None:
    x, y, w, h = window_rect(place, board)
    patch = place.grids[0]
    # From the window to what it sees, as through a magnifying glass.
    beam = draw.faded(theme.fwd, 0.45)
    draw.line(painter, x, y + h, patch[0], patch[1], beam)
    draw.line(painter, x + w, y + h, patch[0] + patch[2], patch[1], beam)
    grown = max(0.0, (7 - w) / 2)
    draw.frame(painter, x - grown, y - grown, w + 2 * grown, h + 2 * grown, theme.fwd, 2.0)
    found = board.result.filtered
    if found.dilation > 1 and zoom * found.dilation > 3:
        for i in range(board.cells):
            for j in range(board.cells):
                left, top = x + j * found.dilation * zoom, y + i * found.dilation * zoom
                draw.fill(painter, left, top, max(zoom, 1.5), max(zoom, 1.5), theme.fwd)
    rows, columns = found.values.shape[:2]
    cw, ch = place.made[2] / columns, place.made[3] / rows
    cx, cy = place.made[0] + board.place[1] * cw, place.made[1] + board.place[0] * ch
    grown = max(0.0, (7 - cw) / 2)
    draw.frame(painter, cx - grown, cy - grown, cw + 2 * grown, ch + 2 * grown, theme.fwd, 2.0)


def _formula(painter: QPainter, place: Layout, theme: Theme, board: Board) -> None:
    head = tr("⌊(size + padding − window) / stride⌋ + 1:")
    x = MARGIN
    rest = "     ".join(formulas(board))
    room = place.size[0] - 2 * MARGIN
    if draw.advance(head, 11.5) + 14 + draw.advance(rest, 12, mono=True) < room:
        _clear(painter, theme, x, place.formula, draw.advance(head, 11.5))
        x += draw.text(painter, x, place.formula, head, 11.5, theme.tx3) + 14
    px = 12 if draw.advance(rest, 12, mono=True) <= room else 10.5
    rest = draw.elide(rest, px, room, mono=True)
    _clear(painter, theme, x, place.formula, draw.advance(rest, px, mono=True))
    draw.text(painter, x, place.formula, rest, px, theme.tx2, mono=True)


def _clear(painter: QPainter, theme: Theme, x: float, y: float, width: float) -> None:
    """The lines from the window to what it sees pass behind words."""
    draw.fill(painter, x - 4, y - 12, width + 8, 16, theme.bg0)


def _grids(painter: QPainter, place: Layout, theme: Theme, board: Board) -> None:
    signs = ("×", "=", "")
    for k, ((name, ramp, values), rect) in enumerate(zip(grids(board), place.grids, strict=True)):
        label = draw.elide(name, 12, rect[2] + SIGN - 6, 600)
        draw.text(painter, rect[0], rect[1] - NAMES / 2 + 3, label, 12, theme.tx, weight=600)
        winner = None
        if board.pooling and board.settings.operation == "max":
            winner = np.unravel_index(int(np.nanargmax(values)), values.shape)
        _cells(painter, place, theme, rect, values, ramp)
        if winner is not None:
            side = place.side
            draw.frame(
                painter, rect[0] + winner[1] * side + 1, rect[1] + winner[0] * side + 1, side - 2,
                side - 2, theme.fwd, 2.0,
            )  # fmt: skip
        if not board.pooling and signs[k]:
            draw.text(painter, rect[0] + rect[2] + SIGN / 2, rect[1] + rect[3] / 2 + 5, signs[k], 15,
                      theme.tx2, anchor="middle")  # fmt: skip
    rect = place.grids[0]
    draw.frame(painter, rect[0] - 1, rect[1] - 1, rect[2] + 2, rect[3] + 2, theme.fwd, 1.5)


def _cells(
    painter: QPainter, place: Layout, theme: Theme, rect: Rect, values: np.ndarray, ramp: str
) -> None:
    side, finite = place.side, values[np.isfinite(values)]
    top = float(np.abs(finite).max()) if finite.size else 0.0
    for words in (short, tight):
        longest = max(len(words(float(value))) for value in values.flat)
        px = min(13, int((side - 4) / (0.62 * longest)))
        if px >= 7:
            break
    for i, row in enumerate(values):
        for j, value in enumerate(map(float, row)):
            x, y = rect[0] + j * side, rect[1] + i * side
            ground = theme.bg2
            if value == value:
                ground = _grey(value) if ramp == "grey" else theme.signed(value, top)
            draw.fill(painter, x + 0.5, y + 0.5, side - 1, side - 1, ground)
            if px >= 7:
                ink = theme.on(ground) if value == value else theme.tx3
                draw.text(painter, x + side / 2, y + side / 2 + 0.36 * px, words(value), px, ink, mono=True,
                          anchor="middle")  # fmt: skip


def _ledger(painter: QPainter, place: Layout, theme: Theme, board: Board) -> None:
    x, y, w, h = place.ledger
    lines = ledger(board)
    step = min(20.0, max(15.0, h / len(lines)))
    top = y + max(0.0, (h - step * len(lines)) / 2) + 13
    for k, (name, value) in enumerate(lines):
        last = k == len(lines) - 1
        draw.text(painter, x, top + k * step, name, 12, theme.tx3, mono=len(name) < 4)
        draw.text(painter, x + w - 10, top + k * step, value, 14 if last else 12.5,
                  theme.fwd if last else theme.tx, mono=True, anchor="end", weight=600 if last else 400)  # fmt: skip


def _written(painter: QPainter, place: Layout, theme: Theme, board: Board) -> None:
    """The sum in two lines; what does not fit is said to be left out."""
    terms, end = written(board)
    start = "" if board.pooling else "Σ ="
    room = place.size[0] - 2 * MARGIN
    px = 12.0 if draw.advance(" ".join([start, *terms, end]), 12, mono=True) < 1.9 * room else 10.5
    rows: list[str] = [start]
    for k, term in enumerate(terms):
        left = len(terms) - k - 1
        close = f" … {end}" if left else f" {end}"
        longer = f"{rows[-1]} {term}".strip()
        full = draw.advance(longer + (close if len(rows) == 2 else ""), px, mono=True) > room
        if full and len(rows) == 1:
            rows.append(term)
        elif full:
            rows[-1] += " …"
            break
        else:
            rows[-1] = longer
    last = f"{rows[-1]} {end}"
    if draw.advance(last, px, mono=True) > room and len(rows) == 1:
        rows.append(end)
    else:
        rows[-1] = last
    for k, row in enumerate(rows):
        draw.text(painter, MARGIN, place.lines + 18 * k, row, px, theme.tx2, mono=True)
