"""Pictures of attributions: an input, and over it which of its pixels mattered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from app.scenes.images import GRAY, INK, from_words, levels

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from app.theme import Theme

#: Methods whose numbers have a sign: for and against the class.
SIGNED = frozenset({"integrated_gradients", "occlusion", "input_x_gradient", "guided_backprop"})
#: How much of the input's contrast is left under a map.
_UNDER = 0.78
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def per_pixel(values: np.ndarray, signed: bool) -> np.ndarray:
    """One number for each pixel: channels are summed, or of sizes the largest is taken.

    Parameters
    ----------
    values
        (height, width) or (height, width, channels).
    signed
        Whether the numbers speak for and against.
    """
    if values.ndim == 2:
        return values
    return values.sum(-1) if signed else values.max(-1)


def pixels_of(values: np.ndarray, method: str, signed: bool | None = None) -> np.ndarray:
    """What a method says of each pixel: (height, width).

    A window of occlusion hides all channels at once, so that each of them has the number of the pixel.
    """
    if method == "occlusion" and values.ndim == 3:
        return values[..., 0]
    return per_pixel(values, method in SIGNED if signed is None else signed)


def highest(values: np.ndarray) -> float:
    """The number that gets the last colour: the largest size but for one pixel in 200."""
    sizes = np.abs(values[np.isfinite(values)])
    if not sizes.size:
        return 1.0
    top = float(np.quantile(sizes, 0.995))
    return top if top > 0 else float(sizes.max()) or 1.0


def ground(theme: Theme, x: np.ndarray, ramp: str = INK) -> np.ndarray:
    """The input as grey colours, (height, width, 3) from 0 to 255: over them only the map has colour.

    Of colour images it is the luma (ITU-R BT.601); all is brought a little towards the ground of the page.
    """
    values = np.clip(np.nan_to_num(np.asarray(x, np.float32)), 0, 1)
    if ramp == GRAY and (values.ndim == 2 or values.shape[-1] == 1):
        values = np.repeat(values.reshape(*values.shape[:2], 1), 3, -1)
    if values.ndim == 2 or values.shape[-1] == 1:
        table = theme.table("ink")[:, :3].astype(np.float32)
        grey = table[np.rint(values.reshape(values.shape[:2]) * 255).astype(np.uint8)]
    else:
        weights = _LUMA if values.shape[-1] >= 3 else np.full(1, 1.0, np.float32)
        luma = values[..., : len(weights)] @ weights * np.float32(255)
        grey = np.repeat(luma[..., None], 3, -1)
    paper = theme.bg0
    page = np.array([paper.red(), paper.green(), paper.blue()], np.float32)
    mixed: np.ndarray = grey * np.float32(_UNDER) + page * np.float32(1 - _UNDER)
    return mixed


#: Grounds painted last, with the arrays they are of: several methods lie over one input.
_grounds: list[tuple[np.ndarray, tuple[str, str], np.ndarray]] = []


def _ground(theme: Theme, x: np.ndarray, ramp: str) -> np.ndarray:
    """As `ground`, kept for the inputs painted last; nobody writes to an input."""
    for of, name, kept in _grounds:
        if of is x and name == (theme.name, ramp):
            return kept
    made = ground(theme, x, ramp)
    _grounds.insert(0, (x, (theme.name, ramp), made))
    del _grounds[4:]
    return made


def overlay(
    theme: Theme, x: np.ndarray, pixels: np.ndarray, *, signed: bool, top: float, opacity: float,
    ramp: str = INK,
) -> np.ndarray:  # fmt: skip
    """An input with a map over it: the stronger a pixel of the map, the more of its colour is seen.

    Parameters
    ----------
    x
        (height, width, channels), from 0 to 1.
    pixels
        (height, width): see `per_pixel`.
    signed, top
        Which ramp, and what gets its last colour.
    opacity
        Of the strongest pixels, from 0 to 1.
    ramp
        The greys of an input of one channel: ink, or a photograph's.

    Returns
    -------
    Words of QImage.Format_RGB32, (height, width).
    """
    # One entry for each of the ramp's 256 colours: what it adds, and how much of the input it leaves.
    entries = np.arange(256, dtype=np.float32)
    if signed:
        # The diverging ramp's middle is the colour of nothing: over a picture nothing is seen there.
        t = np.clip((entries - 128) / 127, -1, 1)
        full = theme.table("signed")[:, :3].astype(np.float32)
        color = full[np.where(t < 0, 1, 255)]
        weight = np.abs(t) ** np.float32(0.85) * np.float32(opacity)
        chosen = levels(pixels, "signed", top)
    else:
        t = entries / 255
        table = theme.table("magnitude")[:, :3].astype(np.float32)
        color = table[np.rint((0.35 + 0.65 * t) * 255).astype(np.uint8)]
        weight = t ** np.float32(0.85) * np.float32(opacity)
        chosen = levels(pixels, "magnitude", top)
    added, left = color * weight[:, None], (1 - weight)[:, None]
    under = _ground(theme, x, ramp)
    if under.shape[:2] != pixels.shape:
        rows = np.arange(pixels.shape[0]) * under.shape[0] // pixels.shape[0]
        columns = np.arange(pixels.shape[1]) * under.shape[1] // pixels.shape[1]
        under = under[rows][:, columns]
    rgb = np.clip(under * left[chosen] + added[chosen], 0, 255).astype(np.uint32)
    words: np.ndarray = 0xFF000000 | rgb[..., 0] << 16 | rgb[..., 1] << 8 | rgb[..., 2]
    return words


def picture(
    theme: Theme,
    x: np.ndarray,
    values: np.ndarray,
    method: str,
    *,
    top: float | None = None,
    opacity: float = 0.8,
    signed: bool | None = None,
    ramp: str = INK,
) -> QImage:
    """An attribution as a picture of one pixel a number; `signed` where a setting changes what the method gives."""
    signed = method in SIGNED if signed is None else signed
    pixels = pixels_of(values, method, signed)
    words = overlay(
        theme,
        x,
        pixels,
        signed=signed,
        top=highest(pixels) if top is None else top,
        opacity=opacity,
        ramp=ramp,
    )
    return from_words(words)
