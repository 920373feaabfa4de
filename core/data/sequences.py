"""Short sequences of numbers, drawn by rule: small enough to follow a recurrent network through every time step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.data.points import Dice
from core.data.types import DataInfo, Source
from core.layers.settings import Setting

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from core.data.types import Arrays

#: Time steps of every sequence.
STEPS = 5


def remember(samples: int, distraction: float, seed: int) -> Arrays:
    """Sequences of five numbers whose first one counts.

    The first is uniform in [0.5, 1) with the sign of its class, the others uniform in [−d, d) for a distraction d: what
    comes first has to be kept while four numbers pass by that mean nothing. Classes alternate; numbers have four
    decimals. Test sequences are as many as a quarter of the others, drawn by the same rule.
    """
    import numpy as np

    parts: list[npt.NDArray[np.float32] | npt.NDArray[np.int64]] = []
    for part, count in enumerate((samples, max(samples // 4, 2))):
        labels = np.arange(count, dtype=np.int64) % 2
        first = Dice(seed, part, 0).uniform(count, 0.5, 1.0) * (2 * labels - 1)
        rest = distraction * Dice(seed, part, 1).uniform(count * (STEPS - 1), -1.0, 1.0)
        x = np.concatenate([first[:, np.newaxis], rest.reshape(count, STEPS - 1)], axis=1)
        parts += [np.round(x, 4).astype(np.float32)[:, :, np.newaxis], labels]
    return parts[0], parts[1], parts[2], parts[3]


SOURCES = (
    Source(
        DataInfo(
            id="remember-first",
            version=1,
            title="Remember the first",
            summary="Five numbers one after the other; the class is the sign of the first. What follows it only "
            "distracts: a recurrent network has to remember.",
            input_shape=(STEPS, 1),
            classes=("negative", "positive"),
            task="classification",
            kind="table",
            licence="MIT",
            origin="Drawn by this program",
            parameters=(
                Setting(
                    "samples", "Samples", "int", 200, 4, 20_000, 20,
                    help="How many sequences to learn from; a quarter as many again test what was learned.",
                ),
                Setting(
                    "distraction", "Distraction", "float", 0.6, 0.0, 2.0, 0.1,
                    help="How large the numbers after the first may be.",
                ),
                Setting(
                    "seed", "Seed", "int", 0, 0, 2**31 - 1,
                    help="Another number draws other sequences by the same rule.",
                ),
            ),
            features=("x",),
        ),
        remember,
    ),
)  # fmt: skip
