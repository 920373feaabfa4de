from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from app.scenes import edges
from app.theme_fonts import load_fonts


@pytest.fixture(scope="session", autouse=True)
def painting(qapp: QApplication) -> QApplication:
    """Fonts, and the rasteriser that films and windows paint with."""
    load_fonts()
    assert edges.warm()
    return qapp
