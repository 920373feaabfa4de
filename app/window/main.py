"""The main window: it holds the parts together and decides nothing that a part can decide."""

from __future__ import annotations

import base64
import logging
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QTimer, Slot
from PySide6.QtGui import QActionGroup, QCloseEvent, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QMenu, QStackedWidget, QVBoxLayout, QWidget

from app import theme
from app.bus import Command, CommandError, Event
from app.commands import DocumentCommands
from app.engine.state import EngineState
from app.studies import commands as studies
from app.text import tr
from app.theme_sheet import ThemeSwitch
from app.transport import Transport, TransportState
from app.widgets import Banner, ProgressLine, Toast
from app.widgets.guarded import guarded
from app.window import data_editor, dialogs, training_editor, transport
from app.window.actions import Actions
from app.window.announcements import Announcements
from app.window.projects import Projects
from app.window.rail import Rail, RailButton
from app.window.runs import RunCommands
from app.window.status import StatusBar, engine_words, figures, usual_keys
from app.window.topbar import GRANULARITIES, TopBar, fill_menu
from app.workspace import WindowContext, Workspace, workspaces
from core.spec import Advice, Problem

log = logging.getLogger("chainrule.window")

_COMPACT = (1360, 1200)

#: What the status bar of Step counts, besides what the engine tells.
_COUNTED = (
    "select.row", "step.breakpoint", "step.add_breakpoint", "step.change_breakpoint", "step.breakpoints-followed",
    "step.remove_breakpoint", "step.clear_breakpoints", "inside.view",
)  # fmt: skip


