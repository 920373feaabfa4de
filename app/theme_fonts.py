"""Fonts: Inter for text, JetBrains Mono for every number, shape and formula."""

from __future__ import annotations

import logging
from functools import lru_cache
from importlib import resources

from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication

log = logging.getLogger("chainrule.theme")

TEXT = "Inter"
MONO = "JetBrains Mono"

# role: family, weight, size in px
_ROLES: dict[str, tuple[str, int, float]] = {
    "title": (TEXT, 600, 22),
    "dialog": (TEXT, 600, 15),
    "header": (TEXT, 600, 13),
    "project": (TEXT, 600, 14),
    "lesson": (TEXT, 400, 14),
    "body": (TEXT, 400, 13),
    "palette": (TEXT, 400, 12.5),
    "button": (TEXT, 500, 12),
    "primary": (TEXT, 600, 12),
    "label": (TEXT, 400, 12),
    "strong": (TEXT, 600, 12),
    "section": (TEXT, 600, 11),
    "small": (TEXT, 400, 11),
    "small-strong": (TEXT, 500, 11),
    "hint": (TEXT, 400, 11.5),
    "rail": (TEXT, 500, 10.5),
    "caption": (TEXT, 500, 10),
    "metric": (MONO, 500, 18),
    "result": (MONO, 600, 20),
    "counter": (MONO, 500, 13),
    "formula": (MONO, 400, 12.5),
    "formula-strong": (MONO, 600, 12.5),
    "value": (MONO, 400, 12),
    "value-strong": (MONO, 500, 12),
    "table": (MONO, 400, 11.5),
    "table-strong": (MONO, 600, 11.5),
    "mono-small": (MONO, 400, 11),
    "mono-small-strong": (MONO, 500, 11),
    "tick": (MONO, 400, 10),
    "key": (MONO, 500, 10),
}

_LINE_HEIGHT = {
    "title": 28, "dialog": 20, "header": 20, "project": 20, "lesson": 22, "body": 20,
    "button": 16, "primary": 16, "label": 16, "section": 16, "rail": 14, "metric": 26,
    "formula": 22, "table": 18, "value": 16,
}  # fmt: skip


def roles() -> tuple[str, ...]:
    """Return the names of all roles."""
    return tuple(_ROLES)


def font(role: str) -> QFont:
    """Return the font of a role of the design system.

    Parameters
    ----------
    role : str
        ``"title"``, ``"dialog"``, ``"header"``, ``"body"``, ``"button"``, ``"label"``,
        ``"section"``, ``"rail"``, ``"metric"``, ``"table"``, ``"tick"``, or another of
        :func:`roles`.

    Returns
    -------
    QFont
        A copy the caller may change.

    Raises
    ------
    KeyError
        For a role that does not exist.
    """
    return QFont(_font(role))


def line_height(role: str) -> int:
    """Return the line height of a role in px."""
    return _LINE_HEIGHT.get(role, round(_ROLES[role][2] * 1.4))


@lru_cache(maxsize=64)
def _font(role: str) -> QFont:
    family, weight, pixels = _ROLES[role]
    result = QFont(family)
    # QFont takes whole pixels only; half a pixel is asked for in points of the screen.
    if float(pixels).is_integer():
        result.setPixelSize(int(pixels))
    else:
        screen = QGuiApplication.primaryScreen()
        dots = screen.logicalDotsPerInchY() if screen is not None else 96.0
        result.setPointSizeF(pixels * 72.0 / dots)
    result.setWeight(QFont.Weight(weight))
    result.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    if family == TEXT:
        result.setFeature(QFont.Tag("tnum"), 1)
        result.setStyleHint(QFont.StyleHint.SansSerif)
    else:
        # Ligatures would turn "->" and "!=" into other signs inside formulas.
        result.setFeature(QFont.Tag("calt"), 0)
        result.setFeature(QFont.Tag("liga"), 0)
        result.setFeature(QFont.Tag("zero"), 0)
        result.setStyleHint(QFont.StyleHint.Monospace)
    return result


def load_fonts() -> tuple[str, ...]:
    """Register the bundled fonts with Qt and return the families that were found.

    Needs a ``QGuiApplication``. A missing file is logged and the system's font stands in, so a
    broken installation still opens.
    """
    families: list[str] = []
    folder = resources.files("assets") / "fonts"
    if not folder.is_dir():
        log.warning("the folder of bundled fonts is missing")
        return ()
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if not entry.name.lower().endswith((".otf", ".ttf")):
            continue
        number = QFontDatabase.addApplicationFontFromData(entry.read_bytes())
        if number < 0:
            log.warning("the font %s could not be read", entry.name)
        else:
            families += QFontDatabase.applicationFontFamilies(number)
    return tuple(dict.fromkeys(families))
