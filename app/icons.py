"""Icons: line drawings in ``assets/icons`` tinted with a colour of the theme."""

from __future__ import annotations

import logging
from functools import lru_cache
from importlib import resources

from PySide6.QtCore import QByteArray, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QImage, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

log = logging.getLogger("chainrule.theme")


def exists(name: str) -> bool:
    """Tell whether there is a drawing of that name."""
    return bool(_source(name))


def paint(
    painter: QPainter, name: str, color: QColor, rect: QRectF, *, mirror: bool = False
) -> None:
    """Draw an icon as vectors, so it is sharp at every scale and in exported stills.

    Parameters
    ----------
    painter : QPainter
        Where to draw.
    name : str
        File name in ``assets/icons`` without its ending.
    color : QColor
        Colour of the strokes.
    rect : QRectF
        Square to fill.
    mirror : bool
        Flip left and right (redo is undo mirrored).
    """
    renderer = _renderer(name, color.name())
    painter.save()
    if color.alpha() < 255:
        painter.setOpacity(painter.opacity() * color.alphaF())
    if mirror:
        painter.translate(rect.center().x() * 2, 0)
        painter.scale(-1, 1)
    if renderer is None:
        painter.setPen(color)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(rect.adjusted(3, 3, -3, -3), 3, 3)
    else:
        renderer.render(painter, rect)
    painter.restore()


def pixmap(name: str, color: QColor, size: int, ratio: float | None = None) -> QPixmap:
    """Return an icon as a pixmap for a screen with ``ratio`` physical pixels per logical one."""
    if ratio is None:
        application = QGuiApplication.instance()
        ratio = application.devicePixelRatio() if isinstance(application, QGuiApplication) else 1.0
    return QPixmap.fromImage(_image(name, color.name(QColor.NameFormat.HexArgb), size, ratio))


def icon(name: str, color: QColor, size: int = 16) -> QIcon:
    """Return an icon for menus and actions, with a dimmed picture for the disabled state."""
    result = QIcon()
    faded = QColor(color)
    faded.setAlphaF(0.45)
    for ratio in (1.0, 2.0):
        result.addPixmap(pixmap(name, color, size, ratio), QIcon.Mode.Normal)
        result.addPixmap(pixmap(name, faded, size, ratio), QIcon.Mode.Disabled)
    return result


@lru_cache(maxsize=512)
def _image(name: str, color: str, size: int, ratio: float) -> QImage:
    pixels = max(1, round(size * ratio))
    image = QImage(pixels, pixels, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint(painter, name, QColor(color), QRectF(QPointF(0, 0), QPointF(pixels, pixels)))
    painter.end()
    image.setDevicePixelRatio(ratio)
    return image


@lru_cache(maxsize=512)
def _renderer(name: str, color: str) -> QSvgRenderer | None:
    source = _source(name)
    if not source:
        return None
    return QSvgRenderer(QByteArray(source.replace("currentColor", color).encode()))


@lru_cache(maxsize=256)
def _source(name: str) -> str:
    file = resources.files("assets") / "icons" / f"{name}.svg"
    try:
        return file.read_text(encoding="utf-8")
    except (FileNotFoundError, ModuleNotFoundError, NotADirectoryError):
        log.warning("there is no icon called %s", name)
        return ""
