"""Instructions shared by two threads: they touch what they declare, and every sharing makes the bits of one thread."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from core import losses, optimizers
from core.errors import DivergedError
from core.kernels import machine
from core.kernels import sharing as meeting
from core.kernels import state as S
from core.ops.base import Half, Instruction, operation, operations
from core.ops.dense import MatmulInputGrad
from core.runs import Run
from core.runs.samples import prepare
from core.spec import Training
from core.tape import helper
from core.tape.compiler import compile_network
from core.tape.program import Program
from core.tape.sharing import by_rows, share
from core.tape.team import Team
from core.tape.tensors import Tensor
from tests.core.networks import RUNS, chain
from tests.core.ops.programs import PROGRAMS
from tests.core.subjects import Subject, bound, each, layer_subjects

# ---- what an instruction touches -------------------------------------------------------------------------------------


def elements(program: Program, t: Tensor, rows: range, cells: tuple[int, int] | None) -> np.ndarray:
    """Places in the arena: of these rows of a batch, or of some cells of what has no batch axis."""
    if t.batch:
        return np.concatenate(
            [np.arange(t.size) + t.at + r * t.row for r in rows] or [np.zeros(0, int)]
        )
    first, last = cells or (0, t.size)
    return np.arange(t.at + first, t.at + last)


def touched(
    program: Program, pc: int, part: Half | None, rows: range, *, seen: bool = False
) -> np.ndarray:
    """The arena after an instruction has run in it where only what it declares to read is not NaN.

    Of samples outside `rows` nothing can be read either. With `seen` everything is there.
    """
    ins = program.tape.instructions[pc]
    arena = program.mem.copy() if seen else np.full_like(program.mem, np.nan)
    for key, t in ins.inputs.items():
        cells = part.cells.get(key) if part else None
        found = elements(program, t, rows, cells)
        arena[found] = program.mem[found]
    state = program.state.copy()
    state[S.FIRST], state[S.ROWS] = rows.start, len(rows)
    ints = np.zeros((1, 64), np.int64)
    given = part.ints if part else operation(ins.op).integers(ins)
    ints[0, : len(given)] = given
    machine.run_range(
        program._kernels[pc : pc + 1], ints, program.reals[pc : pc + 1], arena, state, 0, 1
    )
    return arena


def declared(program: Program, ins: Instruction, rows: range) -> np.ndarray:
    """Places that may hold numbers after an instruction."""
    kept = np.zeros(program.mem.size, bool)
    for t in (*ins.inputs.values(), *ins.outputs.values()):
        kept[elements(program, t, rows, None)] = True
    if ins.scratch is not None:
        kept[ins.scratch.at : ins.scratch.at + ins.scratch.buffer.size] = True
    return kept


def shared_instructions(program: Program) -> Iterator[tuple[int, Instruction]]:
    """Instructions that two threads may share, but for the choice of the batch and what is gathered by it."""
    for pc, ins in enumerate(program.tape.instructions):
        if ins.op not in ("choose_batch", "gather"):
            yield pc, ins


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_instruction_touches_what_it_declares_and_each_part_its_own(name: str) -> None:
    program = PROGRAMS[name]()
    if not program.tables:
        program.run()
    else:
        program.state[S.FIRST], program.state[S.ROWS] = 0, program.rows
    rows = range(program.rows)
    cut = (len(rows) + 1) // 2
    for pc, ins in shared_instructions(program):
        rule = operation(ins.op)
        whole = touched(program, pc, None, rows)
        outside = ~declared(program, ins, rows)
        assert np.isnan(whole[outside]).all(), f"{ins.op} writes what it does not declare"
        real = touched(program, pc, None, rows, seen=True)
        for t in ins.outputs.values():
            found = elements(program, t, rows, None)
            same = real[found].tobytes() == whole[found].tobytes()
            assert same, f"{ins.op} reads what it does not declare, or leaves cells as they were"
        parts: list[tuple[Half | None, range]] = []
        if by_rows(ins):
            parts = [(None, rows[:cut]), (None, rows[cut:])]
        elif halves := rule.halves(ins):
            parts = [(half, rows) for half in halves]
        made = np.full_like(whole, np.nan)
        for part, own in parts:
            arena = touched(program, pc, part, own)
            for key, t in ins.outputs.items():
                cells = part.cells.get(key) if part else None
                found = elements(program, t, own, cells)
                # Of two parts with cells in turn, such as taps of a filter, each writes its own.
                found = found[~np.isnan(arena[found])]
                made[found] = arena[found]
        if parts:
            for t in ins.outputs.values():
                found = elements(program, t, rows, None)
                assert made[found].tobytes() == whole[found].tobytes(), (
                    f"{ins.op}: other bits in parts"
                )


def test_every_kernel_that_can_stop_the_machine_says_so() -> None:
    import importlib

    for rule in operations():
        if not rule.kernel:
            continue
        module, function = rule.kernel.split(".")
        source = inspect.getsource(
            getattr(importlib.import_module(f"core.kernels.{module}"), function)
        )
        assert rule.may_fail == ("state[ERROR]" in source), rule.name


# ---- whole steps -----------------------------------------------------------------------------------------------------


def by_one(program: Program, steps: int, record: np.ndarray) -> int:
    """The tape as it is written."""
    program.threads = 1
    return program.run_steps(steps, record)


def in_parts(program: Program, steps: int, record: np.ndarray) -> int:
    """Both parts of each region, on one thread."""
    return Team(program, 0, 0, 0).run_alone(program, steps, record)


def by_two(program: Program, steps: int, record: np.ndarray) -> int:
    """With the helper, who is waited for once."""
    team = Team(program, 0, 1 << 60, 0)
    call_in(team)
    return team.run_steps(program, steps, record)


def call_in(team: Team) -> None:
    """Wait until the helper is there: without it nothing is shared."""
    for _ in range(20_000):
        team._call()
        team._meeting[meeting.RUNNING] = 1
        if team._meeting[meeting.PRESENT]:
            return
        threading.Event().wait(0.001)
    message = "The helper did not come."
    raise AssertionError(message)


WAYS: dict[str, Callable[[Program, int, np.ndarray], int]] = {
    "in parts": in_parts,
    "by two": by_two,
}


def alike(make: Callable[[], Program], steps: int = 7) -> None:
    """Every way makes the same values, state and record."""
    program = make()
    record = np.zeros((steps, max(len(program.watch), 1)))
    done = by_one(program, steps, record)
    for way, run in WAYS.items():
        other, kept = make(), np.zeros_like(record)
        assert run(other, steps, kept) == done, way
        assert kept.tobytes() == record.tobytes(), way
        assert other.state.tobytes() == program.state.tobytes(), way
        size = program.plan.values
        assert other.mem[:size].tobytes() == program.mem[:size].tobytes(), way


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_two_threads_make_the_bits_of_one(name: str, dtype: type) -> None:
    def make() -> Program:
        run = RUNS[name]()
        tape = compile_network(
            run.network, "train", loss=run.loss, optimizer=run.optimizer, metrics=("accuracy",)
        )
        program = Program(tape, run.training.batch_size, dtype, seed=3)
        program.attach(run.samples.inputs, run.samples.targets)
        return program

    alike(make)


def large(batch: int = 37, bad: int | None = None, **optimizer: object) -> Program:
    """A network whose products are cut between tiles; the last batch of an epoch has one sample."""
    rng = np.random.default_rng(0)
    network = chain(
        (12, 12, 3),
        ("Conv2D", {"filters": 8, "kernel_size": 3, "activation": "relu"}),
        ("BatchNormalization", {}),
        ("MaxPooling2D", {}),
        ("Conv2D", {"filters": 17, "kernel_size": 3, "padding": "same", "activation": "relu"}),
        ("Dropout", {"rate": 0.2}),
        ("Flatten", {}),
        ("Dense", {"units": 67, "activation": "tanh", "kernel_regularizer": "l2"}),
        ("Dense", {"units": 10, "activation": "softmax"}),
    )
    loss = losses.get("sparse_categorical_crossentropy")
    x, y = rng.normal(size=(2 * batch + 1, 12, 12, 3)), rng.integers(0, 10, 2 * batch + 1)
    samples = prepare(x, y, loss, 10)
    if bad is not None:
        samples.targets[0].array[bad] = 99
    given = {"kind": "Adam", "weight_decay": 0.01, "clipnorm": 1.0, **optimizer}
    tape = compile_network(
        network, "train", loss=loss, optimizer=optimizers.get(given), metrics=("accuracy",)
    )
    program = Program(tape, batch, np.float32, seed=5)
    program.attach(samples.inputs, samples.targets)
    return program


@pytest.mark.parametrize("batch", [1, 2, 37, 64])
def test_tiles_that_do_not_fit_and_batches_that_end_early(batch: int) -> None:
    alike(lambda: large(batch), 8)


def test_a_label_without_a_place_stops_every_way_at_the_same_instruction() -> None:
    alike(lambda: large(8, bad=11), 5)
    program = large(8, bad=11)
    assert in_parts(program, 5, np.zeros((5, len(program.watch)))) < 5
    assert program.error == S.BAD_LABEL
    assert program.instructions[int(program.state[S.ERROR_PC])].op == "sparse_cross_entropy_rows"


def test_a_loss_that_is_not_finite_stops_every_way_at_the_same_step() -> None:
    def make() -> Program:
        return large(16, kind="SGD", learning_rate=1e30, clipnorm=None, weight_decay=0.0)

    alike(make, 8)
    program = make()
    assert by_two(program, 8, np.zeros((8, len(program.watch)))) < 8
    with pytest.raises(DivergedError):
        program.raise_error()


def test_a_run_goes_on_and_back_between_shared_steps_and_single_instructions() -> None:
    rng = np.random.default_rng(4)
    network = chain(
        (16, 16, 3),
        ("Conv2D", {"filters": 16, "kernel_size": 3, "padding": "same", "activation": "relu"}),
        ("BatchNormalization", {}),
        ("MaxPooling2D", {}),
        ("Dropout", {"rate": 0.2}),
        ("Flatten", {}),
        ("Dense", {"units": 10, "activation": "softmax"}),
    )
    training = Training(
        optimizer={"kind": "Adam"}, loss="sparse_categorical_crossentropy", batch_size=64, seed=2
    )
    x, y = rng.normal(size=(200, 16, 16, 3)), rng.integers(0, 10, 200)

    def journey(threads: int) -> list[bytes]:
        run = Run(network, training, samples=prepare(x, y, losses.get(training.loss), 10))
        program = run.program
        program.threads = threads
        assert (program.team() is not None) == (threads == 2)
        seen = []

        def look() -> None:
            seen.append(program.mem[: program.plan.values].tobytes() + program.state.tobytes())

        run.advance(3)
        look()
        for _ in range(9):
            run.step("instruction")
        look()
        run.advance(4)
        look()
        run.seek(2, 5)
        look()
        run.step_back()
        run.advance(1)
        run.advance(6)
        look()
        return seen

    assert journey(1) == journey(2)


@each(layer_subjects())
@pytest.mark.wide
def test_every_layer_shared(subject: Subject) -> None:
    def make() -> Program:
        return bound(
            subject.network, losses.get("mean_squared_error"), rows=5, mode="train",
            optimizer=optimizers.get("adam"),
        )  # fmt: skip

    def steps(program: Program) -> bytes:
        if not program.tables:
            program.run()
        return program.mem[: program.plan.values].tobytes()

    program = make()
    assert share(program.tape.instructions, program.capacity, worth_cutting=0).bounds.size
    expected = steps(program)
    other = make()
    team = Team(other, other._behind_data(0, len(other.kinds)), 0, 0)
    team.run_range_alone(other)
    assert other.mem[: other.plan.values].tobytes() == expected


# ---- the helper ------------------------------------------------------------------------------------------------------


def test_a_helper_that_is_busy_elsewhere_holds_nothing_up() -> None:
    """The leader does both parts: nobody waits for who has not come."""
    release = threading.Event()
    begun = threading.Event()

    def long() -> None:
        begun.set()
        release.wait(60)

    helper.helper().offer(long)
    assert begun.wait(60)
    try:
        program, plain = large(16), large(16)
        record = np.zeros((6, len(program.watch)))
        team = Team(program, 0, 1 << 60, 0)
        assert team.run_steps(program, 6, record) == 6
        assert not team._meeting[meeting.PRESENT]
        by_one(plain, 6, np.zeros_like(record))
        assert plain.mem.tobytes()[: plain.plan.state] == program.mem.tobytes()[: plain.plan.state]
    finally:
        release.set()


def test_the_helper_leaves_when_the_leader_rests() -> None:
    program = large(16)
    record = np.zeros((6, len(program.watch)))
    by_two(program, 6, record)
    team = Team(program, 0, 1 << 60, 0)
    team.run_steps(program, 6, record)
    for _ in range(20_000):
        if not team._meeting[meeting.PRESENT] and helper.helper().asleep:
            return
        threading.Event().wait(0.001)
    pytest.fail("The helper is still there.")


def test_a_stop_from_another_thread_ends_a_shared_run_between_steps() -> None:
    program, plain = large(16), large(16)
    team = Team(program, 0, 1 << 60, 0)
    record = np.zeros((100_000, len(program.watch)))
    stopper = threading.Timer(0.3, lambda: program.control.__setitem__(0, 1))
    stopper.start()
    done = team.run_steps(program, 100_000, record)
    stopper.join()
    assert 0 < done < 100_000
    assert by_one(plain, done, np.zeros_like(record)) == done
    size = plain.plan.values
    assert plain.mem[:size].tobytes() == program.mem[:size].tobytes()
    assert plain.state.tobytes() == program.state.tobytes()


def test_one_thread_is_taken_at_its_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_THREADS", "1")
    program = large(64)
    assert program.threads == 1
    assert program.team() is None
    monkeypatch.setenv("CHAINRULE_THREADS", "2")
    assert large(64).threads == 2
    monkeypatch.setenv("CHAINRULE_THREADS", "many")
    assert large(64).threads == min(2, helper.processors())


def test_small_steps_are_not_shared() -> None:
    program = bound(
        chain((2,), ("Dense", {"units": 3})), losses.get("mse"), rows=4, mode="train",
        optimizer=optimizers.get("sgd"),
    )  # fmt: skip
    program.threads = 2
    assert program.team() is None


def test_weights_that_are_read_at_every_time_step_are_turned_once() -> None:
    network = chain((5, 3), ("LSTM", {"units": 16}), ("Dense", {"units": 2}))
    program = bound(
        network, losses.get("mse"), mode="train", optimizer=optimizers.get("sgd"), dtype=np.float32
    )
    tape = program.tape
    backward = [
        k
        for k, ins in enumerate(tape.instructions)
        if isinstance(operation(ins.op), MatmulInputGrad)
    ]
    weights = {id(tape.instructions[k].inputs["w"]) for k in backward}
    sharing = share(tape.instructions, program.capacity)
    turning = [row for row in sharing.ints if row[0] == 5]
    assert len(backward) > len(weights)
    assert len(turning) == 2 * len(weights)
    # On one thread the first of them turns it, and the others go on from there.
    kinds = [int(program._whole_ints[k, 0]) for k in backward]
    assert kinds.count(2) == len(weights)
    assert kinds.count(6) == len(backward) - len(weights)


def test_predictions_are_shared_too_whatever_part_of_the_batch_is_there() -> None:
    network = chain(
        (16, 16, 8),
        ("Conv2D", {"filters": 32, "kernel_size": 3, "activation": "relu"}),
        ("Flatten", {}),
        ("Dense", {"units": 10, "activation": "softmax"}),
    )

    def make() -> Program:
        return Program(compile_network(network, "predict", batch_size=64), 64, seed=2)

    one, two = make(), make()
    one.threads, two.threads = 1, 2
    team = two.team(two.tape.instructions.index(first_of(two)))
    assert team is not None
    rng = np.random.default_rng(0)
    name = next(iter(one.tape.outputs.values())).name
    for rows in (64, 33, 2, 1, 64):
        x = rng.normal(size=(rows, 16, 16, 8))
        one.feed([x])
        two.feed([x])
        call_in(team)
        one.run()
        two.run()
        assert one.tensor(name).tobytes() == two.tensor(name).tobytes()
    team._meeting[meeting.RUNNING] = 0


def first_of(program: Program) -> Instruction:
    """The first instruction that a fed program runs."""
    return next(ins for ins in program.tape.instructions if ins.phase != "data")


FORKED = """
import os, sys
import numpy as np
from tests.core.tape import test_sharing as t
parent, plain = t.large(16), t.large(16)
record = np.zeros((4, len(parent.watch)))
team = t.Team(parent, 0, 1 << 60, 0)
t.call_in(team)
# The child finds a meeting place at which nobody will ever come.
child = os.fork()
assert team.run_steps(parent, 4, record) == 4
if child:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
t.by_one(plain, 4, np.zeros_like(record))
size = plain.plan.values
assert plain.mem[:size].tobytes() == parent.mem[:size].tobytes()
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows starts processes anew")
def test_a_forked_process_has_a_helper_of_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKED], cwd=Path(__file__).parents[3], timeout=120,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
