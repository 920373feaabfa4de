"""Every change of a run is an entry of its journal: a rewind over it gives the same bits."""

from __future__ import annotations

import numpy as np
import pytest

from core import Input, Sequential, layers
from core.errors import ChainruleError
from core.runs import Run, journal
from core.runs.journal import Entry, Journal
from tests.core.networks import RUNS, differences, everything


@pytest.fixture(params=sorted(RUNS))
def make(request: pytest.FixtureRequest) -> object:
    return RUNS[request.param]


def changed(run: Run, steps: int = 24) -> list[object]:
    """Train on with a change of every kind on the way; the bits after every step."""
    seen = [everything(run)]
    while run.step_count < steps:
        now = run.step_count
        weights = run.program.weights()
        if now == 4:
            run.set("learning_rate", 0.02)
        if now == 9:
            run.replace_weights({name: value * 0.5 for name, value in weights.items()})
        if now == 13:
            run.shuffle(False)
        if now == 14:
            run.use(run.samples)
            name = next(iter(weights))
            run.set_weight(name, (0,) * weights[name].ndim, 0.25)
        seen[-1] = everything(run)
        assert run.advance(1) == 1
        seen.append(everything(run))
    return seen


def test_a_rewind_over_changes_of_every_kind_gives_the_same_bits(make) -> None:
    run = make()
    seen = changed(run)
    assert {e.kind for e in run.journal.entries} >= {"scalar", "weights", "shuffle", "weight"}
    for step in (24, 3, 10, 9, 14, 13, 0, 24, 15):
        run.seek(step)
        assert differences(seen[step], everything(run)) == []


def test_a_run_with_replaced_weights_is_loaded_with_the_same_bits(make) -> None:
    run, loaded = make(), make()
    seen = changed(run)
    state, arrays = run.save_state()
    loaded.load_state(state, {key: array.copy() for key, array in arrays.items()})
    for step in (24, 9, 16, 3):
        loaded.seek(step)
        assert differences(seen[step], everything(loaded)) == []


def test_replaced_weights_are_there_at_once_and_undo_a_begun_step() -> None:
    run = RUNS["partial"]()
    run.advance(3)
    before = everything(run)
    for _ in range(5):
        run.step("instruction")
    halves = {name: value * 0.5 for name, value in run.program.weights().items()}
    run.replace_weights(halves)
    assert (run.position.step, run.position.pc) == (3, 0)
    for name, value in run.program.weights().items():
        assert np.array_equal(value, halves[name])
    run.advance(2)
    run.seek(2)
    run.seek(3)
    assert np.array_equal(run.program.weights()[name], halves[name])
    run.reset()
    run.advance(3)
    assert differences(before, everything(run)) == []


def test_states_that_were_put_in_are_replayed() -> None:
    from tests.core.networks import _run, _training, chain

    network = chain((4, 2), ("LSTM", {"units": 3, "stateful": True}), ("Dense", {"units": 1}))
    rng = np.random.default_rng(0)
    training = _training("SGD", "mean_squared_error", 4, learning_rate=0.1)
    run = _run(network, training, rng.normal(size=(12, 4, 2)), rng.normal(size=(12, 1)), 1)
    run.advance(2)
    states = {name: np.full_like(value, 0.5) for name, value in run.program.states().items()}
    run.replace_states(states)
    run.advance(3, epochs=2)
    assert run.step_count == 5
    there = everything(run)
    run.advance(2)
    run.seek(1)
    run.seek(5)
    assert differences(there, everything(run)) == []


def test_the_same_change_again_before_a_step_leaves_one_entry() -> None:
    run = RUNS["partial"]()
    for rate in (0.1, 0.2, 0.3):
        run.set("learning_rate", rate)
        run.replace_weights(run.program.weights())
    assert [(e.kind, e.value) for e in run.journal.entries] == [("scalar", 0.3), ("weights", 0.0)]
    assert len(run.journal.to_arrays()) == len(run.program.weights())


def test_changes_after_the_present_step_are_forgotten_with_their_arrays() -> None:
    kept = Journal()
    for step in (1, 5, 9):
        kept.add(Entry(step, "weights"), {"w": np.full(3, step, np.float32)})
    kept.add(Entry(6, "scalar", "learning_rate", 0.1))
    assert [e.step for e in kept.entries] == [1, 5, 6]
    assert [float(kept.arrays(e)["w"][0]) for e in kept.entries[:2]] == [1, 5]
    assert len(kept.to_arrays()) == 2
    assert kept.next_after(1) == 5
    assert kept.next_after(6) is None


def test_arrays_beyond_the_budget_let_the_run_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.runs import changing

    run = RUNS["partial"]()
    size = sum(value.nbytes for value in run.program.weights().values())
    monkeypatch.setattr(changing, "BUDGET", 3 * size)
    assert 3 * size < journal.BUDGET
    for step in range(1, 6):
        run.advance(1)
        run.replace_weights(run.program.weights())
        assert run.journal.nbytes <= 3 * size
        assert run.step_count == step
    assert run.base == 4
    with pytest.raises(ChainruleError, match="from step 4"):
        run.seek(3)


