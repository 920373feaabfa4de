"""What a learner changed while a run was going, so that any step can be replayed."""

from __future__ import annotations

import msgspec


class Entry(msgspec.Struct, frozen=True):
    """A change that takes effect before step `step` is run.

    Attributes
    ----------
    kind
        "scalar" (a named scalar such as the learning rate), "weight" (one cell of a weight) or "states" (those of the
        layer `name`, or of all if it is empty, begin at 0 again).
    """

    step: int
    kind: str
    name: str
    value: float
    cell: tuple[int, ...] = ()


class Journal:
    """Entries in the order of their steps."""

    def __init__(self, entries: list[Entry] | None = None) -> None:
        self.entries: list[Entry] = list(entries or [])

    def add(self, entry: Entry) -> None:
        """Note a change; what was noted for later steps is forgotten, because it did not happen now."""
        self.entries = [e for e in self.entries if e.step <= entry.step]
        self.entries.append(entry)

    def at(self, step: int) -> list[Entry]:
        """Changes before this step."""
        return [e for e in self.entries if e.step == step]

    def next_after(self, step: int) -> int | None:
        """The first later step with a change."""
        later = [e.step for e in self.entries if e.step > step]
        return min(later, default=None)
