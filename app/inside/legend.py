"""What the two ramps of attributions say, with the numbers of their ends where all maps share them."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app import theme
from app.scenes import draw, images
from app.scenes.formula_expressions import format_number
from app.text import tr
from app.widgets.guarded import guarded

_RAMP = 54.0


class Legend(QWidget):
    """See the module's text."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("inside-legend")
        self.setAccessibleName(tr("What the colours say"))
        self.setFixedHeight(20)
        self.label = ""
        self._ends: tuple[float | None, float | None] = (None, None)

    def show_ends(self, signed: float | None, size: float | None) -> None:
        """Show the numbers of the last colours; None where each map has its own."""
        if (signed, size) != self._ends:
            self._ends = (signed, size)
            self.update()
        both = [
            tr("{ramp}: last colour {value}", ramp=name, value=format_number(value, 3))
            for name, value in ((tr("against and for"), signed), (tr("magnitude"), size))
            if value is not None
        ]
        self.setToolTip("\n".join(both) or tr("Each map has its own last colour: point at it"))

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            colors = theme.current()
            signed, size = self._ends
            words = tr("magnitude") if size is None else f"0 … {format_number(size, 3)}"
            right = self.width() - draw.advance(words, 11.5) - 8
            for x, ramp, low in ((0.0, "signed", -1), (right - _RAMP, "magnitude", 0)):
                values = np.linspace(low, 1, 54, dtype=np.float32)[None]
                images.place(painter, x, 6, _RAMP, 8, images.heat(colors, values, ramp, 1.0), True)
            draw.text(painter, self.width(), 14, words, 11.5, colors.tx2, anchor="end")
            words = tr("against / for {label}", label=self.label)
            if signed is not None:
                words = f"∓{format_number(signed, 3)} {words}"
            shown = draw.elide(words, 11.5, right - 2 * _RAMP - 20)
            draw.text(painter, _RAMP + 8, 14, shown, 11.5, colors.tx2)
        finally:
            painter.end()
