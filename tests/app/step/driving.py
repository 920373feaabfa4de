"""Driving a real window in the Step view, with the real engine behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.step.closeup import CloseupStage
from app.step.session import StepSession
from app.step.workspace import StepWorkspace
from app.window.main import MainWindow
from tests.app.window.windows import action, open_window

PATIENCE = 60_000

#: A template's name, or what makes the network.
Network = str | Callable[[MainWindow], None]


def view(window: MainWindow) -> StepWorkspace:
    """The Step workspace."""
    found = window.findChild(StepWorkspace, "step-workspace")
    assert found is not None
    return found


def closeup_of(window: MainWindow) -> CloseupStage:
    """The close-up, once it has been shown."""
    found = window.findChild(CloseupStage, "step-closeup")
    assert found is not None
    return found


@contextmanager
def in_step(qtbot: QtBot, network: Network) -> Iterator[MainWindow]:
    """Open a window with a network, and show Step as soon as it can be stepped."""

    def prepare(window: MainWindow) -> None:
        if callable(network):
            network(window)
        else:
            window.context.bus.do("template.open", name=network)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAINRULE_WARM_UP", "0")
        with open_window(qtbot, engine=True, prepare=prepare) as opened:
            action(opened, "workspace-step").trigger()
            Stepping(qtbot, opened).ready()
            yield opened


class Stepping:
    """A window that shows Step, and the waiting that driving it takes."""

    def __init__(self, qtbot: QtBot, window: MainWindow) -> None:
        self.qtbot, self.window = qtbot, window
        self.do = window.context.bus.do

    @property
    def view(self) -> StepWorkspace:
        """The Step workspace."""
        return view(self.window)

    @property
    def session(self) -> StepSession:
        """What is looked at."""
        return self.view.session

    @property
    def closeup(self) -> CloseupStage:
        """The close-up, which is shown now if it was not."""
        self.do("step.view", value="closeup")
        return closeup_of(self.window)

    def until(self, test: Callable[[], object]) -> None:
        """Wait until something is true."""
        self.qtbot.waitUntil(lambda: bool(test()), timeout=PATIENCE)

    def ready(self) -> None:
        """Wait until the window can be stepped: the numbers are there a moment before the engine says so."""
        self.until(lambda: self.session.program is not None)
        self.until(action(self.window, "transport-step").isEnabled)

    def step(self, times: int, name: str = "transport-step") -> None:
        """Press Step, or another action, so often."""
        for _ in range(times):
            before = self.session.snapshot.position
            action(self.window, name).trigger()
            self.until(lambda: self.session.snapshot.position != before)  # noqa: B023

    def seek(self, step: int, pc: int) -> None:
        """Go to a moment of the run."""
        self.do("run.seek", step=step, pc=pc)

        def there() -> bool:
            position = self.session.snapshot.position
            return (position.step, position.pc) == (step, pc)

        self.until(there)

    def ask(self, question: str, **values: Any) -> Any:
        """What the engine answers."""
        found: list[Any] = []
        self.window.context.engine.ask(question, done=found.append, failed=found.append, **values)
        self.until(lambda: found)
        return found[0]

    def tensor(self, name: str) -> Any:
        """All of a tensor, as the engine has it."""
        return self.ask("tensor", name=name)
