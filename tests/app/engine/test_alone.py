"""Networks without a run, and how the worker shares its time among what takes long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

import core
from app.engine.answers import LongAnswer, Partial
from app.engine.state import SavedState, Work
from app.engine.unfed import Unfed
from app.engine.worker import Worker
from app.inside import photos
from app.inside.resampling import window
from core import layers
from core.io.runs import NO_DATA
from core.spec import Training

SIZE = (16, 16, 3)


def cat() -> np.ndarray:
    pixels = photos.on_white(photos.of_example("cat").pixels)
    side = min(pixels.shape[:2])
    high, wide = pixels.shape[:2]
    return window(pixels, (high - side) / 2, (wide - side) / 2, (side, side), SIZE[:2])


def done(pieces: Iterator[Any]) -> tuple[list[Any], Any]:
    """Everything that was told, and the answer."""
    told = []
    while True:
        try:
            told.append(next(pieces))
        except StopIteration as end:
            return told, end.value


def unfed(kernel: np.ndarray, bias: float) -> Unfed:
    made = core.Sequential(
        [core.Input(SIZE), layers.Flatten(), layers.Dense(1, activation="relu", name="unit")]
    )
    names = list(made.weights_by_name())
    weights = dict(zip(names, (kernel.reshape(-1, 1), np.array([bias])), strict=True))
    saved = SavedState({k: v.astype(np.float32) for k, v in weights.items()})
    return Unfed(Work(made.network, Training(), NO_DATA, {}, saved))


def test_a_unit_that_is_silent_to_noise_begins_with_a_photograph() -> None:
    photo = cat()
    kernel = photo - photo.mean()
    strength = float((kernel * photo).sum())
    answer = unfed(kernel, -0.7 * strength).answer
    settings = {"steps": 4}
    told, found = done(answer("inside_maximization", layer="unit", channel=0, settings=settings))
    assert found.photo == "cat"
    assert found.began == -1
    assert np.isclose(found.activations[0], 0.3 * strength, rtol=1e-3)
    assert found.activations[-1] > found.activations[0]
    # The first picture is told before the last.
    assert len([one for one in told if isinstance(one, Partial)]) == 3
    # What is silent to photographs, too, stays so.
    _, found = done(
        unfed(kernel, -1e6).answer(
            "inside_maximization", layer="unit", channel=0, settings=settings
        )
    )
    assert not found.activations.any()
    assert found.photo == ""


def test_what_is_asked_last_comes_first_and_what_was_asked_before_goes_on() -> None:
    worker, order = Worker(), []

    def pieces(name: str, count: int) -> Iterator[float]:
        for k in range(count):
            order.append(name)
            # Each piece takes about as long as another.
            np.linalg.svd(np.random.default_rng(0).random((60, 60)))
            yield k / count
        return name

    run: Any = unfed(cat(), 0.0)
    worker._unfed = run
    worker._long["old"] = LongAnswer(1, run, pieces("old", 60))
    for _ in range(20):
        worker._answer_long()
    worker._long["new"] = LongAnswer(2, run, pieces("new", 10))
    answers: list[Any] = []
    worker.answered.connect(lambda _, answer, __: answers.append(answer))
    while worker._long:
        worker._answer_long()
    assert answers == ["new", "old"]
    # All but the pieces that are done in turn.
    share = order[20 : 20 + 12].count("new")
    assert share >= 8
    assert "old" in order[20 : 20 + 12]


def test_training_settings_are_not_needed_to_be_explained() -> None:
    made = core.Sequential(
        [core.Input(SIZE), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(3)]
    )
    bare = msgspec.structs.replace(Training(), loss="")
    asked = Unfed(Work(made.network, bare, NO_DATA))
    look = asked.answer("inside_look", x=cat())
    assert look.layers["conv2d"].shape == (14, 14, 2)
