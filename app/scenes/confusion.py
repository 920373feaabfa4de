"""The confusion matrix: rows are labels, columns what the network said; the worst mistake is put in words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QColor, QPainter

from app.scenes import draw
from app.scenes.hits import Hit, HitIndex
from app.scenes.registry import register
from app.text import number, tr

if TYPE_CHECKING:
    from app.scenes.frame import Frame, ViewState
    from app.snapshots import NetworkView, Probe
    from app.theme import Theme


@dataclass(frozen=True)
class ConfusionLayout:
    """Result of `layout`: the matrix's corner and the pitch of its cells."""

    size: tuple[float, float]
    left: float
    top: float
    pitch: float
    classes: tuple[str, ...]
    hits: HitIndex
    key: tuple[object, ...]


@lru_cache(maxsize=16)
def layout(spec: NetworkView, size: tuple[float, float], view: ViewState) -> ConfusionLayout:
    """Fit the matrix with its axis names and two lines of text."""
    width, height = size
    classes = spec.classes or tuple(
        str(k) for k in range(spec.nodes[-1].units if spec.nodes else 2)
    )
    n = max(1, len(classes))
    pitch = max(3.0, min((width - 64) / n, (height - 40 - 44) / n, 44.0))
    hits = HitIndex(
        tuple(
            Hit(
                f"cell:{i}:{j}",
                "cell",
                "",
                (i, j),
                (44 + j * pitch, 40 + i * pitch, pitch - 2, pitch - 2),
            )
            for i in range(n)
            for j in range(n)
        )
    )
    return ConfusionLayout(size, 44.0, 40.0, pitch, classes, hits, ("confusion", size, classes))


class ConfusionScene:
    """See the module's text."""

    name = "confusion"

    def layout(
        self, spec: NetworkView, size: tuple[float, float], view: ViewState
    ) -> ConfusionLayout:
        """Fit the matrix."""
        return layout(spec, size, view)

    def probes(self, spec: NetworkView, place: ConfusionLayout, frame: Frame) -> tuple[Probe, ...]:
        """The evaluation comes with the snapshot."""
        return ()

    def describe(self, place: ConfusionLayout, hit: Hit, frame: Frame) -> tuple[str, ...]:
        """Say how often a label was read as a class."""
        matrix = _matrix(frame, len(place.classes))
        if matrix is None:
            return ()
        i, j = hit.index
        count = int(matrix[i, j])
        total = int(matrix[i].sum())
        return (
            tr("Label {label} read as {said}", label=place.classes[i], said=place.classes[j]),
            tr("{count} of {total} times", count=number(count), total=number(total)),
        )

    def paint(self, painter: QPainter, place: ConfusionLayout, theme: Theme, frame: Frame) -> None:
        """Draw matrix, axes and sentence."""
        painter.save()
        draw.prepare(painter, place.size)
        draw.fill(painter, 0, 0, *place.size, theme.bg1)
        matrix = _matrix(frame, len(place.classes))
        _axes(painter, place, theme)
        _cells(painter, place, theme, matrix, frame.toggles.get("confusion") == "share")
        if matrix is not None:
            _sentence(painter, place, theme, matrix)
        hit = (
            place.hits.get(frame.selection.hover)
            if frame.selection.hover.startswith("cell:")
            else None
        )
        if hit is not None:
            draw.frame(
                painter,
                hit.rect[0] - 1,
                hit.rect[1] - 1,
                hit.rect[2] + 2,
                hit.rect[3] + 2,
                theme.tx,
                1,
            )
        painter.restore()


def _matrix(frame: Frame, classes: int) -> np.ndarray | None:
    shot = frame.snapshot
    if shot is None or shot.evaluation is None or shot.evaluation.confusion is None:
        return None
    matrix = shot.evaluation.confusion
    return matrix if matrix.shape == (classes, classes) else None


