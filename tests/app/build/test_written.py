"""Settings that are written as text, and the pictures of activations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.build.form import Row
from app.build.typed import read, shown
from app.scenes.formula import FORWARD, TEXT
from app.scenes.formula_expressions import role_of
from app.scenes.images import extent
from app.widgets import TextField
from app.widgets.sparkline import _CURVES
from core import activations
from core.layers import registry
from core.layers.settings import Setting


@pytest.mark.parametrize(
    ("text", "several", "value"),
    [
        ("", False, None),
        (" none ", True, None),
        ("\N{MINUS SIGN}1", False, -1),
        ("1, 2", False, [1, 2]),
        ("[1, 3]", False, [1, 3]),
        ("(none, 1, 8)", True, [None, 1, 8]),
        ("4", True, [4]),
        ("0.25", False, 0.25),
        ("two", False, "two"),
    ],
)
def test_a_text_is_read_as_what_it_means(text: str, several: bool, value: Any) -> None:
    assert read(text, several=several) == value
    if not isinstance(value, str):
        assert read(shown(value), several=several) == value


def written() -> list[tuple[str, Setting]]:
    return [
        (kind.__name__, setting)
        for kind in registry.kinds()
        for setting in kind.settings
        if setting.type in ("axes", "sizes")
        or (setting.optional and setting.type in ("int", "float"))
    ]


@pytest.mark.parametrize(("kind", "setting"), written(), ids=lambda v: getattr(v, "name", v))
def test_a_form_shows_and_gives_back_what_may_be_absent(
    qtbot: QtBot, kind: str, setting: Setting
) -> None:
    row = Row(setting)
    qtbot.addWidget(row)
    field = row.findChild(TextField)
    assert field is not None
    said: list[object] = []
    row.changed.connect(lambda _, value: said.append(value))
    for value in [setting.default, *([[1, 2]] if setting.type in ("axes", "sizes") else [3])]:
        row.show_value(value)
        assert field.text() == shown(value)
        field.entered.emit(field.text())
        assert setting.normalise(said[-1], kind) == value
    assert not (setting.optional and shown(None))


def test_every_activation_has_a_picture() -> None:
    for name in activations.names():
        curve, span, (low, high) = _CURVES[name]
        values = [curve(-span + 2 * span * k / 40) for k in range(41)]
        assert any(low <= y <= high for y in values), name
        assert max(values) > low
        assert min(values) < high


def test_every_weight_is_neutral_in_formulas() -> None:
    for kind in registry.kinds():
        for setting in kind.settings:
            if setting.name.endswith("_initializer") and not setting.name.startswith("moving"):
                role = setting.name.removesuffix("_initializer")
                role = (
                    role
                    if role in ("kernel", "bias", "gamma", "beta", "alpha", "embeddings")
                    else f"{role}_kernel"
                )
                assert role_of(f"layer_1/{role}") == TEXT
    assert role_of("layer_1/a") == FORWARD


def test_the_ramp_of_a_bounded_activation_ends_at_one() -> None:
    values = np.full(5, 0.01)
    for name in ("hard_sigmoid", "softsign", "binary_step", "tanh", "sigmoid", "softmax"):
        assert np.abs(activations.get(name)(np.linspace(-1e3, 1e3, 9))).max() <= 1
        assert extent(values, name) == 1.0
    assert extent(values, "relu6") == pytest.approx(0.01)
