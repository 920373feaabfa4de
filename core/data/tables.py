"""Tables of a few rows, small enough to follow every number by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.data.types import DataInfo, Source

if TYPE_CHECKING:
    from core.data.types import Arrays

#: The six people of the notes: weight (pounds) and height (inches), then the label.
PEOPLE = (
    (150, 67, 1),
    (130, 60, 1),
    (200, 65, 0),
    (125, 52, 1),
    (230, 72, 0),
    (181, 70, 0),
)

#: Two numbers, then what the network is to answer: 1 and 0 where the first is the larger.
_CHAIN_RULE = (
    (0.8, -0.5, 1, 0),
    (-0.3, 0.6, 0, 1),
    (0.5, 0.9, 0, 1),
    (-0.4, -0.7, 1, 0),
)


def weight_height() -> Arrays:
    """Weight and height of six people, each column scaled to mean 0 and deviation 1.

    Unscaled, weights of about 170 drown the heights and a neuron saturates at its first step.
    Six rows are too few to hold any back: the test rows are the training rows.
    """
    import numpy as np

    table = np.array(PEOPLE, dtype=np.float64)
    x = table[:, :2]
    x = np.round((x - x.mean(axis=0)) / x.std(axis=0), 4).astype(np.float32)
    y = table[:, 2].astype(np.int64)
    return x, y, x.copy(), y.copy()


def chain_rule() -> Arrays:
    """Which of two numbers is the larger, one-hot, four times; also tested on these four."""
    import numpy as np

    table = np.array(_CHAIN_RULE, dtype=np.float32)
    x, y = table[:, :2], table[:, 2:]
    return x, y, x.copy(), y.copy()


SOURCES = (
    Source(
        DataInfo(
            id="weight-height",
            version=1,
            title="Weight and height",
            summary="Six people, two numbers each, already scaled to mean 0 and deviation 1: small "
            "enough to do by hand. Too few to test on others.",
            input_shape=(2,),
            classes=("0", "1"),
            task="classification",
            kind="points",
            licence="MIT",
            origin="A worked example of six invented people, scaled by this program",
            features=("weight", "height"),
        ),
        weight_height,
    ),
    Source(
        DataInfo(
            id="chain-rule",
            version=1,
            title="Chain rule by hand",
            summary="Four samples, two numbers in and two out, one-hot: which is the larger? For "
            "following one step of backpropagation with pencil and paper.",
            input_shape=(2,),
            classes=("first", "second"),
            task="classification",
            kind="table",
            licence="MIT",
            origin="Made for this program",
            features=("x₁", "x₂"),
            output_shape=(2,),
        ),
        chain_rule,
    ),
)
