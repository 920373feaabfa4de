"""Which points are learned: a picture of each set, noise, count, batch size, and new ones at a click."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.bus import CommandError
from app.scenes import draw
from app.text import number, tr
from app.widgets import Button, Control, Label, Line, Slider, Toggle
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from app.workspace import WindowContext

SETS = ("spirals", "moons", "circles", "xor", "gaussians")


@lru_cache(maxsize=16)
def _sketch(data: str) -> tuple[np.ndarray, np.ndarray] | None:
    """A few real points of a set, scaled to -1..1."""
    from core import data as sets

    info = sets.info(data)
    arguments = {"samples": 60} if any(s.name == "samples" for s in info.parameters) else {}
    loaded = sets.load(data, **arguments)
    x = np.asarray(loaded.x_train, np.float32)
    return x / max(1e-6, float(np.abs(x).max())), np.asarray(loaded.y_train).ravel()


class Thumbnail(Control):
    """A 70 by 52 picture of a data set with its name."""

    def __init__(self, data: str, title: str) -> None:
        super().__init__()
        self.data = data
        self.setText(title)
        self.setCheckable(True)
        self.setObjectName(f"train-data-{data}")
        self.setAccessibleName(tr("Data set {name}", name=title))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(70, 72)

    def minimumSizeHint(self) -> QSize:
        return QSize(44, 72)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on = self.isChecked()
        width = 2.0 if on else 1.0
        box = QRectF(0, 0, min(self.width(), 88), 52)
        box.moveLeft((self.width() - box.width()) / 2)
        painter.setPen(
            QPen(colors.tx if on else colors.line2 if self.hovered else colors.line, width)
        )
        painter.setBrush(colors.bg0)
        painter.drawRoundedRect(box.adjusted(width / 2, width / 2, -width / 2, -width / 2), 6, 6)
        found = _sketch(self.data)
        if found is not None:
            points, labels = found
            painter.setPen(Qt.PenStyle.NoPen)
            middle = box.center()
            for (x, y), label in zip(points[:, :2].tolist(), labels.tolist()):
                painter.setBrush(colors.pos if label else colors.neg)
                painter.drawEllipse(QPointF(middle.x() + x * 21, middle.y() - y * 21), 1.5, 1.5)
        draw.text(
            painter,
            middle.x(),
            67,
            self.text(),
            11,
            colors.tx if on else colors.tx2,
            anchor="middle",
        )


class _Knob(QWidget):
    """A name, a slider and its value."""

    changed = Signal(str, float)

    def __init__(
        self,
        name: str,
        title: str,
        low: float,
        high: float,
        step: float,
        *,
        logarithmic: bool = False,
        digits: int = 0,
    ) -> None:
        super().__init__()
        self._name, self._digits = name, digits
        self.setFixedHeight(32)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        label = Label(title)
        label.setFixedWidth(80)
        self.slider = Slider(
            low, high, name=f"train-{name}", label=title, step=step, logarithmic=logarithmic
        )
        self.slider.setToolTip(tr("{title}; arrow keys take one step", title=title))
        self._value = Label("", "value", "tx")
        self._value.setFixedWidth(48)
        self._value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(label)
        row.addWidget(self.slider, 1)
        row.addWidget(self._value)
        self.slider.moved.connect(self._on_moved)
        self._pending: float | None = None
        self.slider.settled.connect(self._on_settled)

    def show_value(self, value: float) -> None:
        """Show what the document holds."""
        if self._pending is None:
            self.slider.set_amount(value)
            self._value.setText(
                draw.plain(value, self._digits) if self._digits else number(int(value))
            )

    def _on_moved(self, value: float) -> None:
        self._value.setText(
            draw.plain(value, self._digits) if self._digits else number(round(value))
        )
        if self.slider.isSliderDown():
            self._pending = value  # a drag draws new data once, when it rests
        else:
            self.changed.emit(self._name, value)

    def _on_settled(self) -> None:
        if self._pending is not None:
            value, self._pending = self._pending, None
            self.changed.emit(self._name, value)


class DataPanel(QWidget):
    """The knobs of a two-dimensional data set.

    Signals
    -------
    points_toggled(bool)
        Show or hide the held-out points.
    """

    points_toggled = Signal(bool)

    def __init__(self, context: WindowContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        from core import data as sets

        self._context = context
        self.setObjectName("train-data")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 0, 16, 12)
        column.setSpacing(0)
        column.addWidget(Label(tr("Data"), "section", "tx2"))
        column.addSpacing(8)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.thumbnails: dict[str, Thumbnail] = {}
        for data in SETS:
            if data in sets.names():
                title = {"spirals": tr("Spirals"), "xor": tr("XOR")}.get(
                    data, sets.info(data).title
                )
                thumb = self.thumbnails[data] = Thumbnail(data, title)
                thumb.clicked.connect(lambda _=False, d=data: self._choose(d))
                row.addWidget(thumb)
        column.addLayout(row)
        column.addSpacing(12)
        self.noise = _Knob("noise", tr("Noise"), 0.0, 0.5, 0.01, digits=2)
        self.samples = _Knob("samples", tr("Samples"), 20, 1000, 20)
        self.batch = _Knob("batch", tr("Batch size"), 1, 256, 1, logarithmic=True)
        for knob in (self.noise, self.samples, self.batch):
            knob.changed.connect(self._on_knob)
            column.addWidget(knob)
        column.addSpacing(8)
        column.addWidget(Line())
        column.addSpacing(12)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        self.points = Toggle(name="train-validation-points", label=tr("Show validation points"))
        self.points.setChecked(True)
        self.points.toggled.connect(self.points_toggled)
        self.again = Button(tr("Regenerate data"), name="train-regenerate")
        self.again.setToolTip(tr("Draw new points by the same rule"))
        self.again.clicked.connect(self._regenerate)
        foot.addWidget(self.points)
        foot.addWidget(Label(tr("Show validation points")))
        foot.addStretch(1)
        foot.addWidget(self.again)
        column.addLayout(foot)
        self.show_document()

    def show_document(self) -> None:
        """Show what the document holds."""
        document = self._context.document
        reference = document.data
        known = self._parameters()
        for data, thumb in self.thumbnails.items():
            thumb.setChecked(data == reference.id)
        for knob, name in ((self.noise, "noise"), (self.samples, "samples")):
            knob.setVisible(name in known)
            if name in known:
                knob.show_value(float(reference.parameters.get(name, known[name].default)))
        self.batch.show_value(float(document.training.batch_size))
        self.again.setEnabled("seed" in known)

    def _parameters(self) -> dict[str, Any]:
        from app.document import data_info

        info = data_info(self._context.document.data)
        return {s.name: s for s in info.parameters} if info is not None else {}

    def _do(self, name: str, /, **arguments: Any) -> None:
        try:
            self._context.bus.do(name, **arguments)
        except CommandError as error:
            self._context.engine.failed.emit(str(error))
        self.show_document()

    def _choose(self, data: str) -> None:
        self._do("data.choose", id=data)

    def _on_knob(self, name: str, value: float) -> None:
        if name == "batch":
            self._do("training.configure", batch_size=round(value))
            return
        parameters = dict(self._context.document.data.parameters)
        parameters[name] = round(value, 2) if name == "noise" else round(value)
        self._do("data.choose", id=self._context.document.data.id, **parameters)

    def _regenerate(self) -> None:
        known = self._parameters()
        reference = self._context.document.data
        parameters = dict(reference.parameters)
        parameters["seed"] = int(parameters.get("seed", known["seed"].default)) + 1
        self._do("data.choose", id=reference.id, **parameters)
