"""The scene of films of a step: one instruction after the other, each in its close-up.

Which instruction and which cell a frame shows is in its toggles: ``"instruction"`` (its index on the tape), ``"row"``
(the sample), ``"walked"`` (the number of the cell its window is at; none: all of the result). ``"layer"`` is the layer
whose instructions are filmed; "" chooses one. ``"tensor"`` and ``"cell"`` are the number that was chosen: instructions
whose result has the same shape are seen at the same cell. What else there is switches the close-up itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from app.scenes import closeups, draw, registry
from app.scenes.closeups import Moment, Subject
from app.scenes.frame import Selection, ViewState
from app.scenes.hits import Hit, HitIndex
from app.scenes.step_values import Reader, cell_id
from app.snapshots import LASTING, Probe
from app.text import tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QPainter

    from app.scenes.closeups import Closeup, Index
    from app.scenes.frame import Frame
    from app.snapshots import InstructionView, NetworkView, ProgramView, Snapshot
    from app.theme import Theme

HEAD = 52.0
#: What of a frame's toggles is not a switch of the close-up.
_OWN = ("instruction", "layer", "row", "walked", "tensor", "cell", "clock", "origin")


@dataclass(frozen=True)
class CloseupLayout:
    """A layout that knows its size only: what it shows changes from instruction to instruction."""

    size: tuple[float, float]
    hits: HitIndex
    key: Any
    spec: NetworkView
    view: ViewState


def lines_of(program: ProgramView, layer: str = "") -> tuple[InstructionView, ...]:
    """Return the instructions a film shows: those of a layer that have a close-up of their own.

    Parameters
    ----------
    program
        The tape.
    layer
        Id of the layer; "" for the first through whose result a window can slide, or else for all of the step.
    """
    shown = [
        line
        for line in program.instructions
        if line.phase != "data" and line.writes and _shape(program, line)
    ]
    if not layer:
        layer = next(
            (
                line.layer
                for line in shown
                if line.phase == "forward" and line.layer and _walks(program, line)
            ),
            "",
        )
    chosen = [line for line in shown if line.layer == layer] if layer else shown
    special = [
        line for line in chosen if (best := best_of(program, line)) is not None and best.rank
    ]
    return tuple(special or chosen)


def _shape(program: ProgramView, line: InstructionView) -> tuple[int, ...]:
    return program.tensors[line.writes[0]].shape


def _walks(program: ProgramView, line: InstructionView) -> bool:
    best = best_of(program, line)
    return closeups.walk_of(best, subject_at(program, line)) is not None if best else False


def best_of(program: ProgramView, line: InstructionView) -> Closeup | None:
    """Return the close-up of a line of the tape."""
    fitting = closeups.fitting(subject_at(program, line))
    return fitting[0] if fitting else None


def subject_at(
    program: ProgramView, line: InstructionView, toggles: Mapping[str, Any] | None = None, rows: int = 1
) -> Subject:  # fmt: skip
    """The line at the cell that was chosen, or else at the middle of its result: corners are often borders of zeros."""
    toggles = toggles or {}
    tensor, shape = line.writes[0], _shape(program, line)
    chosen = chosen_of(program, toggles)
    cell = (*(n // 2 for n in shape[:-1]), 0) if len(shape) > 1 else (0,) * len(shape)
    if chosen is not None:
        if chosen[0] in line.writes:
            tensor, cell = chosen
        elif program.tensors[chosen[0]].shape == shape:
            cell = chosen[1]
        elif cell and chosen[1] and chosen[1][-1] < shape[-1]:
            # The same unit or channel, at least.
            cell = (*cell[:-1], chosen[1][-1])
    row = max(0, min(int(toggles.get("row", 0)), rows - 1))
    return Subject(program, line, tensor, cell, row, rows)


def chosen_of(program: ProgramView, toggles: Mapping[str, Any]) -> tuple[str, Index] | None:
    """Return tensor and cell (without the sample) that were chosen, where the program has them."""
    info = program.tensors.get(str(toggles.get("tensor", "")))
    cell = tuple(int(k) for k in toggles.get("cell", ()))
    if info is not None and not cell:
        cell = (0,) * len(info.shape)
    if info is None or len(cell) != len(info.shape):
        return None
    inside = all(0 <= k < n for k, n in zip(cell, info.shape, strict=True))
    return (info.name, cell) if inside else None


def subject_of(snapshot: Snapshot | None, toggles: Any) -> Subject | None:
    """Return what a frame shows."""
    program = snapshot.program if snapshot is not None else None
    if snapshot is None or program is None:
        return None
    index = toggles.get("instruction")
    if index is None:
        lines = lines_of(program, str(toggles.get("layer", "")))
        if not lines:
            return None
        index = lines[0].index
    line = program.instructions[int(index)]
    rows = _rows(snapshot)
    subject = subject_at(program, line, toggles, rows)
    walk = closeups.walk_of(best_of(program, line), subject)
    walked = toggles.get("walked")
    if walk is not None and isinstance(walked, int):
        return replace(subject, cell=walk.cell(min(walked, walk.count - 1)))
    return subject


def _rows(snapshot: Snapshot) -> int:
    """Rows of the batch."""
    return max(1, int(getattr(snapshot.position, "rows", 1)))


class CloseupScene:
    """One instruction of a step, large."""

    name = "closeup"
    #: Films of this scene go over the instructions of one step, not over the steps of a run.
    films = "instructions"

    def layout(
        self, spec: NetworkView, size: tuple[float, float], view: ViewState
    ) -> CloseupLayout:
        """Note the size."""
        return CloseupLayout(size, HitIndex(), (spec.name, size, view), spec, view)

    def probes(self, spec: NetworkView, layout: CloseupLayout, frame: Frame) -> tuple[Probe, ...]:
        """Name what the instruction reads and writes."""
        subject = subject_of(frame.snapshot, frame.toggles)
        best = best_of(subject.program, subject.instruction) if subject is not None else None
        return tuple(Probe(name) for name in best.tensors(subject)) if best and subject else ()

    def paint(self, painter: QPainter, layout: CloseupLayout, theme: Theme, frame: Frame) -> None:
        """Draw the caption, the instruction, and its close-up."""
        width, height = layout.size
        subject = subject_of(frame.snapshot, frame.toggles)
        draw.line(painter, 0, HEAD, width, HEAD, theme.line)
        x = 24.0
        if frame.caption:
            x += draw.text(painter, x, 32, frame.caption, 15, theme.tx, weight=600) + 16
        if subject is None:
            words = tr("Nothing was computed yet.")
            draw.text(painter, width / 2, height / 2, words, 13, theme.tx2, anchor="middle")
            return
        line = subject.instruction
        role = (
            theme.bwd
            if line.phase == "backward"
            else theme.loss
            if line.phase == "loss"
            else theme.fwd
        )
        count = len(subject.program.instructions)
        place = tr(
            "step {step}, instruction {n} of {all}",
            step=_step(frame) + 1,
            n=line.index + 1,
            all=count,
        )
        draw.text(painter, width - 24, 32, place, 11.5, theme.tx2, mono=True, anchor="end")
        room = draw.advance(place, 11.5, mono=True) + 40
        draw.text(
            painter,
            x,
            32,
            draw.elide(line.title, 13, width - x - room, 400, True),
            13,
            role,
            mono=True,
        )
        best = best_of(subject.program, line)
        if best is None:
            return
        painter.save()
        painter.translate(0, HEAD)
        options = {k: v for k, v in frame.toggles.items() if k not in _OWN}
        view = ViewState(options=tuple(sorted(options.items())))
        placed = best.layout(subject, (width, height - HEAD), view)
        best.paint(painter, placed, theme, subject, moment_of(frame, subject, best))
        painter.restore()

    def describe(self, layout: CloseupLayout, hit: Hit, frame: Frame) -> tuple[str, ...]:
        """Films are not pointed at."""
        return ()


def _step(frame: Frame) -> int:
    snapshot = frame.snapshot
    if snapshot is None:
        return 0
    ended = snapshot.position.pc == 0 and snapshot.instruction is not None
    return snapshot.position.step - int(ended)


def moment_of(frame: Frame, subject: Subject, best: Closeup) -> Moment:
    """Return the numbers of a frame: `before` is the moment at which the step began."""
    snapshot = frame.snapshot
    assert snapshot is not None
    names = best.tensors(subject)
    values, begun = snapshot.values, frame.before.values if frame.before is not None else {}
    before = {n: begun[n] for n in names if n in begun and subject.info(n).role in LASTING}
    # What the step before has left is not of this moment yet.
    reader = Reader(snapshot, subject.row)
    arrays = {n: values[n] for n in names if n in values and reader.state(n) == "fresh"}
    return Moment(
        arrays=arrays, before=before, snapshot=snapshot,
        selection=Selection(cell_id(subject.tensor, subject.cell)), toggles=frame.toggles,
        clock=float(frame.toggles.get("clock", float("inf"))), origin=frame.toggles.get("origin"),
    )  # fmt: skip


SCENE = registry.register(CloseupScene())
