"""Breakpoints: every stop is where one instruction after the other would have come to it, with the same bits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from core.breakpoints import Breakpoint
from core.errors import ChainruleError
from core.runs import GRANULARITIES, Run, Stopped
from tests.core.networks import RUNS, differences, everything

STEPS = 5
NAMES = sorted(RUNS)


def condition(of: str, test: str, value: float = 0.0, tensor: str = "") -> Breakpoint:
    return Breakpoint("condition", of=of, test=test, value=value, tensor=tensor)


def holds(values: np.ndarray, test: str, value: float, before: float | None) -> bool:
    """What a condition says, cell by cell."""
    for x in values.ravel().tolist():
        if (
            (test == "size-above" and abs(x) > value)
            or (test == "above" and x > value)
            or (test == "below" and x < value)
            or (test == "not-finite" and not np.isfinite(x))
            or (test == "rises" and before is not None and x > before)
        ):
            return True
    return False


def looked_at(run: Run, one: Breakpoint, pc: int) -> list[str]:
    instruction = run.program.instructions[pc]
    tensors = run.program.tape.tensors
    found = []
    for name in instruction.writes:
        t = tensors[name]
        found += [name] * {
            "loss": name == next(iter(run.program.tape.watch.values())).name,
            "weight-gradients": t.role == "gradient" and not t.batch,
            "gradients": t.role == "gradient",
            "weights": t.role == "weight",
            "values": instruction.phase == "forward" and t.role == "value",
            "everything": instruction.phase != "data",
            "tensor": name == one.tensor,
        }[one.of]
    return found


def stops(run: Run, breakpoints: list[Breakpoint], steps: int) -> list[tuple[int, int]]:
    """The slow way: every instruction by itself, every number that it wrote looked at in Python."""
    found = []
    count, before = len(run.program.kinds), None
    while run.position.step < steps:
        step, pc = run.position.step, run.pc
        run.step("instruction")
        here = run.position
        hit = False
        for one in breakpoints:
            if one.kind == "condition":
                hit |= any(
                    holds(run.program.tensor(name), one.test, np.float32(one.value), before)
                    for name in looked_at(run, one, pc)
                )
            elif one.kind == "instruction":
                hit |= here.pc == one.instruction
            else:
                ins = run.program.instructions
                ahead, behind = ins[here.pc], ins[here.pc - 1]
                enters = (ahead.layer, ahead.phase) != (behind.layer, behind.phase)
                hit |= ahead.layer == one.layer and (enters or here.pc == 0)
        if hit:
            found.append((here.step, here.pc))
        if pc + 1 == count:
            before = float(run.program.mem[run.program.watch[0]])
            assert run.position.step == step + 1
    return found


def watched(run: Run) -> dict[str, list[Breakpoint]]:
    """Breakpoints of every kind, with bounds that hold now and then."""
    gradients = []
    probe = run
    for _ in range(3):
        probe.step("batch")
        gradients += [
            float(np.abs(probe.program.tensor(n)).max())
            for n, t in probe.program.tape.tensors.items()
            if t.role == "gradient" and not t.batch
        ]
    weight = next(iter(probe.program.tape.weights)).tensor.name
    layer = next(ins.layer for ins in probe.program.instructions[8:] if ins.layer)
    return {
        "large gradients": [condition("weight-gradients", "size-above", float(np.quantile(gradients, 0.9)))],
        "any gradient": [condition("gradients", "below", -float(np.quantile(gradients, 0.8)))],
        "loss goes up": [condition("loss", "rises")],
        "one weight": [condition("tensor", "above", float(probe.program.tensor(weight).max()), weight)],
        "instruction": [Breakpoint("instruction", instruction=5)],
        "first instruction": [Breakpoint("instruction", instruction=0)],
        "layer": [Breakpoint("layer", layer=layer)],
        "both": [condition("loss", "rises"), Breakpoint("instruction", instruction=len(probe.program.kinds) - 2)],
        "nothing": [condition("everything", "not-finite")],
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_stop_is_where_single_instructions_come_to_it_and_back(name: str) -> None:
    for which, breakpoints in watched(RUNS[name]()).items():
        wanted = stops(RUNS[name](), breakpoints, STEPS)
        run, seen = RUNS[name](), []
        while True:
            found = run.run_to(breakpoints, steps=STEPS - run.position.step)
            assert run.divergence is None
            if found is None:
                break
            assert (found.step, found.pc) == (run.position.step, run.pc)
            seen.append((found.step, found.pc))
            if run.position.step == STEPS:
                break
        assert seen == wanted, (name, which)
        assert run.position.step == STEPS
        assert run.pc == 0
        last = (run.position.step, run.pc)
        back = []
        while (found := run.run_back_to(breakpoints)) is not None:
            assert (found.step, found.pc) == (run.position.step, run.pc)
            back.append((found.step, found.pc))
        assert (run.position.step, run.pc) == (0, 0)
        expected = [moment for moment in reversed(wanted) if moment != last]
        if which == "first instruction":
            assert back[-1] == (0, 0)
            expected.append((0, 0))
        assert back == expected, (name, which)


@pytest.mark.parametrize("name", NAMES)
def test_a_stop_has_the_bits_that_were_there_and_training_goes_on_with_them(name: str) -> None:
    breakpoints = watched(RUNS[name]())["large gradients"]
    run, stepped = RUNS[name](), RUNS[name]()
    found = run.run_to(breakpoints, steps=40)
    assert found is not None
    while (stepped.position.step, stepped.pc) != (found.step, found.pc):
        stepped.step("instruction")
    assert differences(everything(stepped), everything(run)) == []
    value = run.program.tensor(found.tensor)[found.cell]
    assert abs(value) == np.abs(run.program.tensor(found.tensor)).max() > breakpoints[0].value
    assert value == np.float32(found.value)
    straight = RUNS[name]()
    while straight.position.step < 20:
        straight.advance(20 - straight.position.step)
    run.run_back_to([condition("loss", "rises")])
    while run.position.step < 20:
        run.advance(20 - run.position.step)
    assert differences(everything(straight), everything(run)) == []
    assert np.array_equal(
        straight.history.series("loss").mean[:20], run.history.series("loss").mean[:20]
    )


def test_what_a_callback_or_a_learner_changed_is_done_again_on_the_way_back() -> None:
    run = RUNS[NAMES[0]]()
    breakpoints = [condition("loss", "rises")]
    run.advance(4)
    run.set("learning_rate", 0.2)
    forward = []
    while run.position.step < 30:
        found = run.run_to(breakpoints, steps=30 - run.position.step)
        if found is None:
            break
        forward.append((found, everything(run)))
    assert len(forward) > 3
    for found, bits in reversed(forward):
        again = run.run_back_to(breakpoints)
        if again is not None and (again.step, again.pc) != (found.step, found.pc):
            # The last one is where the run stands already.
            found, bits = next((f, b) for f, b in forward if (f.step, f.pc) == (again.step, again.pc))  # fmt: skip
        if again is None:
            break
        assert again == found
        assert differences(bits, everything(run)) == []


def test_broken_numbers_stop_the_run_at_their_instruction() -> None:
    run = RUNS["mlp"]()
    run.advance(3)
    weight = run.program.tape.weights[0].tensor.name
    run.set_weight(weight, (0,) * run.program.tensor(weight).ndim, 3e38)
    found = run.run_to([condition("everything", "not-finite")], steps=10)
    assert run.divergence is not None
    assert found is not None
    assert found.instruction == run.divergence.instruction
    assert not np.isfinite(found.value)
    assert found.tensor in run.program.instructions[found.instruction].writes
    with pytest.raises(ChainruleError):
        run.run_to([condition("loss", "rises")], steps=1)
    assert run.run_back_to([Breakpoint("instruction", instruction=2)]) is not None
    assert run.divergence is None


def test_the_loss_before_a_search_is_known_after_a_run_was_loaded() -> None:
    run = RUNS[NAMES[0]]()
    run.advance(6)
    state, arrays = run.save_state()
    loaded = RUNS[NAMES[0]]()
    loaded.load_state(state, arrays)
    rises = [condition("loss", "rises")]
    assert run.run_to(rises, steps=50) == loaded.run_to(rises, steps=50)


@pytest.mark.parametrize("granularity", ["loss", "update"])
def test_to_the_loss_and_to_the_update_and_back(granularity: str) -> None:
    for make in RUNS.values():
        run = make()
        seen = []
        for _ in range(3):
            run.step(granularity)
            place = run.pc
            seen.append((run.position.step, place, everything(run)))
            ins = run.program.instructions
            if granularity == "loss":
                assert next(iter(run.program.tape.watch.values())).name in ins[place - 1].writes
            else:
                assert ins[place].phase == "update"
                assert ins[place - 1].phase != "update"
        assert [step for step, _, _ in seen] == [0, 1, 2]
        run.step("batch")
        for step, place, bits in reversed(seen):
            run.step_back(granularity)
            assert (run.position.step, run.pc) == (step, place)
            assert differences(bits, everything(run)) == []
        run.step_back(granularity)
        assert (run.position.step, run.pc) == (0, 0)
    assert {"loss", "update"} < set(GRANULARITIES)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ([], "no breakpoint"),
        ([Breakpoint("instruction", instruction=3, enabled=False)], "no breakpoint"),
        ([Breakpoint("instruction", instruction=9999)], "there is none at 9999"),
        ([Breakpoint("layer", layer="dense_77")], "no layer with instructions called 'dense_77'"),
        ([condition("tensor", "above", 1.0, "dense/kernl")], "no value in the program"),
        ([condition("weights", "rises")], "Only of the loss"),
        ([condition("weights", "above", float("nan"))], "compares with a number"),
        ([condition("weights", "size-above", -1.0)], "never below 0"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(wrong: list[Breakpoint], says: str) -> None:
    run = RUNS[NAMES[0]]()
    run.step("instruction")
    for search in (run.run_to, run.run_back_to):
        with pytest.raises(ChainruleError, match=says):
            search(wrong)
    assert run.pc == 1


def test_a_search_can_be_left_and_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.runs.stopping.REPLAY", 0.0)
    run = RUNS[NAMES[0]]()
    never = [condition("weights", "above", 1e30)]
    shares: list[float] = []
    assert run.run_to(never, 20, shares.append, lambda: run.position.step >= 12) is None
    assert run.position.step == 12
    assert shares == sorted(shares)
    assert 0 < shares[-1] <= 0.6
    assert run.run_to(never, 20, shares.append) is None
    assert run.position.step == 32
    shares.clear()
    assert run.run_back_to(never, progress=shares.append) is None
    assert run.position.step == 0
    assert shares == sorted(shares)


def test_going_back_is_bounded_by_steps() -> None:
    never, rises = condition("weights", "above", 1e30), condition("loss", "rises")
    run = RUNS["mlp"]()
    run.advance(30)
    while run.position.step < 30:
        run.advance(30 - run.position.step)
    there = [(found.step, found.pc) for found in _all_back(RUNS["mlp"], 30, rises)]
    assert run.run_back_to([never], 7) is None
    assert (run.position.step, run.pc) == (23, 0)
    run.seek(30)
    inside = [moment for moment in there if moment[0] >= 20]
    for moment in inside:
        found = run.run_back_to([rises], run.position.step - 20)
        assert found is not None
        assert (found.step, found.pc) == moment
    assert run.position.step == 20 or run.run_back_to([rises], run.position.step - 20) is None
    assert (run.position.step, run.pc) == (20, 0) or inside[-1][0] == 20


def _all_back(make: Callable[[], Run], steps: int, one: Breakpoint) -> list[Stopped]:
    run, found = make(), []
    while run.position.step < steps:
        run.advance(steps - run.position.step)
    while (stop := run.run_back_to([one])) is not None:
        found.append(stop)
    return found


def test_single_instructions_tell_of_the_breakpoints_they_come_to() -> None:
    for make in RUNS.values():
        breakpoints = [
            condition("weight-gradients", "size-above", 1e-3),
            Breakpoint("instruction", instruction=4),
        ]
        wanted = stops(make(), breakpoints, 2)
        run, seen = make(), []
        while run.position.step < 2:
            if run.step_by(breakpoints) is not None:
                seen.append((run.position.step, run.pc))
        assert seen == wanted
        assert seen[-1] == (2, 0) or run.run_back_to(breakpoints) is not None
        run.seek(2)
        back = []
        while (run.position.step, run.pc) != (0, 0):
            if run.step_by(breakpoints, back=True) is not None:
                back.append((run.position.step, run.pc))
        assert back == [moment for moment in reversed(wanted) if moment != (2, 0)]


@pytest.mark.parametrize("name", NAMES)
def test_a_step_by_any_measure_ends_at_a_breakpoint_on_its_way(name: str) -> None:
    """Forward at the first stop behind where it stands, back at the last one before, else where a plain step ends."""
    steps, sets = 3, watched(RUNS[name]())
    plain = RUNS[name]()
    for which in ("loss goes up", "first instruction", "layer", "both", "nothing"):
        wanted = stops(RUNS[name](), sets[which], steps + plain.position.batches)
        for granularity in GRANULARITIES:
            run, last = RUNS[name](), (steps, 0)
            while _moment(run) < last:
                here = _moment(run)
                plain.seek(0)
                _go_to(plain, here)
                plain.step(granularity)
                passed = [stop for stop in wanted if here < stop <= _moment(plain)]
                found = run.go_by(granularity, sets[which])
                assert _moment(run) == (passed[0] if passed else _moment(plain)), (
                    which,
                    granularity,
                    here,
                )
                assert (found is not None) == bool(passed)
                assert found is None or (found.step, found.pc) == _moment(run)
            _go_to(run, last)
            first = [(0, 0)] if which == "first instruction" else []
            while _moment(run) > (0, 0):
                here = _moment(run)
                _go_to(plain, here)
                plain.step_back(granularity)
                passed = [stop for stop in first + wanted if _moment(plain) <= stop < here]
                found = run.go_by(granularity, sets[which], back=True)
                assert _moment(run) == (passed[-1] if passed else _moment(plain)), (
                    which,
                    granularity,
                    here,
                )
                assert (found is not None) == bool(passed), (which, granularity, here)
            assert run.go_by(granularity, sets[which], back=True) is None or first
            assert _moment(run) == (0, 0)
            _go_to(plain, (0, 0))
            assert differences(everything(plain), everything(run)) == []


def _moment(run: Run) -> tuple[int, int]:
    return run.position.step, run.pc


def _go_to(run: Run, moment: tuple[int, int]) -> None:
    while run.position.step < moment[0]:
        run.step("batch")
    run.seek(*moment)


def test_the_end_of_every_epoch_is_told() -> None:
    run = RUNS[NAMES[0]]()
    search = run.running_to([condition("weights", "above", 1e30)], steps=3 * run.batches)
    ends = [run.position.epoch for _ in search if run.epoch_just_ended()]
    assert sorted(set(ends)) == [1, 2, 3]
