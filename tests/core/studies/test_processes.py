"""Child processes: they can be cancelled, die, be interrupted, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core import studies
from core.errors import AdviceWarning, ChainruleError
from core.spec import Training
from core.studies import crew
from core.studies.crew import Crew, own_folder
from core.studies.study import carried_out
from core.studies.subject import Subject
from tests.core.studies.subjects import model, samples

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="looks at processes as POSIX does")


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def long_study() -> studies.SeveralSeeds:
    x, y = samples()
    return studies.SeveralSeeds(Subject.of_model(model(), x, y), seeds=4, epochs=1_000_000)


def children(of: Path | None = None) -> set[int]:
    """Processes of studies; of those whose files are in a folder, for others may study on this machine, too."""
    found = subprocess.run(
        ["ps", "-ww", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(None, 2) for line in found.splitlines()]
    return {
        int(row[0]) for row in rows if "core.studies.worker" in row[2] and str(of or "") in row[2]
    }


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(true: object, seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return False


def test_leaving_early_ends_the_children(
    own_temporary_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crews: list[Crew] = []
    enter = Crew.__enter__
    monkeypatch.setattr(Crew, "__enter__", lambda crew: crews.append(crew) or enter(crew))
    going = long_study().run(processes=2)
    seen = set()
    for progress in going:
        seen.add(progress.title)
        assert not progress.done
        if len(seen) == 2:
            break
    pids = crews[0].pids
    assert len(pids) == 2
    assert all(alive(pid) for pid in pids)
    going.close()
    assert not any(alive(pid) for pid in pids)
    assert list(own_temporary_folder.iterdir()) == []


def test_a_request_to_stop_is_heard_in_the_middle(own_temporary_folder: Path) -> None:
    for processes in (0, 1):
        seen: list[studies.Progress] = []

        def go(processes: int = processes, seen: list[studies.Progress] = seen) -> None:
            for progress in long_study().run(processes, stop=lambda: bool(seen)):
                seen.append(progress)  # noqa: PERF402 - whether there is one is asked meanwhile

        with pytest.raises(studies.Stopped):
            go()
        assert list(own_temporary_folder.iterdir()) == []


def test_a_child_that_dies_is_a_sentence_and_the_others_go_on(
    own_temporary_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = samples()
    crews: list[Crew] = []
    enter = Crew.__enter__
    monkeypatch.setattr(Crew, "__enter__", lambda crew: crews.append(crew) or enter(crew))
    study = studies.SeveralSeeds(Subject.of_model(model(), x, y), seeds=3, epochs=3000)
    killed = False
    for progress in study.run(processes=1):
        if not killed and progress.title == "seed 3" and not progress.done:
            os.kill(crews[0].pids[0], signal.SIGKILL)
            killed = True
    assert killed
    runs = study.result.runs
    assert "signal 9" in runs[0].problem
    assert "memory" in runs[0].problem
    assert study.result.problems[0].startswith("Seed 3: The process that did seed 3")
    assert not runs[1].problem
    assert not runs[2].problem
    assert list(own_temporary_folder.iterdir()) == []


def test_a_run_that_was_killed_is_told(
    own_temporary_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = samples()
    study = studies.SeveralSeeds(Subject.of_model(model(), x, y), seeds=3, epochs=3000)
    crews: list[Crew] = []
    enter, run = Crew.__enter__, study.run
    monkeypatch.setattr(Crew, "__enter__", lambda crew: crews.append(crew) or enter(crew))

    def killing(processes: int | None = None, command: Any = None) -> Iterator[studies.Progress]:
        killed = False
        for progress in run(processes, command):
            if not killed and progress.title == "seed 3" and not progress.done:
                os.kill(crews[0].pids[0], signal.SIGKILL)
                killed = True
            yield progress

    monkeypatch.setattr(study, "run", killing)
    with pytest.warns(AdviceWarning, match=r"Seed 3 did not come to its end.* signal 9"):
        found = carried_out(study, 1, 0)
    assert [bool(one.problem) for one in found.runs] == [True, False, False]


def test_a_child_that_cannot_be_started_is_a_sentence() -> None:
    x, y = samples()
    study = studies.SeveralSeeds(Subject.of_model(model(), x, y), seeds=2)
    command = [sys.executable, "-c", "import sys; sys.exit('no engine here')"]
    with pytest.raises(ChainruleError, match=r"exit code 1.*no engine here"):
        list(study.run(processes=2, command=command))


# A command that a shell runs behind others ignores Ctrl+C, and so does what it starts: Python's way is set back.
_STUDY = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from core import studies
from core.studies import crew
from tests.core.studies.test_processes import long_study
for progress in long_study().run(processes=2):
    print(progress.title, flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_parent_that_is_ended_takes_its_children_along(
    own_temporary_folder: Path, number: signal.Signals
) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _STUDY], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert parent.stdout is not None
        seen = set()
        for line in parent.stdout:
            seen.add(line)
            if len(seen) == 2:
                break
        mine = children(own_temporary_folder)
        assert len(mine) == 2
        parent.send_signal(number)
        parent.communicate(timeout=60)
    finally:
        parent.kill()
        parent.communicate()
    assert wait_until(lambda: not children() & mine)
    assert wait_until(lambda: not list(own_temporary_folder.glob(f"{studies.PREFIX}*")))


def test_a_folder_called_core_is_not_taken_for_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "elsewhere"
    (folder / "core").mkdir(parents=True)
    (folder / "core" / "__init__.py").write_text("raise SystemExit('the wrong one')")
    monkeypatch.chdir(folder)
    x, y = samples()
    assert studies.try_seeds(model(), x, y, seeds=1, processes=1).final["loss"].mean > 0


def test_documents_are_studied_as_models_are() -> None:
    x, y = samples()
    made = model()
    training = Training(
        optimizer=made.optimizer.to_config(), loss="sparse_categorical_crossentropy", metrics=("accuracy",),
        batch_size=16, seed=3, validation_split=0.2,
    )  # fmt: skip

    class Info:
        scale, classes = 1.0, ("a", "b", "c")

    class Points:
        info = Info()
        x_train, y_train = x, y
        x_test, y_test = x[:0], y[:0]

    of_document = studies.try_seeds(made.network, Points(), training=training, seeds=2, processes=1)
    of_model = studies.try_seeds(
        made, x, y, seeds=2, batch_size=16, validation_split=0.2, processes=0
    )
    assert [run.digest for run in of_document.runs] == [run.digest for run in of_model.runs]
    assert of_document.runs[0].history == of_model.runs[0].history


def test_what_a_killed_process_left_is_cleared(own_temporary_folder: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )  # fmt: skip
    mine = own_folder("project-")
    name = mine.name.replace(f"-{os.getpid()}-", f"-{ended.stdout.strip()}-")
    left = own_temporary_folder / name
    left.mkdir()
    (left / "project.chainrule").write_bytes(b"1")
    others = [own_temporary_folder / f"{studies.PREFIX}notes", own_temporary_folder / "else"]
    for folder in others:
        folder.mkdir()
    link = own_temporary_folder / name.replace("project-", "link-")
    link.symlink_to(others[1])
    list(short_study().run(0))
    assert not left.exists()
    assert sorted(own_temporary_folder.iterdir()) == sorted([mine, link, *others])


def short_study(**given: int) -> studies.SeveralSeeds:
    x, y = samples()
    subject = Subject.of_model(model(), x, y)
    return studies.SeveralSeeds(subject, **{"seeds": 4, "epochs": 2, **given})


def test_short_runs_are_done_here_and_long_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    list(short_study().run(0))  # whatever is to be compiled is compiled
    studies_run = {}
    for worth, patience, where in (
        (1e9, 1e9, "in this process"),
        (0.0, 1e9, "2 processes"),
        (1e9, 0.0, "2 processes"),
    ):
        monkeypatch.setattr(crew, "_WORTH", worth)
        monkeypatch.setattr(crew, "_PATIENCE", patience)
        monkeypatch.setattr(crew, "usual_processes", lambda: 2)
        study = short_study()
        told = [(progress.share, progress.done) for progress in study.run()]
        assert where in study.where
        assert told == sorted(told)
        assert sum(done for _, done in told) == 4
        studies_run[where, patience] = [run.digest for run in study.result.runs]
    assert len(set(map(tuple, studies_run.values()))) == 1
    # Who says how many gets them.
    study = short_study(seeds=1)
    list(study.run(1))
    assert study.where == "in a process of its own"


def test_a_request_to_stop_is_heard_before_it_is_decided(own_temporary_folder: Path) -> None:
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 2

    with pytest.raises(studies.Stopped):
        list(long_study().run(stop=stop))
    assert list(own_temporary_folder.iterdir()) == []


def test_verbose_counts_what_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    x, y = samples()
    found = studies.cross_validate(model(), x, y, k=3, processes=2, verbose=1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "trained in 2 processes at once"
    assert [line.split("  ")[0] for line in lines[1:]] == ["1 of 3", "2 of 3", "3 of 3"]
    assert sorted(line.split("  ")[1] for line in lines[1:]) == ["fold 1", "fold 2", "fold 3"]
    assert repr(found).startswith("<Folds: 3 folds: loss ")
    assert repr(found.folds[0]).startswith("<Fold of 30 held out: loss ")
    seeds = studies.try_seeds(model(), x, y, seeds=2, processes=0)
    assert repr(seeds).startswith("<Seeds: 2 seeds: loss ")
    assert repr(seeds.runs[1]).startswith("<Seed 4: loss ")
    assert max(map(len, map(repr, (found, *found.folds, seeds, *seeds.runs)))) < 250
