"""The places of Look inside come to rest at every size of the window."""

from __future__ import annotations

import time

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.inside.panels import PLACES, panels
from tests.app.inside.conftest import Inside

#: More resizes than laying out the whole workspace anew takes, some times over.
_MOST = 2000


class Counter(QObject):
    """Counts resizes and pictures of all widgets."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Resize
        return False


def settled(counter: Counter) -> bool:
    """Whether nothing is laid out any more before so many resizes."""
    counter.count, quiet = 0, time.monotonic()
    while counter.count < _MOST:
        before = counter.count
        QCoreApplication.processEvents()
        QCoreApplication.sendPostedEvents()
        if counter.count != before:
            quiet = time.monotonic()
        elif time.monotonic() - quiet > 0.03:
            return True
    return False


def test_no_size_of_the_window_is_laid_out_without_an_end(inside: Inside) -> None:
    counter, app = Counter(), QApplication.instance()
    assert app is not None
    app.installEventFilter(counter)
    try:
        for height in range(620, 1000, 19):
            inside.window.resize(1240 + height // 5, height)
            assert settled(counter), height
        for place in PLACES:
            for panel in panels(place):
                inside.do("inside.view", value=panel.id)
                for height in (700, 768, 841, 900):
                    inside.window.resize(1440, height)
                    assert settled(counter), (panel.id, height)
            inside.do("inside.view", value=panels(place)[0].id)
    finally:
        app.removeEventFilter(counter)


def test_small_windows_have_the_checkpoints_instead_of_the_close_up(inside: Inside) -> None:
    view, spots = inside.view, inside.view.spots
    assert not any(button.isVisible() for button in view.swaps.values())
    inside.window.resize(1024, 600)
    inside.until(lambda: view.swaps["below"].isVisible() and not spots["bottom"].isVisible())
    QTest.mouseClick(view.swaps["below"], Qt.MouseButton.LeftButton)
    inside.until(lambda: spots["bottom"].isVisible() and not spots["below"].isVisible())
    QTest.mouseClick(view.swaps["bottom"], Qt.MouseButton.LeftButton)
    inside.until(lambda: spots["below"].isVisible() and not spots["bottom"].isVisible())
    inside.do("inside.view", value="checkpoints")
    assert spots["bottom"].isVisible()
    inside.window.resize(1440, 900)
    inside.until(lambda: all(one.isVisible() for one in spots.values()))
    assert not any(button.isVisible() for button in view.swaps.values())
