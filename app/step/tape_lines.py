"""The lines of the tape: what each shows, as plain data, and how it is painted, once for the same data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPainterPath, QPen

from app.scenes import draw, formula
from app.scenes.formula_expressions import format_number
from app.scenes.formula_tex import to_box
from app.step.listing import ROW, mark
from app.step.notation import PHASES, keeping, title
from app.step.painted import Painted
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QColor

    from app.scenes.step_values import Reader
    from app.snapshots import InstructionView, ProgramView
    from app.step.listing import Entry
    from app.step.session import StepSession
    from app.theme import Theme


@dataclass(frozen=True)
class Group:
    """The heading of a phase."""

    phase: str


@dataclass(frozen=True)
class Fold:
    """A stretch that is folded into one line: its words, and what stands at the right."""

    open: bool
    mark: bool | None
    words: str
    tone: str
    mono: bool
    right: str


@dataclass(frozen=True)
class Row:
    """What the look of an instruction's line depends on, besides the instruction."""

    done: bool
    current: bool
    looked: bool
    following: bool
    hovered: bool
    in_margin: bool
    mark: bool | None
    result: str
    notation: str
    #: What the instruction made is other numbers than without those put in by hand.
    altered: bool


Look = Group | Fold | Row


class Lines:
    """Looks at a session, and paints what it has seen.

    Attributes
    ----------
    hover, in_margin
        The line under the mouse by its first instruction, or -1; whether it is over its margin.
    """

    def __init__(self, session: StepSession) -> None:
        self._session = session
        self._painted = Painted()
        self.hover = -1
        self.in_margin = False

    def clear(self) -> None:
        """Forget what was painted: it is another program."""
        self._painted.clear()

    # -- looking

    def look(
        self, program: ProgramView, shown: list[Entry], opened: frozenset[int]
    ) -> dict[Entry, Look]:
        """Return what is seen of some lines now."""
        session = self._session
        snapshot, marks, reader = session.snapshot, session.stops.marks(), session.reader
        whatif = snapshot.whatif if snapshot is not None else None
        altered = whatif.changed if whatif is not None else frozenset()
        pc, done, inspected, notation = (
            session.pc,
            session.done,
            session.inspected,
            session.notation,
        )
        ended = pc == 0 and done is not None
        found: dict[Entry, Look] = {}
        for entry in shown:
            index = entry.start
            if entry.kind == "group":
                found[entry] = Group(entry.phase)
            elif entry.kind == "fold":
                is_done = entry.stop <= pc or ended
                found[entry] = self._fold(program, entry, marks, index in opened, is_done)
            else:
                line, hovered = program.instructions[index], index == self.hover
                result = "" if line.op == "choose_batch" else _result(line.writes, reader)
                found[entry] = Row(
                    index < pc or ended, index == done, index == inspected, index == pc, hovered,
                    hovered and self.in_margin, marks.get(index), result, notation, index in altered,
                )  # fmt: skip
        return found

    def _fold(
        self, program: ProgramView, entry: Entry, marks: Mapping[int, bool], is_open: bool, done: bool
    ) -> Fold:  # fmt: skip
        inside = [on for place, on in marks.items() if entry.start <= place < entry.stop]
        marked = any(inside) if inside else None
        line, count = program.instructions[entry.start], entry.stop - entry.start
        kept = keeping(line)
        if kept == "fetch":
            session = self._session
            whatif = session.snapshot.whatif if session.snapshot is not None else None
            if whatif is not None and whatif.sample:
                return Fold(is_open, marked, session.sample_words, "loss", False, "")
            return Fold(is_open, marked, tr("The batch"), "tx2", False, session.sample_words)
        if kept:
            words = tr("{count} that keep count", count=count)
            return Fold(is_open, marked, words, "tx2", False, "")
        words = (
            tr("{layer} ⟨{time}⟩", layer=line.layer, time=entry.time + 1)
            if entry.time >= 0
            else line.layer
        )
        many = tr("{count} ops", count=count)
        return Fold(is_open, marked, words, "tx" if done else "tx2", True, many)

    # -- painting

    def draw(
        self, painter: QPainter, colors: Theme, program: ProgramView, entry: Entry, look: Look, y: float,
        width: int,
    ) -> None:  # fmt: skip
        """Draw a line at a height of the list."""
        line = program.instructions[entry.start] if isinstance(look, Row) else None

        def paint(own: QPainter) -> None:
            if isinstance(look, Group):
                _group(own, colors, look)
            elif isinstance(look, Fold):
                _fold(own, colors, look, width)
            elif line is not None:
                _row(own, colors, line, look, width, len(program.instructions))

        index = entry.start if line is not None else -1
        key = (index, look, colors.name)
        self._painted.draw(painter, 0, y, (width, entry.height), key, colors.bg1, paint)


