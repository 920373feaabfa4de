"""How long a start takes: the window, and the kernels of the digits template, with and without compiled code.

``python -m tests.benchmarks.startup``. Each start is a process of its own with a home of its own; the second start
finds what the first has compiled. Without the window's parts the engine alone is measured.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
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
    return {
        "window": loaded,
        "numba before the window": before,
        "ready": time.time() - began,
        "status": "ready",
    }


def start(kind: str, home: str) -> dict[str, object]:
    """One start with this home."""
    environment = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    environment |= {"CHAINRULE_HOME": home}
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    command = [sys.executable, "-m", "tests.benchmarks.startup", kind, str(time.time())]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=2 * PATIENCE
    )
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
        done.check_returncode()
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def main() -> int:
    """Measure and print; 1 if a target was missed."""
    kind = "window" if importlib.util.find_spec("app.window.main") else "engine"
    missed = 0
    with tempfile.TemporaryDirectory(prefix="chainrule-start-") as home:
        for label, target in TARGETS.items():
            found = start(kind, home)
            shown, ready = float(str(found["window"])), float(str(found["ready"]))
            early = found["numba before the window"]
            what = "window visible" if kind == "window" else "data loaded"
            print(
                f"{label} start: {what} after {shown:.2f} s; Numba before that: {'yes' if early else 'no'}"
            )
            print(
                f"  kernels of {TEMPLATE} {found['status']} {ready - shown:.2f} s later (asked for: {target:g} s)"
            )
            missed += bool(early) + (ready - shown > target) + (found["status"] == "starting")
    return int(missed > 0)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        answer = (child_window if sys.argv[1] == "window" else child_engine)(float(sys.argv[2]))
        print(json.dumps(answer), flush=True)
        # The window's threads are Qt's to end; nothing of them is measured.
        os._exit(0)
    raise SystemExit(main())
