"""How a network is trained, as a value."""

from __future__ import annotations

import math
import numbers
from typing import Any

import msgspec

from core.errors import SettingError
from core.naming import snake_case

#: Whole numbers are kept in 64 bits with a sign.
SEEDS = 2**63


class Training(msgspec.Struct, frozen=True):
    """Settings of training under Keras's names.

    Attributes
    ----------
    optimizer
        ``{"kind": "Adam", "learning_rate": 0.001, ...}``: a name in `core.optimizers` and its arguments.
    loss
        Name in `core.losses`, or with arguments ``{"class_name": "Huber", "config": {"delta": 0.5}}``.
    metrics, weighted_metrics
        Names in `core.metrics`, or with arguments ``{"class_name": "Precision", "config": {"thresholds": 0.7}}``; they
        hold for every output. Of several outputs also a list of such for each. Of the second samples count their
        weights.
    batch_size
        Samples per step.
    epochs
        How far the progress display counts.
    seed
        Start of every random number: weights, order of samples, dropout.
    validation_split
        Share of the training samples, taken from their end as Keras does, that is never trained on. 0 uses the data
        set's own test samples for validation.
    truncated_bptt_steps
        Truncated backpropagation through time: sequences are read in windows of so many time steps. States go on from
        one window to the next, gradients stop there. None goes back through all time steps.
    class_weight
        How much samples of a class count in the loss, by label; 1 where nothing is said.
    callbacks
        What looks at training after each epoch: ``({"kind": "EarlyStopping", "patience": 5}, ...)``, a kind of
        `core.callbacks.documents` and its arguments.
    """

    optimizer: dict[str, Any] = msgspec.field(
        default_factory=lambda: {"kind": "SGD", "learning_rate": 0.01}
    )
    loss: str | dict[str, Any] = "mean_squared_error"
    metrics: tuple[Any, ...] = ("accuracy",)
    weighted_metrics: tuple[Any, ...] = ()
    batch_size: int = 32
    epochs: int = 20
    seed: int = 0
    validation_split: float = 0.0
    truncated_bptt_steps: int | None = None
    class_weight: dict[int, float] | None = None
    callbacks: tuple[dict[str, Any], ...] = ()


def loss_name(loss: str | dict[str, Any]) -> str:
    """The name of a loss as a document holds it, by itself or with arguments."""
    if isinstance(loss, dict):
        return snake_case(str(loss.get("class_name", "")))
    return loss


def check_training(training: Training) -> None:
    """Say what of these settings cannot be trained with. An empty loss counts as not chosen yet.

    Raises
    ------
    core.errors.SettingError
        A number is out of range, or a name unknown; `setting` is the field.
    """
    from core import losses, metrics, optimizers

    check_whole("batch_size", training.batch_size, 1)
    check_whole("epochs", training.epochs, 1)
    check_seed(training.seed)
    check_split(training.validation_split)
    check_truncation(training.truncated_bptt_steps)
    if training.loss:
        losses.get(training.loss)
    if training.class_weight is not None:
        check_class_weight(training.class_weight)
    metrics.check(training.metrics)
    metrics.check(training.weighted_metrics)
    optimizers.get(dict(training.optimizer))
    if training.callbacks:
        check_callbacks(training)


def check_callbacks(training: Training) -> None:
    """Say what of the callbacks cannot be, by themselves or with the learning rate there is.

    Raises
    ------
    core.errors.SettingError
        One is not known, wrong, there twice, or would change a rate that follows a schedule.
    """
    from core import schedules
    from core.callbacks import documents

    documents.check(training.callbacks)
    rate = training.optimizer.get("learning_rate")
    if not isinstance(rate, dict):
        return
    for document in training.callbacks:
        if "learning_rate" in documents.get(document).adds():
            kind, schedule = documents.kind(document["kind"]), type(schedules.get(rate)).__name__
            raise SettingError(
                f"{kind.__name__} ({kind.title.lower()}) changes the learning rate, but that follows "
                f"{schedule} for the whole training. Choose a number for the learning rate, or leave"
                f" {kind.__name__} out.",
                "callbacks",
            )


def descent(batch_size: int, samples: int) -> str:
    """What learners call gradient descent with batches of this size: "stochastic", "batch" or "mini-batch"."""
    if batch_size == 1:
        return "stochastic"
    return "batch" if batch_size >= samples else "mini-batch"


def check_whole(name: str, value: Any, least: int) -> int:
    """`value` as a whole number of at least `least`.

    Raises
    ------
    core.errors.SettingError
        It is something else.
    """
    title = name.replace("_", " ").capitalize()
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise SettingError(f"{title} must be a whole number; it is {value!r}.", name)
    whole = int(value)
    if not least <= whole < SEEDS:
        raise SettingError(f"{title} must be at least {least}; it is {whole}.", name)
    return whole


def check_truncation(steps: Any) -> int | None:
    """`steps` as a number of time steps of at least 1, or None."""
    return None if steps is None else check_whole("truncated_bptt_steps", steps, 1)


def check_seed(seed: Any) -> int:
    """`seed` as a whole number that random numbers can start from."""
    if (
        isinstance(seed, bool)
        or not isinstance(seed, numbers.Integral)
        or not -SEEDS <= int(seed) < SEEDS
    ):
        message = f"The seed must be a whole number of at most 63 bits, up to {SEEDS - 1}; it is {seed!r}."
        raise SettingError(message, "seed")
    return int(seed)


def check_split(share: Any) -> float:
    """`share` as a part of the samples: at least 0 and less than 1."""
    if isinstance(share, bool) or not isinstance(share, numbers.Real) or not 0 <= float(share) < 1:
        message = (
            "The validation split must be a number of at least 0 and less than 1 (0.2 keeps a fifth of the samples "
            f"for validation); it is {share!r}."
        )
        raise SettingError(message, "validation_split")
    return float(share)


def check_class_weight(weights: Any) -> dict[int, float]:
    """`weights` as a weight for each class.

    Raises
    ------
    core.errors.SettingError
        It is something else.
    """
    wrong = SettingError(
        "class_weight gives the number of each class its weight, for example {0: 1.0, 1: 5.0}; it is "
        f"{weights!r}.",
        "class_weight",
    )
    if not isinstance(weights, dict):
        raise wrong
    found = {}
    for label, weight in weights.items():
        whole = isinstance(label, numbers.Integral) and not isinstance(label, bool)
        number = isinstance(weight, numbers.Real) and not isinstance(weight, bool)
        if not whole or not number or not math.isfinite(float(weight)):
            raise wrong
        found[int(label)] = float(weight)
    return found
