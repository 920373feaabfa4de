"""The dialog of studies in a real window, with real child processes, clicked like a learner does."""

from __future__ import annotations

import argparse
import inspect
import math
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.bus import CommandError
from app.cli.parser import make_parser
from app.cli.study import _find_rate
from app.studies import KINDS, SHOWS, job
from app.studies.chart import Chart, Curve, Plot
from app.studies.dialog import StudyDialog
from app.studies.outcome import Shown, running, shown
from app.window.main import MainWindow
from core import studies
from core.studies import Sweep
from tests.app.window.windows import click, control, open_window
from tests.core.studies.test_rates import spirals


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    with open_window(qtbot) as opened:
        opened.context.bus.do("template.open", name="xor-mlp")
        opened.context.bus.do("workspace.show", name="train")
        yield opened


def opened(window: MainWindow, kind: str) -> StudyDialog:
    window.context.bus.do("study.open", kind=kind)
    dialog = window.findChild(StudyDialog)
    assert dialog is not None
    return dialog


def carried_out(qtbot: QtBot, dialog: StudyDialog) -> None:
    click(control(dialog, "study-start"))
    assert dialog.job.running
    assert not dialog.begin.isEnabled()
    qtbot.waitUntil(lambda: not dialog.job.running, timeout=120_000)


def cells(dialog: StudyDialog) -> list[str]:
    return [label.text() for label in dialog.table.findChildren(QLabel)]


def test_the_menu_of_the_train_view_opens_each_study(window: MainWindow) -> None:
    for kind, _, _ in KINDS:
        action = window.findChild(QAction, f"study-{kind}")
        assert action is not None
        action.trigger()
        dialog = window.findChild(StudyDialog)
        assert dialog is not None
        assert dialog.kinds.value == kind
        assert [name for name, form in dialog.forms.items() if form.isVisible()] == [kind]
    assert len(window.findChildren(StudyDialog)) == 1
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert window.findChild(StudyDialog) is None
    with pytest.raises(CommandError, match="find-lr"):
        window.context.bus.do("study.open", kind="none")


def sweep_of(arguments: argparse.Namespace) -> Sweep:
    return _find_rate(spirals(), arguments)[0].sweep


def test_window_command_line_and_library_sweep_the_same(window: MainWindow) -> None:
    words = ["find-lr", "p.chainrule"]
    form = opened(window, "find-lr").forms["find-lr"]
    in_window = sweep_of(make_parser().parse_args([*words, *form.arguments()]))
    assert in_window == sweep_of(make_parser().parse_args(words)) == Sweep()
    given = inspect.signature(studies.find_learning_rate).parameters
    assert all(
        given[name].default == getattr(Sweep(), name)
        for name in ("start_rate", "end_rate", "steps", "sweeps")
    )


def brightest(widget: QWidget) -> float:
    image = widget.grab().toImage()
    places = ((x, y) for x in range(image.width()) for y in range(image.height()))
    return max(image.pixelColor(x, y).lightnessF() for x, y in places)


def test_empty_panels_say_what_comes_and_fields_that_rest_are_dim(
    window: MainWindow, qtbot: QtBot
) -> None:
    for kind, _, _ in KINDS:
        dialog = opened(window, kind)
        assert dialog.chart.plot.words == SHOWS[kind][0]
        assert dialog.chart.accessibleDescription() == SHOWS[kind][0]
        assert cells(dialog) == [SHOWS[kind][1]]
    ink = {image.pixel(x, y) for image in [dialog.chart.grab().toImage()]
           for x in range(image.width()) for y in range(image.height())}  # fmt: skip
    assert len(ink) > 2
    dialog = opened(window, "find-lr")
    form = dialog.forms["find-lr"]
    field, label = form._steps, form.findChildren(QLabel)[0]
    lit = brightest(field), brightest(label)
    click(control(dialog, "study-start"))
    assert cells(dialog) == [SHOWS["find-lr"][1]]
    assert dialog.status.text().startswith("Starting: ")
    assert brightest(field) < lit[0] - 0.2
    assert brightest(label) < lit[1] - 0.1
    qtbot.waitUntil(lambda: not dialog.job.running, timeout=120_000)
    assert SHOWS["find-lr"][1] not in cells(dialog)
    assert brightest(field) == lit[0]


def test_the_fall_of_the_loss_fills_the_chart() -> None:
    rates = [10.0**k for k in range(-7, 2)]
    smoothed = [0.8, 0.8, 0.8, 0.8, 0.8, 0.75, 0.7, 1.5, 30.0]
    result = {"kind": "rates", "rates": rates, "losses": smoothed, "smoothed": smoothed, "suggestion": 1e-3,
              "lowest": 0.1, "sentence": "It falls."}  # fmt: skip
    low, high = shown(result).plot.span
    assert 0.6 < low < 0.7 < 0.8 < high < 0.9
    flat = {**result, "smoothed": [1.0] * 9, "suggestion": None}
    assert shown(flat).plot.span is None


def test_a_found_rate_is_used_and_undone(window: MainWindow, qtbot: QtBot) -> None:
    document = window.context.document
    before = document.state
    dialog = opened(window, "find-lr")
    carried_out(qtbot, dialog)
    assert "falls most steeply" in dialog.status.text()
    assert dialog.chart.plot.mark is not None
    rate = dialog.chart.plot.mark[0]
    use = control(dialog, "study-use")
    assert use.isVisible()
    click(use)
    assert document.training.optimizer["learning_rate"] == pytest.approx(rate, rel=0.05)
    assert not use.isVisible()
    window.context.bus.do("edit.undo")
    assert document.state == before


