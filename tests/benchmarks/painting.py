"""How long painting takes: the spirals network 2-8-8-8-8-2 and its panels at 1280x720, in software.

``python -m tests.benchmarks painting``: seconds a frame, median and 95th percentile, for a signal that travels (60 a
second) and for frames with new numbers (30 a second). The budget is 8 ms at the 95th. The processor time of the
painting thread is told too: a busy machine disturbs it less.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter, thread_time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtGui import QGuiApplication, QImage, QPainter

from app.scenes import edges, registry
from app.scenes.frame import Frame, Phase, ViewState
from app.snapshots import NetworkView, Snapshot
from app.theme import DARK
from app.theme_fonts import load_fonts
from tests.app.scenes.fixtures import trained_mlp
from tests.app.scenes.fixtures_images import trained_cnn
from tests.benchmarks.children import ROOT
from tests.benchmarks.options import Options
from tests.benchmarks.rows import Row

BUDGET_MS = 8.0


def frames_with_new_numbers(shots: tuple[Snapshot, ...], count: int) -> list[Frame]:
    """Frames of a run at full speed: every one has other weights, activations and a longer history."""
    first, last = shots[0], shots[-1]
    result = []
    for k in range(count):
        t = np.float32(k / count)
        values = {}
        for name, new in last.values.items():
            old = first.values.get(name, new)
            values[name] = old + (new - old) * t if old.shape == new.shape else new
        steps = max(2, int(len(last.history.steps) * (k + 1) / count))
        history = replace(
            last.history,
            steps=last.history.steps[:steps],
            loss=last.history.loss[:steps],
            accuracy=last.history.accuracy[:steps],
        )
        result.append(Frame(None, replace(last, serial=k + 10, values=values, history=history)))
    return result


def travelling(shots: tuple[Snapshot, ...], stages: int, count: int) -> list[Frame]:
    """Frames of one step in slow motion: forward, backward, update."""
    result = []
    for k in range(count):
        at = k / count * (2 * (stages - 1) + 1)
        if at < stages - 1:
            phase = Phase("forward", at)
        elif at < 2 * (stages - 1):
            phase = Phase("backward", at - stages + 1)
        else:
            phase = Phase("update", at - 2 * (stages - 1))
        result.append(Frame(shots[-2], shots[-1], k / count, phase))
    return result


def measure(
    scene_name: str,
    spec: NetworkView,
    size: tuple[float, float],
    frames: list[Frame],
    view: ViewState,
) -> tuple[float, float, float, float]:
    """Return median, 95th percentile and longest time of a frame, and its processor time at the 95th, in ms."""
    scene = registry.scene(scene_name)
    place = scene.layout(spec, size, view)
    image = QImage(int(size[0]), int(size[1]), QImage.Format.Format_RGB32)
    times, busy = [], []
    for number, frame in enumerate(frames):
        began, working = perf_counter(), thread_time()
        painter = QPainter(image)
        scene.paint(painter, place, DARK, frame)
        painter.end()
        if number > 2:  # glyphs and the ground are made once
            times.append(1e3 * (perf_counter() - began))
            busy.append(1e3 * (thread_time() - working))
    times.sort()
    busy.sort()
    late = int(len(times) * 0.95)
    return times[len(times) // 2], times[late], times[-1], busy[late]


def report() -> dict[str, tuple[float, float, float, float]]:
    """Measure every scene."""
    spec, shots = trained_mlp((2, 8, 8, 8, 8, 2), 600, 1000)
    images, image_shots = trained_cnn(40)
    log = ViewState(options=(("log", True), ("metrics", ("loss",))))
    strip = ViewState(options=(("strip", True),))
    fresh, image_fresh = (
        frames_with_new_numbers(shots, 60),
        frames_with_new_numbers(image_shots, 60),
    )
    cases = (
        (
            "network 1280x720, signal travelling",
            "network",
            spec,
            (1280.0, 720.0),
            travelling(shots, 6, 240),
            ViewState(),
        ),
        ("network 1280x720, new numbers", "network", spec, (1280.0, 720.0), fresh, ViewState()),
        ("network 948x640, new numbers", "network", spec, (948.0, 640.0), fresh, ViewState()),
        ("decision map 420x432, new numbers", "decision", spec, (420.0, 432.0), fresh, ViewState()),
        ("loss 584x144, new numbers", "curves", spec, (584.0, 144.0), fresh, log),
        ("gradient health 364x144, new numbers", "health", spec, (364.0, 144.0), fresh, strip),
        (
            "maps 1008x400, signal travelling",
            "maps",
            images,
            (1008.0, 400.0),
            travelling(image_shots, 7, 240),
            ViewState(),
        ),
        ("maps 1008x400, new numbers", "maps", images, (1008.0, 400.0), image_fresh, ViewState()),
        ("predictions 1008x240", "predictions", images, (1008.0, 240.0), image_fresh, ViewState()),
        (
            "curves 1008x144, new numbers",
            "curves",
            images,
            (1008.0, 144.0),
            image_fresh,
            ViewState(),
        ),
        ("confusion 360x396", "confusion", images, (360.0, 396.0), image_fresh, ViewState()),
        ("film 1280x720, points", "training", spec, (1280.0, 720.0), fresh, ViewState()),
        ("film 1280x720, digits", "training", images, (1280.0, 720.0), image_fresh, ViewState()),
    )
    return {
        title: measure(scene, network, size, frames, view)
        for title, scene, network, size, frames, view in cases
    }


def rows(options: Options) -> Iterator[Row]:
    """Milliseconds a frame, in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.painting"]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    for title, times in json.loads(done.stdout.strip().splitlines()[-1]).items():
        median, late, top, busy = (milliseconds / 1e3 for milliseconds in times)
        asked = title.startswith("network 1280")
        yield Row(
            "painting", f"95 of 100 frames, {title}", late, low=median, high=top,
            asked=f"at most {BUDGET_MS:g} ms" if asked else "",
            met=late * 1e3 <= BUDGET_MS if asked else None,
            note=f"processor time {busy * 1e3:.1f} ms; lowest is the median",
        )  # fmt: skip


if __name__ == "__main__":
    application = QGuiApplication.instance() or QGuiApplication(sys.argv[:1])
    load_fonts()
    if not edges.warm():
        print(
            "The rasteriser could not be compiled: these are the hairlines' times.", file=sys.stderr
        )
    print(json.dumps(report()), flush=True)
