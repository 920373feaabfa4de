"""Every layer, under its Keras name. Adding a layer is adding a file here and its import below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.layers.activation import Activation
from core.layers.activations import ELU, LeakyReLU, PReLU, ReLU, Softmax
from core.layers.base import Layer, Weight
from core.layers.batch_normalization import BatchNormalization
from core.layers.bidirectional import Bidirectional
from core.layers.convolution import Conv1D, Conv2D
from core.layers.dense import Dense
from core.layers.depthwise import DepthwiseConv2D, SeparableConv2D
from core.layers.dropout import Dropout, GaussianNoise, SpatialDropout1D, SpatialDropout2D
from core.layers.embedding import Embedding
from core.layers.global_pooling import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
)
from core.layers.gru import GRU
from core.layers.input import Input, InputLayer
from core.layers.layer_normalization import LayerNormalization
from core.layers.lstm import LSTM
from core.layers.merge import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from core.layers.padding import Cropping1D, Cropping2D, ZeroPadding1D, ZeroPadding2D
from core.layers.pooling import AveragePooling1D, AveragePooling2D, MaxPooling1D, MaxPooling2D
from core.layers.reshaping import Flatten, Permute, RepeatVector, Reshape
from core.layers.simple_rnn import SimpleRNN
from core.layers.time_distributed import TimeDistributed
from core.layers.transposed import Conv2DTranspose
from core.layers.upsampling import UpSampling1D, UpSampling2D
from core.naming import no_attribute

__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "Activation",
    "Add",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "BatchNormalization",
    "Bidirectional",
    "Concatenate",
    "Conv1D",
    "Conv2D",
    "Conv2DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Dense",
    "DepthwiseConv2D",
    "Dot",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "Input",
    "InputLayer",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "MaxPooling1D",
    "MaxPooling2D",
    "Maximum",
    "Minimum",
    "Multiply",
    "PReLU",
    "Permute",
    "ReLU",
    "RepeatVector",
    "Reshape",
    "SeparableConv2D",
    "SimpleRNN",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "Subtract",
    "TimeDistributed",
    "UpSampling1D",
    "UpSampling2D",
    "Weight",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "add",
    "average",
    "concatenate",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]


if not TYPE_CHECKING:
    # Type checkers look for names themselves.

    def __getattr__(name: str) -> Any:
        """Say which layer was probably meant."""
        raise no_attribute("core.layers", name, __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
