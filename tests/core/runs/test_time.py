"""Time is exact: however a step is reached, every bit is the same."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from core.errors import ChainruleError
from core.runs.checkpoints import Checkpoints
from tests.core.networks import RUNS, differences, everything
from tests.core.runs.ways import STEPS, replayed, saved_and_loaded, straight, wandered


@pytest.fixture(params=sorted(RUNS))
def make(request: pytest.FixtureRequest) -> object:
    return RUNS[request.param]


def test_saving_and_loading_goes_on_with_the_same_bits(make) -> None:
    expected = make()
    straight(expected, STEPS)
    loaded = saved_and_loaded(make)
    assert differences(everything(expected), everything(loaded)) == []
    series = [run.history.series("loss").mean for run in (expected, loaded)]
    assert np.array_equal(*series)


def test_a_run_saved_in_the_middle_of_a_step_is_loaded_with_the_same_bits(make) -> None:
    run = make()
    batches = run.position.batches
    # Behind the last batch of an epoch, which is smaller than the others, and behind any other.
    for step in (batches, batches + 1):
        straight(run, step - run.position.step)
        for _ in range(len(run.program.kinds) // 2):
            run.step("instruction")
        state, arrays = run.save_state()
        loaded = make()
        loaded.load_state(state, arrays)
        assert loaded.position == run.position
        assert differences(everything(run), everything(loaded)) == []


def test_random_stepping_forwards_and_back_ends_with_the_same_bits(make) -> None:
    expected = make()
    straight(expected, STEPS)
    assert differences(everything(expected), everything(wandered(make))) == []


def test_replaying_the_journal_ends_with_the_same_bits(make) -> None:
    expected = make()
    straight(expected, STEPS)
    assert differences(everything(expected), everything(replayed(make, expected))) == []


def test_stepping_back_by_instructions_undoes_each_of_them(make) -> None:
    run = make()
    straight(run, 3)
    seen = [everything(run)]
    for _ in range(len(run.program.kinds) + 3):
        run.step("instruction")
        seen.append(everything(run))
    for before in reversed(seen[:-1]):
        run.step_back("instruction")
        assert differences(before, everything(run)) == []


def test_a_place_inside_an_earlier_step_is_found_again(make) -> None:
    run = make()
    straight(run, 4)
    for _ in range(5):
        run.step("layer")
    there = everything(run)
    position = run.position
    run.step("batch")
    straight(run, 30)
    run.seek(position.step, position.pc)
    assert differences(there, everything(run)) == []


def test_a_long_way_tells_how_far_it_is_and_can_be_left(make) -> None:
    run = make()
    first = run.checkpoints.before(0)
    seen = []
    for _ in range(40):
        run.advance(1)
        seen.append(everything(run))
    run.checkpoints = Checkpoints()
    run.checkpoints.add(first)
    run._spacing = lambda: 8
    run._previous = None
    shares: list[float] = []
    assert run.seek(39, progress=shares.append)
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert len(shares) > 3
    assert differences(seen[38], everything(run)) == []
    run.checkpoints.forget_after(0)
    run._previous = None
    asked = iter([False, False, True])
    assert not run.seek(39, 2, stop=lambda: next(asked))
    reached = run.step_count
    assert 0 < reached < 39
    assert run.pc == 0
    assert differences(seen[reached - 1], everything(run)) == []
    assert run.seek(40)
    assert differences(seen[39], everything(run)) == []


def test_a_stop_flag_for_training_does_not_end_a_seek() -> None:
    run = RUNS["partial"]()
    run.advance(3)
    run.program.control[0] = 1
    assert run.seek(1)
    assert run.seek(3)
    assert run.advance(1) == 0


def test_going_back_by_layers_and_epochs_lands_on_their_beginnings(make) -> None:
    run = make()
    straight(run, 2)
    starts = []
    for _ in range(6):
        starts.append(everything(run))
        run.step("layer")
    for before in reversed(starts):
        run.step_back("layer")
        assert differences(before, everything(run)) == []
    run.step("epoch")
    assert run.position.batch == 0
    assert run.position.epoch == 1
    run.step_back("epoch")
    assert run.position.step == 0


def test_going_back_over_a_change_undoes_it(make) -> None:
    straight_run, run = make(), make()
    count = len(run.program.kinds)
    for _ in range(3):
        run.step()
    before = everything(run)
    run.set("learning_rate", 0.5)
    for _ in range(count - 1):
        run.step()
    assert run.learning_rate == pytest.approx(0.5)
    for _ in range(count - 1):
        run.step_back()
    assert differences(before, everything(run)) == []
    run.reset()
    run.advance(3)
    straight_run.advance(3)
    assert differences(everything(straight_run), everything(run)) == []


def test_a_change_between_steps_is_seen_at_once_and_after_loading(make) -> None:
    run, loaded = make(), make()
    run.advance(2)
    tensor = run.program.tape.weights[0].tensor
    cell = (0,) * len(tensor.shape)
    run.set("learning_rate", 0.25)
    run.set_weight(tensor.name, cell, 1.5)
    state, arrays = run.save_state()
    loaded.load_state(state, arrays)
    for there in (run, loaded):
        assert there.learning_rate == 0.25
        assert there.program.tensor(tensor.name)[cell] == 1.5
    run.step_back()
    assert run.program.tensor(tensor.name)[cell] != 1.5


def test_a_cell_that_is_not_there_leaves_no_trace_in_the_journal(make) -> None:
    run = make()
    tensor = run.program.tape.weights[0].tensor
    for cell in ((99,) * len(tensor.shape), (), (-1,) * len(tensor.shape)):
        with pytest.raises(ChainruleError, match="no cell"):
            run.set_weight(tensor.name, cell, 1.0)
    assert run.journal.entries == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"step": 10**12}, {"checkpoint_step": -1}, {"pc": 10**6}, {"history_first": 10**12}, {"history_names": ()},
        {"history_bin": 0}, {"history_length": 10**9}, {"base_step": 5},
    ],
)  # fmt: skip
def test_a_saved_run_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    run = RUNS["partial"]()
    run.advance(2)
    state, arrays = run.save_state()
    fresh = RUNS["partial"]()
    with pytest.raises(ChainruleError, match="does not fit"):
        fresh.load_state(msgspec.structs.replace(state, **wrong), arrays)


@pytest.mark.parametrize("value", [2**40, -7, 2**62])
def test_a_machine_vector_of_nonsense_does_no_harm(value: int) -> None:
    run, loaded = RUNS["partial"](), RUNS["partial"]()
    run.advance(2)
    state, arrays = run.save_state()
    arrays = {k: np.full_like(a, value) if k.endswith("machine") else a for k, a in arrays.items()}
    loaded.load_state(state, arrays)
    assert loaded.position.step == 2
    assert loaded.advance(1) == 1


@pytest.mark.parametrize("kept", [True, False])
def test_the_start_of_the_last_step_is_found_where_it_was_not_kept(kept: bool) -> None:
    """A stop comes in the middle of many steps; a model's run keeps no starts at all."""
    run, other = RUNS["mlp"](), RUNS["mlp"]()
    run.keeps_starts = kept
    run.advance(2)
    whole = run.program.run_steps

    def raised_after_three(steps: int, record: np.ndarray) -> int:
        done = whole(min(steps, 3), record)
        run.program.control[0] = 1
        return done

    run.program.run_steps, run._spacing = raised_after_three, lambda: 4096
    run.advance(12, epochs=12)
    run.program.run_steps, run.program.control[0] = whole, 0
    # Three, and one more that can be explained.
    stopped = 6 if kept else 5
    assert run.step_count == stopped
    other.advance(stopped, epochs=12)
    start, wanted = run.step_start, other.step_start
    assert start is not None
    assert wanted is not None
    assert start.step == wanted.step == stopped - 1
    np.testing.assert_array_equal(start.memory, wanted.memory)
    np.testing.assert_array_equal(run.program.mem, other.program.mem)
    weight = next(iter(run.program.weights()))
    for name, values in run.terms(weight).items():
        np.testing.assert_array_equal(values, other.terms(weight)[name])


@pytest.mark.parametrize("name", RUNS)
def test_stepping_to_an_instruction_is_stepping(name: str) -> None:
    at_once, single = RUNS[name](), RUNS[name]()
    count = len(at_once.program.kinds)
    for pc in (3, 4, count // 2, count, count - 1):
        at_once.step_to(pc)
        while single.pc != pc % count:
            single.step("instruction")
        assert differences(everything(at_once), everything(single)) == []
    for _ in range(count + 3):
        at_once.step_back("instruction")
        single.step_back("instruction")
    assert differences(everything(at_once), everything(single)) == []
    for pc in (at_once.pc, 0, count + 1):
        with pytest.raises(ChainruleError, match=f"It is {pc}: seek goes back"):
            at_once.step_to(pc)
