"""The tutor: which lesson and page is open, which tasks are done, and what happened that counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.bus import CommandError
from app.learn.facts import Facts
from app.learn.lesson import Action, Lesson, LessonError, Page, Task, all_lessons, find
from app.text import tr

if TYPE_CHECKING:
    from app.bus import Command, Event
    from app.step.session import StepSession
    from app.workspace import WindowContext

PROGRESS = "lessons"
# "Show me" steps at a pace the eye can follow.
SHOW_EVERY = 220
MOST_SHOWN = 200
_STEP = Action("run.step", {"granularity": "instruction"})


class Tutor(QObject):
    """Progress through lessons. Interface thread only.

    A task is done when one of its events has been seen while its page was open and all its comparisons hold
    then or at a later moment; a number is done when the right one was typed. Nothing else completes it.

    Signals
    -------
    changed()
        Another lesson, page or task; a number in the text.
    """

    changed = Signal()

    def __init__(
        self, context: WindowContext, session: StepSession, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.context = context
        self.session = session
        self.lesson: Lesson | None = None
        self.page = 0
        self.hinted = False
        self._done: set[str] = set()
        self._armed: dict[str, dict[str, Any]] = {}
        self._kept: dict[str, float] = {}
        self._showing: list[Any] = []
        self._shown_task: Task | None = None
        self._budget = 0
        self._shown_at = -1
        self._began: int | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(SHOW_EVERY)
        self._timer.timeout.connect(self._show_next)
        bus = context.bus
        for name, handler, label in (
            ("lesson.open", self.open, tr("Open lesson")),
            ("lesson.next", self.next, tr("Next page of the lesson")),
            ("lesson.previous", self.previous, tr("Previous page of the lesson")),
            ("lesson.hint", self.hint, tr("Show a hint")),
            ("lesson.show", self.show_me, tr("Show me")),
            ("lesson.answer", self.answer, tr("Answer a question of the lesson")),
        ):
            if not bus.knows(name):
                bus.register(name, handler, label=label)
        self._unsubscribe = bus.subscribe(self._on_message)
        session.changed.connect(self._on_session)

    # -- what is shown

    @property
    def current(self) -> Page | None:
        """The open page."""
        return self.lesson.pages[self.page] if self.lesson is not None else None

    @property
    def facts(self) -> Facts:
        """What is true now."""
        session = self.session
        return Facts(
            session.snapshot, session.row, cell=session.cell, before=session.weight_before,
            kept=self._kept,
        )  # fmt: skip

    @property
    def moved_on(self) -> int | None:
        """The step whose numbers are shown, when it is not the one the page began with."""
        if self._began is None or self.session.snapshot is None:
            return None
        step = self.session.step_shown
        return step if step != self._began else None

    def is_done(self, task: Task) -> bool:
        """Tell whether a task was done."""
        return task.id in self._done

    @property
    def page_done(self) -> bool:
        """Tell whether every task of the page was done."""
        page = self.current
        return page is not None and all(task.id in self._done for task in page.tasks)

    @property
    def active_task(self) -> Task | None:
        """The first task of the page that is not done."""
        page = self.current
        if page is None:
            return None
        return next((task for task in page.tasks if task.id not in self._done), None)

    def share(self, lesson: Lesson) -> float:
        """How much of a lesson is done, 0 to 1."""
        done = set(self._stored(lesson.id).get("done", ()))
        total = len(lesson.tasks)
        return sum(task.id in done for task in lesson.tasks) / total if total else 0.0

    def finished(self, lesson: Lesson) -> bool:
        """Tell whether a lesson was completed."""
        return bool(self._stored(lesson.id).get("finished"))

    @property
    def ready(self) -> bool:
        """Tell whether the open project is the lesson's network."""
        if self.lesson is None:
            return False
        return fits(self.context.document, self.lesson.template)

    # -- commands

    def open(self, id: str) -> None:
        """Open a lesson where it was left."""
        try:
            lesson = find(id)
        except LessonError as error:
            raise CommandError(str(error)) from error
        stored = self._stored(lesson.id)
        self.lesson = lesson
        self._done = set(stored.get("done", ()))
        page = int(stored.get("page", 0))
        if stored.get("finished"):
            page, self._done = 0, set()
        self._turn(max(0, min(page, len(lesson.pages) - 1)))
        self.context.bus.emit("lesson.opened", id=lesson.id)

    def next(self) -> None:
        """Turn to the next page, or complete the lesson; refused while a task is open."""
        lesson = self.lesson
        if lesson is None:
            return
        if not self.page_done:
            raise CommandError(tr("Do the tasks of this page first, or press “Show me”."))
        if self.page + 1 < len(lesson.pages):
            self._turn(self.page + 1)
            return
        self._store(finished=True)
        self.context.bus.emit("lesson.completed", id=lesson.id)
        self.changed.emit()

    def previous(self) -> None:
        """Turn back a page."""
        if self.lesson is not None and self.page > 0:
            self._turn(self.page - 1)

    def hint(self) -> None:
        """Show the hint of the open task."""
        self.hinted = True
        self.changed.emit()

    def answer(self, task: str, value: float) -> bool:
        """Check a number; return whether it is right."""
        page = self.current
        wanted = next((t for t in page.tasks if t.id == task), None) if page is not None else None
        if wanted is None or not wanted.answer:
            raise CommandError(tr("The open page asks no such question."))
        truth = self.facts.get(wanted.answer)
        right = truth is not None and abs(float(value) - float(truth)) <= wanted.tolerance
        self.context.bus.emit("lesson.answered", task=task, value=float(value), right=right)
        if right:
            self._complete(wanted)
        return right

    def restart(self) -> None:
        """Begin the lesson anew."""
        if self.lesson is None:
            return
        self._done = set()
        self._store(finished=False, done=[], page=0)
        self._turn(0)

    def show_me(self) -> None:
        """Perform the open task's actions through the bus, one after the other."""
        task = self.active_task
        if task is None or not self.ready:
            return
        self._shown_task = task
        self._showing = [action for action in task.show for _ in range(action.times)]
        if task.answer:
            truth = self.facts.get(task.answer)
            if truth is not None:
                self.context.bus.do("lesson.answer", task=task.id, value=round(float(truth), 4))
                return
            # The number is not computed at this moment: step on until it is.
            self._showing = [_STEP] * MOST_SHOWN
        self._budget = MOST_SHOWN
        self._shown_at = -1
        self._timer.start()
        self._show_next()

    def _show_next(self) -> None:
        task = self._shown_task
        state = self.context.engine.state.status
        if task is not None and task.answer and not self.is_done(task):
            truth = self.facts.get(task.answer)
            if truth is not None:
                self._timer.stop()
                self.context.bus.do("lesson.answer", task=task.id, value=round(float(truth), 4))
                return
        if task is None or self.is_done(task) or self._budget <= 0 or not self._showing:
            self._timer.stop()
            return
        if state in ("starting", "busy", "blocked"):
            return
        snapshot = self.session.snapshot
        serial = snapshot.serial if snapshot is not None else -1
        action = self._showing[0]
        if action.command.startswith("run.") and serial == self._shown_at:
            return  # the engine has not answered the last one yet: never run ahead of what is seen
        self._shown_at = serial if action.command in ("run.step", "run.step_back") else -1
        self._budget -= 1
        self._showing.pop(0)
        try:
            self.context.bus.do(action.command, **action.arguments)
        except CommandError:
            self._timer.stop()

    # -- watching

    def _on_message(self, message: Command | Event) -> None:
        page = self.current
        if page is None or message.name.startswith("lesson."):
            return
        values = getattr(message, "arguments", None) or getattr(message, "values", {})
        for task in page.tasks:
            if task.id not in self._done and message.name in task.events and self._in_turn(task):
                self._armed[task.id] = dict(values)
        self._look()

    def _in_turn(self, task: Task) -> bool:
        """Tasks are done from top to bottom, as they are written."""
        return task == self.active_task

    def _on_session(self) -> None:
        if self._began is None and self.session.snapshot is not None:
            self._began = self.session.step_shown
        self._keep()
        self._look()
        self.changed.emit()

    def _keep(self) -> None:
        """Keep the mean loss of the first and of the last epoch, for a page to compare."""
        snapshot = self.session.snapshot
        if snapshot is None:
            return
        history = snapshot.history
        size = max(1, history.epoch_steps)
        # One sample's loss says little about another's: whole epochs are compared.
        if len(history.loss) >= size:
            self._kept["first epoch loss"] = float(history.loss[:size].mean())
            self._kept["last epoch loss"] = float(history.loss[-size:].mean())
            if len(history.loss) < 2 * size:
                self._kept.pop("last epoch loss", None)
        else:
            self._kept.clear()

    def _look(self) -> None:
        page = self.current
        if page is None or not self._armed or not self.ready:
            return
        session = self.session
        for task in page.tasks:
            if task.id in self._done or task.id not in self._armed:
                continue
            facts = Facts(
                session.snapshot, session.row, cell=session.cell, event=self._armed[task.id],
                before=session.weight_before, kept=self._kept,
            )  # fmt: skip
            if all(facts.holds(comparison) for comparison in task.where):
                self._complete(task)

    def _complete(self, task: Task) -> None:
        if task.id in self._done:
            return
        self._done.add(task.id)
        self._armed.pop(task.id, None)
        self.hinted = False
        self._store(done=sorted(self._done))
        assert self.lesson is not None
        self.context.bus.emit("lesson.task-done", lesson=self.lesson.id, task=task.id)
        self.changed.emit()

    def _turn(self, page: int) -> None:
        self.page = page
        self._began = self.session.step_shown if self.session.snapshot is not None else None
        self._armed.clear()
        self._timer.stop()
        self.hinted = False
        assert self.lesson is not None
        self._store(page=page)
        self.context.bus.emit("lesson.page", lesson=self.lesson.id, page=page)
        self.changed.emit()

    # -- remembering

    def _stored(self, lesson: str) -> dict[str, Any]:
        settings = self.context.settings
        every = settings.get(PROGRESS, {}) if settings is not None else {}
        mine = every.get(lesson, {}) if isinstance(every, dict) else {}
        return mine if isinstance(mine, dict) else {}

    def _store(self, **fields: Any) -> None:
        settings = self.context.settings
        if settings is None or self.lesson is None:
            return
        every = settings.get(PROGRESS, {})
        every = dict(every) if isinstance(every, dict) else {}
        every[self.lesson.id] = {**self._stored(self.lesson.id), **fields}
        settings.set(PROGRESS, every)


def fits(document: Any, name: str) -> bool:
    """Tell whether a project is a template's network, data and loss; its learning rate may differ."""
    from core import templates

    template = templates.load(name)
    wanted = (template.network.layers, template.network.nodes, template.training.loss)
    present = (document.network.layers, document.network.nodes, document.training.loss)
    return (
        wanted == present
        and template.data.id == document.data.id
        and template.training.batch_size == document.training.batch_size
    )


__all__ = ["Tutor", "all_lessons", "fits"]
