"""What films of a race on the learner's network share: head, racers in order, and how far it has come.

A frame's toggles hold what the recipe has (`app.export.networks`), ``"share"`` of the film, and what `process` found:
``"raced"`` (`app.engine.questions.landscape.RaceOnNetwork`, or None), ``"runners"`` and ``"charts"``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRectF, Qt

from app.export.formats import ExportUsageError
from app.scenes import draw, explained, network_race, race_ranking
from app.scenes.hits import HitIndex
from app.scenes.network_racers import Runner, entrants
from app.scenes.network_settings import NETWORK, NetworkSettings, network_settings
from app.scenes.race_numbers import settings_words
from app.text import number, tr
from core.io.races import race_of
from core.landscape.race import Race, Racer, first_race

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PySide6.QtGui import QPainter

    from app.engine.questions.landscape import RaceOnNetwork
    from app.export.processes import Subject
    from app.scenes.frame import Frame, ViewState
    from app.scenes.hits import Hit
    from app.scenes.network_race import NetworkChart
    from app.snapshots import NetworkView, Probe
    from app.theme import Theme

Box = tuple[float, float, float, float]
#: Width of the racers, and from which size on there is room for them.
_RANKING, _WIDE, _HIGH = 0.235, 560.0, 400.0
#: At this share of a film all has come to its end, which is held.
_END = 0.9
#: Below the racers it is said what their losses are.
_BELOW = 24.0
#: From a chart's edges to its plot: left, top, right, bottom.
_PLOT = (64.0, 34.0, 24.0, 24.0)


@dataclass(frozen=True)
class NetworkSlideLayout:
    """Result of `layout`. Rectangles are left, top, width, height; None where there is no room."""

    size: tuple[float, float]
    head: float
    picture: Box
    ranking: Box | None
    hits: HitIndex
    key: tuple[object, ...]


@lru_cache(maxsize=32)
def layout(size: tuple[float, float], key: str) -> NetworkSlideLayout:
    """Place the parts."""
    width, height = size
    high = height >= _HIGH
    head = explained.HEAD if high else 0.0
    side = max(220.0, round(width * _RANKING)) if width >= _WIDE and high else 0.0
    ranking = (width - side, head, side, height - head) if side else None
    picture = (0.0, head, width - side, height - head)
    return NetworkSlideLayout(size, head, picture, ranking, HitIndex(()), (key, size))


class NetworkSlide:
    """A scene of the network that is raced on; see `app.export.processes` for what `process` is."""

    name = ""
    films = "process"
    #: It needs no held-out sample; its recipes have the project's race; a film of it can be told the epochs.
    without_input = of_network_race = film_epochs = True
    seconds = 10.0

    def layout(
        self, spec: NetworkView, size: tuple[float, float], view: ViewState
    ) -> NetworkSlideLayout:
        """Place the parts."""
        return layout(size, self.name)

    def probes(self, spec: NetworkView, layout: Any, frame: Frame) -> tuple[Probe, ...]:
        """Name nothing: what is shown is asked for."""
        return ()

    def describe(self, layout: Any, hit: Hit, frame: Frame) -> tuple[str, ...]:
        """Films are not pointed at."""
        return ()


def time_of(share: float, steps: float) -> float:
    """Return the step that is shown at a share of a film: the end is held."""
    return min(max(share, 0.0) / _END, 1.0) * steps


def race_of_toggles(toggles: Mapping[str, Any]) -> tuple[Race, NetworkSettings]:
    """Return the race on a surface whose racers train the network, and what is set for that."""
    document = toggles.get("race")
    race = first_race() if document is None else race_of(document)
    return race, network_settings(toggles.get(NETWORK), race)


def raced(subject: Subject, share: tuple[float, float]) -> dict[str, Any]:
    """Let the racers train the network.

    Raises
    ------
    ExportUsageError
        There is nobody.
    """
    race, settings = race_of_toggles(subject.toggles)
    runners, _ = entrants(race, settings)
    if not runners:
        raise ExportUsageError(tr("There is nobody in the race. Add a racer first."))
    steps = subject.toggles.get("steps")
    answer = subject.ask_of_network(
        "network_race", share=share, racers=[one.entry for one in runners], epochs=settings.epochs,
        steps=steps if isinstance(steps, int) and steps > 0 else None, start=settings.start,
    )  # fmt: skip
    return found_of(answer, runners, log=bool(subject.toggles.get("log", True)))


def found_of(answer: RaceOnNetwork, runners: Sequence[Runner], *, log: bool) -> dict[str, Any]:
    """Return what frames show of a race on the network."""
    charts = [
        network_race.make(answer.race, runners, name, log=log and name == "loss")
        for name in network_race.metrics_of(answer.race)[:2]
    ]
    return {"raced": answer, "runners": tuple(runners), "charts": tuple(charts)}


def paint_head(
    painter: QPainter, place: NetworkSlideLayout, theme: Theme, frame: Frame, words: str, time: float, steps: int
) -> None:  # fmt: skip
    """Write what the film is of, and at which step it is."""
    if not place.head:
        return
    width = place.size[0]
    draw.fill(painter, 0, 0, width, place.head, theme.bg1)
    told = tr("step {step} / {steps}", step=number(int(time)), steps=number(steps)) if steps else ""
    whole = tr("step {step} / {steps}", step=number(steps), steps=number(steps)) if steps else ""
    draw.text(painter, width - 16, 32, told, 13, theme.tx, mono=True, anchor="end")
    x, room = 16.0, width - 48 - draw.advance(whole, 13, mono=True)
    if frame.caption:
        shown = draw.elide(frame.caption, 15, room * 0.45, 600)
        x += draw.text(painter, x, 32, shown, 15, theme.tx, weight=600) + 16
    draw.text(painter, x, 32, draw.elide(words, 12, room - x), 12, theme.tx2)
    draw.line(painter, 0, place.head - 0.5, width, place.head - 0.5, theme.line)


def paint_nothing(
    painter: QPainter, place: NetworkSlideLayout, theme: Theme, frame: Frame, words: str
) -> None:
    """Say that there is nothing to be seen before the network was raced on: a preview of a film still to be made."""
    paint_head(painter, place, theme, frame, words, 0, 0)
    _, top, _, height = place.picture
    painter.setPen(theme.tx2)
    painter.setFont(draw.face(22))
    flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
    box = QRectF(40, top, max(1.0, place.size[0] - 80), height)
    told = tr("This is computed when it is exported. Race in Optimizers first to see it here.")
    painter.drawText(box, flags, told)


def about(answer: RaceOnNetwork) -> str:
    """What the racers train on."""
    drawn = answer.start == "drawn"
    return " · ".join(
        (
            tr("same first weights, drawn anew") if drawn else tr("same first weights, of the run"),
            tr("same batches of {size}", size=number(answer.race.batch_size)),
            tr("{count} samples", count=number(answer.samples)),
        )
    )


def paint_chart(
    painter: QPainter, box: Box, theme: Theme, chart: NetworkChart, time: float, chosen: str
) -> None:
    """Draw a chart with the curves up to a time."""
    left, top, width, height = box
    x = 16 + left
    x += draw.text(painter, x, top + 21, chart.title, 12.5, theme.tx, weight=600) + 10
    scale = tr("log scale") if chart.log else ""
    words = ", ".join(one for one in (scale, network_race.subtitle(chart)) if one)
    draw.text(painter, x, top + 21, draw.elide(words, 11.5, left + width - x - 16), 11.5, theme.tx2)
    a, b, c, d = _PLOT
    plot = QRectF(left + a, top + b, width - a - c, max(8.0, height - b - d))
    network_race.paint_axes(painter, plot, theme, chart)
    for line in sorted(chart.lines, key=lambda one: one.id == chosen):
        network_race.paint_line(painter, plot, theme, chart, line, line.id == chosen, time)
    network_race.paint_now(painter, plot, theme, chart, time, chosen)


def paint_racers(
    painter: QPainter, box: Box, theme: Theme, charts: Sequence[NetworkChart], runners: Sequence[Runner],
    time: float, chosen: str, *, batches: int, low: bool = False,
) -> float:  # fmt: skip
    """Draw a row for each racer, the best first, and what their losses are; returns the height that is taken.

    An epoch has so many `batches`.
    """
    left, top, width, height = box
    draw.fill(painter, left, top, width, height, theme.bg1)
    height -= _BELOW
    loss, other = charts[0], charts[1] if len(charts) > 1 else None
    by_id = {one.id: one for one in runners}
    others = {} if other is None else {line.id: line for line in other.lines}
    lines = {line.id: line for line in loss.lines}
    order = network_race.order(loss, time, epoch=True)
    tall = race_ranking.ROW
    if low or len(order) * tall > height:
        tall = race_ranking.LOW
    fits = max(1, int(height // tall))
    shown = order if len(order) <= fits else order[: fits - 1]
    for k, identifier in enumerate(shown):
        line, runner = lines[identifier], by_id[identifier]
        gone = line.gone(time)
        value = line.over_epoch(time)
        words = ""
        if other is not None:
            tested = others[identifier].tested_at(time)
            seen = others[identifier].at(time)
            if isfinite(tested):
                words = tr("held out {share}", share=other.words(tested))
            elif isfinite(seen):
                words = f"{other.title} {other.words(seen)}"
        if line.climbed(time) and not gone:
            words = tr("up from {loss}", loss=loss.words(float(line.raw[0])))
        row = race_ranking.RaceRow(
            identifier, runner.title, runner.brief, runner.look, _settings(runner),
            loss.words(value) if isfinite(value) else "", words,
            tr("diverged in step {step}", step=number(line.diverged or 0)) if gone else "", rank=k + 1,
        )  # fmt: skip
        at = QRectF(left, top + k * tall, width, tall)
        race_ranking.paint_row(painter, at, theme, row, chosen=identifier == chosen)
    if len(shown) < len(order):
        words = tr("and {n} more", n=len(order) - len(shown))
        draw.text(painter, left + 42, top + len(shown) * tall + 24, words, 12, theme.tx2)
    taken = min(fits, len(order)) * tall
    of = (
        tr("Loss: mean of the last epoch")
        if time >= batches
        else tr("Loss: mean of all batches so far")
    )
    draw.text(painter, left + 42, top + taken + 16, draw.elide(of, 11, width - 54), 11, theme.tx2)
    draw.line(painter, left + 0.5, top, left + 0.5, top + height + _BELOW, theme.line)
    return taken + _BELOW


def _settings(runner: Runner) -> str:
    return settings_words(Racer(id=runner.id, kind=runner.kind, optimizer=runner.optimizer))
