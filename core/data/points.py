"""Points of two classes in the plane, drawn by rule.

Every set is a function of (samples, noise, seed) and nothing else: raw numbers of PCG-64, whose
stream NumPy promises not to change, rounded to four decimals so that the last bit of somebody's
logarithm does not matter. Noise is drawn apart from positions: turning it up moves the points it
already shows. Labels alternate, so any part of the rows holds both classes equally often. The test
points are as many as a quarter of the training points, drawn by the same rule.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from core.data.types import DataInfo, Source
from core.layers.settings import Setting

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from core.data.types import Arrays

    Floats = npt.NDArray[np.floating[Any]]
    Labels = npt.NDArray[np.int64]


class Dice:
    """Random numbers that are the same on every machine and with every version of NumPy."""

    def __init__(self, *key: int) -> None:
        import numpy as np

        self._bits = np.random.PCG64(key)

    def uniform(self, count: int, low: float = 0.0, high: float = 1.0) -> Floats:
        """`count` numbers, evenly spread over [low, high)."""
        unit = (self._bits.random_raw(count) >> 11) * 2.0**-53
        return low + (high - low) * unit

    def normal(self, count: int) -> Floats:
        """`count` numbers of mean 0 and standard deviation 1, by Box and Muller's rule."""
        import numpy as np

        radius = np.sqrt(-2.0 * np.log1p(-self.uniform(count)))
        return np.asarray(radius * np.cos(2.0 * np.pi * self.uniform(count)))


def xor(labels: Labels, dice: Dice) -> Floats:
    """Label 1 where the signs of x₁ and x₂ differ.

    |x₁| and |x₂| are uniform in [0.1, 1): the gap between the quarters is 0.2 wide.
    """
    import numpy as np

    count = len(labels)
    left = np.where(dice.uniform(count) < 0.5, -1.0, 1.0)
    below = np.where(labels == 1, -left, left)
    return np.stack(
        [left * dice.uniform(count, 0.1, 1.0), below * dice.uniform(count, 0.1, 1.0)], axis=1
    )


def spirals(labels: Labels, dice: Dice) -> Floats:
    """Two arms of one and a half turns, radius 3, the second half a turn behind the first.

    With s uniform in [0, 1): x₁ = 3s sin(3πs + kπ), x₂ = 3s cos(3πs + kπ) for class k.
    Drawn in strata, so that the arms have no gaps.
    """
    import numpy as np

    count = len(labels)
    strata = np.argsort(dice.uniform(-(-count // 2)), kind="stable").repeat(2)[:count]
    s = (strata + dice.uniform(count)) / (strata.max() + 1)
    angle = 3.0 * np.pi * s + np.pi * labels
    return np.stack([3.0 * s * np.sin(angle), 3.0 * s * np.cos(angle)], axis=1)


def circles(labels: Labels, dice: Dice) -> Floats:
    """Class 0 on a ring of radius 2, class 1 inside it on a ring of radius 1, at any angle."""
    import numpy as np

    angle = dice.uniform(len(labels), 0.0, 2.0 * np.pi)
    radius = np.where(labels == 0, 2.0, 1.0)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def moons(labels: Labels, dice: Dice) -> Floats:
    """Two half circles of radius 1.5 that reach into each other.

    With t uniform in [0, π): class 0 is (1.5 cos t − 0.75, 1.5 sin t − 0.375), class 1 is the same
    turned by half a turn about the origin.
    """
    import numpy as np

    t = dice.uniform(len(labels), 0.0, np.pi)
    moon = np.stack([1.5 * np.cos(t) - 0.75, 1.5 * np.sin(t) - 0.375], axis=1)
    return np.where(labels[:, np.newaxis] == 0, moon, -moon)


def gaussians(labels: Labels, dice: Dice) -> Floats:
    """Two clouds that overlap: deviation 1, about (1, 1) for class 0, (−1, −1) for class 1."""
    return _clouds(labels, dice, distance=1.0, deviation=1.0)


def two_blobs(labels: Labels, dice: Dice) -> Floats:
    """Two clouds a line can part: deviation 0.4, about (1.5, 1.5) for 0, (−1.5, −1.5) for 1."""
    return _clouds(labels, dice, distance=1.5, deviation=0.4)


def _clouds(labels: Labels, dice: Dice, *, distance: float, deviation: float) -> Floats:
    import numpy as np

    count = len(labels)
    centre = np.where(labels == 0, distance, -distance)
    return np.stack([centre + deviation * dice.normal(count) for _ in range(2)], axis=1)


def _draw(rule: Callable[[Labels, Dice], Floats], samples: int, noise: float, seed: int) -> Arrays:
    import numpy as np

    parts: list[npt.NDArray[np.float32] | Labels] = []
    for part, count in enumerate((samples, max(samples // 4, 2))):
        labels: Labels = np.arange(count, dtype=np.int64) % 2
        points = rule(labels, Dice(seed, part, 0))
        jitter = Dice(seed, part, 1)
        points = points + noise * np.stack([jitter.normal(count), jitter.normal(count)], axis=1)
        parts += [np.round(points, 4).astype(np.float32), labels]
    return parts[0], parts[1], parts[2], parts[3]


def _source(
    id: str, title: str, summary: str, rule: Callable[[Labels, Dice], Floats], noise: float
) -> Source:
    parameters = (
        Setting(
            "samples", "Samples", "int", 400, 4, 20_000, 20,
            help="How many points to learn from; a quarter as many again test what was learned.",
        ),
        Setting(
            "noise", "Noise", "float", noise, 0.0, 2.0, 0.05,
            help="Standard deviation of the random shift every point gets.",
        ),
        Setting(
            "seed", "Seed", "int", 0, 0, 2**31 - 1,
            help="Another number draws other points by the same rule.",
        ),
    )  # fmt: skip
    info = DataInfo(
        id=id,
        version=1,
        title=title,
        summary=summary,
        input_shape=(2,),
        classes=("A", "B"),
        task="classification",
        kind="points",
        licence="MIT",
        origin="Drawn by this program",
        parameters=parameters,
        features=("x₁", "x₂"),
    )
    return Source(info, partial(_draw, rule))


SOURCES = (
    _source("xor", "XOR", "Class B where the signs of the two numbers differ. No straight line "
            "parts the classes: one neuron cannot do it.", xor, 0.0),
    _source("spirals", "Two spirals", "Two arms wound round each other: hard for few neurons, and "
            "a pleasure to watch.", spirals, 0.1),
    _source("circles", "Circles", "A ring around a ring: the boundary has to close.",
            circles, 0.15),
    _source("moons", "Moons", "Two half moons that reach into each other.", moons, 0.15),
    _source("gaussians", "Gaussians", "Two clouds that overlap: a straight line is the best there "
            "is, and is wrong now and then.", gaussians, 0.0),
    _source("two-blobs", "Two blobs", "Two clouds a straight line can part: enough for a single "
            "neuron.", two_blobs, 0.0),
)  # fmt: skip
