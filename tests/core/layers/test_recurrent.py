"""Recurrent layers: states that last, gradients that are cut, several outputs, what is refused."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import core
from core import layers, losses
from core.errors import ChainruleError, GraphError, SettingError
from core.runs import Run
from core.runs.samples import prepare
from core.spec import Network, Training
from core.tape.compiler import compile_network
from core.tape.program import Program
from tests.core.networks import chain, differences, everything
from tests.core.subjects import bound

KINDS = ("SimpleRNN", "LSTM", "GRU")
by_kind = pytest.mark.parametrize("kind", KINDS)


def stateful_run(kind: str = "LSTM", samples: int = 12, **fields: Any) -> Run:
    rng = np.random.default_rng(0)
    network = chain((4, 2), (kind, {"units": 3, "stateful": True}), ("Dense", {"units": 1}))
    training = Training(
        optimizer={"kind": "Adam", "learning_rate": 0.02}, batch_size=4, seed=5, **fields
    )
    x, y = rng.normal(size=(samples, 4, 2)), rng.normal(size=(samples, 1))
    return Run(network, training, samples=prepare(x, y, losses.get("mse"), 1))


# ---- states that last -----------------------------------------------------------------------------------------------


@by_kind
def test_a_batch_begins_where_the_one_before_ended(kind: str) -> None:
    run = stateful_run(kind)
    assert all((values == 0).all() for values in run.program.states().values())
    run.advance(1)
    after = {name: values.copy() for name, values in run.program.states().items()}
    layer = run.network.layers[1].id
    assert np.array_equal(after[f"{layer}/state/h"], run.program.tensor(f"{layer}/output"))
    run.step()  # the samples of the next batch are chosen; nothing of the state has changed
    for name, values in run.program.states().items():
        assert np.array_equal(values, after[name])


def test_a_long_sequence_in_pieces_ends_as_in_one() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(4, 9, 2)).astype(np.float32)
    whole = bound(chain((9, 2), ("GRU", {"units": 3})), None, mode="predict")
    pieces = bound(chain((3, 2), ("GRU", {"units": 3, "stateful": True})), None, mode="predict")
    pieces.set_weights(whole.weights())
    whole.feed([x])
    whole.run()
    for start in (0, 3, 6):
        pieces.feed([x[:, start : start + 3]])
        pieces.run()
    assert np.array_equal(whole.tensor("gru_1/output"), pieces.tensor("gru_1/output"))


def test_states_are_part_of_a_checkpoint() -> None:
    expected, run, loaded = stateful_run(), stateful_run(), stateful_run()
    expected.advance(3)
    expected.advance(3)
    run.advance(2)
    state, arrays = run.save_state()
    loaded.load_state(state, {key: array.copy() for key, array in arrays.items()})
    for there in (run, loaded):
        while there.position.step < 6:
            there.advance(6 - there.position.step)
        assert differences(everything(expected), everything(there)) == []


def test_clearing_states_is_part_of_the_history() -> None:
    run = stateful_run()
    run.advance(2)
    run.reset_states()
    assert all((values == 0).all() for values in run.program.states().values())
    run.advance(1)
    there = everything(run)
    run.advance(1)
    run.seek(1)
    run.seek(3)
    assert differences(there, everything(run)) == []
    kept = stateful_run()
    kept.advance(3)
    assert differences(there, everything(kept))


def test_measuring_leaves_the_states_of_training_alone() -> None:
    run = stateful_run()
    run.advance(2)
    before = everything(run)
    first, second = run.evaluate(run.samples), run.evaluate(run.samples)
    assert first == second
    assert differences(before, everything(run)) == []


def test_samples_that_do_not_fill_their_batches_are_refused() -> None:
    with pytest.raises(ChainruleError, match="13 samples do not divide into batches of 4"):
        stateful_run(samples=13)
    run = stateful_run()
    rng = np.random.default_rng(0)
    other = prepare(rng.normal(size=(6, 4, 2)), rng.normal(size=(6, 1)), losses.get("mse"), 1)
    with pytest.raises(ChainruleError, match="do not divide"):
        run.use(other)


def stateful_model() -> core.Sequential:
    model = core.Sequential(
        [core.Input((3, 2)), layers.LSTM(4, stateful=True), layers.Dense(1)], seed=3
    )
    model.compile("adam", "mse")
    return model


def test_predictions_go_on_from_each_other_until_states_are_reset() -> None:
    model = stateful_model()
    x = np.random.default_rng(0).normal(size=(4, 3, 2))
    first, second = model.predict(x), model.predict(x)
    assert not np.array_equal(first, second)
    model.layers[0].reset_states()
    assert np.array_equal(model.predict(x), first)
    model.reset_states()
    both = model.predict(np.concatenate([x, x]), batch_size=4)
    assert np.array_equal(both, np.concatenate([first, second]))
    with pytest.raises(ChainruleError, match="7 samples do not divide"):
        model.predict(np.zeros((7, 3, 2)), batch_size=4)


def test_training_and_prediction_share_their_states(tmp_path) -> None:
    model = stateful_model()
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 3, 2)), rng.normal(size=(8, 1))
    model.fit(x, y, batch_size=4, shuffle=False)
    model.save(tmp_path / "m.chainrule")
    again = core.load_model(tmp_path / "m.chainrule")
    for there in (model, again):
        there.fit(x, y, batch_size=4, shuffle=False)
    assert all(map(np.array_equal, model.get_weights(), again.get_weights()))
    on = model.predict(x[:4], batch_size=4)
    model.reset_states()
    assert not np.array_equal(on, model.predict(x[:4], batch_size=4))


# ---- gradients that are cut ------------------------------------------------------------------------


def gradients(network: Network, x: np.ndarray, steps: int | None) -> Program:
    program = bound(network, losses.get("mse"), truncated_bptt_steps=steps)
    program.feed([x], [np.ones((4, 1))])
    program.run(next(k for k, ins in enumerate(program.tape.instructions) if ins.phase != "data"))
    return program


@by_kind
def test_a_gradient_goes_back_to_the_last_cut(kind: str) -> None:
    """As if the last window were alone, begun with the states in which the one before ended."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(4, 7, 2))
    end = ("Dense", {"units": 1})
    cut = gradients(chain((7, 2), (kind, {"units": 3}), end), x, 3)
    full = gradients(chain((7, 2), (kind, {"units": 3}), end), x, None)
    window = bound(chain((1, 2), (kind, {"units": 3, "stateful": True}), end), losses.get("mse"))
    window.set_weights(cut.weights())
    node = cut.tape.network.layers[1].id
    names = {"h": f"{node}/h_held/6", "c": f"{node}/c_held/6"}
    for name, state in window.states().items():
        state[...] = cut.tensor(names[name.rsplit("/", 1)[1]])
    window.feed([x[:, 6:]], [np.ones((4, 1))])
    window.run(next(k for k, ins in enumerate(window.tape.instructions) if ins.phase != "data"))
    assert float(cut.tensor("loss")) == float(full.tensor("loss")) == float(window.tensor("loss"))
    for slot in cut.tape.weights:
        name = f"grad/{slot.tensor.name}"
        assert cut.tensor(name) == pytest.approx(window.tensor(name), rel=1e-12, abs=1e-15), name
    kernel = f"grad/{node}/recurrent_kernel"
    assert np.abs(cut.tensor(kernel) - full.tensor(kernel)).max() > 1e-5


