"""Arguments of initializers and regularizers in the form of a layer."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.build.form import Row
from app.widgets import Choice, NumberField, TextField
from core import initializers, regularizers
from core.layers import LSTM, Dense
from tests.app.window.windows import control, open_window


def shown(qtbot: QtBot, kind: Any, name: str, value: Any) -> tuple[Row, list[Any]]:
    row = Row(next(s for s in kind.settings if s.name == name))
    qtbot.addWidget(row)
    said: list[Any] = []
    row.changed.connect(lambda _, wanted: said.append(wanted))
    row.show_value(value)
    return row, said


def names(row: Row) -> list[str]:
    """Of the controls of arguments."""
    found = [w.objectName() for w in row.findChildren(QWidget) if w.isVisibleTo(row)]
    return [name for name in found if f"-{row.setting.name}-" in name]


@pytest.mark.parametrize("name", regularizers.names())
def test_the_factors_of_every_regularizer_are_changed(qtbot: QtBot, name: str) -> None:
    row, said = shown(qtbot, Dense, "kernel_regularizer", name)
    made = regularizers.get(name)
    for argument, before in made.get_config().items():
        if not isinstance(before, float):
            continue
        field = row.findChild(NumberField, f"field-kernel_regularizer-{argument}")
        assert field.value() == before
        field.entered.emit(0.25)
        changed = Dense.normalise({"units": 2, "kernel_regularizer": said[-1]})
        told = regularizers.get(changed["kernel_regularizer"])
        assert type(told) is type(made)
        assert told.get_config() == {**made.get_config(), argument: 0.25}
        row.show_value(changed["kernel_regularizer"])
        field = row.findChild(NumberField, f"field-kernel_regularizer-{argument}")
        assert field.value() == 0.25
        row.show_value(name)


@pytest.mark.parametrize("name", initializers.names())
def test_every_initializer_shows_its_arguments(qtbot: QtBot, name: str) -> None:
    row, _ = shown(qtbot, Dense, "kernel_initializer", name)
    config = initializers.get(name).get_config()
    asked = [key for key in config if key != "seed" or len(config) > 1]
    found = [one.rsplit("-", 1)[1] for one in names(row)]
    assert found == asked
    row.show_value("zeros")
    assert names(row) == []


def test_texts_and_seeds_are_arguments_too(qtbot: QtBot) -> None:
    row, said = shown(qtbot, Dense, "kernel_initializer", "variance_scaling")
    row.findChild(Choice, "choice-kernel_initializer-mode").chosen.emit("fan_out")
    assert said[-1]["config"]["mode"] == "fan_out"
    seed = row.findChild(TextField, "field-kernel_initializer-seed")
    seed.entered.emit("7")
    assert said[-1]["config"]["seed"] == 7
    seed.entered.emit("")
    assert said[-1]["config"]["seed"] is None
    row.show_value({"class_name": "HeNormal", "config": {"seed": 3}})
    assert [one.rsplit("-", 1)[1] for one in names(row)] == ["seed"]


def test_each_role_of_a_layer_has_its_own(qtbot: QtBot) -> None:
    row, said = shown(qtbot, LSTM, "recurrent_initializer", "orthogonal")
    field = row.findChild(NumberField, "field-recurrent_initializer-gain")
    field.entered.emit(0.5)
    assert said == [{"class_name": "Orthogonal", "config": {"gain": 0.5, "seed": None}}]


def test_a_factor_below_nothing_is_refused_at_its_row_and_undo_takes_one_step(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        document, bus = window.context.document, window.context.bus
        bus.do("template.open", name="digits-cnn")
        bus.do("layer.configure", layer="conv2d_1", kernel_regularizer="l2")
        bus.do("select.layer", layer="conv2d_1")
        control(window, "field-kernel_regularizer-l2").entered.emit(0.125)

        def factor() -> float:
            config = document.network.layer("conv2d_1").config
            found: float = regularizers.get(config["kernel_regularizer"]).get_config()["l2"]
            return found

        assert factor() == 0.125
        control(window, "field-kernel_regularizer-l2").entered.emit(-1.0)
        told = control(window, "problem-kernel_regularizer").text()
        assert "l2 must be a number of at least 0" in told
        assert control(window, "field-kernel_regularizer-l2").property("error")
        assert factor() == 0.125
        bus.do("edit.undo")
        assert factor() == 0.01
