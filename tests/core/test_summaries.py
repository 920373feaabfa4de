"""Shapes, counts and the order of layers and weights are Keras's, of any stack and any graph of layers."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

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
    text = model.summary(print_fn=lambda _: None)
    found = re.findall(r"^(\S+) \((\w+)\) +(\(.*\)) +([\d,]+)$", text, re.M)
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
    text = model.summary(print_fn=lambda _: None)
    assert "Total params: 1,506" in text
    assert "Trainable params: 1,498" in text
    assert "Non-trainable params: 8" in text
