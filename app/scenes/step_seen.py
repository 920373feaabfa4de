"""What every piece of the step scene shows in a frame, as plain data.

A piece whose data is the same in two frames looks the same in both: `app.step.stage` paints only the others. So the
painter (`app.scenes.step_paint`) reads nothing but what is gathered here, and the layout.
"""

from __future__ import annotations

import math
import re
import threading
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from app.scenes import images
from app.scenes.formula_expressions import format_number
from app.scenes.step_focus import focus_of, instruction_of
from app.scenes.step_hover import lit_by
from app.scenes.step_values import Reader, cell_id

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from app.scenes.frame import Frame
    from app.scenes.step_focus import Focus
    from app.scenes.step_places import Block, EdgeLine, RowBox, StepLayout, UnitBox
    from app.theme import Theme

#: The time step in a symbol of a recurrent layer.
_TIME = re.compile(r"⟨(\d+)⟩")
PENDING, NEVER = "…", "–"


@dataclass(frozen=True)
class EdgeSeen:
    """The line of a weight: the colour of its sign ("" where it has no value), and its share of the largest."""

    role: str
    share: float


@dataclass(frozen=True)
class StrongSeen:
    """What an instruction does along an edge or to the loss: in which colour, and whether it goes back."""

    role: str
    backward: bool


@dataclass(frozen=True)
class PillSeen:
    """The numbers of an edge: (name, text, role of the name, role of the text) of each."""

    lines: tuple[tuple[str, str, str, str], ...]
    border: str
    width: float


@dataclass(frozen=True)
class RowSeen:
    """One number of a node, what it would be without those put in by hand, and how its place is marked."""

    text: str
    role: str
    before: str
    filled: bool
    frame: str


@dataclass(frozen=True)
class UnitSeen:
    """A node: its border, the colour of the instruction, and its numbers."""

    border: str
    width: float
    role: str
    rows: tuple[RowSeen, ...]


@dataclass(frozen=True)
class ArrowSeen:
    """An arrow between two blocks: its colour and width, and whether a gradient comes back along it."""

    role: str
    width: float
    upstream: bool


@dataclass(frozen=True, eq=False)
class Picture:
    """The picture of a tensor; the same object as long as its numbers are the same."""

    image: QImage


@dataclass(frozen=True)
class TensorSeen:
    """A tensor of a block: its picture, or the sign for numbers that are not there; the role of its frame."""

    picture: Picture | None
    absent: str
    frame: str


@dataclass(frozen=True)
class BlockSeen:
    """A block: the colour of the instruction in it, or "", and which time step that is of, from 1; 0: of none."""

    role: str
    time: int = 0


@dataclass(frozen=True)
class LegendSeen:
    """What the legend has to explain."""

    role: str
    whatif: bool
    frozen: bool


@dataclass(frozen=True)
class Seen:
    """Everything that is shown; in the order of the layout's parts, None where nothing is drawn."""

    edges: tuple[EdgeSeen, ...] = ()
    loss_lines: tuple[tuple[bool, bool], ...] = ()
    upstream: tuple[bool, ...] = ()
    strong: tuple[StrongSeen | None, ...] = ()
    lit: tuple[bool, ...] = ()
    pills: tuple[PillSeen | None, ...] = ()
    units: tuple[UnitSeen, ...] = ()
    arrows: tuple[ArrowSeen, ...] = ()
    blocks: tuple[BlockSeen, ...] = ()
    tensors: tuple[tuple[TensorSeen | None, ...], ...] = ()
    legend: LegendSeen = field(default_factory=lambda: LegendSeen("tx2", False, False))


def see(place: StepLayout, theme: Theme, frame: Frame) -> Seen:
    """Gather what a frame shows."""
    return _Looker(place, theme, frame).all()


def last_column(place: StepLayout) -> list[UnitBox]:
    """Return the output's nodes, from which lines lead to the loss."""
    units = [u for u in place.units if u.kind == "unit"]
    return [unit for unit in units if unit.layer == units[-1].layer]


