"""Freezing while training goes on: what learns goes on exactly, what is frozen stays, and the way back."""

from __future__ import annotations

import msgspec
import numpy as np

from app.engine.session import Session
from app.engine.state import Work
from core import templates
from tests.app.engine.conftest import Bench, work_for


def trained(name: str = "digits-cnn", steps: int = 12) -> Session:
    training = msgspec.structs.replace(
        templates.load(name).training,
        optimizer={"kind": "Adam", "learning_rate": 0.003},
        batch_size=16,
    )
    session = Session(work_for(name, training=training))
    while session.run.step_count < steps:
        session.advance(steps - session.run.step_count)
    return session


def with_layer(work: Work, layer: str, *, trainable: bool) -> Work:
    network = work.network.configure(layer, trainable=trainable)
    return with_network(work, network)


def with_network(work: Work, network: object) -> Work:
    return Work(network, work.training, work.data, work.parameters)  # type: ignore[arg-type]


def arrays(session: Session, *roles: str) -> dict[str, np.ndarray]:
    program = session.run.program
    return {
        name: program.tensor(name).copy()
        for name, t in program.tape.tensors.items()
        if t.role in roles
    }


def test_weights_memory_and_history_go_on(bench: Bench) -> None:
    session = trained()
    weights, slots = arrays(session, "weight", "statistic"), arrays(session, "slot")
    before = session.run.history.series("loss").mean.copy()
    session.edit(with_layer(session.work, "conv2d_1", trainable=False))
    run = session.run
    assert run.step_count == 12
    assert np.array_equal(run.history.series("loss").mean, before)
    for name, value in arrays(session, "weight").items():
        assert np.array_equal(value, weights[name]), name
    now = arrays(session, "slot")
    assert set(now) == {name for name in slots if not name.startswith("conv2d_1/")}
    assert all(np.array_equal(value, slots[name]) for name, value in now.items())
    session.advance(5)
    after = arrays(session, "weight")
    stayed = {name for name, value in after.items() if np.array_equal(value, weights[name])}
    assert stayed == {"conv2d_1/kernel", "conv2d_1/bias"}
    assert len(run.history.series("loss").mean) == 17
    session.edit(with_layer(session.work, "conv2d_1", trainable=True))
    session.advance(2)
    learnt = arrays(session, "weight")
    assert not np.array_equal(learnt["conv2d_1/kernel"], after["conv2d_1/kernel"])
    assert session.run.step_count == 19


def test_what_learns_cannot_tell_at_first_what_is_frozen(bench: Bench) -> None:
    """The first step after the edit moves everything else by the very bits it would have moved by anyway."""
    one, other = trained(), trained()
    epoch = other.position.epoch, other.position.batch
    assert epoch == (0, 12)
    other.edit(with_layer(other.work, "conv2d_1", trainable=False))
    assert (other.position.epoch, other.position.batch) == epoch
    one.advance(1)
    other.advance(1)
    mine, theirs = arrays(one, "weight", "slot"), arrays(other, "weight", "slot")
    for name, value in theirs.items():
        if not name.startswith("conv2d_1/"):
            assert np.array_equal(value, mine[name]), name


def test_going_back_and_saving_with_frozen_layers(bench: Bench) -> None:
    session = trained()
    session.edit(with_layer(session.work, "conv2d_1", trainable=False))
    session.advance(7)
    there = arrays(session, "weight", "slot")
    for _ in session.seek(14):
        pass
    session.advance(5)
    for name, value in arrays(session, "weight", "slot").items():
        assert np.array_equal(value, there[name]), name
    work = session.work
    again = Session(
        Work(work.network, work.training, work.data, work.parameters, session.saved_state())
    )
    assert again.run.step_count == session.run.step_count
    for name, value in arrays(again, "weight", "slot").items():
        assert np.array_equal(value, there[name]), name


def test_everything_frozen_still_plays_and_shows(bench: Bench) -> None:
    bench.open("digits-cnn")
    work = bench.engine.work
    assert work is not None
    network = work.network
    for layer in network.layers:
        network = network.configure(layer.id, trainable=False)
    bench.engine.edit(with_network(work, network))
    bench.settle()
    before = bench.weights()
    bench.engine.step("batch")
    bench.until(lambda: bench.step_of() == 1)
    for _ in range(6):
        bench.engine.step("instruction")
    bench.settle()
    assert all(np.array_equal(value, before[name]) for name, value in bench.weights().items())
    assert not bench.problems
