"""Reliefs of surfaces in a theme's colours."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from app.scenes import images
from core.landscape.relief import CODES, HOLE, STRENGTHS, STRIPE, TONES

if TYPE_CHECKING:
    from PySide6.QtGui import QColor, QImage

    from app.theme import Theme
    from core.landscape.relief import Relief

#: How much of its colour a contour line has where it is strongest; every second one has half of it.
_OPACITY = 0.34


def picture(theme: Theme, relief: Relief) -> QImage:
    """Return a relief as an image, the least y at the bottom; 2 ms for 1280x720."""
    return images.from_words(_words(theme)[relief.codes[::-1]])


@lru_cache(maxsize=4)
def _words(theme: Theme) -> np.ndarray:
    tones = theme.table("surface")[:, None, :3].astype(np.float64)
    line = _rgb(theme.contour)
    share = (_OPACITY * np.arange(STRENGTHS) / (STRENGTHS - 1))[None, :, None]
    colors = np.empty((CODES, 3))
    colors[:HOLE] = (tones + (line - tones) * share).reshape(TONES * STRENGTHS, 3)
    colors[HOLE], colors[STRIPE] = _rgb(theme.bg0), _rgb(theme.line2)
    rgb = np.rint(colors).astype(np.uint32)
    return np.asarray(0xFF000000 | rgb[:, 0] << 16 | rgb[:, 1] << 8 | rgb[:, 2], np.uint32)


def _rgb(color: QColor) -> np.ndarray:
    return np.array([color.red(), color.green(), color.blue()], float)
