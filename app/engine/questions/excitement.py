"""What Look inside asks of a whole data set: what excites a channel, what is mistaken, what is near. Worker thread.

Answers are of the weights the run has when they are asked for: those are kept until the last sample has been looked at,
however far the run goes on meanwhile, and the answer says of which step they are.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from app.engine.answers import Partial
from app.engine.looking import decide, inputs_of, labels_of
from app.engine.questions import question
from app.engine.questions.inside import NOT_FINITE, answering, given
from app.engine.questions.samples import prepared
from app.snapshots import read_only
from app.text import tr
from core import checked
from core.errors import ChainruleError
from core.explain.excitement import Exciting, exciting, nearest
from core.explain.explainer import Explainer

if TYPE_CHECKING:
    from app.engine.session import Session
    from core.runs import Position
    from core.runs.samples import Samples

#: Samples of one answer of pictures, and pixels of a picture's longer side: of larger ones every so many are left out.
MOST_PICTURES, SIDE = 400, 112
#: Seconds between two lists of what was mistaken so far.
_TOLD = 0.1


@dataclass(frozen=True)
class Scan:
    """Where an answer comes from.

    Attributes
    ----------
    position
        Where the run stood: whose weights it is of.
    data, part
        The data set (empty: the run's own), ``"train"`` or ``"validation"``.
    done, total
        Samples that were looked at, and that there are.
    """

    position: Position
    data: str
    part: str
    done: int
    total: int

    @property
    def whole(self) -> bool:
        """Whether all samples were looked at."""
        return self.done >= self.total


@dataclass(frozen=True)
class TopSamples:
    """The samples that excite each channel of a layer most."""

    scan: Scan
    layer: str
    found: Exciting


@dataclass(frozen=True)
class Mistakes:
    """The samples the network takes for another class, the surest first.

    Attributes
    ----------
    scan
    samples, labels, predicted
        (mistakes,): number, class, and the class the network says.
    confidence, of_label
        Likewise: the probabilities of the class it says, and of the right one.
    """

    scan: Scan
    samples: np.ndarray
    labels: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray
    of_label: np.ndarray


@dataclass(frozen=True)
class Neighbours:
    """The samples a layer takes for most like the input.

    Attributes
    ----------
    scan
    layer
    samples, distances, labels, predicted
        (neighbours,), nearest first; labels are -1 where there are no classes.
    """

    scan: Scan
    layer: str
    samples: np.ndarray
    distances: np.ndarray
    labels: np.ndarray
    predicted: np.ndarray


@dataclass(frozen=True)
class Pictures:
    """Samples as small pictures.

    Attributes
    ----------
    data, part
    images
        By number: (height, width, channels) as the network sees them, or the numbers of a sample that is no image.
    labels
        By number, of those that have a class.
    every
        Of large pictures only every so manieth row and column is there.
    """

    data: str
    part: str
    images: Mapping[int, np.ndarray]
    labels: Mapping[int, int]
    every: int = 1


# ---- the network as it is, and the samples -------------------------------------------------------------------------

#: One network that looks at samples for each run, and whose weights it has.
_explainers: WeakKeyDictionary[Any, tuple[Explainer, object]] = WeakKeyDictionary()


class Frozen:
    """The network with the weights it has now, whatever its run does while it is used.

    Several questions share one program: each brings its own weights with it.
    """

    def __init__(self, session: Session) -> None:
        self._run = session.run
        self.position = session.position
        self._weights = session.run.program.weights()

    @property
    def explainer(self) -> Explainer:
        """With these weights, until another question needs it."""
        found = _explainers.get(self._run)
        if found is None or found[0].network is not self._run.network:
            found = (Explainer(self._run.network), None)
        if found[1] is not self:
            found[0].set_weights(self._weights)
            _explainers[self._run] = (found[0], self)
        return found[0]


def rows_of(session: Session, samples: Samples, rows: Any) -> np.ndarray:
    """Samples as the network sees them."""
    shape = next(iter(session.run.program.tape.inputs.values())).shape
    return inputs_of(samples, rows).reshape(len(rows), *shape)


def _set(session: Session, data: str, part: str) -> Samples:
    """The samples of a part.

    Raises
    ------
    ChainruleError
        There is no such part, or the network has several inputs.
    """
    if part not in ("train", "validation"):
        raise ChainruleError(
            tr('Samples are those of "train" or "validation"; this is {part}.', part=repr(part))
        )
    if len(session.run.program.tape.inputs) != 1:
        raise ChainruleError(tr("Samples are looked at by networks with one input."))
    return prepared(session, data, part)


def _batches(
    session: Session, samples: Samples, frozen: Frozen
) -> Iterator[tuple[int, np.ndarray]]:
    """(number of the first, samples), as many at a time as the network takes. The network is ready for each."""
    start, count = 0, len(samples)
    while start < count:
        at_once = frozen.explainer.rows_at_once
        rows = np.arange(start, min(start + at_once, count))
        yield start, rows_of(session, samples, rows)
        start += at_once


def layer_of(of: Explainer, layer: str) -> str:
    """A layer of the network; another is refused."""
    if layer not in of.shapes or not of.shapes[layer]:
        known = ", ".join(of.shapes)
        raise ChainruleError(
            tr("There is no layer {name}; there are {known}.", name=layer, known=known)
        )
    return layer


def count_of(value: Any, name: str, most: int) -> int:
    """A number of things; fewer than one or too many are refused."""
    found = checked.whole(value, 1)
    if found is None or found > most:
        raise ChainruleError(
            tr("{name} is a whole number from 1 to {most}; it is {value}.", name=name, most=most, value=repr(value))
        )  # fmt: skip
    return found


# ---- the questions -------------------------------------------------------------------------------------------------


@question("inside_exciting")
def top_samples(
    session: Session, *, layer: str, data: str = "", part: str = "validation", k: int = 9
) -> Generator[Partial, None, TopSamples]:
    """For each channel of a layer the samples in which its map is largest, and where."""
    samples, frozen = _set(session, data, part), Frozen(session)
    of = frozen.explainer
    k = count_of(k, "k", 64)
    if len(samples):
        answering(of, rows_of(session, samples, [0]))
    steps = exciting(of, _batches(session, samples, frozen), len(samples), layer_of(of, layer), k)
    answer: TopSamples | None = None
    for step in steps:
        scan = Scan(frozen.position, data, part, step.done, step.total)
        answer = TopSamples(scan, layer, step.result)
        if not scan.whole:
            yield Partial(step.done / step.total, answer)
    if answer is None:
        raise ChainruleError(tr("There are no samples to look at."))
    return answer


@question("inside_mistakes")
def mistakes(
    session: Session, *, data: str = "", part: str = "validation"
) -> Generator[float | Partial, None, Mistakes]:
    """All samples the network takes for another class, those first of which it is surest."""
    samples, frozen = _set(session, data, part), Frozen(session)
    found: list[tuple[np.ndarray, ...]] = []
    answer: Mistakes | None = None
    told = 0.0
    for start, x in _batches(session, samples, frozen):
        rows = np.arange(start, start + len(x))
        labels = labels_of(samples.targets[0].array[rows])
        if labels is None or labels.shape != (len(rows),):
            raise ChainruleError(tr("Mistakes are those of networks that tell classes apart."))
        outputs = frozen.explainer.outputs(x, "probability")
        if not np.isfinite(outputs).all():
            raise ChainruleError(NOT_FINITE)
        predicted, confidence = decide(outputs)
        wrong = np.flatnonzero(predicted != labels)
        right = _probability(outputs, labels)
        found.append(
            (rows[wrong], labels[wrong], predicted[wrong], confidence[wrong], right[wrong])
        )
        done = start + len(x)
        if done < len(samples) and perf_counter() - told < _TOLD:
            yield done / len(samples)
            continue
        told = perf_counter()
        whole = [np.concatenate(parts) for parts in zip(*found, strict=True)]
        order = np.argsort(-whole[3], kind="stable")
        scan = Scan(frozen.position, data, part, done, len(samples))
        answer = Mistakes(scan, *(read_only(column[order], column.dtype) for column in whole))
        if not scan.whole:
            yield Partial(done / len(samples), answer)
    if answer is None:
        raise ChainruleError(tr("There are no samples to look at."))
    return answer


def _probability(outputs: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """What the network gives a class of each row; with a single output it is the probability of class 1."""
    flat = outputs.reshape(len(outputs), -1)
    if flat.shape[1] == 1:
        return np.where(classes == 1, flat[:, 0], 1 - flat[:, 0])
    return flat[np.arange(len(flat)), np.clip(classes, 0, flat.shape[1] - 1)]


@question("inside_neighbours")
def nearest_samples(
    session: Session, *, x: Any, layer: str, data: str = "", part: str = "validation", k: int = 12,
    without: int = -1,
) -> Generator[Partial, None, Neighbours]:  # fmt: skip
    """The samples whose output of a layer is nearest to the input's; `without` is the input's own number."""
    samples, frozen = _set(session, data, part), Frozen(session)
    of = frozen.explainer
    one = given(of, x)
    answering(of, one)
    k = count_of(k, "k", 64)
    layer = layer_of(of, layer)
    answer: Neighbours | None = None
    batches = _batches(session, samples, frozen)
    for step in nearest(of, batches, len(samples), layer, one, k, without):
        numbers = step.result.samples
        labels = labels_of(samples.targets[0].array[numbers]) if len(numbers) else None
        if labels is None or labels.shape != numbers.shape:
            labels = np.full(len(numbers), -1)
        said = np.full(len(numbers), -1)
        scan = Scan(frozen.position, data, part, step.done, step.total)
        if scan.whole and len(numbers) and len(of.output_shape) == 1:
            said = decide(
                frozen.explainer.outputs(rows_of(session, samples, numbers), "probability")
            )[0]
        answer = Neighbours(
            scan, layer, read_only(numbers, np.int64), read_only(step.result.distances, np.float64),
            read_only(labels, np.int64), read_only(said, np.int64),
        )  # fmt: skip
        if not scan.whole:
            yield Partial(step.done / step.total, answer)
    if answer is None:
        raise ChainruleError(tr("There are no samples to look at."))
    return answer


@question("inside_pictures")
def pictures(
    session: Session, *, indices: Sequence[int], data: str = "", part: str = "validation"
) -> Pictures:
    """What samples look like, in pictures of at most `SIDE` pixels."""
    samples = _set(session, data, part)
    rows = np.array([k for k in indices if 0 <= k < len(samples)][:MOST_PICTURES], np.int64)
    if not len(rows):
        return Pictures(data, part, MappingProxyType({}), MappingProxyType({}))
    shape = next(iter(session.run.program.tape.inputs.values())).shape
    every = max(1, -(-max(shape[:2]) // SIDE)) if len(shape) == 3 else 1
    found: dict[int, np.ndarray] = {}
    for k in rows.tolist():
        # One at a time: a page of large photographs would not fit into memory together.
        x = rows_of(session, samples, np.array([k]))[0]
        found[k] = read_only(np.ascontiguousarray(x[::every, ::every] if every > 1 else x))
    labels = labels_of(samples.targets[0].array[rows])
    named = {}
    if labels is not None and labels.shape == rows.shape:
        named = dict(zip(rows.tolist(), labels.tolist(), strict=True))
    return Pictures(data, part, MappingProxyType(found), MappingProxyType(named), every)
