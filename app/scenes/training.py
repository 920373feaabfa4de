"""The film of a training run: network or feature maps, decision map or predictions, curves, caption and counters.

It is composed in a logical picture 720 units high (or 1280 wide) and enlarged to the size of the film, so that type and
strokes keep their proportion at any resolution.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtGui import QPainter

from app.scenes import draw
from app.scenes.charts import AUTO
from app.scenes.curves import CurvesScene
from app.scenes.decision import DecisionScene
from app.scenes.frame import ViewState
from app.scenes.health import HealthScene
from app.scenes.hits import Hit, HitIndex
from app.scenes.maps import MapsScene
from app.scenes.network import NetworkScene
from app.scenes.predictions import PredictionsScene
from app.scenes.registry import register
from app.text import number, tr

if TYPE_CHECKING:
    from app.scenes.frame import Frame
    from app.snapshots import NetworkView, Probe
    from app.theme import Theme

HEAD = 64.0
FOOT = 12.0

_SCENES: dict[str, Any] = {
    "network": NetworkScene(),
    "maps": MapsScene(),
    "curves": CurvesScene(),
    "decision": DecisionScene(),
    "predictions": PredictionsScene(),
    "health": HealthScene(),
}


#: Parts through which the signal travels; the others always show the newest step.
_TRAVELLED = ("network", "maps")


@dataclass(frozen=True, eq=False)
class Part:
    """One scene of the film: its name, its corner, and its own layout."""

    scene: str
    x: float
    y: float
    place: Any


@dataclass(frozen=True, eq=False)
class TrainingLayout:
    """Result of `layout`: `zoom` enlarges the logical picture to the film."""

    spec: NetworkView
    size: tuple[float, float]
    zoom: float
    inner: tuple[float, float]
    parts: tuple[Part, ...]
    hits: HitIndex
    key: tuple[object, ...]


def main_scene(spec: NetworkView) -> str:
    """Return which drawing suits a network: maps for convolutions, else neurons."""
    return "maps" if any(len(n.shape) == 3 and n.kind != "Input" for n in spec.nodes) else "network"


@lru_cache(maxsize=16)
def layout(spec: NetworkView, size: tuple[float, float], view: ViewState) -> TrainingLayout:
    """Compose the film. Options ``network``, ``decision``, ``curves``, ``predictions`` (on) and ``health`` (off).

    Option ``chart``: what is drawn beside the loss, a name of `app.scenes.charts`.
    """
    width, height = size
    tall = width < 1.3 * height
    zoom = max(
        0.05, min(width / 900.0, height / 900.0) if tall else min(width / 1280.0, height / 720.0)
    )
    w, h = width / zoom, height / zoom
    main = main_scene(spec)
    wanted = {
        main: bool(view.option("network", True)),
        "decision": bool(view.option("decision", True)) and spec.data == "points",
        "predictions": bool(view.option("predictions", True)) and spec.data == "image",
        "curves": bool(view.option("curves", True)),
        "health": bool(view.option("health", False)),
    }
    if tall:
        boxes = _one_column(wanted, main, w, h)
    else:
        boxes = (
            _beside(wanted, main, w, h) if spec.data == "points" else _stacked(wanted, main, w, h)
        )
    parts = []
    for name, x, y, bw, bh in boxes:
        options: tuple[tuple[str, Any], ...] = ()
        if name == "curves":
            # The numbers of the axis stand at the lower edge of the curves, not of the film.
            bh = min(bh, h - FOOT - y)
            chart = str(view.option("chart", AUTO))
            room = bw > 560 or (chart != AUTO and bw > 380)
            options = (
                ("slim", True),
                ("metrics", ("loss", chart) if room else ("loss",)),
                ("log", spec.data == "points"),
            )
        elif name == "decision":
            options = (("slim", True),)
        elif name == "health":
            options = (("strip", True),)
        state = ViewState(view.pages, options)
        parts.append(Part(name, x, y, _SCENES[name].layout(spec, (round(bw), round(bh)), state)))
    return TrainingLayout(
        spec, size, zoom, (w, h), tuple(parts), HitIndex(), ("training", spec, size, view)
    )


def _beside(
    wanted: dict[str, bool], main: str, w: float, h: float
) -> list[tuple[str, float, float, float, float]]:
    """Network left; decision map over curves right."""
    right = wanted["decision"] or wanted["curves"] or wanted["health"]
    split = w * 0.64 if wanted[main] and right else (w if wanted[main] else 0.0)
    boxes = [(main, 0.0, HEAD, split, h - HEAD)] if wanted[main] else []
    if not right:
        return boxes
    x, wide, y = split, w - split, HEAD
    under = 150.0 * (wanted["curves"] + wanted["health"])
    if wanted["decision"]:
        boxes.append(("decision", x, y + 8, wide - 8, h - HEAD - under - 16))
        y = h - under - 8
    for name in ("curves", "health"):
        if wanted[name]:
            tall = (
                150.0
                if wanted["decision"]
                else (h - HEAD) / (wanted["curves"] + wanted["health"]) - 8
            )
            boxes.append((name, x, y, wide, tall))
            y += tall
    return boxes


def _stacked(
    wanted: dict[str, bool], main: str, w: float, h: float
) -> list[tuple[str, float, float, float, float]]:
    """Maps on top; predictions and curves side by side underneath."""
    low = [n for n in ("predictions", "curves", "health") if wanted[n]]
    tall = 0.0 if not low else 208.0 if wanted[main] else h - HEAD
    boxes = [(main, 0.0, HEAD, w, h - HEAD - tall)] if wanted[main] else []
    if not low:
        return boxes
    shares = {"predictions": 0.5, "curves": 0.5, "health": 0.32}
    total = sum(shares[n] for n in low)
    x = 0.0
    for name in low:
        wide = w * shares[name] / total
        boxes.append((name, x, h - tall, wide, tall))
        x += wide
    return boxes


def _one_column(
    wanted: dict[str, bool], main: str, w: float, h: float
) -> list[tuple[str, float, float, float, float]]:
    """Network on top, all else in rows underneath: for square and upright films."""
    rows: list[tuple[str, float]] = []
    if wanted["predictions"]:
        rows.append(("predictions", 208.0))
    if wanted["decision"]:
        rows.append(("decision", min(w * 0.55, h * 0.36)))
    if wanted["curves"]:
        rows.append(("curves", 150.0))
    if wanted["health"]:
        rows.append(("health", 150.0))
    beside = wanted["decision"] and wanted["curves"] and w / h > 0.8
    if beside:  # a square film has the curve at the side of the map
        rows = [row for row in rows if row[0] != "curves"]
    low = sum(tall for _, tall in rows)
    room = h - HEAD
    boxes = [(main, 0.0, HEAD, w, max(120.0, room - low))] if wanted[main] else []
    factor = 1.0 if wanted[main] or not low else room / low
    y = h - low * factor
    for name, tall in rows:
        wide = w * 0.5 if beside and name == "decision" else w
        boxes.append((name, 0.0, y, wide, tall * factor))
        if beside and name == "decision":
            side = min(tall * factor, 200.0)
            boxes.append(("curves", w * 0.5, y + (tall * factor - side) / 2, w * 0.5, side))
        y += tall * factor
    return boxes


class TrainingScene:
    """See the module's text."""

    name = "training"

    def layout(
        self, spec: NetworkView, size: tuple[float, float], view: ViewState
    ) -> TrainingLayout:
        """Compose the film."""
        return layout(spec, size, view)

    def stages(self, place: TrainingLayout) -> int:
        """Return how many columns a signal passes."""
        return next(
            (len(p.place.columns) for p in place.parts if p.scene in ("network", "maps")), 0
        )

    def probes(self, spec: NetworkView, place: TrainingLayout, frame: Frame) -> tuple[Probe, ...]:
        """Collect what the parts need."""
        return tuple(
            dict.fromkeys(
                p
                for part in place.parts
                for p in _SCENES[part.scene].probes(spec, part.place, frame)
            )
        )

    def describe(self, place: TrainingLayout, hit: Hit, frame: Frame) -> tuple[str, ...]:
        """Films are not pointed at."""
        return ()

    def paint(self, painter: QPainter, place: TrainingLayout, theme: Theme, frame: Frame) -> None:
        """Draw one picture of the film."""
        painter.save()
        draw.prepare(painter, place.size)
        draw.fill(painter, 0, 0, *place.size, theme.bg0)
        painter.scale(place.zoom, place.zoom)
        _title(painter, place, theme, frame.present)
        film = theme_for_film(theme)
        for part in place.parts:
            painter.save()
            painter.translate(part.x, part.y)
            moment = frame if part.scene in _TRAVELLED else frame.present
            _SCENES[part.scene].paint(painter, part.place, film, moment)
            painter.restore()
        painter.restore()


