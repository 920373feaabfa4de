"""The table of an update's terms: symbol, formula, and the number along each axis; the one written out is marked."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, Qt
from PySide6.QtGui import QColor, QHelpEvent, QImage, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QSizePolicy, QToolTip

from app import theme
from app.optimizers import seeing
from app.scenes import draw
from app.scenes import formula as f
from app.scenes.formula_inline import inline
from app.scenes.formula_tex import to_box
from app.scenes.race_captions import caption
from app.scenes.race_looks import looks
from app.scenes.race_terms import MOVES, SQUARES
from app.scenes.race_terms_paint import Inks
from app.scenes.race_update import GRADIENT, RAW, Term, Update, terms_of
from app.text import tr
from app.widgets.painted import Painted

if TYPE_CHECKING:
    from app.optimizers.session import RaceSession
    from app.theme import Theme

#: Heights of the head and of a row, room at both sides, for symbols, and for a number, by how narrow the window is.
_HEAD, _ROW, _EDGE, _SYMBOL = 28, (36, 34, 32), (16, 14, 12), (36, 34, 30)
_NUMBER = (72, 70, 66)
#: In the racer's colour: the arrow on the map that is of these is too.
_OWN = ("m", "m_corrected", "velocity", "momentum", MOVES, *SQUARES)


def figure(value: float) -> str:
    """Return a number of the table: its sign, and as many decimals as there is room for."""
    size = abs(value)
    if size and (size < 0.001 or size >= 1e5) and math.isfinite(size):
        return ("" if value < 0 else "+") + draw.scientific(value)
    return draw.signed(value, 4 if size < 100 else 1)


@lru_cache(maxsize=256)
def symbol(source: str, size: int, role: str, weight: int = 600) -> f.Formula:
    """Return a term's symbol laid out."""
    return f.lay_out(to_box(source, f.Pen(size, weight, role)))


@lru_cache(maxsize=256)
def written(one: Term, role: str) -> f.Formula:
    """Return a term's formula laid out on one line."""
    source = one.words if one.formula is None else inline(one.formula)
    return f.lay_out(to_box(source, f.Pen(11, role=role)))


class Cell(NamedTuple):
    """A number of the table.

    Attributes
    ----------
    row, column
        How many terms come before its own, and how many columns of numbers before that in which it ends.
    words, ink
        What is written, and the token of its colour.
    """

    row: int
    column: int
    words: str
    ink: str