class _Looker:
    """Reads one frame."""

    def __init__(self, place: StepLayout, theme: Theme, frame: Frame) -> None:
        self.place, self.theme, self.frame = place, theme, frame
        self.reader = Reader(frame.snapshot, int(frame.toggles.get("row", 0)))
        self.show = frame.toggles.get("show", "both")
        self.focus: Focus = focus_of(place, self.reader, frame)
        self.chosen, self.hover = frame.selection.node, frame.selection.hover
        self.lit = lit_by(self.hover, self.reader)

    def all(self) -> Seen:
        whatif = self.frame.snapshot.whatif if self.frame.snapshot is not None else None
        legend = LegendSeen(
            self.focus.role, whatif is not None and bool(whatif.edits), self.reader.frozen
        )
        place, focus = self.place, self.focus
        if place.detail != "numbers":
            return Seen(
                units=(self.unit(place.units[-1]),),
                arrows=tuple(self.arrow(layer) for _, layer in place.arrows),
                blocks=tuple(map(self.block, place.blocks)),
                tensors=tuple(self.tensors(block) for block in place.blocks),
                legend=legend,
            )
        keys = [(edge.layer, edge.source, edge.target) for edge in place.edges]
        strong = StrongSeen(focus.role, focus.backward)
        used = "loss" in focus.upstream_layers
        return Seen(
            edges=self.edges(),
            loss_lines=tuple(
                (focus.loss, used and (not focus.outputs or unit.index in focus.outputs))
                for unit in last_column(place)
            ),
            upstream=tuple(key in focus.upstream for key in keys),
            strong=tuple(strong if key in focus.edges else None for key in keys),
            lit=tuple(key == self.lit.edge for key in keys),
            pills=tuple(
                None if edge.pill is None else self.pill(edge, key in focus.edges)
                for key, edge in zip(keys, place.edges, strict=True)
            ),
            units=tuple(self.unit(unit) for unit in place.units),
            legend=legend,
        )

    def block(self, block: Block) -> BlockSeen:
        if not self.focus.lights(block):
            return BlockSeen("")
        line = instruction_of(self.reader, self.frame)
        if line is None or line.layer != block.layer or not line.writes:
            return BlockSeen(self.focus.role)
        info = self.reader.info(line.writes[0])
        time = _TIME.search(info.symbol if info is not None else "")
        return BlockSeen(self.focus.role, int(time.group(1)) if time is not None else 0)

    # -- numbers

    def edges(self) -> tuple[EdgeSeen, ...]:
        arrays: dict[str, np.ndarray | None] = {}
        largest: dict[str, float] = {}
        found = []
        for edge in self.place.edges:
            if edge.kernel and edge.kernel not in arrays:
                array = arrays[edge.kernel] = self.reader.array(edge.kernel)
                if array is not None and edge.layer not in largest:
                    largest[edge.layer] = float(np.abs(array).max()) or 1.0
            index = (edge.source, edge.target)
            value = self.reader.value(edge.kernel, index) if edge.kernel else None
            if value is None:
                found.append(EdgeSeen("", 0.3))
                continue
            share = min(1.0, abs(value) / largest.get(edge.layer, 1.0))
            found.append(EdgeSeen("pos" if value >= 0 else "neg", share))
        return tuple(found)

    def pill(self, edge: EdgeLine, current: bool) -> PillSeen:
        lines = []
        index, gradient = (edge.source, edge.target), f"grad/{edge.kernel}"
        border = self.focus.role if current else "line2"
        hovered = chosen = False
        if self.show in ("weights", "both"):
            value = self.reader.value(edge.kernel, index)
            tone = "tx3" if value is None else "pos" if value >= 0 else "neg"
            text = PENDING if value is None else format_number(value, 2, sign=True)
            lines.append(("w", text, "tx3", tone))
            name = cell_id(edge.kernel, index)
            hovered, chosen = self.hover == name, self.chosen == name
        if self.show in ("gradients", "both"):
            value = self.reader.value(gradient, index)
            text = self.absent(gradient) if value is None else format_number(value, 3, sign=True)
            lines.append(("∂", text, "bwd", "bwd"))
            name = cell_id(gradient, index)
            hovered, chosen = hovered or self.hover == name, chosen or self.chosen == name
        if hovered or chosen:
            border = "tx"
        return PillSeen(tuple(lines), border, 1.5 if current or hovered else 1)

    def unit(self, unit: UnitBox) -> UnitSeen:
        marked = unit.id in self.focus.units
        border, width = "loss" if unit.kind == "loss" else "line2", 1.0
        if marked:
            border, width = self.focus.role, 1.5
        if unit.id == self.lit.unit:
            border, width = "tx", 1.5
        return UnitSeen(
            border, width, self.focus.role, tuple(self.row(line, marked) for line in unit.rows)
        )

    def row(self, line: RowBox, marked: bool) -> RowSeen:
        identifier = cell_id(line.tensor, line.index)
        chosen = identifier == self.chosen
        text, role = self.cell_text(line)
        old = self.reader.otherwise(line.tensor, line.index)
        before = (
            "" if old is None
            else f"{format_number(old, _decimals(line), sign=line.tensor != 'loss')} →"
        )  # fmt: skip
        return RowSeen(
            text, role, before, marked and line.tensor in self.focus.rows,
            "tx" if chosen else "tx3" if identifier == self.hover else "",
        )  # fmt: skip

    def absent(self, tensor: str) -> str:
        """The sign for a number that is still to come, or never will."""
        return NEVER if self.reader.never(tensor) else PENDING

    def cell_text(self, line: RowBox) -> tuple[str, str]:
        """The number of a row, and its colour."""
        if line.tensor == "targets":
            return self.target_text(), "tx2"
        if line.tensor in ("loss", "loss/rows"):
            value = self.reader.value(line.tensor, ())
            if value is None:
                # Of several outputs each has a loss of its own for the sample: there is no one number.
                return "" if self.reader.never(line.tensor) else PENDING, "tx3"
            return format_number(value, 4), line.role
        value = self.reader.value(line.tensor, line.index)
        gradient = line.tensor.startswith("grad/")
        if value is None:
            return self.absent(line.tensor), "bwd" if gradient else "tx3"
        return format_number(value, _decimals(line), sign=True), line.role

    def target_text(self) -> str:
        target = self.reader.array("targets")
        if target is None or self.reader.state("targets") != "fresh":
            return PENDING
        values = np.ravel(target)
        if values.size > 4:
            return str(int(values.argmax()))
        return ", ".join(format_number(float(v), 0 if float(v).is_integer() else 2) for v in values)

    # -- blocks

    def arrow(self, layer: str) -> ArrowSeen:
        forward = layer in self.focus.layers and not self.focus.backward
        return ArrowSeen(
            self.focus.role if forward else "line2", 3 if forward else 2,
            layer in self.focus.upstream_layers,
        )  # fmt: skip

    def tensors(self, block: Block) -> tuple[TensorSeen | None, ...]:
        lit = self.focus.lights(block)
        return tuple(
            None if label == "δ" and self.show == "weights"
            else self.tensor(name, face.width() / face.height(), lit and name in self.focus.tensors)
            for label, name, face in block.tensors
        )  # fmt: skip

    def tensor(self, name: str, aspect: float, lit: bool) -> TensorSeen:
        gradient = name.startswith("grad/")
        identifier = f"tensor:{name}"
        chosen = identifier in (self.hover, self.chosen) or name in self.lit.tensors
        frame = "tx" if chosen else self.focus.role if lit else ""
        if self.reader.state(name) == "fresh":
            picture = _pictures.of(self.theme, self.reader, name, aspect, gradient)
            if picture is not None:
                return TensorSeen(picture, "", frame)
        return TensorSeen(None, self.absent(name), frame)


