"""The learning rate in a form: a number, or a schedule with its arguments and its curve over the whole training."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from app import text, theme
from app.text import tr
from app.widgets import Choice, Label, NumberField, Slider, TextField, Toggle
from app.widgets.guarded import guarded
from app.window.forms import clear, row
from core import schedules
from core.errors import ChainruleError
from core.schedules import Schedule, first_rate

#: The choice that is no schedule.
CONSTANT = "constant"

Change = Callable[[Any], None]


class RateEditor(QWidget):
    """Rows for the learning rate.

    Parameters
    ----------
    change
        Called with the new ``learning_rate``: a number, or the document of a schedule.
    settled
        Called when the slider is let go.
    name
        How object names begin.
    advise
        Whether a sentence tells that training is shorter or longer than the schedule.
    usual
        Where a double click on the slider goes.
    """

    def __init__(
        self, change: Change, settled: Callable[[], None], *, name: str = "training", advise: bool = True,
        usual: float = 0.001,
    ) -> None:  # fmt: skip
        super().__init__()
        self._change = change
        self._name, self._advise = name, advise
        self._value: Any = 0.001
        self._steps, self._epochs = 1000, 10
        self._shown = ""
        self._fields: dict[str, NumberField | Toggle | TextField] = {}
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(8)
        self._slider = Slider(
            1e-5, 10.0, name=f"{name}-learning-rate", label=tr("Learning rate"),
            logarithmic=True, default=usual,
        )  # fmt: skip
        self._slider.setFixedWidth(112)
        self._field = NumberField(
            name=f"{name}-learning-rate-field", label=tr("Learning rate"), whole=False,
            step=0.001, minimum=1e-7, maximum=1e6, width=88,
        )  # fmt: skip
        self._slider.moved.connect(self._set_rate)
        self._slider.settled.connect(settled)
        self._field.entered.connect(self._set_rate)
        tip = tr("How far each step goes against the gradient")
        rows.addLayout(row(tr("Learning rate"), self._slider, self._field, tip=tip))
        self._schedule = Choice(
            [(CONSTANT, tr("Constant")), *((name, _title(name)) for name in schedules.names())],
            name=f"{name}-schedule", label=tr("Schedule of the learning rate"), width=216,
        )  # fmt: skip
        self._schedule.chosen.connect(self._choose)
        rows.addLayout(
            row(
                tr("Schedule"),
                self._schedule,
                tip=tr("How the learning rate changes while training goes on"),
            )
        )
        self._arguments = QVBoxLayout()
        self._arguments.setSpacing(8)
        rows.addLayout(self._arguments)
        self._formula = Label("", "hint", "tx3", name=f"{name}-schedule-formula", wrap=True)
        rows.addWidget(self._formula)
        self._curve = RateCurve(f"{name}-schedule-curve")
        rows.addWidget(self._curve)
        self._advice = Label("", "hint", "tx2", name=f"{name}-schedule-advice", wrap=True)
        rows.addWidget(self._advice)

    def show_rate(self, value: Any, steps: int, epochs: int) -> None:
        """Show a document's ``learning_rate``, for training of so many steps and epochs."""
        self._value, self._steps, self._epochs = value, max(steps, 1), max(epochs, 1)
        kind = str(value.get("kind", "")) if isinstance(value, dict) else CONSTANT
        if not self._slider.isSliderDown():
            self._slider.set_amount(_height(value))
        self._field.set_amount(_height(value))
        self._schedule.set_value(kind)
        if kind != self._shown:
            self._shown = kind
            self._make_fields(kind)
        schedule = schedules.get(value) if kind in schedules.names() else None
        if schedule is not None:
            self._fill(schedule)
        for widget in (self._formula, self._curve):
            widget.setVisible(schedule is not None)
        self._curve.show_schedule(schedule, self._steps, self._epochs)
        hint = ""
        if schedule is not None and self._advise:
            hint = schedules.advice(value, self._epochs, max(self._steps // self._epochs, 1))
        self._advice.setText(hint)
        self._advice.setVisible(bool(hint))

    # ---- changes --------------------------------------------------------------------------------

    def _set_rate(self, rate: float) -> None:
        """Give the schedule another height, or a constant another value."""
        if not isinstance(self._value, dict) or schedules.height(self._value):
            self._change(schedules.at_height(self._value, rate))

    def _choose(self, kind: str) -> None:
        rate = _height(self._value)
        if kind == CONSTANT:
            self._change(rate)
            return
        made = Schedule.kinds[kind].example(rate, self._steps, self._epochs)
        self._change(made.to_document())

    def _set(self, name: str, value: Any) -> None:
        self._change({**self._value, name: value})

    # ---- fields ---------------------------------------------------------------------------------

    def _make_fields(self, kind: str) -> None:
        """Rows for what the schedule has beside its height."""
        clear(self._arguments)
        self._fields = {}
        found = Schedule.kinds.get(kind)
        if found is None:
            return
        for name, default in found.defaults().items():
            single = name in found.rates and default is inspect.Parameter.empty and name != "values"
            if name == "name" or single:
                continue
            title = tr(name.replace("_", " ").capitalize())
            self._fields[name] = field = self._make_field(name, title, default, found)
            self._arguments.addLayout(row(title, field))
        self._formula.setText((inspect.getdoc(found) or "").split("\n")[0].replace("`", ""))

    def _make_field(
        self, name: str, title: str, default: Any, found: Any
    ) -> NumberField | Toggle | TextField:
        label = f"{self._name}-schedule-{name}"
        if isinstance(default, bool):
            toggle = Toggle(name=label, label=title)
            toggle.clicked.connect(lambda: self._set(name, toggle.isChecked()))
            return toggle
        if name in ("values", "boundaries"):
            line = TextField(name=label, label=title, mono=True)
            line.setFixedWidth(176)
            line.entered.connect(lambda given: self._set(name, _numbers(given)))
            return line
        whole = name in found.lengths and name.endswith(("steps", "epochs"))
        number = NumberField(
            name=label, label=title, whole=whole, step=1.0 if whole else 0.05, minimum=0.0,
            maximum=1e12, width=88,
        )  # fmt: skip
        # What may be None is left out with 0.
        number.entered.connect(
            lambda value: self._set(name, None if default is None and not value else value)
        )
        return number

    def _fill(self, schedule: Schedule) -> None:
        for name, field in self._fields.items():
            value = getattr(schedule, name)
            if isinstance(field, Toggle):
                field.setChecked(bool(value))
            elif isinstance(field, TextField):
                field.set_value(", ".join(f"{one:g}" for one in value))
            else:
                field.set_amount(float(value or 0.0))


def _title(name: str) -> str:
    """A class's name as words: "Cosine decay restarts"."""
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in name)
    return tr(words.strip().capitalize())


def _height(value: Any) -> float:
    """The rate a slider stands for: the first, or the one a schedule climbs to."""
    if isinstance(value, dict) and value.get("kind") in schedules.names():
        return schedules.height(value)
    return first_rate(value)


def _numbers(given: str) -> list[Any]:
    """The numbers of a list; what is none stays as it is, for the sentence that refuses it."""
    found: list[Any] = []
    for word in given.replace(";", " ").replace(",", " ").split():
        try:
            found.append(float(word))
        except ValueError:
            found.append(word)
    return found


class RateCurve(QWidget):
    """The learning rate over the whole training or race, with its largest and smallest value."""

    def __init__(self, name: str = "training-schedule-curve") -> None:
        super().__init__()
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._rates: np.ndarray = np.zeros(0)
        self._steps = self._epochs = 0

    def show_schedule(self, schedule: Schedule | None, steps: int, epochs: int) -> None:
        """Show a schedule over so many steps and epochs."""
        self._steps, self._epochs = steps, epochs
        if schedule is None:
            self._rates = np.zeros(0)
            return
        an_epoch = max(steps // epochs, 1)
        places = np.linspace(0, max(steps - 1, 0), 161)
        try:
            self._rates = np.array([schedule(int(place), an_epoch) for place in places])
        except (ChainruleError, ArithmeticError, ValueError):
            self._rates = np.zeros(0)
        if len(self._rates):
            self.setAccessibleName(
                tr(
                    "Learning rate from {first} to {last} over {steps} steps",
                    first=_brief(self._rates[0]),
                    last=_brief(self._rates[-1]),
                    steps=text.number(steps),
                )
            )
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(280, 76)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        rates = self._rates[np.isfinite(self._rates)]
        if not len(rates):
            return
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font("tick"))
        metrics = painter.fontMetrics()
        top = float(rates.max())
        shown = [_brief(top), "0"]
        margin = max(metrics.horizontalAdvance(one) for one in shown) + 8
        box = QRectF(margin, 8, self.width() - margin - 2, self.height() - 26)
        painter.setPen(QPen(colors.line2, 1))
        for y in (box.top(), box.bottom()):
            painter.drawLine(
                QPointF(box.left(), round(y) + 0.5), QPointF(box.right(), round(y) + 0.5)
            )
        painter.setPen(colors.tx3)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for y, words in zip((box.top(), box.bottom()), shown, strict=True):
            painter.drawText(QRectF(0, y - 8, margin - 6, 16), right, words)
        below = QRectF(box.left(), box.bottom() + 2, box.width(), 16)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, tr("step 0"))
        end = tr("{steps} steps", steps=text.number(self._steps))
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, end)
        points = [
            QPointF(
                box.left() + box.width() * k / (len(self._rates) - 1),
                box.bottom() - box.height() * (rate / top if top else 0.0),
            )
            for k, rate in enumerate(self._rates)
            if math.isfinite(rate)
        ]
        pen = QPen(colors.fwd, 1.75)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.drawPolyline(QPolygonF(points))


def _brief(rate: float) -> str:
    return f"{rate:.2g}".replace("-", "\N{MINUS SIGN}")
