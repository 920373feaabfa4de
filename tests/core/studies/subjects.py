"""A small model and samples that every study of the tests is about."""

from __future__ import annotations

from typing import Any

import numpy as np

import core
from core import layers, optimizers


def samples(count: int = 90) -> tuple[np.ndarray, np.ndarray]:
    """Points of three classes, unequally many."""
    rng = np.random.default_rng(5)
    labels = rng.choice(3, count, p=[0.5, 0.3, 0.2])
    centres = np.array([[-1.0, 0.0], [1.0, 0.5], [0.0, 1.5]])
    x = centres[labels] + 0.3 * rng.normal(size=(count, 2))
    return x.astype(np.float32), labels


def model(seed: int = 3, **compiled: Any) -> core.Model:
    """Dropout and batch normalization: chance and statistics of the batch."""
    made = core.Sequential(
        [
            core.Input((2,)),
            layers.Dense(8, activation="relu", name="hidden"),
            layers.BatchNormalization(),
            layers.Dropout(0.2, name="drop"),
            layers.Dense(3, activation="softmax", name="last"),
        ],
        seed=seed,
    )
    given: dict[str, Any] = {
        "optimizer": optimizers.Adam(0.01),
        "loss": "sparse_categorical_crossentropy",
        "metrics": ["accuracy"],
    }
    made.compile(**(given | compiled))
    return made
