"""Superinstructions in graphs: what they keep to themselves is read by nobody else, however a network is wired."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import core
from core import layers as L
from core.errors import AdviceWarning
from core.ops.base import superinstructions
from core.ops.fused import Superinstruction
from core.spec import Network
from core.tape.patterns import Name, lines
from core.tape.program import Program, machine
from tests.core.runs.test_every_layer import run_of
from tests.core.tape.test_fusing import NETWORKS, fused, same_both_ways

KINDS = {"LSTM": L.LSTM, "GRU": L.GRU}
Wired = Callable[[Any, Callable[..., Any]], Any]


def read_twice(z: Any) -> Any:
    """Two layers read a sum, so that its gradient is a sum that goes to all that was added."""
    return L.Add()([L.Dense(3)(z), L.Dense(3)(z)])


def beside_a_mean(x: Any, kind: Callable[..., Any]) -> Any:
    x = L.Dense(4)(x)
    return read_twice(L.Add()([L.GlobalAveragePooling1D()(x), kind(4)(x)]))


def beside_all_time_steps(x: Any, kind: Callable[..., Any]) -> Any:
    x = L.Dense(4)(x)
    return read_twice(L.Add()([x, kind(4, return_sequences=True)(x)]))


def sum_of_two(x: Any, kind: Callable[..., Any]) -> Any:
    return read_twice(L.Add()([kind(4)(x), kind(4)(x)]))


def state_read_twice(x: Any, kind: Callable[..., Any]) -> Any:
    y = kind(4)(x)
    return L.Add()([read_twice(y), L.Multiply()([L.Dense(3)(y), L.Dense(3)(y)])])


def shared(x: Any, kind: Callable[..., Any]) -> Any:
    layer = kind(4, return_sequences=True)
    y = layer(L.Dense(4)(x))
    return read_twice(L.Add()([y, layer(y)]))


def one_layer_on_two(x: Any, kind: Callable[..., Any]) -> Any:
    layer = kind(4)
    return read_twice(L.Add()([layer(L.Dense(3)(x)), layer(x)]))


def around_two(x: Any, kind: Callable[..., Any]) -> Any:
    x = L.Dense(4)(x)
    y = kind(4, return_sequences=True)(x)
    z = L.Add()([x, y, kind(4, return_sequences=True)(y)])
    return read_twice(L.Concatenate()([z, y, x]))


def first_and_last(x: Any, kind: Callable[..., Any]) -> Any:
    y = kind(4, return_sequences=True)(x)
    z = L.Add()([L.GlobalMaxPooling1D()(y), kind(4)(y)])
    return L.Concatenate()([read_twice(z), L.Flatten()(y), z])


def both_ways(x: Any, kind: Callable[..., Any]) -> Any:
    x = L.Dense(4)(x)
    y = L.Bidirectional(kind(4, return_sequences=True), merge_mode="sum")(x)
    return read_twice(L.Add()([x, y]))


GRAPHS: dict[str, Wired] = {
    make.__name__: make
    for make in (
        beside_a_mean, beside_all_time_steps, sum_of_two, state_read_twice, shared, one_layer_on_two, around_two,
        first_and_last, both_ways,
    )
}  # fmt: skip


def network_of(wired: Wired, kind: str, steps: int) -> Network:
    x = core.Input((steps, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AdviceWarning)
        return core.Model(x, L.Dense(2)(wired(x, KINDS[kind])), seed=1).network


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", GRAPHS)
def test_graphs_make_the_same_bits(name: str, kind: str, steps: int) -> None:
    network = network_of(GRAPHS[name], kind, steps)
    assert is_fused(network)
    same_both_ways(partial(run_of, network))


def is_fused(network: Network) -> bool:
    program = run_of(network).program
    return len(program.fused_order) < len(program.kinds)


def test_fit_loses_as_much_as_batch_by_batch() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(64, 4, 3)).astype("f"), rng.normal(size=(64, 2)).astype("f")
    models = []
    for _ in range(2):
        inputs = core.Input((4, 3))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AdviceWarning)
            outputs = L.Dense(2)(beside_a_mean(inputs, L.GRU))
        model = core.Model(inputs, outputs, seed=1)
        model.compile(optimizer=core.optimizers.SGD(0.02), loss="mse")
        models.append(model)
    at_once, by_batch = models
    at_once.fit(x, y, epochs=3, batch_size=8, shuffle=False, verbose=0)
    for _ in range(3):
        for k in range(0, 64, 8):
            by_batch.train_on_batch(x[k : k + 8], y[k : k + 8])
    for mine, other in zip(at_once.get_weights(), by_batch.get_weights(), strict=True):
        assert mine.tobytes() == other.tobytes()


# ---- what is declared is what kernels do -------------------------------------------------------------------------


RULES = [rule for rule in superinstructions() if isinstance(rule, Superinstruction) and rule.given]


def given(rule: Superinstruction) -> list[list[Name]]:
    return [[Name.read(choice) for choice in word.split("|")] for word in rule.given.split()]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_kernels_are_given_all_they_need(rule: Superinstruction) -> None:
    written = {line.writes.name: 0.0 for line in lines(rule)}
    for line in lines(rule):
        written[line.writes.name] += (line.writes.last - line.writes.first) / line.writes.parts
    # What an optional line writes has to be read where it is missing, unless another name stands for it.
    surely = {line.writes.name for line in lines(rule) if not line.may_miss or line.instead}
    read = {name.name for line in lines(rule) for name in line.reads} - surely
    told = {name.name for names in given(rule) for name in names}
    assert read <= told
    assert told <= read | written.keys() | ({"early"} if rule.takes_bias else set())
    assert all(written.get(name, 1) == 1 for name in told)


SOME = {
    **NETWORKS,
    **{f"{name}, {kind}": partial(network_of, GRAPHS[name], kind, 3) for name in GRAPHS for kind in KINDS},
}  # fmt: skip


@pytest.mark.parametrize("name", SOME)
def test_kernels_read_and_write_what_is_declared_and_nothing_else(name: str) -> None:
    """Everything but its inputs is broken before a superinstruction runs; after it also its outputs are whole."""
    some = SOME[name]
    program = run_of(some if isinstance(some, Network) else some()).program
    fused(program, 2, np.zeros((2, len(program.watch))))
    before = program.mem.copy()
    rules = {rule.name for rule in superinstructions()}
    for ins, number in zip(program._fused_instructions, program._fused_order, strict=True):
        if ins.op not in rules:
            continue
        program.mem[:] = np.nan
        inputs, outputs = (
            np.concatenate([_cells(program, t) for t in tensors.values()])
            for tensors in (ins.inputs, ins.outputs)
        )
        program.mem[inputs] = before[inputs]
        expected = program.mem.copy()
        machine.run_range(
            program._kernels, program.ints, program.reals, program.mem, program.state, number, number + 1
        )  # fmt: skip
        assert np.isfinite(program.mem[outputs]).all(), ins.op
        program.mem[outputs] = expected[outputs]
        assert program.mem.tobytes() == expected.tobytes(), ins.op


def _cells(program: Program, t: Any) -> np.ndarray:
    """Elements of the memory that a tensor takes in the rows of the batch."""
    rows = np.arange(program.rows)[:, None] * t.row
    return (t.at + rows + np.arange(t.size)).ravel()


# ---- drawn graphs ------------------------------------------------------------------------------------------------


#: Settings of recurrent layers, what they are set to, and how often.
SETTINGS = (
    ("go_backwards", True, 0.2), ("use_bias", False, 0.2), ("recurrent_regularizer", "l2", 0.2),
    ("activity_regularizer", "l2", 0.15), ("trainable", False, 0.15), ("dropout", 0.2, 0.15),
    ("recurrent_dropout", 0.2, 0.1),
)  # fmt: skip


def drawn(seed: int) -> Network:
    """A network of sequences and vectors that are merged, shared and read again, recurrent layers among them."""
    rng = np.random.default_rng(seed)
    steps, width = int(rng.choice([1, 1, 2, 3, 5])), int(rng.choice([1, 2, 4, 9]))
    x = core.Input((steps, 3))
    sequences, vectors, layers = [L.Dense(width)(x)], [], []

    def one(of: list[Any]) -> Any:
        return of[int(rng.integers(len(of)))]

    def recurrent() -> Any:
        if layers and rng.random() < 0.4:
            return one(layers)
        kind = L.GRU if rng.random() < 0.65 else L.LSTM
        config: dict[str, Any] = {"return_sequences": bool(rng.random() < 0.6)}
        config |= {name: value for name, value, chance in SETTINGS if rng.random() < chance}
        alone = {"go_backwards", "activity_regularizer"} & config.keys()
        layer = kind(width, **config)
        if not alone and rng.random() < 0.25:
            layer = L.Bidirectional(layer, merge_mode=str(rng.choice(["sum", "mul", "ave"])))
        layers.append(layer)
        return layer

    def merged(of: list[Any]) -> Any:
        kind = one([L.Add, L.Add, L.Add, L.Multiply, L.Average, L.Subtract, L.Maximum])
        pair = [one(of), one(of)]
        return kind()(pair if kind is L.Subtract or rng.random() < 0.7 else [*pair, one(of)])

    def same_shape() -> Any:
        return one([
            partial(L.Dense, width), partial(L.Dense, width, activation="tanh"), L.BatchNormalization,
            L.LayerNormalization, partial(L.Dropout, 0.2), partial(L.Conv1D, width, 2, padding="same"),
            partial(L.Activation, "relu"), partial(L.SpatialDropout1D, 0.2),
            partial(L.TimeDistributed, L.Dense(width)), partial(L.PReLU),
            partial(L.MaxPooling1D, 2, strides=1, padding="same"),
            partial(L.AveragePooling1D, 2, strides=1, padding="same"),
        ])()  # fmt: skip

    def to_vector() -> Any:
        if rng.random() < 0.5:
            return one([L.GlobalAveragePooling1D, L.GlobalMaxPooling1D])()(one(sequences))
        return L.Dense(width)(L.Flatten()(one(sequences)))

    for _ in range(int(rng.integers(3, 10))):
        choice = rng.random()
        if choice < 0.35:
            y = recurrent()(one(sequences))
        elif choice < 0.6:
            y = merged(sequences if not vectors or rng.random() < 0.6 else vectors)
        elif choice < 0.75:
            y = same_shape()(one(sequences))
        elif choice < 0.85:
            y = L.Dense(width)(L.Concatenate()([one(sequences), one(sequences)]))
        elif choice < 0.92 and vectors:
            y = L.RepeatVector(steps)(one(vectors))
        else:
            y = to_vector()
        (sequences if len(y.shape) == len(x.shape) else vectors).append(y)
    sequences.append(recurrent()(one(sequences[-2:])))
    if len(sequences[-1].shape) < len(x.shape):
        vectors.append(sequences.pop())
    heads = [L.Flatten()(t) for t in sequences[-2:]] + vectors[-3:]
    z = L.Concatenate()(heads) if len(heads) > 1 else heads[0]
    return core.Model(x, L.Dense(2)(read_twice(z)), seed=1).network


@pytest.mark.wide
@pytest.mark.parametrize("seed", range(150))
def test_drawn_graphs_make_the_same_bits(seed: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AdviceWarning)
        network = drawn(seed)
    same_both_ways(partial(run_of, network))
