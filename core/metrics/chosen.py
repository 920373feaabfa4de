"""Which metrics are measured at which output, and how each is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import SettingError
from core.metrics.base import OPEN, Metric, find

if TYPE_CHECKING:
    from core.losses import Loss
    from core.tape.tensors import Shape


@dataclass(frozen=True)
class Measured:
    """A metric of an output.

    Attributes
    ----------
    metric
        What is computed.
    name
        As it is logged, without the name of the output.
    weighted
        True if samples count their weights.
    """

    metric: Metric
    name: str
    weighted: bool = False


def resolved(identifier: Any, loss: Loss, outputs: Shape) -> tuple[Metric, str]:
    """The metric that is meant at an output of this shape, and the name it goes by.

    As in Keras "accuracy" is one of three: of a single output the binary one, of labels or of one-hot rows else.

    Raises
    ------
    core.errors.SettingError
        There is no such metric, or it cannot be measured there.
    """
    last = outputs[-1] if outputs else 1
    if isinstance(identifier, str) and identifier.lower() in OPEN:
        kind = "sparse_categorical_accuracy" if loss.sparse else "categorical_accuracy"
        metric, name = (
            find("binary_accuracy" if last == 1 and not loss.sparse else kind),
            identifier,
        )
    else:
        metric = find(identifier)
        named = getattr(identifier, "__name__", None) if callable(identifier) else None
        if isinstance(identifier, (Metric, type)):
            named = None
        name = identifier if isinstance(identifier, str) else named or metric.name
    problem = metric.problem(outputs, sparse=loss.sparse)
    if problem:
        raise SettingError(problem, "metrics")
    return metric, name


def split(given: Any, count: int) -> list[list[Any]]:
    """What documents hold, by output: names hold for all outputs, lists for one output each."""
    entries = list(given or ())
    nested = [one for one in entries if isinstance(one, (list, tuple))]
    if not nested:
        return [entries for _ in range(count)]
    if len(nested) != len(entries) or len(entries) != count:
        raise SettingError(
            f"Metrics of several outputs are a list for each of the {count} outputs; {given!r} is given.",
            "metrics",
        )
    return [list(one) for one in nested]


def measured(
    metrics: Any, weighted_metrics: Any, losses: list[Loss], outputs: list[Shape]
) -> list[list[Measured]]:
    """The metrics of each output with the names they are logged by, in Keras's order: those without weights first.

    A second one of a name is numbered ("precision_1"); a weighted one is called "weighted_..." if its name is taken.
    """
    count = len(outputs)
    found = []
    for plain, heavy, loss, shape in zip(
        split(metrics, count), split(weighted_metrics, count), losses, outputs, strict=True
    ):
        taken: dict[str, int] = {"loss": 1}
        own = []
        for weighted, identifiers in ((False, plain), (True, heavy)):
            for identifier in identifiers:
                metric, name = resolved(identifier, loss, shape)
                if weighted and name in taken:
                    name = f"weighted_{name}"
                number = taken.get(name, 0)
                taken[name] = number + 1
                own.append(Measured(metric, f"{name}_{number}" if number else name, weighted))
        found.append(own)
    return found


def by_logged_name(
    metrics: Any, weighted_metrics: Any, losses: list[Loss], outputs: Mapping[str, Shape]
) -> dict[str, Metric]:
    """The metrics by the names they are logged by: with the name of the output if there are several."""
    found = measured(metrics, weighted_metrics, losses, list(outputs.values()))
    several = len(outputs) > 1
    return {
        f"{one.name}/{node}" if several else one.name: one.metric
        for node, own in zip(outputs, found, strict=True)
        for one in own
    }


def check(identifiers: Any) -> None:
    """Say so if one of these is no metric, whatever it is measured at.

    Raises
    ------
    core.errors.SettingError
        There is no such metric, or its arguments are not its.
    """
    for one in [identifiers] if isinstance(identifiers, str) else identifiers or ():
        if isinstance(one, (list, tuple)):
            check(one)
        elif not (isinstance(one, str) and one.lower() in OPEN):
            find(one)


def fits(identifier: Any, loss: Loss, outputs: Shape) -> bool:
    """True if a metric can be measured at such an output."""
    try:
        resolved(identifier, loss, outputs)
    except SettingError:
        return False
    return True


def documents(given: Any) -> tuple[Any, ...]:
    """Identifiers as documents hold them: names stay names, objects become names or names with arguments."""
    found: list[Any] = []
    for one in given or ():
        if isinstance(one, (list, tuple)):
            found.append(list(documents(one)))
        elif isinstance(one, (str, dict)):
            found.append(one)
        else:
            function = callable(one) and not isinstance(one, (Metric, type))
            found.append(one.__name__ if function else find(one).to_document())
    return tuple(found)
