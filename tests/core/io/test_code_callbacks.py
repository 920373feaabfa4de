"""Callbacks of a project in the code written for it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from core import schedules
from core.io import codegen
from core.spec import Network, Training
from tests.core.io.written import run_written
from tests.core.networks import chain
from tests.core.subjects import schedule_variants

STOP = {"kind": "EarlyStopping", "monitor": "val_loss", "patience": 2, "min_delta": 100.0}
PLATEAU = {
    "kind": "ReduceLROnPlateau",
    "monitor": "loss",
    "patience": 1,
    "min_delta": 100.0,
    "factor": 0.5,
}


def network() -> Network:
    return chain((3,), ("Dense", {"units": 1}))


def training(*callbacks: dict[str, Any], **changes: Any) -> Training:
    return Training(metrics=(), epochs=9, callbacks=callbacks, **changes)


def test_callbacks_are_named_with_their_arguments() -> None:
    one = codegen.keras(network(), training(STOP))
    assert (
        "#     callbacks=[keras.callbacks.EarlyStopping(monitor='val_loss', patience=2, min_delta=100.0)],"
        in one.splitlines()
    )
    text = codegen.pytorch(network(), training(STOP))
    assert "# EarlyStopping(monitor='val_loss', patience=2, min_delta=100.0) is left to you" in text
    assert "callbacks" not in codegen.keras(network(), training())


@pytest.mark.conformance
@pytest.mark.parametrize("scheduled", [False, True])
def test_the_written_training_stops_and_makes_the_rate_smaller(scheduled: bool) -> None:
    pytest.importorskip("keras")
    given = training(*([STOP] if scheduled else [STOP, PLATEAU]))
    if scheduled:
        documents = schedule_variants().values()
        rate = next(one for one in documents if schedules.get(one).clock == "epoch")
        given = training(STOP, optimizer={"kind": "SGD", "learning_rate": rate})
    text = codegen.keras(network(), given)
    fit = re.search(r"^# history = .*?^# \)$", text, re.M | re.S)
    assert fit is not None
    x = np.zeros((8, 3), np.float32)
    data = {"x_train": x, "y_train": x[:, :1], "x_test": x, "y_test": x[:, :1]}
    found = run_written(text + re.sub("^# ?", "", fit[0], flags=re.M) + "\n", **data)
    history = found["history"].history
    assert len(history["loss"]) == 3
    if not scheduled:
        assert history["learning_rate"] == pytest.approx([0.01, 0.01, 0.005])
