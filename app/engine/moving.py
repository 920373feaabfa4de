"""What the worker does at the transport: play, pause, step, step back, and go to any step. Worker thread."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from app.engine.stopping import Stopping
from app.text import tr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.engine.inbox import Inbox
    from app.engine.session import Session
    from app.engine.state import Speed

#: Requests for which a long replay stops where it is.
ENDS_A_JOURNEY = frozenset(
    (
        "open",
        "edit",
        "play",
        "pause",
        "pulse",
        "reset",
        "step",
        "step_back",
        "seek",
        "set",
        "run_to",
    )
)


class Moving(Stopping):
    """The part of the worker that moves the run."""

    inbox: Inbox
    _session: Session | None
    _put_off: list[str]
    _background: Iterator[None] | None
    _background_seconds: float
    _slice_seconds: float
    _is_put_off: Callable[[str], bool]
    _measure_again: Callable[[Session], None]

    def _do_play(self, reverse: bool = False) -> None:
        if self._is_put_off("play"):
            return
        session = self._open_session()
        self._reverse = reverse and not session.at_beginning
        if reverse and not self._reverse:
            return
        if not self._walks:
            if not self._stops:
                session.finish_step()
            session.allow_more()
        elif not reverse and session.finished:
            session.allow_more()
        self._playing = True
        self._walk.begin()
        self._epoch = session.epoch
        self._pace.begin()
        self._slice_seconds = self._background_seconds = 0.0
        self._tell(status="playing", reason="")
        self.happened.emit("run.played", {"step": session.position.step})

    def _do_pause(self) -> None:
        self._put_off = [command for command in self._put_off if command != "play"]
        if self._playing:
            self._playing = self._reverse = False
            self._measure_again(self._open_session())
            self._dirty = True
            self._tell_idle()
            self.happened.emit("run.paused", {"step": self._open_session().position.step})

    def _do_pulse(self) -> None:
        """Take one step for slow motion; the interface asks when it has shown the one before."""
        if self._playing and self._session is not None:
            done = 0
            # A command that arrives meanwhile raises the stop flag; the step is owed all the same.
            while not done and not self._session.finished and not self._session.diverged:
                # What an epoch measures is measured in the background: there is time until the next pulse.
                done = self._session.advance(1, measures=False)
            self._after_steps(self._session, done)
            self._put_now()

    def _do_reset(self) -> None:
        if self._is_put_off("reset"):
            return
        self._playing = False
        self._background = None
        self._open_session().reset()
        self._epoch = 0
        self._dirty = True
        self._tell(status="ready", reason="")
        self.happened.emit("run.reset", {})

    def _do_step(self, granularity: str, to: int | None = None) -> None:
        session = self._open_session()
        self._playing = False
        session.step(granularity, to, lambda: self.inbox.has(ENDS_A_JOURNEY))
        self._dirty = True
        self._put_now()
        self._tell_idle()
        self.happened.emit("run.stepped", {"granularity": granularity} | session.step_values())
        self._after_steps(session, 0)

    def _do_step_back(self, granularity: str, to: int | None = None) -> None:
        session = self._open_session()
        self._playing = False
        session.step_back(granularity, to)
        self._epoch = session.epoch
        self._dirty = True
        self._put_now()
        self._tell_idle()
        self.happened.emit("run.stepped-back", {"granularity": granularity} | session.step_values())

    def _do_seek(self, step: int, pc: int) -> None:
        session = self._open_session()
        self._playing = False
        began = perf_counter()
        for progress in session.seek(step, pc):
            # A newer wish or a command ends a long replay; questions wait for its end.
            if progress < 1 and self._has_better_to_do():
                break
            self._tell_way(began, progress, tr("Going to step {step}", step=f"{step:,}"))
        self._epoch = session.epoch
        self._dirty = True
        self._tell_idle()

    def _do_set(self, name: str, value: float) -> None:
        self._open_session().set(name, value)
        self._dirty = True

    def _do_set_speed(self, speed: Speed) -> None:
        self._pace.speed = speed
        self._pace.begin()
        self._walk.begin()
