"""The same formula with this network's numbers, and what it makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.scenes import draw, formula
from app.scenes.formula_expressions import Look, format_number, role_of, significant
from app.scenes.formula_expressions import formula as laid
from app.step.page import PAD
from app.step.sections import Section
from app.step.slope import CUT, why_not
from app.text import tr

if TYPE_CHECKING:
    from app.step.card import Card
    from app.step.page import Page
    from app.step.session import StepSession


#: Takes the number of its layer off a letter.
_PLAIN = dict.fromkeys(map(ord, "⁰¹²³⁴⁵⁶⁷⁸⁹"))

#: In place of what L does, where that is not in the gradient.
_PART = "a part of the slope: gradients are cut at the windows"
_RULE = "put in by the rule: no slope"


def _build(session: StepSession, card: Card) -> str | None:
    """What a small change of the weight does to the loss, from its gradient; "" where that is not the question."""
    if card.subject is None:
        return None
    tensor, result = card.subject.tensor, card.result
    if result is None or not tensor.startswith("grad/"):
        return ""
    weight = session.reader.info(tensor.removeprefix("grad/"))
    if weight is None or weight.role != "weight":
        return ""
    why = why_not(session.program, weight.name)
    if why:
        return tr(_PART if why == CUT else _RULE)
    name = "w" if len(weight.shape) > 1 else weight.symbol.translate(_PLAIN).lower() or "w"
    if result == 0:
        return tr("raise {name} by 0.01 → L does not change", name=name)
    change = significant(abs(result) * 0.01, 4)
    if result < 0:
        return tr("raise {name} by 0.01 → L falls by {change}", name=name, change=change)
    return tr("raise {name} by 0.01 → L rises by {change}", name=name, change=change)


def _paint(page: Page, nudge: str) -> None:
    card, t = page.card, page.t
    assert card.subject is not None
    page.y += 12
    if card.expression is not None and not card.worded:
        look = Look("numbers", formula.Pen(12, 400, "tx2"), width=page.room)
        done = laid(card.expression, look, card.values)
        page.place(done, PAD, page.y)
        page.y += done.height + 6
    line = card.instruction
    whole = line is not None and line.op in ("choose_batch", "accuracy_rows")
    gradient = card.subject.tensor.startswith("grad/")
    decimals = 0 if whole else 4
    shown = "…"
    if card.result is not None:
        number = format_number if whole else significant
        shown = number(card.result, decimals, sign=gradient)
    baseline = page.y + 20
    page.text(PAD, baseline, "=", 13, t.tx, mono=True)
    page.text(PAD + 20, baseline, shown, 20, t.color(role_of(card.subject.tensor)), weight=600, mono=True)  # fmt: skip
    start = PAD + 20 + draw.advance(shown, 20, 600, True) + 14
    if nudge:
        if start + draw.advance(nudge, 11.5) <= page.w - PAD:
            page.text(page.w - PAD, baseline, nudge, 11.5, t.tx2, anchor="end")
        else:
            baseline += 20
            page.text(PAD, baseline, nudge, 11.5, t.tx2)
    elif card.result is None:
        page.text(start, baseline, tr("not yet computed in this step"), 11.5, t.tx3)
    page.y = baseline + 14
    page.rule()


SECTION = Section("result", 30, _build, _paint)
