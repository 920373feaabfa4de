"""Sequences: the rule by which they are drawn, and that small recurrent networks can learn it."""

from __future__ import annotations

import numpy as np
import pytest

from core import data, templates
from core.runs import Run


def test_the_class_is_the_sign_of_the_first_number_and_of_no_other() -> None:
    found = data.load("remember-first", samples=400, distraction=0.5)
    for x, y in ((found.x_train, found.y_train), (found.x_test, found.y_test)):
        assert np.array_equal(x[:, 0, 0] > 0, y == 1)
        assert np.abs(x[:, 0]).min() >= 0.5
        assert np.abs(x[:, 1:]).max() <= 0.5
        agree = (x[:, 1:, 0] > 0) == (y == 1)[:, None]
        assert agree.mean(axis=0) == pytest.approx(0.5, abs=0.2)
    assert len(found.x_test) == 100


def test_distraction_changes_what_follows_and_nothing_else() -> None:
    calm, loud = (data.load("remember-first", distraction=d) for d in (0.0, 2.0))
    assert np.array_equal(calm.x_train[:, 0], loud.x_train[:, 0])
    assert not calm.x_train[:, 1:].any()
    assert np.abs(loud.x_train[:, 1:]).max() > 1.5


@pytest.mark.parametrize("name", ["lstm-remember", "gru-remember"])
def test_the_templates_learn_it_and_can_be_stepped(name: str) -> None:
    template = templates.load(name)
    found = data.load(template.data.id, **template.data.parameters)
    run = Run(template.network, template.training, found)
    assert len(run.program.instructions) < 200
    for _ in range(template.training.epochs):
        run.step("epoch")
    said = np.asarray(run.predict(found.inputs("test")))[:, 0]
    assert ((said > 0.5) == (found.y_test == 1)).mean() > 0.95
