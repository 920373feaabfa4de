"""Documents with a learning rate that changes, on the engine's side."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from app.engine.session import Session
from app.engine.state import Work
from core import templates


def work(rate: Any) -> Work:
    """A template with another learning rate."""
    template = templates.load("xor-mlp")
    training = template.training
    optimizer = {**training.optimizer, "learning_rate": rate}
    changed = msgspec.structs.replace(training, optimizer=optimizer)
    return Work(template.network, changed, template.data.id, dict(template.data.parameters))


def test_a_run_goes_on_when_a_number_becomes_a_schedule_and_back() -> None:
    session = Session(work(0.1))
    session.run.advance(5)
    decay = {
        "kind": "ExponentialDecay",
        "initial_learning_rate": 0.1,
        "decay_steps": 1,
        "decay_rate": 0.5,
    }
    session.edit(work(decay))
    assert session.run.step_count == 5
    session.run.advance(1)
    assert session.run.learning_rate == pytest.approx(0.1 * 0.5**5)
    before = session.run
    session.edit(work(decay))
    assert session.run is before
    session.set("learning_rate", 0.25)
    session.run.advance(1)
    assert session.run.learning_rate == 0.25
    session.edit(work(0.05))
    session.run.advance(1)
    assert session.run.learning_rate == pytest.approx(0.05)
    assert session.run.step_count == 8
