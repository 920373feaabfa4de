"""``chainrule``: the window."""

from __future__ import annotations

import argparse
import os
import sys

from app.cli.errors import FailedError
from app.cli.projects import load
from app.text import tr


def run(arguments: argparse.Namespace) -> int:
    """Open the window and stay until it is closed."""
    if arguments.project:
        # Said here, where there is a terminal to say it on; the window opens the file itself.
        load(arguments.project)
    if not has_display():
        raise FailedError(
            tr(
                "there is no display for a window; chainrule export PROJECT -o film.mp4 "
                "works without one"
            )
        )
    import app

    return app.run(arguments.project)


def has_display() -> bool:
    """Tell whether Qt would find a display; without one it ends the process."""
    if os.environ.get("QT_QPA_PLATFORM") or not sys.platform.startswith(("linux", "freebsd")):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
