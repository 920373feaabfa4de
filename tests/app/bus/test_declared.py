"""Arguments of commands are checked against what their handlers declare."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import numpy as np
import pytest

from app.arguments import Declared, Index, Place, words
from app.bus import Bus, Command, CommandError


def handler(
    tensor: str, index: Index, scale: Literal["own", "shared"] = "own", by: float | None = None
) -> Any:
    return tensor, index, scale, by


def test_numbers_of_numpy_and_tuples_become_what_json_has() -> None:
    bus = Bus()
    bus.register("select.cell", handler)
    found = bus.do("select.cell", tensor="w", index=(np.int64(1), 2), by=np.float32(0.5))
    assert found == ("w", [1, 2], "own", 0.5)
    assert bus.log[-1] == Command("select.cell", {"tensor": "w", "index": [1, 2], "by": 0.5})
    assert Command.from_json(bus.log[-1].to_json()) == bus.log[-1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"tensor": "w"}, "The command x needs “index”: a list of whole numbers from 0 on."),
        ({"tensor": "w", "index": [0], "foo": 1}, "knows no “foo”. It takes tensor, index, scale, by."),
        ({"tensor": 7, "index": [0]}, "takes a text for “tensor”; 7 is given."),
        ({"tensor": "w", "index": [-1]}, "a list of whole numbers from 0 on for “index”; [-1] is given."),
        ({"tensor": "w", "index": [0], "scale": "both"}, "one of 'own', 'shared' for “scale”; 'both' is given."),
        ({"tensor": "w", "index": [0], "by": float("nan")}, "a number or nothing for “by”; nan is given."),
        ({"tensor": "w", "index": [True]}, "[True] is given."),
    ],
)  # fmt: skip
def test_the_sentence_says_what_is_wrong_and_what_is_taken(
    arguments: dict[str, Any], sentence: str
) -> None:
    bus = Bus()
    bus.register("x", handler)
    with pytest.raises(CommandError) as raised:
        bus.do("x", **arguments)
    assert sentence in str(raised.value)
    assert not bus.log


def test_fields_of_a_struct_are_declared_by_it() -> None:
    class Point(msgspec.Struct):
        x: float = 0.0
        name: str = ""

    def change(number: int, **fields: Any) -> dict[str, Any]:
        return fields

    bus = Bus()
    bus.register("x", change, fields=Point)
    assert bus.do("x", number=1, x=2) == {"x": 2.0}
    for wrong in ({"y": 1}, {"x": "far"}, {"name": None}):
        with pytest.raises(CommandError):
            bus.do("x", number=1, **wrong)


def test_what_declares_nothing_is_given_everything() -> None:
    declared = Declared(lambda **anything: anything)
    assert declared.checked("x", {"a": object}) == {"a": object}
    assert words(list[list[float]]) == "a list of lists of numbers"
    assert words(Place) == "a whole number from 0 on"
