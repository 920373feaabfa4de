"""Prints what painting takes on this machine; run by ``make bench``."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from app.scenes import edges
from app.theme_fonts import load_fonts
from tests.benchmarks import painting


@pytest.mark.benchmark
def test_painting(qapp: QApplication) -> None:
    load_fonts()
    assert edges.warm()
    found = painting.report()
    assert found.keys() >= {"network 1280x720, signal travelling", "network 1280x720, new numbers"}
