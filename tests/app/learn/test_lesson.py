"""Lessons: read as data, completed by real actions, and by nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources

import pytest
from pytestqt.qtbot import QtBot

from app.bus import CommandError
from app.learn.facts import Facts, parse
from app.learn.lesson import Comparison, LessonError, all_lessons, find, read
from app.learn.workspace import LearnWorkspace
from app.window.main import MainWindow
from core import templates
from tests.app.step import small_run
from tests.app.window.windows import action, click, control, open_window

_PATIENCE = 120_000
ID = "chain-rule-by-hand"


@pytest.fixture
def window(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    monkeypatch.setenv("CHAINRULE_WARM_UP", "0")

    def prepare(window: MainWindow) -> None:
        window.context.bus.do("template.open", name=ID)

    with open_window(qtbot, engine=True, prepare=prepare) as opened:
        action(opened, "workspace-learn").trigger()
        session = view(opened).session
        qtbot.waitUntil(lambda: session.program is not None, timeout=_PATIENCE)
        yield opened


def view(window: MainWindow) -> LearnWorkspace:
    found = window.findChild(LearnWorkspace, "learn-workspace")
    assert found is not None
    return found


def step(qtbot: QtBot, window: MainWindow, name: str = "transport-step") -> None:
    session = view(window).session
    before = session.snapshot.position
    action(window, name).trigger()
    qtbot.waitUntil(lambda: session.snapshot.position != before, timeout=_PATIENCE)


def until_done(qtbot: QtBot, window: MainWindow, task: str, most: int = 60) -> None:
    """Press Step as a learner would, until the task is marked."""
    tutor = view(window).tutor
    wanted = next(t for t in tutor.current.tasks if t.id == task)
    for _ in range(most):
        if tutor.is_done(wanted):
            return
        step(qtbot, window)
        with qtbot.waitSignal(tutor.changed, timeout=300, raising=False):
            pass
    raise AssertionError(f"{task} was not noticed")


def answer(window: MainWindow, task: str, value: float) -> None:
    """Type a number and press Check."""
    field = control(window, f"lesson-answer-{task}")
    field.set_amount(value)
    click(control(window, f"lesson-check-{task}"))


def choose(window: MainWindow, identifier: str) -> None:
    from PySide6.QtCore import QPoint

    stage = view(window).stage
    x, y, w, h = stage.place.hits.get(identifier).rect
    click(stage, QPoint(round(x + w / 2), round(y + h / 2)))


def test_the_lesson_is_completed_by_real_actions(qtbot, window):
    tutor, session = view(window).tutor, view(window).session
    completed = []
    window.context.bus.subscribe(completed.append, ("lesson.completed",))

    def value(tensor, *index):
        return round(session.reader.value(tensor, index), 4)

    def turn():
        assert tutor.page_done, [t.id for t in tutor.current.tasks if not tutor.is_done(t)]
        click(control(window, "lesson-next"))

    until_done(qtbot, window, "data")
    turn()
    until_done(qtbot, window, "sums")
    answer(window, "u2", value("dense_1/product", 1))
    choose(window, "cell:dense_1/z:1")
    turn()
    until_done(qtbot, window, "outputs")
    turn()
    until_done(qtbot, window, "loss-done")
    answer(window, "loss", value("loss"))
    turn()
    until_done(qtbot, window, "output-error")
    answer(window, "delta", value("grad/dense_2/z", 0))
    turn()
    until_done(qtbot, window, "gradients")
    choose(window, "cell:grad/dense_1/kernel:0,1")
    answer(window, "gradient", value("grad/dense_1/kernel", 0, 1))
    turn()
    step(qtbot, window, "transport-step-back")
    qtbot.waitUntil(lambda: tutor.active_task is not None and tutor.active_task.id == "again")
    until_done(qtbot, window, "again")
    turn()
    until_done(qtbot, window, "update")
    answer(window, "new-weight", value("dense_1/kernel", 0, 1))
    turn()
    action(window, "transport-granularity-batch").trigger()
    until_done(qtbot, window, "batch", 2)
    action(window, "transport-granularity-epoch").trigger()
    until_done(qtbot, window, "fell", 20)
    assert not completed
    turn()
    assert completed
    assert tutor.finished(tutor.lesson)
    stored = window.context.settings.get("lessons")[ID]
    assert set(stored["done"]) == {task.id for task in tutor.lesson.tasks}


def test_it_cannot_be_completed_without_doing_anything(qtbot, window):
    tutor, bus = view(window).tutor, window.context.bus
    assert not control(window, "lesson-next").isEnabled()
    with pytest.raises(CommandError):
        bus.do("lesson.next")
    bus.emit("run.reset")
    bus.emit("project.saved", path="x")
    bus.do("select.cell", tensor="dense_1/z", index=[1])
    assert not tutor.page_done
    # An event alone is not enough either: the numbers must be there.
    bus.emit("run.stepped", granularity="instruction")
    assert not tutor.page_done
    assert tutor.page == 0


def test_a_wrong_number_is_refused_and_says_so(qtbot, window):
    tutor, session = view(window).tutor, view(window).session
    until_done(qtbot, window, "data")
    click(control(window, "lesson-next"))
    until_done(qtbot, window, "sums")
    right = session.reader.value("dense_1/product", (1,))
    answer(window, "u2", -right)
    assert not tutor.is_done(tutor.current.tasks[1])
    answer(window, "u2", right + 0.01)
    assert not tutor.is_done(tutor.current.tasks[1])
    answer(window, "u2", right)
    assert tutor.is_done(tutor.current.tasks[1])


def test_show_me_goes_where_the_number_is_and_the_page_says_that_the_sample_changed(qtbot, window):
    tutor, session, bus = view(window).tutor, view(window).session, window.context.bus
    until_done(qtbot, window, "data")
    click(control(window, "lesson-next"))
    until_done(qtbot, window, "sums")
    notice = control(window, "lesson-moved")
    assert notice.isHidden()
    while session.snapshot.position.step == 0:
        step(qtbot, window)
    step(qtbot, window)
    assert session.reader.value("dense_1/product", (1,)) is None
    qtbot.waitUntil(notice.isVisible, timeout=_PATIENCE)
    bus.do("lesson.show")
    qtbot.waitUntil(lambda: tutor.is_done(tutor.current.tasks[1]), timeout=_PATIENCE)
    assert "step 2" in notice.text()


def test_another_project_is_not_touched_before_the_learner_agrees(qtbot, window):
    bus = window.context.bus
    bus.do("template.open", name="xor-mlp")
    network = window.context.document.network
    bus.do("lesson.open", id=ID)
    assert not view(window).tutor.ready
    assert window.context.document.network == network
    assert control(window, "lesson-begin").isVisible()
    assert not control(window, "lesson-show-me").isEnabled()
    click(control(window, "lesson-begin"))
    assert view(window).tutor.ready


# ---- lessons as data


def test_every_lesson_in_the_folder_can_be_read_and_names_a_template():
    folder = resources.files("assets") / "lessons"
    files = [entry.name for entry in folder.iterdir() if entry.name.endswith(".json")]
    lessons = all_lessons()
    assert len(lessons) == len(files) >= 1
    for lesson in lessons:
        assert lesson.template in templates.names()
        assert f"{lesson.id}.json" in files


def raw() -> dict:
    folder = resources.files("assets") / "lessons"
    return json.loads((folder / f"{ID}.json").read_bytes())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 2}, "newer"),
        ({"pages": []}, "no pages"),
        ({"minutes": "nine"}, "minutes"),
        ({"script": "print()"}, "script"),
    ],
)
def test_a_lesson_that_is_wrong_says_where(change, words):
    with pytest.raises(LessonError, match=words):
        read(json.dumps(raw() | change).encode(), "a.json")


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe", b'{"format": 1}'])
def test_damaged_lessons_are_refused(content):
    with pytest.raises(LessonError):
        read(content, "a.json")


def test_an_unknown_lesson_is_named():
    with pytest.raises(LessonError, match="nowhere"):
        find("nowhere")


def test_cells_are_written_as_tensor_and_index():
    assert parse("dense_1/kernel[0,1]") == ("dense_1/kernel", (0, 1))
    assert parse("loss") == ("loss", ())


def test_facts_come_from_the_snapshot():
    facts = Facts(small_run.snapshot(5), cell=("hidden/z", (1,)), event={"pc": 5})
    truth = small_run.values()
    assert facts.get("pc") == 5
    assert facts.get("event.pc") == 5
    assert facts.get("cell") == "hidden/z[1]"
    assert facts.get("value:hidden/z[1]") == pytest.approx(truth["hidden/z"][0, 1])
    assert facts.get("value:output/a[0]") is None
    assert "hidden/a" in facts.get("fresh")
    assert "output/a" not in facts.get("fresh")
    assert facts.holds(Comparison("value:hidden/z[1]", "<", 0.0))
    assert not facts.holds(Comparison("value:output/a[0]", "<", 9.0)), "an unknown fact is not true"
    assert not facts.holds(Comparison("pc", "<", "a"))


def test_numbers_in_the_text_are_those_of_the_run():
    facts = Facts(small_run.snapshot(5))
    assert facts.fill("z = {value:hidden/z[1]:3}.") == "z = \N{MINUS SIGN}1.110."
    assert facts.fill("2 × {value:hidden/z[1]:1}") == "2 × (\N{MINUS SIGN}1.1)"
    assert facts.fill("{value:output/a[0]}") == "…"
    assert facts.fill("{not a number}") == "{not a number}"
