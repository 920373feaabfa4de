"""Losses as functions under their Keras names: the numbers before they are reduced to one, a number a sample.

>>> from core import losses
>>> losses.mean_squared_error([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]])
array([0.5, 0.5])

``compile(loss=losses.mean_squared_error)`` means the loss of that name.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from core.errors import SettingError
from core.losses import classification, regression

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from core.losses.base import Loss

_EITHER = inspect.Parameter.POSITIONAL_OR_KEYWORD


def _function(kind: type[Loss]) -> Callable[..., np.ndarray]:
    """The function of a loss; it takes the loss's own arguments, in Keras's order, after targets and predictions."""
    # Keras gives the reduction its place among the arguments of the class; a function has none.
    own = [name for name, _ in kind.arguments if name not in ("reduction", "name", "dtype")]

    def function(y_true: Any, y_pred: Any, *args: Any, **kwargs: Any) -> np.ndarray:
        if len(args) > len(own):
            takes = ", ".join(["y_true", "y_pred", *own])
            message = f"{kind.name} takes {takes}; {2 + len(args)} arguments are given."
            raise SettingError(message)
        for key in kwargs:
            if key not in own or key in own[: len(args)]:
                why = "is given twice" if key in own else "is not an argument of it"
                raise SettingError(f"{kind.name}: {key!r} {why}.", key)
        loss = kind(**dict(zip(own, args, strict=False)), **kwargs)
        loss.warn(y_true)
        return loss.values(y_true, y_pred)

    function.__name__ = function.__qualname__ = kind.name
    function.__doc__ = (
        f"{(kind.__doc__ or '').strip()}\n\n"
        "    Not reduced: targets and predictions (batch, ..., outputs) give (batch, ...), in float64."
    )
    parameters = [inspect.Parameter(name, _EITHER) for name in ("y_true", "y_pred")]
    parameters += [
        inspect.Parameter(name, _EITHER, default=default)
        for name, default in kind.arguments
        if name in own
    ]
    function.__dict__.update(loss=kind, __signature__=inspect.Signature(parameters))
    return function


binary_crossentropy = _function(classification.BinaryCrossentropy)
categorical_crossentropy = _function(classification.CategoricalCrossentropy)
categorical_hinge = _function(classification.CategoricalHinge)
hinge = _function(classification.Hinge)
kl_divergence = _function(classification.KLDivergence)
sparse_categorical_crossentropy = _function(classification.SparseCategoricalCrossentropy)
squared_hinge = _function(classification.SquaredHinge)
cosine_similarity = _function(regression.CosineSimilarity)
half_squared_error = _function(regression.HalfSquaredError)
huber = _function(regression.Huber)
log_cosh = _function(regression.LogCosh)
mean_absolute_error = _function(regression.MeanAbsoluteError)
mean_absolute_percentage_error = _function(regression.MeanAbsolutePercentageError)
mean_squared_error = _function(regression.MeanSquaredError)
mean_squared_logarithmic_error = _function(regression.MeanSquaredLogarithmicError)
poisson = _function(regression.Poisson)
