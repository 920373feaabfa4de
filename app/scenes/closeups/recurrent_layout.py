"""Where the time steps of a recurrent layer stand: a column each, a band for each gate and state, a curve beneath."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from app.scenes.closeups.cells import CellHits, Grid
from app.scenes.closeups.unrolled import TimeStep, Unrolled, unrolled
from app.scenes.hits import Hit

if TYPE_CHECKING:
    from app.snapshots import ProgramView

MARGIN, LABEL, GAP = 20.0, 116.0, 9.0
#: Columns that are read at once, their least and greatest width; time steps the curve goes over.
WINDOW, NARROW, BROAD, REACH = 16, 34.0, 130.0, 64
_HEAD = 50.0
#: Width of the column of a state that is kept from batch to batch, before the first time step.
_KEPT = 46.0

#: By kind: the bands from top to bottom: what they are called, their letter, and whether they are gates.
BANDS: dict[str, tuple[tuple[str, str, str, bool], ...]] = {
    "LSTM": (
        ("f", "Forget gate", "f", True),
        ("i", "Input gate", "i", True),
        ("g", "New content", "g", False),
        ("o", "Output gate", "o", True),
        ("c", "Cell", "c", False),
        ("h", "State", "h", False),
    ),
    "GRU": (
        ("z", "Update gate", "u", True),
        ("r", "Reset gate", "r", True),
        ("candidate", "Candidate", "ĥ", False),
        ("h", "State", "h", False),
    ),
    "SimpleRNN": (("h", "State", "h", False),),
}


@dataclass(frozen=True)
class Band:
    """A gate or a state over time.

    Attributes
    ----------
    key, words, letter, gate
        "f", "Forget gate", "f", and whether it opens and closes.
    top, height
        Where it stands.
    grids
        Its cells in each column, in the order of the columns.
    """

    key: str
    words: str
    letter: str
    gate: bool
    top: float
    height: float
    grids: tuple[Grid, ...]


@dataclass(frozen=True)
class Column:
    """A time step: its number in the order of reading, its place in the sequence, and where it stands."""

    read: int
    time: int
    x: float
    width: float


@dataclass(frozen=True)
class RecurrentLayout:
    """Result of `placed`.

    `curve` is where sizes of gradients are drawn, `detail` the formulas of one unit; `kept` are the states the batch
    began with, of a layer that keeps them.
    """

    size: tuple[float, float]
    layer: Unrolled
    columns: tuple[Column, ...]
    bands: tuple[Band, ...]
    curve: tuple[float, float, float, float]
    detail: tuple[float, float, float, float]
    clip: tuple[float, float, float, float] | None
    hits: CellHits = field(default_factory=CellHits)
    kept: tuple[Grid, ...] = ()

    def column(self, time: int) -> Column | None:
        """Return the column of a time step, if it is among those shown."""
        return next((one for one in self.columns if one.time == time), None)

    def band(self, key: str) -> Band | None:
        """Return a band."""
        return next((one for one in self.bands if one.key == key), None)


def tensor_of(step: TimeStep, key: str) -> str:
    """Return the tensor of a band at a time step."""
    return step.gates.get(key) or {"c": step.c, "h": step.h}.get(key, "")


def kept_states(program: ProgramView, layer: Unrolled) -> dict[str, str]:
    """Return the states that are kept from batch to batch, by band."""
    names = {key: f"{layer.place}/state/{key}" for key in ("c", "h")}
    return {key: name for key, name in names.items() if name in program.tensors}


def window(layer: Unrolled, time: int, most: int = WINDOW) -> range:
    """Return the time steps that are read around one: all, or so many that move on by halves."""
    count = len(layer.steps)
    if count <= most:
        return range(count)
    half = max(1, most // 2)
    first = min(max(0, (time // half) * half - half // 2), count - most)
    return range(first, first + most)


def other_direction(program: ProgramView, layer: Unrolled) -> Unrolled | None:
    """Return the layer that reads the same sequence the other way, in a `Bidirectional`."""
    owner, _, direction = layer.place.rpartition("/")
    if direction not in ("forward", "backward"):
        return None
    places = {f"{owner}/forward", f"{owner}/backward"} - {layer.place}
    return next((one for one in unrolled(program) if one.place in places), None)


_known: dict[tuple[object, ...], RecurrentLayout] = {}


def placed(
    program: ProgramView,
    layer: Unrolled,
    time: int,
    size: tuple[float, float],
    *,
    clips: bool,
    backward: bool,
) -> RecurrentLayout:
    """Return where everything stands, around a time step."""
    width, _ = size
    room = width - 2 * MARGIN - LABEL
    shown = window(layer, time)
    fits = max(2, int((room + GAP) // (NARROW + GAP)))
    if fits < len(shown):
        inside = min(max(shown.start, time - fits // 2), shown.stop - fits)
        shown = range(inside, inside + fits)
    key = (program.serial, id(program), layer.place, shown, size, clips, backward)
    if key not in _known:
        while len(_known) > 31:
            del _known[next(iter(_known))]
        _known[key] = _placed(program, layer, shown, size, clips=clips, backward=backward)
    return _known[key]


def _placed(
    program: ProgramView,
    layer: Unrolled,
    shown: range,
    size: tuple[float, float],
    *,
    clips: bool,
    backward: bool,
) -> RecurrentLayout:
    width, height = size
    # No gradient goes back into the batch before.
    kept = kept_states(program, layer) if layer.at(shown[0]) == 0 and not backward else {}
    left = MARGIN + LABEL + (_KEPT + GAP if kept else 0.0)
    room = width - MARGIN - left
    pitch = min(BROAD + GAP, (room + GAP) / len(shown))
    columns = tuple(
        Column(layer.at(t), t, left + k * pitch, pitch - GAP) for k, t in enumerate(shown)
    )
    steps = {step.time: step for step in layer.steps}
    wanted = [
        (key, words, letter, gate, [tensor_of(steps[t], key) for t in shown])
        for key, words, letter, gate in BANDS[layer.kind]
    ]
    other = other_direction(program, layer)
    if other is not None and {s.time for s in other.steps} >= set(shown):
        beside = {step.time: step for step in other.steps}
        wanted.append(("other", "Other direction", "h", False, [beside[t].h for t in shown]))
    features = program.tensors[layer.x].shape[-1] if layer.x else 0
    detail_height = 92.0 if height >= 540 else 62.0
    curve_height = min(150.0, max(74.0, height * 0.2))
    space = height - _HEAD - 20 - detail_height - curve_height - 34
    weights = [1.0] * len(wanted) + [0.6] * bool(features)
    # A few bands leave room for the curve.
    cap = 72.0 if len(wanted) > 2 else 120.0
    each = max(10.0, min(cap, (space - 7 * len(weights)) / sum(weights)))
    y = _HEAD + 20
    bands: list[Band] = []
    if features:
        grids = tuple(
            Grid(
                layer.x,
                program.tensors[layer.x].shape,
                (c.x, y, c.width, each * 0.6),
                features,
                1,
                (c.time,),
            )
            for c in columns
        )
        bands.append(Band("x", "Input", "x", False, y, each * 0.6, grids))
        y += each * 0.6 + 7
    for key, words, letter, gate, tensors in wanted:
        grids = tuple(
            Grid(
                name,
                program.tensors[name].shape,
                (c.x, y, c.width, each),
                program.tensors[name].shape[-1],
                1,
            )
            for c, name in zip(columns, tensors, strict=True)
        )
        bands.append(Band(key, words, letter, gate, y, each, grids))
        y += each + 7
    starts = tuple(
        Grid(
            kept[band.key],
            program.tensors[kept[band.key]].shape,
            (MARGIN + LABEL, band.top, _KEPT, band.height),
            layer.units,
            1,
        )
        for band in bands
        if band.key in kept
    )
    bottom = height - 10
    detail = (MARGIN, bottom - detail_height, width - 2 * MARGIN, detail_height)
    clip = None
    if clips and width >= 520:
        detail = (*detail[:2], detail[2] - 236, detail[3])
        clip = (MARGIN + detail[2] + 16, detail[1], 220.0, detail_height)
    top = y + 12
    curve = (
        columns[0].x,
        top,
        columns[-1].x + columns[-1].width - columns[0].x,
        min(260.0, detail[1] - 24 - top),
    )
    items = tuple(
        Hit(f"time:{c.time}", "time", layer.place, (c.time,), (c.x, _HEAD, c.width, 18))
        for c in columns
    )
    # In the backward pass a cell is its gradient.
    grids = tuple(
        replace(grid, tensor=f"grad/{grid.tensor}")
        if backward and not grid.prefix and f"grad/{grid.tensor}" in program.tensors
        else grid
        for band in bands
        for grid in band.grids
    )
    return RecurrentLayout(
        size, layer, columns, tuple(bands), curve, detail, clip,
        CellHits(items, (*grids, *starts), "look"), starts,
    )  # fmt: skip
