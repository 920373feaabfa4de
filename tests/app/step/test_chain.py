"""The chain rule in the real window: its numbers are the engine's, paths can be chosen, factors lead on."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from app.scenes.step_hover import lit_by
from app.scenes.step_values import cell_id
from app.step.sections.chain_rows import Factor, Hidden
from app.window.main import MainWindow
from core.expressions import evaluate
from tests.app.step.driving import in_step, view
from tests.app.window.windows import click, control

_PATIENCE = 120_000


@pytest.fixture
def classifier(qtbot: QtBot) -> Iterator[MainWindow]:
    with in_step(qtbot, "digits-cnn") as opened:
        yield opened


def go(qtbot: QtBot, window: MainWindow, tensor: str, cell: tuple[int, ...], name: str = "chain"):
    """Step to the instruction that computes a gradient, look at one number of it; returns the chain shown."""
    session, sheet = view(window).session, view(window).sheet
    last = next(i.index for i in session.program.instructions if tensor in i.writes)
    if session.pc != last + 1:
        window.context.bus.do("run.seek", step=0, pc=last + 1)
        qtbot.waitUntil(lambda: session.pc == last + 1, timeout=_PATIENCE)
    window.context.bus.do("select.cell", tensor=tensor, index=list(cell))

    def there() -> bool:
        card = sheet.card
        return (
            card.subject is not None
            and (card.subject.tensor, card.subject.index)
            == (tensor, session.full_index(tensor, cell))
            and name in card.parts
        )

    qtbot.waitUntil(there, timeout=_PATIENCE)
    return sheet.card.parts[name]


def test_the_factors_are_the_engines_and_multiply_out(qtbot, window):
    session = view(window).session
    path = go(qtbot, window, "grad/dense_1/kernel", (0, 1))
    assert [(r.over and r.over.symbol, r.under.symbol) for r in path.rows] == [
        (None, "ŷ"), ("ŷ", "z²"), ("z²", "a¹"), ("a¹", "z¹"), ("z¹", "W¹"),
    ]  # fmt: skip
    product = 1.0
    for row in path.rows:
        numbers = dict(row.numbers)
        for (tensor, index), value in numbers.items():
            assert value == float(session.snapshot.get(tensor)[index])
        assert evaluate(row.expression, lambda t, i, n=numbers: n[t, i]) == row.value
        product *= row.value
    assert path.product == pytest.approx(product, rel=1e-12)
    assert path.gradient == float(session.snapshot.get("grad/dense_1/kernel")[0, 1])
    assert path.several, "the neuron feeds two outputs"


def test_another_way_is_chosen_and_all_ways_make_the_gradient(qtbot, window):
    session, sheet = view(window).session, view(window).sheet
    go(qtbot, window, "grad/dense_1/kernel", (0, 1))
    (place,) = [a for a in sheet.controls() if a.command == "step.chain_ways"]
    click(sheet, sheet.place_of(place).center().toPoint())
    menu = sheet.findChild(QMenu, "step-chain-ways")
    assert len(menu.actions()) == 2
    assert [a.isChecked() for a in menu.actions()] == [True, False]
    first = sheet.card.parts["chain"].product
    menu.actions()[1].trigger()
    menu.close()
    qtbot.waitUntil(
        lambda: (
            sheet.card.parts.get("chain", None) is not None
            and sheet.card.parts["chain"].product != first
        ),
        timeout=_PATIENCE,
    )
    second = sheet.card.parts["chain"]
    assert first + second.product == pytest.approx(second.gradient, rel=1e-5)
    assert session.cell == ("grad/dense_1/kernel", (0, 1))


def test_every_factor_leads_to_the_instruction_that_computed_it(qtbot, window):
    session, sheet = view(window).session, view(window).sheet
    go(qtbot, window, "grad/dense_1/kernel", (0, 1))
    jumps = [a for a in sheet.controls() if a.command == "step.chain_jump"]
    assert len(jumps) == 5
    for jump in jumps:
        given = dict(jump.arguments)
        assert given["tensor"] in session.program.instructions[given["instruction"]].writes
    wanted = dict(jumps[1].arguments)
    click(sheet, sheet.place_of(jumps[1]).center().toPoint())
    assert session.instruction.index == wanted["instruction"]
    assert session.cell[0] == wanted["tensor"]
    qtbot.waitUntil(lambda: "path" in sheet.card.parts, timeout=_PATIENCE)
    assert len(sheet.card.parts["path"].rows) == 2, "from the loss to this neuron's sum"


def test_the_keyboard_walks_over_symbols_and_controls(qtbot, window):
    session, sheet = view(window).session, view(window).sheet
    go(qtbot, window, "grad/dense_1/kernel", (0, 1))
    sheet.setFocus(Qt.FocusReason.TabFocusReason)
    seen = set()
    for _ in range(80):
        QTest.keyClick(sheet, Qt.Key.Key_Down)
        (target,) = sheet.lit
        seen.add(target)
        if getattr(target, "command", "") == "step.chain_jump":
            break
    QTest.keyClick(sheet, Qt.Key.Key_Return)
    assert session.instruction.index == dict(target.arguments)["instruction"]
    assert any(isinstance(one, tuple) for one in seen)


def test_what_is_hovered_in_the_drawing_lights_up_in_the_formula(qtbot, window):
    session, sheet = view(window).session, view(window).sheet
    go(qtbot, window, "grad/dense_1/kernel", (0, 1))
    for identifier, wanted in (
        (cell_id("dense_2/a", (0,)), {("dense_2/a", (0, 0))}),
        ("unit:dense_1:1", {("dense_1/a", (0, 1)), ("dense_1/z", (0, 1)), ("grad/dense_1/z", (0, 1))}),
        ("edge:dense_2:1:0", {("dense_2/kernel", (1, 0))}),
        ("edge:dense_1:0:1", {("dense_1/kernel", (0, 1)), ("grad/dense_1/kernel", (0, 1))}),
    ):  # fmt: skip
        session.set_hover(identifier)
        qtbot.waitUntil(lambda w=wanted: sheet.lit == w, timeout=2000)
        for target in wanted:
            assert sheet.places(*target)
    session.set_hover("")
    qtbot.waitUntil(lambda: not sheet.lit, timeout=2000)


def test_what_is_hovered_in_the_formula_lights_up_in_the_drawing(qtbot, window):
    session, stage = view(window).session, view(window).stage
    go(qtbot, window, "grad/dense_1/kernel", (0, 1))

    def picture(identifier: str) -> bytes:
        session.set_hover(identifier)
        return bytes(stage.grab().toImage().constBits())

    plain = picture("")
    for name, index in (
        ("dense_1/kernel", (0, 1)), ("dense_2/kernel", (1, 0)), ("dense_1/z", (1,)), ("dense_1/product", (1,)),
        ("grad/dense_2/z", (0,)), ("input_1/x", (0,)), ("loss", ()),
    ):  # fmt: skip
        assert picture(cell_id(name, index)) != plain, name
    assert lit_by(cell_id("dense_1/product", (1,)), session.reader).unit == "unit:dense_1:1"
    assert lit_by(cell_id("grad/dense_2/kernel", (1, 0)), session.reader).edge == ("dense_2", 1, 0)


def test_the_chain_is_copied_as_tex(qtbot, window):
    path = go(qtbot, window, "grad/dense_1/kernel", (0, 1))
    click(control(window, "step-copy-tex"))
    copied = QGuiApplication.clipboard().text()
    assert copied.count(r"\frac{\partial L}{\partial \hat{y}_{1}}") == 2
    assert r"\frac{\partial z^{1}_{2}}{\partial W^{1}_{1,2}}" in copied
    assert copied.count("{") == copied.count("}")
    assert copied.count(r"\left(") == copied.count(r"\right)")
    assert len(path.rows) == 5


def test_softmax_and_cross_entropy_are_shown_as_one_and_as_two(qtbot, classifier):
    sheet = view(classifier).sheet
    tensor = next(
        i.writes[0]
        for i in view(classifier).session.program.instructions
        if i.op == "matmul_weight_grad"
    )
    joined = go(qtbot, classifier, tensor, (0, 1))
    (split,) = [a for a in sheet.controls() if a.command == "step.chain_show"]
    click(sheet, sheet.place_of(split).center().toPoint())
    qtbot.waitUntil(lambda: len(sheet.card.parts["chain"].rows) == len(joined.rows) + 1)
    two = sheet.card.parts["chain"].rows
    assert two[0].over is None
    assert two[1].over == two[0].under
    # The label's share of the error is all there is where the target is one of the classes.
    assert two[0].value * two[1].value == pytest.approx(joined.rows[0].value, rel=1e-4)
    assert joined.samples > 1
    assert "samples together" in joined.sentences()[0]


def test_a_chain_grows_with_the_network_and_is_folded(qtbot, window, monkeypatch):
    import app.step.sections.chain as section

    monkeypatch.setattr(section, "LONG", 3)
    monkeypatch.setattr(section, "FIRST", 1)
    monkeypatch.setattr(section, "LAST", 1)
    sheet = view(window).sheet
    path = go(qtbot, window, "grad/dense_1/kernel", (0, 1))
    assert [type(row) for row in path.rows] == [Factor, Hidden, Factor]
    values = [row.product if isinstance(row, Hidden) else row.value for row in path.rows]
    assert math.prod(values) == pytest.approx(path.product)
    (show,) = [a for a in sheet.controls() if a.command == "step.chain_show"]
    click(sheet, sheet.place_of(show).center().toPoint())
    qtbot.waitUntil(lambda: len(sheet.card.parts["chain"].rows) == 5)
    assert np.isfinite(sheet.card.parts["chain"].product)


def test_a_weight_leads_to_the_chain_of_its_gradient(qtbot, window):
    session, sheet = view(window).session, view(window).sheet
    go(qtbot, window, "grad/dense_1/kernel", (0, 1))
    window.context.bus.do("select.cell", tensor="dense_1/kernel", index=[0, 1])
    qtbot.waitUntil(lambda: "leads" in sheet.card.parts, timeout=_PATIENCE)
    click(sheet, sheet.place_of(sheet.card.parts["leads"]).center().toPoint())
    assert session.cell == ("grad/dense_1/kernel", (0, 1))
    qtbot.waitUntil(lambda: "chain" in sheet.card.parts, timeout=_PATIENCE)


def test_who_comes_back_before_the_answer_finds_the_chain_again(qtbot, window):
    session, sheet = view(window).session, view(window).sheet
    go(qtbot, window, "grad/dense_1/kernel", (0, 1))
    qtbot.waitUntil(lambda: "chain" in sheet.card.parts, timeout=_PATIENCE)
    # Away and back in one go: what the first question is answered with belongs to nothing any more.
    window.context.bus.do("select.cell", tensor="dense_1/kernel", index=[0, 1])
    window.context.bus.do("select.cell", tensor="grad/dense_1/kernel", index=[0, 1])
    qtbot.waitUntil(
        lambda: session.questions.chain is not None and "chain" in sheet.card.parts,
        timeout=10_000,
    )
    assert sheet.card.subject.tensor == "grad/dense_1/kernel"
