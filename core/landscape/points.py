"""The points that regressions are fitted to: measured ones, drawn ones, those of the notes, and the learner's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core.errors import SettingError
from core.landscape.heights import COLUMNS, Domain, Point, Samples
from core.naming import unknown

if TYPE_CHECKING:
    import numpy as np

#: So many samples at most: a race visits all of them at every step, and twelve racers of 10,000 steps take a second.
MOST_SAMPLES = 100

_IRIS = " of the 150 flowers that E. Anderson measured and R. A. Fisher published, 1936 (CC0)."
_PENGUINS = (
    "67 of the penguins that K. B. Gorman, T. D. Williams and W. R. Fraser measured, 2014 (CC0)."
)


@dataclass(frozen=True)
class Points:
    """A set of points by name.

    Attributes
    ----------
    make
        The samples.
    view
        What is worth being looked at of their loss, and from where it is raced, as long as the feature is as it was
        measured; None for what lies around the minimum.
    """

    make: Callable[[], Samples]
    view: tuple[Domain, Point] | None = None


def _petals() -> Samples:
    """Petal width over length (cm) of every second flower: 75, of all three species."""
    flowers = _table("FLOWERS")[::2]
    names = ("petal length (cm)", "petal width (cm)")
    return _samples(flowers[:, 0] / 10, flowers[:, 1] / 10, names, "75" + _IRIS)


def _flippers() -> Samples:
    """Flipper length (cm) over body mass (kg) of 67 penguins.

    Masses differ more than flippers do, measured by their mean: this way around the valley is narrow, the other way
    around it would be a line.
    """
    birds = _table("PENGUINS")
    names = ("body mass (kg)", "flipper length (cm)")
    return _samples(birds[:, 0] / 1000, birds[:, 1] / 10, names, _PENGUINS)


def _virginica() -> Samples:
    """Petal width (cm), and whether a flower is *Iris virginica* (1) or *versicolor* (0): 100, all there are.

    By their width they are told apart as well as by their length, and the valley is less narrow.
    """
    flowers = _table("FLOWERS")[50:]
    return _samples(
        flowers[:, 1] / 10, flowers[:, 2] - 1, ("petal width (cm)", "virginica"), "100" + _IRIS
    )


def _males() -> Samples:
    """Body mass (kg), and whether a penguin is male (1) or female (0): 67 of three species, which overlap."""
    birds = _table("PENGUINS")
    return _samples(birds[:, 0] / 1000, birds[:, 2], ("body mass (kg)", "male"), _PENGUINS)


def _table(name: str) -> np.ndarray:
    import numpy as np

    from core.data import measured

    return np.array(getattr(measured, name), np.float64)


def _hours() -> Samples:
    """Hours of study, and the points of an exam: 24 drawn samples of ``t = 2 + 0.8 u`` with noise."""
    import numpy as np

    from core.data.points import Dice

    dice = Dice(11, 0)
    u = np.round(dice.uniform(24, 0.5, 10.0), 2)
    return _samples(u, np.round(2 + 0.8 * u + 0.9 * dice.normal(24), 2), ("hours", "points"))


def _weight_height() -> Samples:
    """Height over weight of the six people of the notes, in pounds and inches as they are told."""
    import numpy as np

    from core.data.tables import PEOPLE

    people = np.array(PEOPLE, np.float64)
    return _samples(people[:, 0], people[:, 1], ("weight (lb)", "height (in)"))


def _passed() -> Samples:
    """Hours of study, and whether the exam was passed: 32 drawn samples, of which some in the middle went otherwise."""
    import numpy as np

    from core.data.points import Dice

    dice = Dice(12, 0)
    u = np.round(dice.uniform(32, 0.5, 10.0), 2)
    chance = 1 / (1 + np.exp(-1.3 * (u - 5)))
    return _samples(u, (dice.uniform(32) < chance).astype(np.float64), ("hours", "passed"))


def _height_class() -> Samples:
    """The class over the height of the six people of the notes, in inches; heights do not part the classes."""
    import numpy as np

    from core.data.tables import PEOPLE

    people = np.array(PEOPLE, np.float64)
    return _samples(people[:, 1], people[:, 2], ("height (in)", "class"))


#: The sets for a line, and those for a logistic curve; the first is what is offered first.
LINEAR: dict[str, Points] = {
    "iris": Points(_petals),
    "penguins": Points(_flippers),
    "hours": Points(_hours),
    "weight-height": Points(_weight_height),
}
LOGISTIC: dict[str, Points] = {
    # They begin on a steep side of the valley, and no more of it is shown than steps of the usual rates can be seen in.
    "penguins": Points(_males, (((-1.0, 3.4), (-13.0, 4.0)), (0.8, 1.5))),
    "iris": Points(_virginica, (((-2.0, 16.0), (-26.0, 5.0)), (2.5, 1.5))),
    "hours": Points(_passed),
    "weight-height": Points(_height_class),
}


def _samples(u: np.ndarray, t: np.ndarray, names: tuple[str, str], origin: str = "") -> Samples:
    for column in (u, t):
        column.flags.writeable = False
    return Samples(u, t, names, origin)


def given(
    data: Any, known: Mapping[str, Points], kind: str
) -> tuple[Samples, Any, tuple[Domain, Point] | None]:
    """Samples by the name of a set, or the learner's own (see `core.landscape.surface`).

    Returns
    -------
    The samples, the setting that stands for them in a document, and what is worth being looked at (`Points.view`).

    Raises
    ------
    core.errors.SettingError
        There is no such set, or the learner's are no points of a regression.
    """
    import numpy as np

    if isinstance(data, str):
        if data not in known:
            raise SettingError(unknown(f"set of points for {kind}", data, known), "data")
        return known[data].make(), data, known[data].view
    try:
        u, t = (np.array(data[key], np.float64) for key in COLUMNS)
        names = tuple(str(name) for name in data.get("names", COLUMNS))
        fine = u.ndim == 1 and u.shape == t.shape and len(names) == 2
    except (KeyError, TypeError, ValueError, AttributeError):
        fine = False
    if not fine:
        raise SettingError(
            f"The points of {kind} are given by a name ({', '.join(known)}) or as two lists of numbers that are "
            'equally long, {"u": [...], "t": [...]}.',
            "data",
        )
    if not 2 <= len(u) <= MOST_SAMPLES or not (np.isfinite(u).all() and np.isfinite(t).all()):
        raise SettingError(
            f"The points of {kind} are 2 to {MOST_SAMPLES} finite numbers each; here are {len(u)}.",
            "data",
        )
    if float(np.ptp(u)) == 0.0 or np.abs(u).max() > 1e6 or np.abs(t).max() > 1e6:
        raise SettingError(
            f"The points of {kind} lie at different u, within a million of 0: a line through them has to be one.",
            "data",
        )
    document = {"u": u.tolist(), "t": t.tolist(), "names": list(names)}
    return _samples(u, t, (names[0], names[1])), document, None


def scaled_samples(samples: Samples) -> Samples:
    """The same with the feature brought to mean 0 and deviation 1; it has no unit then."""
    u = (samples.u - samples.u.mean()) / samples.u.std()
    u.flags.writeable = False
    first, second = samples.names
    return replace(samples, u=u, names=(f"{first.partition(' (')[0]}, scaled", second))
