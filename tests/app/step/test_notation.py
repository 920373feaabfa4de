"""Samples in rows or in columns, mean or half squared error: what is printed is what is run."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.scenes.formula_expressions import format_number
from app.step.notation import PRODUCTS, is_turned, mark, title
from app.window.main import MainWindow
from tests.app.step.driving import Stepping, view
from tests.app.window.windows import click, control

_PATIENCE = 45_000


NETWORK = "weight-and-height"


@pytest.fixture
def window(stepping: Stepping) -> MainWindow:
    through(stepping.qtbot, stepping.window)
    return stepping.window


def through(qtbot: QtBot, window: MainWindow) -> None:
    """Do everything but the updates of the step."""
    session = view(window).session
    first = [line.phase for line in session.program.instructions].index("update")
    window.context.engine.step_to(first - 1)
    qtbot.waitUntil(lambda: session.pc == first, timeout=_PATIENCE)


def look(qtbot: QtBot, window: MainWindow, tensor: str, index: tuple[int, ...]) -> None:
    """Look at a number until the inspector has all of it."""
    session, sheet = view(window).session, view(window).sheet
    window.context.bus.do("select.cell", tensor=tensor, index=list(index))

    def there() -> bool:
        card = sheet.card
        return (
            card.subject is not None and card.subject.tensor == tensor and card.expression is not None
            and "operands" in card.parts and card.columns == (session.notation == "columns")
            and card.instruction is session.instruction
        )  # fmt: skip

    qtbot.waitUntil(there, timeout=_PATIENCE)


@pytest.mark.parametrize("notation", ["rows", "columns"])
def test_operands_stand_as_the_notation_writes_them_and_multiply_to_the_result(
    qtbot, window, notation
):
    click(control(window, f"step-notation-{notation}"))
    session, sheet = view(window).session, view(window).sheet
    for line in session.program.instructions:
        if line.op not in PRODUCTS:
            continue
        look(qtbot, window, line.writes[0], (0, 0) if line.op == "matmul_weight_grad" else (0,))
        content = sheet.card.parts["operands"]
        assert [o.symbol for o in content.read] == _factors(title(line, notation))
        # Every number is there at its place: the windows are small enough to hold the whole of these matrices, but
        # for samples, of which four are shown in a row.
        for operand in content.every:
            array = session.array(operand.tensor)
            for row in operand.cells:
                for index, value in row:
                    assert value == float(array[index])
        first, second, made = (_matrix(o) for o in content.every)
        if first.shape[1] == second.shape[0] and line.op != "matmul_weight_grad":
            product = first @ second
            shape = tuple(min(a, b) for a, b in zip(product.shape, made.shape, strict=True))
            assert made[: shape[0], : shape[1]] == pytest.approx(
                product[: shape[0], : shape[1]], rel=1e-5
            )


def _factors(line: str) -> list[str]:
    return [part.strip() for part in line.partition(" = ")[2].split("·")]


def _matrix(operand) -> np.ndarray:
    return np.array([[value for _, value in row] for row in operand.cells])


def test_biases_stand_upright_beside_samples_in_columns(qtbot, window):
    sheet = view(window).sheet
    for notation, shape in (("rows", (1, 2)), ("columns", (2, 1))):
        click(control(window, f"step-notation-{notation}"))
        look(qtbot, window, "dense_1/z", (0,))
        bias = sheet.card.parts["operands"].read[1]
        assert bias.tensor == "dense_1/bias"
        assert _matrix(bias).shape == shape


def test_tex_and_listing_turn_round_too(qtbot, window):
    sheet = view(window).sheet
    session = view(window).session
    look(qtbot, window, "dense_1/product", (0,))
    assert r"u^{1} &= x \cdot W^{1}" in sheet.card.tex
    products = sheet.card.parts["notes"].products
    assert [one.shapes for one in products] == ["[6×2] · [2×2] = [6×2]", "[2×2] · [2×6] = [2×6]"]
    click(control(window, "step-notation-columns"))
    qtbot.waitUntil(lambda: sheet.card.columns, timeout=_PATIENCE)
    assert r"u^{1} &= W^{1\top} \cdot x" in sheet.card.tex
    listed = [
        title(line, session.notation)
        for line in session.program.instructions
        if line.op in PRODUCTS
    ]
    assert listed == [
        "u¹ = W¹ᵀ·x", "u² = W²ᵀ·a¹", "∂L/∂W² = a¹·δ²ᵀ", "∂L/∂a¹ = W²·δ²", "∂L/∂W¹ = x·δ¹ᵀ",
    ]  # fmt: skip


@pytest.mark.parametrize("op", PRODUCTS)
@pytest.mark.parametrize("notation", ["rows", "columns"])
def test_what_stands_turned_is_a_product_of_matrices(op, notation):
    """With 6 samples, 2 inputs and 3 units the inner sizes agree, and what is made has the notation's shape."""
    kept = {
        "matmul": ({"x": (6, 2), "w": (2, 3)}, (6, 3)),
        "matmul_weight_grad": ({"x": (6, 2), "dy": (6, 3)}, (2, 3)),
        "matmul_input_grad": ({"dy": (6, 3), "w": (2, 3)}, (6, 2)),
    }[op]
    operands, made = kept
    shapes = []
    for role, shape in operands.items():
        batch = shape[0] == 6
        turned = is_turned(op, role, batch, notation)
        shapes.append(shape[::-1] if turned else shape)
    if notation == "columns" and op != "matmul_weight_grad":
        shapes.reverse()
    assert shapes[0][1] == shapes[1][0]
    expected = made[::-1] if is_turned(op, "", made[0] == 6, notation) else made
    assert (shapes[0][0], shapes[1][1]) == expected
    assert mark("x", True, False, notation) == "xᵀ"
    assert mark("x", notation == "columns", True, notation) == "x"


