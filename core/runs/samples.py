"""Data sets as the tables a program gathers from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from core.arguments import numbers_of, require_equal_lengths, require_finite
from core.errors import ChainruleError
from core.losses import Loss
from core.runs.targets import Output, target_table
from core.spec.training import Training, check_class_weight
from core.tape.table_data import DataTable

if TYPE_CHECKING:
    from core.tape.program import Program

Shape = tuple[int, ...]
Fingerprint = tuple[int | float | str, ...]


@dataclass(frozen=True)
class Samples:
    """Inputs and targets, one table for each Input layer and each output, and weights if there are any."""

    inputs: list[DataTable]
    targets: list[DataTable]
    weights: list[DataTable] | None = None

    def __len__(self) -> int:
        return len(self.inputs[0])

    def fingerprint(self) -> tuple[Fingerprint, ...]:
        """A few numbers that are others for other data, table by table: inputs, targets, weights."""
        tables = [*self.inputs, *self.targets, *(self.weights or [])]
        return tuple(
            (len(self.inputs), *t.array.shape, str(t.array.dtype), t.scale, crc32(t.array.data))
            for t in tables
        )


# ---- weights -------------------------------------------------------------------------------------------------------


def weight_table(weight: Any, samples: int, outputs: Shape) -> DataTable:
    """Weights of samples, or of their time steps, in the form in which the tape gathers them.

    Parameters
    ----------
    weight
        (samples,) for an output that is a list; (samples, time) or (samples, 1) for a sequence, and so on.
    samples
        How many there are.
    outputs
        Shape of what the network gives a sample.
    """
    try:
        given = np.asarray(weight, np.float32)
    except (ValueError, TypeError) as error:
        message = "sample_weight must be an array of numbers, one for each sample."
        raise ChainruleError(message) from error
    places = outputs[:-1]
    if given.ndim == 0 or len(given) != samples:
        count = "a single number" if given.ndim == 0 else f"{len(given):,} weights"
        raise ChainruleError(
            f"Every sample needs its weight, but there are {samples:,} samples and {count}."
        )
    broken = np.flatnonzero(~np.isfinite(given.reshape(samples, -1)).all(1))
    if len(broken):
        raise ChainruleError(f"Row {broken[0]} of the sample weights is not a finite number.")
    shape = given.shape[1:]
    if shape == (*places, 1):
        given = given.reshape(samples, *places)
    fits = given.ndim == len(places) + 1 and all(
        a in (1, b) for a, b in zip(given.shape[1:], places, strict=True)
    )
    if not fits and prod(places) != 1:
        wanted = ", ".join(map(str, places))
        raise ChainruleError(
            f"The network gives {'×'.join(map(str, outputs))} a sample, so its weights have shape (samples, {wanted}), "
            f"or (samples, {', '.join('1' for _ in places)}) for one weight a sample; the given ones have "
            f"{given.shape}."
        )
    if not fits and given.size != samples:
        raise ChainruleError(
            f"Every sample needs one weight; the given ones have shape {given.shape}."
        )
    whole = np.broadcast_to(given, (samples, *places)) if fits else given.reshape(samples, *places)
    return DataTable(np.ascontiguousarray(whole.reshape(samples, -1)))


def require_one_class(output: Shape) -> None:
    """Say so if a network gives several lists a sample, so that there is no one class a sample."""
    if prod(output[:-1]) != 1:
        raise ChainruleError(
            "class_weight needs one class a sample, but the network gives "
            f"{'×'.join(map(str, output))}: give sample_weight of shape (samples, steps) instead."
        )


def class_weights(y: Any, weights: dict[int, float]) -> np.ndarray:
    """The weight of each sample from that of its class; 1 for classes without one, as in Keras.

    Parameters
    ----------
    y
        Labels (samples,) or (samples, 1), or one-hot rows (samples, classes).
    weights
        By class.
    """
    given = np.asarray(y)
    if given.ndim == 2:
        given = given.argmax(1) if given.shape[1] != 1 else given[:, 0]
    labels = np.round(given).astype(np.int64)
    found = np.ones(len(labels), np.float32)
    for label, weight in weights.items():
        found[labels == label] = weight
    return found


def with_class_weights(samples: Samples, training: Training, outputs: list[Shape]) -> Samples:
    """Samples that count what the training settings say of their classes."""
    if not training.class_weight or samples.weights is not None:
        return samples
    if len(outputs) > 1:
        message = (
            "class_weight is for networks with one output; give sample_weight for each of several."
        )
        raise ChainruleError(message)
    require_one_class(outputs[0])
    table = samples.targets[0]
    found = class_weights(
        table.array.reshape(len(table), -1), check_class_weight(training.class_weight)
    )
    return replace(samples, weights=[DataTable(found[:, None])])


def unweighted(samples: Samples, outputs: list[Shape]) -> Samples:
    """The same samples with weights of 1."""
    widths = [prod(shape[:-1]) for shape in outputs]
    ones = [DataTable(np.ones((len(samples), width), np.float32)) for width in widths]
    return replace(samples, weights=ones)


# ---- data sets -----------------------------------------------------------------------------------------------------


def prepare(
    x: Any,
    y: Any,
    loss: Loss,
    outputs: int | Shape,
    scale: float = 1.0,
    output: Output | None = None,
    one_hot: bool = False,
) -> Samples:
    """One input and one target table; see `core.runs.targets.target_table`."""
    inputs, targets = numbers_of(x, "x"), numbers_of(y, "y")
    require_finite(inputs, "x")
    require_finite(targets, "y")
    require_equal_lengths([inputs], [targets])
    table = target_table(targets, loss, outputs, output, one_hot=one_hot)
    return Samples([DataTable(inputs, scale)], [table])


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
    dataset: Any, training: Training, loss: Loss, outputs: int | Shape, output: Output | None = None
) -> tuple[Samples, Samples | None]:
    """Training and held-out samples: Keras's validation split, or the data set's own test samples.

    Of a data set of classes a loss that reads no labels gets one-hot rows: documents have no place for code that
    makes them.
    """
    scale = float(getattr(dataset.info, "scale", 1.0))
    classes = bool(getattr(dataset.info, "classes", ()))

    def prepared(x: Any, y: Any) -> Samples:
        return prepare(x, y, loss, outputs, scale, output, classes)

    x, y = dataset.x_train, dataset.y_train
    if training.validation_split > 0:
        held = int(len(x) * (1 - training.validation_split))
        if not 0 < held < len(x):
            message = f"A validation split of {training.validation_split:g} leaves nothing to train on or to measure."
            raise ChainruleError(message)
        return prepared(x[:held], y[:held]), prepared(x[held:], y[held:])
    held_out = prepared(dataset.x_test, dataset.y_test) if len(dataset.x_test) else None
    return prepared(x, y), held_out
