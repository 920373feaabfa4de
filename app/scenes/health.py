"""Are the gradients healthy? One row a layer: the norm now, over time, and a verdict in words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QColor, QImage, QPainter

from app.scenes import draw, images
from app.scenes.hits import Hit, HitIndex
from app.scenes.registry import register
from app.text import tr

if TYPE_CHECKING:
    from app.scenes.frame import Frame, ViewState
    from app.snapshots import HealthView, NetworkView, Probe
    from app.theme import Theme

#: From where on a layer is in trouble. Of dead units: with a rate too high "as much as 40 % of your network" can die
#: (CS231n, "Neural Networks Part 1").
VANISHING, EXPLODING, SATURATED, DEAD = 1e-5, 1e2, 0.45, 0.4


#: Right ends of the columns, from the right.
_RATIO, _NORM = 76.0, 152.0


@dataclass(frozen=True)
class HealthLayout:
    """Result of `layout`. `strip` shows cells over time (under the stage), else bars of the present norm.

    A `chooser` stands where the title of a strip would be.
    """

    size: tuple[float, float]
    rows: tuple[tuple[str, str, float], ...]  # layer id, title, baseline
    strip: bool
    chooser: bool
    hits: HitIndex
    key: tuple[object, ...]


@lru_cache(maxsize=16)
def layout(spec: NetworkView, size: tuple[float, float], view: ViewState) -> HealthLayout:
    """Give each layer with weights a row."""
    strip = bool(view.option("strip", False))
    layers = [n for n in spec.nodes if n.weights]
    first, pitch = (47.0, 25.0) if strip else (54.0, 24.0)
    room = max(1, int((size[1] - first - 4) // pitch) + 1)
    if len(layers) > room and strip:
        pitch = max(14.0, (size[1] - first - 4) / len(layers))
        room = int((size[1] - first - 4) // pitch) + 1
    if size[1] < first + 8:
        room = 0  # folded to its header
    rows = tuple((n.layer, n.title, first + k * pitch) for k, n in enumerate(layers[:room]))
    hits = HitIndex(
        tuple(
            Hit(f"health:{r[0]}", "health", r[0], (), (16, r[2] - 15, size[0] - 32, pitch))
            for r in rows
        )
    )
    chooser = bool(view.option("chooser", False))
    return HealthLayout(size, rows, strip, chooser, hits, ("health", size, rows, strip, chooser))


def verdict(norm: float, saturation: float, dead: float = float("nan"), learns: bool = True) -> str:
    """Return the words for a layer's gradient norm and the shares of its saturated and dead units."""
    if not learns:
        return tr("frozen")
    if not isfinite(norm):
        return tr("not a number")
    if norm < VANISHING:
        return tr("vanishing")
    if norm > EXPLODING:
        return tr("exploding")
    if isfinite(saturation) and saturation > SATURATED:
        return tr("{share} % saturated", share=round(100 * saturation))
    if isfinite(dead) and dead > DEAD:
        return tr("{share} % dead", share=round(100 * dead))
    return tr("healthy")


def measured(frame: Frame) -> HealthView | None:
    """Return the figures, or None while no gradient was computed: memory that was never written is all zeros."""
    health = frame.snapshot.health if frame.snapshot else None
    frozen = health is not None and health.learns is not None and not health.learns.any()
    return health if health is not None and (frozen or np.any(health.gradient_norm)) else None


@dataclass(frozen=True)
class Figures:
    """What is known of one layer; NaN where it has nothing of the kind."""

    norm: float
    ratio: float
    saturation: float
    dead: float
    learns: bool

    @property
    def verdict(self) -> str:
        """In words."""
        return verdict(self.norm, self.saturation, self.dead, self.learns)

    @property
    def healthy(self) -> bool:
        """Whether there is nothing to worry about."""
        return self.verdict in (tr("healthy"), tr("frozen"))

    @property
    def stuck(self) -> str:
        """The share of its units that do not answer, dead or saturated."""
        share = self.dead if isfinite(self.dead) else self.saturation
        return tr("{share} %", share=round(100 * share)) if isfinite(share) else "–"


