"""The samples that excite each channel most, a line for each channel, and the image it answers to most of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtWidgets import QToolTip

from app import theme
from app.inside.gallery import Gallery
from app.inside.sample_pictures import SamplePictures
from app.scenes import draw, images
from app.scenes.formula_expressions import format_number
from app.text import number, tr

if TYPE_CHECKING:
    from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter

    from app.inside.panels.top_samples import TopSamplesPanel
    from app.theme import Theme

#: Samples of each channel.
BEST = 9


class TopGallery(Gallery):
    """A line for each channel."""

    tile, under, gap, left = 60, 18, 8, 152
    #: Where the image stands that a channel answers to most.
    _image = 84

    def __init__(self, panel: TopSamplesPanel) -> None:
        super().__init__("inside-top-gallery", tr("Top samples"), SamplePictures(panel.session))
        self._panel = panel
        self._painted: dict[int, tuple[object, QImage]] = {}

    @property
    def columns(self) -> int:
        return min(super().columns, BEST)

    def count(self) -> int:
        found = self._panel.job.found
        return len(found.found.samples) * self.columns if found is not None else 0

    def source(self) -> tuple[str, str]:
        found = self._panel.job.found
        return (found.scan.data, found.scan.part) if found is not None else ("", "validation")

    def numbers(self) -> dict[str, np.ndarray]:
        """Numbers of the samples by channel, the activations, and where they are."""
        found = self._panel.job.found
        if found is None:
            return {}
        best = found.found
        return {
            "samples": best.samples,
            "activations": best.activations,
            "places": best.places,
            "patches": best.patches,
        }

    def sample(self, cell: int) -> int:
        channel, place = divmod(cell, self.columns)
        best = self._panel.job.found.found
        return int(best.samples[channel, place]) if place < best.samples.shape[1] else -1

    def words(self, cell: int) -> tuple[str, ...]:
        channel, place = divmod(cell, self.columns)
        panel, number_of = self._panel, self.sample(cell)
        found = panel.job.found.found
        row, column = found.places[channel, place]
        top, left, bottom, right = found.patches[channel, place]
        label = self.pictures.label(number_of)
        names = panel.session.network.classes
        words = [
            f"{panel.title}, {panel.channel_words(channel)}",
            tr("sample {number}", number=number(number_of + 1)),
        ]
        if label is not None and label < len(names):
            words[-1] += f" · {names[label]}"
        words.append(
            tr(
                "activation {value}",
                value=format_number(float(found.activations[channel, place]), 4),
            )
        )
        if panel.has_maps:
            words.append(tr("at row {row}, column {column} of the map, which sees rows {top} to {bottom} and columns "
                            "{left} to {right}", row=row, column=column, top=top, bottom=bottom - 1, left=left,
                            right=right - 1))  # fmt: skip
        return tuple(words)

    def pick(self, cell: int) -> None:
        channel, place = divmod(cell, self.columns)
        panel, found = self._panel, self._panel.job.found
        row, column = (int(k) for k in found.found.places[channel, place])
        panel.look_at(self.sample(cell))
        more = {"row": row, "column": column} if panel.has_maps else {}
        panel.session.context.do("inside.select", layer=found.layer, channel=channel, **more)

    def line_at(self, x: float, y: float) -> tuple[int, bool]:
        """The channel whose title is at a point (or -1), and whether it is its image."""
        line = int((y - 8) // self._pitch)
        if not (0 <= line < self.lines and 0 <= x < self.left + 8):
            return -1, False
        return line, self._image <= x <= self._image + self.tile and line in self._panel.excited

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at, panel = event.position(), self._panel
        line, image = self.line_at(at.x(), at.y())
        if event.button() == Qt.MouseButton.LeftButton and line >= 0:
            do = panel.session.context.do
            do("inside.select", layer=panel.job.found.layer, channel=line)
            if image:
                do("inside.view", value="maximization")
                do("inside.maximize", of="channel")
            return
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        line, image = self.line_at(event.position().x(), event.position().y())
        if line < 0:
            super().mouseMoveEvent(event)
            return
        self._point_at(-1)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        words = [f"{self._panel.title}, {self._panel.channel_words(line)}"]
        if image:
            value = format_number(self._panel.answers[line], 4)
            words.append(
                tr(
                    "The image it answers to most: {value} on average. Click to see how it comes about.",
                    value=value,
                )
            )
        QToolTip.showText(event.globalPosition().toPoint(), "\n".join(words), self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        by = {Qt.Key.Key_BracketLeft: -1, Qt.Key.Key_BracketRight: 1}.get(Qt.Key(event.key()))
        if by is None or not self.lines:
            super().keyPressEvent(event)
            return
        panel = self._panel
        channel = (panel.session.channel + by) % self.lines
        panel.session.context.do("inside.select", layer=panel.job.found.layer, channel=channel)
        self._go(channel * self.columns)

    def crop(self, cell: int) -> tuple[float, float, float, float] | None:
        if self._panel.session.toggles["top_samples"] != "patches":
            return None
        return self._patch(cell)

    def _patch(self, cell: int) -> tuple[float, float, float, float] | None:
        """What the strongest number sees: left, top, right and bottom as shares of the image."""
        shape = self._panel.session.input_shape
        if len(shape) != 3:
            return None
        channel, place = divmod(cell, self.columns)
        top, left, bottom, right = self._panel.job.found.found.patches[channel, place].tolist()
        return left / shape[1], top / shape[0], right / shape[1], bottom / shape[0]

    def paint_line(self, painter: QPainter, colors: Theme, line: int, rect: QRectF) -> None:
        panel = self._panel
        found, session = panel.job.found, panel.session
        if (session.layer, session.channel) == (found.layer, line):
            draw.fill(painter, 8, rect.y(), rect.width() - 16, rect.height(), colors.selbg, 6)
        y = rect.y() + self.gap / 2 + self.tile / 2
        words = draw.elide(panel.channel_words(line), 12, self.left - 10, 500)
        draw.text(painter, 16, y, words, 12, colors.tx, weight=500)
        panel.want_image(line)
        self._paint_image(painter, colors, line, rect.y() + self.gap / 2)
        best = found.found.activations[line]
        if not best.max() > 0:
            draw.text(painter, 16, y + 16, tr("silent"), 11, colors.tx2)

    def _paint_image(self, painter: QPainter, colors: Theme, line: int, y: float) -> None:
        """The image a channel answers to most, as soon as it is there."""
        array = self._panel.excited.get(line)
        if array is None:
            return
        known = self._painted.get(line)
        if known is None or known[0] is not array:
            self._painted[line] = known = (array, images.photo(theme.current(), array))
        side, picture = float(self.tile), known[1]
        zoom = side / max(picture.width(), picture.height())
        wide, high = picture.width() * zoom, picture.height() * zoom
        left, top = self._image + (side - wide) / 2, y + (side - high) / 2
        images.place(painter, left, top, wide, high, picture, False)
        draw.frame(painter, self._image - 0.5, y - 0.5, side + 1, side + 1, colors.tx2)
        words = tr("maximum")
        draw.text(
            painter, self._image, y + side + 13, draw.elide(words, 10.5, side), 10.5, colors.tx2
        )

    def forget_images(self) -> None:
        """Other colours, or another network."""
        self._painted.clear()

    def paint_mark(self, painter: QPainter, colors: Theme, cell: int, rect: QRectF) -> None:
        patch = self._patch(cell)
        whole = patch is None or (patch[2] - patch[0] >= 1 and patch[3] - patch[1] >= 1)
        if patch is None or whole or self.crop(cell) is not None:
            return
        left, top, right, bottom = patch
        x, y = rect.x() + left * rect.width(), rect.y() + top * rect.height()
        w, h = (right - left) * rect.width(), (bottom - top) * rect.height()
        draw.frame(painter, x, y, w, h, colors.fwd, 1.5)

    def paint_under(self, painter: QPainter, colors: Theme, cell: int, rect: QRectF) -> None:
        channel, place = divmod(cell, self.columns)
        value = float(self._panel.job.found.found.activations[channel, place])
        draw.text(
            painter, rect.x(), rect.y() + 13, draw.plain(value, 2), 10.5, colors.tx2, mono=True
        )
