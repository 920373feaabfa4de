"""Live formulas: a small box layout of our own, painted with QPainter.

A formula is a tree of boxes (text, fraction, superscript, sum with limits, growing parentheses, matrix).
`lay_out` flattens it once into glyph runs, rules and hit rectangles; painting only walks these flat lists, so
a formula whose numbers change sixty times a second costs well under a millisecond.

Boxes measure in logical pixels: `width`, `ascent` above and `descent` below the baseline.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainterPath, QPen

from app.scenes.draw import FIGURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPainter

FAMILY = "JetBrains Mono"
MINIMUM_SIZE = 9

# Semantic colours of symbols; a role is the name of a token of the theme.
TEXT, LABEL, HINT, FORWARD, BACKWARD, LOSS = "tx", "tx2", "tx3", "fwd", "bwd", "loss"


@lru_cache(maxsize=256)
def mono(size: int, weight: int = 400, italic: bool = False) -> QFont:
    """The formula face in one size, ligatures off so that `->` and `<=` stay apart."""
    font = QFont(FAMILY)
    font.setPixelSize(size)
    font.setWeight(QFont.Weight(weight))
    font.setItalic(italic)
    font.setStyleHint(QFont.StyleHint.Monospace)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    for tag in ("liga", "calt"):
        font.setFeature(QFont.Tag(tag), 0)
    return font


@lru_cache(maxsize=8192)
def advance(text: str, size: int, weight: int = 400) -> float:
    """Width of `text`."""
    if len(text) > 1 and not text.strip(FIGURES):
        # Numbers are new all the time, and every character of them is as wide as another.
        return len(text) * advance("0", size, weight)
    return QFontMetricsF(mono(size, weight)).horizontalAdvance(text)


@lru_cache(maxsize=128)
def vertical(size: int) -> tuple[float, float, float]:
    """Ascent, descent and the height of the mathematical axis for a size."""
    metrics = QFontMetricsF(mono(size))
    return metrics.capHeight() + 0.16 * size, 0.24 * size, metrics.xHeight() * 0.56


class Pen(NamedTuple):
    """How the next box is drawn: size, weight and role."""

    size: int = 13
    weight: int = 400
    role: str = TEXT

    def script(self) -> Pen:
        """The style of an exponent or index."""
        return Pen(max(MINIMUM_SIZE, round(self.size * 0.74)), self.weight, self.role)

    def fraction(self) -> Pen:
        """The style of a numerator: a touch smaller, readable at arm's length."""
        return Pen(max(MINIMUM_SIZE, self.size - 1), self.weight, self.role)

    def with_role(self, role: str) -> Pen:
        """The same style in another colour."""
        return Pen(self.size, self.weight, role)

    def with_weight(self, weight: int) -> Pen:
        """The same style in another weight."""
        return Pen(self.size, weight, self.role)


class Box(NamedTuple):
    """A rectangle with a baseline and what is drawn in it, relative to the start of the baseline."""

    width: float
    ascent: float
    descent: float
    parts: tuple[tuple[float, float, Any], ...] = ()
    ref: Any = None

    @property
    def height(self) -> float:
        """Ascent and descent together."""
        return self.ascent + self.descent


class Glyphs(NamedTuple):
    """A run of text."""

    text: str
    size: int
    weight: int
    role: str


class Rule(NamedTuple):
    """A horizontal or vertical bar."""

    width: float
    height: float
    role: str


class Stroke(NamedTuple):
    """A polyline or curve: points, and whether the middle ones are control points."""

    points: tuple[tuple[float, float], ...]
    role: str
    curved: bool = False
    width: float = 1.2


class Tile(NamedTuple):
    """A filled rectangle in a given colour (matrix cells)."""

    width: float
    height: float
    fill: tuple[int, int, int] | None
    border: str | None = None
    dashed: bool = False
    thickness: float = 1.0


EMPTY = Box(0.0, 0.0, 0.0)


def text(string: str, pen: Pen, ref: Any = None) -> Box:
    """A run of characters on the baseline."""
    box = _run(string, pen)
    return box if ref is None else tag(box, ref)


#: Not more: what is kept is gone through whenever garbage is searched for.
@lru_cache(maxsize=2048)
def _run(string: str, pen: Pen) -> Box:
    ascent, descent, _ = vertical(pen.size)
    width = advance(string, pen.size, pen.weight)
    return Box(
        width, ascent, descent, ((0.0, 0.0, Glyphs(string, pen.size, pen.weight, pen.role)),)
    )


def space(width: float) -> Box:
    """Nothing, `width` wide."""
    return Box(width, 0.0, 0.0)


