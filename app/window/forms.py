"""Forms over commands: rows with a label on the left, what it names on the right, and the sentence of a refusal."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.commands import LIMITS
from app.widgets import (
    Label,
    NumberField,
    Popover,
)
from app.workspace import WindowContext


def row(label: str, *widgets: QWidget, tip: str = "") -> QHBoxLayout:
    """One row."""
    found = QHBoxLayout()
    found.setSpacing(8)
    words = Label(label, "label", "tx2")
    words.setToolTip(tip)
    words.setMinimumHeight(28)
    found.addWidget(words)
    found.addStretch(1)
    for widget in widgets:
        if tip:
            widget.setToolTip(tip)
        found.addWidget(widget)
    return found


def clear(rows: QVBoxLayout) -> None:
    """Take all rows away."""
    while (line := rows.takeAt(0)) is not None:
        layout = line.layout()
        while layout is not None and (item := layout.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()


class Form(Popover):
    """Rows of settings over one command; a refusal is shown under the rows."""

    def __init__(self, anchor: QWidget, context: WindowContext, *, name: str, title: str) -> None:
        super().__init__(anchor, name=name, title=title, width=344)
        self._context = context
        self._rows = QVBoxLayout()
        self._rows.setSpacing(8)
        self.body.addLayout(self._rows)
        self._problem = Label("", "hint", "err", name=f"{name}-problem", wrap=True)
        self._problem.hide()
        self.body.addWidget(self._problem)
        context.document.changed.connect(self._follow)

    def _follow(self) -> None:
        """Show what was changed elsewhere, by undo for example."""
        if self.isVisible():
            self._show()

    def _try(self, command: str, **arguments: Any) -> None:
        from app.bus import CommandError

        try:
            self._context.bus.do(command, **arguments)
        except CommandError as error:
            self._problem.setText(str(error))
            self._problem.show()
        else:
            self._problem.hide()
        self._show()

    def _show(self) -> None:
        """Show the document's values."""
        raise NotImplementedError

    def _number(self, field: str, label: str, tip: str, width: int = 88) -> NumberField:
        low, high, whole = LIMITS[field]
        step = 1.0 if whole else 0.05
        box = NumberField(
            name=f"training-{field}", label=label, whole=whole, step=step, minimum=low,
            maximum=high, width=width,
        )  # fmt: skip
        box.entered.connect(lambda value: self._try("training.configure", **{field: value}))
        self._rows.addLayout(row(label, box, tip=tip))
        return box
