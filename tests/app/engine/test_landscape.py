"""Races on the learner's network and slices of its loss, asked of a real engine: nothing of the run is touched."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from app.engine import Engine
from app.engine.questions.landscape import LossSlice, RaceOnNetwork
from app.engine.slicing import OWN
from core import data as data_sets
from core.landscape.slices import Losses, some
from core.runs import Run
from tests.app.engine.conftest import Bench, work_for

RACERS = [
    {"id": "plain", "optimizer": {"kind": "SGD", "learning_rate": 0.1}},
    {"id": "adam", "optimizer": {"kind": "Adam", "learning_rate": 0.01}},
]
#: One whose numbers break, and one that goes far away and stays finite: tanh has bounds.
WILD = {"id": "wild", "optimizer": {"kind": "SGD", "learning_rate": 3e38}}
FAR = {"id": "far", "optimizer": {"kind": "SGD", "learning_rate": 1e4}}


def asked(bench: Bench, question: str, **values: Any) -> tuple[Any, list[Any]]:
    """An answer, and what was told on the way."""
    parts: list[Any] = []
    return bench.ask(question, partly=parts.append, **values), parts


def race(bench: Bench, *more: dict[str, Any], **values: Any) -> RaceOnNetwork:
    found = bench.ask("network_race", racers=[*RACERS, *more], **values)
    assert isinstance(found, RaceOnNetwork)
    return found


def twin() -> Run:
    """A run of what `bench.open` opens."""
    work = work_for("spirals-mlp")
    return Run(work.network, work.training, data_sets.load(work.data, **dict(work.parameters)))


def test_a_race_is_told_while_it_goes_on_and_touches_nothing(bench: Bench) -> None:
    bench.open("spirals-mlp")
    before = bench.weights()
    found, parts = asked(bench, "network_race", racers=RACERS, epochs=30)
    assert [lane.id for lane in found.race.lanes] == ["plain", "adam"]
    assert all(one.number == found.number for one in parts)
    assert parts
    for lane in found.race.lanes:
        assert lane.done == found.race.steps == 30 * found.race.batches
        assert {"loss", "accuracy"} <= set(lane.curves)
        assert [epoch.epoch for epoch in lane.epochs] == list(range(31))
        assert lane.epochs[0].metrics.keys() == {"val_loss", "val_accuracy"}
        assert lane.epochs[-1].metrics["val_loss"] < lane.epochs[0].metrics["val_loss"]
    after = bench.weights()
    assert all((before[name] == after[name]).all() for name in before)
    assert bench.step_of() == 0
    # The same steps as a run of its own takes with that optimizer.
    run = twin()
    training = msgspec.structs.replace(run.training, optimizer=RACERS[1]["optimizer"])
    alone = Run(run.network, training, run.dataset)
    alone.advance(found.race.steps, epochs=30)
    own = found.race.layout.flat(alone.program.weights())
    assert (own == found.race.lanes[1].weights[-1]).all()


def test_a_race_can_begin_with_the_weights_there_are(bench: Bench) -> None:
    bench.open("spirals-mlp")
    bench.engine.step("epoch")
    bench.until(lambda: bench.state.position is not None and bench.state.position.epoch == 1)
    weights = bench.weights()
    found = race(bench, start="present", steps=3)
    for lane in found.race.lanes:
        assert (lane.weights[0] == found.race.layout.flat(weights)).all()
    drawn = race(bench, steps=3, seed=5)
    assert (drawn.race.lanes[0].weights[0] != found.race.lanes[0].weights[0]).any()
    assert drawn.number != found.number


def test_a_slice_is_the_loss_of_the_learners_network(bench: Bench) -> None:
    bench.open("spirals-mlp")
    found, parts = asked(bench, "loss_slice", side=11, samples=50, seed=4)
    assert isinstance(found, LossSlice)
    run = twin()
    losses = Losses.of_run(run, some(run.samples, 50, 4))
    row = losses.layout.flat(run.program.weights())
    assert found.found.loss[5, 5] == losses.at(row) == run.evaluate(losses.samples)["loss"]
    assert found.found.loss[2, 9] == losses.at(
        found.found.plane.at(found.found.x[9], found.found.y[2])
    )
    assert (found.centre, found.race, found.directions) == ("present", 0, "random")
    assert found.found.known.all()
    assert found.found.samples == 50
    assert found.learned == found.weights == losses.layout.size
    assert all(isinstance(one, LossSlice) for one in parts)
    held = bench.ask("loss_slice", side=3, samples=40, part="validation")
    assert held.found.loss[1, 1] != found.found.loss[5, 5]


def test_the_way_of_the_run_itself_is_seen_from_above(bench: Bench) -> None:
    bench.open("spirals-mlp")
    for epoch in range(3):
        bench.engine.step("epoch")
        bench.until(
            lambda n=epoch: bench.state.position is not None and bench.state.position.epoch > n
        )
    found = bench.ask("loss_slice", directions="principal", side=5, samples=60)
    (path,) = found.paths
    assert path.id == OWN
    assert path.steps[0] == 0
    assert path.steps[-1] == bench.step_of()
    assert (np.diff(path.steps) > 0).all()
    # The present weights are in the middle of the directions, and lie in the plane.
    assert np.abs(path.places[-1]).max() < 1e-6
    assert path.distances[-1] < 1e-6
    assert path.losses[0] > path.losses[-1]
    assert 0.5 < sum(found.found.plane.shares) <= 1 + 1e-9
    assert found.found.x[0] < path.places[:, 0].min() < path.places[:, 0].max() < found.found.x[-1]


def test_paths_of_a_race_lie_over_the_slice_with_their_own_losses(bench: Bench) -> None:
    bench.open("spirals-mlp")
    raced = race(bench, WILD, FAR, epochs=4, kept=10)
    assert raced.race.lanes[2].diverged is not None
    assert raced.race.lanes[3].diverged is None
    found = bench.ask("loss_slice", directions="principal", race=raced.number, side=9, samples=80)
    assert found.centre == "mean"
    assert found.left_out == ("wild", "far")
    assert [one.id for one in found.paths] == ["plain", "adam", "wild", "far"]
    run = twin()
    losses = Losses.of_run(run, some(run.samples, 80, 0))
    for path, lane in zip(found.paths, raced.race.lanes, strict=True):
        assert (path.steps == lane.steps).all()
        measured = [losses.at(row) for row in lane.weights]
        np.testing.assert_array_equal(path.losses, measured)
        shadow = found.found.plane.project(lane.weights)
        np.testing.assert_array_equal(path.places, shadow.places)
        np.testing.assert_array_equal(path.distances, shadow.distances)
    for path in found.paths[:2]:
        assert found.found.x[0] < path.places[:, 0].min()
        assert path.places[:, 0].max() < found.found.x[-1]
        assert found.found.y[0] < path.places[:, 1].min()
        assert path.places[:, 1].max() < found.found.y[-1]
    around = bench.ask("loss_slice", race=raced.number, side=3, samples=80, heights=False)
    assert around.centre in ("plain", "adam")
    winner = next(one for one in around.paths if one.id == around.centre)
    assert winner.lengths[-1] == 0
    assert np.isnan(winner.losses).all()
    other = bench.ask("loss_slice", race=raced.number, centre="plain", side=3, x_range=[-0.5, 0.25])
    assert other.found.x.tolist() == [-0.5, -0.125, 0.25]
    assert other.centre == "plain"


def test_a_race_that_is_cancelled_is_over(bench: Bench) -> None:
    bench.open("spirals-mlp")
    parts: list[RaceOnNetwork] = []
    answers: list[Any] = []
    ticket = bench.engine.ask(
        "network_race", racers=RACERS, steps=100_000, partly=parts.append, done=answers.append,
        failed=answers.append,
    )  # fmt: skip
    bench.until(lambda: bool(parts) and parts[-1].race.lanes[0].done > 0)
    # A slice through what there is so far, while it goes on.
    found = bench.ask("loss_slice", race=parts[0].number, side=3, samples=20, heights=False)
    assert len(found.paths) == 2
    bench.engine.cancel(ticket)
    bench.settle()
    bench.until(lambda: not bench.engine._worker._long)
    assert not answers


def test_a_fine_slice_is_told_coarse_first_and_can_be_cancelled(bench: Bench) -> None:
    bench.open("spirals-mlp")
    parts: list[LossSlice] = []
    answers: list[Any] = []
    shares: list[float] = []
    bench.engine.progressed.connect(lambda _, share: shares.append(share))
    ticket = bench.engine.ask(
        "loss_slice", side=321, samples=400, partly=parts.append, done=answers.append,
        failed=answers.append,
    )  # fmt: skip
    bench.until(lambda: bool(parts) and parts[-1].found.every > 0 and bool(shares))
    bench.engine.cancel(ticket)
    bench.settle()
    bench.until(lambda: not bench.engine._worker._long)
    assert not answers
    assert parts[-1].found.every > 1
    every = parts[-1].found.every
    assert np.isfinite(parts[-1].found.loss[::every, ::every]).all()
    assert shares == sorted(shares)
    assert shares[-1] < 1


@pytest.mark.parametrize(
    ("question", "values", "sentence"),
    [
        ("network_race", {"racers": []}, "1 to 24 racers"),
        ("network_race", {"racers": [{"id": "a"}]}, "A racer is a document such as"),
        ("network_race", {"racers": [{"id": "a", "optimizer": {"kind": "Adamm"}}]}, "Adam"),
        ("network_race", {"racers": RACERS, "start": "anywhere"}, "drawn or present"),
        ("network_race", {"racers": RACERS, "steps": 0}, "Steps must be at least 1"),
        ("loss_slice", {"directions": "up"}, "random or principal"),
        ("loss_slice", {"race": 10**9}, "not kept any more"),
        ("loss_slice", {"part": "test"}, "train or validation"),
        ("loss_slice", {"samples": 0}, "1 to 10000 samples"),
        ("loss_slice", {"centre": "nobody"}, "The middle of a slice is one of present, mean, run"),
        ("loss_slice", {"side": "many"}, "Side must be a whole number"),
        ("loss_slice", {"seed": "x", "samples": 2}, "seed must be a whole number"),
        ("loss_slice", {"x_range": [1, 0]}, "smaller number to a larger one"),
        ("loss_slice", {"directions": "principal"}, "did not move"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    bench: Bench, question: str, values: dict[str, Any], sentence: str
) -> None:
    bench.open("xor-mlp")
    with pytest.raises(RuntimeError, match=sentence):
        bench.ask(question, **values)


def test_kernels_that_are_missing_are_compiled_in_a_child_process(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.engine import compiled, warm

    bench.open("xor-mlp")
    begun: list[Any] = []

    class Watched(compiled.subprocess.Popen):  # type: ignore[name-defined, misc]
        def __init__(self, *given: Any, **named: Any) -> None:
            begun.append(self)
            super().__init__(*given, **named)

    monkeypatch.setattr(compiled.subprocess, "Popen", Watched)
    monkeypatch.setattr(warm, "not_cached", lambda names: [n for n in names if "sgd" in n])
    assert race(bench, steps=2).race.lanes[0].done == 2
    (child,) = begun
    assert child.returncode == 0


def test_a_blocked_network_is_not_raced() -> None:
    work = work_for("xor-mlp")
    engine = Engine(warm=False)
    try:
        engine.block("Two layers do not fit.")
        said: list[str] = []
        for question in ("network_race", "loss_slice"):
            assert engine.ask(question, done=said.append, failed=said.append, racers=RACERS) == 0
    finally:
        engine.close()
    assert work.network
