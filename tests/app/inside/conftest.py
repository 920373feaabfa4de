"""A real window in Look inside, with the engine behind it and a network that is delivered trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.inside.session import InsideSession
from app.inside.view import InsideView
from app.window.main import MainWindow
from core import templates, trained
from core.explain.explainer import Explainer
from tests.app.window.windows import action, open_window

PATIENCE = 60_000


class Inside:
    """A window that looks inside a trained network, and the waiting that driving it takes."""

    def __init__(self, qtbot: QtBot, window: MainWindow, template: str) -> None:
        self.qtbot, self.window, self.template = qtbot, window, template
        self.do = window.context.bus.do

    @property
    def view(self) -> InsideView:
        found = self.window.findChild(InsideView, "inside")
        assert found is not None
        return found

    @property
    def session(self) -> InsideSession:
        return self.view.session

    @property
    def explainer(self) -> Explainer:
        """The engine by itself, with the weights the template is delivered with."""
        return Explainer(templates.load(self.template).network, trained.weights(self.template))

    @property
    def x(self) -> np.ndarray:
        """The input, (1, ...)."""
        assert self.session.input is not None
        return self.session.input.x[None]

    def until(self, test: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(test()), timeout=PATIENCE)

    def looked(self) -> None:
        """Wait until the network has looked at the input that is shown."""
        self.until(lambda: self.session.look is not None and not self.session._asking)

    def sample(self, index: int) -> None:
        """Look at another held-out sample."""
        before = self.session.input
        self.do("inside.sample", index=index)
        self.until(lambda: self.session.input is not before)
        self.looked()


@pytest.fixture
def inside(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Inside]:
    """By default the digits CNN; another template with ``indirect``."""
    monkeypatch.setenv("CHAINRULE_WARM_UP", "0")
    name = getattr(request, "param", "digits-cnn")

    def prepare(window: MainWindow) -> None:
        given = name in trained.names()
        window.context.bus.do("template.open", name=name, trained=given)

    with open_window(qtbot, engine=True, prepare=prepare) as opened:
        action(opened, "workspace-inside").trigger()
        found = Inside(qtbot, opened, name)
        found.looked()
        yield found
