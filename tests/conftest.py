"""What every test gets: a home of its own, no window on the desk, a look at standard error."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from core.tape.cache import kernel_hash

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parent.parent

# Read when Qt, pyqtgraph and Numba are imported, so set before any test module is.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyside6")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")
# Compiled kernels are shared by all tests and by later runs, in a folder for each state of their
# sources; nothing else is shared.
os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / "build" / "kernels" / kernel_hash()))
os.environ["CHAINRULE_HOME"] = tempfile.mkdtemp(prefix="chainrule-tests-")

# Python and Numba print this, and go on, where an exception cannot be raised: in a kernel called
# through the table, in __del__, in a callback from C.
SWALLOWED = "Exception ignored"


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test its own folder for settings, autosaved projects and the like."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("CHAINRULE_HOME", str(folder))
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that swallowed an exception; pytest captures the file descriptor itself."""
    report = yield
    if report.outcome == "passed":
        for title, text in report.sections:
            if title == f"Captured stderr {call.when}" and SWALLOWED in text:
                report.outcome = "failed"
                report.longrepr = f"{item.nodeid}: an exception was swallowed (see below):\n{text}"
    return report
