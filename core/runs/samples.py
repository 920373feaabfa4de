"""Data sets as the tables a program gathers from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ChainruleError
from core.losses import Loss
from core.spec.training import Training
from core.tape.table_data import DataTable

if TYPE_CHECKING:
    from core.tape.program import Program


@dataclass(frozen=True)
class Samples:
    """Inputs and targets, one table for each Input layer and each output."""

    inputs: list[DataTable]
    targets: list[DataTable]

    def __len__(self) -> int:
        return len(self.inputs[0])


def target_table(y: Any, loss: Loss, outputs: int) -> DataTable:
    """Targets in the form a loss reads.

    Parameters
    ----------
    y
        Whole-number labels (samples,), or numbers (samples,) or (samples, outputs).
    loss
        Sparse losses read labels; the others one-hot rows or numbers.
    outputs
        Numbers the network gives a sample.

    Raises
    ------
    core.errors.ChainruleError
        Labels do not fit the network's outputs.
    """
    given = np.asarray(y)
    if loss.sparse:
        labels = given.reshape(len(given), -1)
        if labels.shape[1] != 1:
            message = (
                f"{loss.name} needs one label a sample; {labels.shape[1]} numbers are given. "
                "Use categorical_crossentropy for one-hot rows."
            )
            raise ChainruleError(message)
        broken = labels[labels != np.floor(labels)] if labels.dtype.kind == "f" else labels[:0]
        if broken.size:
            message = f"{loss.name} needs whole numbers as labels; {broken[0]:g} is not one."
            raise ChainruleError(message)
        if labels.size and not 0 <= labels.min() <= labels.max() < outputs:
            message = (
                f"Labels go from {labels.min():g} to {labels.max():g}, but the network has {outputs} outputs. "
                "Number the classes from 0 and give the last layer one unit for each."
            )
            raise ChainruleError(message)
        return DataTable(labels.astype(np.float32))
    flat = given.reshape(len(given), -1).astype(np.float32)
    if flat.shape[1] == outputs:
        return DataTable(flat)
    if flat.shape[1] == 1 and outputs > 1 and given.dtype.kind in "biu":
        labels = flat[:, 0].astype(np.int64)
        if labels.size and not 0 <= labels.min() <= labels.max() < outputs:
            message = f"Labels go up to {labels.max()}, but the network has {outputs} outputs."
            raise ChainruleError(message)
        return DataTable(np.eye(outputs, dtype=np.float32)[labels])
    raise ChainruleError(
        f"Each target has {flat.shape[1]} numbers, but the network gives {outputs}."
    )


def prepare(x: Any, y: Any, loss: Loss, outputs: int, scale: float = 1.0) -> Samples:
    """One input and one target table."""
    return Samples([DataTable(x, scale)], [target_table(y, loss, outputs)])


def require_whole_batches(program: Program, count: int) -> None:
    """Refuse batches of different sizes where a layer keeps a state for each place in the batch, as Keras does."""
    lasting = [t for t in program.tape.tensors.values() if t.role == "state"]
    size = program.capacity
    if lasting and count % size:
        raise ChainruleError(
            f"{lasting[0].layer} is stateful: sample after sample of a batch goes on where the batch before ended, so "
            f"all batches need the same size, but {count:,} samples do not divide into batches of {size}. "
            "Choose another batch size, or leave samples out."
        )


def split(
    dataset: Any, training: Training, loss: Loss, outputs: int
) -> tuple[Samples, Samples | None]:
    """Training and held-out samples: Keras's validation split, or the data set's own test samples."""
    scale = float(getattr(dataset.info, "scale", 1.0))
    x, y = dataset.x_train, dataset.y_train
    if training.validation_split > 0:
        held = int(len(x) * (1 - training.validation_split))
        if not 0 < held < len(x):
            message = f"A validation split of {training.validation_split:g} leaves nothing to train on or to measure."
            raise ChainruleError(message)
        return prepare(x[:held], y[:held], loss, outputs, scale), prepare(
            x[held:], y[held:], loss, outputs, scale
        )
    train = prepare(x, y, loss, outputs, scale)
    return train, prepare(dataset.x_test, dataset.y_test, loss, outputs, scale) if len(
        dataset.x_test
    ) else None