def figures(health: HealthView, k: int) -> Figures:
    """Return what is known of the layer at this place."""
    dead = float("nan") if health.dead is None else float(health.dead[k])
    learns = health.learns is None or bool(health.learns[k])
    return Figures(
        float(health.gradient_norm[k]), float(health.update_ratio[k]), float(health.saturation[k]), dead, learns
    )  # fmt: skip


def _stuck_title(health: HealthView | None) -> str:
    """Return what the last column counts: dead units, saturated ones, or each where there are such."""
    if health is None:
        return ""
    dead = health.dead is not None and bool(np.isfinite(health.dead).any())
    saturated = bool(np.isfinite(health.saturation).any())
    if dead and saturated:
        return tr("dead/sat.")
    return tr("dead") if dead else tr("saturated") if saturated else ""


class HealthScene:
    """See the module's text."""

    name = "health"

    def layout(self, spec: NetworkView, size: tuple[float, float], view: ViewState) -> HealthLayout:
        """Place the rows."""
        return layout(spec, size, view)

    def probes(self, spec: NetworkView, place: HealthLayout, frame: Frame) -> tuple[Probe, ...]:
        """The figures come with the snapshot."""
        return ()

    def describe(self, place: HealthLayout, hit: Hit, frame: Frame) -> tuple[str, ...]:
        """Norm and verdict of a layer."""
        health = measured(frame)
        title = next((r[1] for r in place.rows if r[0] == hit.node), hit.node)
        if health is None or hit.node not in health.layers:
            return (title, tr("no gradients yet"))
        k = health.layers.index(hit.node)
        known = figures(health, k)
        lines = [f"|∂W|\t{draw.scientific(known.norm)}"] if known.learns else []
        if isfinite(known.ratio):
            lines.append(f"{tr('update ratio')}\t{draw.scientific(known.ratio)}")
        for name, share in ((tr("dead"), known.dead), (tr("saturated"), known.saturation)):
            if isfinite(share):
                lines.append(f"{name}\t{round(100 * share)} %")
        return (title, *lines, known.verdict)

    def paint(self, painter: QPainter, place: HealthLayout, theme: Theme, frame: Frame) -> None:
        """Draw heading and rows."""
        painter.save()
        draw.prepare(painter, place.size)
        draw.fill(painter, 0, 0, *place.size, theme.bg1)
        health = measured(frame)
        width = place.size[0]
        if place.strip:
            end = 24 + draw.advance(tr("Gradient health"), 12, 600) + (22 if place.chooser else 0)
            if not place.chooser:
                draw.text(painter, 24, 20, tr("Gradient health"), 12, theme.tx, weight=600)
            note = tr("|∂W| per layer, {stuck}", stuck=_stuck_title(health) or tr("saturation"))
            if end + 16 + draw.advance(note, 11) < width - 16:
                draw.text(painter, width - 16, 20, note, 11, theme.tx3, anchor="end")
        else:
            draw.text(painter, 16, 26, tr("Layer health"), 11, theme.tx2, weight=600)
            draw.text(painter, width - 16, 26, _stuck_title(health), 11, theme.tx3, anchor="end")
            draw.text(painter, width - _RATIO, 26, tr("update ratio"), 11, theme.tx3, anchor="end")
            draw.text(painter, width - _NORM, 26, "|∂W|", 11, theme.tx3, anchor="end")
        top = _scale(health)
        for layer, title, y in place.rows:
            k = health.layers.index(layer) if health is not None and layer in health.layers else -1
            if place.strip:
                _strip_row(painter, place, theme, health, k, title, y)
            else:
                _bar_row(painter, place, theme, health, k, title, y, top)
        painter.restore()


def _scale(health: HealthView | None) -> float:
    if health is None or not len(health.gradient_norm):
        return 1.0
    norms = health.gradient_norm[np.isfinite(health.gradient_norm)]
    return float(norms.max()) * 1.2 if norms.size and norms.max() > 0 else 1.0


