"""Small trainings in which samples, classes and time steps do not all count the same.

Written once for both sides: `api` is `core`, or `keras`, whose names it has.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tests.core.golden.layers.case import drawn

Found = dict[str, np.ndarray]


def trained(
    api: Any, name: str, model: Any, x: Any, y: Any, compiling: dict[str, Any], **fitting: Any
) -> Found:
    """What two epochs report, and what the model is then."""
    rng = drawn(name + ": start")
    model.set_weights([rng.normal(0, 0.4, w.shape).astype(np.float32) for w in model.get_weights()])
    model.compile(api.optimizers.SGD(0.1), **compiling)
    history = model.fit(
        x, y, batch_size=4, epochs=2, shuffle=False, **{"verbose": 0, **fitting}
    ).history
    found = {f"history/{key}": np.array(values) for key, values in history.items()}
    weight = fitting.get("sample_weight")
    logs = model.evaluate(x, y, batch_size=5, verbose=0, sample_weight=weight, return_dict=True)
    found |= {f"evaluate/{key}": np.array(float(value)) for key, value in logs.items()}
    found |= {f"last/{k}": np.array(w) for k, w in enumerate(model.get_weights())}
    return found


def classifier(name: str, loss: Any, api: Any, units: int = 3, **fitting: Any) -> Found:
    """One class a sample; the last batch is smaller."""
    rng = drawn(name)
    last = "softmax" if units > 1 else "sigmoid"
    model = api.Sequential(
        [
            api.Input((4,)),
            api.layers.Dense(5, activation="tanh"),
            api.layers.Dense(units, activation=last),
        ]
    )
    x = rng.normal(size=(18, 4)).astype(np.float32)
    y = rng.integers(0, max(units, 2), (18, 1))
    if callable(loss):
        loss = loss(api)
    if fitting.pop("weighted", False):
        fitting["sample_weight"] = rng.random(18).astype(np.float32) * 2
    if fitting.pop("validated", False):
        fitting["validation_data"] = (x[:7] + 1, y[:7], rng.random(7).astype(np.float32))
    return trained(api, name, model, x, y, {"loss": loss, "metrics": ["accuracy"]}, **fitting)


def tagger(
    name: str, loss: Any, api: Any, *, weighted: bool = False, masked: bool = True,
    measured: Callable[[Any], Any] | None = None,
) -> Found:  # fmt: skip
    """One class a time step; some steps are padding."""
    rng = drawn(name)
    tokens = rng.integers(1, 7, (10, 5))
    for row, length in enumerate(rng.integers(1, 6, 10)):
        tokens[row, length:] = 0
    model = api.Sequential(
        [
            api.Input((5,)),
            api.layers.Embedding(7, 3, mask_zero=masked),
            api.layers.LSTM(4, return_sequences=True),
            api.layers.Dense(3, activation="softmax"),
        ]
    )
    y = rng.integers(0, 3, (10, 5))
    if callable(loss):
        loss = loss(api)
    fitting: dict[str, Any] = {"validation_split": 0.3}
    if weighted:
        fitting["sample_weight"] = rng.random((10, 5)).astype(np.float32) * 2
    compiling: dict[str, Any] = {"loss": loss, "metrics": ["accuracy"]}
    if measured is not None:
        compiling |= {"metrics": [measured(api)], "weighted_metrics": [measured(api)]}
    return trained(api, name, model, tokens.astype(np.float32), y, compiling, **fitting)


def two_outputs(name: str, api: Any, *, weighted: bool = False) -> Found:
    """Two losses of different weight, each with samples of different weight."""
    rng = drawn(name)
    x = api.Input((3,), name="x")
    hidden = api.layers.Dense(4, activation="tanh", name="hidden")(x)
    kind = api.layers.Dense(3, activation="softmax", name="kind")(hidden)
    size = api.layers.Dense(2, name="size")(hidden)
    model = api.Model(x, [kind, size])
    xs = rng.normal(size=(10, 3)).astype(np.float32)
    ys = [rng.integers(0, 3, (10, 1)), rng.normal(size=(10, 2)).astype(np.float32)]
    fitting: dict[str, Any] = {"validation_data": (xs[:6] - 1, [y[:6] for y in ys])}
    if weighted:
        fitting["sample_weight"] = [rng.random(10).astype(np.float32) for _ in range(2)]
    made = [api.losses.SparseCategoricalCrossentropy(), api.losses.Huber(0.5)]
    return trained(api, name, model, xs, ys, {"loss": made, "loss_weights": [0.5, 2.0]}, **fitting)


def _sum(api: Any) -> Any:
    return api.losses.SparseCategoricalCrossentropy(reduction="sum")


def _by_weights(api: Any) -> Any:
    return api.losses.SparseCategoricalCrossentropy(reduction="mean_with_sample_weight")


def _ignoring(api: Any) -> Any:
    return api.losses.SparseCategoricalCrossentropy(ignore_class=1)


def _measuring(api: Any) -> Any:
    return api.metrics.SparseCategoricalCrossentropy(ignore_class=1)


_LABELS = "sparse_categorical_crossentropy"
_WAYS: dict[str, Callable[..., Found]] = {
    "weighted samples": partial(classifier, loss=_LABELS, weighted=True, validation_split=0.25),
    "weighted samples and validation": partial(
        classifier, loss=_LABELS, weighted=True, validated=True
    ),
    "weighted samples, sum": partial(classifier, loss=_sum, weighted=True),
    "weighted samples, mean by weights": partial(classifier, loss=_by_weights, weighted=True),
    "weighted classes": partial(
        classifier, loss=_LABELS, class_weight={0: 0.5, 2: 3.0}, validation_split=0.25
    ),
    "weighted classes of one unit": partial(
        classifier, loss="binary_crossentropy", units=1, class_weight={0: 0.25, 1: 2.0}
    ),
    "masked steps": partial(tagger, loss=_LABELS),
    "masked steps, weighted": partial(tagger, loss=_LABELS, weighted=True),
    "masked steps, sum": partial(tagger, loss=_sum),
    "masked steps, mean by weights": partial(tagger, loss=_by_weights, weighted=True),
    "masked steps, an ignored class": partial(tagger, loss=_ignoring),
    "an ignored class measured": partial(
        tagger, loss=_LABELS, weighted=True, masked=False, measured=_measuring
    ),
    "masked steps, an ignored class measured": partial(tagger, loss=_LABELS, measured=_measuring),
    # The loss is a sum, because on PyTorch Keras 3.15 lets a mean of it change the weights that metrics get after it:
    # `apply_mask` multiplies them in place by the share of steps that are padding.
    "masked steps, an ignored class measured, weighted": partial(
        tagger, loss=_sum, weighted=True, measured=_measuring
    ),
    "weighted steps": partial(tagger, loss=_LABELS, weighted=True, masked=False),
    "two outputs": two_outputs,
    "two outputs, weighted": partial(two_outputs, weighted=True),
}
CASES: dict[str, Callable[[Any], Found]] = {
    name: (lambda api, name=name, way=way: way(name, api=api)) for name, way in _WAYS.items()
}
