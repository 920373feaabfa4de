"""Networks to start from: documents in ``assets/templates``, with data and training settings.

>>> from core import templates
>>> templates.load("xor-mlp").network.layers[1].config["units"]
4

A new template is one more JSON file in that folder.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

import assets
from core.errors import ChainruleError
from core.io.runs import DataRef
from core.layers import registry
from core.naming import unknown
from core.spec import Network, Training

__all__ = ["Template", "TemplateError", "all_templates", "load", "names"]

FORMAT = 1


class TemplateError(ChainruleError):
    """There is no such template."""


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
