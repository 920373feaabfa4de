"""Models of the facade as ``.chainrule`` files: the document and the weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from core import losses
from core.errors import SettingError
from core.io.errors import ProjectError
from core.io.project import Contents, Project, read, write
from core.io.runs import NO_DATA, DataRef
from core.layers import registry
from core.losses import Loss
from core.model import Memory, Model
from core.spec.network import Network
from core.spec.training import SEEDS


def save_model(model: Model, path: Path) -> None:
    """Write a model: network, training settings, weights."""
    memory = model.memory()
    run: dict[str, Any] = {
        "losses": [{"loss": loss.to_document(), "weight": loss.weight} for loss in model.losses]
    }
    if memory is not None:
        run |= {"step": memory.step, "epoch": memory.epoch, "iteration": memory.iteration}
    project = Project(
        name=model.name, network=model.network, training=model.document(), data=DataRef(NO_DATA), run=run,
    )  # fmt: skip
    slots = memory.slots if memory is not None else {}
    write(path, Contents(project, weights=model.weights_by_name(), optimizer=slots))


def load_model(path: Path, compiled: bool = True) -> Model:
    """Read a model; with `compiled` it is compiled if it was when it was saved.

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
    # Training may have broken what was saved; a learner looks at it then.
    found = {name: contents.weights[name] for name in model.weights_by_name()}
    model.set_weights_by_name(found, finite=False)
    training = contents.project.training
    if training.loss and compiled:
        config: dict[str, Any] = dict(training.optimizer)
        model.compile(
            optimizer=config,
            loss=_losses(contents.project.run, training.loss, path),
            metrics=list(training.metrics),
            weighted_metrics=list(training.weighted_metrics),
        )
        step, epoch, iteration = (
            _count(contents.project.run.get(key)) for key in ("step", "epoch", "iteration")
        )
        if step and iteration:
            model.recall(Memory(dict(contents.optimizer), step, epoch, iteration))
    return model


def _count(value: Any) -> int:
    known = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < SEEDS
    return value if known else 0


class _SavedLoss(msgspec.Struct, frozen=True):
    loss: str | dict[str, Any] = ""
    weight: float = 1.0
    #: As files of before losses had other arguments name it.
    name: str = ""
    from_logits: bool = False

    def made(self) -> Loss:
        """The loss."""
        if self.loss:
            return losses.get(self.loss)
        config = {"from_logits": True} if self.from_logits else {}
        return losses.get({"class_name": self.name, "config": config})


def _losses(
    run: dict[str, Any], named: str | dict[str, Any], path: Path
) -> list[Loss] | str | dict[str, Any]:
    """The losses as they were compiled; a project of the window has only the one it names."""
    if not run.get("losses"):
        return named
    try:
        saved = msgspec.convert(run["losses"], list[_SavedLoss])
        made = [one.made() for one in saved]
    except (msgspec.ValidationError, SettingError) as error:
        raise ProjectError(f"{path.name} names losses that are not known: {error}") from error
    return [loss.weighted(one.weight) for loss, one in zip(made, saved, strict=True)]


def build(network: Network, seed: int) -> Model:
    """A facade model over a network document."""
    model = Model.__new__(Model)
    model.adopt_network(
        network,
        {layer.id: registry.make(layer.kind, layer.config) for layer in network.layers},
        seed,
    )
    return model
