"""Running to breakpoints, playing backwards, and the list of breakpoints: buttons over the strip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from app.engine.pace_words import pace_words
from app.step.breakpoint_list import BreakpointList
from app.step.returning import Returning
from app.text import number, tr
from app.widgets import Button

if TYPE_CHECKING:
    from app.step.session import StepSession
    from app.workspace import WindowContext


class DebugBar(QWidget):
    """A row of small buttons.

    Signals
    -------
    resized()
        It wants to be as large as its hint says now.
    """

    resized = Signal()

    def __init__(self, context: WindowContext, session: StepSession) -> None:
        super().__init__()
        self.setObjectName("step-debug-bar")
        self._context, self._session = context, session
        self._size = QSize()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        self.back_to = _icon(
            "step-run-back", "run-to-breakpoint", tr("Run back to the last breakpoint"),
            tr("Go back to where a breakpoint would have stopped the run last (Shift+F5)"), mirror=True,
        )  # fmt: skip
        self.back_to.clicked.connect(lambda: context.do("step.run_back_to_breakpoint"))
        self.play_back = _icon(
            "step-play-back", "player-play-back", tr("Play backwards"), "",
        )  # fmt: skip
        self.play_back.clicked.connect(self._on_play_back)
        self.here = _icon(
            "step-run-here", "flag", tr("Run to here"),
            tr("Run until the instruction that is looked at is done; here or in the next step (Ctrl+F10)"),
        )  # fmt: skip
        self.here.clicked.connect(lambda: self._run("run.to", instruction=session.inspected))
        self.run_to = _icon(
            "step-run-to", "run-to-breakpoint", tr("Run to the next breakpoint"),
            tr("Run on until a breakpoint stops the run (F5)"),
        )  # fmt: skip
        self.run_to.clicked.connect(lambda: context.do("step.run_to_breakpoint"))
        self.list_button = Button(
            tr("Breakpoints"), name="step-breakpoints", kind="ghost", icon="breakpoint",
            trailing="chevron-down", height=24,
        )  # fmt: skip
        self.list_button.setToolTip(tr("Breakpoints: on instructions, layers and conditions (Ctrl+F9)"))  # fmt: skip
        self.list_button.clicked.connect(self.open_list)
        self.returning = Returning(context, self)
        self.back_here = _icon(
            "step-return", "arrow-left", tr("Back to where I was"), tr("Back to where I was"),
        )  # fmt: skip
        self.back_here.clicked.connect(lambda: context.do("step.return"))
        self.returning.changed.connect(self._show)
        for widget in (
            self.back_here, self.back_to, self.play_back, self.here, self.run_to, self.list_button,
        ):  # fmt: skip
            row.addWidget(widget)
        self.popover: BreakpointList | None = None
        session.stops.changed.connect(self._show)
        context.engine.state_changed.connect(self._show)
        self._show()

    def open_list(self) -> None:
        """Show the breakpoints, or hide them."""
        if self.popover is not None and self.popover.isVisible():
            self.popover.close_popover()
            return
        if self.popover is None:
            self.popover = BreakpointList(self.list_button, self._context, self._session)
        self.popover.open_fresh()

    def _run(self, name: str, **arguments: object) -> None:
        if self._context.bus.knows(name):
            self._context.do(name, **arguments)

    def _on_play_back(self) -> None:
        moving = self._context.engine.state.status in ("playing", "busy")
        self._run("run.pause" if moving else "run.play_back")

    def _show(self, _state: object = None) -> None:
        stops, state = self._session.stops, self._context.engine.state
        count = len(stops.items)
        words = tr("Breakpoints")
        self.list_button.set_label(f"{words} {number(count)}".strip() if count else words)
        self.list_button.setAccessibleName(
            tr("Breakpoints: {count}, of which {on} are on", count=count, on=stops.enabled)
        )
        back = state.status == "playing" and state.reverse
        ready = state.status in ("ready", "paused", "diverged")
        moved = state.position is not None and (state.position.step > 0 or state.position.pc > 0)
        self.play_back.set_icon("player-pause" if back else "player-play-back")
        self.play_back.setAccessibleName(tr("Pause") if back else tr("Play backwards"))
        self.play_back.setToolTip(
            tr("Pause (Shift+Space)") if back
            else tr("Play backwards {pace} (Shift+Space)", pace=pace_words(state, back=True)) if moved
            else tr("This is the beginning: there is nothing to go back to")
        )  # fmt: skip
        self.play_back.setEnabled(back or (ready and moved))
        moment = self.returning.moment
        # Without a moment it would only take room, and ask what it is for.
        self.back_here.setVisible(moment is not None)
        self.back_here.setEnabled(moment is not None and state.status != "starting")
        if moment is not None:
            words = tr("Back to where I was: {moment} (Alt+Left)", moment=moment.words)
            self.back_here.setToolTip(words)
            self.back_here.setAccessibleName(words)
        self.here.setEnabled(ready and state.status != "diverged")
        self.run_to.setEnabled(bool(stops.enabled) and ready and state.status != "diverged")
        self.back_to.setEnabled(bool(stops.enabled) and ready and moved)
        for button, tip in (
            (self.run_to, tr("Run on until a breakpoint stops the run (F5)")),
            (self.back_to, tr("Go back to where a breakpoint would have stopped the run last (Shift+F5)")),
        ):  # fmt: skip
            none = tr("There is no breakpoint: click in the margin of the tape, or press F9")
            button.setToolTip(tip if stops.enabled else none)
        layout = self.layout()
        assert layout is not None
        layout.activate()
        if self.sizeHint() != self._size:
            self._size = self.sizeHint()
            self.resized.emit()


def _icon(name: str, icon: str, label: str, tip: str, *, mirror: bool = False) -> Button:
    made = Button(name=name, kind="ghost", icon=icon, icon_size=16, height=24, mirror=mirror)
    made.setAccessibleName(label)
    made.setToolTip(tip)
    return made
