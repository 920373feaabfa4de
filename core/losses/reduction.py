"""From one number a sample to one number a batch, as Keras 3 does it: ``keras/src/losses/loss.py``."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.errors import ChainruleError

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


def same_rank(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both with as many axes, if they differ by a last axis of length 1."""
    if a.ndim == b.ndim + 1 and a.shape[-1] == 1:
        return (a, b[:, None]) if b.ndim == 1 else (a[..., 0], b)
    if b.ndim == a.ndim + 1 and b.shape[-1] == 1:
        return (a[:, None], b) if a.ndim == 1 else (a, b[..., 0])
    return a, b


def reduce(
    values: np.ndarray,
    reduction: str | None,
    sample_weight: Any = None,
    mask: np.ndarray | None = None,
) -> Any:
    """One number from many.

    Parameters
    ----------
    values
        The losses (batch, ...).
    reduction
        "sum_over_batch_size" (and "mean", the same) divides by how many there are, "mean_with_sample_weight" by the
        sum of the weights, "sum" not at all; None gives the array.
    sample_weight
        What each of them is multiplied by.
    mask
        Which of them count. A mean then divides by how many count.
    """
    weight = None if sample_weight is None else np.asarray(sample_weight, np.float64)
    if mask is not None:
        counts = mask.astype(np.float64)
        if reduction in ("mean", "sum_over_batch_size"):
            counts *= mask.size / counts.sum() if counts.any() else 0.0
        if weight is None:
            weight = counts
        else:
            counts, weight = same_rank(counts, weight)
            weight = weight * counts
    if weight is not None:
        values, weight = same_rank(values, weight)
        try:
            values = values * weight
        except ValueError as error:
            raise ChainruleError(
                f"The sample weights have shape {weight.shape}, but there are losses of shape {values.shape}: give one "
                "weight for each sample, or for each of its time steps."
            ) from error
    if reduction is None or values.shape in ((), (0,)):
        return values if values.shape else float(values)
    total = float(values.sum())
    if reduction == "sum":
        return total
    if reduction == "mean_with_sample_weight" and weight is not None:
        over = float(weight.sum())
        return total / over if over else 0.0
    return total / values.size
