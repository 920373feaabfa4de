"""The command line as a shell sees it: exit codes, one clear line, no traceback."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import av
import msgspec
import pytest

from app.cli.command import own_command, own_environment
from core import io, templates
from core.io.project import read, write
from core.spec import inspect, new_layer

Result = subprocess.CompletedProcess


def run(
    *arguments: str, cwd: Path | None = None, display: bool = False, **more: str
) -> Result[str]:
    env = {**os.environ, **own_environment(), **more}
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        if not display:
            env.pop(name, None)
    return subprocess.run(
        [*own_command(), *arguments], capture_output=True, text=True, env=env, cwd=cwd, check=False
    )


def said(result: Result[str], code: int) -> str:
    """Check that a command failed as it should: one line and the exit code."""
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("chainrule: ")
    return lines[0]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = tmp_path / "p.chainrule"
    assert run("new", "--template", "xor-mlp", "-o", str(path)).returncode == 0
    return path


def test_help_and_version() -> None:
    result = run("--help")
    assert result.returncode == 0
    for name in (
        "new", "templates", "train", "find-lr", "cross-validate", "search", "seeds", "summary", "code", "export",
        "doctor",
    ):  # fmt: skip
        assert f"\n    {name}" in result.stdout
        assert run(name, "--help").returncode == 0
    assert "warm" not in result.stdout
    assert "worker" not in result.stdout
    assert run("--version").stdout.startswith("chainrule ")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from app.cli import main; main(['--help']);"
        "heavy = {'numba', 'numpy', 'PySide6', 'av', 'PIL', 'rich'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    env = {**os.environ, **own_environment()}
    subprocess.run([sys.executable, "-c", code], check=True, env=env, capture_output=True)


def test_templates() -> None:
    result = run("templates")
    assert result.returncode == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == list(templates.names())


def test_new_refuses_to_replace(project: Path) -> None:
    before = project.read_bytes()
    again = ("new", "--template", "digits-cnn", "-o", str(project))
    assert "--force" in said(run(*again), 2)
    assert project.read_bytes() == before
    assert run(*again, "--force").returncode == 0
    assert io.read(project).project.data.id == "digits"


def test_train_saves_and_goes_on(project: Path) -> None:
    result = run("train", str(project), "--epochs", "3")
    assert result.returncode == 0, result.stderr
    assert "step 60" in result.stdout
    assert "val. accuracy" in result.stdout
    first = io.read(project)
    assert first.project.run["step"] == 60
    assert first.history["epochs"][-1]["metrics"].keys() >= {"loss", "val_loss", "val_accuracy"}
    assert run("train", str(project), "--epochs", "2").returncode == 0
    assert io.read(project).project.run["step"] == 100


def test_train_goes_back_to_the_best_weights_at_its_planned_end(project: Path) -> None:
    contents = read(project)
    given = contents.project.training
    training = msgspec.structs.replace(
        given, optimizer={"kind": "SGD", "learning_rate": 3.0},
        callbacks=({"kind": "EarlyStopping", "patience": 50, "restore_best_weights": True},),
    )  # fmt: skip
    write(
        project,
        replace(contents, project=msgspec.structs.replace(contents.project, training=training)),
    )
    result = run("train", str(project), "--epochs", "12")
    assert result.returncode == 0, result.stderr
    assert "All epochs are done: the weights are those of the best epoch" in result.stderr
    saved = read(project).project.run
    assert [(e["kind"], e["step"]) for e in read(project).journal] == [("weights", saved["step"])]


def test_training_twice_is_training_once(project: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.chainrule"
    assert run("train", str(project), "--epochs", "4", "-o", str(other)).returncode == 0
    assert io.read(project).project.run == {}
    for _ in range(2):
        assert run("train", str(project), "--epochs", "2").returncode == 0
    a, b = io.read(project).weights, io.read(other).weights
    assert a.keys() == b.keys()
    for name, array in a.items():
        assert array.tobytes() == b[name].tobytes()


# Sends itself a signal in the middle of training, as a terminal does at Ctrl-C.
_STOPPED_TRAINING = """
import os, signal, sys, threading, time
from app.cli import main

def stop(number, usual):
    while signal.getsignal(number) is usual:
        time.sleep(0.01)
    time.sleep(0.3)
    os.kill(os.getpid(), number)

