"""Whether integrated gradients add up: their sum beside what the score gains from the baseline to the input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app import icons, theme
from app.scenes import draw
from app.scenes.formula_expressions import format_number
from app.text import tr
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from PySide6.QtGui import QColor

    from app.engine.questions.inside import Attribution

#: A gap up to this share of what the score gains counts as none: so much the points of the path are apart.
_GAP = 0.02


class Completeness(QWidget):
    """See the module's text."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("inside-completeness")
        self.setFixedHeight(72)
        self.total = self.gained = 0.0
        self.known = False
        #: Why there is nothing to compare; lines.
        self.why: tuple[str, ...] = (tr("comes with the map"),)
        self._baseline = ""
        self.setAccessibleName(tr("Completeness check"))

    @property
    def holds(self) -> bool:
        """Whether the sum is what the score gains, but for the error of so many points."""
        return abs(self.total - self.gained) <= _GAP * max(abs(self.gained), 1e-6)

    def show_path(self, found: Attribution, settings: Mapping[str, Any]) -> None:
        """Show the sums of a map by integrated gradients."""
        path: Any = found.detail
        self.known = path is not None and bool(settings.get("multiply_by_inputs", True))
        if not self.known:
            self.why = (
                tr("holds only when the gradients are"),
                tr("multiplied by (input − baseline)"),
            )
        else:
            self.gained = float(path.score[0] - path.baseline_score[0])
            # Captum's delta is the error of the sum.
            self.total = self.gained + float(path.delta[0])
            self._baseline = f"{float(settings.get('baselines', 0.0)):g}"
        words = self.verdict()
        self.setAccessibleDescription(words)
        self.setToolTip(
            tr(
                "The attributions of all pixels add up to what the score gains from the baseline to the input. "
                "What is missing is the error of taking so few points of the path."
            )
        )
        self.update()

    def clear(self) -> None:
        """Show nothing: there is no map."""
        self.known, self.total, self.gained = False, 0.0, 0.0
        self.setAccessibleDescription("")
        self.update()

    def verdict(self) -> str:
        """The result in words."""
        if not self.known:
            return ""
        if self.holds:
            return tr("holds")
        return tr("gap {gap}", gap=format_number(self.total - self.gained, 3, sign=True))

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            colors, width = theme.current(), float(self.width())
            draw.fill(painter, 0.5, 0.5, width - 1, self.height() - 1, colors.bg2, 8)
            draw.frame(painter, 0.5, 0.5, width - 1, self.height() - 1, colors.line, 1, 8)
            title = tr("Completeness check")
            draw.text(painter, 12, 21, title, 11.5, colors.tx2, weight=600)
            if not self.known:
                for k, line in enumerate(self.why):
                    draw.text(painter, 12, 41 + 16 * k, line, 11.5, colors.tx3)
                return
            words = self.verdict()
            ink: QColor = colors.tx if self.holds else colors.err
            wide = draw.text(painter, width - 12, 21, words, 12, ink, weight=500, anchor="end")
            icon = "check" if self.holds else "alert-triangle"
            icons.paint(painter, icon, ink, QRectF(width - 12 - wide - 20, 9, 16, 16))
            lines = (
                (tr("Σ integrated gradients"), self.total),
                (tr("f(x) − f({baseline})", baseline=self._baseline), self.gained),
            )
            right = 12 + max(draw.advance(w, 11.5, mono=True) for w, _ in lines) + 8
            for k, (name, value) in enumerate(lines):
                y = 42 + 18 * k
                draw.text(painter, 12, y, name, 11.5, colors.tx2, mono=True)
                said = f"= {draw.signed(value, 3)}"
                draw.text(painter, right, y, said, 11.5, colors.tx2, mono=True)
        finally:
            painter.end()
