"""Studies as a shell sees them: tables, lines of JSON, one clear line when something is wrong, a clean Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from app.cli.command import own_command, own_environment
from app.cli.study import worker_command
from core import data, io, schedules, studies
from tests.app.cli.test_commands import run, said


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = tmp_path / "p.chainrule"
    assert run("new", "--template", "xor-mlp", "-o", str(path)).returncode == 0
    return path


def messages(text: str) -> list[dict[str, object]]:
    """Lines of strict JSON: progress, and at the end the result."""

    def refuse(word: str) -> None:
        raise AssertionError(word)

    lines = [json.loads(line, parse_constant=refuse) for line in text.splitlines()]
    assert all("progress" in line for line in lines[:-1])
    shares = [line["progress"]["share"] for line in lines[:-1]]
    assert shares == sorted(shares)
    return lines


def test_find_lr_writes_a_project_with_the_rate(project: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.chainrule"
    result = run("find-lr", str(project), "--steps", "40", "-o", str(out))
    assert result.returncode == 0, result.stderr
    assert "falls most steeply" in result.stdout
    again = run("find-lr", str(project), "--steps", "40", "--json", "--processes", "0")
    found = messages(again.stdout)[-1]["result"]
    assert found["kind"] == "rates"
    assert f"{found['suggestion']:.2g}" in result.stdout
    written = io.read(out).project
    assert written.training.optimizer["learning_rate"] == found["suggestion"]
    assert written.run == {}
    assert run("train", str(out), "--epochs", "1").returncode == 0


def test_a_found_rate_keeps_the_schedule(project: Path, tmp_path: Path) -> None:
    contents = io.read(project)
    schedule = schedules.CosineDecay(0.1, 400, alpha=0.1)
    optimizer = {"kind": "SGD", "learning_rate": schedule.to_document()}
    training = msgspec.structs.replace(contents.project.training, optimizer=optimizer)
    planned = msgspec.structs.replace(contents.project, training=training)
    io.write(project, io.Contents(planned))
    out = tmp_path / "out.chainrule"
    result = run("find-lr", str(project), "--steps", "40", "--json", "-o", str(out))
    assert result.returncode == 0, result.stderr
    rate = messages(result.stdout)[-1]["result"]["suggestion"]
    written = io.read(out).project.training.optimizer["learning_rate"]
    assert written == schedules.CosineDecay(rate, 400, alpha=0.1).to_document()
    assert "CosineDecay" in result.stderr


@pytest.mark.parametrize("as_json", [False, True])
def test_where_no_rate_is_found_nothing_is_written(
    project: Path, tmp_path: Path, as_json: bool
) -> None:
    out = tmp_path / "out.chainrule"
    words = ["find-lr", str(project), "--start", "1e-12", "--end", "1e-11", "--steps", "20"]
    result = run(*words, *(["--json"] if as_json else []), "-o", str(out))
    assert "does the loss fall" in result.stdout
    assert said(result, 1) == f"chainrule: no learning rate was found, so {out} is not written"
    assert not out.exists()
    assert run(*words).returncode == 0


def test_cross_validate_prints_a_fold_a_line(project: Path) -> None:
    result = run("cross-validate", str(project), "-k", "3", "--epochs", "2", "--stratified")
    assert result.returncode == 0, result.stderr
    first = [line.split()[0] for line in result.stdout.splitlines()]
    assert first == ["loss", first[1], "fold", "fold", "fold", "mean", "±", "trained"]
    assert result.stdout.splitlines()[-1] in (
        "trained in this process",
        "trained in 2 processes at once",
    )
    assert result.stderr == ""


def test_search_finds_what_the_library_finds(project: Path, tmp_path: Path) -> None:
    out = tmp_path / "best.chainrule"
    space = {"optimizer.learning_rate": "log_uniform(1e-3,1)", "dense_1.units": "2,8"}
    given = [word for name, what in space.items() for word in ("--set", f"{name}={what}")]
    result = run("search", str(project), *given, "--trials", "4", "--epochs", "2", "--prune", "2", "--json",
                 "-o", str(out))  # fmt: skip
    assert result.returncode == 0, result.stderr
    found = messages(result.stdout)[-1]["result"]
    before = io.read(project).project
    dataset = data.load(before.data.id, **before.data.parameters)
    here = studies.search(
        before.network, dataset, space=space, trials=4, epochs=2, prune=2, training=before.training, processes=0
    )  # fmt: skip
    assert found["best"] == here.best.values
    assert [one["number"] for one in found["runs"]] == [one.number for one in here.ranked()]
    after = io.read(out).project
    assert after.network.layer("dense_1").config["units"] == here.best.values["dense_1.units"]
    assert after.training == here.training


def test_seeds(project: Path) -> None:
    result = run("seeds", str(project), "--seeds", "4,7", "--epochs", "1")
    assert result.returncode == 0, result.stderr
    assert "seed 4" in result.stdout
    assert "seed 7" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cross-validate", "-k", "1"], "at least 2"),
        (["cross-validate", "-k", "5000"], "at least 5000 samples"),
        (["cross-validate", "--epochs", "0"], "at least 1"),
        (["search"], "--set says what"),
        (["search", "--set", "batch_size"], "NAME=RANGE"),
        (["search", "--set", "dense_1.unit=3"], "Did you mean 'dense_1.units'"),
        (["search", "--set", "batch_size="], "list is empty"),
        (["seeds", "--seeds", "many"], "how many to try"),
        (["seeds", "--seeds", "3,3"], "named twice"),
        (["find-lr", "--start", "1", "--end", "0.1"], "go up"),
        (["find-lr", "--processes", "-2"], "processes"),
    ],
)
def test_wrong_use_is_one_line(project: Path, arguments: list[str], words: str) -> None:
    name, *rest = arguments
    assert words in said(run(name, str(project), *rest), 2)


def test_a_project_that_is_not_there(tmp_path: Path) -> None:
    for name in ("find-lr", "cross-validate", "search", "seeds"):
        said(run(name, str(tmp_path / "none.chainrule")), 2)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_is_clean(project: Path, tmp_path: Path, number: signal.Signals) -> None:
    here = tmp_path / "temporary"
    here.mkdir()
    env = {**os.environ, **own_environment(), "TMPDIR": str(here)}
    process = subprocess.Popen(
        [*own_command(), "seeds", str(project), "--epochs", "1000000", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    assert list(here.glob(f"{studies.PREFIX}*"))
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert errors.strip() == "chainrule: stopped"
    assert not list(here.glob(f"{studies.PREFIX}*"))


def test_a_frozen_program_starts_its_children_from_itself(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert worker_command() is None
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert worker_command() == [sys.executable, "study-worker"]
    monkeypatch.undo()
    # What that command does, started from here.
    contents = io.read(project).project
    dataset = data.load(contents.data.id, **contents.data.parameters)
    subject = studies.Subject.of_document(contents.network, contents.training, dataset)
    study = studies.SeveralSeeds(subject, seeds=1, epochs=1)
    command = [*own_command(), "study-worker"]
    assert [progress.done for progress in study.run(1, command)][-1]
    here = studies.SeveralSeeds(subject, seeds=1, epochs=1)
    list(here.run(0))
    assert here.result.runs[0].digest == study.result.runs[0].digest


@pytest.mark.skipif(sys.platform == "win32", reason="looks at processes as POSIX does")
def test_it_ends_when_nobody_reads_any_more(project: Path, tmp_path: Path) -> None:
    """As when the window that started it was killed."""
    here = tmp_path / "temporary"
    here.mkdir()
    env = {**os.environ, **own_environment(), "TMPDIR": str(here)}
    process = subprocess.Popen(
        [*own_command(), "seeds", str(project), "--epochs", "1000000", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    process.wait(30)
    assert not list(here.glob(f"{studies.PREFIX}*"))
