"""A model is asked by several threads at once: each gets its own answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import core
from core.layers import Dense


def at_once(count: int, job: Callable[[int], None]) -> None:
    """Do a job in several threads, and wait for all of them."""
    problems: list[Exception] = []

    def work(number: int) -> None:
        try:
            job(number)
        except Exception as error:  # noqa: BLE001 - told below, in the thread of the test
            problems.append(error)

    threads = [threading.Thread(target=work, args=(k,), daemon=True) for k in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
    assert not problems, problems


@pytest.mark.parametrize("units", [16, 512])  # the wide one's steps are shared by two threads
def test_every_thread_gets_the_answer_to_its_own_question(units: int) -> None:
    model = core.Sequential(
        [core.Input((units,)), Dense(units, "relu"), Dense(10, "softmax")], seed=1
    )
    model.compile(loss="sparse_categorical_crossentropy")
    rng = np.random.default_rng(0)
    questions = [rng.normal(size=(512, units)).astype(np.float32) for _ in range(3)]
    labels = [rng.integers(0, 10, 512) for _ in questions]
    expected = [model.predict(x) for x in questions]
    losses = [model.evaluate(x, y) for x, y in zip(questions, labels, strict=True)]
    wrong: list[Any] = []

    def ask(number: int) -> None:
        for _ in range(15):
            if not np.array_equal(model.predict(questions[number]), expected[number]):
                wrong.append(("predict", number))
            if model.evaluate(questions[number], labels[number]) != losses[number]:
                wrong.append(("evaluate", number))

    at_once(3, ask)
    assert not wrong
