"""Four figures: loss and accuracy on the data learned from and on the data held out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from app import theme
from app.scenes import draw
from app.text import number, tr
from app.widgets import Label
from core.metrics.titles import title as metric_title

if TYPE_CHECKING:
    from app.snapshots import FiguresView, Snapshot


def figures(shot: Snapshot | None) -> dict[str, float | None]:
    """Return the metrics of training and validation at the step shown; None where nothing is known."""
    found: dict[str, float | None] = dict.fromkeys(("loss", "accuracy", "val_loss", "val_accuracy"))
    if shot is None:
        return found
    for prefix, known in (("", shot.figures.train), ("val_", shot.figures.valid)):
        # Of several outputs the first, as the curves have it.
        accuracy = next((name for name in known if name.startswith("accuracy")), "accuracy")
        found[f"{prefix}loss"] = known.get("loss")
        found[f"{prefix}accuracy"] = known.get(accuracy)
    return found


def moments(shot: Snapshot | None) -> str:
    """Return a line that says of which epoch the figures are; empty where there are none."""
    if shot is None:
        return ""
    known, parts = shot.figures, []
    if known.train:
        epoch = number(known.epoch)
        parts.append(
            tr("Train: mean of epoch {epoch}.", epoch=epoch)
            if known.complete
            else tr("Train: mean of epoch {epoch} so far.", epoch=epoch)
        )
    if known.valid:
        parts.append(_when_measured(known))
    return " ".join(parts)


def _when_measured(known: FiguresView) -> str:
    if known.restored:
        return tr(
            "Validation: the restored weights of epoch {epoch}.", epoch=number(known.restored)
        )
    if known.valid_epoch:
        return tr("Validation: after epoch {epoch}.", epoch=number(known.valid_epoch))
    return tr("Validation: at step {step}.", step=number(known.valid_step))


def others(shot: Snapshot | None) -> list[str]:
    """Return a line for each metric that has no figure of its own: a share as percent, an error as it is."""
    if shot is None:
        return []
    lines, train, valid = [], shot.figures.train, shot.figures.valid
    for name in dict.fromkeys((*train, *valid)):
        if name in ("loss", "learning_rate") or name.startswith(("accuracy", "loss/")):
            continue
        parts = [tr(metric_title(name))]
        if name in train:
            parts.append(tr("train {value}", value=_amount(train[name])))
        if name in valid:
            parts.append(tr("val. {value}", value=_amount(valid[name])))
        lines.append("  ".join(parts))
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
                # The legend of the curves says the last batch, and says so.
                name.setToolTip(
                    tr("Mean over the samples of the epoch, each as it was when trained on")
                )
            cell.addWidget(name)
            cell.addWidget(value)
            grid.addLayout(cell, row, column)
            grid.setColumnStretch(column, 1)
            self._values[key], self._names[key] = value, name
        #: Of which epoch; and what is measured besides, a line each: its name, of training, of what is held out.
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
        """Show the figures of its step."""
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
        when = moments(shot)
        lines = "\n".join([when, *others(shot)] if when else others(shot))
        if self._others.text() != lines:
            self._others.setText(lines)
            self._others.setVisible(bool(lines))
