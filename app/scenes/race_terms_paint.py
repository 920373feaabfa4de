"""Paints what `app.scenes.race_terms` says of an update: at the racer, and the legend."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from app.scenes import draw
from app.scenes import formula as f
from app.scenes.formula_tex import to_box
from app.scenes.race_terms import Area, Arrow, Picture
from app.text import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.scenes.race_looks import Look
    from app.theme import Theme

#: Lengths of arrows that only point, the step's last; where they begin, beside the marker.
_LONG, _SHORT, _GAP = 96.0, 64.0, 11.0
#: A move shorter than this is no arrow; one longer leads out of any picture.
_SEEN, _FARTHEST = 3.0, 6000.0
#: Largest side of an area, width of a rate's longest bar, and room around them.
_SIDE, _PAD = 52.0, 7.0
#: Of the legend: width at least, height of a line, width of a stroke.
_WIDE, _LINE, _STROKE = 184.0, 22.0, 24.0


@dataclass(frozen=True)
class Inks:
    """A theme with one more colour: the racer's, called "racer"."""

    theme: Theme
    racer: QColor

    def __getattr__(self, name: str) -> Any:
        return getattr(self.theme, name)

    def color(self, name: str) -> QColor:
        """Return a colour by name."""
        return self.racer if name == "racer" else self.theme.color(name)


@lru_cache(maxsize=128)
def tag(source: str, size: int, role: str) -> f.Formula:
    """Return TeX, or a word, laid out."""
    pen = f.Pen(size, role=role)
    word = source.isalpha() and source.isascii() and len(source) > 2
    return f.lay_out(f.text(source, pen) if word else to_box(source, pen))


def paint(
    painter: QPainter,
    theme: Theme,
    look: Look,
    picture: Picture,
    at: QPointF,
    scale: tuple[float, float],
    area: QRectF,
    covered: Sequence[QRectF] = (),
) -> None:
    """Paint an update at its racer.

    Parameters
    ----------
    at
        Where the racer is.
    scale
        Pixels of one unit across and down (negative where y grows upwards; 0 for a curve's second axis).
    area
        Of the map: labels stay inside.
    covered
        Parts of it that something stands on: labels stay clear of them.
    """
    painter.save()
    painter.setClipRect(area, Qt.ClipOperation.IntersectClip)
    inks = Inks(theme, look.color(theme))
    _paint_ball(painter, inks, picture, at, scale)
    ends: list[tuple[Arrow, QPointF, QPointF]] = []
    for arrow in picture.arrows:
        ends += _paint_arrow(painter, inks, picture, arrow, at, scale)
    if picture.ahead is not None:
        there = at + QPointF(
            (picture.ahead[0] - picture.point[0]) * scale[0],
            (picture.ahead[1] - picture.point[1]) * scale[1],
        )
        if area.contains(there):
            draw.disc(painter, there.x(), there.y(), 4.0, theme.bg0, theme.tx, 1.5)
    taken: list[QRectF] = [QRectF(at.x() - 10, at.y() - 10, 20, 20), *covered]
    taken += [QRectF(end.x() - 7, end.y() - 7, 14, 14) for _, end, _ in ends]
    if picture.areas or picture.rates is not None:
        taken.append(_paint_glyph(painter, inks, picture, at, ends, area, covered))
    for arrow, end, way in ends:
        label = arrow.scaled if picture.to_scale else arrow.tag
        taken.append(_paint_tag(painter, inks, label, arrow.ink, end, way, area, taken))
    painter.restore()


def _paint_ball(
    painter: QPainter, inks: Inks, picture: Picture, at: QPointF, scale: tuple[float, float]
) -> None:
    if picture.ball is None:
        return
    dx = (picture.ball[0] - picture.point[0]) * scale[0]
    dy = (picture.ball[1] - picture.point[1]) * scale[1]
    if not _SEEN < math.hypot(dx, dy) < _FARTHEST:
        return
    there = at + QPointF(dx, dy)
    pen = QPen(inks.racer, 1.25, Qt.PenStyle.DotLine)
    painter.setPen(pen)
    painter.drawLine(there, at)
    draw.disc(painter, there.x(), there.y(), 4.5, inks.bg0, inks.racer, 1.5)


