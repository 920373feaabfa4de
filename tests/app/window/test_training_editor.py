"""The training popover: arguments of the loss, the schedule of the learning rate, weight decay and clipping."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from app import theme
from app.bus import CommandError
from app.window.rate_editor import RateEditor
from core import losses, schedules
from tests.app.window.windows import action, click, control, open_window


@pytest.mark.parametrize("name", schedules.names())
def test_every_schedule_can_be_chosen_and_begins_at_the_rate_there_was(
    qtbot: QtBot, name: str
) -> None:
    with open_window(qtbot) as window:
        click(control(window, "training-chip"))
        window.context.bus.do("training.configure", learning_rate=0.02)
        control(window, "training-schedule").chosen.emit(name)
        found = window.context.document.training.optimizer["learning_rate"]
        assert found["kind"] == name
        schedule = schedules.get(found)
        rates = [schedule(step, 10) for step in range(0, 1000, 10)]
        assert max(rates) == pytest.approx(0.02, rel=0.05)
        assert control(window, "training-schedule-curve").isVisible()
        for argument, default in schedule.defaults().items():
            if isinstance(default, bool):
                box = control(window, f"training-schedule-{argument}")
                QTest.keyClick(box, Qt.Key.Key_Space)
                changed = window.context.document.training.optimizer["learning_rate"]
                assert changed[argument] is not default
        control(window, "training-schedule").chosen.emit("constant")
        assert window.context.document.training.optimizer["learning_rate"] == pytest.approx(0.02)


def test_a_list_of_rates_that_is_none_is_refused_in_a_sentence(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        click(control(window, "training-chip"))
        control(window, "training-schedule").chosen.emit("ManualDecay")
        line = control(window, "training-schedule-values")
        line.setText("0.1, fast")
        QTest.keyClick(line, Qt.Key.Key_Return)
        assert "'fast'" in control(window, "training-editor-problem").text()
        line.setText("0.1; 0.05, 0.02")
        QTest.keyClick(line, Qt.Key.Key_Return)
        found = window.context.document.training.optimizer["learning_rate"]
        assert found["values"] == [0.1, 0.05, 0.02]
        action(window, "edit-undo").trigger()
        assert window.context.document.training.optimizer["learning_rate"] != found


def test_clipping_and_weight_decay_are_set_and_taken_away(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        click(control(window, "training-chip"))
        click(control(window, "training-optimizer-details"))
        ways = control(window, "training-clipping")
        for way in ("clipvalue", "clipnorm", "global_clipnorm", ""):
            ways.chosen.emit(way)
            optimizer = window.context.document.training.optimizer
            set_now = {
                key for key in ("clipvalue", "clipnorm", "global_clipnorm") if optimizer.get(key)
            }
            assert set_now == ({way} if way else set())
            assert control(window, "training-clipping-limit").isVisible() == bool(way)
        decay = control(window, "training-weight_decay")
        decay.entered.emit(0.01)
        assert window.context.document.training.optimizer["weight_decay"] == 0.01
        decay.entered.emit(0.0)
        assert window.context.document.training.optimizer["weight_decay"] is None


def test_details_of_the_optimizer_are_unfolded_and_stay_so(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        click(control(window, "training-chip"))
        assert not control(window, "training-beta_1").isVisible()
        QTest.keyClick(control(window, "training-optimizer-details"), Qt.Key.Key_Space)
        assert control(window, "training-beta_1").isVisible()
        QTest.keyClick(control(window, "training-editor"), Qt.Key.Key_Escape)
        click(control(window, "training-chip"))
        # The form that was closed may still be there, unseen.
        shown = window.findChildren(QWidget, "training-beta_1")
        assert [box.isVisible() for box in shown][-1:] == [True]


def test_a_form_higher_than_the_window_stays_inside_and_scrolls(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        window.resize(1024, 600)
        click(control(window, "training-chip"))
        control(window, "training-schedule").chosen.emit("CosineDecay")
        editor = control(window, "training-editor")
        qtbot.waitUntil(lambda: editor.height() > 500)
        assert window.rect().contains(editor.geometry())


def test_a_loss_shows_its_arguments_and_keeps_them(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        click(control(window, "training-chip"))
        for name in losses.names():
            control(window, "training-loss").chosen.emit(name)
            assert window.context.document.training.loss == name
        control(window, "training-loss").chosen.emit("huber")
        control(window, "training-loss-delta").entered.emit(0.5)
        wanted = {"class_name": "Huber", "config": {"delta": 0.5}}
        assert window.context.document.training.loss == wanted
        control(window, "training-loss-delta").entered.emit(0.0)
        assert "greater than 0" in control(window, "training-editor-problem").text()
        assert window.context.document.training.loss == wanted
        control(window, "training-loss-delta").entered.emit(1.0)
        assert window.context.document.training.loss == "huber"


def test_callbacks_are_turned_on_set_undone_and_turned_off(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        document = window.context.document
        click(control(window, "training-chip"))
        switch = control(window, "training-early_stopping")
        QTest.keyClick(switch, Qt.Key.Key_Space)
        first = {"kind": "EarlyStopping", "monitor": "val_loss", "patience": 5}
        assert document.training.callbacks == (first,)
        box = control(window, "training-early_stopping-patience")
        box.entered.emit(7.0)
        control(window, "training-early_stopping-monitor").chosen.emit("val_accuracy")
        QTest.keyClick(
            control(window, "training-early_stopping-restore_best_weights"), Qt.Key.Key_Space
        )
        (found,) = document.training.callbacks
        assert found == {"kind": "EarlyStopping", "monitor": "val_accuracy", "patience": 7,
                         "restore_best_weights": True}  # fmt: skip
        assert isinstance(found["patience"], int)
        action(window, "edit-undo").trigger()
        assert "restore_best_weights" not in document.training.callbacks[0]
        assert not control(window, "training-early_stopping-restore_best_weights").isChecked()
        QTest.keyClick(control(window, "training-reduce_lr_on_plateau"), Qt.Key.Key_Space)
        assert [one["kind"] for one in document.training.callbacks] == [
            "EarlyStopping",
            "ReduceLROnPlateau",
        ]
        # A schedule and a callback that changes the rate exclude each other.
        control(window, "training-schedule").chosen.emit("CosineDecay")
        assert (
            "follows CosineDecay for the whole training"
            in control(window, "training-editor-problem").text()
        )
        assert not isinstance(document.training.optimizer["learning_rate"], dict)
        QTest.keyClick(switch, Qt.Key.Key_Space)
        assert [one["kind"] for one in document.training.callbacks] == ["ReduceLROnPlateau"]


def test_metrics_that_fit_are_turned_on_and_left_out_with_another_loss(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        document = window.context.document
        click(control(window, "training-chip"))
        before = document.training.metrics
        QTest.keyClick(control(window, "training-metric-f1-score"), Qt.Key.Key_Space)
        macro = {"class_name": "F1Score", "config": {"average": "macro"}}
        assert document.training.metrics == (*before, macro)
        action(window, "edit-undo").trigger()
        assert document.training.metrics == before
        assert not control(window, "training-metric-f1-score").isChecked()
        action(window, "edit-redo").trigger()
        assert control(window, "training-metric-f1-score").isChecked()
        window.context.bus.do("training.configure", metrics=["sparse_categorical_accuracy"])
        assert document.training.loss == "sparse_categorical_crossentropy"
        window.context.bus.do("training.configure", loss="mean_squared_error")
        assert document.training.metrics == ()
        with pytest.raises(CommandError, match="labels"):
            window.context.bus.do("training.configure", metrics=["sparse_categorical_accuracy"])


def test_the_way_of_descent_is_named_by_its_batch_size(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        click(control(window, "training-chip"))
        for size, name in ((1, "Stochastic"), (16, "Mini-batch")):
            window.context.bus.do("training.configure", batch_size=size)
            assert control(window, "training-descent").text().startswith(name)


def test_a_schedule_that_ends_before_training_does_is_told(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        click(control(window, "training-chip"))
        do, note = window.context.bus.do, control(window, "training-schedule-advice")
        rate = {"kind": "PolynomialDecay", "initial_learning_rate": 0.01, "decay_steps": 20}
        do("training.configure", learning_rate=rate)
        assert "ends after 20 steps" in note.text()
        assert note.isVisible()
        do("training.configure", learning_rate={**rate, "decay_steps": 10_000_000})
        assert "lasts 10,000,000 steps, but training has only" in note.text()
        assert note.isVisible()
        total = window.findChild(RateEditor)._steps
        do("training.configure", learning_rate={**rate, "decay_steps": total})
        assert not note.isVisible()


def test_a_refusal_wraps_and_goes_when_something_is_changed(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        window.resize(1024, 600)
        context, banner = window.context, window.banner
        context.do("training.configure", metrics=["acuracy"])
        shown = control(window, "banner-text")
        assert banner.isVisible()
        assert shown.toolTip() == banner.text
        assert len(shown.text()) <= len(banner.text)
        assert shown.heightForWidth(shown.width()) <= banner.height()
        context.do("training.configure", metrics=["accuracy"], epochs=7)
        assert not banner.isVisible()


@pytest.mark.parametrize("room", [400, 190, 150, 110, 90])
def test_a_chip_shows_parts_whole_or_not_at_all(qtbot: QtBot, room: int) -> None:
    with open_window(qtbot) as window:
        chip = window.top.training_chip
        chip.set_limit(None)
        chip.setFixedWidth(room)
        words = [text for text, _, _ in chip.shown_parts()]
        assert words[0] == chip._parts[0][0]
        assert words[-1] != "\N{MIDDLE DOT}"
        whole = sum(
            QFontMetricsF(theme.font(r)).horizontalAdvance(t) for t, r, _ in chip.shown_parts()
        )
        assert len(words) == 1 or whole + 8 * (len(words) - 1) <= room - 18
        assert (len(words) == len(chip._parts)) is (room == 400)


def test_training_that_begins_anew_is_told_with_a_way_back(qtbot: QtBot) -> None:
    with open_window(qtbot, engine=True) as window:
        context = window.context
        bus, engine = context.bus, context.engine
        bus.do("template.open", name="xor-mlp")
        qtbot.waitUntil(lambda: engine.state.status == "ready", timeout=60_000)
        bus.do("run.step", granularity="batch")
        qtbot.waitUntil(lambda: engine.state.position.step == 1, timeout=60_000)
        seed = context.document.training.seed
        bus.do("training.configure", seed=seed + 1)
        qtbot.waitUntil(lambda: window.toast.isVisible(), timeout=60_000)
        assert "Run 1 is kept" in window.toast.text
        assert engine.state.position.step == 0
        window.resize(1024, 600)
        click(control(window, "training-chip"))
        popover = window.top.training_chip.popover
        assert not popover.geometry().intersects(window.toast.geometry())
        # Its words take several lines there, and none is cut.
        label = window.toast.findChild(QLabel)
        room = QRect(0, 0, label.width(), 999)
        words = label.fontMetrics().boundingRect(room, Qt.TextFlag.TextWordWrap, label.text())
        assert words.height() > label.fontMetrics().height()
        assert words.height() <= label.height()
        popover.close_popover()
        click(control(window, "toast-back"))
        qtbot.waitUntil(lambda: engine.state.position.step == 1, timeout=60_000)
        assert context.document.training.seed == seed


def test_gradients_are_cut_where_there_is_a_recurrent_layer(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        bus, document = window.context.bus, window.context.document
        bus.do("template.open", name="digits-cnn")
        click(control(window, "training-chip"))
        field = window.findChild(QWidget, "training-truncated-bptt")
        assert field is not None
        assert not field.isVisible()
        bus.do("layer.add", kind="LSTM", index=1)
        assert field.isVisible()
        field.entered.emit("5")
        assert document.training.truncated_bptt_steps == 5
        field.entered.emit("few")
        assert "must be a whole number" in control(window, "training-editor-problem").text()
        document.settle()
        field.entered.emit("all")
        assert document.training.truncated_bptt_steps is None
        bus.do("edit.undo")
        assert document.training.truncated_bptt_steps == 5
        assert field.text() == "5"
        field.entered.emit("0")
        assert "must be at least 1" in control(window, "training-editor-problem").text()


def test_how_many_of_the_best_count_is_shown_and_changed(qtbot: QtBot) -> None:
    from core import metrics

    with open_window(qtbot) as window:
        bus, document = window.context.bus, window.context.document
        bus.do("template.open", name="digits-cnn")
        click(control(window, "training-chip"))
        name = "training-metric-sparse-top-k-categorical-accuracy"
        assert control(window, f"{name}-k").value() == 5
        control(window, f"{name}-k").entered.emit(3.0)
        found = metrics.get(document.training.metrics[-1])
        assert (found.k, metrics.title(found.name)) == (3, "Among the best 3")
        assert control(window, f"{name}-k").value() == 3
        assert control(window, name).isChecked()
        control(window, f"{name}-k").entered.emit(0.0)
        assert (
            "k must be a whole number of at least 1"
            in control(window, "training-editor-problem").text()
        )
        before = document.training.metrics
        click(control(window, name))
        assert document.training.metrics == before[:-1]
        bus.do("edit.undo")
        assert document.training.metrics == before


def test_a_message_that_takes_the_place_of_another_has_room_for_its_button(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        window.toast.show_message("Saved.")
        window.toast.show_message("Run 1 is deleted.", 4.0, ("toast-test", "Bring it back", print))
        button = control(window, "toast-test")
        words = window.toast._text
        qtbot.wait(50)
        assert words.geometry().right() < button.geometry().left()
        assert button.geometry().right() < window.toast.width()
        assert button.width() >= button.sizeHint().width()
