"""The few strokes every scene is made of: text on a baseline, hairlines, images placed pixel for pixel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from math import isfinite, isnan

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QGuiApplication,
    QImage,
    QPaintEngine,
    QPainter,
    QPen,
)

from app.theme_fonts import MONO, TEXT

MINUS = "\N{MINUS SIGN}"
ARROW = "\N{RIGHTWARDS ARROW}"
TIMES = "\N{MULTIPLICATION SIGN}"
#: What numbers are written with.
FIGURES = "0123456789.+e" + MINUS


@lru_cache(maxsize=128)
def face(px: float, weight: int = 400, mono: bool = False) -> QFont:
    """Return a font by size; callers must not change it."""
    font = QFont(MONO if mono else TEXT)
    if float(px).is_integer():
        font.setPixelSize(int(px))
    else:
        screen = QGuiApplication.primaryScreen()
        dots = screen.logicalDotsPerInchY() if screen is not None else 96.0
        font.setPointSizeF(px * 72.0 / dots)
    font.setWeight(QFont.Weight(weight))
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    if mono:
        font.setFeature(QFont.Tag("calt"), 0)
        font.setFeature(QFont.Tag("liga"), 0)
        font.setStyleHint(QFont.StyleHint.Monospace)
    else:
        font.setFeature(QFont.Tag("tnum"), 1)
        font.setStyleHint(QFont.StyleHint.SansSerif)
    return font


@lru_cache(maxsize=4096)
def advance(string: str, px: float, weight: int = 400, mono: bool = False) -> float:
    """Return the width of a string."""
    if mono and len(string) > 1 and not string.strip(FIGURES):
        # Numbers are new all the time, and every character of them is as wide as another.
        return len(string) * advance("0", px, weight, True)
    return QFontMetricsF(face(px, weight, mono)).horizontalAdvance(string)


def text(
    painter: QPainter,
    x: float,
    y: float,
    string: str,
    px: float,
    color: QColor,
    *,
    weight: int = 400,
    mono: bool = False,
    anchor: str = "start",
) -> float:
    """Write `string` with its baseline at `y`; return its width. `anchor` is "start", "middle" or "end"."""
    width = advance(string, px, weight, mono)
    if anchor == "middle":
        x -= width / 2
    elif anchor == "end":
        x -= width
    painter.setFont(face(px, weight, mono))
    painter.setPen(color)
    painter.drawText(QPointF(x, y), string)
    return width


def elide(string: str, px: float, width: float, weight: int = 400, mono: bool = False) -> str:
    """Shorten a string with an ellipsis to fit `width`."""
    if advance(string, px, weight, mono) <= width:
        return string
    metrics = QFontMetricsF(face(px, weight, mono))
    return metrics.elidedText(string, Qt.TextElideMode.ElideRight, width)


def line(
    painter: QPainter, x0: float, y0: float, x1: float, y1: float, color: QColor, width: float = 1.0
) -> None:
    """Draw a straight line."""
    pen = QPen(color, width)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    painter.setPen(pen)
    painter.drawLine(QLineF(x0, y0, x1, y1))


def frame(
    painter: QPainter,
    x: float,
    y: float,
    w: float,
    h: float,
    color: QColor,
    width: float = 1.0,
    radius: float = 0.0,
) -> None:
    """Draw the outline of a rectangle; the pen's middle lies on the given edge."""
    painter.setPen(QPen(color, width))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if radius:
        painter.drawRoundedRect(QRectF(x, y, w, h), radius, radius)
    else:
        painter.drawRect(QRectF(x, y, w, h))


def fill(
    painter: QPainter, x: float, y: float, w: float, h: float, color: QColor, radius: float = 0.0
) -> None:
    """Fill a rectangle."""
    if radius:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawRoundedRect(QRectF(x, y, w, h), radius, radius)
    else:
        painter.fillRect(QRectF(x, y, w, h), color)


def disc(
    painter: QPainter,
    x: float,
    y: float,
    radius: float,
    color: QColor,
    outline: QColor | None = None,
    width: float = 1.2,
) -> None:
    """Draw a filled circle."""
    painter.setPen(Qt.PenStyle.NoPen if outline is None else QPen(outline, width))
    painter.setBrush(color)
    painter.drawEllipse(QPointF(x, y), radius, radius)


