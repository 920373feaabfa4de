"""What is compared with Keras: documents under Keras's names, with numbers drawn from fixed seeds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from core import losses
from core.losses import Loss
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
    #: Another activation than the loss's own: probabilities that do not sum to 1, numbers below 0.
    behind: str = ""
    #: Other arguments of the loss.
    arguments: dict[str, Any] = field(default_factory=dict)
    #: Time steps, or height and width of an image: a loss for each of them.
    places: tuple[int, ...] = ()
    #: Weights of the samples, or of their time steps.
    weighted: bool = False
    #: "binary" for 0 and 1, "zeros" if some targets are 0.
    targets: str = ""

    @property
    def link(self) -> str | None:
        """The activation between the logits and what the loss is given."""
        return None if self.from_logits else (self.behind or LINKS.get(self.loss))

    @property
    def shape(self) -> tuple[int, ...]:
        """Of what the loss is given of a sample."""
        return (*self.places, self.outputs)


LINKS = {"binary_crossentropy": "sigmoid", "categorical_crossentropy": "softmax", "kl_divergence": "softmax",
         "poisson": "sigmoid", "sparse_categorical_crossentropy": "softmax"}  # fmt: skip
_REGRESSION = ("mean_squared_error", "half_squared_error", "mean_absolute_error", "mean_absolute_percentage_error",
               "mean_squared_logarithmic_error", "huber", "log_cosh", "cosine_similarity", "poisson")  # fmt: skip
_CLASSES = ("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy", "kl_divergence",
            "hinge", "squared_hinge", "categorical_hinge")  # fmt: skip
_BINARY, _CATEGORICAL, _SPARSE = _CLASSES[:3]
_BOTH = {"reduction": "mean_with_sample_weight"}

LOSSES: tuple[LossCase, ...] = (
    LossCase("mse", "mean_squared_error", False, 3),
    LossCase("mse of one", "mean_squared_error", False, 1),
    LossCase("half squared", "half_squared_error", False, 3),
    LossCase("binary", _BINARY, False, 1),
    LossCase("binary of three", _BINARY, False, 3),
    LossCase("binary, logits", _BINARY, True, 2),
    LossCase("categorical", _CATEGORICAL, False, 4),
    LossCase("categorical, logits", _CATEGORICAL, True, 4),
    LossCase("sparse", _SPARSE, False, 4),
    LossCase("sparse, logits", _SPARSE, True, 4),
    LossCase("binary, certain", _BINARY, False, 1, extreme=True),
    LossCase("sparse, certain", _SPARSE, False, 4, extreme=True),
    LossCase("binary, certain logits", _BINARY, True, 2, extreme=True),
    LossCase("categorical, certain logits", _CATEGORICAL, True, 4, extreme=True),
    LossCase("sparse, certain logits", _SPARSE, True, 4, extreme=True),
    LossCase("categorical of any sum", _CATEGORICAL, False, 4, behind="sigmoid"),
    LossCase("sparse of any sum", _SPARSE, False, 4, behind="sigmoid"),
    *(LossCase(f"{n} of a list", n, False, 3) for n in (*_REGRESSION[2:], *_CLASSES[3:])),
    *(LossCase(f"{n} of one number", n, False, 1) for n in (*_REGRESSION[2:], "hinge", "squared_hinge")),
    *(LossCase(f"{n} of a sequence", n, False, 3, places=(5,)) for n in (*_REGRESSION, *_CLASSES)),
    *(LossCase(f"{n} of an image", n, False, 2, places=(3, 2)) for n in (*_REGRESSION, *_CLASSES)),
    *(LossCase(f"{n}, weighted", n, False, 3, weighted=True) for n in (*_REGRESSION, *_CLASSES)),
    *(LossCase(f"{n}, weighted steps", n, False, 3, places=(4,), weighted=True) for n in (*_REGRESSION, *_CLASSES)),
    *(LossCase(f"{n}, logits of a sequence", n, True, 3, places=(4,)) for n in _CLASSES[:3]),
    *(LossCase(f"{n}, smooth", n, False, 3, arguments={"label_smoothing": 0.2}) for n in _CLASSES[:2]),
    *(LossCase(f"{n}, smooth logits", n, True, 3, places=(2,), arguments={"label_smoothing": 0.1})
      for n in _CLASSES[:2]),
    *(LossCase(f"huber {d}", "huber", False, 3, arguments={"delta": d}) for d in (0.25, 3.0)),
    LossCase("huber far away", "huber", False, 3, extreme=True),
    LossCase("log_cosh far away", "log_cosh", False, 3, extreme=True),
    LossCase("logarithmic below 0", "mean_squared_logarithmic_error", False, 4),
    LossCase("percentage of 0", "mean_absolute_percentage_error", False, 3, targets="zeros"),
    LossCase("hinge of 0 and 1", "hinge", False, 3, targets="binary"),
    LossCase("squared hinge of 0 and 1", "squared_hinge", False, 2, targets="binary"),
    LossCase("hinge beyond the margin", "hinge", False, 3, extreme=True),
    LossCase("divergence, certain", "kl_divergence", False, 4, extreme=True),
    LossCase("divergence of large numbers", "kl_divergence", False, 3, behind="linear"),
    *(LossCase(f"{n}, sum", n, False, 3, places=(2,), arguments={"reduction": "sum"})
      for n in ("mean_squared_error", _SPARSE, "hinge")),
    LossCase("sum, weighted", _CATEGORICAL, False, 3, arguments={"reduction": "sum"}, weighted=True),
    LossCase("mean by weights", "mean_absolute_error", False, 3, arguments=_BOTH, weighted=True),
    LossCase("mean by weights of steps", _SPARSE, True, 3, places=(3,), arguments=_BOTH, weighted=True),
    LossCase("mean by weights without any", "huber", False, 3, arguments=_BOTH),
    LossCase("ignored class", _SPARSE, False, 3, arguments={"ignore_class": 1}),
    LossCase("ignored class of steps, logits", _SPARSE, True, 4, places=(5,), arguments={"ignore_class": -1}),
    LossCase("ignored class, weighted", _SPARSE, False, 3, places=(4,), arguments={"ignore_class": 0}, weighted=True),
    LossCase("ignored class, sum", _SPARSE, False, 3, arguments={"ignore_class": 2, "reduction": "sum"}),
)  # fmt: skip

OPTIMIZERS: dict[str, dict[str, Any]] = {
    "sgd": {"kind": "SGD", "learning_rate": 0.1},
    "sgd, clipped": {"kind": "SGD", "learning_rate": 0.1, "clipnorm": 0.02},
    "sgd, clipped numbers": {"kind": "SGD", "learning_rate": 0.1, "clipvalue": 0.01},
    "sgd, clipped together": {"kind": "SGD", "learning_rate": 0.1, "global_clipnorm": 0.05},
    "sgd, decay": {"kind": "SGD", "learning_rate": 0.1, "weight_decay": 0.02},
    "momentum": {"kind": "SGD", "learning_rate": 0.05, "momentum": 0.9},
    "nesterov": {"kind": "SGD", "learning_rate": 0.05, "momentum": 0.8, "nesterov": True},
    "nesterov, decay": {
        "kind": "SGD", "learning_rate": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.01,
    },
    "adagrad": {"kind": "Adagrad", "learning_rate": 0.05},
    "adagrad from 0": {
        "kind": "Adagrad", "learning_rate": 0.05, "initial_accumulator_value": 0.0, "epsilon": 1e-5,
        "weight_decay": 0.01,
    },
    "adadelta": {"kind": "Adadelta", "learning_rate": 1.0},
    "adadelta, other": {
        "kind": "Adadelta", "learning_rate": 0.5, "rho": 0.8, "epsilon": 1e-5, "clipnorm": 0.5,
        "weight_decay": 0.001,
    },
    "rmsprop": {"kind": "RMSprop"},
    "rmsprop, other": {
        "kind": "RMSprop", "learning_rate": 0.01, "rho": 0.8, "epsilon": 1e-4, "weight_decay": 0.01,
    },
    "rmsprop, momentum": {"kind": "RMSprop", "momentum": 0.9},
    "rmsprop, centered": {"kind": "RMSprop", "centered": True},
    "rmsprop, both": {
        "kind": "RMSprop", "learning_rate": 0.002, "momentum": 0.8, "centered": True, "global_clipnorm": 1.0,
    },
    "adam": {"kind": "Adam"},
    "adam, other": {
        "kind": "Adam", "learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-4,
    },
    "adam, amsgrad": {"kind": "Adam", "amsgrad": True, "weight_decay": 0.01, "clipvalue": 0.5},
    "adamw": {"kind": "AdamW", "learning_rate": 0.01},
    "adamw, amsgrad": {"kind": "AdamW", "weight_decay": 0.1, "amsgrad": True},
    "adamax": {"kind": "Adamax", "learning_rate": 0.01},
    "adamax, other": {
        "kind": "Adamax", "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-4, "weight_decay": 0.01,
    },
    "nadam": {"kind": "Nadam"},
    "nadam, other": {
        "kind": "Nadam", "learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-4, "weight_decay": 0.01,
        "clipnorm": 0.5,
    },
    "lion": {"kind": "Lion", "learning_rate": 0.003},
    "lion, other": {"kind": "Lion", "beta_1": 0.5, "beta_2": 0.9, "weight_decay": 0.1},
}  # fmt: skip
#: Schedules of Keras, by their documents.
SCHEDULES: dict[str, dict[str, Any]] = {
    "inverse": {"kind": "InverseTimeDecay", "initial_learning_rate": 0.1, "decay_steps": 70, "decay_rate": 0.5},
    "inverse, stairs": {
        "kind": "InverseTimeDecay", "initial_learning_rate": 0.1, "decay_steps": 70, "decay_rate": 0.5,
        "staircase": True,
    },
    "exponential": {"kind": "ExponentialDecay", "initial_learning_rate": 0.1, "decay_steps": 90, "decay_rate": 0.7},
    "exponential, stairs": {
        "kind": "ExponentialDecay", "initial_learning_rate": 0.1, "decay_steps": 90, "decay_rate": 0.7,
        "staircase": True,
    },
    "polynomial": {"kind": "PolynomialDecay", "initial_learning_rate": 0.1, "decay_steps": 300},
    "polynomial, square": {
        "kind": "PolynomialDecay", "initial_learning_rate": 0.1, "decay_steps": 300, "end_learning_rate": 0.01,
        "power": 2.0,
    },
    "polynomial, cycle": {
        "kind": "PolynomialDecay", "initial_learning_rate": 0.1, "decay_steps": 130, "power": 0.5, "cycle": True,
    },
    "piecewise": {"kind": "PiecewiseConstantDecay", "boundaries": [100, 250], "values": [0.1, 0.05, 0.001]},
    "cosine": {"kind": "CosineDecay", "initial_learning_rate": 0.1, "decay_steps": 400, "alpha": 0.05},
    "cosine, warm-up": {
        "kind": "CosineDecay", "initial_learning_rate": 0.0, "decay_steps": 400, "warmup_target": 0.1,
        "warmup_steps": 60,
    },
    "restarts": {"kind": "CosineDecayRestarts", "initial_learning_rate": 0.1, "first_decay_steps": 60},
    "restarts, other": {
        "kind": "CosineDecayRestarts", "initial_learning_rate": 0.1, "first_decay_steps": 50, "t_mul": 1.5,
        "m_mul": 0.8, "alpha": 0.1,
    },
    "restarts, equal": {
        "kind": "CosineDecayRestarts", "initial_learning_rate": 0.1, "first_decay_steps": 90, "t_mul": 1.0,
        "m_mul": 0.5,
    },
}  # fmt: skip
#: At most of them nothing is on the edge of a restart, where one rounding decides.
SCHEDULE_STEPS = (
    0,
    1,
    2,
    59,
    61,
    69,
    70,
    71,
    99,
    100,
    101,
    137,
    200,
    249,
    250,
    251,
    299,
    300,
    301,
    459,
    461,
    777,
    1000,
)
OPTIMIZER_STEPS = 1000
#: After which of them the variables are kept.
KEPT_STEPS = (*range(10), *range(19, 100, 20), *range(149, 1000, 50))
#: Two variables, so that clipping them together is another thing than clipping each.
OPTIMIZED = {"kernel": (3, 2), "bias": (2,)}


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
    shape = (ROWS, *case.shape)
    logits = rng.normal(0, 30 if case.extreme else 1, shape).astype(np.float32)
    lists = (ROWS, *(case.places or (1,)))
    labels = rng.integers(0, case.outputs, lists)
    ignored = case.arguments.get("ignore_class")
    if ignored is not None:
        labels.flat[::3] = ignored
    if case.loss.startswith("sparse"):
        return labels.astype(np.float32), logits
    if case.loss.startswith("categorical"):
        return np.eye(case.outputs, dtype=np.float32)[labels.reshape(shape[:-1])], logits
    if case.loss.startswith("binary") or case.targets == "binary":
        return rng.integers(0, 2, shape).astype(np.float32), logits
    if "hinge" in case.loss:
        return rng.choice([-1, 1], shape).astype(np.float32), logits
    if case.loss == "poisson":
        return rng.integers(0, 5, shape).astype(np.float32), logits
    if case.loss == "kl_divergence":
        shares = rng.random(shape) * rng.integers(0, 2, shape) + 1e-3
        return (shares / shares.sum(-1, keepdims=True)).astype(np.float32), logits
    target = rng.normal(size=shape)
    if case.targets == "zeros":
        target.flat[::2] = 0
    return target.astype(np.float32), logits


def made_loss(case: LossCase) -> Loss:
    """The loss of a case."""
    options = {"from_logits": True} if case.from_logits else {}
    return type(losses.get(case.loss))(**options, **case.arguments)


def loss_weights(case: LossCase) -> np.ndarray | None:
    """Weights of samples; one counts nothing."""
    if not case.weighted:
        return None
    found = drawn(case.name + ": weights").random((ROWS, *case.places)).astype(np.float32) * 3
    found.flat[1] = 0
    return found


def gradients(name: str) -> dict[str, np.ndarray]:
    """What the optimizers are fed, by variable: (steps, ...), of very different sizes."""
    found = {}
    for variable, shape in OPTIMIZED.items():
        rng = drawn(f"{name} {variable}")
        sizes = 10.0 ** rng.integers(-6, 2, (1, *shape))
        found[variable] = (rng.normal(size=(OPTIMIZER_STEPS, *shape)) * sizes).astype(np.float32)
    return found


def training_data(case: TrainingCase) -> tuple[np.ndarray, np.ndarray]:
    """Samples and whole-number labels."""
    rng = drawn(case.name)
    return rng.normal(size=(case.samples, *case.shape)).astype(np.float32), rng.integers(
        0, case.outputs, case.samples
    )