def _paint_arrow(
    painter: QPainter,
    inks: Inks,
    picture: Picture,
    arrow: Arrow,
    at: QPointF,
    scale: tuple[float, float],
) -> list[tuple[Arrow, QPointF, QPointF]]:
    """Paint an arrow; returns it with its end and its way, or nothing if it is too short to be seen."""
    given = arrow.move if picture.to_scale else arrow.vector
    dx, dy = given[0] * scale[0], given[1] * scale[1]
    length = math.hypot(dx, dy)
    if length == 0 or not math.isfinite(length):
        return []
    way = QPointF(dx / length, dy / length)
    if picture.to_scale:
        if length < _SEEN:
            return []
        begin = at + QPointF(arrow.begin[0] * scale[0], arrow.begin[1] * scale[1])
        end = begin + way * min(length, _FARTHEST)
    else:
        begin, end = (
            at + way * _GAP,
            at + way * (_SHORT if arrow.ink == "tx" else _LONG),
        )
    color = inks.color(arrow.ink)
    width = 2.75 if arrow.ink == "tx" else 2.25
    head = min(9.0, 0.6 * length) if picture.to_scale else 9.0
    for ink, wide in ((draw.faded(inks.bg0, 0.6), width + 3), (color, width)):
        pen = QPen(ink, wide)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        if arrow.dashed:
            pen.setDashPattern([6 / wide, 4 / wide])
        painter.setPen(pen)
        painter.drawLine(begin, end - way * (head * 0.6))
    side = QPointF(-way.y(), way.x()) * (head * 0.6)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    tip = end + way * 2
    painter.drawPolygon(QPolygonF([tip, end - way * head + side, end - way * head - side]))
    return [(arrow, end, way)]


def _paint_tag(
    painter: QPainter, inks: Inks, source: str, ink: str, end: QPointF, way: QPointF, area: QRectF,
    taken: list[QRectF],
) -> QRectF:  # fmt: skip
    """Write what an arrow is at its end, where nothing else is written."""
    laid = tag(source, 11, ink)
    size = _tag_size(laid)
    across = QPointF(-way.y(), way.x())
    best: QRectF | None = None
    for along, aside in (
        (12, 0),
        (12, 16),
        (12, -16),
        (2, 24),
        (2, -24),
        (30, 0),
        (-14, 26),
        (-14, -26),
        (-40, 26),
        (-40, -26),
    ):
        middle = end + way * (along + abs(way.x()) * size.width() / 2) + across * aside
        box = QRectF(
            middle.x() - size.width() / 2, middle.y() - size.height() / 2, size.width(), size.height()
        )  # fmt: skip
        box = _inside(box, area)
        if best is None:
            best = box
        if not any(box.intersects(other) for other in taken):
            best = box
            break
    assert best is not None
    if draw.is_vector(painter):
        _write_tag(painter, inks, laid, best)
        return best
    scale = draw.scale_of(painter)
    image = _tag_picture(inks.theme, inks.racer.rgb(), source, ink, scale)
    draw.blit(painter, round(best.x() * scale) / scale, round(best.y() * scale) / scale, image)
    return best


def _write_tag(painter: QPainter, inks: Inks, laid: f.Formula, box: QRectF) -> None:
    _card(painter, inks, box, 3)
    f.paint(painter, laid, inks, box.x() + 5, box.center().y() - laid.height / 2)


@lru_cache(maxsize=64)
def _tag_picture(theme: Theme, racer: int, source: str, ink: str, scale: float) -> QImage:
    """What is written at an arrow's end as a picture: it moves, and stays what it is."""
    laid = tag(source, 11, ink)
    size = _tag_size(laid)
    # Its frame lies half outside of its box.
    image = draw.canvas(size.width() + 1, size.height() + 1, scale, None)
    with draw.painting(image, (size.width() + 1, size.height() + 1)) as painter:
        box = QRectF(0.5, 0.5, size.width(), size.height())
        _write_tag(painter, Inks(theme, QColor.fromRgb(racer)), laid, box)
    return image


def _tag_size(laid: f.Formula) -> QSizeF:
    return QSizeF(laid.width + 10, max(18.0, laid.height + 4))


def _inside(box: QRectF, area: QRectF) -> QRectF:
    room = area.adjusted(2, 2, -2, -2)
    x = max(room.left(), min(box.x(), room.right() - box.width()))
    y = max(room.top(), min(box.y(), room.bottom() - box.height()))
    return QRectF(x, y, box.width(), box.height())


def _card(painter: QPainter, inks: Inks, box: QRectF, radius: float) -> None:
    painter.setPen(QPen(inks.line2, 1))
    painter.setBrush(draw.faded(inks.bg1, 0.92))
    painter.drawRoundedRect(box, radius, radius)


def _paint_glyph(
    painter: QPainter, inks: Inks, picture: Picture, at: QPointF,
    ends: list[tuple[Arrow, QPointF, QPointF]], area: QRectF, covered: Sequence[QRectF],
) -> QRectF:  # fmt: skip
    """The area and the rates in one card beside the racer, where no arrow points."""
    size = _glyph_size(picture)
    box = _free(size, at, [end for _, end, _ in ends], area, covered)
    _card(painter, inks, box, 6)
    y = box.y() + _PAD
    for one in picture.areas:
        _paint_area(painter, inks, one, box.x() + _PAD, y, len(picture.letters) == 1)
        y += _SIDE + 18
    if picture.rates is not None:
        _paint_rates(painter, inks, picture, box.x() + _PAD, y)
    return box


