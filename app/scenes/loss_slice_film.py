"""The film of a slice of the network's loss: racers, or the learner's own run, on their way over it.

Besides those of `app.scenes.network_slide` a frame's toggles hold ``"sliced"`` (`LossSlice`), ``"relief"`` (what is
seen from above), ``"seen"`` (``"map"`` or ``"solid"``), and of the latter ``"sight"`` (turn, tilt, zoom) half way.
"""

from __future__ import annotations

from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRectF, Qt

from app.scenes import (
    draw,
    loss_slice,
    network_slide,
    race_map_paint,
    race_ranking,
    race_relief,
    race_solid,
    registry,
)
from app.scenes.loss_slice import around
from app.scenes.mesh import Projection, Sight, mesh_of
from app.scenes.network_settings import SLICE, SliceSettings, slice_settings
from app.scenes.network_slide import NetworkSlide, NetworkSlideLayout
from app.scenes.race_map_layout import Viewport
from app.scenes.race_numbers import loss_text
from app.text import tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QImage, QPainter

    from app.engine.questions.landscape import LossSlice
    from app.export.processes import Subject
    from app.scenes.frame import Frame
    from app.scenes.mesh import Mesh
    from app.scenes.network_slide import Box
    from app.scenes.race_looks import Look
    from app.theme import Theme
    from core.landscape.relief import Relief

#: Share of the preparation that racers have before the slice.
_RACED = 0.5
#: How far it turns from the first frame to the last, in radians.
_SPIN = 0.5
#: Share of the height that the curves of the loss have below the slice.
_CHART = 0.27


class LossSliceFilm(NetworkSlide):
    """See the module's text."""

    name = "loss-slice"
    film_title = tr("Slice of the network's loss")

    def process(self, subject: Subject) -> Mapping[str, Any]:
        """Race, unless it is the run's own way; measure the slice; draw it as large as it will be."""
        toggles = subject.toggles
        settings = slice_settings(toggles.get(SLICE))
        found: dict[str, Any] = {}
        number, begun = 0, 0.0
        if settings.source == "race":
            found = network_slide.raced(subject, (0.0, _RACED))
            number, begun = found["raced"].number, _RACED
        else:
            # Its way is known from the beginning only to who has gone it.
            subject.source.at(0, ())
            subject.source.at(subject.step, ())
        ranges = _ranges(subject, settings, number)
        sliced: LossSlice = subject.ask_of_network(
            "loss_slice", share=(begun, 1.0), directions=settings.directions, race=number, side=settings.side,
            samples=settings.samples, part=settings.part, seed=settings.seed, x_range=ranges[0],
            y_range=ranges[1],
        )  # fmt: skip
        found["sliced"] = sliced
        values = loss_slice.known_of(sliced)
        place: NetworkSlideLayout = subject.layout
        box = _picture(place, number != 0)
        found["relief"] = subject.ask_of_network(
            "heights_relief", share=(1.0, 1.0), values=values, width=max(2, round(box[2] * subject.scale)),
            height=max(2, round(box[3] * subject.scale)), log=loss_slice.is_log(values), scale=subject.scale,
        )  # fmt: skip
        return found

    def paint(
        self, painter: QPainter, place: NetworkSlideLayout, theme: Theme, frame: Frame
    ) -> None:
        """Draw the slice, and the ways up to a share of the film."""
        draw.prepare(painter, place.size)
        toggles = frame.toggles
        sliced: LossSlice | None = toggles.get("sliced")
        if sliced is None or not sliced.found.every:
            network_slide.paint_nothing(painter, place, theme, frame, self.film_title)
            return
        raced, runners = toggles.get("raced"), toggles.get("runners", ())
        looks = {one.id: one.look for one in runners}
        titles = {one.id: one.title for one in runners} | {loss_slice.OWN: tr("Your run")}
        chosen = str(toggles.get("racer", ""))
        share = float(toggles.get("share", 1.0))
        steps = steps_of(sliced) if raced is None else raced.race.steps
        time = network_slide.time_of(share, steps)
        box = _picture(place, raced is not None)
        if toggles.get("seen") == "solid":
            _paint_solid(painter, box, theme, frame, sliced, looks, time, chosen)
        else:
            paint_map(painter, box, theme, toggles.get("relief"), sliced, looks, time, chosen)
        if raced is not None and box[3] < place.picture[3]:
            _paint_chart(painter, place, theme, toggles["charts"][0], time, chosen)
        words = tr(
            "Slice of the network's loss: {axes}", axes=", ".join(loss_slice.axes_words(sliced))
        )
        network_slide.paint_head(painter, place, theme, frame, words, time, steps)
        if place.ranking is None:
            return
        left, top, width, height = place.ranking
        draw.fill(painter, left, top, width, height, theme.bg1)
        taken = 0.0
        if raced is not None:
            rows = (left, top, width, height * 0.62)
            taken = network_slide.paint_racers(
                painter, rows, theme, toggles["charts"], runners, time, chosen,
                batches=raced.race.batches, low=True,
            )  # fmt: skip
        else:
            taken = _paint_own(
                painter, (left, top, width, race_ranking.LOW), theme, sliced, looks, time
            )
        words_box = (left, top + taken, width, height - taken)
        _paint_words(painter, words_box, theme, loss_slice.caveats(sliced, titles, chosen))
        draw.line(painter, left + 0.5, top, left + 0.5, top + height, theme.line)


