"""Small networks whose loss is looked at."""

from __future__ import annotations

from typing import Any

import numpy as np

import core
from core import layers


def points(samples: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Points in four numbers, and their classes."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(samples, 4)).astype(np.float32)
    return x, (x[:, 0] + x[:, 1] * x[:, 2] > 0).astype(np.int64)


def chancy(seed: int = 3) -> Any:
    """A model with dropout, batch normalization and a penalty: training and measuring differ in all three."""
    model = core.Sequential(
        [
            core.Input((4,)),
            layers.Dense(6, activation="tanh", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.Dropout(0.4),
            layers.Dense(2, activation="softmax"),
        ],
        seed=seed,
    )
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def trained(epochs: int = 3) -> tuple[Any, np.ndarray, np.ndarray]:
    """`chancy` after some epochs, and what it was trained on."""
    model, (x, y) = chancy(), points()
    model.fit(x, y, batch_size=16, epochs=epochs)
    return model, x, y
