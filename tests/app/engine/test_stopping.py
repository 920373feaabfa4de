"""Going to breakpoints on the worker: what training does on the way, and how a long search is shown and left."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import Qt

from app.engine import EngineState, stopping
from app.engine.inbox import Request
from app.engine.session import Session
from core.breakpoints import Breakpoint
from tests.app.engine.conftest import Bench, work_for
from tests.app.engine.test_engine import _linear

NEVER = Breakpoint("condition", of="weights", test="above", value=1e30)


def with_callbacks() -> Any:
    work = work_for("xor-mlp")
    plateau = {"kind": "ReduceLROnPlateau", "patience": 1, "min_delta": 10.0, "monitor": "loss"}
    stop = {"kind": "EarlyStopping", "patience": 4, "min_delta": 10.0, "monitor": "loss"}
    return msgspec.structs.replace(work.training, callbacks=(plateau, stop))


def finish(search: Any) -> Any:
    while True:
        try:
            next(search)
        except StopIteration as end:
            return end.value


@pytest.mark.parametrize(
    "breakpoints",
    [[NEVER], [NEVER, Breakpoint("instruction", instruction=9)]],
    ids=["whole steps", "every step"],
)
def test_callbacks_see_the_ends_of_epochs_as_they_do_while_training(breakpoints) -> None:
    work = work_for("xor-mlp", training=with_callbacks())
    played, searched = Session(work), Session(work)
    while not played.finished:
        played.advance(1000)
    assert played.stopped
    for _ in range(10_000):
        if searched.finished and not searched.position.pc:
            break
        finish(searched.search(breakpoints))
    assert searched.stopped
    assert searched.position == played.position
    assert searched.run.journal.entries == played.run.journal.entries
    assert len(played.run.journal.entries) >= 2
    assert searched.run.history.epochs == played.run.history.epochs
    for name, weight in played.run.program.weights().items():
        assert np.array_equal(weight, searched.run.program.weights()[name]), name
    for step in (3, 25, 41):
        for _ in searched.seek(step):
            pass
        for _ in played.seek(step):
            pass
        assert searched.run.learning_rate == played.run.learning_rate


def test_a_search_ends_where_training_does(bench: Bench) -> None:
    bench.open(training=msgspec.structs.replace(work_for("xor-mlp").training, epochs=2))
    bench.engine.run_to_breakpoint([NEVER])
    bench.until(lambda: any(name == "run.not-stopped" for name, _ in bench.events))
    assert bench.state.finished
    assert [values["epoch"] for name, values in bench.events if name == "run.epoch-ended"][-1] == 2
    end = bench.step_of()
    # Pressed once more, it goes on, as Play does.
    bench.engine.run_to_breakpoint([NEVER])
    bench.until(lambda: bench.step_of() > end and bench.state.finished)
    bench.events.clear()
    bench.engine.run_to_breakpoint([NEVER], back=True)
    bench.until(lambda: ("run.not-stopped", {"back": True, "step": 0}) in bench.events)
    assert bench.step_of() == 0


@pytest.mark.parametrize("back", [False, True])
def test_a_long_search_is_shown_and_can_be_left(bench: Bench, monkeypatch, back: bool) -> None:
    monkeypatch.setattr(stopping, "NOTICEABLE", 0.0)
    training = work_for("xor-mlp").training
    bench.open(training=msgspec.structs.replace(training, epochs=100_000))
    if back:
        bench.engine.set_speed("max")
        bench.engine.play()
        bench.until(lambda: bench.step_of() > 30_000)
        bench.engine.pause()
        bench.until(lambda: bench.state.status == "paused")
    told: list[EngineState] = []
    bench.engine.state_changed.connect(told.append)

    def stop(state: EngineState) -> None:
        far = state.position is not None and state.position.step > 200
        if state.status == "busy" and state.progress > 0 and far:
            bench.engine._worker.inbox.put(Request("pause"))

    bench.engine._worker.state_changed.connect(stop, Qt.ConnectionType.DirectConnection)
    bench.engine.run_to_breakpoint([NEVER], back=back)
    bench.until(lambda: any(state.status == "busy" for state in told))
    bench.until(lambda: bench.state.status == "paused")
    assert bench.step_of() > 100
    assert not any(name == "run.not-stopped" for name, _ in bench.events)
    # The run is whole: it goes on with the bits of one that was never searched.
    run = bench.engine._worker._session.run
    step = run.step_count
    bench.engine.seek(100)
    bench.until(lambda: bench.step_of() == 100)
    there = bench.weights()
    fresh = Session(work_for("xor-mlp")).run
    while fresh.position.step < 100:
        fresh.advance(100 - fresh.position.step)
    for name, weight in fresh.program.weights().items():
        assert np.array_equal(there[name], weight), name
    assert step > 100


def test_numbers_that_break_are_told_with_their_breakpoint(bench: Bench) -> None:
    training = msgspec.structs.replace(
        work_for("spirals-mlp").training,
        loss="mean_squared_error",
        optimizer={"kind": "SGD", "learning_rate": 1e30},
    )
    bench.open("spirals-mlp", training=training, network=_linear())
    finite = Breakpoint("condition", of="everything", test="not-finite")
    bench.engine.run_to_breakpoint([finite])
    bench.until(lambda: any(name == "run.stopped-at" for name, _ in bench.events))
    bench.until(lambda: bench.state.status == "diverged")
    values = dict(bench.events)["run.stopped-at"]
    assert not np.isfinite(values["value"])
    assert values["breakpoint"] == 0
    assert dict(bench.events)["run.diverged"]["instruction"] == values["instruction"]
    bench.engine.step_back("instruction")
    bench.until(lambda: bench.state.status == "paused")
