"""The chain rule of one number: its paths add up to the gradient on the tape, and to what a small change does."""

from __future__ import annotations

import numpy as np
import pytest

from core import losses
from core.errors import ChainruleError
from core.expressions import evaluate
from core.tape.chain import Chains, Level
from core.tape.program import Program
from tests.core.gradients.test_layers import trainable
from tests.core.networks import chain
from tests.core.subjects import bound, each, first_computed, layer_subjects, loss_variants

LOSSES = loss_variants()


def ran(program: Program) -> Program:
    program.run(first_computed(program))
    return program


def some_cells(program: Program, name: str, count: int = 1) -> list[tuple[int, ...]]:
    rng = np.random.default_rng(4)
    shape = program.tensor(name).shape
    return [tuple(int(rng.integers(0, n)) for n in shape) for _ in range(count)]


def all_paths(chains: Chains, level: Level) -> list[float]:
    """The product of every path from here to the loss, one after the other."""
    if not level.ways:
        return [level.own_value]
    assert len(level.ways) == level.count
    return [
        way.slope * rest
        for way in level.ways
        for rest in all_paths(chains, chains.level(way.source))
    ]


def checked(program: Program) -> None:
    """Chains of some weights: of every level the shares add up; all paths together are the gradient."""
    chains = Chains(program)
    for name in trainable(program):
        gradient = f"grad/{name}"
        if gradient not in program.tape.tensors:
            continue
        for cell in some_cells(program, gradient):
            found = float(program.tensor(gradient)[cell])
            scale = float(np.abs(program.tensor(gradient)).max()) + 1e-6
            one = chains.chain(gradient, cell)
            assert one.complete
            assert one.gradient == found
            for level in one.levels:
                if level.chosen is None:
                    assert level.own is not None
                    assert level.own_value == pytest.approx(level.value, rel=1e-9, abs=1e-9 * scale)
                elif level.count == len(level.ways):
                    shares = sum(way.share or 0.0 for way in level.ways)
                    assert shares == pytest.approx(level.value, rel=1e-7, abs=1e-9 * scale), level
                values = one.numbers
                way = level.way
                formula = level.own if way is None else way.coefficient
                if level.count < 200:
                    value = evaluate(formula, lambda t, i, v=values: v[t, i])
                    assert value == (level.own_value if way is None else way.slope)
            assert chains.total(gradient, cell) == pytest.approx(found, rel=1e-7, abs=1e-9 * scale)


@each(layer_subjects())
def test_the_paths_of_every_layers_weights_add_up_to_the_gradient(subject):
    program = ran(bound(subject.network, losses.get("mean_squared_error")))
    checked(program)


@pytest.mark.parametrize(("name", "loss"), LOSSES, ids=[name for name, _ in LOSSES])
def test_the_paths_from_every_loss_add_up(name, loss):
    last = "linear" if loss.from_logits else loss.suits
    network = chain(
        (3,),
        ("Dense", {"units": 3, "activation": "tanh"}),
        ("Dense", {"units": 3, "activation": last}),
    )
    checked(ran(bound(network, loss, rows=3)))


def small(*layers, shape=(3,), loss="mean_squared_error", rows=3) -> Program:
    return ran(bound(chain(shape, *layers), losses.get(loss), rows=rows))


def numeric(program: Program, name: str, cell: tuple[int, ...]) -> float:
    """What the loss does when a weight is moved a little."""
    values, found = program.tensor(name), []
    old = float(values[cell])
    for sign in (1, -1):
        values[cell] = old + sign * 1e-6
        program.run(first_computed(program))
        found.append(float(program.tensor("loss")))
    values[cell] = old
    program.run(first_computed(program))
    return (found[0] - found[1]) / 2e-6


