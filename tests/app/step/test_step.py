"""The Step workspace in a real window, with the real engine behind it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.engine.session import Session
from app.engine.state import Work
from app.scenes.formula_expressions import format_number, visible
from app.scenes.step_focus import focus_of
from app.scenes.step_values import Reader, cell_id
from app.snapshots import Probe
from app.step import card as cards
from app.step.sections import check
from app.step.tape import entries
from app.step.words import sentence
from app.window.main import MainWindow
from core import templates
from core.expressions import evaluate
from tests.app.step.driving import view
from tests.app.window.windows import action, click, control

_PATIENCE = 120_000
KERNEL = "grad/dense_1/kernel"


def press(qtbot: QtBot, window: MainWindow, name: str, times: int = 1) -> None:
    """Click Step or Back in the window's own transport and wait for what it does."""
    session = view(window).session
    for _ in range(times):
        before = session.snapshot.position
        action(window, name).trigger()
        qtbot.waitUntil(lambda: session.snapshot.position != before, timeout=_PATIENCE)  # noqa: B023


def explained(qtbot: QtBot, window: MainWindow) -> None:
    """Wait until the formula belongs to what is looked at."""
    session, sheet = view(window).session, view(window).sheet

    def there() -> bool:
        card, instruction = sheet.card, session.instruction
        return (
            card.expression is not None
            and instruction is not None
            and card.instruction == instruction
            and card.subject is not None
            and session.cell is not None
            and card.subject.tensor == session.cell[0]
            and card.subject.index == session.full_index(*session.cell)
        )

    qtbot.waitUntil(there, timeout=_PATIENCE)


def choose(window: MainWindow, tensor: str, index: tuple[int, ...]) -> None:
    """Click a number in the drawing."""
    stage = view(window).stage
    hit = stage.place.hits.get(cell_id(tensor, index))
    assert hit is not None
    x, y, w, h = hit.rect
    click(stage, QPoint(round(x + w / 2), round(y + h / 2)))


def test_each_step_lights_up_its_instruction_and_shows_its_numbers(qtbot, window):
    session = view(window).session
    program = session.program
    for index in range(len(program.instructions)):
        press(qtbot, window, "transport-step")
        assert session.done == index
        assert session.instruction.index == index
        focus = focus_of(view(window).stage.place, session.reader, session.frame())
        assert set(session.instruction.writes) <= set(focus.tensors)
        tensor = session.instruction.writes[0]
        if tensor.endswith(("/product", "/z", "/a", "/kernel")):
            assert focus.units or focus.edges, f"instruction {index + 1} is not seen in the drawing"


def test_the_formulas_numbers_are_the_tensors(qtbot, window):
    session, sheet = view(window).session, view(window).sheet
    program = session.program
    for line in program.instructions:
        press(qtbot, window, "transport-step")
        if line.phase == "data" or line.op == "accumulate":
            continue
        explained(qtbot, window)
        card = sheet.card
        assert card.result is not None, line.title
        assert all(value is not None for value in card.values.values()), line.title
        value = evaluate(card.expression, lambda t, i, card=card: card.values[t, i])
        assert card.result == pytest.approx(value, rel=2e-5, abs=1e-6), line.title
        for tensor, index in visible(card.expression):
            if line.phase == "update" and tensor == line.writes[0]:
                continue  # the formula speaks of the weight before this very instruction
            array = session.snapshot.get(tensor)
            if array is not None:
                assert card.values[tensor, index] == pytest.approx(float(array[index]))


def test_the_numbers_are_there_again_after_a_look_at_another_workspace(qtbot, window):
    session = view(window).session
    press(qtbot, window, "transport-step", 6)
    for away in ("workspace-train", "workspace-build"):
        action(window, away).trigger()
        press_hidden(qtbot, window)
        action(window, "workspace-step").trigger()
        for tensor in ("dense_1/kernel", "dense_1/z"):
            qtbot.waitUntil(lambda t=tensor: session.snapshot.get(t) is not None, timeout=_PATIENCE)
            assert session.reader.value(tensor, (0,) * (1 + tensor.endswith("kernel"))) is not None