def test_the_notes_error_is_chosen_run_and_reconciled(qtbot, window):
    step = view(window)
    session, sheet, document = step.session, step.sheet, window.context.document
    look(qtbot, window, "grad/dense_1/kernel", (0, 1))
    mean = float(session.array("grad/dense_1/kernel")[0, 1])
    loss = float(session.snapshot.scalars["loss"]) if "loss" in session.snapshot.scalars else None
    said = sheet.card.parts["notes"].error
    assert "3 times this" in said
    assert format_number(3 * sheet.card.result, 4) in said
    assert control(window, "step-error").isVisible()
    click(control(window, "step-error-form-half_squared_error"))
    assert document.training.loss == "half_squared_error"
    engine = window.context.engine
    qtbot.waitUntil(
        lambda: any(line.title.startswith("ℓ = ½") for line in session.program.instructions),
        timeout=_PATIENCE,
    )
    qtbot.waitUntil(lambda: engine.state.status in ("ready", "paused"), timeout=_PATIENCE)
    through(qtbot, window)
    look(qtbot, window, "grad/dense_1/kernel", (0, 1))
    qtbot.waitUntil(lambda: session.array("grad/dense_1/kernel") is not None, timeout=_PATIENCE)
    half = float(session.array("grad/dense_1/kernel")[0, 1])
    assert half == pytest.approx(3 * mean, rel=1e-5)
    said = sheet.card.parts["notes"].error
    assert "1/3 times this" in said
    assert format_number(sheet.card.result / 3, 4) in said
    if loss is not None:
        assert float(session.snapshot.scalars["loss"]) == pytest.approx(3 * loss, rel=1e-5)
    window.context.bus.do("edit.undo")
    assert document.training.loss == "mean_squared_error"
    assert control(window, "step-error-form-mean_squared_error").isChecked()


def test_the_choice_of_errors_is_there_for_these_losses_only(qtbot, window):
    assert control(window, "step-error").isVisible()
    window.context.bus.do("training.configure", loss="binary_crossentropy")
    assert not control(window, "step-error").isVisible()
