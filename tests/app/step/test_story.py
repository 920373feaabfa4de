"""The story of a weight in a real window: every number shown is the run's, a click goes to its step."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app import theme as themes
from app.scenes import draw
from app.scenes import story as scene
from app.scenes.story_film import trained
from app.step.story import StoryView, nothing_yet
from app.step.workspace import StepWorkspace
from app.window.main import MainWindow
from core import data, templates
from core.runs import Run
from core.runs.story import Story
from tests.app.step.driving import Stepping
from tests.app.window.windows import click, control

_PATIENCE = 60_000
NAME = NETWORK = "stroke-risk"


@pytest.fixture
def window(stepping: Stepping) -> MainWindow:
    opened = stepping.window
    steps(stepping.qtbot, opened, 12)
    stepping.do("step.view", value="story")
    stepping.until(lambda: told(opened, 12))
    return opened


def view(window: MainWindow) -> StoryView:
    found = window.findChild(StoryView, "step-story")
    assert found is not None
    return found


def steps(qtbot: QtBot, window: MainWindow, count: int) -> None:
    engine = window.context.engine
    for _ in range(count):
        before = engine.state.position.step if engine.state.position is not None else 0
        window.context.bus.do("run.step", granularity="batch")
        qtbot.waitUntil(lambda b=before: engine.state.position.step == b + 1, timeout=_PATIENCE)


def told(window: MainWindow, until: int) -> bool:
    story = view(window).story
    return story is not None and story.last == until and view(window).samples is not None


def by_hand(count: int) -> list[np.ndarray]:
    """The first kernel after 0, 1, ... steps, in a run that the window knows nothing of."""
    template = templates.load(NAME)
    run = Run(template.network, template.training, data.load(template.data.id))
    found = []
    for step in range(count + 1):
        if step:
            run.step("batch")
        found.append(run.program.tensor("dense_1/kernel").copy())
    return found


def test_the_story_is_the_runs(qtbot, window):
    kernels = by_hand(12)
    found = view(window).story
    assert (found.weight, found.cell) == ("dense_1/kernel", (0, 0))
    assert found.before.tolist() == [float(k[0, 0]) for k in kernels[:-1]]
    assert found.after.tolist() == [float(k[0, 0]) for k in kernels[1:]]
    steps(qtbot, window, 2)
    qtbot.waitUntil(lambda: told(window, 14), timeout=_PATIENCE)
    assert view(window).story.after[:12].tolist() == found.after.tolist()


def test_another_weight_by_the_list_the_keys_and_a_gradient(qtbot, window):
    story = view(window)
    bus = window.context.bus
    kernels = by_hand(12)
    bus.do("select.cell", tensor="grad/dense_1/kernel", index=[1, 2])
    qtbot.waitUntil(
        lambda: story.story is not None and story.story.cell == (1, 2), timeout=_PATIENCE
    )
    assert story.story.after.tolist() == [float(k[1, 2]) for k in kernels[1:]]
    story.setFocus()
    QTest.keyClick(story, Qt.Key.Key_Down)
    qtbot.waitUntil(
        lambda: story.story is not None and story.story.cell == (1, 3), timeout=_PATIENCE
    )
    assert story.story.after.tolist() == [float(k[1, 3]) for k in kernels[1:]]
    assert [story.weights.itemData(k) for k in range(story.weights.count())] == [
        "dense_1/kernel",
        "dense_2/kernel",
    ]
    story.weights.chosen.emit("dense_2/kernel")
    qtbot.waitUntil(
        lambda: story.story is not None and story.story.weight == "dense_2/kernel",
        timeout=_PATIENCE,
    )
    assert "dense_2/kernel [1, 1]" in story.accessibleDescription()


def test_a_click_goes_to_the_step_and_a_bar_to_its_sample(qtbot, window):
    story, engine = view(window), window.context.engine
    box = story.where.charts[1]
    click(story, QPoint(round(box.x(5, 0, 12)), round((box.top + box.bottom) / 2)))
    qtbot.waitUntil(lambda: engine.state.position.step == 5, timeout=_PATIENCE)
    qtbot.waitUntil(
        lambda: story.samples is not None and story.samples.step == 4, timeout=_PATIENCE
    )
    assert story.story.last == 12
    assert scene.at_step(story.story, 5)[0] == float(by_hand(5)[5][0, 0])
    assert scene.short(scene.at_step(story.story, 5)[0]) in story.accessibleDescription()
    hit = story.where.hits.get("sample:3")
    click(story, QPoint(round(hit.rect[0] + hit.rect[2] / 2), round(hit.rect[1] + hit.rect[3] / 2)))
    assert window.findChild(StepWorkspace, "step-workspace").session.row == 3
    QTest.keyClick(story, Qt.Key.Key_End)
    QTest.keyClick(story, Qt.Key.Key_Left)
    QTest.keyClick(story, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: engine.state.position.step == 11, timeout=_PATIENCE)


def test_the_samples_shares_add_up_to_the_gradient_shown(qtbot, window):
    story = view(window)
    session = window.findChild(StepWorkspace, "step-workspace").session
    found = story.samples
    assert found.step == session.step_shown == 11
    assert sorted(found.samples.tolist()) == [0, 1, 2, 3, 4, 5]
    qtbot.waitUntil(lambda: session.array("grad/dense_1/kernel") is not None, timeout=_PATIENCE)
    total = float(session.array("grad/dense_1/kernel")[0, 0])
    assert found.total == total
    assert found.shares.sum() == pytest.approx(total, abs=1e-8)


def test_trained_weights_come_in_the_order_of_the_layers(qtbot, window):
    session = window.findChild(StepWorkspace, "step-workspace").session
    assert list(trained(session.program)) == ["dense_1/kernel", "dense_2/kernel"]
    assert control(window, "step-story-weight").isVisible()
    window.context.bus.do("step.view", value="network")
    assert not control(window, "step-story-weight").isVisible()


@pytest.mark.parametrize("count", [0, 1, 2, 50, 20_000])
@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("broken", [False, True])
def test_stories_of_any_length_are_painted(qtbot, count, name, broken):
    rng = np.random.default_rng(count)
    after = rng.normal(size=count).cumsum()
    if broken and count:
        after[-1] = np.nan
    before = np.r_[0.0, after[:-1]][:count]
    found = Story("w", (), 0, before, after, rng.normal(size=count), rng.normal(size=count))
    size = (640.0, 560.0)
    place = scene.layout(size, 3)
    image = draw.canvas(*size, 1.0, None)
    colors = themes.DARK if name == "dark" else themes.LIGHT
    with draw.painting(image, size) as painter:
        scene.charts(painter, place, colors, found)
        scene.marks(painter, place, colors, found, "w_{1}", count, None)
    assert isinstance(image, QImage)
    inks = {image.pixelColor(x, y).name() for x in range(72, 620, 7) for y in range(20, 380, 3)}
    assert len(inks) > (4 if count > 1 else 1)


def test_a_story_that_begins_anew_says_why_there_is_no_curve():
    none = np.zeros(0)
    assert "No step was taken yet" in nothing_yet(None)
    assert "No step was taken yet" in nothing_yet(Story("w", (), 0, none, none, none, none))
    later = nothing_yet(Story("w", (), 245_294, none, none, none, none))
    assert later.startswith("No step was taken since the network was changed at step 245,294")
