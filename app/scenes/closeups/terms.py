"""Beneath a close-up: the chosen number written out term by term, and the instructions it goes into."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt

from app.scenes import draw, formula
from app.scenes.formula_expressions import Look, format_number, role_of, significant, symbol_box
from app.scenes.formula_expressions import formula as laid
from app.scenes.formula_tex import to_box
from app.scenes.hits import Hit
from app.scenes.step_focus import ROLES
from app.scenes.step_values import Reader, parse_cell
from app.step.notation import title
from app.text import tr
from core.expressions import Ref, Symbol, references

if TYPE_CHECKING:
    from PySide6.QtGui import QColor, QPainter

    from app.scenes.closeups import Moment, Subject
    from app.theme import Theme
    from app.traces import Destination, Origin, Term

PAD = 16.0
ROW = 20.0
HEAD = 26.0
#: Room for the formula of the number over the table of its terms.
FRAME = 46.0
_COLUMN = 250.0
#: Stands for the role of an instruction that makes the number.
MADE = "made"


@dataclass(frozen=True)
class Footer:
    """The strip under the panels.

    Attributes
    ----------
    x, y, width, height
        All of it.
    split
        Where the list of instructions begins.
    columns, lines
        The table of terms: columns, and rows in each.
    jumps
        Rows of the list of instructions.
    terms_from, jumps_from
        How far both are scrolled.
    """

    x: float
    y: float
    width: float
    height: float
    split: float
    columns: int
    lines: int
    jumps: int
    terms_from: int = 0
    jumps_from: int = 0

    @property
    def slots(self) -> int:
        """Rows of the table in all columns."""
        return self.columns * self.lines

    def term_rect(self, slot: int) -> tuple[float, float, float, float]:
        """Return the row of a term."""
        column, line = divmod(slot, self.lines)
        width = (self.split - self.x - PAD) / self.columns
        return (
            self.x + PAD + column * width, self.y + HEAD + FRAME + line * ROW, width - 12, ROW
        )  # fmt: skip

    def jump_rect(self, slot: int) -> tuple[float, float, float, float]:
        """Return the row of an instruction."""
        width = self.x + self.width - self.split - 2 * PAD
        return self.split + PAD, self.y + HEAD + slot * (ROW + 2), width, ROW + 2

    def hits(self) -> tuple[Hit, ...]:
        """Everything in it that can be pointed at."""
        found = [
            Hit(f"term:{slot}", "term", "", (slot,), self.term_rect(slot))
            for slot in range(self.slots)
        ]
        found += [
            Hit(f"jump:{slot}", "jump", "", (slot,), self.jump_rect(slot))
            for slot in range(self.jumps)
        ]
        return tuple(found)


def footer(
    x: float, y: float, width: float, height: float, terms_from: int = 0, jumps_from: int = 0
) -> Footer:
    """Lay the strip out."""
    split = x + width * (0.66 if width > 560 else 0.62)
    lines = max(1, int((height - HEAD - FRAME - 8) // ROW))
    columns = max(1, int((split - x - PAD) // _COLUMN))
    jumps = max(1, int((height - HEAD - 8) // (ROW + 2)))
    return Footer(x, y, width, height, split, columns, lines, jumps, terms_from, jumps_from)


def height_for(height: float) -> float:
    """How tall the strip is under a picture of this height."""
    return max(118.0, min(248.0, height * 0.36))


# -- what is there


def term_at(place: Footer, slot: int, moment: Moment) -> Term | None:
    """Return the term in a row of the table."""
    origin = moment.origin
    at = slot + place.terms_from
    return origin.terms[at] if origin is not None and at < len(origin.terms) else None


def jump_at(place: Footer, slot: int, moment: Moment) -> Destination | None:
    """Return the instruction in a row of the list."""
    at = slot + place.jumps_from
    return moment.destinations[at] if at < len(moment.destinations) else None


def cells_of(term: Term) -> dict[str, list[tuple[int, ...]]]:
    """Return the cells a term reads, by tensor."""
    found: dict[str, list[tuple[int, ...]]] = {}
    for ref in references(term.expression):
        found.setdefault(ref.tensor, []).append(tuple(ref.index))
    return found


def reads(term: Term, tensor: str, full: tuple[int, ...]) -> bool:
    """Tell whether a term reads a cell."""
    return any(r.tensor == tensor and tuple(r.index) == full for r in references(term.expression))


@lru_cache(maxsize=1024)
def heading_of(line: str, pen: formula.Pen) -> formula.Formula:
    """Set a line of a listing; remembered, because the same few stand in every picture."""
    return formula.lay_out(to_box(line, pen))


# -- painting


def paint(
    painter: QPainter, place: Footer, theme: Theme, subject: Subject, moment: Moment,
    upto: int | None = None,
) -> None:  # fmt: skip
    """Draw the strip; of the terms only the first `upto` while a sum builds up."""
    painter.fillRect(QRectF(place.x, place.y, place.width, place.height), theme.bg1)
    painter.fillRect(QRectF(place.x, place.y, place.width, 1), theme.line)
    painter.fillRect(QRectF(place.split, place.y + 1, 1, place.height), theme.line)
    painter.save()
    painter.setClipRect(QRectF(place.x, place.y, place.split - place.x, place.height))
    _number(painter, place, theme, subject, moment, upto)
    painter.restore()
    _goes_into(painter, place, theme, subject, moment)


def _heading(painter: QPainter, theme: Theme, x: float, y: float, words: str) -> float:
    return draw.text(painter, x, y + 17, words, 11, theme.tx2, weight=600)


def _number(
    painter: QPainter, place: Footer, theme: Theme, subject: Subject, moment: Moment, upto: int | None
) -> None:  # fmt: skip
    x, y = place.x + PAD, place.y
    origin = moment.origin
    room = place.split - place.x - 2 * PAD
    if origin is None:
        _heading(painter, theme, x, y, tr("How the number came about"))
        value = moment.value(subject, subject.tensor, subject.full)
        if value is None:
            words = tr("Not computed in this step yet. Press Step.")
            draw.text(painter, x, y + HEAD + 16, words, 12, theme.tx3)
        else:
            color = theme.color(role_of(subject.tensor))
            shown = f"= {format_number(value, 6)}"
            draw.text(painter, x, y + HEAD + 18, shown, 15, color, weight=600, mono=True)
        return
    info = subject.info(subject.tensor)
    shown = ",".join(str(k + 1) for k in subject.cell)
    pen = formula.Pen(13, 500)
    left = symbol_box(
        Ref(info.name, subject.full, info.symbol or info.name, shown),
        pen.with_role(role_of(info.name)),
    )
    if origin.frame is None or not origin.terms:
        by_hand = Reader(moment.snapshot, subject.row).by_hand(subject.tensor, subject.cell)
        _plain(painter, theme, subject, origin, left, x, y + 6, room, by_hand=by_hand)
        return
    head = _heading(painter, theme, x, y, tr("How the number came about"))
    words = tr("{count} terms", count=origin.count)
    if origin.left_out:
        words = tr("{count} terms, {zero} of them 0 by the label and left out",
                   count=origin.count, zero=origin.left_out)  # fmt: skip
    draw.text(
        painter, x + head + 10, y + 17, draw.elide(words, 11, room - head - 10), 11, theme.tx3
    )
    running = sum(t.value for t in origin.terms[:upto]) if upto is not None else origin.total
    over = upto is None or upto >= len(origin.terms)
    if over:
        running = origin.total
    pieces = [
        left,
        formula.text(" = ", pen.with_role("tx2")),
        *_frame(origin, pen),
    ]
    box = formula.row(pieces)
    done = formula.lay_out(box)
    top = y + HEAD + max(0.0, (FRAME - 6 - done.height) / 2)
    formula.paint(painter, done, theme, x, top)
    at = x + done.width + 4
    baseline = top + done.baseline
    limit = place.split - PAD
    if not isinstance(origin.frame, Symbol):
        sigma = f"  Σ = {significant(running, 4)}"
        if at + draw.advance(sigma, 12, 400, True) < limit:
            at += draw.text(painter, at, baseline, sigma, 12, theme.tx2, mono=True)
    value = origin.kernel_value if over else running
    result = f"  = {significant(value, 4)}"
    if at + draw.advance(result, 14, 600, True) < limit and (
        over or isinstance(origin.frame, Symbol)
    ):
        role = theme.color(role_of(info.name)) if over else theme.tx2
        at += draw.text(painter, at, baseline, result, 14, role, weight=600, mono=True)
        if not over:
            draw.text(painter, at + 10, baseline, tr("so far"), 11, theme.tx3)
    _table(painter, place, theme, moment, origin, upto)


def _frame(origin: Origin, pen: formula.Pen) -> list[formula.Box]:
    from app.scenes.formula_expressions import expression_box

    assert origin.frame is not None
    return [expression_box(origin.frame, Look("symbolic", pen))]


def _plain(
    painter: QPainter, theme: Theme, subject: Subject, origin: Origin, left: formula.Box, x: float,
    y: float, room: float, *, by_hand: bool = False,
) -> None:  # fmt: skip
    """A short formula: letters, numbers, result, under each other."""
    from app.scenes.formula_expressions import expression_box

    pen = formula.Pen(13)
    _heading(painter, theme, x, y - 6, tr("How the number came about"))
    y += HEAD - 2
    if isinstance(origin.expression, Ref) and origin.expression.tensor == origin.tensor:
        words = tr("Drawn by chance, always the same for this seed, layer, step and place.")
        if subject.instruction.phase == "data":
            words = tr("Taken from the data set as it is.")
        if by_hand:
            words = tr("Put in by hand.")
        draw.text(painter, x, y + 12, draw.elide(words, 12, room), 12, theme.tx2)
        draw.text(painter, x, y + 36, format_number(origin.kernel_value, 6), 15, theme.fwd,
                  weight=600, mono=True)  # fmt: skip
        return
    for mode in ("symbolic", "numbers"):
        look = Look(mode, pen if mode == "symbolic" else formula.Pen(12, 400, "tx2"),
                    width=room - left.width - 30)  # fmt: skip
        body = expression_box(origin.expression, look, origin.numbers)
        line = formula.row([
            left if mode == "symbolic" else formula.space(left.width),
            formula.text(" = ", pen.with_role("tx2")), body,
        ])  # fmt: skip
        done = formula.lay_out(line)
        formula.paint(painter, done, theme, x, y)
        y += done.height + 7
    color = theme.color(role_of(origin.tensor))
    x += left.width + formula.advance(" = ", 13)
    draw.text(painter, x - 16, y + 15, "=", 13, theme.tx2, mono=True)
    value = format_number(origin.kernel_value, 6)
    draw.text(painter, x, y + 15, value, 15, color, weight=600, mono=True)


def _table(
    painter: QPainter, place: Footer, theme: Theme, moment: Moment, origin: Origin, upto: int | None
) -> None:  # fmt: skip
    top = max((abs(t.value) for t in origin.terms), default=0.0) or 1.0
    hover = moment.selection.hover if moment.selection is not None else ""
    pointed = parse_cell(hover)
    for slot in range(place.slots):
        term = term_at(place, slot, moment)
        if term is None:
            break
        at = slot + place.terms_from
        if upto is not None and at >= upto:
            break
        x, y, w, h = place.term_rect(slot)
        more = len(origin.terms) + (1 if origin.rest else 0) - place.terms_from - place.slots
        if slot == place.slots - 1 and more > 0:
            rest = tr("and {count} more; scroll", count=more + 1)
            draw.text(painter, x + 4, y + 14, rest, 11, theme.tx3)
            break
        lit = hover == f"term:{slot}"
        if pointed is not None and moment.pointed is not None:
            lit = lit or reads(term, *moment.pointed)
        if lit:
            draw.fill(painter, x - 4, y, w + 8, h, theme.selbg, 3)
        _term(painter, theme, origin, term, (x, y, w, h), top)


def _term(
    painter: QPainter, theme: Theme, origin: Origin, term: Term,
    rect: tuple[float, float, float, float], top: float,
) -> None:  # fmt: skip
    x, y, w, h = rect
    value = significant(term.value, 4, sign=True)
    wide = 62.0
    bar = 34.0
    room = w - wide - bar - 8
    left = x
    if term.row is not None:
        sample = f"n={term.row + 1}"
        left += draw.text(painter, x, y + 14, sample, 10, theme.tx3, mono=True) + 8
        room -= left - x
    symbols = laid(term.expression, Look("symbolic", formula.Pen(11)))
    numbers = laid(term.expression, Look("numbers", formula.Pen(11, 400, "tx2")), origin.numbers)
    tall = ROW + 2
    if numbers.height > tall:
        # What needs two lines is not read in one: the value says it.
        pass
    elif symbols.height > tall and numbers.width <= room:
        formula.paint(painter, numbers, theme, left, y + 14 - numbers.baseline)
    elif symbols.width + numbers.width + 16 <= room:
        formula.paint(painter, symbols, theme, left, y + 14 - symbols.baseline)
        at = max(symbols.width + 6, min(room * 0.42, room - numbers.width - 8))
        draw.text(painter, left + at - 2, y + 14, "=", 11, theme.tx3, mono=True)
        formula.paint(painter, numbers, theme, left + at + 10, y + 14 - numbers.baseline)
    elif numbers.width <= room:
        formula.paint(painter, numbers, theme, left, y + 14 - numbers.baseline)
    else:
        formula.paint(painter, symbols, theme, left, y + 14 - symbols.baseline)
    middle = x + w - wide - bar / 2
    length = bar / 2 * min(1.0, abs(term.value) / top) if term.value == term.value else 0.0
    painter.fillRect(QRectF(middle, y + 3, 1, h - 6), theme.line2)
    color: QColor = theme.pos if term.value > 0 else theme.neg
    start = middle if term.value > 0 else middle - length
    painter.fillRect(QRectF(start, y + 6, length, h - 12), color)
    draw.text(painter, x + w, y + 14, value, 11, theme.tx, mono=True, anchor="end")


def _goes_into(
    painter: QPainter, place: Footer, theme: Theme, subject: Subject, moment: Moment
) -> None:
    x, y = place.split + PAD, place.y
    room = place.x + place.width - place.split - 2 * PAD
    picked = moment.picked
    name = picked[0] if picked is not None else subject.tensor
    cell = picked[1] if picked is not None else subject.full
    info = subject.info(name)
    own = cell[1:] if info.batch else cell
    if not moment.asked and not moment.destinations:
        # Films do not ask, and the window has the answer in a moment.
        return
    head = _heading(painter, theme, x, y, tr("Goes into"))
    box = symbol_box(
        Ref(name, cell, info.symbol or name, ",".join(str(k + 1) for k in own)),
        formula.Pen(11, 400, role_of(name)),
    )
    done = formula.lay_out(box)
    if done.height < HEAD:
        formula.paint(painter, done, theme, x + room - done.width, y + 17 - done.baseline)
    elif head + 60 < room:
        where = ",".join(str(k + 1) for k in own)
        draw.text(painter, x + room, y + 17, where, 11, theme.tx3, mono=True, anchor="end")
    if not moment.destinations:
        words = tr("No other instruction reads it.") if moment.asked else ""
        draw.text(painter, x, y + HEAD + 16, draw.elide(words, 12, room), 12, theme.tx3)
        return
    hover = moment.selection.hover if moment.selection is not None else ""
    for slot in range(place.jumps):
        one = jump_at(place, slot, moment)
        if one is None:
            break
        jx, jy, w, h = place.jump_rect(slot)
        rest = len(moment.destinations) - place.jumps_from - place.jumps
        if slot == place.jumps - 1 and rest > 0:
            words = tr("and {count} more; scroll", count=rest + 1)
            draw.text(painter, jx, jy + 15, words, 11, theme.tx3)
            break
        line = subject.program.instructions[one.instruction]
        if hover == f"jump:{slot}":
            draw.fill(painter, jx - 6, jy, w + 12, h, theme.selbg, 3)
        color = theme.color(ROLES.get(line.phase, "tx2"))
        number = f"{line.index + 1:02d}"
        wide = draw.text(painter, jx, jy + 15, number, 10.5, color, mono=True) + 8
        count = tr("{count} cells", count=one.count) if one.count != 1 else tr("1 cell")
        if one.next_step:
            count = tr("next step")
        elif one.role == MADE:
            count = tr("made here")
        tail = draw.advance(count, 10.5)
        draw.text(painter, jx + w, jy + 15, count, 10.5, theme.tx3, anchor="end")
        _title(painter, theme, line, jx + wide, jy, w - wide - tail - 8, moment)


def _title(
    painter: QPainter, theme: Theme, line: object, x: float, y: float, room: float, moment: Moment
) -> None:
    notation = str(moment.toggles.get("notation", "rows"))
    done = heading_of(title(line, notation), formula.Pen(11))  # type: ignore[arg-type]
    painter.save()
    painter.setClipRect(QRectF(x, y, room, ROW + 2), Qt.ClipOperation.IntersectClip)
    formula.paint(painter, done, theme, x, y + 15 - done.baseline)
    painter.restore()
