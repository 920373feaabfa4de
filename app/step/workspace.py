"""The Step workspace: tape, network, formula and scrubber around one session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.arguments import Index
from app.bus import CommandError
from app.scenes.formula_expressions import format_number
from app.scenes.step_hover import numbers_of
from app.scenes.step_values import cell_id
from app.step import card as cards
from app.step.choosing import check_cell
from app.step.closeup import CloseupStage
from app.step.closeup_controls import SWITCHES
from app.step.debug_bar import DebugBar
from app.step.error_form import ErrorForm
from app.step.examples import ExamplesButton, NoteStrip
from app.step.sample import SamplePicker
from app.step.scrubber import Scrubber
from app.step.session import StepSession
from app.step.sheet import Sheet
from app.step.stage import StepStage
from app.step.tape import TapeList
from app.step.views import views
from app.step.ways import ChainCommands
from app.step.whatif import WhatIfBar, WhatIfCommands
from app.step.whatif_editor import NumberEditing
from app.text import number, tr
from app.widgets import Banner, Button, Header, Panel, ScrollPanel, Segmented

if TYPE_CHECKING:
    from app.step.page import Action
    from app.workspace import WindowContext


#: Milliseconds, not quite two frames.
_PATIENCE = 30
#: How samples can stand.
NOTATIONS = ("rows", "columns")


class StepWorkspace(QWidget):
    """One instruction at a time."""

    def __init__(self, context: WindowContext) -> None:
        super().__init__()
        self.setObjectName("step-workspace")
        self._context = context
        self.session = StepSession(context, "step", self)
        kept = context.settings.get("step.notation")
        self.session.notation = kept if kept in NOTATIONS else "rows"
        self.editing = NumberEditing(self.session)
        self._picker: SamplePicker | None = None
        self._what_if = WhatIfCommands(self.session)
        self._controls: dict[str, QWidget] = {}
        self._register()
        self._build()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._show_card)
        #: The card of the number looked at before stays this long, at most, for its successor to come whole.
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setTimerType(Qt.TimerType.PreciseTimer)
        self._patience.setInterval(_PATIENCE)
        self._patience.timeout.connect(self._write_card)
        self._written_of: Any = None
        self._blocked_by = ""
        self.session.changed.connect(self._on_changed)
        self.session.explained.connect(self._timer.start)
        context.theme_changed.connect(self._on_theme)
        for keys, handler in (
            ("F9", self._on_breakpoint_key),
            ("F5", lambda: self._do("step.run_to_breakpoint")),
            ("Shift+F5", lambda: self._do("step.run_back_to_breakpoint")),
            ("Ctrl+F10", lambda: self._do("run.to", instruction=self.session.inspected)),
            ("Ctrl+Shift+F10", lambda: self._do("run.back_to", instruction=self.session.inspected)),
            ("F11", lambda: self._do("run.step", granularity="layer")),
            ("Shift+F11", lambda: self._do("run.step_back", granularity="layer")),
            ("Shift+Space", self._on_play_back),
            ("Alt+Left", lambda: self._do("step.return")),
            ("Ctrl+F9", lambda: self.debug.open_list()),
            ("Ctrl+Tab", lambda: self._next_view(1)),
            ("Ctrl+Shift+Tab", lambda: self._next_view(-1)),
        ):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.activated.connect(handler)

    def _register(self) -> None:
        """Make what can be chosen here a command; the session hears of it from the bus."""
        bus = self._context.bus
        if not bus.knows("step.check_gradient"):
            bus.register(
                "step.check_gradient",
                self.session.questions.ask_check,
                label=tr("Check this gradient"),
            )
        for name, handler, label in (
            ("step.follow", self._follow, tr("Follow a number")),
            ("step.closeup", self._set_closeup, tr("Close-up")),
            ("step.walk", self._walk, tr("Play the window")),
        ):
            if not bus.knows(name):
                bus.register(name, handler, label=label)
        if not bus.knows("step.view"):
            bus.register("step.view", self._set_view, label=tr("View"))
        if not bus.knows("step.notation"):
            bus.register("step.notation", self._set_notation, label=tr("Notation"))

    def _build(self) -> None:
        session = self.session
        left = Panel(name="step-tape-panel", ground="bg1", edges="r")
        left.setFixedWidth(304)
        self._left = left
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 1, 0)
        column.setSpacing(0)
        self._tape_head = Header(tr("Tape"))
        self.tape = TapeList(session)
        self.tape.chosen.connect(lambda i: self._do("step.inspect", instruction=int(i)))
        self.tape.breakpoint_toggled.connect(
            lambda i: self._do("step.breakpoint", instruction=int(i))
        )
        self.tape.asked.connect(lambda name, arguments: self._do(name, **arguments))
        column.addWidget(self._tape_head)
        self.error_form = ErrorForm(self._context, left)
        column.addWidget(self.error_form)
        column.addWidget(self.tape, 1)

        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._stage_head = Header(tr("Network"), mono=True)
        self.notation = Segmented(
            (("rows", tr("Rows")), ("columns", tr("Columns"))),
            name="step-notation", label=tr("Notation"),
        )  # fmt: skip
        self.notation.setToolTip(
            tr(
                "Rows: one sample a row, Y = X·W + b, as Keras. Columns: one sample a column, Z = W′·X + b."
            )
        )
        self.notation.set_value(session.notation)
        self.notation.chosen.connect(lambda value: self._do("step.notation", value=value))
        self.show_choice = Segmented(
            (("weights", tr("Weights")), ("gradients", tr("Gradients")), ("both", tr("Both"))),
            name="step-show", label=tr("Show"),
        )  # fmt: skip
        self.show_choice.set_value("both")
        self.show_choice.chosen.connect(session.set_show)
        self.previous = Button(
            name="step-sample-previous", kind="ghost", icon="chevron-left", icon_size=14
        )
        self.previous.setAccessibleName(tr("Previous sample of the batch"))
        self.previous.clicked.connect(lambda: self._do("select.row", row=max(0, session.row - 1)))
        self.next = Button(
            name="step-sample-next", kind="ghost", icon="chevron-right", icon_size=14
        )
        self.next.setAccessibleName(tr("Next sample of the batch"))
        self.next.clicked.connect(
            lambda: self._do("select.row", row=min(session.rows - 1, session.row + 1))
        )
        self.tape_button = Button(tr("Tape"), name="step-tape-toggle", kind="ghost")
        self.tape_button.clicked.connect(lambda: self._left.setVisible(self._left.isHidden()))
        self.tape_button.hide()
        self._stage_head.row.insertWidget(0, self.tape_button)
        self._stage_head.row.insertWidget(2, self.previous)
        self._stage_head.row.insertWidget(3, self.next)
        self.choose_sample = Button(
            name="step-sample-choose", kind="ghost", icon="search", icon_size=14
        )
        self.choose_sample.setAccessibleName(tr("Choose a sample"))
        self.choose_sample.setToolTip(
            tr("Step any sample of any data set that fits, or one you type in")
        )
        self.choose_sample.clicked.connect(self.pick_sample)
        self._stage_head.row.insertWidget(4, self.choose_sample)
        self._tape_head.row.addWidget(self.notation)
        self.examples = ExamplesButton(self._context)
        self._stage_head.row.addWidget(self.examples)
        self._stage_head.row.addWidget(self.show_choice)
        self._stack = QStackedWidget()
        self._shown: dict[str, QWidget] = {}
        self.view_choice = Segmented(
            [(view.id, view.title) for view in views()], name="step-view", label=tr("View")
        )
        self.view_choice.setToolTip("\n".join(f"{v.title}: {v.tip}" for v in views()))
        self.view_choice.chosen.connect(lambda value: self._do("step.view", value=value))
        self._stage_head.row.insertWidget(0, self.view_choice)
        self._stage_head.title.hide()
        self.notes = NoteStrip(self._context, middle)
        self.whatif = WhatIfBar(session)
        self.blocked = Banner(name="step-blocked")
        column.addWidget(self._stage_head)
        column.addWidget(self.blocked)
        column.addWidget(self.whatif)
        column.addWidget(self.notes)
        self.notes.refresh()
        column.addWidget(self._stack, 1)
        self._set_view("network")

        top = QWidget()
        row = QHBoxLayout(top)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(left)
        row.addWidget(middle, 1)

        self.scrubber = Scrubber(session)
        self.scrubber.wanted.connect(self._on_wanted)
        self.debug = DebugBar(self._context, session)
        self.scrubber.hold(self.debug)
        stack = QWidget()
        column = QVBoxLayout(stack)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(top, 1)
        column.addWidget(self.scrubber)

        right = Panel(name="step-inspector", ground="bg1", edges="l")
        right.setFixedWidth(360)
        self._right = right
        column = QVBoxLayout(right)
        column.setContentsMargins(1, 0, 0, 0)
        column.setSpacing(0)
        self._card_head = Header(tr("Instruction"), mono=True)
        self.copy = Button(tr("Copy TeX"), name="step-copy-tex", kind="ghost", icon="copy")
        self.copy.clicked.connect(self._copy_tex)
        self._card_head.row.addWidget(self.copy)
        self.sheet = Sheet()
        self.sheet.hovered.connect(self._on_hovered)
        self.sheet.picked.connect(self._on_picked)
        self.sheet.wanted.connect(self._on_wanted_by_sheet)
        self.chain = ChainCommands(session, self.sheet)
        self.editing.watch(self.sheet)
        self._scroll = ScrollPanel(name="step-formula-scroll")
        self._scroll.body.addWidget(self.sheet)
        self._scroll.body.addStretch(1)
        column.addWidget(self._card_head)
        column.addWidget(self._scroll, 1)

        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(stack, 1)
        whole.addWidget(right)

    # -- the window's calls

    def activate(self) -> None:
        """Follow the engine while visible."""
        self.session.activate()

    def deactivate(self) -> None:
        """Cost nothing while hidden."""
        self.session.deactivate()

    def set_compact(self, level: int) -> None:
        """Give the stage room in small windows: a narrower tape, then a folded strip."""
        self._left.setFixedWidth((304, 248, 248)[min(level, 2)])
        self._left.setVisible(level < 2)
        self.tape_button.setVisible(level >= 2)
        self._right.setFixedWidth((360, 320, 280)[min(level, 2)])
        self.scrubber.set_folded(level >= 2)
        # Its tooltip and its name say what the picture stands for.
        self.examples.set_label("" if level >= 2 else tr("Examples"))

    def filmed(self) -> tuple[str, dict[str, Any]]:
        """Return the scene an export would film and its switches: what is looked at; without a name where none fits."""
        asked = getattr(self._shown[self.view_choice.value], "filmed", None)
        return asked() if asked is not None else ("", {})

    def hint(self) -> tuple[tuple[str, str], ...]:
        """Keys for the status bar."""
        return (
            ("F10", tr("step op")), ("Shift F10", tr("step back")), ("F9", tr("breakpoint")), ("F5", tr("run")),
        )  # fmt: skip

    def status(self) -> list[tuple[str, str]]:
        """Numbers for the status bar."""
        session, count = self.session, self.session.stops.enabled
        found = [(tr("sample"), f"{session.row + 1} / {session.rows}")] if session.rows > 1 else []
        return found + ([(tr("breakpoints"), number(count))] if count else [])

    # -- reactions

    @property
    def stage(self) -> StepStage:
        """The drawing of the network."""
        found = self._shown["network"]
        assert isinstance(found, StepStage)
        return found

    def _set_view(self, value: str) -> None:
        """Show the network, a close-up of the instruction, or whatever else there is."""
        view = next((one for one in views() if one.id == value), None)
        if view is None:
            raise CommandError(tr("There is no view {name}.", name=repr(value)))
        if value not in self._shown:
            widget = view.create(self.session)
            if isinstance(widget, StepStage):
                widget.cell_chosen.connect(self._on_cell_chosen)
            controls = getattr(widget, "controls", None)
            if controls is not None and (beside := controls()) is not None:
                self._controls[value] = beside
                self._stage_head.row.addWidget(beside)
            if value in ("network", "closeup"):
                self.editing.watch(widget)
            self._shown[value] = widget
            self._stack.addWidget(widget)
        self._stack.setCurrentWidget(self._shown[value])
        self.view_choice.set_value(value)
        self.show_choice.setVisible(value == "network")
        for name, beside in self._controls.items():
            beside.setVisible(name == value)

    def _follow(self, tensor: str, index: Index) -> None:
        """Mark in the close-up what a number goes into."""
        check_cell(self._context, tensor, index, full=True)
        self._set_view("closeup")
        found = self._shown["closeup"]
        assert isinstance(found, CloseupStage)
        found.follow(tensor, tuple(index))

    def _next_view(self, by: int) -> None:
        """Show the view beside this one, and let the keyboard go there."""
        names = [view.id for view in views()]
        at = names.index(self.view_choice.value) + by
        self._do("step.view", value=names[at % len(names)])
        self._shown[self.view_choice.value].setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _walk(self, playing: bool) -> None:
        """Let the window of the close-up pass over all places by itself, or stop it."""
        self._set_view("closeup")
        found = self._shown["closeup"]
        assert isinstance(found, CloseupStage)
        found.walk(playing)

    def _set_closeup(self, name: Literal["rows", "scale", "plane"], value: str) -> None:
        """Switch how close-ups are shown: their scale, one sample or all of the batch, which channel is written out."""
        known = SWITCHES.get(name)
        if known is None and not value.isdecimal():
            raise CommandError(
                tr("A channel is chosen by its place, counted from 0; it is {value}.", value=repr(value))
            )  # fmt: skip
        if known is not None and value not in known:
            raise CommandError(
                tr("Close-ups can be shown with {name} {known}; {value} is given.", name=name,
                   known=tr("or").join(f" {one} " for one in known).strip(), value=repr(value))
            )  # fmt: skip
        self.session.set_toggle(name, value)

    def pick_sample(self) -> None:
        """Open the picker of samples."""
        if self._picker is None:
            self._picker = SamplePicker(self.choose_sample, self.session)
        self._picker.open()

    def _on_cell_chosen(self, tensor: str, index: tuple[int, ...]) -> None:
        self._context.do("select.cell", tensor=tensor, index=list(index))

    def _set_notation(self, value: Literal["rows", "columns"]) -> None:
        self.notation.set_value(value)
        self.session.set_notation(value)
        # Whoever writes samples in columns does so in the next project, too.
        self._context.settings.set("step.notation", value)

    def _on_changed(self) -> None:
        session = self.session
        program = session.program
        count = len(program.instructions) if program is not None else 0
        self._tape_head.subtitle.setText(tr("{count} instructions", count=count) if count else "")
        self._stage_head.subtitle.setText(self._sample_text())
        self.previous.setEnabled(session.row > 0)
        self.next.setEnabled(session.row < session.rows - 1)
        for button in (self.previous, self.next):
            button.setVisible(session.rows > 1)
        self._show_blocked()
        self._timer.start()

    def _show_blocked(self) -> None:
        """Say that the network as it is now cannot run, and of which one the numbers are."""
        state = self._context.engine.state
        reason = state.reason if state.status == "blocked" else ""
        if reason == self._blocked_by:
            return
        self._blocked_by = reason
        if not reason:
            self.blocked.hide()
            return
        shown = self.session.program is not None
        self.blocked.show_message(
            tr("{reason} Shown is the network before it.", reason=reason) if shown else reason,
            [("step-to-build", tr("To Build"), lambda: self._do("workspace.show", name="build"))],
        )

    def _sample_text(self) -> str:
        """The shown row of the batch with its numbers, where they are few."""
        session = self.session
        network = session.network
        words = tr("sample {row} of {rows}", row=session.row + 1, rows=session.rows)
        if not network.nodes or session.snapshot is None:
            return ""
        x = session.reader.array(network.nodes[0].output)
        if x is None or x.size > 3 or session.reader.state(network.nodes[0].output) != "fresh":
            return words
        shown = ", ".join(format_number(float(v), 2) for v in x.ravel())
        return f"{words}   x = ({shown})"

    @Slot()
    def _show_card(self) -> None:
        """Show the card, unless the engine's answer about a new number comes within a moment: then with that."""
        questions = self.session.questions
        if questions.waiting and questions.asked != self._written_of:
            if not self._patience.isActive():
                self._patience.start()
            return
        self._write_card()

    @Slot()
    def _write_card(self) -> None:
        self._patience.stop()
        self._written_of = self.session.questions.asked
        card = cards.build(self.session)
        self._card_head.title.setText(card.title)
        name = ""
        if card.instruction is not None:
            name = tr("op {number}", number=card.instruction.index + 1)
        self._card_head.subtitle.setText(name)
        self.copy.setEnabled(card.has_tex)
        self.sheet.set_card(card)
        self.sheet.light(numbers_of(self.session.hover, self.session.reader))

    @Slot(object)
    def _on_theme(self, _theme: Any) -> None:
        self.update()

    def _do(self, name: str, /, **arguments: Any) -> None:
        """Carry out a command; a refusal, or an engine that is not ready, is shown."""
        if self._context.bus.knows(name):
            self._context.do(name, **arguments)
        else:
            self._context.refused.emit(tr("The engine is being prepared. Try again in a moment."))

    def _on_play_back(self) -> None:
        moving = self._context.engine.state.status in ("playing", "busy")
        self._do("run.pause" if moving else "run.play_back")

    def _on_breakpoint_key(self) -> None:
        self._do("step.breakpoint", instruction=self.session.inspected)

    def _on_wanted(self, done: int) -> None:
        """Go to a moment of the step that is shown."""
        session = self.session
        snapshot, program = session.snapshot, session.program
        if snapshot is None or program is None:
            return
        step = snapshot.position.step
        if snapshot.position.pc == 0 and snapshot.instruction is not None:
            step -= 1
        # Behind the last instruction the step is done, also if it never was before.
        self._context.do("run.seek", step=step, pc=done)

    def _on_hovered(self, reference: Any) -> None:
        self.session.set_hover(self._cell_name(reference))

    def _on_wanted_by_sheet(self, action: Action) -> None:
        self._do(action.command, **dict(action.arguments))

    def _on_picked(self, reference: Any) -> None:
        tensor, index = reference
        info = self.session.reader.info(tensor)
        if info is None:
            return
        if info.batch and index:
            self._context.do("select.row", row=index[0])
            index = index[1:]
        self._context.do("select.cell", tensor=tensor, index=list(index))

    def _cell_name(self, reference: Any) -> str:
        """The id under which the stage knows a cell of a formula."""
        if reference is None:
            return ""
        tensor, index = reference
        info = self.session.reader.info(tensor)
        if info is not None and info.batch:
            index = index[1:]
        return cell_id(tensor, tuple(index))

    def _copy_tex(self) -> None:
        clipboard = QGuiApplication.clipboard()
        text = self.sheet.card.tex
        if clipboard is not None and text:
            clipboard.setText(text)
            self._context.bus.emit("step.tex-copied", text=text)
