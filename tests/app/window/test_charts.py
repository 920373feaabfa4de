"""The chart beside the loss in the Train view, chosen in a real window with a real engine."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from app.export.dialog import _chart
from tests.app.window.windows import control, open_window


def trained(qtbot: QtBot, window: Any, **settings: Any) -> None:
    context = window.context
    context.bus.do("template.open", name="logistic-regression")
    context.bus.do("workspace.show", name="train")
    context.bus.do("training.configure", **settings)
    qtbot.waitUntil(
        lambda: (
            context.engine.state.status in ("ready", "paused")
            and context.engine.motion.newest is not None
            and len(context.engine.motion.newest.history.metrics) == len(settings["metrics"]) - 1
        ),
        timeout=60_000,
    )
    for _ in range(2):
        context.bus.do("run.step", granularity="epoch")
    qtbot.waitUntil(lambda: len(context.engine.motion.newest.history.steps) >= 40, timeout=60_000)


def choose(qtbot: QtBot, window: Any, name: str) -> None:
    """Open the menu and choose an entry, with the keyboard alone."""
    button = control(window, "train-chart")
    button.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(button, Qt.Key.Key_Return)
    menu = window.findChild(QMenu, "train-chart-menu")
    qtbot.waitUntil(menu.isVisible)
    for _ in menu.actions():
        QTest.keyClick(menu, Qt.Key.Key_Down)
        if menu.activeAction().data() == name:
            break
    QTest.keyClick(menu, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not menu.isVisible())


def panels(window: Any) -> list[str]:
    return [panel.metric for panel in control(window, "train-curves").place.panels]


def test_every_metric_that_is_measured_can_be_drawn_and_the_choice_stays(qtbot: QtBot) -> None:
    with open_window(qtbot, engine=True) as window:
        trained(qtbot, window, metrics=("accuracy", "recall", "mean_absolute_error"))
        button = control(window, "train-chart")
        assert button.names == ("health", "accuracy", "mean_absolute_error", "learning_rate")
        assert control(window, "train-gradient-health").isVisible()
        assert _chart(window.context) == {}
        choose(qtbot, window, "accuracy")
        assert button.text() == "Scores"
        assert panels(window) == ["loss", "accuracy"]
        assert not control(window, "train-gradient-health").isVisible()
        curves = control(window, "train-curves")
        words = curves.scene.describe(
            curves.place, curves.place.hits.get("chart:accuracy"), curves.frame
        )
        assert any(line.startswith("Recall, last batch\t") for line in words)
        choose(qtbot, window, "mean_absolute_error")
        assert panels(window) == ["loss", "mean_absolute_error"]
        assert button.accessibleName() == "Chart: Mean absolute error"
        title = curves.x() + curves.place.panels[1].title
        assert abs(button.x() + 12 - title) <= 1
        assert _chart(window.context) == {"chart": "mean_absolute_error"}
        assert window.context.settings.get("train_charts")["points"] == "mean_absolute_error"
        # A metric that is measured no longer gives its place to what there is.
        window.context.bus.do("training.configure", metrics=("accuracy",))
        qtbot.waitUntil(lambda: button.name == "health", timeout=30_000)
        again = ("accuracy", "mean_absolute_error")
        window.context.bus.do("training.configure", metrics=again)
        qtbot.waitUntil(lambda: button.name == "mean_absolute_error", timeout=30_000)
