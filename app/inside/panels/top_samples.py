"""The samples that excite each channel of a layer most, and which part of them does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.inside.gallery import Gallery
from app.inside.panels import InsidePanel
from app.inside.sample_pictures import SamplePictures
from app.inside.scan_panel import ScanPanel
from app.scenes import draw
from app.scenes.formula_expressions import format_number
from app.scenes.spec_view import numbered_titles
from app.text import number, tr
from app.widgets import Choice, ScrollPanel, Segmented

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent, QPainter

    from app.inside.session import InsideSession
    from app.theme import Theme

#: Samples of each channel.
_BEST = 9


class TopGallery(Gallery):
    """A line for each channel."""

    tile, under, gap, left = 60, 18, 8, 76

    def __init__(self, panel: TopSamplesPanel) -> None:
        super().__init__("inside-top-gallery", tr("Top samples"), SamplePictures(panel.session))
        self._panel = panel

    @property
    def columns(self) -> int:
        return min(super().columns, _BEST)

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

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at, found = event.position(), self._panel.job.found
        line = int((at.y() - 8) // self._pitch)
        if (
            event.button() == Qt.MouseButton.LeftButton
            and at.x() < self.left
            and 0 <= line < self.lines
        ):
            self._panel.session.context.do("inside.select", layer=found.layer, channel=line)
            return
        super().mousePressEvent(event)

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
        best = found.found.activations[line]
        if not best.max() > 0:
            draw.text(painter, 16, y + 16, tr("silent"), 11, colors.tx2)

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


class TopSamplesPanel(ScanPanel):
    """See the module's text: of the layer that is looked at."""

    def __init__(self, session: InsideSession) -> None:
        super().__init__(session, "inside-top", "inside_exciting")
        self.gallery = TopGallery(self)
        area = ScrollPanel(name="inside-top-scroll")
        area.body.addWidget(self.gallery)
        area.body.addStretch(1)
        self.outer.addWidget(area, 1)
        self._beside = QWidget()
        row = QHBoxLayout(self._beside)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.layers = Choice([], name="inside-top-layer", label=tr("Layer"), width=120)
        self.layers.setToolTip(tr("The layer whose channels are excited"))
        self.layers.chosen.connect(lambda value: session.context.do("inside.select", layer=value))
        self.shown = Segmented(
            (("samples", tr("Whole")), ("patches", tr("Patch"))),
            name="inside-top-shown",
            label=tr("Show"),
        )
        self.shown.setToolTip(
            tr(
                "The whole sample with the part marked that the channel answers to, or that part alone"
            )
        )
        self.shown.chosen.connect(
            lambda value: session.context.do("inside.show", name="top_samples", value=value)
        )
        row.addWidget(self.layers)
        row.addWidget(self.shown)
        session.looked.connect(self._list_layers)

    def controls(self) -> QWidget:
        """What stands in the head."""
        return self._beside

    # -- what is asked

    @property
    def layer(self) -> str:
        """The layer that is looked at."""
        look = self.session.look
        return self.session.layer if look is not None and self.session.layer in look.layers else ""

    @property
    def title(self) -> str:
        """What the layer of the answer is called."""
        layer = self.job.found.layer if self.job.found is not None else self.layer
        return numbered_titles(self.session.network).get(layer, layer)

    @property
    def has_maps(self) -> bool:
        """Whether the channels of the answer's layer are maps."""
        look = self.session.look
        values = look.layers.get(self.job.found.layer) if look is not None else None
        return values is not None and values.ndim == 3

    def channel_words(self, channel: int) -> str:
        """What a channel is called."""
        if self.has_maps:
            return tr("map {number}", number=channel + 1)
        names = self.session.network.classes
        last = self.session.layers()[-1:] == (self.job.found.layer,)
        if last and channel < len(names):
            return names[channel]
        return tr("unit {number}", number=channel + 1)

    def wanted(self) -> Any:
        return (self.layer, self.scans.data, self.scans.part) if self.layer else None

    def values(self) -> dict[str, Any]:
        return {"layer": self.layer, "data": self.scans.data, "part": self.scans.part, "k": _BEST}

    def said(self) -> str:
        scan = self.job.found.scan
        if not scan.whole:
            return tr("{done} of {total} samples", done=number(scan.done), total=number(scan.total))
        return tr("{layer}, {total} samples", layer=self.title, total=number(scan.total))

    # -- showing

    def _list_layers(self) -> None:
        look = self.session.look
        titles = numbered_titles(self.session.network)
        listed = [
            (n, titles.get(n, n))
            for n in self.session.layers()
            if look is not None and n in look.layers
        ]
        if [self.layers.itemData(k) for k in range(self.layers.count())] != [n for n, _ in listed]:
            self.layers.clear()
            for value, title in listed:
                self.layers.addItem(title, value)

    def show_found(self) -> None:
        self._list_layers()
        self.layers.set_value(self.layer)
        self.shown.set_value(str(self.session.toggles["top_samples"]))
        self.gallery.refresh()

    def ask(self, *, again: bool = False) -> None:
        super().ask(again=again)
        self.show_found()
        self.tell()


PANEL = InsidePanel(
    "top-samples",
    "rows",
    tr("Top samples"),
    tr("What excites each channel of a layer most"),
    30,
    TopSamplesPanel,
)
