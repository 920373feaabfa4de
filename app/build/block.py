"""One layer on the canvas."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen, QTextLayout, QTextOption
from PySide6.QtWidgets import QGraphicsObject, QStyleOptionGraphicsItem, QWidget

from app import icons, theme
from app.build.glyphs import Glyph
from app.build.glyphs import paint as paint_glyph
from app.build.layout import BLOCK_HEIGHT, BLOCK_WIDTH

_FOOTER = 32.0
_GLYPH_TOP = 60.0
_BUTTON = 28.0
_LINE = 16.0


@dataclass(frozen=True, eq=False)
class BlockView:
    """Everything a block shows.

    Attributes
    ----------
    layer
        Id of the layer.
    title, number
        Kind, and place in the network; the input has no number.
    lines
        Two short lines of settings.
    shape, parameters
        Footer, left and right.
    glyph
        The picture.
    problem, sentence, fix
        Title, sentence and label of the repair; empty for a healthy layer.
    skipped
        It computes nothing because an earlier layer cannot.
    tip
        What to say when the mouse rests on a healthy block.
    frozen
        Training leaves its weights as they are: a lock stands before the number.
    hint
        What works and is seldom meant, in sentences: a bulb stands before the number.
    """

    layer: str
    title: str
    number: str
    lines: tuple[str, str]
    shape: str
    parameters: str
    glyph: Glyph
    problem: str = ""
    sentence: str = ""
    fix: str = ""
    skipped: bool = False
    tip: str = ""
    frozen: bool = False
    hint: str = ""


class Block(QGraphicsObject):
    """A 144 by 208 card. It shows what it is told and knows nothing of the document."""

    def __init__(self, view: BlockView) -> None:
        super().__init__()
        self._view = view
        self._selected = False
        self._hovered = False
        self._fix_hovered = False
        self.lifted = False
        self.setAcceptHoverEvents(True)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.setToolTip(_tip(view))

    @property
    def view(self) -> BlockView:
        """What it shows."""
        return self._view

    @property
    def layer(self) -> str:
        """Id of the layer."""
        return self._view.layer

    def show_view(self, view: BlockView) -> None:
        """Show something else."""
        self._view = view
        self.setToolTip(_tip(view))
        self.update()

    def set_selected(self, selected: bool) -> None:
        """Draw the border of the selected block, or the usual one."""
        if selected != self._selected:
            self._selected = selected
            self.update()

    def set_hovered(self, hovered: bool, over_fix: bool = False) -> None:
        """Draw the hovered state of the block and of its button."""
        if (hovered, over_fix) != (self._hovered, self._fix_hovered):
            self._hovered, self._fix_hovered = hovered, over_fix
            self.update()

    def fix_rect(self) -> QRectF:
        """Return the button of the repair, in the block's coordinates; empty without one."""
        if not self._view.fix:
            return QRectF()
        height = _button_height(self._view.fix)
        return QRectF(12, BLOCK_HEIGHT - 12 - height, BLOCK_WIDTH - 24, height)

    def boundingRect(self) -> QRectF:
        return QRectF(-2, -2, BLOCK_WIDTH + 4, BLOCK_HEIGHT + 4)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        colors = theme.current()
        bad = bool(self._view.problem)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.lifted:
            painter.setOpacity(0.85)
        width = 2.0 if self._selected else 1.5 if bad else 1.0
        border = colors.tx if self._selected else colors.err if bad else colors.line2
        if self._hovered and not self._selected and not bad:
            border = colors.tx3
        # A selected block grows outwards, so that nothing inside moves.
        grow = 0.0 if self._selected else -0.5
        rect = QRectF(0, 0, BLOCK_WIDTH, BLOCK_HEIGHT).adjusted(-grow, -grow, grow, grow)
        painter.setPen(QPen(border, width))
        painter.setBrush(colors.bg2)
        painter.drawRoundedRect(rect, 8, 8)
        self._paint_title(painter, colors)
        if bad:
            self._paint_problem(painter, colors)
        else:
            if self._view.skipped:
                painter.setOpacity(0.45)
            self._paint_lines(painter, colors)
            painter.save()
            painter.translate(0, _GLYPH_TOP)
            paint_glyph(painter, self._view.glyph, colors)
            painter.restore()
            self._paint_footer(painter, colors)

    def _paint_title(self, painter: QPainter, colors: theme.Theme) -> None:
        painter.setPen(colors.tx3)
        small = theme.font("mono-small")
        painter.setFont(small)
        box = QRectF(12, 10, BLOCK_WIDTH - 24, 16)
        painter.drawText(
            box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._view.number
        )
        room = box.width() - QFontMetricsF(small).horizontalAdvance(self._view.number) - 4
        for there, sign, ink in (
            (self._view.frozen, "lock", colors.tx2),
            (bool(self._view.hint) and not self._view.problem, "bulb", colors.tx),
        ):
            if there:
                room -= 16
                place = QRectF(box.left() + room + 2, box.top() + 1, 14, 14)
                icons.paint(painter, sign, ink, place)
        font = theme.font("header")
        painter.setFont(font)
        painter.setPen(colors.tx)
        shown = QFontMetricsF(font).elidedText(
            self._view.title, Qt.TextElideMode.ElideRight, room + 1
        )
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)

    def _paint_lines(self, painter: QPainter, colors: theme.Theme) -> None:
        font = theme.font("mono-small")
        painter.setFont(font)
        painter.setPen(colors.tx2)
        metrics = QFontMetricsF(font)
        for place, line in enumerate(self._view.lines):
            box = QRectF(12, 30 + 15 * place, BLOCK_WIDTH - 20, 15)
            shown = metrics.elidedText(line, Qt.TextElideMode.ElideRight, box.width())
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, shown)

    def _paint_footer(self, painter: QPainter, colors: theme.Theme) -> None:
        top = BLOCK_HEIGHT - _FOOTER
        painter.setPen(QPen(colors.line, 1))
        painter.drawLine(QPointF(1, top + 0.5), QPointF(BLOCK_WIDTH - 1, top + 0.5))
        box = QRectF(10, top + 1, BLOCK_WIDTH - 20, _FOOTER - 1)
        painter.setFont(theme.font("mono-small-strong"))
        painter.setPen(colors.tx)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(box, middle | Qt.AlignmentFlag.AlignLeft, self._view.shape)
        painter.setFont(theme.font("small"))
        painter.setPen(colors.tx3 if self._view.frozen else colors.tx2)
        painter.drawText(box, middle | Qt.AlignmentFlag.AlignRight, self._view.parameters)

    def _paint_problem(self, painter: QPainter, colors: theme.Theme) -> None:
        view = self._view
        width = BLOCK_WIDTH - 24
        title = _wrapped(view.problem, "strong", width - 22, _LINE)
        sentence = _wrapped(view.sentence, "hint", width, _LINE)
        bottom = BLOCK_HEIGHT - 12 - (_button_height(view.fix) + 8 if view.fix else 0)
        needed = 8 + _LINE * (len(title) + len(sentence)) + 6
        # A long sentence takes the place of the two lines of settings.
        top = _GLYPH_TOP if needed <= bottom - _GLYPH_TOP else 32.0
        if top == _GLYPH_TOP:
            self._paint_lines(painter, colors)
        painter.setPen(QPen(colors.line, 1))
        painter.drawLine(QPointF(1, top + 0.5), QPointF(BLOCK_WIDTH - 1, top + 0.5))
        y = top + 8
        icons.paint(painter, "alert-triangle", colors.err, QRectF(12, y, 16, 16))
        painter.setPen(colors.err)
        y = _draw_lines(painter, title, "strong", 34, y, bottom)
        painter.setPen(colors.tx2)
        _draw_lines(painter, sentence, "hint", 12, y + 6, bottom)
        if view.fix:
            box = self.fix_rect()
            fill = theme.current().pri
            painter.setOpacity(0.85 if self._fix_hovered else 1.0)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(fill)
            painter.drawRoundedRect(box, 6, 6)
            painter.setOpacity(1.0)
            painter.setPen(colors.priText)
            role, lines = _label(view.fix)
            painter.setFont(theme.font(role))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "\n".join(lines))


