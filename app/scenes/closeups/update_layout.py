"""Where the terms of an update stand: lines under each other, the way of the weight at the foot, heat maps beside."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache

from app.scenes import formula as f
from app.scenes.closeups.cells import CellHits, Grid, as_table
from app.scenes.closeups.update_terms import Line
from app.scenes.formula_expressions import Look, expression_box
from app.scenes.formula_tex import to_box
from app.scenes.hits import Hit
from app.scenes.step_values import cell_id
from app.text import tr

#: Outer margin; width of the bars; width of the heat maps; from which width on there are any.
MARGIN, _BARS, MAPS, _WIDE = 20.0, 148.0, 172.0, 560.0
HEAD, _FOOT = 58.0, 62.0
#: Where a formula stands that shares its line with words.
_BESIDE = 196.0


@dataclass(frozen=True)
class Row:
    """Where a line stands: its top and height, its formula in symbols (None where there is no room), where that is."""

    line: Line
    top: float
    height: float
    symbols: f.Formula | None
    numbers: bool
    at: tuple[float, float] = (0.0, 18.0)


@dataclass(frozen=True)
class Map:
    """A heat map of the whole weight: what it shows, and where."""

    key: str
    title: str
    grid: Grid


@dataclass(frozen=True)
class UpdateLayout:
    """Result of `layout`."""

    size: tuple[float, float]
    rows: tuple[Row, ...]
    maps: tuple[Map, ...]
    axis: tuple[float, float, float]
    bars: float
    hits: CellHits = field(default_factory=CellHits)


@lru_cache(maxsize=32)
def placed(
    rule: tuple[Line, ...],
    weight: str,
    shape: tuple[int, ...],
    slots: tuple[tuple[str, str], ...],
    size: tuple[float, float],
) -> UpdateLayout:
    """Return where everything of an update stands, in as much detail as there is room for."""
    width, height = size
    wide = width >= _WIDE
    right = width - MARGIN - (MAPS + 24 if wide else 0)
    bars = right - (_BARS if right - MARGIN > 320 else 92.0)
    room = bars - 16 - MARGIN
    shown = rule[:-1]
    space = height - HEAD - _FOOT
    rows: list[Row] = []
    for numbers, pen, apart in (
        (True, 12, 8.0),
        (True, 11, 6.0),
        (False, 11, 6.0),
        (False, 11, 2.0),
    ):
        rows = _rows(shown, room, pen, apart, numbers=numbers)
        if sum(row.height for row in rows) <= space:
            break
    else:
        rows = [_beside(line, room) for line in shown]
    total = sum(row.height for row in rows)
    gap = min(18.0, max(0.0, (space - total) / max(1, len(rows))))
    squeeze = min(1.0, space / total) if total else 1.0
    y = HEAD + 4
    found = []
    for row in rows:
        found.append(replace(row, top=y, height=row.height * squeeze))
        y += row.height * squeeze + gap
    axis = (MARGIN + 8, right - 8, height - 26)
    maps = (
        _maps(weight, shape, slots, (width - MARGIN - MAPS, HEAD + 4, MAPS, height - HEAD - 24))
        if wide
        else ()
    )
    items = [
        Hit(
            cell_id(ref.tensor, tuple(ref.index)),
            "look",
            ref.tensor,
            tuple(ref.index),
            (
                MARGIN + row.at[0] + rect.x(),
                row.top + row.at[1] + rect.y(),
                rect.width(),
                rect.height(),
            ),
        )
        for row in found
        if row.symbols is not None
        for rect, ref in row.symbols.hits
        if not ref.tensor.startswith(("rule/", "optimizer/")) and ref.index and "/" in ref.tensor
    ]
    hits = CellHits(tuple(items), tuple(one.grid for one in maps))
    return UpdateLayout(size, tuple(found), maps, axis, bars, hits)


def _rows(
    rule: tuple[Line, ...], room: float, pen: int, apart: float, *, numbers: bool
) -> list[Row]:
    """Lines with their formulas under them, in symbols and where there is room with numbers."""
    found = []
    for line in rule:
        if line.name == "g":
            found.append(Row(line, 0.0, 30.0, None, False))
            continue
        laid = _symbols(line, pen, room)
        height = 17 + (laid.height + 2) * (2 if numbers else 1) + apart
        found.append(Row(line, 0.0, max(30.0, height), laid, numbers, (0.0, 17.0)))
    return found


def _beside(line: Line, room: float) -> Row:
    """A line with its formula beside the words, where both have room."""
    if line.name == "g" or room < _BESIDE + 120:
        return Row(line, 0.0, 30.0, None, False)
    laid = _symbols(line, 11, 1e6)
    fits = laid.width <= room - _BESIDE and laid.height <= 34
    return Row(line, 0.0, 30.0, laid if fits else None, False, (_BESIDE, 12 - laid.baseline))


@lru_cache(maxsize=256)
def _symbols(line: Line, size: int, room: float) -> f.Formula:
    pen = f.Pen(size)
    head = (
        f.row([to_box(line.symbol, pen), f.text(f" {line.arrow} ", pen.with_role(f.HINT))])
        if line.symbol != "√"
        else f.EMPTY
    )
    look = Look("symbolic", pen, 4, max(60.0, room - head.width))
    return f.lay_out(f.row([head, expression_box(line.formula, look)]))


_TITLES = {
    "g": "gradient",
    "step": "change",
    "w": "weight, after",
    "m": "average m",
    "v": "squares v",
    "velocity": "velocity v",
    "momentum": "velocity b",
    "mean_square": "squares s",
    "mean_gradient": "average a",
    "accumulator": "sum of squares G",
    "accumulated_grad": "squares E",
    "accumulated_delta": "squared steps D",
    "v_max": "largest v̂",
    "u": "largest u",
}


def _maps(
    weight: str,
    shape: tuple[int, ...],
    slots: tuple[tuple[str, str], ...],
    box: tuple[float, float, float, float],
) -> tuple[Map, ...]:
    """The gradient, what is remembered, the change and the weight, under each other."""
    keys = ["g", *(key for key, _ in slots), "step", "w"]
    rows, columns = as_table(shape)
    x, y, width, height = box
    each = height / len(keys)
    found = []
    for k, key in enumerate(keys):
        title = tr(_TITLES.get(key, key))
        down = max(6.0, each - 26)
        across, tall = min(width, columns * 43.0), min(down, rows * 20.0)
        if tall / rows < 13 and tall / rows < across / columns:
            # Without numbers cells are square.
            across = max(min(across, tall / rows * columns), min(across, 24.0))
        elif across / columns < tall / rows:
            tall = max(min(tall, across / columns * rows), min(tall, 14.0))
        grid = Grid(weight, shape, (x, y + k * each + 18, across, tall), rows, columns)
        found.append(Map(key, title, grid))
    return tuple(found)
