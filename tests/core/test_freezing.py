"""Frozen layers: what is said of them, what is written for them on a tape, and what training leaves alone."""

from __future__ import annotations

import copy
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import core
from core import layers as L
from core import losses
from core.errors import AdviceWarning, SettingError
from core.layers import registry
from core.spec import Network, inspect
from core.tape.compiler import Tape, compile_network
from tests.core.networks import chain
from tests.core.subjects import Subject, each, layer_subjects


def model(**first: Any) -> core.Sequential:
    made = core.Sequential(
        [
            core.Input((4,)),
            L.Dense(3, "relu", **first),
            L.BatchNormalization(),
            L.Dense(2, activation="softmax"),
        ],
        seed=3,
    )
    made.compile("adam", "sparse_categorical_crossentropy")
    return made


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    return rng.normal(size=(24, 4)).astype(np.float32), rng.integers(0, 2, 24)


def moved(made: Any, **fitting: Any) -> list[str]:
    """The weights that an epoch changes."""
    before = made.weights_by_name()
    made.fit(*data(), batch_size=8, **fitting)
    after = made.weights_by_name()
    return [name for name, value in before.items() if not np.array_equal(value, after[name])]


def tape_of(network: Network, **more: Any) -> Tape:
    loss = losses.get("mean_squared_error")
    given = [loss] * len(network.outputs)
    return compile_network(network, "train", loss=given if len(given) > 1 else loss, **more)


# ---- what is said -------------------------------------------------------------------------------------------------


def test_lists_counts_and_summary_tell_what_learns() -> None:
    made = model(trainable=False)
    names = [one.path for one in made.trainable_weights]
    assert names == [
        "batch_normalization/gamma",
        "batch_normalization/beta",
        "dense_1/kernel",
        "dense_1/bias",
    ]
    assert [one.path for one in made.non_trainable_weights] == [
        "dense/kernel", "dense/bias", "batch_normalization/moving_mean", "batch_normalization/moving_variance",
    ]  # fmt: skip
    dense = made.layers[0]
    assert (dense.trainable, dense.trainable_weights) == (False, [])
    assert len(dense.non_trainable_weights) == 2
    text = made.summary_text(show_trainable=True)
    assert "Trainable params: 14" in text
    assert "Non-trainable params: 21" in text
    assert [line[-1] for line in text.splitlines()[3:6]] == ["N", "Y", "Y"]
    assert "Trainable\n" not in made.summary_text()
    dense.trainable = True
    assert "Trainable params: 29" in made.summary_text()
    assert made.network.layer("dense").config == L.Dense(3, "relu").config


def test_a_model_freezes_all_of_it_and_nested_models_hear_of_it() -> None:
    inner = core.Sequential([core.Input((4,)), L.Dense(3, name="within")], name="inner")
    outer = core.Sequential([core.Input((4,)), inner, L.Dense(2, name="own")])
    assert (inner.count_params(), "Trainable params: 23" in outer.summary_text()) == (15, True)
    inner.trainable = False
    assert [one.path for one in outer.trainable_weights] == ["own/kernel", "own/bias"]
    assert "Trainable params: 8" in outer.summary_text()
    assert "Trainable params: 0" in inner.summary_text()
    outer.trainable = True
    assert inner.trainable
    assert len(outer.trainable_weights) == 4
    outer.trainable = False
    inner.layers[0].trainable = True
    # As in Keras: a frozen model has nothing that learns, whatever its layers say.
    assert outer.trainable_weights == []
    assert "Trainable params: 0" in outer.summary_text()


def test_a_copy_is_frozen_apart() -> None:
    made = model(trainable=False)
    other = copy.deepcopy(made)
    other.layers[0].trainable = True
    assert (len(other.trainable_weights), len(made.trainable_weights)) == (6, 4)
    assert "Trainable params: 29" in other.summary_text()
    assert "Trainable params: 14" in made.summary_text()


def test_a_model_may_be_made_frozen_or_frozen_before_it_is_built() -> None:
    for made in (
        core.Sequential([L.Dense(3, "relu"), L.Dense(2)], trainable=False),
        core.Sequential([core.Input((4,)), L.Dense(2)], trainable=False),
        core.Sequential([core.Sequential([L.Dense(3, "relu")]), L.Dense(2)], trainable=False),
    ):
        made.build((None, 4))
        assert not made.trainable
        assert made.trainable_weights == []
        made.trainable = True
        assert all(layer.trainable for layer in made.layers)
    start = core.Input((4,))
    assert core.Model(start, L.Dense(2)(start), trainable=False).trainable_weights == []


