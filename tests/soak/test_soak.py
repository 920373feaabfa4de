"""A real window for a while, with a fake run and with real ones; prints what it measured.

Nothing here fails on a number: the machine that runs it decides how fast it is. What must not happen at any
speed (an error, a leak of memory, a run that stops) does fail. ``CHAINRULE_SOAK_SECONDS`` sets the length of
each part (20), ``make test-long`` gives it a virtual display.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import app
from app.engine.replay import Replay
from app.engine.saved import contents_of
from app.snapshots import Probe, Snapshot
from core import templates
from tests.soak.meter import Heart, Report, painting, spin

SECONDS = float(os.environ.get("CHAINRULE_SOAK_SECONDS", "20"))

pytestmark = pytest.mark.soak


@pytest.fixture
def window(qapp: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("CHAINRULE_WARM_UP", "0")
    app.create_application()
    window = app.create_window()
    window.resize(1280, 720)
    window.show()
    problems: list[str] = []
    window.context.engine.failed.connect(problems.append)
    yield window
    window.context.engine.close()
    window.context.document.stack.setClean()
    window.projects.close()
    window.hide()
    window.deleteLater()
    assert problems == []


def open_template(window: Any, name: str) -> None:
    context = window.context
    context.bus.do("template.open", name=name)
    context.bus.do("workspace.show", name="train")
    wanted = templates.load(name).data.id

    def opened() -> bool:
        engine = context.engine
        return (
            engine.work is not None
            and engine.work.data == wanted
            and engine.state.status in ("ready", "paused")
            and engine.latest is not None
        )

    assert spin(120, opened)
    # The rasteriser and the layouts are made at the first pictures.
    spin(1.5)


def measure(window: Any, title: str, seconds: float) -> Report:
    engine = window.context.engine
    report = Report(title)
    before = dict(engine._worker.spent)
    first = engine.state.position.step
    heart = Heart()
    with painting(report.paints):
        began = _now()
        spin(seconds)
        report.wall = _now() - began
    heart.stop()
    report.gaps = heart.gaps
    report.engine = {k: engine._worker.spent[k] - v for k, v in before.items()}
    report.steps = engine.latest.position.step - first
    print(f"\n{report.text()}")
    return report


def _now() -> float:
    from time import perf_counter

    return perf_counter()


def memory() -> float:
    """Return megabytes in use, 0 where it cannot be read."""
    if not sys.platform.startswith("linux"):
        return 0.0
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_a_fake_run(window: Any) -> None:
    """Real scenes, snapshots from memory: what painting alone costs."""
    open_template(window, "spirals-mlp")
    context = window.context
    document = context.document
    contents = contents_of(document.name, document.network, document.training, document.data, None)
    source = Replay(contents)
    probes: tuple[Probe, ...] = tuple(context.engine._probes["train"]) if (
        "train" in context.engine._probes) else next(iter(context.engine._probes.values()))  # fmt: skip
    prepared: list[Snapshot] = [source.at(step, probes) for step in range(0, 600, 10)]
    serial = context.engine.latest.serial
    mailbox, put = context.engine._worker.mailbox, context.engine._worker.snapshot_put
    count = 0

    def feed(seconds: float) -> None:
        nonlocal count
        if count % 2 == 0:
            shot = prepared[(count // 2) % len(prepared)]
            mailbox.put(replace(shot, serial=serial + 1 + count))
            put.emit()
        count += 1

    context.clock.want("soak")
    context.clock.tick.connect(feed)
    report = measure(window, "fake run, spirals 2-8-8-8-8-2, 30 snapshots/s", SECONDS)
    context.clock.tick.disconnect(feed)
    context.clock.release("soak")
    assert report.paints


@pytest.mark.parametrize("speed", ["8x", "100/s", "max"])
@pytest.mark.parametrize("name", ["spirals-mlp", "digits-cnn"])
def test_a_real_run(window: Any, name: str, speed: str) -> None:
    open_template(window, name)
    context = window.context
    fields = {"epochs": 10_000_000}
    context.bus.do("training.configure", **fields)
    context.bus.do("run.speed", value=speed)
    context.bus.do("run.play")
    assert spin(60, lambda: context.engine.state.position.step > 1)
    spin(2)
    used = memory()
    report = measure(window, f"{name} at {speed}", SECONDS)
    grown = memory() - used
    print(f"  memory         {used:.0f} MB, {grown:+.0f} MB meanwhile")
    assert report.steps > 0
    assert context.engine.state.status == "playing"
    history = context.engine.latest.history
    assert np.isfinite(history.loss).all()
    # Checkpoints may fill their 512 MB; anything beyond that is a leak.
    assert grown < 700
