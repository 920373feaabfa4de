"""One weight of a model as an object: what ``model.weights`` and ``layer.trainable_weights`` list, as in Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from core.layers.base import Layer, Shape
    from core.model.weights import Weights


class Variable:
    """A weight by its name; it reads and writes the model's present values.

    Attributes
    ----------
    name
        Keras's name within the layer, "kernel".
    path
        Its name on the tape, "dense/kernel".
    shape, trainable
        As the layer made it; moving statistics do not learn.
    """

    def __init__(self, model: Weights, path: str, role: str, shape: Shape, trainable: bool) -> None:
        self._model = model
        self.path, self.name, self.shape, self.trainable = (
            path,
            role.rsplit("/", 1)[-1],
            shape,
            trainable,
        )
        self.dtype = "float32"

    def numpy(self) -> np.ndarray:
        """A copy of the present values."""
        return self._model.weights_by_name()[self.path]

    def assign(self, value: Any) -> None:
        """Replace the values."""
        self._model.set_weights_by_name({self.path: value})

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.numpy(), dtype)

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}, value={self.numpy()}>"


def variables(model: Weights, layer: Layer | None = None) -> list[Variable]:
    """The weights of a model, or of one of its layers, in the order of `get_weights`."""
    return [
        Variable(model, path, weight.role, tuple(weight.shape), owner.learns(weight))
        for path, owner, weight in model.named_weights()
        if layer is None or owner is layer
    ]