def press_hidden(qtbot: QtBot, window: MainWindow) -> None:
    """Step once while the view is away."""
    before = window.context.engine.state.position
    action(window, "transport-step").trigger()
    qtbot.waitUntil(lambda: window.context.engine.state.position != before, timeout=_PATIENCE)


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
@pytest.mark.parametrize("way", ["whole step", "epoch", "back by batch"])
def test_an_update_shows_the_numbers_it_started_from_however_it_was_reached(
    qtbot, window, optimizer, way
):
    bus, session, sheet = window.context.bus, view(window).session, view(window).sheet
    if optimizer == "Adam":
        bus.do("training.configure", optimizer={"kind": "Adam", "learning_rate": 0.01})
        qtbot.waitUntil(
            lambda: any(i.op == "adam" for i in session.program.instructions), timeout=_PATIENCE
        )
    if way == "epoch":
        bus.do("run.step", granularity="epoch")
        qtbot.waitUntil(lambda: session.snapshot.position.epoch == 1, timeout=_PATIENCE)
    else:
        for steps in (1, 2):
            bus.do("run.step", granularity="batch")
            qtbot.waitUntil(lambda n=steps: session.snapshot.position.step == n, timeout=_PATIENCE)
    if way == "back by batch":
        bus.do("run.step_back", granularity="batch")
        qtbot.waitUntil(lambda: session.snapshot.position.step == 1, timeout=_PATIENCE)
    for line in session.program.instructions:
        if line.phase != "update" and line.op != "accumulate":
            continue
        session.inspect(line.index)
        explained(qtbot, window)

        def known() -> bool:
            view(window)._show_card()
            return all(v is not None for v in sheet.card.values.values())

        qtbot.waitUntil(known, timeout=5000)
        card = sheet.card
        value = evaluate(card.expression, lambda t, i, card=card: card.values[t, i])
        assert card.result == pytest.approx(value, rel=2e-5, abs=1e-6), line.title
        assert "was" in card.words or line.op in ("accumulate", "adam_factors")


def test_what_keeps_count_is_folded_and_said_in_words(qtbot, window):
    session, tape = view(window).session, view(window).tape
    said = {}
    folds = [e for e in entries(session.program, frozenset()) if e.kind == "fold"]
    assert [(e.start, e.stop) for e in folds] == [(0, 3), (11, 15)]
    for index in range(16):
        press(qtbot, window, "transport-step")
        assert tape.rect_of(index) is not None, "the current instruction is seen"
        said[session.instruction.title] = sentence(session, None)
    assert tape.rect_of(12) is None, "and what was opened for it is folded again"
    (sample,) = session.snapshot.get("batch/samples").ravel()
    assert said["choose the samples of this batch"] == (
        f"The samples of this batch: {int(sample) + 1}. People count them from 1, the tape from 0."
    )
    outputs = session.reader.array("dense_2/a")
    largest = int(outputs.argmax())
    right = said["right = (ŷ agrees with y)"]
    assert right.startswith(f"Output {largest + 1} is the largest ({outputs[largest]:.4f});")
    assert not any("how wrong" in words for title, words in said.items() if "accuracy" in title)


def test_only_the_explained_cell_of_a_result_is_known_without_its_tensor(qtbot, window):
    session, sheet = view(window).session, view(window).sheet
    press(qtbot, window, "transport-step", 4)
    explained(qtbot, window)
    hidden = {k: v for k, v in session.snapshot.values.items() if k != "dense_1/product"}
    session.snapshot = dataclasses.replace(session.snapshot, values=hidden)
    (line,) = cards.build(session).parts["operands"].output.cells
    known = [value for _, value in line if value is not None]
    assert known == [sheet.card.result]
    assert len(line) == 3


def test_a_weights_gradient_is_written_out_and_measured(qtbot, window):
    session, sheet = view(window).session, view(window).sheet
    last = next(i.index for i in session.program.instructions if KERNEL in i.writes)
    press(qtbot, window, "transport-step", last + 1)
    choose(window, KERNEL, (0, 1))
    explained(qtbot, window)
    qtbot.waitUntil(lambda: "chain" in sheet.card.parts, timeout=_PATIENCE)
    card = sheet.card
    path = card.parts["chain"]
    assert len(path.rows) == 5
    assert path.gradient == card.result
    assert card.title == "Chain rule"
    place = sheet.place_of(check.ACTION)
    assert place is not None
    click(sheet, place.center().toPoint())
    qtbot.waitUntil(lambda: sheet.card.parts["check"].error is not None, timeout=_PATIENCE)
    found = sheet.card.parts["check"]
    assert found.numeric == pytest.approx(found.backprop, rel=1e-3)
    assert found.error < 1e-3
    assert found.agrees


