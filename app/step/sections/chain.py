"""The chain rule: a gradient written factor by factor from the loss back to it, and multiplied out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.scenes import formula
from app.scenes.formula_expressions import role_of, significant, symbol_box
from app.step.page import PAD, Action
from app.step.sections import Section
from app.step.sections.chain_rows import ROW, Factor, Hidden, Path, factors, fitted_ratio, ratio
from app.text import tr
from core.expressions import Number, to_tex

if TYPE_CHECKING:
    from app.step.card import Card
    from app.step.page import Page
    from app.step.session import StepSession
    from core.expressions import Ref
    from core.tape.chain import Chain

#: Longer chains are folded in the middle: so many factors stay at the loss, and so many at the number.
LONG, FIRST, LAST = 9, 3, 4


def _of_a_weight(session: StepSession, card: Card) -> Path | str | None:
    return path_of(session, card) if _is_weights(session, card) else None


def _is_weights(session: StepSession, card: Card) -> bool:
    tensor = card.subject.tensor if card.subject is not None else ""
    info = session.reader.info(tensor.removeprefix("grad/"))
    return info is not None and info.role == "weight"


def path_of_others(session: StepSession, card: Card) -> Path | str | None:
    """The same for gradients of values: their own formula stands before it."""
    return None if _is_weights(session, card) else path_of(session, card)


def path_of(session: StepSession, card: Card) -> Path | str | None:
    """What the engine has told of the number that is looked at: a path, or why there is none."""
    found, why = session.questions.chain, session.questions.no_chain
    if card.subject is None or session.snapshot is None:
        return None
    if found is None:
        return why if why and card.subject.tensor.startswith("grad/") else None
    chain = found.answer
    first = chain.levels[0].gradient
    if (first.tensor, first.index) != (card.subject.tensor, card.subject.index):
        return None
    if found.serial != session.snapshot.serial:
        return None
    if chain.levels[0].variable is None:
        return tr(
            "this is no gradient of a value, but a mean over errors that the next gradient needs."
        )
    split = session.toggles.get("chain.split", False)
    every = factors(session, chain, bool(split))
    opened = bool(session.toggles.get("chain.all", False))
    rows: list[Factor | Hidden] = list(every)
    if len(every) > LONG and not opened:
        hidden = every[FIRST:-LAST]
        product = 1.0
        for factor in hidden:
            product *= factor.value if factor.value is not None else float("nan")
        rows = [*every[:FIRST], Hidden(len(hidden), product), *every[-LAST:]]
    several = any(level.count > 1 for level in chain.levels) or (bool(split) and len(every) > 1)
    return Path(
        tuple(rows), chain.product, chain.gradient, several, session.rows, opened and len(every) > LONG,
        next((level.not_the_slope for level in chain.levels if level.not_the_slope), ""), chain.complete,
        _other_sample(session, chain),
    )  # fmt: skip


def _other_sample(session: StepSession, chain: Chain) -> tuple[int, int] | None:
    """The sample shown and that of the path, where the engine had to take another one."""
    if session.questions.chosen_ways:
        return None
    for level in chain.levels:
        source = level.way.source if level.way is not None else None
        info = session.reader.info(source.tensor) if source is not None else None
        if (
            source is not None
            and info is not None
            and info.batch
            and source.index[0] != session.row
        ):
            return session.row + 1, source.index[0] + 1
    return None


def paint(page: Page, path: Path | str) -> None:
    """Write equation, factors and product; or the sentence why there is no path."""
    if isinstance(path, str):
        page.y += 8
        page.paragraph([(tr("No chain rule:"), page.t.tx2, False), (path, page.t.tx3, False)])
        page.y += 6
        page.rule()
        return
    _equation(page, path)
    for row in path.rows:
        if isinstance(row, Hidden):
            _hidden(page, row)
        else:
            _row(page, row)
    if path.opened:
        action = Action("step.chain_show", (("part", "all"), ("on", False)), tr("Fold the chain"))
        page.chip(page.w - PAD, page.y + 6, tr("fold"), action, end=True)
        page.y += 30
        page.rule()
    _product(page, path)


def _equation(page: Page, path: Path) -> None:
    subject = page.card.subject
    assert subject is not None
    for size in (13, 12, 11, 10):
        pieces = _pieces(path, subject, formula.Pen(size))
        if sum(piece.width for piece in pieces) <= page.room:
            break
    page.y += 14
    done = formula.lay_out(formula.flow(pieces, page.room))
    page.place(done, PAD, page.y)
    page.y += done.height + 12
    page.rule()


def _pieces(path: Path, subject: Ref, pen: formula.Pen) -> list[formula.Box]:
    left = formula.tag(symbol_box(subject, pen.with_role(role_of(subject.tensor))), subject)
    pieces = [left, formula.text(" = ", pen.with_role("tx2"))]
    if path.several:
        below = formula.text(tr("paths"), formula.Pen(9, 400, "tx3"))
        pieces.append(formula.operator("Σ", pen.with_role("tx2"), below))
        pieces.append(formula.space(3.0))
    for index, row in enumerate(path.rows):
        box = (
            formula.text("⋯", pen.with_role("tx2")) if isinstance(row, Hidden) else ratio(row, pen)
        )
        dot = formula.text(" · ", pen.with_role("tx3"))
        # A line breaks before the sign.
        pieces.append(formula.row([dot, box]) if index else box)
    return pieces


def _row(page: Page, factor: Factor) -> None:
    """One factor: the ratio, what it is in symbols and in numbers, its value, and what made it."""
    left = fitted_ratio(factor, 64)
    # Indices of images are long: what stands behind them moves on.
    shift = max(0.0, left.width - 62)
    x, room = PAD + 84 + shift, page.room - 84 - 66 - shift
    # What is too wide beside the ratio stands below it, over all of the card.
    below = not factor.fits(room)
    symbols, numbers = factor.lines(page.room if below else room)
    lines = [one for one in (symbols, numbers) if one is not None]
    inner = sum(one.height for one in lines) + 4 * (len(lines) - 1)
    # Many ways to choose from stand on a line of their own.
    wide = len(factor.actions) > 2
    chips = bool(factor.actions) and not wide
    height = max(ROW, left.height + 12, 0 if below else inner + 16)
    top = page.y
    middle = top + (height - left.height) / 2 + left.ascent
    page.put(left, PAD + max(0.0, (60 - left.width) / 2), middle)
    page.text(PAD + 66 + shift, middle, "=", 12.5, page.t.tx3, mono=True)
    y = top + height if below else top + (height - inner) / 2
    for one in lines:
        page.place(one, PAD if below else x, y)
        y += one.height + 4
    shown = "…" if factor.value is None else significant(factor.value, 4, sign=True)
    baseline = top + (height / 2 - 3 if chips else height / 2 + 4)
    page.text(page.w - PAD, baseline, shown, 12.5, page.t.tx, weight=500, mono=True, anchor="end")
    if below:
        height += inner + 12
    right, line = page.w - PAD, top + (height - 6 if wide else baseline - top + 8)
    for label, action in factor.actions:
        if right - 96 < PAD:
            right, line = page.w - PAD, line + 22
        rect = page.chip(right, line, label, action, end=True)
        right = rect.x() - 4
    if wide:
        height = line + 26 - top
    page.y = top + height
    page.rule()


def _hidden(page: Page, row: Hidden) -> None:
    top = page.y
    words = tr("… {count} more factors", count=row.count)
    page.text(PAD, top + 22, words, 12, page.t.tx2)
    action = Action("step.chain_show", (("part", "all"), ("on", True)), tr("Show every factor"))
    page.chip(page.w - PAD - 76, top + 9, tr("show"), action, end=True)
    shown = significant(row.product, 4, sign=True)
    page.text(page.w - PAD, top + 22, shown, 12.5, page.t.tx, weight=500, mono=True, anchor="end")
    page.y = top + 36
    page.rule()


def _product(page: Page, path: Path) -> None:
    """The factors multiplied out, and what share of the gradient that is."""
    page.y += 12
    if path.product is None:
        words = tr("The factors are multiplied out when the step has come to all of them.")
        for sentence in path.sentences() if path.gradient is None else [words]:
            page.paragraph([(sentence, page.t.tx3, False)])
        page.y += 6
        page.rule()
        return
    pieces = []
    for index, row in enumerate(path.rows):
        value = row.product if isinstance(row, Hidden) else row.value
        string = significant(value if value is not None else float("nan"), 4)
        string = f"({string})" if string.startswith("−") else string
        pieces.append(formula.text((" × " if index else "") + string, formula.Pen(12, 400, "tx2")))
    result = significant(path.product, 4, sign=True)
    pieces.append(formula.text(f" = {result}", formula.Pen(12, 600, "bwd")))
    done = formula.lay_out(formula.flow(pieces, page.room, 12))
    page.place(done, PAD, page.y)
    page.y += done.height + 6
    for words in path.sentences():
        page.paragraph([(words, page.t.tx2, False)])
    page.y += 6
    page.rule()


def tex(card: Card, path: Path | str) -> list[str]:
    """Return the chain, each factor and the product in lines of TeX."""
    assert card.subject is not None
    if isinstance(path, str):
        return []
    ratios, values = [], []
    for row in path.rows:
        ratios.append(r"\cdots" if isinstance(row, Hidden) else _tex_ratio(row))
        value = row.product if isinstance(row, Hidden) else row.value
        number = to_tex(Number(float("nan") if value is None else value))
        values.append(rf"\left({number}\right)" if number.startswith("-") else number)
    whole = r"\sum_{\text{paths}} " if path.several else ""
    lines = [f"{to_tex(card.subject)} &= {whole}" + r" \cdot ".join(ratios)]
    lines += [
        f"{_tex_ratio(row)} &= {to_tex(row.expression)}"
        for row in path.rows
        if isinstance(row, Factor)
    ]
    if path.product is not None:
        share = r"\text{this path: } " if path.several else ""
        product = r" \cdot ".join(values)
        lines.append(f"{share}{product} &= {to_tex(Number(path.product))}")
    return lines


def _tex_ratio(row: Factor) -> str:
    over = "L" if row.over is None else to_tex(row.over)
    return rf"\frac{{\partial {over}}}{{\partial {to_tex(row.under)}}}"


SECTION = Section("chain", 10, _of_a_weight, paint, tex)
