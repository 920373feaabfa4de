"""Close-ups: one instruction drawn with all its numbers, each kind in a file that registers itself.

A close-up is a painter without state, like a scene: what it is asked to paint (`Subject`), where (`layout`), and with
which arrays (`Moment`). The window and films draw the same pictures. Of those that fit an instruction the one of the
highest `rank` is shown; the general one, with every operand as a heat map, has rank 0 and fits all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from app.registering import Registry
from app.scenes.cache import Cache
from app.snapshots import LASTING

if TYPE_CHECKING:
    import numpy as np
    from PySide6.QtGui import QPainter

    from app.scenes.frame import Selection, ViewState
    from app.scenes.hits import Hit, HitIndex
    from app.snapshots import InstructionView, ProgramView, Snapshot, TensorView
    from app.theme import Theme
    from app.traces import Destination, Origin

Index = tuple[int, ...]


@dataclass(frozen=True)
class Subject:
    """What a close-up is of.

    Attributes
    ----------
    program, instruction
        The tape and the line of it that is looked at.
    tensor, cell
        The number that is looked at; its index counts without the sample.
    row, rows
        The sample of the batch that is shown, and how many there are.
    """

    program: ProgramView
    instruction: InstructionView
    tensor: str
    cell: Index
    row: int = 0
    rows: int = 1

    def info(self, name: str) -> TensorView:
        """What is known of a tensor."""
        return self.program.tensors[name]

    @property
    def full(self) -> Index:
        """The cell as the engine counts: with the sample in front where the tensor has one row for each."""
        return (self.row, *self.cell) if self.info(self.tensor).batch else self.cell


@dataclass(frozen=True)
class Moment:
    """The numbers a close-up paints.

    Attributes
    ----------
    arrays
        By tensor name: of tensors of the batch ``(rows, *shape)``, or ``(1, *shape)`` if only the shown sample was
        sent; of others their shape. Missing where this step has not computed them.
    before
        The same of what lasts from step to step (weights, averages of optimizers), as the step found it.
    snapshot
        The moment of the run.
    selection
        ``node`` and ``hover`` are cells by `app.scenes.step_values.cell_id`.
    toggles
        Switches of the view by name: ``"scale"`` is ``"shared"`` or ``"own"``, ``"notation"`` ``"rows"`` or
        ``"columns"``; ``"walked"``: while the cells are played through (`Walk`), the number of the present one.
    clock
        Seconds since the instruction was come to, for what moves; infinite when it has come to rest.
    origin
        How the chosen number came about, once the engine has said so.
    picked
        An operand's number that was clicked: tensor and index as the engine counts.
    destinations
        The instructions the picked number goes into, or the chosen one; ``asked`` tells that the engine has answered.
    readers
        Of this instruction the cells that read the picked number, or the one under the mouse: by tensor ``(n, axes)``.
    pointed
        The cell under the mouse, as the engine counts.
    """

    arrays: Mapping[str, np.ndarray] = field(default_factory=lambda: MappingProxyType({}))
    before: Mapping[str, np.ndarray] = field(default_factory=lambda: MappingProxyType({}))
    snapshot: Snapshot | None = None
    selection: Selection | None = None
    toggles: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    clock: float = float("inf")
    origin: Origin | None = None
    picked: tuple[str, Index] | None = None
    destinations: tuple[Destination, ...] = ()
    asked: bool = False
    readers: Mapping[str, np.ndarray] = field(default_factory=lambda: MappingProxyType({}))
    pointed: tuple[str, Index] | None = None

    def read(self, subject: Subject, name: str) -> np.ndarray | None:
        """What the instruction read: of weights and what else lasts the numbers its step began with."""
        if self._changed(subject, name):
            return self.before.get(name)
        return self.arrays.get(name)

    def made(self, subject: Subject, name: str) -> np.ndarray | None:
        """What the instruction has made, or None if it has not run in this step."""
        if subject.info(name).role in LASTING and not self._changed(subject, name):
            return None
        return self.arrays.get(name)

    def _changed(self, subject: Subject, name: str) -> bool:
        """Tell whether the step shown has changed what lasts from step to step."""
        if subject.info(name).role not in LASTING or self.snapshot is None:
            return False
        position, written = self.snapshot.position, self.snapshot.written_at.get(name)
        ended = position.pc == 0 and self.snapshot.instruction is not None
        return written is not None and written[0] == position.step - int(ended)

    def value(
        self, subject: Subject, name: str, full: Index, made: bool | None = None
    ) -> float | None:
        """One number by the engine's index: as it was made (by default of what the instruction writes), or read."""
        if made is None:
            made = name in subject.instruction.writes
        array = self.made(subject, name) if made else self.read(subject, name)
        if array is None:
            return None
        if subject.info(name).batch and len(array) == 1 and full:
            full = (0, *full[1:]) if full[0] == subject.row else full
        try:
            return float(array[full])
        except IndexError:
            return None

    def sample(self, subject: Subject, name: str) -> np.ndarray | None:
        """A tensor without its batch axis: the shown sample's."""
        array = self.arrays.get(name)
        if array is None or not subject.info(name).batch:
            return array
        return array[min(subject.row, len(array) - 1)]


