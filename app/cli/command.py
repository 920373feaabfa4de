"""How this program starts itself as a child process."""

from __future__ import annotations

import sys


def own_command() -> list[str]:
    """Return the command that runs our own command line, in a bundle as from a checkout."""
    if getattr(sys, "frozen", False):
        return [sys.executable]
    # -P would keep the working folder off the path, but a checkout without an install needs it there.
    return [sys.executable, "-m", "app.cli"]