@lru_cache(maxsize=4)
def theme_for_film(theme: Theme) -> Theme:
    """Return the theme with panels as dark as the stage: a film has one ground."""
    from dataclasses import replace

    return replace(theme, bg1=theme.bg0)


def _title(painter: QPainter, place: TrainingLayout, theme: Theme, frame: Frame) -> None:
    w = place.inner[0]
    counters = _counters(frame) if frame.toggles.get("counters", True) else ""
    room = w - 48 - (draw.advance(counters, 15, mono=True) + 24 if counters else 0)
    caption = frame.caption or place.spec.name
    draw.text(painter, 24, 42, draw.elide(caption, 20, room, 600), 20, theme.tx, weight=600)
    if not counters:
        return
    shot = frame.snapshot
    x = w - 24 - draw.advance(counters, 15, mono=True)
    head, mark, loss = counters.partition(tr("loss"))
    x += draw.text(painter, x, 42, head, 15, theme.tx2, mono=True)
    if mark and shot is not None:
        x += draw.text(painter, x, 42, mark, 15, theme.tx2, mono=True)
        draw.text(painter, x, 42, loss, 15, theme.loss, mono=True)


def _counters(frame: Frame) -> str:
    shot = frame.snapshot
    if shot is None:
        return ""
    text = tr(
        "epoch {epoch}  step {step}",
        epoch=number(shot.position.epoch),
        step=number(shot.position.step),
    )
    known = int(np.searchsorted(shot.history.steps, shot.position.step, "right"))
    if known and len(shot.history.loss):
        text += f"  {tr('loss')} {draw.plain(float(shot.history.loss[known - 1]), 4)}"
    return text


register(TrainingScene())
