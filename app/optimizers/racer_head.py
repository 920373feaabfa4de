"""The head over the terms: marker and name of the racer that is looked at, and which update it is about to make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy

from app.scenes import draw
from app.scenes.race_looks import looks, paint_marker
from app.text import tr
from app.widgets.painted import Painted
from core.landscape.race import kind

if TYPE_CHECKING:
    from app.optimizers.session import RaceSession
    from app.theme import Theme
    from app.widgets import Header

_MARKER, _GAP, _HIGH = 18, 8, 29


class RacerHead(Painted):
    """See the module's text. It stands in a panel's head instead of its title.

    Parameters
    ----------
    session
        Whose racer it is.
    header
        Of the place.
    """

    ground, opaque = "bg1", True

    def __init__(self, session: RaceSession, header: Header) -> None:
        super().__init__(
            "race-racer", tr("Racer"), focus=Qt.FocusPolicy.NoFocus, tracking=False,
            across=QSizePolicy.Policy.Expanding, down=QSizePolicy.Policy.Fixed,
        )  # fmt: skip
        # Clear of the head's line, which it would cover at some scales.
        self.setFixedHeight(_HIGH)
        self._session = session
        self.setMinimumWidth(64)
        header.title.hide()
        header.subtitle.hide()
        header.row.insertWidget(0, self, 100)
        for signal in (
            session.race_changed, session.paths_changed, session.playing_changed, session.chosen
        ):  # fmt: skip
            signal.connect(self.follow)
        session.moved.connect(self._follow_time)
        session.context.theme_changed.connect(self.update)
        self.follow()

    @property
    def name(self) -> str:
        """Of the racer; "" if there are none."""
        found = self._session.race.racer(self._session.racer)
        return "" if found is None else found.title

    @property
    def _short(self) -> str:
        """The same where there is little room."""
        found = self._session.race.racer(self._session.racer)
        return "" if found is None else found.name or kind(found.kind).short

    @property
    def about(self) -> str:
        """Which update it is about to make, or that the race is over."""
        session = self._session
        if session.answer is not None and session.step >= session.total:
            return tr("race over")
        return tr("t = {t}", t=session.step + 1)

    def _follow_time(self) -> None:
        # With the terms whose update it names.
        if self._session.due(1):
            self.follow()

    def follow(self) -> None:
        """Show another racer or another moment."""
        words = f"{self.name}, {self.about}" if self.name else tr("Nobody is in the race")
        if words != self.accessibleName():
            self.setAccessibleName(words)
            self.setToolTip(words)
            self.update()

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        session, middle = self._session, self.height() / 2
        if not self.name:
            words = draw.elide(tr("Nobody is in the race"), 13, self.width(), 600)
            draw.text(painter, 0, middle + 5, words, 13, colors.tx3, weight=600)
            return
        paint_marker(
            painter,
            looks(session.race)[session.racer],
            colors,
            QPointF(9, middle),
            11.0,
            halo=False,
        )
        left = _MARKER + _GAP
        beside = draw.advance(self.about, 12, mono=True) + _GAP
        name = self.name
        if left + draw.advance(name, 13, 600) + beside > self.width():
            name = self._short
        name = draw.elide(name, 13, self.width() - left, 600)
        wide = draw.text(painter, left, middle + 5, name, 13, colors.tx, weight=600)
        room = self.width() - left - wide - _GAP
        if draw.advance(self.about, 12, mono=True) <= room:
            draw.text(
                painter, left + wide + _GAP, middle + 5, self.about, 12, colors.tx2, mono=True
            )
