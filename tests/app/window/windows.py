"""Real windows for tests, with and without an engine thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

import app
from app.window.main import MainWindow


@contextmanager
def open_window(
    qtbot: QtBot,
    path: Path | None = None,
    *,
    engine: bool = False,
    prepare: Callable[[MainWindow], None] | None = None,
) -> Iterator[MainWindow]:
    """Show a window and shut it down again; without ``engine`` the worker thread never starts."""
    app.create_application()
    window = app.create_window(path)
    if not engine:
        window.hold_engine()
    if prepare is not None:
        prepare(window)
    window.resize(1440, 900)
    # Shortcuts and focus work in the active window only.
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    qtbot.waitUntil(lambda: window.rail.height() > 400)
    try:
        yield window
    finally:
        # What a test leaves unsaved must not ask.
        window.shut_down()
        window.close()
        window.deleteLater()


def control(window: QWidget, name: str) -> QWidget:
    """Return the control of that object name."""
    found = window.findChild(QWidget, name)
    assert found is not None, f"there is no control called {name}"
    return found


def action(window: QWidget, name: str) -> QAction:
    """Return the action of that object name."""
    found = window.findChild(QAction, name)
    assert found is not None, f"there is no action called {name}"
    return found


def click(widget: QWidget, point: QPoint | None = None) -> None:
    """Click with the left button."""
    place = widget.rect().center() if point is None else point
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=place)


def layers(window: MainWindow) -> list[str]:
    """Return the ids of the layers in order."""
    return [layer.id for layer in window.context.document.network.layers]
