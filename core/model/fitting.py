"""Training a model: whole epochs, or one batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from core import arguments
from core import schedules as schedules_module
from core.callbacks import Callbacks
from core.errors import ChainruleError, give_advice
from core.model.measuring import Measuring, told
from core.model.reading import cut
from core.spec.training import check_split, check_truncation, check_whole

if TYPE_CHECKING:
    from core.model.model import Model


class History:
    """What `fit` measured: ``history.history["loss"]`` is one number an epoch, as in Keras."""

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def __repr__(self) -> str:
        last = ", ".join(
            f"{name} {values[-1]:.4g}" for name, values in self.history.items() if values
        )
        count = len(self.epoch)
        return f"<History of {count} epoch{'s' if count != 1 else ''}{': ' if last else ''}{last}>"


class Fitting(Measuring):
    """A model that learns."""

    def fit(
        self,
        x: Any,
        y: Any,
        batch_size: int = 32,
        epochs: int = 1,
        verbose: Any = 0,
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        truncated_bptt_steps: int | None = None,
        **wrong: Any,
    ) -> History:
        """Train for a number of epochs.

        Parameters
        ----------
        x, y
            Inputs (samples, ...) and targets. Of several inputs or outputs a list, or a dictionary by their names.
        batch_size
            Samples per step.
        epochs
            Passes over the data.
        verbose
            1 prints a line an epoch.
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
            a list, or a dictionary by name. Metrics do not weigh, as in Keras.
        truncated_bptt_steps
            Truncated backpropagation through time: recurrent layers read sequences in windows of so many time steps.
            Their states go on from window to window, gradients stop there; weights still move once a batch. (For an
            update a window, cut the sequences into samples and use stateful layers, in order.) None goes back through
            all time steps.
        """
        arguments.refuse_others(Fitting.fit, wrong)
        batch_size = check_whole("batch_size", batch_size, 1)
        epochs = check_whole("epochs", epochs, 1)
        verbose, shuffle = arguments.loudness(verbose), arguments.yes_or_no("shuffle", shuffle)
        validation_split = check_split(validation_split)
        truncated_bptt_steps = check_truncation(truncated_bptt_steps)
        samples = self._samples(x, y, sample_weight)
        for hint in self._data_advice(x, y):
            give_advice(hint)
        validation = None
        if validation_data is not None:
            if not isinstance(validation_data, (list, tuple)) or len(validation_data) not in (2, 3):
                message = "validation_data must be a pair (x, y) of arrays to measure on, or (x, y, sample_weight)."
                raise ChainruleError(message)
            validation = self._samples(*validation_data)
        elif validation_split:
            held = int(len(samples) * (1 - validation_split))
            samples, validation = cut(samples, 0, held), cut(samples, held, len(samples))
        if class_weight is not None:
            samples = self._count_classes(samples, y, class_weight)
        run = self._ready(samples, batch_size, truncated_bptt_steps)
        run.shuffle(shuffle)
        run.validation = validation
        hint = schedules_module.advice(self._optimizer.config["learning_rate"], epochs, run.batches)
        if hint:
            give_advice(hint)
        result = History()
        self.stop_training = False
        params = {"verbose": verbose, "epochs": epochs, "steps": run.batches}
        watching = Callbacks(callbacks, cast("Model", self), params)
        watching.call("on_train_begin")
        logs: dict[str, float] = {}
        for epoch in range(epochs):
            watching.call("on_epoch_begin", epoch)
            self._run_epoch(run, watching)
            measured = run.evaluate(validation, batch_size) if validation is not None else None
            logs = self._logged(run.note_epoch(measured).metrics)
            if run.divergence is not None:
                break
            for key, value in logs.items():
                result.history.setdefault(key, []).append(value)
            result.epoch.append(epoch)
            if verbose:
                shown = "  ".join(f"{key}: {value:.4f}" for key, value in logs.items())
                print(f"Epoch {epoch + 1}/{epochs}  {shown}")  # noqa: T201 - that is what verbose means
            watching.call("on_epoch_end", epoch, logs=logs)
            if self.stop_training:
                break
        watching.call("on_train_end", logs=logs)
        if run.divergence is not None:
            from core.errors import DivergedError

            raise DivergedError(run.divergence.in_code)
        return result

    def train_on_batch(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """One update with one batch; returns its loss before the update, or a list of loss and metrics."""
        samples = self._samples(x, y, sample_weight)
        if class_weight is not None:
            samples = self._count_classes(samples, y, class_weight)
        run = self._ready(
            samples,
            max(len(samples), self._run.training.batch_size if self._run else 1),
            self._run.training.truncated_bptt_steps if self._run else None,
        )
        run.shuffle(False)
        run.step("batch")
        return told(self._logged(run.note_epoch().metrics), return_dict)

    def _run_epoch(self, run: Any, watching: Callbacks) -> None:
        """All batches of an epoch; one by one if a callback wants to hear of them."""
        if not watching.by_batch:
            run.step("epoch")
            return
        for batch in range(run.batches):
            watching.call("on_train_batch_begin", batch)
            run.step("batch")
            if run.divergence is not None:
                return
            watching.call("on_train_batch_end", batch, logs=self._so_far(run))
            if self.stop_training:
                return
