"""Templates as projects to begin with."""

from __future__ import annotations

from dataclasses import dataclass

from app.document import State
from core import templates


@dataclass(frozen=True)
class Entry:
    """A line of the list of templates; `example` is what a worked example is called, else ""."""

    name: str
    title: str
    summary: str
    example: str = ""


#: What a first start shows.
FIRST = "digits-cnn"


def entries() -> tuple[Entry, ...]:
    """Return the templates there are."""
    return tuple(
        Entry(t.name, t.title, t.summary, t.example.title if t.example is not None else "")
        for t in templates.all_templates()
    )


def state(name: str) -> State:
    """Return the project a template begins with.

    Raises
    ------
    TemplateError
        There is no such template.
    """
    template = templates.load(name)
    return State(template.title, template.network, template.training, template.data)