@pytest.mark.parametrize("value", [1, 0, "no", None, [False]])
def test_trainable_is_yes_or_no(value: Any) -> None:
    for refuse in (lambda: L.Dense(2, trainable=value), lambda: setattr(model(), "trainable", value)):  # fmt: skip
        with pytest.raises(SettingError, match="trainable must be yes or no"):
            refuse()


def test_a_wrapper_takes_along_what_it_wraps() -> None:
    both = L.Bidirectional(L.LSTM(2), trainable=False)
    assert both.config["layer"]["config"]["trainable"] is False
    both.trainable = True
    assert both.config == L.Bidirectional(L.LSTM(2)).config
    network = chain(
        (3, 2), ("Bidirectional", {"layer": {"class_name": "LSTM", "config": {"units": 2}}})
    )
    frozen = network.configure("bidirectional_1", trainable=False)
    assert frozen.layers[1].config["layer"]["config"]["trainable"] is False
    assert frozen.configure("bidirectional_1", trainable=True) == network


def test_every_layer_takes_it_and_documents_mention_it_only_if_it_is_frozen() -> None:
    for kind in registry.kinds():
        needed = {s.name: s.default for s in kind.settings if s.required}
        plain = kind.normalise({**needed, "trainable": True})
        assert "trainable" not in plain
        frozen = kind.normalise({**needed, "trainable": False})
        assert frozen.pop("trainable") is False
        assert "trainable" in kind.__signature__.parameters  # type: ignore[attr-defined]
        assert "trainable : default True" in str(kind.__doc__)


def test_counts_of_a_document_tell_what_learns() -> None:
    network = chain(
        (4,), ("Dense", {"units": 3}), ("BatchNormalization", {}), ("Dense", {"units": 2})
    )
    frozen = network.configure("dense_1", trainable=False)
    rows = inspect(frozen).rows
    assert [row.parameters for row in rows] == [0, 15, 12, 8]
    assert [row.trainable_parameters for row in rows] == [0, 0, 6, 8]
    assert inspect(frozen).parameters == 35


# ---- when it holds ------------------------------------------------------------------------------------------------


def test_it_holds_from_the_next_compile_on() -> None:
    made = model()
    made.layers[0].trainable = False
    with pytest.warns(AdviceWarning, match="dense was frozen after compile.*Call compile again"):
        assert "dense/kernel" in moved(made)
    with warnings.catch_warnings():
        # It is told once.
        warnings.simplefilter("error")
        moved(made)
        made.compile("adam", "sparse_categorical_crossentropy")
        assert "dense/kernel" not in moved(made)
        made.layers[0].trainable = True
        made.layers[0].trainable = False
        moved(made)
    made.trainable = True
    with pytest.warns(AdviceWarning, match="dense was made trainable after compile"):
        assert "dense/kernel" not in moved(made)


def test_a_loss_that_data_decide_about_does_not_compile_again() -> None:
    made = core.Sequential([core.Input((4,)), L.Dense(3, "relu"), L.Dense(2, activation="softmax")])
    made.compile("adam", "crossentropy")
    made.layers[0].trainable = False
    with pytest.warns(AdviceWarning, match="frozen after compile"):
        assert "dense/kernel" in moved(made)


def test_a_part_of_two_models_can_learn_in_one_and_be_frozen_in_the_other() -> None:
    """Generator and discriminator of a GAN: the discriminator was compiled before it was frozen for the pair."""
    judge = core.Sequential([core.Input((4,)), L.Dense(2, activation="softmax", name="judge")])
    judge.compile("sgd", "sparse_categorical_crossentropy")
    judge.trainable = False
    pair = core.Sequential([core.Input((4,)), L.Dense(4, name="maker"), judge])
    pair.compile("sgd", "sparse_categorical_crossentropy")
    assert moved(pair) == ["maker/kernel", "maker/bias"]
    with pytest.warns(AdviceWarning, match="judge was frozen after compile"):
        assert moved(judge) == ["judge/kernel", "judge/bias"]
    assert np.array_equal(judge.get_weights()[0], pair.layers[-1].get_weights()[0])


def test_nothing_learns_and_that_is_told() -> None:
    made = model()
    made.trainable = False
    with pytest.warns(AdviceWarning, match="Every layer with weights is frozen"):
        made.compile("adam", "sparse_categorical_crossentropy")
    # The running sums and the loss go on; nothing else does.
    assert moved(made) == []
    assert np.isfinite(made.evaluate(*data()))


