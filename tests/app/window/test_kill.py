"""A program that is killed while it trains loses at most what was done since the last autosaved copy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from app.engine.saved import work_of_contents
from app.engine.session import Session
from core import data, io, templates
from core.runs import Run

ROOT = Path(__file__).parents[3]

#: Milliseconds between copies here; the program's own are some twenty times as long.
EVERY = 1000

PROGRAM = """
import json, sys
from hashlib import blake2b
from PySide6.QtCore import QTimer
from PySide6.QtTest import QTest
import app
from app.window import projects

projects.AUTOSAVE_EVERY = int(sys.argv[1])
application = app.create_application()
window = app.create_window()
context = window.context
engine, bus = context.engine, context.bus
ticks = 0

def tick():
    global ticks
    ticks += 1

def say(**values):
    print(json.dumps(values), flush=True)

def state():
    position = engine.state.position
    say(step=position.step if position else 0, ticks=ticks, status=engine.state.status)

def until(test):
    while not test():
        QTest.qWait(5)

window.projects._timer.timeout.connect(tick)
teller = QTimer()
teller.setInterval(10)
teller.timeout.connect(state)
"""

TRAINING = """
bus.do("template.open", name="xor-mlp")
bus.do("training.configure", epochs=10_000_000)
window.show()
until(lambda: engine.state.status == "ready" and context.attached)
bus.do("run.speed", value="max")
bus.do("run.play")
teller.start()
application.exec()
"""

AGAIN = """
window.show()
until(lambda: context.attached and not window.banner.isHidden())
say(banner=window.banner.text)
window.findChild(object, "recover").click()
wanted = int(sys.argv[2])
until(lambda: engine.state.position is not None and engine.state.position.step == wanted)
found = []
engine.ask("saved_state", done=found.append)
until(lambda: found)
weights = b"".join(found[0].weights[name].tobytes() for name in sorted(found[0].weights))
say(step=engine.state.position.step, weights=blake2b(weights).hexdigest(), dirty=context.document.dirty)
until(lambda: sys.argv[3] == "leave" or window.projects.has_copy)
say(ready=True)
application.exec()
"""


class Child:
    """The program, and what it says."""

    def __init__(self, code: str, home: Path, *arguments: object) -> None:
        environment = {"CHAINRULE_HOME": str(home), "CHAINRULE_WARM_UP": "0"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM + code, *map(str, arguments)], cwd=ROOT, text=True,
            stdout=subprocess.PIPE, env=os.environ | environment,
        )  # fmt: skip
        self.said: list[dict[str, Any]] = []
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._more:
                self.said.append(json.loads(line))
                self._more.notify()
        with self._more:
            self._more.notify()

    def until(self, key: str) -> Any:
        """The first value of that name it says."""
        with self._more:
            self._more.wait_for(
                lambda: any(key in s for s in self.said) or not self._reader.is_alive(), 120
            )
            return next(s[key] for s in self.said if key in s)

    def wait(self) -> None:
        """For anything more."""
        with self._more:
            assert self._more.wait(120), "the program says nothing any more"
        assert self.process.poll() is None, "the program ended by itself"

    def kill(self) -> None:
        """As by kill -9: nothing of the program runs after it."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def started(code: str, home: Path, *arguments: object) -> Iterator[Child]:
    child = Child(code, home, *arguments)
    try:
        yield child
    finally:
        child.kill()


def copies(home: Path) -> list[Path]:
    return sorted((home / "recovery").glob("*.chainrule"))


@pytest.mark.timeout(600)  # four programs are started
def test_a_killed_run_goes_on_from_the_last_copy(home: Path) -> None:
    seen: set[int] = set()
    with started(TRAINING, home, EVERY) as child:
        child.until("step")
        while len(seen) < 3:
            child.wait()
            for path in copies(home):
                step = io.read(path).project.run.get("step", 0)
                seen |= {step} if step else set()
        child.kill()
    (path,) = copies(home)
    kept = io.read(path).project.run["step"]
    last = child.said[-1]
    assert last["status"] == "playing"
    assert 0 < min(seen) < kept
    # The copy of the last tick may have been in the making; that of the one before was on the disk.
    before = [s["step"] for s in child.said if s.get("ticks", 0) <= last["ticks"] - 1]
    assert kept >= max(before)

    template = templates.load("xor-mlp")
    training = msgspec.structs.replace(template.training, epochs=10_000_000)
    dataset = data.load(template.data.id, **dict(template.data.parameters))
    run = Run(template.network, training, dataset)
    while run.step_count < kept:
        run.advance(kept - run.step_count, epochs=1000)
    weights = {name: np.asarray(value) for name, value in run.program.weights().items()}
    digest = blake2b(b"".join(weights[name].tobytes() for name in sorted(weights))).hexdigest()

    # Killed again before it has a copy of its own, then after it.
    for way in ("leave", "stay"):
        with started(AGAIN, home, 3_600_000 if way == "leave" else EVERY, kept, way) as again:
            assert "ended unexpectedly" in again.until("banner")
            assert again.until("weights") == digest
            assert again.until("step") == kept
            assert again.until("dirty")
            assert again.until("ready")
            again.kill()
        assert copies(home)
        assert {io.read(path).project.run["step"] for path in copies(home)} == {kept}


COMMAND = """
import sys
from app.cli import main, train

train._KEEP_EVERY = 0.3
main(["train", sys.argv[1], "--epochs", "1000000"])
"""


def test_a_killed_command_leaves_what_it_wrote_on_the_way(tmp_path: Path) -> None:
    template = templates.load("xor-mlp")
    project = io.Project(
        name="killed", network=template.network, training=template.training, data=template.data
    )
    path = tmp_path / "killed.chainrule"
    io.write(path, io.Contents(project))
    child = subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(path)], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    try:
        seen: set[int] = set()
        while len(seen) < 3:
            assert child.poll() is None
            seen |= {io.read(path).project.run.get("step", 0)} - {0}
    finally:
        child.kill()
        child.wait()
    kept = Session(work_of_contents(io.read(path)))
    assert kept.position.step >= max(seen)
    kept.allow_more()
    assert kept.advance(1) == 1
