"""The Learn workspace: lessons, the page, and the live network beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.bus import CommandError
from app.learn.lesson import all_lessons
from app.learn.list import LessonList
from app.learn.page import PageView
from app.learn.strip import FormulaStrip
from app.learn.tutor import Tutor
from app.scenes.step_values import cell_id
from app.step.scrubber import Scrubber
from app.step.session import StepSession
from app.step.stage import StepStage
from app.text import tr
from app.widgets import Button, Header, Label, Panel

if TYPE_CHECKING:
    from app.workspace import WindowContext


class LearnWorkspace(QWidget):
    """List, page and live workspace side by side."""

    def __init__(self, context: WindowContext) -> None:
        super().__init__()
        self.setObjectName("learn-workspace")
        self._context = context
        self.session = StepSession(context, "learn", self)
        self.tutor = Tutor(context, self.session, self)
        self.list = LessonList(self.tutor)
        self.list.setFixedWidth(296)
        self.page = PageView(self.tutor)
        self._page_panel = Panel(name="lesson-panel", ground="bg1", edges="r")
        column = QVBoxLayout(self._page_panel)
        column.setContentsMargins(0, 0, 1, 0)
        column.addWidget(self.page)
        self._page_panel.setFixedWidth(400)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.list)
        row.addWidget(self._page_panel)
        row.addWidget(self._live(), 1)
        self.page.hovered.connect(self._on_hovered)
        self.tutor.changed.connect(self._refresh)
        self.session.changed.connect(self._refresh)
        for keys, command in (("Alt+Left", "lesson.previous"), ("Alt+Right", "lesson.next")):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.activated.connect(lambda name=command: self._try(name))

    def _live(self) -> QWidget:
        context, session = self._context, self.session
        panel = QWidget()
        column = QVBoxLayout(panel)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._head = Header(tr("Live workspace"), mono=True)
        self.reset = Button(tr("Reset"), name="lesson-reset")
        self.reset.clicked.connect(lambda: self._try("run.reset"))
        self.open_step = Button(tr("Open in Step"), name="lesson-open-step", kind="ghost")
        self.open_step.clicked.connect(lambda: context.bus.do("workspace.show", name="step"))
        self._head.row.addWidget(self.reset)
        self._head.row.addWidget(self.open_step)
        column.addWidget(self._head)
        self._stack = QStackedWidget()
        live = QWidget()
        inner = QVBoxLayout(live)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        self.stage = StepStage(session, name="lesson-stage")
        self.stage.cell_chosen.connect(
            lambda tensor, index: context.do("select.cell", tensor=tensor, index=list(index))
        )
        self.strip = FormulaStrip(session)
        self.scrubber = Scrubber(session)
        self.scrubber.setObjectName("lesson-scrubber")
        self.scrubber.set_folded(True)
        self.scrubber.wanted.connect(self._on_wanted)
        inner.addWidget(self.stage, 1)
        inner.addWidget(self.strip)
        inner.addWidget(self.scrubber)
        self._stack.addWidget(live)
        self._stack.addWidget(self._invitation())
        column.addWidget(self._stack, 1)
        return panel

    def _invitation(self) -> QWidget:
        """What stands beside the page while another project is open."""
        panel = Panel(ground="bg0")
        column = QVBoxLayout(panel)
        column.setSpacing(16)
        column.addStretch(1)
        self._invite = Label("", "body", "tx2", name="lesson-invitation", wrap=True)
        self._invite.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(self._invite)
        row = QHBoxLayout()
        row.addStretch(1)
        self.begin = Button(tr("Open the lesson's network"), name="lesson-begin", kind="primary")
        self.begin.clicked.connect(self._on_begin)
        row.addWidget(self.begin)
        row.addStretch(1)
        column.addLayout(row)
        column.addStretch(1)
        return panel

    # -- the window's calls

    def activate(self) -> None:
        """Follow the engine while visible; open the first lesson at the first visit."""
        self.session.activate()
        lessons = all_lessons()
        if self.tutor.lesson is None and lessons:
            unfinished = [lesson for lesson in lessons if not self.tutor.finished(lesson)]
            self._context.bus.do("lesson.open", id=(unfinished or list(lessons))[0].id)
        self._refresh()

    def deactivate(self) -> None:
        """Cost nothing while hidden."""
        self.session.deactivate()

    def set_compact(self, level: int) -> None:
        """Give the network room in small windows."""
        self.list.setVisible(level == 0)
        self._page_panel.setFixedWidth((400, 368, 320)[min(level, 2)])

    def hint(self) -> str:
        """Keys for the status bar."""
        return tr("Alt+Left previous page   Alt+Right next page")

    # -- reactions

    def _refresh(self) -> None:
        lesson = self.tutor.lesson
        ready = lesson is None or self.tutor.ready
        self._stack.setCurrentIndex(0 if ready else 1)
        self.reset.setEnabled(ready)
        self.open_step.setEnabled(ready)
        if lesson is not None and not ready:
            self._invite.setText(
                tr("“{title}” works with a small network of its own. Your open project is closed first; "
                   "you are asked to save it if it has changes.", title=lesson.title)
            )  # fmt: skip
        sizes = [str(node.units) for node in self.session.network.nodes] if ready else []
        self._head.subtitle.setText(" → ".join(sizes))

    def _on_begin(self) -> None:
        lesson = self.tutor.lesson
        if lesson is None or not _may_close(self.window()):
            return
        self._try("template.open", name=lesson.template)
        self._refresh()

    def _on_wanted(self, done: int) -> None:
        session = self.session
        snapshot, program = session.snapshot, session.program
        if snapshot is None or program is None:
            return
        step = snapshot.position.step
        if snapshot.position.pc == 0 and snapshot.instruction is not None:
            step -= 1
        self._try("run.seek", step=step, pc=done)

    def _on_hovered(self, cell: Any) -> None:
        self.session.set_hover("" if cell is None else cell_id(*cell))

    def _try(self, name: str, /, **arguments: Any) -> None:
        """Carry out a command whose refusal is a sentence for the learner."""
        bus = self._context.bus
        if not bus.knows(name):
            return
        try:
            bus.do(name, **arguments)
        except CommandError as error:
            bus.emit("lesson.refused", sentence=str(error))


def _may_close(window: QWidget) -> bool:
    """Ask to save the open project where there is a window that can."""
    from app.window import dialogs
    from app.window.main import MainWindow

    return dialogs.may_close(window) if isinstance(window, MainWindow) else True
