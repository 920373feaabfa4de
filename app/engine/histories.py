"""The run's history as scenes draw it. Worker thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from app.engine.rates import Rates
from app.snapshots import Curve, HistoryView, read_only
from core.kernels import state as S
from core.runs import Epoch
from core.runs.supervising import seen_by_callbacks

if TYPE_CHECKING:
    from app.snapshots import EvaluationView
    from core.runs import Run

#: Points handed to a chart; no screen is wider.
_POINTS = 4096

#: Every epoch up to this one is noted, then ever fewer: small networks make thousands a second.
_ALL_EPOCHS = 512


class HistoryMaker:
    """Turns the run's history into views, reusing the last one while nothing was added."""

    def __init__(self) -> None:
        self._view: HistoryView | None = None
        self._key: tuple[object, ...] = ()
        self._serial = 0
        self._rates = Rates()
        self._shares: dict[str, bool] | None = None

    def note_epoch(self, run: Run) -> None:
        """Add the training metrics of the epoch that just ended."""
        if _is_noted(run.position.epoch):
            run.note_epoch()

    def epochs_to_next_note(self, run: Run) -> int:
        """Return how many ends of epochs lie before and at the next one that is noted."""
        every = _every(run.position.epoch + 1)
        return every - run.position.epoch % every

    def note_validation(self, run: Run, found: EvaluationView) -> None:
        """Add held-out metrics to the epoch they were measured at, if it was noted."""
        values = {f"val_{name}": value for name, value in found.metrics.items()}
        values["val_loss"] = found.loss
        if found.accuracy is not None:
            values["val_accuracy"] = found.accuracy
        for epoch in reversed(run.history.epochs):
            if epoch.step == found.step:
                known = epoch.metrics
                # What callbacks have counted stays as they saw it.
                found_all = {**values, **known} if seen_by_callbacks(epoch) else {**known, **values}
                run.history.add_epoch(Epoch(epoch.epoch, epoch.step, found_all))
                return
            if epoch.step < found.step:
                break
        run.history.add_epoch(Epoch(found.epoch, found.step, values))

    def view(self, run: Run, total: int) -> HistoryView:
        """Return the history so far."""
        history = run.history
        last = history.epochs[-1] if history.epochs else None
        key = (
            history.length, len(history.epochs), last, total, run.batches, len(run.journal),
            run.learning_rate,
        )  # fmt: skip
        if self._view is not None and key == self._key:
            return self._view
        self._key, self._serial = key, self._serial + 1
        loss = history.series("loss")
        every = max(1, -(-len(loss.steps) // _POINTS))
        accuracy = next((name for name in history.names if name.startswith("accuracy")), None)
        epochs = history.epochs[-_POINTS:]
        val = [e for e in epochs if "val_loss" in e.metrics]
        steps = read_only(_last_of(loss.steps, every) + 1, np.int64)
        val_steps = read_only([e.step for e in val], np.int64)
        self._view = HistoryView(
            steps=steps,
            loss=read_only(_means(loss.mean, every)),
            accuracy=read_only(
                _means(history.series(accuracy).mean, every) if accuracy is not None else []
            ),
            val_steps=val_steps,
            val_loss=read_only([e.metrics["val_loss"] for e in val]),
            val_accuracy=read_only(_known("val_accuracy", val)),
            epoch_steps=run.batches,
            total_steps=total,
            serial=self._serial,
            metrics=tuple(
                Curve(
                    name,
                    self._lies_between(run, name),
                    steps,
                    read_only(_means(history.series(name).mean, every)),
                    val_steps,
                    read_only([e.metrics.get(f"val_{name}", np.nan) for e in val]),
                )
                for name in history.names
                if name not in ("loss", accuracy)
            ),
            rate=self._rates.curve(run),
            accurate=accuracy is not None,
            epoch_ends=_epoch_ends(run, epochs),
        )
        return self._view

    def _lies_between(self, run: Run, name: str) -> bool:
        """Tell whether a metric is a share; a loss of one of several outputs is none."""
        if self._shares is None:
            self._shares = {key: metric.share for key, metric in run.metrics.items()}
        return self._shares.get(name, False)


def _known(name: str, epochs: list[Epoch]) -> list[float]:
    """Return a metric of these epochs, NaN before it was chosen; nothing if none has it."""
    values = [e.metrics.get(name, np.nan) for e in epochs]
    return values if any(name in e.metrics for e in epochs) else []


def _epoch_ends(run: Run, epochs: list[Epoch]) -> np.ndarray:
    """Return steps and the epochs complete by then: where epochs ended, and where the present batches began."""
    state = run.program.state
    ends = [(0, 0), *((e.step, e.epoch) for e in epochs if "loss" in e.metrics)]
    ends = sorted({*ends, (int(state[S.ORIGIN_STEP]), int(state[S.ORIGIN_EPOCH]))})
    return read_only(np.maximum.accumulate(ends, axis=0), np.int64)


def _is_noted(epoch: int) -> bool:
    """Tell by the number alone, so that a replay notes the same ones."""
    return epoch % _every(epoch) == 0


def _every(epoch: int) -> int:
    return 1 if epoch <= _ALL_EPOCHS else 1 << (epoch // _ALL_EPOCHS).bit_length()


def _means(values: np.ndarray, every: int) -> np.ndarray:
    if every == 1:
        return values
    starts = np.arange(0, len(values), every)
    counts = np.diff(np.append(starts, len(values)))
    return np.add.reduceat(values, starts) / counts


def _last_of(steps: np.ndarray, every: int) -> np.ndarray:
    if every == 1:
        return steps
    ends = np.minimum(np.arange(every - 1, len(steps) + every - 1, every), len(steps) - 1)
    return steps[ends]
