"""Screenshots of every workspace and state, dark and light, into ``shots/``: ``python -m tests.shots``.

Each size runs in a process of its own, because Qt reads its scale once. What is seen is a real window with a real
engine; nothing is drawn for the picture.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.window.main import MainWindow

OUT = Path(__file__).resolve().parent.parent / "shots"
#: name: (width, height, scale)
SIZES = {"": (1440, 900, "1"), "small-": (1024, 600, "1"), "200-": (1280, 800, "2")}
THEMES = ("dark", "light")


class Photographer:
    """Drives one window and keeps pictures of it."""

    def __init__(self, window: MainWindow, prefix: str) -> None:
        self.window, self.prefix = window, prefix
        self.do = window.context.bus.do

    def wait(self, seconds: float, until: Callable[[], bool] | None = None) -> None:
        """Let the window live for a while, or until something is true."""
        from PySide6.QtCore import QEventLoop, QTimer

        steps = max(1, round(seconds / 0.05))
        for _ in range(steps):
            if until is not None and until():
                return
            loop = QEventLoop()
            QTimer.singleShot(50, loop.quit)
            loop.exec()

    def ready(self) -> None:
        """Wait for the engine."""
        self.wait(120, lambda: self.window.context.engine.state.status not in ("starting", "busy"))

    def shoot(self, name: str) -> None:
        """Keep the window as it is now."""
        self.wait(0.6)
        path = OUT / f"{self.prefix}{name}.png"
        self.window.grab().save(str(path))
        print(path.name, flush=True)

    def diverge(self) -> None:
        """A linear unit with a learning rate above 2 / curvature: every step overshoots further than the last."""
        self.do("template.open", name="logistic-regression")
        self.ready()
        self.do("layer.configure", layer="dense_1", activation="linear")
        optimizer = {"kind": "SGD", "learning_rate": 5.0}
        self.do("training.configure", optimizer=optimizer, loss="mean_squared_error")
        engine = self.window.context.engine
        self.wait(
            60, lambda: engine.work is not None and engine.work.training.optimizer == optimizer
        )
        self.ready()
        self.do("workspace.show", name="train")
        self.do("run.speed", value="100/s")
        self.do("run.play")
        self.wait(30, lambda: engine.state.status == "diverged")
        assert engine.state.status == "diverged", engine.state
        self.shoot("train-diverged")
        self.do("run.step_back", granularity="batch")
        self.ready()
        self.shoot("train-diverged-step-back")

    def study(self) -> None:
        """A learning rate that is looked for."""
        from app.studies.dialog import StudyDialog

        self.do("study.open", kind="find-lr")
        dialog = self.window.findChild(StudyDialog)
        assert dialog is not None
        dialog.start()
        self.wait(120, lambda: not dialog.job.running)
        self.shoot("train-study")
        dialog.close_dialog()

    def popover(self, chip: str, bottom: bool = False) -> None:
        """Open the popover of a chip, scrolled to one of its ends."""
        from PySide6.QtCore import Qt
        from PySide6.QtTest import QTest
        from PySide6.QtWidgets import QScrollArea, QWidget

        anchor = self.window.findChild(QWidget, chip)
        editor = self.window.findChild(QWidget, chip.replace("-chip", "-editor"))
        if editor is None or not editor.isVisible():
            QTest.mouseClick(anchor, Qt.MouseButton.LeftButton)
            editor = self.window.findChild(QWidget, chip.replace("-chip", "-editor"))
        self.wait(0.3)
        area = editor.findChild(QScrollArea)
        area.verticalScrollBar().setValue(10_000 if bottom else 0)

    def hints(self) -> None:
        """Advice at a layer and beside the loss; arguments of initializers and regularizers; gradients cut in time."""
        from PySide6.QtCore import QSize

        self.do("template.open", name="digits-cnn")
        self.do("workspace.show", name="build")
        self.do("layer.configure", layer="conv2d_2", kernel_initializer="zeros")
        self.do("layer.configure", layer="conv2d_2", kernel_regularizer="l1_l2")
        self.do("select.layer", layer="conv2d_2")
        self.shoot("build-hint")
        self.do("layer.configure", layer="conv2d_2", kernel_initializer="variance_scaling")
        self.shoot("build-arguments")
        self.do("layer.configure", layer="dense_2", activation="sigmoid")
        self.popover("training-chip")
        self.shoot("training-hint")
        for layer in ("conv2d_1", "max_pooling2d_1", "conv2d_2", "max_pooling2d_2"):
            self.do("layer.remove", layer=layer)
        self.do("layer.add", kind="Reshape", index=1, target_shape=[28, 28])
        self.do("layer.add", kind="LSTM", index=2)
        self.popover("training-chip", bottom=True)
        self.shoot("training-cut-and-metrics")
        self.window.resize(self.window.size() + QSize(1, 0))
        self.wait(0.2)
        self.window.resize(self.window.size() - QSize(1, 0))

    def runs(self) -> None:
        """Runs on other data, compared, deleted."""
        from PySide6.QtCore import Qt
        from PySide6.QtTest import QTest
        from PySide6.QtWidgets import QWidget

        self.do("template.open", name="spirals-mlp")
        self.ready()
        self.do("workspace.show", name="train")
        self.do("run.step", granularity="epoch")
        self.ready()
        self.do("run.branch", step=5)
        self.wait(1)
        self.do("training.configure", learning_rate=0.3)
        self.do("run.step", granularity="epoch")
        self.ready()
        view = self.window.view("train")
        view.compare("1")
        self.wait(20, lambda: not view._comparing)
        self.shoot("train-compared")
        card = self.window.findChild(QWidget, "train-comparison")
        view._card.show_waiting("Run 1.1: from step 5", "Run 1")
        view._card.show_share(0.4)
        self.shoot("train-comparing")
        view._card.show_problem("")
        QTest.keyClick(card, Qt.Key.Key_Escape)
        self.do("data.choose", id="moons")
        self.wait(20, lambda: len(self.window.context.engine.state.runs) == 3)
        self.shoot("train-other-data")
        button = self.window.findChild(QWidget, "train-runs")
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        menu = self.window.findChild(QWidget, "train-runs-menu")
        self.wait(0.3)
        menu.grab().save(str(OUT / f"{self.prefix}train-runs-menu.png"))
        menu.close()
        self.do("run.delete", run="1")
        self.wait(20, lambda: len(self.window.context.engine.state.runs) == 2)
        self.shoot("train-deleted")

    def open_chain(self, name: str, data: str, *layers: tuple[str, dict[str, Any]]) -> None:
        """Open a network made here: the pieces are (kind, settings)."""
        from app.document import State
        from core.io import DataRef
        from core.spec import Network, Training, new_layer

        context = self.window.context
        network = Network.chain(name, ())
        for kind, settings in layers:
            made = new_layer(kind, network, **settings)
            network = Network.chain(name, (*network.layers, made))
        training = Training(loss="sparse_categorical_crossentropy", batch_size=8)
        context.document.open_state(State(name, network, training, DataRef(data)))
        context.engine.open_document(None)
        self.wait(1)
        self.ready()

    def walk(self, name: str, stops: dict[str, str], *, cell: str = "") -> None:
        """Step through a network and keep close-ups: by the operation that has just run, the name of the picture."""
        from app.step.workspace import StepWorkspace

        self.do("workspace.show", name="step")
        view = self.window.findChild(StepWorkspace, "step-workspace")
        assert view is not None
        self.wait(60, lambda: view.session.program is not None)
        self.wait(0.5)
        program = view.session.program
        assert program is not None
        for op, picture in stops.items():
            found = [i.index for i in program.instructions if i.op == op and cell in i.layer]
            if not found:
                print(f"{name}: there is no {op}")
                continue
            place = found[len(found) // 2]
            self.window.context.engine.step_to(place)
            self.wait(10, lambda: view.session.done == place)  # noqa: B023
            for choice in ("network", "closeup"):
                self.do("step.view", value=choice)
                self.wait(2.5)
                self.shoot(f"step-{name}-{picture}-{choice}")
        self.do("step.view", value="network")

    def debugger(self) -> None:
        """Step on a dense, a convolutional, a recurrent and a batch-normalised network."""
        self.do("template.open", name="stroke-risk")
        self.ready()
        self.walk("dense", {"matmul": "product", "matmul_weight_grad": "chain", "sgd": "update"})
        self.do("step.view", value="story")
        self.wait(3)
        self.shoot("step-dense-story")
        self.do("step.view", value="network")
        self.do("template.open", name="digits-cnn")
        self.ready()
        self.walk(
            "cnn",
            {"conv2d": "forward", "max_pool2d": "pool", "max_pool2d_grad": "pool-back",
             "conv2d_weight_grad": "filter", "adam": "update"},
        )  # fmt: skip
        self.open_chain(
            "Recurrent", "digits8x8", ("InputLayer", {"shape": [8, 8, 1]}),
            ("Reshape", {"target_shape": [8, 8]}), ("LSTM", {"units": 4}),
            ("Dense", {"units": 10, "activation": "softmax"}),
        )  # fmt: skip
        self.walk("lstm", {"tanh": "forward", "tanh_grad": "back", "adam": "update"}, cell="lstm")
        self.open_chain(
            "Normalised", "spirals", ("InputLayer", {"shape": [2]}), ("Dense", {"units": 4}),
            ("BatchNormalization", {}), ("Dense", {"units": 2, "activation": "softmax"}),
        )  # fmt: skip
        self.walk("normalised", {"normalize": "forward", "normalize_grad": "back"})

    def inside(self) -> None:
        """Look inside the trained digits and the trained colour network, panel by panel."""
        from app.inside.panels import PLACES, panels
        from app.inside.view import InsideView

        for name in ("digits-cnn", "emoji-cnn"):
            self.do("template.open", name=name, trained=True)
            self.ready()
            self.do("workspace.show", name="inside")
            view = self.window.findChild(InsideView, "inside")
            assert view is not None
            session = view.session
            self.wait(20, lambda: session.look is not None)  # noqa: B023
            for place in PLACES:
                for panel in panels(place):
                    self.do("inside.view", value=panel.id)
                    self.wait(3.0 if place in ("rows", "below", "right") else 0.2)
                    if place in ("rows", "below", "right"):
                        self.shoot(f"inside-{name}-{panel.id}")
                self.do("inside.view", value=panels(place)[0].id)

    def optimizers(self) -> None:
        """A race on surfaces of every sort, panel by panel, and on the learner's network."""
        from app.optimizers.panels import PLACES, panels
        from app.optimizers.view import OptimizersView

        self.do("template.open", name="digits-cnn")
        self.ready()
        self.do("workspace.show", name="optimizers")
        view = self.window.findChild(OptimizersView, "optimizers")
        assert view is not None
        session = view.session
        self.wait(60, lambda: session.current)
        self.do("race.seek", step=90)
        for place in PLACES:
            for panel in panels(place):
                self.do("race.view", value=panel.id)
                self.wait(3)
                self.shoot(f"race-{panel.id}")
            self.do("race.view", value=panels(place)[0].id)
        self.do("race.add_all")
        for surface in ("non-convex-curve", "rastrigin", "saddle", "logistic-regression"):
            self.do("race.surface", kind=surface)
            self.wait(20, lambda: session.current)
            self.do("race.seek", step=60)
            self.wait(1)
            self.shoot(f"race-{surface}")
        self.do("race.formula", text="log(x) + y^2/x")
        self.wait(20, lambda: session.current)
        self.do("race.show", name="chart", value="table")
        self.shoot("race-formula")
        self.do("race.new")
        self.do("race.view", value="network")
        self.do("race.network_start")
        self.wait(20)
        self.shoot("race-network-running")
        self.do("race.network_stop")

    def tour(self) -> None:
        """Every workspace and its states."""
        self.do("template.open", name="digits-cnn")
        self.ready()
        self.do("workspace.show", name="build")
        self.do("select.layer", layer="conv2d_1")
        self.shoot("build")
        self.do("layer.move", layer="flatten_1", index=2)
        self.shoot("build-problem")
        self.hints()
        self.do("template.open", name="digits-cnn")
        self.do("workspace.show", name="train")
        self.ready()
        self.shoot("train-before")
        self.do("run.speed", value="max")
        self.do("run.play")
        self.wait(12)
        self.shoot("train-digits-playing")
        self.do("run.pause")
        self.do("run.speed", value="1x")
        self.do("run.play")
        self.wait(3)
        self.shoot("train-digits-slow-motion")
        self.do("run.pause")
        self.do("workspace.show", name="step")
        for _ in range(9):
            self.do("run.step", granularity="instruction")
            self.wait(0.15)
        self.shoot("step-digits")
        self.do("template.open", name="spirals-mlp")
        self.ready()
        self.do("workspace.show", name="train")
        self.do("run.speed", value="max")
        self.do("run.play")
        self.wait(4)
        self.do("run.pause")
        self.shoot("train-spirals")
        self.runs()
        self.study()
        self.diverge()
        self.do("template.open", name="chain-rule-by-hand")
        self.ready()
        self.do("workspace.show", name="step")
        for _ in range(19):
            self.do("run.step", granularity="instruction")
            self.wait(0.1)
        self.shoot("step-by-hand")
        self.debugger()
        self.inside()
        self.optimizers()
        self.do("workspace.show", name="learn")
        self.wait(1)
        self.shoot("learn")


