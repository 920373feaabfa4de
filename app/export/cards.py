"""The cards to choose a format from."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QSizePolicy, QWidget

from app import theme
from app.export.formats import FORMATS, Format
from app.widgets.buttons import Control
from app.widgets.guarded import guarded

_COLUMNS = 3


class FormatCards(QWidget):
    """All formats side by side; exactly one is chosen.

    Signals
    -------
    chosen(str)
        Id of the format the learner picked.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("export-format")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(8)
        self._group = QButtonGroup(self)
        self._cards: dict[str, _Card] = {}
        for place, fmt in enumerate(FORMATS):
            card = _Card(fmt)
            card.clicked.connect(self._on_clicked)
            self._group.addButton(card)
            self._cards[fmt.id] = card
            grid.addWidget(card, place // _COLUMNS, place % _COLUMNS)
        for column in range(_COLUMNS):
            grid.setColumnStretch(column, 1)
        self.set_value(FORMATS[0].id)

    @property
    def value(self) -> str:
        """Id of the chosen format."""
        for name, card in self._cards.items():
            if card.isChecked():
                return name
        return FORMATS[0].id

    def set_value(self, name: str) -> None:
        """Choose without announcing it."""
        if name in self._cards:
            self._cards[name].setChecked(True)

    def _on_clicked(self) -> None:
        self.chosen.emit(self.value)


class _Card(Control):
    focus_radius = 6

    def __init__(self, fmt: Format) -> None:
        super().__init__()
        self._format = fmt
        self.setObjectName(f"export-format-{fmt.id}")
        self.setAccessibleName(f"{fmt.title}, {fmt.subtitle}")
        self.setCheckable(True)
        self.setFixedHeight(48)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(112, 48)

    def minimumSizeHint(self) -> QSize:
        return QSize(96, 48)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.isEnabled():
            painter.setOpacity(0.45)
        on = self.isChecked()
        width = 2 if on else 1
        rect = QRectF(self.rect()).adjusted(width / 2, width / 2, -width / 2, -width / 2)
        painter.setPen(QPen(colors.tx if on else colors.line, width))
        painter.setBrush(colors.bg3 if self.hovered and not on else colors.bg2)
        painter.drawRoundedRect(rect, 6, 6)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.setPen(colors.tx)
        painter.setFont(theme.font("header"))
        painter.drawText(QRectF(12, 6, self.width() - 16, 18), left, self._format.title)
        painter.setPen(colors.tx2)
        painter.setFont(theme.font("small"))
        painter.drawText(QRectF(12, 25, self.width() - 16, 15), left, self._format.subtitle)
