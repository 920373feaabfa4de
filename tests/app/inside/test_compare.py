"""Two networks on one input: each side has the numbers of its own weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.bus import CommandError
from app.inside.panels.compare import ComparePanel
from core import templates, trained
from core.explain.explainer import Explainer
from core.explain.gradients import saliency
from core.explain.score import Score
from tests.app.inside.conftest import Inside


def compared(inside: Inside, panel: ComparePanel, **other: Any) -> Any:
    inside.do("inside.show", name="beside", value=other)
    inside.until(lambda: panel._asked == panel.wanted() and not panel.job.goes_on)
    return panel.job.found


def open_panel(inside: Inside) -> ComparePanel:
    inside.do("inside.view", value="compare")
    panel = inside.window.findChild(ComparePanel)
    inside.until(lambda: panel.job.found is not None and not panel.job.goes_on)
    return panel


def test_the_other_network_is_an_earlier_step_a_trained_one_or_one_of_a_file(
    inside: Inside, tmp_path: Path
) -> None:
    engine, session = inside.window.context.engine, inside.session
    before = inside.explainer
    file = tmp_path / "before.chainrule"
    inside.do("project.save", path=str(file))
    inside.until(file.exists)
    inside.do("run.step", granularity="batch")
    inside.until(lambda: engine.latest.position.step == 1 and session._position.step == 1)
    inside.looked()
    panel = open_panel(inside)
    own = dict(session.look.layers)
    expected = before.layer_outputs(inside.x)
    for other in (
        {"kind": "step", "step": 0},
        {"kind": "trained", "name": "digits-cnn"},
        {"kind": "file", "name": str(file)},
    ):
        found = compared(inside, panel, **other)
        assert found is not None, panel.job.problem
        for name, values in expected.items():
            assert np.array_equal(found.other.layers[name], values[0]), other
            assert np.array_equal(found.own.layers[name], own[name])
        assert not np.array_equal(own["conv2d_1"], expected["conv2d_1"][0])
        map_ = saliency(before, inside.x, Score(found.class_index))[0]
        assert np.array_equal(found.other.attributions, map_)
        assert not np.array_equal(found.own.attributions, map_)
    picture = panel.picture
    box, values, _ = [hit for hit in picture._hits if hit[1].shape == (28, 28)][-1]
    assert f"{values[0, 0]:.0f}" in picture.words_at(box.left() + 1, box.top() + 1)


def test_a_network_of_other_images_is_refused_in_words(inside: Inside, tmp_path: Path) -> None:
    panel = open_panel(inside)
    assert compared(inside, panel, kind="trained", name="emoji-cnn") is None
    assert "32×32×3" in panel.status.text
    assert compared(inside, panel, kind="file", name=str(tmp_path / "none.chainrule")) is None
    assert "none.chainrule" in panel.status.text
    assert compared(inside, panel, kind="step", step=10**6) is None
    assert "step 0" in panel.status.text
    for wrong in ({"kind": "friend"}, {"step": -1}, {"kind": "run", "name": 3}, {"nme": "x"}):
        with pytest.raises(CommandError):
            inside.do("inside.show", name="beside", value=wrong)
    found = compared(inside, panel, kind="step", step=0)
    of = Explainer(templates.load("digits-cnn").network, trained.weights("digits-cnn"))
    assert np.array_equal(found.other.scores, of.outputs(inside.x)[0])