def one_size(prefix: str, theme: str) -> None:
    """All pictures of one size and theme."""
    import app

    width, height, _ = SIZES[prefix]
    app.create_application()
    window = app.create_window()
    window.resize(width, height)
    window.show()
    photographer = Photographer(window, f"{prefix}{theme}-")
    photographer.wait(0.5)
    photographer.do("view.theme", name=theme)
    try:
        photographer.tour()
    finally:
        window.shut_down()
        window.close()


def main() -> int:
    """Run every size in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prefix")
    parser.add_argument("--theme", choices=THEMES)
    given = parser.parse_args()
    OUT.mkdir(exist_ok=True)
    if given.theme:
        one_size(given.prefix or "", given.theme)
        return 0
    failed = 0
    for prefix, (_, _, scale) in SIZES.items():
        for theme in THEMES:
            with tempfile.TemporaryDirectory(prefix="chainrule-shots-") as home:
                environment = {**os.environ, "QT_SCALE_FACTOR": scale, "CHAINRULE_HOME": home}
                environment.setdefault(
                    "NUMBA_CACHE_DIR", str(OUT.parent / "build" / "kernels" / "shots")
                )
                command = [
                    sys.executable,
                    "-m",
                    "tests.shots",
                    f"--prefix={prefix}",
                    "--theme",
                    theme,
                ]
                failed += subprocess.run(command, env=environment, check=False).returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
