"""Several runs of a project: branched, switched to and fro, saved and opened with the bits they had."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import msgspec
import numpy as np
import pytest

from app.engine import tree
from app.engine.saved import contents_of, work_of_contents
from app.engine.session import Session
from app.engine.state import SavedState, Work
from app.snapshots import RunComparison
from core import io, templates, trained
from core.errors import ChainruleError
from core.runs import Origin
from tests.app.engine.conftest import Bench, work_for
from tests.core.io.test_project import rewrite
from tests.core.networks import differences, everything

CORPUS = Path(__file__).parents[2] / "core" / "io" / "corpus"


def session_at(step: int, work: Work | None = None) -> Session:
    session = Session(work or work_for("xor-mlp"))
    while session.position.step < step:
        session.advance(step - session.position.step)
    return session


def on(session: Session, step: int) -> Session:
    while session.position.step < step:
        assert session.advance(step - session.position.step)
    return session


def through_a_file(session: Session, path: Path) -> Session:
    work = session.work
    data = io.DataRef(work.data, dict(work.parameters))
    io.write(path, contents_of("runs", work.network, work.training, data, session.saved_state()))
    return Session(work_of_contents(io.read(path)))


def compared(session: Session, run: str) -> tuple[RunComparison, list[float]]:
    """What was found, and the shares that were told on the way."""
    pieces, shares = session.compare(run).pieces, []
    while True:
        try:
            shares.append(next(pieces))
        except StopIteration as end:
            return end.value, shares


def labels(session: Session) -> list[tuple[str, bool]]:
    return [(label.id, label.open) for label in session.runs()]


def test_a_branch_is_opened_and_the_run_it_left_is_kept() -> None:
    session = session_at(40)
    first = everything(session.run)
    assert session.branch(10) == "1.1"
    session.set("learning_rate", 0.5)
    on(session, 30)
    second = everything(session.run)
    assert session.branch() == "1.1.1"
    assert labels(session) == [("1", False), ("1.1", False), ("1.1.1", True)]
    session.switch_run("1")
    assert differences(first, everything(session.run)) == []
    training = session.switch_run("1.1").work.training
    assert training.optimizer["learning_rate"] == 0.5
    assert differences(second, everything(session.run)) == []
    assert session.branch(20) == "1.1.2"
    with pytest.raises(ChainruleError, match="no run '7'"):
        session.switch_run("7")
    assert labels(session)[-1] == ("1.1.2", True)


def test_all_runs_are_saved_and_opened_with_their_bits(tmp_path: Path) -> None:
    session = session_at(33)
    seen = {"1": everything(session.run)}
    session.branch(12)
    session.set("learning_rate", 0.25)
    for _ in range(7):
        session.step("instruction")
    seen["1.1"] = everything(session.run)
    session.branch(12)
    session.edit(
        dataclasses.replace(
            session.work, training=msgspec.structs.replace(session.work.training, batch_size=3)
        )
    )
    on(session, 25)
    seen["1.1.1"] = everything(session.run)
    wanted = labels(session)
    opened = through_a_file(session, tmp_path / "one.chainrule")
    assert labels(opened) == wanted
    again = through_a_file(opened, tmp_path / "two.chainrule")
    for run, bits in seen.items():
        again.switch_run(run)
        assert differences(bits, everything(again.run)) == []
        assert again.work.network == again.run.network
        assert again.work.training.batch_size == again.run.training.batch_size
    assert again.run.origin is not None
    on(again, 40)


def test_of_many_runs_the_older_ones_are_packed_and_go_on_all_the_same() -> None:
    session = session_at(20)
    bits = {}
    for _ in range(6):
        bits[session.run.id] = everything(session.run)
        session.branch(5)
        on(session, session.position.step + 3)
    packed = [one for one in session.tree._kept.values() if isinstance(one, io.SavedRun)]
    assert len(packed) == 3
    for run, seen in bits.items():
        session.switch_run(run)
        assert differences(seen, everything(session.run)) == []


def test_an_edit_and_a_reset_stay_the_same_run() -> None:
    session = session_at(20)
    session.branch(8)
    training = msgspec.structs.replace(session.work.training, optimizer={"kind": "Adam"})
    session.edit(dataclasses.replace(session.work, training=training))
    assert session.run.id == "1.1"
    session.reset()
    assert (session.run.id, session.position.step) == ("1.1", 0)
    assert labels(session) == [("1", False), ("1.1", True)]


def on_other_data(work: Work, **parameters: float) -> Work:
    return dataclasses.replace(work, parameters={**work.parameters, **parameters})


def test_what_was_trained_on_other_data_is_kept_and_comes_back(tmp_path: Path) -> None:
    session = session_at(40)
    first, before = everything(session.run), session.work
    after = on_other_data(before, seed=12345)
    session.edit(after)
    assert (session.position.step, labels(session)) == (0, [("1", False), ("2", True)])
    (name, values) = session.take_news()[0]
    assert (name, values["change"]) == ("run.begun-anew", "seed 12345")
    second = everything(on(session, 7).run)
    opened = session.switch_run("1")
    assert (opened.before, opened.work.parameters) == ("2", session.run.dataset.parameters)
    assert differences(first, everything(session.run)) == []
    # As a file has it.
    again = through_a_file(session, tmp_path / "two-data.chainrule")
    again.switch_run("2")
    assert again.run.dataset.parameters["seed"] == 12345
    assert differences(second, everything(again.run)) == []
    # By undo, and by doing it again: a parameter that is left out is its default.
    again.edit(before)
    assert differences(first, everything(again.run)) == []
    again.edit(after)
    assert (again.position.step, again.run.id) == (7, "2")
    found, _ = compared(again, "1")
    assert "other data" in " ".join(found.sentences)


def test_another_data_set_has_runs_of_its_own() -> None:
    session = session_at(12)
    before = session.work
    other = work_for("spirals-mlp")
    session.edit(other)
    assert labels(session) == [("1", False), ("2", True)]
    assert session.info.id == other.data
    assert session.runs()[1].given == session.info.title
    on(session, 5)
    session.switch_run("1")
    assert (session.work.data, session.info.id) == (before.data, before.data)
    assert session.position.step == 12


def test_of_data_that_are_tried_one_after_the_other_only_what_finished_an_epoch_is_kept() -> None:
    session = session_at(12)
    work = session.work
    for seed in (3, 4, 5):
        session.edit(on_other_data(work, seed=seed))
        assert session.run.batches > 3
        on(session, 3)
    assert labels(session) == [("1", False), ("2", True)]
    assert session.runs()[1].given == "seed 5"
    on(session, session.run.batches)
    session.edit(on_other_data(work, seed=6))
    assert labels(session) == [("1", False), ("2", False), ("3", True)]
    on(session, 3)
    session.rename_run("3", "mine")
    session.edit(on_other_data(work, seed=7))
    assert [one.name for one in session.runs()][2:] == ["Run 3: mine", "Run 4: seed 7"]


def test_data_that_were_only_looked_at_leave_no_run() -> None:
    session = Session(work_for("xor-mlp"))
    session.edit(on_other_data(session.work, seed=3))
    session.edit(on_other_data(session.work, seed=4))
    assert labels(session) == [("1", True)]


def test_runs_of_files_that_do_not_say_on_which_data_are_of_those_of_the_project() -> None:
    session = session_at(6)
    session.branch(3)
    (one,) = session.saved_state().others
    old = io.SavedRun(msgspec.structs.replace(one.note, data=None), one.weights, one.optimizer)
    session.tree.restore((old,), session.work)
    session.edit(on_other_data(session.work, seed=3))
    session.switch_run("1")
    assert session.run.dataset.parameters["seed"] != 3
    assert session.position.step == 6


def test_a_run_that_was_deleted_is_brought_back_with_its_bits() -> None:
    session = session_at(20)
    seen = everything(session.run)
    session.branch(4)
    session.answer("delete_run", key="1")
    assert labels(session) == [("1.1", True)]
    # Its number stays its own.
    session.edit(
        dataclasses.replace(
            session.work, training=msgspec.structs.replace(session.work.training, seed=9)
        )
    )
    assert session.run.id == "2"
    session.answer("undelete_run", key="1")
    session.switch_run("1")
    assert differences(seen, everything(session.run)) == []
    with pytest.raises(ChainruleError, match="no run '1' that was deleted"):
        session.answer("undelete_run", key="1")


def test_a_file_of_one_run_is_the_first_of_its_tree() -> None:
    session = Session(work_of_contents(io.read(CORPUS / "v1-xor.chainrule")))
    assert labels(session) == [("1", True)]


def test_the_runs_of_a_file_of_this_format_open() -> None:
    session = Session(work_of_contents(io.read(CORPUS / "v2-runs.chainrule")))
    assert labels(session) == [("1", False), ("1.1", False), ("1.2", True)]
    assert session.position.step == 14
    session.switch_run("1.1")
    assert session.position.step == 9
    assert session.run.origin == Origin("1", 5)
    on(session, 20)


@pytest.mark.parametrize("damage", ["id twice", "arrays of nobody", "network", "not a list"])
def test_a_damaged_run_is_refused_with_a_sentence(tmp_path: Path, damage: str) -> None:
    session = session_at(6)
    session.branch(3)
    saved = session.saved_state()
    (one,) = saved.others
    others = (one,)
    if damage == "id twice":
        others = (one, one)
    elif damage == "network":
        broken = msgspec.structs.replace(one.note.network, outputs=("nowhere",))
        others = (io.SavedRun(msgspec.structs.replace(one.note, network=broken)),)
    work, path = session.work, tmp_path / "p.chainrule"
    data = io.DataRef(work.data, dict(work.parameters))
    saved = dataclasses.replace(saved, others=others)
    io.write(path, contents_of("runs", work.network, work.training, data, saved))
    if damage == "arrays of nobody":
        rewrite(path, {"runs.json": b"[]"})
    if damage == "not a list":
        rewrite(path, {"runs.json": b'{"id": 3}'})
    with pytest.raises(io.ProjectError, match=r"p\.chainrule"):
        io.read(path)


def test_a_run_that_cannot_be_resumed_keeps_its_weights() -> None:
    session = session_at(9)
    session.branch(4)
    saved = session.saved_state()
    (one,) = saved.others
    broken = io.SavedRun(one.note, one.weights, {})
    made = tree.unpacked(broken, session.work)
    assert made.id == "1"
    for name, value in made.program.weights().items():
        assert np.array_equal(value, one.weights[name])


def test_the_engine_branches_and_switches(bench: Bench) -> None:
    bench.open()
    for _ in range(3):
        bench.engine.step("batch")
    bench.settle()
    weights = bench.weights()
    assert bench.ask("branch") == "1.1"
    for _ in range(4):
        bench.engine.step("batch")
    bench.settle()
    bench.until(lambda: [label.id for label in bench.state.runs if label.open] == ["1.1"])
    assert bench.step_of() == 7
    bench.ask("switch_run", run="1")
    bench.until(lambda: bench.step_of() == 3)
    for name, value in bench.weights().items():
        assert np.array_equal(value, weights[name])
    assert [label.name for label in bench.state.runs] == ["Run 1", "Run 1.1: from step 3"]


def test_another_run_is_compared_in_words_and_numbers_and_neither_is_moved() -> None:
    session = session_at(40)
    session.branch(10)
    session.set("learning_rate", 0.9)
    on(session, 30)
    mine = everything(session.run)
    found, shares = compared(session, "1")
    assert shares == sorted(shares)
    assert len(shares) > 30
    assert 0 < shares[0] < shares[-1] <= 1
    assert (found.id, found.first, found.last) == ("1", 0, 30)
    words = " ".join(found.sentences)
    assert "same weights" in words
    assert "after step 11" in words
    assert found.history.steps[-1] == 40
    assert {name for name, _, _ in found.rows} >= {"loss", "accuracy"}
    assert found.epoch == found.last // session.run.batches
    assert differences(mine, everything(session.run)) == []
    assert labels(session) == [("1", False), ("1.1", True)]
    session.switch_run("1")
    assert session.position.step == 40


def test_runs_may_go_on_while_they_are_compared() -> None:
    session = session_at(40)
    session.branch(10)
    on(session, 20)
    alone, _ = compared(session, "1")
    job = session.compare("1")
    for _ in range(5):
        next(job.pieces)
    mine = everything(on(session, 35).run)
    while (found := job.go_on()[1]) is None:
        pass
    assert (found.last, found.sentences, found.rows) == (20, alone.sentences, alone.rows)
    assert differences(mine, everything(session.run)) == []
    with pytest.raises(ChainruleError, match=r"no run '7'"):
        session.compare("7")


def test_the_engine_compares_beside_what_else_it_does(bench: Bench) -> None:
    bench.open()
    for _ in range(3):
        bench.engine.step("epoch")
    bench.settle()
    bench.ask("branch", step=2)
    bench.engine.step("epoch")
    bench.settle()
    answers: list[object] = []
    shares: list[tuple[int, float]] = []
    bench.engine.progressed.connect(lambda ticket, share: shares.append((ticket, share)))
    ticket = bench.engine.ask("compare", done=answers.append, run="1")
    bench.engine.step("batch")
    bench.until(lambda: bool(answers))
    assert isinstance(answers[0], RunComparison)
    assert {one for one, _ in shares} == {ticket}
    bench.engine.set_speed("max")
    bench.engine.play()
    bench.until(lambda: bench.state.status == "playing")
    bench.engine.ask("compare", done=answers.append, run="1")
    bench.until(lambda: len(answers) == 2)
    bench.engine.pause()
    bench.settle()
    # Cancelled, replaced by opening another run, impossible.
    bench.engine.cancel(bench.engine.ask("compare", done=answers.append, run="1"))
    problems: list[str] = []
    bench.engine.ask("compare", done=answers.append, failed=problems.append, run="7")
    bench.until(lambda: bool(problems))
    bench.engine.ask("compare", done=answers.append, failed=problems.append, run="1")
    bench.ask("switch_run", run="1")
    bench.until(lambda: len(problems) == 2)
    assert "no run '7'" in problems[0]
    assert "Another run was opened meanwhile" in problems[1]
    assert len(answers) == 2


def test_a_run_is_renamed_and_deleted_and_a_file_knows(tmp_path: Path) -> None:
    session = session_at(20)
    session.branch(10)
    session.answer("rename_run", run="1.1", name="  a   bolder rate ")
    session.answer("rename_run", run="1", name="plain")
    opened = through_a_file(session, tmp_path / "named.chainrule")
    assert [(one.id, one.given) for one in opened.runs()] == [
        ("1", "plain"),
        ("1.1", "a bolder rate"),
    ]
    # One that was read from a file and not opened yet is renamed as well.
    opened.answer("rename_run", run="1", name="")
    assert [one.name for one in opened.runs()] == ["Run 1", "Run 1.1: a bolder rate"]
    for key in ("1.1", "9"):
        with pytest.raises(ChainruleError, match="Only another run"):
            opened.answer("delete_run", key=key)
    opened.answer("delete_run", key="1")
    assert labels(opened) == [("1.1", True)]
    again = through_a_file(opened, tmp_path / "fewer.chainrule")
    assert labels(again) == [("1.1", True)]
    assert again.branch() == "1.1.1"


@pytest.mark.parametrize("change", [{"seed": 9}, {"validation_split": 0.5}], ids=str)
def test_what_was_trained_is_kept_when_settings_begin_it_anew(change: dict[str, float]) -> None:
    session = session_at(40)
    first, before = everything(session.run), session.work
    after = dataclasses.replace(before, training=msgspec.structs.replace(before.training, **change))
    session.edit(after)
    assert (session.position.step, labels(session)) == (0, [("1", False), ("2", True)])
    assert [(name, values["kept"]) for name, values in session.take_news()] == [
        ("run.begun-anew", "1")
    ]
    # Undone, and done again.
    session.edit(before)
    assert differences(first, everything(session.run)) == []
    assert (labels(session), session.take_news()[0][0]) == ([("1", True)], "run.opened-again")
    session.edit(after)
    on(session, 7)
    session.edit(before)
    assert (session.position.step, labels(session)) == (40, [("1", True), ("2", False)])
    session.edit(after)
    assert (session.position.step, session.run.id) == (7, "2")


def test_a_run_that_is_kept_is_found_by_the_rate_it_had_last_too() -> None:
    session = session_at(20)
    before = session.work

    def with_rate(rate: float, seed: int) -> Work:
        optimizer = {**before.training.optimizer, "learning_rate": rate}
        made = msgspec.structs.replace(before.training, optimizer=optimizer, seed=seed)
        return dataclasses.replace(before, training=made)

    session.edit(with_rate(0.25, 1))
    trained = on(session, session.run.batches).position.step
    # As a file has it.
    session.tree.restore(session.tree.saved(), session.work)
    session.edit(with_rate(0.125, before.training.seed))
    assert (session.position.step, session.run.id) == (0, "3")
    session.edit(with_rate(0.25, 1))
    session.set("learning_rate", 0.5)
    session.edit(with_rate(0.5, 1))
    session.edit(with_rate(0.25, before.training.seed))
    session.edit(with_rate(0.5, 1))
    assert (session.position.step, session.run.id) == (trained, "2")


def test_weights_that_were_given_outlive_a_change_of_settings_and_of_a_layer(
    tmp_path: Path,
) -> None:
    template = templates.load("small-digits-cnn")
    work = Work(
        template.network, template.training, template.data.id, dict(template.data.parameters),
        SavedState(trained.weights("small-digits-cnn")),
    )  # fmt: skip
    for again in (False, True):
        session = Session(work)
        if again:  # as a file that was saved before anything was done with them
            session = through_a_file(session, tmp_path / "again.chainrule")
        given = session.run.program.weights()
        settings = msgspec.structs.replace(work.training, batch_size=16)
        session.edit(dataclasses.replace(session.work, training=settings, saved=None))
        kept = session.run.program.weights()
        assert all(np.array_equal(kept[name], array) for name, array in given.items())
        network = work.network.configure("conv2d_1", activation="tanh")
        session.edit(dataclasses.replace(session.work, network=network))
        kept = session.run.program.weights()
        assert all(np.array_equal(kept[name], array) for name, array in given.items())
    # Another draw is another run: the one that was given weights is kept beside it.
    before = session.work
    seed = msgspec.structs.replace(before.training, seed=9)
    session.edit(dataclasses.replace(before, training=seed))
    assert len(labels(session)) == 2
    session.edit(before)
    kept = session.run.program.weights()
    assert all(np.array_equal(kept[name], array) for name, array in given.items())