number = int(sys.argv[2])
threading.Thread(target=stop, args=(number, signal.getsignal(number)), daemon=True).start()
sys.exit(main(["train", sys.argv[1], "--epochs", "100000"]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_training_is_saved_and_goes_on(project: Path, number: signal.Signals) -> None:
    result = subprocess.run(
        [sys.executable, "-c", _STOPPED_TRAINING, str(project), str(int(number))],
        capture_output=True, text=True, env={**os.environ, **own_environment()}, check=False,
    )  # fmt: skip
    assert "saved in" in said(result, 128 + number)
    assert result.stdout == ""
    first = io.read(project).project.run
    assert first["step"] == first["history_length"] > 0
    assert run("train", str(project), "--epochs", "1").returncode == 0
    again = io.read(project).project.run
    assert again["base_step"] == 0
    assert again["step"] == (first["step"] // 20 + 1) * 20


def test_summary_tells_what_learns(project: Path) -> None:
    contents = read(project)
    before = run("summary", str(project)).stdout
    assert "frozen" not in before
    document = contents.project
    last = document.network.layers[-1].id
    network = document.network.configure(last, trainable=False)
    write(project, replace(contents, project=msgspec.structs.replace(document, network=network)))
    shown = run("summary", str(project)).stdout
    learning = sum(row.trainable_parameters for row in inspect(network).rows)
    assert f"{learning} parameters learn, the others are frozen or statistics" in shown


def test_summary(project: Path) -> None:
    result = run("summary", str(project))
    assert result.returncode == 0
    assert "dense_1" in result.stdout
    assert "not trained" in result.stdout


@pytest.mark.parametrize("framework", ["keras", "pytorch"])
def test_code_is_python(project: Path, framework: str, tmp_path: Path) -> None:
    result = run("code", str(project), "--framework", framework)
    assert result.returncode == 0
    compile(result.stdout, framework, "exec")
    out = tmp_path / "net.py"
    assert run("code", str(project), "--framework", framework, "-o", str(out)).returncode == 0
    assert out.read_text(encoding="utf-8") == result.stdout


def test_export(project: Path, tmp_path: Path) -> None:
    out = tmp_path / "film.mp4"
    result = run(
        "export", str(project), "--scene", "training", "-o", str(out), "--size", "320x180",
        "--fps", "10", "--seconds", "1",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "10 frames" in result.stdout
    with av.open(str(out)) as film:
        assert sum(1 for _ in film.decode(video=0)) == 10


def test_doctor() -> None:
    result = run("doctor")
    assert result.returncode == 0, result.stdout
    for word in ("Python", "PySide6", "Numba", "PyAV", "loss", "thread"):
        assert word in result.stdout


def test_doctor_says_which_processor_path_cannot_be_had() -> None:
    result = run("doctor", CHAINRULE_PROCESSOR="turbo")
    assert result.returncode == 0, result.stderr
    assert "Processor: CHAINRULE_PROCESSOR=turbo is not a path. Here it can be" in result.stdout
    assert result.stderr == ""
    # Without the step that is trained: that path would have to be compiled.
    question = "from app.cli import doctor; print(*doctor._processor())"
    told = subprocess.run(
        [sys.executable, "-c", question], capture_output=True, text=True, check=True,
        env={**os.environ, **own_environment(), "CHAINRULE_PROCESSOR": "plain"},
    )  # fmt: skip
    assert "plain loops" in told.stdout
    assert "CHAINRULE_PROCESSOR asks for them." in told.stdout


def test_warm_tells_progress() -> None:
    template = templates.load("xor-mlp")
    text = msgspec.json.encode({"network": template.network, "training": template.training})
    result = subprocess.run(
        [*own_command(), "warm"], input=text, capture_output=True, check=True,
        env={**os.environ, **own_environment()},
    )  # fmt: skip
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert lines[-1]["done"] == lines[-1]["total"] > 5


# Used wrongly: exit code 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["dance"],
        ["--dance"],
        ["train"],
        ["summary", "none.chainrule"],
        ["train", "none.chainrule"],
        ["export", "none.chainrule", "-o", "x.mp4"],
        ["none.chainrule"],
        ["new", "--template", "nothing", "-o", "x.chainrule"],
        ["new", "--template", "xor-mlp", "-o", "no/such/folder/x.chainrule"],
        ["new", "--template", "xor-mlp", "-o", "."],
        ["new", "--template", "xor-mlp"],
        ["summary", "."],
    ],
)
def test_wrong_use(arguments: list[str], tmp_path: Path) -> None:
    said(run(*arguments, cwd=tmp_path), 2)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "P", "--epochs", "0"],
        ["train", "P", "--epochs", "-3"],
        ["train", "P", "--epochs", "many"],
        ["train", "P", "-o", "no/folder/x.chainrule"],
        ["code", "P", "--framework", "caffe"],
        ["export", "P", "-o", "x.mp4", "--size", "big"],
        ["export", "P", "-o", "x.mp4", "--size", "1x1"],
        ["export", "P", "-o", "x.mp4", "--fps", "0"],
        ["export", "P", "-o", "x.mp4", "--seconds", "-1"],
        ["export", "P", "-o", "x.mp4", "--from", "9", "--to", "3"],
        ["export", "P", "-o", "x.mp4", "--scene", "opera"],
        ["export", "P", "-o", "x.mp4", "--theme", "pink"],
        ["export", "P", "-o", "x.mp4", "--without", "sense"],
        ["export", "P", "-o", "x.avi"],
        ["export", "P", "-o", "x.mp4", "--format", "avi"],
        ["export", "P", "-o", "no/folder/x.mp4"],
        ["export", "P", "-o", "P", "--format", "mp4"],
        ["export", "P", "-o", ""],
        ["export", "P", "-o", "/dev/null", "--format", "png"],
        ["export", "P", "-o", "x.mp4", "--sample", "99999"],
        ["export", "P", "-o", "x.mp4", "--sample", "-1"],
        ["export", "P", "-o", "x.mp4", "--from", "99999"],
        ["export", "P", "-o", "x.mp4", "--scene", "occlusion", "--layer", "dense_1"],
        ["export", "P", "-o", "x.mp4", "--channel", "1"],
        ["code", "P", "-o", "P"],
        ["code", "P", "-o", ""],
        ["train", "P", "-o", ""],
        ["train", "P", "-o", "/dev/null"],
    ],
)
def test_wrong_use_of_a_project(arguments: list[str], project: Path) -> None:
    folder = project.parent
    before = project.read_bytes()
    arguments = [str(project) if word == "P" else word for word in arguments]
    said(run(*arguments, cwd=folder), 2)
    assert project.read_bytes() == before
    assert os.listdir(folder) == [project.name]


