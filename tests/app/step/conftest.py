"""A real window in the Step view, with the engine behind it, and what tests do there again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.step.closeup import CloseupStage
from app.step.session import StepSession
from app.step.workspace import StepWorkspace
from app.window.main import MainWindow
from tests.app.window.windows import action, open_window

PATIENCE = 60_000


class Stepping:
    """A window that shows Step, and the waiting that driving it takes."""

    def __init__(self, qtbot: QtBot, window: MainWindow) -> None:
        self.qtbot, self.window = qtbot, window
        self.do = window.context.bus.do

    @property
    def view(self) -> StepWorkspace:
        found = self.window.findChild(StepWorkspace, "step-workspace")
        assert found is not None
        return found

    @property
    def session(self) -> StepSession:
        return self.view.session

    @property
    def closeup(self) -> CloseupStage:
        """The close-up, which is shown."""
        self.do("step.view", value="closeup")
        found = self.window.findChild(CloseupStage, "step-closeup")
        assert found is not None
        return found

    def until(self, test: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(test()), timeout=PATIENCE)

    def ready(self) -> None:
        """Wait until the window can be stepped: the numbers are there a moment before the engine says so."""
        self.until(lambda: self.session.program is not None)
        self.until(action(self.window, "transport-step").isEnabled)

    def step(self, times: int, name: str = "transport-step") -> None:
        for _ in range(times):
            before = self.session.snapshot.position
            action(self.window, name).trigger()
            self.until(lambda: self.session.snapshot.position != before)  # noqa: B023

    def seek(self, step: int, pc: int) -> None:
        """Go to a moment of the run."""
        self.do("run.seek", step=step, pc=pc)
        self.until(
            lambda: (
                (self.session.snapshot.position.step, self.session.snapshot.position.pc)
                == (step, pc)
            )
        )

    def ask(self, question: str, **values: Any) -> Any:
        """What the engine answers."""
        found: list[Any] = []
        self.window.context.engine.ask(question, done=found.append, failed=found.append, **values)
        self.until(lambda: found)
        return found[0]

    def tensor(self, name: str) -> Any:
        """All of a tensor, as the engine has it."""
        return self.ask("tensor", name=name)


@pytest.fixture
def stepping(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Stepping]:
    """A window in Step. Parametrized indirectly by a template's name, or by what prepares the window."""
    monkeypatch.setenv("CHAINRULE_WARM_UP", "0")
    given = getattr(request, "param", "chain-rule-by-hand")

    def prepare(window: MainWindow) -> None:
        if callable(given):
            given(window)
        else:
            window.context.bus.do("template.open", name=given)

    with open_window(qtbot, engine=True, prepare=prepare) as opened:
        action(opened, "workspace-step").trigger()
        found = Stepping(qtbot, opened)
        found.ready()
        yield found
