"""The gradient measured by nudging its weight: offered, under way, or beside what backpropagation found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF

from app import icons
from app.scenes import draw
from app.scenes.formula_expressions import format_number
from app.step.page import PAD, Action
from app.step.sections import Section
from app.step.slope import CUT, RULE, why_not
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QColor, QPainter

    from app.step.card import Card
    from app.step.page import Light, Page
    from app.step.session import StepSession

#: Relative difference up to which two ways to a gradient agree: one of them is computed in float32.
AGREES = 1e-3

#: Of the numbers.
_SIZE = 11.5

ACTION = Action(
    "step.check_gradient", (), tr("Nudge the weight a little and see how the loss answers")
)


#: Why two ways to a gradient differ although none of them is wrong.
_REASONS = {
    CUT: "Gradients are cut at the windows of time: backpropagation goes back through one window only, so it "
    "finds a part of the slope.",
    RULE: "A step has no slope. The rule puts a number in its place, so there is nothing to agree with.",
}


@dataclass(frozen=True)
class Check:
    """What a check found, or that it can be made.

    Attributes
    ----------
    under_way
        It is being measured.
    numeric, backprop
        Both gradients, or None before the check.
    why
        Why they may differ (`app.step.slope`), or "".
    preparing
        It will be measured as soon as the engine can.
    """

    under_way: bool = False
    numeric: float | None = None
    backprop: float | None = None
    why: str = ""
    preparing: bool = False

    @property
    def error(self) -> float | None:
        """Relative difference."""
        if self.numeric is None or self.backprop is None:
            return None
        scale = max(abs(self.numeric), abs(self.backprop), 1e-12)
        return abs(self.numeric - self.backprop) / scale

    @property
    def agrees(self) -> bool:
        """Whether both are the same up to rounding."""
        if self.error is None or self.numeric is None or self.backprop is None:
            return False
        return self.error < AGREES or abs(self.numeric - self.backprop) < 1e-6


def _build(session: StepSession, card: Card) -> Check | None:
    questions, subject = session.questions, card.subject
    if subject is None or card.instruction is None or card.result is None:
        return None
    if not questions.checkable:
        return None
    if questions.check is not None and session.snapshot is not None:
        asked, answer = questions.check
        if (asked.serial, asked.instruction, asked.cell) == (
            session.snapshot.serial, card.instruction.index, subject.index,
        ):  # fmt: skip
            why = why_not(session.program, subject.tensor.removeprefix("grad/"))
            return Check(False, float(answer["numeric"]), card.result, why)
    return Check(questions.checking or questions.preparing, preparing=questions.preparing)


def _paint(page: Page, check: Check) -> None:
    if check.error is None:
        _offer(page, check)
    else:
        _found(page, check)


def _found(page: Page, check: Check) -> None:
    t, top = page.t, page.y + 6
    assert check.numeric is not None
    assert check.backprop is not None
    assert check.error is not None
    rows = (
        ("[L(w+ε) − L(w−ε)] / 2ε", f"= {format_number(check.numeric, 6, sign=True)}"),
        ("backprop", f"= {format_number(check.backprop, 6, sign=True)}"),
        (tr("relative error (ε = 1e−5)"), f"= {draw.scientific(check.error)}"),
    )
    # In a narrow inspector what does not fit beside its name stands below it.
    wide = [_wide(label) + 12 + _wide(value) <= page.room - 24 for label, value in rows]
    lines = len(rows) + wide.count(False)
    rect = QRectF(PAD + 0.5, top + 0.5, page.room - 1, 37 + 18 * lines)
    page.box(rect, t.line, t.bg2, 8)
    words = tr("agrees") if check.agrees else tr("differs")
    reason = "" if check.agrees else _REASONS.get(check.why, "")
    tone = t.tx if check.agrees or reason else t.err
    width = draw.advance(words, 12, 500)
    page.text(rect.right() - 12, top + 22, words, 12, tone, weight=500, anchor="end")
    name = "check" if check.agrees else "info" if reason else "alert-triangle"
    if icons.exists(name):
        square = QRectF(rect.right() - 12 - width - 20, top + 10, 16, 16)
        page.draw(square.top(), square.bottom(), _icon, name, tone, square)
    page.text(PAD + 12, top + 22, tr("Numeric check"), 11, t.tx2, weight=600)
    y = top + 43
    for (label, value), beside in zip(rows, wide, strict=True):
        page.text(PAD + 12, y, label, _SIZE, t.tx2, mono=True)
        y += 0 if beside else 18
        page.text(rect.right() - 12, y, value, _SIZE, t.tx, mono=True, anchor="end")
        y += 18
    page.y = rect.bottom() + 6.5
    if reason:
        page.paragraph([(tr(reason), t.tx2, False)])


def _wide(string: str) -> float:
    return draw.advance(string, _SIZE, 400, True)


def _offer(page: Page, check: Check) -> None:
    """The check before it was made: one card that can be clicked."""
    t, top = page.t, page.y + 6
    rect = QRectF(PAD + 0.5, top + 0.5, page.room - 1, 51)
    page.target(rect, ACTION)
    page.box(rect, t.line, t.bg2, 8, ACTION, (t.tx3, t.bg2))
    page.text(PAD + 12, top + 21, tr("Check this gradient"), 11, t.tx2, weight=600)
    words = tr("measuring…") if check.under_way else tr("Measure")
    if check.preparing:
        words = tr("preparing…")
    page.text(rect.right() - 12, top + 21, words, 12, t.tx, weight=500, anchor="end")
    what = tr("nudge the weight a little and see how L answers")
    if draw.advance(what, _SIZE) > page.room - 24:
        what = tr("nudge it, and see how L answers")
    page.text(PAD + 12, top + 40, draw.elide(what, _SIZE, page.room - 24), _SIZE, t.tx2)
    page.y = top + 58


def _icon(painter: QPainter, _light: Light, name: str, tone: QColor, square: QRectF) -> None:
    icons.paint(painter, name, tone, square)


# Right behind the chain that it checks, so that it is seen without scrolling.
SECTION = Section("check", 15, _build, _paint)
