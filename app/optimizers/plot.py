"""The plot of a race: curves of all racers up to the playhead; pointing at a step reads all of them."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF, QTimer
from PySide6.QtGui import QMouseEvent, QPainter

from app.optimizers.charted import Charted
from app.scenes import draw
from app.scenes.race_chart import CHARTS, RaceChart, make, paint, step_at, x_of
from app.scenes.race_looks import looks
from app.scenes.race_numbers import is_gone, loss_text, numbers_of
from app.text import tr

if TYPE_CHECKING:
    from app.optimizers.session import RaceSession
    from app.theme import Theme

#: Room for the numbers of the axes.
LEFT, RIGHT, _TOP, _BELOW = 64.0, 24.0, 8.0, 20.0
#: Seconds that new curves may take at once: what is left of a picture comes with the next one.
_BUDGET = 0.004
#: Milliseconds after which a chart that took the place of another is not soon another.
_REST = 150
#: So many pixels the playhead goes before it is painted again.
_APART = 0.5


class RacePlot(Charted):
    """See the module's text. A click or a drag goes to a step.

    Parameters
    ----------
    session
        What the panels share.
    """

    def __init__(self, session: RaceSession) -> None:
        super().__init__(session, "race-plot", tr("Loss by step"))
        self.setMinimumHeight(40)
        self._chart: tuple[tuple[object, ...], RaceChart] | None = None
        #: Goes while charts follow one another, as when the start is dragged: they are sketched until it ends.
        self._rest = QTimer(self, singleShot=True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self.update)
        #: Where the playhead was painted last, in pixels.
        self._painted = -1.0
        session.playing_changed.connect(self.follow)

    def follow(self) -> None:
        """Show where the race stands; while it plays, as soon as the playhead is half a pixel further."""
        session = self._session
        x = x_of(session.time, self.box(), session.total)
        if not session.playing or abs(x - self._painted) >= _APART:
            self._painted = x
            self.update()

    @property
    def chart(self) -> RaceChart | None:
        """What is shown, or None before there is anything."""
        session = self._session
        kind = str(session.toggles["chart"])
        if session.answer is None or kind not in CHARTS:
            return None
        key = (session.answer, kind, session.toggles["chart_log"])
        if self._chart is None or self._chart[0] != key:
            if self._chart is not None:
                self._rest.start()
            self._chart = (key, make(session.answer, kind, bool(key[2])))
        return self._chart[1]

    def box(self) -> QRectF:
        """Where the curves go."""
        return QRectF(
            LEFT, _TOP, max(1.0, self.width() - LEFT - RIGHT), max(8.0, self.height() - _TOP - _BELOW)
        )  # fmt: skip

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        session, chart = self._session, self.chart
        if chart is None:
            words = session.problem or tr("The race is being computed.")
            words = draw.elide(words, 12, self.width() - LEFT - 8)
            draw.text(painter, LEFT, self.height() / 2, words, 12, colors.tx3)
            return
        wanted = session.toggles.get("finish")
        line = numbers_of(chart.answer).finish_line(None if wanted is None else float(wanted))
        box = self.box()
        time = min(session.time, float(chart.answer.race.steps))
        quick = self._rest.isActive()
        done = paint(
            painter, box, colors, chart, time, session.racer, line, budget=_BUDGET, quick=quick
        )
        if not done and not quick:
            QTimer.singleShot(0, self, self.update)
        if self._pointed is not None and self._pointed <= session.step:
            x = round(x_of(self._pointed, box, chart.answer.race.steps)) + 0.5
            draw.line(painter, x, box.top(), x, box.bottom(), draw.faded(colors.tx2, 0.5))

    def readings(self, step: int) -> list[tuple[str, str, str]]:
        """Return id, name and number of every racer at a step, as the chart orders them: smallest first."""
        chart = self.chart
        if chart is None:
            return []
        found = []
        for place, racer in enumerate(chart.answer.race.racers):
            value = chart.value_at(place, step)
            gone = is_gone(chart.answer.paths[place], step)
            words = tr("gone") if gone else loss_text(value) if isfinite(value) else "–"
            size = value if isfinite(value) and not gone else float("inf")
            found.append((size, racer.id, racer.title, words))
        return [one[1:] for one in sorted(found, key=lambda one: one[0])]

    # -- the mouse

    @property
    def charts(self) -> bool:
        return self.chart is not None

    def standing(self) -> tuple[float, int, bool]:
        session = self._session
        return session.time, session.total, session.playing

    def tell(self, event: QMouseEvent) -> None:
        chart = self.chart
        if chart is None or chart.empty:
            return
        race = chart.answer.race
        # What is still to come is not told.
        step = min(step_at(event.position().x(), self.box(), race.steps), self._session.step)
        self.point(step)
        self.read(event, CHARTS[chart.kind], step, looks(race), self.readings(step))
