"""The playground's picture: the window is dragged over it, moved by the arrow keys, or slides by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QEvent, QRect, Qt, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QToolTip

from app import theme
from app.inside.playground.model import INPUT, PHOTOS
from app.inside.playground.presets import described
from app.scenes import draw
from app.scenes import playground as scene
from app.scenes.playground_board import Board, given_picture, made_picture
from app.scenes.playground_layout import pixel
from app.scenes.playground_words import describe
from app.text import tr
from app.widgets.painted import Painted

if TYPE_CHECKING:
    import numpy as np
    from PySide6.QtGui import QHideEvent, QShowEvent

    from app.inside.playground.model import Playground
    from app.theme import Theme

OWNER = "inside-playground"
_STEPS = {
    Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0),
}  # fmt: skip
#: Places a second while it plays, and how many seconds it takes at most to pass over all.
_RATE, _LONGEST = 10.0, 40.0


class PlaygroundStage(Painted):
    """See the module's text."""

    ground = "bg0"
    ring_inset = 5

    def __init__(self, model: Playground) -> None:
        super().__init__("playground-stage", tr("Convolution playground"))
        self._model = model
        self.playing = False
        self._at = 0.0
        self._pictures: tuple[Any, Any] | None = None
        self._dragging = ""
        model.changed.connect(self.update)
        model.computed.connect(self.update)

    @property
    def board(self) -> Board | None:
        """What is painted now."""
        model = self._model
        if model.result is None:
            return None
        colors = theme.current()
        key = (model.result, model.settings.display, colors.name)
        if self._pictures is None or self._pictures[0] != key:
            given = given_picture(colors, model.result)
            made = made_picture(colors, model.result, model.settings.display)
            self._pictures = (key, (given, made))
        # What only changes how it is shown needs no other answer.
        settings = replace(model.shown, display=model.settings.display)
        return Board(
            model.result, settings, model.place, model.channel, self.playing, *self._pictures[1]
        )

    @property
    def size_of(self) -> tuple[float, float]:
        """Width and height."""
        return float(self.width()), float(self.height())

    def numbers(self) -> dict[str, np.ndarray]:
        """What is shown: the picture, the kernel as it is applied, and the result."""
        result = self._model.result
        if result is None:
            return {}
        found = {"picture": result.image, "result": result.filtered.values}
        if result.image.shape[-1] == 1:
            found = {name: values[..., 0] for name, values in found.items()}
        if result.kernel is not None:
            found["kernel"] = result.kernel
        return found

    def caption_words(self) -> tuple[str, ...]:
        """What is shown, for a caption: the picture, and what is done to it."""
        model, settings = self._model, self._model.shown
        if model.picture is None:
            return ()
        name = PHOTOS.get(model.source, tr("Your photograph")) if model.source != INPUT else ""
        said = [name, model.picture.note, *described(settings)]
        return tuple(one for one in said if one)

    # -- moving

    def play(self, playing: bool | None = None) -> None:
        """Let the window pass over all places, or stop it; by default the other of both."""
        model = self._model
        self.playing = (
            not self.playing if playing is None else playing
        ) and model.result is not None
        clock = model.session.context.clock
        if self.playing and model.result is not None:
            rows, columns = model.result.filtered.values.shape[:2]
            first = model.place[0] * columns + model.place[1]
            self._at = float(first if first + 1 < rows * columns else 0)
            clock.want(OWNER)
        else:
            clock.release(OWNER)
        model.changed.emit()

    @Slot(float)
    def _on_tick(self, seconds: float) -> None:
        model = self._model
        if not self.playing:
            return
        if model.result is None:
            self.play(False)
            return
        rows, columns = model.result.filtered.values.shape[:2]
        count = rows * columns
        self._at += seconds * max(_RATE, count / _LONGEST)
        if self._at >= count:
            self.play(False)
            return
        model.move_to(*divmod(int(self._at), columns))

    def step(self, by: int) -> None:
        """Move the window in reading order."""
        model = self._model
        if model.result is None:
            return
        self.play(False)
        rows, columns = model.result.filtered.values.shape[:2]
        number = (model.place[0] * columns + model.place[1] + by) % (rows * columns)
        self._go(*divmod(number, columns))

    def _go(self, row: int, column: int) -> None:
        model = self._model
        if model.result is None:
            return
        rows, columns = model.result.filtered.values.shape[:2]
        place = (max(0, min(row, rows - 1)), max(0, min(column, columns - 1)))
        if place != model.place:
            model.session.context.do("playground.place", row=place[0], column=place[1])

    # -- events

    def showEvent(self, event: QShowEvent) -> None:
        self._model.session.context.clock.tick.connect(self._on_tick)

    def hideEvent(self, event: QHideEvent) -> None:
        self.play(False)
        self._model.session.context.clock.tick.disconnect(self._on_tick)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self._take(event.position().x(), event.position().y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragging = ""

    def _take(self, x: float, y: float) -> None:
        """Put the window where the mouse is: its middle in the picture, or its place in the result."""
        board = self.board
        if board is None:
            return
        place, found = board.at(self.size_of), board.result.filtered
        if not self._dragging:
            for name, rect in (("given", place.given), ("made", place.made)):
                if pixel(rect, 1, 1, x, y) is not None:
                    self._dragging = name
                    self.play(False)
        if self._dragging == "given":
            left, top, width, _ = place.given
            zoom = width / found.padded.shape[1]
            row, column = (y - top) / zoom, (x - left) / zoom
            self._go(
                round((row - found.window[0] / 2) / found.strides),
                round((column - found.window[1] / 2) / found.strides),
            )
        elif self._dragging == "made":
            left, top, width, _ = place.made
            zoom = width / found.values.shape[1]
            self._go(int((y - top) // zoom), int((x - left) // zoom))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x, y = event.position().x(), event.position().y()
        if event.buttons() & Qt.MouseButton.LeftButton and self._dragging:
            self._take(x, y)
            return
        board = self.board
        if board is None:
            return
        place = board.at(self.size_of)
        over = any(pixel(rect, 1, 1, x, y) is not None for rect in (place.given, place.made))
        self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)
        words = "\n".join(describe(place, board, x, y))
        QToolTip.showText(event.globalPosition().toPoint(), words, self)

    def leaveEvent(self, event: QEvent) -> None:
        QToolTip.hideText()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        model = self._model
        step = _STEPS.get(Qt.Key(event.key()))
        if step is not None:
            self.play(False)
            far = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            self._go(model.place[0] + far * step[0], model.place[1] + far * step[1])
        elif event.key() in (Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight) and model.result:
            by = 1 if event.key() == Qt.Key.Key_BracketRight else -1
            count = model.result.filtered.values.shape[2]
            channel = (model.channel + by) % count
            model.session.context.do("playground.set", name="channel", value=channel)
        else:
            super().keyPressEvent(event)

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        board, model = self.board, self._model
        if board is None:
            words = model.problem or tr("The picture is being read.")
            self._say(painter, words)
            return
        note = model.picture.note if model.picture is not None else ""
        scene.paint(painter, board.at(self.size_of), colors, board, note)

    def _say(self, painter: QPainter, words: str) -> None:
        colors = theme.current()
        painter.setFont(draw.face(13))
        painter.setPen(colors.tx2)
        box = self.rect().adjusted(32, 32, -32, -32)
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(box, flags, words)
