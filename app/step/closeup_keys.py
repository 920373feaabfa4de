"""The keyboard in a close-up: over cells, through channels and lists, to everything a mouse can click."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from app.scenes.step_values import cell_id
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from app.scenes.hits import Hit
    from app.step.closeup import CloseupStage

_MOVES = {
    Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Down: (1, 0), Qt.Key.Key_Up: (-1, 0),
}  # fmt: skip
_PAGES = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}


class CloseupKeys:
    """What the keys of a close-up do.

    Arrows and brackets move the chosen cell; Page up and Page down scroll the terms, with Shift the list of what the
    number goes into; N, and Shift+N backwards, goes from one thing that can be clicked to the next: pages of channels,
    lines, instructions; Enter does what a click on it does, Escape lets it go.

    Attributes
    ----------
    at
        The thing the keyboard is at, or None.
    """

    def __init__(self, stage: CloseupStage) -> None:
        self._stage = stage
        self._at: str = ""

    @property
    def at(self) -> Hit | None:
        """The thing the keyboard is at, or None."""
        return next((hit for hit in self._things() if hit.id == self._at), None)

    def leave(self) -> None:
        """Be at nothing: the mouse has taken over."""
        self._at = ""

    def _things(self) -> list[Hit]:
        """What can be clicked and is no cell of the result, from the top left to the bottom right."""
        stage = self._stage
        place, moment = stage.place, stage.moment
        if place is None or moment is None or stage.closeup is None or stage.subject is None:
            return []
        lists = {"jump": len(moment.destinations), "term": 0}
        foot = getattr(place, "footer", None)
        first = getattr(foot, "jumps_from", 0)
        found = [
            hit
            for hit in place.hits.items
            if hit.kind in ("page", "toggle", "turn", "sample", "look", "jump")
            and (hit.kind not in lists or hit.index[0] + first < lists[hit.kind])
            and not _is_end(hit, place)
        ]
        return sorted(found, key=lambda hit: (round(hit.rect[1] / 12), hit.rect[0]))

    def press(self, event: QKeyEvent) -> bool:
        """Do what a key does; tell whether it does something."""
        key, stage = Qt.Key(event.key()), self._stage
        letter = event.text().lower()
        back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if letter == "p" and (stage.walks or stage.walking.playing):
            stage.command("step.walk", playing=not stage.walking.playing)
        elif letter == "g":
            stage.jump()
        elif letter == "n":
            self._go(-1 if back else 1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.at is not None:
            self._take()
        elif key == Qt.Key.Key_Escape and self.at is not None:
            self.leave()
            stage.point(None)
        elif key in _PAGES:
            stage.scroll_list("jumps_from" if back else "terms_from", _PAGES[key])
        else:
            return self._move(_MOVES.get(key), {"[": -1, "]": 1}.get(event.text(), 0))
        return True

    def _go(self, by: int) -> None:
        things = self._things()
        if not things:
            return
        ids = [hit.id for hit in things]
        at = ids.index(self._at) + by if self._at in ids else (0 if by > 0 else -1)
        self._be_at(things[at % len(things)])

    def _be_at(self, hit: Hit) -> None:
        stage = self._stage
        self._at = hit.id
        stage.point(hit)
        words = stage.lines_of(hit)
        stage.setAccessibleDescription(
            tr("{thing}; Enter: as a click", thing=", ".join(words) or hit.kind)
        )

    def _take(self) -> None:
        """Click it, and stay at what then stands there: the next page in place of this one."""
        hit, stage = self.at, self._stage
        assert hit is not None
        stage.take(hit)
        left, top, width, height = hit.rect
        same = [other for other in self._things() if other.kind == hit.kind]
        near = min(
            same, default=None,
            key=lambda other: abs(other.rect[0] - left) + abs(other.rect[1] - top),
        )  # fmt: skip
        if near is None or abs(near.rect[0] - left) + abs(near.rect[1] - top) > width + height:
            self.leave()
            stage.point(None)
        else:
            self._be_at(near)

    def _move(self, move: tuple[int, int] | None, channel: int) -> bool:
        """Move the chosen cell: in height and width, in rows and columns, along a vector; channels with brackets."""
        stage, subject = self._stage, self._stage.subject
        if (move is None and not channel) or subject is None or not subject.cell:
            return False
        shape, cell = subject.info(subject.tensor).shape, list(subject.cell)
        moves = getattr(stage.closeup, "moves", None)
        images = (
            (len(shape) - 3, len(shape) - 2) if len(shape) > 2 else (len(shape) - 2, len(shape) - 1)
        )
        down, across = moves(subject) if moves is not None else images
        by_rows, by_columns = move or (0, 0)
        for axis, by in ((down, by_rows), (across, by_columns), (len(shape) - 1, channel)):
            if by and axis is not None and axis >= 0:
                cell[axis] = min(max(cell[axis] + by, 0), shape[axis] - 1)
        stage.choose(cell_id(subject.tensor, tuple(cell)))
        return True


def _is_end(hit: Hit, place: object) -> bool:
    """Tell whether a page is turned to that there is not: the arrow before the first or behind the last."""
    if hit.kind != "page":
        return False
    panel = next((p for p in getattr(place, "panels", ()) if p.tensor == hit.node), None)
    return panel is not None and not 0 <= hit.index[0] < panel.pages