def steps_of(found: LossSlice) -> int:
    """Return how many steps the longest way has."""
    return max((int(path.steps[-1]) for path in found.paths if len(path.steps)), default=0)


def view_of(found: LossSlice, box: Box) -> Viewport:
    """Return which part of the plane is where in a rectangle, whose corner is (0, 0)."""
    x, y = found.found.x, found.found.y
    return Viewport(
        (float(x[0]), float(x[-1])), (float(y[0]), float(y[-1])), 0.0, 0.0, max(1.0, box[2]), max(1.0, box[3])
    )  # fmt: skip


def paint_map(
    painter: QPainter, box: Box, theme: Theme, relief: Relief | None, found: LossSlice,
    looks: Mapping[str, Look], time: float, chosen: str,
) -> None:  # fmt: skip
    """Draw it from above."""
    view = view_of(found, box)
    painter.save()
    painter.translate(box[0], box[1])
    inside = QRectF(0, 0, view.w, view.h)
    painter.setClipRect(inside, Qt.ClipOperation.IntersectClip)
    if relief is not None:
        painter.drawImage(inside, _image(theme, relief))
    race_map_paint.paint_axes(painter, theme, view, loss_slice.axes_words(found))
    loss_slice.paint_ways(painter, theme, view, found, looks, time, chosen)
    painter.restore()


@lru_cache(maxsize=2)
def _image(theme: Theme, relief: Relief) -> QImage:
    return race_relief.picture(theme, relief)


def _picture(place: NetworkSlideLayout, charted: bool) -> Box:
    """Where the slice is: over the curves of a race, if there is one and room."""
    left, top, width, height = place.picture
    return (left, top, width, height - (round(height * _CHART) if charted and place.head else 0.0))


def _ranges(
    subject: Subject, settings: SliceSettings, race: int
) -> tuple[list[float] | None, list[float] | None]:
    """From where to where it is seen, if that is not left to the engine."""
    toggles = subject.toggles
    if toggles.get("x_range") and toggles.get("y_range"):
        return list(toggles["x_range"]), list(toggles["y_range"])
    if settings.span == 1.0:
        return None, None
    if settings.directions == "random":
        return around((-1.0, 1.0), settings.span), around((-1.0, 1.0), settings.span)
    usual = subject.source.ask(
        "loss_slice", directions=settings.directions, race=race, side=2, samples=1, heights=False,
        part=settings.part,
    )  # fmt: skip
    x, y = usual.found.x, usual.found.y
    return (
        around((float(x[0]), float(x[-1])), settings.span),
        around((float(y[0]), float(y[-1])), settings.span),
    )