def tag(box: Box, ref: Any) -> Box:
    """`box`, answering hit tests with `ref`."""
    return Box(box.width, box.ascent, box.descent, box.parts, ref)


def flat(box: Box) -> Box:
    """The same without boxes in boxes, but for those that answer hit tests."""
    parts: list[tuple[float, float, Any]] = []

    def visit(inner: Box, x: float, y: float) -> None:
        for dx, dy, part in inner.parts:
            if not isinstance(part, Box):
                parts.append((x + dx, y + dy, part))
            elif part.ref is None:
                visit(part, x + dx, y + dy)
            else:
                parts.append((x + dx, y + dy, flat(part)))

    visit(box, 0.0, 0.0)
    return Box(box.width, box.ascent, box.descent, tuple(parts), box.ref)


def row(boxes: Sequence[Box], gap: float = 0.0) -> Box:
    """Boxes side by side on one baseline."""
    x, ascent, descent = 0.0, 0.0, 0.0
    parts = []
    for index, box in enumerate(boxes):
        if index:
            x += gap
        parts.append((x, 0.0, box))
        x += box.width
        ascent, descent = max(ascent, box.ascent), max(descent, box.descent)
    return Box(x, ascent, descent, tuple(parts))


def fraction(numerator: Box, denominator: Box, pen: Pen) -> Box:
    """Numerator over denominator, the bar on the axis of `pen`."""
    _, _, axis = vertical(pen.size)
    width = max(numerator.width, denominator.width) + 6.0
    gap = 3.0
    up = axis + gap + numerator.descent
    down = -axis + gap + denominator.ascent
    return Box(
        width,
        up + numerator.ascent,
        down + denominator.descent,
        (
            ((width - numerator.width) / 2, -up, numerator),
            (1.0, -axis - 0.5, Rule(width - 2.0, 1.0, pen.role)),
            ((width - denominator.width) / 2, down, denominator),
        ),
    )


def scripts(base: Box, above: Box | None, below: Box | None, pen: Pen) -> Box:
    """`base` with an exponent and an index."""
    if above is None and below is None:
        return base
    parts: list[tuple[float, float, Any]] = [(0.0, 0.0, base)]
    x = base.width + 0.5
    width, ascent, descent = base.width, base.ascent, base.descent
    if above is not None:
        rise = max((0.46 if below is None else 0.56) * pen.size, base.ascent - 0.62 * above.ascent)
        parts.append((x, -rise, above))
        ascent = max(ascent, rise + above.ascent)
        width = max(width, x + above.width)
    if below is not None:
        drop = max((0.2 if above is None else 0.28) * pen.size, base.descent - 0.05 * pen.size)
        parts.append((x, drop, below))
        descent = max(descent, drop + below.descent)
        width = max(width, x + below.width)
    return Box(width + 0.5, ascent, descent, tuple(parts))


def accent(base: Box, mark: str, pen: Pen) -> Box:
    """`base` under a small mark ("hat" or "bar"), stroked so that it needs no glyph."""
    top = -base.ascent + 0.5
    middle, half = base.width / 2, min(0.27 * pen.size, base.width / 2 - 0.5)
    if mark == "bar":
        stroke = Stroke(((middle - half, top), (middle + half, top)), pen.role, width=1.0)
    else:
        stroke = Stroke(
            ((middle - half, top + 2.0), (middle, top - 0.6), (middle + half, top + 2.0)), pen.role
        )
    return Box(base.width, base.ascent + 3.0, base.descent, ((0.0, 0.0, base), (0.0, 0.0, stroke)))


def parentheses(inner: Box, pen: Pen, kind: str = "()") -> Box:
    """`inner` between brackets that grow with it; `kind` is "()", "[]", "||" or "{}"."""
    ascent, descent, _ = vertical(pen.size)
    if kind == "()" and inner.ascent <= ascent + 2.5 and inner.descent <= descent + 2.5:
        return row([text("(", pen), inner, text(")", pen)])
    top, bottom = -inner.ascent - 1.0, inner.descent + 1.0
    half = (bottom - top) / 2
    if kind == "()":
        depth = min(6.0, 3.0 + half * 0.09)
        left = Stroke(
            (
                (depth + 1, top),
                (1.0 - depth * 0.35, top + half * 0.55),
                (1.0 - depth * 0.35, bottom - half * 0.55),
                (depth + 1, bottom),
            ),
            pen.role,
            curved=True,
        )
        right = Stroke(
            (
                (1.0, top),
                (depth * 1.35 + 1, top + half * 0.55),
                (depth * 1.35 + 1, bottom - half * 0.55),
                (1.0, bottom),
            ),
            pen.role,
            curved=True,
        )
        side = depth + 2.5
    elif kind == "||":
        left = Stroke(((2.0, top), (2.0, bottom)), pen.role)
        right = left
        side = 4.0
    else:
        left = Stroke(((5.0, top), (2.0, top), (2.0, bottom), (5.0, bottom)), pen.role)
        right = Stroke(((1.0, top), (4.0, top), (4.0, bottom), (1.0, bottom)), pen.role)
        side = 6.0
    return Box(
        inner.width + 2 * side,
        inner.ascent + 1.0,
        inner.descent + 1.0,
        ((0.0, 0.0, left), (side, 0.0, inner), (side + inner.width, 0.0, right)),
    )


