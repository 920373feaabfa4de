"""The benchmarks as ``make bench`` runs them: each in a process of its own, its lines printed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.benchmarks.__main__ import NAMES
from tests.benchmarks.engine import ROOT


@pytest.mark.benchmark
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", NAMES)
def test_speed(name: str) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks", name]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0
