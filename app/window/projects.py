"""Opening and saving projects, autosaved copies, and what a crash left behind."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEventLoop, QObject, QTimer, Signal, Slot

from app.bus import CommandError
from app.document import State, empty
from app.engine.saved import contents_of, saved_of
from app.engine.state import SavedState
from app.scenes.network_settings import NETWORK, network_settings
from app.settings import home
from app.text import tr
from app.window import templates
from app.workspace import WindowContext
from core.errors import ChainruleError
from core.io.errors import ProjectError
from core.io.project import Contents, read, write
from core.io.races import race_document, race_of
from core.io.recovery import Autosave, Claim, Recovery, find, forget, take
from core.landscape.race import Race, first_race

log = logging.getLogger("chainrule.window")

#: Milliseconds between two autosaved copies while something changes.
AUTOSAVE_EVERY = 20_000
_AFTER_EDIT = 1_500

#: How often the engine may fail to tell the run before a copy is written without it.
_PATIENCE = 3
_RECENT = 8


class Projects(QObject):
    """Carry out ``project.*`` and ``template.open`` and keep a recovery copy.

    Writing happens on a thread of its own, one file at a time; the numbers of the run come from
    the engine when it has answered, so the window never waits for a disk.

    Signals
    -------
    failed(str)
        A sentence: a file could not be read or written, and nothing was changed.
    saved(str)
        The path that was written.
    """

    failed = Signal(str)
    saved = Signal(str)
    _written = Signal(object, str)

    def __init__(self, context: WindowContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._autosave: Autosave | None = None
        self._claims: list[Claim] = []
        self._opened: SavedState | None = None
        self._failures = 0
        self._busy = False
        self._closed = False
        self._queue: list[tuple[Callable[[], None], Callable[[str], None]]] = []
        self._thread: threading.Thread | None = None
        self._running = False
        self._written.connect(self._on_written)
        self._copied: tuple[Any, ...] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(AUTOSAVE_EVERY)
        self._timer.timeout.connect(self.copy)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_AFTER_EDIT)
        self._soon.timeout.connect(self.copy)
        context.document.changed.connect(self._soon.start)
        bus = context.bus
        bus.register("project.new", self.new, label=tr("New project"))
        bus.register("project.open", self.open, label=tr("Open project"))
        bus.register("project.save", self.save, label=tr("Save project"))
        bus.register("project.rename", self.rename, label=tr("Rename project"))
        bus.register("template.open", self.open_template, label=tr("Open template"))

    # Commands

    def new(self) -> None:
        """Begin an empty project."""
        self._replace(empty(), None)

    def open(self, path: str) -> None:
        """Open a project file.

        Raises
        ------
        CommandError
            With the sentence of what is wrong with the file; the open project stays.
        """
        try:
            contents = read(path)
        except ChainruleError as error:
            raise CommandError(str(error)) from error
        self.show(contents, Path(path))

    def open_template(self, name: str, trained: bool = False) -> None:
        """Begin a project from a template; `trained` with the weights it is delivered with."""
        try:
            state = templates.state(name)
            weights = templates.weights(name) if trained else None
        except (ChainruleError, KeyError) as error:
            raise CommandError(str(error)) from error
        self._replace(state, None, SavedState(weights) if weights is not None else None)

    def save(self, path: str | None = None) -> None:
        """Write the project file; ``project.saved`` follows when it is safely on the disk."""
        document = self._context.document
        target = Path(path) if path else document.path
        if target is None:
            raise CommandError(tr("The project has no file yet. Choose where to save it."))
        if target.suffix != ".chainrule":
            target = target.with_name(target.name + ".chainrule")
        state, view = document.state, dict(self._context.view)

        def finish(problem: str) -> None:
            if problem:
                self.failed.emit(problem)
                return
            if document.state == state:
                document.mark_saved(target)
            self._remember(target)
            self._forget_copy()
            self._context.bus.emit("project.saved", path=str(target))
            self.saved.emit(str(target))

        self._with_run(lambda run: self._write(target, _contents(state, run, view), finish))

    def rename(self, name: str) -> None:
        """Give the project another name."""
        wanted = name.strip()
        if not wanted:
            raise CommandError(tr("A project needs a name."))
        self._context.document.edit(tr("Rename project"), name=wanted)

    # Opening

    def show(self, contents: Contents, path: Path | None, *, dirty: bool = False) -> None:
        """Put what was read in the place of the open project."""
        project = contents.project
        race = _race_of(project.view)
        settings = network_settings(project.view.get(NETWORK), race)
        state = State(project.name, project.network, project.training, project.data, race, settings)
        saved = saved_of(contents)
        if path is not None:
            self._remember(path)
        self._replace(state, path, saved, dirty=dirty, view=project.view)

    def _replace(
        self,
        state: State,
        path: Path | None,
        saved: SavedState | None = None,
        *,
        dirty: bool = False,
        view: dict[str, Any] | None = None,
    ) -> None:
        document = self._context.document
        self._opened = saved
        self._context.view = dict(view or {})
        document.open_state(state, path, dirty=dirty)
        engine = self._context.engine
        if engine is not None and self._context.attached:
            engine.open_document(saved)
        else:
            self._context.resume = saved
        self._context.bus.emit("project.opened", name=state.name, path=str(path) if path else None)

    def recent(self) -> list[Path]:
        """Return the files opened or saved last that still exist."""
        known = self._context.settings.get("recent", [])
        return [Path(item) for item in known if Path(item).is_file()]

    def _remember(self, path: Path) -> None:
        settings = self._context.settings
        rest = [item for item in settings.get("recent", []) if item != str(path)]
        settings.set("recent", [str(path), *rest][:_RECENT])
        settings.set("last_project", str(path))

    # Recovery

    def start_autosave(self) -> None:
        """Keep a recovery copy from now on."""
        try:
            self._autosave = Autosave(home() / "recovery")
        except OSError as error:
            log.warning("there will be no recovery copies: %s", error)
            return
        self._timer.start()

    def recoveries(self) -> list[Recovery]:
        """Return what crashed windows left behind, newest first."""
        return find(home() / "recovery")

    def recover(self, recovery: Recovery) -> None:
        """Go on with a recovered copy; it counts as unsaved, and stays until there is another copy of it."""
        try:
            contents = take(recovery)
        except ChainruleError as error:
            self.failed.emit(str(error))
            return
        self._claims.append(Claim(recovery))
        self.show(contents, recovery.original, dirty=True)
        self.copy()

    def _forget_claims(self) -> None:
        while self._claims:
            self._claims.pop().forget()

    def drop(self, recovery: Recovery) -> None:
        """Delete a recovery copy."""
        forget(recovery)

    @property
    def has_copy(self) -> bool:
        """Tell whether a recovery copy is on the disk."""
        return self._autosave is not None and self._autosave.path.is_file() and not self._busy

    @Slot()
    def copy(self) -> None:
        """Write the recovery copy if something differs from the file and from the last copy."""
        document = self._context.document
        autosave = self._autosave
        position = getattr(self._context.engine.state, "position", None)
        now = (document.state, position)
        if autosave is None or self._busy or self._closed or now == self._copied:
            return
        if not document.dirty and (position is None or position.step == 0):
            return
        if position is not None and self._context.engine.state.status == "starting":
            # What an edit needs is being compiled; the copy can wait, the run in it cannot be left out.
            self._soon.start()
            return
        self._busy = True
        self._copied = now
        state, original = document.state, document.path
        view = dict(self._context.view)

        def finish(problem: str) -> None:
            self._busy = False
            if problem:
                log.warning("the recovery copy could not be written: %s", problem)
                self._copied = None
            else:
                self._forget_claims()

        def keep(run: SavedState | None) -> None:
            self._failures = 0
            contents = _contents(state, run, view)
            self._enqueue(lambda: autosave.save(contents, original), finish)

        def without(problem: str) -> None:
            self._failures += 1
            if self._failures > _PATIENCE:
                log.warning("the recovery copy is written without the run: %s", problem)
                self._enqueue(lambda: autosave.save(_contents(state, None, view), original), finish)
                return
            # The last copy has the run in it: better an older one than one without.
            self._busy, self._copied = False, None
            self._soon.start()

        self._with_run(keep, without)

    def _forget_copy(self) -> None:
        self._forget_claims()
        if self._autosave is not None:
            self._enqueue(self._autosave.discard, lambda problem: None)

    def close(self) -> None:
        """Finish writing and remove the recovery copy: the window closes in an orderly way."""
        self._closed = True
        self._timer.stop()
        self._soon.stop()
        self.wait()
        self._forget_claims()
        if self._autosave is not None:
            self._autosave.close()
            self._autosave = None

    # Writing

    def _with_run(
        self,
        use: Callable[[SavedState | None], None],
        failed: Callable[[str], None] | None = None,
    ) -> None:
        """Call ``use`` with the state of the run, or with None if there is none.

        If the engine cannot tell it, ``failed`` is called, or ``use`` without the run.
        """
        engine = self._context.engine
        position = getattr(engine.state, "position", None) if engine is not None else None
        if not self._context.attached or position is None:
            # Before the engine has opened it the run is still what the file held.
            use(self._opened)
            return

        def without(problem: str) -> None:
            log.warning("saving without the run: %s", problem)
            use(None)

        engine.ask("saved_state", done=use, failed=failed or without)

    def _write(self, path: Path, contents: Contents, finish: Callable[[str], None]) -> None:
        self._enqueue(lambda: write(path, contents), finish)

    def _enqueue(self, work: Callable[[], None], finish: Callable[[str], None]) -> None:
        self._queue.append((work, finish))
        self._next()

    def _next(self) -> None:
        if self._running or not self._queue:
            return
        work, finish = self._queue.pop(0)
        self._running = True

        def run() -> None:
            problem = ""
            try:
                work()
            except (ChainruleError, OSError) as error:
                problem = str(error)
            self._written.emit(finish, problem)

        self._thread = threading.Thread(target=run, name="project-writer", daemon=False)
        self._thread.start()

    @Slot(object, str)
    def _on_written(self, finish: Callable[[str], None], problem: str) -> None:
        self._running = False
        finish(problem)
        self._next()

    def wait_saved(self) -> bool:
        """Let events run until the file is written; return whether the document is saved."""
        loop = QEventLoop()
        self.saved.connect(loop.quit)
        self.failed.connect(loop.quit)
        if self._context.document.dirty:
            loop.exec()
        return not self._context.document.dirty

    def wait(self) -> None:
        """Block until every file is written; only used when the window closes."""
        from PySide6.QtCore import QCoreApplication, QEvent

        while self._thread is not None and (self._running or self._queue):
            self._thread.join()
            QCoreApplication.sendPostedEvents(self, QEvent.Type.MetaCall.value)


def _contents(state: State, run: SavedState | None, view: dict[str, Any]) -> Contents:
    view = {
        **view,
        "race": race_document(state.race),
        NETWORK: state.network_race.document(),
    }
    return contents_of(state.name, state.network, state.training, state.data, run, view=view)


def _race_of(view: dict[str, Any]) -> Race:
    """Return the race that was saved with a project, or the first one: files of before have none."""
    if "race" in view:
        try:
            return race_of(view["race"])
        except ProjectError as error:
            log.warning("the race of the project is left out: %s", error)
    return first_race()
