"""The inspector is written once for each card: what says the same stays, and hovering only paints."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtGui import QImage, QPainter

from app import theme as themes
from app.scenes.formula_expressions import visible
from app.step.card import Card
from app.step.page import Light
from app.step.session import largest
from app.step.sheet import Sheet
from app.step.written import Written
from core.expressions import Product, Ref, Sum

WIDTH = 340
SUBJECT = Ref("dense_1/z", (0, 1), "z¹", "2")


@pytest.fixture(autouse=True)
def _fonts(qapp):
    """Formulas are laid out in the program's own fonts."""


def card(**parts: Any) -> Card:
    expression = Sum(
        tuple(
            Product((Ref("x", (0, k), "x", f"{k + 1}"), Ref("w", (k, 1), "W¹", f"{k + 1},2")))
            for k in range(2)
        )
    )
    values = {key: 0.25 * number for number, key in enumerate(visible(expression))}
    found = {"equation": True, "result": "", **parts, "words": "What it does."}
    return Card("Instruction", SUBJECT, None, expression, values, 0.5, expression, parts=found)


def pages(written: Written) -> dict[str, Any]:
    return {part.name: part.page for part in written._parts}


def painted(written: Written, light: Light | None = None) -> np.ndarray:
    image = QImage(WIDTH, round(written.height), QImage.Format.Format_RGB32)
    image.fill(themes.DARK.bg1)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    written.paint(painter, light or Light())
    painter.end()
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), WIDTH, 4).copy()


def test_what_comes_later_leaves_the_other_sections_as_they_were_written():
    before = Written(themes.DARK, card(), WIDTH)
    after = Written(themes.DARK, card(whatif=("1 → 2", "by hand")), WIDTH, before)
    assert pages(after)["equation"] is pages(before)["equation"]
    assert pages(after)["words"] is pages(before)["words"]
    assert after.height > before.height
    fresh = Written(themes.DARK, card(whatif=("1 → 2", "by hand")), WIDTH)
    np.testing.assert_array_equal(painted(after), painted(fresh))


@pytest.mark.parametrize(
    ("colors", "width", "changes"),
    [
        (themes.LIGHT, WIDTH, {}),
        (themes.DARK, WIDTH - 20, {}),
        (themes.DARK, WIDTH, {"result": 0.75}),
        (themes.DARK, WIDTH, {"values": {}}),
        (themes.DARK, WIDTH, {"expression": Ref("x", (0, 0), "x", "1")}),
        (themes.DARK, WIDTH, {"subject": replace(SUBJECT, index=(0, 0))}),
    ],
)
def test_another_number_theme_or_width_is_written_anew(colors, width, changes):
    before = Written(themes.DARK, card(), WIDTH)
    after = Written(colors, replace(card(), **changes), width, before)
    assert not set(map(id, pages(after).values())) & set(map(id, pages(before).values()))


def test_only_what_is_seen_is_painted():
    written = Written(themes.DARK, card(), WIDTH)
    whole, half = painted(written), round(written.height / 2)
    image = QImage(WIDTH, round(written.height), QImage.Format.Format_RGB32)
    image.fill(themes.DARK.bg1)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setClipRect(0, half, WIDTH, image.height() - half)
    written.paint(painter, Light(), half, image.height())
    painter.end()
    seen = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), WIDTH, 4)
    np.testing.assert_array_equal(seen[half:], whole[half:])


def test_hovering_paints_what_was_written(qtbot):
    sheet = Sheet()
    qtbot.addWidget(sheet)
    sheet.resize(WIDTH, 400)
    sheet.set_card(card())
    written, dark = sheet._written(), sheet.grab().toImage()
    rect = sheet.places("x", (0, 0))[0]
    assert sheet.reference_at(rect.center().x(), rect.center().y()) == ("x", (0, 0))
    sheet._come_to(("x", (0, 0)))
    assert sheet.grab().toImage() != dark, "what is hovered lights up"
    assert sheet._written() is written
    sheet._come_to(None)
    assert sheet.grab().toImage() == dark


def test_a_new_number_is_shown_when_all_of_it_is_known(stepping):
    view = stepping.view
    view._patience.setInterval(60_000)
    shown: list[Card] = []
    set_card = view.sheet.set_card

    def spy(new: Card) -> None:
        shown.append(new)
        set_card(new)

    view.sheet.set_card = spy
    for _ in range(8):
        stepping.step(1)
        index = stepping.session.inspected
        stepping.until(lambda: shown and getattr(shown[-1].instruction, "index", None) == index)  # noqa: B023
    assert all(one.expression is not None for one in shown)


def test_a_number_whose_formula_takes_long_is_shown_without_it(stepping):
    stepping.step(3)
    session, sheet = stepping.session, stepping.view.sheet
    stepping.until(lambda: not session.questions.waiting and sheet.card.expression is not None)
    # The engine forgets to answer.
    stepping.window.context.engine.ask = lambda *_names, **_arguments: 0
    session.inspect(0)
    assert session.questions.waiting
    stepping.until(lambda: getattr(sheet.card.instruction, "index", None) == 0)
    assert sheet.card.expression is None


def test_the_engine_is_asked_once_for_each_number(stepping):
    engine, asked = stepping.window.context.engine, []
    ask = engine.ask

    def spy(question: str, **arguments: Any) -> Any:
        asked.append((question, arguments.get("instruction")))
        return ask(question, **arguments)

    engine.ask = spy
    for _ in range(6):
        stepping.step(1)
        stepping.until(lambda: not stepping.session.questions.waiting)
    explained = [number for question, number in asked if question == "explain"]
    assert len(explained) == len(set(explained)) == 6


def test_modules_are_not_searched_for_garbage(stepping):
    stepping.step(1)
    assert gc.get_freeze_count() > 50_000


@pytest.mark.parametrize(
    ("numbers", "where"),
    [
        ([1, -3, 2], 1),
        ([1, 3, -3], 1),
        ([np.nan, 1, -2], 2),
        ([np.inf, -np.inf, 0.5, -7], 3),
        ([0, 0, 0], 0),
        ([np.nan, np.nan], 0),
    ],
)
def test_the_largest_number_is_the_first_finite_one_of_its_size(numbers, where):
    array = np.array(numbers, np.float32)
    assert largest(array) == where
    assert where == int(np.where(np.isfinite(array), np.abs(array), -1.0).argmax())
