"""Modules the first click would have to wait for, imported one at a time while nobody clicks."""

from __future__ import annotations

import importlib
import pkgutil

from PySide6.QtCore import QObject, QTimer, Slot

#: What the workspaces import when they are first shown, small things first, ".*" for every module of a package. None of
#: it imports Numba.
MODULES = (
    "app.scenes.curves", "app.scenes.spec_view", "app.scenes.decision", "app.scenes.health",
    "app.scenes.maps", "app.scenes.network", "app.scenes.predictions", "app.scenes.training",
    "app.train.inspector", "app.train.scene_view", "app.train.view", "app.scenes.confusion",
    "app.scenes.formula_tex", "app.scenes.formula", "app.scenes.step", "app.step.card",
    "app.step.session", "app.step.sections.*", "app.step.sheet", "app.step.stage", "app.step.tape",
    "app.step.workspace", "app.step.views.*", "app.scenes.closeups.*",
)  # fmt: skip

#: Milliseconds before the first one, for the window to appear, and between two.
_FIRST, _BETWEEN = 300, 30


class IdleImports(QObject):
    """Import `MODULES`, one a tick, so that no single import holds up a frame."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._left = list(MODULES)
        self._timer = QTimer(self)
        self._timer.setInterval(_FIRST)
        self._timer.timeout.connect(self.take_one)
        self._timer.start()

    @property
    def done(self) -> bool:
        """Whether nothing is left."""
        return not self._left

    @Slot()
    def take_one(self) -> None:
        """Import the next module."""
        self._timer.setInterval(_BETWEEN)
        if self._left:
            name, every, _ = self._left.pop(0).partition(".*")
            found = importlib.import_module(name)
            if every:
                self._left[:0] = [
                    f"{name}.{inner.name}" for inner in pkgutil.iter_modules(found.__path__)
                ]
        if not self._left:
            self._timer.stop()
