"""What every registered layer, loss, optimizer and operation keeps to; a new one is checked without a line here."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest

from core import initializers, losses, metrics, optimizers
from core.errors import SettingError
from core.layers import registry
from core.layers.base import Layer
from core.layers.settings import Setting
from core.losses import Loss
from core.ops import operations
from core.optimizers import Optimizer
from core.spec import Network, Training, inspect, new_layer
from core.tape.compiler import compile_network
from core.tape.program import Program
from core.tape.table import table
from tests.core.networks import chain
from tests.core.subjects import (
    Subject,
    bound,
    each,
    first_computed,
    layer_subjects,
    loss_variants,
    optimizer_variants,
    targets_for,
)

KINDS = registry.kinds()
SUBJECTS = layer_subjects()
LOSSES = loss_variants()
OPTIMIZERS = optimizer_variants()
by_kind = pytest.mark.parametrize("kind", KINDS, ids=[k.__name__ for k in KINDS])
by_subject = each(SUBJECTS)
by_loss = pytest.mark.parametrize(("name", "loss"), LOSSES, ids=[name for name, _ in LOSSES])
by_optimizer = pytest.mark.parametrize(
    ("name", "optimizer"), OPTIMIZERS, ids=[n for n, _ in OPTIMIZERS]
)


def is_sentence(text: str) -> bool:
    """For a learner: it says something, and ends."""
    return len(text.split()) >= 4 and text[0].isupper() and text.rstrip().endswith(".")


# ---- layers -------------------------------------------------------------------------------------------------------


@by_kind
def test_a_layer_has_defaults_and_says_what_it_is(kind: type[Layer]) -> None:
    made = new_layer(kind.__name__)
    assert made.config == kind.normalise({})
    assert kind.from_config(made.config).config == made.config
    assert kind.family in registry.FAMILIES
    assert is_sentence(kind.summary)
    assert kind.__doc__
    assert kind.icon
    assert all(isinstance(line, str) for line in kind.from_config({}).describe())
    for setting in kind.settings:
        assert setting.label
        assert setting.help.endswith(".")
        assert setting.normalise(setting.default, kind.__name__) == setting.default


def test_every_layer_is_tried_in_a_network() -> None:
    assert {s.kind for s in SUBJECTS} == {kind.__name__ for kind in KINDS}


@by_subject
def test_settings_survive_json(subject: Subject) -> None:
    text = msgspec.json.encode(subject.network)
    again = msgspec.json.decode(text, type=Network)
    assert again == subject.network
    for layer in again.layers:
        assert registry.kind(layer.kind).normalise(layer.config) == layer.config


def wrong_values(setting: Setting) -> list[Any]:
    wrong: list[Any] = [object(), [], {}, b"x"]
    # Keras takes None for an initializer, too: its default for weights.
    if not setting.optional and setting.type != "initializer":
        wrong.append(None)
    if setting.type != "text":
        wrong.append("no such thing")
    if setting.type in ("int", "float"):
        low, high = setting.minimum, setting.maximum
        wrong += [math.nan, math.inf, -math.inf, 10**400, True]
        wrong += [low - 1] if low is not None else []
        wrong += [high + 1] if high is not None else []
    if setting.type == "int":
        wrong.append((setting.minimum or 0) + 0.5)
    if setting.type in ("pair", "shape"):
        low, high = int(setting.minimum or 0), int(setting.maximum or 10**9)
        wrong += [
            [low - 1, 1],
            [1, high + 1],
            [1.5, 1],
            ["a", 1],
            [[1], 1],
            [math.nan, 1],
            [True, 1],
        ]
        wrong += [[1, 1, 1]] if setting.type == "pair" else []
    if setting.type == "pairs":
        wrong += [
            -1,
            [1, -1],
            [1, 2, 3],
            [[1, 2], [1]],
            [[1, 2], [0.5, 1]],
            [[1, 2], "a"],
            [None, 1],
        ]
    if setting.type in ("bool", "choice"):
        wrong += [2, -1, 0.5]
    return wrong


@by_kind
def test_a_setting_out_of_range_is_refused_with_a_sentence(kind: type[Layer]) -> None:
    for setting in kind.settings:
        for value in wrong_values(setting):
            with pytest.raises(SettingError) as refused:
                kind.normalise({setting.name: value})
            text = str(refused.value)
            assert is_sentence(text), text
            assert kind.__name__ in text
            assert refused.value.setting == setting.name
        edges = [v for v in (setting.minimum, setting.maximum) if v is not None]
        for value in edges if setting.type in ("int", "float") else []:
            assert kind.normalise({setting.name: value})[setting.name] == value


@by_kind
def test_an_unknown_setting_is_refused(kind: type[Layer]) -> None:
    with pytest.raises(SettingError, match="has no setting 'colour'"):
        kind.normalise({"colour": 3})


@by_subject
def test_the_shape_rule_says_what_comes_out(subject: Subject) -> None:
    program = bound(subject.network, None, mode="predict", dtype=np.float32)
    program.run()
    found = inspect(subject.network)
    assert found.ok
    for row in found.rows:
        assert program.tensor(f"{row.node}/output").shape == (4, *row.output_shape)
        assert np.isfinite(program.tensor(f"{row.node}/output")).all()
    assert found.parameters == sum(w.size for w in program.weights().values())


@by_subject
def test_float32_agrees_with_float64(subject: Subject) -> None:
    programs = [
        bound(subject.network, losses.get("mse"), dtype=dtype) for dtype in (np.float32, np.float64)
    ]
    agree(*programs)


def agree(small: Program, large: Program) -> None:
    for program in (small, large):
        program.run(first_computed(program))
    for name, t in small.tape.tensors.items():
        if t.role in ("scratch", "data"):
            continue
        a, b = small.tensor(name), large.tensor(name)
        assert np.abs(a - b).max() <= 1e-4 * max(1.0, np.abs(b).max()), name


@by_subject
def test_a_row_has_the_same_bits_alone_and_in_a_batch(subject: Subject) -> None:
    rows_do_not_know_their_batch(subject.network)


def rows_do_not_know_their_batch(network: Network) -> None:
    batch = bound(network, None, rows=8, mode="predict", dtype=np.float32)
    inputs = [batch.tensor(t.name).copy() for t in batch.tape.inputs.values()]
    batch.run()
    alone = bound(network, None, rows=8, mode="predict", dtype=np.float32)
    for row in (0, 3, 7):
        alone.clear_states()
        alone.feed([x[row : row + 1] for x in inputs])
        alone.run()
        for name, t in batch.tape.tensors.items():
            if t.batch:
                assert alone.tensor(name)[0].tobytes() == batch.tensor(name)[row].tobytes(), name


# ---- losses, optimizers, metrics ------------------------------------------------------------------------------------


@by_loss
def test_a_loss_is_the_same_number_on_the_tape_and_on_arrays(name: str, loss: Loss) -> None:
    link = "linear" if loss.from_logits else loss.suits
    network = chain((4,), ("Dense", {"units": 3, "activation": link}))
    program = bound(network, loss, rows=5)
    program.run(first_computed(program))
    (targets,) = (program.tensor(t.name) for t in program.tape.targets.values())
    (outputs,) = (program.tensor(t.name) for t in program.tape.outputs.values())
    given = targets[:, 0] if loss.sparse else targets
    assert loss(given, outputs) == pytest.approx(float(program.tensor("loss")), rel=1e-9)
    assert loss.__doc__


@by_loss
def test_float32_agrees_with_float64_for_a_loss(name: str, loss: Loss) -> None:
    link = "linear" if loss.from_logits else loss.suits
    network = chain((4,), ("Dense", {"units": 3, "activation": link}))
    agree(*(bound(network, loss, rows=5, dtype=dtype) for dtype in (np.float32, np.float64)))


@by_optimizer
def test_an_optimizer_makes_the_same_steps_on_the_tape_and_on_arrays(
    name: str, optimizer: Optimizer
) -> None:
    network = chain((3,), ("Dense", {"units": 2}))
    program = bound(network, losses.get("mse"), mode="train", optimizer=optimizer)
    rng = np.random.default_rng(0)
    mine = {
        slot.tensor.name: program.tensor(slot.tensor.name).copy() for slot in program.tape.weights
    }
    fresh = optimizers.get(optimizer.to_config())
    start = next(k for k, ins in enumerate(program.tape.instructions) if ins.phase == "update")
    for _ in range(5):
        for weight in mine:
            program.tensor(f"grad/{weight}")[...] = rng.normal(size=mine[weight].shape)
        fresh.apply_gradients(
            [(program.tensor(f"grad/{weight}").copy(), mine[weight]) for weight in mine]
        )
        program.run(start)
        program.state[14] += 1  # core.kernels.state.ITERATION
    for weight, expected in mine.items():
        assert program.tensor(weight) == pytest.approx(expected, rel=1e-12)


@by_optimizer
def test_an_optimizer_survives_its_document(name: str, optimizer: Optimizer) -> None:
    training = Training(optimizer=optimizer.to_config())
    again = msgspec.json.decode(msgspec.json.encode(training), type=Training)
    assert optimizers.get(again.optimizer).to_config() == optimizer.to_config()
    for argument, value in (("learning_rate", -1), ("learning_rate", math.nan), ("colour", 1)):
        with pytest.raises(SettingError) as refused:
            optimizers.get({"kind": optimizer.name, argument: value})
        assert is_sentence(str(refused.value))


@pytest.mark.parametrize("module", [losses, optimizers])
def test_an_unknown_name_is_answered_with_the_known_ones(module: Any) -> None:
    with pytest.raises(SettingError) as refused:
        module.get("no such thing")
    assert all(name in str(refused.value) for name in module.names())


@pytest.mark.parametrize("metric", metrics.names())
def test_every_metric_can_be_measured(metric: str) -> None:
    units = 8 if "top_k" in metric else 3
    network = chain((4,), ("Dense", {"units": units, "activation": "softmax"}))
    kinds = ("categorical_crossentropy", "sparse_categorical_crossentropy")
    fitting = [loss for loss in map(losses.get, kinds) if metrics.fits(metric, loss, (units,))]
    assert fitting
    for loss in fitting:
        program = bound(network, loss, metrics=(metric,))
        program.run(first_computed(program))
        chosen, name = metrics.resolved(metric, loss, (units,))
        value = program.tape.totals[name].read(program)
        assert math.isfinite(value)
        assert 0 <= value <= 1 or not chosen.share


@pytest.mark.parametrize("name", initializers.names())
def test_an_initializer_depends_on_seed_and_name_alone(name: str) -> None:
    shape = (6, 8)
    first = initializers.draw(name, shape, 1, "dense_1/kernel")
    assert first.shape == shape
    assert first.dtype == np.float32
    assert np.array_equal(first, initializers.draw(name, shape, 1, "dense_1/kernel"))
    if "seed" in initializers.get(name).defaults():
        assert not np.array_equal(first, initializers.draw(name, shape, 2, "dense_1/kernel"))
        assert not np.array_equal(first, initializers.draw(name, shape, 1, "dense_2/kernel"))


# ---- operations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_kernel_is_compiled_for_one_signature(dtype: Any) -> None:
    kernels = table(dtype)
    for op in operations():
        number = kernels.number(op.kernel)
        assert len(kernels._alive[number].dispatcher.signatures) == 1, op.kernel
        assert op.__doc__


def test_targets_do_not_depend_on_the_element_type() -> None:
    made = [targets_for(losses.get("mse"), 4, (3,), np.random.default_rng(0)) for _ in range(2)]
    assert np.array_equal(*made)
    tape = compile_network(chain((3,), ("Dense", {"units": 3})), "predict")
    assert not tape.targets
