"""Arguments of optimizers: Keras's names, order and defaults; what cannot be is refused in a sentence."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from core import optimizers
from core.errors import SettingError

KERAS_ONLY = {
    "self", "kwargs", "use_ema", "ema_momentum", "ema_overwrite_frequency", "loss_scale_factor",
    "gradient_accumulation_steps", "name",
}  # fmt: skip


@pytest.mark.conformance
@pytest.mark.parametrize("name", optimizers.names())
def test_arguments_have_keras_s_names_order_and_defaults(name: str) -> None:
    keras = pytest.importorskip("keras")
    theirs = inspect.signature(getattr(keras.optimizers, name).__init__).parameters
    wanted = {key: p.default for key, p in theirs.items() if key not in KERAS_ONLY}
    mine = inspect.signature(optimizers.kind(name)).parameters
    assert list(mine) == list(wanted)
    assert {key: p.default for key, p in mine.items()} == wanted


def test_arguments_may_be_given_in_their_order() -> None:
    assert optimizers.SGD(0.1, 0.9, True).to_config() == {
        "kind": "SGD", "learning_rate": 0.1, "momentum": 0.9, "nesterov": True,
    }  # fmt: skip
    assert optimizers.AdamW(0.1, 0.01).config["weight_decay"] == 0.01
    assert optimizers.Adam(name="mine", use_ema=False).to_config()["kind"] == "Adam"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: optimizers.get("adan"), "Did you mean 'Adam'"),
        (lambda: optimizers.Adam(-0.1), "at least 0"),
        (lambda: optimizers.Adam(1e300), "larger than -1e\\+300 and smaller than 1e"),
        (lambda: optimizers.Adam(float("nan")), "larger than -1e\\+300 and smaller than 1e"),
        (lambda: optimizers.Adam(beta_1=1.0), "less than 1"),
        (lambda: optimizers.RMSprop(rhoo=0.9), "Did you mean 'rho'"),
        (lambda: optimizers.SGD(clipnorm=1, clipvalue=1), "one way only"),
        (lambda: optimizers.SGD(clipnorm=-1), "at least 0"),
        (lambda: optimizers.SGD(0.1, learning_rate=0.1), "twice"),
        (lambda: optimizers.Lion(*range(20)), "arguments"),
        (lambda: optimizers.AdamW(weight_decay="much"), "a number"),
        (lambda: optimizers.AdamW(weight_decay=None), "must be a number"),
        (lambda: optimizers.Adam(use_ema=True), "not in this version"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        make()


def test_steps_on_arrays_tell_their_terms() -> None:
    w = np.array([1.0, 2.0])
    (found,) = optimizers.SGD(0.1, momentum=0.5).apply_gradients([(np.array([1.0, -1.0]), w)])
    assert found["velocity"] == pytest.approx([-0.1, 0.1])
    assert w == pytest.approx([0.9, 2.1])
