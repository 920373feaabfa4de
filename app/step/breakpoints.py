"""The breakpoints of a project: a list that commands change, kept with the project, handed to the engine in Step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import QObject, Signal

from app.arguments import Place
from app.bus import Command, CommandError, Event
from app.step.breakpoint_words import described, stopped
from app.text import tr
from core.breakpoints import Breakpoint, check
from core.errors import ChainruleError

if TYPE_CHECKING:
    from app.snapshots import ProgramView
    from app.workspace import WindowContext

#: Under which name the project's file keeps them.
KEPT = "breakpoints"
#: Commands that take the fields of one.
_OF_FIELDS = ("step.add_breakpoint", "step.change_breakpoint")


@dataclass(frozen=True)
class Stop:
    """What a breakpoint found when it stopped the run: a sentence, and the number it is about."""

    sentence: str
    breakpoint: int = 0
    tensor: str = ""
    cell: tuple[int, ...] = ()


class Breakpoints(QObject):
    """Breakpoints by number, in the order in which they were set.

    Signals
    -------
    changed()
        One was set, changed or deleted.
    stopped()
        One has stopped the run, or none has; `last` tells.
    """

    changed = Signal()
    stopped = Signal()

    def __init__(self, context: WindowContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.items: dict[int, Breakpoint] = {}
        #: Those that have no place in the present network: a layer was deleted, and Undo may bring it back.
        self.asleep: dict[int, Breakpoint] = {}
        self.last: Stop | None = None
        self._program: ProgramView | None = None
        #: Painters ask for them many times a second.
        self._marks: dict[int, bool] | None = None
        #: Numbers of those the engine was told last: it answers by their places.
        self._told: tuple[int, ...] = ()
        self._active = False
        bus = context.bus
        for name, handler, label in (
            ("step.breakpoint", self.toggle, tr("Breakpoint")),
            ("step.add_breakpoint", self.add, tr("Add a breakpoint")),
            ("step.change_breakpoint", self.change, tr("Change a breakpoint")),
            ("step.remove_breakpoint", self.remove, tr("Delete a breakpoint")),
            ("step.clear_breakpoints", self.clear, tr("Delete all breakpoints")),
            ("step.run_to_breakpoint", self.run_on, tr("Run to breakpoint")),
            ("step.run_back_to_breakpoint", self.run_back, tr("Run back to breakpoint")),
        ):
            if not bus.knows(name):
                fields = Breakpoint if name in _OF_FIELDS else None
                bus.register(name, handler, label=label, fields=fields)
        bus.subscribe(
            self._on_message,
            ("run.stopped-at", "run.not-stopped", "project.opened", "run.stepped", "run.stepped-back",
             "run.played", "run.reset", "run.seek"),
        )  # fmt: skip
        self._load()

    # -- commands

    def toggle(self, instruction: Place) -> None:
        """Set a breakpoint before an instruction, or delete the one that is there."""
        found = [
            number
            for number, one in self.items.items()
            if one.kind == "instruction" and one.instruction == instruction
        ]
        if found:
            self.remove(found[0])
        else:
            self.add(kind="instruction", instruction=instruction)

    def add(self, **fields: Any) -> int:
        """Set a breakpoint with these fields of `core.breakpoints.Breakpoint`; return its number."""
        made = self._checked(self._named(_made(fields)))
        for number, one in self.items.items():
            if msgspec.structs.replace(one, enabled=made.enabled) == made:
                # The same once more: it is switched on.
                return self._put(number, made)
        return self._put(max((*self.items, *self.asleep), default=0) + 1, made)

    def change(self, number: int, **fields: Any) -> None:
        """Give a breakpoint other fields: ``enabled=False`` keeps it without its stopping anything."""
        known = msgspec.structs.asdict(self._of(number))
        self._put(number, self._checked(_made(known | fields)))

    def remove(self, number: int) -> None:
        """Delete a breakpoint."""
        self._of(number)
        del self.items[number]
        self._changed()

    def clear(self) -> None:
        """Delete all."""
        self.items.clear()
        self.asleep.clear()
        self._changed()

    def run_on(self) -> None:
        """Run on until one of them stops the run."""
        self._run(back=False)

    def run_back(self) -> None:
        """Go back to where one of them would have stopped the run last."""
        self._run(back=True)

    def _run(self, *, back: bool) -> None:
        if not self.enabled:
            raise CommandError(
                tr(
                    "There is no breakpoint to run to: click in the margin of the tape, or press F9."
                )
                if not self.items
                else tr("All breakpoints are switched off. Switch one on, or set another one.")
            )
        self._told = tuple(self.items)
        self._context.engine.run_to_breakpoint(tuple(self.items.values()), back=back)

    # -- what others ask

    @property
    def enabled(self) -> int:
        """How many are switched on."""
        return sum(one.enabled for one in self.items.values())

    def marks(self) -> dict[int, bool]:
        """Return the instructions before which the run stops, and whether each is switched on."""
        if self._marks is None:
            self._marks = self._marked()
        return self._marks

    def _marked(self) -> dict[int, bool]:
        found: dict[int, bool] = {}
        instructions = self._program.instructions if self._program is not None else ()
        for one in self.items.values():
            if one.kind == "instruction":
                found[one.instruction] = found.get(one.instruction, False) or one.enabled
            elif one.kind == "layer":
                before = ("", "")
                for line in instructions:
                    here = (line.layer, line.phase)
                    wanted = line.layer == one.layer and one.phase in ("", line.phase)
                    if wanted and here != before:
                        found[line.index] = found.get(line.index, False) or one.enabled
                    before = here
        return found

    def described(self, number: int) -> str:
        """Return in words when a breakpoint stops the run."""
        return described(self._of(number), self._program)

    # -- following

    def set_active(self, active: bool) -> None:
        """Stop the run at them while it plays, as long as Step is in front."""
        self._active = active
        self._tell()

    def follow(self, program: ProgramView) -> None:
        """Find the places again on another tape; what has none there sleeps until it has one again."""
        if program is self._program:
            return
        self._program, self._marks = program, None
        awake, asleep = {}, {}
        for number, one in sorted((self.items | self.asleep).items()):
            found = _placed(one, program)
            if found is not None:
                awake[number] = found
            else:
                asleep[number] = one
        if (awake, asleep) != (self.items, self.asleep):
            self.items, self.asleep = awake, asleep
            self._changed()
            self._context.bus.emit(
                "step.breakpoints-followed", awake=len(awake), asleep=len(asleep)
            )
        else:
            self.changed.emit()

    def _on_message(self, message: Command | Event) -> None:
        if message.name == "project.opened":
            self.last, self._program = None, None
            self._load()
            return
        if not isinstance(message, Event):
            self._say(None)
            return
        values = message.values
        if message.name == "run.stopped-at":
            place = int(values["breakpoint"])
            number = self._told[place] if place < len(self._told) else 0
            one = self.items.get(number)
            sentence = stopped(values, one)
            self._say(Stop(sentence, number, str(values["tensor"]), tuple(values["cell"])))
        elif message.name == "run.not-stopped":
            self._say(
                Stop(
                    tr("No breakpoint came true: the run begins here.")
                    if values["back"]
                    else tr("No breakpoint came true: training has ended.")
                )
            )
        elif values.get("granularity") != "breakpoint":
            self._say(None)

    def _say(self, stop: Stop | None) -> None:
        if stop != self.last:
            self.last = stop
            self.stopped.emit()

    # -- inside

    def _of(self, number: int) -> Breakpoint:
        found = self.items.get(number)
        if found is None:
            raise CommandError(tr("There is no breakpoint {number}.", number=number))
        return found

    def _put(self, number: int, made: Breakpoint) -> int:
        self.items[number] = made
        self._changed()
        return number

    def _checked(self, made: Breakpoint) -> Breakpoint:
        try:
            check(made)
        except ChainruleError as error:
            raise CommandError(str(error)) from error
        if self._program is not None and _placed(made, self._program) is None:
            raise CommandError(tr("This network has nothing that this breakpoint could stop at."))
        return made

    def _named(self, made: Breakpoint) -> Breakpoint:
        """With the name of what an instruction writes, by which it is found again on another tape."""
        program = self._program
        if made.kind != "instruction" or program is None:
            return made
        if not 0 <= made.instruction < len(program.instructions):
            return made
        writes = program.instructions[made.instruction].writes
        return msgspec.structs.replace(made, writes=writes[0] if writes else "")

    def _changed(self) -> None:
        every = sorted((self.items | self.asleep).items())
        self._context.view[KEPT] = [msgspec.to_builtins(one) for _, one in every]
        self._tell()
        self.changed.emit()

    def _tell(self) -> None:
        self._marks = None
        wanted = tuple(self.items.values()) if self._active else ()
        if self._active:
            self._told = tuple(self.items)
        self._context.engine.set_breakpoints(wanted, by_unit=self._active)

    def _load(self) -> None:
        """Take over what the project's file keeps; what cannot be read of it is left out."""
        self.items, self.asleep = {}, {}
        kept = self._context.view.get(KEPT, [])
        for raw in kept if isinstance(kept, list) else []:
            try:
                self.items[len(self.items) + 1] = check(msgspec.convert(raw, Breakpoint))
            except (msgspec.ValidationError, ChainruleError, TypeError):
                continue
        self._tell()
        self.changed.emit()


def breakpoints_of(context: WindowContext) -> Breakpoints:
    """Return the one list of a window: several views look at it."""
    found = context.findChild(Breakpoints)
    return found if found is not None else Breakpoints(context, context)


def _made(fields: dict[str, Any]) -> Breakpoint:
    try:
        return msgspec.convert(fields, Breakpoint)
    except msgspec.ValidationError as error:
        raise CommandError(tr("A breakpoint cannot be made of this: {why}.", why=error)) from error


def _placed(one: Breakpoint, program: ProgramView) -> Breakpoint | None:
    """Return a breakpoint with its place on this tape, or None if it has none there."""
    lines = program.instructions
    if one.kind == "layer":
        there = any(x.layer == one.layer and one.phase in ("", x.phase) for x in lines)
        return one if there else None
    if one.kind == "condition":
        return one if one.of != "tensor" or one.tensor in program.tensors else None
    known = 0 <= one.instruction < len(lines)
    if not one.writes or (known and one.writes in lines[one.instruction].writes[:1]):
        return one if known else None
    for line in lines:
        if one.writes in line.writes[:1]:
            return msgspec.structs.replace(one, instruction=line.index)
    return None
