"""Training a model: whole epochs, or one batch."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from core import arguments, checked
from core import schedules as schedules_module
from core.callbacks import CallbackList, History, TerminateOnNaN
from core.errors import ChainruleError, DivergedError, give_advice
from core.model.measuring import Measuring, told
from core.model.reading import cut
from core.model.turn import Trained, in_turn
from core.spec.training import check_split, check_truncation, check_whole
from core.tape.totals import all_values

if TYPE_CHECKING:
    from core.callbacks import ProgbarLogger


class Fitting(Trained, Measuring):
    """A model that learns."""

    @in_turn
    def fit(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = 32,
        epochs: int = 1,
        verbose: Any = 0,
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | list[int] = 1,
        truncated_bptt_steps: int | None = None,
        **wrong: Any,
    ) -> History:
        """Train for a number of epochs.

        Parameters
        ----------
        x, y
            Inputs (samples, ...) and targets. Of several inputs or outputs a list, or a dictionary by their names.
        batch_size
            Samples per step; None is 32.
        epochs
            Number of the last pass over the data: passes, if `initial_epoch` is 0.
        verbose
            1 prints a line an epoch, on a terminal with a bar that grows; 2 only the line.
        callbacks
            Objects of `core.callbacks`.
        validation_split
            Share held out from the end of the samples.
        validation_data
            (x, y) or (x, y, sample_weight) to measure on after each epoch.
        shuffle
            Draw a new order each epoch.
        class_weight
            How much the samples of each class count in the loss, ``{0: 1.0, 1: 5.0}``; 1 where nothing is said.
        sample_weight
            How much each sample counts: (samples,), for sequences (samples, time); of several outputs one for all,
            a list, or a dictionary by name. Only `weighted_metrics` weigh.
        initial_epoch
            Number of the first epoch, to go on counting where an earlier `fit` ended.
        steps_per_epoch
            None: an epoch is one pass over the data.
        validation_steps
            Batches of `validation_data` that are measured, from the first one; None measures all.
        validation_batch_size
            Samples per batch there; None takes `batch_size`.
        validation_freq
            Measure after every so many epochs, or after those of a list (counted from 1).
        truncated_bptt_steps
            Truncated backpropagation through time: recurrent layers read sequences in windows of so many time steps.
            Their states go on from window to window, gradients stop there; weights still move once a batch. (For an
            update a window, cut the sequences into samples and use stateful layers, in order.) None goes back through
            all time steps.
        """
        arguments.refuse_others(Fitting.fit, wrong)
        arguments.refuse_steps(steps_per_epoch)
        batch_size = arguments.batch_of(batch_size)
        epochs = check_whole("epochs", epochs, 1)
        initial_epoch = check_whole("initial_epoch", initial_epoch, 0)
        verbose, shuffle = arguments.loudness(verbose), checked.yes_or_no("shuffle", shuffle)
        validation_split = check_split(validation_split)
        measure_after = arguments.epochs_to_measure(validation_freq)
        measured_batch = (
            batch_size
            if validation_batch_size is None
            else check_whole("validation_batch_size", validation_batch_size, 1)
        )
        truncated_bptt_steps = check_truncation(truncated_bptt_steps)
        samples = self._samples(x, y, sample_weight)
        for hint in self._data_advice(x, y):
            give_advice(hint)
        validation = None
        if validation_data is not None:
            validation = self._held_out(validation_data)
            if validation_steps is not None:
                steps = check_whole("validation_steps", validation_steps, 1)
                validation = cut(validation, 0, min(steps * measured_batch, len(validation)))
        elif validation_split:
            held = int(len(samples) * (1 - validation_split))
            samples, validation = cut(samples, 0, held), cut(samples, held, len(samples))
        if class_weight is not None:
            samples = self._count_classes(samples, y, class_weight)
        self._advise_of_weights(samples, "class_weight" if class_weight else "sample_weight")
        run = self._ready(samples, batch_size, truncated_bptt_steps)
        run.shuffle(shuffle)
        run.validation = validation
        # Schedules go on from one fit to the next.
        hint = schedules_module.advice(
            self._optimizer.config["learning_rate"],
            run.position.epoch + max(epochs - initial_epoch, 0),
            run.batches,
            more_to_come=epochs == 1,
        )
        if hint:
            give_advice(hint)
        watching = CallbackList(
            callbacks, add_history=True, add_progbar=verbose != 0, model=self, verbose=verbose,
            epochs=epochs, steps=run.batches,
        )  # fmt: skip
        names = list(self._so_far(run))
        held_out = [f"val_{name}" for name in names] if validation is not None else []
        watching.require([*names, *held_out], names)
        self.stop_training = False
        self._next_epoch = initial_epoch
        watching.on_train_begin()
        logs: dict[str, float] = {}
        forgiving = watching.has(TerminateOnNaN)
        # A callback that restores a backup says where to begin.
        for epoch in range(self._next_epoch, epochs):
            watching.on_epoch_begin(epoch)
            self._run_epoch(run, watching)
            if run.divergence is not None and not forgiving:
                run.note_epoch()
                break
            measured = None
            if validation is not None and measure_after(epoch + 1):
                measured = self._measured(run, validation, measured_batch, watching)
            logs = self._logged(run.note_epoch(measured).metrics)
            if measured is None:
                self._tell_metrics(all_values(run.program))
            if run.divergence is not None:
                logs["loss"] = self._broken_loss(run)
            watching.on_epoch_end(epoch, logs)
            if self.stop_training:
                break
        watching.on_train_end(logs)
        if run.divergence is not None and not forgiving:
            raise DivergedError(run.divergence.in_code)
        assert watching.history is not None
        return watching.history

    def begin_at(self, epoch: int) -> None:
        """For a callback, at the beginning of training: `fit` goes on from this epoch, counted from 0."""
        self._next_epoch = epoch

    def _held_out(self, given: Any) -> Any:
        """The samples of `validation_data`."""
        if not isinstance(given, (list, tuple)) or len(given) not in (2, 3):
            message = "validation_data must be a pair (x, y) of arrays to measure on, or (x, y, sample_weight)."
            raise ChainruleError(message)
        try:
            return self._samples(*given)
        except ChainruleError as error:
            # The training data have passed: say which of the two are meant.
            error.args = (f"validation_data: {error}",)
            raise

    @in_turn
    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """One update with one batch; returns its loss before the update, or a list of loss and metrics."""
        samples = self._samples(x, y, sample_weight)
        if class_weight is not None:
            samples = self._count_classes(samples, y, class_weight)
        self._advise_of_weights(samples, "class_weight" if class_weight else "sample_weight")
        run = self._ready(
            samples,
            max(len(samples), self._run.training.batch_size if self._run else 1),
            self._run.training.truncated_bptt_steps if self._run else None,
        )
        run.shuffle(False)
        run.step("batch")
        return told(self._logged(run.note_epoch().metrics), return_dict)

    def _run_epoch(self, run: Any, watching: CallbackList) -> None:
        """All batches of an epoch; one by one if a callback wants to hear of them."""
        if watching.hears("train"):
            for batch in range(run.batches):
                watching.on_train_batch_begin(batch)
                run.step("batch")
                if run.divergence is None:
                    watching.on_train_batch_end(batch, self._so_far(run))
                if run.divergence is not None or self.stop_training:
                    break
        elif watching.progress is not None and watching.progress.live:
            self._show_epoch(run, watching.progress)
        else:
            run.step("epoch")
        if run.divergence is not None:
            logs = {**self._so_far(run), "loss": self._broken_loss(run)}
            watching.on_train_batch_end(run.position.batch, logs)

    def _show_epoch(self, run: Any, line: ProgbarLogger) -> None:
        """An epoch in pieces of about a tenth of a second, each shown."""
        count, left = 1, run.batches
        while left and run.divergence is None:
            began = time.perf_counter()
            done = run.advance(min(count, left))
            if not done:
                return
            left -= done
            line.progress(run.batches - left, self._so_far(run))
            seconds = max(time.perf_counter() - began, 1e-6)
            count = max(1, int(0.1 * done / seconds))

    def _broken_loss(self, run: Any) -> float:
        """The loss that ended training: infinite if that is what stands there, else not a number."""
        loss = float(run.program.mem[run.program.watch[0]]) if len(run.program.watch) else math.nan
        return loss if math.isinf(loss) else math.nan
