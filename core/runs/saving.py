"""What a file keeps of a run."""

from __future__ import annotations

import itertools

import msgspec
import numpy as np

from core.errors import ChainruleError
from core.kernels import state as S
from core.runs.advancing import SLICE
from core.runs.checkpoints import Checkpoint, Checkpoints
from core.runs.divergence import Divergence
from core.runs.history import Epoch, History
from core.runs.journal import Entry, Journal
from core.runs.observing import Observing
from core.runs.recording import HealthLog

FOREIGN = "The saved run does not fit this network."


class RunState(msgspec.Struct, frozen=True):
    """What a file keeps of a run besides arrays."""

    step: int
    pc: int
    checkpoint_step: int
    base_step: int
    journal: tuple[Entry, ...]
    history_length: int
    history_bin: int
    history_first: int
    history_names: tuple[str, ...]
    epochs: tuple[Epoch, ...]
    diverged: tuple[int, int, str] | None = None


class Saving(Observing):
    """Written to a file and read from it."""

    def save_state(self) -> tuple[RunState, dict[str, np.ndarray]]:
        """What a file needs to go on exactly here.

        The start of the last completed step, and how far to go on from it.
        """
        latest = self._previous or self._nearest(max(self.step_count - 1, self.base))
        if self.pc and self.position.batch == 0:
            # The last batch may have been a smaller one: what is not computed yet holds rows of the batch before it.
            latest = self._nearest(max(self.step_count - 2, self.base))
        first = self.checkpoints.before(self.base)
        assert first is not None
        broken = self.divergence
        state = RunState(
            self.step_count, self.pc, latest.step, self.base, tuple(self.journal.entries), self.history.length,
            self.history.bin, self.history.first, self.history.names, tuple(self.history.epochs),
            (broken.step, broken.instruction, broken.sentence) if broken else None,
        )  # fmt: skip
        arrays = {
            "first/memory": first.memory, "first/machine": first.machine,
            "latest/memory": latest.memory, "latest/machine": latest.machine,
        }  # fmt: skip
        arrays.update({f"journal/{key}": value for key, value in self.journal.to_arrays().items()})
        arrays.update({f"history/{key}": value for key, value in self.history.arrays().items()})
        return state, arrays

    def load_state(self, state: RunState, arrays: dict[str, np.ndarray]) -> None:
        """Stand where the saved run stood.

        Raises
        ------
        core.errors.ChainruleError
            The arrays are of another network.
        """
        self._check_state(state, arrays)
        journal = self._read_journal(state, arrays)
        health = self._read_health(state, arrays)
        checkpoints = [
            Checkpoint(
                step,
                _frozen(arrays[f"{key}/memory"]),
                self._machine(step, arrays[f"{key}/machine"]),
            )
            for key, step in (("first", state.base_step), ("latest", state.checkpoint_step))
        ]
        self.base = state.base_step
        self.checkpoints = Checkpoints(self.budget)
        for checkpoint in checkpoints:
            self.checkpoints.add(checkpoint)
        self.journal = journal
        self.history = History(state.history_names, state.history_first)
        history = {key: arrays[f"history/{key}"] for key in ("low", "high", "sum", "count")}
        self.history.restore(history, state.history_length, state.history_bin, list(state.epochs))
        self.history.health = health
        self.seek(state.step, state.pc)
        if state.diverged is not None:
            self.divergence = Divergence(*state.diverged)

    def _check_state(self, state: RunState, arrays: dict[str, np.ndarray]) -> None:
        """Refuse what no run of this network can have written, before anything of it is believed."""
        size = self.program.plan.state
        wanted = {
            "first/memory": (size,),
            "latest/memory": (size,),
            "first/machine": (S.SIZE,),
            "latest/machine": (S.SIZE,),
        }
        if any(key not in arrays or arrays[key].shape != shape for key, shape in wanted.items()):
            raise ChainruleError(FOREIGN)
        bins = arrays["history/count"].shape[0] if "history/count" in arrays else -1
        width = (bins, len(self.history.names))
        history = all(
            key in arrays and arrays[key].shape == width
            for key in ("history/low", "history/high", "history/sum")
        )
        steps = (0, state.history_first, state.base_step, state.checkpoint_step, state.step, 2**53)
        if (
            not history
            or state.history_names != self.history.names
            or any(a > b for a, b in itertools.pairwise(steps))
            # A slice that was stopped half-way leaves the start of the one before: some thousand steps.
            or state.step - state.checkpoint_step > 2 * SLICE
            or not 0 <= state.pc < len(self.program.kinds)
            or state.history_bin < 1
            or not state.history_first
            <= state.history_length
            <= state.history_first + bins * state.history_bin
        ):
            raise ChainruleError(FOREIGN)

    def _read_journal(self, state: RunState, arrays: dict[str, np.ndarray]) -> Journal:
        """The journal, with the arrays of its entries, each of which has to fit the network."""
        prefix = "journal/"
        own = {key.removeprefix(prefix): a for key, a in arrays.items() if key.startswith(prefix)}
        try:
            journal = Journal.read(list(state.journal), own)
        except ValueError as error:
            raise ChainruleError(FOREIGN) from error
        weights, states = self.program.weights(), self.program.states()
        for entry in journal.entries:
            known = weights if entry.kind == "weights" else states
            for name, value in journal.arrays(entry).items():
                if name not in known or known[name].shape != value.shape:
                    raise ChainruleError(FOREIGN)
        return journal

    def _read_health(self, state: RunState, arrays: dict[str, np.ndarray]) -> HealthLog:
        prefix = "history/"
        own = {key.removeprefix(prefix): a for key, a in arrays.items() if key.startswith(prefix)}
        if "health_every" not in own:
            return HealthLog()
        try:
            return HealthLog.read(own, self.meter.layers, state.history_length)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise ChainruleError(FOREIGN) from error

    def _machine(self, step: int, saved: np.ndarray) -> np.ndarray:
        """A machine's state vector with what a file may say of it; the rest is worked out anew."""
        machine = self.program.state.copy()
        numbers = np.asarray(saved, np.int64)
        machine[S.STEP] = step
        machine[S.ITERATION] = min(max(int(numbers[S.ITERATION]), 0), step)
        machine[S.ORIGIN_STEP] = min(max(int(numbers[S.ORIGIN_STEP]), 0), step)
        machine[S.ORIGIN_EPOCH] = min(max(int(numbers[S.ORIGIN_EPOCH]), 0), step)
        machine[S.SHUFFLE] = int(numbers[S.SHUFFLE] != 0)
        machine[S.ERROR] = S.FINE
        machine.flags.writeable = False
        return machine


def _frozen(array: np.ndarray) -> np.ndarray:
    copy = np.ascontiguousarray(array).copy()
    copy.flags.writeable = False
    return copy
