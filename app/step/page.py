"""What the inspector shows, written once: strokes that are painted as often as needed, and what answers the mouse."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPen

from app.scenes import draw, formula
from core.expressions import Ref

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QColor, QPainter

    from app import theme as themes
    from app.step.card import Card

PAD = 16

#: A number: tensor, and index with the sample in front where there is one.
Cell = tuple[str, tuple[int, ...]]


@dataclass(frozen=True)
class Action:
    """What a painted control does: a command of the bus with its arguments.

    Attributes
    ----------
    command
        Its name.
    arguments
        As pairs, so that actions can be compared; values are serialisable.
    tip
        What it does, for the tooltip and for screen readers.
    """

    command: str
    arguments: tuple[tuple[str, Any], ...] = ()
    tip: str = ""


#: What answers the mouse and the keyboard.
Target = Cell | Action


@dataclass(frozen=True)
class Light:
    """What a painting depends on besides what is written.

    Attributes
    ----------
    hover
        What the mouse or the keyboard is at.
    lit
        What lights up wherever it stands: that, and the numbers of what is hovered elsewhere.
    """

    hover: Target | None = None
    lit: frozenset[Target] = frozenset()


class Page:
    """Sections write on it from top to bottom; `paint` draws what they have written.

    Writing measures, which takes longer than painting, so it is done once for each card and not for each painting.

    Attributes
    ----------
    t, card, w
        Theme, what is shown, width.
    y
        Where the next thing goes. Sections move it down.
    formulas, targets
        What was laid out where.
    """

    def __init__(self, colors: themes.Theme, card: Card, width: float) -> None:
        self.t, self.card, self.w = colors, card, float(width)
        self.y = 0.0
        self.formulas: list[tuple[formula.Formula, float, float]] = []
        self.targets: list[tuple[QRectF, Target]] = []
        self._strokes: list[tuple[float, float, Callable[..., None], tuple[Any, ...]]] = []

    @property
    def room(self) -> float:
        """Width between the margins."""
        return self.w - 2 * PAD

    # -- writing

    def draw(self, top: float, bottom: float, paint: Callable[..., None], *how: Any) -> None:
        """Let ``paint(painter, light, *how)`` draw something between two heights, each time it is seen."""
        self._strokes.append((top, bottom, paint, how))

    def put(self, box: formula.Box, x: float, baseline: float) -> formula.Formula:
        """Place a box so that its baseline stands there."""
        done = formula.lay_out(box)
        self.place(done, x, baseline - done.baseline)
        return done

    def place(self, done: formula.Formula, x: float, y: float) -> None:
        """Place a formula by its top left corner; its symbols answer the mouse."""
        self.formulas.append((done, x, y))
        # Accents and brackets stand out a little.
        self.draw(y - 8, y + done.height + 8, _formula, self.t, done, x, y)

    def text(
        self, x: float, y: float, string: str, size: float, color: QColor, *, weight: int = 400, mono: bool = False,
        anchor: str = "start",
    ) -> None:  # fmt: skip
        """Write a line; `y` is its baseline."""
        if not string:
            return
        self.draw(y - 24, y + 8, _text, x, y, string, size, color, weight, mono, anchor)

    def box(
        self, rect: QRectF, line: QColor, fill: QColor, radius: float, action: Action | None = None,
        hot: tuple[QColor, QColor] | None = None,
    ) -> None:  # fmt: skip
        """A rounded frame that is filled; with an action, `hot` are its colours while that is hovered."""
        self.draw(rect.top() - 2, rect.bottom() + 2, _box, rect, (line, fill), radius, action, hot)

    def rule(self) -> None:
        """Close a section with a hairline."""
        self.draw(self.y, self.y + 1, _fill, QRectF(0, self.y, self.w, 1), self.t.line)
        self.y += 1

    def heading(self, string: str, aside: str = "") -> None:
        """Begin a section: its title, and what stands at the right."""
        self.y += 12
        self.text(PAD, self.y + 12, string, 11, self.t.tx2, weight=600)
        if aside:
            room = self.room - draw.advance(string, 11, 600) - 16
            self.text(self.w - PAD, self.y + 12, draw.elide(aside, 11, room, 400, True), 11, self.t.tx3, mono=True,
                      anchor="end")  # fmt: skip
        self.y += 24

    def line(self, string: str, color: Any) -> None:
        """Write a wrapped paragraph of its own."""
        self.y += 16
        self.paragraph([(string, color, False)])

    def paragraph(
        self, runs: list[tuple[str, Any, bool]], left: float = PAD, right: float = PAD
    ) -> None:
        """Write words in several colours, wrapped: (text, colour, whether in the formulas' face)."""
        x, y = left, self.y + 13
        for string, color, mono in runs:
            size = 11.5 if mono else 12
            start, line = x, ""
            for word in string.split(" "):
                piece = word + " "
                width = draw.advance(piece, size, 400, mono)
                if x + width - 3 > self.w - right and x > left:
                    self.text(start, y, line, size, color, mono=mono)
                    x = start = left
                    y, line = y + 18, ""
                line += piece
                x += width
            self.text(start, y, line, size, color, mono=mono)
        self.y = y + 5

    def target(self, rect: QRectF, target: Target) -> None:
        """Let a rectangle answer the mouse and the keyboard."""
        self.targets.append((rect, target))

    def chip(self, x: float, y: float, string: str, action: Action, *, end: bool = False) -> QRectF:
        """A small control with words: its left (or with `end` its right) upper corner, and what it does."""
        width = draw.advance(string, 10.5, 500, True) + 12
        rect = QRectF(x - width if end else x, y, width, 18)
        self.target(rect, action)
        self.box(
            rect.adjusted(0.5, 0.5, -0.5, -0.5), self.t.line2, self.t.bg2, 4, action,
            (self.t.tx3, self.t.bg3),
        )  # fmt: skip
        self.draw(
            rect.top(), rect.bottom(), _label, rect.center().x(), rect.y() + 13, string, action,
            (self.t.tx2, self.t.tx),
        )  # fmt: skip
        return rect

    # -- reading

    def paint(
        self, painter: QPainter, light: Light, top: float = -math.inf, bottom: float = math.inf
    ) -> None:
        """Draw what stands between two heights."""
        for first, last, stroke, how in self._strokes:
            if first <= bottom and last >= top:
                stroke(painter, light, *how)


def _formula(
    painter: QPainter, light: Light, colors: themes.Theme, done: formula.Formula, x: float, y: float
) -> None:
    if light.lit:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colors.selbg)
        for rect, ref in done.hits:
            if isinstance(ref, Ref) and (ref.tensor, tuple(ref.index)) in light.lit:
                painter.drawRoundedRect(rect.translated(x, y).adjusted(-1, -1, 1, 1), 3, 3)
    formula.paint(painter, done, colors, x, y)


def _text(
    painter: QPainter, _light: Light, x: float, y: float, string: str, size: float, color: QColor, weight: int,
    mono: bool, anchor: str,
) -> None:  # fmt: skip
    draw.text(painter, x, y, string, size, color, weight=weight, mono=mono, anchor=anchor)


def _label(
    painter: QPainter, light: Light, x: float, y: float, string: str, action: Action,
    inks: tuple[QColor, QColor],
) -> None:  # fmt: skip
    ink = inks[light.hover == action]
    draw.text(painter, x, y, string, 10.5, ink, weight=500, mono=True, anchor="middle")


def _fill(painter: QPainter, _light: Light, rect: QRectF, color: QColor) -> None:
    painter.fillRect(rect, color)


def _box(
    painter: QPainter, light: Light, rect: QRectF, tones: tuple[QColor, QColor], radius: float, action: Action | None,
    hot: tuple[QColor, QColor] | None,
) -> None:  # fmt: skip
    line, fill = hot if hot is not None and light.hover == action else tones
    painter.setPen(QPen(line, 1))
    painter.setBrush(fill)
    painter.drawRoundedRect(rect, radius, radius)
