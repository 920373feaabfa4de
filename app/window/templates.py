"""Templates as projects to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from app.document import State
from core import templates, trained


@dataclass(frozen=True)
class Entry:
    """A line of the list of templates.

    Attributes
    ----------
    name, title, summary
        As the template has them.
    example
        What a worked example is called, else "".
    accuracy
        Of what it gets right of samples it has never seen, if it is delivered trained, too; else None.
    """

    name: str
    title: str
    summary: str
    example: str = ""
    accuracy: float | None = None


#: What a first start shows.
FIRST = "digits-cnn"


def entries() -> tuple[Entry, ...]:
    """Return the templates there are."""
    return tuple(
        Entry(
            t.name, t.title, t.summary, t.example.title if t.example is not None else "",
            trained.facts(t.name).accuracy if t.name in trained.names() else None,
        )
        for t in templates.all_templates()
    )  # fmt: skip


def state(name: str) -> State:
    """Return the project a template begins with.

    Raises
    ------
    TemplateError
        There is no such template.
    """
    template = templates.load(name)
    return State(template.title, template.network, template.training, template.data)


def weights(name: str) -> Mapping[str, np.ndarray]:
    """Return the weights a template is delivered with.

    Raises
    ------
    TrainedError
        It is not delivered trained.
    """
    return trained.weights(name)
