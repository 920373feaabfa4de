"""Finding what was painted at a point, for hovering, clicking and accessible children."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hit:
    """One thing on a picture.

    Attributes
    ----------
    id
        Stable within the scene: ``"unit:dense_1:3"``, ``"edge:dense_2:0:5"``, ``"map:conv2d:7"``, ``"sample:12"``.
    kind
        The part before the first colon.
    node
        Node it belongs to, or "".
    index
        Unit, map, sample or (input, output) of an edge.
    rect
        x, y, width, height in the scene's coordinates.
    """

    id: str
    kind: str
    node: str
    index: tuple[int, ...]
    rect: tuple[float, float, float, float]

    def contains(self, x: float, y: float) -> bool:
        """Tell whether the point is inside."""
        left, top, width, height = self.rect
        return left <= x <= left + width and top <= y <= top + height


@dataclass(frozen=True)
class HitIndex:
    """The rectangles of a layout, in painting order: later ones lie on top."""

    items: tuple[Hit, ...] = ()

    def at(self, x: float, y: float) -> Hit | None:
        """Return the topmost item at a point."""
        for item in reversed(self.items):
            if item.contains(x, y):
                return item
        return None

    def get(self, identifier: str) -> Hit | None:
        """Return the item with that id."""
        return next((item for item in self.items if item.id == identifier), None)

    def next(self, identifier: str, step: int = 1) -> Hit | None:
        """Return the item after (or before) `identifier`, wrapping, for walking with the keyboard."""
        if not self.items:
            return None
        ids = [item.id for item in self.items]
        if identifier not in ids:
            return self.items[0 if step > 0 else -1]
        return self.items[(ids.index(identifier) + step) % len(ids)]
