"""How long a start takes: the window, and the kernels of the digits template, with and without compiled code.

``python -m tests.benchmarks starting``. Each start is a process of its own with a home of its own; the second start
finds what the first has compiled. As in a program that is installed, Python finds its bytecode. Without the window's
parts the engine alone is measured. Seconds of processors tell more than seconds of a clock where others work, too.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from tests.benchmarks.children import ROOT
from tests.benchmarks.options import Options
from tests.benchmarks.rows import Row

TEMPLATE = "digits-cnn"
#: Seconds from the window to ready kernels: at the very first start, and later.
TARGETS = {"first": 15.0, "later": 1.5}
PATIENCE = 180.0


def child_window(began: float) -> dict[str, object]:
    """In a process of its own: open the window as the program does, and watch the clock."""
    import app

    application = app.create_application()
    window = app.create_window()

    from PySide6.QtCore import QEvent, QObject

    seen: dict[str, object] = {}

    class FirstPaint(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if not seen and event.type() == QEvent.Type.Paint:
                seen["window"] = time.time() - began
                seen["numba before the window"] = "numba" in sys.modules
            return False

    # Kept by this function: Qt does not own it.
    watcher = FirstPaint()
    application.installEventFilter(watcher)
    window.show()
    engine = window.context.engine
    until = time.time() + PATIENCE
    while time.time() < until and (not seen or engine.state.status == "starting"):
        application.processEvents()
        time.sleep(0.002)
    seen["ready"] = time.time() - began
    spent = os.times()
    seen["own seconds"] = spent.user + spent.system
    seen["compiling seconds"] = spent.children_user + spent.children_system
    seen["status"] = str(engine.state.status)
    window.close()
    application.processEvents()
    return seen


def child_engine(began: float) -> dict[str, object]:
    """In a process of its own: the template's program, and one step."""
    from core import data, templates

    template = templates.load(TEMPLATE)
    dataset = data.load(template.data.id, **template.data.parameters)
    loaded = time.time() - began
    before = "numba" in sys.modules
    from core.runs import Run

    run = Run(template.network, template.training, dataset)
    run.advance(1)
    spent = os.times()
    return {
        "window": loaded,
        "numba before the window": before,
        "ready": time.time() - began,
        "own seconds": spent.user + spent.system,
        "compiling seconds": 0.0,
        "status": "ready",
    }


def surroundings(home: str) -> dict[str, str]:
    """The environment of a start with this home, as a learner has it."""
    left_out = ("NUMBA_CACHE_DIR", "PYTHONDONTWRITEBYTECODE")
    kept = {key: value for key, value in os.environ.items() if key not in left_out}
    return kept | {"CHAINRULE_HOME": home}


def install() -> None:
    """Write the bytecode, as installing does."""
    listed = [sys.executable, "-m", "compileall", "-q", "core", "app", "assets"]
    subprocess.run(listed, cwd=ROOT, check=True)


def start(kind: str, home: str) -> dict[str, object]:
    """One start with this home."""
    environment = surroundings(home)
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    command = [sys.executable, "-m", "tests.benchmarks.startup", kind, str(time.time())]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=2 * PATIENCE
    )
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
        done.check_returncode()
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def rows(options: Options) -> Iterator[Row]:
    """From the window to ready kernels, the very first time and later."""
    kind = "window" if importlib.util.find_spec("app.window.main") else "engine"
    what = "window visible" if kind == "window" else "data loaded"
    install()
    with tempfile.TemporaryDirectory(prefix="chainrule-start-") as home:
        for label, target in TARGETS.items():
            found = start(kind, home)
            shown, ready = float(str(found["window"])), float(str(found["ready"]))
            early = bool(found["numba before the window"])
            yield Row("starting", f"{label} start, {what}", shown, note="Numba was imported before" if early else "",
                      asked="without Numba", met=not early)  # fmt: skip
            yield Row("starting", f"{label} start, from there to ready kernels", ready - shown,
                      asked=f"at most {target:g} s",
                      met=ready - shown <= target and found["status"] != "starting",
                      note=f"{TEMPLATE}, {found['status']}")  # fmt: skip
            own, compiling = (float(str(found[f"{who} seconds"])) for who in ("own", "compiling"))
            yield Row("starting", f"{label} start, seconds of a processor until then", own + compiling,
                      note=f"{own:.1f} s of them in the window's process")  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) == 3:
        answer = (child_window if sys.argv[1] == "window" else child_engine)(float(sys.argv[2]))
        print(json.dumps(answer), flush=True)
        # The window's threads are Qt's to end; nothing of them is measured.
        os._exit(0)
