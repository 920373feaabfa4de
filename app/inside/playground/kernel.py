"""The kernel as a square of cells to type in; the result follows every key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QLineEdit, QSizePolicy, QWidget

from app import text, theme
from app.scenes import draw
from app.text import tr
from app.widgets.focus import focus_entered, focus_left

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent

    from app.scenes.playground_settings import Rows

_MINUS = "\N{MINUS SIGN}"
_ARROWS = {Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}
#: Cells are no wider than this, and all together no wider than that.
_WIDEST, _ROOM = 56, 240
#: Cells of larger kernels are written smaller.
_LARGE = 5


def number_in(typed: str) -> float | None:
    """What was typed as a number, or None while it is none; a fraction such as 1/9 is one."""
    plain = typed.replace(_MINUS, "-").replace(",", ".").strip()
    try:
        if "/" in plain:
            above, below = plain.split("/", 1)
            return float(above) / float(below)
        return float(plain)
    except (ValueError, ZeroDivisionError):
        return None


class KernelCell(QLineEdit):
    """One number."""

    focus_radius = 3
    arrow = Signal(int, int)

    def __init__(self, row: int, column: int) -> None:
        super().__init__()
        self.row, self.column = row, column
        self.setObjectName(f"playground-cell-{row}-{column}")
        self.setAccessibleName(
            tr("Kernel, row {row}, column {column}", row=row + 1, column=column + 1)
        )
        self.setFont(theme.font("value"))
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setTextMargins(-5, 0, -5, 0)
        self.setMaxLength(12)
        self.setFixedHeight(28)
        self.setMinimumWidth(20)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def set_error(self, wrong: bool) -> None:
        """Mark what is no number."""
        if bool(self.property("error")) != wrong:
            self.setProperty("error", wrong)
            self.style().unpolish(self)
            self.style().polish(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = _ARROWS.get(Qt.Key(event.key()))
        if step is not None:
            self.arrow.emit(self.row + step[0], self.column + step[1])
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.selectAll()
        focus_entered(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        focus_left(self)


class KernelGrid(QWidget):
    """See the module's text.

    Signals
    -------
    typed(row, column, value)
        A cell holds another number.
    """

    typed = Signal(int, int, float)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("playground-kernel")
        self.setAccessibleName(tr("Kernel"))
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(3)
        self.cells: dict[tuple[int, int], KernelCell] = {}
        self._values: Rows = ()

    def show_kernel(self, rows: Rows) -> None:
        """Show numbers; a cell that is being typed in is left alone while it says the same."""
        if len(rows) != len(self._values):
            self._make(len(rows))
        self._values = rows
        for (row, column), cell in self.cells.items():
            value = rows[row][column]
            if number_in(cell.text()) != value:
                cell.setText(text.number(value))
            cell.set_error(False)
            cell.setToolTip(text.number(value))

    def _make(self, size: int) -> None:
        for cell in self.cells.values():
            self._grid.removeWidget(cell)
            cell.hide()
            cell.deleteLater()
        self.cells = {}
        for row in range(size):
            for column in range(size):
                cell = KernelCell(row, column)
                if size > _LARGE:
                    cell.setFont(draw.face(10.5, mono=True))
                cell.textEdited.connect(lambda typed, cell=cell: self._on_typed(cell, typed))
                cell.editingFinished.connect(lambda cell=cell: self._on_left(cell))
                cell.arrow.connect(self._on_arrow)
                self.cells[row, column] = cell
                self._grid.addWidget(cell, row, column)
        self.setFixedWidth(min(_ROOM, size * _WIDEST + 3 * (size - 1)))

    def _on_typed(self, cell: KernelCell, typed: str) -> None:
        value = number_in(typed)
        cell.set_error(value is None)
        if value is not None:
            self.typed.emit(cell.row, cell.column, value)

    def _on_left(self, cell: KernelCell) -> None:
        """What is no number goes back to the one that counts."""
        if (cell.row, cell.column) in self.cells and len(self._values) > cell.row:
            cell.setText(text.number(self._values[cell.row][cell.column]))
            cell.set_error(False)

    def _on_arrow(self, row: int, column: int) -> None:
        cell = self.cells.get((row, column))
        if cell is not None:
            cell.setFocus(Qt.FocusReason.TabFocusReason)
