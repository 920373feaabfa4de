"""One network being trained: whole steps at full speed, or instruction by instruction, forwards and backwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from core.errors import DivergedError
from core.kernels import state as S
from core.runs.history import Epoch
from core.runs.samples import Samples
from core.runs.saving import RunState, Saving
from core.spec.training import check_whole
from core.tape.program import Program

__all__ = ["Run", "RunState"]


class Run(Saving):
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
    budget
        Bytes that checkpoints may take. With fewer of them a journey to an earlier step takes longer.

    Notes
    -----
    Every step is a function of the state before it and of the journal, so any earlier step is the nearest checkpoint
    and a replay. A position has two parts: steps done, and instructions done inside the present one.

    Written in layers, each of which knows only those below: `Standing` (state, checkpoints), `Changing` (the journal),
    `Instructing` (one instruction), `Advancing` (whole steps), `Travelling` (time), `Stopping` (breakpoints),
    `Observing` (all values of whole steps), `Saving` (files).
    """

    def adopt(self, other: Run, *, same_samples: bool = False) -> None:
        """Take over what fits of another run's weights, by layer id: the block that both have, slots included.

        The run starts where the other stands, with its history so far; earlier steps belong to the other. An epoch
        begins there, but for runs on the `same_samples` in batches of the same size: they go on within the epoch.
        """
        same = self.optimizer.name == other.optimizer.name
        # What one optimizer remembers means something else to another.
        kept = {"weight", "statistic"} | ({"slot"} if same else set())
        for name, t in self.program.tape.tensors.items():
            theirs = other.program.tape.tensors.get(name)
            if t.role not in kept or theirs is None or theirs.role != t.role:
                continue
            if len(t.shape) != len(theirs.shape) or t.batch:
                continue
            block = tuple(slice(0, min(a, b)) for a, b in zip(t.shape, theirs.shape, strict=True))
            self.program.tensor(name)[block] = other.program.tensor(name)[block]
        if same:
            self._adopt_scalars(other)
        theirs_now = other.program.states()
        for name, state in self.program.states().items():
            if name in theirs_now and theirs_now[name].shape == state.shape:
                state[...] = theirs_now[name]
        position = other.position
        state = self.program.state
        state[S.STEP] = state[S.ORIGIN_STEP] = position.step
        state[S.ORIGIN_EPOCH] = position.epoch
        state[S.ITERATION] = other.program.state[S.ITERATION] if same else 0
        if same_samples and self.batches == other.batches:
            for place in (S.ORIGIN_STEP, S.ORIGIN_EPOCH, S.SHUFFLE):
                state[place] = other.program.state[place]
        self._begin_here(self._other_than(other))
        self.history = other.history.renamed(self.history.names)
        self.history.truncate(position.step)

    def _other_than(self, other: Run) -> str:
        """What another run, which this one goes on from, has been given otherwise."""
        for name in ("batch_size", "truncated_bptt_steps"):
            before, now = getattr(other.training, name), getattr(self.training, name)
            if before != now:
                return f"{name} was changed from {before} to {now}"
        return (
            "it was given other samples" if self.data != other.data else "its settings were changed"
        )

    def _adopt_scalars(self, other: Run) -> None:
        """What the optimizer remembers besides its slots (Nadam's product), and a rate that was set by hand."""
        settings = self.training.optimizer == other.training.optimizer
        for name in self.program.tape.scalars:
            theirs = other.program.tape.scalars.get(name)
            if theirs is not None and (settings or not name.startswith("learning_rate")):
                place = self.program.tape.scalars[name][0].at
                self.program.mem[place] = other.program.mem[theirs[0].at]

    def branch(self, step: int | None = None, changes: Mapping[str, Any] | None = None) -> Run:
        """Another run that goes on from a step of this one, which stays as it is.

        Parameters
        ----------
        step
            Updates that both have in common: any step this run can be rewound to, in the middle of an epoch, too. By
            default the present one (of a step that was begun, its start).
        changes
            What is different from there on: ``{"learning_rate": 0.1}``, any field of the training settings
            (``"optimizer"``, ``"optimizer.momentum"``, ``"batch_size"``, ``"loss"``, ``"seed"``, ...), ``"weights"``
            (arrays by name), ``"cells"`` (``{("dense/kernel", (0, 1)): 0.5}``), ``"shuffle"``, ``"network"``.

        Returns
        -------
        A run that stands at the step. Without changes it goes on with the very bits of this one. A learning rate,
        weights, cells and the order of samples are entries of its journal: it can go back to before the branch, too.
        Other changes need another tape: such a branch begins at the step, with the weights (and what the optimizer
        remembers, if it is of the same kind), and an epoch begins there. A seed is that of what is drawn from there
        on; weights stay.

        Raises
        ------
        core.errors.ChainruleError
            There is no such step, or no such setting.
        """
        from core.runs.branching import branch

        return branch(self, step, changes)

    def train(self, epochs: int = 1) -> list[Epoch]:
        """Whole epochs, with held-out data measured after each; callbacks of the training settings look on.

        An `EarlyStopping` that goes back to the best weights does so at the end, too: to those of these epochs.

        Returns
        -------
        The metrics of these epochs: fewer than asked for if a callback stopped training.

        Raises
        ------
        core.errors.DivergedError
            Numbers broke.
        """
        from core.runs.supervising import Supervisor

        found, first = [], self.step_count
        watching = Supervisor(self)
        # Whoever asks for more where it was stopped wants it to go on.
        watching.go_on()
        for _ in range(check_whole("epochs", epochs, 1)):
            if watching.stop_step() == self.step_count:
                break
            self.step("epoch")
            if self.divergence is not None:
                raise DivergedError(self.divergence.in_code)
            if not self.epoch_just_ended():
                break
            held = self.evaluate() if self.validation is not None else None
            if watching.is_due():
                watching.look(held)
            elif not watching:
                self.note_epoch(held)
            # Of an epoch that is done again, what callbacks saw the first time.
            found += [one for one in self.history.epochs if one.step == self.step_count][-1:]
        watching.finish(first)
        return found

    def __repr__(self) -> str:
        place = self.position
        named = f" {self.name!r}" if self.name else ""
        return f"<Run {self.id}{named} at step {place.step:,}, epoch {place.epoch}>"

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

    def evaluate(
        self, samples: Samples | None = None, batch_size: int | None = None
    ) -> dict[str, float]:
        """Metrics of held-out data (or of the samples given), with the weights as they are now."""
        result: dict[str, float] = {}
        for found in self.iter_evaluation(samples, batch_size=batch_size):
            result = found
        return result

    def iter_evaluation(
        self, samples: Samples | None = None, chunk: int = 4, batch_size: int | None = None,
        exact: bool = False,
    ) -> Iterator[dict[str, float]]:  # fmt: skip
        """The same in pieces of `chunk` batches, for an engine that has other things to do in between.

        Losses that depend on which samples are in a batch are measured in batches of `batch_size`, by default the
        one that is trained with; with `exact` all are.
        """
        data = samples or self.validation or self.samples
        yield from self._measure.evaluation(data, chunk, batch_size, exact)

    def results(self) -> dict[str, Any]:
        """What the last evaluation measured, arrays of metrics of several numbers (a confusion matrix) included."""
        return self._measure.results()

    @property
    def predictor(self) -> Program:
        """The forward program with the weights as they are now; feed it and read any value of any layer."""
        return self._measure.predictor

    def predict(self, x: Any) -> np.ndarray:
        """Outputs for inputs (samples, ...), already scaled."""
        return self._measure.predict(x)
