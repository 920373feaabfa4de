"""Words of a lesson: paragraphs with numbers of the run in them, and formulas whose symbols can be pointed at."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme as themes
from app.scenes import draw, formula
from app.scenes.formula_tex import to_box
from app.widgets import RichLabel
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent, QPaintEvent

_BOLD = re.compile(r"\*\*(.+?)\*\*")
_MONO = re.compile(r"`([^`]+)`")
_TONE = re.compile(r"\[\[(fwd|bwd|loss):(.+?)\]\]")


def markup(text: str, colors: themes.Theme) -> str:
    """Return rich text: ``**bold**``, `` `mono` ``, ``[[bwd:coloured]]``; scripts as ``_{}`` and ``^{}``."""
    escaped = html.escape(text, quote=False)
    escaped = _BOLD.sub(r'<span style="font-weight:600">\1</span>', escaped)
    escaped = _TONE.sub(lambda m: f'<span style="color:{colors.css(m[1])}">{m[2]}</span>', escaped)
    family = "font-family:'JetBrains Mono'; font-size:13px"
    escaped = _MONO.sub(lambda m: f'<span style="{family}">{m[1]}</span>', escaped)
    escaped = re.sub(r"_\{(.+?)\}", r"<sub>\1</sub>", escaped)
    escaped = re.sub(r"\^\{(.+?)\}", r"<sup>\1</sup>", escaped)
    return f'<p style="line-height:22px; margin:0">{escaped}</p>'


class Paragraph(RichLabel):
    """Body text of a lesson, refilled when the numbers change."""

    def __init__(self, template: str) -> None:
        super().__init__("", "lesson", "tx")
        self.template = template
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._shown = ""

    def fill(self, text: str) -> None:
        """Show the text with its numbers filled in."""
        shown = markup(text, themes.current())
        if shown != self._shown:
            self._shown = shown
            self.setText(shown)


class FormulaCard(QWidget):
    """Formulas on a dark card, each symbol of which lights up its place in the network.

    Signals
    -------
    hovered(object)
        Tensor and index under the mouse, or None.
    """

    hovered = Signal(object)

    def __init__(self, lines: tuple[str, ...], caption: str) -> None:
        super().__init__()
        self.lines = lines
        self._caption = caption
        self._filled = lines
        self._hover: Any = None
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._places: list[tuple[formula.Formula, float, float]] = []

    def fill(self, lines: tuple[str, ...]) -> None:
        """Show the lines with their numbers filled in."""
        if lines != self._filled or not self._places:
            self._filled = lines
            self._arrange()
            self.setAccessibleName("; ".join(done.plain() for done, _, _ in self._places))
            self.update()

    def _arrange(self) -> None:
        self._places = []
        y = 14.0
        room = max(80.0, self.width() - 32.0)
        for line in self._filled:
            done = _set(line, round(room))
            self._places.append((done, 16.0, y))
            y += done.height + 10.0
        y += 2.0
        if self._caption:
            y += 6.0 + 16.0 * len(_wrapped(self._caption, room))
        height = round(y + 4)
        if height != self.height() or self.minimumHeight() != height:
            self.setFixedHeight(height)

    def resizeEvent(self, event: object) -> None:
        self._arrange()

    def sizeHint(self) -> QSize:
        return QSize(336, self.height())

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = themes.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colors.line, 1))
        painter.setBrush(colors.bg0)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        y = 0.0
        for done, x, top in self._places:
            formula.paint(painter, done, colors, x, top, self._hover)
            y = top + done.height
        for k, words in enumerate(_wrapped(self._caption, self.width() - 32.0)):
            draw.text(painter, 16, y + 22 + 16 * k, words, 12, colors.tx2)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at, found = event.position(), None
        for done, x, y in self._places:
            found = found or done.hit(at.x() - x, at.y() - y)
        if found != self._hover:
            self._hover = found
            self.hovered.emit(found)
            self.update()

    def leaveEvent(self, event: object) -> None:
        if self._hover is not None:
            self._hover = None
            self.hovered.emit(None)
            self.update()


@lru_cache(maxsize=256)
def _set(line: str, room: int) -> formula.Formula:
    """Lay a line out, smaller where it would not fit; `&` marks where it may break."""
    pieces = line.split("&")
    for size in (14, 13, 12, 11):
        pen = formula.Pen(size)
        boxes = [to_box(piece, pen) for piece in pieces]
        if sum(box.width for box in boxes) <= room:
            return formula.lay_out(formula.row(boxes))
    pen = formula.Pen(12)
    return formula.lay_out(formula.flow([to_box(piece, pen) for piece in pieces], room, 24))


def _wrapped(string: str, room: float) -> list[str]:
    if not string:
        return []
    lines: list[str] = [""]
    for word in string.split():
        longer = f"{lines[-1]} {word}".strip()
        if draw.advance(longer, 12) > room and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
