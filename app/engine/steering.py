"""The transport on the interface thread: play, step, go back, how fast and by what. Each is a request to the worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.engine.state import GRANULARITIES, EngineState, Speed, speed_of
from app.text import tr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.engine.motion import SlowMotion
    from core.breakpoints import Breakpoint


class Steering:
    """The part of the engine that moves the run."""

    failed: Any
    _state: EngineState
    _slow: SlowMotion
    _blocked: str
    _stops: tuple[tuple[Breakpoint, ...], bool]
    _waiting_for_step: bool
    catch_up: Callable[[], None]
    _change: Callable[..., None]
    _send: Callable[..., int]
    _preview: Callable[..., None]

    def play(self) -> None:
        """Train until paused, with everything that was edited before."""
        self.catch_up()
        if self._blocked:
            self.failed.emit(self._blocked)
            return
        self._waiting_for_step = False
        self._send("play")

    def play_back(self) -> None:
        """Play backwards at the speed of the slider, until paused or at the beginning."""
        self.catch_up()
        if self._blocked:
            self.failed.emit(self._blocked)
            return
        self._waiting_for_step = False
        self._slow.stop()
        self._send("play", reverse=True)

    def run_to_breakpoint(self, breakpoints: Iterable[Breakpoint], *, back: bool = False) -> None:
        """Go on until one of these stops the run, or back to where one would have stopped it last.

        ``run.stopped-at`` or ``run.not-stopped`` follows on the bus.
        """
        self.catch_up()
        if self._blocked:
            self.failed.emit(self._blocked)
            return
        self._slow.stop()
        self._send("run_to", breakpoints=tuple(breakpoints), back=back)

    def set_breakpoints(self, breakpoints: Iterable[Breakpoint], *, by_unit: bool) -> None:
        """Choose what stops the run while it plays, and whether playing goes by the chosen granularity."""
        wanted = (tuple(breakpoints), by_unit)
        if wanted != self._stops:
            self._stops = wanted
            self._slow.stop()
            self._send("set_breakpoints", breakpoints=wanted[0], by_unit=by_unit)
            self._change(by_unit=by_unit)

    def pause(self) -> None:
        """Stop after the step in progress; answers within milliseconds."""
        self._slow.stop()
        self._send("pause")

    def toggle(self) -> None:
        """Play if paused; pause if playing, or if a long way to another step is being gone."""
        self.pause() if self._state.status in ("playing", "busy") else self.play()

    def reset(self) -> None:
        """Go back to the first weights."""
        self.catch_up()
        self._slow.stop()
        self._send("reset")

    def step(self, granularity: str | None = None) -> None:
        """Do one instruction, layer, batch or epoch."""
        self.catch_up()
        if self._blocked:
            self.failed.emit(self._blocked)
            return
        self._slow.stop()
        self._send("step", granularity=self._granularity(granularity))

    def step_to(self, instruction: int) -> None:
        """Go on until that instruction is done: in this step, or, if it is already, in the next."""
        self.catch_up()
        if self._blocked:
            self.failed.emit(self._blocked)
            return
        self._slow.stop()
        self._send("step", granularity="instruction", to=int(instruction) + 1)

    def step_back(self, granularity: str | None = None) -> None:
        """Undo one instruction, layer, batch or epoch, to the exact bits."""
        self._slow.stop()
        self._send("step_back", granularity=self._granularity(granularity))

    def step_back_to(self, instruction: int) -> None:
        """Go back to where that instruction was done last."""
        self._slow.stop()
        self._send("step_back", granularity="instruction", to=int(instruction) + 1)

    def seek(self, step: int, pc: int = 0) -> None:
        """Go to any step taken so far. While a slider moves only the latest wish counts."""
        self._slow.stop()
        self._preview("seek", "seek", step=int(step), pc=int(pc))

    def set(self, name: str, value: float) -> None:
        """Change a live scalar such as ``learning_rate`` from the next step on."""
        self._send("set", name=name, value=float(value))

    def set_speed(self, value: str | float | Speed) -> None:
        """Choose a speed by key (`SPEEDS`) or as a multiple of 600 ms a layer."""
        speed = speed_of(value)
        if speed.mode != "slow":
            self._slow.stop()
        self._change(speed=speed)
        self._send("set_speed", speed=speed)

    def set_granularity(self, value: str) -> None:
        """Choose what Step and Back do without an argument."""
        granularity = self._granularity(value)
        self._change(granularity=granularity)
        self._send("set_granularity", granularity=granularity)

    def set_reduced_motion(self, still: bool) -> None:
        """Mark the active layer instead of moving pulses."""
        self._slow.still = bool(still)

    def _granularity(self, value: str | None) -> Any:
        value = value or self._state.granularity
        if value not in GRANULARITIES:
            message = tr("There is no granularity {value}.", value=repr(value))
            raise ValueError(message)
        return value
