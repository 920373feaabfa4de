"""Targets in the form a loss reads, and what is said of those that do not fit the network's output."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from core.errors import ChainruleError
from core.losses import Loss
from core.losses.labels import labels_for
from core.spec.network import Network
from core.tape.table_data import DataTable

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Output:
    """The layer that gives an output, for sentences.

    Attributes
    ----------
    kind, name
        Of the layer; empty if it is not known.
    sequences
        A recurrent layer before it (or itself) that gives every time step, as sentences call it.
    """

    kind: str = ""
    name: str = ""
    sequences: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r}" if self.name else "the network"

    @property
    def flatter(self) -> str:
        """How it gives one list a sample."""
        if self.sequences:
            return (
                f"Let {self.sequences} leave out return_sequences=True for one answer a sequence."
            )
        if self.kind == "Dense":
            return f"Put Flatten before {self}, so that it gives one list a sample."
        return f"Put Flatten and a Dense layer after {self}, so that it gives one list a sample."


def outputs_of(network: Network) -> list[Output]:
    """The layer of each output."""
    found = []
    for text in network.outputs:
        node = network.node(network.source(text)[0])
        layer = network.layer(node.layer)
        sequences, at = "", node
        while True:
            own = network.layer(at.layer)
            if own.config.get("return_sequences"):
                sequences = f"{own.kind} {own.name!r}"
            if sequences or len(at.inputs) != 1 or own.kind == "Flatten":
                break
            at = network.node(network.source(at.inputs[0])[0])
        found.append(Output(layer.kind, layer.name, sequences))
    return found


def target_table(
    y: Any,
    loss: Loss,
    outputs: int | Shape,
    output: Output | None = None,
    what: str = "y",
    one_hot: bool = False,
) -> DataTable:
    """Targets in the form a loss reads.

    Parameters
    ----------
    y
        Labels (samples, ...) for sparse losses; for the others numbers of the output's shape (samples, ..., outputs).
        As in Keras a last axis of length 1 may be missing or extra.
    loss
        Sparse losses read labels; the others one-hot rows or numbers.
    outputs
        Shape of what the network gives a sample, or how many numbers.
    output, what
        The layer that gives it, and how the sentence calls the targets.
    one_hot
        Labels of classes become one-hot rows, which every loss but the sparse ones compares.

    Raises
    ------
    core.errors.ChainruleError
        They do not fit the network's outputs; the sentence says what would.
    """
    given, output = np.asarray(y), output or Output()
    shape = (outputs,) if isinstance(outputs, int) else tuple(outputs)
    places, last = shape[:-1], shape[-1]
    if loss.sparse:
        because = f", because {output} gives {_sizes(shape)} a sample"
        found = labels_for(
            given,
            places,
            last,
            loss.name,
            loss.ignore_class,
            because,
            output.flatter if places else "",
        )
        return DataTable(found.reshape(len(given), -1).astype(np.float32))
    own = tuple(given.shape[1:])
    if own in (shape, (*shape, 1)) or (*own, 1) == shape:
        return DataTable(given.reshape(len(given), -1).astype(np.float32))
    if own in ((), (1,)) and not places and _are_labels(given):
        if one_hot:
            labels = labels_for(given, (), last, loss.name).astype(np.int64)
            return DataTable(np.eye(last, dtype=np.float32)[labels])
        flat = what if own == () else f"{what}[:, 0]"
        raise ChainruleError(
            f"{what} holds one whole number a sample, but {output} gives {last} and {loss.name} compares each of them. "
            "Use sparse_categorical_crossentropy if they are labels of classes, or give one-hot rows: "
            f"np.eye({last})[{flat}]."
        )
    raise ChainruleError(
        f"{_numbers(own)}, but {output} gives {_sizes(shape)}: {what} must have shape (samples, "
        f"{', '.join(map(str, shape))}); it has {given.shape}. {_fix(own, shape, output, what)}"
    )


def _fix(own: Shape, shape: Shape, output: Output, what: str) -> str:
    """The nearest way from targets to outputs of one shape."""
    if len(own) == 2 and own == shape[::-1]:
        return f"Swap its axes with np.swapaxes({what}, 1, 2)."
    if len(own) == 3 and (*own[1:], own[0]) == shape:
        return f"Its channels come first; bring them last with np.moveaxis({what}, 1, -1)."
    if prod(own) == prod(shape):
        sizes = ", ".join(map(str, shape))
        return f"If its numbers are in that order, give {what}.reshape(-1, {sizes})."
    own = own or (1,)
    if len(own) < len(shape):
        return output.flatter
    if len(own) == len(shape) and own[:-1] == shape[:-1]:
        known = {"Dense": "units", "Conv1D": "filters", "Conv2D": "filters"}.get(output.kind)
        if known:
            return f"Give {output} {own[-1]} {known if own[-1] != 1 else known[:-1]}, or give other targets."
    return f"End the network with outputs of shape {own}, or give other targets."


def _numbers(own: Shape) -> str:
    text = _sizes(own) if own else "1"
    return f"Each target has {text} number{'s' if prod(own) != 1 else ''}"


def _sizes(shape: Shape) -> str:
    return "×".join(map(str, shape))


def _are_labels(given: np.ndarray) -> bool:
    return given.dtype.kind in "biu" or bool(
        (given == np.floor(given)).all() and (given >= 0).all()
    )
