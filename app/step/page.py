"""One pass over the inspector: sections write on it from top to bottom, and it remembers what answers the mouse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPen

from app.scenes import draw, formula
from core.expressions import Ref

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

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


class Page:
    """Paints when there is a painter and only measures when there is none.

    Attributes
    ----------
    p, t, card, w
        Painter or None, theme, what is shown, width.
    y
        Where the next thing goes. Sections move it down.
    hover
        What the mouse or the keyboard is at.
    lit
        What lights up wherever it stands: that, and the numbers of what is hovered elsewhere.
    formulas, targets
        What was laid out where.
    """

    def __init__(
        self,
        painter: QPainter | None,
        colors: themes.Theme,
        card: Card,
        width: float,
        hover: Target | None = None,
        lit: frozenset[Target] = frozenset(),
    ) -> None:
        self.p, self.t, self.card, self.w = painter, colors, card, float(width)
        self.hover = hover
        self.lit = lit | {hover} if hover is not None else lit
        self.y = 0.0
        #: From where to where something is seen: what is above or below is placed, and not painted.
        self.seen = (float("-inf"), float("inf"))
        self.formulas: list[tuple[formula.Formula, float, float]] = []
        self.targets: list[tuple[QRectF, Target]] = []

    @property
    def room(self) -> float:
        """Width between the margins."""
        return self.w - 2 * PAD

    def put(self, box: formula.Box, x: float, baseline: float) -> formula.Formula:
        """Place a box so that its baseline stands there."""
        done = formula.lay_out(box)
        self.place(done, x, baseline - done.baseline)
        return done

    def place(self, done: formula.Formula, x: float, y: float) -> None:
        """Place a formula by its top left corner; its symbols answer the mouse."""
        self.formulas.append((done, x, y))
        if self.p is None or y > self.seen[1] or y + done.height < self.seen[0]:
            return
        if self.lit:
            self.p.setPen(Qt.PenStyle.NoPen)
            self.p.setBrush(self.t.selbg)
            for rect, ref in done.hits:
                if isinstance(ref, Ref) and (ref.tensor, tuple(ref.index)) in self.lit:
                    self.p.drawRoundedRect(rect.translated(x, y).adjusted(-1, -1, 1, 1), 3, 3)
        formula.paint(self.p, done, self.t, x, y)

    def text(self, x: float, y: float, string: str, size: float, color: Any, **how: Any) -> None:
        """Write a line; `y` is its baseline."""
        if self.p is not None and self.seen[0] <= y + 8 and y - 24 <= self.seen[1]:
            draw.text(self.p, x, y, string, size, color, **how)

    def rule(self) -> None:
        """Close a section with a hairline."""
        if self.p is not None:
            self.p.fillRect(QRectF(0, self.y, self.w, 1), self.t.line)
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
            for word in string.split(" "):
                piece = word + " "
                width = draw.advance(piece, 11.5 if mono else 12, 400, mono)
                if x + width - 3 > self.w - right and x > left:
                    x, y = left, y + 18
                self.text(x, y, piece, 11.5 if mono else 12, color, mono=mono)
                x += width
        self.y = y + 5

    def target(self, rect: QRectF, target: Target) -> None:
        """Let a rectangle answer the mouse and the keyboard."""
        self.targets.append((rect, target))

    def chip(self, x: float, y: float, string: str, action: Action, *, end: bool = False) -> QRectF:
        """A small control with words: its left (or with `end` its right) upper corner, and what it does."""
        width = draw.advance(string, 10.5, 500, True) + 12
        rect = QRectF(x - width if end else x, y, width, 18)
        self.target(rect, action)
        if self.p is not None:
            hot = self.hover == action
            self.p.setPen(QPen(self.t.tx3 if hot else self.t.line2, 1))
            self.p.setBrush(self.t.bg3 if hot else self.t.bg2)
            self.p.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
            draw.text(self.p, rect.center().x(), rect.y() + 13, string, 10.5, self.t.tx if hot else self.t.tx2,
                      weight=500, mono=True, anchor="middle")  # fmt: skip
        return rect