@by_kind
def test_windows_as_long_as_the_sequence_cut_nothing(kind: str) -> None:
    network = chain((5, 2), (kind, {"units": 3}), ("Dense", {"units": 1}))
    tapes = [compile_network(network, "check", loss=losses.get("mse"), truncated_bptt_steps=k)
             for k in (None, 5, 9)]  # fmt: skip
    assert len({tuple(ins.op for ins in tape.instructions) for tape in tapes}) == 1


def test_truncation_is_a_setting_of_training() -> None:
    run = stateful_run(truncated_bptt_steps=2)
    assert any(ins.op == "cut_gradient" for ins in run.program.tape.instructions)
    run.advance(2)
    model = core.Sequential([core.Input((6, 2)), layers.GRU(3), layers.Dense(1)])
    model.compile("sgd", "mse")
    rng = np.random.default_rng(0)
    model.fit(rng.normal(size=(8, 6, 2)), rng.normal(size=(8, 1)), truncated_bptt_steps=2)
    for wrong in (0, -1, 1.5, "two"):
        with pytest.raises(SettingError, match="Truncated bptt steps"):
            model.fit(np.zeros((8, 6, 2)), np.zeros((8, 1)), truncated_bptt_steps=wrong)


# ---- dropout --------------------------------------------------------------------------------------------------------


