"""Word (token) embeddings."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from core.errors import AdviceWarning
from core.layers.base import Layer, Shape, Weight
from core.layers.settings import (
    EMBEDDINGS_CONSTRAINT,
    EMBEDDINGS_INITIALIZER,
    EMBEDDINGS_REGULARIZER,
    Setting,
)

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor


class Embedding(Layer):
    """``y[t] = embeddings[x[t]]``: a learned row for each token. Source: Keras ``Embedding``.

    Input ``(batch, length)`` of whole numbers; output ``(batch, length, output_dim)``; further axes, as of sentences in
    a text, stay as they are. With ``mask_zero`` token 0 is padding: later recurrent layers skip it.
    """

    family = "Recurrent"
    summary = "Looks up a learned list of numbers for each word or token."
    icon = "embedding"
    settings = (
        Setting("input_dim", "Vocabulary", "int", 1000, 1, 2**24, help="Number of different tokens.", required=True),
        Setting("output_dim", "Dimensions", "int", 16, 1, 4096, help="Numbers per token.", required=True),
        EMBEDDINGS_INITIALIZER,
        EMBEDDINGS_REGULARIZER,
        EMBEDDINGS_CONSTRAINT,
        Setting("mask_zero", "Mask zero", "bool", False, help="Treat token 0 as padding."),
    )  # fmt: skip

    def _take_sample_shape(self, kwargs: dict[str, Any]) -> None:
        if kwargs.pop("input_length", None) is not None:
            # As Keras 3, which knows the length from the data.
            message = "Embedding: input_length does nothing; leave it out."
            warnings.warn(message, AdviceWarning, stacklevel=4)
        super()._take_sample_shape(kwargs)

    def output_shape(self, shapes: list[Shape]) -> Shape:
        return (*shapes[0], self["output_dim"])

    def weights(self, shapes: list[Shape]) -> tuple[Weight, ...]:
        shape = (self["input_dim"], self["output_dim"])
        table = Weight(
            "embeddings", shape, self["embeddings_initializer"], symbol="E", filters=(0,)
        )
        return (table,)

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        y = e.op("embed", inputs[0], e.weight("embeddings"), role="a")
        if self["mask_zero"]:
            e.set_mask(y, e.op("not_equal_zero", inputs[0], role="mask"))
        return y

    def describe(self) -> tuple[str, str]:
        return (
            f"{self['input_dim']} × {self['output_dim']}",
            "mask 0" if self["mask_zero"] else "",
        )
