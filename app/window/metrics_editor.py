"""Which metrics are measured, in a form: a switch for each that fits the loss and the output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.commands import output_shapes
from app.text import tr
from app.widgets import Label, NumberField, Toggle
from app.window.forms import clear, row
from core.naming import snake_case
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


def _best(document: Any) -> Any:
    """Return the metric of a document that counts the right class among the best k, else None."""
    from core import metrics

    metric = metrics.get("Accuracy" if document in metrics.OPEN else document)
    return metric if hasattr(metric, "k") else None


def _called(metric: Any, k: Any) -> str:
    """Return the name of such a metric with its k in the place of the letter."""
    return snake_case(type(metric).__name__).replace("top_k_", f"top_{k}_")


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
        self._lines: list[Any] = []
        self._switches: list[Toggle] = []
        self._numbers: dict[int, NumberField] = {}
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
        held = {type(metrics.get(one)): one for one in self._given if _best(one)}
        offered = [held.get(type(_best(one)), one) for one in offered]
        offered += [one for one in self._given if one not in offered]
        # Another k is no other row: the field that is typed into stays.
        lines = [one if _best(one) is None else type(_best(one)) for one in offered]
        self._offered = offered
        if lines != self._lines:
            self._lines = lines
            clear(self._rows)
            self._numbers = {}
            self._switches = [self._switch(place) for place in range(len(offered))]
        for one, switch in zip(offered, self._switches, strict=True):
            switch.setChecked(one in self._given)
        for place, number in self._numbers.items():
            number.set_amount(_best(offered[place]).k)

    def _switch(self, place: int) -> Toggle:
        from core import metrics

        document = self._offered[place]
        metric = metrics.get("Accuracy" if document in metrics.OPEN else document)
        best = _best(document)
        title = tr(metrics.title(metric.name)) if best is None else tr("Among the best")
        name = metric.name if best is None else _called(best, "k")
        switch = Toggle(name=f"training-metric-{name.replace('_', '-')}", label=title)
        switch.clicked.connect(lambda: self._turn(self._offered[place], switch.isChecked()))
        tip = (type(metric).__doc__ or "").strip().splitlines()[0].replace("`", "")
        if document in metrics.OPEN:
            tip = tr("The share of answers that are right")
        if best is None:
            self._rows.addLayout(row(title, switch, tip=tr(tip)))
            return switch
        number = NumberField(
            name=f"training-metric-{name.replace('_', '-')}-k",
            label=tr("How many of the largest outputs count as right"), minimum=1, maximum=1000,
            width=56,
        )  # fmt: skip
        number.entered.connect(lambda value: self._look_at(self._offered[place], value))
        self._numbers[place] = number
        self._rows.addLayout(row(title, number, switch, tip=tr(tip)))
        return switch

    def _look_at(self, document: Any, k: float) -> None:
        """Measure whether the right class is among the best k, under a name that says so."""
        metric = _best(document)
        assert metric is not None
        amount = int(k) if k == int(k) else k
        config = {**metric.get_config(), "k": amount, "name": _called(metric, amount)}
        changed = {"class_name": type(metric).__name__, "config": config}
        others = [changed if one == document else one for one in self._given]
        self._change(tuple(others if document in self._given else [*others, changed]))

    def _turn(self, document: Any, on: bool) -> None:
        others = [one for one in self._given if one != document]
        if on:
            others.append(document)
            others.sort(key=lambda one: self._offered.index(one) if one in self._offered else 99)
        self._change(tuple(others))
