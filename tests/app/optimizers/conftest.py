"""A real window in Optimizers, with the engine behind it and the first race computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.optimizers.session import RaceSession
from app.optimizers.view import OptimizersView
from app.window.main import MainWindow
from core.landscape import Trajectory
from core.landscape.race import Race, Racer
from tests.app.window.windows import action, control, open_window

#: Kernels of optimizers may have to be compiled first, on a machine that has other things to do.
PATIENCE = 150_000
_Control = TypeVar("_Control", bound=QWidget)


class Racing:
    """A window that races optimizers, and the waiting that driving it takes."""

    def __init__(self, qtbot: QtBot, window: MainWindow) -> None:
        self.qtbot, self.window = qtbot, window
        self.do = window.context.bus.do

    @property
    def view(self) -> OptimizersView:
        found = self.window.findChild(OptimizersView, "optimizers")
        assert found is not None
        return found

    @property
    def session(self) -> RaceSession:
        return self.view.session

    @property
    def race(self) -> Race:
        """The document's."""
        return self.window.context.document.race

    def racer(self, identifier: str) -> Racer:
        found = self.race.racer(identifier)
        assert found is not None
        return found

    def path(self, identifier: str) -> Trajectory:
        """What the engine has computed of a racer."""
        return next(path for one, path in self.session.racers if one.id == identifier)

    def control(self, name: str, kind: type[_Control]) -> _Control:
        """The control of that object name."""
        found = control(self.window, name)
        assert isinstance(found, kind)
        return found

    def action(self, name: str) -> QAction:
        return action(self.window, name)

    def show(self, panel: str) -> None:
        """Show a panel, as a click on its name does."""
        self.do("race.view", value=panel)

    def until(self, test: Callable[[], object]) -> None:
        """Wait until something is so; the test has to bear what is still None."""
        self.qtbot.waitUntil(lambda: bool(test()), timeout=PATIENCE)

    def raced(self) -> None:
        """Wait until the paths of all racers of the document's race are there."""
        self.until(lambda: self.session.current)

    def undo(self) -> None:
        self.window.context.document.stack.undo()

    def redo(self) -> None:
        self.window.context.document.stack.redo()


@pytest.fixture
def racing(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Racing]:
    """The window on Optimizers with the first race: Beale's function, seven racers, 120 steps."""
    monkeypatch.setenv("CHAINRULE_WARM_UP", "0")
    with open_window(qtbot, engine=True) as opened:
        action(opened, "workspace-optimizers").trigger()
        found = Racing(qtbot, opened)
        found.raced()
        yield found
