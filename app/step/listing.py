"""The lines of the tape: phases as groups, stretches that are folded, time steps of recurrent layers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPen

from app.scenes import draw
from app.step.notation import keeping

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.snapshots import InstructionView, ProgramView
    from app.theme import Theme

GROUP, ROW, TOP = 26, 30, 8
# More instructions of one layer in a row than this fold into one line.
LONG = 14

#: ``lstm_1/c/3``, ``grad/lstm_1/h/2/from/1``, ``gru_1/z_zr/0[2:4]``: what is before the value's name; the time step.
_OF_A_TIME_STEP = re.compile(r"^(?:grad/)?(.+?)/[a-z_]+/(\d+)(?![^/\[])")

#: What a value of a recurrent layer at its first time step is called, by which such layers are known.
_FIRST = re.compile(r"^(.+)/recurrent(?:_zr)?/0$")

Times = tuple["tuple[str, int] | None", ...]


@dataclass(frozen=True)
class Entry:
    """One line of the list: a phase, an instruction, or a folded stretch.

    Attributes
    ----------
    kind
        ``"group"``, ``"op"`` or ``"fold"``.
    time
        Of the fold of one time step: which, from 0; else -1.
    """

    kind: str
    phase: str
    start: int
    stop: int
    top: int
    height: int
    time: int = -1


def entries(program: ProgramView, open_folds: frozenset[int]) -> tuple[Entry, ...]:
    """Return the lines of the list; folds are named by their first instruction."""
    result: list[Entry] = []
    y = TOP
    phase = ""
    index = 0
    instructions, times = program.instructions, time_steps(program)
    while index < len(instructions):
        line = instructions[index]
        if line.phase != phase:
            phase = line.phase
            result.append(Entry("group", phase, index, index, y, GROUP))
            y += GROUP
        kept, moment = keeping(line), times[index]
        stop = index
        while (
            stop < len(instructions)
            and instructions[stop].phase == phase
            and keeping(instructions[stop]) == kept
            and times[stop] == moment
            and (kept or instructions[stop].layer == line.layer)
        ):
            stop += 1
        least = 1 if kept or moment else LONG
        if stop - index > least and (kept or line.layer):
            time = moment[1] if moment else -1
            result.append(Entry("fold", phase, index, stop, y, ROW, time))
            y += ROW
            if index not in open_folds:
                index = stop
                continue
        for i in range(index, stop):
            result.append(Entry("op", phase, i, i + 1, y, ROW))
            y += ROW
        index = stop
    return tuple(result)


def mark(painter: QPainter, colors: Theme, x: float, y: float, radius: float, on: bool) -> None:
    """Draw a breakpoint: a disc, or a ring if it is switched off."""
    if on:
        draw.disc(painter, x, y, radius, colors.err)
        return
    painter.save()
    painter.setPen(QPen(colors.err, 1.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(QPointF(x, y), radius - 0.75, radius - 0.75)
    painter.restore()


def phases(program: ProgramView) -> list[tuple[str, int, int]]:
    """Return the phases of a tape: name, first instruction, and the one behind the last."""
    global _last_phases
    if _last_phases is None or _last_phases[0] is not program:
        found: list[tuple[str, int, int]] = []
        for line in program.instructions:
            if found and found[-1][0] == line.phase:
                found[-1] = (line.phase, found[-1][1], line.index + 1)
            else:
                found.append((line.phase, line.index, line.index + 1))
        _last_phases = (program, found)
    return _last_phases[1]


# Of the last program, for both are asked for with every painting.
_last_phases: tuple[ProgramView, list[tuple[str, int, int]]] | None = None
_last: tuple[ProgramView, Times] | None = None


def time_steps(program: ProgramView) -> Times:
    """Return for each instruction the recurrent layer and its time step (from 0), or None."""
    global _last
    if _last is None or _last[0] is not program:
        layers = {
            found[1]
            for line in program.instructions
            for name in line.writes
            if (found := _FIRST.match(name)) is not None
        }
        _last = (program, tuple(_time_step(program, line, layers) for line in program.instructions))
    return _last[1]


def _time_step(
    program: ProgramView, line: InstructionView, layers: set[str]
) -> tuple[str, int] | None:
    """Of what it reads and writes the latest time step: going back, the error of one feeds the one before."""
    if not layers or line.phase not in ("forward", "backward"):
        return None
    found: list[tuple[int, str]] = []
    for name in (*line.writes, *line.operands.values()):
        match = _OF_A_TIME_STEP.match(name)
        info = program.tensors.get(name)
        # Gradients of shared weights are counted as well, but they have no samples.
        if match and match[1] in layers and info is not None and info.batch:
            found.append((int(match[2]), match[1]))
    own = [one for one in found if line.layer in ("", one[1].split("/")[0])]
    if not own:
        return None
    if line.phase == "forward":
        wrote = _OF_A_TIME_STEP.match(line.writes[0]) if line.writes else None
        if wrote is None or wrote[1] not in layers:
            return None
        return wrote[1], int(wrote[2])
    time, layer = max(own)
    return layer, time
