"""The numbers all weights of an update share: how Adam and its kin make up for averages that begin at 0."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPen, QPolygonF

from app.scenes import draw
from app.scenes.closeups import register
from app.scenes.closeups.update_paint import figure
from app.scenes.hits import Hit, HitIndex
from app.text import tr
from core import optimizers

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.scenes.closeups import Moment, Subject
    from app.scenes.frame import ViewState
    from app.theme import Theme

_MARGIN, _HEAD, _LINE = 20.0, 58.0, 24.0
_KINDS = {"adam_factors": "Adam", "adamax_factors": "Adamax", "nadam_factors": "Nadam"}
#: By the operation's name for it: how it is written, and how it is drawn.
_NAMES = {
    "mean_correction": ("c₁", "c₁ = 1 − β₁ᵗ", Qt.PenStyle.SolidLine),
    "square_correction": ("c₂", "c₂ = 1 − β₂ᵗ", Qt.PenStyle.DashLine),
    "effective_rate": ("α / η", "α = η √c₂ / c₁", Qt.PenStyle.DotLine),
    "mean_factor": ("a", "a = μₜ₊₁ / (1 − Pₜ₊₁)", Qt.PenStyle.SolidLine),
    "gradient_factor": ("b", "b = (1 − μₜ) / (1 − Pₜ)", Qt.PenStyle.DotLine),
    "momentum_product": ("P", "P = μ₁ ⋯ μₜ", Qt.PenStyle.DashDotLine),
}
_ROOTS = "α = η / c₁"


@dataclass(frozen=True)
class CorrectionsLayout:
    """Result of `layout`: the lines' tops, and the plot's x, y, width, height."""

    size: tuple[float, float]
    lines: tuple[float, ...]
    plot: tuple[float, float, float, float]
    hits: HitIndex = field(default_factory=HitIndex)


class Corrections:
    """The close-up of what is worked out once before the updates."""

    name = "corrections"
    rank = 30

    def fits(self, subject: Subject) -> bool:
        """The factors of Adam, Adamax and Nadam."""
        return subject.instruction.op in _KINDS

    def tensors(self, subject: Subject) -> tuple[str, ...]:
        """The rate, and what comes of it."""
        instruction = subject.instruction
        return tuple(dict.fromkeys((*instruction.operands.values(), *instruction.writes)))

    def title(self, subject: Subject) -> str:
        """Whose corrections."""
        return tr(
            "{optimizer}: averages that begin at 0, corrected",
            optimizer=_KINDS[subject.instruction.op],
        )

    def duration(self, subject: Subject) -> float:
        """Nothing moves."""
        return 0.0

    def layout(
        self, subject: Subject, size: tuple[float, float], view: ViewState
    ) -> CorrectionsLayout:
        """Lines at the top, the curves beneath."""
        lines = tuple(_HEAD + 14 + k * _LINE for k in range(len(subject.instruction.results) + 1))
        top = lines[-1] + 26
        plot = (
            _MARGIN + 30,
            top,
            size[0] - 2 * _MARGIN - 84,
            max(0.0, min(320.0, size[1] - top - 44)),
        )
        return CorrectionsLayout(size, lines, plot)

    def paint(
        self,
        painter: QPainter,
        place: CorrectionsLayout,
        theme: Theme,
        subject: Subject,
        moment: Moment,
    ) -> None:
        """Draw the numbers, and how they go on."""
        width = place.size[0] - 2 * _MARGIN
        draw.text(
            painter,
            _MARGIN,
            26,
            draw.elide(self.title(subject), 13, width, 600),
            13,
            theme.tx,
            weight=600,
        )
        when = update_number(subject, moment)
        words = tr("Update {t}. ", t=when) if when is not None else ""
        words += tr(
            "At first little has gone into the averages: dividing by how much makes up for it."
        )
        draw.text(painter, _MARGIN, 43, draw.elide(words, 11.5, width), 11.5, theme.tx2)
        values = shown(subject, moment)
        rate = values.get("rate")
        rows = [("η", tr("learning rate"), rate)] + [
            (
                "α" if key == "effective_rate" else _NAMES[key][0],
                _formula(subject, key),
                values.get(key),
            )
            for key in subject.instruction.results
            if key in _NAMES
        ]
        for y, (symbol, formula, value) in zip(place.lines, rows, strict=False):
            draw.text(painter, _MARGIN, y, symbol, 12, theme.tx, mono=True)
            draw.text(
                painter,
                _MARGIN + 34,
                y,
                draw.elide(formula, 12, width - 150),
                12,
                theme.tx2,
                mono=True,
            )
            text = "…" if value is None else figure(value)
            draw.text(
                painter,
                _MARGIN + min(width, 420),
                y,
                text,
                12.5,
                theme.tx,
                weight=500,
                mono=True,
                anchor="end",
            )
        if place.plot[3] >= 50:
            _paint_plot(painter, place.plot, theme, subject, values, when)

    def describe(
        self, place: CorrectionsLayout, hit: Hit, subject: Subject, moment: Moment
    ) -> tuple[str, ...]:
        """Nothing here can be pointed at."""
        return ()


def _formula(subject: Subject, key: str) -> str:
    if key == "effective_rate" and "square_correction" not in subject.instruction.results:
        return _ROOTS
    return _NAMES[key][1]


def shown(subject: Subject, moment: Moment) -> dict[str, float]:
    """Return the engine's numbers by name, as far as the step has come to them."""
    instruction, snapshot = subject.instruction, moment.snapshot
    found = {}
    rate = moment.arrays.get(instruction.operands["rate"])
    if rate is not None:
        found["rate"] = float(rate)
    ended = snapshot is not None and snapshot.position.pc == 0 and snapshot.instruction is not None
    if snapshot is None or not (ended or instruction.index < snapshot.position.pc):
        return found
    for key, name in instruction.results.items():
        array = moment.arrays.get(name)
        if array is not None:
            found[key] = float(array)
    return found


