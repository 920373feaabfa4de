"""Settings that cannot be trained with are refused in a sentence, wherever they come from."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest

from core import optimizers
from core.errors import SettingError
from core.spec import Training, check_training
from core.spec.training import descent

WRONG: list[tuple[str, Any]] = [
    ("epochs", 0), ("epochs", 1.5), ("batch_size", 0), ("batch_size", -1), ("batch_size", 2.5),
    ("batch_size", None), ("batch_size", "8"), ("batch_size", True), ("seed", 2**63), ("seed", 1.5),
    ("validation_split", math.nan), ("validation_split", 1.0), ("validation_split", -0.1),
    ("validation_split", "half"), ("loss", "no such loss"), ("metrics", ("no such metric",)),
    ("optimizer", {"kind": "SGD", "learning_rate": -1}), ("optimizer", {"kind": "Adam", "epsilon": -1e-7}),
    ("optimizer", {"kind": "SGD", "nesterov": "yes"}), ("optimizer", {}),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), WRONG, ids=str)
def test_what_cannot_be_trained_with_is_refused(field: str, value: Any) -> None:
    with pytest.raises(SettingError, match=r"\w+ \w+ \w+.*\.$"):
        check_training(msgspec.structs.replace(Training(), **{field: value}))


def test_what_can_be_trained_with_is_not() -> None:
    check_training(Training())
    check_training(Training(batch_size=1, epochs=1, seed=2**63 - 1, validation_split=0.5))


def test_numbers_of_numpy_are_numbers() -> None:
    adam = optimizers.Adam(learning_rate=np.float32(0.5), epsilon=np.float64(1e-4))
    assert adam.to_config()["learning_rate"] == 0.5
    assert type(adam.to_config()["epsilon"]) is float


@pytest.mark.parametrize(
    ("size", "name"),
    [(1, "stochastic"), (2, "mini-batch"), (99, "mini-batch"), (100, "batch"), (500, "batch")],
)
def test_descent_has_a_name_by_batch_size(size: int, name: str) -> None:
    assert descent(size, 100) == name
