"""Kernels are compiled by a child process while the window is in use."""

from __future__ import annotations

from app.engine import Engine
from pytestqt.qtbot import QtBot

from tests.app.engine.conftest import Bench, work_for


def test_the_child_tells_progress_and_the_engine_opens_afterwards(qtbot: QtBot) -> None:
    engine = Engine(warm=True)
    bench = Bench(engine, qtbot)
    seen: list[tuple[str, str]] = []
    engine.state_changed.connect(lambda state: seen.append((state.status, state.detail)))
    engine.open(work_for("xor-mlp"))
    assert engine.state.status == "starting"
    bench.until(lambda: engine.state.status == "ready")
    assert any(status == "starting" and "/" in detail for status, detail in seen)
    engine.step("batch")
    # What needs float64 follows later and nobody has to wait for it.
    numeric: list[object] = []

    def ask() -> bool:
        engine.ask(
            "numeric_check", tensor="dense_1/kernel", cell=(0, 0), done=numeric.append,
            failed=lambda sentence: None,
        )  # fmt: skip
        return bool(numeric)

    bench.until(ask)
    engine.close()


def test_closing_ends_the_child(qtbot: QtBot) -> None:
    engine = Engine(warm=True)
    engine.open(work_for("digits-cnn"))
    warm_up = engine._warm_up
    assert warm_up is not None
    assert warm_up._process is not None
    engine.close()
    assert warm_up._process is None
    engine.open(work_for("xor-mlp"))
    assert warm_up._process is None