def _decimals(line: RowBox) -> int:
    """Places behind the point of a row's number."""
    if line.label == "":
        return 2
    return 4 if line.tensor.startswith("grad/") or line.role == "loss" else 3


#: Pictures kept: of each tensor the last one. A network of a hundred layers has some four hundred.
_MOST = 1024


class _Pictures(threading.local):
    """Pictures of tensors, made anew when the snapshot's array is another one; each thread has its own."""

    def __init__(self) -> None:
        self._known: dict[Any, tuple[weakref.ref[np.ndarray], Picture]] = {}

    def of(
        self, theme: Theme, reader: Reader, name: str, aspect: float, gradient: bool
    ) -> Picture | None:
        source = reader.source(name)
        if source is None:
            array = reader.array(name)
            return None if array is None else Picture(_picture(theme, array, aspect, gradient))
        key = (name, reader.row, aspect, theme.name)
        known = self._known.get(key)
        if known is not None and known[0]() is source:
            return known[1]
        array = reader.array(name)
        if array is None:
            return None
        made = Picture(_picture(theme, array, aspect, gradient))
        if len(self._known) >= _MOST:
            self._known.clear()
        # Only as long as a snapshot has it: a picture is small, a kernel may not be.
        self._known[key] = (weakref.ref(source), made)
        return made


_pictures = _Pictures()


def _picture(theme: Theme, array: np.ndarray, aspect: float, gradient: bool) -> QImage:
    """A tensor of any rank as one small image: maps side by side, vectors folded into rows."""
    values = np.asarray(array, np.float32)
    if values.ndim == 4:
        values = values.transpose(2, 3, 0, 1).reshape(-1, *values.shape[:2])
    elif values.ndim == 3:
        values = values.transpose(2, 0, 1)
    elif values.ndim == 2:
        values = values[None]
    else:
        count = max(1, values.size)
        columns = max(1, min(count, round(math.sqrt(count * aspect))))
        padded = np.full(-(-count // columns) * columns, np.nan, np.float32)
        padded[:count] = values.ravel()
        values = padded.reshape(1, -1, columns)
    if len(values) > 1:
        shown = values[:16]
        side = math.ceil(math.sqrt(len(shown) * aspect))
        high = -(-len(shown) // side)
        h, w = shown.shape[1:]
        sheet = np.full((high * (h + 1) - 1, side * (w + 1) - 1), np.nan, np.float32)
        for k, image in enumerate(shown):
            y, x = divmod(k, side)
            sheet[y * (h + 1) : y * (h + 1) + h, x * (w + 1) : x * (w + 1) + w] = image
        values = sheet[None]
    plane = values[0]
    step = max(1, plane.shape[0] // 256, plane.shape[1] // 256)
    plane = plane[::step, ::step]
    finite = plane[np.isfinite(plane)]
    signed = gradient or bool((finite < 0).any())
    return images.heat(theme, plane, "signed" if signed else "activation", images.extent(finite))
