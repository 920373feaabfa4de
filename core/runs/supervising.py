"""Callbacks of a document at work on a run: they count by its history, and write what they do in its journal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.callbacks import documents
from core.callbacks.early_stopping import EarlyStopping
from core.callbacks.monitor import MonitorCallback
from core.runs.history import Epoch
from core.tape.totals import epoch_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.runs.run import Run

#: An epoch that callbacks have looked at tells the rate it was trained with.
_MARK = "learning_rate"


@dataclass(frozen=True)
class Happening:
    """Something a callback did.

    Attributes
    ----------
    name
        "stopped-early", "rate-reduced" or "best-restored".
    values
        Numbers and names that JSON can hold: epoch (from 1), step, and what was seen or set.
    """

    name: str
    values: dict[str, Any]


def seen_by_callbacks(epoch: Epoch) -> bool:
    """True if callbacks have looked at an epoch: its metrics are what they counted."""
    return _MARK in epoch.metrics


class Supervisor:
    """Looks at a run whenever an epoch has ended.

    Callbacks never fire in a replay: counters are those of the epochs in the history, which a rewind keeps and a change
    cuts off; rates and weights they set are entries of the journal. So nothing of a callback has to be saved besides
    its settings. Where training was stopped and goes on all the same, counting begins anew, as with another `fit`.

    Parameters
    ----------
    run
        What is trained.
    given
        Documents of callbacks; those of the run's training settings if it is None.

    Raises
    ------
    core.errors.SettingError
        A callback is not known, or cannot work with this run: its metric is not measured, the rate follows a schedule.
    """

    def __init__(self, run: Run, given: Sequence[Mapping[str, Any]] | None = None) -> None:
        chosen = run.training.callbacks if given is None else given
        self.run = run
        self._chosen = tuple(chosen)
        self.callbacks = [documents.get(one) for one in chosen]
        self._trained = _Trained(run)
        names = list(epoch_values(run.program))
        known = [*names, *(f"val_{name}" for name in names)]
        for one in self.callbacks:
            one.set_model(self._trained)  # type: ignore[arg-type]
            known += one.adds()
            one.require(known, [], False)
        #: The step at which training was stopped, if it stands at the end of the history.
        self.stopped: int | None = None
        self._forgiven = -1
        self._count = 0
        self._last: Epoch | None = None
        self._begin()
        self._follow()

    def __bool__(self) -> bool:
        return bool(self.callbacks)

    @property
    def measures(self) -> bool:
        """True if held-out samples have to be measured after each epoch."""
        return any(
            isinstance(one, MonitorCallback) and one.monitor.startswith("val_")
            for one in self.callbacks
        )

    def is_due(self) -> bool:
        """True if an epoch has just ended that callbacks have not looked at."""
        run = self.run
        if not self.callbacks or run.divergence is not None or not run.epoch_just_ended():
            return False
        if run.step_count < run.history.length:
            return False
        return not any(
            e.step == run.step_count and seen_by_callbacks(e) for e in run.history.epochs[-3:]
        )

    def look(self, validation: dict[str, float] | None = None) -> list[Happening]:
        """Note the epoch that has just ended, with what was measured of held-out samples, and let callbacks act.

        Returns
        -------
        What they did.
        """
        run = self.run
        if validation is None and self.measures:
            # Nothing is held out: as the window does, what is trained on stands in.
            validation = run.evaluate()
        self._follow()
        noted = run.note_epoch(validation)
        marked = Epoch(noted.epoch, noted.step, {**noted.metrics, _MARK: run.learning_rate})
        run.history.add_epoch(marked)
        self._trained.happenings = []
        self._feed(marked, acting=True)
        self._count, self._last = len(run.history.epochs), marked
        return self._trained.happenings

    def go_on(self) -> None:
        """Let training go on where it was stopped; counting begins anew."""
        self._follow()
        if self.stopped is not None:
            self._forgiven, self.stopped = self.stopped, None

    def finish(self, first: int = 0) -> list[Happening]:
        """Let callbacks end training that has come to its planned end after an epoch.

        As in Keras, what goes back to the best weights does so at the end of training, stopped or not: those of the
        best epoch after the step `first`, at which this training began. They are an entry of the journal. Counting
        goes on if training does. Nothing is done where training was stopped, or stands before the end of its history.

        Returns
        -------
        What they did.
        """
        self._follow()
        run = self.run
        epochs = run.history.epochs
        stands = run.step_count == run.history.length and not run.pc and run.divergence is None
        ended = stands and epochs and epochs[-1].step == run.step_count
        if not ended or not seen_by_callbacks(epochs[-1]) or self.stopped == run.step_count:
            return []
        last, trained = epochs[-1], self._trained
        trained.happenings = []
        trained.epoch = last
        for one in self.callbacks:
            best = self._best_epoch(one, first) if isinstance(one, EarlyStopping) else None
            if best is None or best.step == last.step:
                continue
            weights = trained.weights_at(best.step)
            if weights is not None:
                run.replace_weights(weights, best.epoch)
                told = {"epoch": last.epoch, "step": last.step, "best_epoch": best.epoch}
                trained.happenings.append(Happening("best-restored", told))
        return trained.happenings

    def _best_epoch(self, one: EarlyStopping, first: int) -> Epoch | None:
        """The epoch whose weights are to be restored, if any are, as if training had begun at the step `first`."""
        if not one.restore_best_weights:
            return None
        alone = documents.get(self._chosen[self.callbacks.index(one)])
        alone.set_model(self._trained)  # type: ignore[arg-type]
        alone.on_train_begin({})
        self._trained.acting = False
        steps = {}
        for epoch in self.run.history.epochs:
            if epoch.step > first and seen_by_callbacks(epoch):
                self._trained.epoch = epoch
                steps[epoch.step] = epoch
                alone.on_epoch_end(epoch.epoch - 1, dict(epoch.metrics))
        self._trained.stop_training = False
        # While they follow, the weights that are kept are the step they were at.
        return steps.get(getattr(alone, "best_weights", None) or -1)

    def stop_step(self) -> int | None:
        """The step at which training is to stay, as the history has it now."""
        self._follow()
        passed = self.stopped is not None and self.run.history.length > self.stopped
        return None if passed or self.stopped == self._forgiven else self.stopped

    # ---- counting ------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        for one in self.callbacks:
            one.on_train_begin({})

    def _follow(self) -> None:
        """Count up to the end of the history; from its beginning if what was counted is not in it any more."""
        epochs = self.run.history.epochs
        if self._count > len(epochs) or (self._count and epochs[self._count - 1] != self._last):
            self._count, self.stopped = 0, None
            self._begin()
        for epoch in epochs[self._count :]:
            if seen_by_callbacks(epoch):
                self._feed(epoch, acting=False)
            self._last = epoch
        self._count = len(epochs)

    def _feed(self, epoch: Epoch, *, acting: bool) -> None:
        if self.stopped is not None or 0 <= self._forgiven < epoch.step:
            self._begin()
            self.stopped, self._forgiven = None, -1
        trained, logs = self._trained, dict(epoch.metrics)
        trained.epoch, trained.acting = epoch, acting
        for one in self.callbacks:
            one.on_epoch_end(epoch.epoch - 1, logs)
        if not trained.stop_training:
            return
        trained.stop_training = False
        self.stopped = epoch.step
        if acting:
            for one in self.callbacks:
                trained.best_epoch = one.best_epoch + 1 if isinstance(one, EarlyStopping) else 0
                one.on_train_end(logs)
                if isinstance(one, EarlyStopping) and one.stopped_epoch:
                    trained.happenings.append(self._told(one, epoch))

    def _told(self, one: EarlyStopping, epoch: Epoch) -> Happening:
        values = {
            "epoch": epoch.epoch, "step": epoch.step, "monitor": one.monitor, "patience": one.patience,
            "best": one.best, "best_epoch": one.best_epoch + 1, "restored": self._trained.restored,
        }  # fmt: skip
        return Happening("stopped-early", values)


class _Trained:
    """What a callback takes for the model: weights, the optimizer's rate, and a way to stop.

    While counters follow a history nothing is changed: rates are those of the epochs, weights are told by their step.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self.optimizer = self
        self.stop_training = False
        self.acting = self.restored = False
        #: The epoch of the weights that are about to be put back, 0 if it is not known.
        self.best_epoch = 0
        self.epoch: Epoch | None = None
        self.happenings: list[Happening] = []

    @property
    def schedule(self) -> Any:
        """The schedule of the learning rate, if it follows one."""
        return self._run.optimizer.schedule

    @property
    def learning_rate(self) -> float:
        """The rate the epoch was trained with."""
        if self.acting or self.epoch is None:
            return self._run.learning_rate
        return self.epoch.metrics[_MARK]

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        if not self.acting:
            return
        before = self._run.learning_rate
        self._run.set("learning_rate", value)
        assert self.epoch is not None
        told = {
            "epoch": self.epoch.epoch, "step": self.epoch.step, "before": before,
            "learning_rate": value,
        }  # fmt: skip
        self.happenings.append(Happening("rate-reduced", told))

    def better_of(self, name: str) -> str:
        """Whether "min" or "max" of a metric is better; "" if neither, or if it is not known."""
        run = self._run
        if name == "loss" or name.removeprefix("loss/") in run.program.tape.outputs:
            return "min"
        metric = run.metrics.get(name)
        return metric.better if metric is not None else ""

    def get_weights(self) -> Any:
        """The weights as they are, or the step they were at."""
        assert self.epoch is not None
        return _weights_now(self._run) if self.acting else self.epoch.step

    def set_weights(self, weights: Any) -> None:
        """Go back to weights of an earlier epoch."""
        found = self.weights_at(weights) if isinstance(weights, int) else weights
        self.restored = found is not None
        if found is not None:
            self._run.replace_weights(found, self.best_epoch)

    def weights_at(self, step: int) -> dict[str, np.ndarray] | None:
        """Weights of an earlier step, replayed; None if the run cannot go back to it."""
        run, here = self._run, self._run.step_count
        if step < run.base:
            return None
        run.seek(step)
        found = _weights_now(run)
        run.seek(here)
        return found


def _weights_now(run: Run) -> dict[str, np.ndarray]:
    return {name: values.copy() for name, values in run.program.weights().items()}
