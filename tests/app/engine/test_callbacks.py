"""Callbacks of a project in the window's engine and on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.cli import main as cli
from app.engine.happenings import words
from app.engine.session import Session
from app.train.metrics import figures, moments
from core import templates
from core.io import Contents, DataRef, Project, read, write
from core.spec import Training
from tests.app.engine.conftest import Bench, work_for

STOP = {"kind": "EarlyStopping", "patience": 2, "min_delta": 0.5, "restore_best_weights": True}
PLATEAU = {"kind": "ReduceLROnPlateau", "patience": 1, "factor": 0.5, "min_delta": 0.5}


def training(*callbacks: dict[str, Any]) -> Training:
    return msgspec.structs.replace(
        templates.load("xor-mlp").training, epochs=40, callbacks=callbacks
    )


def test_training_stops_by_itself_and_says_why(bench: Bench) -> None:
    bench.open(training=training(STOP))
    bench.engine.set_speed("max")
    bench.engine.play()
    bench.until(lambda: bench.state.finished)
    assert bench.state.stopped
    assert bench.state.status == "paused"
    assert bench.step_of() == 3 * bench.state.position.batches
    (values,) = [values for name, values in bench.events if name == "run.stopped-early"]
    assert (values["epoch"], values["best_epoch"], values["restored"]) == (3, 1, True)
    assert words("run.stopped-early", values) == (
        "Stopped after epoch 3: val_loss has not improved since epoch 1. The weights are those of that epoch again."
    )
    # Pressing Play again goes on, and counts anew.
    bench.engine.play()
    bench.until(
        lambda: bench.state.finished and bench.step_of() == 6 * bench.state.position.batches
    )
    assert not bench.problems


def test_the_rate_becomes_smaller_and_stays_so_when_something_else_is_edited(bench: Bench) -> None:
    bench.open(training=training(PLATEAU))
    bench.engine.set_speed("max")
    bench.engine.play()
    bench.until(lambda: any(name == "run.rate-reduced" for name, _ in bench.events))
    bench.engine.pause()
    bench.until(lambda: bench.state.status == "paused")
    session = bench.engine._worker._session
    assert session is not None
    rate = session.run.learning_rate
    assert rate < training().optimizer["learning_rate"]
    session.edit(
        work_for("xor-mlp", training=msgspec.structs.replace(training(PLATEAU), epochs=50))
    )
    assert session.run.learning_rate == rate
    session.edit(work_for("xor-mlp", training=training()))
    assert session.run.learning_rate == rate


def test_turning_callbacks_on_and_off_keeps_the_run() -> None:
    session = Session(work_for("xor-mlp", training=training()))
    while session.epoch < 3:
        session.advance(1000)
    run = session.run
    session.edit(work_for("xor-mlp", training=training(STOP)))
    assert session.run is run
    while not session.finished:
        session.advance(1000)
    assert session.stopped
    # Epochs before it was turned on do not count, but the one that has just ended.
    assert session.epoch == 5
    happened = session.take_happenings()
    assert [one.name for one in happened] == ["stopped-early"]
    assert session.take_happenings() == []


def test_measuring_for_callbacks_gives_way_and_goes_on() -> None:
    session, plain = (Session(work_for("xor-mlp", training=training(STOP))) for _ in range(2))
    while not plain.finished:
        plain.advance(1000)
    calls = iter(range(10**9))
    turns = 0
    while not session.finished:
        session.advance(1000, lambda: next(calls) % 3 > 0)
        turns += 1
    assert turns > 3
    assert session.run.history.epochs == plain.run.history.epochs


def test_a_metric_that_is_not_measured_is_refused_and_the_session_stays() -> None:
    session = Session(work_for("xor-mlp", training=training()))
    wrong = training({"kind": "EarlyStopping", "monitor": "val_precison"})
    with pytest.raises(ValueError, match="'val_precison', which is not measured"):
        session.edit(work_for("xor-mlp", training=wrong))
    session.advance(5)
    assert session.work.training == training()


def test_the_command_line_stops_early_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    template = templates.load("xor-mlp")
    file = tmp_path / "xor.chainrule"
    project = Project(
        name="xor", network=template.network, training=training(STOP, PLATEAU),
        data=DataRef(template.data.id, template.data.parameters),
    )  # fmt: skip
    write(file, Contents(project))
    assert cli(["train", str(file), "--epochs", "20"]) == 0
    said = capsys.readouterr()
    assert "Stopped after epoch 3: val_loss has not improved since epoch 1." in said.err
    assert "the learning rate is now" in said.err
    saved = read(file)
    assert saved.project.training.callbacks == (STOP, PLATEAU)
    # Training further counts anew.
    assert cli(["train", str(file), "--epochs", "20"]) == 0
    assert "Stopped after epoch 6" in capsys.readouterr().err


def test_the_figures_say_whose_weights_were_measured() -> None:
    session = Session(work_for("xor-mlp", training=training(STOP)))
    session.advance(1)
    assert session.snapshot(()).figures.restored == 0
    while not session.finished:
        session.advance(1000)
    shot = session.snapshot(())
    best = session.run.history.epochs[0]
    assert shot.figures.restored == 1
    assert figures(shot)["val_loss"] == best.metrics["val_loss"]
    assert "the restored weights of epoch 1." in moments(shot)
    assert "epoch 3." in moments(shot)
    # A file tells as much, also where settings that stopped training are others by now.
    saved = session.saved_state()
    for chosen in ((STOP,), ()):
        again = Session(work_for("xor-mlp", training=training(*chosen), saved=saved))
        seen = again.snapshot(())
        assert figures(seen) == figures(shot)
        assert moments(seen) == moments(shot)
    # Before they were put back they were those of the last epoch trained.
    for _ in session.seek(session.position.step - 1):
        pass
    assert session.snapshot(()).figures.restored == 0
