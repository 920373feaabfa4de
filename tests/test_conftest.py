"""The net under all other tests holds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
CONFTEST = (HERE / "conftest.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("where", ["sys.stderr.write(text)", "os.write(2, text.encode())"])
def test_a_swallowed_exception_fails_the_test(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(HERE.parent))
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(
        f"""
        import os, sys

        def test_loud():
            text = "Exception ignored in: <kernel>"
            {where}

        def test_quiet():
            sys.stderr.write("all is well")
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1, failed=1)


def test_each_test_has_a_home_of_its_own(home: Path) -> None:
    assert os.environ["CHAINRULE_HOME"] == str(home)
    assert not any(home.iterdir())
