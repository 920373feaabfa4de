"""What is read of whole steps is what stepping shows, instruction by instruction, bit for bit."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from core import losses
from core.errors import ChainruleError, DivergedError, SettingError
from core.runs import Run
from core.runs.observing import PART
from core.runs.reading import Reading
from core.runs.samples import Samples, prepare
from core.spec import Training
from tests.core.networks import RUNS, chain, cnn, differences, everything, partial_last_batch
from tests.core.runs.stepped import same_as_stepping
from tests.core.tape.test_table import tiny


def large_run() -> Run:
    """A step that is worth sharing."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(150, 300)).astype(np.float32), rng.integers(0, 5, 150)
    network = chain(
        (300,), ("Dense", {"units": 128, "activation": "relu"}), ("Dense", {"units": 5})
    )
    training = Training(
        optimizer={"kind": "Adam"}, loss="sparse_categorical_crossentropy", batch_size=64, seed=3
    )
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    return Run(network, training, samples=prepare(x, y, loss, 5), loss=loss)


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("begun", [0, 5])
def test_reading_is_stepping(name: str, begun: int) -> None:
    read, stepped = RUNS[name](), RUNS[name]()
    read.advance(2)
    stepped.advance(2)
    for _ in range(begun):
        read.step("instruction")
    found = read.read(8)
    assert found.steps == range(2, 10)
    same_as_stepping(found, stepped)
    assert differences(everything(read), everything(stepped)) == []


def test_changes_on_the_way_are_made_where_they_belong() -> None:
    runs = RUNS["mlp"](), RUNS["mlp"]()
    for run in runs:
        run.advance(4)
        run.set("learning_rate", 0.3)
        run.advance(1)
        run.advance(4)
        run.seek(1)
        assert [entry.step for entry in run.journal.entries] == [4]
    found = runs[0].read(7)
    same_as_stepping(found, runs[1])
    assert differences(everything(runs[0]), everything(runs[1])) == []
    np.testing.assert_array_equal(
        runs[0].history.series("loss").mean, runs[1].history.series("loss").mean
    )


def test_parts_are_the_whole_and_end_with_epochs() -> None:
    run, other = partial_last_batch(), partial_last_batch()
    whole = other.read(8)
    one_step = whole.nbytes // 8
    parts = list(run.reading(8, part=2 * one_step))
    # Three batches an epoch, two steps a part.
    assert [part.steps for part in parts] == [
        range(2), range(2, 3), range(3, 5), range(5, 6), range(6, 8)
    ]  # fmt: skip
    for name in whole:
        found = np.concatenate([part[name] for part in parts])
        np.testing.assert_array_equal(found, whole[name])
    # To the end of the epoch, by default.
    assert [part.steps for part in run.reading(part=PART)] == [range(8, 9)]


def test_batches_with_fewer_samples_have_fewer_rows() -> None:
    found = partial_last_batch().read(6)
    assert found.samples.tolist() == [8, 8, 7, 8, 8, 7]
    z = found["dense_1/z"]
    assert z.shape == (6, 8, 6)
    assert np.isnan(z[[2, 5], 7]).all()
    assert np.isfinite(z[:, :7]).all()
    assert np.isfinite(z[[0, 1, 3, 4], 7]).all()
    assert found.at(2)["dense_1/z"].shape == (7, 6)
    assert found.at(2)["grad/dense_1/kernel"].shape == (3, 6)


def test_some_values_of_some_samples() -> None:
    all_of_it, run = cnn().read(4), cnn()
    names = ["grad/dense_1/kernel", "conv2d_1/z"]
    assert set(names) <= set(all_of_it)
    few = run.read(4, of=names, rows=slice(1, 3))
    # In the order in which they are written.
    assert list(few) == ["conv2d_1/z", "grad/dense_1/kernel"]
    np.testing.assert_array_equal(few["conv2d_1/z"], all_of_it["conv2d_1/z"][:, 1:3])
    np.testing.assert_array_equal(few["grad/dense_1/kernel"], all_of_it["grad/dense_1/kernel"])
    assert few.nbytes < all_of_it.nbytes / 4
    walked = [(ins.writes, list(values)) for ins, values in few.walk(3)]
    assert walked == [(("conv2d_1/z",), ["conv2d_1/z"]), (("grad/dense_1/kernel",), names[:1])]
    again = cnn().read(4, of="conv2d_1/z", rows=2)
    np.testing.assert_array_equal(again["conv2d_1/z"], all_of_it["conv2d_1/z"][:, 2:3])


