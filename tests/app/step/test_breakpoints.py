"""The debugger in a real window: breakpoints, running to and fro, playing backwards, the listing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.bus import CommandError
from app.step.breakpoint_list import BreakpointList
from app.step.listing import entries, time_steps
from app.widgets import Choice, Label, NumberField
from app.window.main import MainWindow
from tests.app.step.driving import view
from tests.app.window.windows import action, click, control

_PATIENCE = 30_000


def moment(window: MainWindow) -> tuple[int, int]:
    position = view(window).session.snapshot.position
    return position.step, position.pc


def moved(qtbot: QtBot, window: MainWindow, name: str, **arguments: object) -> tuple[int, int]:
    """Carry out a command and wait until the run stands elsewhere, at rest."""
    session, engine = view(window).session, window.context.engine
    before, stood = session.snapshot.serial, session.snapshot.position
    window.context.bus.do(name, **arguments)

    def there() -> bool:
        return (
            session.snapshot.serial != before
            and session.snapshot.position != stood
            and engine.state.status in ("ready", "paused", "diverged")
            and engine.state.position == session.snapshot.position
        )

    qtbot.waitUntil(there, timeout=_PATIENCE)
    return moment(window)


def bits(window: MainWindow) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in view(window).session.snapshot.values.items()}


def places(window: MainWindow) -> tuple[int, int, int]:
    """Place behind the loss, the first update, and the number of instructions."""
    lines = view(window).session.program.instructions
    loss = next(k for k, line in enumerate(lines) if line.writes == ("loss",)) + 1
    return loss, next(k for k, line in enumerate(lines) if line.phase == "update"), len(lines)


def test_step_and_back_go_by_every_unit_of_the_menu(qtbot, window):
    loss, update, _ = places(window)
    lines = view(window).session.program.instructions
    seen = []
    for unit, expected in (
        ("loss", (0, loss)), ("update", (0, update)), ("loss", (1, loss)), ("update", (1, update)),
        ("update", (2, update)), ("batch", (3, 0)),
    ):  # fmt: skip
        action(window, f"transport-granularity-{unit}").trigger()
        before = moment(window)
        action(window, "transport-step").trigger()
        qtbot.waitUntil(lambda b=before: moment(window) != b, timeout=_PATIENCE)
        assert moment(window) == expected, unit
        seen.append((unit, expected, bits(window)))
    for unit, place, there in reversed(seen[:-1]):
        assert moved(qtbot, window, "run.step_back", granularity=unit) == place
        assert bits(window) == there
    assert moved(qtbot, window, "run.step_back", granularity="loss") == (0, 0)
    # Over a layer.
    moved(qtbot, window, "run.step", granularity="update")
    QTest.keyClick(view(window), Qt.Key.Key_F11)
    qtbot.waitUntil(lambda: moment(window) != (0, update), timeout=_PATIENCE)
    step, pc = moment(window)
    assert (step, pc) == (1, 0) or lines[pc].layer != lines[update].layer
    QTest.keyClick(view(window), Qt.Key.Key_F11, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: moment(window) == (0, update), timeout=_PATIENCE)
    assert window.top.op.value == str(update)


def test_run_to_a_line_and_back_to_it(qtbot, window):
    tape = view(window).tape
    *_, count = places(window)
    assert moved(qtbot, window, "run.to", instruction=7) == (0, 8)
    there = bits(window)
    assert moved(qtbot, window, "run.to", instruction=4) == (1, 5)
    assert moved(qtbot, window, "run.to", instruction=count - 1) == (2, 0)
    assert moved(qtbot, window, "run.back_to", instruction=20) == (1, 21)
    assert moved(qtbot, window, "run.back_to", instruction=7) == (1, 8)
    assert moved(qtbot, window, "run.back_to", instruction=7) == (0, 8)
    assert bits(window) == there
    assert moved(qtbot, window, "run.back_to", instruction=9) == (0, 0)
    # From a line's menu, and by key.
    menu = tape.menu_of(5)
    next(a for a in menu.actions() if a.objectName() == "tape-run-here").trigger()
    qtbot.waitUntil(lambda: moment(window) == (0, 6), timeout=_PATIENCE)
    tape.setFocus()
    window.context.bus.do("step.inspect", instruction=9)
    QTest.keyClick(tape, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: moment(window) == (0, 10), timeout=_PATIENCE)
    window.context.bus.do("step.inspect", instruction=5)
    QTest.keyClick(tape, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: moment(window) == (0, 6), timeout=_PATIENCE)


def test_breakpoints_on_instructions_layers_and_conditions_stop_the_run_and_say_why(qtbot, window):
    bus, session = window.context.bus, view(window).session
    stops = session.stops
    with pytest.raises(CommandError, match="no breakpoint to run to"):
        bus.do("step.run_to_breakpoint")
    tape = view(window).tape
    row = tape.rect_of(6)
    click(tape.viewport(), QPoint(12, round(row.center().y())))
    assert session.breakpoints == {6}
    assert moved(qtbot, window, "step.run_to_breakpoint") == (0, 6)
    qtbot.waitUntil(lambda: stops.last is not None, timeout=_PATIENCE)
    assert stops.last.sentence == f"Breakpoint: {session.program.instructions[6].title} comes next."
    # Switched off it is kept, and nothing stops.
    (number,) = stops.items
    bus.do("step.change_breakpoint", number=number, enabled=False)
    assert stops.marks() == {6: False}
    with pytest.raises(CommandError, match="switched off"):
        bus.do("step.run_to_breakpoint")
    bus.do("step.add_breakpoint", kind="layer", layer="dense_1", phase="backward")
    step, pc = moved(qtbot, window, "step.run_to_breakpoint")
    line = session.program.instructions[pc]
    assert (step, line.layer, line.phase) == (0, "dense_1", "backward")
    bus.do("step.remove_breakpoint", number=2)
    bus.do("step.add_breakpoint", kind="condition", of="weight-gradients", test="size-above", value=0.01)  # fmt: skip
    step, pc = moved(qtbot, window, "step.run_to_breakpoint")
    qtbot.waitUntil(lambda: stops.last is not None and stops.last.tensor != "", timeout=_PATIENCE)
    found = stops.last
    assert found.tensor in session.program.instructions[pc - 1].writes
    assert "larger in size than 0.01" in found.sentence
    # The number that did it is looked at.
    assert session.cell == (found.tensor, found.cell)
    values = session.snapshot.get(found.tensor)
    assert abs(values[found.cell]) == np.abs(values).max() > 0.01
    back = moved(qtbot, window, "step.run_back_to_breakpoint")
    assert back < (step, pc)
    # What stopped it is no news any more after the next step.
    moved(qtbot, window, "run.step", granularity="instruction")
    assert stops.last is None


def test_the_loss_that_goes_up_is_found_forward_and_back_with_the_same_bits(qtbot, window):
    bus = window.context.bus
    bus.do("training.configure", learning_rate=4.0)
    bus.do("step.add_breakpoint", kind="condition", of="loss", test="rises")
    loss, *_ = places(window)
    seen = []
    for _ in range(3):
        step, pc = moved(qtbot, window, "step.run_to_breakpoint")
        assert pc == loss
        qtbot.waitUntil(lambda: view(window).session.stops.last is not None, timeout=_PATIENCE)
        assert "went up from" in view(window).session.stops.last.sentence
        seen.append(((step, pc), bits(window)))
    for place, there in reversed(seen[:-1]):
        assert moved(qtbot, window, "step.run_back_to_breakpoint") == place
        qtbot.waitUntil(lambda t=there: bits(window) == t, timeout=_PATIENCE)
    moved(qtbot, window, "step.run_back_to_breakpoint")
    assert moment(window) == (0, 0)
    qtbot.waitUntil(lambda: view(window).session.stops.last is not None, timeout=_PATIENCE)
    assert "the run begins here" in view(window).session.stops.last.sentence


def test_playing_stops_at_breakpoints_while_step_is_in_front(qtbot, window):
    bus, engine = window.context.bus, window.context.engine
    session = view(window).session
    bus.do("step.breakpoint", instruction=5)
    for speed in ("30/s", "max", "8x"):
        bus.do("run.speed", value=speed)
        before = moment(window)
        bus.do("run.play")
        qtbot.waitUntil(
            lambda b=before: engine.state.status == "paused" and moment(window) != b,
            timeout=_PATIENCE,
        )
        assert moment(window)[1] == 5
    assert moment(window)[0] == 2
    # In slow motion every instruction is shown.
    bus.do("step.clear_breakpoints")
    bus.do("run.speed", value=16.0)
    seen = set()
    engine.snapshot_ready.connect(lambda: seen.add(moment(window)))
    bus.do("run.play")
    qtbot.waitUntil(lambda: moment(window) >= (3, 2), timeout=_PATIENCE)
    bus.do("run.pause")
    assert len([pc for step, pc in seen if step == 2]) > 10
    qtbot.waitUntil(lambda: not session.running, timeout=_PATIENCE)
    # Elsewhere training goes on past them.
    bus.do("step.breakpoint", instruction=5)
    action(window, "workspace-train").trigger()
    bus.do("run.speed", value="max")
    bus.do("run.play")
    qtbot.waitUntil(lambda: engine.state.position.step > 50, timeout=_PATIENCE)
    bus.do("run.pause")


@pytest.mark.parametrize("speed", [16.0, "100/s", "max"])
def test_playing_backwards_goes_to_the_beginning_through_the_same_bits(qtbot, window, speed):
    bus, engine = window.context.bus, window.context.engine
    steps = 1 if isinstance(speed, float) else 40
    there = {moment(window): bits(window)}
    for _ in range(steps):
        place = moved(qtbot, window, "run.step", granularity="batch")
        there[place] = bits(window)
    bus.do("run.speed", value=speed)
    if speed == "100/s":
        bus.do("run.granularity", value="batch")
    seen = {}

    def keep() -> None:
        seen[moment(window)] = bits(window)

    engine.snapshot_ready.connect(keep)
    begun = moment(window)
    QTest.keyClick(view(window), Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: engine.state.reverse or moment(window) == (0, 0), timeout=_PATIENCE)
    qtbot.waitUntil(
        lambda: engine.state.status in ("ready", "paused") and moment(window) == (0, 0),
        timeout=_PATIENCE,
    )
    assert not engine.state.reverse
    engine.snapshot_ready.disconnect(keep)
    assert begun == (steps, 0)
    assert all(place <= begun for place in seen)
    for place in sorted(seen)[1 :: max(1, len(seen) // 4)]:
        qtbot.wait(1)
        if place == moment(window):
            continue
        assert moved(qtbot, window, "run.seek", step=place[0], pc=place[1]) == place
        assert bits(window) == seen[place], place
        assert place not in there or seen[place] == there[place]
    if isinstance(speed, float):
        assert len(seen) > 10, "each instruction is shown"
    # And again to where it was.
    assert moved(qtbot, window, "run.seek", step=steps) == (steps, 0)
    assert bits(window) == there[steps, 0]


def test_playing_backwards_can_be_paused_and_stops_at_breakpoints(qtbot, window):
    bus, engine = window.context.bus, window.context.engine
    for _ in range(3):
        moved(qtbot, window, "run.step", granularity="batch")
    bus.do("step.breakpoint", instruction=5)
    bus.do("run.speed", value=16.0)
    click(control(window, "step-play-back"))
    qtbot.waitUntil(
        lambda: moment(window) == (2, 5) and engine.state.status == "paused",
        timeout=_PATIENCE,
    )
    bus.do("run.speed", value="max")
    bus.do("run.play_back")
    qtbot.waitUntil(
        lambda: moment(window) == (1, 5) and engine.state.status == "paused",
        timeout=_PATIENCE,
    )
    bus.do("step.clear_breakpoints")
    bus.do("run.speed", value=2.0)
    bus.do("run.play_back")
    qtbot.waitUntil(lambda: moment(window) < (1, 5), timeout=_PATIENCE)
    action(window, "transport-play").trigger()
    qtbot.waitUntil(lambda: engine.state.status == "paused", timeout=_PATIENCE)
    assert moment(window) > (0, 0)


@pytest.mark.parametrize("unit", ["instruction", "layer", "update"])
@pytest.mark.parametrize("back", [False, True])
def test_play_goes_by_what_step_does_and_says_so(qtbot, window, unit, back):
    bus, engine = window.context.bus, window.context.engine
    for _ in range(3 * back):
        moved(qtbot, window, "run.step", granularity="batch")
    begun = moment(window)
    bus.do("run.granularity", value=unit)
    bus.do("run.speed", value="30/s")
    tip = control(window, "step-play-back" if back else "play-button").toolTip()
    words = {
        "instruction": "op by op",
        "layer": "layer by layer",
        "update": "from update to update",
    }[unit]
    assert f"{words}, 30 a second" in tip or (back and "beginning" in tip)
    assert words in control(window, "speed-slider").toolTip()
    seen = [begun]
    engine.snapshot_ready.connect(lambda: seen.append(moment(window)))
    bus.do("run.play_back" if back else "run.play")
    qtbot.waitUntil(lambda: len(set(seen)) > (2 if unit == "update" else 5), timeout=_PATIENCE)
    if engine.state.status == "playing":
        assert words in control(window, "status-engine").text()
    bus.do("run.pause")
    qtbot.waitUntil(lambda: engine.state.status != "playing", timeout=_PATIENCE)
    # The same places as Step comes to by itself.
    places = {begun}
    bus.do("run.seek", step=begun[0], pc=begun[1])
    qtbot.waitUntil(lambda: moment(window) == begun, timeout=_PATIENCE)
    far = moment(window)
    while (far > min(seen)) if back else (far < max(seen)):
        far = moved(qtbot, window, "run.step_back" if back else "run.step")
        places.add(far)
    assert set(seen) <= places


def test_playing_stops_at_a_condition_by_any_unit_both_ways(qtbot, window):
    bus, engine = window.context.bus, window.context.engine
    bus.do(
        "step.add_breakpoint",
        kind="condition",
        of="tensor",
        tensor="grad/dense_1/kernel",
        test="size-above",
        value=0.0,
    )
    place = None
    for unit in ("instruction", "layer", "batch"):
        bus.do("run.granularity", value=unit)
        bus.do("run.speed", value="100/s")
        for command in ("run.play", "run.play", "run.play_back"):
            before = moment(window)
            bus.do(command)
            qtbot.waitUntil(
                lambda b=before: engine.state.status == "paused" and moment(window) != b,
                timeout=_PATIENCE,
            )
            place = place or moment(window)[1]
            assert moment(window)[1] == place, (unit, command)
        moved(qtbot, window, "run.seek", step=0)


def test_the_list_adds_switches_and_deletes(qtbot, window):
    session = view(window).session
    click(control(window, "step-breakpoints"))
    popover = window.findChild(BreakpointList)
    assert popover is not None
    assert popover.isVisible()

    def choose(name: str, value: str) -> None:
        box = control(popover, name)
        assert isinstance(box, Choice)
        box.setCurrentIndex(box.findData(value))
        box.activated.emit(box.currentIndex())

    value = control(popover, "breakpoint-value")
    assert isinstance(value, NumberField)
    value.set_amount(2.5)
    choose("breakpoint-of", "gradients")
    click(control(popover, "breakpoint-add"))
    choose("breakpoint-of", "loss")
    assert not value.isVisible()
    click(control(popover, "breakpoint-add"))
    choose("breakpoint-of", "tensor")
    choose("breakpoint-test", "not-finite")
    session.inspect(9)
    click(control(popover, "breakpoint-add"))
    click(control(popover, "breakpoint-kind-layer"))
    choose("breakpoint-layer", "dense_2")
    click(control(popover, "breakpoint-add"))
    click(control(popover, "breakpoint-kind-instruction"))
    click(control(popover, "breakpoint-add"))
    words = [session.stops.described(k) for k in session.stops.items]
    lines = session.program.instructions
    symbol = session.program.tensors[lines[9].writes[0]].symbol
    assert words == [
        "when |any gradient| > 2.5", "when the loss goes up", f"when {symbol} is NaN or infinite",
        "before each pass through dense_2", f"before 10: {lines[9].title}",
    ]  # fmt: skip

    def shown() -> list[str]:
        labels = [w for w in popover.findChildren(Label) if w.isVisible()]
        return [w.text() for w in labels if w.objectName().startswith("breakpoint-words")]

    qtbot.waitUntil(lambda: shown() == words)
    click(control(popover, "breakpoint-on-2"))
    assert not session.stops.items[2].enabled
    click(control(popover, "breakpoint-delete-1"))
    assert sorted(session.stops.items) == [2, 3, 4, 5]
    value.set_amount(-3.0)
    click(control(popover, "breakpoint-kind-condition"))
    choose("breakpoint-test", "size-above")
    click(control(popover, "breakpoint-add"))
    problem = control(popover, "breakpoint-problem")
    assert isinstance(problem, Label)
    assert "never below 0" in problem.text()
    for child in popover.findChildren(QWidget):
        if child.focusPolicy() & Qt.FocusPolicy.TabFocus and child.objectName().startswith("breakpoint"):  # fmt: skip
            assert child.accessibleName(), child.objectName()


def test_breakpoints_are_kept_with_the_project_and_follow_an_edit(qtbot, window, tmp_path: Path):
    bus, stops = window.context.bus, view(window).session.stops
    lines = view(window).session.program.instructions
    place = next(i.index for i in lines if i.writes == ("grad/dense_1/kernel",))
    bus.do("step.breakpoint", instruction=place)
    bus.do("step.add_breakpoint", kind="condition", of="weights", test="above", value=1.5)
    bus.do("step.add_breakpoint", kind="layer", layer="dense_2")
    bus.do("step.change_breakpoint", number=2, enabled=False)
    words = [stops.described(k) for k in stops.items]
    file = tmp_path / "kept.chainrule"
    with qtbot.waitSignal(window.projects.saved, timeout=_PATIENCE):
        bus.do("project.save", path=str(file))
    bus.do("template.open", name="xor-mlp")
    assert not stops.items
    session, count = view(window).session, len(lines)
    qtbot.waitUntil(
        lambda: session.program is not None and len(session.program.instructions) != count,
        timeout=_PATIENCE,
    )
    bus.do("project.open", path=str(file))
    qtbot.waitUntil(
        lambda: session.program is not None and len(session.program.instructions) == count,
        timeout=_PATIENCE,
    )
    qtbot.waitUntil(lambda: [stops.described(k) for k in stops.items] == words, timeout=_PATIENCE)
    assert [one.enabled for one in stops.items.values()] == [True, False, True]
    # Another optimizer is another tape: the instruction is found again by what it writes.
    serial = view(window).session.program.serial
    bus.do("training.configure", metrics=["mean_absolute_error", "accuracy"])
    qtbot.waitUntil(lambda: view(window).session.program.serial != serial, timeout=_PATIENCE)
    lines = view(window).session.program.instructions
    moved_to = stops.items[1].instruction
    assert lines[moved_to].writes[0] == "grad/dense_1/kernel"
    assert moved_to != place


def test_a_recurrent_layers_listing_folds_by_time_step(qtbot, window):
    bus = window.context.bus
    bus.do("template.open", name="chain-rule-by-hand")
    from app.engine.program_view import program_view
    from tests.core.networks import RUNS

    program = program_view(RUNS["lstm"]())
    folds = [e for e in entries(program, frozenset()) if e.kind == "fold" and e.time >= 0]
    for layer in ("lstm_1", "lstm_2"):
        for phase, order in (("forward", range(7)), ("backward", reversed(range(7)))):
            own = [
                e.time
                for e in folds
                if e.phase == phase and program.instructions[e.start].layer == layer
            ]
            assert own == list(order), (layer, phase)
    times = time_steps(program)
    for line, time in zip(program.instructions, times, strict=True):
        if line.op == "sigmoid" and line.layer.startswith("lstm"):
            assert time == (line.layer, int(line.writes[0].rsplit("/")[-1]))
        if line.phase in ("data", "loss", "update"):
            assert time is None
    covered = {k for e in folds for k in range(e.start, e.stop)}
    assert len(covered) > 0.8 * len(program.instructions) * 0.9


def test_a_lesson_and_step_have_one_list(qtbot, window):
    bus, stops = window.context.bus, view(window).session.stops
    bus.do("step.breakpoint", instruction=6)
    action(window, "workspace-learn").trigger()
    lesson = window.view("learn").session
    assert lesson.stops is stops
    qtbot.waitUntil(lambda: lesson.program is not None, timeout=_PATIENCE)
    assert lesson.breakpoints == {6}
    bus.do("step.breakpoint", instruction=8)
    action(window, "workspace-step").trigger()
    assert view(window).session.breakpoints == {6, 8}


def test_breakpoints_of_a_layer_that_is_deleted_sleep_until_it_is_back(qtbot, window):
    context, session = window.context, view(window).session
    stops, bus = session.stops, context.bus
    line = next(i for i in session.program.instructions if i.writes == ("grad/dense_1/kernel",))
    bus.do("step.breakpoint", instruction=line.index)
    bus.do("step.add_breakpoint", kind="layer", layer="dense_1")
    bus.do(
        "step.add_breakpoint",
        kind="condition",
        of="tensor",
        tensor="dense_1/z",
        test="above",
        value=9.0,
    )
    bus.do("step.add_breakpoint", kind="condition", of="loss", test="above", value=9.0)
    set_before, marks = dict(stops.items), stops.marks()
    kept = list(context.view["breakpoints"])
    bus.do("layer.remove", layer="dense_1")
    qtbot.waitUntil(lambda: len(stops.items) == 1, timeout=_PATIENCE)
    assert len(stops.asleep) == 3
    assert context.view["breakpoints"] == kept
    assert stops.marks() == {}
    view(window).debug.open_list()
    told = control(window, "breakpoint-asleep")
    assert told.isVisibleTo(window)
    assert "3 more wait" in told.text()
    assert ("breakpoints", "1") in view(window).status()
    assert window.context.bus.log[-1].name == "step.breakpoints-followed"
    number = bus.do("step.add_breakpoint", kind="condition", of="loss", test="rises")
    assert number == 5, "a number of one that sleeps is not given away"
    bus.do("edit.undo")
    qtbot.waitUntil(lambda: not stops.asleep, timeout=_PATIENCE)
    assert {n: one for n, one in stops.items.items() if n != number} == set_before
    assert stops.marks() == marks
    bus.do("step.clear_breakpoints")
    assert not stops.items
    assert context.view["breakpoints"] == []
