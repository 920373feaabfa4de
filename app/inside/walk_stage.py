"""The picture of the convolution walk, and what mouse and keys do to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QRect, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QToolTip

from app.inside.choices import not_below, one_of
from app.scenes import draw, images
from app.scenes.walk_layout import Area, WalkPlace, place_walk
from app.scenes.walk_paint import paint_walk
from app.scenes.walk_seen import Seen, see
from app.scenes.walk_size import size_rule, size_words
from app.scenes.walk_words import describe
from app.text import tr
from app.widgets.painted import Painted

if TYPE_CHECKING:
    import numpy as np
    from PySide6.QtGui import QHideEvent, QShowEvent

    from app.engine.questions.inside_walk import LayerWalk
    from app.inside.session import InsideSession
    from app.scenes.closeups import Subject
    from app.theme import Theme

OWNER = "inside-walk"
_STEPS = {
    Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0),
}  # fmt: skip
_CHANNELS = {Qt.Key.Key_BracketLeft: -1, Qt.Key.Key_BracketRight: 1}
_PLANES = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}
#: Places a second while it plays, or so many seconds for all of a large map.
_RATE, _SECONDS = 12.0, 30.0


class WalkStage(Painted):
    """The window over what a layer reads; the arrow keys move it, and so does the mouse.

    Signals
    -------
    played()
        It has begun to play, or to stand still.
    """

    played = Signal()
    ground = "bg0"
    ring_inset = 5

    def __init__(self, session: InsideSession) -> None:
        super().__init__("inside-walk", tr("Convolution walk"))
        self._session = session
        # How it is shown, which channel of what is read is written out, and which of a layer's steps.
        session.offer("walk", "channels", one_of("channels", "window"))
        session.offer("walk_channel", 0, not_below(0))
        session.offer("walk_stage", "", one_of("", "first"))
        self.walk: LayerWalk | None = None
        #: Why there is nothing to walk over.
        self.problem = ""
        self.playing = False
        self._at = 0.0
        self._seen: tuple[Any, Seen] | None = None
        self._hover: tuple[str, int, int, int] | None = None

    def show_walk(self, walk: LayerWalk | None, problem: str = "") -> None:
        """Show a layer's numbers, or say why there are none."""
        self.walk, self.problem = walk, problem
        if walk is None:
            self._seen = None
            self.play(False)
        self.update()

    @property
    def seen(self) -> Seen | None:
        """What is shown: the number at the chosen place of the chosen channel; None while there is nothing."""
        walk, session = self.walk, self._session
        if walk is None or walk.layer != session.layer:
            return None
        plane = int(session.toggles["walk_channel"])
        waiting = walk.parts is not None and walk.channel != session.channel
        shown = self._seen
        # The parts of the channel before are shown until those of this one are there.
        if waiting and session.toggles["walk"] == "channels" and shown and shown[0][0] is walk:
            return shown[1]
        ramp = session.input.ramp if session.input is not None else images.INK
        key = (walk, session.channel, session.place, plane, ramp)
        if self._seen is None or self._seen[0] != key:
            found = see(
                session.network, walk.program, walk.instruction, walk.arrays, channel=session.channel,
                place=session.place, plane=plane, parts=None if waiting else walk.parts,
                ranges=walk.ranges,
            )  # fmt: skip
            self._seen = (key, replace(found, ramp=ramp))
        return self._seen[1]

    def numbers(self) -> dict[str, np.ndarray]:
        """What the layer reads and makes, by tensor."""
        return dict(self.walk.arrays) if self.walk is not None else {}

    @property
    def subject(self) -> Subject | None:
        """The number that is looked at."""
        seen = self.seen
        return seen.subject if seen is not None else None

    @property
    def place(self) -> WalkPlace | None:
        """Where everything stands; None while there is nothing."""
        seen = self.seen
        if seen is None:
            return None
        size = (float(self.width()), float(self.height()))
        return place_walk(seen, size, str(self._session.toggles["walk"]))

    # -- moving

    def move_to(self, row: int, column: int) -> None:
        """Put the window at a place of the map, or look at a unit; outside it goes to the border."""
        seen, session = self.seen, self._session
        if seen is None:
            return
        rows, columns = seen.map.shape
        row, column = max(0, min(row, rows - 1)), max(0, min(column, columns - 1))
        if seen.listed:
            unit = min(row * columns + column, seen.count - 1)
            if unit != session.channel:
                session.context.do("inside.select", layer=session.layer, channel=unit)
        elif (row, column) != session.place:
            session.context.do(
                "inside.select", layer=session.layer, channel=session.channel, row=row, column=column
            )  # fmt: skip

    def move_by(self, rows: int, columns: int) -> None:
        """Move the window."""
        seen = self.seen
        if seen is not None:
            self.move_to(seen.row + rows, seen.column + columns)

    def go(self, by: int) -> None:
        """Move the window along the rows, from the end of one to the beginning of the next."""
        seen = self.seen
        if seen is not None:
            count = seen.count if seen.listed else seen.map.size
            self.move_to(*divmod((seen.number + by) % count, seen.map.shape[1]))

    def write_out(self, plane: int) -> None:
        """Write out another of the channels that are read."""
        seen = self.seen
        if seen is not None and 0 <= plane < seen.terms.planes:
            self._session.context.do("inside.show", name="walk_channel", value=plane)

    def play(self, playing: bool | None = None) -> None:
        """Let the window pass over all places, or stop it; by default the other of both."""
        seen, before = self.seen, self.playing
        can = seen is not None and not seen.listed and seen.map.size > 1
        self.playing = (not self.playing if playing is None else playing) and can
        clock = self._session.context.clock
        if self.playing and seen is not None:
            self._at = float(seen.number if seen.number + 1 < seen.map.size else 0)
            clock.want(OWNER)
        else:
            clock.release(OWNER)
        if self.playing != before:
            self.played.emit()
        self.update()

    @Slot(float)
    def _on_tick(self, seconds: float) -> None:
        if not self.playing:
            return
        seen = self.seen
        if seen is None or seen.listed:
            self.play(False)
            return
        self._at += seconds * max(_RATE, seen.map.size / _SECONDS)
        if self._at >= seen.map.size:
            self.play(False)
            return
        place = divmod(int(self._at), seen.map.shape[1])
        if place != self._session.place:
            self._session.place = place
            self._session.chosen.emit()

    # -- events

    def showEvent(self, event: QShowEvent) -> None:
        self._session.context.clock.tick.connect(self._on_tick)

    def hideEvent(self, event: QHideEvent) -> None:
        self.play(False)
        self._session.context.clock.tick.disconnect(self._on_tick)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        place, at = self.place, event.position()
        if place is not None:
            for rect, by in ((place.back, -1), (place.on, place.shown)):
                if rect is not None and rect.contains(at):
                    self.write_out(place.first + by)
                    return
        self._take(at.x(), at.y(), pressed=True)

    def _take(self, x: float, y: float, *, pressed: bool = False) -> None:
        """Put the window where the mouse is: on a map, or on what the layer reads."""
        place, seen = self.place, self.seen
        found = place.at(x, y) if place is not None else None
        if found is None or seen is None or place is None:
            return
        self.play(False)
        area, cell = found
        if pressed and area.name in ("channel", "weights") and place.view == "window":
            self.write_out(area.plane)
        elif pressed and area.name == "weights":
            # From the pictures of all channels to the numbers of one.
            self.write_out(area.plane)
            self._session.context.do("inside.show", name="walk", value="window")
        elif area.name in ("map", "z", "part"):
            self.move_to(*cell)
        elif area.name == "read" or (area.name == "channel" and place.view == "channels"):
            self.move_to(*seen.place_of(*cell))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at, place, seen = event.position(), self.place, self.seen
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._take(at.x(), at.y())
            return
        if place is None or seen is None:
            self.setCursor(Qt.CursorShape.ArrowCursor)
            return
        found = place.at(at.x(), at.y())
        turning = any(rect is not None and rect.contains(at) for rect in (place.back, place.on))
        self._point_at(found)
        hand = turning or (
            found is not None and found[0].name not in ("patch", "kernel", "products")
        )
        self.setCursor(Qt.CursorShape.PointingHandCursor if hand else Qt.CursorShape.ArrowCursor)
        lines = describe(seen, *found) if found is not None else ()
        if turning:
            lines = (tr("Further channels"),)
        elif found is None and place.text.contains(at) and (size := size_words(seen)):
            lines = (size_rule(seen), size)
        QToolTip.showText(event.globalPosition().toPoint(), "\n".join(lines), self)

    def _point_at(self, found: tuple[Area, tuple[int, int]] | None) -> None:
        hover = (found[0].name, found[0].plane, *found[1]) if found is not None else None
        if hover != self._hover:
            self._hover = hover
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at(None)
        QToolTip.hideText()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, session, seen = Qt.Key(event.key()), self._session, self.seen
        if seen is None:
            super().keyPressEvent(event)
        elif key in _STEPS:
            self.play(False)
            self.move_by(*_STEPS[key])
        elif key in _CHANNELS:
            channel = (session.channel + _CHANNELS[key]) % seen.count
            row, column = session.place
            where = {} if seen.listed else {"row": row, "column": column}
            session.context.do("inside.select", layer=session.layer, channel=channel, **where)
        elif key in _PLANES:
            self.write_out(seen.plane + _PLANES[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.play()
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            last = seen.map.shape if key == Qt.Key.Key_End else (0, 0)
            self.move_to(*last)
        else:
            super().keyPressEvent(event)

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        size = (float(self.width()), float(self.height()))
        seen, place = self.seen, self.place
        if seen is not None and place is not None:
            paint_walk(painter, place, colors, seen, hover=self._hover, playing=self.playing)
            return
        words = self.problem or tr(
            "Click a map of a convolution or a pooling layer: here stands how it came about."
        )
        words = draw.elide(words, 13, size[0] - 48)
        draw.text(painter, size[0] / 2, size[1] / 2, words, 13, colors.tx2, anchor="middle")
