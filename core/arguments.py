"""What a learner hands to a model, as arrays; what cannot be one is refused in a sentence."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from core.errors import ChainruleError, ShapeError


def numbers_of(value: Any, what: str) -> np.ndarray:
    """`value` as an array of numbers, one row a sample.

    Raises
    ------
    core.errors.ChainruleError
        It is nothing, a text, a single number, or rows of different lengths.
    """
    if value is None:
        raise ChainruleError(f"{what} is missing: give an array of shape (samples, ...).")
    try:
        found = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise ChainruleError(_ragged(what)) from error
    if found.dtype.kind == "O":
        raise ChainruleError(_ragged(what))
    if found.dtype.kind not in "biuf":
        got = "text" if found.dtype.kind in "US" else str(found.dtype)
        raise ChainruleError(f"{what} must be numbers; {got} is given.")
    if found.ndim == 0:
        raise ChainruleError(
            f"{what} must be an array of shape (samples, ...); it is the single number {found}."
        )
    return found


def several(value: Any, count: int, what: str) -> list[np.ndarray]:
    """One array for each of `count` inputs or outputs; a list of arrays if there is more than one."""
    if count == 1:
        return [numbers_of(value, what)]
    if not isinstance(value, (list, tuple)) or len(value) != count:
        given = len(value) if isinstance(value, (list, tuple)) else 1
        sides = "inputs" if what == "x" else "outputs"
        raise ChainruleError(
            f"The model has {count} {sides}, so {what} must be a list of {count} arrays; {given} "
            f"{'is' if given == 1 else 'are'} given."
        )
    return [numbers_of(item, f"{what}[{k}]") for k, item in enumerate(value)]


def require_shape(samples: np.ndarray, shape: tuple[int, ...]) -> None:
    """Say so if a sample has not as many numbers as an Input layer expects."""
    given = tuple(samples.shape[1:])
    if given != shape and prod(given) != prod(shape):
        raise ShapeError(
            "Does not fit the data",
            f"Each sample must have shape {shape}; the given ones have {given}.",
        )


def require_equal_lengths(xs: list[np.ndarray], ys: list[np.ndarray]) -> None:
    """Say so if inputs and targets are not of the same samples."""
    lengths = [len(item) for item in (*xs, *ys)]
    if len(set(lengths)) > 1:
        counts = " and ".join(f"{n:,}" for n in lengths)
        raise ChainruleError(
            f"Every sample needs its inputs and its target, but x and y have {counts} samples."
        )


def weight_values(value: Any, shape: tuple[int, ...], name: str) -> np.ndarray:
    """New numbers for a weight."""
    found = numbers_of(value, name) if shape else np.asarray(value)
    if found.shape != shape:
        raise ChainruleError(f"{name} has shape {shape}; the given values have {found.shape}.")
    return found.astype(np.float32)


def _ragged(what: str) -> str:
    return f"{what} must be numbers in rows of one length; the given ones do not form an array."
