"""The scenes that exist. Each registers itself in its own file; importing this module finds them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from app.registering import Registry

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


_registry: Registry[Scene] = Registry("app.scenes", "scene")
register = _registry.register


def filmed() -> tuple[tuple[str, str], ...]:
    """Return name and title of the scenes the export dialog offers: those that have a ``film_title``.

    One whose ``film_layers`` is true has a layer that is chosen, one with ``film_channels`` a channel of it; one with
    ``film_racers`` a racer that is looked at, and with ``film_arrows`` the arrows of its next update.
    """
    found = [(one.name, str(getattr(one, "film_title", ""))) for one in _registry.all()]
    return tuple(sorted((one for one in found if one[1]), key=lambda one: one[1]))


def names() -> tuple[str, ...]:
    """Return the names of all scenes, sorted."""
    return tuple(one.name for one in _registry.all())


def scene(name: str) -> Scene:
    """Return the scene of that name.

    Raises
    ------
    KeyError
        When there is none; the message lists those that exist.
    """
    return _registry.get(name)
