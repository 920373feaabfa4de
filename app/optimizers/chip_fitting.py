"""Chips beside each other in the top bar show as much as there is room for, and what they show is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QLayout, QWidget

    from app.widgets import Chip

#: Events of the bar after which there may be another room, and of a chip after which it may be in another bar.
_BAR = (QEvent.Type.Resize, QEvent.Type.LayoutRequest)
_CHIP = (QEvent.Type.Show, QEvent.Type.ParentChange)


class ChipFitting(QObject):
    """See the module's text.

    Parameters
    ----------
    chips
        What is fitted. All stand in one row, with other widgets that keep their widths.
    """

    def __init__(self, chips: Sequence[Chip], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._chips = tuple(chips)
        self._ways: tuple[tuple[int, ...], ...] = ((0,) * len(self._chips),)
        self._bar: QWidget | None = None
        for chip in self._chips:
            chip.installEventFilter(self)

    def set_ways(self, ways: Sequence[tuple[int, ...]]) -> None:
        """Say which forms (`Chip.set_parts`) the chips may have together, the most telling first."""
        self._ways = tuple(ways)
        self.fit()

    def fit(self) -> None:
        """Choose the first way there is room for; if there is for none, the last one, and others give way."""
        bar = self._chips[0].parentWidget()
        row = None if bar is None else bar.layout()
        if bar is None or row is None or not self._chips[0].isVisible():
            return
        room, most = bar.width() - self._others(row), bar.width() - self._others(row, least=True)
        chosen = next((way for way in self._ways if self._width(way) <= room), self._ways[-1])
        # If the shortest is too wide, too, the rest of the row is made narrower before it is.
        kept = self._width(chosen) <= most
        found = [
            (form, chip.width_of(form) if kept else 0)
            for chip, form in zip(self._chips, chosen, strict=True)
        ]
        if found != [(chip.form, chip.minimumWidth()) for chip in self._chips]:
            for chip, (form, width) in zip(self._chips, found, strict=True):
                chip.set_form(form)
                chip.setMinimumWidth(width)
            # At once: what was cut is never painted.
            row.activate()

    def _width(self, way: tuple[int, ...]) -> int:
        return sum(chip.width_of(form) for chip, form in zip(self._chips, way, strict=True))

    def _others(self, row: QLayout, *, least: bool = False) -> int:
        """How wide all the rest of the row would like to be, or has to be at least, with the gaps between."""
        if not least:
            return row.sizeHint().width() - sum(chip.sizeHint().width() for chip in self._chips)
        return row.minimumSize().width() - sum(
            chip.minimumWidth() or chip.minimumSizeHint().width() for chip in self._chips
        )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._bar:
            if event.type() in _BAR:
                self.fit()
        elif event.type() in _CHIP:
            bar = self._chips[0].parentWidget()
            if bar is not self._bar:
                if self._bar is not None:
                    self._bar.removeEventFilter(self)
                self._bar = bar
                if bar is not None:
                    bar.installEventFilter(self)
            self.fit()
        return super().eventFilter(watched, event)
