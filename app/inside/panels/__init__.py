"""What stands in Look inside, one file each: the input, the wall of maps, the convolution walk, attribution, ...

A file here exposes ``PANEL``; the workspace lists those that exist. Of several at one place the learner chooses.
"""

from __future__ import annotations

import sys

from app.panels import PanelKind, panels_of

#: Where panels stand: at the left, in the middle above and below, at the right, along the bottom.
PLACES = ("input", "rows", "below", "right", "bottom")

InsidePanel = PanelKind


def panels(place: str) -> tuple[PanelKind, ...]:
    """Return the panels of a place, in order."""
    return panels_of(sys.modules[__name__], place)
