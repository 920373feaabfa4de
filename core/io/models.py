"""Models of the facade as ``.chainrule`` files: the document and the weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.io.errors import ProjectError
from core.io.project import Contents, DataRef, Project, read, write
from core.layers import registry
from core.model import Model
from core.spec.network import Network


def save_model(model: Model, path: Path) -> None:
    """Write a model: network, training settings, weights."""
    project = Project(
        name=model.name, network=model.network, training=model.document(), data=DataRef("none")
    )
    write(path, Contents(project, weights=model.weights_by_name()))


def load_model(path: Path) -> Model:
    """Read a model; it is compiled if it was when it was saved.

    Raises
    ------
    ProjectError
        The file is damaged, foreign or newer, or its weights are of another network.
    """
    contents = read(path)
    model = build(contents.project.network, contents.project.training.seed)
    missing = [name for name in model.weights_by_name() if name not in contents.weights]
    if missing:
        raise ProjectError(f"{path.name} holds no weights for {missing[0]}; it may be damaged.")
    model.set_weights_by_name({name: contents.weights[name] for name in model.weights_by_name()})
    training = contents.project.training
    if training.loss:
        config: dict[str, Any] = dict(training.optimizer)
        model.compile(optimizer=config, loss=training.loss, metrics=list(training.metrics))
    return model


def build(network: Network, seed: int) -> Model:
    """A facade model over a network document."""
    model = Model.__new__(Model)
    model.adopt_network(
        network,
        {layer.id: registry.make(layer.kind, layer.config) for layer in network.layers},
        seed,
    )
    return model
