"""Numbers as they are painted: what stands where, read back from the very calls that draw it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from app.scenes import draw

_NUMBER = re.compile(r"^[+-]?(\d+(\.\d+)?|\.\d+)(e[+-]?\d+)?$")


@dataclass(frozen=True)
class Written:
    """A text and the middle of where it stands, in the widget's coordinates."""

    string: str
    x: float
    y: float

    @property
    def number(self) -> float | None:
        """Its value, or None if it is not a number."""
        return parsed(self.string)

    def inside(self, rect: QRectF) -> bool:
        """Whether its middle lies in a rectangle."""
        return rect.contains(QPointF(self.x, self.y))


def parsed(string: str) -> float | None:
    """The number a text shows, or None: labels, "…" for what is to come, "–" for what never will."""
    plain = string.strip().replace(draw.MINUS, "-").replace(",", "")
    if plain.lstrip("+-") in ("∞", "inf"):
        return float("-inf") if plain.startswith("-") else float("inf")
    if plain == "NaN":
        return float("nan")
    return float(plain) if _NUMBER.match(plain) else None


def shows(string: str, value: float) -> bool:
    """Whether a text is this value, rounded as far as its digits go."""
    found = parsed(string)
    if found is None:
        return False
    if found != found or value != value or abs(value) == float("inf"):
        return found == value or (found != found and value != value)
    plain = string.strip().replace(draw.MINUS, "-").lstrip("+-")
    mantissa, _, power = plain.partition("e")
    digits = len(mantissa.partition(".")[2])
    unit = 10.0 ** (int(power or 0) - digits)
    return abs(found - value) <= 0.5 * unit * (1 + 1e-4) + 1e-6 * abs(value)


@contextmanager
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Written]]:
    """Note every text that is painted meanwhile."""
    found: list[Written] = []
    painted = draw.text

    def text(
        painter: QPainter, x: float, y: float, string: str, px: float, *rest: Any, **how: Any
    ) -> float:
        width = painted(painter, x, y, string, px, *rest, **how)
        anchor = how.get("anchor", "start")
        middle = x if anchor == "middle" else x - width / 2 if anchor == "end" else x + width / 2
        at = painter.combinedTransform().map(QPointF(middle, y - px * 0.36))
        ratio = painter.device().devicePixelRatio()
        found.append(Written(string, at.x() / ratio, at.y() / ratio))
        return width

    with monkeypatch.context() as patch:
        patch.setattr(draw, "text", text)
        yield found
