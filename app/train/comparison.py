"""What was found of two runs: a card under the button of the runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from app.scenes.charts import value_text
from app.text import number, tr
from app.widgets import Button, Label, Popover
from core.metrics.titles import title as metric_title

if TYPE_CHECKING:
    from app.snapshots import RunComparison


class ComparisonCard(Popover):
    """In words from where two runs differ, and their last metrics side by side."""

    def __init__(self, anchor: QWidget) -> None:
        super().__init__(anchor, name="train-comparison", title=tr("Comparison"), width=380)
        self._words = Label("", "body", "tx", name="train-comparison-words", wrap=True)
        self.body.addWidget(self._words)
        self._about = Label("", "small", "tx2", name="train-comparison-epoch", wrap=True)
        self.body.addWidget(self._about)
        self._table = QWidget()
        self._table.setObjectName("train-comparison-table")
        holder = QVBoxLayout(self._table)
        holder.setContentsMargins(0, 0, 0, 0)
        self.body.addWidget(self._table)
        close = Button(tr("Close"), name="train-comparison-close")
        close.clicked.connect(self.close_popover)
        self.body.addWidget(close)

    def show_comparison(self, found: RunComparison, opened: str, shares: frozenset[str]) -> None:
        """Fill the card; `opened` is the name of the open run, `shares` the metrics from 0 to 1."""
        self._words.setText("\n".join(found.sentences))
        steps = tr("steps {first} to {last}", first=number(found.first), last=number(found.last))
        about = tr("“{one}” beside “{other}”, {steps}.", one=opened, other=found.name, steps=steps)
        if found.epoch:
            about += " " + tr("Metrics after epoch {epoch}:", epoch=number(found.epoch))
        else:
            about += " " + tr("They have not finished an epoch in common.")
        self._about.setText(about)
        holder = self._table.layout()
        assert holder is not None
        while (item := holder.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        inner = QWidget()
        grid = QGridLayout(inner)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(0, 1)
        if found.rows:
            for column, head in ((1, tr("open run")), (2, tr("other run"))):
                grid.addWidget(Label(head, "small", "tx2"), 0, column)
        for row, (name, one, other) in enumerate(found.rows, start=1):
            share = name.removeprefix("val_") in shares
            grid.addWidget(Label(_title(name), "small", "tx2"), row, 0)
            grid.addWidget(Label(value_text(one, share), "table", "tx"), row, 1)
            grid.addWidget(Label(value_text(other, share), "table", "tx"), row, 2)
        holder.addWidget(inner)


def _title(name: str) -> str:
    words = tr(metric_title(name))
    return tr("{metric}, validation", metric=words) if name.startswith("val_") else words