def faded(color: QColor, opacity: float) -> QColor:
    """Return the colour with another opacity, 0 to 1."""
    result = QColor(color)
    result.setAlphaF(max(0.0, min(1.0, opacity)))
    return result


def mixed(a: QColor, b: QColor, t: float) -> QColor:
    """Return the colour `t` of the way from `a` to `b`."""
    t = max(0.0, min(1.0, t))
    return QColor(
        round(a.red() + (b.red() - a.red()) * t),
        round(a.green() + (b.green() - a.green()) * t),
        round(a.blue() + (b.blue() - a.blue()) * t),
    )


def scale_of(painter: QPainter) -> float:
    """Return how many device pixels one unit takes, zoom of the painter and of the screen together."""
    return max(0.05, painter.deviceTransform().m11())


def is_vector(painter: QPainter) -> bool:
    """Tell whether the painter writes shapes (SVG, PDF) rather than pixels."""
    engine = painter.paintEngine()
    return engine is not None and engine.type() in (
        QPaintEngine.Type.SVG,
        QPaintEngine.Type.Pdf,
        QPaintEngine.Type.Picture,
    )


def canvas(width: float, height: float, scale: float, ground: QColor | None) -> QImage:
    """Return an image for a cached part of a picture: opaque on `ground`, or transparent without one."""
    form = (
        QImage.Format.Format_ARGB32_Premultiplied if ground is None else QImage.Format.Format_RGB32
    )
    image = QImage(max(1, round(width * scale)), max(1, round(height * scale)), form)
    image.setDevicePixelRatio(scale)
    image.fill(Qt.GlobalColor.transparent if ground is None else ground)
    return image


@contextmanager
def painting(image: QImage, size: Iterable[float]) -> Iterator[QPainter]:
    """Paint on a cached image; the painter ends whatever happens, as Qt aborts on one that outlives its image."""
    painter = QPainter(image)
    try:
        prepare(painter, size)
        yield painter
    finally:
        painter.end()


def blit(painter: QPainter, x: float, y: float, image: QImage) -> None:
    """Put a cached image at (x, y); one made for this painter's scale lands pixel for pixel (1 ms for 1280x720)."""
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    painter.drawImage(QPointF(x, y), image)


#: From here on numbers are written with an exponent.
LARGE = 1e6


def signed(value: float, digits: int) -> str:
    """Return a number with its sign always shown."""
    if _unusual(value):
        return ("+" if value > 0 else "") + scientific(value)
    body = f"{abs(value):.{digits}f}"
    return (MINUS if value < 0 and float(body) != 0 else "+") + body


def fine(value: float, digits: int) -> str:
    """Return a signed number, in scientific notation where the decimals would show only zeros."""
    if value and abs(value) < 0.5 * 10.0**-digits:
        return ("" if value < 0 else "+") + scientific(value)
    return signed(value, digits)


def plain(value: float, digits: int) -> str:
    """Return a number with a fixed count of decimals and a true minus."""
    if _unusual(value):
        return scientific(value)
    body = f"{value:.{digits}f}"
    return body.lstrip("-") if float(body) == 0 else body.replace("-", MINUS)


def scientific(value: float) -> str:
    """Return ``2.8e−3``; ``NaN`` and ``∞`` where there is no number."""
    if value == 0:
        return "0"
    if not isfinite(value):
        return "NaN" if isnan(value) else "∞" if value > 0 else f"{MINUS}∞"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}".replace("-", MINUS)


def _unusual(value: float) -> bool:
    """Tell whether decimals say nothing: no number at all, or one that outgrew the place made for it."""
    return not abs(value) < LARGE


def prepare(painter: QPainter, size: Iterable[float]) -> None:
    """Set the hints every scene paints with, and clip to its rectangle."""
    width, height = size
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setRenderHint(QPainter.RenderHint.TextAntialiasing, True)
    painter.setClipRect(QRectF(0, 0, width, height), Qt.ClipOperation.IntersectClip)
