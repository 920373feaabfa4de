"""The proxy and its worker, with real programs: what a learner's clicks end in."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import Qt

from app.bus import Bus
from app.document import Document, State
from app.engine import Engine, EngineState, stopping
from app.engine.inbox import Request
from app.engine.looking import held_out, inputs_of, labels_of
from app.engine.session import Session
from app.snapshots import Probe
from core import templates
from core.errors import SettingError
from core.spec import Training, new_layer
from tests.app.engine.conftest import Bench, work_for


@pytest.mark.parametrize("leave", [False, True], ids=["to its end", "left"])
def test_a_long_way_back_is_shown_and_can_be_left(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, leave: bool
) -> None:
    monkeypatch.setattr(stopping, "NOTICEABLE", 0.0)
    monkeypatch.setattr(stopping, "STATE_INTERVAL", 0.0)
    bench.open(training=endless())
    bench.engine.set_speed("max")
    bench.engine.play()
    bench.until(lambda: bench.step_of() > 100_000)
    bench.engine.pause()
    bench.until(lambda: bench.state.status == "paused")
    run = bench.engine._worker._session.run
    run.checkpoints.forget_after(0)
    run._previous = None
    target = run.step_count - 2
    told: list[EngineState] = []
    bench.engine.state_changed.connect(told.append)

    def stop(state: EngineState) -> None:
        # On the worker's thread, so that it is not too late however busy this one is.
        if leave and state.status == "busy":
            bench.engine._worker.inbox.put(Request("pause"))

    bench.engine._worker.state_changed.connect(stop, Qt.ConnectionType.DirectConnection)
    bench.engine.seek(target)
    bench.until(lambda: any(state.status == "busy" for state in told))
    bench.until(lambda: bench.state.status == "paused")
    busy = [state for state in told if state.status == "busy"]
    assert str(f"{target:,}") in busy[0].reason
    assert [state.progress for state in busy] == sorted(state.progress for state in busy)
    assert (bench.step_of() == target) is not leave


def test_numba_is_not_imported_on_the_interface_thread() -> None:
    code = (
        "import sys; from PySide6.QtCore import QCoreApplication; a = QCoreApplication([]);"
        "from app.engine import Engine; e = Engine(warm=False); e.close();"
        "assert 'numba' not in sys.modules and 'core.tape' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_opening_brings_a_snapshot(bench: Bench) -> None:
    bench.open()
    assert bench.state.status == "ready"
    bench.until(lambda: bench.engine.latest is not None)
    snapshot = bench.engine.take()
    assert snapshot is not None
    assert snapshot.position.step == 0
    assert snapshot.program is not None
    assert {i.phase for i in snapshot.program.instructions} == {
        "data", "forward", "loss", "backward", "update",
    }  # fmt: skip
    assert bench.engine.take() is None
    assert bench.engine.latest is snapshot


def endless() -> Training:
    """Settings under which a run does not end before the test does."""
    return msgspec.structs.replace(templates.load("xor-mlp").training, epochs=100_000)


def test_play_and_pause(bench: Bench) -> None:
    bench.open(training=endless())
    bench.engine.set_speed("max")
    bench.engine.play()
    bench.until(lambda: bench.state.status == "playing" and bench.step_of() > 50)
    bench.engine.pause()
    bench.until(lambda: bench.state.status == "paused")
    stopped = bench.step_of()
    bench.settle()
    assert bench.step_of() == stopped
    assert not bench.problems


def test_a_run_ends_where_it_was_set_to_end_and_goes_on_when_asked(bench: Bench) -> None:
    template = templates.load("xor-mlp")
    bench.open(training=msgspec.structs.replace(template.training, epochs=2))
    bench.engine.set_speed("max")
    bench.engine.play()
    bench.until(lambda: bench.state.finished)
    total = bench.step_of()
    assert total == 2 * bench.state.position.batches
    assert bench.state.status == "paused"
    assert [name for name, _ in bench.events].count("run.finished") == 1
    bench.engine.play()
    bench.until(lambda: bench.state.finished and bench.step_of() == 2 * total)
    assert bench.state.epochs_planned == 4
    bench.engine.reset()
    bench.until(lambda: not bench.state.finished)
    assert bench.state.epochs_planned == 2


def test_a_run_of_no_epochs_is_refused_with_a_sentence() -> None:
    work = work_for("xor-mlp")
    none = msgspec.structs.replace(work.training, epochs=0)
    with pytest.raises(SettingError, match="pochs"):
        Session(work_for("xor-mlp", training=none))


@pytest.mark.parametrize("granularity", ["instruction", "layer", "batch", "epoch"])
def test_step_and_back_give_the_same_bits(bench: Bench, granularity: str) -> None:
    bench.open()
    bench.engine.step("batch")
    bench.engine.step("instruction")
    before = bench.weights()
    place = bench.ask("saved_state").run
    bench.engine.step(granularity)
    after = bench.ask("saved_state").run
    assert (after["step"], after["pc"]) > (place["step"], place["pc"])
    bench.engine.step_back(granularity)
    back = bench.ask("saved_state").run
    if granularity in ("instruction", "layer"):
        assert (back["step"], back["pc"]) <= (after["step"], after["pc"])
    bench.engine.seek(place["step"], place["pc"])
    bench.settle()
    found = bench.weights()
    for name, array in before.items():
        np.testing.assert_array_equal(found[name], array)


def test_a_step_names_its_instruction(bench: Bench) -> None:
    bench.open()
    for _ in range(3):
        bench.engine.step("instruction")
    bench.until(lambda: len([n for n, _ in bench.events if n == "run.stepped"]) == 3)
    bench.until(lambda: bench.engine.latest is not None and bench.engine.latest.position.pc == 3)
    snapshot = bench.engine.latest
    assert snapshot is not None
    assert snapshot.instruction == 2
    written = snapshot.program.instructions[2].writes[0]  # type: ignore[union-attr]
    assert snapshot.written_at[written] == (0, 2)
    later = snapshot.program.instructions[8].writes[0]  # type: ignore[union-attr]
    assert later not in snapshot.written_at


def test_probes_come_with_the_next_snapshot(bench: Bench) -> None:
    bench.open()
    probes = (
        Probe("dense_1/kernel"),
        Probe("dense_1/output", rows=0),
        Probe("dense_1/output", source="sample"),
        Probe("dense_1/output", source="plane"),
        Probe("grad/dense_1/kernel", source="sample"),
        Probe("dense_1/kernel", reduction="histogram"),
        Probe("dense_1/kernel", reduction="top256"),
        Probe("nothing/at/all"),
    )
    bench.engine.subscribe("test", probes)
    bench.engine.step("batch")
    # What is read of the training step, of the sample and of the plane is ready one after the other.
    expected = {
        "dense_1/kernel",
        "dense_1/output",
        "sample:dense_1/output",
        "plane:dense_1/output",
        "sample:grad/dense_1/kernel",
        "histogram:dense_1/kernel",
        "top256:dense_1/kernel",
    }
    bench.until(
        lambda: bench.engine.latest is not None and expected <= bench.engine.latest.values.keys()
    )
    values = bench.engine.latest.values  # type: ignore[union-attr]
    assert values["dense_1/kernel"].shape == (2, 4)
    assert values["dense_1/output"].shape == (4,)
    assert values["sample:dense_1/output"].shape == (4,)
    assert values["sample:grad/dense_1/kernel"].shape == (2, 4)
    units, side, other = values["plane:dense_1/output"].shape
    assert units == 4
    assert side == other
    assert values["histogram:dense_1/kernel"].shape == (2, 32)
    assert values["top256:dense_1/kernel"].shape == (8, 3)
    assert "nothing/at/all" not in values
    assert all(not array.flags.writeable for array in values.values())
    bench.engine.unsubscribe("test")
    bench.engine.step("batch")
    bench.until(lambda: bench.engine.latest is not None and not bench.engine.latest.values)


def test_the_plane_is_what_prediction_says(bench: Bench) -> None:
    bench.open()
    bench.engine.subscribe("test", (Probe("dense_2/output", source="plane"),))
    bench.until(lambda: bench.engine.latest is not None and bool(bench.engine.latest.values))
    snapshot = bench.engine.latest
    assert snapshot is not None
    assert snapshot.plane is not None
    grid = snapshot.values["plane:dense_2/output"]
    low, high = snapshot.plane.low, snapshot.plane.high
    corner = np.array([[low[0], high[1]], [high[0], low[1]]], np.float32)
    said = bench.ask("predict", x=corner)
    np.testing.assert_array_equal(grid[:, 0, 0], said[0])
    np.testing.assert_array_equal(grid[:, -1, -1], said[1])


def test_the_learning_rate_changes_on_the_fly(bench: Bench) -> None:
    bench.open(training=endless())
    bench.engine.set_speed("max")
    bench.engine.play()
    bench.until(lambda: bench.step_of() > 5)
    bench.engine.set("learning_rate", 0.0)
    frozen = bench.weights()
    bench.until(lambda: len([1 for n, _ in bench.events if n == "run.epoch-ended"]) > 2)
    bench.engine.pause()
    # Adam's memory moves on, but a rate of nothing moves no weight.
    for name, array in bench.weights().items():
        np.testing.assert_array_equal(array, frozen[name])


def test_reset_brings_the_first_weights_back(bench: Bench) -> None:
    bench.open()
    first = bench.weights()
    bench.engine.step("epoch")
    bench.engine.reset()
    for name, array in bench.weights().items():
        np.testing.assert_array_equal(array, first[name])
    assert bench.state.status == "ready"
    assert bench.step_of() == 0


def test_a_saved_run_goes_on_to_the_same_bits(bench: Bench) -> None:
    bench.open()
    bench.engine.step("epoch")
    bench.engine.step("instruction")
    bench.engine.step("instruction")
    saved = bench.ask("saved_state")
    bench.engine.step("epoch")
    goal = bench.weights()
    bench.open(saved=saved)
    place = bench.ask("saved_state").run
    assert (place["step"], place["pc"]) == (saved.run["step"], 2)
    bench.engine.step("epoch")
    for name, array in bench.weights().items():
        np.testing.assert_array_equal(array, goal[name])


def test_a_foreign_state_leaves_a_run_from_its_weights(bench: Bench) -> None:
    bench.open()
    bench.engine.step("epoch")
    saved = bench.ask("saved_state")
    broken = type(saved)(saved.weights, {}, {"step": 3})
    bench.open(saved=broken)
    for name, array in bench.weights().items():
        np.testing.assert_array_equal(array, saved.weights[name])
    bench.engine.step("batch")
    bench.settle()
    assert not bench.problems


def test_divergence_stops_names_the_step_and_can_be_undone(bench: Bench) -> None:
    template = templates.load("chain-rule-by-hand")
    training = msgspec.structs.replace(
        template.training, optimizer={"kind": "SGD", "learning_rate": 1e30}
    )
    bench.open("spirals-mlp", training=msgspec.structs.replace(
        templates.load("spirals-mlp").training, loss="mean_squared_error",
        optimizer=training.optimizer,
    ), network=_linear())  # fmt: skip
    bench.engine.set_speed("max")
    bench.engine.play()
    bench.until(lambda: bench.state.status == "diverged")
    assert "step" in bench.state.reason
    (values,) = [v for n, v in bench.events if n == "run.diverged"]
    assert values["sentence"] == bench.state.reason
    assert values["instruction"] >= 0
    bench.engine.step_back("batch")
    bench.settle()
    assert bench.state.status in ("paused", "ready")
    assert all(np.isfinite(array).all() for array in bench.weights().values())


def _linear():  # type: ignore[no-untyped-def]
    network = templates.load("spirals-mlp").network
    for layer in network.layers:
        if layer.kind == "Dense":
            network = network.configure(layer.id, activation="linear")
    last = network.layers[-1].id
    return network.configure(last, units=1)


def test_evaluation_measures_held_out_data(bench: Bench) -> None:
    bench.open("digits-cnn")
    assert bench.engine.latest.predictions is None  # type: ignore[union-attr]
    bench.engine.show_predictions()
    bench.engine.evaluate()
    bench.until(
        lambda: bench.engine.latest is not None and bench.engine.latest.evaluation is not None
    )
    found = bench.engine.latest.evaluation  # type: ignore[union-attr]
    assert found is not None
    assert found.samples == 2000
    assert found.confusion is not None
    assert found.confusion.sum() == 2000
    assert found.accuracy == pytest.approx(np.trace(found.confusion) / 2000)
    page = bench.engine.latest.predictions  # type: ignore[union-attr]
    assert page is not None
    assert page.images.shape == (24, 28, 28, 1)
    outputs = bench.ask("predict", x=page.images.astype(np.float32) / 255)
    np.testing.assert_array_equal(outputs.argmax(1), page.predicted)


def test_the_last_measurement_is_of_the_last_weights(bench: Bench) -> None:
    bench.open("spirals-mlp")
    bench.engine.set_speed("max")
    bench.engine.play()
    bench.until(lambda: bench.state.finished)
    last = bench.state.position
    assert last is not None

    def measured() -> bool:
        shot = bench.engine.latest
        return (
            shot is not None and shot.evaluation is not None and shot.evaluation.step == last.step
        )

    bench.until(measured)
    assert bench.engine.latest is not None
    assert bench.engine.latest.history.val_steps[-1] == last.step


def test_explanations_agree_with_the_kernels(bench: Bench) -> None:
    bench.open()
    for _ in range(4):
        bench.engine.step("instruction")
    answer = bench.ask("explain", instruction=3, cell=(0, 1))
    assert answer.value == pytest.approx(answer.kernel_value, rel=1e-5)


def test_an_impossible_question_is_answered_with_a_sentence(bench: Bench) -> None:
    bench.open()
    with pytest.raises(RuntimeError, match="no value called"):
        bench.ask("tensor", name="nowhere/kernel")
    assert not bench.problems


def test_questions_about_what_an_edit_took_away_are_answered_with_a_sentence(bench: Bench) -> None:
    bench.open()
    bench.engine.step("batch")
    for wrong in ({"instruction": 999, "cell": (0, 0)}, {"instruction": 3, "cell": (0, 77)}):
        with pytest.raises(RuntimeError, match="network was changed"):
            bench.ask("explain", **wrong)
    with pytest.raises(RuntimeError, match="network was changed"):
        bench.ask("explain", instruction=3, cell=(0, 1), program=-1)
    assert not bench.problems


def test_digits_begin_with_one_that_can_be_read() -> None:
    session = Session(work_for("digits-cnn"))
    view = session.snapshot(()).sample
    assert view is not None
    assert view.label == 3
    threes = [x for x, y in zip(*held_out_of(session), strict=True) if y == 3]
    assert view.x.sum() >= np.median([x.sum() for x in threes])
    session.select_sample(7, "validation")
    session.edit(work_for("digits-cnn"))
    assert session.snapshot(()).sample.index == 7


def held_out_of(session: Session) -> tuple[np.ndarray, np.ndarray]:
    samples = held_out(session.run)
    labels = labels_of(samples.targets[0].array)
    assert labels is not None
    return inputs_of(samples, slice(None)), labels


# Editing while it runs


def test_a_changed_network_keeps_the_weights_that_fit(bench: Bench) -> None:
    bench.open()
    bench.engine.step("epoch")
    before, step = bench.weights(), bench.step_of()
    template = templates.load("xor-mlp")
    wider = template.network.configure("dense_1", units=6)
    bench.engine.edit(work_for("xor-mlp", network=wider))
    after = bench.weights()
    assert after["dense_1/kernel"].shape == (2, 6)
    np.testing.assert_array_equal(after["dense_1/kernel"][:, :4], before["dense_1/kernel"])
    assert bench.step_of() == step
    bench.engine.step("epoch")
    bench.settle()
    assert not bench.problems


def test_other_data_begin_anew(bench: Bench) -> None:
    bench.open()
    bench.engine.step("epoch")
    bench.engine.edit(work_for("xor-mlp", parameters={"samples": 100}))
    bench.settle()
    assert bench.step_of() == 0


def test_an_edit_that_fails_changes_nothing(bench: Bench) -> None:
    bench.open()
    bench.engine.step("batch")
    before = bench.weights()
    network = templates.load("xor-mlp").network
    wrong = network.insert(1, new_layer("Conv2D", network))
    bench.engine.edit(work_for("xor-mlp", network=wrong))
    bench.until(lambda: bool(bench.problems))
    for name, array in bench.weights().items():
        np.testing.assert_array_equal(array, before[name])
    bench.engine.step("batch")
    bench.settle()
    assert bench.step_of() == 2


def test_the_document_is_followed_and_blocks_what_cannot_run(bench: Bench) -> None:
    template = templates.load("xor-mlp")
    document = Document(State(template.title, template.network, template.training, template.data))
    bus = Bus()
    with bench.qtbot.waitSignal(bench.engine.ready, timeout=60_000):
        bench.engine.attach(bus, document)
    wrong = template.network.insert(1, new_layer("Conv2D", template.network))
    document.edit("wrong", network=wrong)
    bench.until(lambda: bench.state.status == "blocked")
    assert bench.state.reason
    bus.do("run.play")
    assert bench.problems == [bench.state.reason]
    document.stack.undo()
    bench.until(lambda: bench.state.status in ("ready", "paused"))
    bus.do("run.step", granularity="batch")
    bench.until(lambda: bench.step_of() == 1)


def test_slow_motion_shows_each_step_between_two_real_ones(bench: Bench) -> None:
    bench.open()
    bench.engine.set_speed("8x")
    bench.engine.play()
    seen: set[tuple[int, int]] = set()
    directions: set[str] = set()

    def look() -> bool:
        motion = bench.engine.motion
        if motion.phase is not None and motion.before is not None and motion.after is not None:
            seen.add((motion.before.position.step, motion.after.position.step))
            directions.add(motion.phase.direction)
        return len(seen) >= 2 and directions == {"forward", "backward", "update"}

    bench.until(look)
    assert all(after == before + 1 for before, after in seen)


def test_closing_while_it_plays(qtbot) -> None:  # type: ignore[no-untyped-def]
    engine = Engine(warm=False)
    bench = Bench(engine, qtbot)
    bench.open()
    engine.set_speed("max")
    engine.play()
    bench.until(lambda: bench.step_of() > 5)
    engine.close()
    assert engine._worker.isFinished()
    engine.play()
    engine.close()


def test_other_metrics_keep_the_curve_of_the_loss() -> None:
    work = work_for("xor-mlp")
    session = Session(work)
    while session.position.step < 30:
        session.advance(30 - session.position.step)
    before = session.snapshot(()).history
    for metrics in (("mean_absolute_error",), ()):
        training = msgspec.structs.replace(work.training, metrics=metrics)
        session.edit(dataclasses.replace(work, training=training))
        after = session.snapshot(()).history
        assert after.loss.tolist() == before.loss.tolist()
        assert after.val_loss.tolist() == before.val_loss.tolist()
        session.advance(1)
        assert len(session.snapshot(()).history.loss) == len(before.loss) + 1
        list(session.seek(30))


def test_play_and_reset_come_after_an_edit_that_is_settling(bench: Bench) -> None:
    template = templates.load("xor-mlp")
    state = State(template.title, template.network, template.training, template.data)
    bus, document = Bus(), Document(state)
    engine = bench.engine
    with bench.qtbot.waitSignal(engine.ready, timeout=60_000):
        engine.attach(bus, document)
    document.edit("more epochs", training=msgspec.structs.replace(document.training, batch_size=2))
    for command in ("run.reset", "run.play"):
        bus.do(command)
    bench.until(lambda: bench.state.status == "playing")
    assert engine._worker._session.run.training.batch_size == 2
    bus.do("run.pause")
    bench.until(lambda: bench.state.status in ("ready", "paused"))


@pytest.mark.parametrize("name", ["spirals-mlp", "xor-mlp"])
def test_at_full_speed_every_epoch_measures_what_is_held_out(bench: Bench, name: str) -> None:
    work = work_for(name)
    training = msgspec.structs.replace(work.training, epochs=12, callbacks=())
    bench.open(name, training=training)
    bench.engine.set_speed("max")
    bench.engine.play()
    bench.until(lambda: bench.state.finished and bench.state.status == "paused")
    bench.settle()
    run = bench.engine._worker._session.run
    plain = Session(dataclasses.replace(work, training=training)).run
    assert [e.epoch for e in run.history.epochs] == list(range(1, 13))
    for ours, theirs in zip(run.history.epochs, plain.train(12), strict=True):
        assert ours.metrics == theirs.metrics


def on(session: Session, epoch: int) -> None:
    while session.epoch < epoch:
        session.advance(1)


def test_an_epoch_does_not_wait_for_what_takes_longer_than_itself() -> None:
    session = Session(work_for("xor-mlp"))
    for _ in session.evaluation():
        pass
    on(session, 1)
    assert session.measured
    session.meter._last.extend([1e9] * 8)
    on(session, 2)
    assert session.epoch == 2
    assert not session.measured
    assert session.evaluation_lags
    session.meter._last.clear()
    # A command comes in between.
    asked = iter([False, True])
    assert session.advance(1, lambda: next(asked, False)) == 0
    assert not session.measured
    assert session.advance(1) == 1
    assert {e.epoch for e in session.run.history.epochs if "val_loss" in e.metrics} >= {1, 2}
