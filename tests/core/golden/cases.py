"""What is compared with Keras: documents under Keras's names, with numbers drawn from fixed seeds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.core.golden.layers.case import ROWS, Chain, drawn, weight_values

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class LossCase:
    """A loss of probabilities (behind its activation) or of logits."""

    name: str
    loss: str
    from_logits: bool
    outputs: int
    #: Predictions at the borders, where Keras keeps them away from 0 and 1.
    extreme: bool = False
    #: Another activation than the loss's own: probabilities that do not sum to 1.
    behind: str = ""

    @property
    def link(self) -> str | None:
        """The activation between the logits and what the loss is given."""
        return None if self.from_logits else (self.behind or LINKS.get(self.loss))


LOSSES: tuple[LossCase, ...] = (
    LossCase("mse", "mean_squared_error", False, 3),
    LossCase("mse of one", "mean_squared_error", False, 1),
    LossCase("half squared", "half_squared_error", False, 3),
    LossCase("binary", "binary_crossentropy", False, 1),
    LossCase("binary of three", "binary_crossentropy", False, 3),
    LossCase("binary, logits", "binary_crossentropy", True, 2),
    LossCase("categorical", "categorical_crossentropy", False, 4),
    LossCase("categorical, logits", "categorical_crossentropy", True, 4),
    LossCase("sparse", "sparse_categorical_crossentropy", False, 4),
    LossCase("sparse, logits", "sparse_categorical_crossentropy", True, 4),
    LossCase("binary, certain", "binary_crossentropy", False, 1, extreme=True),
    LossCase("sparse, certain", "sparse_categorical_crossentropy", False, 4, extreme=True),
    LossCase("binary, certain logits", "binary_crossentropy", True, 2, extreme=True),
    LossCase("categorical, certain logits", "categorical_crossentropy", True, 4, extreme=True),
    LossCase("sparse, certain logits", "sparse_categorical_crossentropy", True, 4, extreme=True),
    LossCase("categorical of any sum", "categorical_crossentropy", False, 4, behind="sigmoid"),
    LossCase("sparse of any sum", "sparse_categorical_crossentropy", False, 4, behind="sigmoid"),
)
LINKS = {"binary_crossentropy": "sigmoid", "categorical_crossentropy": "softmax",
         "sparse_categorical_crossentropy": "softmax"}  # fmt: skip

OPTIMIZERS: dict[str, dict[str, Any]] = {
    "sgd": {"kind": "SGD", "learning_rate": 0.1},
    "momentum": {"kind": "SGD", "learning_rate": 0.05, "momentum": 0.9},
    "nesterov": {"kind": "SGD", "learning_rate": 0.05, "momentum": 0.8, "nesterov": True},
    "adam": {"kind": "Adam"},
    "adam, other": {
        "kind": "Adam",
        "learning_rate": 0.02,
        "beta_1": 0.8,
        "beta_2": 0.95,
        "epsilon": 1e-4,
    },
}
OPTIMIZER_STEPS = 10


@dataclass(frozen=True)
class TrainingCase:
    """Twenty steps from the same weights through the same batches."""

    name: str
    shape: tuple[int, ...]
    layers: Chain
    optimizer: dict[str, Any]
    loss: str
    samples: int
    batch_size: int
    outputs: int


TRAININGS: tuple[TrainingCase, ...] = (
    TrainingCase("mlp", (6,), (
        ("Dense", {"units": 10, "activation": "relu"}), ("Dense", {"units": 8, "activation": "tanh"}),
        ("Dense", {"units": 3, "activation": "softmax"})),
        {"kind": "Adam", "learning_rate": 0.01}, "sparse_categorical_crossentropy", 46, 8, 3),
    TrainingCase("cnn", (8, 8, 1), (
        ("Conv2D", {"filters": 4, "kernel_size": [3, 3], "padding": "same", "activation": "relu"}),
        ("MaxPooling2D", {}),
        ("Conv2D", {"filters": 6, "kernel_size": [3, 3], "activation": "relu"}), ("Flatten", {}),
        ("Dense", {"units": 4, "activation": "softmax"})),
        {"kind": "SGD", "learning_rate": 0.05, "momentum": 0.9}, "categorical_crossentropy", 40, 8, 4),
    TrainingCase("regularized", (6,), (
        ("Dense", {"units": 10, "activation": "tanh", "kernel_regularizer": "l2", "bias_regularizer": "l1",
                   "activity_regularizer": {"class_name": "L1L2", "config": {"l1": 0.01, "l2": 0.02}}}),
        ("Dense", {"units": 3, "activation": "softmax", "kernel_regularizer": "l1"})),
        {"kind": "Adam", "learning_rate": 0.01}, "sparse_categorical_crossentropy", 30, 8, 3),
)  # fmt: skip
TRAINING_STEPS = 20


# ---- numbers ------------------------------------------------------------------------------------------------------


def start_weights(case: str, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The weights both sides of a training start from."""
    # Small: where a probability is below 1e-7 Keras's gradient of a cross-entropy is 0, and ours is p - t all the
    # same, so that a network that is sure and wrong goes on learning.
    return weight_values(case, name, shape, 0.15)


def loss_inputs(case: LossCase) -> tuple[np.ndarray, np.ndarray]:
    """(targets, logits)."""
    rng = drawn(case.name)
    logits = rng.normal(0, 30 if case.extreme else 1, (ROWS, case.outputs)).astype(np.float32)
    if case.loss.startswith("sparse"):
        return rng.integers(0, case.outputs, (ROWS, 1)).astype(np.float32), logits
    if case.loss.startswith("categorical"):
        return np.eye(case.outputs, dtype=np.float32)[rng.integers(0, case.outputs, ROWS)], logits
    if case.loss.startswith("binary"):
        return rng.integers(0, 2, (ROWS, case.outputs)).astype(np.float32), logits
    return rng.normal(size=(ROWS, case.outputs)).astype(np.float32), logits


def gradients(name: str) -> np.ndarray:
    """What the optimizers are fed: (steps, 3, 2), of very different sizes."""
    rng = drawn(name)
    sizes = 10.0 ** rng.integers(-6, 2, (1, 3, 2))
    return (rng.normal(size=(OPTIMIZER_STEPS, 3, 2)) * sizes).astype(np.float32)


def training_data(case: TrainingCase) -> tuple[np.ndarray, np.ndarray]:
    """Samples and whole-number labels."""
    rng = drawn(case.name)
    return rng.normal(size=(case.samples, *case.shape)).astype(np.float32), rng.integers(
        0, case.outputs, case.samples
    )
