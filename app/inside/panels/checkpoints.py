"""Checkpoints: the run's loss with its epochs; the handle takes the network back to any of its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Slot
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.inside.panels import InsidePanel
from app.scenes import draw, series
from app.scenes.charts import Axis, Box, curves_of
from app.scenes.curves import paint_curve, span_of
from app.text import number, tr
from app.widgets import Control
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from app.inside.session import InsideSession
    from app.snapshots import HistoryView, Snapshot
    from app.theme import Theme

#: Left and right of the plot; from its lower end to the track; radius of an epoch's mark.
_LEFT, _RIGHT, _TRACK, _MARK = 62.0, 22.0, 13.0, 4.0
#: A press so near a mark means the mark, in pixels. Marks that stand closer are left out.
_NEAR, _APART = 7.0, 14.0


class CheckpointStrip(Control):
    """See the module's text. Drag, click, or the arrow keys (epochs), Page Up and Down (steps), Home and End.

    Parameters
    ----------
    session
        What Look inside shares; the strip reads the engine's newest snapshot.
    """

    def __init__(self, session: InsideSession) -> None:
        super().__init__()
        self.setObjectName("inside-checkpoints")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.SizeHorCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setToolTip(
            tr(
                "Drag to see the same input through an earlier network. Arrow keys go by epochs, Page Up and Down "
                "by steps."
            )
        )
        self._session = session
        self._dragged = False
        self._wanted: int | None = None
        self._picture: tuple[tuple[object, ...], QImage] | None = None
        self._told: tuple[int, float] | None = None
        engine = session.context.engine
        engine.snapshot_ready.connect(self._on_moved)
        engine.state_changed.connect(self._on_moved)
        session.context.theme_changed.connect(self.update)
        self._tell()

    # -- what is shown

    def numbers(self) -> dict[str, np.ndarray]:
        """The loss of every step, and of held-out samples after epochs."""
        snapshot = self.snapshot
        if snapshot is None or not len(snapshot.history.steps):
            return {}
        history = snapshot.history
        return {
            "steps": history.steps, "loss": history.loss, "val_steps": history.val_steps, "val_loss": history.val_loss,
        }  # fmt: skip

    def sizeHint(self) -> QSize:
        return QSize(400, 84)

    @property
    def snapshot(self) -> Snapshot | None:
        """The newest of the engine."""
        return self._session.context.engine.latest

    @property
    def history(self) -> HistoryView | None:
        """Of the run, as far as it has been trained."""
        shot = self.snapshot
        return shot.history if shot is not None else None

    @property
    def known(self) -> int:
        """The last step the run has come to; earlier ones can be gone to."""
        history, shot = self.history, self.snapshot
        last = int(history.steps[-1]) if history is not None and len(history.steps) else 0
        return max(last, shot.position.step if shot is not None else 0)

    @property
    def step(self) -> int:
        """Where the handle stands: where the network is, or is wanted to be."""
        shot = self.snapshot
        if self._wanted is not None:
            return self._wanted
        return shot.position.step if shot is not None else 0

    def epochs(self) -> list[int]:
        """Steps at which an epoch ended, and the beginning, that can be told apart on the track."""
        history = self.history
        if history is None or not self.known:
            return [0]
        box, span = self._box(), span_of(history)
        ends = {int(step) for step in (*history.epoch_ends[:, 0], *history.val_steps)}
        found: list[int] = []
        for step in sorted(end for end in ends | {0} if end <= self.known):
            if not found or (step - found[-1]) / span * (box.right - box.left) >= _APART:
                found.append(step)
        return found

    def _box(self) -> Box:
        return Box(
            _LEFT, max(_LEFT + 1, self.width() - _RIGHT), 8.0, max(20.0, self.height() - 32.0)
        )

    def x_of(self, step: float) -> float:
        """Where a step stands."""
        box, history = self._box(), self.history
        span = span_of(history) if history is not None else 1.0
        return box.left + min(1.0, step / span) * (box.right - box.left)

    def step_at(self, x: float) -> int:
        """The step under a point, at most the last the run has come to; near an epoch's mark it is the epoch's end."""
        box, history = self._box(), self.history
        if history is None:
            return 0
        near = min(self.epochs(), key=lambda step: abs(self.x_of(step) - x))
        if abs(self.x_of(near) - x) <= _NEAR:
            return near
        part = min(1.0, max(0.0, (x - box.left) / (box.right - box.left)))
        return min(self.known, round(part * span_of(history)))

    # -- painting

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            colors, history = theme.current(), self.history
            if history is None:
                return
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            ratio = self.devicePixelRatioF()
            shape = (history.serial, len(history.steps), history.total_steps, history.epoch_steps)
            key = (*shape, self.size(), colors.name, ratio)
            if self._picture is None or self._picture[0] != key:
                self._picture = (key, self._drawn(history, colors, ratio))
            draw.blit(painter, 0, 0, self._picture[1])
            self._paint_track(painter, colors, history)
        finally:
            painter.end()

    def _drawn(self, history: HistoryView, colors: Theme, ratio: float) -> QImage:
        """The curves and their axes: they change far less often than the handle moves."""
        image = draw.canvas(self.width(), self.height(), ratio, None)
        with draw.painting(image, (self.width(), self.height())) as painter:
            box, curves, span = self._box(), curves_of(history, "loss"), span_of(history)
            axis = Axis(box, "loss", curves, False)
            for tick in (axis.ticks[0], axis.ticks[len(axis.ticks) // 2], axis.ticks[-1]):
                y = round(float(axis.y(tick))) + 0.5
                draw.line(painter, box.left, y, box.right, y, colors.grid)
                draw.text(
                    painter, box.left - 10, y + 3.5, axis.label(tick), 10, colors.tx2, mono=True, anchor="end"
                )  # fmt: skip
            epochs = history.epochs_at(span)
            in_epochs = history.total_steps > 0 and epochs >= 2
            for tick in series.ticks(0, epochs if in_epochs else span, 5):
                if tick and span <= 1:
                    break
                at = history.step_of_epoch(tick) if in_epochs else tick
                draw.text(
                    painter, self.x_of(at), self.height() - 3.0, number(round(tick, 6)), 10, colors.tx3,
                    mono=True, anchor="middle",
                )  # fmt: skip
            if not len(curves[0].train):
                words = tr(
                    "Train, and come back here to see the same input at any step of the run."
                )
                wide = box.right - box.left - 16
                draw.text(
                    painter,
                    box.left + 8,
                    box.bottom - 8,
                    draw.elide(words, 11, wide),
                    11,
                    colors.tx3,
                )
            else:
                paint_curve(painter, box, axis, colors.loss, curves[0], span, alone=False)
        return image

    def _paint_track(self, painter: QPainter, colors: Theme, history: HistoryView) -> None:
        box = self._box()
        y, x = box.bottom + _TRACK, self.x_of(self.step)
        draw.fill(painter, box.left, y - 2, box.right - box.left, 4, colors.line, 2)
        draw.fill(
            painter, box.left, y - 2, max(0.0, self.x_of(self.known) - box.left), 4, colors.tx3, 2
        )
        for step in self.epochs()[1:]:
            at = self.x_of(step)
            draw.disc(painter, at, y, _MARK, colors.tx2)
            draw.disc(painter, at, y, _MARK - 1.5, colors.bg1 if step > self.step else colors.tx2)
        draw.line(painter, round(x) + 0.5, box.top - 6, round(x) + 0.5, y, colors.tx2)
        draw.fill(painter, x - 4, y - 7, 8, 14, colors.pri, 3)
        words = self._words(history)
        wide = draw.advance(words, 11, mono=True)
        left = x + 8 if x + 12 + wide < box.right else x - 8 - wide
        draw.fill(painter, left - 3, box.top - 6, wide + 6, 15, draw.faded(colors.bg0, 0.85), 3)
        draw.text(painter, left, box.top + 5, words, 11, colors.tx, mono=True)
        if self.hasFocus():
            rect = QRectF(self.rect()).adjusted(1, 1, -1, -1)
            draw.frame(painter, rect.x(), rect.y(), rect.width(), rect.height(), colors.tx2, 1.5, 6)

    def _words(self, history: HistoryView) -> str:
        epochs = history.epochs_at(self.step)
        if self.step and abs(epochs - round(epochs)) < 1e-6:
            return tr("epoch {epoch}", epoch=number(round(epochs)))
        return tr("step {step}", step=number(self.step))

    # -- moving

    def _go(self, step: int) -> None:
        """Ask for a step; while the engine is on its way to one, the newest is asked for next."""
        step = max(0, min(step, self.known))
        before, self._wanted = self.step, step
        if step != before or self._state() != "busy":
            self._ask()
        self.update()

    def _state(self) -> str:
        return str(self._session.context.engine.state.status)

    def _ask(self) -> None:
        shot = self.snapshot
        if self._wanted is None or shot is None:
            return
        if (shot.position.step, shot.position.pc) == (
            self._wanted,
            0,
        ) and self._state() != "playing":
            if not self._dragged:
                self._wanted = None
            return
        if self._state() != "busy":
            self._session.context.do("run.seek", step=self._wanted)

    @Slot()
    def _on_moved(self, *_: object) -> None:
        if self._wanted is not None:
            self._ask()
        self._tell()
        if self.isVisible():
            self.update()

    def _tell(self) -> None:
        """Say where it stands to those who cannot see it."""
        history = self.history
        if history is None:
            self.setAccessibleName(tr("Checkpoints"))
            return
        now = (self.step, history.epochs_at(self.step))
        if now != self._told:
            self._told = now
            self.setAccessibleName(
                tr(
                    "Checkpoints: {where} of {last} steps",
                    where=self._words(history),
                    last=number(self.known),
                )
            )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._dragged = True
            self._go(self.step_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged:
            self._go(self.step_at(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._dragged:
            self._dragged = False
            self._ask()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, step, ends = event.key(), self.step, np.array(self.epochs())
        after, before = ends[ends > step], ends[ends < step]
        places = {
            Qt.Key.Key_Right: int(after[0]) if len(after) else self.known,
            Qt.Key.Key_Left: int(before[-1]) if len(before) else 0,
            Qt.Key.Key_PageUp: step + 1,
            Qt.Key.Key_PageDown: step - 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: self.known,
        }
        if key in places:
            self._go(places[Qt.Key(key)])
            return
        super().keyPressEvent(event)

    def controls(self) -> QWidget:
        """What the two curves are."""
        return _Legend()


class _Legend(QWidget):
    """A solid and a dashed stroke with their names."""

    def __init__(self) -> None:
        super().__init__()
        self._names = (tr("train loss"), tr("validation"))
        self.setFixedSize(round(sum(draw.advance(n, 11) + 38 for n in self._names)), 20)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            colors, x = theme.current(), 0.0
            for name, dashed in zip(self._names, (False, True), strict=True):
                for left, wide in ((0, 5), (7, 5), (14, 4)) if dashed else ((0, 18),):
                    draw.fill(painter, x + left, 9, wide, 2, colors.loss)
                draw.text(painter, x + 24, 14, name, 11, colors.tx2)
                x += draw.advance(name, 11) + 38
        finally:
            painter.end()


PANEL = InsidePanel(
    "checkpoints", "bottom", tr("Checkpoints"), tr("The same input through an earlier network"), 10,
    CheckpointStrip,
)  # fmt: skip
