"""A real window in the Step view for every test here.

The network is that of the indirect parameter of ``stepping``, or what the test's file calls ``NETWORK``: a template's
name, or a function that makes it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from app.window.main import MainWindow
from tests.app.step.driving import Stepping, in_step


@pytest.fixture
def stepping(qtbot: QtBot, request: pytest.FixtureRequest) -> Iterator[Stepping]:
    """A window in Step, and what drives it."""
    network = getattr(request.module, "NETWORK", "chain-rule-by-hand")
    with in_step(qtbot, getattr(request, "param", network)) as opened:
        yield Stepping(qtbot, opened)


@pytest.fixture
def window(stepping: Stepping) -> MainWindow:
    """The window itself."""
    return stepping.window
