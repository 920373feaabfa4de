"""A slice of a network's loss is what `Model.evaluate` says of the weights at its points."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import pytest

import core
from core import layers
from core.errors import SettingError
from core.explain.progress import last
from core.landscape.planes import random_plane
from core.landscape.slices import Losses, loss_slice, some, strides
from core.runs.samples import Samples
from core.tape.table_data import DataTable
from tests.core.landscape.subjects import chancy, trained
from tests.core.networks import masked_embedding_lstm, mlp_with_dropout_and_batch_normalization


class Counting(Losses):
    """Counts what is measured."""

    count = 0

    def measuring(self, row: np.ndarray) -> Generator[None, None, float]:
        self.count += 1
        return super().measuring(row)


def test_the_loss_at_points_of_a_slice_is_what_evaluate_says_of_their_weights() -> None:
    model, x, y = trained()
    before = model.get_weights()
    losses = Losses.of_model(model, x, y)
    plane = random_plane(losses.layout, losses.present, seed=1)
    found = last(loss_slice(losses, plane, side=9, x_range=(-1, 1), y_range=(-2, 2)))
    assert found.loss[4, 4] == model.evaluate(x, y)[0]
    for row, column in ((0, 0), (1, 7), (8, 3), (5, 5)):
        values = losses.layout.weights(plane.at(found.x[column], found.y[row]))
        other = chancy(seed=8)
        other.set_weights([values[name] for name in model._weights()])
        assert other.evaluate(x, y)[0] == pytest.approx(found.loss[row, column], rel=1e-6)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    assert found.x[[0, 4, 8]].tolist() == [-1, 0, 1]
    assert found.y[[0, 4, 8]].tolist() == [-2, 0, 2]
    assert found.samples == len(x)


def test_a_slice_goes_from_coarse_to_fine_and_computes_each_point_once() -> None:
    model, x, y = trained(1)
    counting = Counting(model.network, model.run.training, model._samples(x, y), loss=model._loss)
    plane = random_plane(counting.layout, counting.layout.flat(model._weights()))
    seen = list(loss_slice(counting, plane, side=21))
    assert counting.count == 21 * 21
    whole = [(one.result.every, int(one.result.known.sum())) for one in seen]
    assert [pair for k, pair in enumerate(whole) if k == 0 or pair[0] != whole[k - 1][0]][-3:] == [
        (5, 25), (2, 137), (1, 441),
    ]  # fmt: skip
    shares = [one.done for one in seen]
    assert shares == sorted(shares)
    assert seen[-1].done == seen[-1].total == 441
    for one in seen:
        every = one.result.every
        if every:
            assert one.result.known[::every, ::every].all()
            assert np.isfinite(one.result.loss[::every, ::every]).all()
        assert np.isnan(one.result.loss[~one.result.known]).all()
        with pytest.raises(ValueError, match="read-only"):
            one.result.loss[0, 0] = 1.0
    coarse = next(one.result for one in seen if one.result.every == 5)
    assert (coarse.loss[::5, ::5] == seen[-1].result.loss[::5, ::5]).all()
    assert strides(41) == (10, 4, 2, 1)
    assert strides(24) == (1,)


def test_a_run_is_measured_as_it_evaluates_and_is_not_touched() -> None:
    for made in (mlp_with_dropout_and_batch_normalization, masked_embedding_lstm):
        run = made()
        run.step("epoch")
        memory, machine = run.program.mem.copy(), run.program.state.copy()
        losses = Losses.of_run(run)
        at = losses.at(losses.layout.flat(run.program.weights()))
        plane = random_plane(losses.layout, losses.present)
        last(loss_slice(losses, plane, side=3))
        assert (run.program.mem == memory).all()
        assert (run.program.state == machine).all()
        assert at == run.evaluate(run.samples)["loss"]
        assert losses.at(losses.layout.flat(run.program.weights())) == at


def test_states_that_last_begin_at_nothing_at_every_point() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(12, 3, 2)).astype(np.float32)
    model = core.Sequential(
        [core.Input((3, 2)), layers.LSTM(4, stateful=True), layers.Dense(1)], seed=0
    )
    model.compile("sgd", "mean_squared_error")
    model.fit(x, x[:, 0, :1], batch_size=4, epochs=1, shuffle=False)
    run = model.run
    losses = Losses.of_run(run, some(run.samples, 9, batch=4))
    assert len(losses.samples) == 8
    row = losses.layout.flat(run.program.weights())
    assert losses.at(row) == losses.at(row) == run.evaluate(losses.samples)["loss"]


def test_where_the_loss_is_no_number_a_slice_has_a_hole_and_goes_on() -> None:
    model = core.Sequential([core.Input((2,)), layers.Dense(3), layers.Dense(1)], seed=0)
    model.compile("sgd", "mean_squared_error")
    x = np.ones((4, 2), np.float32)
    losses = Losses.of_model(model, x, np.zeros((4, 1)))
    plane = random_plane(losses.layout, losses.present)
    found = last(loss_slice(losses, plane, side=3, x_range=(-1e30, 1e30), y_range=(-1, 1)))
    assert found.known.all()
    assert np.isfinite(found.loss[1, 1])
    assert not np.isfinite(found.loss[:, [0, 2]]).any()


def test_weights_of_samples_count_as_in_training() -> None:
    model, x, y = trained(1)
    weights = np.linspace(0, 2, len(x))
    losses = Losses.of_model(model, x, y, sample_weight=weights)
    found = losses.at(losses.layout.flat(model._weights()))
    assert found == pytest.approx(model.evaluate(x, y, sample_weight=weights)[0], rel=1e-6)
    assert found != pytest.approx(model.evaluate(x, y)[0], rel=1e-3)


def test_some_samples_are_drawn_with_their_targets() -> None:
    x = np.arange(20, dtype=np.float32)[:, None]
    samples = Samples([DataTable(x)], [DataTable(10 * x)], [DataTable(100 * x)])
    few = some(samples, 6, seed=3)
    rows = few.inputs[0].array[:, 0]
    assert len(set(rows)) == 6
    assert (np.diff(rows) > 0).all()
    assert (few.targets[0].array[:, 0] == 10 * rows).all()
    assert few.weights is not None
    assert (few.weights[0].array[:, 0] == 100 * rows).all()
    assert (some(samples, 6, seed=3).inputs[0].array == few.inputs[0].array).all()
    assert (some(samples, 6, seed=4).inputs[0].array != few.inputs[0].array).any()
    assert some(samples, 50) is samples
    assert some(samples, 11, batch=4).inputs[0].array[:, 0].tolist() == list(range(8))


def test_slices_that_cannot_be_are_refused() -> None:
    model, x, y = trained(1)
    losses = Losses.of_model(model, x, y)
    plane = random_plane(losses.layout, losses.present)
    for settings, word in (
        ({"side": 1}, "at least 2"),
        ({"side": 5000}, "at most 321"),
        ({"x_range": (1.0, 1.0)}, "smaller number to a larger"),
        ({"y_range": (0.0, np.inf)}, "smaller number to a larger"),
    ):
        with pytest.raises(SettingError, match=word):
            next(loss_slice(losses, plane, **settings))
