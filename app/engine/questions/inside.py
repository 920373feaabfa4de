"""What Look inside asks: what every layer makes of an input, and why the network says what it says. Worker thread.

The network is explained with the weights it has where the run stands, so what is shown follows training and scrubbing.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from app.engine.answers import Partial
from app.engine.questions import question
from app.snapshots import read_only
from app.text import tr
from core.errors import ChainruleError
from core.explain import gradients
from core.explain.class_maps import grad_cam, last_convolution, upsampled
from core.explain.explainer import Explainer
from core.explain.gradients import Path
from core.explain.occluding import Occluded, occlusion
from core.explain.progress import Progress
from core.explain.score import Score, score_of

if TYPE_CHECKING:
    from app.engine.session import Session
    from core.runs import Position

_Piece = TypeVar("_Piece")

#: Numbers of a layer that are sent as they are; of larger ones every so many rows and columns.
MOST_NUMBERS = 400_000

#: Methods by the names they have in `core.explain`, with what a learner calls them.
METHODS: Mapping[str, str] = MappingProxyType(
    {
        "saliency": tr("Saliency"),
        "input_x_gradient": tr("Gradient × input"),
        "smooth_grad": tr("SmoothGrad"),
        "integrated_gradients": tr("Integrated gradients"),
        "guided_backprop": tr("Guided backpropagation"),
        "grad_cam": tr("Grad-CAM"),
        "occlusion": tr("Occlusion"),
    }
)


@dataclass(frozen=True)
class Look:
    """What the network makes of an input.

    Attributes
    ----------
    position
        Where the run stands.
    scores, probabilities
        (classes,): before and behind the softmax.
    layers
        Output of each layer by its id, without the axis of rows; large maps with `every` row and column left out.
    every
        Of which layers only every so manieth row and column is there.
    version
        Of which program and weights it is, as `Snapshot.version`.
    """

    position: Position
    scores: np.ndarray
    probabilities: np.ndarray
    layers: Mapping[str, np.ndarray]
    every: Mapping[str, int] = field(default_factory=dict)
    version: tuple[int, ...] = ()


@dataclass(frozen=True)
class Attribution:
    """Which numbers of the input mattered.

    Attributes
    ----------
    position
        Where the run stands.
    method, score
        How, and of what.
    values
        Shaped like the input, or (height, width) for Grad-CAM.
    whole
        Whether it is complete.
    detail
        What the method found besides: `Path`, `Occluded`, the layer's own map for Grad-CAM, or None.
    version
        Of which program and weights it is, as `Snapshot.version`.
    """

    position: Position
    method: str
    score: Score
    values: np.ndarray
    whole: bool
    detail: Path | Occluded | np.ndarray | None = None
    version: tuple[int, ...] = ()


#: Why a network that answers with NaN is not explained, and what to do.
NOT_FINITE = tr(
    "The network's numbers are not finite (NaN or infinite), so nothing of it can be explained. Go back to an earlier "
    "step or reset the weights; a smaller learning rate keeps them finite."
)


_explainers: WeakKeyDictionary[Any, tuple[Explainer, Any]] = WeakKeyDictionary()


def explainer(session: Session) -> Explainer:
    """What explains the network of a session with the weights it has where its run stands."""
    run = session.run
    found = _explainers.get(run)
    version = session._version
    if found is None or found[0].network is not run.network:
        found = (Explainer(run.network), None)
    if found[1] != version:
        found[0].set_weights(run.program.weights())
        _explainers[run] = (found[0], version)
    return found[0]


def held(session: Session, of: Explainer, pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    """Go on with the weights with which the pieces began, whatever was explained between two of them.

    Training goes on meanwhile, and a map of which each part is of another network is of none.
    """
    run, version, weights = session.run, session._version, of.weights
    while True:
        if _explainers[run][1] != version:
            of.set_weights(weights)
            _explainers[run] = (of, version)
        try:
            piece = next(pieces)
        except StopIteration:
            return
        yield piece


def given(of: Explainer, x: Any) -> np.ndarray:
    """An input as the network takes it: (1, ...).

    Raises
    ------
    ChainruleError
        It has another shape.
    """
    array = np.asarray(x, np.float32)
    if array.size != prod(of.input_shape):
        sizes = ["×".join(map(str, shape)) for shape in (of.input_shape, array.shape)]
        raise ChainruleError(
            tr(
                "The network takes {wanted} numbers; the input has {given}.",
                wanted=sizes[0],
                given=sizes[1],
            )
        )
    if not np.isfinite(array).all():
        raise ChainruleError(tr("The input has numbers that are not finite."))
    return array.reshape(1, *of.input_shape)


def answering(of: Explainer, rows: np.ndarray) -> Explainer:
    """The same, if what it answers to the rows are numbers.

    Raises
    ------
    ChainruleError
        They are NaN or infinite: every picture and percentage made of them would be of nothing.
    """
    if len(of.output_shape) == 1 and not np.isfinite(of.outputs(rows)).all():
        raise ChainruleError(NOT_FINITE)
    return of


@question("inside_look")
def look(session: Session, *, x: Any) -> Look:
    """What every layer makes of an input."""
    of = explainer(session)
    row = given(of, x)
    layers, every = {}, {}
    for name, values in of.layer_outputs(row).items():
        one = values[0]
        if one.ndim == 3 and one.size > MOST_NUMBERS:
            step = int(np.ceil(np.sqrt(one.size / MOST_NUMBERS)))
            one, every[name] = one[::step, ::step], step
        layers[name] = read_only(np.ascontiguousarray(one))
    listed = len(of.output_shape) == 1
    scores = of.outputs(row)[0] if listed else np.zeros(0, np.float32)
    probabilities = of.outputs(row, "probability")[0] if listed else scores
    return Look(
        session.position, read_only(scores), read_only(probabilities), MappingProxyType(layers),
        MappingProxyType(every), session.version,
    )  # fmt: skip


@question("inside_attribution")
def attribution(
    session: Session,
    *,
    x: Any,
    method: str,
    class_index: int,
    on: str = "score",
    against: int | None = None,
    settings: Mapping[str, Any] = MappingProxyType({}),
) -> Generator[Partial, None, Attribution]:
    """One of `METHODS`; `settings` are those of its function in `core.explain`. In pieces, the rough picture first."""
    of = explainer(session)
    row = given(of, x)
    score = score_of(class_index, of.classes, on, against)
    position, version = session.position, session.version
    if method not in METHODS:
        names = ", ".join(METHODS)
        message = tr(
            "There is no method {name}; there are {names}.", name=repr(method), names=names
        )
        raise ChainruleError(message)
    answering(of, row)
    found: Attribution | None = None
    for step in held(session, of, steps_of(of, row, method, score, dict(settings))):
        values, detail = step.result
        whole = step.done >= step.total
        if whole and not np.isfinite(values).all():
            raise ChainruleError(NOT_FINITE)
        found = Attribution(position, method, score, read_only(values), whole, detail, version)
        if not whole:
            yield Partial(step.done / step.total, found)
    assert found is not None
    return found


def steps_of(
    of: Explainer, x: np.ndarray, method: str, score: Score, settings: dict[str, Any]
) -> Iterator[Progress[tuple[np.ndarray, Any]]]:
    """Values without the axis of rows, and what the method found besides."""
    if method == "smooth_grad":
        for one in gradients.smooth_grad(of, x, score, **settings):
            yield Progress(one.done, one.total, (one.result[0], None))
    elif method == "integrated_gradients":
        for path in gradients.integrated_gradients(of, x, score, **({"coarse": True} | settings)):
            yield Progress(path.done, path.total, (path.result.attributions[0], path.result))
    elif method == "occlusion":
        for hidden in occlusion(of, x, score, **({"coarse": True} | settings)):
            yield Progress(
                hidden.done, hidden.total, (hidden.result.attributions[0], hidden.result)
            )
    elif method == "grad_cam":
        mode = settings.pop("interpolate_mode", "bilinear")
        layer = settings.pop("layer", "") or last_convolution(of)
        maps = grad_cam(of, x, score, layer, **settings)
        yield Progress(1, 1, (upsampled(maps, of, mode)[0], maps.maps[0]))
    else:
        yield Progress(1, 1, (getattr(gradients, method)(of, x, score, **settings)[0], None))
