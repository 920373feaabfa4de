"""One page of a lesson: title, prose, the card of tasks, and the way on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from app import icons
from app import theme as themes
from app.bus import CommandError
from app.learn.prose import FormulaCard, Paragraph
from app.text import tr
from app.widgets import Button, Header, Label, NumberField, ScrollPanel
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from app.learn.lesson import Page, Task
    from app.learn.tutor import Tutor


class Mark(QWidget):
    """The round mark of a task: empty, or filled with a check."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(20, 20)
        self._done = False

    def set_done(self, done: bool) -> None:
        """Fill it."""
        if done != self._done:
            self._done = done
            self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = themes.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = colors.pri if self._done else colors.line2
        painter.setPen(QPen(ink, 1.5))
        painter.setBrush(colors.pri if self._done else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QRectF(1, 1, 18, 18))
        if self._done:
            icons.paint(painter, "check", colors.priText, QRectF(3, 3, 14, 14))


class TaskRow(QFrame):
    """A task: its mark, its words, a number field where one is asked for, the hint."""

    def __init__(self, task: Task, tutor: Tutor) -> None:
        super().__init__()
        self.task = task
        self._tutor = tutor
        self._active = False
        self.setObjectName(f"lesson-task-{task.id}")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 10, 12, 10)
        row.setSpacing(12)
        self._mark = Mark()
        row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(6)
        self._text = Label("", "body", "tx", wrap=True)
        column.addWidget(self._text)
        self.field: NumberField | None = None
        self._verdict = Label("", "label", "tx2", wrap=True)
        if task.answer:
            line = QHBoxLayout()
            line.setSpacing(8)
            field = NumberField(
                name=f"lesson-answer-{task.id}",
                label=tr("Your answer"),
                whole=False,
                step=0.001,
                width=96,
            )
            self.field = field
            field.entered.connect(self._on_entered)
            line.addWidget(field)
            self.check = Button(tr("Check"), name=f"lesson-check-{task.id}")
            self.check.clicked.connect(lambda: self._on_entered(field.value()))
            line.addWidget(self.check)
            line.addStretch(1)
            column.addLayout(line)
        self._verdict.hide()
        column.addWidget(self._verdict)
        self._hint = Label(task.hint, "label", "tx2", name=f"lesson-hint-{task.id}", wrap=True)
        self._hint.hide()
        column.addWidget(self._hint)
        row.addLayout(column, 1)

    def refresh(self) -> None:
        """Show what is done, and the numbers of the run."""
        tutor = self._tutor
        done = tutor.is_done(self.task)
        self._mark.set_done(done)
        self._text.setText(tutor.facts.fill(self.task.text))
        active = not done and tutor.active_task == self.task
        if active != self._active:
            self._active = active
            self.update()
        self._text.set_tone("tx" if active or done else "tx2")
        self._hint.setVisible(active and tutor.hinted and bool(self.task.hint))
        state = tr("done") if done else tr("to do")
        self.setAccessibleName(f"{self.task.text} ({state})")
        if self.field is not None:
            self.field.setEnabled(active)
            self.check.setEnabled(active)
            self.field.setVisible(not done)
            self.check.setVisible(not done)
            if done:
                self._verdict.hide()

    def _on_entered(self, value: float) -> None:
        if self._tutor.is_done(self.task):
            return
        try:
            right = self._tutor.context.bus.do(
                "lesson.answer", task=self.task.id, value=float(value)
            )
        except CommandError as error:
            self._say(str(error))
            return
        assert self.field is not None
        self.field.set_error(not right)
        if not right:
            known = self._tutor.facts.get(self.task.answer) is not None
            self._say(
                tr("Not quite: work it out to four decimals, and mind the sign.") if known
                else tr("This number is not computed yet: step on until it is.")
            )  # fmt: skip

    def _say(self, words: str) -> None:
        self._verdict.setText(words)
        self._verdict.set_tone("err")
        self._verdict.show()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = themes.current()
        painter = QPainter(self)
        if self._active:
            painter.fillRect(self.rect().adjusted(1, 1, -1, -1), colors.bg3)
        painter.fillRect(1, 0, self.width() - 2, 1, colors.line)


class TaskCard(QFrame):
    """The card "Try it"."""

    def __init__(self, page: Page, tutor: Tutor) -> None:
        super().__init__()
        self.setObjectName("lesson-tasks")
        self._tutor = tutor
        self._page = page
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 1)
        column.setSpacing(0)
        head = QWidget()
        row = QHBoxLayout(head)
        row.setContentsMargins(12, 10, 12, 10)
        row.addWidget(Label(tr("Try it"), "header", "tx"))
        row.addStretch(1)
        self._count = Label("", "label", "tx2")
        row.addWidget(self._count)
        column.addWidget(head)
        self.rows = [TaskRow(task, tutor) for task in page.tasks]
        for item in self.rows:
            column.addWidget(item)

    def refresh(self) -> None:
        """Show what is done."""
        done = sum(self._tutor.is_done(task) for task in self._page.tasks)
        self._count.setText(tr("{done} of {all} done", done=done, all=len(self._page.tasks)))
        for item in self.rows:
            item.refresh()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = themes.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colors.line, 1))
        painter.setBrush(colors.bg2)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)


