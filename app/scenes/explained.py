"""What the scenes of attributions are made of: pictures in a row, colour bars with numbers, a trace below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from PySide6.QtCore import QLineF, QPointF
from PySide6.QtGui import QPen, QPolygonF

from app.scenes import draw, images, series
from app.scenes.formula_expressions import format_number
from app.scenes.hits import Hit, HitIndex

if TYPE_CHECKING:
    from PySide6.QtGui import QColor, QImage, QPainter

    from app.scenes.frame import Frame, ViewState
    from app.snapshots import NetworkView, Probe
    from app.theme import Theme

#: Height of the line above the pictures, of the title over each and of what stands under it.
HEAD, TITLE, UNDER = 52.0, 24.0, 24.0
_PAD, _GAP, _AXIS = 24.0, 20.0, 56.0
#: Of the height at most so much is the pictures'.
_PICTURES = 0.6


def ramp_of(toggles: Mapping[str, Any]) -> str:
    """The greys of an input of one channel: a photograph's where the toggles name them, else ink."""
    return images.GRAY if toggles.get("ramp") == images.GRAY else images.INK


@dataclass(frozen=True)
class Box:
    """A rectangle, in pixels."""

    x: float
    y: float
    w: float
    h: float

    def fit(self, rows: int, columns: int) -> Box:
        """Where a picture of so many rows and columns stands: as large as fits, in the middle."""
        cell = min(self.w / max(1, columns), self.h / max(1, rows))
        w, h = columns * cell, rows * cell
        return Box(self.x + (self.w - w) / 2, self.y + (self.h - h) / 2, w, h)

    def cell(self, x: float, y: float, rows: int, columns: int) -> tuple[int, int] | None:
        """The row and column of the pixel under a point."""
        at = self.fit(rows, columns)
        if not (at.x <= x < at.x + at.w and at.y <= y < at.y + at.h):
            return None
        row = min(rows - 1, int((y - at.y) / at.h * rows))
        return row, min(columns - 1, int((x - at.x) / at.w * columns))


@dataclass(frozen=True)
class ExplainedLayout:
    """Result of `layout`: pictures from the left, the trace below them or None."""

    size: tuple[float, float]
    head: float
    pictures: tuple[Box, ...]
    trace: Box | None
    hits: HitIndex
    key: tuple[object, ...]


@lru_cache(maxsize=32)
def layout(
    size: tuple[float, float], view: ViewState, count: int, traced: bool, key: str
) -> ExplainedLayout:
    """Place so many pictures and what is below them; the option ``head`` (on) leaves room for a caption."""
    width, height = size
    head = HEAD if view.option("head", True) else 0.0
    pad = min(_PAD, width * 0.04)
    room = max(40.0, height - head - TITLE - UNDER - 16.0)
    side = (width - 2 * pad - (count - 1) * _GAP) / count
    side = max(16.0, min(side, room * _PICTURES if traced else room))
    gap = min(3 * _GAP, (width - 2 * pad - count * side) / max(1, count - 1))
    # Two pictures in a wide room stand together in the middle.
    left = (width - count * side - (count - 1) * gap) / 2
    top = head + TITLE + 8.0
    boxes = tuple(Box(left + k * (side + gap), top, side, side) for k in range(count))
    trace = None
    if traced:
        first = top + side + UNDER + 28.0
        trace = Box(pad + _AXIS, first, width - 2 * pad - _AXIS, max(24.0, height - first - 30.0))
    hits = [
        Hit(f"picture:{k}", "picture", "", (k,), (b.x, b.y, b.w, b.h)) for k, b in enumerate(boxes)
    ]
    if trace is not None:
        hits.append(Hit("trace", "trace", "", (), (trace.x, trace.y, trace.w, trace.h)))
    return ExplainedLayout(size, head, boxes, trace, HitIndex(tuple(hits)), (key, size, view))


class Headed(Protocol):
    """A layout with room for a caption of this height at its top, or 0."""

    @property
    def size(self) -> tuple[float, float]:
        """Width and height."""

    @property
    def head(self) -> float:
        """Height of the caption."""


class ExplainedScene:
    """What scenes of an explanation share: so many pictures beside one another, and below them a trace or none.

    A film of one goes over a process that the engine is asked for once; see `app.export.processes`.
    """

    name = ""
    films = "process"
    #: Pictures beside one another, and whether there is a trace below them.
    pictures, traced = 2, True

    def layout(
        self, spec: NetworkView, size: tuple[float, float], view: ViewState
    ) -> ExplainedLayout:
        """Place the pictures and the trace."""
        return layout(size, view, self.pictures, self.traced, self.name)

    def probes(self, spec: NetworkView, layout: Any, frame: Frame) -> tuple[Probe, ...]:
        """Name nothing: what is shown is asked for."""
        return ()

    def describe(self, layout: ExplainedLayout, hit: Hit, frame: Frame) -> tuple[str, ...]:
        """Films are not pointed at."""
        return ()


def caption(painter: QPainter, place: Headed, theme: Theme, title: str, words: str) -> None:
    """Write what a film is of, at its top."""
    if not place.head:
        return
    width = place.size[0]
    draw.line(painter, 0, place.head, width, place.head, theme.line)
    x = 16.0
    if title:
        shown = draw.elide(title, 15, width * 0.5, 600)
        x += draw.text(painter, x, 32, shown, 15, theme.tx, weight=600) + 16
    draw.text(painter, x, 32, draw.elide(words, 12, width - x - 16), 12, theme.tx2)


