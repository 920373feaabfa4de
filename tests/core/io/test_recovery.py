"""Autosaved copies: found after a crash, not while their window lives, gone after an orderly end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from core.io import recovery
from tests.core.io.test_project import contents

CRASH = """
import os, sys
from pathlib import Path
from core.io.recovery import Autosave
sys.path.insert(0, {root!r})
from tests.core.io.test_project import contents
copy = Autosave(Path({folder!r}))
copy.save(contents(), Path("/somewhere/original.chainrule"))
print("saved", flush=True)
sys.stdin.read() if {wait} else None
os._exit(1)
"""


def start(folder: Path, *, wait: bool) -> subprocess.Popen[str]:
    root = str(Path(__file__).parents[3])
    code = CRASH.format(folder=str(folder), root=root, wait=wait)
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=root,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.readline() == "saved\n"
    return child


def test_a_crash_leaves_a_copy_that_can_be_taken_and_forgotten(tmp_path: Path) -> None:
    with start(tmp_path, wait=False) as child:
        child.wait()
    (found,) = recovery.find(tmp_path)
    assert found.original == Path("/somewhere/original.chainrule")
    assert found.name == contents().project.name
    assert recovery.take(found).project == contents().project
    recovery.forget(found)
    assert recovery.find(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_living_window_is_not_offered(tmp_path: Path) -> None:
    with start(tmp_path, wait=True) as child:
        assert recovery.find(tmp_path) == []
        child.kill()
        child.wait()
    assert len(recovery.find(tmp_path)) == 1


def test_an_orderly_end_leaves_nothing(tmp_path: Path) -> None:
    with recovery.Autosave(tmp_path) as copy:
        copy.save(contents(), None)
        assert copy.path.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_copy_without_its_note_is_still_offered(tmp_path: Path) -> None:
    with start(tmp_path, wait=False) as child:
        child.wait()
    next(tmp_path.glob("*.json")).unlink()
    (found,) = recovery.find(tmp_path)
    assert found.original is None
    assert recovery.take(found).project == contents().project


def test_a_claimed_copy_is_not_offered_until_its_window_ends(tmp_path: Path) -> None:
    with start(tmp_path, wait=False) as child:
        child.wait()
    (found,) = recovery.find(tmp_path)
    claim = recovery.Claim(found)
    assert recovery.find(tmp_path) == []
    # As the system does when a process ends.
    claim._lock._file.close()
    assert recovery.find(tmp_path) == [found]
    recovery.Claim(found).forget()
    assert list(tmp_path.iterdir()) == []


def test_what_a_window_left_that_ended_before_its_first_copy_is_removed(tmp_path: Path) -> None:
    lock, partial = tmp_path / "20260101-000000-abcdef01.lock", ".20260101-000000-abcdef01-"
    lock.touch()
    (tmp_path / f"{partial}0a1b-4321-abcdefgh.partial").write_bytes(b"half")
    with recovery.Autosave(tmp_path) as living:
        assert recovery.find(tmp_path) == []
        assert lock.exists()
        for path in tmp_path.glob("*.lock"):
            os.utime(path, (1e9, 1e9))
        assert recovery.find(tmp_path) == []
        assert [path.name for path in tmp_path.iterdir()] == [living._lock.path.name]
