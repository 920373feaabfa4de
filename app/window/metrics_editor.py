"""Which metrics are measured, in a form: a switch for each that fits the loss and the output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.commands import output_shapes
from app.text import tr
from app.widgets import Label, Toggle
from app.window.forms import clear, row
from core.spec import Network, Training

#: What a form offers, the best known first. All others are open to files and to Python.
_OFFERED: tuple[Any, ...] = (
    "accuracy",
    "precision",
    "recall",
    {"class_name": "F1Score", "config": {"average": "macro"}},
    "auc",
    "top_k_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "mean_absolute_error",
    "mean_squared_error",
    "root_mean_squared_error",
    "r2_score",
)


class MetricsEditor(QWidget):
    """Rows of switches.

    Parameters
    ----------
    change
        Called with the new documents.
    """

    def __init__(self, change: Callable[[tuple[Any, ...]], None]) -> None:
        super().__init__()
        self._change = change
        self._given: tuple[Any, ...] = ()
        self._offered: list[Any] = []
        self._switches: list[Toggle] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(Label(tr("Metrics"), "section", "tx2"))
        self._rows = QVBoxLayout()
        self._rows.setSpacing(8)
        column.addLayout(self._rows)

    def show_training(self, training: Training, network: Network) -> None:
        """Show the metrics of these settings, and those that could be measured besides."""
        from core import losses, metrics

        self._given = tuple(training.metrics)
        shapes = output_shapes(network)
        loss = losses.get(training.loss) if training.loss else None
        offered = []
        if loss is not None and len(shapes) == 1:
            # Shares of right answers are of classes, errors of numbers.
            classes = loss.suits != "linear"
            offered = [
                one for one in _OFFERED
                if metrics.fits(one, loss, shapes[0])
                and metrics.resolved(one, loss, shapes[0])[0].share == classes
            ]  # fmt: skip
        offered += [one for one in self._given if one not in offered]
        if offered != self._offered:
            self._offered = offered
            clear(self._rows)
            self._switches = [self._switch(one) for one in offered]
        for one, switch in zip(offered, self._switches, strict=True):
            switch.setChecked(one in self._given)

    def _switch(self, document: Any) -> Toggle:
        from core import metrics

        metric = metrics.get("Accuracy" if document in metrics.OPEN else document)
        title = tr(metrics.title(metric.name))
        switch = Toggle(name=f"training-metric-{metric.name.replace('_', '-')}", label=title)
        switch.clicked.connect(lambda: self._turn(document, switch.isChecked()))
        tip = (type(metric).__doc__ or "").strip().splitlines()[0].replace("`", "")
        if document in metrics.OPEN:
            tip = tr("The share of answers that are right")
        self._rows.addLayout(row(title, switch, tip=tr(tip)))
        return switch

    def _turn(self, document: Any, on: bool) -> None:
        others = [one for one in self._given if one != document]
        if on:
            others.append(document)
            others.sort(key=lambda one: self._offered.index(one) if one in self._offered else 99)
        self._change(tuple(others))
