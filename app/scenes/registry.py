"""The scenes that exist. Each registers itself in its own file; importing this module finds them all."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any, Protocol

import app.scenes

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.scenes.frame import Frame, ViewState
    from app.scenes.hits import Hit
    from app.snapshots import NetworkView, Probe
    from app.theme import Theme


class Scene(Protocol):
    """What a file of this package registers. Scenes hold no state: the same arguments paint the same picture."""

    name: str

    def layout(self, spec: NetworkView, size: tuple[float, float], view: ViewState) -> Any:
        """Place everything; the result is immutable, cached, and has ``size``, ``hits`` and ``key``."""

    def paint(self, painter: QPainter, layout: Any, theme: Theme, frame: Frame) -> None:
        """Draw one moment inside the rectangle (0, 0, width, height)."""

    def probes(self, spec: NetworkView, layout: Any, frame: Frame) -> tuple[Probe, ...]:
        """Name the tensors this picture needs in each snapshot."""

    def describe(self, layout: Any, hit: Hit, frame: Frame) -> tuple[str, ...]:
        """Lines of the tooltip and accessible name of what the hit index found."""


_scenes: dict[str, Scene] = {}
_searched = False


def register(scene: Scene) -> Scene:
    """Add a scene under its name; a second one of the same name is a mistake."""
    if scene.name in _scenes and type(_scenes[scene.name]) is not type(scene):
        message = f"two scenes are called {scene.name!r}"
        raise ValueError(message)
    _scenes[scene.name] = scene
    return scene


def names() -> tuple[str, ...]:
    """Return the names of all scenes, sorted."""
    _search()
    return tuple(sorted(_scenes))


def scene(name: str) -> Scene:
    """Return the scene of that name.

    Raises
    ------
    KeyError
        When there is none; the message lists those that exist.
    """
    _search()
    try:
        return _scenes[name]
    except KeyError:
        message = f"there is no scene {name!r}; there are {', '.join(sorted(_scenes))}"
        raise KeyError(message) from None


def _search() -> None:
    global _searched
    if _searched:
        return
    for module in pkgutil.iter_modules(app.scenes.__path__):
        if not module.name.endswith("_kernels"):  # those import Numba, which must wait
            importlib.import_module(f"app.scenes.{module.name}")
    _searched = True
