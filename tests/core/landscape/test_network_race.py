"""Racers of a race on a network have everything in common but the optimizer, and do the steps of `fit`."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from core import optimizers
from core.errors import ChainruleError, MemoryEstimateError, SettingError
from core.explain.progress import last
from core.landscape import network_race as module
from core.landscape.network_race import Entrant, NetworkRace, network_race
from core.model.reading import cut
from core.runs import Run
from core.spec import Training
from tests.core.landscape.subjects import chancy, points


def subject(batch_size: int = 16) -> tuple[Any, Training, Any, Any]:
    """A model, how it is trained, its samples, and those that are held out."""
    model, (x, y) = chancy(), points()
    samples = model._samples(x, y)
    training = msgspec.structs.replace(model._training(batch_size, None), seed=3)
    return model, training, cut(samples, 0, 44), cut(samples, 44, 60)


def race(*racers: dict[str, Any], **settings: Any) -> NetworkRace:
    model, training, samples, held = subject()
    entrants = [Entrant(str(k), one) for k, one in enumerate(racers)]
    return last(
        network_race(model.network, training, entrants, samples, held, loss=model._loss, **settings)
    )


@pytest.mark.parametrize("kind", ["SGD", "Adam", "Lion"])
def test_a_racer_does_what_fit_does_bit_for_bit(kind: str) -> None:
    found = race({"kind": kind, "learning_rate": 0.02}, {"kind": "RMSprop"}, epochs=3)
    model, (x, y) = chancy(), points()
    model.compile(
        optimizers.get({"kind": kind, "learning_rate": 0.02}), "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )  # fmt: skip
    history = model.fit(x[:44], y[:44], 16, 3, validation_data=(x[44:], y[44:]))
    lane = found.lanes[0]
    assert (found.layout.flat(model._weights()) == lane.weights[-1]).all()
    for name, values in history.history.items():
        told = [epoch.metrics[name] for epoch in lane.epochs[1:]]
        assert told == values, name
    assert lane.optimizer["kind"] == kind
    assert lane.optimizer["learning_rate"] == 0.02
    assert (found.steps, found.batches, found.batch_size) == (9, 3, 16)
    losses = model.run.history.series("loss").mean
    assert (lane.curves["loss"].astype(np.float32) == losses).all()
    assert (lane.curves["accuracy"] <= 1).all()


def test_all_begin_with_the_same_weights_and_see_the_same_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs: list[Run] = []

    class Watched(Run):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            runs.append(self)

    monkeypatch.setattr(module, "Run", Watched)
    found = race({"kind": "SGD"}, {"kind": "Adagrad"}, {"kind": "Adam"}, epochs=4)
    assert [run.step_count for run in runs] == [12, 12, 12]
    batches = [[batch_of(run, step) for step in range(12)] for run in runs]
    assert [len(one) for one in batches[0]] == [16, 16, 12] * 4
    for others in batches[1:]:
        assert all((a == b).all() for a, b in zip(batches[0], others, strict=True))
    assert any((a != b).any() for a, b in zip(batches[0][:3], batches[0][3:6], strict=True))
    starts = [lane.weights[0] for lane in found.lanes]
    assert all((one == starts[0]).all() for one in starts)
    model, training, samples, _ = subject()
    drawn = Run(model.network, training, samples=samples, loss=model._loss).program.weights()
    assert (starts[0] == found.layout.flat(drawn)).all()


def batch_of(run: Run, step: int) -> np.ndarray:
    """Numbers of the samples in the batch of a step."""
    run.seek(step)
    run.step("instruction")
    chosen = run.program.tape.chosen
    assert chosen is not None
    return run.program.tensor(chosen.name).copy()


def test_a_race_begins_with_the_weights_it_is_given() -> None:
    model, training, samples, _ = subject()
    weights = {name: values + 0.25 for name, values in model._weights().items()}
    found = last(
        network_race(
            model.network, training, [Entrant("a", {"kind": "SGD"})], samples, loss=model._loss,
            weights=weights, steps=1,
        )
    )  # fmt: skip
    assert (found.lanes[0].weights[0] == found.layout.flat(weights)).all()


def test_weights_are_kept_evenly_on_the_way_and_are_those_of_their_steps() -> None:
    found = race({"kind": "Adam"}, epochs=10, kept=6)
    lane = found.lanes[0]
    assert lane.steps.tolist() == [0, 5, 10, 15, 20, 25, 30]
    assert lane.weights.shape == (7, found.layout.size)
    model, training, samples, _ = subject()
    training = msgspec.structs.replace(training, optimizer={"kind": "Adam"})
    run = Run(model.network, training, samples=samples, loss=model._loss)
    for step, row in zip(lane.steps, lane.weights, strict=True):
        run.advance(int(step) - run.step_count, epochs=10)
        assert (found.layout.flat(run.program.weights()) == row).all()
    short = race({"kind": "Adam"}, steps=4)
    assert short.lanes[0].steps.tolist() == [0, 1, 2, 3, 4]


def test_a_racer_that_breaks_is_marked_and_the_others_go_on() -> None:
    found = race(
        {"kind": "SGD", "learning_rate": 1e30}, {"kind": "SGD", "learning_rate": 0.1}, epochs=4
    )
    broken, fine = found.lanes
    assert broken.diverged is not None
    assert broken.diverged < 5
    assert "Lower the learning rate." in broken.why
    assert broken.done == broken.diverged
    assert np.isfinite(broken.curves["loss"]).all()
    assert np.isfinite(broken.weights).all()
    assert fine.diverged is None
    assert fine.done == 12
    assert len(fine.epochs) == 5
    alone = race({"kind": "SGD", "learning_rate": 1e30}, epochs=4)
    assert alone.lanes[0].diverged == broken.diverged


def test_progress_is_told_and_what_was_told_stays() -> None:
    model, training, samples, held = subject()
    entrants = [Entrant(k, {"kind": k}) for k in ("SGD", "Adam")]
    seen = list(
        network_race(model.network, training, entrants, samples, held, loss=model._loss, epochs=40)
    )
    shares = [one.done / one.total for one in seen]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == 1
    assert len(seen) > 4
    final = seen[-1].result
    for one in seen:
        for lane, end in zip(one.result.lanes, final.lanes, strict=True):
            assert (lane.curves["loss"] == end.curves["loss"][: lane.done]).all()
            assert (lane.weights == end.weights[: len(lane.steps)]).all()
            assert lane.epochs == end.epochs[: len(lane.epochs)]
        assert [lane.id for lane in one.result.lanes] == ["SGD", "Adam"]
    assert not len(seen[0].result.lanes[1].weights)
    # They go side by side: nobody is far ahead of the others.
    middle = seen[len(seen) // 2].result
    assert abs(middle.lanes[0].done - middle.lanes[1].done) <= 60


def test_races_that_cannot_be_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingError, match="1 to 24 racers; 0 are given"):
        race()
    with pytest.raises(SettingError, match="optimizer"):
        race({"kind": "Adamm"})
    with pytest.raises(SettingError, match="at most 100,000 steps"):
        race({"kind": "SGD"}, epochs=50_000)
    with pytest.raises(SettingError, match="Epochs must be at least 1"):
        race({"kind": "SGD"}, epochs=0)
    model, training, samples, _ = subject()
    with pytest.raises(SettingError, match="Two racers have the id 'a'"):
        next(
            network_race(
                model.network, training, [Entrant("a", {"kind": "SGD"})] * 2, samples, loss=model._loss
            )
        )  # fmt: skip
    monkeypatch.setattr(module, "MEMORY", 40_000)
    with pytest.raises(MemoryEstimateError, match="Let fewer optimizers race"):
        race(*[{"kind": "SGD"}] * 3)
    monkeypatch.setattr(module, "MEMORY", 60_000)
    fewer = race({"kind": "SGD"}, epochs=40)
    assert 8 < len(fewer.lanes[0].steps) <= 61


def test_a_network_that_cannot_be_trained_is_refused_as_ever() -> None:
    model, training, samples, _ = subject()
    wrong = msgspec.structs.replace(training, batch_size=0)
    with pytest.raises(ChainruleError, match="Batch size"):
        next(network_race(model.network, wrong, [Entrant("a", {"kind": "SGD"})], samples))
