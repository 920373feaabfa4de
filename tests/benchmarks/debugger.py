"""How long one instruction takes from the press of Step until all of the window shows it, forward and back.

``python -m tests.benchmarks debugger``: a real window of 1440x900 without a screen, each network in a process of its
own. Two moments are told: when the new numbers are painted (the tape, the drawing, the strip, the transport), and when
the formula is there with all its numbers, which the engine is asked for after that. How much of a processor the
interface's own thread took for all of it is told as well: what others do on the machine does not change that.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from time import perf_counter, thread_time
from typing import Any, NamedTuple

import numpy as np

from tests.benchmarks.children import ROOT
from tests.benchmarks.options import Options
from tests.benchmarks.rows import Row

#: Networks: the template, or how many units two dense layers behind a picture have; what is asked, in seconds.
NETWORKS: dict[str, tuple[str, int, float]] = {
    "chain-rule-by-hand": ("chain-rule-by-hand", 0, 16.7e-3),
    "digits-cnn": ("digits-cnn", 0, 16.7e-3),
    "784-100-100-10": ("", 100, 16.7e-3),
    "784-1800-1800-10": ("", 1800, 100e-3),
}
#: Instructions before those that are measured: pictures and glyphs are made once.
_FIRST = 6


def rows(options: Options) -> Iterator[Row]:
    """The median of all instructions of a step, and how long 95 of 100 take."""
    for name, (_, _, asked) in NETWORKS.items():
        with tempfile.TemporaryDirectory() as home:
            command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.debugger", name]
            environment = {
                **os.environ, "QT_QPA_PLATFORM": "offscreen", "CHAINRULE_HOME": home,
                "CHAINRULE_WARM_UP": "0",
            }  # fmt: skip
            done = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, text=True
            )
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        for title, times in json.loads(done.stdout.strip().splitlines()[-1]).items():
            median, late = float(np.median(times)), float(np.quantile(times, 0.95))
            shown = title.startswith("an instruction")
            yield Row(
                "debugger", f"{name}, {title}", median, low=min(times), high=max(times),
                asked=f"at most {asked * 1e3:.1f} ms" if shown else "",
                met=median <= asked if shown else None, note=f"95 of 100 within {late * 1e3:.1f} ms",
            )  # fmt: skip


class Press(NamedTuple):
    """Seconds from one press of Step.

    Attributes
    ----------
    shown, explained
        Until the numbers are painted, and until the formula is there.
    own
        Of a processor, that the interface's thread has used until then.
    """

    shown: float
    explained: float
    own: float


class Pressed:
    """A window in its Step view."""

    def __init__(self, name: str) -> None:
        import app
        from app.step.workspace import StepWorkspace

        self.application = app.create_application()
        self.window = window = app.create_window()
        window.resize(1440, 900)
        window.show()
        self.until(lambda: bool(window.context.attached))
        template, units, _ = NETWORKS[name]
        if template:
            window.context.bus.do("template.open", name=template)
        else:
            self._open(units)
        window.context.bus.do("workspace.show", name="step")
        view = window.findChild(StepWorkspace, "step-workspace")
        assert view is not None
        self.view, self.session = view, view.session
        engine = window.context.engine
        self.until(lambda: engine.state.status == "ready" and self.session.program is not None)
        window.context.bus.do("run.granularity", value="instruction")

    def _open(self, units: int) -> None:
        from app.document import State
        from core.io import DataRef
        from core.spec import Network, Training, new_layer

        network = Network.chain("dense", ())
        pieces: tuple[tuple[str, dict[str, Any]], ...] = (
            ("InputLayer", {"shape": [28, 28, 1]}), ("Flatten", {}), ("Dense", {"units": units, "activation": "relu"}),
            ("Dense", {"units": units, "activation": "relu"}), ("Dense", {"units": 10, "activation": "softmax"}),
        )  # fmt: skip
        for kind, settings in pieces:
            made = new_layer(kind, network, **settings)
            network = Network.chain("dense", (*network.layers, made))
        training = Training(loss="sparse_categorical_crossentropy", batch_size=32)
        context = self.window.context
        context.document.open_state(State("dense", network, training, DataRef("digits")))
        context.engine.open_document(None)

    def until(self, there: Callable[[], bool], seconds: float = 300.0) -> None:
        """Let the window live until something is true."""
        from PySide6.QtCore import QEventLoop

        ends = perf_counter() + seconds
        while not there():
            if perf_counter() > ends:
                message = "the window did not get there"
                raise TimeoutError(message)
            self.application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 5)

    def press(self, back: bool) -> Press:
        """Do one instruction and wait until all of it is shown."""
        session, before = self.session, self.session.snapshot.position
        engine = self.window.context.engine
        began, own = perf_counter(), thread_time()
        engine.step_back("instruction") if back else engine.step("instruction")
        self.until(lambda: session.snapshot.position != before)
        # What was marked to be painted anew.
        self.application.processEvents()
        shown = perf_counter() - began
        self.until(self._explained, 20.0)
        self.application.processEvents()
        return Press(shown, perf_counter() - began, thread_time() - own)

    def _explained(self) -> bool:
        session, card = self.session, self.view.sheet.card
        line = session.instruction
        return line is None or line.phase == "data" or (
            card.instruction is not None and card.instruction.index == line.index and card.result is not None
            and card.expression is not None
        ) or session.done is None  # fmt: skip


def measure(name: str) -> dict[str, list[float]]:
    """Walk through one step, and back again."""
    pressed = Pressed(name)
    count = len(pressed.session.program.instructions)
    found: dict[str, list[float]] = {}
    for title, back, presses in (
        ("an instruction forward", False, count),
        ("an instruction back", True, count - 1),
    ):
        times = [pressed.press(back) for _ in range(min(presses, 120))][_FIRST:]
        way = title.removeprefix("an instruction ")
        found[title] = [one.shown for one in times]
        found[f"  {way}, with its formula"] = [one.explained for one in times]
        found[f"  {way}, of it the interface thread"] = [one.own for one in times]
    pressed.window.shut_down()
    return found


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])), flush=True)
    os._exit(0)