def test_step_back_restores_exactly_the_numbers(qtbot, window):
    session = view(window).session
    seen = []
    for _ in range(12):
        press(qtbot, window, "transport-step")
        seen.append({n: np.array(v) for n, v in session.snapshot.values.items()})
    for _ in range(6):
        press(qtbot, window, "transport-step-back")
    now = session.snapshot
    assert now.instruction == 5
    for name, array in seen[5].items():
        if name in now.written_at or session.reader.lasting(name):
            assert now.values[name].tobytes() == array.tobytes(), name
    assert session.reader.value("dense_2/a", (0,)) is None, "it is not computed any more"
    for _ in range(6):
        press(qtbot, window, "transport-step")
    for name, array in seen[11].items():
        assert session.snapshot.values[name].tobytes() == array.tobytes(), name


def test_every_symbol_and_cell_of_the_formula_answers_the_mouse(qtbot, window):
    sheet, session = view(window).sheet, view(window).session
    press(qtbot, window, "transport-step", 4)
    explained(qtbot, window)
    sheet.grab()  # painting fills the hit rectangles
    for tensor, index in visible(sheet.card.expression):
        places = sheet.places(tensor, index)
        assert places, f"{tensor} {index} stands nowhere"
        for rect in places:
            assert sheet.reference_at(rect.center().x(), rect.center().y()) == (tensor, index)
    (rect, *_) = sheet.places("input_1/x", (0, 1))
    QTest.mouseMove(sheet, rect.center().toPoint())
    sheet.mouseMoveEvent(_moved(sheet, rect.center()))
    assert session.hover == cell_id("input_1/x", (1,))


def _moved(widget, at):
    from PySide6.QtCore import QEvent, QPointF
    from PySide6.QtGui import QMouseEvent

    place = QPointF(widget.mapToGlobal(at.toPoint()))
    none = Qt.MouseButton.NoButton
    return QMouseEvent(QEvent.Type.MouseMove, at, place, none, none, Qt.KeyboardModifier.NoModifier)


def test_copy_tex_puts_formula_numbers_and_result_on_the_clipboard(qtbot, window):
    press(qtbot, window, "transport-step", 4)
    explained(qtbot, window)
    click(control(window, "step-copy-tex"))
    copied = QGuiApplication.clipboard().text()
    result = view(window).sheet.card.result
    assert copied.startswith("\\begin{aligned}")
    # The cell in symbols, with its numbers, its value; and the whole product as matrices.
    assert copied.count("&=") == 4
    assert r"u^{1} &= x \cdot W^{1}" in copied
    assert r"\cdot" in copied
    assert format_number(result, 4).replace("\N{MINUS SIGN}", "-") in copied


def test_the_tape_is_walked_looked_at_and_marked(qtbot, window):
    session, tape = view(window).session, view(window).tape
    press(qtbot, window, "transport-step", 6)
    rect = tape.rect_of(3)
    click(tape.viewport(), QPoint(120, round(rect.center().y())))
    assert session.inspected == 3
    assert session.done == 5, "looking does not move the run"
    QTest.keyClick(tape, Qt.Key.Key_Down)
    assert session.inspected == 4
    click(tape.viewport(), QPoint(12, round(tape.rect_of(7).center().y())))
    assert session.breakpoints == {7}
    window.context.bus.do("step.run_to_breakpoint")
    qtbot.waitUntil(lambda: session.pc == 7, timeout=_PATIENCE)
    assert session.done == 6
    assert session.snapshot.position.step == 0
    # Around the tape: to the same place in the next step.
    window.context.bus.do("step.run_to_breakpoint")
    qtbot.waitUntil(lambda: session.snapshot.position.step == 1, timeout=_PATIENCE)
    qtbot.waitUntil(lambda: session.pc == 7, timeout=_PATIENCE)
    assert not session.running


