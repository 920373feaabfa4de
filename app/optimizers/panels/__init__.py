"""What stands in Optimizers, one file each: the racers, the surface, the terms of one racer, the chart, ...

A file here exposes ``PANEL``; the workspace lists those that exist. Of several at one place the learner chooses.
"""

from __future__ import annotations

import sys

from app.panels import PanelKind, panels_of

#: Where panels stand: at the left, in the middle, at the right, along the bottom.
PLACES = ("racers", "stage", "terms", "chart")


def panels(place: str) -> tuple[PanelKind, ...]:
    """Return the panels of a place, in order."""
    return panels_of(sys.modules[__name__], place)
