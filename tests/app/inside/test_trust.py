"""How far to trust a map: curves and sanity check show the engine's numbers and say what they mean."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from app.bus import CommandError
from app.engine.questions.trust import RANDOM
from app.inside.forgetting import STAYED, ForgettingGrid, verdict
from app.inside.panels.compare import ComparePanel
from app.inside.panels.curves import CurvesPanel
from app.inside.panels.sanity import SanityPanel
from app.inside.removal_chart import RemovalChart
from core.explain.curves import curve
from core.explain.gradients import saliency
from core.explain.progress import last
from core.explain.randomization import cascading_randomization
from core.explain.score import Score
from tests.app.inside.conftest import Inside

BOTH = pytest.mark.parametrize("inside", ["digits-cnn", "emoji-cnn"], indirect=True)


def panel_of(inside: Inside, name: str, kind: type) -> CurvesPanel | SanityPanel:
    inside.do("inside.show", name="methods", value=["saliency", "grad_cam"])
    inside.do("inside.view", value=name)
    found = inside.window.findChild(kind)
    inside.until(lambda: found.job.found is not None and not found.job.goes_on)
    assert not found.job.problem
    return found


@BOTH
def test_curves_are_the_probability_without_the_pixels_a_map_calls_strongest(
    inside: Inside,
) -> None:
    panel = panel_of(inside, "curves", CurvesPanel)
    found, of = panel.job.found, inside.explainer
    chosen = inside.session.class_index
    assert [one.method for one in found.methods] == ["saliency", "grad_cam", RANDOM]
    map_ = saliency(of, inside.x, Score(chosen))[0]
    for way in ("deletion", "insertion"):
        expected = last(curve(of, inside.x[0], map_, Score(chosen, "probability"), way=way))
        mine = getattr(found.methods[0], way)
        assert np.array_equal(mine.scores, expected.scores)
        assert mine.area == expected.area
    whole = of.outputs(inside.x, "probability")[0, chosen]
    assert found.methods[-1].deletion.scores[0] == pytest.approx(whole)
    assert found.methods[-1].insertion.scores[-1] == pytest.approx(whole)

    chart = inside.window.findChild(RemovalChart, "inside-curves-chart")
    y = chart.table().top() + 22 + 30
    QTest.mouseClick(
        chart, Qt.MouseButton.LeftButton, pos=QPoint(round(chart.table().left()) + 30, round(y))
    )
    second = chart.methods()[1].method
    assert chart.chosen == second == inside.session.toggles["curve"]
    # The picture beside has as many pixels gone as the curve says.
    for _ in range(10):
        QTest.keyClick(chart, Qt.Key.Key_Right)
    assert chart.share == pytest.approx(0.5)
    picture, _ = chart.shown()
    gone = int((picture.reshape(-1, picture.shape[-1]) == 0).all(-1).sum())
    black = int((inside.x.reshape(-1, picture.shape[-1]) == 0).all(-1).sum())
    assert gone >= max(black, picture.shape[0] * picture.shape[1] // 2 - 1)
    with pytest.raises(CommandError, match="no curve"):
        inside.do("inside.show", name="curve", value="magic")


@BOTH
def test_a_sanity_check_says_which_maps_do_not_care(inside: Inside) -> None:
    panel = panel_of(inside, "sanity", SanityPanel)
    found, of = panel.job.found, inside.explainer
    score = Score(inside.session.class_index)
    expected = last(
        cascading_randomization(of, lambda one: saliency(one, inside.x, score)[0], seed=0)
    )
    mine = found.methods[0].maps
    assert [one.layers for one in mine] == [one.layers for one in expected]
    for one, other in zip(mine, expected, strict=True):
        assert np.array_equal(one.attributions, other.attributions)
        assert one.correlation == other.correlation
    for one in found.methods:
        stays = abs(one.maps[-1].correlation) >= STAYED
        assert stays == verdict(one).startswith("stays")
    grid = inside.window.findChild(ForgettingGrid, "inside-sanity-grid")
    middle = grid.rect_of(0, 1).center()
    assert f"{mine[1].correlation:.3f}" in grid.words_at(middle.x(), middle.y())
    # The network itself has forgotten nothing.
    assert np.array_equal(inside.session.look.scores, of.outputs(inside.x)[0])


def test_of_a_list_of_features_no_verdict_is_given_that_two_numbers_cannot_bear(
    inside: Inside,
) -> None:
    inside.do("template.open", name="spirals-mlp")
    inside.until(lambda: inside.session.look is not None and len(inside.session.look.scores) == 2)
    inside.do("inside.view", value="sanity")
    sanity = inside.window.findChild(SanityPanel)
    inside.until(lambda: "only 2" in sanity.status.text)
    assert sanity.job.found is None
    inside.do("inside.view", value="curves")
    curves = inside.window.findChild(CurvesPanel)
    inside.until(lambda: curves.job.found is not None and not curves.job.goes_on)
    found = curves.job.found.methods
    chance = found[-1]
    better = [
        one
        for one in found[:-1]
        if one.deletion.area < chance.deletion.area - 0.005
        or one.insertion.area > chance.insertion.area + 0.005
    ]
    assert ("chance" in curves.said()) or better
    assert "pixels" not in curves.said()
    inside.do("inside.view", value="compare")
    picture = inside.window.findChild(ComparePanel).picture
    inside.until(lambda: picture.found is not None and picture.found.other.attributions is not None)
    picture.grab()
    assert any(name == "x₁" for _, _, name in picture._hits)
