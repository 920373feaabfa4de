"""Render assets/icons/program/chainrule.svg to the sizes desktops, Windows and macOS ask for."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

from PIL import Image

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from PySide6.QtCore import QBuffer, QIODevice, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

FOLDER = Path(__file__).resolve().parent.parent / "assets" / "icons" / "program"
SIZES = (16, 24, 32, 48, 64, 128, 256, 512)


def picture(renderer: QSvgRenderer, size: int) -> Image.Image:
    """Draw the logo as a square of ``size`` pixels."""
    image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return Image.open(BytesIO(bytes(buffer.data()))).convert("RGBA")


def main() -> None:
    """Write the PNG files, the Windows icon and the macOS icon."""
    application = QGuiApplication.instance() or QGuiApplication([])
    renderer = QSvgRenderer(str(FOLDER / "chainrule.svg"))
    pictures = {size: picture(renderer, size) for size in SIZES}
    for size, image in pictures.items():
        image.save(FOLDER / f"chainrule-{size}.png", optimize=True)
    images = [pictures[size] for size in SIZES if size <= 256]
    images[-1].save(
        FOLDER / "chainrule.ico", sizes=[i.size for i in images], append_images=images[:-1]
    )
    pictures[512].save(FOLDER / "chainrule.icns", append_images=list(pictures.values())[:-1])
    application.quit()


if __name__ == "__main__":
    main()
