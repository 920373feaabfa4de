"""How a network is trained, as a value."""

from __future__ import annotations

from typing import Any

import msgspec


class Training(msgspec.Struct, frozen=True):
    """Settings of training under Keras's names.

    Attributes
    ----------
    optimizer
        ``{"kind": "Adam", "learning_rate": 0.001, ...}``: a name in `core.optimizers` and its arguments.
    loss
        Name in `core.losses`.
    metrics
        Names in `core.metrics`.
    batch_size
        Samples per step.
    epochs
        How far the progress display counts.
    seed
        Start of every random number: weights, order of samples, dropout.
    validation_split
        Share of the training samples, taken from their end as Keras does, that is never trained on. 0 uses the data
        set's own test samples for validation.
    """

    optimizer: dict[str, Any] = msgspec.field(
        default_factory=lambda: {"kind": "SGD", "learning_rate": 0.01}
    )
    loss: str = "mean_squared_error"
    metrics: tuple[str, ...] = ("accuracy",)
    batch_size: int = 32
    epochs: int = 20
    seed: int = 0
    validation_split: float = 0.0