def _glyph_size(picture: Picture) -> QSizeF:
    height = 2 * _PAD + (_SIDE + 18) * len(picture.areas)
    if picture.rates is not None:
        height += 30
    return QSizeF(_SIDE + 2 * _PAD + 58, height)


def _free(
    size: QSizeF, at: QPointF, ends: list[QPointF], area: QRectF, covered: Sequence[QRectF]
) -> QRectF:
    """Return a place beside the racer as far from the arrows as there is one inside the map."""
    found: tuple[float, QRectF] | None = None
    for across, down in ((-1, 0), (1, 0), (-1, -1), (1, -1), (-1, 1), (1, 1), (0, 1), (0, -1)):
        middle = at + QPointF(
            across * (26 + size.width() / 2), down * (26 + size.height() / 2)
        )  # fmt: skip
        wanted = QRectF(
            middle.x() - size.width() / 2, middle.y() - size.height() / 2, size.width(), size.height()
        )  # fmt: skip
        box = _inside(wanted, area)
        hidden = sum(box.adjusted(-20, -12, 20, 12).contains(end) for end in ends)
        hidden += sum(
            box.contains(at + (end - at) * part) for end in ends for part in (0.35, 0.6, 0.8)
        )
        hidden += sum(2 * box.intersects(one) for one in covered)
        moved = math.hypot(box.x() - wanted.x(), box.y() - wanted.y())
        cost = 100 * hidden + moved + 60 * box.adjusted(-8, -8, 8, 8).contains(at)
        if found is None or cost < found[0]:
            found = cost, box
    assert found is not None
    return found[1]


