"""The sixth network: a program that explains the input instead of training the weights."""

from __future__ import annotations

import numpy as np
import pytest

from core.kernels import state as S
from core.tape.program import Program
from tests.core.gradients.test_layers import LIMIT, worst_error
from tests.core.ops.programs import image_network
from tests.core.subjects import bound


def program(rows: int = 3, dtype: type = np.float32, **options: object) -> Program:
    made = bound(
        image_network(),
        None,
        rows,
        mode="explain",
        dtype=dtype,
        wrt="input",
        head="score",
        **options,
    )
    made.set_scalar("score_class", 2)
    return made


def everything(p: Program) -> dict[str, bytes]:
    return {
        name: p.tensor(name).tobytes() for name, t in p.tape.tensors.items() if t.role != "scratch"
    }


@pytest.mark.parametrize("chosen", [0, 3])
def test_the_gradient_of_a_score_is_that_of_the_value_before_softmax(chosen: int) -> None:
    p = program(dtype=np.float64)
    p.set_scalar("score_class", chosen)
    assert worst_error(p, ["input_1/x"], 0, "score") < LIMIT
    assert np.array_equal(p.tensor("score"), p.tensor("dense_1/z")[:, chosen])
    assert "grad/input_1/output" in p.tape.tensors


def test_a_layers_output_can_be_explained_with_respect_to() -> None:
    p = bound(image_network(), None, 3, mode="explain", wrt="conv2d_1", head="score")
    p.run()
    assert p.tensor("grad/conv2d_1/output").shape == p.tensor("conv2d_1/output").shape
    assert "grad/input_1/x" not in p.tape.tensors


def test_guided_backpropagation_stops_negative_gradients_at_relu() -> None:
    plain, guided = program(), program(relu_backward="guided")
    for p in (plain, guided):
        p.run()
    k = next(k for k, ins in enumerate(guided.tape.instructions) if ins.op == "relu_grad_guided")
    ins = guided.tape.instructions[k]
    dy, y = guided.tensor(ins.inputs["dy"].name), guided.tensor(ins.inputs["y"].name)
    assert (dy < 0).any()
    assert np.array_equal(guided.tensor(ins.output.name), np.where((y > 0) & (dy > 0), dy, 0))
    assert plain.tensor("score").tobytes() == guided.tensor("score").tobytes()
    assert plain.tensor("grad/input_1/x").tobytes() != guided.tensor("grad/input_1/x").tobytes()


def test_it_has_the_same_bits_whole_and_instruction_by_instruction() -> None:
    whole, single = program(), program()
    whole.run()
    for k in range(len(single.kinds)):
        single.run(k, k + 1)
    assert everything(whole) == everything(single)
    whole.run()
    assert everything(whole) == everything(single)


@pytest.mark.parametrize("at", [0, 5, 9])
def test_it_has_the_same_bits_after_its_memory_was_saved_and_put_back(at: int) -> None:
    whole, first, second = program(), program(), program()
    whole.run()
    first.run(0, at)
    second.mem[:], second.state[:] = first.mem, first.state
    second.run(at)
    assert everything(whole) == everything(second)


def test_a_sample_is_explained_alone_as_in_its_batch() -> None:
    batch, alone = program(rows=8), program(rows=8)
    x = batch.tensor("input_1/x").copy()
    batch.run()
    for row in (0, 4, 7):
        alone.feed([x[row : row + 1]])
        alone.run()
        for name, t in batch.tape.tensors.items():
            if t.batch:
                assert alone.tensor(name)[0].tobytes() == batch.tensor(name)[row].tobytes(), name
    assert alone.state[S.ROWS] == 1


def test_explaining_changes_no_weight() -> None:
    p = program()
    before = {name: values.tobytes() for name, values in p.weights().items()}
    p.run()
    assert before == {name: values.tobytes() for name, values in p.weights().items()}