@pytest.mark.parametrize("damage", ["missing", "shape", "name", "order"])
def test_a_damaged_journal_is_refused(damage: str) -> None:
    run = RUNS["partial"]()
    run.advance(2)
    run.set("learning_rate", 0.5)
    run.advance(2)
    run.replace_weights(run.program.weights())
    state, arrays = run.save_state()
    keys = [key for key in arrays if key.startswith("journal/")]
    entries = state.journal
    if damage == "missing":
        arrays = {key: value for key, value in arrays.items() if key not in keys}
    elif damage == "shape":
        arrays[keys[0]] = np.zeros((7, 7), np.float32)
    elif damage == "name":
        arrays["journal/0/nothing"] = arrays[keys[0]]
    else:
        entries = tuple(reversed(entries))
    import msgspec

    with pytest.raises(ChainruleError, match="does not fit"):
        RUNS["partial"]().load_state(msgspec.structs.replace(state, journal=entries), arrays)


# ---- models --------------------------------------------------------------------------------------------------------


def small() -> tuple[Sequential, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    model = Sequential([Input((3,)), layers.Dense(4, activation="tanh"), layers.Dense(1)], seed=1)
    model.compile(optimizer="adam", loss="mean_squared_error")
    return model, rng.normal(size=(20, 3)).astype(np.float32), rng.normal(size=(20, 1))


def test_fitting_again_on_the_same_data_goes_on_with_the_same_run() -> None:
    once, again = small(), small()
    once[0].fit(*once[1:], batch_size=8, epochs=4)
    for _ in range(4):
        again[0].fit(*again[1:], batch_size=8)
    run = again[0]._run
    assert run.base == 0
    for a, b in zip(once[0].get_weights(), again[0].get_weights(), strict=True):
        assert np.array_equal(a, b)
    run.seek(5)
    once[0]._run.seek(5)
    assert differences(everything(run), everything(once[0]._run)) == []


def test_data_written_to_in_between_is_other_data() -> None:
    model, x, y = small()
    model.fit(x, y, batch_size=8)
    x *= 2
    model.fit(x, y, batch_size=8)
    assert model._run.base == 3


def test_fitting_after_a_rewind_forgets_what_came_after() -> None:
    model, x, y = small()
    model.fit(x, y, batch_size=8, epochs=2)
    model.set_weights([w * 0 for w in model.get_weights()])
    model.fit(x, y, batch_size=8)
    run = model._run
    run.seek(3)
    there = everything(run)
    model.fit(x, y, batch_size=8, epochs=2)
    assert len(run.journal) == 0
    assert run.step_count == 9
    assert any(np.any(w) for w in model.get_weights())
    run.seek(3)
    assert differences(there, everything(run)) == []


def test_fitting_from_the_middle_of_an_epoch_begins_one() -> None:
    model, x, y = small()
    model.fit(x, y, batch_size=8)
    run = model._run
    run.step("batch")
    model.fit(x, y, batch_size=8, epochs=2)
    assert run.base == 0
    assert (run.step_count, run.position.batch) == (10, 0)
    there = everything(run)
    run.seek(2)
    run.seek(10)
    assert differences(there, everything(run)) == []


class Counted(list[Entry]):
    """A list that counts what is looked at, and cannot be gone through."""

    looked = 0

    def __getitem__(self, place):  # type: ignore[no-untyped-def,override]
        found = super().__getitem__(place)
        self.looked += len(found) if isinstance(place, slice) else 1
        return found

    def __iter__(self):  # type: ignore[no-untyped-def,override]
        raise AssertionError("the whole journal was gone through")


def test_a_journal_of_many_entries_is_not_gone_through_to_find_or_add_one() -> None:
    many = 1 << 14
    book = Journal([Entry(step, "scalar", "learning_rate", 0.1) for step in range(many)])
    book.entries = seen = Counted(book.entries)
    assert book.next_after(many // 2) == many // 2 + 1
    assert len(book.at(100)) == 1
    book.add(Entry(many, "scalar", "learning_rate", 0.2))
    book.add(Entry(many, "scalar", "learning_rate", 0.3))
    book.forget_after(many)
    assert book.entries is seen
    assert (len(book), seen[-1].value) == (many + 1, 0.3)
    assert seen.looked < 12 * 20


def test_a_journal_knows_what_its_arrays_take() -> None:
    book, some = Journal(), {"w": np.zeros(4, np.float32)}
    for step in (1, 2, 2, 5):
        book.add(Entry(step, "weights"), some)
    assert (len(book), book.nbytes) == (3, 48)
    copy = book.copy(2)
    assert (len(copy), copy.nbytes) == (2, 32)
    book.add(Entry(1, "weights"), {"w": np.ones(2, np.float32)})
    assert (len(book), book.nbytes, len(book.to_arrays())) == (1, 8, 1)
    # The other one is left alone, and new arrays do not take the place of old ones.
    assert (len(copy), copy.nbytes) == (2, 32)
    copy.add(Entry(3, "weights"), some)
    assert [float(copy.arrays(e)["w"].sum()) for e in copy.entries] == [0.0, 0.0, 0.0]
    shared = [Entry(1, "weights", arrays=0), Entry(2, "weights", arrays=0)]
    with pytest.raises(ValueError, match="damaged"):
        Journal.read(shared, {"0/w": some["w"]})
