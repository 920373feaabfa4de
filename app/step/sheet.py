"""Painting of the formula inspector: one tall sheet of sections, every symbol and cell of it hoverable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app import icons
from app import theme as themes
from app.scenes import draw, formula
from app.scenes.formula_expressions import (
    Look,
    expression_box,
    format_number,
    role_of,
    symbol_box,
)
from app.scenes.formula_expressions import (
    formula as laid,
)
from app.scenes.formula_tex import to_box
from app.step.card import Card, Factor, Operand
from app.step.notation import COPIES, title
from app.text import tr
from core.expressions import Ref

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent, QPaintEvent

PAD = 16
CELL = (56.0, 28.0)
PEN = formula.Pen(12)
AGREES = 1e-3
# Stands in the hit index for the button of the numeric check.
CHECK = ("check", ())


class Sheet(QWidget):
    """The formula, its numbers, its factors, operands, check and words.

    Signals
    -------
    hovered(object)
        The reference under the mouse (tensor and index), or None.
    picked(object)
        The reference that was clicked.
    check_wanted()
        The gradient is to be measured.
    """

    hovered = Signal(object)
    picked = Signal(object)
    check_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("step-formula")
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self._card = Card("", None)
        self._hover: Any = None
        self._formulas: list[tuple[formula.Formula, float, float]] = []
        self._cells: list[tuple[QRectF, tuple[str, tuple[int, ...]]]] = []
        self._height = 200.0

    @property
    def card(self) -> Card:
        """What is shown."""
        return self._card

    def set_card(self, card: Card) -> None:
        """Show another card."""
        if card == self._card:
            return
        self._card = card
        self._measure()
        self.setAccessibleName(tr("Formula"))
        self.setAccessibleDescription(self.text())
        self.update()

    def text(self) -> str:
        """The card in plain words, for screen readers."""
        card = self._card
        if card.subject is None:
            return ""
        shown = "…" if card.result is None else format_number(card.result, 6)
        return f"{card.subject.symbol} {card.subject.shown} = {shown}. {card.words}"

    def sizeHint(self) -> QSize:
        return QSize(360, round(self._height))

    def resizeEvent(self, event: object) -> None:
        self._measure()

    def _measure(self) -> None:
        height = _Sheet(None, themes.current(), self._card, self.width() or 360, None).run()[0]
        if abs(height - self._height) > 0.5:
            self._height = height
            self.setMinimumHeight(round(height))
            self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colors = themes.current()
        painter.fillRect(self.rect(), colors.bg1)
        run = _Sheet(painter, colors, self._card, self.width(), self._hover)
        _, self._formulas, self._cells = run.run()

    def reference_at(self, x: float, y: float) -> tuple[str, tuple[int, ...]] | None:
        """Return the tensor and index that stand at a point."""
        for box, left, top in self._formulas:
            ref = box.hit(x - left, y - top)
            if isinstance(ref, Ref):
                return ref.tensor, tuple(ref.index)
        for rect, key in self._cells:
            if rect.contains(QPointF(x, y)):
                return key
        return None

    def places(self, tensor: str, index: tuple[int, ...]) -> list[QRectF]:
        """Return everywhere a reference stands, for tests and for lessons that point at it."""
        found = []
        for box, left, top in self._formulas:
            for rect, ref in box.hits:
                if isinstance(ref, Ref) and (ref.tensor, tuple(ref.index)) == (tensor, index):
                    found.append(rect.translated(left, top))
        found += [rect for rect, key in self._cells if key == (tensor, index)]
        return found

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        found = self.reference_at(at.x(), at.y())
        if found != self._hover:
            self._hover = found
            self.hovered.emit(None if found == CHECK else found)
            self.setCursor(
                Qt.CursorShape.PointingHandCursor if found else Qt.CursorShape.ArrowCursor
            )
            self.update()
        if found is not None and found != CHECK:
            value = self._card.values.get(found)
            shown = "" if value is None else f" = {format_number(value, 6)}"
            QToolTip.showText(event.globalPosition().toPoint(), f"{found[0]}{shown}", self)

    def leaveEvent(self, event: object) -> None:
        if self._hover is not None:
            self._hover = None
            self.hovered.emit(None)
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self.reference_at(event.position().x(), event.position().y())
        if found is None or event.button() != Qt.MouseButton.LeftButton:
            return
        if found == CHECK:
            self.check_wanted.emit()
        else:
            self.picked.emit(found)


class _Sheet:
    """One pass over the card, painting when there is a painter and measuring when there is none."""

    def __init__(
        self, painter: QPainter | None, colors: themes.Theme, card: Card, width: int, hover: Any
    ) -> None:
        self.p, self.t, self.card, self.w = painter, colors, card, float(width)
        self.hover = hover
        self.y = 0.0
        self.formulas: list[tuple[formula.Formula, float, float]] = []
        self.cells: list[tuple[QRectF, tuple[str, tuple[int, ...]]]] = []

    def run(self) -> tuple[float, list[Any], list[Any]]:
        card = self.card
        if card.subject is None:
            self.line(
                tr("Press Step: the formula of the instruction appears here, with its numbers."),
                self.t.tx3,
            )
            return self.y + 24, self.formulas, self.cells
        self.equation()
        for factor in card.factors:
            self.factor(factor)
        self.result()
        self.operands()
        self.check()
        self.words()
        return self.y + 16, self.formulas, self.cells

    # -- pieces

    def put(self, box: formula.Box, x: float, baseline: float) -> formula.Formula:
        done = formula.lay_out(box)
        self.place(done, x, baseline - done.baseline)
        return done

    def place(self, done: formula.Formula, x: float, y: float) -> None:
        self.formulas.append((done, x, y))
        if self.p is None:
            return
        mark = None
        if self.hover is not None:
            mark = next(
                (
                    r
                    for _, r in done.hits
                    if isinstance(r, Ref) and (r.tensor, tuple(r.index)) == self.hover
                ),
                None,
            )
        formula.paint(self.p, done, self.t, x, y, mark)

    def text(self, x: float, y: float, string: str, size: float, color: Any, **how: Any) -> None:
        if self.p is not None:
            draw.text(self.p, x, y, string, size, color, **how)

    def rule(self) -> None:
        if self.p is not None:
            self.p.fillRect(QRectF(0, self.y, self.w, 1), self.t.line)
        self.y += 1

    def line(self, string: str, color: Any) -> None:
        self.y += 16
        self.paragraph([(string, color, False)])

    def paragraph(
        self, runs: list[tuple[str, Any, bool]], left: float = PAD, right: float = PAD
    ) -> None:
        """Words in several colours, wrapped."""
        x, y = left, self.y + 13
        for string, color, mono in runs:
            for word in string.split(" "):
                piece = word + " "
                width = draw.advance(piece, 11.5 if mono else 12, 400, mono)
                if x + width - 3 > self.w - right and x > left:
                    x, y = left, y + 18
                self.text(x, y, piece, 11.5 if mono else 12, color, mono=mono)
                x += width
        self.y = y + 5

    # -- sections

    def equation(self) -> None:
        """The symbolic formula: for a weight's gradient the chain of its factors."""
        card = self.card
        assert card.subject is not None
        room = self.w - 2 * PAD
        pen = formula.Pen(13)
        left = symbol_box(card.subject, pen.with_role(role_of(card.subject.tensor)))
        line = card.instruction
        arrow = line is not None and (line.phase == "update" or line.op == "accumulate")
        equals = formula.text(" ← " if arrow else " = ", pen.with_role("tx2"))
        self.y += 14
        if card.factors:
            pieces = [left, equals]
            for index, factor in enumerate(card.factors):
                if index:
                    pieces.append(formula.text(" · ", pen.with_role("tx3")))
                pieces.append(_ratio(factor, formula.Pen(13)))
            if card.rows > 1:
                small = pen.script()
                limits = (to_box("n=1", small), to_box(str(card.rows), small))
                pieces.insert(2, formula.operator("Σ", pen.with_role("tx2"), *limits))
            box = formula.flow(pieces, room)
        elif line is not None and self.worded:
            box = to_box(title(line), pen)
        elif card.expression is not None:
            look = Look("symbolic", pen, width=max(80.0, room - left.width - equals.width))
            box = formula.row([left, equals, expression_box(card.expression, look)])
        else:
            box = formula.row([left, equals, formula.text("…", pen.with_role("tx3"))])
        done = formula.lay_out(box)
        self.place(done, PAD, self.y)
        self.y += done.height + 12
        self.rule()

    @property
    def worded(self) -> bool:
        """Whether the instruction is said in words: what it copies or compares has no formula worth reading."""
        line = self.card.instruction
        return line is not None and (line.op in COPIES or line.op == "accuracy_rows")

    def factor(self, factor: Factor) -> None:
        """One row: the ratio, what it is, its value."""
        ratio = _ratio(factor, formula.Pen(12))
        top, height = self.y, max(46.0, ratio.height + 12)
        middle = top + (height - ratio.height) / 2 + ratio.ascent
        self.put(ratio, PAD + max(0.0, (58 - ratio.width) / 2), middle)
        self.text(PAD + 66, middle, "=", 12.5, self.t.tx3, mono=True)
        room = self.w - PAD - 76 - (PAD + 86)
        pen = formula.Pen(12, 400, "tx2")
        symbols = expression_box(factor.expression, Look("symbolic", pen))
        small = not (symbols.ascent > 16)
        if symbols.width > room:
            symbols = expression_box(
                factor.expression, Look("symbolic", formula.Pen(10, 400, "tx2"), width=room)
            )
        self.put(symbols, PAD + 86, middle - (6 if small else 0))
        if small:
            self.text(PAD + 86, middle + 11, factor.note, 10.5, self.t.tx3)
        shown = "…" if factor.value is None else format_number(factor.value, 4, sign=True)
        self.text(self.w - PAD, middle, shown, 12.5, self.t.tx, weight=500, mono=True, anchor="end")
        self.y = top + height
        self.rule()

    def result(self) -> None:
        """The same with the actual numbers, and what it makes."""
        card = self.card
        gradient = card.subject is not None and card.subject.tensor.startswith("grad/")
        room = self.w - 2 * PAD
        self.y += 12
        if card.factors and card.share is not None:
            pieces = []
            for index, factor in enumerate(card.factors):
                value = format_number(factor.value or 0.0, 4)
                string = f"({value})" if (factor.value or 0) < 0 else value
                pieces.append(
                    formula.text((" × " if index else "") + string, formula.Pen(12, 400, "tx2"))
                )
            if card.rows > 1:
                share = format_number(card.share, 4)
                pieces.append(formula.text(f" = {share}", formula.Pen(12, 400, "tx")))
            done = formula.lay_out(formula.flow(pieces, room, 12))
            self.place(done, PAD, self.y)
            self.y += done.height + 4
            if card.rows > 1:
                words = tr(
                    "from this sample; all {count} samples of the batch together:", count=card.rows
                )
                self.text(PAD, self.y + 13, words, 11, self.t.tx3)
                self.y += 20
        if card.expression is not None and not (self.worded or (card.factors and card.rows == 1)):
            look = Look("numbers", formula.Pen(12, 400, "tx2"), width=room)
            done = laid(card.expression, look, card.values)
            self.place(done, PAD, self.y)
            self.y += done.height + 6
        role = role_of(card.subject.tensor) if card.subject is not None else "tx"
        line = card.instruction
        whole = line is not None and line.op in ("choose_batch", "accuracy_rows")
        decimals = 0 if whole else 4
        shown = "…" if card.result is None else format_number(card.result, decimals, sign=gradient)
        baseline = self.y + 20
        self.text(PAD, baseline, "=", 13, self.t.tx, mono=True)
        self.text(PAD + 20, baseline, shown, 20, self.t.color(role), weight=600, mono=True)
        if card.nudge:
            width = draw.advance(card.nudge, 11.5)
            start = PAD + 20 + draw.advance(shown, 20, 600, True) + 14
            if start + width <= self.w - PAD:
                self.text(self.w - PAD, baseline, card.nudge, 11.5, self.t.tx2, anchor="end")
            else:
                baseline += 20
                self.text(PAD, baseline, card.nudge, 11.5, self.t.tx2)
        elif card.result is None:
            start = PAD + 20 + draw.advance(shown, 20, 600, True) + 14
            self.text(start, baseline, tr("not yet computed in this step"), 11.5, self.t.tx3)
        self.y = baseline + 14
        self.rule()

    def operands(self) -> None:
        card = self.card
        every = [*card.operands, *([card.output] if card.output is not None else [])]
        if not every:
            return
        self.y += 12
        shapes = [f"[{o.shape}]" for o in every]
        self.text(PAD, self.y + 12, tr("Operands"), 11, self.t.tx2, weight=600)
        caption = " · ".join(shapes[:-1]) + (f" → {shapes[-1]}" if card.output is not None else "")
        self.text(self.w - PAD, self.y + 12, draw.elide(caption, 11, self.w - 120, 400, True), 11, self.t.tx3,
                  mono=True, anchor="end")  # fmt: skip
        self.y += 24
        self.matrices(every)

    def matrices(self, every: list[Operand]) -> None:
        """Matrices side by side, wrapped where the panel ends; the output stands last."""
        vmax = {o.tensor: _extent(o) for o in every}
        x, height = float(PAD), 0.0
        size = (CELL[0], CELL[1])
        widest = sum(len(o.cells[0]) for o in every)
        if widest * (CELL[0] + 2) + 16 * len(every) > self.w - 2 * PAD:
            size = (46.0, 24.0)
        tall = max(len(o.cells) for o in every)
        for index, operand in enumerate(every):
            columns, rows = len(operand.cells[0]), len(operand.cells)
            width = columns * (size[0] + 2) - 2
            last = operand is every[-1] and self.card.output is not None
            product = self.card.instruction is not None and "matmul" in self.card.instruction.op
            sign = "" if index == 0 else "=" if last else "·" if product else ","
            if x + width + (16 if sign else 0) > self.w - PAD and x > PAD:
                x = float(PAD)
                self.y += height + 12
                height = 0.0
                tall = rows
            if sign:
                self.text(x + 8, self.y + 18 + tall * (size[1] + 2) / 2 + 3, sign, 12, self.t.tx3,
                          mono=True, anchor="middle")  # fmt: skip
                x += 16
            output = operand is every[-1] and self.card.output is not None
            top = self.y + 18 + max(0.0, (tall - rows) * (size[1] + 2) / 2)
            box = to_box(operand.symbol, formula.Pen(11, 400, operand.role))
            self.put(box, x, top - 6)
            self.matrix(operand, x, top, size, vmax[operand.tensor], output)
            height = max(height, top - self.y + rows * (size[1] + 2))
            x += width
        self.y += height + 10

    def matrix(
        self,
        operand: Operand,
        x: float,
        y: float,
        size: tuple[float, float],
        vmax: float,
        output: bool,
    ) -> None:
        marks: list[QRectF] = []
        for r, line in enumerate(operand.cells):
            for c, (index, value) in enumerate(line):
                rect = QRectF(x + c * (size[0] + 2), y + r * (size[1] + 2), *size)
                self.cells.append((rect, (operand.tensor, index)))
                if index in operand.marked:
                    marks.append(rect)
                if self.p is not None:
                    self.cell(rect, value, vmax, output, self.hover == (operand.tensor, index))
        if self.p is None:
            return
        role = self.t.color(
            "bwd" if operand.tensor.startswith("grad/") or self._backward else "fwd"
        )
        self.p.setPen(QPen(role, 2))
        self.p.setBrush(Qt.BrushStyle.NoBrush)
        for rect in marks:
            self.p.drawRoundedRect(rect.adjusted(0, 0, 0, 0), 2, 2)
        if operand.more:
            self.text(x, y + len(operand.cells) * (size[1] + 2) + 9, "⋯", 10, self.t.tx3, mono=True)

    @property
    def _backward(self) -> bool:
        return self.card.instruction is not None and self.card.instruction.phase == "backward"

    def cell(
        self, rect: QRectF, value: float | None, vmax: float, output: bool, hover: bool
    ) -> None:
        assert self.p is not None
        if value is None:
            pen = QPen(self.t.line2, 1, Qt.PenStyle.DashLine)
            self.p.setPen(pen)
            self.p.setBrush(Qt.BrushStyle.NoBrush)
            self.p.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)
            draw.text(self.p, rect.center().x(), rect.center().y() + 4, "…", 11.5,
                      self.t.bwd if output else self.t.tx3, mono=True, anchor="middle")  # fmt: skip
            return
        fill = self.t.signed(value, vmax)
        draw.fill(self.p, rect.x(), rect.y(), rect.width(), rect.height(), fill, 2)
        if hover:
            draw.frame(
                self.p,
                rect.x() + 1,
                rect.y() + 1,
                rect.width() - 2,
                rect.height() - 2,
                self.t.tx,
                1.5,
                2,
            )
        strong = abs(value) > 0.55 * vmax
        ink = (themes.DARK.bg0 if self.t.is_dark else themes.LIGHT.priText) if strong else self.t.tx
        size = 11.5 if rect.width() > 50 else 10.5
        draw.text(self.p, rect.center().x(), rect.center().y() + 4, cell_text(value), size,
                  ink, weight=500, mono=True, anchor="middle")  # fmt: skip

    def check(self) -> None:
        card = self.card
        if card.check is None:
            if card.checkable:
                self.offer()
            return
        numeric, analytic, error = card.check
        top = self.y + 6
        rect = QRectF(PAD + 0.5, top + 0.5, self.w - 2 * PAD - 1, 91)
        if self.p is not None:
            self.p.setPen(QPen(self.t.line, 1))
            self.p.setBrush(self.t.bg2)
            self.p.drawRoundedRect(rect, 8, 8)
            good = error < AGREES or abs(numeric - analytic) < 1e-6
            words = tr("agrees") if good else tr("differs")
            tone = self.t.tx if good else self.t.err
            width = draw.advance(words, 12, 500)
            draw.text(
                self.p, rect.right() - 12, top + 22, words, 12, tone, weight=500, anchor="end"
            )
            name = "check" if good else "warning"
            if icons.exists(name):
                icons.paint(
                    self.p, name, tone, QRectF(rect.right() - 12 - width - 20, top + 10, 16, 16)
                )
        self.text(PAD + 12, top + 22, tr("Numeric check"), 11, self.t.tx2, weight=600)
        lines = (
            f"[L(w+ε) − L(w−ε)] / 2ε = {format_number(numeric, 6, sign=True)}",
            f"backprop               = {format_number(analytic, 6, sign=True)}",
            tr("relative error {error}  (ε = 1e−5)", error=draw.scientific(error)),
        )
        for k, string in enumerate(lines):
            self.text(PAD + 12, top + 43 + 18 * k, string, 11.5, self.t.tx2, mono=True)
        self.y = top + 98

    def offer(self) -> None:
        """The check before it was made: one line that can be clicked."""
        top = self.y + 6
        rect = QRectF(PAD + 0.5, top + 0.5, self.w - 2 * PAD - 1, 51)
        self.cells.append((rect, CHECK))
        if self.p is not None:
            self.p.setPen(QPen(self.t.tx3 if self.hover == CHECK else self.t.line, 1))
            self.p.setBrush(self.t.bg2)
            self.p.drawRoundedRect(rect, 8, 8)
        self.text(PAD + 12, top + 21, tr("Numeric check"), 11, self.t.tx2, weight=600)
        words = tr("measuring…") if self.card.checking else tr("Measure")
        self.text(rect.right() - 12, top + 21, words, 12, self.t.tx, weight=500, anchor="end")
        what = tr("nudge the weight a little and see how L answers")
        self.text(PAD + 12, top + 40, what, 11.5, self.t.tx2)
        self.y = top + 58

    def words(self) -> None:
        if not self.card.words:
            return
        self.y += 10
        self.paragraph([(tr("In words:"), self.t.tx2, False), (self.card.words, self.t.tx, False)])


def _ratio(factor: Factor, pen: formula.Pen) -> formula.Box:
    over, under = to_box(factor.over, pen), to_box(factor.under, pen)
    return formula.fraction(over, under, pen)


def _extent(operand: Operand) -> float:
    values = [abs(v) for line in operand.cells for _, v in line if v is not None and v == v]
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
