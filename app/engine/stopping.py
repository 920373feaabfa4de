"""What the worker does about breakpoints: playing up to them, running to them, and walking back. Worker thread."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from app.engine.state import walks
from app.engine.walking import BACK_AT_ONCE, Walk
from app.text import tr

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.engine.pace import Pace
    from app.engine.session import Session
    from core.breakpoints import Breakpoint
    from core.runs import Stopped

#: How often the state is told while training, in seconds. Commands tell it at once.
STATE_INTERVAL = 0.1

#: What takes longer is told, with its progress.
NOTICEABLE = 0.15


class Stopping:
    """The part of the worker that stops at breakpoints, and goes instruction by instruction or backwards."""

    _pace: Pace
    _playing: bool
    _dirty: bool
    _told: float
    _epoch: int
    happened: Any
    _open_session: Callable[[], Session]
    _after_steps: Callable[[Session, int], None]
    _put_now: Callable[[], None]
    _tell_idle: Callable[[], None]
    _tell: Callable[..., None]
    _waits: Callable[[], bool]
    _has_better_to_do: Callable[[], bool]

    #: What stops the run while it plays, and whether playing goes by the unit that is chosen: in Step.
    _breakpoints: tuple[Breakpoint, ...] = ()
    _by_unit = False
    _granularity = "instruction"
    _reverse = False

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._walk = Walk()

    @property
    def _walks(self) -> bool:
        """Whether playing means to go back, or on from one moment to the next."""
        return walks(
            self._pace.speed, self._granularity, by_unit=self._by_unit, reverse=self._reverse
        )

    @property
    def _unit(self) -> str:
        """What a walk goes by."""
        if self._by_unit:
            return self._granularity
        return "instruction" if self._pace.speed.mode == "slow" else "batch"

    @property
    def _stops(self) -> bool:
        return any(one.enabled for one in self._breakpoints)

    def _go_along(self, session: Session) -> None:
        """Go on or back by as many instructions, layers, ... as are due."""
        speed, found = self._pace.speed, None
        due = self._walk.due(speed, self._pace.steps_in(BACK_AT_ONCE))
        if not due:
            return
        if speed.mode == "max":
            found = session.back_by(due, self._breakpoints)
            due = 0
        began = perf_counter()
        while due and found is None and not self._at_an_end(session):
            found = session.walk(
                self._breakpoints, self._unit, back=self._reverse, waits=self._has_better_to_do
            )
            due -= 1
            if session.diverged or perf_counter() - began > BACK_AT_ONCE:
                # What takes longer must not keep a command waiting; the rest is let go.
                break
        self._dirty = True
        if self._reverse:
            self._epoch = session.epoch
        if found is not None:
            self._stop_at(session, found)
        elif not self._reverse:
            self._after_steps(session, 0)
        elif session.at_beginning:
            self._playing = self._reverse = False
            self._put_now()
            self._tell_idle()
            self.happened.emit("run.paused", {"step": session.position.step})
        elif perf_counter() - self._told > STATE_INTERVAL:
            self._tell()

    def _at_an_end(self, session: Session) -> bool:
        if self._reverse:
            return session.at_beginning
        return session.finished and not session.position.pc

    def _train_to_stop(self, session: Session, steps: int) -> int:
        """Take up to so many steps, as long as no breakpoint stops the run."""
        began, first, found = perf_counter(), session.position.step, None
        going = session.search(self._breakpoints, steps=steps)
        while found is None:
            try:
                next(going)
            except StopIteration as end:
                found = end.value
                break
            if self._waits() or perf_counter() - began > 2 * BACK_AT_ONCE:
                going.close()
                break
        if found is not None:
            self._stop_at(session, found)
        return session.position.step - first

    def _stop_at(self, session: Session, found: Stopped) -> None:
        """A breakpoint has stopped the run: say so, with what it found there."""
        self._playing = self._reverse = False
        self._put_now()
        self._after_steps(session, 0)
        self._tell_idle()
        self.happened.emit("run.stopped-at", session.stopped_values(found))

    def _do_set_breakpoints(self, breakpoints: tuple[Breakpoint, ...], by_unit: bool) -> None:
        self._breakpoints, self._by_unit = breakpoints, by_unit
        self._walk.begin()

    def _do_set_granularity(self, granularity: str) -> None:
        self._granularity = granularity
        self._walk.begin()
        self._pace.begin()

    def _tell_way(self, began: float, progress: float, words: str) -> None:
        """Say how far a long way has been gone: a few times a second, or the window would be busy with nothing else."""
        now = perf_counter()
        if now - began > NOTICEABLE and now - self._told > STATE_INTERVAL:
            self._tell(status="busy", progress=progress, reason=words)

    def _do_run_to(self, breakpoints: tuple[Breakpoint, ...], back: bool = False) -> None:
        """Go on to a breakpoint, or back to the last one, until it is reached or something else is asked for."""
        session = self._open_session()
        self._playing = False
        if not back and session.finished:
            session.allow_more()
        began, found, left = perf_counter(), None, False
        going = session.search(breakpoints, back=back)
        while True:
            try:
                progress = next(going)
            except StopIteration as end:
                found = end.value
                break
            if self._has_better_to_do():
                going.close()
                left = True
                break
            words = tr("Going back to a breakpoint") if back else tr("Going on to a breakpoint")
            self._tell_way(began, progress, words)
        self._epoch = session.epoch if back else self._epoch
        self._dirty = True
        if found is not None:
            self._stop_at(session, found)
        else:
            self._put_now()
            self._tell_idle()
            self._after_steps(session, 0)
            if not left and not session.diverged:
                self.happened.emit("run.not-stopped", {"back": back, "step": session.position.step})
        name = "run.stepped-back" if back else "run.stepped"
        self.happened.emit(name, {"granularity": "breakpoint"} | session.step_values())
