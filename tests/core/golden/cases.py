"""What is compared with Keras: documents under Keras's names, with numbers drawn from fixed seeds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).resolve().parent
FILES = ("layers", "losses", "optimizers", "training")
ROWS = 4
Layers = tuple[tuple[str, dict[str, Any]], ...]


@dataclass(frozen=True)
class LayerCase:
    """A chain of layers, run as in training and as in prediction. `tokens` is the vocabulary of whole-number inputs."""

    name: str
    shape: tuple[int, ...]
    layers: Layers
    tokens: int = 0
    #: Dropout draws its own numbers, so only prediction can be compared.
    training: bool = True


def _activations() -> list[LayerCase]:
    names = ("linear", "relu", "sigmoid", "tanh", "softmax")
    return [LayerCase(f"activation {n}", (5,), (("Activation", {"activation": n}),)) for n in names]


LAYERS: tuple[LayerCase, ...] = (
    LayerCase("dense", (5,), (("Dense", {"units": 4}),)),
    LayerCase("dense tanh without bias", (5,), (("Dense", {"units": 3, "activation": "tanh", "use_bias": False}),)),
    LayerCase("dense on a sequence", (3, 5), (("Dense", {"units": 4, "activation": "relu"}),)),
    *_activations(),
    LayerCase("softmax of an image", (3, 2, 4), (("Activation", {"activation": "softmax"}),)),
    LayerCase("dropout", (6,), (("Dropout", {"rate": 0.4}),), training=False),
    LayerCase("flatten", (3, 2, 4), (("Flatten", {}), ("Dense", {"units": 2}))),
    LayerCase("conv valid", (6, 5, 2), (("Conv2D", {"filters": 3, "kernel_size": [3, 2]}),)),
    LayerCase("conv same", (6, 5, 2), (("Conv2D", {"filters": 4, "kernel_size": [3, 3], "padding": "same"}),)),
    LayerCase("conv same, even kernel", (5, 5, 1), (
        ("Conv2D", {"filters": 2, "kernel_size": [2, 4], "padding": "same"}),)),
    LayerCase("conv strides", (7, 8, 2), (("Conv2D", {"filters": 3, "kernel_size": [3, 3], "strides": [2, 2]}),)),
    LayerCase("conv same, strides", (7, 8, 3), (
        ("Conv2D", {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same", "activation": "relu"}),)),
    LayerCase("conv same, large strides", (8, 7, 1), (
        ("Conv2D", {"filters": 2, "kernel_size": [2, 2], "strides": [3, 3], "padding": "same", "use_bias": False}),)),
    LayerCase("pool", (6, 4, 3), (("MaxPooling2D", {}),)),
    LayerCase("pool with a rest", (7, 5, 2), (("MaxPooling2D", {"pool_size": [3, 2]}),)),
    LayerCase("pool same", (7, 5, 2), (("MaxPooling2D", {"pool_size": [2, 2], "padding": "same"}),)),
    LayerCase("pool overlapping", (7, 7, 2), (("MaxPooling2D", {"pool_size": [3, 3], "strides": [2, 2]}),)),
    LayerCase("pool overlapping, same", (6, 6, 2), (
        ("MaxPooling2D", {"pool_size": [3, 3], "strides": [1, 1], "padding": "same"}),)),
    LayerCase("batch normalization", (6,), (("BatchNormalization", {}),)),
    LayerCase("batch normalization of an image", (4, 3, 5), (
        ("BatchNormalization", {"momentum": 0.9, "epsilon": 1e-5}),)),
    LayerCase("batch normalization alone", (6,), (("BatchNormalization", {"center": False, "scale": False}),)),
    LayerCase("embedding", (5,), (("Embedding", {"input_dim": 9, "output_dim": 4}),), tokens=9),
    LayerCase("lstm", (5, 3), (("LSTM", {"units": 4}),)),
    LayerCase("lstm sequences", (5, 3), (("LSTM", {"units": 4, "return_sequences": True}),)),
    LayerCase("lstm without bias", (4, 3), (("LSTM", {"units": 2, "use_bias": False}),)),
    LayerCase("lstm on lstm", (4, 3), (("LSTM", {"units": 3, "return_sequences": True}), ("LSTM", {"units": 2}))),
    LayerCase("masked lstm", (6,), (
        ("Embedding", {"input_dim": 9, "output_dim": 4, "mask_zero": True}), ("LSTM", {"units": 3})), tokens=9),
    LayerCase("masked lstm sequences", (6,), (
        ("Embedding", {"input_dim": 9, "output_dim": 4, "mask_zero": True}),
        ("LSTM", {"units": 3, "return_sequences": True}), ("LSTM", {"units": 2}), ("Dense", {"units": 2})), tokens=9),
    LayerCase("mask through dropout-free layers", (6,), (
        ("Embedding", {"input_dim": 9, "output_dim": 4, "mask_zero": True}), ("Activation", {"activation": "tanh"}),
        ("LSTM", {"units": 3})), tokens=9),
    LayerCase("mask through dense", (6,), (
        ("Embedding", {"input_dim": 9, "output_dim": 4, "mask_zero": True}),
        ("Dense", {"units": 3, "activation": "tanh"}), ("LSTM", {"units": 3})), tokens=9),
    LayerCase("mask through batch normalization", (6,), (
        ("Embedding", {"input_dim": 9, "output_dim": 4, "mask_zero": True}), ("BatchNormalization", {}),
        ("LSTM", {"units": 3})), tokens=9, training=False),
)  # fmt: skip
#: Two branches with masks of their own, added and read by an LSTM: settings of (embedding, embedding, LSTM).
MASKED_ADD: tuple[tuple[str, dict[str, Any]], ...] = (
    ("Embedding", {"input_dim": 9, "output_dim": 4, "mask_zero": True}),
    ("Embedding", {"input_dim": 7, "output_dim": 4, "mask_zero": True}),
    ("LSTM", {"units": 3}),
)


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
    layers: Layers
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
)  # fmt: skip
TRAINING_STEPS = 20


# ---- numbers ------------------------------------------------------------------------------------------------------


def drawn(name: str) -> np.random.Generator:
    """Numbers that belong to a case: adding cases does not change the others."""
    return np.random.default_rng([ord(c) for c in name])


def layer_inputs(case: LayerCase) -> np.ndarray:
    """A batch; of tokens, the ends of two samples are padding, and one begins with it."""
    rng = drawn(case.name)
    if not case.tokens:
        return rng.normal(size=(ROWS, *case.shape)).astype(np.float32)
    tokens = rng.integers(1, case.tokens, (ROWS, *case.shape)).astype(np.float32)
    tokens[0, -2:], tokens[1, -1:], tokens[2, :1] = 0, 0, 0
    return tokens


def masked_add_inputs() -> list[np.ndarray]:
    """Tokens of both branches; some steps are padding in one, some in both."""
    rng = drawn("masked add")
    tokens = [rng.integers(1, 7, (ROWS, 6)).astype(np.float32) for _ in range(2)]
    tokens[0][0, 2:], tokens[0][1, -1:] = 0, 0
    tokens[1][0, 4:], tokens[1][2, :3] = 0, 0
    return tokens


def weight_values(case: str, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The weights both sides start from."""
    # Small in whole trainings: where a probability is below 1e-7 Keras's gradient of a cross-entropy is 0, and ours is
    # p - t all the same, so that a network that is sure and wrong goes on learning.
    spread = 0.15 if case in {c.name for c in TRAININGS} else 0.5
    values = drawn(f"{case}: {name}").normal(0, spread, shape)
    positive = "variance" in name or "gamma" in name
    return (np.abs(values) + 0.5 if positive else values).astype(np.float32)


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