def operator(symbol: str, pen: Pen, below: Box | None = None, above: Box | None = None) -> Box:
    """A large operator (a sum) with its limits."""
    big = text(symbol, Pen(round(pen.size * 1.5), 400, pen.role))
    big = Box(big.width, big.ascent, big.descent, ((0.0, 0.12 * pen.size, big),))
    width = max(big.width, below.width if below else 0.0, above.width if above else 0.0)
    parts: list[tuple[float, float, Any]] = [((width - big.width) / 2, 0.0, big)]
    ascent, descent = big.ascent, big.descent
    if above is not None:
        parts.append(((width - above.width) / 2, -ascent - above.descent, above))
        ascent += above.height
    if below is not None:
        parts.append(((width - below.width) / 2, descent + below.ascent, below))
        descent += below.height
    return Box(width + 2.0, ascent, descent, tuple(parts))


def root(inner: Box, pen: Pen) -> Box:
    """A square root."""
    top, bottom = -inner.ascent - 3.0, inner.descent
    lead = 9.0
    stroke = Stroke(
        (
            (0.5, bottom * 0.2 - 3.0),
            (2.5, bottom * 0.2 - 4.5),
            (5.0, bottom),
            (lead, top),
            (lead + inner.width + 2.0, top),
        ),
        pen.role,
    )
    return Box(
        lead + inner.width + 3.0,
        inner.ascent + 4.0,
        inner.descent,
        ((0.0, 0.0, stroke), (lead + 1.0, 0.0, inner)),
    )


def grid(cells: Sequence[Sequence[Box]], pen: Pen, gap: tuple[float, float] = (10.0, 4.0)) -> Box:
    """Cells in rows and right-aligned columns, centred on the axis (the inside of a matrix)."""
    _, _, axis = vertical(pen.size)
    columns = max(len(line) for line in cells)
    widths = [
        max((line[c].width for line in cells if c < len(line)), default=0.0) for c in range(columns)
    ]
    ascents = [max(box.ascent for box in line) for line in cells]
    descents = [max(box.descent for box in line) for line in cells]
    height = sum(ascents) + sum(descents) + gap[1] * (len(cells) - 1)
    y = -axis - height / 2
    parts: list[tuple[float, float, Any]] = []
    for line, up, down in zip(cells, ascents, descents, strict=True):
        x = 0.0
        for box, width in zip(line, widths, strict=False):
            parts.append((x + width - box.width, y + up, box))
            x += width + gap[0]
        y += up + down + gap[1]
    width = sum(widths) + gap[0] * (columns - 1)
    return Box(width, axis + height / 2, height / 2 - axis, tuple(parts))


def matrix(cells: Sequence[Sequence[Box]], pen: Pen) -> Box:
    """A matrix between square brackets."""
    return parentheses(grid(cells, pen), pen, "[]")


def flow(pieces: Sequence[Box], width: float, indent: float = 0.0, leading: float = 5.0) -> Box:
    """Pieces set one after the other, breaking to a new line where `width` would be exceeded."""
    lines: list[list[Box]] = [[]]
    x = 0.0
    for piece in pieces:
        if lines[-1] and x + piece.width > width:
            lines.append([])
            x = indent
        lines[-1].append(piece)
        x += piece.width
    boxes = [row(line) for line in lines]
    parts: list[tuple[float, float, Any]] = []
    y, total = 0.0, 0.0
    for index, box in enumerate(boxes):
        if index:
            y += boxes[index - 1].descent + leading + box.ascent
        shift = indent if index else 0.0
        parts.append((shift, y, box))
        total = max(total, shift + box.width)
    return Box(total, boxes[0].ascent, y + boxes[-1].descent, tuple(parts))


