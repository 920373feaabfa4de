"""The learning-rate finder on a problem whose answer is known, and on what has none."""

from __future__ import annotations

import numpy as np
import pytest

import core
from core import data, layers, losses, optimizers, studies, templates
from core.errors import ChainruleError, SettingError
from core.studies.rates import judge, judge_all
from core.studies.subject import Subject
from core.studies.sweep import Sweep, smoothed
from tests.core.studies.subjects import model, samples


def parabola() -> core.Model:
    """One weight w and the loss w²: under gradient descent w becomes (1 - 2 rate) w."""
    made = core.Sequential([core.Input((1,)), layers.Dense(1, use_bias=False)], seed=0)
    made.compile(optimizer=optimizers.SGD(0.1), loss="mse", metrics=[])
    made.set_weights([np.array([[3.0]], np.float32)])
    return made


def test_losses_on_a_parabola_are_those_of_the_formula() -> None:
    found = studies.find_learning_rate(
        parabola(), np.ones((4, 1)), np.zeros((4, 1)), start_rate=1e-4, end_rate=10.0, steps=60, batch_size=4,
        processes=0,
    )  # fmt: skip
    rates = 1e-4 * (1e5 ** (np.arange(60) / 59))
    weight, least, mean = 3.0, np.inf, 0.0
    expected, smooth = [], []
    for k, rate in enumerate(rates):
        loss = weight**2
        expected.append(loss)
        mean = 0.9 * mean + 0.1 * loss
        smooth.append(mean / (1 - 0.9 ** (k + 1)))
        weight *= 1 - 2 * rate
        if smooth[-1] > 4 * least:
            break
        least = min(least, smooth[-1])
    np.testing.assert_allclose(found.rates, rates[: len(expected)], rtol=1e-6)
    np.testing.assert_allclose(found.losses, expected, rtol=1e-4, atol=1e-12)
    np.testing.assert_allclose(found.smoothed_losses, smooth, rtol=1e-4)
    assert len(found.rates) < 60
    # Rates above 1 throw the weight further away than it was.
    assert found.rates[-1] > 1
    bottom = int(np.argmin(smooth))
    lines = {
        k: np.polyfit(np.log10(rates[k - 9 : k + 10]), expected[k - 9 : k + 10], 1)[0]
        for k in range(9, bottom - 8)
    }
    assert found.suggestion == pytest.approx(rates[min(lines, key=lambda k: lines[k])])
    assert 0.005 < found.suggestion < 0.5
    assert found.lowest == pytest.approx(rates[bottom])
    assert f"{found.suggestion:.2g}" in found.sentence


def spirals() -> studies.Subject:
    """The project a learner gets from the template: its loss hardly falls, and batches differ much."""
    made = templates.load("spirals-mlp")
    dataset = data.load(made.data.id, **made.data.parameters)
    return studies.Subject.of_document(made.network, made.training, dataset)


def test_where_the_sweep_begins_hardly_changes_what_it_says() -> None:
    found = []
    for start in (1e-7, 1e-6, 1e-5):
        study = studies.RateFinder(spirals(), Sweep(start))
        list(study.run(0))
        found.append(study.result)
        assert len(study.result.singles) == 5
        assert study.result.span is not None
        assert "taken alone say" in study.result.sentence
        assert len(repr(study.result)) < 200
    suggested = [one.suggestion for one in found]
    assert max(suggested) < 4 * min(suggested)


def test_a_loss_is_compared_with_that_of_weights_that_stand_still() -> None:
    # Batches that differ, by weights too slow to move: nothing is left of the batches.
    x, y = samples()
    study = studies.RateFinder(Subject.of_model(model(), x, y), Sweep(1e-12, 1e-10, 20))
    list(study.run(0))
    assert np.ptp(study.result.losses) < 1e-4
    assert study.result.suggestion is None


def test_doubt_is_said() -> None:
    sweep = Sweep(steps=60, sweeps=3)
    rates = sweep.rates()

    def falls_at(rate: float) -> np.ndarray:
        return 1 - 1 / (1 + (rate / rates) ** 2)

    near = judge_all([falls_at(rate) for rate in (0.01, 0.012, 0.011)], sweep)
    assert near.suggestion == pytest.approx(0.011, rel=0.5)
    assert "rough guess" not in near.sentence
    far = judge_all([falls_at(rate) for rate in (0.001, 0.01, 0.1)], sweep)
    assert far.span == pytest.approx((0.001, 0.1), rel=0.5)
    assert "rough guess" in far.sentence
    # One that broke at once does not end the others.
    early = judge_all([falls_at(0.01), falls_at(0.01), np.array([1.0, 9.0])], sweep)
    assert early.singles[2] is None
    assert "In 1 the loss hardly falls" in early.sentence


