"""A program's steps run by two threads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from core.kernels import machine as one
from core.kernels import sharing as machine
from core.tape import helper
from core.tape.sharing import WORTH_CUTTING, Sharing, share
from core.tape.trial import Trial

if TYPE_CHECKING:
    from core.tape.program import Program

#: The second thread is called for at least this many multiply-adds: waking it takes some 50 microseconds.
WORTH_WAKING = 10_000_000
#: Within a step of so many it comes even if it has to wait for the interpreter's lock.
LONG_STEP = 70_000_000


@dataclass(frozen=True)
class Longer:
    """A program's tape with more instructions, of which every step is run in full.

    Attributes
    ----------
    kernels, ints, reals
        By number of the instruction: those of the program, then others.
    order
        The instructions of a step, by number.
    sharing
        By two threads, if they share it.
    """

    kernels: np.ndarray
    ints: np.ndarray
    reals: np.ndarray
    order: np.ndarray
    sharing: Sharing


class Team:
    """The leader's side: shares a program and asks the helper in.

    Parameters
    ----------
    program
        Bound.
    first
        Where runs of it begin: instructions before are not run, or not shared.
    work
        Multiply-adds of a step (`core.tape.sharing.work`).
    worth_cutting
        As `core.tape.sharing.share` takes it.
    tape
        To run instead of the program's own.
    """

    def __init__(
        self,
        program: Program,
        first: int,
        work: int,
        worth_cutting: int = WORTH_CUTTING,
        tape: Longer | None = None,
    ) -> None:
        self.first, self.work = first, work
        if tape is None:
            count = len(program._kernels)
            planned = partial(
                share, rows=program.capacity, first=first, worth_cutting=worth_cutting
            )
            self.sharing = planned(program.tape.instructions, count=count)
            # Where runs begin behind the data, each is looked at: nothing is fused.
            fused = [] if first else program._fused_instructions
            numbers = [int(k) for k in program._fused_order]
            self._fused = planned(fused, numbers=numbers, count=count + len(self.sharing.ints))
        else:
            self.sharing, self._fused = tape.sharing, share([], program.capacity)
        self._tape = tape
        self._meeting = np.zeros(machine.MEETING, np.int64)
        # A row of cache lines each, so that the threads do not write to one.
        self._owns = np.zeros((2, 64), np.int64)
        self._helper: helper.Helper | None = None
        self.trial = Trial()
        self._bind(program)
        self._run(program, 0, np.zeros((1, max(len(program.watch), 1))))
        machine.assist(*self._shared)

    def _bind(self, program: Program) -> None:
        own = self.sharing.ints + self._fused.ints
        more = np.zeros((len(own), max([1, *map(len, own)])), np.int64)
        for k, row in enumerate(own):
            more[k, : len(row)] = row
        tasks, bounds = self.sharing.tasks, self.sharing.bounds
        # One list of regions: those of a full step, then those of a fused one.
        tasks = np.concatenate([tasks, self._fused.tasks])
        bounds = np.concatenate([bounds, self._fused.bounds + len(self.sharing.tasks)])
        rows = (program._kernels, program._whole_ints, program.reals)
        if self._tape is not None:
            rows = (self._tape.kernels, self._tape.ints, self._tape.reals)
        self._shared = (
            *rows, program.mem, program.state, more, self._owns, self._meeting, tasks, bounds,
        )  # fmt: skip

    def run_steps(self, program: Program, steps: int, record: np.ndarray) -> int:
        """As `Program.run_steps`, by two threads if the other one comes."""
        if steps * self.work < WORTH_WAKING:
            return self._run(program, steps, record)
        done = 0
        while done < steps:
            piece = self.trial.most(steps - done)
            ran = self._run_piece(program, piece, record[done:])
            done += ran
            if ran < piece:
                break
        return done

    def _run_piece(self, program: Program, steps: int, record: np.ndarray) -> int:
        """Steps by as many threads as is their turn."""
        expected = -1
        if self.trial.threads == 2:
            self._call()
            expected = 2 if self.work >= LONG_STEP else 1
        began = perf_counter()
        done = self._run(program, steps, record, expected)
        self.trial.count(done, perf_counter() - began)
        return done

    def run(self, program: Program) -> None:
        """The whole tape once from where the sharing begins, by two threads if the other one is here or comes."""
        self._call()
        meeting = self._meeting
        meeting[machine.RUNNING] = 1
        end = self.sharing.prelude if meeting[machine.PRESENT] else len(program.kinds)
        one.run_range(*self._shared[:5], self.first, end)
        if not program.error and end < len(program.kinds):
            machine.run_regions(*self._shared, 0, len(self.sharing.bounds))
        meeting[machine.RUNNING] = 0

    def run_alone(self, program: Program, steps: int, record: np.ndarray) -> int:
        """The parts of each region one after the other, on this thread: the same bits."""
        meeting = self._meeting
        self._renew()
        self._meeting[machine.PRESENT] = 1
        try:
            return self._run(program, steps, record)
        finally:
            self._meeting = meeting
            self._share_with(meeting)

    def run_range_alone(self, program: Program) -> None:
        """The regions once, on this thread: what `Program.run` does from where the sharing begins."""
        meeting = self._meeting
        self._renew()
        machine.run_regions(*self._shared, 0, len(self.sharing.bounds))
        self._meeting = meeting
        self._share_with(meeting)
        program.raise_error()

    def _run(self, program: Program, steps: int, record: np.ndarray, expected: int = 0) -> int:
        orders = program._full_order, program.fused_order
        if self._tape is not None:
            orders = self._tape.order, self._tape.order
        return int(
            machine.run_steps(
                *self._shared, *orders, len(self.sharing.bounds), self.sharing.prelude, expected,
                program.control, program.watch, record, steps,
            )
        )  # fmt: skip

    def _call(self) -> None:
        """Ask the helper in, if it is not here."""
        found = helper.helper()
        if found is not self._helper:
            # Another process since: what stands at the meeting place may be of a thread that is not here.
            self._helper = found
            self._renew()
        if not self._meeting[machine.PRESENT]:
            found.offer(partial(machine.assist, *self._shared))

    def _renew(self) -> None:
        meeting = np.zeros(machine.MEETING, np.int64)
        meeting[machine.GIVE_WAY] = helper.give_way()
        self._meeting = meeting
        self._share_with(meeting)

    def _share_with(self, meeting: np.ndarray) -> None:
        self._shared = (*self._shared[:7], meeting, *self._shared[8:])