def test_dragging_the_strip_rewinds(qtbot, window):
    session, strip = view(window).session, view(window).scrubber
    press(qtbot, window, "transport-step", 10)
    z = session.reader.value("dense_1/z", (1,))
    width = (strip.width() - 32) / len(session.program.instructions)
    click(strip, QPoint(round(16 + 4.5 * width), 52))
    qtbot.waitUntil(lambda: session.pc == 5, timeout=_PATIENCE)
    assert session.reader.value("dense_1/z", (1,)) == z
    assert session.reader.value("dense_1/a", (1,)) is None
    # Down the strip and beyond both of its ends, without letting go.
    count, end = len(session.program.instructions), strip.width()
    QTest.mousePress(strip, Qt.MouseButton.LeftButton, pos=QPoint(round(16 + 4.5 * width), 52))
    for x, pc, done in (
        (16 + 8.5 * width, 9, 8),
        (-40, 1, 0),
        (end + 40, 0, count - 1),
        (20, 1, 0),
    ):
        QTest.mouseMove(strip, QPoint(round(x), 52))
        qtbot.waitUntil(lambda: (session.pc, session.done) == (pc, done), timeout=20_000)  # noqa: B023
    # The step was done for it, and is done again from here in one go.
    assert session.snapshot.position.step == 0
    QTest.mouseRelease(strip, Qt.MouseButton.LeftButton, pos=QPoint(20, 52))
    # The heading is no place to go to.
    click(strip, QPoint(round(16 + 7.5 * width), 12))
    qtbot.wait(50)
    assert session.pc == 1


def test_the_strip_says_whether_its_step_is_done(qtbot, window):
    session, strip = view(window).session, view(window).scrubber
    counter = control(window, "counter-step")
    assert (strip.heading(), counter.value) == ("Step 1", "1")
    press(qtbot, window, "transport-step")
    assert (strip.heading(), counter.value) == ("Step 1", "1")
    window.context.bus.do("run.step", granularity="batch")
    qtbot.waitUntil(lambda: session.snapshot.position.step == 1, timeout=_PATIENCE)
    assert (strip.heading(), counter.value) == ("Step 1 is done", "1")
    press(qtbot, window, "transport-step")
    assert (strip.heading(), counter.value) == ("Step 2", "2")
    action(window, "workspace-train").trigger()
    assert counter.value == "1", "there it counts what is done"


def test_notation_turns_the_listing_and_the_formula(qtbot, window):
    press(qtbot, window, "transport-step", 4)
    explained(qtbot, window)
    session, sheet = view(window).session, view(window).sheet
    assert session.notation == "rows"
    first = visible(sheet.card.expression)
    click(control(window, "step-notation-columns"))
    qtbot.waitUntil(lambda: sheet.card.columns)
    assert visible(sheet.card.expression) == tuple(
        cell for pair in zip(first[1::2], first[::2], strict=True) for cell in pair
    )


def test_a_pooling_layers_error_is_known_although_it_goes_by_another_name():
    template = templates.load("digits-cnn")
    work = Work(
        template.network, template.training, template.data.id, dict(template.data.parameters)
    )
    engine = Session(work)
    engine.advance(1)
    name = "grad/max_pooling2d_2/output"
    reader = Reader(engine.snapshot((Probe(name, 0),)))
    assert reader.state(name) == "fresh"
    assert reader.array(name) is not None


def test_a_tensor_chosen_by_a_name_of_its_layer_is_looked_at_in_its_first_number(qtbot, window):
    session, bus = view(window).session, window.context.bus
    press(qtbot, window, "transport-step", len(session.program.instructions))
    # What stands for a whole tensor in the drawing: it goes by the name of the layer's output.
    for name in ("grad/dense_2/output", "dense_1/output"):
        bus.do("select.cell", tensor=name, index=[])
        tensor, index = session.cell
        assert tensor in session.instruction.writes
        assert len(index) == len(session.program.tensors[tensor].shape)
        explained(qtbot, window)
        assert view(window).sheet.card.result is not None
    for tensor, index in session._cells.items():
        info = session.reader.info(tensor)
        assert info is None or len(index) == len(info.shape), tensor


def test_a_recurrent_layers_output_is_not_taken_for_the_products_of_all_its_time_steps(
    qtbot, window
):
    session, bus = view(window).session, window.context.bus
    bus.do("template.open", name="lstm-remember")
    qtbot.waitUntil(
        lambda: session.program is not None and "lstm_1/output" in session.program.tensors,
        timeout=_PATIENCE,
    )
    qtbot.waitUntil(action(window, "transport-step").isEnabled, timeout=_PATIENCE)
    bus.do("select.cell", tensor="lstm_1/output", index=[1])
    for line in session.program.instructions:
        bus.do("step.inspect", instruction=line.index)
        if session.cell is not None:
            tensor, index = session.cell
            assert len(index) == len(session.program.tensors[tensor].shape), tensor
