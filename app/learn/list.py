"""The list of lessons, with what is done of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from app import icons
from app import theme as themes
from app.learn.lesson import Lesson, all_lessons
from app.scenes import draw
from app.text import tr
from app.widgets import Control, Header, Label, Panel, ScrollPanel
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from app.learn.tutor import Tutor


class LessonRow(Control):
    """A lesson: thumbnail, title, minutes, progress."""

    focus_radius = 4

    def __init__(self, lesson: Lesson, tutor: Tutor) -> None:
        super().__init__()
        self.lesson = lesson
        self._tutor = tutor
        self.setObjectName(f"lesson-{lesson.id}")
        self.setAccessibleName(lesson.title)
        self.setToolTip(lesson.summary)
        self.setFixedHeight(56)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.clicked.connect(lambda: tutor.context.bus.do("lesson.open", id=lesson.id))

    def sizeHint(self) -> QSize:
        return QSize(296, 56)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = themes.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        opened = self._tutor.lesson is not None and self._tutor.lesson.id == self.lesson.id
        if opened:
            painter.fillRect(self.rect(), colors.selbg)
            painter.fillRect(0, 0, 3, self.height(), colors.tx)
        elif self.hovered:
            painter.fillRect(self.rect(), colors.bg3)
        painter.setPen(QPen(colors.line2, 1))
        painter.setBrush(colors.bg0)
        painter.drawRoundedRect(QRectF(16.5, 6.5, 59, 43), 4, 4)
        self._chain(painter, colors)
        share = self._tutor.share(self.lesson)
        done = self._tutor.finished(self.lesson)
        tone = colors.tx if opened or share else colors.tx2
        room = self.width() - 88 - 40
        draw.text(
            painter, 88, 25, draw.elide(self.lesson.title, 12.5, room, 500), 12.5, tone, weight=500
        )
        quiet = colors.tx2 if opened else colors.tx3
        draw.text(painter, 88, 42, tr("{count} min", count=self.lesson.minutes), 11, quiet)
        if share:
            width = self.width() - 134 - 44
            draw.fill(painter, 134, 37, width, 3, colors.bg3, 1.5)
            draw.fill(painter, 134, 37, width * share, 3, colors.tx, 1.5)
        if done:
            icons.paint(painter, "check", colors.tx, QRectF(self.width() - 32, 20, 16, 16))

    def _chain(self, painter: QPainter, colors: themes.Theme) -> None:
        """Three neurons, the error flowing back."""
        for k in range(3):
            x = 28 + 18 * k
            painter.setPen(QPen(colors.bwd, 1.5))
            painter.setBrush(colors.bg3)
            painter.drawEllipse(QRectF(x - 5, 23, 10, 10))
            if k:
                draw.line(painter, x - 12, 28, x - 6, 28, colors.bwd, 1.5)
                painter.setPen(QPen(colors.bwd, 1.5))
                painter.drawLine(int(x - 9), 25, int(x - 12), 28)
                painter.drawLine(int(x - 12), 28, int(x - 9), 31)


class LessonList(Panel):
    """All lessons by group."""

    def __init__(self, tutor: Tutor) -> None:
        super().__init__(name="lesson-list", ground="bg1", edges="r")
        self._tutor = tutor
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 1, 0)
        column.setSpacing(0)
        self._head = Header(tr("Lessons"))
        self._bar = _Bar()
        self._head.row.addWidget(self._bar)
        column.addWidget(self._head)
        scroll = ScrollPanel(name="lesson-list-scroll")
        column.addWidget(scroll, 1)
        self.rows: list[LessonRow] = []
        group = ""
        for lesson in all_lessons():
            if lesson.group != group:
                group = lesson.group
                label = Label(tr(group), "section", "tx2")
                label.setContentsMargins(16, 10, 16, 2)
                scroll.body.addWidget(label)
            row = LessonRow(lesson, tutor)
            self.rows.append(row)
            scroll.body.addWidget(row)
        scroll.body.addStretch(1)
        tutor.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show progress."""
        done = sum(self._tutor.finished(row.lesson) for row in self.rows)
        self._head.subtitle.setText(tr("{done} of {all} done", done=done, all=len(self.rows)))
        self._bar.set_share(done / len(self.rows) if self.rows else 0.0)
        for row in self.rows:
            row.update()


class _Bar(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(72, 3)
        self._share = 0.0

    def set_share(self, share: float) -> None:
        self._share = share
        self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = themes.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        draw.fill(painter, 0, 0, 72, 3, colors.bg3, 1.5)
        draw.fill(painter, 0, 0, 72 * self._share, 3, colors.tx, 1.5)