def picture(
    painter: QPainter,
    box: Box,
    theme: Theme,
    image: QImage,
    title: str,
    note: str = "",
    *,
    smooth: bool = False,
) -> Box:
    """Draw a picture with its name over it; returns where it stands."""
    at = box.fit(image.height(), image.width())
    draw.fill(painter, box.x, box.y, box.w, box.h, theme.bg0)
    images.place(painter, at.x, at.y, at.w, at.h, image, smooth)
    draw.frame(
        painter, box.x - 0.5, box.y - 0.5, box.w + 1, box.h + 1, theme.line2,
    )  # fmt: skip
    wide = draw.advance(note, 11, mono=True) if note else 0.0
    if wide > 0.6 * box.w:
        note = draw.elide(note, 11, 0.6 * box.w, mono=True)
        wide = draw.advance(note, 11, mono=True)
    name = draw.elide(title, 12, box.w - wide - 8, 600)
    draw.text(painter, box.x, box.y - 9, name, 12, theme.tx, weight=600)
    if note:
        draw.text(painter, box.x + box.w, box.y - 9, note, 11, theme.tx2, mono=True, anchor="end")
    return at


def bar(painter: QPainter, box: Box, theme: Theme, ramp: str, top: float) -> None:
    """Draw the colour bar of a picture under it, with the numbers of its ends."""
    signed = ramp == "signed"
    low = format_number(-top, 3) if signed else "0"
    high = format_number(top, 3, sign=signed)
    y = box.y + box.h + 9
    left = draw.text(painter, box.x, y + 8, low, 11, theme.tx2, mono=True) + 8
    right = draw.advance(high, 11, mono=True) + 8
    room = box.w - left - right
    if room > 12:
        values = np.linspace(-1 if signed else 0, 1, 64, dtype=np.float32)[None]
        images.place(painter, box.x + left, y, room, 8, images.heat(theme, values, ramp, 1.0), True)
    draw.text(painter, box.x + box.w, y + 8, high, 11, theme.tx2, mono=True, anchor="end")


def under(painter: QPainter, box: Box, theme: Theme, words: str) -> None:
    """Write a line under a picture."""
    shown = draw.elide(words, 11, box.w, mono=True)
    draw.text(painter, box.x, box.y + box.h + 17, shown, 11, theme.tx2, mono=True)


@dataclass(frozen=True)
class Line:
    """A curve of the trace."""

    x: np.ndarray
    y: np.ndarray
    color: QColor
    name: str
    width: float = 1.5


def trace(
    painter: QPainter,
    box: Box,
    theme: Theme,
    lines: Sequence[Line],
    span: tuple[float, float],
    extent: tuple[float, float],
    marks: Sequence[tuple[float, str]] = (),
) -> None:
    """Draw curves with their axis.

    Parameters
    ----------
    lines
        What is known so far.
    span
        First and last place of the horizontal axis.
    extent
        Least and greatest number, of all that will come, so that the axis stands still.
    marks
        Heights to mark across, with words.
    """
    low, high = extent
    if not np.isfinite(low) or not np.isfinite(high):
        low, high = 0.0, 1.0
    if not high > low:
        half = max(0.5, 1e-3 * abs(low))
        low, high = low - half, high + half
    room = 0.08 * (high - low)
    low, high = low - room, high + room

    def at(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        across = box.x + (np.asarray(x, float) - span[0]) / max(span[1] - span[0], 1e-12) * box.w
        return across, box.y + (high - np.asarray(y, float)) / (high - low) * box.h

    for value in series.ticks(low, high, max(2, int(box.h // 40))):
        y = float(at(np.zeros(1), np.array([value]))[1][0])
        if not box.y - 1 <= y <= box.y + box.h + 1:
            continue
        draw.line(painter, box.x, y, box.x + box.w, y, theme.line)
        draw.text(
            painter, box.x - 8, y + 4, format_number(float(value), 1), 11, theme.tx3, mono=True,
            anchor="end",
        )  # fmt: skip
    marked = []
    for value, words in marks:
        if not np.isfinite(value):
            continue
        y = float(at(np.zeros(1), np.array([value]))[1][0])
        pieces = series.dashes(np.array([box.x, box.x + box.w]), np.array([y, y]), 5, 4)
        painter.setPen(QPen(theme.tx2, 1))
        painter.drawLines([QLineF(*piece) for piece in pieces.tolist()])
        below = y < box.y + 16
        marked.append((y + (13 if below else -5), words))
    names = box.x
    for one in lines:
        names += _line(painter, box, theme, one, at(one.x, one.y), names)
    for y, words in marked:
        # Over the curves: on the ground of the page, so that it can be read.
        wide = draw.advance(words, 11)
        draw.fill(painter, box.x + 4, y - 10, wide + 8, 13, draw.faded(theme.bg0, 0.85), 3)
        draw.text(painter, box.x + 8, y, words, 11, theme.tx2)


def _line(
    painter: QPainter,
    box: Box,
    theme: Theme,
    one: Line,
    points: tuple[np.ndarray, np.ndarray],
    left: float,
) -> float:
    """Draw a curve and its name over the trace; returns the width of the name."""
    x, y = points
    good = np.isfinite(y)
    x, y = x[good], y[good]
    if len(x) > 1:
        thinned = series.thin(x, y, max(2, int(box.w)), box.x, box.x + box.w)
        painter.setPen(QPen(one.color, one.width))
        painter.drawPolyline(QPolygonF([QPointF(a, b) for a, b in np.stack(thinned, 1).tolist()]))
    if len(x):
        draw.disc(painter, float(x[-1]), float(y[-1]), 2.0 + one.width, one.color)
    draw.line(painter, left, box.y - 14, left + 14, box.y - 14, one.color, max(2.0, one.width))
    return 20 + draw.text(painter, left + 20, box.y - 10, one.name, 11, theme.tx2) + 16