# Failed: exit code 1


def test_a_damaged_project(tmp_path: Path) -> None:
    path = tmp_path / "p.chainrule"
    path.write_bytes(b"rubbish")
    for command in ("summary", "train", "code"):
        assert "not a Chainrule project" in said(run(command, str(path)), 1)


def test_a_network_that_cannot_work(project: Path) -> None:
    contents = io.read(project)
    network = contents.project.network
    wrong = network.insert(1, new_layer("Conv2D", network))
    bad = msgspec.structs.replace(contents.project, network=wrong)
    io.write(project, io.Contents(bad))
    for arguments in (
        ["train", str(project)],
        ["export", str(project), "-o", str(project.parent / "x.mp4")],
        ["code", str(project)],
    ):
        assert "Conv2D" in said(run(*arguments), 1)
    result = run("summary", str(project))
    assert result.returncode == 0
    assert "Problem" in result.stdout


def test_a_full_disk(project: Path) -> None:
    before = project.read_bytes()
    result = subprocess.run(
        [*own_command(), "train", str(project), "--epochs", "1"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **own_environment()},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000)),
    )
    assert "disk is full" in said(result, 1)
    assert project.read_bytes() == before
    assert os.listdir(project.parent) == [project.name]


def test_a_window_without_a_display() -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("other systems always have one")
    env = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    env |= own_environment()
    env.pop("QT_QPA_PLATFORM")
    result = subprocess.run(own_command(), capture_output=True, text=True, env=env, check=False)
    assert "no display" in said(result, 1)


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    path = tmp_path / "p.chainrule"
    path.write_bytes(b"rubbish")
    result = run("summary", str(path), "--debug")
    assert result.returncode == 1
    assert "Traceback" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "P", "--epochs", "two"], "--epochs must be a whole number"),
        (["find-lr", "P", "--start", "low"], "--start must be a number"),
    ],
)
def test_a_word_in_place_of_a_number_gets_a_sentence(arguments: list[str], sentence: str) -> None:
    assert sentence in said(run(*arguments), 2)


def test_train_tells_of_a_schedule_that_ends_early(project: Path) -> None:
    contents = io.read(project)
    rate = {"kind": "PolynomialDecay", "initial_learning_rate": 0.01, "decay_steps": 2}
    optimizer = {**contents.project.training.optimizer, "learning_rate": rate}
    training = msgspec.structs.replace(contents.project.training, optimizer=optimizer)
    changed = msgspec.structs.replace(contents.project, training=training)
    io.write(project, replace(contents, project=changed))
    result = run("train", str(project), "--epochs", "2")
    assert result.returncode == 0
    assert "PolynomialDecay ends after 2 steps" in result.stderr