class PageView(QWidget):
    """The lesson's text panel.

    Signals
    -------
    hovered(object)
        The symbol under the mouse in a formula.
    """

    hovered = Signal(object)

    def __init__(self, tutor: Tutor) -> None:
        super().__init__()
        self.setObjectName("lesson-page")
        self._tutor = tutor
        self._shown: tuple[Any, ...] | None = None
        self._paragraphs: list[Paragraph] = []
        self._formulas: list[FormulaCard] = []
        self._card: TaskCard | None = None
        self._moved: Label | None = None
        self._quotes = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._head = Header(tr("Lesson"))
        self._step = Label("", "label", "tx2")
        self._head.row.addWidget(self._step)
        column.addWidget(self._head)
        self._scroll = ScrollPanel(name="lesson-scroll")
        column.addWidget(self._scroll, 1)
        foot = QWidget()
        row = QHBoxLayout(foot)
        row.setContentsMargins(24, 12, 24, 24)
        row.setSpacing(8)
        self.previous = Button(tr("Previous"), name="lesson-previous")
        self.hint = Button(tr("Show a hint"), name="lesson-hint", kind="ghost")
        self.show_me = Button(tr("Show me"), name="lesson-show-me", kind="ghost")
        self.next = Button(tr("Next step"), name="lesson-next", kind="primary")
        row.addWidget(self.previous)
        row.addStretch(1)
        row.addWidget(self.hint)
        row.addWidget(self.show_me)
        row.addWidget(self.next)
        column.addWidget(foot)
        self._foot = foot
        for button, command in (
            (self.previous, "lesson.previous"), (self.hint, "lesson.hint"),
            (self.show_me, "lesson.show"), (self.next, "lesson.next"),
        ):  # fmt: skip
            button.clicked.connect(lambda _checked=False, name=command: tutor.context.bus.do(name))
        tutor.changed.connect(self.refresh)
        self.refresh()

    def sizeHint(self) -> QSize:
        return QSize(384, 600)

    @property
    def card(self) -> TaskCard | None:
        """The tasks of the page."""
        return self._card

    def refresh(self) -> None:
        """Show the open page and the present numbers."""
        tutor = self._tutor
        lesson, page = tutor.lesson, tutor.current
        self._foot.setVisible(page is not None)
        if lesson is None or page is None:
            return
        key = (lesson.id, tutor.page)
        if key != self._shown:
            self._shown = key
            self._rebuild(page)
            self._head.title.setText(lesson.title)
            self._head.subtitle.setText("")
            self._step.setText(
                tr("page {page} of {pages}", page=tutor.page + 1, pages=len(lesson.pages))
            )
        moved = tutor.moved_on if self._quotes else None
        if self._moved is not None:
            if moved is not None:
                self._moved.setText(
                    tr("The run has gone on to another sample: the numbers below are now those of step {step}.",
                       step=moved + 1)
                )  # fmt: skip
            self._moved.setVisible(moved is not None)
        facts = tutor.facts
        for paragraph in self._paragraphs:
            paragraph.fill(facts.fill(paragraph.template))
        for card in self._formulas:
            card.fill(tuple(facts.fill(line) for line in card.lines))
        if self._card is not None:
            self._card.refresh()
        last = tutor.page + 1 == len(lesson.pages)
        self.previous.setEnabled(tutor.page > 0)
        self.next.setEnabled(
            tutor.page_done and tutor.ready and not (last and tutor.finished(lesson))
        )
        self.next.set_label(tr("Finish") if last else tr("Next step"))
        self.next.setToolTip("" if tutor.page_done else tr("Do the tasks of this page first."))
        task = tutor.active_task
        self.hint.setEnabled(task is not None and bool(task.hint) and not tutor.hinted)
        self.show_me.setEnabled(task is not None and tutor.ready and bool(task.show or task.answer))

    def _rebuild(self, page: Page) -> None:
        body = self._scroll.body
        while (item := body.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._paragraphs, self._formulas = [], []
        body.setContentsMargins(24, 20, 24, 8)
        title = Label(page.title, "title", "tx", name="lesson-title", wrap=True)
        body.addWidget(title)
        self._moved = Label("", "label", "err", name="lesson-moved", wrap=True)
        self._moved.hide()
        body.addWidget(self._moved)
        self._quotes = any("{value:" in f"{b.text}{b.formula}".replace("{value:kept@", "")
                           for b in page.blocks)  # fmt: skip
        for block in page.blocks:
            body.addSpacing(12)
            if block.formula:
                card = FormulaCard(block.formula, block.caption)
                card.hovered.connect(self.hovered)
                self._formulas.append(card)
                body.addWidget(card)
            else:
                paragraph = Paragraph(block.text)
                self._paragraphs.append(paragraph)
                body.addWidget(paragraph)
        self._card = None
        if page.tasks:
            body.addSpacing(20)
            self._card = TaskCard(page, self._tutor)
            body.addWidget(self._card)
        body.addStretch(1)
        self._scroll.verticalScrollBar().setValue(0)


class Welcome(QLabel):
    """What stands where the page goes before a lesson is chosen."""

    def __init__(self) -> None:
        super().__init__(tr("Choose a lesson on the left."))
        self.setFont(themes.font("body"))
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