def _paint_solid(
    painter: QPainter, box: Box, theme: Theme, frame: Frame, found: LossSlice, looks: Mapping[str, Look],
    time: float, chosen: str,
) -> None:  # fmt: skip
    """Draw it in three dimensions, a little further turned at every moment."""
    left, top, width, height = box
    toggles = frame.toggles
    steps = max(1, steps_of(found))
    ground, runners = _mesh(found, tuple(sorted(looks.items())), width)
    sight = Sight(*toggles["sight"]) if "sight" in toggles else Sight()
    turned = float(toggles.get("spin", _SPIN)) * (time / steps - 0.5)
    room = 28.0 if width > race_solid.WIDE else 10.0
    inner = (room, room, max(1.0, width - 2 * room), max(1.0, height - 2 * room))
    race_solid.paint_solid(
        painter, theme, box, ground, list(runners), min(time / steps, 1.0) * loss_slice.FRAMES, chosen,
        Projection(sight.moved(turned), inner), marks=((0.0, 0.0),),
        axes=loss_slice.axes_words(found) if width > race_solid.WIDE else (),
    )  # fmt: skip
    log = loss_slice.is_log(loss_slice.known_of(found))
    words = tr("height: log of the loss") if log else tr("height: the loss")
    draw.text(painter, left + 16, top + 24, words, 11.5, theme.tx2)


@lru_cache(maxsize=2)
def _mesh(
    found: LossSlice, looks: tuple[tuple[str, Look], ...], width: float
) -> tuple[Mesh, tuple[race_solid.Runner, ...]]:
    values = loss_slice.known_of(found)
    x, y = found.found.x, found.found.y
    ground = mesh_of(
        values, (float(x[0]), float(x[-1])), (float(y[0]), float(y[-1])), log=loss_slice.is_log(values)
    )  # fmt: skip
    steps = max(1, steps_of(found))
    ways = [loss_slice.frames(path, steps) for path in found.paths]
    tracks = race_solid.tracks(ground, ways, width)
    known = dict(looks)
    return ground, tuple(
        race_solid.Runner(path.id, loss_slice.look(path.id, known), track)
        for path, track in zip(found.paths, tracks, strict=True)
    )


def _paint_chart(
    painter: QPainter, place: NetworkSlideLayout, theme: Theme, chart: Any, time: float, chosen: str
) -> None:
    left, top, width, height = place.picture
    low = round(height * _CHART)
    box = (left, top + height - low, width, float(low))
    draw.fill(painter, *box, theme.bg0)
    draw.line(painter, left, box[1] + 0.5, left + width, box[1] + 0.5, theme.line)
    network_slide.paint_chart(painter, box, theme, chart, time, chosen)


def _paint_own(
    painter: QPainter,
    box: Box,
    theme: Theme,
    found: LossSlice,
    looks: Mapping[str, Look],
    time: float,
) -> float:
    """Draw the row of the learner's run: its own loss at the last moment that is kept."""
    path = found.paths[0]
    k = max(0, int((path.steps <= time).sum()) - 1)
    real = float(path.losses[k]) if len(path.losses) else float("nan")
    shown = race_ranking.RaceRow(
        path.id, tr("Your run"), tr("Your run"), loss_slice.look(path.id, looks), "",
        loss_text(real) if isfinite(real) else "", tr("its own loss"),
    )  # fmt: skip
    race_ranking.paint_row(painter, QRectF(*box), theme, shown)
    return box[3]


def _paint_words(painter: QPainter, box: Box, theme: Theme, sentences: list[str]) -> None:
    """Write what a slice hides, as much of it as fits whole."""
    left, top, width, height = box
    y, room = top + 14.0, width - 32
    painter.setPen(theme.tx2)
    painter.setFont(draw.face(11.5))
    flags = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap)
    for one in sentences:
        area = QRectF(left + 16, y, room, 1000)
        tall = painter.boundingRect(area, flags, one).height()
        if y + tall > top + height - 10:
            break
        painter.drawText(area, flags, one)
        y += tall + 10


SCENE = registry.register(LossSliceFilm())
