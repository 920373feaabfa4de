"""What the parts of the Step view share: the moment shown, the instruction and cell looked at, breakpoints."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from app.scenes.closeups import Subject
from app.scenes.frame import Frame, Selection, ViewState
from app.scenes.step import SCENE
from app.scenes.step_places import detail
from app.scenes.step_values import Reader, alias_names, cell_id
from app.snapshots import Probe
from app.step.breakpoints import breakpoints_of
from app.step.choosing import Choosing, rows_shown
from app.step.network_view import loss_name, network_view
from app.step.questions import Questions
from app.text import number, tr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from app.bus import Command, Event
    from app.snapshots import InstructionView, NetworkView, ProgramView, Snapshot
    from app.workspace import WindowContext

# Whole batches are copied for tensors up to this many numbers; of larger ones the shown row only.
SMALL = 4096
# The numbers, from 0, of the samples a batch is made of.
SAMPLES = "batch/samples"
# What a view needs comes with every snapshot up to this many numbers; of larger ones the newest is asked for.
LARGE = 262_144

# Of larger tensors the strongest cell is looked at first, of smaller ones the first.
_MANY = 64


class StepSession(QObject):
    """The state behind tape, stage, formula and scrubber. Interface thread only.

    Parameters
    ----------
    context
        The window's document, bus, engine and clock.
    key
        Under which probes are subscribed; one for each view.

    Signals
    -------
    changed()
        Another moment, instruction, cell or way of showing it.
    explained()
        The engine has answered what the formula asked.
    """

    changed = Signal()
    explained = Signal()

    def __init__(
        self, context: WindowContext, key: str = "step", parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.context = context
        self.key = key
        self.snapshot: Snapshot | None = None
        self.chosen: int | None = None
        self.row = 0
        # The sample the learner chose: the last batch of an epoch may be too small to have it.
        self._wished = 0
        self.show = "both"
        self.notation = "rows"
        self.hover = ""
        #: Switches of close-ups by name: see `app.scenes.closeups.Moment.toggles`.
        self.toggles: dict[str, Any] = {"scale": "own"}
        self.stops = breakpoints_of(context)
        self.stops.changed.connect(self.changed)
        self.stops.stopped.connect(self._on_stopped)
        self.questions = Questions(self)
        self.questions.answered.connect(self.explained)
        Choosing(context)
        self._cells: dict[str, tuple[int, ...]] = {}
        #: Snapshot and row, and where large tensors are strongest there.
        self._strong: tuple[Any, int, dict[str, list[int]]] = (None, 0, {})
        self._unit: int | None = None
        self._before: dict[int, dict[str, np.ndarray]] = {}
        self._active = self._been = False
        self._view: tuple[Any, NetworkView] | None = None
        self._wanted: tuple[Any, ...] = ()
        self._always: tuple[Probe, ...] = ()
        self._needed: tuple[str, ...] = ()
        self._program_serial = -1
        self._status = ""
        self._unsubscribe: Any = None

    # -- life

    def activate(self) -> None:
        """Begin to follow the engine."""
        if self._active:
            return
        self._active = True
        engine, context = self.context.engine, self.context
        engine.snapshot_ready.connect(self._pull)
        engine.state_changed.connect(self._on_state)
        context.clock.tick.connect(self._on_tick)
        context.document.model_changed.connect(self._on_document)
        self._unsubscribe = context.bus.subscribe(
            self._on_message, ("select.cell", "select.row", "step.inspect")
        )
        if not self._been:
            # Where every number is shown, one press is one instruction until the learner says otherwise.
            self._been = True
            if context.bus.knows("run.granularity"):
                context.bus.do("run.granularity", value="instruction")
            else:
                # The engine answers to the bus only after the window's first painting.
                engine.set_granularity("instruction")
        # In a lesson Play trains, whatever stops it in Step.
        self.stops.set_active(self.key == "step")
        self._subscribe()
        self._pull()
        self.changed.emit()

    def deactivate(self) -> None:
        """Stop following; hidden views cost nothing."""
        if not self._active:
            return
        self._active = False
        self.stops.set_active(False)
        self.questions.rest()
        engine, context = self.context.engine, self.context
        engine.snapshot_ready.disconnect(self._pull)
        engine.state_changed.disconnect(self._on_state)
        context.clock.tick.disconnect(self._on_tick)
        context.document.model_changed.disconnect(self._on_document)
        self._unsubscribe()
        engine.unsubscribe(self.key)
        # So that the next visit subscribes again.
        self._wanted = ()

    # -- what is shown

    @property
    def network(self) -> NetworkView:
        """The document's network as scenes see it; while it cannot run, the one the engine still has."""
        document, work = self.context.document, self.context.engine.work
        if (
            document.inspection.problems
            and self._view is not None
            and work is not None
            and self._view[0][0] == work.network
        ):
            return self._view[1]
        key = (document.network, document.training, document.data)
        if self._view is None or self._view[0] != key:
            self._view = (key, network_view(document))
        return self._view[1]

    @property
    def program(self) -> ProgramView | None:
        """The tape, once it is compiled."""
        return self.snapshot.program if self.snapshot is not None else None

    @property
    def reader(self) -> Reader:
        """Values of the shown row."""
        return Reader(self.snapshot, self.row)

    @property
    def pc(self) -> int:
        """Instructions done in the step under way."""
        return self.snapshot.position.pc if self.snapshot is not None else 0

    @property
    def done(self) -> int | None:
        """Index of the instruction done last, or None."""
        return self.snapshot.instruction if self.snapshot is not None else None

    @property
    def inspected(self) -> int:
        """Index of the instruction whose formula is shown."""
        if self.chosen is not None:
            return self.chosen
        return self.done if self.done is not None else 0

    @property
    def instruction(self) -> InstructionView | None:
        """The instruction whose formula is shown."""
        program = self.program
        if program is None or not program.instructions:
            return None
        return program.instructions[max(0, min(self.inspected, len(program.instructions) - 1))]

    @property
    def cell(self) -> tuple[str, tuple[int, ...]] | None:
        """Tensor and index (without the row) of the number whose formula is shown."""
        instruction = self.instruction
        if instruction is None or not instruction.writes:
            return None
        chosen = [w for w in instruction.writes if w in self._cells]
        tensor = chosen[0] if chosen else instruction.writes[0]
        index, info = self._cells.get(tensor), self.reader.info(tensor)
        if index is None or (info is not None and len(index) != len(info.shape)):
            index = self._default(tensor)
        return tensor, index

    def _default(self, tensor: str) -> tuple[int, ...]:
        info = self.reader.info(tensor)
        if info is None:
            return ()
        index = [0] * len(info.shape)
        if len(info.shape) > 1 and math.prod(info.shape) > _MANY:
            index = list(self._strongest(tensor, index))
        if index and self._unit is not None and self._unit < info.shape[-1]:
            index[-1] = self._unit
        return tuple(index)

    def _strongest(self, tensor: str, index: list[int]) -> list[int]:
        """Where a large tensor has most to say: its corner is often a border of zeros. Looked for once a moment."""
        if self._strong[0] is not self.snapshot or self._strong[1] != self.row:
            self._strong = (self.snapshot, self.row, {})
        known = self._strong[2]
        if tensor not in known:
            known[tensor] = self._look_for_strongest(tensor, index)
        return known[tensor]

    def _look_for_strongest(self, tensor: str, index: list[int]) -> list[int]:
        array = self.reader.array(tensor)
        if array is None or array.ndim != len(index) or self.reader.state(tensor) != "fresh":
            # Not among the values sent: the middle of an image says more than its corner.
            info = self.reader.info(tensor)
            shape = info.shape if info is not None else ()
            return [n // 2 for n in shape[:-1]] + [0] if len(shape) > 2 else index
        return [int(k) for k in np.unravel_index(largest(array), array.shape)]

    def full_index(self, tensor: str, index: tuple[int, ...]) -> tuple[int, ...]:
        """Index as the engine counts: with the row in front for tensors of the batch."""
        info = self.reader.info(tensor)
        return (self.row, *index) if info is not None and info.batch else index

    @property
    def subject(self) -> Subject | None:
        """The instruction and the number a close-up is of."""
        program, instruction, cell = self.program, self.instruction, self.cell
        if program is None or instruction is None or cell is None:
            return None
        if cell[0] not in program.tensors:
            return None
        return Subject(program, instruction, cell[0], cell[1], self.row, self.rows)

    @property
    def view(self) -> ViewState:
        """Options of the scene's layout."""
        return ViewState(
            options=(
                ("notation", self.notation), ("loss", loss_name(self.context.document.training.loss)),
            )
        )  # fmt: skip

    @property
    def sample_words(self) -> str:
        """Which sample of the data the shown row is: "no. 8,674 of the data"; empty until it is drawn.

        Sample 1, 2, ... are those of the batch, everywhere.
        """
        whatif = self.snapshot.whatif if self.snapshot is not None else None
        if whatif is not None and whatif.sample:
            return whatif.sample
        drawn = self.reader.value(SAMPLES)
        return (
            "" if drawn is None else tr("no. {number} of the data", number=number(int(drawn) + 1))
        )

    def frame(self) -> Frame:
        """What the scene paints now."""
        cell = self.cell
        chosen = cell_id(*cell) if cell is not None else ""
        toggles: dict[str, Any] = {"row": self.row, "show": self.show}
        if self.chosen is not None:
            toggles["instruction"] = self.chosen
        return Frame(after=self.snapshot, selection=Selection(chosen, self.hover), toggles=toggles)

    def value(self, tensor: str, index: tuple[int, ...]) -> float | None:
        """Return a number by the engine's index (row first), or None when this step has not made it."""
        return self.reading(tensor)(index)

    def reading(self, tensor: str) -> Callable[[tuple[int, ...]], float | None]:
        """Return `value` for the many cells of one tensor, which is looked for once."""
        snapshot, reader = self.snapshot, self.reader
        if snapshot is None or reader.state(tensor) != "fresh":
            return _nowhere
        old = self._before.get(self.step_shown, {}).get(tensor)
        if self._updated(tensor) or (old is not None and self._ended):
            return _nowhere if old is None else partial(_at, old)
        info = reader.info(tensor)
        names = alias_names(tensor)
        array = next((a for n in names if (a := snapshot.get(n)) is not None), None)
        if array is not None and info is not None:
            if array.ndim == len(info.shape) + bool(info.batch):
                return partial(_at, array)
        else:
            array = None
        of_row = array if info is not None and info.batch else None
        asked = self.questions.tensor(snapshot.serial, tensor)
        scalar = snapshot.scalars.get(tensor)

        def read(index: tuple[int, ...]) -> float | None:
            if of_row is not None and index[:1] == (self.row,):
                return _at(of_row, index[1:])
            if not index and scalar is not None:
                return float(scalar)
            return _at(asked, index) if asked is not None else None

        return read

    def computed(self, subject: Subject) -> bool:
        """Tell whether the instruction has run in the step shown."""
        if self.reader.state(subject.tensor) != "fresh":
            return False
        return not self.reader.lasting(subject.tensor) or self._updated(subject.tensor)

    def array(self, tensor: str, whole: bool = False) -> np.ndarray | None:
        """Return a tensor as this step made it: whole, or of a large one of the batch the shown row as ``(1, ...)``.

        With `whole` all samples are asked for, too.

        None if this step has not made it, or if it was too large to be sent: then it is asked for, and `explained`
        tells that it has come. What lasts from step to step is as it is now; see `array_before`.
        """
        snapshot, info = self.snapshot, self.reader.info(tensor)
        if snapshot is None or info is None or self.reader.state(tensor) != "fresh":
            return None
        array = next((a for n in alias_names(tensor) if (a := snapshot.get(n)) is not None), None)
        if array is None:
            array = self.questions.tensor(snapshot.serial, tensor)
        if array is None and not info.shape and tensor in snapshot.scalars:
            return np.asarray(snapshot.scalars[tensor])
        if array is None:
            self.questions.want(tensor)
            return None
        if info.batch and array.ndim == len(info.shape):
            array = array[None]
        if whole and info.batch and len(array) == 1 and self.rows > 1:
            every = self.questions.tensor(snapshot.serial, tensor)
            if every is not None:
                return every
            self.questions.want(tensor)
        return array

    def array_before(self, tensor: str) -> np.ndarray | None:
        """Return what lasts from step to step as the step shown found it, where that is known."""
        return self._before.get(self.step_shown, {}).get(tensor)

    def need(self, names: Iterable[str]) -> None:
        """Have these tensors in every snapshot from now on, instead of the last ones: what the shown view reads."""
        needed = tuple(names)
        if needed != self._needed:
            self._needed = needed
            if self._active:
                self._want()

    def set_toggle(self, name: str, value: Any) -> None:
        """Switch how close-ups are shown."""
        self.toggles = self.toggles | {name: value}
        self.changed.emit()

    def weight_before(self, tensor: str, index: tuple[int, ...]) -> float | None:
        """Return a weight as it was when the step began."""
        array = self._before.get(self.step_shown, {}).get(tensor)
        return _at(array, index) if array is not None else None

    def remember_start(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take over what the engine says of the lasting values at the start of the step shown."""
        self._before.setdefault(self.step_shown, {}).update(arrays)

    def _updated(self, tensor: str) -> bool:
        """Tell whether the step shown has changed a lasting value: the formulas used its old one."""
        return self.reader.lasting(tensor) and self.updated(tensor)

    def updated(self, tensor: str) -> bool:
        """Tell whether the step shown has written a tensor."""
        written = self.snapshot.written_at.get(tensor) if self.snapshot is not None else None
        return written is not None and written[0] == self.step_shown

    @property
    def step_shown(self) -> int:
        """The step whose numbers are shown: the one under way, or at its end the one just done."""
        snapshot = self.snapshot
        if snapshot is None:
            return 0
        return snapshot.position.step - (1 if self._ended else 0)

    @property
    def _ended(self) -> bool:
        """Whether a step is done and the next has not begun."""
        snapshot = self.snapshot
        return (
            snapshot is not None and snapshot.position.pc == 0 and snapshot.instruction is not None
        )

    # -- choosing

    def inspect(self, instruction: int | None) -> None:
        """Look at an instruction without moving; None follows the run."""
        if instruction is not None and instruction == self.done:
            instruction = None
        self.chosen = instruction
        self.questions.ask()
        self.changed.emit()

    def select_cell(self, tensor: str, index: tuple[int, ...]) -> None:
        """Look at one number; the instruction that writes it becomes the one looked at."""
        # A layer's output goes by several names.
        infos = (self.reader.info(name) for name in alias_names(tensor))
        info = next((one for one in infos if one is not None), None)
        if info is not None and len(index) != len(info.shape):
            # A place that stands for a whole row: its first number.
            index = (0,) * len(info.shape)
        self._cells[tensor] = tuple(index)
        if index:
            self._unit = index[-1]
        program = self.program
        if program is not None:
            writers = [i.index for i in program.instructions if tensor in i.writes]
            if not writers and tensor.endswith("/output"):
                for name in alias_names(tensor):
                    own = self.reader.info(name)
                    if own is None or len(own.shape) != len(index):
                        # Another tensor: the products of all time steps of a recurrent layer.
                        continue
                    writers = [i.index for i in program.instructions if name in i.writes]
                    if writers:
                        self._cells[name] = tuple(index)
                        break
            if writers:
                current = self.instruction
                if current is None or tensor not in current.writes:
                    self.chosen = writers[-1] if writers[-1] != self.done else None
        self.questions.ask()
        self.changed.emit()

    def set_row(self, row: int) -> None:
        """Show another sample of the batch."""
        self._wished = max(0, min(row, self.rows - 1))
        self._fit_row()

    def _fit_row(self) -> None:
        """Show the chosen sample, or the last of a batch that does not have so many."""
        row = min(self._wished, self.rows - 1)
        if row != self.row:
            self.row = row
            self._subscribe()
            self.questions.ask()
            self.changed.emit()

    @property
    def rows(self) -> int:
        """Samples in the batch shown."""
        return rows_shown(self.context, self.snapshot)

    def set_show(self, show: str) -> None:
        """Choose what stands on the edges: "weights", "gradients" or "both"."""
        self.show = show
        self.changed.emit()

    def set_notation(self, notation: str) -> None:
        """Choose "rows" (Y = X W + b) or "columns" (Z = Wᵀ X + b)."""
        self.notation = notation
        self.changed.emit()
        self.explained.emit()

    def set_hover(self, identifier: str) -> None:
        """Light up what the mouse is over."""
        if identifier != self.hover:
            self.hover = identifier
            self.changed.emit()

    @property
    def breakpoints(self) -> set[int]:
        """Instructions before which the run stops."""
        return {place for place, on in self.stops.marks().items() if on}

    @property
    def running(self) -> bool:
        """Whether the run moves on by itself, playing or towards a breakpoint."""
        return self.context.engine.state.status in ("playing", "busy")

    @Slot()
    def _on_stopped(self) -> None:
        """Look at the number that has stopped the run."""
        if not self._active:
            return
        stop = self.stops.last
        info = self.reader.info(stop.tensor) if stop is not None and stop.tensor else None
        if stop is not None and info is not None:
            cell = stop.cell
            if info.batch and cell:
                self.set_row(cell[0])
                cell = cell[1:]
            self.select_cell(stop.tensor, cell)
        self.changed.emit()

    # -- following

    @Slot(float)
    def _on_tick(self, _seconds: float) -> None:
        self._pull()

    @Slot(object)
    def _on_state(self, state: Any) -> None:
        self._pull()
        self.questions.ask()
        if state.status != self._status:
            # Where it stands is in the snapshots.
            self._status = state.status
            self.changed.emit()

    @Slot()
    def _on_document(self) -> None:
        self._subscribe()
        self.changed.emit()

    @Slot()
    def _pull(self) -> None:
        newest = self.context.engine.latest
        if newest is self.snapshot:
            return
        before = self.snapshot
        self.snapshot = newest
        if newest is None:
            self.changed.emit()
            return
        moved = before is None or before.position != newest.position
        if moved:
            self.chosen = None
        if _by_hand(before) != _by_hand(newest):
            # What a step began with is other numbers in a copy, or is again the run's.
            self._before.clear()
        if newest.program is not None and newest.program.serial != self._program_serial:
            self._program_serial = newest.program.serial
            self._cells.clear()
            self._before.clear()
            self.stops.follow(newest.program)
            self._subscribe()
        self._remember(newest)
        self._fit_row()
        self.questions.forget(newest.serial)
        self.questions.ask()
        self.changed.emit()

    def _remember(self, snapshot: Snapshot) -> None:
        """Keep the weights a step began with: after its updates the formulas still speak of them."""
        step = snapshot.position.step
        known = self._before.setdefault(step, {})
        for name, array in snapshot.values.items():
            written, info = snapshot.written_at.get(name), self.reader.info(name)
            if info is None or array.ndim != len(info.shape) + bool(info.batch):
                continue  # one sample of a kept state
            if self.reader.lasting(name) and (written is None or written[0] != step):
                known[name] = array
        for old in [key for key in self._before if abs(key - step) > 2]:
            del self._before[old]

    def _subscribe(self) -> None:
        if not self._active:
            return
        network = self.network
        if not network.nodes:
            return
        small = detail(network) == "numbers"
        probes = list(
            SCENE.probes(network, SCENE.layout(network, (704, 664), self.view), self.frame())
        )
        names = {probe.tensor for probe in probes}
        program = self.program
        rows = int(self.context.document.training.batch_size)
        if program is not None:
            for name, info in program.tensors.items():
                count = rows if info.batch else 1
                for extent in info.shape:
                    count *= extent
                wanted = small or count == 1 or name == SAMPLES
                if name not in names and wanted and count <= SMALL:
                    probes.append(Probe(name))
            known = program.tensors
            probes = [p for p in probes if p.tensor in known or p.tensor.endswith("/output")]
        self._always = tuple(probes)
        self._want()

    def _want(self) -> None:
        """Subscribe to what is always shown and to what the view that is shown needs besides."""
        probes, program = list(self._always), self.program
        have = {probe.key for probe in probes}
        for name in self._needed if program is not None else ():
            info = program.tensors.get(name) if program is not None else None
            if info is None or name in have:
                continue
            count, rows = math.prod(info.shape), self.rows if info.batch else 1
            if count * rows <= SMALL:
                probes.append(Probe(name))
            elif count <= LARGE:
                probes.append(Probe(name, self.row if info.batch else None))
        wanted = tuple(probes)
        if wanted != self._wanted:
            self._wanted = wanted
            self.context.engine.subscribe(self.key, wanted)

    def _on_message(self, message: Command | Event) -> None:
        arguments = getattr(message, "arguments", None)
        if arguments is None:
            return
        if message.name == "select.cell":
            self.select_cell(arguments["tensor"], tuple(arguments["index"]))
        elif message.name == "select.row":
            self.set_row(int(arguments["row"]))
        elif message.name == "step.inspect":
            self.inspect(arguments["instruction"])


def largest(array: np.ndarray) -> int:
    """Return where, counted flat, the finite number of largest size stands, for millions of them without a copy."""
    ends = sorted((int(array.argmax()), int(array.argmin())))
    if not np.isfinite(array.flat[ends]).all():
        return int(np.where(np.isfinite(array), np.abs(array), -1.0).argmax())
    return max(ends, key=lambda at: abs(array.flat[at]))


def _nowhere(_index: tuple[int, ...]) -> float | None:
    return None


def _at(array: Any, index: tuple[int, ...]) -> float | None:
    try:
        return float(array[tuple(index)])
    except (IndexError, TypeError, ValueError):
        return None


def _by_hand(snapshot: Snapshot | None) -> Any:
    whatif = snapshot.whatif if snapshot is not None else None
    return None if whatif is None else (whatif.step, whatif.edits, whatif.sample)
