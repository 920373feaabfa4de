"""What was changed while a run was going, by a learner or by a callback, so that any step can be replayed."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping

import msgspec
import numpy as np

Arrays = Mapping[str, np.ndarray]

#: Bytes the arrays of a journal may take. A run with more begins anew, and what was before cannot be reached.
BUDGET = 256 * 1024**2


class Entry(msgspec.Struct, frozen=True):
    """A change that takes effect before step `step` is run. Doing it twice does no more than doing it once.

    Attributes
    ----------
    kind
        ``"scalar"``: the named scalar (the learning rate) gets `value`. ``"weight"``: the cell `cell` of the weight
        `name` gets it. ``"weights"``: weights and statistics get the arrays of this entry, by name; `value` is
        the epoch they are of, if they are those of an earlier one.
        ``"states"``: those of the layer `name`, or of all if it is empty, begin at 0 again. ``"set-states"``: they get
        the arrays of this entry. ``"shuffle"``: a new order of the samples each epoch, or (0) theirs.
        ``"epoch"``: an epoch begins here, the one with the number `value`.
    arrays
        Which of the journal's arrays belong to it; -1: none.
    """

    step: int
    kind: str
    name: str = ""
    value: float = 0.0
    cell: tuple[int, ...] = ()
    arrays: int = -1


class Journal:
    """Entries in the order of their steps.

    Parameters
    ----------
    entries
        Of an earlier journal.
    arrays
        Theirs, by `Entry.arrays` and name.
    """

    def __init__(
        self, entries: list[Entry] | None = None, arrays: Mapping[int, Arrays] | None = None
    ) -> None:
        self.entries: list[Entry] = list(entries or [])
        self._arrays: dict[int, Arrays] = dict(arrays or {})
        self._next = max(self._arrays, default=-1) + 1
        self._bytes = sum(map(_bytes, self._arrays.values()))

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def nbytes(self) -> int:
        """Memory its arrays take."""
        return self._bytes

    def arrays(self, entry: Entry) -> Arrays:
        """The arrays of an entry, by name."""
        return self._arrays.get(entry.arrays, {})

    def copy(self, until: int | None = None) -> Journal:
        """A journal with the same entries, or with those before the step `until` and those at it."""
        kept = self.entries if until is None else self.entries[: self._after(until)]
        return Journal(kept, {e.arrays: self._arrays[e.arrays] for e in kept if e.arrays >= 0})

    def add(self, entry: Entry, arrays: Arrays | None = None) -> Entry:
        """Note a change; what was noted for later steps is forgotten, because it did not happen now.

        So is an earlier change of the very same thing before the same step: a slider that is drawn leaves one entry.
        """
        if arrays is not None:
            entry = msgspec.structs.replace(entry, arrays=self._next)
            kept = {name: _kept(value) for name, value in arrays.items()}
            self._arrays[self._next] = kept
            self._next += 1
            self._bytes += _bytes(kept)
        self.forget_after(entry.step)
        # A callback that sets the rate after every epoch leaves many entries: only those of this step are looked at.
        before = bisect.bisect_left(self.entries, entry.step, key=lambda e: e.step)
        now = self.entries[before:]
        again = [self._again(one, entry) for one in now]
        self.entries[before:] = [
            *(e for e, same in zip(now, again, strict=True) if not same),
            entry,
        ]
        self._release([e for e, same in zip(now, again, strict=True) if same])
        return entry

    def forget_after(self, step: int) -> None:
        """Forget changes of later steps, which will not happen as they did."""
        place = self._after(step)
        if place < len(self.entries):
            gone = self.entries[place:]
            del self.entries[place:]
            self._release(gone)

    def _release(self, gone: Iterable[Entry]) -> None:
        """Drop the arrays of entries that are not there any more; each has its own."""
        for entry in gone:
            if entry.arrays in self._arrays:
                self._bytes -= _bytes(self._arrays.pop(entry.arrays))

    def _again(self, a: Entry, b: Entry) -> bool:
        return (a.kind, a.name, a.cell) == (b.kind, b.name, b.cell) and set(self.arrays(a)) == set(
            self.arrays(b)
        )

    def at(self, step: int) -> list[Entry]:
        """Changes before this step."""
        first = bisect.bisect_left(self.entries, step, key=lambda e: e.step)
        return self.entries[first : self._after(step)]

    def next_after(self, step: int) -> int | None:
        """The first later step with a change."""
        place = self._after(step)
        return self.entries[place].step if place < len(self.entries) else None

    def _after(self, step: int) -> int:
        return bisect.bisect_right(self.entries, step, key=lambda e: e.step)

    # ---- files ----------------------------------------------------------------------------------------------

    def to_arrays(self) -> dict[str, np.ndarray]:
        """For a file: ``"<Entry.arrays>/<name>"``."""
        return {
            f"{number}/{name}": value
            for number, arrays in self._arrays.items()
            for name, value in arrays.items()
        }

    @classmethod
    def read(cls, entries: list[Entry], arrays: Arrays) -> Journal:
        """From a file.

        Raises
        ------
        ValueError
            The entries are not in order, or the arrays of one are missing or another's.
        """
        found: dict[int, dict[str, np.ndarray]] = {}
        for key, value in arrays.items():
            number, name = key.split("/", 1)
            found.setdefault(int(number), {})[name] = _kept(value)
        steps = [e.step for e in entries]
        own = [e.arrays for e in entries if e.arrays >= 0]
        shared = len(set(own)) < len(own)
        if steps != sorted(steps) or shared or any(number not in found for number in own):
            message = "A journal is damaged."
            raise ValueError(message)
        return cls(entries, found)


def _bytes(arrays: Arrays) -> int:
    return sum(a.nbytes for a in arrays.values())


def _kept(value: np.ndarray) -> np.ndarray:
    copy = np.array(value, order="C")
    copy.flags.writeable = False
    return copy
