"""One network being trained: whole steps at full speed, or instruction by instruction, forwards and backwards."""

from __future__ import annotations

import itertools
import numbers
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from core import losses, optimizers
from core.errors import ChainruleError, DivergedError
from core.kernels import state as S
from core.runs.checkpoints import Checkpoint, Checkpoints
from core.runs.divergence import Divergence, broke, describe
from core.runs.history import Epoch, History
from core.runs.journal import Entry, Journal
from core.runs.measuring import Measure
from core.runs.position import GRANULARITIES, Position
from core.runs.samples import (
    Samples,
    require_whole_batches,
    split,
    unweighted,
    with_class_weights,
)
from core.runs.targets import outputs_of
from core.runs.undo import UndoRing
from core.spec.network import Network
from core.spec.training import SEEDS, Training, check_training, check_whole
from core.tape.compiler import compile_network
from core.tape.program import Program

#: Seconds a replay to the nearest step should take at most: decides how far checkpoints are apart.
REPLAY = 0.05

#: The largest number of float32.
_LARGEST = float(np.finfo(np.float32).max)

#: Steps run in one go at most.
_SLICE = 4096


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


class Run:
    """One training run. Owned by one thread.

    Parameters
    ----------
    network
        The document.
    training
        How it is trained.
    dataset
        From `core.data.load`, or None if `samples` and `validation` are given.
    samples, validation
        What to train on and what to measure on, as tables.
    loss
        A loss (or a list, one for each output) instead of the one named in `training`.

    Notes
    -----
    Every step is a function of the state before it and of the journal, so any earlier step is the nearest checkpoint
    and a replay. A position has two parts: steps done, and instructions done inside the present one.
    """

    def __init__(
        self,
        network: Network,
        training: Training,
        dataset: Any = None,
        *,
        samples: Samples | None = None,
        validation: Samples | None = None,
        loss: Any = None,
    ) -> None:
        self.network, self.training, self.dataset = network, training, dataset
        check_training(training)
        self.loss = loss if loss is not None else losses.get(training.loss)
        self.optimizer = optimizers.get(dict(training.optimizer))
        tape = compile_network(
            network, "train", loss=self.loss, optimizer=self.optimizer, metrics=training.metrics,
            batch_size=training.batch_size, truncated_bptt_steps=training.truncated_bptt_steps,
            weighted=bool(training.class_weight) or (samples is not None and samples.weights is not None),
        )  # fmt: skip
        self._outputs = [t.shape for t in tape.outputs.values()]
        if samples is None:
            shape, layer = self._outputs[0], outputs_of(network)[0]
            samples, validation = split(dataset, training, self.loss, shape, layer)
        samples = with_class_weights(samples, training, self._outputs)
        self.samples, self.validation = samples, validation
        self.program = Program(
            tape, min(training.batch_size, max(len(samples), 1)), seed=training.seed
        )
        for given in (samples, validation):
            require_whole_batches(self.program, 0 if given is None else len(given))
        self.program.attach(samples.inputs, samples.targets, weights=samples.weights)
        # Where states go on from batch to batch, samples follow each other for a reason.
        self.program.state[S.SHUFFLE] = int(not self.program.states())
        self.pc = 0
        self.divergence: Divergence | None = None
        self.journal = Journal()
        self.undo = UndoRing()
        self.checkpoints = Checkpoints()
        self.base = 0
        self.history = History(tuple(tape.watch))
        self._previous: Checkpoint | None = None
        self._start: Checkpoint | None = None
        self._seconds_a_step = 0.001
        self._measure = Measure(self.program, network, training, self.loss)
        self._record = np.zeros((1, max(len(tape.watch), 1)))
        self.checkpoints.add(self._checkpoint())

    # ---- where it stands ---------------------------------------------------------------------------------------

    @property
    def step_count(self) -> int:
        """Updates done."""
        return int(self.program.state[S.STEP])

    @property
    def batches(self) -> int:
        """Batches in an epoch."""
        return -(-len(self.samples) // int(self.program.state[S.BATCH_SIZE]))

    @property
    def position(self) -> Position:
        """Where the run stands."""
        st, n = self.program.state, self.batches
        since = self.step_count - int(st[S.ORIGIN_STEP])
        return Position(
            self.step_count, int(st[S.ORIGIN_EPOCH]) + since // n, since % n, n, self.pc, len(self.program.kinds),
            self.program.rows,
        )  # fmt: skip

    @property
    def step_start(self) -> Checkpoint | None:
        """The state at the start of the step whose values stand in the arena: the begun one, else the last."""
        return self._start if self.pc else self._previous

    @property
    def weighted(self) -> bool:
        """True if samples have weights: it can train on others only if it was made for such."""
        return bool(self.program.tape.sample_weights)

    @property
    def learning_rate(self) -> float:
        """As the optimizer uses it now."""
        return self.program.scalar("learning_rate")

    def terms(self, weight: str) -> dict[str, np.ndarray]:
        """Every term of a weight's last update by name, in float64, from what the step found and its gradient.

        ``g`` (after clipping), ``rate``, ``keep`` (what weight decay leaves), what the optimizer remembers (``m``,
        ``v``, ``velocity``, ...), ``m_corrected``, ``v_corrected``, ``effective_rate``, and ``step``, which is added
        to the weight.

        Raises
        ------
        core.errors.ChainruleError
            It is not a weight that is trained, or its update is still to come.
        """
        from core.runs.terms import terms

        return terms(self, weight)

    # ---- whole steps ---------------------------------------------------------------------------------------------

    def advance(self, steps: int, epochs: int = 1) -> int:
        """Do up to `steps` whole steps at full speed, finishing one that was begun.

        Stops early if ``program.control[0]`` is raised, at a divergence, and at the end of the present epoch (so that
        the caller can measure held-out data with `evaluate` and note it with `note_epoch`), or of the epoch `epochs`
        - 1 after it: a small network does thousands a second, and each return to Python costs as much as one.

        Returns
        -------
        Steps completed.
        """
        steps, epochs = check_whole("steps", steps, 0), check_whole("epochs", epochs, 1)
        self._require_healthy()
        done = 0
        end = self.step_count + self._until_epoch_end() + (epochs - 1) * self.batches
        if self.pc:
            self._finish_begun_step()
            done = 1
        self.undo.clear()
        while done < steps and self.step_count < end and not self._stopped():
            count = self._run_slice(min(steps - done, end - self.step_count, self._until_change()))
            done += count
            if not count:
                break
        return done

    def _stopped(self) -> bool:
        return self.divergence is not None or bool(self.program.control[0])

    def _run_slice(self, count: int) -> int:
        """Steps without a journal entry or epoch's end between them; the start of the last one is kept."""
        self._apply_journal()
        spacing = self._spacing()
        to_checkpoint = spacing - self.step_count % spacing
        count = min(count, to_checkpoint, _SLICE)
        done = 0
        if count > 1:
            done = self._run_plain(count - 1)
            if done < count - 1:
                return done
        self._start = self._checkpoint()
        last = self._run_plain(1)
        if last:
            self._previous, self._start = self._start, None
            self._after_steps()
            self._arrive()
        return done + last

    def _run_plain(self, count: int) -> int:
        first = self.step_count
        if len(self._record) < count:
            self._record = np.zeros((count, self._record.shape[1]))
        began = time.perf_counter()
        done = self.program.run_steps(count, self._record)
        if done:
            self._seconds_a_step = (
                0.8 * self._seconds_a_step + 0.2 * (time.perf_counter() - began) / done
            )
            self.history.append(first, self._record[:done])
        if self.program.error:
            self._diverged_or_raise()
        return done

    def _after_steps(self) -> None:
        if self.step_count % self._spacing() == 0:
            self.checkpoints.add(self._checkpoint())

    def _spacing(self) -> int:
        """Steps between checkpoints: a power of two that a replay does within `REPLAY` seconds."""
        steps = max(int(REPLAY / max(self._seconds_a_step, 1e-7)), 1)
        return 1 << (min(steps, 4096).bit_length() - 1)

    def _until_epoch_end(self) -> int:
        position = self.position
        return position.batches - position.batch

    def _until_change(self) -> int:
        following = self.journal.next_after(self.step_count)
        return 1 << 30 if following is None else following - self.step_count

    def _at_epoch_end(self) -> bool:
        return self.pc == 0 and self.step_count > 0 and self.position.batch == 0

    def epoch_just_ended(self) -> bool:
        """True between the last batch of an epoch and the first of the next."""
        return self._at_epoch_end()

    def note_epoch(self, validation: dict[str, float] | None = None) -> Epoch:
        """Add the metrics of the epoch that just ended to the history, with those of held-out data if given."""
        metrics = {
            name: float(self.program.mem[total.at] / max(self.program.mem[count.at], 1))
            for name, (total, count) in self.program.tape.totals.items()
        }
        metrics.update({f"val_{key}": value for key, value in (validation or {}).items()})
        epoch = Epoch(self.position.epoch, self.step_count, metrics)
        self.history.add_epoch(epoch)
        return epoch

    # ---- single steps ----------------------------------------------------------------------------------------------

    def step(self, granularity: str = "instruction") -> None:
        """Go forward by one instruction, one layer, one batch (to the end of the present step) or one epoch."""
        _check(granularity)
        if granularity == "instruction":
            self._run_instruction()
        elif granularity == "layer":
            group = self._group(self.pc)
            self._run_instruction()
            while self.pc and self._group(self.pc) == group and not self.divergence:
                self._run_instruction()
        elif granularity == "batch":
            self.advance(1)
        else:
            target = self.step_count + self._until_epoch_end()
            while self.step_count < target and not self.divergence and not self.program.control[0]:
                if not self.advance(target - self.step_count):
                    break

    def step_back(self, granularity: str = "instruction") -> None:
        """Go back by one instruction, one layer, one batch (to the start of a step) or one epoch."""
        _check(granularity)
        self.divergence = None
        position = self.position
        if granularity == "instruction":
            self._back_one()
        elif granularity == "layer":
            self._back_one()
            while self.pc and self._group(self.pc - 1) == self._group(self.pc):
                self._back_one()
        elif granularity == "batch":
            self.seek(position.step if position.pc else max(position.step - 1, self.base))
        else:
            back = position.batch if position.batch or position.pc else position.batches
            self.seek(max(position.step - back, self.base))

    def _back_one(self) -> None:
        if len(self.undo):
            self.pc = self.undo.pop(self.program)
            if self._start is None or self._start.step != self.step_count:
                self._restore_bookkeeping()
            return
        if self.pc:
            self.seek(self.step_count, self.pc - 1)
        elif self.step_count > self.base:
            self.seek(self.step_count - 1, len(self.program.kinds) - 1)

    def _restore_bookkeeping(self) -> None:
        """After stepping back over the end of a step: the start of that step is the begun one again."""
        if self.pc and self._previous is not None and self._previous.step == self.step_count:
            self._start, self._previous = (
                self._previous,
                self.checkpoints.before(max(self.step_count - 1, self.base)),
            )
        elif self.pc == 0:
            self._start = None

    def _run_instruction(self) -> None:
        self._require_healthy()
        if self.pc == 0:
            self._apply_journal()
            self._start = self._checkpoint()
        self.undo.remember(self.program, self.pc)
        before = self.program.state.copy()
        self.program.run(self.pc, self.pc + 1)
        if broke(self.program, self.program.tape.instructions[self.pc]):
            self.divergence = describe(self.program, self.network, int(before[S.STEP]), self.pc)
        self.pc += 1
        if self.pc == len(self.program.kinds):
            self._finish_step()

    def _finish_begun_step(self) -> None:
        self.program.run(self.pc, len(self.program.kinds))
        self.undo.clear()
        loss = self._watched()[0] if len(self.program.watch) else 0.0
        if not np.isfinite(loss):
            self.program.state[S.ERROR] = S.LOSS_NOT_FINITE
            self._diverged_or_raise()
            return
        self._finish_step()

    def _finish_step(self) -> None:
        self.history.append(self.step_count, self._watched()[None])
        self.program.state[S.STEP] += 1
        self.program.state[S.ITERATION] += 1
        self.pc = 0
        self._previous, self._start = self._start, None
        self._after_steps()
        self._arrive()

    def _arrive(self) -> None:
        """Let changes noted for this boundary take effect as soon as it is reached, so that they are seen.

        What the undo ring holds lies before them: going back over the boundary is a replay then.
        """
        if self.journal.at(self.step_count):
            self._apply_journal()
            self.undo.clear()

    def _watched(self) -> np.ndarray:
        return self.program.mem[self.program.watch].astype(np.float64)

    def _group(self, pc: int) -> tuple[str, str]:
        """What a step by layers takes in one go: neighbours of one layer in one phase."""
        instructions = self.program.tape.instructions
        if pc >= len(instructions):
            return ("", "")
        return (instructions[pc].phase, instructions[pc].layer)

    # ---- time -----------------------------------------------------------------------------------------------------

    def seek(self, step: int, pc: int = 0) -> None:
        """Stand after `step` steps and `pc` instructions, with every value as it was.

        Raises
        ------
        core.errors.ChainruleError
            Before the beginning, or further than the run has ever been.
        """
        step, pc = check_whole("step", step, -SEEDS), check_whole("pc", pc, -SEEDS)
        count, last = len(self.program.kinds), max(self.history.length, self.step_count)
        if not self.base <= step <= last:
            message = (
                f"The run goes from step {self.base} to step {last}; it cannot go to step {step}."
            )
            raise ChainruleError(message)
        if not 0 <= pc < count:
            message = f"A step has {count} instructions, and pc goes from 0 to {count - 1}; it cannot be {pc}."
            raise ChainruleError(message)
        self.divergence = None
        self.undo.clear()
        # One whole step before the target is run again too, so that values not yet overwritten are exact as well.
        start = self._nearest(max(step - 1, self.base))
        self._restore(start)
        control, self.program.control = self.program.control, np.zeros(2, np.int64)
        try:
            while self.step_count < step and not self.divergence:
                limit = min(step - self.step_count, self._until_change())
                if not self._run_slice(limit):
                    break
        finally:
            self.program.control = control
        if not self.divergence:
            self._arrive()
        while self.pc < pc and self.step_count == step and not self.divergence:
            self._run_instruction()

    def _nearest(self, step: int) -> Checkpoint:
        found = self.checkpoints.before(step)
        for candidate in (self._previous, self._start):
            if (
                candidate is not None
                and candidate.step <= step
                and (found is None or candidate.step > found.step)
            ):
                found = candidate
        assert found is not None
        return found

    def _restore(self, checkpoint: Checkpoint) -> None:
        program = self.program
        program.mem[: program.plan.state] = checkpoint.memory
        program.state[...] = checkpoint.machine
        program.state[S.ERROR] = S.FINE
        if checkpoint.step == self.base:
            program.mem[program.plan.state :] = 0
        self.pc = 0
        self._previous = self._start = None

    def _checkpoint(self) -> Checkpoint:
        memory = self.program.mem[: self.program.plan.state].copy()
        machine = self.program.state.copy()
        memory.flags.writeable = machine.flags.writeable = False
        return Checkpoint(self.step_count, memory, machine)

    def reset(self) -> None:
        """Back to the beginning: the first weights, and what happened since is forgotten."""
        first = self.checkpoints.before(self.base)
        assert first is not None
        self.divergence = None
        self.undo.clear()
        self._restore(first)
        self.journal = Journal()
        self.checkpoints.forget_after(self.base)
        self.history = History(self.history.names, self.base)

    # ---- changes --------------------------------------------------------------------------------------------------

    def set(self, name: str, value: float) -> None:
        """Change a named scalar (the learning rate) from the next step boundary on; it is journalled."""
        if name not in self.program.tape.scalars:
            raise ChainruleError(f"There is nothing called {name!r} to change while training.")
        if not np.isfinite(value) or value < 0:
            raise ChainruleError(
                f"{name.replace('_', ' ').capitalize()} must be a number that is not negative; it is {value}."
            )
        self._change(Entry(self._boundary(), "scalar", name, float(value)))

    def set_weight(self, tensor: str, cell: tuple[int, ...], value: Any) -> None:
        """Put a number into one cell of a weight from the next step boundary on; it is journalled."""
        if tensor not in {slot.tensor.name for slot in self.program.tape.weights}:
            raise ChainruleError(f"{tensor} is not a weight.")
        number = isinstance(value, numbers.Real) and not isinstance(value, bool)
        if not number or not abs(float(value)) <= _LARGEST:
            raise ChainruleError(
                f"A weight must be a number that float32 can hold; it is {value!r}."
            )
        shape, place = self.program.tensor(tensor).shape, tuple(int(k) for k in cell)
        inside = len(place) == len(shape) and all(
            0 <= k < n for k, n in zip(place, shape, strict=True)
        )
        if not inside:
            raise ChainruleError(f"{tensor} has the shape {shape}; there is no cell {place} in it.")
        self._change(Entry(self._boundary(), "weight", tensor, float(value), place))

    def reset_states(self, layer: str | None = None) -> None:
        """Let the states of stateful layers (or of one) begin at 0 from the next step boundary on; it is journalled."""
        self._change(Entry(self._boundary(), "states", layer or "", 0.0))

    def replace_states(self, values: dict[str, np.ndarray]) -> None:
        """Put other states in. The run begins here anew: what was before cannot be reached any more."""
        self.program.set_states(values)
        self._begin_here()

    def _boundary(self) -> int:
        return self.step_count + (1 if self.pc else 0)

    def _change(self, entry: Entry) -> None:
        self.journal.add(entry)
        self.history.truncate(entry.step)
        self.checkpoints.forget_after(entry.step)
        if self.pc == 0:
            self._apply(entry)
            self.undo.clear()

    def _apply_journal(self) -> None:
        for entry in self.journal.at(self.step_count):
            self._apply(entry)

    def _apply(self, entry: Entry) -> None:
        if entry.kind == "scalar":
            self.program.set_scalar(entry.name, entry.value)
        elif entry.kind == "states":
            self.program.clear_states(entry.name or None)
        else:
            self.program.tensor(entry.name)[entry.cell] = entry.value

    def replace_weights(self, values: dict[str, np.ndarray]) -> None:
        """Put other weights in. The run begins here anew: what was before cannot be reached any more."""
        self.program.set_weights(values)
        self._begin_here()

    def use(self, samples: Samples) -> None:
        """Train on these samples from now on. The run begins here anew, with the weights it has."""
        require_whole_batches(self.program, len(samples))
        position = self.position
        samples = with_class_weights(samples, self.training, self._outputs)
        if samples.weights is None and self.weighted:
            samples = unweighted(samples, self._outputs)
        self.samples = samples
        self.program.attach(samples.inputs, samples.targets, weights=samples.weights)
        self.program.state[S.ORIGIN_STEP] = position.step
        self.program.state[S.ORIGIN_EPOCH] = position.epoch
        self._begin_here()

    def shuffle(self, on: bool) -> None:
        """Draw a new order of the samples each epoch, or keep theirs."""
        if bool(self.program.state[S.SHUFFLE]) != on:
            self.program.state[S.SHUFFLE] = int(on)
            self._begin_here()

    def _begin_here(self) -> None:
        self.base = self.step_count
        self.pc = 0
        self.divergence = None
        self.undo.clear()
        self.journal = Journal()
        self.checkpoints = Checkpoints()
        self.checkpoints.add(self._checkpoint())
        self._previous = self._start = None
        self.history.truncate(self.base)

    def adopt(self, other: Run) -> None:
        """Take over what fits of another run's weights, by layer id: the block that both have, slots included.

        The run starts where the other stands, with its history so far; earlier steps belong to the other.
        """
        same = self.optimizer.name == other.optimizer.name
        # What one optimizer remembers means something else to another.
        kept = ("weight", "statistic", "slot") if same else ("weight", "statistic")
        for name, t in self.program.tape.tensors.items():
            theirs = other.program.tape.tensors.get(name)
            if t.role not in kept or theirs is None or theirs.role != t.role:
                continue
            if len(t.shape) != len(theirs.shape) or t.batch:
                continue
            block = tuple(slice(0, min(a, b)) for a, b in zip(t.shape, theirs.shape, strict=True))
            self.program.tensor(name)[block] = other.program.tensor(name)[block]
        theirs_now = other.program.states()
        for name, state in self.program.states().items():
            if name in theirs_now and theirs_now[name].shape == state.shape:
                state[...] = theirs_now[name]
        position = other.position
        state = self.program.state
        state[S.STEP] = state[S.ORIGIN_STEP] = position.step
        state[S.ORIGIN_EPOCH] = position.epoch
        state[S.ITERATION] = other.program.state[S.ITERATION] if same else 0
        self._begin_here()
        if other.history.names == self.history.names:
            other_first = other.history
            other_first.truncate(position.step)
            self.history = other_first
        else:
            self.history = History(self.history.names, self.base)

    # ---- when numbers break ---------------------------------------------------------------------------------------

    def _require_healthy(self) -> None:
        if self.divergence is not None:
            raise DivergedError(self.divergence.sentence)

    def _diverged_or_raise(self) -> None:
        if self.program.error != S.LOSS_NOT_FINITE:
            self.pc = 0
            self.program.raise_error()
        self._locate(self.step_count)

    def _locate(self, step: int) -> None:
        """Run the broken step again, testing every write, and stand behind the instruction where it began."""
        self.program.state[S.ERROR] = S.FINE
        while step > self.base:
            self._seek_quietly(step)
            if np.isfinite(self.program.mem[: self.program.plan.state]).all():
                break
            step -= 1
        else:
            self._seek_quietly(step)
        while not self.divergence:
            self._run_instruction()
            if self.pc == 0 and not self.divergence:
                # Finite again: the loss overflowed only in the sum of an epoch. Nothing to name but the loss itself.
                names = [ins.output.name for ins in self.program.tape.instructions]
                place = names.index("loss")
                self.divergence = describe(self.program, self.network, step, place)

    def _seek_quietly(self, step: int) -> None:
        self._restore(self._nearest(step))
        record = np.zeros((1, self._record.shape[1]))
        while self.step_count < step:
            self._apply_journal()
            self._start = self._checkpoint()
            self.program.run_steps(1, record)
            if self.program.error:
                self.program.state[S.ERROR] = S.FINE
                self.program.state[S.STEP] += 1
                self.program.state[S.ITERATION] += 1
            self._previous, self._start = self._start, None

    # ---- measuring -------------------------------------------------------------------------------------------------

    def evaluate(
        self, samples: Samples | None = None, batch_size: int | None = None
    ) -> dict[str, float]:
        """Metrics of held-out data (or of the samples given), with the weights as they are now."""
        result: dict[str, float] = {}
        for found in self.iter_evaluation(samples, batch_size=batch_size):
            result = found
        return result

    def iter_evaluation(
        self, samples: Samples | None = None, chunk: int = 4, batch_size: int | None = None
    ) -> Iterator[dict[str, float]]:
        """The same in pieces of `chunk` batches, for an engine that has other things to do in between.

        Losses that depend on which samples are in a batch are measured in batches of `batch_size`, by default the
        one that is trained with.
        """
        data = samples or self.validation or self.samples
        yield from self._measure.evaluation(data, chunk, batch_size)

    @property
    def predictor(self) -> Program:
        """The forward program with the weights as they are now; feed it and read any value of any layer."""
        return self._measure.predictor

    def predict(self, x: Any) -> np.ndarray:
        """Outputs for inputs (samples, ...), already scaled."""
        return self._measure.predict(x)

    # ---- files -------------------------------------------------------------------------------------------------------

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
        checkpoints = [
            Checkpoint(
                step,
                _frozen(arrays[f"{key}/memory"]),
                self._machine(step, arrays[f"{key}/machine"]),
            )
            for key, step in (("first", state.base_step), ("latest", state.checkpoint_step))
        ]
        self.base = state.base_step
        self.checkpoints = Checkpoints()
        for checkpoint in checkpoints:
            self.checkpoints.add(checkpoint)
        self.journal = Journal(list(state.journal))
        self.history = History(state.history_names, state.history_first)
        history = {key: arrays[f"history/{key}"] for key in ("low", "high", "sum", "count")}
        self.history.restore(history, state.history_length, state.history_bin, list(state.epochs))
        self.seek(state.step, state.pc)
        if state.diverged is not None:
            self.divergence = Divergence(*state.diverged)

    def _check_state(self, state: RunState, arrays: dict[str, np.ndarray]) -> None:
        """Refuse what no run of this network can have written, before anything of it is believed."""
        foreign = "The saved run does not fit this network."
        size = self.program.plan.state
        wanted = {
            "first/memory": (size,),
            "latest/memory": (size,),
            "first/machine": (S.SIZE,),
            "latest/machine": (S.SIZE,),
        }
        if any(key not in arrays or arrays[key].shape != shape for key, shape in wanted.items()):
            raise ChainruleError(foreign)
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
            or state.step - state.checkpoint_step > 2 * _SLICE
            or not 0 <= state.pc < len(self.program.kinds)
            or state.history_bin < 1
            or not state.history_first
            <= state.history_length
            <= state.history_first + bins * state.history_bin
        ):
            raise ChainruleError(foreign)

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


def _check(granularity: str) -> None:
    if granularity not in GRANULARITIES:
        raise ChainruleError(
            f"{granularity!r} is not a way to step; there are {', '.join(GRANULARITIES)}."
        )
