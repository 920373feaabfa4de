"""What the formula reads and makes: windows of the tensors, the contributing cells marked."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPen

from app import theme as themes
from app.scenes import draw, formula
from app.scenes.formula_expressions import format_number, given, role_of
from app.scenes.formula_tex import to_box
from app.step.card import Index, results, symbol_of, updated
from app.step.notation import COPIES, is_turned, mark
from app.step.page import PAD
from app.step.sections import Section
from app.text import tr
from core.expressions import Expr, Ref, Symbol, children

if TYPE_CHECKING:
    from PySide6.QtGui import QColor, QFont, QPainter

    from app.step.card import Card
    from app.step.page import Light, Page, Target
    from app.step.session import StepSession

#: As many cells of an operand are shown in each direction; the contributing ones stay in view.
WINDOW = (5, 4)
#: As many operands are shown: the formulas of all optimizers and normalisations have fewer.
MOST = 8
CELL = (56.0, 28.0)


@dataclass(frozen=True)
class Operand:
    """A window of a tensor: cells with their indices, and which of them contribute."""

    symbol: str
    tensor: str
    role: str
    shape: str
    cells: tuple[tuple[tuple[Index, float | None], ...], ...]
    marked: frozenset[Index]
    more: bool
    #: Numbers of samples: there is no half of one, and no other sign.
    counted: bool = False


@dataclass(frozen=True)
class Operands:
    """What is read, and what is made of it."""

    read: tuple[Operand, ...]
    output: Operand | None
    #: Constants of the formula: what they are called, and their numbers as they were given.
    constants: tuple[tuple[str, str], ...] = ()

    @property
    def every(self) -> tuple[Operand, ...]:
        """All of them, the output last."""
        return (*self.read, *((self.output,) if self.output is not None else ()))


def _build(session: StepSession, card: Card) -> Operands | None:
    if card.instruction is None or card.subject is None or card.expression is None:
        return None
    tensor, full = card.subject.tensor, card.subject.index
    roles = {name: role for role, name in card.instruction.operands.items()}
    # An update has many operands of one shape.
    tall = WINDOW[0] if card.instruction.phase != "update" else 3
    output = _window(session, tensor, [full], symbol_of(session, tensor), output=True, tall=tall)
    if card.instruction.op in COPIES or card.drawn:
        return Operands((), output)
    assert card.arranged is not None
    by_tensor: dict[str, list[Ref]] = {}
    _collect(card.arranged, by_tensor)
    read = []
    for name, refs in list(by_tensor.items())[:MOST]:
        marked = [tuple(r.index) for r in refs]
        window = _window(session, name, marked, refs[0].symbol, role=roles.get(name, ""), tall=tall)
        if window is not None:
            read.append(window)
    return Operands(tuple(read), output, tuple(_constants(card.arranged).items()))


def _constants(expr: Expr) -> dict[str, str]:
    if isinstance(expr, Symbol):
        return {expr.text: given(expr.value)}
    found: dict[str, str] = {}
    for child in children(expr):
        found |= _constants(child)
    return found


def _collect(expr: Expr, found: dict[str, list[Ref]]) -> None:
    if isinstance(expr, Ref):
        found.setdefault(expr.tensor, []).append(expr)
        return
    for child in children(expr):
        _collect(child, found)


def _window(
    session: StepSession, tensor: str, marked: list[Index], symbol: str, output: bool = False,
    role: str = "", tall: int = WINDOW[0],
) -> Operand | None:  # fmt: skip
    """Cut a window of a tensor around the first contributing cell.

    Columns are the last axis, unless the notation turns the matrix round.
    """
    info = session.reader.info(tensor)
    if info is None or not marked:
        return None
    rank = len(marked[0])
    rows = session.rows if info.batch else 1
    shape = ((rows, *info.shape) if info.batch else info.shape)[:rank] if rank else ()
    fresh = session.reader.state(tensor) == "fresh"
    updating = session.instruction is not None and session.instruction.phase == "update"
    if output and updating:
        fresh = updated(session, tensor)

    read, made = session.reading(tensor), results(session, tensor) if output else None

    def value(index: Index) -> float | None:
        if not fresh:
            return None
        told = made(index) if made is not None else None
        return read(index) if told is None and not (output and updating) else told

    if rank == 0:
        cells: Any = ((((), value(())),),)
        more = False
    elif rank == 1:
        # What is added to every sample stands upright when samples are in columns; otherwise it lies flat.
        upright = session.notation == "columns" and not info.batch
        span = _span(marked[0][0], shape[0], tall if upright else WINDOW[1])
        line = tuple(((k,), value((k,))) for k in span)
        cells = tuple((one,) for one in line) if upright else (line,)
        more = shape[0] > len(span)
    elif rank == 2 and (turned := _turned(session, bool(info.batch), role)):
        down = _span(marked[0][1], shape[1], tall)
        across = _span(marked[0][0], shape[0], WINDOW[1])
        cells = tuple(tuple(((c, r), value((c, r))) for c in across) for r in down)
        more = shape[1] > len(down) or shape[0] > len(across)
        symbol = mark(symbol, turned, bool(info.batch), session.notation)
        shape = shape[::-1]
    else:
        if rank == 2:
            symbol = mark(symbol, False, bool(info.batch), session.notation)
        head = marked[0][:-2]
        down = _span(marked[0][-2], shape[-2], tall)
        across = _span(marked[0][-1], shape[-1], WINDOW[1])
        cells = tuple(tuple(((*head, r, c), value((*head, r, c))) for c in across) for r in down)
        more = shape[-2] > len(down) or shape[-1] > len(across) or rank > 2
    return Operand(
        symbol,
        tensor,
        role_of(tensor),
        "×".join(map(str, shape)) or "1",
        cells,
        frozenset(marked),
        more,
        session.instruction is not None and session.instruction.op == "choose_batch",
    )


def _turned(session: StepSession, batch: bool, role: str) -> bool:
    line = session.instruction
    return is_turned(line.op if line is not None else "", role, batch, session.notation)


def _span(middle: int, length: int, room: int) -> range:
    start = max(0, min(middle - room // 2, length - room))
    return range(start, min(length, start + room))


def _paint(page: Page, content: Operands) -> None:
    every = content.every
    if not every:
        return
    shapes = [f"[{o.shape}]" for o in every]
    caption = " · ".join(shapes[:-1]) + (f" → {shapes[-1]}" if content.output is not None else "")
    page.heading(tr("Operands"), caption)
    _matrices(page, content)
    if content.constants:
        page.y += 16
        pen = formula.Pen(11, 400, "tx2")
        pieces = [
            formula.row([to_box(name, pen), formula.text(f" = {value}   ", pen)])
            for name, value in content.constants
        ]
        done = formula.lay_out(formula.flow(pieces, page.room))
        page.place(done, PAD, page.y - 8)
        page.y += done.height


def _matrices(page: Page, content: Operands) -> None:
    """Matrices side by side, wrapped where the panel ends; the output stands last."""
    every = content.every
    vmax = {o.tensor: _extent(o) for o in every}
    size = (CELL[0], CELL[1])
    widest = sum(len(o.cells[0]) for o in every)
    if widest * (CELL[0] + 2) + 16 * len(every) > page.w - 2 * PAD:
        size = (46.0, 24.0)
    product = page.card.instruction is not None and "matmul" in page.card.instruction.op
    lines: list[list[tuple[Operand, str, float]]] = [[]]
    x = float(PAD)
    for index, operand in enumerate(every):
        width = len(operand.cells[0]) * (size[0] + 2) - 2
        last = operand is every[-1] and content.output is not None
        sign = "" if index == 0 else "=" if last else "·" if product else ","
        if x + width + (16 if sign else 0) > page.w - PAD and x > PAD:
            x = float(PAD)
            lines.append([])
        x += 16 if sign else 0
        lines[-1].append((operand, sign, x))
        x += width
    for line in lines:
        tall = max(len(operand.cells) for operand, _, _ in line)
        for operand, sign, x in line:
            if sign:
                middle = page.y + 18 + tall * (size[1] + 2) / 2 + 3
                page.text(x - 8, middle, sign, 12, page.t.tx3, mono=True, anchor="middle")
            top = page.y + 18 + max(0.0, (tall - len(operand.cells)) * (size[1] + 2) / 2)
            box = to_box(operand.symbol, formula.Pen(11, 400, operand.role))
            page.put(box, x, top - 6)
            output = operand is every[-1] and content.output is not None
            _matrix(page, operand, x, top, size, vmax[operand.tensor], output)
        page.y += 18 + tall * (size[1] + 2) + 12
    page.y -= 2


def _matrix(
    page: Page,
    operand: Operand,
    x: float,
    y: float,
    size: tuple[float, float],
    vmax: float,
    output: bool,
) -> None:
    marks: list[QRectF] = []
    cells: list[_Cell] = []
    for r, line in enumerate(operand.cells):
        for c, (index, value) in enumerate(line):
            rect = QRectF(x + c * (size[0] + 2), y + r * (size[1] + 2), *size)
            page.target(rect, (operand.tensor, index))
            if index in operand.marked:
                marks.append(rect)
            made = _cell(page, rect, (operand.tensor, index), value, vmax, output, operand.counted)
            cells.append(made)
    role = page.t.color("bwd" if operand.tensor.startswith("grad/") or _backward(page) else "fwd")
    bottom = y + len(operand.cells) * (size[1] + 2)
    page.draw(y - 2, bottom, _paint_cells, page.t, cells, marks, role)
    if operand.more:
        page.text(x, y + len(operand.cells) * (size[1] + 2) + 9, "⋯", 10, page.t.tx3, mono=True)


def _backward(page: Page) -> bool:
    line = page.card.instruction
    return line is not None and line.phase == "backward"


class _Cell(NamedTuple):
    """A cell as it is painted: where it is and for which number, its ground and what is written on it.

    `ground` is None where there is no number yet.
    """

    rect: QRectF
    target: Target
    ground: QColor | None
    shown: str
    at: QPointF
    ink: QColor
    font: QFont


def _cell(
    page: Page, rect: QRectF, target: Target, value: float | None, vmax: float, output: bool,
    counted: bool,
) -> _Cell:  # fmt: skip
    t = page.t
    shown, ground, weight, size = "…", None, 400, 11.5
    if value is None:
        ink = t.bwd if output else t.tx3
    else:
        strong = abs(value) > 0.55 * vmax
        ink = (themes.DARK.bg0 if t.is_dark else themes.LIGHT.priText) if strong else t.tx
        shown, ground, weight = cell_text(value), t.signed(value, vmax), 500
        if counted:
            shown = format_number(value, 0)
        size = 11.5 if rect.width() > 50 else 10.5
    center = rect.center()
    at = QPointF(center.x() - draw.advance(shown, size, weight, True) / 2, center.y() + 4)
    return _Cell(rect, target, ground, shown, at, ink, draw.face(size, weight, True))


def _paint_cells(
    painter: QPainter, light: Light, colors: themes.Theme, cells: list[_Cell], marks: list[QRectF],
    role: QColor,
) -> None:  # fmt: skip
    font: QFont | None = None
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colors.line2, 1, Qt.PenStyle.DashLine))
    for one in cells:
        if one.ground is None:
            painter.drawRoundedRect(one.rect.adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)
    painter.setPen(Qt.PenStyle.NoPen)
    for one in cells:
        if one.ground is not None:
            painter.setBrush(one.ground)
            painter.drawRoundedRect(one.rect, 2, 2)
    for one in cells:
        if one.target in light.lit and one.ground is not None:
            rect = one.rect.adjusted(1, 1, -1, -1)
            draw.frame(painter, rect.x(), rect.y(), rect.width(), rect.height(), colors.tx, 1.5, 2)
    for one in cells:
        if one.font is not font:
            font = one.font
            painter.setFont(font)
        painter.setPen(one.ink)
        painter.drawText(one.at, one.shown)
    painter.setPen(QPen(role, 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for rect in marks:
        painter.drawRoundedRect(rect, 2, 2)


def _extent(operand: Operand) -> float:
    values = [abs(v) for line in operand.cells for _, v in line if v is not None and isfinite(v)]
    return max(values, default=1.0) * 1.15 or 1.0


def cell_text(value: float) -> str:
    """Return a number in at most seven characters."""
    if value != value or abs(value) == float("inf"):
        return format_number(value)
    if abs(value) >= 1000:
        return format_number(value, 0, sign=True)
    if abs(value) >= 10:
        return format_number(value, 1, sign=True)
    if value != 0 and abs(value) < 0.0005:
        mantissa, exponent = f"{abs(value):.0e}".split("e")
        return f"{'−' if value < 0 else '+'}{mantissa}e{int(exponent)}".replace("-", "−")
    return format_number(value, 3, sign=True)


SECTION = Section("operands", 50, _build, _paint)
