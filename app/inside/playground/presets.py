"""What known filters are called, and what is done to the picture, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from app import text
from app.scenes.playground_layout import short
from app.text import tr

if TYPE_CHECKING:
    from app.scenes.playground_settings import Settings

#: What filters are called, and what they do.
PRESETS = {
    "identity": (tr("Identity"), tr("The picture as it is: only the pixel itself counts")),
    "box": (tr("Box blur"), tr("The mean of all pixels of the window")),
    "gaussian": (tr("Gaussian blur"), tr("A mean in which near pixels count more")),
    "sharpen": (tr("Sharpen"), tr("The picture plus its difference from a blur")),
    "emboss": (tr("Emboss"), tr("The picture as a relief, lit from above left")),
    "prewitt_x": (tr("Prewitt x"), tr("Right minus left: upright edges")),
    "prewitt_y": (tr("Prewitt y"), tr("Below minus above: level edges")),
    "sobel_x": (tr("Sobel x"), tr("Right minus left, smoothed along the edge")),
    "sobel_y": (tr("Sobel y"), tr("Below minus above, smoothed along the edge")),
    "laplacian": (tr("Laplacian"), tr("Neighbours minus the pixel: edges in every direction")),
}  # fmt: skip
OWN_FILTER = (tr("Your own"), tr("Numbers of your own"))


def factors(kernel: np.ndarray) -> str:
    """A kernel of whole numbers as a column times a row, where it is one: ``(1 2 1)ᵀ · (−1 0 1)``, else ``""``.

    Such a kernel can be slid as two thin ones, one after the other.
    """
    if kernel.size == 1 or not kernel.any() or not np.array_equal(kernel, np.rint(kernel)):
        return ""
    whole = kernel.astype(np.int64)
    row = whole[np.flatnonzero(whole.any(axis=1))[0]]
    row = row // np.gcd.reduce(row)
    at = int(np.flatnonzero(row)[0])
    column = whole[:, at] // row[at]
    if not np.array_equal(np.outer(column, row), whole):
        return ""
    if column.sum() < 0 or (column.sum() == 0 and row.sum() < 0):
        column, row = -column, -row
    said = (" ".join(text.number(int(value)) for value in one) for one in (column, row))
    return "({})ᵀ · ({})".format(*said)


def described(settings: Settings) -> tuple[str, ...]:
    """What is done to the picture."""
    if settings.operation == "convolution":
        said = [f"{PRESETS.get(settings.preset, OWN_FILTER)[0]} {settings.size}×{settings.size}"]
        if settings.turned:
            said.append(tr("kernel turned"))
        if settings.factor != 1:
            said.append(tr("times {factor}", factor=short(settings.factor)))
        if settings.bias:
            said.append(tr("bias {bias}", bias=short(settings.bias)))
    else:
        words = tr("Max pool") if settings.operation == "max" else tr("Mean")
        said = [f"{words} {settings.pool}×{settings.pool}"]
    padding = settings.asked()["padding"]
    said.append(tr("padding {padding}", padding=padding))
    said.append(tr("stride {stride}", stride=settings.stride))
    if settings.dilation > 1 and settings.operation == "convolution":
        said.append(tr("dilation {dilation}", dilation=settings.dilation))
    return tuple(said)
