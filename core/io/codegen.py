"""Source text that builds and trains the same network elsewhere."""

from __future__ import annotations

from core.errors import ChainruleError
from core.io.code_keras import keras
from core.io.code_pytorch import pytorch
from core.spec import Network, Training

FRAMEWORKS = ("keras", "pytorch")

__all__ = ["FRAMEWORKS", "code", "keras", "pytorch"]


def code(framework: str, network: Network, training: Training) -> str:
    """Return the program for a framework of `FRAMEWORKS`.

    Raises
    ------
    ChainruleError
        For another framework, or a network that cannot work as it is.
    """
    if framework == "keras":
        return keras(network, training)
    if framework == "pytorch":
        return pytorch(network, training)
    message = f"There is no framework {framework!r}. Code can be written for keras and pytorch."
    raise ChainruleError(message)
