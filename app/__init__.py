"""Chainrule, the desktop program.

>>> import app
>>> application = app.create_application()
>>> window = app.create_window()
>>> window.show()

Importing this package imports neither Qt nor Numba.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

# pyqtgraph takes the first binding it finds unless it is told.
os.environ.setdefault("QT_API", "pyside6")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from app.window.main import MainWindow

__all__ = ["create_application", "create_window", "run"]


def create_application() -> QApplication:
    """Return the application with fonts and theme; safe to call twice.

    Returns
    -------
    QApplication
        The one application of this process.
    """
    from app.window.application import application

    return application()


def create_window(path: str | os.PathLike[str] | None = None) -> MainWindow:
    """Return a window with a project open; show it with ``show()``.

    Parameters
    ----------
    path : path-like, optional
        A project file. Without one, the last project, or at a first start the digits CNN. A file
        that cannot be opened is explained in the window.

    Returns
    -------
    MainWindow
        Call :func:`create_application` first.
    """
    from app.window.application import window

    return window(None if path is None else Path(path))


def run(path: str | os.PathLike[str] | None = None) -> int:
    """Open the window and return the exit code when it has closed."""
    from app.window.application import run_application

    return run_application(None if path is None else Path(path))
