"""Networks that are delivered trained, one for each built-in set of images: ``assets/models``.

>>> from core import trained
>>> trained.facts("digits-cnn").accuracy > 0.95
True

``packaging/train_models.py`` makes them.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import msgspec
import numpy as np

import assets
from core.errors import ChainruleError
from core.io.errors import ProjectError
from core.io.weights import SUFFIX, read_weights
from core.naming import unknown

if TYPE_CHECKING:
    from core.model import Model

__all__ = ["Facts", "TrainedError", "facts", "model", "names", "of_data", "weights"]


class TrainedError(ChainruleError):
    """There is no such trained network, or its file is damaged."""


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a network was trained, and how well it does.

    Attributes
    ----------
    template, data
        The network (`core.templates`) and the data set it has learned.
    command
        Trains it again, to the same weights.
    seed, epochs
        Of the training.
    test_samples, test_correct
        How many samples it has never seen, and how many of them it gets right.
    history
        Loss and metrics after each epoch, by name.
    """

    template: str
    data: str
    command: str
    seed: int
    epochs: int
    test_samples: int
    test_correct: int
    history: tuple[dict[str, float], ...]

    @property
    def accuracy(self) -> float:
        """Share of the test samples that it gets right."""
        return self.test_correct / self.test_samples


@cache
def _all() -> dict[str, Facts]:
    found = {}
    for path in sorted(assets.path("models").glob("*.json")):
        one = msgspec.json.decode(path.read_bytes(), type=Facts)
        found[one.template] = one
    return found


def names() -> tuple[str, ...]:
    """Templates that are there trained, too."""
    return tuple(_all())


def facts(name: str) -> Facts:
    """How a template was trained.

    Raises
    ------
    TrainedError
        There is no trained one of this name.
    """
    if name not in _all():
        raise TrainedError(unknown("trained network", name, names()))
    return _all()[name]


def of_data(data: str) -> tuple[str, ...]:
    """Templates that have learned a data set."""
    return tuple(name for name, one in _all().items() if one.data == data)


def weights(name: str) -> dict[str, np.ndarray]:
    """The weights of a trained template by their names on the tape ("dense_1/kernel").

    Raises
    ------
    TrainedError
        There is no trained one of this name, or the file is missing or damaged: the installation is.
    """
    facts(name)
    path = assets.path("models", f"{name}{SUFFIX}")
    try:
        return read_weights(path).weights
    except ProjectError as error:
        raise TrainedError(
            f"The file {path.name} of the program is missing or damaged ({error}). Installing Chainrule again puts it "
            "back."
        ) from error


def model(name: str) -> Model:
    """A trained template as a model that predicts, explains and goes on learning once it is compiled.

    Raises
    ------
    TrainedError
        As `weights`.
    """
    from core import templates
    from core.io.models import build  # the engine is loaded only where a model is wanted

    found = weights(name)
    made = build(templates.load(name).network, facts(name).seed)
    made.set_weights_by_name(found)
    return made
