"""What the Step view asks the engine: how a number came about, and whether a gradient is right."""

from __future__ import annotations

import math
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.bus import CommandError
from app.engine.state import INTERRUPTED, PREPARING
from app.scenes.formula_expressions import visible
from app.scenes.step_values import is_weight
from app.step.simplify import shorten
from app.text import tr

if TYPE_CHECKING:
    import numpy as np

    from app.snapshots import InstructionView
    from app.step.session import StepSession

# A numeric check that took less than this many seconds is repeated by itself, so many milliseconds after the last step.
QUICK = 0.6
IDLE = 500
# Results of up to so many numbers are asked for where they are in no snapshot.
FETCHED = 1 << 19
# A chain that took less than this many seconds is asked for at once, others so many milliseconds after the last step.
SOON = 0.03
LATER = 300


@dataclass(frozen=True)
class Explained:
    """An answer of the engine: how one cell of one instruction came about."""

    serial: int
    instruction: int
    cell: tuple[int, ...]
    answer: Any
    expression: Any = None


class Questions(QObject):
    """Asks about the number a session looks at, and keeps the answers.

    Signals
    -------
    answered()
        The engine has answered, or has begun a check that takes long.

    Attributes
    ----------
    explanation
        How the number came about.
    chain
        The path of the chain rule from the loss to the gradient that is looked at (`core.tape.chain.Chain`).
    no_chain
        Why there is none, in a sentence, where the engine has said so.
    check, checking, preparing
        The numeric check asked for last with what it measured; whether one is under way, or waits for its kernels.
    """

    answered = Signal()

    def __init__(self, session: StepSession) -> None:
        super().__init__(session)
        self._session = session
        self._engine = session.context.engine
        self.explanation: Explained | None = None
        self.chain: Explained | None = None
        self.no_chain = ""
        self._through: tuple[Any, tuple[Any, ...]] = (None, ())
        self._chain_takes = 0.0
        self._chain_timer = QTimer(self)
        self._chain_timer.setSingleShot(True)
        self._chain_timer.setInterval(LATER)
        self._chain_timer.timeout.connect(self._ask_chain)
        self.check: tuple[Explained, Any] | None = None
        self.checking = False
        self._asked: tuple[int, int, tuple[int, ...]] | None = None
        #: How many chains are asked for and have not come.
        self._chains = 0
        self._again_timer = QTimer(self)
        self._again_timer.setSingleShot(True)
        self._again_timer.setInterval(LATER)
        self._again_timer.timeout.connect(self.ask)
        self._tensors: dict[tuple[int, str], np.ndarray] = {}
        self._wanted: set[tuple[int, str]] = set()
        self._check_is_quick = False
        self._check_timer = QTimer(self)
        self._check_timer.setSingleShot(True)
        self._check_timer.setInterval(IDLE)
        self._check_timer.timeout.connect(self._ask_check)
        #: Whether the learner waits for a check, and for one of another number than the one under way.
        self._check_wanted = self._check_next = False
        #: The check that is wanted waits for its kernels: it is asked for again until they are there.
        self.preparing = False
        self._prepared_for: tuple[int, int, tuple[int, ...]] | None = None
        self._prepared_timer = QTimer(self)
        self._prepared_timer.setSingleShot(True)
        self._prepared_timer.setInterval(IDLE)
        self._prepared_timer.timeout.connect(self._ask_prepared)

    def tensor(self, serial: int, name: str) -> np.ndarray | None:
        """Return a tensor that was asked for because it is too large for every snapshot."""
        return self._tensors.get((serial, name))

    def forget(self, serial: int) -> None:
        """Forget tensors of other snapshots than this one."""
        self._tensors = {k: v for k, v in self._tensors.items() if k[0] == serial}
        self._wanted = {key for key in self._wanted if key[0] == serial}

    @property
    def asked(self) -> tuple[int, int, tuple[int, ...]] | None:
        """What was asked last: snapshot, instruction and cell."""
        return self._asked

    @property
    def waiting(self) -> bool:
        """Whether the engine still owes an answer about the number that is looked at."""
        asked, known = self._asked, self.explanation
        if asked is None or self._session.running:
            return False
        answered = known is not None and (known.serial, known.instruction, known.cell) == asked
        return not answered or self._chains > 0 or any(
            key[0] == asked[0] and key not in self._tensors for key in self._wanted
        )  # fmt: skip

    def rest(self) -> None:
        """Ask nothing by itself any more."""
        for timer in (
            self._check_timer,
            self._chain_timer,
            self._again_timer,
            self._prepared_timer,
        ):
            timer.stop()
        self.preparing = False

    @Slot()
    def ask(self) -> None:
        """Ask how the shown cell came about, unless the run is moving on already."""
        session = self._session
        instruction, cell, snapshot = session.instruction, session.cell, session.snapshot
        if instruction is None or cell is None or snapshot is None:
            return
        if session.running:
            return
        tensor, index = cell
        full = session.full_index(tensor, index)
        asked = (snapshot.serial, instruction.index, full)
        known = self.explanation
        if known is not None and (known.serial, known.instruction, known.cell) == asked:
            if self._asked != asked:
                # Back at it before something else that was asked in between has been answered.
                self._asked = asked
                self._begin_chain()
            return
        if self._asked == asked:
            # The answer is on its way.
            return
        self._asked = asked

        def done(answer: Any) -> None:
            if self._asked == asked:
                self.explanation = _shortened(asked, answer)
                if session.snapshot is not None and session.snapshot.serial == asked[0]:
                    session.remember_start(getattr(answer, "before", {}))
                self._fetch(shorten(answer.expression))
                self.answered.emit()

        def failed(sentence: str) -> None:
            if self._asked == asked and sentence == INTERRUPTED:
                # Asked again when the run has come to rest.
                self._asked = self.explanation = None
                self._again_timer.start()
            elif self._asked == asked:
                self.explanation = Explained(*asked, None)
                self.answered.emit()

        output = tensor if len(instruction.writes) > 1 else None
        self._engine.ask(
            "explain",
            instruction=instruction.index,
            cell=full,
            output=output,
            done=done,
            failed=failed,
        )
        self._begin_chain()
        self._want_result(instruction, tensor)
        self._check_timer.stop()
        if self.checkable and self._check_is_quick:
            self._check_timer.start()

    @property
    def checkable(self) -> bool:
        """Tell whether the number shown is a gradient that can be measured by nudging its weight."""
        cell = self._session.cell
        if cell is None or not cell[0].startswith("grad/"):
            return False
        name = cell[0].removeprefix("grad/")
        info = self._session.reader.info(name)
        weight = is_weight(name) or (info is not None and info.role == "weight")
        return weight and self._session.reader.state(cell[0]) == "fresh"

    def ask_check(self) -> None:
        """Check the gradient that is looked at, because the learner wants it.

        Raises
        ------
        app.bus.CommandError
            It is none that can be checked.
        """
        if not self.checkable:
            raise CommandError(
                tr(
                    "Only the gradient of a weight can be checked, as soon as it is computed. "
                    "Choose one in the drawing or in the listing."
                )
            )
        self._check_wanted = True
        self._ask_check()

    @Slot()
    def _ask_check(self) -> None:
        """Measure the gradient of the shown weight in float64.

        The first time its kernels are compiled, which keeps the engine for seconds: so the first check waits
        to be asked for, and later ones follow by themselves once they have proved quick.
        """
        cell, asked = self._session.cell, self._asked
        if cell is None or asked is None or not self.checkable:
            return
        if self.checking:
            self._check_next = self._check_wanted
            return
        began = perf_counter()
        self.checking = True
        explained = Explained(*asked, None)

        def checked(answer: Any) -> None:
            self.checking = self.preparing = False
            self._check_is_quick = perf_counter() - began < QUICK
            if self._asked == asked:
                self.check = (explained, answer)
            self._end_check()

        def failed(sentence: str) -> None:
            self.checking = False
            self.preparing = sentence == PREPARING and self._check_wanted
            if self.preparing:
                self._prepared_for = asked
                self._prepared_timer.start()
            elif self._check_wanted and sentence != INTERRUPTED:
                self._session.context.refused.emit(sentence)
            self._end_check()

        self._engine.ask(
            "numeric_check", tensor=cell[0].removeprefix("grad/"), cell=cell[1], done=checked,
            failed=failed,
        )  # fmt: skip
        self.answered.emit()

    @Slot()
    def _ask_prepared(self) -> None:
        """Ask again for a check that had to wait, unless another number is looked at by now."""
        if self._asked == self._prepared_for and self.checkable:
            self._check_wanted = True
            self._ask_check()
        else:
            self.preparing = False
            self.answered.emit()

    def _end_check(self) -> None:
        """A check has come back: the learner may wait for one of another number meanwhile."""
        following, self._check_next, self._check_wanted = self._check_next, False, False
        self.answered.emit()
        if following:
            self._check_wanted = True
            self._ask_check()

    # -- the chain rule

    def choose(self, level: int, tensor: str, index: tuple[int, ...]) -> None:
        """Let the path of the chain rule take another way from a level on."""
        found = self.chain
        if found is None or not 0 <= level < len(found.answer.levels):
            return
        ways = [one.way.source for one in found.answer.levels[:level] if one.way is not None]
        places = [(source.tensor, source.index) for source in ways]
        self._through = (self._chain_of(), (*places, (tensor, tuple(index))))
        self._ask_chain()

    @property
    def chosen_ways(self) -> tuple[Any, ...]:
        """The ways that the learner has chosen for the path that is shown."""
        return self._through[1] if self._through[0] == self._chain_of() else ()

    def _chain_of(self) -> tuple[str, tuple[int, ...]] | None:
        cell = self._session.cell
        if cell is None or not cell[0].startswith("grad/"):
            return None
        return cell[0], self._session.full_index(*cell)

    def _begin_chain(self) -> None:
        """Ask for the path to another number: at once, or when the learner has come to rest."""
        self.chain = None
        self.no_chain = ""
        self._chain_timer.stop()
        if self._chain_takes < SOON:
            self._ask_chain()
        else:
            # Sums of thousands of terms: while the learner walks on, nobody waits for them.
            self._chain_timer.start()

    @Slot()
    def _ask_chain(self) -> None:
        """Ask for the path from the loss back to the number that is looked at."""
        session, of, asked = self._session, self._chain_of(), self._asked
        if of is None or asked is None:
            return
        through = self.chosen_ways
        began = perf_counter()

        def done(answer: Any) -> None:
            self._chains -= 1
            self._chain_takes = perf_counter() - began
            if self._asked == asked and self._chain_of() == of:
                self.chain = Explained(*asked, answer)
                self.answered.emit()

        def failed(sentence: str) -> None:
            self._chains -= 1
            if sentence == INTERRUPTED and self._asked == asked:
                self._chain_timer.start()
            elif self._asked == asked:
                self.no_chain = sentence
                self.answered.emit()

        self._chains += 1

        self._engine.ask(
            "chain", tensor=of[0], cell=of[1], through=through, row=session.row, done=done,
            failed=failed,
        )  # fmt: skip

    def _fetch(self, expression: Any) -> None:
        """Ask for tensors the formula mentions that are too large to be in every snapshot."""
        snapshot = self._session.snapshot
        if snapshot is None:
            return
        missing = {
            name for name, index in visible(expression) if self._session.value(name, index) is None
        }
        for name in missing:
            self.want(name)

    def _want_result(self, instruction: InstructionView, tensor: str) -> None:
        """Ask for what the instruction has made, where no snapshot holds it, so that more than one number is seen."""
        session = self._session
        info = session.reader.info(tensor)
        if info is None or instruction.phase == "update":
            return
        if math.prod(info.shape) * (session.rows if info.batch else 1) <= FETCHED:
            session.array(tensor)

    def want(self, name: str) -> None:
        """Ask for a tensor that is too large for every snapshot.

        Asked once for each snapshot; `answered` tells that it has come.
        """
        snapshot, session = self._session.snapshot, self._session
        if snapshot is None or (snapshot.serial, name) in self._wanted or session.running:
            return
        key = (snapshot.serial, name)
        self._wanted.add(key)

        def done(array: Any) -> None:
            shown = session.snapshot
            if shown is not None and shown.serial == key[0]:
                self._tensors[key] = array
                self.answered.emit()

        def failed(_sentence: str) -> None:
            self._wanted.discard(key)

        self._engine.ask("tensor", name=name, done=done, failed=failed)


def _shortened(asked: tuple[int, int, tuple[int, ...]], answer: Any) -> Explained:
    return Explained(*asked, answer, shorten(answer.expression))
