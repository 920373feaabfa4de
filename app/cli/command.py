"""How this program starts itself as a child process."""

from __future__ import annotations

import os
import sys
from pathlib import Path

#: Set for a child of ``chainrule warm`` that takes names of kernels instead of a project.
HELPER = "CHAINRULE_WARM_HELPER"


def own_command() -> list[str]:
    """Return the command that runs our own command line, in a bundle as from a checkout."""
    if getattr(sys, "frozen", False):
        return [sys.executable]
    return [sys.executable, "-m", "app.cli"]


def own_environment() -> dict[str, str]:
    """Return what the child's environment has to hold beside ours: it must not open a window."""
    added = {"QT_QPA_PLATFORM": "offscreen", "PYTHONIOENCODING": "utf-8"}
    if not getattr(sys, "frozen", False):
        # A checkout that is not installed works from any folder.
        root = str(Path(__file__).resolve().parents[2])
        rest = os.environ.get("PYTHONPATH")
        added["PYTHONPATH"] = root + (os.pathsep + rest if rest else "")
    return added
