"""The figures of the step at which a run stands, also when it stands before the end of its history. Worker thread."""

from __future__ import annotations

import bisect
from types import MappingProxyType
from typing import TYPE_CHECKING

from app.snapshots import FiguresView
from core.tape.totals import epoch_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.runs import Epoch, Run


def figures_of(run: Run, restored: int) -> FiguresView:
    """Return what was measured up to the present step: of training what Keras prints, of held-out data the last.

    `restored` is the epoch whose weights were put back at this step, or 0: then what was measured of those.
    """
    position, epochs = run.position, run.history.epochs
    past = epochs[: bisect.bisect_right(epochs, position.step, key=lambda epoch: epoch.step)]
    # What is summed begins with the run, or with what an edit made of it.
    within = bool(position.batch) and position.step > run.base
    ended = _last(past, "loss")
    train = epoch_values(run.program) if within else ended.metrics if ended is not None else {}
    back = [one for one in past if one.epoch == restored] if restored else []
    held = _last(back, "val_loss") or _last(past, "val_loss")
    valid = held.metrics if held is not None else {}
    return FiguresView(
        epoch=position.epoch + 1 if within else ended.epoch if ended is not None else 0,
        complete=not within,
        train=_named(train, ""),
        valid=_named(valid, "val_"),
        # What was measured in the middle of an epoch has nothing of training.
        valid_epoch=held.epoch if held is not None and "loss" in valid else 0,
        valid_step=held.step if held is not None else 0,
        restored=restored,
    )


def _last(epochs: Sequence[Epoch], name: str) -> Epoch | None:
    return next((one for one in reversed(epochs) if name in one.metrics), None)


def _named(metrics: dict[str, float], prefix: str) -> MappingProxyType[str, float]:
    """Return the metrics with that prefix and without it; those without any where it is empty."""
    kept = {
        name.removeprefix(prefix): value
        for name, value in metrics.items()
        if name.startswith(prefix or "val_") == bool(prefix)
    }
    return MappingProxyType(kept)
