"""What films of a race share: the picture of the surface, beside it the ranking, below it the chart of the loss.

A frame's toggles hold ``"answer"`` (`app.engine.questions.racing.RaceAnswer`), ``"time"`` (in steps) and ``"racer"``
(id of the one that is looked at), and what the picture needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRectF

from app.scenes import draw, explained, race_chart, race_ranking
from app.scenes.hits import HitIndex
from app.text import number, tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QPainter

    from app.engine.questions.racing import RaceAnswer
    from app.export.races import RaceSource
    from app.scenes.frame import Frame, ViewState
    from app.scenes.hits import Hit
    from app.snapshots import NetworkView, Probe
    from app.theme import Theme

_Box = tuple[float, float, float, float]
#: Width of the ranking and height of the chart; from which width on there is room for the ranking, from which height on
#: for it and the head, and for the chart.
_RANKING, _CHART = 0.235, 0.27
_WIDE, _HIGH, _HIGHER = 560.0, 320.0, 400.0
#: From a chart's edges to its plot: left, top, right, bottom.
_PLOT = (64.0, 34.0, 24.0, 24.0)


@dataclass(frozen=True)
class SlideLayout:
    """Result of `layout`. Rectangles are left, top, width, height; None where there is no room."""

    size: tuple[float, float]
    head: float
    picture: _Box
    ranking: _Box | None
    chart: _Box | None
    hits: HitIndex
    key: tuple[object, ...]


@lru_cache(maxsize=32)
def layout(size: tuple[float, float], key: str) -> SlideLayout:
    """Place the parts."""
    width, height = size
    head = explained.HEAD if height >= _HIGH else 0.0
    side = max(220.0, round(width * _RANKING)) if width >= _WIDE and height >= _HIGH else 0.0
    low = round(height * _CHART) if height >= _HIGHER else 0.0
    picture = (0.0, head, width - side, height - head - low)
    ranking = (width - side, head, side, height - head) if side else None
    chart = (0.0, height - low, width - side, low) if low else None
    return SlideLayout(size, head, picture, ranking, chart, HitIndex(()), (key, size))


class RaceSlide:
    """A scene of a race. A subclass says how the surface is seen; see `app.export.races` for what `process` is."""

    name = ""
    films = "race"
    film_racers = True

    def layout(self, spec: NetworkView, size: tuple[float, float], view: ViewState) -> SlideLayout:
        """Place the parts."""
        return layout(size, self.name)

    def probes(self, spec: NetworkView, layout: Any, frame: Frame) -> tuple[Probe, ...]:
        """Name nothing: what is shown is asked for."""
        return ()

    def describe(self, layout: Any, hit: Hit, frame: Frame) -> tuple[str, ...]:
        """Films are not pointed at."""
        return ()

    def process(self, source: RaceSource, place: SlideLayout, scale: float) -> Mapping[str, Any]:
        """Run the race; pictures that are `scale` times as fine as the layout come with it."""
        return {"answer": source.ask("race", race=source.race)}

    def paint(self, painter: QPainter, place: SlideLayout, theme: Theme, frame: Frame) -> None:
        """Draw the race at a time."""
        draw.prepare(painter, place.size)
        answer: RaceAnswer | None = frame.toggles.get("answer")
        if answer is None:
            return
        time = min(max(float(frame.toggles.get("time", 0.0)), 0.0), float(answer.race.steps))
        chosen = str(frame.toggles.get("racer", ""))
        self.picture(painter, place, theme, frame, answer, time, chosen)
        _paint_head(painter, place, theme, frame.caption, answer, time)
        if place.ranking is not None:
            _paint_ranking(painter, place.ranking, theme, answer, time, chosen)
            self.below(painter, room_below(place, answer), theme, frame, answer, time, chosen)
        if place.chart is not None:
            _paint_chart(painter, place.chart, theme, answer, time, chosen)

    def picture(
        self, painter: QPainter, place: SlideLayout, theme: Theme, frame: Frame, answer: RaceAnswer, time: float,
        chosen: str,
    ) -> None:  # fmt: skip
        """Draw the surface with its racers into `place.picture`."""
        raise NotImplementedError

    def below(
        self, painter: QPainter, room: QRectF, theme: Theme, frame: Frame, answer: RaceAnswer, time: float, chosen: str
    ) -> None:  # fmt: skip
        """Draw what stands in the room below the ranking; by default nothing."""


def room_below(place: SlideLayout, answer: RaceAnswer) -> QRectF:
    """Return what the ranking leaves free; empty where there is no ranking."""
    if place.ranking is None:
        return QRectF()
    left, top, width, height = place.ranking
    used = len(answer.race.racers) * _row_height(len(answer.race.racers), height)
    return QRectF(left, top + used, width, max(0.0, height - used))


def _row_height(count: int, room: float) -> float:
    return race_ranking.ROW if count * race_ranking.ROW <= room else race_ranking.LOW


def _paint_head(
    painter: QPainter, place: SlideLayout, theme: Theme, caption: str, answer: RaceAnswer, time: float
) -> None:  # fmt: skip
    if not place.head:
        return
    width = place.size[0]
    draw.fill(painter, 0, 0, width, place.head, theme.bg1)
    steps = tr("step {step} / {steps}", step=number(int(time)), steps=number(answer.race.steps))
    whole = tr(
        "step {step} / {steps}", step=number(answer.race.steps), steps=number(answer.race.steps)
    )
    draw.text(painter, width - 16, 32, steps, 13, theme.tx, mono=True, anchor="end")
    surface = answer.surface
    words = f"{surface.title}   f({', '.join(surface.variables)}) = {surface.text}".replace(
        "**", "^"
    )
    x, room = 16.0, width - 48 - draw.advance(whole, 13, mono=True)
    if caption:
        shown = draw.elide(caption, 15, room * 0.45, 600)
        x += draw.text(painter, x, 32, shown, 15, theme.tx, weight=600) + 16
    words = words.replace("*", "·").replace("-", draw.MINUS)
    draw.text(painter, x, 32, draw.elide(words, 12, room - x, mono=True), 12, theme.tx2, mono=True)
    draw.line(painter, 0, place.head - 0.5, width, place.head - 0.5, theme.line)


def _paint_ranking(
    painter: QPainter, box: _Box, theme: Theme, answer: RaceAnswer, time: float, chosen: str
) -> None:
    left, top, width, height = box
    draw.fill(painter, left, top, width, height, theme.bg1)
    rows = race_ranking.ranked(race_ranking.rows(answer.race, answer, int(time)))
    if not rows:
        return
    tall = _row_height(len(rows), height)
    # As many as there is room for, the last row saying how many are left out.
    fits = max(1, int(height // tall))
    shown = rows if len(rows) <= fits else rows[: fits - 1]
    for k, row in enumerate(shown):
        at = QRectF(left, top + k * tall, width, tall)
        race_ranking.paint_row(painter, at, theme, row, chosen=row.id == chosen)
    if len(shown) < len(rows):
        words = tr("and {n} more", n=len(rows) - len(shown))
        draw.text(painter, left + 42, top + len(shown) * tall + 24, words, 12, theme.tx2)
    draw.line(painter, left + 0.5, top, left + 0.5, top + height, theme.line)


def _paint_chart(
    painter: QPainter, box: _Box, theme: Theme, answer: RaceAnswer, time: float, chosen: str
) -> None:
    left, top, width, height = box
    draw.fill(painter, left, top, width, height, theme.bg0)
    draw.line(painter, left, top + 0.5, left + width, top + 0.5, theme.line)
    chart = _chart(answer)
    words = tr("log scale, by step") if chart.log else tr("by step")
    x = (
        left
        + 16
        + draw.text(painter, left + 16, top + 20, tr("Loss"), 12, theme.tx, weight=600)
        + 8
    )
    words = ", ".join(one for one in (words, chart.subtitle) if one)
    draw.text(painter, x, top + 20, draw.elide(words, 11.5, width - x - 16), 11.5, theme.tx2)
    a, b, c, d = _PLOT
    plot = QRectF(left + a, top + b, width - a - c, height - b - d)
    race_chart.paint(painter, plot, theme, chart, time, chosen)


@lru_cache(maxsize=4)
def _chart(answer: RaceAnswer) -> race_chart.RaceChart:
    return race_chart.make(answer)
