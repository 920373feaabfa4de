"""What callbacks did, in words for the learner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.text import number, tr


def words(name: str, values: Mapping[str, Any]) -> str:
    """Return the sentence for ``run.stopped-early``, ``run.rate-reduced`` or ``run.best-restored``."""
    if name.endswith("rate-reduced"):
        return tr(
            "Epoch {epoch}: the learning rate is now {rate}.",
            epoch=number(values["epoch"]), rate=f"{values['learning_rate']:.4g}",
        )  # fmt: skip
    if name.endswith("best-restored"):
        return tr(
            "All epochs are done: the weights are those of the best epoch, {best}, again.",
            best=number(values["best_epoch"]),
        )
    sentence = tr(
        "Stopped after epoch {epoch}: {monitor} has not improved since epoch {best}.",
        epoch=number(values["epoch"]), monitor=values["monitor"], best=number(values["best_epoch"]),
    )  # fmt: skip
    if values["restored"]:
        sentence += " " + tr("The weights are those of that epoch again.")
    return sentence