def update_number(subject: Subject, moment: Moment) -> int | None:
    """Return which update this is, from 1: the corrections themselves tell it, as long as they are not 1 yet."""
    values, attributes = shown(subject, moment), subject.instruction.attributes
    for key, beta in (("square_correction", "beta_2"), ("mean_correction", "beta_1")):
        left = 1 - values.get(key, 1.0)
        share = float(attributes.get(beta) or 0.0)
        # float32: what is left must be well above its last digit.
        if left > 1e-4 and 0 < share < 1:
            return max(1, round(math.log(left) / math.log(share)))
    return None


@lru_cache(maxsize=8)
def _curves(
    kind: str, beta_1: float, beta_2: float, last: int
) -> Mapping[str, tuple[tuple[float, float], ...]]:
    """How the numbers go on, at up to 200 updates evenly apart on a logarithmic axis."""
    given = {"beta_1": beta_1, **({"beta_2": beta_2} if beta_2 else {})}
    optimizer = optimizers.get({"kind": kind, **given})
    times = sorted({round(last ** (k / 200)) for k in range(201)})
    wanted = set(times)
    found: dict[str, list[tuple[float, float]]] = {}
    before = dict(optimizer.remembered)
    values: dict[str, float] = {}
    every = range(1, last + 1) if optimizer.remembered else times
    for t in every:
        values = optimizer.factor_values(1.0, t, before)
        before = {name: values[name] for name in optimizer.remembered}
        if t in wanted:
            for name, value in values.items():
                found.setdefault(name, []).append((float(t), value))
    return {name: tuple(points) for name, points in found.items()}


def _paint_plot(
    painter: QPainter,
    box: tuple[float, float, float, float],
    theme: Theme,
    subject: Subject,
    values: Mapping[str, float],
    when: int | None,
) -> None:
    """Draw the numbers over the updates, and where this one is."""
    x, y, width, height = box
    attributes = subject.instruction.attributes
    # Nadam's product is worked out update by update: not for more of them than take a moment.
    most = 4 if "momentum_product" in subject.instruction.results else 5
    last = 10 ** max(3, min(most, math.ceil(math.log10(max(2, 2 * (when or 1))))))
    curves = _curves(
        _KINDS[subject.instruction.op],
        float(attributes["beta_1"]),
        float(attributes.get("beta_2") or 0.0),
        last,
    )
    curves = {
        key: points
        for key, points in curves.items()
        if key in _NAMES and key in subject.instruction.results
    }
    high = max(1.0, *(v for points in curves.values() for _, v in points)) * 1.04
    high = min(high, 12.0)

    def at(t: float, value: float) -> QPointF:
        return QPointF(
            x + width * math.log10(t) / math.log10(last), y + height * (1 - min(value, high) / high)
        )

    for mark in (0.0, 0.5, 1.0) if high < 2 else (0.0, 1.0, round(high / 2), round(high)):
        level = at(1, mark).y()
        draw.line(painter, x, level, x + width, level, theme.grid)
        draw.text(painter, x - 6, level + 3.5, f"{mark:g}", 10, theme.tx3, mono=True, anchor="end")
    for power in range(int(math.log10(last)) + 1):
        draw.text(
            painter,
            at(10**power, 0).x(),
            y + height + 15,
            f"{10**power:,}",
            10,
            theme.tx3,
            mono=True,
            anchor="middle",
        )
    draw.text(
        painter,
        x + width / 2,
        y + height + 31,
        tr("update t, logarithmic"),
        10.5,
        theme.tx3,
        anchor="middle",
    )
    ends: list[float] = []
    for key, points in sorted(curves.items(), key=lambda item: item[1][-1][1]):
        pen = QPen(_ink(theme, key), 1.75, _NAMES[key][2])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF([at(*point) for point in points]))
        end = at(*points[-1]).y()
        # Names of curves that end together stand under each other.
        level = end if not ends else min(end, ends[-1] - 13)
        ends.append(level)
        draw.text(
            painter, x + width + 8, level + 4, _NAMES[key][0], 11, _ink(theme, key), mono=True
        )
    if when is None or when > last:
        return
    draw.line(painter, at(when, 0).x(), y, at(when, 0).x(), y + height, theme.tx2)
    for key in curves:
        value = values.get(key)
        rate = values.get("rate")
        if key == "effective_rate" and value is not None and rate:
            value = value / rate
        if value is not None and math.isfinite(value):
            point = at(when, value)
            draw.disc(painter, point.x(), point.y(), 3.6, theme.bg0, _ink(theme, key), 1.75)


def _ink(theme: Theme, key: str) -> QColor:
    return {"mean_correction": theme.pos, "square_correction": theme.neg, "mean_factor": theme.pos,
            "gradient_factor": theme.bwd, "momentum_product": theme.tx3}.get(key, theme.tx)  # fmt: skip


register(Corrections())
