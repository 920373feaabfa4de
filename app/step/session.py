"""What the parts of the Step view share: the moment shown, the instruction and cell looked at, breakpoints."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.scenes.frame import Frame, Selection, ViewState
from app.scenes.step import SCENE
from app.scenes.step_layout import detail
from app.scenes.step_values import Reader, alias_names, cell_id, is_weight
from app.snapshots import Probe
from app.step.network_view import loss_name, network_view
from app.step.simplify import shorten

if TYPE_CHECKING:
    import numpy as np

    from app.bus import Command, Event
    from app.snapshots import InstructionView, NetworkView, ProgramView, Snapshot
    from app.workspace import WindowContext

# Whole batches are copied for tensors up to this many numbers; of larger ones the shown row only.
SMALL = 4096
# A numeric check that took less than this many seconds is repeated by itself, so many milliseconds after the last step.
QUICK = 0.6
IDLE = 500


@dataclass(frozen=True)
class Explained:
    """An answer of the engine: how one cell of one instruction came about."""

    serial: int
    instruction: int
    cell: tuple[int, ...]
    answer: Any
    expression: Any = None


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
        self.show = "both"
        self.notation = "rows"
        self.hover = ""
        self.breakpoints: set[int] = set()
        self.explanation: Explained | None = None
        self.check: tuple[Explained, Any] | None = None
        self.checking = False
        self._check_is_quick = False
        self._check_timer = QTimer(self)
        self._check_timer.setSingleShot(True)
        self._check_timer.setInterval(IDLE)
        self._check_timer.timeout.connect(self.ask_check)
        self.upstream: Explained | None = None
        self.origin: Explained | None = None
        self._asked: tuple[int, int, tuple[int, ...]] | None = None
        self._cells: dict[str, tuple[int, ...]] = {}
        self._unit: int | None = None
        self._before: dict[int, dict[str, np.ndarray]] = {}
        self._tensors: dict[tuple[int, str], np.ndarray] = {}
        self._active = self._been = False
        self._view: tuple[Any, NetworkView] | None = None
        self._wanted: tuple[Any, ...] = ()
        self._program_serial = -1
        self._running_to: int | None = None
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
        context.document.changed.connect(self._on_document)
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
        self._subscribe()
        self._pull()
        self.changed.emit()

    def deactivate(self) -> None:
        """Stop following; hidden views cost nothing."""
        if not self._active:
            return
        self._active = False
        self._check_timer.stop()
        engine, context = self.context.engine, self.context
        engine.snapshot_ready.disconnect(self._pull)
        engine.state_changed.disconnect(self._on_state)
        context.clock.tick.disconnect(self._on_tick)
        context.document.changed.disconnect(self._on_document)
        self._unsubscribe()
        engine.unsubscribe(self.key)

    # -- what is shown

    @property
    def network(self) -> NetworkView:
        """The document's network as scenes see it."""
        document = self.context.document
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
        return program.instructions[min(self.inspected, len(program.instructions) - 1)]

    @property
    def cell(self) -> tuple[str, tuple[int, ...]] | None:
        """Tensor and index (without the row) of the number whose formula is shown."""
        instruction = self.instruction
        if instruction is None or not instruction.writes:
            return None
        chosen = [w for w in instruction.writes if w in self._cells]
        tensor = chosen[0] if chosen else instruction.writes[0]
        return tensor, self._cells.get(tensor, self._default(tensor))

    def _default(self, tensor: str) -> tuple[int, ...]:
        info = self.reader.info(tensor)
        if info is None:
            return ()
        index = [0] * len(info.shape)
        if index and self._unit is not None and self._unit < info.shape[-1]:
            index[-1] = self._unit
        return tuple(index)

    def full_index(self, tensor: str, index: tuple[int, ...]) -> tuple[int, ...]:
        """Index as the engine counts: with the row in front for tensors of the batch."""
        info = self.reader.info(tensor)
        return (self.row, *index) if info is not None and info.batch else index

    @property
    def view(self) -> ViewState:
        """Options of the scene's layout."""
        return ViewState(
            options=(
                ("notation", self.notation), ("loss", loss_name(self.context.document.training.loss)),
            )
        )  # fmt: skip

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
        snapshot, reader = self.snapshot, self.reader
        if snapshot is None or reader.state(tensor) != "fresh":
            return None
        if self._updated(tensor):
            return self.weight_before(tensor, index)
        info = reader.info(tensor)
        names = alias_names(tensor)
        array = next((a for n in names if (a := snapshot.get(n)) is not None), None)
        if array is not None and info is not None:
            if array.ndim == len(info.shape) + bool(info.batch):
                return _at(array, index)
            if info.batch and index[:1] == (self.row,):
                return _at(array, index[1:])
        if not index and tensor in snapshot.scalars:
            return float(snapshot.scalars[tensor])
        asked = self._tensors.get((snapshot.serial, tensor))
        return _at(asked, index) if asked is not None else None

    def weight_before(self, tensor: str, index: tuple[int, ...]) -> float | None:
        """Return a weight as it was when the step began."""
        array = self._before.get(self.step_shown, {}).get(tensor)
        return _at(array, index) if array is not None else None

    def _updated(self, tensor: str) -> bool:
        """Tell whether the step shown has changed a lasting value: the formulas used its old one."""
        snapshot = self.snapshot
        assert snapshot is not None
        written = snapshot.written_at.get(tensor)
        return self.reader.lasting(tensor) and written is not None and written[0] == self.step_shown

    @property
    def step_shown(self) -> int:
        """The step whose numbers are shown: the one under way, or at its end the one just done."""
        snapshot = self.snapshot
        if snapshot is None:
            return 0
        ended = snapshot.position.pc == 0 and snapshot.instruction is not None
        return snapshot.position.step - (1 if ended else 0)

    # -- choosing

    def inspect(self, instruction: int | None) -> None:
        """Look at an instruction without moving; None follows the run."""
        if instruction is not None and instruction == self.done:
            instruction = None
        self.chosen = instruction
        self._ask()
        self.changed.emit()

    def select_cell(self, tensor: str, index: tuple[int, ...]) -> None:
        """Look at one number; the instruction that writes it becomes the one looked at."""
        self._cells[tensor] = tuple(index)
        if index:
            self._unit = index[-1]
        program = self.program
        if program is not None:
            writers = [i.index for i in program.instructions if tensor in i.writes]
            if not writers and tensor.endswith("/output"):
                for name in alias_names(tensor):
                    writers = [i.index for i in program.instructions if name in i.writes]
                    if writers:
                        self._cells[name] = tuple(index)
                        break
            if writers:
                current = self.instruction
                if current is None or tensor not in current.writes:
                    self.chosen = writers[-1] if writers[-1] != self.done else None
        self._ask()
        self.changed.emit()

    def set_row(self, row: int) -> None:
        """Show another sample of the batch."""
        row = max(0, min(row, self.rows - 1))
        if row != self.row:
            self.row = row
            self._subscribe()
            self._ask()
            self.changed.emit()

    @property
    def rows(self) -> int:
        """Rows in a batch."""
        seen = self.reader.rows
        return seen if seen > 1 else int(self.context.document.training.batch_size)

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

    def toggle_breakpoint(self, instruction: int) -> None:
        """Set or clear a breakpoint before an instruction."""
        self.breakpoints ^= {instruction}
        self.changed.emit()

    def run_to_breakpoint(self) -> None:
        """Step on until the next instruction is one with a breakpoint."""
        if not self.breakpoints or self.program is None:
            return
        self._running_to = len(self.program.instructions) + 1
        self.context.engine.step("instruction")

    # -- following

    @Slot(float)
    def _on_tick(self, _seconds: float) -> None:
        self._pull()

    @Slot(object)
    def _on_state(self, _state: Any) -> None:
        self._pull()
        if self._running_to is None:
            self._ask()
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
        if newest.program is not None and newest.program.serial != self._program_serial:
            self._program_serial = newest.program.serial
            self._cells.clear()
            self._before.clear()
            self.breakpoints = {b for b in self.breakpoints if b < len(newest.program.instructions)}
            self._subscribe()
        self._remember(newest)
        self._tensors = {k: v for k, v in self._tensors.items() if k[0] == newest.serial}
        self._go_on()
        self._ask()
        self.changed.emit()

    def _remember(self, snapshot: Snapshot) -> None:
        """Keep the weights a step began with: after its updates the formulas still speak of them."""
        step = snapshot.position.step
        known = self._before.setdefault(step, {})
        for name, array in snapshot.values.items():
            written = snapshot.written_at.get(name)
            if self.reader.lasting(name) and (written is None or written[0] != step):
                known[name] = array
        for old in [key for key in self._before if abs(key - step) > 2]:
            del self._before[old]

    def _go_on(self) -> None:
        """Continue towards a breakpoint."""
        if self._running_to is None or self.snapshot is None:
            return
        self._running_to -= 1
        if self.pc in self.breakpoints or self._running_to <= 0:
            self._running_to = None
            return
        self.context.engine.step("instruction")

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
                if name not in names and (small or count == 1) and count <= SMALL:
                    probes.append(Probe(name))
            known = program.tensors
            probes = [p for p in probes if p.tensor in known or p.tensor.endswith("/output")]
        wanted = tuple(probes)
        if wanted != self._wanted:
            self._wanted = wanted
            self.context.engine.subscribe(self.key, wanted)

    # -- asking

    def _ask(self) -> None:
        """Ask how the shown cell came about, unless the run is moving on already."""
        instruction, cell, snapshot = self.instruction, self.cell, self.snapshot
        if instruction is None or cell is None or snapshot is None:
            return
        engine = self.context.engine
        if engine.state.status == "playing" or self._running_to is not None:
            return
        tensor, index = cell
        full = self.full_index(tensor, index)
        known = self.explanation
        if (
            known is not None and known.serial == snapshot.serial
            and (known.instruction, known.cell) == (instruction.index, full)
        ):  # fmt: skip
            return
        asked = (snapshot.serial, instruction.index, full)
        self._asked = asked

        def done(answer: Any) -> None:
            if self._asked == asked:
                self.explanation = _shortened(asked, answer)
                self._fetch(shorten(answer.expression))
                self.explained.emit()

        def failed(_sentence: str) -> None:
            if self._asked == asked:
                self.explanation = Explained(*asked, None)
                self.explained.emit()

        output = tensor if len(instruction.writes) > 1 else None
        engine.ask(
            "explain",
            instruction=instruction.index,
            cell=full,
            output=output,
            done=done,
            failed=failed,
        )
        self._ask_upstream(instruction, snapshot, index)
        self._check_timer.stop()
        if self.checkable and self._check_is_quick:
            self._check_timer.start()

    @property
    def checkable(self) -> bool:
        """Tell whether the number shown is a gradient that can be measured by nudging its weight."""
        cell = self.cell
        if cell is None or not cell[0].startswith("grad/"):
            return False
        return is_weight(cell[0].removeprefix("grad/")) and self.reader.state(cell[0]) == "fresh"

    @Slot()
    def ask_check(self) -> None:
        """Measure the gradient of the shown weight in float64.

        The first time its kernels are compiled, which keeps the engine for seconds: so the first check waits
        to be asked for, and later ones follow by themselves once they have proved quick.
        """
        cell, asked = self.cell, self._asked
        if cell is None or asked is None or not self.checkable or self.checking:
            return
        began = perf_counter()
        self.checking = True
        explained = Explained(*asked, None)

        def checked(answer: Any) -> None:
            self.checking = False
            self._check_is_quick = perf_counter() - began < QUICK
            if self._asked == asked:
                self.check = (explained, answer)
            self.explained.emit()

        def failed(_sentence: str) -> None:
            self.checking = False
            self.explained.emit()

        self.context.engine.ask(
            "numeric_check", tensor=cell[0].removeprefix("grad/"), cell=cell[1], done=checked,
            failed=failed,
        )  # fmt: skip
        self.explained.emit()

    def _ask_upstream(
        self, instruction: InstructionView, snapshot: Snapshot, index: tuple[int, ...]
    ) -> None:
        """Ask how the error a weight's gradient is made of came about: the other factors of the chain."""
        self.upstream = self.origin = None
        error = instruction.operands.get("dy", "")
        if instruction.op != "matmul_weight_grad" or len(index) != 2 or snapshot.program is None:
            return
        writers = [i.index for i in snapshot.program.instructions if error in i.writes]
        if not writers:
            return
        asked = (snapshot.serial, writers[-1], (self.row, index[1]))
        whole = self._asked

        def done(answer: Any) -> None:
            if self._asked == whole:
                self.upstream = _shortened(asked, answer)
                self._fetch(shorten(answer.expression))
                self._ask_origin(snapshot, self.upstream.expression, whole)
                self.explained.emit()

        self.context.engine.ask(
            "explain", instruction=asked[1], cell=asked[2], output=None, done=done,
            failed=lambda _sentence: None,
        )  # fmt: skip

    def _ask_origin(self, snapshot: Snapshot, expression: Any, whole: Any) -> None:
        """Ask where the error of a neuron's output came from, one layer further on."""
        parts = getattr(expression, "factors", ())
        if not parts:
            return
        error = parts[0]
        tensor = getattr(error, "tensor", "")
        if not tensor.startswith("grad/") or snapshot.program is None:
            return
        writers = [i.index for i in snapshot.program.instructions if tensor in i.writes]
        if not writers:
            return
        asked = (snapshot.serial, writers[-1], tuple(error.index))

        def done(answer: Any) -> None:
            if self._asked == whole:
                self.origin = _shortened(asked, answer)
                self._fetch(shorten(answer.expression))
                self.explained.emit()

        self.context.engine.ask(
            "explain", instruction=asked[1], cell=asked[2], output=None, done=done,
            failed=lambda _sentence: None,
        )  # fmt: skip

    def _fetch(self, expression: Any) -> None:
        """Ask for tensors the formula mentions that are too large to be in every snapshot."""
        from app.scenes.formula_expressions import visible

        snapshot = self.snapshot
        if snapshot is None:
            return
        missing = {name for name, index in visible(expression) if self.value(name, index) is None}
        for name in missing:
            key = (snapshot.serial, name)

            def done(array: Any, key: tuple[int, str] = key) -> None:
                if self.snapshot is not None and self.snapshot.serial == key[0]:
                    self._tensors[key] = array
                    self.explained.emit()

            self.context.engine.ask("tensor", name=name, done=done, failed=lambda _sentence: None)

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


def _shortened(asked: tuple[int, int, tuple[int, ...]], answer: Any) -> Explained:
    return Explained(*asked, answer, shorten(answer.expression))


def _at(array: Any, index: tuple[int, ...]) -> float | None:
    try:
        return float(array[tuple(index)])
    except (IndexError, TypeError, ValueError):
        return None
