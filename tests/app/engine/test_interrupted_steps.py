"""A step that is asked for is taken, whatever else the worker is asked meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app.engine.session import Session
from tests.app.engine.conftest import work_for


@contextmanager
def nagged(session: Session) -> Iterator[None]:
    """Raise the stop flag without end, as requests do that arrive while the worker works."""
    over = threading.Event()

    def nag() -> None:
        while not over.is_set():
            session.interrupt()
            over.wait(0.0001)

    thread = threading.Thread(target=nag)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_step_is_taken_though_something_is_asked_meanwhile() -> None:
    session = Session(work_for("xor-mlp"))
    with nagged(session):
        for step in range(1, 200):
            session.step("batch")
            assert session.run.position.step == step


def test_an_epoch_goes_to_its_end_unless_something_waits() -> None:
    session = Session(work_for("xor-mlp"))
    batches = session.run.position.batches
    with nagged(session):
        for epoch in range(1, 6):
            session.step("epoch")
            assert session.run.position.step == epoch * batches
            assert session.run.position.epoch == epoch
        session.step("epoch", None, lambda: True)
    assert 5 * batches < session.run.position.step <= 6 * batches
