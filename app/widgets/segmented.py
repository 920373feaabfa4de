"""A row of choices of which exactly one holds."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QSizePolicy, QWidget

from app import theme
from app.widgets.buttons import Control
from app.widgets.guarded import guarded

_RADIUS = 6.0


class Segmented(QWidget):
    """Choices side by side; Tab enters at the chosen one and the arrow keys move on.

    Parameters
    ----------
    options : sequence of (value, label)
        What can be chosen.
    name : str
        Object name; each segment is called ``<name>-<value>``.
    mono : bool
        Labels are numbers.
    """

    chosen = Signal(str)

    def __init__(
        self,
        options: Sequence[tuple[str, str]],
        *,
        name: str,
        label: str = "",
        height: int = 28,
        mono: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(label or name)
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._group = QButtonGroup(self)
        self._segments: dict[str, _Segment] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        last = len(options) - 1
        for index, (value, text) in enumerate(options):
            segment = _Segment(text, index == 0, index == last, mono)
            segment.setObjectName(f"{name}-{value}")
            segment.setAccessibleName(f"{label} {text}".strip())
            segment.setFixedHeight(height)
            segment.clicked.connect(self._on_clicked)
            self._group.addButton(segment)
            self._segments[value] = segment
            row.addWidget(segment)
        if options:
            self._segments[options[0][0]].setChecked(True)

    @property
    def value(self) -> str:
        """The chosen value."""
        for value, segment in self._segments.items():
            if segment.isChecked():
                return value
        return ""

    def set_value(self, value: str) -> None:
        """Choose without announcing it; "" chooses none of them."""
        if value in self._segments:
            self._segments[value].setChecked(True)
        elif not value and (checked := self._group.checkedButton()) is not None:
            self._group.setExclusive(False)
            checked.setChecked(False)
            self._group.setExclusive(True)

    def segment(self, value: str) -> Control:
        """Return the button of a value."""
        return self._segments[value]

    def _on_clicked(self) -> None:
        self.chosen.emit(self.value)


class _Segment(Control):
    def __init__(self, text: str, first: bool, last: bool, mono: bool) -> None:
        super().__init__()
        self.setText(text)
        self.setCheckable(True)
        self._first = first
        self._last = last
        self._role = "value" if mono else "button"
        # Clicking leaves the focus here so that the arrow keys go on from the choice.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.MinimumExpanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        advance = QFontMetricsF(theme.font(self._role)).horizontalAdvance(self.text())
        return QSize(round(advance + 21), self.height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.isEnabled():
            painter.setOpacity(0.45)
        # Inner segments reach over the edge, so that the clip cuts their round corners away.
        rect = QRectF(self.rect()).adjusted(
            0.5 if self._first else -0.5, 0.5, -0.5 if self._last else 8.5, -0.5
        )
        if not self._first:
            rect.setLeft(-8.5)
        on = self.isChecked()
        fill = colors.selbg if on else colors.bg3 if self.hovered else colors.bg2
        path = QPainterPath()
        path.addRoundedRect(rect, _RADIUS, _RADIUS)
        painter.setPen(QPen(colors.line, 1))
        painter.setBrush(fill)
        painter.drawPath(path)
        if not self._first:
            painter.drawLine(0, 1, 0, self.height() - 2)
        painter.setPen(colors.tx if on else colors.tx2)
        painter.setFont(theme.font(self._role))
        painter.drawText(QRectF(self.rect()), Qt.AlignmentFlag.AlignCenter, self.text())
