"""Which marker is which racer: in words where there is room for all of them, else by pointing at a marker."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QEvent, QPointF, QSize
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app import theme
from app.scenes import draw
from app.scenes.race_looks import looks, paint_marker
from app.text import tr
from app.widgets.guarded import guarded
from core.landscape.race import kind

if TYPE_CHECKING:
    from app.optimizers.session import RaceSession

#: Room of a name besides its letters: as much as looks well, and the least; that of a marker without a name.
_APART, _TIGHT, _MARK = 30.0, 25.0, 16.0
#: From a marker's left to its name; height of a line, and above and below all of them.
_NAME, _LINE, _AROUND = 17.0, 16, 2
#: Forms of a legend.
NONE, MARKS, WORDS = "", "marks", "words"


class Entry(NamedTuple):
    """A racer in the legend: its id, what it is called, where it begins, in which line, and how wide it is."""

    id: str
    name: str
    x: float
    line: int
    wide: float


class Legend(QWidget):
    """See the module's text.

    Parameters
    ----------
    session
        Whose racers they are.
    name
        Object name.
    edge
        Room at both sides.

    Attributes
    ----------
    form
        NONE, MARKS or WORDS.
    """

    def __init__(self, session: RaceSession, name: str, edge: int = 0) -> None:
        super().__init__()
        self.setObjectName(name)
        self._session, self._edge = session, edge
        self.form = NONE
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(0)
        self.hide()

    def names(self) -> list[tuple[str, str]]:
        """Ids and names, in the order of the race."""
        return [(one.id, one.name or kind(one.kind).short) for one in self._session.race.racers]

    def entries(self, wide: float, form: str) -> list[Entry]:
        """Return where the racers stand in so much room, in as many lines as they need; a line holds one at least."""
        names, room = self.names(), wide - 2 * self._edge
        if form == MARKS:
            return [
                Entry(one, name, self._edge + _MARK * k, 0, _MARK)
                for k, (one, name) in enumerate(names)
            ]
        letters = [draw.advance(name, 11) for _, name in names]
        spare = (room - sum(letters)) / max(1, len(names))
        apart = min(_APART, max(_TIGHT, spare))
        found, x, line = [], 0.0, 0
        for (one, name), own in zip(names, letters, strict=True):
            if x and x + own + apart > room + 0.01:
                x, line = 0.0, line + 1
            found.append(Entry(one, name, self._edge + x, line, own + apart))
            x += own + apart
        return found

    def lines(self, wide: float, form: str) -> int:
        """Return in how many lines all racers stand in so much room; 0 if one of them does not fit into any."""
        found = self.entries(wide, form)
        fits = all(one.x + one.wide <= wide - self._edge + 0.01 for one in found)
        return found[-1].line + 1 if found and fits else 0

    def show_as(self, form: str, wide: float) -> None:
        """Show all racers in a form, in so much room."""
        self.form = form
        lines = max(1, self.lines(wide, form))
        self.setFixedHeight(_LINE * lines + 2 * _AROUND)
        self.setVisible(form != NONE)
        self.updateGeometry()
        self.follow()

    def follow(self) -> None:
        """The race, or the racer that is looked at, is another."""
        names = [one.title for one in self._session.race.racers]
        self.setAccessibleName(tr("Racers: {names}", names=", ".join(names)))
        self.update()

    def sizeHint(self) -> QSize:
        wide = sum(one.wide for one in self.entries(9999.0, self.form)) + 2 * self._edge
        return QSize(ceil(wide), self.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.height())

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            at = event.pos()
            line = (at.y() - _AROUND) // _LINE
            under = next(
                (one for one in self.entries(self.width(), self.form)
                 if one.line == line and one.x <= at.x() < one.x + one.wide), None,
            )  # fmt: skip
            racer = None if under is None else self._session.race.racer(under.id)
            if racer is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), racer.title, self)
            return True
        return super().event(event)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            session, colors = self._session, theme.current()
            look = looks(session.race)
            for one in self.entries(self.width(), self.form):
                top = _AROUND + _LINE * one.line
                paint_marker(
                    painter, look[one.id], colors, QPointF(one.x + 8, top + 8), 8, halo=False
                )
                if self.form == WORDS:
                    ink = colors.tx if one.id == session.racer else colors.tx2
                    draw.text(painter, one.x + _NAME, top + 12, one.name, 11, ink)
        finally:
            painter.end()
