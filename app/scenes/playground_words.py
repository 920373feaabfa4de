"""What the convolution playground says in figures: the sizes, the sum, its terms, the number under the mouse."""

from __future__ import annotations

import numpy as np

from app.scenes import draw
from app.scenes.playground_board import CHANNELS, Board, grids
from app.scenes.playground_layout import Layout, pixel, short
from app.text import tr


def size_formula(n: int, sides: tuple[int, int], window: int, stride: int, made: int) -> str:
    """How many places a window has along one side, with its numbers."""
    around = f" + {sides[0]} + {sides[1]}" if any(sides) else " + 0"
    return f"⌊({n}{around} {draw.MINUS} {window}) / {stride}⌋ + 1 = {made}"


def formulas(board: Board) -> tuple[str, ...]:
    """The output's size, with the numbers in it."""
    found = board.result.filtered
    rows, columns = board.result.image.shape[:2]
    said = []
    for name, n, axis in ((tr("height"), rows, 0), (tr("width"), columns, 1)):
        made = found.values.shape[axis]
        words = size_formula(n, found.padding[axis], found.window[axis], found.strides, made)
        said.append(f"{name} = {words}")
    if found.dilation > 1:
        n = board.cells
        said.append(
            tr("the window reaches over ({n} − 1)·{d} + 1 = {k}", n=n, d=found.dilation, k=found.window[0])
        )  # fmt: skip
    return tuple(said)


def ledger(board: Board) -> tuple[tuple[str, str], ...]:
    """What the products come to: name and number, the result last."""
    total, value = board.number()
    if board.settings.operation == "max":
        return ((tr("largest"), draw.signed(value, 3)),)
    if board.pooling:
        count = int(np.isfinite(board.patch()).sum())
        return ((tr("mean of {count}", count=count), draw.signed(value, 3)),)
    lines = [("Σ", draw.signed(total, 3)), ("b", draw.signed(board.settings.bias, 3))]
    lines.append(("z", draw.signed(value, 3)))
    shown = {"clip": (tr("shown"), min(1.0, max(0.0, value))), "size": ("|z|", abs(value))}.get(
        board.settings.display
    )
    if shown is not None:
        lines.append((shown[0], draw.plain(shown[1], 3)))
    return tuple(lines)


def written(board: Board) -> tuple[list[str], str]:
    """The terms of the sum, and how it ends."""
    patch = board.patch()
    total, value = board.number()
    seen = [short(float(one)) for one in patch.flat if one == one]
    if board.settings.operation == "max":
        return [*(one + "," for one in seen[:-1]), *seen[-1:]], f"→ max = {draw.plain(value, 3)}"
    if board.pooling:
        return [*_plus(seen)], f"→ Σ / {len(seen)} = {draw.plain(value, 3)}"
    assert board.result.kernel is not None
    terms = []
    for x, w in zip(patch.flat, board.result.kernel.flat, strict=True):
        weight = short(float(w))
        factor = short(float(x))
        terms.append(f"{factor}·{f'({weight})' if w < 0 else weight}")
    bias = board.settings.bias
    end = f"= {draw.plain(total, 3)}"
    if bias:
        sign = "+" if bias > 0 else draw.MINUS
        end += f" → {draw.plain(total, 3)} {sign} {short(abs(bias))} = {draw.plain(value, 3)}"
    return [*_plus(terms)], end


def _plus(terms: list[str]) -> list[str]:
    return [f"{one} +" if k < len(terms) - 1 else one for k, one in enumerate(terms)]


def describe(place: Layout, board: Board, x: float, y: float) -> tuple[str, ...]:
    """The number at a point."""
    found = board.result.filtered
    (top, _), (left, _) = found.padding
    names = CHANNELS if board.result.image.shape[-1] == 3 else ("",)

    def numbers(values: np.ndarray) -> tuple[str, ...]:
        return tuple(
            f"{name} {draw.plain(float(value), 4)}".strip() for name, value in zip(names, values)
        )

    at = pixel(place.given, found.padded.shape[0], found.padded.shape[1], x, y)
    if at is not None:
        row, column = at[0] - top, at[1] - left
        inside = (
            0 <= row < board.result.image.shape[0] and 0 <= column < board.result.image.shape[1]
        )
        where = tr("row {row}, column {column}", row=row, column=column)
        where = where if inside else tr("padding")
        return (where, *numbers(found.padded[at]))
    at = pixel(place.made, found.values.shape[0], found.values.shape[1], x, y)
    if at is not None:
        return (
            tr("row {row}, column {column}", row=at[0], column=at[1]),
            *numbers(found.values[at]),
        )
    for (name, _, values), rect in zip(grids(board), place.grids, strict=True):
        at = pixel(rect, values.shape[0], values.shape[1], x, y)
        if at is not None:
            where = tr("row {row}, column {column}", row=at[0], column=at[1])
            value = float(values[at])
            return (f"{name}: {where}", tr("outside") if value != value else draw.plain(value, 6))
    return ()
