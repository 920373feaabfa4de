"""Rows of a form: a label on the left, what it names on the right."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.widgets import Label


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
