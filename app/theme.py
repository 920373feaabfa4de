"""The two themes: colours by name, the ramps that turn values into colours, and the fonts.

Colour belongs to data and chrome is neutral; both tables are those of the design system. A theme
is an immutable value, so a painter on any thread may hold one.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
from PySide6.QtGui import QColor, QFont

from app.theme_fonts import font

__all__ = ["DARK", "LIGHT", "THEMES", "Theme", "current", "font", "set_current"]

# Exponent of the signed ramp: small values stay visible beside large ones.
_SIGNED_EXPONENT = 0.85


@dataclass(frozen=True, eq=False)
class Theme:
    """Colours by name.

    Attributes
    ----------
    name : str
        ``"dark"`` or ``"light"``.
    bg0, bg1, bg2, bg3, selbg : QColor
        Stage; panels; blocks and controls; troughs and hover; selection.
    line, line2, grid : QColor
        Hairlines; control borders; plot grid.
    tx, tx2, tx3 : QColor
        Primary text; labels; ticks and hints.
    pos, neg, mid : QColor
        The signed ramp.
    fwd, bwd, loss, err : QColor
        Forward signal; gradients; loss; errors.
    pri, priText : QColor
        Primary button and what is written on it.
    """

    name: str
    bg0: QColor
    bg1: QColor
    bg2: QColor
    bg3: QColor
    selbg: QColor
    line: QColor
    line2: QColor
    grid: QColor
    tx: QColor
    tx2: QColor
    tx3: QColor
    pos: QColor
    neg: QColor
    mid: QColor
    fwd: QColor
    bwd: QColor
    loss: QColor
    err: QColor
    pri: QColor
    priText: QColor

    @property
    def is_dark(self) -> bool:
        """Tell whether light text stands on a dark ground."""
        return self.name == "dark"

    def color(self, token: str) -> QColor:
        """Return a token's colour by name; raises ``KeyError`` for an unknown one."""
        if token not in _TOKENS:
            raise KeyError(token)
        value = getattr(self, token)
        assert isinstance(value, QColor)
        return value

    def css(self, token: str) -> str:
        """Return a token as ``#rrggbb``."""
        return self.color(token).name()

    @property
    def contour(self) -> QColor:
        """Colour of a loss surface's contour lines."""
        return _CONTOUR[self.name]

    def signed(self, value: float, vmax: float = 1.0) -> QColor:
        """Return the colour of a signed value, symmetric about zero."""
        t = 0.0 if vmax <= 0 or value != value else max(-1.0, min(1.0, value / vmax))
        return _color(self.table("signed")[128 + round(127 * t)])

    def activation(self, value: float, vmax: float = 1.0) -> QColor:
        """Return the colour of a value that cannot be negative."""
        return self._lookup("activation", value, vmax)

    def magnitude(self, value: float, vmax: float = 1.0) -> QColor:
        """Return the colour of a gradient's or attribution's size."""
        return self._lookup("magnitude", value, vmax)

    def ink(self, value: float, vmax: float = 1.0) -> QColor:
        """Return the grey of an image's pixel: ink is white on dark and black on light."""
        return self._lookup("ink", value, vmax)

    def on(self, ground: QColor) -> QColor:
        """Return the ink that is readable on ``ground``."""
        luminance = 0.2126 * ground.redF() + 0.7152 * ground.greenF() + 0.0722 * ground.blueF()
        return QColor("#0d1015") if luminance > 0.42 else QColor("#ffffff")

    def table(self, name: str) -> np.ndarray:
        """Return the 256 entries of a ramp for painting images.

        Parameters
        ----------
        name : str
            ``"signed"`` (entry 128 is exactly zero, 1 is -vmax and 255 is +vmax),
            ``"activation"``, ``"magnitude"`` or ``"ink"`` (entry 0 is zero), ``"surface"`` (from low to high loss).

        Returns
        -------
        numpy.ndarray
            Shape (256, 4), uint8, red green blue alpha; read-only.
        """
        return _table(self.name, name)

    def font(self, role: str) -> QFont:
        """Return the font of a role; the same in both themes."""
        return font(role)

    def _lookup(self, table: str, value: float, vmax: float) -> QColor:
        t = 0.0 if vmax <= 0 or value != value else max(0.0, min(1.0, value / vmax))
        return _color(self.table(table)[round(255 * t)])


