"""Where a run stands, and how a state it has been in is kept and put back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from core import losses, optimizers
from core.kernels import state as S
from core.metrics.chosen import by_logged_name
from core.runs.checkpoints import BUDGET, Checkpoint, Checkpoints
from core.runs.divergence import Divergence
from core.runs.history import History
from core.runs.journal import Journal
from core.runs.measuring import Measure
from core.runs.position import Position
from core.runs.samples import Samples, require_whole_batches, split, with_class_weights
from core.runs.targets import outputs_of
from core.runs.undo import UndoRing
from core.spec.network import Network
from core.spec.training import Training, check_training, check_whole
from core.tape.compiler import compile_network
from core.tape.program import Program

if TYPE_CHECKING:
    from core.metrics import Metric
    from core.runs.branching import Origin
    from core.runs.health import Meter
    from core.runs.recording import Health
    from core.runs.run import Run


class Standing:
    """A program, the state it is in, and states it has been in. See `core.runs.run.Run` for the parameters."""

    def __init__(
        self,
        network: Network,
        training: Training,
        dataset: Any = None,
        *,
        samples: Samples | None = None,
        validation: Samples | None = None,
        loss: Any = None,
        budget: int = BUDGET,
    ) -> None:
        self.network, self.training, self.dataset = network, training, dataset
        #: Bytes that checkpoints may take.
        self.budget = budget
        check_training(training)
        self.loss = loss if loss is not None else losses.get(training.loss)
        self.optimizer = optimizers.get(dict(training.optimizer))
        tape = compile_network(
            network, "train", loss=self.loss, optimizer=self.optimizer, metrics=training.metrics,
            weighted_metrics=training.weighted_metrics,
            batch_size=training.batch_size, truncated_bptt_steps=training.truncated_bptt_steps,
            weighted=bool(training.class_weight) or (samples is not None and samples.weights is not None),
        )  # fmt: skip
        self._outputs = [t.shape for t in tape.outputs.values()]
        if samples is None:
            shape, layer = self._outputs[0], outputs_of(network)[0]
            samples, validation = split(dataset, training, self.loss, shape, layer)
        #: As they were given, without what class_weight says of them.
        self.plain = samples
        samples = with_class_weights(samples, training, self._outputs)
        self.samples, self.validation = samples, validation
        #: Taken when training on them begins: an array that is written to later is other data.
        self.data = samples.fingerprint()
        self.program = Program(
            tape, min(training.batch_size, max(len(samples), 1)), seed=training.seed
        )
        for given in (samples, validation):
            require_whole_batches(self.program, 0 if given is None else len(given))
        self.program.attach(samples.inputs, samples.targets, weights=samples.weights)
        # Where states go on from batch to batch, samples follow each other for a reason.
        self.program.state[S.SHUFFLE] = int(not self.program.states())
        self.pc = 0
        #: Its place in a tree of runs: "1.2" is the second branch of "1".
        self.id, self.name, self.branches = "1", "", 0
        #: Where it left another run, and that run, if it is a branch of one.
        self.origin: Origin | None = None
        self.parent: Run | None = None
        self.divergence: Divergence | None = None
        self.journal = Journal()
        self.undo = UndoRing()
        self.checkpoints = Checkpoints(self.budget)
        self.base = 0
        #: Why it begins at that step and not at 0, in words that go on from "at step 40".
        self._began = ""
        self.history = History(tuple(tape.watch))
        #: Whether the start of the last of several whole steps is kept. Where it is not, it is found when it is asked
        #: for: copying it takes as long as a step where a network is many weights and few samples.
        self.keeps_starts = True
        self._previous: Checkpoint | None = None
        self._start: Checkpoint | None = None
        self._meter: Meter | None = None
        self._seconds_a_step, self._seconds_a_copy = 0.001, 0.0
        self._measure = Measure(self.program, network, training, self.loss)
        self._record = np.zeros((1, max(len(tape.watch), 1)))
        self.checkpoints.add(self._checkpoint())

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
    def meter(self) -> Meter:
        """What measures its health."""
        if self._meter is None:
            from core.runs.health import Meter

            self._meter = Meter(self)
        return self._meter

    def health(self) -> Health:
        """How each layer is doing after the last step: norms, update ratio, dead and saturated shares.

        See `core.runs.health` for the formulas. Cheap: sums over the arena, without copies.
        """
        return self.meter.measure(self)

    def record_health(self, every: int = 100) -> None:
        """Keep `health` in the history after every so many steps from now on; 0 ends it.

        Records are in ``run.history.health``; they are saved with the run, and a replay does not change them.
        """
        self.history.health.every = check_whole("every", every, 0)

    @property
    def step_start(self) -> Checkpoint | None:
        """The state at the start of the step whose values stand in the arena: the begun one, else the last."""
        if self.pc:
            return self._start
        if not self._has_start and self.step_count > self.base:
            self._find_start()
        return self._previous if self._has_start else None

    @property
    def _has_start(self) -> bool:
        """True if the start of the last step is kept."""
        return self._previous is not None and self._previous.step == self.step_count - 1

    def here(self) -> Checkpoint:
        """The state as it is now, to begin a step from: between two steps."""
        return self._checkpoint()

    def _find_start(self) -> None:
        raise NotImplementedError

    @property
    def weighted(self) -> bool:
        """True if samples have weights: it can train on others only if it was made for such."""
        return bool(self.program.tape.sample_weights)

    @property
    def learning_rate(self) -> float:
        """As the optimizer uses it now."""
        return self.program.scalar("learning_rate")

    @property
    def metrics(self) -> dict[str, Metric]:
        """What is measured besides losses, by the names of the history."""
        losses = self.loss if isinstance(self.loss, list) else [self.loss]
        outputs = {name: t.shape for name, t in self.program.tape.outputs.items()}
        training = self.training
        return by_logged_name(training.metrics, training.weighted_metrics, losses, outputs)

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

    def _why_not(self, step: int) -> str:
        """The sentence about a step before the beginning, with a space before it; "" where nothing is known."""
        if step >= self.base or not self._began:
            return ""
        return f" At step {self.base} {self._began}, and the run began anew: earlier steps cannot be done again."

    @property
    def given(self) -> bool:
        """Whether it began with what it was given: weights, or those of another run. Drawn anew it is lost."""
        return bool(self._began)

    def begin_here(self, *, history: bool = False) -> None:
        """Let this step be the first that can be reached; `history` keeps what was measured before."""
        measured = self.history
        self._begin_here(self._began)
        if history:
            self.history = measured

    def _begin_here(self, why: str = "") -> None:
        self.base, self._began = self.step_count, why
        self.pc = 0
        self.divergence = None
        self.undo.clear()
        self.journal = Journal()
        self.checkpoints = Checkpoints(self.budget)
        self.checkpoints.add(self._checkpoint())
        self._previous = self._start = None
        self.history.truncate(self.base)
