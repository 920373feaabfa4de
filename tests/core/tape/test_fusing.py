"""Whole steps with superinstructions make the bits of the tape as it is written, and leave every value in its place."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from core.ops.base import Instruction, operation, operations, superinstructions
from core.runs import Run
from core.spec import Network
from core.tape.compiler import compile_network
from core.tape.fusing import fuse
from core.tape.patterns import lines
from core.tape.program import Program
from core.tape.team import Team
from tests.core.networks import RUNS, Everything, chain, differences, everything
from tests.core.runs.test_every_layer import run_of
from tests.core.subjects import Subject, each, layer_subjects

STEPS = 7
SIZES = {"one unit": 1, "odd": 5, "a register": 16, "more than a block's row": 70}


def recurrent(kind: str, units: int = 6, **config: object) -> Network:
    return chain((4, 3), (kind, {"units": units, **config}), ("Dense", {"units": 2}))


NETWORKS: dict[str, Network] = {
    f"{kind}, {size}": recurrent(kind, units)
    for kind in ("LSTM", "GRU")
    for size, units in SIZES.items()
} | {
    "LSTM, one time step": chain((1, 3), ("LSTM", {"units": 4}), ("Dense", {"units": 2})),
    "GRU, one time step": chain((1, 3), ("GRU", {"units": 4}), ("Dense", {"units": 2})),
    "LSTM, backwards": recurrent("LSTM", go_backwards=True),
    "GRU, stateful": recurrent("GRU", stateful=True),
    "LSTM, without bias": recurrent("LSTM", use_bias=False),
    "two layers": chain(
        (5, 3), ("LSTM", {"units": 8, "return_sequences": True}), ("GRU", {"units": 8}), ("Dense", {"units": 2})
    ),
}  # fmt: skip


def fused(program: Program, steps: int, record: np.ndarray) -> int:
    program.threads = 1
    return program.run_steps(steps, record)


def as_written(program: Program, steps: int, record: np.ndarray) -> int:
    program.threads, program.fused = 1, False
    return program.run_steps(steps, record)


def in_parts(program: Program, steps: int, record: np.ndarray) -> int:
    """Both parts of what two threads share, on this thread."""
    return Team(program, 0, 0, 0).run_alone(program, steps, record)


Way = Callable[[Program, int, np.ndarray], int]


def outcome(make: Callable[[], Run], way: Way) -> list[tuple[Everything, bytes]]:
    """All values, state and records after some steps and after more of them, the last batch a smaller one."""
    run = make()
    program = run.program
    found = []
    for steps in (1, STEPS, 2):
        record = np.zeros((steps, len(program.watch)))
        assert way(program, steps, record) == steps
        found.append((everything(run), record.tobytes()))
    return found


def same_both_ways(make: Callable[[], Run]) -> None:
    program = make().program
    if np.array_equal(program.fused_order, program._full_order):
        return  # Nothing is fused: there are no two ways.
    wanted = outcome(make, as_written)
    for way in (fused, in_parts):
        for (mine, record), (other, other_record) in zip(outcome(make, way), wanted, strict=True):
            assert differences(mine, other) == []
            assert record == other_record


@pytest.mark.parametrize("name", NETWORKS)
def test_recurrent_networks_make_the_same_bits_in_fewer_instructions(name: str) -> None:
    program = run_of(NETWORKS[name]).program
    assert len(program.fused_order) < len(program.kinds)
    same_both_ways(partial(run_of, NETWORKS[name]))


@each(layer_subjects())
def test_every_layer_makes_the_same_bits(subject: Subject) -> None:
    same_both_ways(partial(run_of, subject.network))


@pytest.mark.parametrize("name", RUNS)
def test_runs_on_data_make_the_same_bits(name: str) -> None:
    same_both_ways(RUNS[name])


def test_every_superinstruction_is_used() -> None:
    used = {
        ins.op
        for network in NETWORKS.values()
        for ins in run_of(network).program._fused_instructions
    }
    for rule in superinstructions():
        assert rule.name in used, rule.name


def test_superinstructions_are_not_what_tapes_are_written_with() -> None:
    known = {rule.name for rule in operations()}
    for rule in superinstructions():
        assert rule.name not in known
        for line in lines(rule):
            assert line.op in known
            assert not operation(line.op).may_fail
            assert not operation(line.op).mixes_rows


@pytest.mark.parametrize("name", ["lstm", "partial"])
def test_runs_have_the_same_histories(name: str) -> None:
    def journey(*, is_fused: bool) -> Run:
        run = RUNS[name]()
        run.program.fused = is_fused
        run.advance(9, epochs=9)
        run.step("instruction")
        run.seek(4, 3)
        run.advance(11, epochs=9)
        return run

    assert (
        differences(everything(journey(is_fused=True)), everything(journey(is_fused=False))) == []
    )


@pytest.mark.parametrize("way", [fused, in_parts])
def test_a_stop_inside_a_run_leaves_every_value_in_its_place(way: Way) -> None:
    network = NETWORKS["LSTM, a register"]
    stopped, plain = run_of(network), run_of(network)
    program = stopped.program
    record = np.zeros((1_000_000, len(program.watch)))
    program.control[0] = 1
    assert way(program, 50, record) == 0
    program.control[0] = 0
    stopper = threading.Timer(0.1, lambda: program.control.__setitem__(0, 1))
    stopper.start()
    done = way(program, len(record), record)
    stopper.join()
    assert 0 < done < len(record)
    as_written(plain.program, done, np.zeros((done, len(program.watch))))
    assert differences(everything(stopped), everything(plain)) == []


def test_what_is_read_elsewhere_is_not_kept_back() -> None:
    """A penalty on what a layer gives out reads it too: it stays on the tape."""
    network = recurrent("LSTM", activity_regularizer={"class_name": "L2", "config": {"l2": 0.01}})
    same_both_ways(partial(run_of, network))
    tape = run_of(NETWORKS["LSTM, odd"]).program.tape
    sums = next(ins for ins in tape.instructions if ins.op == "add").output
    count = len(fuse(tape))
    tape.watch["sums"] = sums
    assert len(fuse(tape)) > count


def test_only_training_is_fused() -> None:
    tape = compile_network(NETWORKS["LSTM, odd"], "predict")
    assert fuse(tape) == tape.instructions


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_two_threads_meet_no_more_often_for_longer_sequences(kind: str) -> None:
    """Time steps whose gradients lie in one buffer are told apart by where they lie."""
    regions = []
    for steps in (3, 9):
        network = chain((steps, 3), (kind, {"units": 64}), ("Dense", {"units": 2}))
        team = Team(run_of(network).program, 0, 0)
        regions.append(len(team._fused.bounds))
        assert len(team._fused.bounds) <= len(team.sharing.bounds)
    assert regions[0] == regions[1]


def test_a_bias_of_all_time_steps_is_added_in_each_of_them_if_nothing_else_reads_its_sum() -> None:
    def first(network: Network) -> Instruction:
        found = run_of(network).program._fused_instructions
        return next(ins for ins in found if ins.op == "lstm_step")

    assert "early" in first(NETWORKS["LSTM, odd"]).inputs
    assert "early" not in first(NETWORKS["LSTM, without bias"]).inputs
    tape = run_of(NETWORKS["LSTM, odd"]).program.tape
    tape.watch["sums"] = next(ins for ins in tape.instructions if ins.op == "bias_add").output
    assert all("early" not in ins.inputs for ins in fuse(tape))
