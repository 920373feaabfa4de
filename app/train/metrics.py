"""Four figures: loss and accuracy on the data learned from and on the data held out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from app import theme
from app.scenes import draw
from app.text import tr
from app.widgets import Label
from core.metrics.titles import title as metric_title

if TYPE_CHECKING:
    from app.snapshots import Snapshot

_RECENT = 50


def figures(shot: Snapshot | None) -> dict[str, float | None]:
    """Return the newest training and validation metrics; None where nothing is known."""
    found: dict[str, float | None] = dict.fromkeys(("loss", "accuracy", "val_loss", "val_accuracy"))
    if shot is None:
        return found
    history, evaluation = shot.history, shot.evaluation
    for key, recent in (("loss", history.loss), ("accuracy", history.accuracy)):
        if len(recent):
            found[key] = float(np.mean(recent[-_RECENT:]))
    for key, late in (("val_loss", history.val_loss), ("val_accuracy", history.val_accuracy)):
        if len(late):
            found[key] = float(late[-1])
    if evaluation is not None:
        found["val_loss"] = evaluation.loss
        found["val_accuracy"] = (
            evaluation.accuracy if evaluation.accuracy is not None else found["val_accuracy"]
        )
    return found


def others(shot: Snapshot | None) -> list[str]:
    """Return a line for each metric that has no figure of its own: a share as percent, an error as it is."""
    evaluation = shot.evaluation if shot is not None else None
    if evaluation is None:
        return []
    lines = []
    if evaluation.restored:
        lines.append(
            tr("Validation: the restored weights of epoch {epoch}", epoch=evaluation.restored)
        )
    for name, value in evaluation.metrics.items():
        if name == "loss" or name.startswith(("accuracy", "loss/")):
            continue
        trained = evaluation.train_metrics.get(name)
        title = tr(metric_title(name))
        parts = [] if trained is None else [tr("train {value}", value=_amount(trained))]
        lines.append("  ".join([title, *parts, tr("val. {value}", value=_amount(value))]))
    return lines


def _amount(value: float) -> str:
    return draw.plain(value, 3) if np.isfinite(value) else "NaN"


class Metrics(QWidget):
    """The figures in a grid of two columns, or in one row of four when `wide`."""

    def __init__(
        self, *, wide: bool, prefix: str = "train-metric", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName(f"{prefix}s")
        self._wide = wide
        self._dropout = False
        self._values: dict[str, Label] = {}
        self._names: dict[str, Label] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(16, 16 if wide else 12, 16, 16 if wide else 12)
        grid.setHorizontalSpacing(8 if wide else 16)
        grid.setVerticalSpacing(8)
        titles = {
            "loss": tr("Train loss"),
            "val_loss": tr("Validation loss"),
            "accuracy": tr("Train accuracy"),
            "val_accuracy": tr("Val. accuracy") if wide else tr("Validation accuracy"),
        }
        places = [(0, 0), (0, 1), (0, 2), (0, 3)] if wide else [(0, 0), (1, 0), (0, 1), (1, 1)]
        for (key, title), (row, column) in zip(titles.items(), places, strict=True):
            cell = QVBoxLayout()
            cell.setSpacing(0)
            name = Label(title, "small" if wide else "label", "tx2")
            value = Label(
                "–",
                "metric",
                "loss" if "loss" in key else "tx",
                name=f"{prefix}-{key.replace('_', '-')}",
            )
            if wide:
                font = theme.font("metric")
                font.setPixelSize(15)
                value.setFont(font)
            value.setAccessibleName(title)
            if not key.startswith("val_"):
                # The legend of the curves says the last batch, the table of epochs their means.
                name.setToolTip(tr("Mean of the last {count} batches", count=_RECENT))
            cell.addWidget(name)
            cell.addWidget(value)
            grid.addLayout(cell, row, column)
            grid.setColumnStretch(column, 1)
            self._values[key], self._names[key] = value, name
        #: What is measured besides, a line each: its name, of training, of what is held out.
        self._others = Label("", "small", "tx2", name=f"{prefix}-others", wrap=True)
        self._others.setAccessibleName(tr("Other metrics"))
        self._others.setVisible(False)
        grid.addWidget(self._others, 3, 0, 1, 4 if wide else 2)

    def show_dropout(self, active: bool) -> None:
        """Say that the training loss is measured with dropout switched on."""
        if active != self._dropout:
            self._dropout = active
            self._names["loss"].setText(
                tr("Train loss, dropout on") if active else tr("Train loss")
            )

    def show_snapshot(self, shot: Snapshot | None) -> None:
        """Show the newest figures."""
        for key, value in figures(shot).items():
            if value is None or not np.isfinite(value):
                text = "–" if value is None else "NaN"
            elif "loss" in key:
                text = draw.plain(value, 4 if self._wide else 3)
            else:
                text = f"{100 * value:.1f} %"
            label = self._values[key]
            if label.text() != text:
                label.setText(text)
                label.setAccessibleDescription(text)
        lines = "\n".join(others(shot))
        if self._others.text() != lines:
            self._others.setText(lines)
            self._others.setVisible(bool(lines))
