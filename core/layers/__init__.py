"""Every layer, under its Keras name. Adding a layer is adding a file here and its import below."""

from __future__ import annotations

from core.layers.activation import Activation
from core.layers.activations import ELU, LeakyReLU, PReLU, ReLU, Softmax
from core.layers.base import Layer, Weight
from core.layers.batch_normalization import BatchNormalization
from core.layers.conv2d import Conv2D
from core.layers.dense import Dense
from core.layers.dropout import Dropout, GaussianNoise, SpatialDropout1D, SpatialDropout2D
from core.layers.embedding import Embedding
from core.layers.gru import GRU
from core.layers.input import InputLayer
from core.layers.lstm import LSTM
from core.layers.merge import Add
from core.layers.padding import ZeroPadding2D
from core.layers.pooling import MaxPooling2D
from core.layers.reshaping import Flatten
from core.layers.simple_rnn import SimpleRNN

__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "Activation",
    "Add",
    "BatchNormalization",
    "Conv2D",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianNoise",
    "InputLayer",
    "Layer",
    "LeakyReLU",
    "MaxPooling2D",
    "PReLU",
    "ReLU",
    "SimpleRNN",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "Weight",
    "ZeroPadding2D",
]
