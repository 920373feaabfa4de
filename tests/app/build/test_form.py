from __future__ import annotations

from typing import Any

from pytestqt.qtbot import QtBot

from app.build.form import Row
from app.widgets.field import TextField
from core.layers import Conv2DTranspose, MaxPooling1D, ZeroPadding2D


def test_the_four_sides_of_a_frame_are_four_numbers(qtbot: QtBot) -> None:
    row = Row(ZeroPadding2D.settings[0])
    qtbot.addWidget(row)
    said: list[Any] = []
    row.changed.connect(lambda _, value: said.append(value))
    row.show_value([[1, 2], [3, 4]])
    assert [field.value() for field in row._fields] == [1, 2, 3, 4]
    row._fields[1].entered.emit(2.0)
    assert said == [[[1, 2], [3, 4]]]
    row.show_value([5, 6])
    assert [field.value() for field in row._fields] == [5, 5, 6, 6]


def test_an_absent_stride_shows_what_it_means(qtbot: QtBot) -> None:
    strides = next(s for s in MaxPooling1D.settings if s.name == "strides")
    row = Row(strides)
    qtbot.addWidget(row)
    row.set_fallback([3])
    row.show_value(None)
    field = row.findChild(TextField)
    assert field.text() == ""
    assert field.placeholderText() == "3"
    extra = next(s for s in Conv2DTranspose.settings if s.name == "output_padding")
    row = Row(extra)
    qtbot.addWidget(row)
    row.set_fallback([0, 0])
    row.show_value(None)
    assert [field.value() for field in row._fields] == [0, 0]
