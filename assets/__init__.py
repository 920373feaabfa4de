"""Files the program is delivered with: data sets, templates, lessons, fonts and icons.

Data only; beside each group stands a text that says where it comes from and under which licence.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def path(*parts: str) -> Path:
    """Return where a file of this package lies, as ``path("fonts", "Inter-Regular.otf")``."""
    return FOLDER.joinpath(*parts)
