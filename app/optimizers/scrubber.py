"""The scrubber of a race: a track with a knob that goes to any step, and flags where racers finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QSizePolicy

from app.scenes import draw
from app.scenes.race_chart import step_at, x_of
from app.scenes.race_looks import looks, paint_marker
from app.scenes.race_numbers import numbers_of
from app.text import number, tr
from app.widgets.painted import Painted

if TYPE_CHECKING:
    from app.optimizers.network_task import NetworkTask
    from app.optimizers.session import RaceSession
    from app.theme import Theme

HIGH = 22


class Scrubber(Painted):
    """See the module's text. Drag, click, arrow keys (a step), Page Up and Down (a tenth), Home and End.

    Parameters
    ----------
    session
        Whose playhead it is.
    lead
        What it moves while that leads the top bar; without it the race on the surface.
    """

    def __init__(
        self, session: RaceSession, lead: NetworkTask | None = None, name: str = "race-scrubber"
    ) -> None:
        super().__init__(name, tr("Step"), down=QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HIGH)
        self.setCursor(Qt.CursorShape.SizeHorCursor)
        self.setToolTip(
            tr(
                "Drag to go to a step. Arrow keys go by one, Page Up and Down by a tenth of the race."
            )
        )
        self._session = session
        self._head = lead or session
        self._dragged = False
        #: Where the track begins and ends, so that it stands under the chart's plot.
        self.left, self.right = 16.0, 16.0
        self.ring_inset = 1

    def track(self) -> QRectF:
        """Where the track goes."""
        wide = max(1.0, self.width() - self.left - self.right)
        return QRectF(self.left, self.height() / 2 - 2, wide, 4)

    def follow(self) -> None:
        """The playhead has moved."""
        head = self._head
        self.setAccessibleName(
            tr("Step {step} of {total}", step=number(head.step), total=number(head.total))
        )
        self.update()

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        head, track = self._head, self.track()
        x = x_of(head.time, track, head.total)
        y = track.center().y()
        draw.fill(painter, track.x(), y - 2, track.width(), 4, colors.line, 2)
        draw.fill(painter, track.x(), y - 2, x - track.x(), 4, colors.tx2, 2)
        if head is self._session:
            self._paint_finishes(painter, colors, track)
        draw.fill(painter, x - 5, y - 7, 10, 14, colors.pri, 3)

    def _paint_finishes(self, painter: QPainter, colors: Theme, track: QRectF) -> None:
        """A small marker where a racer came to the finish line, as far as the race has come."""
        session = self._session
        answer = session.answer
        if answer is None:
            return
        numbers, wanted = numbers_of(answer), session.toggles.get("finish")
        line = numbers.finish_line(None if wanted is None else float(wanted))
        look = looks(answer.race)
        for racer, step in zip(answer.race.racers, numbers.finished(line), strict=False):
            if step is not None and step <= session.step:
                at = track.topLeft()
                at.setX(x_of(step, track, session.total))
                at.setY(track.center().y())
                paint_marker(painter, look[racer.id], colors, at, 6.0)

    # -- moving

    def _go(self, step: int) -> None:
        head = self._head
        step = max(0, min(step, head.total))
        if step != head.time or head.term or head.playing:
            self._session.context.do("race.seek", step=step)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._dragged = True
            self._go(step_at(event.position().x(), self.track(), self._head.total))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged:
            self._go(step_at(event.position().x(), self.track(), self._head.total))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged = False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step, total = self._head.step, self._head.total
        tenth = max(1, total // 10)
        places = {
            Qt.Key.Key_Right: step + 1, Qt.Key.Key_Left: step - 1, Qt.Key.Key_PageUp: step + tenth,
            Qt.Key.Key_PageDown: step - tenth, Qt.Key.Key_Home: 0, Qt.Key.Key_End: total,
        }  # fmt: skip
        if event.key() in places:
            self._go(places[Qt.Key(event.key())])
            return
        super().keyPressEvent(event)