@by_kind
def test_dropout_silences_the_same_units_at_every_step(kind: str) -> None:
    network = chain((5, 4), (kind, {"units": 6, "dropout": 0.5, "recurrent_dropout": 0.5}))
    program = bound(network, losses.get("mse"))
    program.run(next(k for k, ins in enumerate(program.tape.instructions) if ins.phase != "data"))
    masks = [ins for ins in program.tape.instructions if ins.op == "dropout_mask"]
    gates = {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}[kind]
    assert len(masks) == 2 * gates
    drawn = [program.tensor(ins.output.name).tobytes() for ins in masks]
    assert len(set(drawn)) == len(drawn)
    assert not any(
        ins.op == "dropout_mask" for ins in compile_network(network, "predict").instructions
    )


# ---- several outputs ---------------------------------------------------------------------------------


def test_states_are_outputs_of_the_functional_api() -> None:
    x = core.Input((5, 2))
    whole, h, c = layers.LSTM(3, return_sequences=True, return_state=True)(x)
    assert (whole.shape, h.shape, c.shape) == ((5, 3), (3,), (3,))
    decoded = layers.LSTM(3)(whole, initial_state=[h, c])
    model = core.Model(x, [decoded, c])
    assert model.network.outputs[1].endswith(":2")
    assert model.output_shape == [(None, 3), (None, 3)]
    given = np.random.default_rng(0).normal(size=(4, 5, 2))
    first, last = model.predict(given)
    assert first.shape == last.shape == (4, 3)
    assert "[(None, 5, 3), (None, 3), (None, 3)]" in model.summary_text()


def test_a_chain_hands_on_one_output() -> None:
    with pytest.raises(GraphError, match="gives 3 outputs"):
        core.Sequential([core.Input((5, 2)), layers.LSTM(3, return_state=True), layers.Dense(1)])
    last = core.Sequential([core.Input((5, 2)), layers.LSTM(3, return_state=True)])
    assert len(last.predict(np.zeros((2, 5, 2)))) == 3


@by_kind
def test_initial_states_must_fit(kind: str) -> None:
    x, h = core.Input((5, 2)), core.Input((4,))
    count = 2 if kind == "LSTM" else 1
    with pytest.raises(ChainruleError, match="initial state is a list of 4"):
        getattr(layers, kind)(3)(x, initial_state=[h] * count)
    with pytest.raises(ChainruleError, match=r"inputs|initial state"):
        getattr(layers, kind)(4)(x, initial_state=[h] * (count + 1))
    with pytest.raises(SettingError, match="takes no 'state'"):
        getattr(layers, kind)(4)(x, state=h)


@by_kind
def test_every_gate_has_a_name_at_every_time_step(kind: str) -> None:
    program = bound(chain((3, 2), (kind, {"units": 2})), None, mode="predict")
    node = program.tape.network.layers[1].id
    gates = {
        "SimpleRNN": (),
        "LSTM": ("i", "f", "g", "o", "c"),
        "GRU": ("update", "reset", "candidate"),
    }
    for t in range(3):
        for gate in (*gates[kind], "h"):
            assert f"{node}/{gate}/{t}" in program.tensors


def test_a_long_sequence_is_compiled_in_time_that_grows_with_it() -> None:
    """Counted, not timed: an instruction is looked at once, however many pieces of gradients are laid side by side."""
    looks = []
    for steps in (20, 80):
        network = chain((steps, 2), ("LSTM", {"units": 2}), ("Dense", {"units": 1}))
        counted = 0

        def count(_frame: Any, event: str, _what: Any) -> None:
            nonlocal counted
            counted += event == "call"

        sys.setprofile(count)
        try:
            compile_network(network, "train", loss=losses.get("mse"))
        finally:
            sys.setprofile(None)
        looks.append(counted)
    assert looks[1] < 5 * looks[0]