def _axes(painter: QPainter, place: ConfusionLayout, theme: Theme) -> None:
    n, q, left, top = len(place.classes), place.pitch, place.left, place.top
    draw.text(painter, left + q * n / 2, 16, tr("predicted"), 11, theme.tx2, anchor="middle")
    painter.save()
    painter.translate(14, top + q * n / 2)
    painter.rotate(-90)
    draw.text(painter, 0, 0, tr("label"), 11, theme.tx2, anchor="middle")
    painter.restore()
    if q < 11:
        return
    for k, name in enumerate(place.classes):
        short = draw.elide(name, 11.5, max(q - 2, 10), mono=True)
        draw.text(
            painter,
            left - 8,
            top + k * q + q / 2 + 3,
            draw.elide(name, 11.5, 28, mono=True),
            11.5,
            theme.tx2,
            mono=True,
            anchor="end",
        )
        draw.text(
            painter,
            left + k * q + q / 2 - 1,
            top - 6,
            short,
            11.5,
            theme.tx2,
            mono=True,
            anchor="middle",
        )


def _cells(
    painter: QPainter, place: ConfusionLayout, theme: Theme, matrix: np.ndarray | None, share: bool
) -> None:
    n, q, left, top = len(place.classes), place.pitch, place.left, place.top
    if matrix is None:
        for i in range(n):
            for j in range(n):
                draw.fill(painter, left + j * q, top + i * q, q - 2, q - 2, theme.bg2)
        return
    diagonal = max(1, int(np.diag(matrix).max()))
    off = matrix - np.diag(np.diag(matrix))
    most = max(1.0, float(off.max()) * 1.1)
    totals = np.maximum(matrix.sum(1), 1)
    dark = QColor("#0d1015") if theme.is_dark else QColor("#ffffff")
    digits = 8.5 if q < 26 else 10.5
    for i in range(n):
        for j in range(n):
            count = int(matrix[i, j])
            t = count / diagonal if i == j else min(1.0, count / most)
            color = theme.bg2
            if i == j and count:
                color = draw.mixed(theme.bg2, theme.pos, 0.15 + 0.75 * t)
            elif count:
                color = draw.mixed(theme.bg2, theme.neg, 0.12 + 0.8 * t)
            draw.fill(painter, left + j * q, top + i * q, q - 2, q - 2, color)
            if q < 18:
                continue
            text = (
                "\N{MIDDLE DOT}"
                if not count
                else f"{100 * count / totals[i]:.0f}"
                if share
                else str(count)
            )
            ink = (
                theme.line2 if not count else dark if (t > 0.5 if i == j else t > 0.6) else theme.tx
            )
            draw.text(
                painter,
                left + j * q + q / 2 - 1,
                top + i * q + q / 2 + 3,
                text,
                digits,
                ink,
                weight=600 if i == j else 400,
                mono=True,
                anchor="middle",
            )
    if off.max() > 0:
        i, j = divmod(int(off.argmax()), off.shape[1])
        draw.frame(painter, left + j * q - 1.5, top + i * q - 1.5, q + 1, q + 1, theme.tx, 1.5)


def _sentence(painter: QPainter, place: ConfusionLayout, theme: Theme, matrix: np.ndarray) -> None:
    y = place.top + len(place.classes) * place.pitch + 18
    off = matrix - np.diag(np.diag(matrix))
    wrong, total = int(off.sum()), int(matrix.sum())
    if wrong:
        i, j = divmod(int(off.argmax()), off.shape[1])
        text = tr(
            "Most confused: {label} read as {said}, {count} times",
            label=place.classes[i],
            said=place.classes[j],
            count=number(int(off[i, j])),
        )
        draw.text(
            painter,
            place.left,
            y,
            draw.elide(text, 12, place.size[0] - place.left - 8),
            12,
            theme.tx,
        )
    text = tr("{wrong} of {total} wrong", wrong=number(wrong), total=number(total))
    draw.text(painter, place.left, y + 17, text, 11.5, theme.tx2)


register(ConfusionScene())
