"""Arrays as pictures: heat maps by lookup table, never a Python loop over pixels."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from app.scenes import draw
from app.scenes.cache import Cache

if TYPE_CHECKING:
    from app.theme import Theme


@lru_cache(maxsize=16)
def _words(theme: Theme, ramp: str) -> np.ndarray:
    """A ramp as the 32-bit words of QImage.Format_RGB32."""
    table = theme.table(ramp).astype(np.uint32)
    return np.ascontiguousarray(0xFF000000 | table[:, 0] << 16 | table[:, 1] << 8 | table[:, 2])


def levels(values: np.ndarray, ramp: str, vmax: float) -> np.ndarray:
    """Return the table entries of values: 128 is zero on the signed ramp, 0 on the others. NaN counts as zero."""
    scale = 1.0 / vmax if vmax > 0 and np.isfinite(vmax) else 0.0
    # Products of large numbers, and one divided by a tiny extent, may be beyond float32: the end of the ramp.
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.asarray(values, np.float32) * np.float32(scale)
    # Asking is ten times as fast as replacing what is not there.
    if not np.isfinite(scaled).all():
        scaled = np.nan_to_num(scaled, nan=0.0, posinf=1.0, neginf=-1.0)
    if ramp == "signed":
        return np.rint(np.clip(scaled, -1, 1) * 127 + 128).astype(np.uint8)
    return np.rint(np.clip(scaled, 0, 1) * 255).astype(np.uint8)


def colors(theme: Theme, values: np.ndarray, ramp: str, vmax: float) -> np.ndarray:
    """Return the words of `values`, shaped alike."""
    return _words(theme, ramp)[levels(values, ramp, vmax)]


def from_words(words: np.ndarray) -> QImage:
    """Return an image of its own from (height, width) words."""
    words = np.ascontiguousarray(words)
    height, width = words.shape
    # The image would only borrow the array's memory: copy() makes it safe to keep.
    return QImage(words.data, width, height, width * 4, QImage.Format.Format_RGB32).copy()


def heat(theme: Theme, values: np.ndarray, ramp: str, vmax: float) -> QImage:
    """Return a (height, width) array as an image of one pixel a value."""
    return from_words(colors(theme, values, ramp, vmax))


#: The ramp of a photograph's channels, in both themes: from black to white.
GRAY = "gray"
#: Of drawings: ink on the theme's paper.
INK = "ink"

_kept = Cache(512)


def kept(theme: Theme, values: np.ndarray, ramp: str, vmax: float) -> QImage:
    """As `heat`, also of the ramp `GRAY`; of arrays that are never written to the picture is kept."""
    owner = values.base
    if not isinstance(owner, np.ndarray) or owner.flags.writeable:
        return _painted(theme, values, ramp, vmax)
    # The array is kept with its picture, so that no other is at its address.
    place = values.__array_interface__["data"][0]
    key = (place, values.shape, values.strides, ramp, vmax, theme.name)
    found: tuple[np.ndarray, QImage] = _kept.get(
        key, lambda: (values, _painted(theme, values, ramp, vmax))
    )
    return found[1]


def _painted(theme: Theme, values: np.ndarray, ramp: str, vmax: float) -> QImage:
    if ramp != GRAY:
        return heat(theme, values, ramp, vmax)
    level = levels(values, ramp, vmax).astype(np.uint32)
    return from_words(np.uint32(0xFF000000) | level * np.uint32(0x010101))


def photo(theme: Theme, pixels: np.ndarray, ramp: str = INK) -> QImage:
    """Return an input image, (height, width, channels) scaled 0..1 or uint8: `ramp` for one channel, else colours."""
    values = np.asarray(pixels, np.float32)
    if pixels.dtype == np.uint8:
        values = values / np.float32(255)
    if values.ndim == 2 or values.shape[-1] == 1:
        return _painted(theme, values.reshape(values.shape[:2]), ramp, 1.0)
    rgb = np.clip(values[..., :3] * 255, 0, 255).astype(np.uint32)
    return from_words(0xFF000000 | rgb[..., 0] << 16 | rgb[..., 1] << 8 | rgb[..., 2])


def place(
    painter: QPainter, x: float, y: float, w: float, h: float, image: QImage, smooth: bool
) -> None:
    """Draw an image into a rectangle: smoothly, or by nearest neighbour with square pixels kept square."""
    if draw.is_vector(painter) and not smooth:
        # Vector viewers blur small images; a nearest-neighbour enlargement keeps the cells.
        factor = max(1, int(np.ceil(2 * w / image.width())))
        image = image.scaled(image.width() * factor, image.height() * factor)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
    painter.drawImage(QRectF(x, y, w, h), image)


#: Activations whose values never leave [-1, 1].
_UP_TO_ONE = ("tanh", "sigmoid", "softmax", "hard_sigmoid", "softsign", "binary_step")


def extent(values: np.ndarray | None, activation: str = "") -> float:
    """Return what gets the ramp's last colour: 1 for bounded activations, else the 99th percentile of sizes."""
    if activation in _UP_TO_ONE:
        return 1.0
    if values is None or values.size == 0:
        return 1.0
    sizes = np.abs(values[np.isfinite(values)])
    if sizes.size == 0:
        return 1.0
    top = float(np.percentile(sizes, 99))
    return top if top > 0 else float(sizes.max()) or 1.0


def is_beyond(largest: float, end: float) -> bool:
    """Tell whether the largest number shown lies beyond the end of its colours by more than is seen in two digits."""
    return largest > end * 1.005
