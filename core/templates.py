"""Networks to start from: documents in ``assets/templates``, with data and training settings.

>>> from core import templates
>>> templates.load("xor-mlp").network.layers[1].config["units"]
4

A new template is one more JSON file in that folder.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import msgspec

import assets
from core.errors import ChainruleError
from core.io.runs import DataRef
from core.layers import registry
from core.naming import unknown
from core.spec import Network, Training

__all__ = [
    "Example",
    "Note",
    "Template",
    "TemplateError",
    "all_templates",
    "examples",
    "load",
    "names",
    "of_network",
]

FORMAT = 1


class TemplateError(ChainruleError):
    """There is no such template."""


class Note(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A few sentences shown with a worked example.

    Attributes
    ----------
    kind
        ``"number"``: what the notes work out; ``"convention"``: how their way of writing compares with the one here;
        ``"slip"``: what they say a little wrong, said right.
    text
        The sentences.
    """

    kind: Literal["number", "convention", "slip"]
    text: str


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What makes a template a worked example of the course.

    Attributes
    ----------
    title
        Its line in the list of examples.
    notes
        What to know about its numbers, in the order of reading.
    """

    title: str
    notes: tuple[Note, ...]


class Template(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A project nobody has worked on yet.

    Attributes
    ----------
    format, kind
        ``1`` and ``"template"``.
    order
        Place in lists.
    name
        What the command line calls it; the name of the file.
    title, summary
        Name and one sentence for people.
    network, training, data
        What a project begins with. Settings the file does not name have their defaults.
    example
        Notes on its numbers, if it is worked out by hand in the course; None for others.
    """

    format: int
    kind: str
    order: int
    name: str
    title: str
    summary: str
    network: Network
    training: Training
    data: DataRef
    example: Example | None = None


@cache
def all_templates() -> tuple[Template, ...]:
    """All templates in the order in which to offer them; a new project starts from the first."""
    found = [
        _read(path.read_bytes())
        for path in assets.path("templates").iterdir()
        if path.suffix == ".json"
    ]
    return tuple(sorted(found, key=lambda template: template.order))


def names() -> tuple[str, ...]:
    """The names of all templates."""
    return tuple(template.name for template in all_templates())


def load(name: str) -> Template:
    """The template of this name.

    Raises
    ------
    TemplateError
        There is none.
    """
    for template in all_templates():
        if template.name == name:
            return template
    raise TemplateError(unknown("template", name, names()))


def examples() -> tuple[Template, ...]:
    """The worked examples of the course, in the order in which to offer them."""
    return tuple(template for template in all_templates() if template.example is not None)


def of_network(network: Network, data: DataRef) -> Template | None:
    """The worked example whose layers and data these are, whatever they are called; None if there is none."""
    for template in examples():
        same = template.data.id == data.id and template.network.nodes == network.nodes
        if same and template.network.layers == network.layers:
            return template
    return None


def _read(text: bytes) -> Template:
    template = msgspec.json.decode(text, type=Template)
    layers = tuple(
        msgspec.structs.replace(layer, config=_complete(layer.kind, layer.config))
        for layer in template.network.layers
    )
    network = msgspec.structs.replace(template.network, layers=layers)
    return msgspec.structs.replace(template, network=network)


def _complete(kind: str, config: dict[str, Any]) -> dict[str, Any]:
    return registry.kind(kind).normalise(config)
