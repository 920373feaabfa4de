"""Kernels are compiled by a child process while the window is in use."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.engine import Engine, warm
from app.engine.worker import Worker
from core.explain.explainer import Explainer
from core.explain.maximization import channel_explainer
from core.explain.score import Score
from core.tape import cache
from core.tape.compiler import kernels_needed
from tests.app.engine.conftest import Bench, work_for


@pytest.fixture(autouse=True)
def never_warmed() -> None:
    """Forget what earlier tests warmed up; the compiled kernels stay."""
    shutil.rmtree(cache.prepare() / "warm", ignore_errors=True)


def test_a_later_start_needs_no_child(qtbot: QtBot) -> None:
    first = Engine(warm=True)
    first.open(work_for("xor-mlp"))
    assert first._warm_up is not None
    assert first._warm_up._process is not None
    Bench(first, qtbot).until(lambda: first.state.status == "ready")
    first.close()
    later = Engine(warm=True)
    later.open(work_for("xor-mlp"))
    assert later._warm_up is not None
    assert later._warm_up._process is None or later._warm_up._later
    Bench(later, qtbot).until(lambda: later.state.status == "ready")
    later.close()


def test_the_engine_thread_sleeps_until_a_run_is_open(qtbot: QtBot) -> None:
    # Views say what they want to see before there is anything: a thread that turned round for a snapshot of nothing
    # would take the processor from those who compile.
    worker = Worker()
    worker._do_set_probes(())
    worker._put_snapshot()
    assert worker._patience() is None
    worker._do_open(work_for("xor-mlp"))
    worker._do_set_probes(())
    assert worker._patience() is not None
    assert worker._session is not None
    worker._session.close()


def test_the_child_tells_progress_and_the_engine_opens_afterwards(qtbot: QtBot) -> None:
    engine = Engine(warm=True)
    bench = Bench(engine, qtbot)
    seen: list[tuple[str, str]] = []
    engine.state_changed.connect(lambda state: seen.append((state.status, state.detail)))
    engine.open(work_for("xor-mlp"))
    assert engine.state.status == "starting"
    bench.until(lambda: engine.state.status == "ready")
    assert any(status == "starting" and "/" in detail for status, detail in seen)
    engine.step("batch")
    # What needs float64 follows later and nobody has to wait for it.
    numeric: list[object] = []

    def ask() -> bool:
        engine.ask(
            "numeric_check", tensor="dense_1/kernel", cell=(0, 0), done=numeric.append,
            failed=lambda sentence: None,
        )  # fmt: skip
        return bool(numeric)

    bench.until(ask)
    engine.close()


def test_races_over_surfaces_are_prepared_last(qtbot: QtBot) -> None:
    engine = Engine(warm=True)
    bench = Bench(engine, qtbot)
    warm_up = engine._warm_up
    assert warm_up is not None
    heard: list[str] = []
    warm_up.precise_finished.connect(lambda: heard.append("precise"))
    warm_up.surfaces_finished.connect(lambda: heard.append("surfaces"))
    engine.open(work_for("xor-mlp"))
    bench.until(lambda: engine.state.status == "ready")
    bench.until(lambda: "surfaces" in heard)
    assert heard == ["precise", "surfaces"]
    for kernel in ("landscape.run", "landscape.evaluate", "landscape.race", "landscape.rates"):
        assert any(True for _ in cache.prepare().rglob(f"{kernel}-*.nbi"))
    engine.close()


def test_a_race_that_comes_before_that_has_its_kernels_compiled_by_a_child(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.engine import compiled

    list(compiled.surfaces_compiled_elsewhere())
    monkeypatch.setattr(compiled, "_surfaces_compiled", False)
    for index in cache.prepare().rglob("landscape.rates*.nbi"):
        index.unlink()
    assert set(compiled.surfaces_compiled_elsewhere()) == {0.0}
    assert any(True for _ in cache.prepare().rglob("landscape.rates-*.nbi"))
    assert list(compiled.surfaces_compiled_elsewhere()) == []


def test_closing_ends_the_child(qtbot: QtBot) -> None:
    engine = Engine(warm=True)
    engine.open(work_for("digits-cnn"))
    warm_up = engine._warm_up
    assert warm_up is not None
    assert warm_up._process is not None
    engine.close()
    assert warm_up._process is None
    engine.open(work_for("xor-mlp"))
    assert warm_up._process is None


def test_an_edit_while_preparing_is_opened_once_and_nothing_done_after_it_is_lost(
    qtbot: QtBot,
) -> None:
    engine = Engine(warm=True)
    bench = Bench(engine, qtbot)
    work = work_for("xor-mlp")
    engine.open(work)
    changed = replace(work, network=work.network.configure("dense_1", units=3))
    engine.edit(changed)
    assert engine.state.status == "starting"
    bench.until(lambda: engine.state.status == "ready")
    for _ in range(3):
        engine.step("batch")
    bench.until(lambda: engine.latest is not None and engine.latest.position.step == 3)
    # Whatever the child still had to say would have been said by now.
    qtbot.wait(1000)
    assert engine.state.position is not None
    assert engine.state.position.step == 3
    assert engine.latest is not None
    shapes = {t.name: t.shape for t in engine.latest.program.tensors.values()}
    assert shapes["dense_1/kernel"] == (2, 3)
    engine.close()


def test_an_edit_that_needs_new_kernels_has_them_compiled_by_the_child(qtbot: QtBot) -> None:
    engine = Engine(warm=True)
    bench = Bench(engine, qtbot)
    work = work_for("xor-mlp")
    engine.open(work)
    bench.until(lambda: engine.state.status == "ready")
    engine.step("batch")
    bench.until(lambda: engine.latest is not None and engine.latest.position.step == 1)
    for index in cache.prepare().rglob("elementwise.relu*.nbi"):
        index.unlink()
    seen: list[str] = []
    engine.state_changed.connect(lambda state: seen.append(state.status))
    engine.edit(replace(work, network=work.network.configure("dense_1", activation="relu")))
    bench.until(lambda: "starting" in seen)
    bench.until(lambda: engine.state.status == "paused")
    # The child wrote it; what was learned so far goes on.
    assert any(True for _ in cache.prepare().rglob("elementwise.relu-*.nbi"))
    assert engine.state.position is not None
    assert engine.state.position.step == 1
    engine.step("batch")
    bench.until(lambda: engine.latest is not None and engine.latest.position.step == 2)
    engine.close()


def test_a_save_while_an_edit_waits_for_its_kernels_holds_the_run(qtbot: QtBot) -> None:
    engine = Engine(warm=True)
    bench = Bench(engine, qtbot)
    work = work_for("xor-mlp")
    engine.open(work)
    bench.until(lambda: engine.state.status == "ready")
    engine.step("batch")
    bench.until(lambda: engine.latest is not None and engine.latest.position.step == 1)
    for index in cache.prepare().rglob("elementwise.relu*.nbi"):
        index.unlink()
    engine.edit(replace(work, network=work.network.configure("dense_1", activation="relu")))
    saved = bench.ask("saved_state")
    assert saved.run["step"] == 1
    assert saved.weights["dense_1/kernel"].shape == (2, 4)
    bench.until(lambda: engine.state.status == "paused")
    assert engine.state.position is not None
    assert engine.state.position.step == 1
    engine.close()


def test_play_is_meant_for_what_was_opened_last(qtbot: QtBot) -> None:
    # The run that is open until the kernels of the next one are there goes on telling how it is: whoever takes its
    # "ready" for the new one's and presses Play must not be forgotten.
    engine = Engine(warm=True)
    bench = Bench(engine, qtbot)
    engine.open(work_for("xor-mlp"))
    bench.until(lambda: engine.state.status == "ready")
    engine.set_speed("max")
    engine.play()
    before = bench.state.position
    assert before is not None
    engine.open(work_for("chain-rule-by-hand"))
    engine.play()

    def plays_the_new_one() -> bool:
        now = engine.state.position
        playing = engine.state.status == "playing"
        return playing and now is not None and now.instructions != before.instructions

    bench.until(plays_the_new_one)
    engine.close()


@pytest.mark.parametrize("name", ["digits-cnn", "lstm-remember"])
def test_what_explains_a_network_is_compiled_beforehand(name: str) -> None:
    work = work_for(name)
    jobs = warm.jobs_of(work.network, work.training)
    later = warm.jobs_of(work.network, work.training, precise=True)
    assert not set(jobs) & set(later)
    of = Explainer(work.network)
    x = np.zeros((1, *of.input_shape), np.float32)
    explainers = [of]
    for relu in ("standard", "guided"):
        of.gradient(x, Score(0), relu_backward=relu)
    of.outputs(x, "probability")
    for layer, shape in of.shapes.items():
        if len(shape) in (1, 2, 3):
            channels = channel_explainer(of, layer)
            channels.outputs(x)
            channels.gradient(x, Score(0))
            explainers.append(channels)
    used = {
        kernel
        for one in explainers
        for program in one._programs.values()
        for kernel in kernels_needed(program.tape)
    }
    assert used <= {*jobs, *later}
    assert used - set(jobs)


def test_a_network_that_cannot_be_trained_waits_for_its_kernels_and_nothing_else_answers(
    qtbot: QtBot,
) -> None:
    engine = Engine(warm=True)
    bench = Bench(engine, qtbot)
    engine.open(work_for("xor-mlp"))
    bench.until(lambda: engine.state.status == "ready")
    assert engine._warm_up is not None
    engine._warm_up._end_process()  # what nobody waits for would compile what is taken away here
    for index in cache.prepare().rglob("loss.score_grad*.nbi"):
        index.unlink()
    work = work_for("xor-mlp")
    changed = replace(work, network=work.network.configure("dense_1", activation="sigmoid"))
    told: list[object] = []
    engine.block("Too large.")
    engine.look_alone(changed)
    engine.state_changed.connect(lambda _: told.append("again"))
    engine.ask("inside_look", x=[0.0, 1.0], done=told.append, failed=told.append)
    bench.until(lambda: bool(told))
    assert "preparing" in str(told[0])
    bench.until(lambda: "again" in told)
    assert any(True for _ in cache.prepare().rglob("loss.score_grad-*.nbi"))
    look = bench.ask("inside_look", x=[0.0, 1.0])
    assert look.layers["dense_1"].min() > 0
    # An edit while it waits goes on with the run.
    engine.edit(work)
    bench.until(lambda: engine.state.status == "ready")
    engine.step("batch")
    bench.until(lambda: engine.latest is not None and engine.latest.position.step == 1)
    engine.close()
