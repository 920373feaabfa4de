"""Activation maximisation: the image on its way to exciting a channel, and how strongly the channel answers.

Films hold in their toggles the whole way (``"found"``: a `Maximization` of `app.engine.questions.maximizing`), which
``"share"`` goes through; ``"layer"``, ``"channel"`` and the settings of the maximisation choose what is filmed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from app.scenes import draw, images
from app.scenes.formula_expressions import format_number
from app.scenes.hits import Hit, HitIndex
from app.scenes.registry import register
from app.scenes.spec_view import numbered_titles
from app.text import number, tr

if TYPE_CHECKING:
    from app.export.processes import Subject
    from app.scenes.frame import Frame, ViewState
    from app.snapshots import NetworkView, Probe
    from app.theme import Theme

#: Settings of `core.explain.maximization.activation_maximization` that a learner chooses, and where they begin.
SETTINGS: dict[str, float] = {
    "steps": 120, "learning_rate": 0.05, "l2": 0.002, "total_variation": 0.02, "jitter": 1, "blur_every": 8, "seed": 0,
}  # fmt: skip
#: Those that are whole numbers.
WHOLE = frozenset({"steps", "jitter", "blur_every", "seed"})
#: Points of the curve that are drawn at most.
_POINTS = 400
_GAP, _UNDER, _AXIS, _LEFT = 24.0, 22.0, 34.0, 46.0


@dataclass(frozen=True)
class MaximizationLayout:
    """Where the picture and the curve stand: (x, y, width, height)."""

    size: tuple[float, float]
    picture: tuple[float, float, float, float]
    chart: tuple[float, float, float, float]
    hits: HitIndex
    key: tuple[Any, ...]
    spec: NetworkView | None = None


def place_maximization(size: tuple[float, float], top: float = 12.0) -> MaximizationLayout:
    """The picture as large as fits and the curve beside it, or below it where there is more height."""
    width, height = size
    room = max(40.0, height - top - _UNDER - 10)
    upright = height > 0.8 * width
    side = min(room * 0.68, width - 32) if upright else min(room, width * 0.56)
    side = max(24.0, side)
    picture = (16.0, top, side, side)
    if upright:
        y = top + side + _UNDER + 30
        chart = (16 + _LEFT, y, width - 36 - _LEFT, max(24.0, height - y - _AXIS))
    else:
        x = 16 + side + _GAP + _LEFT
        chart = (x, top + 22, max(40.0, width - x - 20), max(24.0, side - 22 - (_AXIS - _UNDER)))
    hits = HitIndex(
        (Hit("picture:", "picture", "", (), picture), Hit("chart:", "chart", "", (), chart))
    )
    return MaximizationLayout(size, picture, chart, hits, ("maximization", size, top))


def paint_maximization(
    painter: QPainter,
    place: MaximizationLayout,
    theme: Theme,
    *,
    image: np.ndarray | None,
    activations: np.ndarray,
    steps: int,
    step: int,
    words: str,
) -> None:
    """Draw the image at a step, and the curve up to there.

    Parameters
    ----------
    image
        (height, width, channels), from 0 to 1 or uint8; None before there is any.
    activations
        The channel's answers from the start on, as far as they are known: the axes are theirs.
    steps, step
        How many there will be, and which one is shown.
    words
        What is excited.
    """
    x, y, w, h = place.picture
    draw.fill(painter, x, y, w, h, theme.bg2)
    if image is not None and image.ndim == 3:
        high, wide = image.shape[:2]
        zoom = min(w / wide, h / high)
        images.place(
            painter, x + (w - wide * zoom) / 2, y + (h - high * zoom) / 2, wide * zoom, high * zoom,
            images.photo(theme, image), False,
        )  # fmt: skip
    draw.frame(painter, x - 0.5, y - 0.5, w + 1, h + 1, theme.line2)
    said = tr("step {step} of {all}", step=number(step), all=number(steps))
    if draw.advance(said, 11.5, mono=True) + draw.advance(words, 12, 500) + 10 > w:
        said = f"{number(step)}/{number(steps)}"
    taken = draw.text(painter, x + w, y + h + 16, said, 11.5, theme.tx2, mono=True, anchor="end")
    shown = draw.elide(words, 12, w - taken - 10, 500)
    draw.text(painter, x, y + h + 16, shown, 12, theme.tx, weight=500)
    if len(activations):
        _curve(painter, place, theme, activations, steps, step)


def _curve(
    painter: QPainter,
    place: MaximizationLayout,
    theme: Theme,
    activations: np.ndarray,
    steps: int,
    step: int,
) -> None:
    x, y, w, h = place.chart
    finite = activations[np.isfinite(activations)]
    low = min(0.0, float(finite.min())) if finite.size else 0.0
    high = max(0.0, float(finite.max())) if finite.size else 1.0
    span = high - low or 1.0
    now = float(activations[min(step, len(activations) - 1)])
    draw.text(painter, x, y - 12, tr("Activation"), 12, theme.tx2)
    draw.text(
        painter,
        x + w,
        y - 12,
        format_number(now, 4),
        12,
        theme.tx,
        weight=500,
        mono=True,
        anchor="end",
    )
    for value in dict.fromkeys((low, 0.0, high)):
        at = y + h - (value - low) / span * h
        if value == 0 and any(0 < abs(other) / span * h < 14 for other in (low, high)):
            continue
        draw.line(painter, x, at, x + w, at, theme.grid)
        said = draw.plain(value, 2) if value else "0"
        draw.text(painter, x - 6, at + 4, said, 10, theme.tx3, mono=True, anchor="end")
    for share in (0.0, 0.5, 1.0):
        words = number(round(steps * share))
        anchor = "start" if share == 0 else "end" if share == 1 else "middle"
        draw.text(
            painter, x + w * share, y + h + 16, words, 10, theme.tx3, mono=True, anchor=anchor
        )
    draw.text(painter, x + w / 2, y + h + 30, tr("steps"), 10, theme.tx3, anchor="middle")
    seen = activations[: step + 1]
    stride = max(1, -(-len(seen) // _POINTS))
    chosen = np.unique(np.append(np.arange(0, len(seen), stride), len(seen) - 1))
    values = np.nan_to_num(seen[chosen], nan=low, posinf=high, neginf=low)
    line = QPolygonF([
        QPointF(x + w * k / max(1, steps), y + h - (v - low) / span * h)
        for k, v in zip(chosen.tolist(), values.tolist(), strict=True)
    ])  # fmt: skip
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.fwd, 1.75))
    painter.drawPolyline(line)
    end = line.last()
    draw.disc(painter, end.x(), end.y(), 3.5, theme.fwd)


def settings_of(toggles: Mapping[str, Any]) -> dict[str, Any]:
    """The settings among switches: those that are not named are as in `SETTINGS`."""
    found = {name: toggles.get(name, value) for name, value in SETTINGS.items()}
    return {name: int(value) if name in WHOLE else float(value) for name, value in found.items()}


def subject_words(spec: NetworkView, layer: str, channel: int) -> str:
    """What is excited: "class 8", or "Conv2D 1, map 3"."""
    nodes = [node for node in spec.nodes if node.layer == layer]
    if not nodes:
        return f"{layer} {channel + 1}"
    if layer == spec.nodes[-1].layer:
        name = spec.classes[channel] if channel < len(spec.classes) else str(channel)
        return tr("class {name}", name=name)
    title = numbered_titles(spec).get(layer, nodes[0].title)
    if len(nodes[0].shape) == 3:
        return tr("{layer}, map {number}", layer=title, number=channel + 1)
    return tr("{layer}, unit {number}", layer=title, number=channel + 1)


class MaximizationScene:
    """See the module's text."""

    name = "activation-maximization"
    film_title = tr("Activation maximization")
    film_layers = film_channels = True
    films = "process"
    seconds = 7.5

    def layout(
        self, spec: NetworkView, size: tuple[float, float], view: ViewState
    ) -> MaximizationLayout:
        """Place the picture and the curve under a head."""
        return replace(place_maximization(size, 64.0), spec=spec)

    def probes(
        self, spec: NetworkView, place: MaximizationLayout, frame: Frame
    ) -> tuple[Probe, ...]:
        """Name nothing: the image is asked for."""
        return ()

    def process(self, subject: Subject) -> Mapping[str, Any]:
        """What is asked: a channel of a layer; by default the class of the sample."""
        spec, toggles = subject.spec, subject.toggles
        last = spec.nodes[-1].layer if spec.nodes else ""
        layer = str(toggles.get("layer") or last)
        first = subject.label if layer == last and subject.label is not None else 0
        channel = int(toggles.get("channel", first))
        found = subject.source.ask(
            "inside_maximization", layer=layer, channel=channel, settings=settings_of(toggles)
        )
        return {"found": found}

    def paint(
        self, painter: QPainter, place: MaximizationLayout, theme: Theme, frame: Frame
    ) -> None:
        """Draw one moment."""
        painter.save()
        draw.prepare(painter, place.size)
        draw.fill(painter, 0, 0, *place.size, theme.bg0)
        width = place.size[0]
        title = tr("Activation maximization")
        x = 16.0
        if frame.caption:
            x += (
                draw.text(
                    painter,
                    x,
                    34,
                    draw.elide(frame.caption, 15, width / 2, 600),
                    15,
                    theme.tx,
                    weight=600,
                )
                + 16
            )
        draw.text(painter, x, 34, draw.elide(title, 13, width - x - 16), 13, theme.tx2)
        found = frame.toggles.get("found")
        if found is not None and place.spec is not None:
            # The last fifth stands still.
            share = min(1.0, 1.25 * float(frame.toggles.get("share", 1.0)))
            k = round(share * (len(found.frames) - 1))
            paint_maximization(
                painter, place, theme, image=found.frames[k], activations=found.activations, steps=found.steps,
                step=int(found.numbers[k]), words=subject_words(place.spec, found.layer, found.channel),
            )  # fmt: skip
        painter.restore()

    def describe(self, place: MaximizationLayout, hit: Hit, frame: Frame) -> tuple[str, ...]:
        """Films are not pointed at."""
        return ()


register(MaximizationScene())
