"""A way back to where the learner was before the run was played, searched or taken to another step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.bus import Command, CommandError, Event
from app.text import number, tr

if TYPE_CHECKING:
    from app.workspace import WindowContext
    from core.runs import Position

#: Commands that can lead far away.
_LEAVE = (
    "run.play", "run.toggle", "run.play_back", "run.to", "run.back_to", "step.run_to_breakpoint",
    "step.run_back_to_breakpoint", "run.seek", "run.step", "run.step_back",
)  # fmt: skip
#: After these the moments that were noted are of another run, or are forgotten.
_FORGET = ("run.reset", "project.opened", "run.branched", "run.opened", "run.switched")
#: So many moments are kept.
_MOST = 20


@dataclass(frozen=True)
class Moment:
    """A place in the run: whole steps done, and instructions done in the one after them."""

    step: int
    pc: int
    shown: int
    count: int

    @property
    def words(self) -> str:
        """Name it as the strip does: "step 1, op 23"."""
        return tr("step {step}, op {op}", step=number(self.shown), op=self.pc or self.count)


class Returning(QObject):
    """Keeps where the learner was when the run left it. Interface thread only.

    Signals
    -------
    changed()
        There is another moment to go back to, or none.
    """

    changed = Signal()

    def __init__(self, context: WindowContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._kept: list[Moment] = []
        self._here: Moment | None = None
        self._going = False
        if not context.bus.knows("step.return"):
            context.bus.register("step.return", self.go, label=tr("Back to where I was"))
        context.bus.subscribe(self._on_message, (*_LEAVE, *_FORGET))
        context.engine.state_changed.connect(self._on_state)

    @property
    def moment(self) -> Moment | None:
        """Where `go` leads, or None."""
        here = self._now()
        if here is None:
            return None
        # After an edit of the network a place may mean something else.
        there = [one for one in self._kept if one.count == here.count and one != here]
        return there[-1] if there else None

    def go(self) -> None:
        """Go back to where the run was left last; every number is as it was there."""
        moment = self.moment
        if moment is None:
            raise CommandError(
                tr(
                    "There is nowhere to go back to: the run has not been left for another place yet."
                )
            )
        while self._kept and self._kept.pop() != moment:
            pass
        self._going = True
        try:
            self._context.bus.do("run.seek", step=moment.step, pc=moment.pc)
        finally:
            self._going = False
        self.changed.emit()

    def _now(self) -> Moment | None:
        position = self._context.engine.state.position
        return None if position is None else _of(position)

    def _on_state(self, _state: object = None) -> None:
        """Remember the last moment at which the run stood still: that is where it is left from."""
        state = self._context.engine.state
        if state.status in ("ready", "paused", "diverged"):
            here = self._now()
            if here != self._here:
                self._here = here
                self.changed.emit()

    def _on_message(self, message: Command | Event) -> None:
        if message.name in _FORGET:
            self._kept.clear()
            self.changed.emit()
        elif isinstance(message, Command) and not self._going and self._leads_far(message):
            here = self._here
            if here is not None and (not self._kept or self._kept[-1] != here):
                self._kept = [*self._kept[1 - _MOST :], here]
                self.changed.emit()

    def _leads_far(self, message: Command) -> bool:
        here, arguments = self._here, message.arguments
        if here is None:
            return False
        if message.name == "run.seek":
            # Along the strip one sees where one was; another step is elsewhere.
            return abs(int(arguments.get("step", here.step)) - here.step) > 1
        if message.name in ("run.step", "run.step_back"):
            by = arguments.get("granularity") or self._context.engine.state.granularity
            return by == "epoch"
        return True


def _of(position: Position) -> Moment:
    return Moment(position.step, position.pc, position.under_way, position.instructions)
