"""The scrubber of a race: a track with a knob that goes to any step, and flags where racers finished."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QSizePolicy

from app import theme
from app.scenes import draw
from app.scenes.race_chart import step_at, x_of
from app.scenes.race_looks import Look, looks, paint_marker
from app.scenes.race_numbers import numbers_of
from app.text import number, tr
from app.widgets.painted import Painted

if TYPE_CHECKING:
    from app.optimizers.network_task import NetworkTask
    from app.optimizers.session import RaceSession
    from app.theme import Theme

HIGH = 22
#: So many pixels the knob goes before it is painted again, and so many are painted at both sides of it.
_APART, _BESIDE = 0.5, 8


class Scrubber(Painted):
    """See the module's text. Drag, click, arrow keys (a step), Page Up and Down (a tenth), Home and End.

    Parameters
    ----------
    session
        Whose playhead it is.
    lead
        What it moves while that leads the top bar; without it the race on the surface.
    """

    ground, opaque, ring_inset = "bg0", True, 1

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
        #: Where the knob was painted last, in pixels.
        self._painted = -1.0
        #: Steps and looks of those that finish, by step, and of what.
        self._finishes: tuple[object, list[int], list[Look]] = (None, [], [])
        #: Flags of those that have finished, as a picture, and of what.
        self._flags: tuple[tuple[object, ...], QImage] | None = None

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
        x = self._knob()
        known = self._flags is None or self._flags[0] == self._key()
        if not (head.playing and known):
            self.update()
        elif abs(x - self._painted) >= _APART:
            low, high = sorted((x, self._painted))
            self.update(
                QRect(int(low) - _BESIDE, 0, int(high - low) + 2 * _BESIDE + 2, self.height())
            )

    def _knob(self) -> float:
        return x_of(self._head.time, self.track(), self._head.total)

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        track = self.track()
        x = self._painted = self._knob()
        y = track.center().y()
        draw.fill(painter, track.x(), y - 2, track.width(), 4, colors.line, 2)
        draw.fill(painter, track.x(), y - 2, x - track.x(), 4, colors.tx2, 2)
        if self._head is self._session:
            self._paint_finishes(painter, colors, track)
        draw.fill(painter, x - 5, y - 7, 10, 14, colors.pri, 3)

    def _paint_finishes(self, painter: QPainter, colors: Theme, track: QRectF) -> None:
        """A small marker where a racer came to the finish line, as far as the race has come."""
        key = self._key()
        if self._flags is None or self._flags[0] != key:
            image = draw.canvas(self.width(), self.height(), self.devicePixelRatioF(), None)
            steps, shown = self._finishers()
            with draw.painting(image, (self.width(), self.height())) as above:
                for step, look in zip(steps[: self._come()], shown, strict=False):
                    at = QPointF(x_of(step, track, self._session.total), track.center().y())
                    paint_marker(above, look, colors, at, 6.0)
            self._flags = (key, image)
        if self._come():
            draw.blit(painter, 0, 0, self._flags[1])
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)

    def _key(self) -> tuple[object, ...]:
        """What the picture of the flags is of."""
        self._finishers()
        return (
            self._finishes[0], self._come(), theme.current().name, self.size(), self.left, self.right,
            self.devicePixelRatioF(),
        )  # fmt: skip

    def _come(self) -> int:
        """How many have finished by now."""
        return bisect_right(self._finishers()[0], self._session.step)

    def _finishers(self) -> tuple[list[int], list[Look]]:
        """Return the steps at which racers finish, in order, and how these look."""
        answer = self._session.answer
        if answer is None or self._head is not self._session:
            return [], []
        numbers, wanted = numbers_of(answer), self._session.toggles.get("finish")
        line = numbers.finish_line(None if wanted is None else float(wanted))
        if self._finishes[0] != (answer, line):
            look = looks(answer.race)
            pairs = zip(answer.race.racers, numbers.finished(line), strict=False)
            found = [(step, look[one.id]) for one, step in pairs if step is not None]
            found.sort(key=lambda pair: pair[0])
            self._finishes = (
                (answer, line),
                [step for step, _ in found],
                [one for _, one in found],
            )
        return self._finishes[1], self._finishes[2]

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
