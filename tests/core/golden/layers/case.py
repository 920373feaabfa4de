"""What a case of a layer is: a chain, or a graph with several inputs and outputs, under Keras's names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

ROWS = 4
Shape = tuple[int, ...]
Chain = tuple[tuple[str, dict[str, Any]], ...]


@dataclass(frozen=True)
class Call:
    """A layer called on the outputs of others.

    Attributes
    ----------
    name
        Of the call, and of the layer if it makes one.
    kind
        Keras's class; ``"@other"`` calls the layer of the call ``other`` again.
    config
        Keras's arguments. An inner layer is ``{"class_name": "LSTM", "config": {...}}``.
    inputs
        Names of calls or inputs; ``"lstm:1"`` is the second output of ``lstm``.
    """

    name: str
    kind: str
    config: dict[str, Any]
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class LayerCase:
    """Layers that are run as in training and as in prediction, from drawn weights and numbers.

    Attributes
    ----------
    name
        Unique among all parts; the numbers are drawn from it.
    shape
        Of the input of a chain, without the batch axis.
    layers
        The chain: (kind, arguments) each.
    tokens
        Whole numbers below this are fed, with zeros to mask; 0: any numbers.
    training
        False if only prediction can be compared: what draws numbers of its own (dropout, noise).
    rows
        Samples in the batch.
    batches
        How many batches are run one after the other before the last is compared (stateful layers).
    inputs, calls, outputs
        Instead of a chain: inputs by name with their shapes, calls, and the names of what comes out. `tokens` may then
        be given for each input in `vocabulary`.
    gradient
        False if the input's gradient is not compared (Keras has none).
    tolerance
        Relative to the largest number of the tensor.
    """

    name: str
    shape: Shape = ()
    layers: Chain = ()
    tokens: int = 0
    training: bool = True
    rows: int = ROWS
    batches: int = 1
    inputs: dict[str, Shape] = field(default_factory=dict)
    vocabulary: dict[str, int] = field(default_factory=dict)
    calls: tuple[Call, ...] = ()
    outputs: tuple[str, ...] = ()
    gradient: bool = True
    tolerance: float = 1e-5

    def graph(self) -> tuple[dict[str, Shape], dict[str, int], tuple[Call, ...], tuple[str, ...]]:
        """(inputs, their vocabularies, calls, outputs), also of a chain, whose calls are ``layer_0``, ``layer_1``..."""
        if self.calls:
            return self.inputs, self.vocabulary, self.calls, self.outputs
        calls, last = [], "x"
        for k, (kind, config) in enumerate(self.layers):
            calls.append(Call(f"layer_{k}", kind, config, (last,)))
            last = f"layer_{k}"
        return (
            {"x": self.shape},
            {"x": self.tokens} if self.tokens else {},
            tuple(calls),
            (last,),
        )


def drawn(name: str) -> np.random.Generator:
    """Numbers that belong to a name: adding cases does not change the others."""
    return np.random.default_rng([ord(c) for c in name])


def batch(case: LayerCase, number: int = 0) -> dict[str, np.ndarray]:
    """A batch for each input; of tokens, the ends of two samples are padding, and one begins with it."""
    inputs, vocabulary, _, _ = case.graph()
    found = {}
    for name, shape in inputs.items():
        label = case.name if len(inputs) == 1 else f"{case.name}: {name}"
        rng = drawn(label if not number else f"{label} {number}")
        if name not in vocabulary:
            found[name] = rng.normal(size=(case.rows, *shape)).astype(np.float32)
            continue
        least = min(1, vocabulary[name] - 1)
        tokens = rng.integers(least, vocabulary[name], (case.rows, *shape)).astype(np.float32)
        for row, part in ((0, slice(-2, None)), (1, slice(-1, None)), (2, slice(0, 1))):
            if row < case.rows and shape[-1] > 1:
                tokens[row, ..., part] = 0
        found[name] = tokens
    return found


def weight_values(case: str, name: str, shape: Shape, spread: float = 0.5) -> np.ndarray:
    """The weights both sides start from."""
    values = drawn(f"{case}: {name}").normal(0, spread, shape)
    positive = "variance" in name or "gamma" in name
    return (np.abs(values) + 0.5 if positive else values).astype(np.float32)


def target(case: str, output: int, shape: Shape) -> np.ndarray:
    """What the mean squared error compares an output with."""
    label = f"{case}: target" if not output else f"{case}: target {output}"
    return drawn(label).normal(size=shape).astype(np.float32)
