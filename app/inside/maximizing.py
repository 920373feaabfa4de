"""The image that excites a channel: painted while it comes about, and played again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QToolTip

from app.scenes import draw
from app.scenes.maximization import MaximizationLayout, paint_maximization, place_maximization
from app.text import tr
from app.widgets.painted import Painted

if TYPE_CHECKING:
    from app.engine.questions.maximizing import Maximization
    from app.theme import Theme


class MaximizingStage(Painted):
    """The image and the curve, of one step.

    Attributes
    ----------
    found
        What is shown, or None.
    step
        Which step of it; the newest one while it is computed.
    words, empty
        What is excited, and what is said while there is nothing.

    Signals
    -------
    wanted(int)
        The learner goes to a step.
    turned(int)
        The learner goes to the next channel, or to the one before.
    """

    wanted = Signal(int)
    turned = Signal(int)
    ground = "bg0"

    def __init__(self) -> None:
        super().__init__("inside-maximization", tr("Activation maximization"))
        self.found: Maximization | None = None
        self.step = 0
        self.words = self.empty = ""

    @property
    def place(self) -> MaximizationLayout:
        """Where everything stands."""
        return place_maximization((float(self.width()), float(self.height())))

    @property
    def frame(self) -> int:
        """Which of the kept pictures is shown."""
        found = self.found
        if found is None or found.numbers is None:
            return 0
        return max(
            0,
            min(
                len(found.numbers) - 1, int(np.searchsorted(found.numbers, self.step, "right")) - 1
            ),
        )

    @property
    def image(self) -> np.ndarray | None:
        """What is painted: the newest image while it is computed, a picture of the way afterwards."""
        found = self.found
        if found is None:
            return None
        if found.frames is None or self.step >= found.steps:
            return found.image
        return found.frames[self.frame]

    def numbers(self) -> dict[str, np.ndarray]:
        """The image of the step that is shown, from 0 to 1, and the activations of all steps."""
        image, found = self.image, self.found
        if image is None or found is None:
            return {}
        return {
            "image": image / 255 if image.dtype == np.uint8 else image,
            "activations": found.activations,
        }

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        found = self.found
        if found is None:
            words = draw.elide(self.empty, 13, self.width() - 32)
            draw.text(
                painter,
                self.width() / 2,
                self.height() / 2,
                words,
                13,
                colors.tx2,
                anchor="middle",
            )
            return
        paint_maximization(
            painter, self.place, colors, image=self.image, activations=found.activations, steps=found.steps,
            step=self.step, words=self.words,
        )  # fmt: skip

    # -- mouse and keys

    def _step_at(self, x: float, y: float) -> int | None:
        """The step under a point of the curve."""
        left, top, wide, high = self.place.chart
        if self.found is None or not (
            left - 4 <= x <= left + wide + 4 and top - 16 <= y <= top + high + 16
        ):
            return None
        return max(0, min(self.found.steps, round((x - left) / wide * self.found.steps)))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        step = self._step_at(event.position().x(), event.position().y())
        if step is not None and event.button() == Qt.MouseButton.LeftButton:
            self.wanted.emit(step)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at, found = event.position(), self.found
        step = self._step_at(at.x(), at.y())
        self.setCursor(
            Qt.CursorShape.ArrowCursor if step is None else Qt.CursorShape.PointingHandCursor
        )
        if found is None:
            return
        if step is not None and event.buttons() & Qt.MouseButton.LeftButton:
            self.wanted.emit(step)
        elif step is not None and step < len(found.activations):
            value = draw.plain(float(found.activations[step]), 4)
            self._tell(event, tr("step {step}: {value}", step=step, value=value))
        else:
            self._tell(event, self._pixel(at.x(), at.y()))

    def _pixel(self, x: float, y: float) -> str:
        """The numbers of the image under a point."""
        image = self.image
        left, top, wide, high = self.place.picture
        if image is None or image.ndim != 3:
            return ""
        rows, columns = image.shape[:2]
        zoom = min(wide / columns, high / rows)
        column = int((x - left - (wide - columns * zoom) / 2) // zoom)
        row = int((y - top - (high - rows * zoom) / 2) // zoom)
        if not (0 <= row < rows and 0 <= column < columns):
            return ""
        values = image[row, column].astype(float) / (255 if image.dtype == np.uint8 else 1)
        numbers = ", ".join(draw.plain(float(v), 3) for v in values)
        return tr("row {row}, column {column}: {value}", row=row, column=column, value=numbers)

    def _tell(self, event: QMouseEvent, words: str) -> None:
        QToolTip.showText(event.globalPosition().toPoint(), words, self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight):
            self.turned.emit(1 if event.key() == Qt.Key.Key_BracketRight else -1)
            return
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: -10, Qt.Key.Key_Up: 10}
        by, found = steps.get(Qt.Key(event.key())), self.found
        if found is None or (by is None and event.key() not in (Qt.Key.Key_Home, Qt.Key.Key_End)):
            super().keyPressEvent(event)
            return
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: found.steps}
        to = ends[Qt.Key(event.key())] if by is None else self.step + by
        self.wanted.emit(max(0, min(found.steps, to)))

    def leaveEvent(self, event: QEvent) -> None:
        QToolTip.hideText()