CONVOLUTION = {"filters": 2, "kernel_size": [2, 2], "activation": "tanh"}
END = ("Dense", {"units": 2})
KINDS = {
    "dense": ([("Dense", {"units": 3, "activation": "tanh"}), END], (3,)),
    "convolution": ([("Conv2D", CONVOLUTION), ("Flatten", {}), END], (3, 3, 1)),
    "recurrent": ([("SimpleRNN", {"units": 2}), END], (3, 2)),
    "LSTM": ([("LSTM", {"units": 2}), END], (2, 2)),
    "batch normalisation": ([("Dense", {"units": 2}), ("BatchNormalization", {}), END], (2,)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_path_written_out_adds_up_to_the_tapes_gradient_and_to_central_differences(kind):
    layers, shape = KINDS[kind]
    program = small(*layers, shape=shape, rows=2)
    name = trainable(program)[0]
    cell = (0,) * len(program.tensor(name).shape)
    chains = Chains(program)
    every = all_paths(chains, chains.level(chains.chain(f"grad/{name}", cell).levels[0].gradient))
    found = float(program.tensor(f"grad/{name}")[cell])
    assert len(every) > 1
    assert sum(every) == pytest.approx(found, rel=1e-9, abs=1e-12)
    assert found == pytest.approx(numeric(program, name, cell), rel=1e-6, abs=1e-9)


def test_the_path_is_one_of_them_and_another_can_be_chosen():
    program = small(("Dense", {"units": 3, "activation": "tanh"}), ("Dense", {"units": 2}))
    chains = Chains(program)
    first = chains.chain("grad/dense_1/kernel", (1, 2), row=1)
    assert first.levels[0].way.source.index[0] == 1, "it goes through the sample that is shown"
    shares = [abs(way.share) for way in first.levels[0].ways]
    assert shares == sorted(shares, reverse=True)
    sources = [(level.way.source.tensor, level.way.source.index) for level in first.levels[:-1]]
    fork = next(k for k, level in enumerate(first.levels) if level.op == "matmul_input_grad")
    others = [w for w in first.levels[fork].ways if w is not first.levels[fork].way]
    other = (others[0].source.tensor, others[0].source.index)
    second = chains.chain("grad/dense_1/kernel", (1, 2), [*sources[:fork], other], row=1)
    taken = [(level.way.source.tensor, level.way.source.index) for level in second.levels[:-1]]
    assert taken[: fork + 1] == [*sources[:fork], other]
    assert second.product != first.product
    astray = chains.chain("grad/dense_1/kernel", (1, 2), [("grad/dense_1/z", (7, 7))], row=1)
    assert astray == first, "what is no way is as if nothing was asked"


def test_a_path_is_not_dead_while_others_are_alive():
    program = small(
        ("Dense", {"units": 4}), ("BatchNormalization", {}), ("Activation", {"activation": "relu"}),
        ("Dense", {"units": 2, "activation": "relu"}), rows=4,
    )  # fmt: skip
    chains, dead = Chains(program), 0
    for name in trainable(program):
        gradient = program.tensor(f"grad/{name}")
        for cell in np.ndindex(gradient.shape):
            if abs(gradient[cell]) < 1e-9:
                continue
            for row in range(4):
                found = chains.chain(f"grad/{name}", cell, row=row)
                assert found.product != 0, (name, cell, row)
                first = found.levels[0].way.source
                dead += bool(program.tape.tensors[first.tensor].batch and first.index[0] != row)
    assert dead, "some samples have no part, and the path is another one's"


def test_the_factors_of_a_dense_path_are_those_of_the_textbook():
    program = small(
        ("Dense", {"units": 2, "activation": "sigmoid"}),
        ("Dense", {"units": 1, "activation": "sigmoid"}),
        loss="half_squared_error", rows=1,
    )  # fmt: skip
    found = Chains(program).chain("grad/dense_1/kernel", (0, 1))
    view = program.tensor
    h, o = float(view("dense_1/a")[0, 1]), float(view("dense_2/a")[0, 0])
    w, x, y = (
        float(view("dense_2/kernel")[1, 0]), float(view("input_1/x")[0, 0]), float(view("targets")[0, 0]),
    )  # fmt: skip
    factors = [level.way.slope for level in found.levels[:-1]] + [found.levels[-1].own_value]
    assert factors[::-1] == pytest.approx([o - y, o * (1 - o), w, h * (1 - h), x])
    assert [level.variable.symbol for level in found.levels] == ["W¹", "z¹", "a¹", "z²", "ŷ"]
    assert found.product == pytest.approx(found.gradient), "there is one path"


@pytest.mark.parametrize(
    ("loss", "last", "units"),
    [
        ("categorical_crossentropy", "softmax", 3),
        ("sparse_categorical_crossentropy", "softmax", 3),
        ("categorical_crossentropy", "linear", 3),
        ("binary_crossentropy", "linear", 2),
    ],
)
def test_an_instruction_that_stands_for_two_is_split_into_their_factors(loss, last, units):
    kind = type(losses.get(loss))
    program = ran(
        bound(
            chain((3,), ("Dense", {"units": units, "activation": last})),
            kind(from_logits=last == "linear"), rows=2,
        )
    )  # fmt: skip
    found = Chains(program).chain("grad/dense_1/kernel", (0, 1)).levels[-1]
    assert found.own_value == found.value
    assert len(found.split) == (3 if units == 3 else 1)
    assert sum(way.share for way in found.split) == pytest.approx(found.value, rel=1e-9)
    for way in found.split:
        # The slope of the probability by central differences: nothing of the formula is used.
        p, z = (
            program.tensor(way.source.tensor), program.tensor(found.variable.tensor).copy()
        )  # fmt: skip
        assert p[way.source.index] > 0
        row, k = found.gradient.index

        def probability(shift, row=row, k=k, z=z, way=way):
            moved = z[row].copy()
            moved[k] += shift
            e = np.exp(moved)
            chances = e / e.sum() if units == 3 else 1 / (1 + 1 / e)
            return chances[way.source.index[1]]

        slope = (probability(1e-6) - probability(-1e-6)) / 2e-6
        assert way.slope == pytest.approx(slope, rel=1e-6)


def test_what_the_step_has_not_come_to_is_not_known():
    program = small(("Dense", {"units": 3, "activation": "tanh"}), ("Dense", {"units": 2}))
    wanted = next(
        k for k, ins in enumerate(program.tape.instructions) if ins.output.name == "grad/dense_1/z"
    )
    found = Chains(program, done=lambda k: k <= wanted).chain("grad/dense_1/kernel", (0, 0))
    assert found.gradient is None
    assert found.product is not None, "its factors are all there"
    assert not found.complete
    early = Chains(program, done=lambda k: k < 3).chain("grad/dense_1/kernel", (0, 0))
    assert early.product is None


def test_what_is_no_gradient_is_refused_with_a_sentence():
    program = small(("Dense", {"units": 2}))
    with pytest.raises(ChainruleError, match="no gradient that this program computes"):
        Chains(program).chain("dense_1/kernel", (0, 0))