def test_a_found_rate_scales_a_schedule(window: MainWindow) -> None:
    document = window.context.document
    schedule = {"kind": "CosineDecay", "initial_learning_rate": 0.1, "decay_steps": 4000}
    window.context.bus.do("training.configure", optimizer="SGD")
    window.context.bus.do("training.configure", learning_rate=schedule)
    dialog = opened(window, "find-lr")
    dialog._shown = Shown(Plot(), (), "", "Use 0.2", {"optimizer.learning_rate": 0.2})
    dialog._on_use()
    rate = document.training.optimizer["learning_rate"]
    assert (rate["kind"], rate["decay_steps"]) == ("CosineDecay", 4000)
    assert rate["initial_learning_rate"] == pytest.approx(0.2)
    assert "CosineDecay keeps its curve and is scaled to this rate." in dialog.status.text()


def test_a_search_uses_settings_of_layers_and_training_as_one_edit(
    window: MainWindow, qtbot: QtBot
) -> None:
    document = window.context.document
    before = document.state
    dialog = opened(window, "search")
    form = dialog.forms["search"]
    form._trials.set_amount(3)
    form._epochs_field.set_amount(2)
    carried_out(qtbot, dialog)
    assert dialog.status.text().startswith("Best:")
    assert cells(dialog)[0] == "trial"
    click(control(dialog, "study-use"))
    assert document.network != before.network
    assert document.training.batch_size in (16, 32, 64)
    window.context.bus.do("edit.undo")
    assert document.state == before


def test_folds_are_drawn_and_listed(window: MainWindow, qtbot: QtBot) -> None:
    dialog = opened(window, "cross-validate")
    dialog.forms["cross-validate"]._k.set_amount(3)
    dialog.forms["cross-validate"]._epochs_field.set_amount(2)
    carried_out(qtbot, dialog)
    assert len(dialog.chart.plot.curves) == 4
    told = cells(dialog)
    assert told[1] == "loss"
    assert {"fold 1", "fold 2", "fold 3", "mean", "± std"} <= set(told)
    assert "±" in dialog.status.text()
    assert not control(dialog, "study-use").isVisible()


def test_a_study_is_cancelled(window: MainWindow, qtbot: QtBot) -> None:
    dialog = opened(window, "seeds")
    dialog.forms["seeds"]._epochs_field.set_amount(1_000_000)
    click(control(dialog, "study-start"))
    qtbot.waitUntil(lambda: (dialog.progress.share or 0) > 0, timeout=120_000)
    # Another study cannot come to the front meanwhile.
    dialog.choose("search")
    assert dialog.kinds.value == "seeds"
    click(control(dialog, "study-cancel"))
    qtbot.waitUntil(lambda: not dialog.job.running, timeout=20_000)
    assert dialog.status.text() == "Cancelled"
    assert dialog.begin.isEnabled()
    click(control(dialog, "study-start"))
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: window.findChild(StudyDialog) is None, timeout=20_000)


def test_what_cannot_be_studied_is_said(window: MainWindow, qtbot: QtBot) -> None:
    dialog = opened(window, "search")
    dialog.forms["search"]._space[0][1].setText("loguniform(1, 2)")
    carried_out(qtbot, dialog)
    assert "Did you mean 'log_uniform'" in dialog.status.text()
    dialog.close_dialog()
    window.context.bus.do("layer.remove", layer=window.context.document.network.layers[-1].id)
    window.context.bus.do("layer.remove", layer=window.context.document.network.layers[0].id)
    dialog = opened(window, "seeds")
    click(control(dialog, "study-start"))
    assert not dialog.job.running
    assert dialog.status.text() == window.context.document.inspection.problems[0].sentence


def test_closing_the_window_ends_the_study(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        window.context.bus.do("template.open", name="xor-mlp")
        dialog = opened(window, "seeds")
        dialog.forms["seeds"]._epochs_field.set_amount(1_000_000)
        click(control(dialog, "study-start"))
        work = dialog.job
        assert work.running
        folder = work._folder
        assert folder is not None
        assert folder.exists()
    assert not work.running
    assert not folder.exists()


def test_one_core_stays_for_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, wanted in ((None, 1), (1, 1), (2, 1), (3, 2), (16, 2)):
        monkeypatch.setattr(job.os, "cpu_count", lambda cores=cores: cores)
        assert job.processes() == wanted


def test_numbers_that_are_none_leave_gaps(qtbot: QtBot) -> None:
    result = {
        "kind": "seeds",
        "runs": [
            {"title": "seed 0", "history": {"loss": [1.0, None, 0.5]}, "problem": ""},
            {"title": "seed 1", "history": {}, "problem": "It broke."},
        ],
        "final": {"loss": {"mean": 0.5, "std": 0.0, "low": 0.5, "high": 0.5}},
        "by_epoch": {"loss": [{"mean": 1.0}, {"mean": None}, {"mean": 0.5}]},
    }
    found = shown(result)
    assert "seed 1: It broke." in found.sentence
    assert ("seed 1", "–") in found.table
    chart = Chart()
    qtbot.addWidget(chart)
    chart.resize(400, 200)
    plots = [
        found.plot,
        Plot(),
        Plot(curves=(Curve([1.0], [2.0]),)),
        Plot(curves=(Curve([1e-3, 1e-2], [math.nan, math.inf], width=0),), log_x=True),
        Plot(curves=(Curve([1e-3, 1e-2], [1.0, 1.0]),), log_x=True, mark=(1e-3, "here")),
        running({"a": {"val_loss": [1.0, math.nan, 2.0]}, "b": {}}),
    ]
    for plot in plots:
        chart.show_plot(plot)
        assert not chart.grab().isNull()


def test_fields_and_buttons_share_no_name(window: MainWindow) -> None:
    names = [one.objectName() for one in opened(window, "find-lr").findChildren(QWidget)]
    assert names.count("study-start") == names.count("study-first-rate") == 1