def test_other_names_of_what_is_written_can_be_read() -> None:
    """A flattened image is the image under another name; no instruction writes it."""
    run, stepped = cnn(), cnn()
    written = {t for ins in run.program.instructions for t in ins.writes}
    others = sorted({t for own in run.program.written_names for t in own} - written)
    assert others
    found = run.read(3, of=others)
    for step in found.steps:
        stepped.step("batch")
        for name, values in found.at(step).items():
            np.testing.assert_array_equal(values, stepped.program.tensor(name))


def test_reading_ends_where_numbers_break() -> None:
    run, stepped = tiny(1e6), tiny(1e6)
    found = run.read(100)
    while stepped.divergence is None:
        stepped.step("instruction")
    assert run.divergence == stepped.divergence
    assert run.position == stepped.position
    last, pc = stepped.divergence.step, stepped.divergence.instruction
    assert found.steps == range(last + 1)
    assert found.stopped == pc + 1
    stepped.seek(0)
    same_as_stepping(found, stepped)
    done = [ins.index for ins, _ in found.walk(last)]
    assert done == list(range(pc + 1))
    late = run.program.instructions[pc + 1].writes[0]
    assert late in found
    assert late not in found.at(last)
    assert np.isnan(found[late][-1]).all()
    with pytest.raises(DivergedError):
        run.read(1)
    parts = tiny(1e6)
    assert [part.stopped for part in parts.reading(100, part=1)] == [None] * last + [pc + 1]


def test_parts_that_somebody_holds_stay_as_they_are() -> None:
    run = RUNS["mlp"]()
    held: list[tuple[np.ndarray, np.ndarray]] = []
    places = set()
    for k, part in enumerate(run.reading(40, of="dense_1/z", part=1)):
        if k % 7 == 0:
            view = part["dense_1/z"][0, 2:, 1:3]
            held.append((view, view.copy()))
        places.add(part["dense_1/z"].ctypes.data)
        with pytest.raises(ValueError, match="read-only"):
            part["dense_1/z"][...] = 0
    assert len(held) == 6
    for view, then in held:
        np.testing.assert_array_equal(view, then)
    assert len({then.tobytes() for _, then in held}) == 6
    # Two parts take turns, the others are somebody's.
    assert len(places) <= len(held) + 2


def test_it_tells_how_far_it_is_and_can_be_stopped() -> None:
    run, told = RUNS["mlp"](), list[float]()
    assert len(run.read(20, progress=told.append).steps) == 20
    assert told == sorted(told)
    assert told[-1] == 1
    assert len(run.read(20, stop=lambda: True).steps) < 20
    run.program.control[0] = 1
    assert len(run.read(5).steps) == 0
    assert list(run.reading(5)) == []


def test_whoever_leaves_in_between_finds_the_run_after_a_whole_step() -> None:
    run, other = RUNS["mlp"](), RUNS["mlp"]()
    for part in run.reading(30, part=1):
        if part.steps.stop == 3:
            break
    assert (run.step_count, run.pc) == (3, 0)
    other.advance(3)
    assert differences(everything(run), everything(other)) == []


def test_other_data_are_read_from_then_on() -> None:
    run, other = RUNS["mlp"](), RUNS["mlp"]()
    first = run.read(2, of="dense_1/z")["dense_1/z"].copy()
    changed = other.samples.inputs[0].array * 2
    for one in (run, other):
        one.seek(0)
        samples = type(one.samples)([type(one.samples.inputs[0])(changed)], one.samples.targets)
        one.use(samples)
    found = run.read(2)
    assert not np.array_equal(found["dense_1/z"], first)
    same_as_stepping(found, other)


def doubled(run: Run) -> Samples:
    x = run.samples.inputs[0]
    return Samples([type(x)(x.array * 2)], run.samples.targets)


