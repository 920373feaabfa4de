"""How far to trust a map: the class's probability without its pixels, and the map while the layers forget."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from app.engine.answers import Partial
from app.engine.questions import question
from app.engine.questions.inside import METHODS, answering, explainer, given, held, steps_of
from app.text import tr
from core.errors import ChainruleError
from core.explain.curves import WAYS, Curve, curve
from core.explain.randomization import Randomized, cascading_randomization
from core.explain.score import Score, score_of

if TYPE_CHECKING:
    from app.engine.session import Session
    from core.explain.explainer import Explainer
    from core.runs import Position

#: A map of nothing but chance, which every method should beat.
RANDOM = "random"
#: Orders of pixels whose curves are averaged for it.
_ORDERS = 5


@dataclass(frozen=True, eq=False)
class Removal:
    """What the pixels a map calls strongest are worth.

    Attributes
    ----------
    method
        One of `METHODS`, or `RANDOM`.
    deletion, insertion
        The class's probability while they go, and while they come. Of `RANDOM` the mean of several orders; its
        `Curve.order` is that of the first.
    """

    method: str
    deletion: Curve
    insertion: Curve


@dataclass(frozen=True, eq=False)
class Removals:
    """Curves of several methods for one input and one class.

    Attributes
    ----------
    position
        Where the run stood.
    x
        The input, in its shape.
    class_index, baseline
        The class, and what pixels are replaced by.
    methods
        In the order they were asked for, `RANDOM` last; only those that are complete.
    """

    position: Position
    x: np.ndarray
    class_index: int
    baseline: float
    methods: tuple[Removal, ...]


@dataclass(frozen=True, eq=False)
class Forgetting:
    """A method's map while the layers forget.

    Attributes
    ----------
    method
        One of `METHODS`.
    maps
        The map of the network as it is, then with one layer more randomised each, from the output.
    """

    method: str
    maps: tuple[Randomized, ...]


@dataclass(frozen=True, eq=False)
class SanityChecks:
    """The sanity check of several methods for one input and one class; see `Removals`."""

    position: Position
    x: np.ndarray
    class_index: int
    methods: tuple[Forgetting, ...]


def _known(methods: Mapping[str, Mapping[str, Any]]) -> None:
    for method in methods:
        if method not in METHODS:
            names = ", ".join(METHODS)
            raise ChainruleError(
                tr("There is no method {name}; there are {names}.", name=repr(method), names=names)
            )


@question("inside_removals")
def removals(
    session: Session,
    *,
    x: Any,
    methods: Mapping[str, Mapping[str, Any]],
    class_index: int,
    against: int | None = None,
    baseline: float = 0.0,
    points: int = 50,
    seed: int = 0,
) -> Generator[Partial, None, Removals]:
    """Deletion and insertion curves of each method's map, and of chance; `methods` are names with settings."""
    _known(methods)
    of, position = explainer(session), session.position
    row = given(of, x)
    answering(of, row)
    score, followed = (
        score_of(class_index, of.classes, "score", against),
        Score(class_index, "probability"),
    )
    found: list[Removal] = []
    whole = len(methods) + 1

    def answer() -> Removals:
        return Removals(position, row[0], class_index, baseline, tuple(found))

    def share(part: float) -> Partial:
        return Partial((len(found) + part) / whole, answer())

    for method, settings in methods.items():
        values: np.ndarray | None = None
        for step in held(session, of, steps_of(of, row, method, score, dict(settings))):
            values = step.result[0]
            if step.done < step.total:
                yield share(0.6 * step.done / step.total)
        assert values is not None
        if method == "occlusion" and values.ndim == 3:
            values = values[..., 0]  # the same number for each channel
        curves: dict[str, Curve] = {}
        for k, way in enumerate(WAYS):
            steps = curve(of, row[0], values, followed, way=way, baseline=baseline, points=points)
            for one in held(session, of, steps):
                curves[way] = one.result
                yield share(0.6 + 0.2 * (k + one.done / one.total))
        found.append(Removal(method, curves["deletion"], curves["insertion"]))
        yield share(0.0)
    draws = np.random.default_rng(seed)
    places = of.input_shape[:2] if len(of.input_shape) == 3 else of.input_shape
    made: dict[str, list[Curve]] = {way: [] for way in WAYS}
    for k in range(_ORDERS):
        order = draws.random(places).astype(np.float32)
        for way in WAYS:
            steps = curve(of, row[0], order, followed, way=way, baseline=baseline, points=points)
            for one in held(session, of, steps):
                last = one.result
            made[way].append(last)
        yield share((k + 1) / _ORDERS)
    found.append(Removal(RANDOM, _mean(made["deletion"]), _mean(made["insertion"])))
    return answer()


def _mean(curves: list[Curve]) -> Curve:
    scores = np.mean([one.scores for one in curves], 0)
    first = curves[0]
    return Curve(first.fractions, scores, float(np.trapezoid(scores, first.fractions)), first.order)


@question("inside_sanity_checks")
def sanity_checks(
    session: Session,
    *,
    x: Any,
    methods: Mapping[str, Mapping[str, Any]],
    class_index: int,
    against: int | None = None,
    seed: int = 0,
) -> Generator[Partial, None, SanityChecks]:
    """Each method's map while the layers forget what they learned, one after another, from the output on."""
    _known(methods)
    of, position = explainer(session), session.position
    row = given(of, x)
    answering(of, row)
    score = score_of(class_index, of.classes, "score", against)
    found: list[Forgetting] = []

    def answer(under_way: tuple[Forgetting, ...] = ()) -> SanityChecks:
        return SanityChecks(position, row[0], class_index, (*found, *under_way))

    for method, settings in methods.items():

        def made(one: Explainer, method: str = method, settings: Any = settings) -> np.ndarray:
            values: np.ndarray | None = None
            for step in steps_of(one, row, method, score, dict(settings)):
                values = step.result[0]
            assert values is not None
            return values

        maps: tuple[Randomized, ...] = ()
        for step in held(session, of, cascading_randomization(of, made, seed=seed)):
            maps = step.result
            part = (len(found) + step.done / step.total) / len(methods)
            yield Partial(part, answer((Forgetting(method, maps),)))
        found.append(Forgetting(method, maps))
    return answer()
