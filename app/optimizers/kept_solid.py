"""The picture of a race in three dimensions, kept between two moments: only what has moved is painted anew.

While the surface is turned, or the paths are others at every moment, nothing can be kept: then paths have fewer points.
What is finer is prepared when they rest, a little at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QPainter

from app.scenes import draw
from app.scenes.race_solid import Setting, marker_size
from app.scenes.race_solid_tracks import Field, Runner, rough_tracks, track
from app.scenes.race_solid_ways import (
    Standing,
    Way,
    is_small,
    paint_end,
    paint_racers,
    paint_way,
    standings,
    ways_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QImage

    from app.theme import Theme

#: So far a way's line reaches beyond its points, in pixels.
_REACH = 6.0


@dataclass(frozen=True)
class Shown:
    """Who races where, as it is seen. Equal ones make one picture at every moment."""

    field: Field
    setting: Setting


class KeptSolid:
    """See the module's text. Interface thread only.

    Parameters
    ----------
    paper
        Paints what is below the surface; the same for the same theme and size.
    opaque
        Whether that covers everything.

    Attributes
    ----------
    fine
        Whether the ways that were painted last had all their points.
    """

    def __init__(self, paper: Callable[[QPainter, Theme], None], *, opaque: bool) -> None:
        self.fine = True
        self._paper, self._opaque = paper, opaque
        self._race: Shown | None = None
        #: Rough and fine ways, as far as there are any, and the racers with the tracks of either, as far as these are
        #: prepared.
        self._rough: list[Way] | None = None
        self._ways: list[Way] | None = None
        self._runners: list[Runner] | None = None
        self._prepared: list[Runner] = []
        self._ground: QImage | None = None
        self._ground_key: tuple[object, ...] = ()
        #: Theme and scale of what was painted roughly at last.
        self._last: tuple[Theme, float] | None = None
        #: The surface with the ways of all but the chosen racer, and that one's way by itself: it stays on top.
        self._below: QImage | None = None
        self._above: QImage | None = None
        self._key: tuple[object, ...] = ()
        self._reached: QRectF | None = None
        self._done: list[int] = []
        self._time = 0.0

    # -- what is shown

    def show(self, race: Shown) -> bool:
        """Paint this from now on; return whether it is another race, or seen from elsewhere."""
        before = self._race
        if race == before:
            return False
        self._race = race
        self._rough = self._ways = None
        if before is None or (race.field, race.setting.mesh) != (before.field, before.setting.mesh):
            self._runners, self._prepared = None, []
        return True

    def prepare(self, seconds: float) -> bool:
        """Work on what is finer for about so long, on a piece of it at least; return whether it is there."""
        race = self._race
        if race is None or self._ways is not None:
            return True
        field, setting = race.field, race.setting
        if self._last is not None:
            theme, scale = self._last
            if (theme.name, setting, scale) != self._ground_key:
                # Painting the surface takes a turn by itself.
                self._surface(theme, setting, scale)
                return False
        ends = perf_counter() + seconds
        while self._ways is None:
            k = len(self._prepared)
            if k < len(field.ids):
                found = track(setting.mesh, field.paths[k], len(field.ids), setting.size[0])
                self._prepared.append(Runner(field.ids[k], field.looks[k], found))
            else:
                self._ways = ways_of(self._prepared, setting.mesh, setting.view)
            if perf_counter() > ends:
                break
        return self._ways is not None

    # -- painting

    def paint(self, painter: QPainter, theme: Theme, time: float, chosen: str) -> None:
        """Paint the race that is shown, at a time in steps."""
        race = self._race
        if race is None:
            return
        ways = self._ways
        self.fine = ways is not None
        if ways is None:
            ways = self._roughly(race)
        runners = [one.runner for one in ways]
        setting = race.setting
        stand = standings(runners, setting.mesh, setting.view, time)
        if self.fine:
            self._paint_kept(painter, theme, setting, ways, stand, time, chosen)
        else:
            self._paint_anew(painter, theme, setting, ways, stand, time, chosen)
        order = sorted(range(len(ways)), key=lambda k: runners[k].id == chosen)
        paint_racers(
            painter, theme, [runners[k] for k in order], [stand[k] for k in order], chosen,
            marker_size(setting.size),
        )  # fmt: skip

    def _roughly(self, race: Shown) -> list[Way]:
        if self._rough is None:
            field, setting = race.field, race.setting
            if self._runners is None:
                found = rough_tracks(setting.mesh, field.paths, setting.size[0])
                self._runners = field.runners(found)
            self._rough = ways_of(self._runners, setting.mesh, setting.view, hurried=True)
        return self._rough

    def _paint_anew(
        self, painter: QPainter, theme: Theme, setting: Setting, ways: Sequence[Way], stand: Sequence[Standing],
        time: float, chosen: str,
    ) -> None:  # fmt: skip
        """Paint what is there for this moment only."""
        scale = draw.scale_of(painter)
        self._last = (theme, scale)
        if (theme.name, setting, scale) == self._ground_key:
            # The paths are others: the surface stays.
            draw.blit(painter, 0, 0, self._surface(theme, setting, scale))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        else:
            self._paper(painter, theme)
            setting.paint(painter, theme)
        small = is_small(setting.size)
        for own in (False, True):
            for way, now in zip(ways, stand, strict=True):
                if (way.runner.id == chosen) == own:
                    count = way.count(time)
                    paint_way(painter, theme, way, 0, count - 1, own=own, small=small, joined=False)
                    paint_end(painter, theme, way, count, now, own=own, small=small)

    def _paint_kept(
        self, painter: QPainter, theme: Theme, setting: Setting, ways: Sequence[Way], stand: Sequence[Standing],
        time: float, chosen: str,
    ) -> None:  # fmt: skip
        """Go on with the picture that is there."""
        scale = draw.scale_of(painter)
        key = (theme.name, self._race, scale, chosen)
        if self._below is None or key != self._key or time < self._time:
            self._key, self._done, self._reached = key, [0] * len(ways), None
            self._below = self._surface(theme, setting, scale).copy()
            self._above = draw.canvas(*setting.size, scale, None)
        self._time = time
        counts = [way.count(time) for way in ways]
        if counts != self._done:
            self._go_on(theme, setting, ways, counts, chosen)
        draw.blit(painter, 0, 0, self._below)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        small = is_small(setting.size)
        for own in (False, True):
            if own:
                self._put_above(painter, scale)
            for way, count, now in zip(ways, counts, stand, strict=True):
                if (way.runner.id == chosen) == own:
                    paint_end(painter, theme, way, count, now, own=own, small=small)

    def _surface(self, theme: Theme, setting: Setting, scale: float) -> QImage:
        """Return the surface without ways."""
        key = (theme.name, setting, scale)
        if self._ground is None or key != self._ground_key:
            paper = theme.bg0 if self._opaque else None
            self._ground, self._ground_key = draw.canvas(*setting.size, scale, paper), key
            with draw.painting(self._ground, setting.size) as painter:
                self._paper(painter, theme)
                setting.paint(painter, theme)
        return self._ground

    def _go_on(
        self, theme: Theme, setting: Setting, ways: Sequence[Way], counts: list[int], chosen: str
    ) -> None:
        """Paint the points that have been passed."""
        assert self._below is not None
        assert self._above is not None
        small, size = is_small(setting.size), setting.size
        with draw.painting(self._below, size) as below, draw.painting(self._above, size) as above:
            for k, (way, count) in enumerate(zip(ways, counts, strict=True)):
                # From the last point that is painted: a way is one line.
                first, own = max(0, self._done[k] - 1), way.runner.id == chosen
                if count <= first + 1:
                    continue
                paint_way(
                    above if own else below,
                    theme,
                    way,
                    first,
                    count - 1,
                    own=own,
                    small=small,
                    joined=False,
                )
                if own:
                    self._reach(way, first, count)
        self._done = counts

    def _reach(self, way: Way, first: int, count: int) -> None:
        """Keep in mind which part of the chosen racer's picture is painted on."""
        points = way.points[first:count][way.there[first:count]]
        if len(points):
            (left, top), (right, bottom) = points.min(axis=0) - _REACH, points.max(axis=0) + _REACH
            box = QRectF(left, top, right - left, bottom - top)
            self._reached = box if self._reached is None else self._reached.united(box)

    def _put_above(self, painter: QPainter, scale: float) -> None:
        """Put the chosen racer's way on top, as much of its picture as there is something on."""
        assert self._above is not None
        box = self._reached
        if box is None:
            return
        grown = QRectF(box.x() * scale, box.y() * scale, box.width() * scale, box.height() * scale)
        part = grown.toAlignedRect().intersected(
            QRect(0, 0, self._above.width(), self._above.height())
        )
        if part.isEmpty():
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        at = QRectF(part.x() / scale, part.y() / scale, part.width() / scale, part.height() / scale)
        painter.drawImage(at, self._above, QRectF(part))