@dataclass(frozen=True)
class Walk:
    """The cells of a result a close-up passes one after the other when it plays: a window sliding over an image.

    Attributes
    ----------
    base
        One of them; what `axes` do not name stays as it is here.
    axes, sizes
        Axes that are walked over, counted without the sample, the outermost first, and how long each is.
    """

    base: Index
    axes: tuple[int, ...]
    sizes: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many cells there are."""
        return math.prod(self.sizes)

    def cell(self, number: int) -> Index:
        """Return the cell of a number from 0."""
        cell = list(self.base)
        for axis, size in zip(reversed(self.axes), reversed(self.sizes), strict=True):
            number, cell[axis] = divmod(number, size)
        return tuple(cell)

    def number(self, cell: Index) -> int:
        """Return the number of a cell."""
        number = 0
        for axis, size in zip(self.axes, self.sizes, strict=True):
            number = number * size + cell[axis]
        return number


class Closeup(Protocol):
    """What a file of this package registers.

    It may also have ``walk(subject) -> Walk | None``, the cells it can play through, and ``moves(subject)``, the axes
    of the result along which the arrow keys move: down (or None) and across.
    """

    name: str
    rank: int

    def fits(self, subject: Subject) -> bool:
        """Whether it has something to show of this instruction."""

    def tensors(self, subject: Subject) -> tuple[str, ...]:
        """Name the tensors it needs."""

    def layout(self, subject: Subject, size: tuple[float, float], view: ViewState) -> Any:
        """Place everything; the result is immutable and has ``size`` and ``hits`` (`app.scenes.hits.HitIndex`).

        Ids of hits that are cells come from `app.scenes.step_values.cell_id`.
        """

    def paint(
        self, painter: QPainter, place: Any, theme: Theme, subject: Subject, moment: Moment
    ) -> None:
        """Draw one moment inside the rectangle (0, 0, width, height)."""

    def describe(self, place: Any, hit: Hit, subject: Subject, moment: Moment) -> tuple[str, ...]:
        """Lines of the tooltip of what the hit index found."""

    def title(self, subject: Subject) -> str:
        """A few words over the picture: what it shows."""

    def duration(self, subject: Subject) -> float:
        """Seconds for which something moves after the instruction was come to; 0 where nothing does."""


# Those of the highest rank first.
_registry: Registry[Closeup] = Registry(
    "app.scenes.closeups", "close-up", lambda one: (-one.rank, one.name)
)
register = _registry.register


def closeups() -> tuple[Closeup, ...]:
    """Return all, those of the highest rank first."""
    return _registry.all()


def fitting(subject: Subject) -> tuple[Closeup, ...]:
    """Return those that fit an instruction, the best first."""
    line, known = subject.instruction, closeups()
    places = (subject.tensor, subject.cell, subject.row, subject.rows)
    key = (id(subject.program), id(line), *places, len(known))
    # Some look through all of the tape, and are asked several times for one picture. The subject is kept, so that no
    # other program can have its id.
    found: tuple[Subject, tuple[Closeup, ...]] = _fitting.get(
        key, lambda: (subject, tuple(one for one in known if one.fits(subject)))
    )
    return found[1]


_fitting = Cache(16)


def walk_of(closeup: Closeup | None, subject: Subject | None) -> Walk | None:
    """Return the cells a close-up can play through, or None."""
    walk = getattr(closeup, "walk", None)
    found = walk(subject) if walk is not None and subject is not None else None
    return found if found is not None and found.count > 1 else None


__all__ = [
    "Closeup", "HitIndex", "Index", "Moment", "Subject", "Walk", "closeups", "fitting", "register", "walk_of",
]  # fmt: skip