class TermTable(Painted):
    """See the module's text. Click, or up and down for a term and left and right for an axis.

    Parameters
    ----------
    session
        Whose racer it is.
    """

    ground, opaque, ring_inset = "bg1", True, 2

    def __init__(self, session: RaceSession) -> None:
        super().__init__(
            "race-terms-table", tr("Terms of the update"), down=QSizePolicy.Policy.Fixed
        )
        self._session = session
        self._level = 0
        self._over = -1
        #: All but the numbers, as a picture, and of what; the numbers as they were when it was told to follow last.
        self._under: tuple[tuple[object, ...], QImage] | None = None
        self._cells: tuple[Cell, ...] = ()
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.follow()

    # -- what is shown

    @property
    def terms(self) -> tuple[Term, ...]:
        """Those of the racer that is looked at."""
        update = seeing.update_of(self._session)
        if update is not None:
            return update.terms
        racer = self._session.race.racer(self._session.racer)
        return () if racer is None else terms_of(racer)

    def follow(self) -> None:
        """Take as much room as there are terms, and tell which one is marked."""
        session, update = self._session, seeing.update_of(self._session)
        self.setFixedHeight(_HEAD + _ROW[self._level] * len(self.terms))
        # Many times a second it is of no use to anybody.
        if update is not None and not session.playing:
            self.setAccessibleDescription(self.told(update, seeing.marked(session, update)))
        before, self._cells = self._cells, self.cells()
        alike = self._under is not None and self._under[0] == self._key(update)
        if not (session.playing and alike and len(before) == len(self._cells)):
            self.update()
            return
        # While it plays, only what is another number is painted.
        pairs = zip(before, self._cells, strict=True)
        rows = [new.row for old, new in pairs if old != new]
        if rows:
            left = self._columns(len(self._letters()))[0] - _NUMBER[self._level]
            box = self.row_rect(rows[0]).united(self.row_rect(rows[-1]))
            self.update(box.adjusted(left, 0, 0, 0))

    def set_compact(self, level: int) -> None:
        """Take less room in small windows."""
        self._level = level
        self.follow()

    def told(self, update: Update, name: str) -> str:
        """Return a term in words, for those who cannot see it."""
        found = update.term(name)
        if found is None:
            return ""
        text = f.lay_out(to_box(found.symbol, f.Pen())).plain()
        value = update.value(name)
        if value.ndim == 0:
            return tr("{term} is {value}", term=text, value=figure(float(value)))
        parts = (
            f"{letter} {figure(float(one))}"
            for letter, one in zip(update.letters, value, strict=False)
        )
        return tr("{term} is {value}", term=text, value=", ".join(parts))

    def row_rect(self, place: int) -> QRect:
        """Where a term stands."""
        high = _ROW[self._level]
        return QRect(0, _HEAD + high * place, self.width(), high)

    def _columns(self, count: int) -> list[int]:
        """Right ends of the numbers."""
        wide, edge = _NUMBER[self._level], _EDGE[self._level]
        return [self.width() - edge - wide * (count - 1 - k) for k in range(count)]

    def place_at(self, point: QPoint) -> tuple[int, int | None]:
        """Return which term and which axis a point is of; the axis None beside the numbers, the term -1 outside."""
        if point.y() < _HEAD:
            return -1, None
        place = (point.y() - _HEAD) // _ROW[self._level]
        if not 0 <= place < len(self.terms):
            return -1, None
        letters = self._letters()
        for axis, right in enumerate(self._columns(len(letters))):
            if right - _NUMBER[self._level] < point.x() <= right:
                return place, axis
        return place, None

    def _letters(self) -> tuple[str, ...]:
        surface = self._session.surface
        return ("x", "y") if surface is None else surface.variables

    # -- painting

    def _ink(self, colors: Theme) -> QColor:
        """The racer's colour."""
        session = self._session
        look = looks(session.race).get(session.racer)
        return colors.tx if look is None else look.color(colors)

    def _key(self, update: Update | None) -> tuple[object, ...]:
        """What the picture of all but the numbers is of."""
        session, colors = self._session, theme.current()
        mark = seeing.marked(session, update) if update is not None else ""
        return (
            self.terms, mark, self._over, seeing.axis_of(session), self._letters(), self._ink(colors).rgb(),
            colors.name, self.size(), self._level, self.devicePixelRatioF(),
        )  # fmt: skip

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        key = self._key(seeing.update_of(self._session))
        if self._under is None or self._under[0] != key:
            image = draw.canvas(
                self.width(), self.height(), self.devicePixelRatioF(), colors.color(self.ground)
            )
            with draw.painting(image, (self.width(), self.height())) as under:
                inks = Inks(colors, self._ink(colors))
                self._paint_ground(under, inks, self.terms, str(key[1]), self._letters())
            self._under = (key, image)
        draw.blit(painter, 0, 0, self._under[1])
        rights = self._columns(len(self._letters()))
        for one in self._cells:
            box = self.row_rect(one.row)
            if box.bottom() >= area.top() and box.top() <= area.bottom():
                x, y, ink = rights[one.column], box.center().y() + 5, colors.color(one.ink)
                draw.text(painter, x, y, one.words, 12, ink, mono=True, anchor="end")

    def _paint_ground(
        self,
        painter: QPainter,
        inks: Inks,
        terms: tuple[Term, ...],
        mark: str,
        letters: tuple[str, ...],
    ) -> None:
        """Paint all but the numbers, which are other ones at every step."""
        edge, gray = _EDGE[self._level], inks.color("tx3")
        draw.text(painter, edge, 18, tr("Term"), 11, gray, weight=500)
        left = edge + _SYMBOL[self._level]
        draw.text(painter, left, 18, tr("Formula"), 11, gray, weight=500)
        axis = seeing.axis_of(self._session)
        for k, (letter, right) in enumerate(zip(letters, self._columns(len(letters)), strict=True)):
            ink = inks.color("tx") if k == axis and len(letters) > 1 else gray
            draw.text(painter, right, 18, letter, 11, ink, weight=500, mono=True, anchor="end")
        draw.fill(painter, 0, _HEAD - 1, self.width(), 1, inks.color("line"))
        for k, one in enumerate(terms):
            box = self.row_rect(k)
            chosen = one.name == mark
            if chosen or k == self._over:
                fill = inks.color("selbg" if chosen else "bg2")
                draw.fill(painter, 0, box.y(), self.width(), box.height() - 1, fill)
            self._paint_term(painter, inks, one, box, chosen)
            draw.fill(painter, 0, box.bottom(), self.width(), 1, inks.color("line"))

    def cells(self) -> tuple[Cell, ...]:
        """Return the numbers of the moment at which the race stands."""
        update, shown = seeing.update_of(self._session), seeing.revealed(self._session)
        last = len(self._letters()) - 1
        found = []
        for k, one in enumerate(self.terms):
            if update is None or (update.gone and k) or (update.last and _is_nothing(update, one)):
                found.append(Cell(k, last, "–", "tx3"))
            elif shown is not None and k > shown:
                found.append(Cell(k, last, "…", "bwd"))
            elif (value := update.value(one.name)).ndim == 0:
                found.append(Cell(k, last, _scalar(float(value)), "tx"))
            else:
                found += [
                    Cell(k, axis, figure(number), "tx" if math.isfinite(number) else "err")
                    for axis, number in enumerate(value.tolist()[: last + 1])
                ]
        return tuple(found)

    def _paint_term(
        self, painter: QPainter, inks: Inks, one: Term, box: QRect, chosen: bool
    ) -> None:
        edge, level = _EDGE[self._level], self._level
        role = "bwd" if one.name in (GRADIENT, RAW) else "racer" if one.name in _OWN else "tx"
        sign = symbol(one.symbol, 13, role)
        middle = box.center().y() + 0.5
        f.paint(painter, sign, inks, edge, middle - sign.height / 2)
        left = float(edge + _SYMBOL[level])
        if sign.width > _SYMBOL[level] - 4:
            left = edge + sign.width + 6
        role = "tx2" if chosen else "tx3"
        room = (
            self._columns(len(self._letters()))[0]
            - _NUMBER[level]
            - left
            + (0 if one.scalar else -4)
        )
        if one.scalar:
            room += _NUMBER[level] * (len(self._letters()) - 1)
        if one.formula is None and "\\" not in one.words and "_" not in one.words:
            words = draw.elide(one.words, 11, room)
            draw.text(painter, left, middle + 4, words, 11, inks.color(role))
            return
        laid = written(one, role)
        painter.save()
        # What cannot be set so small is made smaller as a picture; the tooltip has it whole.
        shrink = min(1.0, room / max(laid.width, 1.0), (box.height() - 4) / max(laid.height, 1.0))
        painter.translate(left, middle - laid.height * shrink / 2)
        painter.scale(shrink, shrink)
        f.paint(painter, laid, inks, 0, 0)
        painter.restore()

    # -- choosing

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place, axis = self.place_at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and place >= 0:
            seeing.choose(self._session, place, axis)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        over = self.place_at(event.position().toPoint())[0]
        if over != self._over:
            self._over = over
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._over = -1
        self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = self.place_at(event.pos())[0]
            update = seeing.update_of(self._session)
            if place >= 0 and update is not None:
                one = update.terms[place]
                words = one.words if one.formula is None else written(one, "tx").plain()
                said = caption(update, one.name)
                QToolTip.showText(
                    event.globalPos(), "\n".join(part for part in (words, said) if part), self
                )
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        update, key = seeing.update_of(self._session), event.key()
        if update is None:
            super().keyPressEvent(event)
            return
        place = update.place(seeing.marked(self._session, update))
        moves = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        axes = {Qt.Key.Key_Left: 0, Qt.Key.Key_Right: 1}
        if key in moves:
            seeing.choose(self._session, place + moves[Qt.Key(key)])
        elif key in axes and len(update.letters) > 1:
            seeing.choose(self._session, place, axes[Qt.Key(key)])
        else:
            super().keyPressEvent(event)


def _is_nothing(update: Update, term: Term) -> bool:
    return bool(np.isnan(update.value(term.name)).any())


def _scalar(value: float) -> str:
    return draw.scientific(value) if value and abs(value) < 0.001 else draw.plain(value, 4)