def _tip(view: BlockView) -> str:
    return view.sentence or "\n\n".join(filter(None, (view.hint, view.tip)))


def _label(fix: str) -> tuple[str, list[str]]:
    """Return the font role and the lines a repair's label is written in: it is never cut."""
    width = BLOCK_WIDTH - 24 - 8
    for role in ("primary", "small-strong"):
        if QFontMetricsF(theme.font(role)).horizontalAdvance(fix) <= width:
            return role, [fix]
    return "small-strong", _wrapped(fix, "small-strong", width, _LINE)


def _button_height(fix: str) -> float:
    return _BUTTON + 14.0 * (len(_label(fix)[1]) - 1)


def _wrapped(text: str, role: str, width: float, line_height: float) -> list[str]:
    """Break a text into lines that fit."""
    layout = QTextLayout(text, theme.font(role))
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    layout.beginLayout()
    lines = []
    while True:
        line = layout.createLine()
        if not line.isValid():
            break
        line.setLineWidth(width)
        lines.append(text[line.textStart() : line.textStart() + line.textLength()].strip())
    layout.endLayout()
    return lines


def _draw_lines(
    painter: QPainter, lines: list[str], role: str, x: float, y: float, bottom: float
) -> float:
    """Draw lines from ``y`` on; what does not fit above ``bottom`` ends in an ellipsis."""
    painter.setFont(theme.font(role))
    for place, line in enumerate(lines):
        last = y + 2 * _LINE > bottom + 1 and place < len(lines) - 1
        box = QRectF(x, y, BLOCK_WIDTH - x - 8, _LINE)
        painter.drawText(
            box, Qt.AlignmentFlag.AlignVCenter, line.rstrip(".,") + "…" if last else line
        )
        y += _LINE
        if last:
            break
    return y
