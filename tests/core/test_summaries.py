"""Shapes, counts and the order of layers and weights are Keras's, of any stack and any graph of layers."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import core
from core import layers
from core.spec import inspect
from core.tape.compiler import compile_network
from tests.core.golden import stacks, summaries
from tests.core.golden.stacks import Step

STORED = json.loads(summaries.PATH.read_text(encoding="utf-8"))
RANDOM = st.randoms(use_true_random=False)


@pytest.mark.parametrize("number", range(len(STORED)))
def test_a_stored_summary_is_keras_s(number: int) -> None:
    stored, side = STORED[number], summaries.Ours()
    for name, kind, config, inputs in stored["steps"]:
        side.follow(Step(name, kind, config, tuple(inputs)))
    assert side.summary(stored["inputs"], stored["outputs"]) == stored["summary"]


def test_the_stored_stacks_are_worth_their_name() -> None:
    used = {step[1] for one in STORED for step in one["steps"]}
    assert {*stacks.kinds(), *stacks.MERGES, "Input"} - used == set()
    assert sum(len(one["inputs"]) > 1 for one in STORED) >= 5
    assert sum(len(one["outputs"]) > 1 for one in STORED) >= 20
    assert any(step[1].startswith("@") for one in STORED for step in one["steps"])
    assert max(len(one["summary"]["rows"]) for one in STORED) >= 8


@given(RANDOM)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_summary_says_what_the_tape_has(rng: Random) -> None:
    side = summaries.Ours()
    _, _, inputs, outputs = summaries.draw(rng, side)
    found = side.summary(inputs, outputs)
    model = core.Model([side.values[k] for k in inputs], [side.values[k] for k in outputs])
    assert inspect(model.network).ok
    assert found["counts"][0] == sum(w.size for w in model.get_weights())
    tape = compile_network(model.network, "predict")
    assert [list(t.shape) for t in tape.outputs.values()] == found["outputs"]
    assert sum(slot.tensor.size for slot in tape.weights) == found["counts"][0]


@pytest.mark.conformance
@given(RANDOM)
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_stack_has_keras_s_summary_and_is_refused_where_keras_refuses(rng: Random) -> None:
    pytest.importorskip("torch")
    theirs, ours = summaries.keras_side(), summaries.Ours()
    _, _, inputs, outputs = summaries.draw(rng, ours, theirs)
    assert ours.summary(inputs, outputs) == theirs.summary(inputs, outputs)


@pytest.mark.conformance
def test_the_stored_summaries_are_what_keras_says_now() -> None:
    pytest.importorskip("torch")
    for stored in STORED:
        side = summaries.keras_side()
        for name, kind, config, inputs in stored["steps"]:
            side.follow(Step(name, kind, config, tuple(inputs)))
        assert side.summary(stored["inputs"], stored["outputs"]) == stored["summary"]


# ---- Sequential and nested models ------------------------------------------------------------------------------------


def rows_of(model: core.Model) -> list[list[Any]]:
    text = model.summary_text()
    found = re.findall(r"^(\S+) \((\w+)\) +(\[?\(.*\)\]?) +([\d,]+)(?:  .*)?$", text, re.M)
    return [[name, kind, shape, int(count.replace(",", ""))] for name, kind, shape, count in found]


def test_a_sequential_model_leaves_its_input_out_and_a_nested_model_is_one_line() -> None:
    inner = core.Sequential(
        [core.Input((8, 8, 1)), layers.Conv2D(4, 3), layers.BatchNormalization()], name="features"
    )
    model = core.Sequential([core.Input((8, 8, 1)), inner, layers.Flatten(), layers.Dense(10)])
    # As printed by Keras 3.15.
    assert rows_of(model) == [
        ["features", "Sequential", "(None, 6, 6, 4)", 56],
        ["flatten", "Flatten", "(None, 144)", 0],
        ["dense", "Dense", "(None, 10)", 1450],
    ]
    text = model.summary_text()
    assert "Total params: 1,506" in text
    assert "Trainable params: 1,498" in text
    assert "Non-trainable params: 8" in text


def nested(side: Any, kinds: Any) -> Any:
    """Models in a model: one called twice, one with two outputs."""
    a, c, x, y = (
        side.Input((n,), name=name) for n, name in ((4, "a"), (3, "c"), (4, "x"), (4, "y"))
    )
    first = kinds.Dense(3, name="i1")(kinds.Dense(5, name="i2")(a))
    inner = side.Model(a, first, name="inner")
    two = side.Model(c, [kinds.Dense(2, name="t1")(c), kinds.Dense(6, name="t2")(c)], name="two")
    p, q = two(inner(x))
    joined = kinds.Concatenate(name="cat")([p, kinds.Dense(7, name="d1")(inner(y))])
    return side.Model([x, y], [kinds.Dense(1, name="o1")(joined), q], name="outer")


def test_models_in_a_model_come_in_keras_s_order() -> None:
    model = nested(core, layers)
    # As Keras 3.15 has them.
    assert [layer.name for layer in model.layers] == ["x", "y", "inner", "two", "d1", "cat", "o1"]
    assert [w.shape for w in model.get_weights()] == [
        (4, 5), (5,), (5, 3), (3,), (3, 2), (2,), (3, 6), (6,), (3, 7), (7,), (9, 1), (1,),
    ]  # fmt: skip
    assert [row[3] for row in rows_of(model)] == [0, 0, 43, 32, 28, 0, 10]


@pytest.mark.conformance
def test_models_in_a_model_compute_what_keras_s_do() -> None:
    pytest.importorskip("torch")
    from tests.core.golden.keras_side import keras

    theirs, ours = nested(keras, keras.layers), nested(core, layers)
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    ours.set_weights(theirs.get_weights())
    rng = np.random.default_rng(0)
    given = [rng.normal(size=(5, 4)).astype(np.float32) for _ in range(2)]
    for mine, expected in zip(ours.predict(given), theirs.predict(given, verbose=0), strict=True):
        assert np.allclose(mine, expected, rtol=1e-5, atol=1e-6)


def joined(side: Any, kinds: Any) -> Any:
    """Branches, a layer called twice, a nested model with two outputs, and an Input read twice."""
    a, b = side.Input((4,), name="a"), side.Input((4,), name="b")
    c = side.Input((4,), name="c")
    two = side.Model(c, [kinds.Dense(3, name="t1")(c), kinds.Dense(3, name="t2")(c)], name="two")
    same = kinds.Dense(3, name="same")
    left, right = same(a), same(b)
    first, second = two(a)
    merged = kinds.Add(name="sum")([left, right, second])
    return side.Model([a, b], kinds.Concatenate(name="all")([merged, first]), name="m")


#: As printed by Keras 3.15.
JOINED = {
    "a": "-", "b": "-", "same": "a[0][0], b[0][0]", "two": "a[0][0]",
    "sum": "same[0][0], same[1][0], two[0][1]", "all": "sum[0][0], two[0][0]",
}  # fmt: skip


def test_a_summary_tells_what_each_layer_reads() -> None:
    lines = joined(core, layers).summary_text().splitlines()
    assert lines[1].endswith("Connected to")
    found = {
        line.split(" ")[0]: re.split(r" [\d,]+  ", line)[1] for line in lines[3:] if " (" in line
    }
    assert found == JOINED


def test_a_chain_does_not_tell_what_goes_without_saying() -> None:
    x = core.Input((3,))
    assert "Connected" not in core.Model(x, layers.Dense(1)(layers.Dense(2)(x))).summary_text()
    assert "Connected" not in core.Sequential([core.Input((3,)), layers.Dense(1)]).summary_text()
    assert "Connected" not in core.Sequential([layers.Dense(1)]).summary_text()
    assert "Connected" in core.Model(x, layers.Add()([x, x])).summary_text()


@pytest.mark.conformance
def test_what_each_layer_reads_is_what_keras_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    pytest.importorskip("torch")
    keras = pytest.importorskip("keras")
    lines: list[str] = []
    joined(keras, keras.layers).summary(
        print_fn=lambda text, **_: lines.append(text), line_length=190
    )
    cells = [
        [cell.strip() for cell in line.split("│")[1:-1]] for line in "\n".join(lines).splitlines()
    ]
    rows = [row for row in cells if len(row) == 4 and "(" in row[0]]
    assert {row[0].split(" ")[0]: row[3] for row in rows} == JOINED


def test_a_summary_is_printed_once(capsys: pytest.CaptureFixture[str]) -> None:
    model = core.Sequential([core.Input((3,)), layers.Dense(1)])
    assert model.summary() is None  # type: ignore[func-returns-value]
    assert capsys.readouterr().out == model.summary_text() + "\n"


def test_models_and_histories_say_what_they_are() -> None:
    model = core.Sequential([layers.Dense(1)], name="small")
    assert repr(model) == "<Sequential name=small, built=False>"
    model.compile("sgd", "mse")
    history = model.fit(np.zeros((2, 3)), np.zeros((2, 1)), epochs=2)
    assert repr(model) == "<Sequential name=small, built=True>"
    assert repr(history) == "<History of 2 epochs: loss 0>"
