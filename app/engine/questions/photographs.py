"""A photograph from a file, brought to a size that can be looked at pixel by pixel. Worker thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QImageReader

from app.engine.questions import question
from app.text import tr
from core.errors import ChainruleError

if TYPE_CHECKING:
    from app.engine.session import Session

#: Files and pictures that are larger are not decoded: they may be made to fill the memory.
MOST_BYTES, MOST_PIXELS = 64 * 2**20, 80_000_000


@dataclass(frozen=True, eq=False)
class Photograph:
    """A decoded photograph.

    Attributes
    ----------
    name
        Of the file.
    pixels
        (height, width, 3) uint8; nobody writes to it.
    size
        Width and height in the file.
    see_through
        Whether it had transparent places, which are laid over white.
    """

    name: str
    pixels: np.ndarray
    size: tuple[int, int]
    see_through: bool


@question("photograph")
def photograph(session: Session, *, path: str, longest: int) -> Photograph:
    """Decode a file; its longer side is brought to `longest` pixels if it has more."""
    return read(Path(path), longest)


def read(path: Path, longest: int) -> Photograph:
    """See `photograph`.

    Raises
    ------
    core.errors.ChainruleError
        It is not there, no picture, broken, or too large.
    """
    name = path.name
    try:
        there = path.is_file()
        size = path.stat().st_size if there else 0
        if there:
            path.open("rb").close()
    except (OSError, ValueError) as error:
        raise ChainruleError(
            tr("{name} cannot be read: {why}", name=name, why=str(error))
        ) from error
    if not there:
        raise ChainruleError(tr("There is no file {name}.", name=name))
    if size > MOST_BYTES:
        raise ChainruleError(
            tr("{name} is {size} MB large; pictures may have up to {most}.", name=name,
               size=size // 2**20, most=MOST_BYTES // 2**20)
        )  # fmt: skip
    return _decoded(path, name, longest)


def _decoded(path: Path, name: str, longest: int) -> Photograph:
    reader = QImageReader(str(path))
    # What a file is called says little about what it is.
    reader.setDecideFormatFromContent(True)
    reader.setAutoTransform(True)
    if not reader.canRead():
        message = tr(
            "{name} is no picture this program reads. Use PNG, JPEG, BMP, GIF or WebP.", name=name
        )
        raise ChainruleError(message)
    told = reader.size()
    if not told.isValid() or told.isEmpty():
        raise ChainruleError(
            tr("{name} does not say how large its picture is; it is broken.", name=name)
        )
    if told.width() * told.height() > MOST_PIXELS:
        raise ChainruleError(
            tr("{name} has {width}×{height} pixels; at most {most} million are decoded. Make it smaller first.",
               name=name, width=f"{told.width():,}", height=f"{told.height():,}", most=MOST_PIXELS // 10**6)
        )  # fmt: skip
    image = reader.read()
    if image.isNull():
        raise ChainruleError(
            tr("{name} is broken: {why}.", name=name, why=reader.errorString().rstrip("."))
        )
    return of_image(image, name, longest)


def of_image(image: QImage, name: str, longest: int) -> Photograph:
    """A picture that is decoded already, from a file or from the clipboard."""
    size = (image.width(), image.height())
    see_through = image.hasAlphaChannel() and _has_holes(image)
    if max(size) > longest:
        bound = QSize(longest, longest)
        smooth = Qt.TransformationMode.SmoothTransformation
        wanted = image.size().scaled(bound, Qt.AspectRatioMode.KeepAspectRatio)
        wanted = wanted.expandedTo(QSize(1, 1))
        image = image.scaled(wanted, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
    rgba = image.convertToFormat(QImage.Format.Format_RGBA8888)
    rows = np.frombuffer(rgba.constBits(), np.uint8).reshape(rgba.height(), rgba.bytesPerLine())
    values = rows[:, : rgba.width() * 4].reshape(rgba.height(), rgba.width(), 4).astype(np.uint16)
    alpha = values[..., 3:]
    pixels = ((values[..., :3] * alpha + 255 * (255 - alpha)) // 255).astype(np.uint8)
    pixels.setflags(write=False)
    return Photograph(name, pixels, size, see_through)


def _has_holes(image: QImage) -> bool:
    alpha = image.convertToFormat(QImage.Format.Format_Alpha8)
    rows = np.frombuffer(alpha.constBits(), np.uint8).reshape(alpha.height(), alpha.bytesPerLine())
    return bool((rows[:, : alpha.width()] < 255).any())
