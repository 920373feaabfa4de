"""The formula of the instruction done last, in two lines under the lesson's network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, QTimer
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme as themes
from app.scenes import draw, formula
from app.scenes.formula_expressions import (
    Look,
    expression_box,
    format_number,
    role_of,
    symbol_box,
)
from app.scenes.formula_tex import to_box
from app.step import card as cards
from app.step.notation import title
from app.text import tr
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from app.step.session import StepSession


class FormulaStrip(QWidget):
    """Symbols, then the same with numbers and the result."""

    def __init__(self, session: StepSession) -> None:
        super().__init__()
        self.setObjectName("lesson-formula")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(112)
        self._session = session
        self.card = cards.Card("", None)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._refresh)
        session.changed.connect(self._timer.start)
        session.explained.connect(self._timer.start)

    def sizeHint(self) -> QSize:
        return QSize(600, 112)

    def _refresh(self) -> None:
        self.card = cards.plain(self._session)
        self.setAccessibleName(self.card.words or tr("Formula"))
        self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = themes.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), colors.bg1)
        painter.fillRect(0, 0, self.width(), 1, colors.line)
        card, session = self.card, self._session
        if card.subject is None or card.instruction is None:
            draw.text(painter, 16, 30, tr("Press Step to begin."), 12, colors.tx3)
            return
        if session.done is None and session.chosen is None:
            draw.text(painter, 16, 22, tr("Next instruction"), 11, colors.tx3)
        else:
            number = tr("Instruction {number}", number=card.instruction.index + 1)
            draw.text(painter, 16, 22, number, 11, colors.tx3)
        line = title(card.instruction, session.notation)
        head = formula.lay_out(to_box(line, formula.Pen(12, 400, "tx2")))
        formula.paint(painter, head, colors, 120, 22 - head.baseline)
        if card.expression is None:
            return
        room = self.width() - 32
        for size in (13, 12, 11, 10):
            done = self._lines(card, formula.Pen(size), room)
            if done.width <= room and done.height <= self.height() - 34:
                break
        formula.paint(painter, done, colors, 16, 34)

    def _lines(self, card: cards.Card, pen: formula.Pen, room: float) -> formula.Formula:
        assert card.subject is not None
        assert card.expression is not None
        left = symbol_box(card.subject, pen.with_role(role_of(card.subject.tensor)))
        equals = formula.text(" = ", pen.with_role("tx2"))
        look = Look("symbolic", pen, width=room - left.width - equals.width)
        first = formula.row([left, equals, expression_box(card.expression, look)])
        shown = "…" if card.result is None else format_number(card.result, 4)
        role = role_of(card.subject.tensor)
        result = formula.text(shown, formula.Pen(pen.size + 2, 600, role))
        inner = Look("numbers", pen.with_role("tx2"), width=room - equals.width * 2 - result.width)
        numbers = expression_box(card.expression, inner, card.values)
        second = formula.row([equals, numbers, equals, result])
        return formula.lay_out(formula.stack([first, second], 8))
