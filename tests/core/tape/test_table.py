"""What the kernel table takes from Numba's inside, and what the machine promises."""

from __future__ import annotations

import numpy as np
import pytest
from numba.experimental.function_type import _get_wrapper_address

from core.errors import ChainruleError, DivergedError, MemoryEstimateError
from core.kernels import machine
from core.losses import get
from core.runs import Run
from core.runs.samples import prepare
from core.spec import Training, inspect
from core.tape.compiler import compile_network
from core.tape.program import Program
from core.tape.table import table
from tests.core.networks import chain
from tests.core.subjects import bound, first_computed


def test_numba_still_tells_the_address_of_a_kernels_wrapper() -> None:
    kernels = table(np.float32)
    kernel = kernels._alive[kernels.number("elementwise.relu")]
    assert kernel.address == _get_wrapper_address(kernel.dispatcher, kernel.signature) > 0


def test_a_kernel_called_through_the_table_computes() -> None:
    kernels = table(np.float32)
    number = kernels.number("elementwise.relu")
    mem = np.array([-1, 0, 2, np.nan] + 4 * [9], np.float32)
    # mode "single", width 4, x at 0, y at 4
    ints = np.array([[2, 4, 0, 0, 4, 0]])
    state = np.zeros(24, np.int64)
    addresses, reals = kernels.addresses(np.array([number])), np.zeros((1, 1))
    machine.run_range(addresses, ints, reals, mem, state, 0, 1)
    assert np.array_equal(mem[4:], np.array([0, 0, 2, np.nan], np.float32), equal_nan=True)


def test_a_table_is_one_for_all_programs_and_compiles_nothing_twice() -> None:
    network = chain((3,), ("Dense", {"units": 2}))
    programs = [bound(network, None, mode="predict", dtype=np.float32) for _ in range(2)]
    assert programs[0]._table is programs[1]._table
    before = len(programs[0]._table._alive)
    bound(network, None, mode="predict", dtype=np.float32)
    assert len(programs[0]._table._alive) == before
    assert table(np.float64) is not programs[0]._table


def test_a_range_outside_the_tape_is_refused() -> None:
    program = bound(chain((3,), ("Dense", {"units": 2})), None, mode="predict")
    with pytest.raises(ChainruleError, match="not a range"):
        program.run(0, 99)


# ---- not a number -------------------------------------------------------------------------------------------------


def test_relu_keeps_what_is_not_a_number() -> None:
    program = bound(
        chain((3,), ("Activation", {"activation": "relu"})), None, rows=2, mode="predict"
    )
    program.feed([[[np.nan, -1, np.inf], [-np.inf, -0.0, 1]]])
    program.run()
    (out,) = program.tape.outputs.values()
    expected = [[np.nan, 0, np.inf], [0, 0, 1]]
    assert np.array_equal(program.tensor(out.name), expected, equal_nan=True)


@pytest.mark.parametrize("place", [(0, 0), (0, 1), (1, 0), (1, 1)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_max_pooling_keeps_what_is_not_a_number(place: tuple[int, int], dtype: type) -> None:
    program = bound(
        chain((2, 2, 3), ("MaxPooling2D", {})), None, rows=1, mode="predict", dtype=dtype
    )
    x = np.arange(12.0).reshape(1, 2, 2, 3)
    x[0, place[0], place[1], 1] = np.nan
    program.feed([x])
    program.run()
    (out,) = program.tape.outputs.values()
    found = program.tensor(out.name).ravel()
    assert np.isnan(found[1])
    assert np.isfinite(found[[0, 2]]).all()


def test_softmax_and_losses_keep_what_is_not_a_number() -> None:
    network = chain((3,), ("Activation", {"activation": "softmax"}))
    program = bound(network, get("categorical_crossentropy"), rows=1, mode="explain", wrt="input")
    program.feed([[[1, np.nan, 2]]], [[[1, 0, 0]]])
    program.run()
    assert np.isnan(program.tensor("loss"))


# ---- divergence ---------------------------------------------------------------------------------------------------


def tiny(rate: float) -> Run:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 2)).astype(np.float32), rng.normal(size=(12, 1)).astype(np.float32)
    network = chain((2,), ("Dense", {"units": 3}), ("Dense", {"units": 1}))
    training = Training(
        optimizer={"kind": "SGD", "learning_rate": rate}, loss="mean_squared_error", batch_size=4
    )
    return Run(network, training, samples=prepare(x, y, get("mse"), 1))


