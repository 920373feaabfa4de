"""Whole steps of which every value is read, at the speed of the machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from core import checked
from core.errors import ChainruleError, SettingError
from core.runs.copies import Copies, Room
from core.runs.instructing import REPLAY
from core.runs.reading import Reading
from core.runs.stopping import Stopping
from core.spec.training import check_whole
from core.tape.copying import Copying
from core.tape.writes import last_writes

#: Bytes of a part, unless a single step takes more.
PART = 32 * 1024**2
#: Bytes that what is read in one go may take.
MOST = 1024**3


@dataclass(frozen=True)
class _Chosen:
    """What is read: by name the instruction that writes it, bytes a step, and memory for parts of so many steps."""

    key: object
    tables: object
    copying: Copying
    written: dict[str, int]
    bytes: int
    rooms: dict[int, Room] = field(default_factory=dict)


class Observing(Stopping):
    """Forwards by whole steps, with what each instruction wrote.

    `step("instruction")` and `program.tensor` give the same numbers, one instruction at a time, to a learner who looks.
    Here a whole epoch is read in about the time it takes, for curves, films and tests of every value on the way.
    """

    _chosen_last: _Chosen | None = None

    def read(
        self,
        steps: int = 1,
        of: str | Sequence[str] | None = None,
        rows: int | slice | None = None,
        progress: Callable[[float], object] | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> Reading:
        """Do so many whole steps, and read what their instructions write.

        Parameters
        ----------
        steps
            How many. A step that was begun is begun again, and is the first of them.
        of
            Names of values (those of ``program.tensors``); by default all that instructions write.
        rows
            Of batches only these samples, by their places in the batch: one, or a slice.
        progress, stop
            As for `seek`; also ``program.control[0]`` ends it.

        Returns
        -------
        All steps that were done: fewer than asked for if it was stopped, or if numbers broke.

        Raises
        ------
        core.errors.ChainruleError
            There is no such value, or it would take more than `MOST` bytes: `reading` gives it in parts.
        core.errors.DivergedError
            Numbers broke before.

        Examples
        --------
        >>> found = run.read(100, of=["dense/kernel", "grad/dense/kernel"])
        >>> found["dense/kernel"].shape
        (100, 2, 8)
        >>> for instruction, values in run.read().walk(100): ...
        """
        steps = check_whole("steps", steps, 1)
        of = of if of is None or isinstance(of, str) else _listed(of)
        chosen = self._chosen(of, rows)
        needed = steps * chosen.bytes
        if needed > MOST:
            raise SettingError(
                f"Reading {steps:,} steps takes {needed / 1e9:,.1f} GB, more than the {MOST / 1e9:.1f} GB that are "
                "read in one go. Name the values (of) and samples (rows) that matter, read fewer steps, or use "
                "reading(), which gives them in parts.",
                "steps",
            )
        self._begin_reading()
        room = Room(chosen.copying, self.program.dtype, steps)
        copies = Copies(chosen.copying, room, self.step_count, steps)
        stopped = None
        while copies.done < steps and not self._stopped():
            piece = max(int(REPLAY / self._seconds_a_step), 1)
            self._require_the_same(chosen, of, rows)
            stopped = self._fill(copies, chosen, min(steps, copies.done + piece))
            if progress is not None:
                progress(copies.done / steps)
            if copies.done < steps and stop is not None and stop():
                break
        return Reading(self.program, copies, chosen.written, stopped)

    def reading(
        self,
        steps: int | None = None,
        of: str | Sequence[str] | None = None,
        rows: int | slice | None = None,
        part: int = PART,
    ) -> Iterator[Reading]:
        """The same in parts of at most `part` bytes (or one step, if that takes more), each before the next is run.

        Between two parts the run stands after a whole step, and whoever has had enough leaves it there. A part ends
        where an epoch does, so that held-out data can be measured there. What is changed there (other data, another
        learning rate, the number of threads) holds for the next part.

        Parameters
        ----------
        steps
            How many; by default to the end of the present epoch.
        of, rows
            As for `read`.
        part
            Bytes.

        Yields
        ------
        The steps of a part.
        """
        if steps is not None:
            steps = check_whole("steps", steps, 1)
        of = of if of is None or isinstance(of, str) else _listed(of)
        size = check_whole("part", part, 1)
        # What cannot be read is refused before the first part is asked for.
        self._chosen(of, rows)
        return self._parts(steps, of, rows, size)

    def _parts(
        self, steps: int | None, of: str | Sequence[str] | None, rows: Any, size: int
    ) -> Iterator[Reading]:
        self._begin_reading()
        left = self._until_epoch_end() if steps is None else steps
        before: _Chosen | None = None
        while left > 0 and not self._stopped():
            # Between two parts others may have had the run.
            self._begin_reading()
            chosen = self._chosen(of, rows)
            if chosen is not before:
                most = min(max(size // chosen.bytes, 1), left)
                room = chosen.rooms.pop(most, None) or Room(
                    chosen.copying, self.program.dtype, most
                )
                # The memory of the last epoch serves the next, too.
                chosen.rooms.clear()
                chosen.rooms[most] = room
                before = chosen
            many = min(left, most, self._until_epoch_end())
            copies = Copies(chosen.copying, room, self.step_count, many)
            stopped = None
            while copies.done < many and not self._stopped():
                stopped = self._fill(copies, chosen, many)
            left -= copies.done
            if copies.done:
                yield Reading(self.program, copies, chosen.written, stopped)

    def _begin_reading(self) -> None:
        self._require_healthy()
        self._undo_begun_step()
        self.undo.clear()

    def _fill(self, copies: Copies, chosen: _Chosen, until: int) -> int | None:
        """Go on until so many steps are copied, or something else has to be done, or numbers break.

        Returns
        -------
        If they broke in the last step that is copied: how many of its instructions were run.
        """
        self._run_slice(min(until - copies.done, self._until_epoch_end()), copies)
        if self.divergence is None and not self._state_is_finite():
            # What a step writes behind its loss no loss tells of before the next one.
            self._locate(self.step_count)
        if self.divergence is None:
            return None
        # The run stands where it broke, which may be before the step whose loss told of it.
        copies.drop(copies.first + copies.done - self.step_count)
        if not self.pc and copies.done and self.divergence.step == self.step_count - 1:
            # They broke in the very last instruction: the step is finished, but not whole.
            return len(self.program.kinds)
        if self.step_count < copies.first or not self.pc or copies.done == copies.steps:
            return None
        copies.take(self.program, [pc < self.pc for pc in chosen.written.values()])
        return self.pc

    def _require_the_same(self, chosen: _Chosen, of: Any, rows: Any) -> None:
        if self._chosen(of, rows) is not chosen:
            raise ChainruleError(
                "The data (or the number of threads) were changed while steps were being read, by what is called on "
                "the way. reading() gives steps in parts, and between two of them both may be changed."
            )

    def _chosen(self, of: Any, rows: Any) -> _Chosen:
        """What is to be read; that of the last time is kept, for whoever reads step by step."""
        program, tape = self.program, self.program.tape
        written = self._everything if of is None else self._named(of)
        places = range(program.capacity) if rows is None else self._rows(rows)
        key = (program.threads, places, tuple(written))
        last = self._chosen_last
        # Other tables of data are other numbers on the tape.
        if last is None or last.key != key or last.tables is not program.tables:
            copying = Copying(program, {name: tape.tensors[name] for name in written}, places)
            size = copying.stride * program.dtype.itemsize
            last = self._chosen_last = _Chosen(key, program.tables, copying, written, size)
        return last

    @cached_property
    def _everything(self) -> dict[str, int]:
        """Every value that instructions write, by name, and the (last) instruction that writes it."""
        tape = self.program.tape
        outputs = {t.name: t for ins in tape.instructions for t in ins.outputs.values()}
        return last_writes(tape, outputs)

    def _named(self, of: Any) -> dict[str, int]:
        names = [of] if isinstance(of, str) else list(of)
        if not names:
            message = "Nothing is to be read: name values of the program (of), or leave it out to read all."
            raise SettingError(message, "of")
        found = {name: self.program._tensor(name) for name in names}
        written = last_writes(self.program.tape, found)
        for name in found:
            if name not in written:
                raise ChainruleError(
                    f"No instruction writes {name}: it stays as it is, and stands in program.tensor({name!r})."
                )
        return written

    def _rows(self, rows: Any) -> range:
        count = self.program.capacity
        one = checked.whole(rows)
        if one is not None:
            found = range(one, min(one + 1, count))
        elif isinstance(rows, slice) and rows.step in (None, 1):
            found = range(count)[rows]
        else:
            raise SettingError(
                f"rows says which samples of a batch are read: a place from 0, or a slice of places that follow each "
                f"other; it is {rows!r}.",
                "rows",
            )
        if not found:
            raise SettingError(
                f"A batch has {count} samples, at the places 0 to {count - 1}; rows={rows!r} is none of them.",
                "rows",
            )
        return found


def _listed(of: Any) -> list[str]:
    """Names as a list: a generator gives them only once."""
    try:
        return list(of)
    except TypeError:
        raise SettingError(
            f"of names what is read: a name of program.tensors, a list of them, or None for all; it is {of!r}.",
            "of",
        ) from None