def _group(painter: QPainter, colors: Theme, look: Group) -> None:
    role, name = PHASES.get(look.phase, ("tx2", look.phase))
    draw.fill(painter, 40, 9, 8, 8, colors.color(role), 2)
    draw.text(painter, 56, 17, tr(name), 11, colors.tx2, weight=600)


def tooltip(line: InstructionView, notation: str, result: str) -> str:
    """All that there is on a line, which may have been cut."""
    words = title(line, notation).replace("\\ ", " ")
    return f"{line.index + 1:02d}  {words}  {result}".rstrip()


def _fold(painter: QPainter, colors: Theme, look: Fold, width: int) -> None:
    draw.text(painter, 41, 19, "▾" if look.open else "▸", 11, colors.tx3)
    if look.mark is not None:
        mark(painter, colors, 13, 15, 4, look.mark)
    words, color = look.words, colors.color(look.tone)
    if look.tone == "loss":
        words = draw.elide(words, 12.5, width - 78)
    end = 66 + draw.text(painter, 66, 19, words, 12.5, color, mono=look.mono)
    if look.right and look.mono:
        draw.text(painter, width - 12, 19, look.right, 11.5, colors.tx3, mono=True, anchor="end")
    elif look.right:
        right = draw.elide(look.right, 11.5, width - 24 - end)
        draw.text(painter, width - 12, 19, right, 11.5, colors.tx3, anchor="end")


def _row(
    painter: QPainter, colors: Theme, line: InstructionView, look: Row, width: int, count: int
) -> None:
    y, result = 0, look.result
    role = colors.color(PHASES.get(line.phase, ("tx2", ""))[0])
    if look.looked:
        draw.fill(painter, 0, y, width, ROW, draw.mixed(colors.bg1, role, 0.16))
        draw.fill(painter, 0, y, 3, ROW, role)
    elif look.hovered:
        draw.fill(painter, 0, y, width, ROW, colors.bg3)
    if look.mark is not None:
        mark(painter, colors, 13, y + 15, 5, look.mark)
    elif look.in_margin:
        mark(painter, colors, 13, y + 15, 5, on=False)
    if look.current:
        _arrow(painter, 23, y + 8, role)
    elif look.following:
        _arrow(painter, 23, y + 8, colors.tx3, filled=False)
    draw.text(painter, 40, y + 19, f"{line.index + 1:02d}", 11, colors.tx3, mono=True)
    tone = "tx" if look.done or look.current else "tx2"
    # Numbers of four digits take the room of a letter more.
    left = 66 + 7 * max(0, len(str(count)) - 3)
    name, room, result = _fitted(line, look, tone, width - left - 12)
    cut = name.width > room
    painter.save()
    painter.setClipRect(QRectF(left, y, room - (12 if cut else 0), ROW))
    formula.paint(painter, name, colors, left, y + 19.5 - name.baseline)
    painter.restore()
    if cut:
        draw.text(painter, left + room - 10, y + 19, "…", 12, colors.color(tone))
    if look.altered:
        draw.fill(painter, width - 5, y + 4, 3, ROW - 8, colors.loss, 1)
    if result:
        ink = colors.tx2 if look.done else colors.tx3
        draw.text(painter, width - 12, y + 19, result, 11.5, ink, mono=True, anchor="end")


def _fitted(
    line: InstructionView, look: Row, tone: str, room: float
) -> tuple[formula.Formula, float, str]:
    """An instruction as large as it fits beside its result, the room it has, and the result.

    The shape of a result gives way before the instruction is cut: it stands in the tooltip, and at the operands.
    """
    beside = draw.advance(look.result, 11.5, 400, True) + 10 if look.result else 0.0
    words, rooms = title(line, look.notation), [(room - beside, look.result)]
    if look.result.startswith("["):
        rooms.append((room, ""))
    for had, result in rooms:
        for size in (12, 11, 10):
            name = formula.lay_out(to_box(words, formula.Pen(size, 400, tone)))
            if name.width <= had:
                return name, had, result
    return name, had, result


def _result(writes: tuple[str, ...], reader: Reader) -> str:
    """The value of an instruction that makes one number, else the shape of what it makes."""
    if not writes:
        return ""
    info = reader.info(writes[0])
    if info is None:
        return ""
    count = 1
    for extent in info.shape:
        count *= extent
    if count == 1:
        value = reader.value(writes[0], (0,) * len(info.shape))
        if value is not None:
            return format_number(value, 3, sign=writes[0] != "loss")
    return f"[{draw.TIMES.join(map(str, info.shape)) or 1}]"


def _arrow(painter: QPainter, x: float, y: float, color: QColor, *, filled: bool = True) -> None:
    """The program counter: on the instruction done last, and hollow on the one that comes next."""
    path = QPainterPath(QPointF(x + 1, y + 5))
    for px, py in ((7, 5), (7, 2), (13, 7), (7, 12), (7, 9), (1, 9)):
        path.lineTo(x + px, y + py)
    path.closeSubpath()
    if filled:
        painter.fillPath(path, color)
    else:
        painter.strokePath(path, QPen(color, 1))
