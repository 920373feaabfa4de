"""A page of held-out samples: what the network says, how sure it is, and a badge where it is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.scenes import draw, images
from app.scenes.hits import Hit, HitIndex
from app.scenes.registry import register
from app.text import number, tr

if TYPE_CHECKING:
    from app.scenes.frame import Frame, ViewState
    from app.snapshots import NetworkView, PredictionPage, Probe
    from app.theme import Theme

HEAD = 42.0
PITCH_X, PITCH_Y, TILE = 80.8, 98.0, 70.0


@dataclass(frozen=True)
class PredictionsLayout:
    """Result of `layout`: the samples' squares, row by row."""

    size: tuple[float, float]
    tile: float
    places: tuple[tuple[float, float], ...]
    hits: HitIndex
    key: tuple[object, ...]


@lru_cache(maxsize=16)
def layout(spec: NetworkView, size: tuple[float, float], view: ViewState) -> PredictionsLayout:
    """Fill the picture with as many samples as fit, at least two rows if there is room for smaller ones."""
    width, height = size
    tile, pitch_x, pitch_y = TILE, PITCH_X, PITCH_Y
    if height - HEAD < 2 * PITCH_Y - 12 and height - HEAD >= 120:
        tile = (height - HEAD) / 2 - 28
        pitch_x, pitch_y = tile + 12, tile + 28
    columns = max(1, int((width - 48 - tile) // pitch_x) + 1)
    if columns > 1:
        pitch_x = (width - 48 - tile) / (columns - 1)
    rows = max(1, int((height - HEAD + 12) // pitch_y))
    places = tuple(
        (float(round(24 + c * pitch_x)), HEAD + r * pitch_y)
        for r in range(rows)
        for c in range(columns)
    )
    hits = HitIndex(
        tuple(
            Hit(f"sample:{k}", "sample", "", (k,), (x, y, tile, tile + 22))
            for k, (x, y) in enumerate(places)
        )
    )
    return PredictionsLayout(size, tile, places, hits, ("predictions", size))


class PredictionsScene:
    """See the module's text."""

    name = "predictions"

    def layout(
        self, spec: NetworkView, size: tuple[float, float], view: ViewState
    ) -> PredictionsLayout:
        """Place the samples."""
        return layout(spec, size, view)

    def probes(
        self, spec: NetworkView, place: PredictionsLayout, frame: Frame
    ) -> tuple[Probe, ...]:
        """The page comes with the snapshot."""
        return ()

    def describe(self, place: PredictionsLayout, hit: Hit, frame: Frame) -> tuple[str, ...]:
        """Label, prediction and confidence of a sample."""
        page = frame.snapshot.predictions if frame.snapshot else None
        k = hit.index[0]
        if page is None or k >= len(page.labels):
            return ()
        return (
            tr("Sample #{index}", index=number(int(page.indices[k]))),
            f"{tr('label')}\t{_name(page, int(page.labels[k]))}",
            f"{tr('predicted')}\t{_name(page, int(page.predicted[k]))}",
            f"{tr('confidence')}\t{100 * float(page.confidence[k]):.0f} %",
        )

    def paint(
        self, painter: QPainter, place: PredictionsLayout, theme: Theme, frame: Frame
    ) -> None:
        """Draw the page."""
        painter.save()
        draw.prepare(painter, place.size)
        draw.fill(painter, 0, 0, *place.size, theme.bg0)
        page = frame.snapshot.predictions if frame.snapshot else None
        _head(painter, place, theme, page)
        for k, (x, y) in enumerate(place.places):
            if page is None or k >= len(page.labels):
                if page is None:
                    draw.frame(
                        painter, x - 0.5, y - 0.5, place.tile + 1, place.tile + 1, theme.line
                    )
                continue
            _sample(painter, place, theme, page, k, x, y, frame)
        painter.restore()


def _name(page: PredictionPage, label: int) -> str:
    return page.classes[label] if 0 <= label < len(page.classes) else str(label)


def _head(
    painter: QPainter, place: PredictionsLayout, theme: Theme, page: PredictionPage | None
) -> None:
    title = tr("Predictions on validation samples")
    end = 24 + draw.text(painter, 24, 26, title, 12, theme.tx, weight=600)
    width = place.size[0]
    legend = tr("predicted {arrow} label", arrow=draw.ARROW)
    left = width - 24 - draw.advance(legend, 11) - 17
    if page is not None:
        shown = min(len(place.places), len(page.labels))
        wrong = int((page.labels[:shown] != page.predicted[:shown]).sum())
        text = tr("{right} right, {wrong} wrong in this page", right=shown - wrong, wrong=wrong)
        if end + 20 + draw.advance(text, 11.5) < left - 12:
            draw.text(painter, end + 20, 26, text, 11.5, theme.tx2)
    if end + 20 < left:
        draw.text(painter, width - 24, 26, legend, 11, theme.tx, anchor="end")
        draw.frame(painter, left, 16, 11, 11, theme.err, 2)
        _cross(painter, left + 2.5, 18.5, 6, theme.err, 1.2)


def _cross(painter: QPainter, x: float, y: float, size: float, color: QColor, width: float) -> None:
    painter.setPen(QPen(color, width))
    painter.drawLine(QPointF(x, y), QPointF(x + size, y + size))
    painter.drawLine(QPointF(x + size, y), QPointF(x, y + size))


def _sample(
    painter: QPainter,
    place: PredictionsLayout,
    theme: Theme,
    page: PredictionPage,
    k: int,
    x: float,
    y: float,
    frame: Frame,
) -> None:
    t = place.tile
    label, said = int(page.labels[k]), int(page.predicted[k])
    wrong = label != said
    images.place(painter, x, y, t, t, images.photo(theme, page.images[k]), True)
    draw.frame(
        painter,
        x - 0.5,
        y - 0.5,
        t + 1,
        t + 1,
        theme.err if wrong else theme.line2,
        2 if wrong else 1,
    )
    if (
        frame.selection.sample is not None and frame.selection.sample == int(page.indices[k])
    ) or frame.selection.hover == f"sample:{k}":
        draw.frame(painter, x - 3.5, y - 3.5, t + 7, t + 7, theme.tx, 1.5, 2)
    if wrong:
        draw.fill(painter, x + t - 16, y, 16, 16, theme.err)
        _cross(
            painter,
            x + t - 12,
            y + 4.5,
            7,
            QColor("#0d1015") if theme.is_dark else QColor(Qt.GlobalColor.white),
            1.8,
        )
    text = f"{_name(page, said)} {draw.ARROW} {_name(page, label)}" if wrong else _name(page, said)
    sure = f"{100 * float(page.confidence[k]):.0f}%"
    room = t - draw.advance(sure, 11, mono=True) - 4
    if draw.advance(text, 12, 500, True) > room:
        sure, room = "", t  # what was mistaken for what matters more than how surely
    draw.text(
        painter,
        x,
        y + t + 16,
        draw.elide(text, 12, room, 500, True),
        12,
        theme.tx,
        weight=500,
        mono=True,
    )
    draw.text(painter, x + t, y + t + 16, sure, 11, theme.tx3, mono=True, anchor="end")


register(PredictionsScene())
