"""The ``run.*`` commands that move the run: what each takes, checked before the engine is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.arguments import Place
from app.bus import CommandError
from app.engine.state import Granularity, speed_of
from app.text import tr

if TYPE_CHECKING:
    from app.bus import Bus, Handler
    from app.engine.proxy import Engine


class Transport:
    """Handlers of the commands; those another part has registered are left to it.

    How far a run can be gone back or on is known to the engine alone, which says so when it is asked to go further.
    """

    def __init__(self, engine: Engine, bus: Bus) -> None:
        self._engine = engine
        handlers: dict[str, tuple[Handler, str]] = {
            "run.play": (engine.play, tr("Play")),
            "run.pause": (engine.pause, tr("Pause")),
            "run.reset": (engine.reset, tr("Reset")),
            "run.step": (self.step, tr("Step")),
            "run.step_back": (self.step_back, tr("Step back")),
            "run.play_back": (engine.play_back, tr("Play backwards")),
            "run.to": (self.step_to, tr("Run to here")),
            "run.back_to": (self.step_back_to, tr("Go back to here")),
            "run.seek": (self.seek, tr("Go to step")),
            "run.set": (self.set, tr("Change a setting of the run")),
            "run.speed": (self.speed, tr("Speed")),
            "run.granularity": (self.granularity, tr("Granularity")),
        }
        for name, (handler, label) in handlers.items():
            if not bus.knows(name):
                bus.register(name, handler, label=label)

    def step(self, granularity: Granularity | None = None) -> None:
        """Go on by an instruction, a layer, a batch, or what is chosen."""
        self._engine.step(granularity)

    def step_back(self, granularity: Granularity | None = None) -> None:
        """Go back by as much."""
        self._engine.step_back(granularity)

    def step_to(self, instruction: Place) -> None:
        """Go on until that instruction is done."""
        check_instruction(self._engine, instruction)
        self._engine.step_to(instruction)

    def step_back_to(self, instruction: Place) -> None:
        """Go back to where that instruction was done last."""
        check_instruction(self._engine, instruction)
        self._engine.step_back_to(instruction)

    def seek(self, step: Place, pc: Place = 0) -> None:
        """Stand after so many steps and so many instructions; after all of them that step is done."""
        if pc:
            check_instruction(self._engine, pc - 1)
        self._engine.seek(step, pc)

    def set(self, name: str, value: float) -> None:
        """Change a live scalar."""
        if value < 0:
            raise CommandError(
                tr("{name} must not be negative; it is {value:g}.", name=name, value=value)
            )
        self._engine.set(name, value)

    def speed(self, value: str | float) -> None:
        """Choose a speed by its key, or as a multiple of slow motion."""
        try:
            chosen = speed_of(value)
        except ValueError as error:
            raise CommandError(str(error)) from error
        self._engine.set_speed(chosen)

    def granularity(self, value: Granularity) -> None:
        """Choose what Step and Back do."""
        self._engine.set_granularity(value)


def check_instruction(engine: Any, place: int) -> None:
    """Refuse an instruction that the tape does not have, as far as there is a tape.

    Raises
    ------
    CommandError
        With how many there are.
    """
    snapshot = engine.latest
    program = snapshot.program if snapshot is not None else None
    count = len(program.instructions) if program is not None else None
    if count is not None and not 0 <= place < count:
        raise CommandError(
            tr("The tape has {count} instructions, numbered from 1; there is no instruction {number}.",
               count=f"{count:,}", number=f"{place + 1:,}")
        )  # fmt: skip
