"""What was found of two runs: a card under the button of the runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from app.scenes.charts import value_text
from app.text import number, tr
from app.widgets import Button, Label, Popover, ProgressLine
from core.metrics.titles import title as metric_title

if TYPE_CHECKING:
    from app.snapshots import RunComparison


class ComparisonCard(Popover):
    """In words from where two runs differ, and their last metrics side by side; before that, how far it has come.

    Signals
    -------
    cancelled()
        Nobody waits for it any more. Closing the card alone lets it go on.
    """

    cancelled = Signal()

    def __init__(self, anchor: QWidget) -> None:
        super().__init__(anchor, name="train-comparison", title=tr("Comparison"), width=380)
        self._waits = False
        self._words = Label("", "body", "tx", name="train-comparison-words", wrap=True)
        self.body.addWidget(self._words)
        self._about = Label("", "small", "tx2", name="train-comparison-epoch", wrap=True)
        self.body.addWidget(self._about)
        self._table = QWidget()
        self._table.setObjectName("train-comparison-table")
        holder = QVBoxLayout(self._table)
        holder.setContentsMargins(0, 0, 0, 0)
        self.body.addWidget(self._table)
        self._progress = ProgressLine(name="train-comparison-progress")
        self.body.addWidget(self._progress)
        self._close = Button(tr("Close"), name="train-comparison-close")
        self._close.clicked.connect(self._on_close)
        self.body.addWidget(self._close)

    def show_waiting(self, opened: str, other: str) -> None:
        """Say what is compared; it takes a moment."""
        self._fill(tr("“{one}” beside “{other}”: going over their steps…", one=opened, other=other))
        self._waits = True
        self._name_button(tr("Cancel"))
        self.show_share(0.0)

    def show_share(self, share: float) -> None:
        """Show how far it has come."""
        if self._waits:
            self._progress.set_share(share)
            self._progress.setAccessibleName(tr("{share} % compared", share=round(100 * share)))

    def show_problem(self, sentence: str) -> None:
        """Say why there is nothing to show."""
        self._fill(sentence)

    def _fill(self, words: str, about: str = "") -> None:
        self._waits = False
        self._name_button(tr("Close"))
        self._progress.set_share(None)
        self._words.setText(words)
        self._about.setText(about)
        self._about.setVisible(bool(about))
        holder = self._table.layout()
        assert holder is not None
        while (item := holder.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()

    def _name_button(self, words: str) -> None:
        self._close.set_label(words)
        self._close.setAccessibleName(words)

    def _on_close(self) -> None:
        waits, self._waits = self._waits, False
        self.close_popover()
        if waits:
            self.cancelled.emit()

    def show_comparison(self, found: RunComparison, opened: str, shares: frozenset[str]) -> None:
        """Fill the card; `opened` is the name of the open run, `shares` the metrics from 0 to 1."""
        steps = tr("steps {first} to {last}", first=number(found.first), last=number(found.last))
        about = tr("“{one}” beside “{other}”, {steps}.", one=opened, other=found.name, steps=steps)
        if found.epoch:
            about += " " + tr("Metrics after epoch {epoch}:", epoch=number(found.epoch))
        else:
            about += " " + tr("They have not finished an epoch in common.")
        self._fill("\n".join(found.sentences), about)
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
        holder = self._table.layout()
        assert holder is not None
        holder.addWidget(inner)
        inner.show()


def _title(name: str) -> str:
    words = tr(metric_title(name))
    return tr("{metric}, validation", metric=words) if name.startswith("val_") else words
