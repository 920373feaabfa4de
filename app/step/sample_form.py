"""Typing a sample in: fields for features, a pad for pixels, and its target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from app import theme
from app.step.sample_picture import INKS, PixelPad, is_image, names_of
from app.step.whatif_editor import parse
from app.text import tr
from app.widgets import Button, Choice, Label, NumberField

if TYPE_CHECKING:
    from app.engine.questions.samples import Fitting, FoundSample

# More numbers than these are typed as one list.
MOST_FIELDS = 24


class Numbers(QWidget):
    """Some numbers: a field for each with its name, or all of them as a list with commas."""

    def __init__(self, names: list[str], name: str) -> None:
        super().__init__()
        self._fields: list[NumberField] = []
        self._list: QPlainTextEdit | None = None
        self._count = len(names)
        if len(names) > MOST_FIELDS:
            self._list = QPlainTextEdit()
            self._list.setObjectName(f"{name}-list")
            self._list.setAccessibleName(
                tr("{count} numbers with commas between them", count=len(names))
            )
            self._list.setFont(theme.font("table"))
            self._list.setFixedHeight(120)
            self._list.setTabChangesFocus(True)
            column = QVBoxLayout(self)
            column.setContentsMargins(0, 0, 0, 0)
            column.addWidget(self._list)
            return
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        columns = 2 if len(names) > 6 else 1
        for k, words in enumerate(names):
            field = NumberField(name=f"{name}-{k}", label=words, whole=False, step=0.1, width=88)
            label = Label(words, "label", "tx2")
            label.setToolTip(words)
            row, place = divmod(k, columns)
            grid.addWidget(label, row, 2 * place)
            grid.addWidget(field, row, 2 * place + 1, Qt.AlignmentFlag.AlignRight)
            self._fields.append(field)

    def set_values(self, values: np.ndarray) -> None:
        """Begin with these numbers."""
        flat = np.ravel(values)
        if self._list is not None:
            self._list.setPlainText(", ".join(f"{float(v):.6g}" for v in flat))
        for field, value in zip(self._fields, flat, strict=False):
            field.set_amount(float(f"{float(value):.6g}"))

    def values(self) -> list[float] | None:
        """The numbers, or None if they are not as many as they should be."""
        if self._list is None:
            for field in self._fields:
                field.interpretText()
            return [field.value() for field in self._fields]
        found = parse(self._list.toPlainText())
        return found if found is not None and len(found) == self._count else None


class SampleForm(QWidget):
    """A sample to type in, beginning with one that was found.

    Signals
    -------
    refused(str)
        What was typed is no sample; a sentence.
    """

    refused = Signal(str)

    def __init__(self, fitting: Fitting, found: FoundSample) -> None:
        super().__init__()
        self.setObjectName("step-sample-form")
        self._found, self._classes = found, fitting.classes
        self._shape = found.x.shape
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.pad: PixelPad | None = None
        self.numbers: Numbers | None = None
        if is_image(fitting.kind, self._shape):
            self.pad = PixelPad(self._shape)
            self.pad.set_values(found.x)
            column.addWidget(self.pad)
            column.addWidget(self._pad_controls(self.pad))
        else:
            names = names_of(self._shape, fitting.features)
            self.numbers = Numbers(names, "step-sample-x")
            self.numbers.set_values(found.x)
            column.addWidget(self.numbers)
        self.label: Choice | None = None
        self.targets: Numbers | None = None
        self._build_target(column)

    def _pad_controls(self, pad: PixelPad) -> QWidget:
        inside = QWidget()
        row = QHBoxLayout(inside)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        clear = Button(
            tr("Clear"), name="step-sample-clear", kind="ghost", icon="trash", icon_size=14
        )
        clear.clicked.connect(lambda: pad.set_values(np.zeros_like(pad.values)))
        row.addWidget(clear)
        row.addStretch(1)
        if pad.values.shape[2] == 3:
            titles = {
                "white": tr("White"), "red": tr("Red"), "green": tr("Green"), "blue": tr("Blue"),
                "yellow": tr("Yellow"), "black": tr("Black"),
            }  # fmt: skip
            ink = Choice(
                [(k, titles[k]) for k in INKS], name="step-sample-ink", label=tr("Ink"), width=110
            )

            def choose(value: str) -> None:
                pad.ink = INKS[value]

            ink.chosen.connect(choose)
            row.addWidget(ink)
        return inside

    def _build_target(self, column: QVBoxLayout) -> None:
        found, size = self._found, self._found.target.size
        if self._classes and found.label is not None:
            options = [(str(k), words) for k, words in enumerate(self._classes)]
            self.label = Choice(options, name="step-sample-label", label=tr("Class"))
            self.label.set_value(str(found.label))
            row = QHBoxLayout()
            row.addWidget(Label(tr("Class"), "label", "tx2"))
            row.addWidget(self.label, 1)
            column.addLayout(row)
        elif size == found.x.size and np.array_equal(found.target, found.x.ravel()):
            column.addWidget(
                Label(
                    tr("The network is to give back what it is given."), "label", "tx3", wrap=True
                )
            )
        else:
            column.addWidget(Label(tr("Target"), "label", "tx2"))
            names = (
                [tr("target")]
                if size == 1
                else [tr("target {number}", number=k + 1) for k in range(size)]
            )
            self.targets = Numbers(names, "step-sample-y")
            self.targets.set_values(found.target)
            column.addWidget(self.targets)

    def sample(self) -> tuple[list[float], list[float]] | None:
        """What was typed, as the network and its loss read it; None if it is not complete, which is said."""
        x = self.pad.values.ravel().tolist() if self.pad is not None else None
        if self.numbers is not None:
            x = self.numbers.values()
        if x is None:
            self.refused.emit(
                tr(
                    "The sample needs {count} numbers with commas between them.",
                    count=self._found.x.size,
                )
            )
            return None
        size = self._found.target.size
        if self.label is not None:
            chosen = int(self.label.value)
            if size == len(self._classes) and size > 1:
                return x, [float(k == chosen) for k in range(size)]
            return x, [float(chosen)] * size
        if self.targets is None:
            return x, list(x)
        y = self.targets.values()
        if y is None:
            self.refused.emit(
                tr("The target needs {count} numbers with commas between them.", count=size)
            )
            return None
        return x, y
