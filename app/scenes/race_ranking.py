"""The ranking of a race: a row for each racer with its marker, its loss, what it is set to, and where it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF

from app import icons
from app.scenes import draw
from app.scenes.race_looks import Look, looks, paint_marker
from app.scenes.race_numbers import numbers_of, ordinal, settings_words, standings
from app.text import tr
from core.landscape.race import kind, ranking

if TYPE_CHECKING:
    from PySide6.QtGui import QColor, QImage, QPainter

    from app.engine.questions.racing import RaceAnswer
    from app.theme import Theme
    from core.landscape.race import Race, Racer

#: Height of a row, and of one where there is little room.
ROW, LOW = 74.0, 52.0
#: From the left edge to the marker, and from there to the words.
_MARGIN, _WORDS = 16.0, 26.0
#: From the words to the right edge.
_RIGHT = 12.0


@dataclass(frozen=True)
class RaceRow:
    """What a row says of one racer.

    Attributes
    ----------
    id, title, short, look
        Which racer, what it is called, the same where there is little room, how it looks.
    settings
        What it is set to.
    loss, position, gone
        Where it stands, as words; `gone` tells what became of it if it is.
    finished, place
        Step at which it came to the finish line, and as the how-manieth; place 0 if it has not.
    rank
        Its place by loss, from 1; 0 before anything is computed.
    """

    id: str
    title: str
    short: str
    look: Look
    settings: str
    loss: str = ""
    position: str = ""
    gone: str = ""
    finished: int | None = None
    place: int = 0
    rank: int = 0

    @property
    def finish_words(self) -> str:
        """When and as the how-manieth it finished; "" if it has not."""
        if not self.place:
            return ""
        return tr("finished {place}, at step {step}", place=ordinal(self.place), step=self.finished)

    @property
    def words(self) -> str:
        """All of it as a sentence, for those who do not see it."""
        parts = [self.title]
        if self.gone:
            parts.append(self.gone)
        elif self.loss:
            parts += [tr("place {rank}", rank=self.rank), tr("loss {loss}", loss=self.loss),
                      tr("at {point}", point=self.position)]  # fmt: skip
        if self.place:
            parts.append(self.finish_words)
        return ", ".join((*parts, self.settings))


def rows(
    race: Race, answer: RaceAnswer | None, step: int, line: float | None = None
) -> tuple[RaceRow, ...]:
    """Return the rows of a race in its order.

    Parameters
    ----------
    race
        The race that is shown.
    answer
        What is computed of it, or of one like it; None before.
    step
        Where it stands.
    line
        The loss at which racers finish; None for the usual one.
    """
    if answer is None:
        return _unmoved(race, samples=False)
    found = standings(answer, step, numbers_of(answer).finish_line(line))
    order = ranking(answer.paths, step)
    places = {answer.race.racers[place].id: k + 1 for k, place in enumerate(order)}
    made = []
    for row in _unmoved(race, samples=answer.surface.samples is not None):
        standing = found.get(row.id)
        if standing is None:
            made.append(row)
            continue
        made.append(
            RaceRow(
                row.id, row.title, row.short, row.look, row.settings, standing.loss, standing.position, standing.gone,
                standing.finished, standing.place, places.get(row.id, 0),
            )
        )  # fmt: skip
    return tuple(made)


#: The racers whose rows were asked for last, with what does not change from step to step.
_last: list[tuple[tuple[Racer, ...], bool, tuple[RaceRow, ...]]] = []


def _unmoved(race: Race, *, samples: bool) -> tuple[RaceRow, ...]:
    """Return the rows before anything is computed: what they are called and set to."""
    if _last and _last[0][0] is race.racers and _last[0][1] == samples:
        return _last[0][2]
    look = looks(race)
    made = tuple(
        RaceRow(
            one.id, one.title, one.name or kind(one.kind).short, look[one.id], settings_words(one, samples)
        )
        for one in race.racers
    )  # fmt: skip
    _last[:] = [(race.racers, samples, made)]
    return made


def ranked(all_rows: tuple[RaceRow, ...]) -> tuple[RaceRow, ...]:
    """Return rows by loss, the smallest first; what is not computed yet comes last."""
    return tuple(sorted(all_rows, key=lambda row: row.rank or len(all_rows) + 1))


def paint_row(
    painter: QPainter, box: QRectF, theme: Theme, row: RaceRow, *, chosen: bool = False, hovered: bool = False,
    buttons: float = 0.0,
) -> None:  # fmt: skip
    """Paint a row.

    Parameters
    ----------
    painter
        Paints.
    box
        Where the row goes.
    theme
        Colours.
    row
        What it says.
    chosen, hovered
        Whether it is the racer that is looked at, and whether the mouse is over it.
    buttons
        Room at the right of the last line that is taken.
    """
    title = _title(row, box.width())
    _paint_still(painter, box, theme, row, title, chosen=chosen, hovered=hovered)
    _paint_numbers(painter, box, theme, row, chosen=chosen, buttons=buttons)


class KeptRow:
    """A row that is painted many times: what is the same at every step is kept as a picture."""

    def __init__(self) -> None:
        self._still: tuple[tuple[object, ...], QImage] | None = None

    def paint(
        self, painter: QPainter, wide: int, high: int, theme: Theme, row: RaceRow, *, chosen: bool, hovered: bool,
        buttons: float,
    ) -> None:  # fmt: skip
        """Paint the row at the painter's origin, as `paint_row` does; `wide` and `high` in pixels."""
        ratio, title = draw.scale_of(painter), _title(row, wide)
        key = (title, row.settings, row.look, chosen, hovered, wide, high, ratio, theme.name)
        box = QRectF(0, 0, wide, high)
        if self._still is None or self._still[0] != key:
            image = draw.canvas(wide, high, ratio, theme.bg1)
            with draw.painting(image, (wide, high)) as under:
                _paint_still(under, box, theme, row, title, chosen=chosen, hovered=hovered)
            self._still = (key, image)
        # At scales between two whole numbers a picture may end half a pixel before the row does.
        draw.fill(painter, 0, 0, wide, high, _ground(theme, chosen=chosen, hovered=hovered))
        draw.blit(painter, 0, 0, self._still[1])
        _paint_numbers(painter, box, theme, row, chosen=chosen, buttons=buttons)


