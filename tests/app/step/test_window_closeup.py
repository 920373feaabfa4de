"""The window of a convolution in the real Step workspace: it moves by keys, by clicks and by itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.scenes.closeups.windows import WindowCloseup, sums_of, values_of
from app.scenes.step_values import cell_id
from app.step.closeup import CloseupStage
from app.step.walking import cells_a_second
from app.step.workspace import StepWorkspace
from app.window.main import MainWindow
from tests.app.window.windows import action, click, control, open_window

_PATIENCE = 60_000
PRODUCT = "conv2d_2/product"


@pytest.fixture(scope="module")
def opened(qapp: object) -> Iterator[MainWindow]:
    patch = pytest.MonkeyPatch()
    patch.setenv("CHAINRULE_WARM_UP", "0")

    def prepare(window: MainWindow) -> None:
        window.context.bus.do("template.open", name="digits-cnn")
        window.context.bus.do("training.configure", batch_size=4)

    qtbot = QtBot(_Request())  # type: ignore[arg-type]
    with open_window(qtbot, engine=True, prepare=prepare) as window:
        action(window, "workspace-step").trigger()
        session = workspace(window).session
        qtbot.waitUntil(lambda: session.program is not None, timeout=_PATIENCE)
        updates = next(i.index for i in session.program.instructions if i.phase == "update")
        window.context.engine.step_to(updates - 1)
        qtbot.waitUntil(lambda: session.pc == updates, timeout=_PATIENCE)
        window.context.bus.do("step.view", value="closeup")
        yield window
    patch.undo()


class _Request:
    """What QtBot wants of a request: a node that keeps nothing."""

    node = None


def workspace(window: MainWindow) -> StepWorkspace:
    found = window.findChild(StepWorkspace, "step-workspace")
    assert found is not None
    return found


def stage_of(window: MainWindow) -> CloseupStage:
    found = control(window, "step-closeup")
    assert isinstance(found, CloseupStage)
    return found


def look_at(qtbot: QtBot, window: MainWindow, index: int) -> CloseupStage:
    """Look at an instruction and wait for its numbers."""
    window.context.bus.do("step.inspect", instruction=index)
    stage, session = stage_of(window), workspace(window).session
    qtbot.waitUntil(lambda: getattr(session.instruction, "index", None) == index, timeout=_PATIENCE)

    def there() -> bool:
        subject, moment = stage.subject, stage.moment
        return subject is not None and moment is not None and subject.tensor in moment.arrays

    qtbot.waitUntil(there, timeout=_PATIENCE)
    return stage


def line_of(window: MainWindow, tensor: str) -> int:
    program = workspace(window).session.program
    return next(i.index for i in program.instructions if tensor in i.writes)


def test_every_window_of_the_step_adds_up_to_the_engines_number(qtbot, opened):
    session = workspace(opened).session
    engine, seen = opened.context.engine, set()
    for line in session.program.instructions[: session.pc]:
        if not line.writes:
            continue
        opened.context.bus.do("step.inspect", instruction=line.index)
        stage = stage_of(opened)
        if not isinstance(stage.closeup, WindowCloseup):
            continue
        look_at(qtbot, opened, line.index)
        names = stage.closeup.tensors(stage.subject)
        read = [n for n in names if n in (*line.operands.values(), *line.writes)]
        whole = [n for n in read if session.reader.info(n).batch]
        needs_all = not session.reader.info(line.writes[0]).batch

        def complete(read=read, whole=whole, needs_all=needs_all) -> bool:
            arrays = stage_of(opened).moment.arrays
            return all(n in arrays for n in read) and (
                not needs_all or all(len(arrays[n]) == session.rows for n in whole)
            )

        qtbot.waitUntil(complete, timeout=_PATIENCE)
        subject, moment, place = stage.subject, stage.moment, stage.place
        for name in read:
            asked: list[np.ndarray] = []
            engine.ask("tensor", name=name, done=asked.append, failed=asked.append)
            qtbot.waitUntil(lambda asked=asked: bool(asked), timeout=_PATIENCE)
            own = moment.arrays[name]
            info = subject.info(name)
            expected = (
                asked[0][subject.row : subject.row + 1]
                if info.batch and len(own) == 1
                else asked[0]
            )
            np.testing.assert_array_equal(own, expected, err_msg=f"{line.title}: {name}")
        values = values_of(place, subject, moment)
        sums = sums_of(place, subject, moment, values)
        number = session.value(subject.tensor, subject.full)
        total = sum(sums.values()) if needs_all else values.total
        assert total == pytest.approx(number, rel=2e-5, abs=2e-6), line.title
        seen.add(line.op)
    assert seen >= {"conv2d", "conv2d_weight_grad", "max_pool2d", "max_pool2d_grad", "pad2d", "spread2d",
                    "turn_kernel", "column_sum"}  # fmt: skip


def test_arrow_keys_move_the_window_and_brackets_change_the_filter(qtbot, opened):
    stage = look_at(qtbot, opened, line_of(opened, PRODUCT))
    session = workspace(opened).session
    opened.context.bus.do("select.cell", tensor=PRODUCT, index=[3, 4, 5])
    for key, expected in (
        (Qt.Key.Key_Right, (3, 5, 5)), (Qt.Key.Key_Down, (4, 5, 5)), (Qt.Key.Key_Left, (4, 4, 5)),
        (Qt.Key.Key_Up, (3, 4, 5)), (Qt.Key.Key_BracketRight, (3, 4, 6)), (Qt.Key.Key_BracketLeft, (3, 4, 5)),
    ):  # fmt: skip
        text = {Qt.Key.Key_BracketRight: "]", Qt.Key.Key_BracketLeft: "["}.get(key)
        if text is not None:
            QTest.keyClicks(stage, text)
        else:
            QTest.keyClick(stage, key)
        assert session.cell == (PRODUCT, expected)
    opened.context.bus.do("select.cell", tensor=PRODUCT, index=[0, 0, 0])
    QTest.keyClick(stage, Qt.Key.Key_Up)
    assert session.cell == (PRODUCT, (0, 0, 0)), "the window stays inside"


def test_arrow_keys_move_over_the_taps_of_a_filter(qtbot, opened):
    name = "grad/conv2d_2/kernel"
    stage = look_at(qtbot, opened, line_of(opened, name))
    opened.context.bus.do("select.cell", tensor=name, index=[0, 0, 2, 3])
    QTest.keyClick(stage, Qt.Key.Key_Down)
    QTest.keyClick(stage, Qt.Key.Key_Right)
    assert workspace(opened).session.cell == (name, (1, 1, 2, 3))


def test_a_click_on_the_result_moves_the_window_and_one_on_a_channel_writes_it_out(qtbot, opened):
    stage = look_at(qtbot, opened, line_of(opened, PRODUCT))
    session = workspace(opened).session
    opened.context.bus.do("select.cell", tensor=PRODUCT, index=[3, 4, 5])
    x, y, w, h = stage.place.hits.get(cell_id(PRODUCT, (9, 2, 5))).rect
    click(stage, QPoint(round(x + w / 2), round(y + h / 2)))
    assert session.cell == (PRODUCT, (9, 2, 5))
    x, y, w, h = next(hit for hit in stage.place.hits.items if hit.id == "toggle:plane:6").rect
    click(stage, QPoint(round(x + w / 2), round(y + h / 2)))
    assert stage.place.focus == 6
    cells = stage.place.grids[0]
    assert cells.terms.left_cells[cells.plane][0, 0, 3] == 6
    opened.context.bus.do("step.closeup", name="plane", value="0")


def test_the_window_plays_over_all_places_and_stops_where_it_is(qtbot, opened):
    stage = look_at(qtbot, opened, line_of(opened, "conv2d_2/padded") + 1)
    bus, session = opened.context.bus, workspace(opened).session
    bus.do("run.speed", value="max")
    bus.do("select.cell", tensor=PRODUCT, index=[13, 13, 2])
    play = control(opened, "step-closeup-play")
    assert play.isEnabled()
    assert play.accessibleName()
    click(play)
    assert stage.walking.playing
    # From the last cell it sets out anew; what it has not been at is not there yet.
    assert stage.subject.cell[:2] != (13, 13)
    numbers = {stage.walking.number}

    def moved() -> bool:
        if stage.walking.number is not None:
            numbers.add(stage.walking.number)
            assert stage.subject.cell == (*divmod(stage.walking.number, 14), 2)
        return not stage.walking.playing

    qtbot.waitUntil(moved, timeout=_PATIENCE)
    assert len(numbers) > 2
    assert session.cell == (PRODUCT, (13, 13, 2))
    bus.do("run.speed", value="0.25x")
    bus.do("step.walk", playing=True)
    assert stage.walking.playing
    bus.do("select.cell", tensor=PRODUCT, index=[1, 1, 2])
    qtbot.waitUntil(lambda: not stage.walking.playing, timeout=_PATIENCE)
    assert session.cell == (PRODUCT, (1, 1, 2))
    bus.do("run.speed", value="10/s")


def test_a_faster_stop_of_the_slider_moves_the_window_faster():
    from app.engine.state import SPEEDS

    rates = [cells_a_second(speed) for speed in SPEEDS]
    assert rates == sorted(rates)
    assert len(set(rates)) == len(rates)


def test_pages_and_channels_are_turned_with_the_keyboard(qtbot, opened):
    stage = look_at(qtbot, opened, line_of(opened, PRODUCT))
    session = workspace(opened).session
    opened.context.bus.do("select.cell", tensor=PRODUCT, index=[3, 4, 5])
    stage.setFocus()

    def go(kind: str, last: bool = False) -> None:
        ids = [hit.id for hit in stage.place.hits.items if hit.kind == kind]
        wanted = ids[-1 if last else 0]
        for _ in range(80):
            if stage.keys.at is not None and stage.keys.at.id == wanted:
                return
            QTest.keyClicks(stage, "n")
        raise AssertionError(f"{wanted} is not reached")

    go("turn", last=True)
    wanted = stage.keys.at.id
    QTest.keyClick(stage, Qt.Key.Key_Return)
    assert session.cell == (PRODUCT, (3, 4, 6)), wanted
    assert stage.keys.at is not None, "the next Enter turns on"
    QTest.keyClick(stage, Qt.Key.Key_Return)
    assert session.cell == (PRODUCT, (3, 4, 7))
    go("toggle")
    assert stage.keys.at.id.startswith("toggle:plane:")
    plane = int(stage.keys.at.id.rpartition(":")[2])
    QTest.keyClick(stage, Qt.Key.Key_Return)
    assert stage.place.focus == plane
    QTest.keyClick(stage, Qt.Key.Key_Escape)
    assert stage.keys.at is None
    opened.context.bus.do("step.closeup", name="plane", value="0")
