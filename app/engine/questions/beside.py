"""Another network beside the one that is looked into: delivered trained, another run, an earlier step, or a file's."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from app.engine.answers import Partial
from app.engine.questions import question
from app.engine.questions.inside import (
    METHODS,
    MOST_NUMBERS,
    answering,
    explainer,
    given,
    held,
    steps_of,
)
from app.engine.tree import named
from app.engine.unfed import is_unfed
from app.snapshots import read_only
from app.text import number, tr
from core import templates, trained
from core.errors import ChainruleError
from core.explain.explainer import Explainer
from core.explain.score import score_of
from core.io.project import read
from core.runs.branching import twin

if TYPE_CHECKING:
    from app.engine.session import Session
    from core.runs import Position
    from core.spec import Network

#: Where another network may come from.
KINDS = ("step", "run", "trained", "file")
#: Those of which a network that cannot be trained has none, and what to do.
OF_RUNS = ("step", "run")
WITHOUT_RUNS = tr(
    "This network cannot be trained as it is, so it has no earlier steps and no other runs. Choose one of a project "
    "file, or one that is delivered trained."
)


@dataclass(frozen=True)
class Other:
    """A network that can stand beside.

    Attributes
    ----------
    kind
        One of `KINDS`.
    name
        Of the run or the template.
    title
        For people.
    """

    kind: str
    name: str
    title: str


@dataclass(frozen=True, eq=False)
class Side:
    """What one of two networks makes of an input.

    Attributes
    ----------
    title
        Which network, for people.
    scores, probabilities
        (classes,): before and behind the softmax.
    layers
        Output of each layer by its id, without the axis of rows; large maps with rows and columns left out.
    attributions
        Like the input, or (height, width); None until it is computed.
    """

    title: str
    scores: np.ndarray
    probabilities: np.ndarray
    layers: Mapping[str, np.ndarray]
    attributions: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Beside:
    """Two networks on one input.

    Attributes
    ----------
    position
        Where the run stood.
    x
        The input, in its shape.
    method, class_index
        Of the attributions.
    own, other
        The network of the run, and the one beside it.
    """

    position: Position
    x: np.ndarray
    method: str
    class_index: int
    own: Side
    other: Side


_others: WeakKeyDictionary[Any, tuple[Any, Explainer, str]] = WeakKeyDictionary()


@question("inside_others")
def others(session: Session) -> tuple[Other, ...]:
    """Networks that take the same input: earlier steps, other runs of the project, and those delivered trained."""
    shape = explainer(session).input_shape
    found: list[Other] = []
    if not is_unfed(session):
        found.append(Other("step", "", tr("This run at an earlier step")))
        found += [
            Other("run", label.id, named(label.id, label.given))
            for label in session.tree.labels(session.run)
            if not label.open
        ]
    for name in trained.names():
        template = templates.load(name)
        if _shape(template.network) == shape:
            found.append(Other("trained", name, tr("{title}, trained", title=template.title)))
    return tuple(found)


@question("inside_beside")
def beside(
    session: Session,
    *,
    x: Any,
    kind: str,
    name: str = "",
    step: int = 0,
    method: str = "saliency",
    settings: Mapping[str, Any] = MappingProxyType({}),
    class_index: int = 0,
) -> Generator[float | Partial, None, Beside]:
    """Two networks on one input; first what they say, then what mattered to each of them, if a method is named."""
    of, position = explainer(session), session.position
    row = given(of, x)
    yield 0.0  # the other network may be large: before it is read, who has asked may have gone
    there, title = _other(session, kind, name, step, of.input_shape)
    if method and method not in METHODS:
        message = tr(
            "There is no method {name}; there are {names}.",
            name=repr(method),
            names=", ".join(METHODS),
        )
        raise ChainruleError(message)
    answering(of, row)
    if not np.isfinite(there.outputs(row)).all():
        message = tr(
            "{title} answers with numbers that are not finite (NaN): choose another.", title=title
        )
        raise ChainruleError(message)
    score = score_of(class_index, of.classes)
    sides = [_side(of, row, tr("This network")), _side(there, row, title)]

    def answer() -> Beside:
        return Beside(position, row[0], method, class_index, *sides)

    yield Partial(0.1, answer())
    for k, one in enumerate((of, there)):
        if not method or (k == 1 and class_index >= there.classes):
            break  # nothing to attribute, or its classes are others
        values: np.ndarray | None = None
        steps = steps_of(one, row, method, score, _settings(one, dict(settings)))
        for found in held(session, of, steps) if one is of else steps:
            values = found.result[0]
            yield Partial(0.1 + 0.45 * (k + found.done / found.total), answer())
        assert values is not None
        side = sides[k]
        sides[k] = Side(side.title, side.scores, side.probabilities, side.layers, read_only(values))
    return answer()


def _settings(of: Explainer, settings: dict[str, Any]) -> dict[str, Any]:
    """A layer of one network need not be one of the other: then it is the usual one."""
    if settings.get("layer") and settings["layer"] not in of.shapes:
        settings["layer"] = ""
    return settings


def _side(of: Explainer, row: np.ndarray, title: str) -> Side:
    layers = {}
    for name, values in of.layer_outputs(row).items():
        one = values[0]
        if one.ndim == 3 and one.size > MOST_NUMBERS:
            every = int(np.ceil(np.sqrt(one.size / MOST_NUMBERS)))
            one = one[::every, ::every]
        layers[name] = read_only(np.ascontiguousarray(one))
    return Side(
        title, read_only(of.outputs(row)[0]), read_only(of.outputs(row, "probability")[0]),
        MappingProxyType(layers),
    )  # fmt: skip


def _shape(network: Network) -> tuple[int, ...]:
    inputs = [layer for layer in network.layers if layer.kind == "InputLayer"]
    return tuple(inputs[0].config["shape"]) if len(inputs) == 1 else ()


def _other(
    session: Session, kind: str, name: str, step: int, shape: tuple[int, ...]
) -> tuple[Explainer, str]:
    """What explains the other network, and what it is called.

    Raises
    ------
    ChainruleError
        There is none, or it takes another input.
    """
    if is_unfed(session) and kind in OF_RUNS:
        raise ChainruleError(WITHOUT_RUNS)
    stamp = session.tree.look_at(name, session.work).step_count if kind == "run" else None
    key = (kind, name, step, stamp)
    known = _others.get(session.run)
    if known is not None and known[0] == key:
        return known[1], known[2]
    network, weights, title = _loaded(session, kind, name, step)
    if _shape(network) != shape:
        sizes = ["×".join(map(str, s)) or tr("something else") for s in (_shape(network), shape)]
        raise ChainruleError(
            tr("{title} takes {theirs} numbers and this network {own}: they cannot look at the same input.",
               title=title, theirs=sizes[0], own=sizes[1])
        )  # fmt: skip
    made = Explainer(network, dict(weights))
    if len(made.output_shape) != 1:
        raise ChainruleError(tr("{title} gives no list of classes.", title=title))
    _others[session.run] = (key, made, title)
    return made, title


def _loaded(
    session: Session, kind: str, name: str, step: int
) -> tuple[Network, Mapping[str, np.ndarray], str]:
    run = session.run
    if kind == "step":
        last = max(run.history.length, run.step_count)
        if not run.base <= step <= last:
            raise ChainruleError(
                tr("The run goes from step {first} to step {last}; there is no step {step}.",
                   first=number(run.base), last=number(last), step=number(step))
            )  # fmt: skip
        return run.network, twin(run, step).program.weights(), tr("step {step}", step=number(step))
    if kind == "run":
        other = session.tree.look_at(name, session.work)
        return other.network, other.program.weights(), named(other.id, other.name)
    if kind == "trained":
        template = templates.load(trained.facts(name).template)
        title = tr("{title}, trained", title=template.title)
        return template.network, trained.weights(name), title
    if kind == "file":
        contents = read(Path(name))
        if not contents.weights:
            raise ChainruleError(
                tr("{file} holds a network that was never trained.", file=Path(name).name)
            )
        return contents.project.network, contents.weights, Path(name).stem
    raise ChainruleError(
        tr(
            "Another network is one of {kinds}, not {kind}.",
            kinds=", ".join(KINDS),
            kind=repr(kind),
        )
    )
