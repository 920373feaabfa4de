"""The form of a layer inside of a layer: its kind and its size."""

from __future__ import annotations

from typing import Any

from pytestqt.qtbot import QtBot

from app.build.form import Row
from app.widgets import Choice
from core.layers import Bidirectional, TimeDistributed
from core.spec import inspect, new_layer
from tests.core.networks import chain


def shown(qtbot: QtBot, kind: Any, name: str, value: Any) -> tuple[Row, list[Any]]:
    row = Row(next(s for s in kind.settings if s.name == name))
    qtbot.addWidget(row)
    said: list[Any] = []
    row.changed.connect(lambda _, wanted: said.append(wanted))
    row.show_value(value)
    return row, said


def test_the_size_of_the_inner_layer_is_changed_in_place(qtbot: QtBot) -> None:
    value = new_layer("Bidirectional").config["layer"]
    row, said = shown(qtbot, Bidirectional, "layer", value)
    assert row._fields[0].value() == 16
    row._fields[0].set_amount(5.0)
    row._fields[0].entered.emit(5.0)
    wanted = said[-1]
    assert wanted["config"]["units"] == 5
    assert wanted["config"]["recurrent_activation"] == value["config"]["recurrent_activation"]
    assert inspect(chain((4, 2), ("Bidirectional", {"layer": wanted}))).ok


def test_another_kind_keeps_what_it_has_in_common(qtbot: QtBot) -> None:
    value = Bidirectional.normalise({"layer": {"class_name": "LSTM", "config": {"units": 3}}})
    row, said = shown(qtbot, Bidirectional, "layer", value["layer"])
    choice = row.findChild(Choice)
    choice.chosen.emit("SimpleRNN")
    assert said[-1]["class_name"] == "SimpleRNN"
    assert said[-1]["config"]["units"] == 3
    assert Bidirectional.normalise({"layer": said[-1]})["layer"]["config"]["units"] == 3


def test_no_layer_and_layers_without_units_are_shown(qtbot: QtBot) -> None:
    row, said = shown(qtbot, Bidirectional, "backward_layer", None)
    assert row._fields[0].isHidden()
    row.show_value({"class_name": "GRU", "config": {"units": 4}})
    assert row._fields[0].value() == 4
    row, said = shown(qtbot, TimeDistributed, "layer", {"class_name": "Flatten", "config": {}})
    assert row._fields[0].isHidden()
    assert said == []
