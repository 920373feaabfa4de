"""Filters that were designed by hand before networks learned theirs: blurs, edges, relief. Whole numbers, any odd size.

Source: Gonzalez and Woods, Digital Image Processing. As everywhere in deep learning they are applied without being
turned round; ``sobel_x`` answers positively where an image grows brighter towards the right, ``sobel_y`` downwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from core.errors import ChainruleError

SIZES = (1, 3, 5, 7)


@dataclass(frozen=True)
class ClassicFilter:
    """One of them.

    Attributes
    ----------
    make
        (size, size) of an odd size.
    divide
        Whether it is meant to be divided by the sum of its numbers, so that a plain grey stays as bright as it is.
    least
        The smallest size at which it is itself.
    """

    make: Callable[[int], np.ndarray]
    divide: bool = False
    least: int = 3


def binomial(size: int) -> np.ndarray:
    """``1 4 6 4 1`` for 5: whole numbers close to a Gaussian bell."""
    row = np.ones(1)
    for _ in range(size - 1):
        row = np.convolve(row, [1.0, 1.0])
    return row


def _identity(size: int) -> np.ndarray:
    kernel = np.zeros((size, size))
    kernel[size // 2, size // 2] = 1.0
    return kernel


def _gaussian(size: int) -> np.ndarray:
    return np.outer(binomial(size), binomial(size))


def _sharpen(size: int) -> np.ndarray:
    if size == 3:
        return np.array([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]])
    # Twice the image less its blur.
    blur = _gaussian(size)
    kernel: np.ndarray = 2 * blur.sum() * _identity(size) - blur
    return kernel


def _emboss(size: int) -> np.ndarray:
    away = np.arange(size) - size // 2
    kernel: np.ndarray = away[:, None] + away + _identity(size)
    return kernel


def _prewitt(size: int) -> np.ndarray:
    return np.tile(np.arange(size) - float(size // 2), (size, 1))


def _difference(size: int, order: int) -> np.ndarray:
    """The first or second difference of neighbours, smoothed along its own direction."""
    return np.convolve([-1.0, 0, 1] if order == 1 else [1.0, -2, 1], binomial(size - 2))


def _sobel(size: int) -> np.ndarray:
    kernel: np.ndarray = np.outer(binomial(size), _difference(size, 1))
    return kernel


def _laplacian(size: int) -> np.ndarray:
    if size == 3:
        return np.array([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])
    one: np.ndarray = np.outer(_difference(size, 2), binomial(size))
    kernel: np.ndarray = one + one.T
    return kernel


FILTERS: Mapping[str, ClassicFilter] = MappingProxyType(
    {
        "identity": ClassicFilter(_identity, least=1),
        "box": ClassicFilter(lambda size: np.ones((size, size)), divide=True),
        "gaussian": ClassicFilter(_gaussian, divide=True),
        "sharpen": ClassicFilter(_sharpen, divide=True),
        "emboss": ClassicFilter(_emboss),
        "prewitt_x": ClassicFilter(_prewitt),
        "prewitt_y": ClassicFilter(lambda size: _prewitt(size).T.copy()),
        "sobel_x": ClassicFilter(_sobel),
        "sobel_y": ClassicFilter(lambda size: _sobel(size).T.copy()),
        "laplacian": ClassicFilter(_laplacian),
    }
)


def classic_filter(name: str, size: int = 3) -> np.ndarray:
    """Return one of `FILTERS`.

    Parameters
    ----------
    name
        Such as ``"sobel_x"``.
    size
        Odd; filters that are nothing at size 1 are made 3 large.

    Returns
    -------
    (size, size) float64, before it is divided by its sum.

    Raises
    ------
    core.errors.ChainruleError
        There is no such filter, or the size is even.
    """
    if name not in FILTERS:
        message = f"There is no filter called {name!r}; there are {', '.join(FILTERS)}."
        raise ChainruleError(message)
    if size < 1 or size % 2 == 0:
        message = f"A filter has a middle, so its size is odd: 1, 3, 5 or 7. {size} is given."
        raise ChainruleError(message)
    return FILTERS[name].make(max(size, FILTERS[name].least))


def name_of(kernel: np.ndarray) -> str:
    """Return which of `FILTERS` these numbers are, or ``""``."""
    rows, columns = kernel.shape
    if rows != columns or rows % 2 == 0:
        return ""
    return next(
        (
            name
            for name, one in FILTERS.items()
            if rows >= one.least and np.array_equal(one.make(rows), kernel)
        ),
        "",
    )
