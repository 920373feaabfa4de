"""Pictures of a layer's weights: filters as small squares, a kernel as one map."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.build.glyphs import signed_image
from app.text import tr
from app.widgets.guarded import guarded

_SIDE, _GAP = 64, 16
_COLUMNS = 4
_MOST = 16
_WIDTH = 308


class WeightsView(QWidget):
    """Filters of a convolution, or the kernel of a dense layer; blue above zero, orange below."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("weights-view")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._kernel: np.ndarray | None = None
        self._channel = 0

    @property
    def channels(self) -> int:
        """How many input channels each filter has; 1 for a dense layer."""
        return self._kernel.shape[2] if self._kernel is not None and self._kernel.ndim == 4 else 1

    @property
    def channel(self) -> int:
        """The input channel whose part of the filters is shown, from 0."""
        return min(self._channel, self.channels - 1)

    def show_channel(self, channel: int) -> None:
        """Show another input channel's part of the filters, going round at the ends."""
        self._channel = channel % self.channels
        self.update()

    def show_kernel(self, kernel: np.ndarray | None) -> None:
        """Show the weights of a snapshot."""
        self._kernel = kernel
        if kernel is not None:
            size = "×".join(map(str, kernel.shape))
            self.setAccessibleName(tr("Weights {size}", size=size))
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    def sizeHint(self) -> QSize:
        kernel = self._kernel
        if kernel is None:
            return QSize(_WIDTH, 0)
        if kernel.ndim == 4:
            rows = -(-min(_MOST, kernel.shape[3]) // _COLUMNS)
            return QSize(_WIDTH, rows * (_SIDE + _GAP) - _GAP)
        return QSize(_WIDTH, self._map_rect().height())

    def _map_rect(self) -> QRect:
        assert self._kernel is not None
        # Inputs run along the long side, whichever that is.
        rows, columns = sorted(self._kernel.shape[:2])
        side = max(1.0, min(24.0, _WIDTH / columns))
        return QRect(0, 0, _WIDTH, max(24, min(160, round(rows * side))))

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        kernel = self._kernel
        if kernel is None or kernel.ndim not in (2, 4):
            return
        colors = theme.current()
        painter = QPainter(self)
        painter.setPen(QPen(colors.line2, 1))
        if kernel.ndim == 2:
            picture = kernel if kernel.shape[0] <= kernel.shape[1] else kernel.T
            box = self._map_rect()
            painter.drawImage(box, signed_image(picture, colors))
            painter.drawRect(box.adjusted(0, 0, -1, -1))
            return
        limit = float(np.percentile(np.abs(kernel), 99)) or 1.0
        for k in range(min(_MOST, kernel.shape[3])):
            x = (k % _COLUMNS) * (_SIDE + _GAP + 1)
            y = (k // _COLUMNS) * (_SIDE + _GAP)
            box = QRect(x, y, _SIDE, _SIDE)
            painter.drawImage(box, signed_image(kernel[:, :, self.channel, k], colors, limit))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(box.adjusted(0, 0, -1, -1))