def test_the_optimizer_remembers_only_what_learns() -> None:
    made = model(trainable=False)
    made.fit(*data())
    slots = made.memory().slots
    assert "dense_1/kernel/m" in slots
    assert "dense/kernel/m" not in slots


def test_a_frozen_dropout_drops(tmp_path: Path) -> None:
    made = core.Sequential([core.Input((4,)), L.Dropout(0.5, trainable=False), L.Dense(2)])
    made.compile("sgd", "mse")
    assert "dropout_mask" in [ins.op for ins in made.program(4).instructions]
    made.save(tmp_path / "m.chainrule")
    assert not core.load_model(tmp_path / "m.chainrule").layers[1].trainable


def test_a_file_keeps_it_and_goes_on_with_it(tmp_path: Path) -> None:
    made = model(trainable=False)
    made.fit(*data())
    made.save(tmp_path / "m.chainrule")
    other = core.load_model(tmp_path / "m.chainrule")
    assert [layer.trainable for layer in other.layers[1:]] == [False, True, True]
    assert moved(other) == moved(made)
    for mine, theirs in zip(made.get_weights(), other.get_weights(), strict=True):
        assert np.array_equal(mine, theirs)


# ---- the tape -----------------------------------------------------------------------------------------------------


def frozen_of(tape: Tape, *layer_ids: str) -> list[str]:
    """What a tape writes for layers behind the forward pass."""
    return [
        f"{ins.phase} {ins.op} of {ins.layer}"
        for ins in tape.instructions
        if ins.phase in ("backward", "update") and ins.layer in layer_ids
    ]


@each(layer_subjects())
def test_backward_stops_where_nothing_learns(subject: Subject) -> None:
    """Frozen with all before it, a layer has nothing to do behind the forward pass."""
    network = subject.network
    ends = {layer.id for layer in network.layers if layer.id.startswith("end")}
    if not ends:
        pytest.skip("an Input")
    for layer in network.layers:
        if layer.id not in ends:
            network = network.configure(layer.id, trainable=False)
    tape = tape_of(network)
    learning = {layer.id for layer in network.layers} - ends
    # States that last move on, whoever is frozen.
    written = [one for one in frozen_of(tape, *learning) if "keep_state" not in one]
    assert written == []
    assert {slot.layer for slot in tape.weights if slot.learns} <= ends
    through = [t for t in tape.tensors.values() if t.requires_grad and t.layer in learning]
    assert through == []


@each(layer_subjects())
def test_a_frozen_layer_passes_gradients_on_and_has_none(subject: Subject) -> None:
    if "subject" not in {layer.id for layer in subject.network.layers}:
        pytest.skip("an Input")
    network = subject.network.configure("subject", trainable=False)
    tape = tape_of(network)
    own = [slot.tensor.name for slot in tape.weights if slot.layer == "subject"]
    assert not [name for name in own if f"grad/{name}" in tape.tensors]
    assert not [
        one
        for one in frozen_of(tape, "subject")
        if one.startswith("update") and "keep_state" not in one
    ]
    read = {id(t.buffer) for ins in tape.instructions for t in ins.inputs.values()}
    for ins in tape.instructions:
        if ins.phase == "backward" and ins.layer == "subject":
            # Nothing is worked out that nobody reads.
            assert any(id(t.buffer) in read for t in ins.outputs.values()), ins.op
    branches = [layer.id for layer in network.layers if layer.id.startswith("branch")]
    learnt = {ins.layer for ins in tape.instructions if ins.phase == "update"}
    before = {ins.layer for ins in tape_of(subject.network).instructions if ins.phase == "update"}
    assert learnt & set(branches) == before & set(branches)


def test_inputs_have_gradients_when_they_are_asked_for() -> None:
    network = chain((4,), ("Dense", {"units": 3, "activation": "tanh"}), ("Dense", {"units": 2}))
    for layer in ("dense_1", "dense_2"):
        network = network.configure(layer, trainable=False)
    tape = compile_network(network, "explain", wrt="input", head="score")
    assert any(name.startswith("grad/input") for name in tape.tensors)
    made = core.Sequential([core.Input((4,)), L.Dense(2, trainable=False)])
    with pytest.warns(AdviceWarning):
        made.compile("sgd", "mse")
    assert not [
        i for i in made.program(4).instructions if i.phase in ("backward", "update") and i.layer
    ]
