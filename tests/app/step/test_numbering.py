"""One number for a sample and one for a step, wherever they are said."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.scenes import story as scene
from app.step.sections.chain_rows import Factor
from app.step.workspace import StepWorkspace
from app.window.main import MainWindow
from app.window.status import figures
from tests.app.window.windows import action, control, open_window

_PATIENCE = 60_000
GRADIENT = "grad/dense_1/kernel"


@pytest.fixture
def window(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    monkeypatch.setenv("CHAINRULE_WARM_UP", "0")

    def prepare(window: MainWindow) -> None:
        window.context.bus.do("template.open", name="stroke-risk")

    with open_window(qtbot, engine=True, prepare=prepare) as opened:
        action(opened, "workspace-step").trigger()
        session = view(opened).session
        qtbot.waitUntil(lambda: session.program is not None, timeout=_PATIENCE)
        qtbot.waitUntil(action(opened, "transport-step").isEnabled, timeout=_PATIENCE)
        place = next(line.index for line in session.program.instructions if GRADIENT in line.writes)
        opened.context.engine.step_to(place)
        qtbot.waitUntil(lambda: session.done == place, timeout=_PATIENCE)
        yield opened


def view(window: MainWindow) -> StepWorkspace:
    found = window.findChild(StepWorkspace, "step-workspace")
    assert found is not None
    return found


def last_factor(qtbot: QtBot, window: MainWindow, sample: int) -> Factor:
    """The factor of the weight itself, once the inspector shows the path through a sample of the batch."""
    sheet = view(window).sheet

    def there() -> bool:
        path = sheet.card.parts.get("chain")
        return path is not None and any(
            label == f"sample {sample} ▾" for label, _ in path.rows[-1].actions
        )

    qtbot.waitUntil(there, timeout=_PATIENCE)
    return sheet.card.parts["chain"].rows[-1]


def test_a_path_names_its_sample_by_its_place_in_the_batch(qtbot, window):
    session, bus = view(window).session, window.context.bus
    inputs: list[np.ndarray] = []
    name = next(line.writes[0] for line in session.program.instructions if line.index == 1)
    window.context.engine.ask("tensor", name=name, done=inputs.append)
    qtbot.waitUntil(lambda: bool(inputs), timeout=_PATIENCE)
    for row in (0, 3, 5):
        bus.do("select.row", row=row)
        bus.do("select.cell", tensor=GRADIENT, index=[1, 2])
        qtbot.waitUntil(lambda: session.questions.chain is not None, timeout=_PATIENCE)
        level = next(
            k for k, one in enumerate(session.questions.chain.answer.levels)
            if one.way is not None and one.count == 6 and not one.passes
        )  # fmt: skip
        way = next(
            way for way in session.questions.chain.answer.levels[level].ways if way.source.index[0] == row
        )  # fmt: skip
        bus.do(
            "step.chain_through",
            level=level,
            tensor=way.source.tensor,
            index=list(way.source.index),
        )
        factor = last_factor(qtbot, window, row + 1)
        # What the weight met is this sample's own input.
        assert factor.value == pytest.approx(float(inputs[0][row, 1]))


def test_the_story_says_of_which_step_and_sample_its_numbers_are(qtbot, window):
    bus = window.context.bus
    session = view(window).session
    bus.do("step.view", value="story")
    story = view(window)._shown["story"]
    qtbot.waitUntil(lambda: story.samples is not None, timeout=_PATIENCE)
    # The bars are of the step under way, which the top bar names.
    assert story.samples.step + 1 == int(control(window, "counter-step").value) == 1
    drawn = np.array(story.samples.samples)
    for row in range(6):
        words = story._about_sample(row)
        assert f"Sample {row + 1} of the batch, no. {int(drawn[row]) + 1} of the data" in words
    assert scene._names(0)[0] == "Value before the first step"
    assert scene._names(12) == ("Value after step 12", "Gradient in step 12", "Update in step 12")
    assert not story._by_hand
    bus.do("step.edit", tensor="dense_1/kernel", cells=[[0, 1]], values=[2.5])
    qtbot.waitUntil(lambda: session.snapshot.whatif is not None, timeout=_PATIENCE)
    assert story._by_hand


def test_the_status_bar_counts_the_batch_as_the_top_bar_does_and_its_own_samples(qtbot, window):
    session, bus = view(window).session, window.context.bus
    # Six samples in batches of four: the second batch of an epoch has two.
    bus.do("training.configure", batch_size=4)
    qtbot.waitUntil(lambda: session.snapshot.position.batches == 2, timeout=_PATIENCE)

    def said() -> dict[str, str]:
        return dict(figures(window.context, "step"))

    def press(granularity: str) -> None:
        bus.do("run.granularity", value=granularity)
        before = session.snapshot.position
        action(window, "transport-step").trigger()
        qtbot.waitUntil(lambda: session.snapshot.position != before, timeout=_PATIENCE)
        qtbot.waitUntil(action(window, "transport-step").isEnabled, timeout=_PATIENCE)

    moments = (
        ("", 1, 4),
        ("instruction", 1, 4),
        ("batch", 1, None),
        ("instruction", 2, 2),
        ("batch", 2, None),
    )
    for granularity, batch, rows in moments:
        if granularity:
            press(granularity)
        assert session.snapshot.position.under_way == batch
        assert said()["batch"] == f"{batch} / 2", granularity
        # Between two steps it is the one that is shown as it was left.
        assert said()["size"] == str(rows or session.rows)
