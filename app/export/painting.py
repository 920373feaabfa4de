"""Painting a scene off screen: the same layout and paint functions as the window's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter

from app.export.formats import ExportUsageError
from app.scenes import registry
from app.scenes.frame import ViewState
from app.text import tr
from app.theme import THEMES

if TYPE_CHECKING:
    from app.export.recipe import Recipe
    from app.scenes.frame import Frame
    from app.snapshots import NetworkView, Probe

#: Logical height a film is laid out for; larger films are the same picture with more pixels.
_LOGICAL_HEIGHT = 720


def scene_named(name: str) -> Any:
    """Return a scene.

    Raises
    ------
    ExportUsageError
        When there is none of that name.
    """
    try:
        return registry.scene(name)
    except KeyError:
        raise ExportUsageError(
            tr(
                "There is no scene {name}. Scenes are {known}.",
                name=repr(name),
                known=", ".join(registry.names()),
            )
        ) from None


class Canvas:
    """Paints frames of one scene at one size.

    Parameters
    ----------
    recipe
        Scene, size, theme and switches.
    spec
        The network.
    """

    def __init__(self, recipe: Recipe, spec: NetworkView) -> None:
        self._scene = scene_named(recipe.scene)
        self._theme = THEMES[recipe.theme]
        self.size = (recipe.width, recipe.height)
        self._scale = max(1.0, min(recipe.height, recipe.width) / _LOGICAL_HEIGHT)
        self.logical = (recipe.width / self._scale, recipe.height / self._scale)
        self._spec = spec
        view = ViewState(options=tuple(sorted(_hashable(recipe.toggles).items())))
        self.layout = self._scene.layout(spec, self.logical, view)

    def probes(self, frame: Frame) -> tuple[Probe, ...]:
        """Return the values the scene needs in each snapshot."""
        return tuple(self._scene.probes(self._spec, self.layout, frame))

    @property
    def scene(self) -> Any:
        """The scene that is painted."""
        return self._scene

    @property
    def films(self) -> str:
        """What films go over: ``"steps"`` of a run, ``"instructions"`` of one, a ``"weight"``, a ``"process"``."""
        return str(getattr(self._scene, "films", "steps"))

    @property
    def stages(self) -> int:
        """Columns a signal passes."""
        count = getattr(self._scene, "stages", None)
        return int(count(self.layout)) if count is not None else max(2, len(self._spec.nodes))

    def paint(self, painter: QPainter, frame: Frame) -> None:
        """Draw a frame in logical pixels."""
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing
            | QPainter.RenderHint.TextAntialiasing
            | QPainter.RenderHint.SmoothPixmapTransform
        )
        painter.fillRect(QRectF(0, 0, *self.logical), self._theme.bg0)
        self._scene.paint(painter, self.layout, self._theme, frame)

    def image(self, frame: Frame) -> QImage:
        """Return the frame as a picture of the film's size."""
        image = QImage(QSize(*self.size), QImage.Format.Format_ARGB32_Premultiplied)
        # Painters ask for the ratio to make their rasters as fine as the film.
        image.setDevicePixelRatio(self._scale)
        image.fill(self._theme.bg0)
        painter = QPainter(image)
        try:
            self.paint(painter, frame)
        finally:
            painter.end()
        return image

    def pixels(self, frame: Frame) -> np.ndarray:
        """Return the frame as ``(height, width, 3)`` uint8."""
        return pixels_of(self.image(frame))

    def svg(self, frame: Frame, path: Path, title: str) -> None:
        """Write the frame as a vector picture."""
        from PySide6.QtSvg import QSvgGenerator

        generator = QSvgGenerator()
        generator.setFileName(str(path))
        generator.setSize(QSize(*(round(side) for side in self.logical)))
        generator.setViewBox(QRectF(0, 0, *self.logical))
        generator.setTitle(title)
        painter = QPainter(generator)
        try:
            self.paint(painter, frame)
        finally:
            painter.end()


def pixels_of(image: QImage) -> np.ndarray:
    """Return the pixels of an image as ``(height, width, 3)`` uint8, contiguous and its own."""
    rgb = image.convertToFormat(QImage.Format.Format_RGB888)
    # Lines are padded to four bytes.
    lines = np.frombuffer(rgb.constBits(), np.uint8).reshape(rgb.height(), rgb.bytesPerLine())
    return lines[:, : 3 * rgb.width()].reshape(rgb.height(), rgb.width(), 3).copy()


def png_of(image: QImage) -> bytes:
    """Return the image as a PNG file in memory: writing it to a full disk, libpng would talk for itself."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    # PySide takes the format as text; its stubs say bytes, which it refuses.
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    buffer.close()
    return bytes(data.data())


def offscreen_application() -> QGuiApplication:
    """Return an application for painting text without a display, with our fonts."""
    existing = QGuiApplication.instance()
    if isinstance(existing, QGuiApplication):
        return existing
    from app.theme_fonts import load_fonts

    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(
        Qt.HighDpiScaleFactorRoundingPolicy.PassThrough
    )
    application = QGuiApplication(["chainrule"])
    load_fonts()
    return application


def _hashable(toggles: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _frozen(v) for k, v in toggles.items()}


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple((name, _frozen(one)) for name, one in sorted(value.items()))
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


__all__ = ["Canvas", "offscreen_application", "pixels_of", "png_of", "scene_named"]