def test_smoothing_is_a_mean_of_what_was_seen() -> None:
    assert smoothed(np.full(5, 2.5), 0.9) == pytest.approx(np.full(5, 2.5))
    assert smoothed(np.array([1.0, 3.0]), 0.5)[1] == pytest.approx((0.25 * 1 + 0.5 * 3) / 0.75)
    assert smoothed(np.array([1.0, 3.0]), 0.0) == pytest.approx([1.0, 3.0])


def test_a_child_finds_the_same_and_the_model_is_left_alone() -> None:
    x, y = samples()
    made = model()
    made.fit(x, y, epochs=1)
    before = made.get_weights()
    here = studies.find_learning_rate(made, x, y, steps=40, processes=0)
    there = studies.find_learning_rate(made, x, y, steps=40, processes=1)
    np.testing.assert_array_equal(here.losses, there.losses)
    assert here.suggestion == there.suggestion
    for a, b in zip(before, made.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert made.optimizer.learning_rate == pytest.approx(0.01)
    # It begins with the weights the model has.
    assert (
        here.losses[0] != studies.find_learning_rate(model(), x, y, steps=40, processes=0).losses[0]
    )


def test_a_schedule_gives_way_to_the_sweep() -> None:
    x, y = samples()
    schedule = core.schedules.ExponentialDecay(0.1, 10, 0.5)
    found = studies.find_learning_rate(
        model(optimizer=optimizers.SGD(schedule)), x, y, steps=20, processes=0
    )
    assert found.rates[0] == pytest.approx(1e-7)


def test_a_loss_that_breaks_at_once_is_told() -> None:
    made = parabola()
    made.compile(optimizer=optimizers.SGD(0.1), loss=losses.HalfSquaredError(), metrics=[])
    made.set_weights([np.array([[1e18]], np.float32)])
    x = np.full((4, 1), 1e12)
    with pytest.raises(ChainruleError, match=r"at once.*smaller start_rate than 1"):
        studies.find_learning_rate(
            made, x, np.zeros((4, 1)), start_rate=1.0, end_rate=10.0, processes=0
        )


def test_an_easy_first_batch_does_not_hide_that_the_loss_falls() -> None:
    sweep = Sweep(steps=60)
    losses = np.concatenate(
        [[0.1], np.full(29, 1.0), np.linspace(1.0, 0.5, 20), np.linspace(1, 9, 10)]
    )
    found = judge(sweep.rates(), losses, sweep)
    rates = sweep.rates()
    assert found.suggestion is not None
    assert rates[28] < found.suggestion < rates[52]


def test_a_loss_that_never_falls_has_no_suggestion() -> None:
    sweep = Sweep(steps=20)
    found = judge(sweep.rates(), np.linspace(1, 2, 20), sweep)
    assert found.suggestion is None
    assert "At no rate" in found.sentence
    # Four samples that take turns: one of them is always the easiest.
    turns = np.tile([0.22, 0.2, 0.3, 0.3], 5)
    assert judge(sweep.rates(), turns, sweep).suggestion is None
    falling = judge(sweep.rates(), np.linspace(2, 1, 20), sweep)
    assert "larger end_rate" in falling.sentence


@pytest.mark.parametrize(
    ("arguments", "setting"),
    [
        ({"start_rate": 0.0}, "start_rate"),
        ({"start_rate": 1.0, "end_rate": 0.1}, "start_rate"),
        ({"steps": 3}, "steps"),
        ({"sweeps": 0}, "sweeps"),
        ({"smoothing": 1.0}, "smoothing"),
        ({"stop_factor": 1.0}, "stop_factor"),
        ({"end_rate": float("nan")}, "end_rate"),
        ({"processes": -1}, "processes"),
    ],
)
def test_what_cannot_be_swept_is_refused(arguments: dict[str, float], setting: str) -> None:
    x, y = samples()
    with pytest.raises(SettingError) as caught:
        studies.find_learning_rate(model(), x, y, **arguments)
    assert caught.value.setting == setting


def test_what_a_study_needs_is_said() -> None:
    with pytest.raises(SettingError, match="give x and y"):
        studies.find_learning_rate(model())
    with pytest.raises(SettingError, match="neither"):
        studies.find_learning_rate("digits", np.ones(3), np.ones(3))
    with pytest.raises(SettingError, match="training="):
        studies.find_learning_rate(model().network, "digits")
