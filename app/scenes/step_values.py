"""Reading a snapshot the way the Step view shows it: one row of the batch, and what is computed already.

A tensor is *fresh* when it was written in the step under way, *stale* when it still holds numbers of an earlier step,
and *absent* when nothing has written it. Weights are always fresh.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from app.snapshots import LASTING

if TYPE_CHECKING:
    from app.snapshots import InstructionView, ProgramView, Snapshot, TensorView

State = Literal["fresh", "stale", "absent"]
WEIGHTS = ("kernel", "bias", "gamma", "beta", "recurrent_kernel", "embeddings")


def cell_id(tensor: str, index: tuple[int, ...]) -> str:
    """Return the name of a cell in hit indices and selections; the batch row is not part of it."""
    return f"cell:{tensor}:{','.join(map(str, index))}"


def parse_cell(identifier: str) -> tuple[str, tuple[int, ...]] | None:
    """Undo `cell_id`; None for anything else."""
    if not identifier.startswith("cell:"):
        return None
    tensor, _, tail = identifier[5:].rpartition(":")
    return tensor, tuple(int(part) for part in tail.split(",") if part)


def alias_names(tensor: str) -> tuple[str, ...]:
    """Return the names a layer's final output may be written under, the tensor's own first."""
    head, _, tail = tensor.rpartition("/")
    if tail != "output":
        return (tensor,)
    return (tensor, *(f"{head}/{name}" for name in ("a", "z", "product", "x")))


def is_weight(tensor: str) -> bool:
    """Tell whether a tensor is a parameter of the network rather than something computed in a step."""
    computed = tensor.startswith(("grad/", "clipped/", "norm/"))
    return not computed and tensor.rpartition("/")[2] in WEIGHTS


_last: tuple[ProgramView | None, frozenset[str], bool] = (None, frozenset(), False)


def _known(program: ProgramView) -> tuple[frozenset[str], bool]:
    """What is true of a program whatever its numbers are; remembered for the program seen last.

    What its instructions read and none of them writes; whether it has weights without a gradient.
    """
    global _last
    known, found, frozen = _last
    if known is not program:
        written = {name for line in program.instructions for name in line.writes}
        found = frozenset(
            name for line in program.instructions for name in line.operands.values()
            if name.endswith("/start") and name not in written and name in program.tensors
        )  # fmt: skip
        weights = [name for name, t in program.tensors.items() if t.role == "weight"]
        frozen = any(f"grad/{name}" not in program.tensors for name in weights)
        _last = (program, found, frozen)
    return found, frozen


@dataclass(frozen=True)
class Reader:
    """Values of one row of the batch in one snapshot; without a snapshot everything is absent."""

    snapshot: Snapshot | None
    row: int = 0

    def info(self, tensor: str) -> TensorView | None:
        """What is known of a tensor."""
        program = self.snapshot.program if self.snapshot else None
        return program.tensors.get(tensor) if program else None

    def first(self, *tensors: str) -> str:
        """Return the first of these tensors the program has, or the first of all."""
        for tensor in tensors:
            if self.info(tensor) is not None:
                return tensor
        return tensors[0]

    def lasting(self, tensor: str) -> bool:
        """Tell whether a tensor outlives a step: weights, the optimizer's memory, settings."""
        info = self.info(tensor)
        return info is not None and info.role in LASTING

    def state(self, tensor: str) -> State:
        """Tell whether a tensor holds numbers of this step."""
        if self.snapshot is None:
            return "absent"
        if is_weight(tensor) or self.lasting(tensor):
            return "fresh"
        written = next(
            (w for n in alias_names(tensor) if (w := self.snapshot.written_at.get(n)) is not None),
            None,
        )
        if written is None:
            return "fresh" if self.given(tensor) else "absent"
        position = self.snapshot.position
        if written[0] == position.step:
            return "fresh"
        # At the border between two steps the numbers of the one just done are still the ones to read.
        if position.pc == 0 and written[0] == position.step - 1:
            return "fresh" if self.snapshot.instruction is not None else "stale"
        return "stale"

    def given(self, tensor: str) -> bool:
        """Tell whether an instruction reads this and none writes it: the zeros a recurrent layer starts from."""
        program = self.snapshot.program if self.snapshot else None
        return program is not None and tensor in _known(program)[0]

    def never(self, tensor: str) -> bool:
        """Tell whether no instruction computes this: gradients of frozen weights, and of all that only feeds them."""
        program = self.snapshot.program if self.snapshot else None
        return program is not None and all(n not in program.tensors for n in alias_names(tensor))

    @property
    def frozen(self) -> bool:
        """Whether there are weights without a gradient."""
        program = self.snapshot.program if self.snapshot else None
        return program is not None and _known(program)[1]

    def array(self, tensor: str) -> np.ndarray | None:
        """Return a tensor without its batch axis (this row), or None when it is not in the snapshot."""
        if self.snapshot is None:
            return None
        array = self.source(tensor)
        if array is None:
            scalar = self.snapshot.scalars.get(tensor)
            return None if scalar is None else np.asarray(scalar, np.float32)
        return self._own_row(tensor, array)

    def source(self, tensor: str) -> np.ndarray | None:
        """Return the snapshot's array that holds a tensor, of whichever rows: the same object while it is the same."""
        if self.snapshot is None:
            return None
        return next(
            (a for n in alias_names(tensor) if (a := self.snapshot.get(n)) is not None), None
        )

    def _own_row(self, tensor: str, array: np.ndarray) -> np.ndarray | None:
        info = self.info(tensor)
        if info is not None and info.batch and array.ndim == len(info.shape) + 1:
            return array[min(self.row, len(array) - 1)] if len(array) else None
        return array

    def value(self, tensor: str, index: tuple[int, ...] = ()) -> float | None:
        """Return one number, or None when it is not computed in this step."""
        if self.state(tensor) != "fresh":
            return None
        return _cell(self.array(tensor), index)

    def otherwise(self, tensor: str, index: tuple[int, ...] = ()) -> float | None:
        """Return what a number would be without those put in by hand, where that is another; else None."""
        whatif = self.snapshot.whatif if self.snapshot is not None else None
        if whatif is None or not whatif.before or self.state(tensor) != "fresh":
            return None
        before = next(
            (a for n in alias_names(tensor) if (a := whatif.before.get(n)) is not None), None
        )
        if before is None:
            return None
        old, new = _cell(self._own_row(tensor, before), index), self.value(tensor, index)
        return None if old is None or new is None or old == new else old

    def changed_cells(self, tensor: str, most: int | None) -> list[tuple[int, ...]]:
        """Return the cells of the shown row that are others than without the numbers put in, up to so many."""
        whatif = self.snapshot.whatif if self.snapshot is not None else None
        if whatif is None or self.state(tensor) != "fresh":
            return []
        before = next(
            (a for n in alias_names(tensor) if (a := whatif.before.get(n)) is not None), None
        )
        now = self.array(tensor)
        old = None if before is None else self._own_row(tensor, before)
        if old is None or now is None or old.shape != now.shape:
            return []
        # Not a number before and after is no change.
        changed = (old != now) & ~((old != old) & (now != now))
        return [tuple(at) for at in np.argwhere(changed)[:most].tolist()]

    def cells_by_hand(self, tensor: str) -> list[tuple[int, ...]]:
        """Return the cells of the shown row that were put in by hand."""
        whatif = self.snapshot.whatif if self.snapshot is not None else None
        info, names = self.info(tensor), alias_names(tensor)
        cells = [e.cell for e in whatif.edits if e.tensor in names] if whatif is not None else []
        if info is not None and info.batch:
            cells = [cell[1:] for cell in cells if cell[:1] == (self.row,)]
        return [tuple(cell) for cell in cells]

    def by_hand(self, tensor: str, index: tuple[int, ...] = ()) -> bool:
        """Tell whether a number was put in by hand."""
        whatif = self.snapshot.whatif if self.snapshot is not None else None
        if whatif is None:
            return False
        info = self.info(tensor)
        full = (self.row, *index) if info is not None and info.batch else index
        names = alias_names(tensor)
        # A row of targets is by hand if one of its numbers is.
        return any(e.tensor in names and e.cell[: len(full)] == full for e in whatif.edits)

    @property
    def current(self) -> InstructionView | None:
        """The instruction done last, or None at the very beginning."""
        if self.snapshot is None or self.snapshot.program is None:
            return None
        index = self.snapshot.instruction
        instructions = self.snapshot.program.instructions
        return instructions[index] if index is not None and 0 <= index < len(instructions) else None

    @property
    def rows(self) -> int:
        """Rows in the batch as far as the values tell."""
        if self.snapshot is None or self.snapshot.program is None:
            return 1
        for name, array in self.snapshot.values.items():
            info = self.snapshot.program.tensors.get(name)
            if info is not None and info.batch and array.ndim == len(info.shape) + 1:
                return len(array)
        return 1


def _cell(array: np.ndarray | None, index: tuple[int, ...]) -> float | None:
    if array is None:
        return None
    try:
        return float(array[index]) if array.ndim == len(index) else float(array.ravel()[index[-1]])
    except (IndexError, TypeError, ValueError):
        return None