def _norm_text(norm: float) -> str:
    if not isfinite(norm):
        return "NaN"
    return draw.plain(norm, 3) if 0.01 <= norm < 100 else draw.scientific(norm)


def _bar_row(
    painter: QPainter,
    place: HealthLayout,
    theme: Theme,
    health: HealthView | None,
    k: int,
    title: str,
    y: float,
    top: float,
) -> None:
    width = place.size[0]
    draw.text(painter, 16, y, draw.elide(title, 12, 80), 12, theme.tx2)
    bar = max(20.0, width - _NORM - 48 - 100)
    draw.fill(painter, 100, y - 8, bar, 8, theme.bg3)

    def put(right: float, text: str, color: QColor) -> None:
        draw.text(painter, width - right, y, text, 11.5, color, mono=True, anchor="end")

    if health is None or k < 0:
        put(_NORM, "–", theme.tx3)
        return
    known = figures(health, k)
    stuck = known.saturation > SATURATED or known.dead > DEAD
    put(16, known.stuck, theme.err if stuck else theme.tx2)
    if not known.learns:
        put(_NORM, tr("frozen"), theme.tx3)
        return
    if isfinite(known.norm):
        draw.fill(painter, 100, y - 8, bar * min(1.0, known.norm / top), 8, theme.bwd)
    put(_NORM, _norm_text(known.norm), theme.tx if known.healthy or stuck else theme.err)
    put(_RATIO, draw.scientific(known.ratio) if isfinite(known.ratio) else "–", theme.tx2)


def _strip_row(
    painter: QPainter,
    place: HealthLayout,
    theme: Theme,
    health: HealthView | None,
    k: int,
    title: str,
    y: float,
) -> None:
    width = place.size[0]
    wide = max(40.0, min(240.0, width - 24 - 60 - 148 - 16))
    left, top = 84.0, y - 12
    draw.text(painter, 24, y, draw.elide(title, 11, 56), 11, theme.tx2)
    draw.fill(painter, left, top, wide, 16, theme.bg0)
    if health is None or k < 0:
        draw.text(painter, left + wide + 12, y, "–", 11, theme.tx3, mono=True)
    elif health.strip.size:
        bins = health.strip[k]
        with np.errstate(divide="ignore", invalid="ignore"):
            level = np.clip((np.log10(np.maximum(bins, 1e-12)) + 3.2) / 3, 0.03, 1)
        level = np.nan_to_num(level, nan=1.0)
        known = figures(health, k)
        if known.learns:
            images.place(painter, left, top, wide, 16, _strip(theme, level), False)
        shown = draw.scientific(known.norm) if isfinite(known.norm) else "NaN"
        draw.text(
            painter,
            left + wide + 12,
            y,
            shown if known.learns else "–",
            11,
            theme.tx,
            mono=True,
        )
        words, healthy = known.verdict, known.healthy
        if words == tr("healthy"):
            words += f"  {known.stuck}"
        room = width - 16 - (left + wide + 12 + 48)
        draw.text(
            painter,
            width - 16,
            y,
            draw.elide(words, 11, room),
            11,
            theme.tx2 if healthy else theme.err,
            anchor="end",
        )
    draw.frame(painter, left - 0.5, top - 0.5, wide + 1, 17, theme.line)


def _strip(theme: Theme, level: np.ndarray) -> QImage:
    low = QColor("#ffffff") if not theme.is_dark else theme.bg0
    a = np.array([low.red(), low.green(), low.blue()], float)
    b = np.array([theme.bwd.red(), theme.bwd.green(), theme.bwd.blue()], float)
    rgb = np.rint(a + (b - a) * level[:, None]).astype(np.uint32)
    return images.from_words((0xFF000000 | rgb[:, 0] << 16 | rgb[:, 1] << 8 | rgb[:, 2])[None, :])


register(HealthScene())