def _paint_area(painter: QPainter, inks: Inks, area: Area, x: float, y: float, flat: bool) -> None:
    """Rectangles on one corner: how large gradients, or steps, were, and how large this one is."""
    largest = max(*area.sides, *area.now, 1e-300)
    ink, name = _now(area)
    bottom = y + _SIDE

    def rectangle(sides: tuple[float, float]) -> QRectF:
        wide, high = (max(1.0, _SIDE * one / largest) for one in sides)
        return QRectF(x, bottom - high, wide, high)

    painter.setPen(QPen(inks.racer, 1.25))
    painter.setBrush(draw.faded(inks.racer, 0.28))
    painter.drawRect(rectangle(area.sides))
    if area.inner is not None:
        painter.setPen(QPen(inks.racer, 1, Qt.PenStyle.DashLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(rectangle(area.inner))
    painter.setPen(QPen(inks.color(ink), 1.25))
    painter.setBrush(draw.faded(inks.color(ink), 0.35))
    painter.drawRect(rectangle(area.now))
    for k, (source, role) in enumerate(((area.tag, "racer"), (name, ink))):
        laid = tag(source, 11, role)
        f.paint(painter, laid, inks, x + _SIDE + 8, y + 4 + 20 * k)
    draw.text(
        painter,
        x,
        bottom + 12,
        tr("its side") if flat else tr("sides along both axes"),
        10,
        inks.tx3,
    )


def _now(area: Area) -> tuple[str, str]:
    """Ink and TeX of what an area is made of, as it is now."""
    return ("tx", "|Δ|") if area.moves else ("bwd", "|g|")


def _paint_rates(painter: QPainter, inks: Inks, picture: Picture, x: float, y: float) -> None:
    assert picture.rates is not None
    largest = max(*map(abs, picture.rates[: len(picture.letters)]), 1e-300)
    for k, (letter, rate) in enumerate(zip(picture.letters, picture.rates, strict=False)):
        top = y + 15 * k
        draw.text(painter, x, top + 9, letter, 10, inks.tx2, mono=True)
        draw.fill(
            painter, x + 10, top + 2, max(1.0, (_SIDE - 10) * abs(rate) / largest), 7, inks.tx2, 2
        )
        draw.text(painter, x + _SIDE + 6, top + 9, short(rate), 10, inks.tx, mono=True)


def short(value: float) -> str:
    """Return a number with three figures."""
    text = f"{value:.3g}"
    mantissa, e, exponent = text.partition("e")
    return (mantissa + (f"e{int(exponent)}" if e else "")).replace("-", draw.MINUS)


# -- the legend


def _lines(picture: Picture) -> list[tuple[str, str, str, str]]:
    """Kind of sign, ink, words and TeX of each line."""
    found = [
        ("dashed" if one.dashed else "stroke", one.ink, one.words, _legend_tag(one, picture))
        for one in picture.arrows
    ]
    if picture.ball is not None:
        found.append(("ball", "racer", tr("ball looks ahead"), "θ-βv"))
    for area in picture.areas:
        before = tr("steps of before") if area.moves else tr("gradients of before")
        found.append(("area", "racer", before, area.tag))
        # The step of now has its line, and its colour, as an arrow.
        if not area.moves:
            found.append(("area", _now(area)[0], tr("gradient now"), _now(area)[1]))
    if picture.rates is not None:
        found.append(("bar", "tx2", tr("rate of each axis"), "r"))
    return found


def _legend_tag(arrow: Arrow, picture: Picture) -> str:
    if arrow.ink == "tx":
        return "Δθ"
    return arrow.scaled if picture.to_scale else arrow.tag


def _foot(picture: Picture) -> str:
    if picture.to_scale:
        return tr("arrows as long as their moves")
    return tr("arrows show direction only")


def legend_size(picture: Picture) -> QSizeF:
    """Return how large the legend is."""
    lines = _lines(picture)
    wide = max(
        (_STROKE + 50 + draw.advance(words, 11.5) + tag(source, 11, ink).width for _, ink, words, source in lines),
        default=0.0,
    )  # fmt: skip
    title = draw.advance(picture.title, 11.5, 600) + 24
    wide = max(_WIDE, wide, title, draw.advance(_foot(picture), 11.5) + 24)
    return QSizeF(math.ceil(min(wide, 260.0)), 8 + _LINE * (1 + len(lines)) + 24)


def paint_legend(
    painter: QPainter, theme: Theme, look: Look, picture: Picture, box: QRectF
) -> None:
    """Paint the legend into a rectangle of `legend_size`."""
    lines, scale = tuple(_lines(picture)), draw.scale_of(painter)
    color = look.color(theme).rgb()
    if draw.is_vector(painter):
        painter.save()
        painter.translate(box.topLeft())
        _write_legend(
            painter,
            Inks(theme, look.color(theme)),
            picture.title,
            lines,
            _foot(picture),
            box.size(),
        )
        painter.restore()
        return
    image = _legend(
        theme, color, picture.title, lines, _foot(picture), box.width(), box.height(), scale
    )
    # At a whole pixel it is as sharp as it was made.
    draw.blit(painter, round(box.x() * scale) / scale, round(box.y() * scale) / scale, image)


@lru_cache(maxsize=8)
def _legend(
    theme: Theme, color: int, title: str, lines: tuple[tuple[str, str, str, str], ...], foot: str, wide: float,
    high: float, scale: float,
) -> QImage:  # fmt: skip
    """The legend as a picture: it is the same for as long as the race goes on."""
    image = draw.canvas(wide, high, scale, None)
    with draw.painting(image, (wide, high)) as painter:
        _write_legend(
            painter, Inks(theme, QColor.fromRgb(color)), title, lines, foot, QSizeF(wide, high)
        )
    return image


def _write_legend(
    painter: QPainter, inks: Inks, title: str, lines: tuple[tuple[str, str, str, str], ...], foot: str,
    size: QSizeF,
) -> None:  # fmt: skip
    painter.setPen(QPen(inks.line2, 1))
    painter.setBrush(inks.bg1)
    painter.drawRoundedRect(QRectF(0.5, 0.5, size.width() - 1, size.height() - 1), 8, 8)
    x, y = 12.0, 8.0
    shown = draw.elide(title, 11.5, size.width() - 24, 600)
    draw.text(painter, x, y + 15, shown, 11.5, inks.tx, weight=600)
    for sign, ink, words, source in lines:
        y += _LINE
        _paint_sign(painter, inks, sign, ink, x, y + 11)
        laid = tag(source, 11, ink)
        room = size.width() - 12 - (x + _STROKE + 10) - laid.width - 8
        written = draw.text(
            painter, x + _STROKE + 10, y + 15, draw.elide(words, 11.5, room), 11.5, inks.tx2
        )  # fmt: skip
        f.paint(painter, laid, inks, x + _STROKE + 18 + written, y + 15 - laid.baseline)
    draw.text(painter, x, y + _LINE + 14, foot, 11.5, inks.tx3)


def _paint_sign(painter: QPainter, inks: Inks, sign: str, ink: str, x: float, y: float) -> None:
    color = inks.color(ink)
    if sign in ("stroke", "dashed"):
        pen = QPen(color, 2.5)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        if sign == "dashed":
            pen.setDashPattern([6 / 2.5, 3 / 2.5])
        painter.setPen(pen)
        painter.drawLine(QPointF(x, y), QPointF(x + _STROKE, y))
    elif sign == "ball":
        draw.disc(painter, x + _STROKE / 2, y, 4.5, inks.bg0, color, 1.5)
    elif sign == "area":
        painter.setPen(QPen(color, 1.25))
        painter.setBrush(draw.faded(color, 0.3))
        painter.drawRect(QRectF(x + _STROKE / 2 - 7, y - 5, 14, 10))
    else:
        draw.fill(painter, x, y - 3, _STROKE, 6, color, 2)