def _title(row: RaceRow, wide: float) -> str:
    """Return what a row is called, as long as there is room for it beside its loss."""
    right = wide - _RIGHT - _MARGIN - _WORDS
    beside = 14.0 if row.gone else draw.advance(row.loss, 12, mono=True) if row.loss else 0.0
    room = right - beside - 8
    title = row.title if draw.advance(row.title, 13, 600) <= room else row.short
    return draw.elide(title, 13, room, 600)


def _ground(theme: Theme, *, chosen: bool, hovered: bool) -> QColor:
    return theme.selbg if chosen else theme.bg2 if hovered else theme.bg1


def _first_line(box: QRectF) -> float:
    return box.y() + (20.0 if box.height() < ROW else 23.0)


def _paint_still(
    painter: QPainter, box: QRectF, theme: Theme, row: RaceRow, title: str, *, chosen: bool, hovered: bool
) -> None:  # fmt: skip
    """Paint what a row is at every step: its ground, its marker, what it is called and set to."""
    ground = _ground(theme, chosen=chosen, hovered=hovered)
    draw.fill(painter, box.x(), box.y(), box.width(), box.height(), ground)
    draw.line(painter, box.left(), box.bottom() - 0.5, box.right(), box.bottom() - 0.5, theme.line)
    if chosen:
        draw.fill(painter, box.x(), box.y(), 3, box.height(), theme.tx)
    first, left = _first_line(box), box.x() + _MARGIN + _WORDS
    paint_marker(painter, row.look, theme, QPointF(box.x() + _MARGIN + 9, first - 4.5), 11.0)
    draw.text(painter, left, first, title, 13, theme.tx, weight=600)
    if box.height() >= ROW:
        words = draw.elide(row.settings, 11, box.right() - _RIGHT - left, mono=True)
        draw.text(painter, left, first + 18, words, 11, theme.tx2, mono=True)


def _paint_numbers(
    painter: QPainter, box: QRectF, theme: Theme, row: RaceRow, *, chosen: bool, buttons: float
) -> None:
    """Paint where a racer stands."""
    first, left, right = _first_line(box), box.x() + _MARGIN + _WORDS, box.right() - _RIGHT
    if row.gone:
        icons.paint(painter, "alert-triangle", theme.err, QRectF(right - 14, first - 11, 14, 14))
    elif row.loss:
        draw.text(painter, right, first, row.loss, 12, theme.loss, mono=True, anchor="end")
    end = right - buttons
    last = first + (18 if box.height() < ROW else 35)
    if row.gone:
        draw.text(painter, left, last, draw.elide(row.gone, 11, end - left), 11, theme.err)
        return
    taken = 0.0
    if row.place:
        taken = _paint_finish(painter, end, last, theme, row) + 8
    # Rather no position than half of one: the map and the table have it.
    if draw.advance(row.position, 11, mono=True) <= end - left - taken:
        ink = theme.tx2 if chosen else theme.tx3
        draw.text(painter, left, last, row.position, 11, ink, mono=True)


def _paint_finish(painter: QPainter, right: float, y: float, theme: Theme, row: RaceRow) -> float:
    """Paint a flag, the step of the finish and the place there; return the width."""
    words = tr("{place} at {step}", place=ordinal(row.place), step=row.finished)
    wide = draw.advance(words, 11, mono=True)
    draw.text(painter, right - wide, y, words, 11, theme.tx, mono=True)
    _icon(painter, "flag", theme.tx2, right - wide - 17, y - 11)
    return wide + 17


def _icon(painter: QPainter, name: str, color: QColor, x: float, y: float) -> None:
    """Put an icon of 14 px: the same picture many times a second."""
    if draw.is_vector(painter):
        icons.paint(painter, name, color, QRectF(x, y, 14, 14))
    else:
        picture = icons.pixmap(name, color, 14, draw.scale_of(painter))
        painter.drawPixmap(QPointF(round(x), round(y)), picture)