#: Fill of a loss surface from its lowest to its highest point, and its contour lines.
_SURFACE = {
    "dark": ("#4a5d74", "#253140", "#12171e"),
    "light": ("#afbfd2", "#d8e1eb", "#f4f7fa"),
}
_CONTOUR = {"dark": QColor("#8ea3bd"), "light": QColor("#3f5875")}

_TOKENS = tuple(f.name for f in fields(Theme) if f.name != "name")


def _theme(name: str, **tokens: str) -> Theme:
    return Theme(name, **{token: QColor(value) for token, value in tokens.items()})


DARK = _theme(
    "dark",
    bg0="#0d1015", bg1="#12161c", bg2="#181d25", bg3="#212834", selbg="#2a323f",
    line="#252c37", line2="#38424f", grid="#1e242d",
    tx="#e7ebf0", tx2="#a3aebb", tx3="#7d8998",
    pos="#4a9df0", neg="#f08a38", mid="#1f2630",
    fwd="#4fe0d4", bwd="#e04fae", loss="#ffdb57", err="#ff7169",
    pri="#e7ebf0", priText="#0d1015",
)  # fmt: skip

LIGHT = _theme(
    "light",
    bg0="#f3f5f8", bg1="#fbfcfd", bg2="#ffffff", bg3="#eaeef3", selbg="#e1e7ee",
    line="#dde3ea", line2="#b9c3cf", grid="#e6ebf1",
    tx="#161b22", tx2="#4b5766", tx3="#5f6b7b",
    pos="#1f6fc4", neg="#c25500", mid="#eff2f6",
    fwd="#00807a", bwd="#8f0f5e", loss="#6e5400", err="#c22f28",
    pri="#161b22", priText="#ffffff",
)  # fmt: skip

THEMES = {"dark": DARK, "light": LIGHT}

_current = DARK


def current() -> Theme:
    """Return the theme the windows are painted with."""
    return _current


def set_current(theme: Theme) -> None:
    """Make ``theme`` the one that widgets paint with (the theme switch calls this)."""
    global _current
    _current = theme


@lru_cache(maxsize=16)
def _table(theme: str, name: str) -> np.ndarray:
    colors = THEMES[theme]
    t = np.linspace(0.0, 1.0, 256)
    dark = theme == "dark"
    if name == "signed":
        v = np.clip((np.arange(256) - 128) / 127, -1.0, 1.0)
        weight = np.abs(v)[:, None] ** _SIGNED_EXPONENT
        end = np.where(v[:, None] >= 0, _bytes(colors.pos), _bytes(colors.neg))
        rgb = _bytes(colors.mid) + (end - _bytes(colors.mid)) * weight
    elif name == "activation":
        low, high = ("#10141b", "#d6e9ff") if dark else ("#ffffff", "#0b3d78")
        rgb = _piecewise(t, 0.6, QColor(low), colors.pos, QColor(high))
    elif name == "magnitude":
        low, high = ("#10141b", "#ffe3f4") if dark else ("#ffffff", "#3d0427")
        rgb = _piecewise(t, 0.65, QColor(low), colors.bwd, QColor(high))
    elif name == "ink":
        low, high = ("#0a0d12", "#fffffa") if dark else ("#ffffff", "#141619")
        rgb = _bytes(QColor(low)) + (_bytes(QColor(high)) - _bytes(QColor(low))) * t[:, None]
    elif name == "surface":
        low, middle, high = _SURFACE[theme]
        rgb = _piecewise(t, 0.5, QColor(low), QColor(middle), QColor(high))
    else:
        raise KeyError(name)
    table = np.empty((256, 4), np.uint8)
    table[:, :3] = np.clip(np.rint(rgb), 0, 255)
    table[:, 3] = 255
    table.setflags(write=False)
    return table


def _piecewise(t: np.ndarray, at: float, low: QColor, middle: QColor, high: QColor) -> np.ndarray:
    a, b, c = _bytes(low), _bytes(middle), _bytes(high)
    below = a + (b - a) * (t / at)[:, None]
    above = b + (c - b) * ((t - at) / (1 - at))[:, None]
    return np.where((t < at)[:, None], below, above)


def _bytes(color: QColor) -> np.ndarray:
    return np.array([color.red(), color.green(), color.blue()], float)


def _color(row: np.ndarray) -> QColor:
    return QColor(int(row[0]), int(row[1]), int(row[2]), int(row[3]))
