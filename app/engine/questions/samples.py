"""Questions about samples a step can be made of: of the run's data set, or of any that fits. Worker thread."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from app.engine.lenses import CHUNK
from app.engine.looking import decide, inputs_of, labels_of
from app.engine.questions import question
from app.engine.tree import data_of
from app.snapshots import read_only
from app.text import tr
from core import data as data_sets
from core.errors import ChainruleError
from core.runs.samples import Samples, prepare
from core.runs.targets import outputs_of

if TYPE_CHECKING:
    from app.engine.session import Session
    from core.data.types import DataInfo
    from core.runs import Run

#: Seconds a search goes on for in one go: what is asked for meanwhile has to wait.
_PATIENCE = 0.05


@dataclass(frozen=True)
class FoundSample:
    """A sample, and what the network says of it.

    Attributes
    ----------
    data, part, index
        Which one: of a data set (empty: the run's own), ``"train"`` or ``"validation"``.
    count
        Samples there are.
    x
        As the network sees it, in the input's shape.
    target
        As the loss reads it, flat.
    label
        Its class, or None.
    predicted, confidence
        The class the network chooses with the present weights; None without classes.
    output
        What the network says, flat.
    """

    data: str
    part: str
    index: int
    count: int
    x: np.ndarray
    target: np.ndarray
    label: int | None = None
    predicted: int | None = None
    confidence: float | None = None
    output: np.ndarray | None = None


@dataclass(frozen=True)
class Search:
    """How far a search for a sample has come.

    Attributes
    ----------
    found
        The sample, or None.
    next
        Where to go on searching; None if all were looked at or one was found.
    """

    found: FoundSample | None
    next: int | None


@dataclass(frozen=True)
class Fitting:
    """A data set with samples of the network's input shape.

    Attributes
    ----------
    id
        Empty for the one of the run.
    title, classes, features, kind
        As `core.data.types.DataInfo` has them.
    parts
        (part, samples) for each that has any.
    """

    id: str
    title: str
    classes: tuple[str, ...]
    features: tuple[str, ...]
    kind: str
    parts: tuple[tuple[str, int], ...]


#: Other data sets in the form a run reads, by name and part: networks and losses may hold what has no hash.
_others: WeakKeyDictionary[Any, dict[tuple[str, str], Samples]] = WeakKeyDictionary()
#: So many parts of other data sets are kept.
_MOST_OTHERS = 4


def _other(run: Run, data: str, outputs: tuple[int, ...], part: str) -> Samples:
    """Another data set in the form the network of a run and its loss read."""
    kept = _others.setdefault(run, {})
    if (data, part) not in kept:
        while len(kept) >= _MOST_OTHERS:
            del kept[next(iter(kept))]
        kept[data, part] = _prepared_other(run, data, outputs, part)
    return kept[data, part]


def _prepared_other(run: Run, data: str, outputs: tuple[int, ...], part: str) -> Samples:
    network, loss = run.network, run.loss
    found = data_sets.load(data)
    x, y = (found.x_train, found.y_train) if part == "train" else (found.x_test, found.y_test)
    scale = float(found.info.scale)
    classes = bool(found.info.classes)
    return prepare(x, y, loss, outputs, scale, outputs_of(network)[0], classes)


def prepared(session: Session, data: str, part: str) -> Samples:
    """Samples of a part of a data set; the run's own without a name.

    Raises
    ------
    ChainruleError
        They do not fit the network.
    """
    run = session.run
    if not data or data == data_of(run).id:
        held = run.validation if part == "validation" else run.samples
        if held is None:
            raise ChainruleError(tr("No samples are held out from training."))
        return held
    info = data_sets.info(data)
    tape = run.program.tape
    places, targets = list(tape.inputs.values()), list(tape.targets.values())
    if len(places) != 1 or tuple(info.input_shape) != tuple(places[0].shape) or len(targets) != 1:
        raise ChainruleError(
            tr("Samples of {data} do not have the shape this network reads.", data=info.title)
        )
    outputs = next(iter(tape.outputs.values())).shape
    samples = _other(run, data, outputs, part)
    if samples.targets[0].width != targets[0].size:
        raise ChainruleError(
            tr("Targets of {data} are others than this network learns.", data=info.title)
        )
    return samples


def info_of(session: Session, data: str) -> DataInfo:
    """What is known of a data set."""
    return data_sets.info(data or data_of(session.run).id)


def sample_words(session: Session, data: str, part: str, index: int) -> str:
    """Name a sample: "held-out sample 12 of Digits"."""
    title = info_of(session, data).title
    if part == "validation":
        return tr("held-out sample {number} of {data}", number=index + 1, data=title)
    return tr("training sample {number} of {data}", number=index + 1, data=title)


@question("sample_sets")
def sets(session: Session) -> tuple[Fitting, ...]:
    """The data sets with samples this network can be given, the run's own first."""
    run = session.run
    own = data_of(run).id
    shapes = [tuple(t.shape) for t in run.program.tape.inputs.values()]
    found = []
    infos = sorted(data_sets.infos(), key=lambda one: one.id != own)
    for info in infos:
        if info.id != own:
            # With as many classes: other labels would be none of the network's.
            classes = len(data_sets.info(own).classes)
            fits = shapes == [tuple(info.input_shape)] and len(info.classes) == classes
            if not fits or len(run.program.tape.targets) != 1:
                continue
        parts: tuple[tuple[str, int], ...] = (("train", 0), ("validation", 0))
        if info.id == own:
            held = run.validation
            parts = (("train", len(run.samples)), ("validation", len(held) if held else 0))
        name = "" if info.id == own else info.id
        found.append(
            Fitting(name, info.title, tuple(info.classes), tuple(info.features), info.kind,
                    tuple((p, n) for p, n in parts if n or name))
        )  # fmt: skip
    return tuple(found)


@question("sample_search")
def search(
    session: Session, *, data: str, part: str, start: int, by: int = 1, label: int | None = None,
    wrong: bool = False,
) -> Search:  # fmt: skip
    """The first sample from `start` on, forward or back, of a class, or that the network gets wrong.

    A search that takes long ends with where to go on.
    """
    samples = prepared(session, data, part)
    count, began = len(samples), perf_counter()
    if not 0 <= start < count:
        return Search(None, None)
    if label is None and not wrong:
        return Search(look(session, samples, data, part, start), None)
    at = start
    while 0 <= at < count:
        rows = (
            np.arange(at, min(at + CHUNK, count))
            if by > 0
            else np.arange(at, max(at - CHUNK, -1), -1)
        )
        labels = labels_of(samples.targets[0].array[rows])
        if labels is None:
            return Search(None, None)
        fits = np.ones(len(rows), bool) if label is None else labels == label
        if wrong and fits.any():
            chosen = decide(session.predict(_inputs(session, samples, rows)))[0]
            fits &= chosen != labels
        hits = rows[fits]
        if len(hits):
            return Search(look(session, samples, data, part, int(hits[0])), None)
        at = int(rows[-1]) + (1 if by > 0 else -1)
        if perf_counter() - began > _PATIENCE:
            break
    return Search(None, at if 0 <= at < count else None)


def look(session: Session, samples: Samples, data: str, part: str, index: int) -> FoundSample:
    """One sample, and what the network says of it."""
    x = _inputs(session, samples, np.array([index]))
    target = samples.targets[0].array[index : index + 1]
    output = session.predict(x) if len(samples.inputs) == 1 else None
    classes = info_of(session, data).classes
    labels = labels_of(target) if classes else None
    predicted = confidence = None
    if labels is not None and output is not None and len(labels) == 1:
        chosen, sure = decide(output)
        predicted, confidence = int(chosen[0]), float(sure[0])
    return FoundSample(
        data, part, index, len(samples), read_only(x[0]),
        read_only(target.ravel() * np.float32(samples.targets[0].scale)),
        int(labels[0]) if labels is not None and len(labels) == 1 else None, predicted, confidence,
        None if output is None else read_only(output[0].ravel()),
    )  # fmt: skip


def _inputs(session: Session, samples: Samples, rows: np.ndarray) -> np.ndarray:
    shape = next(iter(session.run.program.tape.inputs.values())).shape
    return inputs_of(samples, rows).reshape(len(rows), *shape)
