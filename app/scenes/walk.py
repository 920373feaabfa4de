"""The convolution walk as a film: a window slides over what a layer reads, and its map fills.

Films hold in their toggles the numbers of the layer (``"walk"``: a `LayerWalk` of `app.engine.questions.inside_walk`);
``"share"`` says how far the window has come. ``"layer"``, ``"channel"``, ``"plane"`` (the channel that is written out),
``"view"`` (``"window"`` or ``"channels"``) and ``"stage"`` choose what is filmed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from app.scenes import draw
from app.scenes.explained import ramp_of
from app.scenes.hits import HitIndex
from app.scenes.registry import register
from app.scenes.walk_layout import place_walk
from app.scenes.walk_paint import paint_walk
from app.scenes.walk_seen import see
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.export.processes import Subject
    from app.scenes.frame import Frame, ViewState
    from app.scenes.hits import Hit
    from app.snapshots import NetworkView, Probe
    from app.theme import Theme

#: What stands over the picture, and the size the picture is laid out for; larger films are the same with more pixels.
_HEAD, _WIDE, _HIGH = 56.0, 860.0, 330.0
#: Kinds of layers that are looked at if none is named, the first first.
_LIKELY = (
    "Conv2D",
    "DepthwiseConv2D",
    "SeparableConv2D",
    "Conv2DTranspose",
    "MaxPooling2D",
    "AveragePooling2D",
)


@dataclass(frozen=True)
class WalkFilmLayout:
    """A layout that knows its size only: what stands in it is known when the engine has answered."""

    size: tuple[float, float]
    hits: HitIndex
    key: tuple[Any, ...]
    spec: NetworkView


class WalkScene:
    """See the module's text."""

    name = "convolution-walk"
    film_title = tr("Convolution walk")
    film_layers = film_channels = True
    films = "process"
    seconds = 12.0

    def layout(
        self, spec: NetworkView, size: tuple[float, float], view: ViewState
    ) -> WalkFilmLayout:
        """Note the size."""
        return WalkFilmLayout(size, HitIndex(), (spec, size), spec)

    def probes(self, spec: NetworkView, place: WalkFilmLayout, frame: Frame) -> tuple[Probe, ...]:
        """Name nothing: the layer's numbers are asked for."""
        return ()

    def process(self, subject: Subject) -> Mapping[str, Any]:
        """Ask for the numbers of the layer: of the first convolution, if no other is named."""
        toggles = subject.toggles
        found = subject.ask(
            "inside_walk", layer=str(toggles.get("layer") or _first(subject.spec)),
            channel=int(toggles.get("channel", 0)), stage=str(toggles.get("stage", "")),
        )  # fmt: skip
        return {"walk": found}

    def paint(self, painter: QPainter, place: WalkFilmLayout, theme: Theme, frame: Frame) -> None:
        """Draw one moment."""
        painter.save()
        draw.prepare(painter, place.size)
        width, height = place.size
        draw.fill(painter, 0, 0, width, height, theme.bg0)
        walk, toggles = frame.toggles.get("walk"), frame.toggles
        if walk is not None:
            seen = see(
                place.spec, walk.program, walk.instruction, walk.arrays, channel=walk.channel,
                plane=int(toggles.get("plane", 0)), parts=walk.parts, ranges=walk.ranges,
            )  # fmt: skip
            rows, columns = seen.map.shape
            number = min(
                round(float(toggles.get("share", 1.0)) * rows * columns), rows * columns - 1
            )
            if not seen.listed:
                seen = see(
                    place.spec, walk.program, walk.instruction, walk.arrays, channel=walk.channel,
                    place=divmod(number, columns), plane=int(toggles.get("plane", 0)), parts=walk.parts,
                    ranges=walk.ranges,
                )  # fmt: skip
            seen = replace(seen, ramp=ramp_of(toggles))
            self._head(painter, place, theme, frame, seen)
            painter.translate(0, _HEAD)
            zoom = min(width / _WIDE, (height - _HEAD) / _HIGH)
            painter.scale(zoom, zoom)
            room = (height - _HEAD) / zoom
            size = (width / zoom, min(room, _HIGH + 30.0))
            painter.translate(0, (room - size[1]) / 2)
            laid = place_walk(seen, size, str(toggles.get("view", "window")))
            paint_walk(painter, laid, theme, seen, playing=True)
        painter.restore()

    def _head(
        self, painter: QPainter, place: WalkFilmLayout, theme: Theme, frame: Frame, seen: Any
    ) -> None:
        width, x = place.size[0], 24.0
        title = draw.elide(frame.caption or tr("Convolution walk"), 15, width / 2, 600)
        x += draw.text(painter, x, 35, title, 15, theme.tx, weight=600) + 16
        words = tr(
            "{layer}, map {n} of {all}", layer=seen.title, n=seen.channel + 1, all=seen.count
        )
        draw.text(painter, x, 35, draw.elide(words, 13, width - x - 190), 13, theme.tx2)
        at = tr("row {row}  column {column}", row=seen.row, column=seen.column)
        draw.text(painter, width - 24, 35, at, 12, theme.tx2, mono=True, anchor="end")
        draw.line(painter, 0, _HEAD - 1, width, _HEAD - 1, theme.line)

    def describe(self, place: WalkFilmLayout, hit: Hit, frame: Frame) -> tuple[str, ...]:
        """Films are not pointed at."""
        return ()


def _first(spec: NetworkView) -> str:
    """The first layer with a window, or any."""
    for kind in _LIKELY:
        for node in spec.nodes:
            if node.kind == kind and len(node.shape) == 3:
                return node.layer
    return next((node.layer for node in reversed(spec.nodes) if node.kind == "Dense"), "")


register(WalkScene())