def test_other_data_between_two_parts_are_read_from_the_next_on() -> None:
    run, slow = RUNS["mlp"](), RUNS["mlp"]()
    parts = run.reading(6, part=1)
    for step in range(6):
        if step == 3:
            for one in (run, slow):
                one.use(doubled(one))
        found = next(parts)
        assert found.steps == range(step, step + 1)
        same_as_stepping(found, slow)
    assert list(parts) == []
    assert differences(everything(run), everything(slow)) == []


def test_a_step_that_is_begun_between_two_parts_is_begun_again() -> None:
    run, slow = RUNS["mlp"](), RUNS["mlp"]()
    for part in run.reading(4, part=1):
        same_as_stepping(part, slow)
        assert run.pc == 0
        run.step_to(5)
    assert run.position.step == 4


def test_another_number_of_threads_between_two_parts() -> None:
    run, slow = large_run(), large_run()
    parts = run.reading(4, part=1)
    for threads in (2, 1, 2, 1):
        run.program.threads = threads
        run.program.fused = threads == 1
        same_as_stepping(next(parts), slow)
        assert run._chosen_last is not None
        assert (run._chosen_last.copying._team is None) == (threads == 1)
    assert differences(everything(run), everything(slow)) == []


def test_other_data_while_steps_are_read_are_refused() -> None:
    run = RUNS["mlp"]()
    run._seconds_a_step = 1.0
    with pytest.raises(
        ChainruleError, match=r"were changed while steps were being read.*reading\(\)"
    ):
        run.read(5, progress=lambda _: run.use(doubled(run)))


@pytest.mark.parametrize("threads", [1, 2])
def test_on_one_and_two_threads_the_same(threads: int) -> None:
    read, stepped = large_run(), large_run()
    read.program.threads = threads
    assert (read.program.team() is None) == (threads == 1)
    same_as_stepping(read.read(12), stepped)
    assert differences(everything(read), everything(stepped)) == []


REFUSED: dict[str, tuple[Callable[[Run], object], str]] = {
    "no steps": (lambda run: run.read(0), "Steps must be at least 1"),
    "a part of nothing": (lambda run: run.reading(3, part=0), "Part must be at least 1"),
    "no value": (lambda run: run.read(of="dense_1/zz"), "no value called 'dense_1/zz'. Did you mean"),
    "nothing": (lambda run: run.read(of=[]), "Nothing is to be read"),
    "a number for names": (lambda run: run.read(of=3), "of names what is read: .* it is 3"),  # type: ignore[arg-type]
    "a number for names, in parts": (lambda run: run.reading(of=3), "of names what is read"),  # type: ignore[arg-type]
    "not written": (lambda run: run.read(of="learning_rate"), "No instruction writes learning_rate"),
    "no sample": (lambda run: run.read(rows=8), "places 0 to 7; rows=8 is none"),
    "every other": (lambda run: run.read(rows=slice(0, 8, 2)), "follow each other"),
    "a name for rows": (lambda run: run.read(rows="all"), "rows says which samples"),  # type: ignore[arg-type]
    "too much": (lambda run: run.read(10**7), r"reading\(\), which gives them in parts"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_refusals_are_sentences(what: str) -> None:
    ask, sentence = REFUSED[what]
    run = RUNS["mlp"]()
    with pytest.raises((ChainruleError, SettingError), match=sentence):
        ask(run)
    assert run.step_count == 0


def test_what_was_not_read_is_said() -> None:
    found: Reading = RUNS["mlp"]().read(3, of="dense_1/z")
    assert repr(found).startswith("<Reading of 1 values in steps 0 to 2; ")
    sentence = "There is no value that was read called 'dense_1/y'. Did you mean 'dense_1/z'? Known values that were "
    with pytest.raises(ChainruleError, match=re.escape(sentence)) as told:
        found["dense_1/y"]
    assert str(told.value).endswith("read: dense_1/z.")
    # As any mapping.
    assert isinstance(told.value, KeyError)
    assert found.get("dense_1/y") is None
    assert found.get("dense_1/y", 3) == 3
    with pytest.raises(ChainruleError, match="does not have step 3"):
        found.at(3)
