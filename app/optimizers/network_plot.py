"""A chart of the race on the network: everybody's curve, the playhead, and all numbers of a step under the mouse."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QMouseEvent, QPainter

from app.optimizers.charted import Charted
from app.scenes import draw
from app.scenes.network_race import (
    NetworkChart,
    make,
    order,
    paint_axes,
    paint_line,
    paint_now,
    subtitle,
)
from app.scenes.race_chart import step_at, x_of
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from app.optimizers.network_task import NetworkTask
    from app.optimizers.session import RaceSession
    from app.theme import Theme

#: Seconds of painting curves in one go, and between two pictures while the race goes on.
_BUDGET, _REST = 0.003, 0.4
#: Room for the numbers of the axes, and for the title above.
LEFT, RIGHT, _TOP, _BELOW = 64.0, 24.0, 34.0, 20.0


class _Picture:
    """Axes and everybody's curves, painted one after the other: all that stays while the playhead moves."""

    def __init__(
        self, chart: NetworkChart, look: tuple[object, ...], image: QImage, chosen: str
    ) -> None:
        self.chart, self.look, self.image = chart, look, image
        self.missing = sorted(chart.lines, key=lambda one: one.id == chosen)


class NetworkPlot(Charted):
    """See the module's text. A click or a drag goes to a step.

    Parameters
    ----------
    session
        Who is looked at.
    task
        The race.
    name
        Object name.
    """

    def __init__(self, session: RaceSession, task: NetworkTask, name: str) -> None:
        super().__init__(session, name, tr("Curves of the race on your network"))
        self.setMinimumHeight(90)
        self._task = task
        self.shown_metric = "loss"
        self._made: tuple[tuple[object, ...], NetworkChart] | None = None
        self._picture: _Picture | None = None
        #: The next one as far as it has been painted, and when it was begun.
        self._next: _Picture | None = None
        self._begun = 0.0

    @property
    def chart(self) -> NetworkChart | None:
        """What is shown, or None before there is anything."""
        found = self._task.found
        if found is None:
            return None
        log = bool(self._session.toggles["network_log"]) and self.shown_metric == "loss"
        runners = self._task.shown
        key = (found, runners, self.shown_metric, log)
        if self._made is None or self._made[0] != key:
            self._made = (key, make(found.race, runners, self.shown_metric, log=log))
        return self._made[1]

    @property
    def complete(self) -> bool:
        """Whether all that is known is painted."""
        shown = self._picture
        return self._next is None and shown is not None and shown.chart is self.chart

    def box(self) -> QRectF:
        """Where the curves go."""
        return QRectF(
            LEFT, _TOP, max(1.0, self.width() - LEFT - RIGHT), max(8.0, self.height() - _TOP - _BELOW)
        )  # fmt: skip

    def subtitle(self, chart: NetworkChart) -> str:
        """What the lines are."""
        return subtitle(chart)

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        chart = self.chart
        if chart is None:
            return
        session = self._session
        picture = self._painted(chart, colors)
        # Markers and words are those of the curves that are seen.
        chart = picture.chart
        draw.blit(painter, 0, 0, picture.image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        x = 16 + draw.text(painter, 16, 21, chart.title, 12.5, colors.tx, weight=600)
        words = draw.elide(self.subtitle(chart), 11.5, max(0.0, self.width() - x - 28))
        draw.text(painter, x + 10, 21, words, 11.5, colors.tx2)
        box = self.box()
        if self._pointed is not None:
            at = round(x_of(self._pointed, box, chart.steps)) + 0.5
            draw.line(painter, at, box.top(), at, box.bottom(), draw.faded(colors.tx2, 0.5))
        paint_now(painter, box, colors, chart, self._task.time, session.racer)

    def _painted(self, chart: NetworkChart, colors: Theme) -> _Picture:
        """Paint some more of what is shown; return what there is of it, or what was shown before."""
        size, scale = (self.width(), self.height()), self.devicePixelRatioF()
        chosen = self._session.racer
        look = (*size, scale, colors.name, chosen)
        shown, coming, now = self._picture, self._next, perf_counter()
        if coming is not None and coming.look != look:
            coming = None
        if coming is None and (shown is None or shown.chart is not chart or shown.look != look):
            # A race that goes on tells more than can be painted.
            waits = self._task.goes_on and now - self._begun < _REST
            if shown is None or shown.look != look or not waits:
                image = draw.canvas(*size, scale, colors.bg0)
                with draw.painting(image, size) as inner:
                    paint_axes(inner, self.box(), colors, chart)
                coming, self._begun = _Picture(chart, look, image, chosen), now
        if coming is not None:
            with draw.painting(coming.image, size) as inner:
                while coming.missing and perf_counter() - now < _BUDGET:
                    line = coming.missing.pop(0)
                    paint_line(inner, self.box(), colors, coming.chart, line, line.id == chosen)
            if coming.missing:
                self.update()
            else:
                shown, coming = coming, None
                if shown.chart is not chart and not self._task.goes_on:
                    # The race has ended while this was painted: nobody tells of what has come since.
                    self.update()
        self._picture, self._next = shown, coming
        fits = shown is not None and shown.look[:-1] == look[:-1]
        found = shown if fits else coming
        assert found is not None
        return found

    def readings(self, step: int) -> list[tuple[str, str, str]]:
        """Return id, name and numbers of everybody at a step, the best first."""
        chart = self.chart
        if chart is None:
            return []
        lines = {line.id: line for line in chart.lines}
        found = []
        for identifier in order(chart, step):
            line = lines[identifier]
            words = tr("diverged") if line.gone(step) else chart.words(line.at(step))
            tested = line.tested_at(step)
            if tested == tested and not line.gone(step):
                words = tr("{loss}, held out {tested}", loss=words, tested=chart.words(tested))
            found.append((identifier, line.title, words))
        return found

    # -- the mouse

    @property
    def charts(self) -> bool:
        return self.chart is not None

    def standing(self) -> tuple[float, int, bool]:
        task = self._task
        return task.time, task.total, task.playing

    def tell(self, event: QMouseEvent) -> None:
        chart = self.chart
        if chart is None:
            return
        step = min(step_at(event.position().x(), self.box(), chart.steps), self._task.reach)
        self.point(step)
        looks = {one.id: one.look for one in chart.lines}
        self.read(event, chart.title, step, looks, self.readings(step))
