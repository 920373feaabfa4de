"""Engines with real programs behind them; no test waits for a fixed time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.engine import Engine, EngineState, Work
from core import templates

#: Until somebody looks for a hang; a cold cache of kernels takes half of it on a slow machine.
PATIENCE = 60_000


def work_for(name: str, **changes: Any) -> Work:
    template = templates.load(name)
    fields: dict[str, Any] = {
        "network": template.network,
        "training": template.training,
        "data": template.data.id,
        "parameters": dict(template.data.parameters),
    } | changes
    return Work(**fields)


class Bench:
    """An engine and the usual waits."""

    def __init__(self, engine: Engine, qtbot: QtBot) -> None:
        self.engine, self.qtbot = engine, qtbot
        self.problems: list[str] = []
        self.events: list[tuple[str, dict[str, Any]]] = []
        engine.failed.connect(self.problems.append)
        engine._worker.happened.connect(lambda name, values: self.events.append((name, values)))

    @property
    def state(self) -> EngineState:
        return self.engine.state

    def until(self, test: Callable[[], bool]) -> None:
        def passed() -> bool:
            bugs = [text for text in self.problems if text.startswith("The engine could not")]
            assert not bugs
            return test()

        self.qtbot.waitUntil(passed, timeout=PATIENCE)

    def open(self, name: str = "xor-mlp", **changes: Any) -> None:
        with self.qtbot.waitSignal(self.engine.ready, timeout=PATIENCE):
            self.engine.open(work_for(name, **changes))

    def ask(self, question: str, **values: Any) -> Any:
        answers: list[Any] = []
        self.engine.ask(
            question,
            done=answers.append,
            failed=lambda problem: answers.append(RuntimeError(problem)),
            **values,
        )
        self.until(lambda: bool(answers))
        if isinstance(answers[0], RuntimeError):
            raise answers[0]
        return answers[0]

    def settle(self) -> None:
        """Wait until everything sent so far was served."""
        self.ask("saved_state")

    def step_of(self) -> int:
        position = self.state.position
        return position.step if position is not None else -1

    def weights(self) -> dict[str, Any]:
        return dict(self.ask("saved_state").weights)


@pytest.fixture
def bench(qtbot: QtBot) -> Iterator[Bench]:
    engine = Engine(warm=False)
    yield Bench(engine, qtbot)
    engine.close()
    assert engine._worker.isFinished() or not engine._worker._started