def stack(boxes: Sequence[Box], leading: float = 6.0) -> Box:
    """Lines under each other; the baseline is the first line's."""
    parts: list[tuple[float, float, Any]] = []
    y, width = 0.0, 0.0
    for index, box in enumerate(boxes):
        if index:
            y += boxes[index - 1].descent + leading + box.ascent
        parts.append((0.0, y, box))
        width = max(width, box.width)
    return Box(width, boxes[0].ascent, y + boxes[-1].descent, tuple(parts))


@dataclass(frozen=True, slots=True)
class Formula:
    """A laid-out formula: flat lists with absolute positions, the origin at the top left."""

    width: float
    height: float
    baseline: float
    glyphs: tuple[tuple[float, float, Glyphs], ...]
    shapes: tuple[tuple[float, float, Any], ...]
    hits: tuple[tuple[QRectF, Any], ...] = field(repr=False)

    def hit(self, x: float, y: float) -> Any:
        """What stands at a point: the ref of the smallest box there, or None."""
        best, area = None, float("inf")
        point = QPointF(x, y)
        for rect, ref in self.hits:
            size = rect.width() * rect.height()
            if size < area and rect.contains(point):
                best, area = ref, size
        return best

    def rects(self, ref: Any) -> tuple[QRectF, ...]:
        """Every place where `ref` stands."""
        return tuple(rect for rect, other in self.hits if other == ref)

    def plain(self) -> str:
        """The characters in reading order (for accessible names and tests)."""
        return "".join(run.text for _, _, run in self.glyphs)


def lay_out(box: Box) -> Formula:
    """Flatten a tree of boxes."""
    glyphs: list[tuple[float, float, Glyphs]] = []
    shapes: list[tuple[float, float, Any]] = []
    hits: list[tuple[QRectF, Any]] = []
    _flatten(box, 0.0, box.ascent, glyphs, shapes, hits)
    return Formula(box.width, box.height, box.ascent, tuple(glyphs), tuple(shapes), tuple(hits))


def _flatten(
    box: Box, x: float, y: float, glyphs: list[Any], shapes: list[Any], hits: list[Any]
) -> None:
    if box.ref is not None:
        hits.append((QRectF(x - 1, y - box.ascent, box.width + 2, box.height), box.ref))
    for dx, dy, part in box.parts:
        if isinstance(part, Box):
            _flatten(part, x + dx, y + dy, glyphs, shapes, hits)
        elif isinstance(part, Glyphs):
            glyphs.append((x + dx, y + dy, part))
        else:
            shapes.append((x + dx, y + dy, part))


def paint(
    painter: QPainter, formula: Formula, theme: Any, x: float, y: float, hovered: Any = None
) -> None:
    """Draw a formula with its top left corner at (x, y); `hovered` is the ref to mark."""
    painter.save()
    painter.translate(x, y)
    if hovered is not None:
        mark = QColor(theme.selbg)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(mark)
        for rect in formula.rects(hovered):
            painter.drawRoundedRect(rect.adjusted(-1, -1, 1, 1), 3, 3)
    for dx, dy, shape in formula.shapes:
        _paint_shape(painter, shape, theme, dx, dy)
    size, weight, role = 0, 0, ""
    for dx, dy, run in formula.glyphs:
        if run.size != size or run.weight != weight:
            size, weight = run.size, run.weight
            painter.setFont(mono(size, weight))
        if run.role != role:
            role = run.role
            painter.setPen(QColor(getattr(theme, role)))
        painter.drawText(QPointF(dx, dy), run.text)
    painter.restore()


def _paint_shape(painter: QPainter, shape: Any, theme: Any, x: float, y: float) -> None:
    if isinstance(shape, Rule):
        painter.fillRect(
            QRectF(x, y, shape.width, shape.height), QColor(getattr(theme, shape.role))
        )
        return
    if isinstance(shape, Tile):
        rect = QRectF(x, y, shape.width, shape.height)
        painter.setBrush(QColor(*shape.fill) if shape.fill else Qt.BrushStyle.NoBrush)
        if shape.border:
            pen = QPen(QColor(getattr(theme, shape.border)), shape.thickness)
            if shape.dashed:
                pen.setStyle(Qt.PenStyle.DashLine)
            painter.setPen(pen)
            rect.adjust(0.5, 0.5, -0.5, -0.5)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
        painter.drawRoundedRect(rect, 2, 2)
        return
    pen = QPen(QColor(getattr(theme, shape.role)), shape.width)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    path = QPainterPath()
    points = [QPointF(x + px, y + py) for px, py in shape.points]
    path.moveTo(points[0])
    if shape.curved:
        path.cubicTo(points[1], points[2], points[3])
    else:
        for point in points[1:]:
            path.lineTo(point)
    painter.drawPath(path)