def first_broken_by_hand(run: Run) -> tuple[int, str]:
    """(step, tensor) of the first value that is not finite, by NumPy alone, instruction after instruction."""
    fresh = tiny(run.learning_rate)
    w1, b1, w2, b2 = (
        fresh.program.tensor(slot.tensor.name).copy() for slot in fresh.program.tape.weights
    )
    table_x, table_y = run.samples.inputs[0].array, run.samples.targets[0].array
    rate, rows = np.float32(run.learning_rate), 4
    with np.errstate(all="ignore"):
        for step in range(100):
            fresh.program.state[:] = run.program.state
            fresh.program.state[0] = step
            fresh.program.run(0, 1)
            chosen = fresh.program.tensor("batch/samples").astype(int)
            x, y = table_x[chosen], table_y[chosen].reshape(rows, 1)
            values: dict[str, np.ndarray] = {}
            values["dense_1/product"] = x @ w1
            values["dense_1/z"] = z1 = values["dense_1/product"] + b1
            values["dense_2/product"] = z1 @ w2
            values["dense_2/z"] = z2 = values["dense_2/product"] + b2
            values["loss/rows"] = ((z2 - y) ** 2)[:, 0]
            values["loss"] = values["loss/rows"].sum() / np.float32(rows)
            values["total/loss/sum"] = values["loss"]
            values["grad/dense_2/z"] = d2 = (z2 - y) * np.float32(2 / rows)
            values["grad/dense_2/bias"] = db2 = d2.sum(0)
            values["grad/dense_2/kernel"] = dw2 = z1.T @ d2
            values["grad/dense_1/z"] = d1 = d2 @ w2.T
            values["grad/dense_1/bias"] = db1 = d1.sum(0)
            values["grad/dense_1/kernel"] = dw1 = x.T @ d1
            w1, b1, w2, b2 = w1 - rate * dw1, b1 - rate * db1, w2 - rate * dw2, b2 - rate * db2
            values["dense_2/bias"], values["dense_2/kernel"] = b2, w2
            values["dense_1/bias"], values["dense_1/kernel"] = b1, w1
            for name, value in values.items():
                if not np.isfinite(value).all():
                    return step, name
    raise AssertionError("It never broke.")


@pytest.mark.parametrize("granularity", ["advance", "instruction"])
def test_a_run_stops_at_the_instruction_where_it_broke(granularity: str) -> None:
    run = tiny(1e6)
    if granularity == "advance":
        while run.divergence is None:
            run.advance(50)
            assert run.position.step < 100
    else:
        while run.divergence is None:
            run.step("instruction")
    step, name = first_broken_by_hand(run)
    broken = run.divergence
    assert broken.step == step
    at = run.program.instructions[broken.instruction]
    assert name in at.writes
    assert at.title in broken.sentence
    # In words steps count from 1, as in the window.
    assert f"step {step + 1}," in broken.sentence
    assert broken.sentence.endswith(".")
    assert not all(np.isfinite(run.program.tensor(n)).all() for n in at.writes)
    for earlier in range(broken.instruction):
        for tensor in run.program.instructions[earlier].writes:
            assert np.isfinite(run.program.tensor(tensor)).all(), tensor


def test_a_broken_run_goes_on_after_going_back_and_a_smaller_rate() -> None:
    run = tiny(1e6)
    while run.divergence is None:
        run.advance(50)
    with pytest.raises(DivergedError):
        run.advance(1)
    with pytest.raises(DivergedError):
        run.step("instruction")
    run.step_back("instruction")
    assert run.divergence is None
    run.seek(0)
    run.set("learning_rate", 0.05)
    for _ in range(30):
        run.advance(10)
    assert run.divergence is None
    assert np.isfinite(run.program.tensor("loss"))
    assert run.history.length == run.position.step


def test_stepping_back_from_a_divergence_by_batches_reaches_healthy_values() -> None:
    run = tiny(1e6)
    while run.divergence is None:
        run.advance(50)
    step = run.divergence.step
    run.step_back("batch")
    run.step_back("batch")
    assert run.position.step == max(step - 1, 0)
    assert np.isfinite(run.program.mem[: run.program.plan.state]).all()


# ---- too large ----------------------------------------------------------------------------------------------------


def test_a_billion_units_are_refused_before_anything_is_allocated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.tape.arena.allocate", lambda *a: pytest.fail("memory was asked for"))
    network = chain((784,), ("Dense", {"units": 10**9}), ("Dense", {"units": 10}))
    found = inspect(network)
    assert [p.title for p in found.problems] == ["Too large"]
    assert found.problems[0].layer == "dense_1"
    assert "GB" in found.problems[0].sentence
    with pytest.raises(MemoryEstimateError, match="GB"):
        Program(compile_network(network, "train", loss=get("mse")), 32)


def test_labels_outside_the_network_stop_the_machine_with_a_sentence() -> None:
    network = chain((2,), ("Dense", {"units": 3, "activation": "softmax"}))
    program = bound(network, get("sparse_categorical_crossentropy"), rows=2)
    program.tensor("targets")[...] = 3
    with pytest.raises(ChainruleError, match="a label that the network has no place for"):
        program.run(first_computed(program))


def test_a_program_without_data_says_so_and_takes_a_batch_by_hand() -> None:
    network = chain((3,), ("Dense", {"units": 2}))
    program = bound(network, get("mean_squared_error"), mode="check")
    fresh = Program(compile_network(network, "check", loss=get("mean_squared_error")), 4)
    with pytest.raises(ChainruleError, match="no data"):
        fresh.run(0, 3)
    with pytest.raises(ChainruleError, match="no data"):
        fresh.run_steps(1, np.zeros((1, 2)))
    fresh.feed([np.ones((2, 3))], [np.ones((2, 2))])
    fresh.run()
    assert fresh.tensor("loss") > 0
    with pytest.raises(ChainruleError, match="no number"):
        program.explain(10**6, (0,))
