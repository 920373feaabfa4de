"""The moment a scene paints: two snapshots, how far between them, and where the signal is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from app.snapshots import RunComparison, Snapshot

Direction = Literal["forward", "backward", "update", ""]


@dataclass(frozen=True)
class Phase:
    """Where the signal travels while one real step is shown slowly.

    Attributes
    ----------
    direction
        ``"forward"`` left to right, ``"backward"`` right to left, ``"update"`` all weights change at once.
    position
        In layers, counted in the direction of travel. Forward: 0 = leaving the first node, 1.5 = halfway from the
        second to the third. Backward: 0 = leaving the last node. Update: 0 to 1.
    still
        Reduced motion: the active layer is marked, nothing travels.
    """

    direction: Direction = ""
    position: float = 0.0
    still: bool = False


@dataclass(frozen=True)
class Selection:
    """What the learner chose or points at; ids come from a layout's hit index."""

    node: str = ""
    hover: str = ""
    sample: int | None = None


@dataclass(frozen=True)
class Frame:
    """Everything that changes from one picture to the next.

    Attributes
    ----------
    before, after
        Snapshots to paint between; `after` is the newest. Either may be None before anything ran.
    alpha
        0 shows `before`, 1 shows `after`.
    clock
        The travelling signal, or None above slow motion.
    selection
        Chosen node and hovered item.
    toggles
        Switches of the view by name, e.g. ``"maps": "maps"|"gradients"|"filters"``,
        ``"scale": "layer"|"map"``, ``"tiles": "activation"|"pre-activation"|"gradient"``. Values are strings or bools.
    caption
        Title of a film; the window leaves it empty.
    newest
        What charts and counters of a film show while the signal of an earlier step (`after`) still travels.
    beside
        Another run, whose curves charts draw behind.
    """

    before: Snapshot | None = None
    after: Snapshot | None = None
    alpha: float = 1.0
    clock: Phase | None = None
    selection: Selection = field(default_factory=Selection)
    toggles: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    caption: str = ""
    newest: Snapshot | None = None
    beside: RunComparison | None = None

    @property
    def present(self) -> Frame:
        """The same moment for what does not take part in the signal's travel: charts, counters, pages of samples."""
        if self.newest is None or self.newest is self.after:
            return self
        return replace(self, before=None, after=self.newest, alpha=1.0, clock=None, newest=None)

    @property
    def snapshot(self) -> Snapshot | None:
        """The snapshot that counts for everything that is not blended."""
        return self.after if self.after is not None else self.before


@dataclass(frozen=True)
class ViewState:
    """What of a scene is shown: pages of long layers, and switches that move rectangles.

    Attributes
    ----------
    pages
        Page of maps or units by node id, as pairs so that the state is hashable.
    options
        Named switches that change the layout, as pairs.
    """

    pages: tuple[tuple[str, int], ...] = ()
    options: tuple[tuple[str, Any], ...] = ()

    def page(self, node: str) -> int:
        """Return the page shown of `node`."""
        return dict(self.pages).get(node, 0)

    def option(self, name: str, default: Any = None) -> Any:
        """Return the switch `name`."""
        return dict(self.options).get(name, default)
