"""Symbols tell the values of a tape apart, so that every formula can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from core import losses, optimizers
from core.ops.base import Instruction, operation
from core.spec import Network
from core.tape.compiler import Tape, compile_network
from core.tape.tensors import Tensor
from tests.core.golden import layers, our_side
from tests.core.golden.layers.case import LayerCase
from tests.core.networks import chain
from tests.core.ops.programs import PROGRAMS
from tests.core.subjects import Subject, each, layer_subjects

CASES = layers.all_cases()


def place(t: Tensor) -> tuple[int, int, int]:
    return id(t.buffer), t.offset, t.size


def confused(ins: Instruction) -> Iterator[str]:
    """Symbols that stand for two different values in one instruction."""
    seen: dict[str, tuple[int, int, int]] = {}
    for t in (*ins.inputs.values(), *ins.outputs.values()):
        if seen.setdefault(t.symbol, place(t)) != place(t):
            yield t.symbol


def says_nothing(title: str) -> bool:
    """True of ``x = x`` and ``x = x + x``: one symbol on both sides, and nothing else."""
    left, sign, right = title.partition(" = ")
    return bool(sign) and set(re.split(r" [+∘] |·", right)) == {left}


def train(network: Network, optimizer: str = "sgd") -> Tape:
    return compile_network(
        network, "train", loss=losses.get("mse"), optimizer=optimizers.get(optimizer)
    )


def check(tape: Tape) -> None:
    for ins in tape.instructions:
        title = operation(ins.op).title(ins)
        assert not list(confused(ins)), title
        assert not says_nothing(title), title


@each(layer_subjects())
def test_no_formula_of_a_layer_uses_a_symbol_for_two_things(subject: Subject) -> None:
    tape = train(subject.network)
    check(tape)
    of: dict[str, tuple[int, int, int]] = {}
    for ins in tape.instructions:
        if ins.phase in ("forward", "backward"):
            for t in ins.outputs.values():
                assert of.setdefault(t.symbol, place(t)) == place(t), (t.symbol, t.name)


@pytest.mark.parametrize("name", PROGRAMS)
def test_nor_does_a_formula_of_any_operation(name: str) -> None:
    check(PROGRAMS[name]().tape)


@pytest.mark.parametrize(("part", "case"), CASES, ids=[f"{part}: {c.name}" for part, c in CASES])
def test_nor_does_a_formula_of_what_is_compared_with_keras(part: str, case: LayerCase) -> None:
    mode = "check" if case.training else "predict"
    check(compile_network(our_side.network_of(case), mode, loss=losses.get("mse")))


def titles(*kinds: tuple[str, dict[str, object]]) -> list[str]:
    return [operation(ins.op).title(ins) for ins in train(chain((3, 2), *kinds)).instructions]


def test_gradients_through_time_say_from_where_they_come() -> None:
    found = titles(("LSTM", {"units": 2}), ("Dense", {"units": 2}))
    assert "z¹⟨2⟩ = (xW+b)¹⟨2⟩ + hU¹⟨2⟩" in found
    assert "i¹⟨2⟩ = σ(z_i¹⟨2⟩)" in found
    assert "c¹⟨2⟩ = (f∘c)¹⟨2⟩ + (i∘g)¹⟨2⟩" in found
    assert "∂L/∂c¹⟨2⟩ = via (f∘c)⟨3⟩ + via tanh(c)⟨2⟩" in found
    assert "∂L/∂(xW+b)¹⟨1⟩ = δ¹⟨1⟩" in found
    assert "∂L/∂U¹ via ⟨3⟩ = h¹⟨2⟩ᵀ·δ¹⟨3⟩" in found
    assert "∂L/∂U¹ via ⟨3…2⟩ = via ⟨3⟩ + via ⟨2⟩" in found
    assert "∂L/∂U¹ = via ⟨3…2⟩ + via ⟨1⟩" in found


def test_a_layer_without_a_bias_has_no_other_sum_than_z() -> None:
    kinds = {"Dense": {"units": 2}, "Conv1D": {"filters": 2, "kernel_size": 2}}
    for kind, config in kinds.items():
        found = titles((kind, {**config, "use_bias": False, "activation": "tanh"}), ("Flatten", {}),
                       ("Dense", {"units": 1}))  # fmt: skip
        assert any(line.startswith("z¹ = x") for line in found), found
        assert any(line.startswith("δ¹ = ") for line in found)
        assert not any("u¹" in line for line in found)
