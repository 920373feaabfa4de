"""Recurrent layers and updates in the real window: walking forward and back, choosing numbers in the close-up."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from pytestqt.qtbot import QtBot

from app import theme
from app.scenes.closeups.recurrent_curve import sizes
from app.scenes.closeups.unrolled import of_instruction
from app.scenes.closeups.update_terms import terms
from app.scenes.step import SCENE
from app.scenes.step_values import cell_id
from app.window.main import MainWindow
from tests.app.step.driving import closeup_of, in_step, view
from tests.app.window.windows import action, click

_PATIENCE = 60_000


@pytest.fixture(params=["SimpleRNN", "LSTM", "GRU", "Bidirectional"])
def window(request: pytest.FixtureRequest, qtbot: QtBot) -> Iterator[MainWindow]:

    def prepare(window: MainWindow) -> None:
        bus = window.context.bus
        bus.do("template.open", name="chain-rule-by-hand")
        bus.do("layer.add", kind="RepeatVector", index=1)
        bus.do("layer.add", kind=request.param, index=2)
        ids = [layer.id for layer in window.context.document.network.layers]
        if request.param != "Bidirectional":
            bus.do("layer.configure", layer=ids[2], units=3)
        bus.do(
            "training.configure",
            optimizer={"kind": "Adam", "learning_rate": 0.01, "clipnorm": 0.01}, batch_size=2,
        )  # fmt: skip

    with in_step(qtbot, prepare) as opened:
        session = view(opened).session
        qtbot.waitUntil(
            lambda: any(i.op == "adam" for i in session.program.instructions), timeout=_PATIENCE
        )
        opened.context.bus.do("step.view", value="closeup")
        yield opened


def whole(window: MainWindow) -> dict[str, np.ndarray]:
    """What is painted now, by tensor."""
    moment = closeup_of(window).moment
    assert moment is not None
    return dict(moment.arrays)


def press(qtbot: QtBot, window: MainWindow, name: str) -> None:
    session = view(window).session
    before = session.snapshot.position
    action(window, name).trigger()
    qtbot.waitUntil(lambda: session.snapshot.position != before, timeout=_PATIENCE)


def there(qtbot: QtBot, window: MainWindow) -> None:
    """Wait until every number the close-up asks for, and that this step has made, has come."""
    session = view(window).session

    def come() -> bool:
        closeup, subject, moment = (
            closeup_of(window).closeup,
            closeup_of(window).subject,
            closeup_of(window).moment,
        )
        if closeup is None or subject is None or moment is None:
            return False
        fresh = [n for n in closeup.tensors(subject) if session.reader.state(n) == "fresh"]
        return all(name in moment.arrays for name in fresh)

    qtbot.waitUntil(come, timeout=10_000)


def asked(qtbot: QtBot, window: MainWindow, name: str) -> np.ndarray:
    """A tensor, straight from the engine."""
    found: list[np.ndarray] = []
    window.context.engine.ask("tensor", name=name, done=found.append)
    qtbot.waitUntil(lambda: bool(found), timeout=10_000)
    return found[0]


def test_every_instruction_is_walked_forward_and_back_with_the_engine_s_numbers(qtbot, window):
    session = view(window).session
    program = session.program
    kinds: dict[str, int] = {}
    seen: dict[int, dict[str, np.ndarray]] = {}
    stops = set(range(0, len(program.instructions), 7))
    for line in program.instructions:
        press(qtbot, window, "transport-step")
        shown = closeup_of(window)
        assert shown.subject.instruction == line
        closeup = shown.closeup
        kinds[closeup.name] = kinds.get(closeup.name, 0) + 1
        if line.index not in stops:
            continue
        there(qtbot, window)
        assert not shown.grab().isNull()
        seen[line.index] = whole(window)
        for name, array in seen[line.index].items():
            if name in session.snapshot.scalars:
                continue
            exact = asked(qtbot, window, name)
            info = session.reader.info(name)
            if info.batch and len(array) != len(exact):
                exact = exact[session.row : session.row + 1]
            assert np.array_equal(array, exact, equal_nan=True), name
    assert kinds["recurrent"] >= 15
    assert kinds["update"] >= 5
    assert kinds["clipping"] >= 10
    for index in sorted(stops, reverse=True):
        while session.done != index:
            press(qtbot, window, "transport-step-back")
        there(qtbot, window)
        for name, array in whole(window).items():
            if name in seen[index]:
                before = seen[index][name]
                if array.shape != before.shape:
                    # The whole batch, or the shown sample alone.
                    before, array = before[:1], array[:1]
                assert np.array_equal(array, before, equal_nan=True), (index, name)


def test_the_way_back_in_time_and_the_update_that_follows(qtbot, window):
    session, bus = view(window).session, window.context.bus
    bus.do("run.step", granularity="batch")
    qtbot.waitUntil(lambda: session.snapshot.position.step == 1, timeout=_PATIENCE)
    program = session.program
    found = [(i, of_instruction(program, i)) for i in program.instructions]
    line, (layer, time) = next((i, f) for i, f in reversed(found) if f and i.phase == "backward")
    bus.do("step.inspect", instruction=line.index)
    there(qtbot, window)
    shown = closeup_of(window)
    lengths = sizes(shown.place, shown.subject, shown.moment, "h", time)
    for t, value in lengths.items():
        gradient = asked(qtbot, window, f"grad/{layer.steps[layer.at(t)].h}")[session.row]
        assert value == pytest.approx(float(np.linalg.norm(gradient.astype(np.float64))), rel=1e-6)
    assert len(lengths) == len(layer.steps)
    updates = (i for i in program.instructions if i.op == "adam")
    update = next(i for i in updates if i.operands["w"] == layer.kernel)
    bus.do("step.inspect", instruction=update.index)
    there(qtbot, window)
    qtbot.waitUntil(lambda: layer.kernel in closeup_of(window).moment.before, timeout=10_000)
    bus.do("select.cell", tensor=layer.kernel, index=[1, 2])
    rows = {
        term.line.name: term
        for term in terms(closeup_of(window).subject, closeup_of(window).moment)
    }
    for key, name in update.results.items():
        exact = float(asked(qtbot, window, name)[1, 2])
        assert rows["w" if key == "y" else key].value == exact
    gradient = float(asked(qtbot, window, update.operands["g"])[1, 2])
    assert rows["g"].value == gradient
    assert rows["w"].value - rows["w"].before == pytest.approx(rows["step"].value, rel=1e-3, abs=1e-7)  # fmt: skip


def test_a_click_on_a_gate_goes_to_the_instruction_that_opened_it(qtbot, window):
    session, bus = view(window).session, window.context.bus
    bus.do("run.step", granularity="batch")
    qtbot.waitUntil(lambda: session.snapshot.position.step == 1, timeout=_PATIENCE)
    program = session.program
    found = ((i, of_instruction(program, i)) for i in program.instructions)
    line, (layer, _) = next((i, f) for i, f in found if f is not None)
    bus.do("step.inspect", instruction=line.index)
    shown = closeup_of(window)
    band = shown.place.band("h")
    grid = band.grids[-1]
    rect = shown.place.hits.get(cell_id(grid.tensor, (1,))).rect
    x, y, w, h = rect
    click(shown, QPoint(round(x + w / 2), round(y + h / 2)))
    assert session.cell == (grid.tensor, (1,))
    assert grid.tensor in session.instruction.writes
    assert closeup_of(window).closeup.name == "recurrent"
    assert closeup_of(window).subject.cell[-1] == 1
    assert of_instruction(program, session.instruction)[0] is layer


def test_the_drawing_says_which_time_step_of_a_layer_runs(qtbot, window):
    step = view(window)
    session, bus = step.session, window.context.bus
    bus.do("step.view", value="network")
    bus.do("run.step", granularity="batch")
    qtbot.waitUntil(lambda: session.snapshot.position.step == 1, timeout=_PATIENCE)
    told = set()
    for line in session.program.instructions:
        *_, role, time = ("", "", *line.writes[0].split("/"))
        if line.phase != "forward" or role != "h" or not time.isdecimal():
            continue
        bus.do("step.inspect", instruction=line.index)
        blocks = SCENE.see(step.stage.place, theme.current(), session.frame()).blocks
        assert {block.time for block in blocks} == {0, int(time) + 1}
        told.add(time)
    assert len(told) > 2
