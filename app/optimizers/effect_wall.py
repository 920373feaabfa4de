"""Tiles in columns and lines, as many of them beside each other as are well shaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from app.optimizers.effect_tile import FOOT, HEAD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QResizeEvent

_GAP, _MARGIN = 10, 16
#: A tile is at least so wide and high, and its map about so many times as wide as high.
_WIDE, _WIDEST, _HIGH, _SHAPE = 136.0, 190.0, 118, 1.45
#: It is not stretched beyond that shape by more than this.
_TALLEST = 1.0


class EffectWall(QScrollArea):
    """See the module's text. It scrolls where there is no room for all of them."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._inside = QWidget()
        self._inside.setProperty("clear", True)
        self.viewport().setProperty("clear", True)
        self.setWidget(self._inside)
        # The ground is that of the panel around.
        self._inside.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)
        self._tiles: tuple[QWidget, ...] = ()
        self._wide: float = _WIDE
        self.columns = 1

    def set_tiles(self, tiles: Sequence[QWidget], wide: float = 0.0) -> None:
        """Show other tiles; `wide` is how much their titles want, as far as that is reasonable."""
        self._tiles, self._wide = tuple(tiles), min(max(_WIDE, wide), _WIDEST)
        for tile in self._tiles:
            tile.setParent(self._inside)
            tile.show()
        self._place()

    def sizeHint(self) -> QSize:
        return QSize(400, 300)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        count = len(self._tiles)
        if not count:
            return
        # The bar's room is always left: tiles must not jump when it comes.
        bar = self.verticalScrollBar().sizeHint().width()
        wide, high = self.width() - 2 * _MARGIN - bar + _GAP, self.height() - _MARGIN
        self.columns = min(range(1, count + 1), key=lambda n: self._fault(n, wide, high))
        lines = -(-count // self.columns)
        w = wide // self.columns - _GAP
        h = max(_HIGH, min(high // lines - _GAP, HEAD + FOOT + round(w * _TALLEST)))
        for k, tile in enumerate(self._tiles):
            line, column = divmod(k, self.columns)
            tile.setGeometry(_MARGIN + column * (w + _GAP), line * (h + _GAP), w, h)
        self._inside.resize(self.width(), lines * (h + _GAP))

    def _fault(self, columns: int, wide: int, high: int) -> float:
        """How badly so many columns suit the room: tiles out of shape, too small, or places left empty."""
        lines = -(-len(self._tiles) // columns)
        w, h = wide / columns - _GAP, high / lines - _GAP
        small = max(0.0, self._wide - w) * 10 + max(0.0, _HIGH - h)
        shape = w / max(1.0, h - HEAD - FOOT) / _SHAPE
        empty = 1 - len(self._tiles) / (lines * columns)
        return small + abs(shape - 1 if shape > 1 else 1 / max(shape, 0.01) - 1) + 3 * empty