class MainWindow(QMainWindow):
    """One window with one project.

    Parameters
    ----------
    context : WindowContext
        Document, bus, engine, clock and settings; the window owns them from now on.
    themes : ThemeSwitch
        Applies themes to the application.
    """

    def __init__(self, context: WindowContext, themes: ThemeSwitch) -> None:
        super().__init__()
        self.setObjectName("main-window")
        self.setMinimumSize(960, 560)
        context.setParent(self)
        self.context = context
        self._themes = themes
        self._painted = False
        self._closing = False
        self._level = -1
        self._current = ""
        self._views: dict[str, QWidget] = {}
        self._data_shown: object = None
        self._counted = 0
        #: What undo and redo were called last, and what the top bar showed last of what a workspace plays.
        self._undo_shown: tuple[object, ...] = ()
        self._driven_shown: tuple[Transport, TransportState] | None = None
        self._workspaces = {item.id: item for item in workspaces()}
        self.document_commands = DocumentCommands(context.document, context.bus)
        self.projects = Projects(context, self)
        RunCommands(context)
        self.actions_by_name = Actions(self)
        self._make_frame()
        self._make_workspaces()
        self._connect()
        self._register()
        self._show_theme(theme.current())
        self._show_document()
        self._show_state(context.engine.state)
        self._restore()

    # Making

    def _make_frame(self) -> None:
        self.rail = Rail()
        self.top = TopBar(self.actions_by_name)
        self.progress = ProgressLine(name="engine-progress")
        self.banner = Banner(name="banner")
        self._refusal = ""
        self.stack = QStackedWidget()
        self.stack.setObjectName("workspaces")
        self.status = StatusBar()
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        right.addWidget(self.top)
        right.addWidget(self.banner)
        right.addWidget(self.stack, 1)
        right.addWidget(self.status)
        central = QWidget()
        row = QHBoxLayout(central)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addLayout(right, 1)
        self.setCentralWidget(central)
        # The bar lies on the seam under the top bar and moves nothing when it comes and goes.
        self.progress.setParent(central)
        self.toast = Toast(self)
        self.announcements = Announcements(self.context, self.toast, self.banner, self._do)
        menu = QMenu(self)
        menu.setObjectName("project-menu-list")
        self._recent_menu = QMenu(tr("Recent"), menu)
        self._recent_menu.setObjectName("project-recent")
        fill_menu(menu, self.actions_by_name, ("project-new", "project-open"))
        menu.addMenu(self._recent_menu)
        fill_menu(menu, self.actions_by_name, (
            "", "project-save", "project-save-as", "project-rename", "", "project-export", "",
            "edit-undo", "edit-redo", "", "window-quit",
        ))  # fmt: skip
        menu.aboutToShow.connect(self._fill_recent)
        self.top.project.menu = menu

    def _make_workspaces(self) -> None:
        group = QActionGroup(self)
        group.setExclusive(True)
        for place, item in enumerate(self._workspaces.values()):
            action = self.actions_by_name.make(
                f"workspace-{item.id}", item.title, (f"Ctrl+{place + 1}",), item.icon,
                checkable=True,
            )  # fmt: skip
            group.addAction(action)
            action.triggered.connect(lambda _=False, i=item.id: self._do("workspace.show", name=i))
            self.rail.add(action, item.icon, item.title)
        keys = RailButton("keyboard", name="help-button", label=tr("Keyboard and mouse"), height=44)
        keys.setText("")
        keys.bind(self.actions_by_name["help-keys"])
        self.rail.add_below(keys)
        self._settings_button = RailButton(
            "settings", name="settings-button", label=tr("View"), height=44
        )
        self._settings_button.setText("")
        self._settings_button.setToolTip(tr("Theme and motion"))
        menu = QMenu(self._settings_button)
        menu.setObjectName("settings-menu")
        fill_menu(menu, self.actions_by_name,
                  ("view-theme", "view-theme-system", "", "view-reduced-motion"))  # fmt: skip
        button = self._settings_button
        button.clicked.connect(lambda: menu.popup(button.mapToGlobal(button.rect().topRight())))
        self.rail.add_below(button)
        steps = QActionGroup(self)
        for value in GRANULARITIES:
            steps.addAction(self.actions_by_name[f"transport-granularity-{value}"])

    def _connect(self) -> None:
        context, acts = self.context, self.actions_by_name
        document, engine = context.document, context.engine
        document.model_changed.connect(self._show_document)
        document.changed.connect(self._refusal_is_over)
        document.file_changed.connect(self._show_file)
        document.stack.canUndoChanged.connect(self._show_undo)
        document.stack.canRedoChanged.connect(self._show_undo)
        document.stack.indexChanged.connect(self._show_undo)
        engine.state_changed.connect(self._show_state)
        engine.failed.connect(self._show_refusal)
        context.refused.connect(self._show_refusal)
        self.projects.failed.connect(self.show_problem)
        self.projects.saved.connect(self.announcements.saved)
        self._themes.changed.connect(self._show_theme)
        self.top.speed_chosen.connect(lambda key: self._drive("speed", value=key))
        self.top.granularity_chosen.connect(lambda key: self._drive("granularity", value=key))
        self.status.problem_clicked.connect(
            lambda: self._show_layer_of(document.inspection.problems)
        )
        self.status.hint_clicked.connect(self._show_first_hint)
        self.top.data_chip._editor = lambda anchor: data_editor.DataEditor(anchor, context)
        self.top.training_chip._editor = lambda anchor: training_editor.TrainingEditor(
            anchor, context
        )
        for name, slot in (
            ("transport-play", self._on_play),
            ("transport-step", lambda: self._drive("step")),
            ("transport-step-back", lambda: self._drive("step_back")),
            ("transport-step-instruction", lambda: self._drive_smallest("step")),
            ("transport-step-back-instruction", lambda: self._drive_smallest("step_back")),
            ("transport-reset", lambda: self._drive("reset")),
            ("project-new", lambda: dialogs.choose_template(self)),
            ("project-open", lambda: dialogs.open_project(self)),
            ("project-save", lambda: dialogs.save_project(self)),
            ("project-save-as", lambda: dialogs.save_project(self, ask=True)),
            ("project-rename", lambda: dialogs.rename_project(self)),
            ("project-export", lambda: self._do("project.export")),
            ("edit-undo", lambda: self._do("edit.undo")),
            ("edit-redo", lambda: self._do("edit.redo")),
            ("view-theme", self._on_theme),
            ("view-theme-system", lambda: self._do("view.theme", name="system")),
            ("view-reduced-motion", self._on_reduced_motion),
            ("help-keys", lambda: dialogs.show_keys(self)),
            ("window-quit", self.close),
        ):
            acts[name].triggered.connect(slot)
        for value in GRANULARITIES:
            acts[f"transport-granularity-{value}"].triggered.connect(
                lambda _=False, v=value: self._on_granularity(v)
            )

    def _register(self) -> None:
        bus = self.context.bus
        bus.register("workspace.show", self.show_workspace, label=tr("Show workspace"))
        bus.register("view.theme", self._set_theme, label=tr("Theme"))
        bus.register("view.reduced-motion", self._set_reduced_motion, label=tr("Reduce motion"))
        bus.register("project.export", self._export, label=tr("Export"))
        studies.register(self)
        bus.subscribe(lambda _: self._show_status(), names=_COUNTED)
        bus.subscribe(self._on_message, names=("run.*", "layer.*", "training.*", "data.*"))

    def _restore(self) -> None:
        settings = self.context.settings
        geometry = settings.get("geometry")
        if not geometry or not self.restoreGeometry(QByteArray(base64.b64decode(geometry))):
            self.resize(1440, 900)
        self._set_reduced_motion(bool(settings.get("reduced_motion", False)))
        speed = settings.get("speed")
        if speed:
            try:
                self.context.engine.set_speed(speed)
            except ValueError:
                log.info("the remembered speed %r does not exist any more", speed)
        granularity = settings.get("granularity", "layer")
        if granularity in GRANULARITIES:
            self.context.engine.set_granularity(granularity)
        wanted = settings.get("workspace", "build")
        first = "build" if "build" in self._workspaces else next(iter(self._workspaces), "")
        if first:
            self.show_workspace(wanted if wanted in self._workspaces else first)

    # Workspaces

    def show_workspace(self, name: str) -> None:
        """Bring a workspace to the front, making it at first use."""
        if name not in self._workspaces:
            raise CommandError(tr("There is no workspace called {name!r}.", name=name))
        if name == self._current:
            return
        before = self._views.get(self._current)
        if name not in self._views:
            view = self._workspaces[name].create(self.context)
            self._views[name] = view
            self.stack.addWidget(view)
            other = getattr(view, "transport", None)
            if isinstance(other, Transport):
                other.changed.connect(self._show_driven)
                other.counted.connect(self._show_status)
        view = self._views[name]
        if before is not None:
            _call(before, "deactivate")
        self._current = name
        self.top.show_instructions(name == "step")
        self.top.drive(self._driven)
        self.stack.setCurrentWidget(view)
        _call(view, "set_compact", max(0, self._level))
        if self.isVisible():
            _call(view, "activate")
        self.actions_by_name[f"workspace-{name}"].setChecked(True)
        self.context.settings.set("workspace", name)
        self._show_state(self.context.engine.state)
        self.context.bus.emit("workspace.shown", name=name)

    @property
    def workspace(self) -> str:
        """Id of the workspace in front."""
        return self._current

    def view(self, name: str) -> QWidget | None:
        """Return the widget of a workspace if it was shown before."""
        return self._views.get(name)

    def known_workspaces(self) -> tuple[Workspace, ...]:
        """Return the workspaces of the rail."""
        return tuple(self._workspaces.values())

    # Starting the engine

    def hold_engine(self) -> None:
        """Do not start the engine with the first frame: pictures of the window need none."""
        self._painted = True

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            # Numba is imported by the engine's thread, and only when something is to be seen.
            QTimer.singleShot(0, self, self.start_engine)

    @Slot()
    def start_engine(self) -> None:
        """Let the engine follow the document. Happens once, after the first frame."""
        context = self.context
        if context.attached or self._closing:
            return
        context.attached = True
        context.engine.attach(context.bus, context.document)
        if context.resume is not None:
            context.engine.open_document(context.resume)
        self.projects.start_autosave()
        self._show_document()
        self._show_state(context.engine.state)
        if context.settings.get("ask_recovery", True):
            dialogs.offer_recovery(self)

    # Showing

    @Slot()
    def _show_document(self) -> None:
        context = self.context
        document = context.document
        if self._data_shown != document.data:
            self._data_shown, self._counted = document.data, 0
            self.top.data_chip.set_parts(data_editor.data_parts(context))
        self.top.training_chip.set_parts(training_editor.training_parts(context))
        problems = document.inspection.problems
        # An empty canvas says itself what to do.
        count = len(problems) if document.network.layers else 0
        self.status.set_problems(count, problems[0].sentence if problems else "")
        hints = document.advice
        self.status.set_advice(len(hints), hints[0].sentence if hints else "")
        self._show_file()
        self._show_state(context.engine.state)
        self._show_undo()

    @Slot()
    def _show_file(self) -> None:
        document = self.context.document
        self.top.project.set_project(document.name, document.dirty)
        self.setWindowTitle(f"{document.name}[*] – Chainrule")
        self.setWindowModified(document.dirty)
        if document.path is not None:
            self.setWindowFilePath(str(document.path))

    @Slot()
    def _show_undo(self) -> None:
        stack, acts = self.context.document.stack, self.actions_by_name
        shown = (
            ("edit-undo", stack.canUndo(), stack.undoText()),
            ("edit-redo", stack.canRedo(), stack.redoText()),
        )
        # A drag is one entry: it goes on being called what it is.
        if shown == self._undo_shown:
            return
        self._undo_shown = shown
        for name, can, label in shown:
            word = tr("Undo") if name == "edit-undo" else tr("Redo")
            acts[name].setEnabled(can)
            acts[name].setText(f"{word}: {label}" if label else word)
            acts.set_tip(name, f"{word}: {label}" if label else word)

    @Slot(object)
    def _show_state(self, state: EngineState) -> None:
        context = self.context
        self.top.set_state(state, context.document.training.epochs)
        if state.status == "playing":
            context.document.mark_unsaved()
        elif state.status in ("ready", "paused"):
            self._count_samples()
        if state.status in ("starting", "ready", "playing"):
            self.announcements.divergence_is_over()
        if self._driven is None:
            self._driven_shown = None
            transport.show(context, self.actions_by_name, state)
        else:
            self._show_driven()
        share = state.progress if state.status in ("starting", "busy") else None
        self.progress.set_share(share if context.attached else None)
        self._show_status()

    def _count_samples(self) -> None:
        """Show how many samples there are once the engine has loaded them: then asking is free."""
        count = data_editor.loaded_samples(self.context)
        if count and count != self._counted:
            self._counted = count
            self.top.data_chip.set_parts(data_editor.data_parts(self.context, count))

    @Slot()
    def _show_status(self) -> None:
        state = self.context.engine.state
        reason = state.reason if state.status == "blocked" else ""
        self.status.set_engine(*engine_words(state, self.context.attached), reason)
        view = self._views.get(self._current)
        # Of the run nothing is said where something else is played.
        other = self._driven
        values = figures(self.context, self._current) if other is None else []
        values += _call(view, "status") or []
        self.status.set_precision("float32" if other is None else other.precision)
        self.status.set_values(values[:5])
        own = _call(view, "hint")
        self.status.set_hint(own if isinstance(own, tuple) else usual_keys(state))

    @Slot(object)
    def _show_theme(self, colors: theme.Theme) -> None:
        self.actions_by_name.tint(colors)
        self.actions_by_name["view-theme-system"].setChecked(self._themes.mode == "system")
        self.context.theme_changed.emit(colors)
        self.update()

    def show_problem(self, sentence: str) -> None:
        """Show a sentence about something that went wrong."""
        self.banner.show_message(sentence)

    def _show_refusal(self, sentence: str) -> None:
        """Show why a command or an edit was refused, until something is changed."""
        self._refusal = sentence
        self.show_problem(sentence)

    def _refusal_is_over(self) -> None:
        if self._refusal and self.banner.text == self._refusal:
            self.banner.hide()
        self._refusal = ""

    # Doing

    def _do(self, name: str, /, **arguments: Any) -> Any:
        if not self.context.bus.knows(name):
            self.show_problem(tr("The engine is being prepared. Try again in a moment."))
            return None
        return self.context.do(name, **arguments)

    @property
    def _driven(self) -> Transport | None:
        """What the workspace in front plays instead of the run."""
        found = getattr(self._views.get(self._current), "transport", None)
        return found if isinstance(found, Transport) else None

    def _drive(self, what: str, **arguments: Any) -> None:
        other = self._driven
        self._do(f"{'run' if other is None else other.prefix}.{what}", **arguments)

    def _drive_smallest(self, what: str) -> None:
        other = self._driven
        smallest = "instruction" if other is None else other.granularities[-1][0]
        self._drive(what, granularity=smallest)

    def _on_play(self) -> None:
        other = self._driven
        if other is not None:
            self._drive("pause" if other.state.playing else "play")
            return
        moving = self.context.engine.state.status in ("playing", "busy")
        self._do("run.pause" if moving else "run.play")

    def _on_granularity(self, value: str) -> None:
        other = self._driven
        if other is None:
            self._do("run.granularity", value=value)
            return
        # The first key is the largest step of a race, the last the smallest.
        place = GRANULARITIES.index(value)
        if place < len(other.granularities):
            self._drive("granularity", value=other.granularities[place][0])

    def _show_driven(self) -> None:
        other = self._driven
        if other is None:
            return
        shown = (other, other.state)
        if shown == self._driven_shown:
            return
        self._driven_shown = shown
        self.top.show_other()
        transport.show_other(self.actions_by_name, other)

    def _on_theme(self) -> None:
        self._do("view.theme", name="light" if theme.current().is_dark else "dark")

    def _set_theme(self, name: str) -> None:
        try:
            self._themes.set_mode(name)
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.context.settings.set("theme", name)
        self.context.bus.emit("view.theme-changed", name=theme.current().name)

    def _on_reduced_motion(self, checked: bool) -> None:
        self._do("view.reduced-motion", still=checked)

    def _set_reduced_motion(self, still: bool) -> None:
        self.context.engine.set_reduced_motion(still)
        self.actions_by_name["view-reduced-motion"].setChecked(still)
        self.context.settings.set("reduced_motion", still)

    def _export(self) -> None:
        dialogs.export(self)

    def _show_first_hint(self) -> None:
        hints = self.context.document.advice
        self._show_layer_of(hints)
        if hints:
            # On its block there is a bulb only.
            _call(self._views.get("build"), "show_settings", hints[0].layer)

    def _show_layer_of(self, found: Sequence[Problem | Advice]) -> None:
        """Show the layer that the first of these is about."""
        if found:
            self._do("workspace.show", name="build")
            if found[0].layer is not None:
                self._do("select.layer", layer=found[0].layer)

    def _on_message(self, message: Command | Event) -> None:
        self.announcements.hear(message)
        if message.name in ("run.stepped", "run.stepped-back", "run.seek", "run.reset"):
            self.context.document.mark_unsaved()
        elif message.name == "run.speed" and isinstance(message, Command):
            self.context.settings.set("speed", self.context.engine.state.speed.key)
        elif message.name == "run.granularity" and isinstance(message, Command):
            self.context.settings.set("granularity", self.context.engine.state.granularity)

    def _fill_recent(self) -> None:
        self._recent_menu.clear()
        for path in self.projects.recent():
            action = self._recent_menu.addAction(path.stem)
            action.setToolTip(str(path))
            action.triggered.connect(lambda _=False, p=path: dialogs.open_path(self, p))
        self._recent_menu.setEnabled(not self._recent_menu.isEmpty())

    # Qt

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        width = event.size().width()
        level = sum(width < limit for limit in _COMPACT)
        rail = 48 if level >= 2 else 72
        self.progress.setGeometry(rail, 50, max(0, width - rail), 2)
        self.progress.raise_()
        if level != self._level:
            self._level = level
            self.rail.set_narrow(level >= 2)
            self.top.set_compact(level)
            for view in self._views.values():
                _call(view, "set_compact", level)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ThemeChange:
            self.update()

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        _call(self._views.get(self._current), "activate")

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._closing and self.context.document.dirty and not dialogs.may_close(self):
            event.ignore()
            return
        if not self._closing:
            # A compilation in progress cannot be interrupted; nobody has to watch the waiting.
            self.hide()
            self.shut_down()
        event.accept()

    def shut_down(self) -> None:
        """Finish what is being written, then end the engine's thread."""
        self._closing = True
        geometry = base64.b64encode(self.saveGeometry().data()).decode()
        self.context.settings.set("geometry", geometry)
        _call(self._views.get(self._current), "deactivate")
        self.projects.close()
        self.context.engine.close()


def _call(view: QWidget | None, method: str, *arguments: Any) -> Any:
    """Call an optional method of a workspace."""
    found = getattr(view, method, None) if view is not None else None
    return found(*arguments) if callable(found) else None
