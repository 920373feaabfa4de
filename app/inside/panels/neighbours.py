"""Nearest neighbours: the samples that a layer takes for most like the input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.bus import CommandError
from app.inside.gallery import Gallery
from app.inside.panels import InsidePanel
from app.inside.sample_pictures import SamplePictures
from app.inside.scan_panel import ScanPanel
from app.scenes import draw
from app.scenes.formula_expressions import format_number
from app.scenes.spec_view import numbered_titles
from app.text import number, tr
from app.widgets import Choice, ScrollPanel

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.inside.session import InsideSession
    from app.theme import Theme

#: Samples that are shown.
_NEAREST = 24
#: Layers that give the numbers they are given.
_SAME = frozenset(
    {"Dropout", "SpatialDropout1D", "SpatialDropout2D", "Flatten", "Reshape", "GaussianNoise"}
)


class NeighboursGallery(Gallery):
    """One cell for each neighbour."""

    def __init__(self, panel: NeighboursPanel) -> None:
        super().__init__(
            "inside-neighbours-gallery", tr("Nearest neighbours"), SamplePictures(panel.session)
        )
        self._panel = panel

    def count(self) -> int:
        found = self._panel.job.found
        return len(found.samples) if found is not None else 0

    def source(self) -> tuple[str, str]:
        found = self._panel.job.found
        return (found.scan.data, found.scan.part) if found is not None else ("", "validation")

    def numbers(self) -> dict[str, np.ndarray]:
        """What is known of the samples that are shown."""
        found = self._panel.job.found
        if found is None:
            return {}
        names = ("samples", "distances", "labels", "predicted")
        return {name: getattr(found, name) for name in names}

    def sample(self, cell: int) -> int:
        return int(self._panel.job.found.samples[cell])

    def words(self, cell: int) -> tuple[str, ...]:
        found, name = self._panel.job.found, self._panel.class_name
        words = [
            tr("sample {number}", number=number(self.sample(cell) + 1)),
            tr("distance {value}", value=format_number(float(found.distances[cell]), 5)),
        ]
        if found.labels[cell] >= 0:
            words.append(tr("class {name}", name=name(found.labels[cell])))
        if found.predicted[cell] >= 0 and found.labels[cell] >= 0:
            words.append(tr("the network says {name}", name=name(found.predicted[cell])))
        return tuple(words)

    def pick(self, cell: int) -> None:
        self._panel.look_at(self.sample(cell))

    def paint_under(self, painter: QPainter, colors: Theme, cell: int, rect: QRectF) -> None:
        found = self._panel.job.found
        label = int(found.labels[cell])
        words = (
            self._panel.class_name(label)
            if label >= 0
            else tr("sample {number}", number=self.sample(cell) + 1)
        )
        draw.text(
            painter,
            rect.x(),
            rect.y() + 15,
            draw.elide(words, 12, rect.width(), 500),
            12,
            colors.tx,
            weight=500,
        )
        far = draw.plain(float(found.distances[cell]), 3)
        draw.text(
            painter,
            rect.x(),
            rect.y() + 30,
            draw.elide(far, 11, rect.width(), 400, True),
            11,
            colors.tx2,
            mono=True,
        )


class NeighboursPanel(ScanPanel):
    """See the module's text. Without a choice it is the layer before the last one: what the network decides by."""

    def __init__(self, session: InsideSession) -> None:
        super().__init__(session, "inside-neighbours", "inside_neighbours")
        self._chosen = ""
        self.gallery = NeighboursGallery(self)
        area = ScrollPanel(name="inside-neighbours-scroll", steady=True)
        area.body.addWidget(self.gallery, 1)
        self.outer.addWidget(area, 1)
        self._beside = QWidget()
        row = QHBoxLayout(self._beside)
        row.setContentsMargins(0, 0, 0, 0)
        self.layers = Choice(
            [],
            name="inside-neighbours-layer",
            label=tr("Layer whose numbers are compared"),
            width=128,
        )
        self.layers.setToolTip(tr("Near is what this layer makes nearly the same numbers of"))
        self.layers.chosen.connect(
            lambda value: session.context.do("inside.neighbours", layer=value)
        )
        row.addWidget(self.layers)
        bus = session.context.bus
        if not bus.knows("inside.neighbours"):
            bus.register("inside.neighbours", self._do_layer, label=tr("Compare by a layer"))

    def controls(self) -> QWidget:
        """What stands in the head."""
        return self._beside

    def class_name(self, which: int) -> str:
        """What a class is called."""
        names = self.session.network.classes
        return names[which] if 0 <= which < len(names) else str(which)

    # -- choosing

    def _known(self) -> tuple[str, ...]:
        look = self.session.look
        return tuple(look.layers) if look is not None else ()

    @property
    def layer(self) -> str:
        """The layer whose numbers are compared."""
        known = self._known()
        if self._chosen in known:
            return self._chosen
        kinds = {node.layer: node.kind for node in self.session.network.nodes}
        before = [n for n in self.session.layers()[:-1] if n in known and kinds.get(n) not in _SAME]
        return before[-1] if before else next(iter(known), "")

    def _do_layer(self, layer: str) -> None:
        if layer not in self._known():
            known = ", ".join(self._known())
            raise CommandError(
                tr("There is no layer {name}; there are {known}.", name=layer, known=known)
            )
        self._chosen = layer
        self.ask()

    def _title(self, layer: str) -> str:
        if layer not in self.session.layers():
            return tr("Input: pixels") if self.session.is_image else tr("Input")
        return numbered_titles(self.session.network).get(layer, layer)

    def _list_layers(self) -> None:
        listed = [(name, self._title(name)) for name in self._known()]
        if [
            (self.layers.itemData(k), self.layers.itemText(k)) for k in range(self.layers.count())
        ] != listed:
            self.layers.clear()
            for value, title in listed:
                self.layers.addItem(title, value)
        self.layers.set_value(self.layer)

    # -- what is asked

    def wanted(self) -> Any:
        given = self.session.input
        if given is None or not self.layer:
            return None
        return (given, self.layer, self.scans.data, self.scans.part)

    def values(self) -> dict[str, Any]:
        given = self.session.input
        assert given is not None
        scans = self.scans
        own = (
            given.sample
            if given.sample is not None and given.sample[:2] == (scans.data, scans.part)
            else None
        )
        return {
            "x": given.x, "layer": self.layer, "data": scans.data, "part": scans.part, "k": _NEAREST,
            "without": own[2] if own is not None else -1,
        }  # fmt: skip

    def said(self) -> str:
        found = self.job.found
        if not found.scan.whole:
            return tr(
                "{done} of {total} samples",
                done=number(found.scan.done),
                total=number(found.scan.total),
            )
        said = self.session.predicted
        if said is None or not len(found.samples) or (found.labels < 0).any():
            return tr("nearest by {layer}", layer=self._title(found.layer))
        same = int((found.labels == said).sum())
        return tr("{same} of {count} are {name}, as the network says", same=same, count=len(found.samples),
                  name=self.class_name(said))  # fmt: skip

    def show_found(self) -> None:
        self._list_layers()
        self.gallery.refresh()

    def ask(self, *, again: bool = False) -> None:
        super().ask(again=again)
        self.show_found()
        self.tell()


PANEL = InsidePanel(
    "neighbours", "rows", tr("Nearest neighbours"), tr("The samples a layer takes for most like the input"), 60,
    NeighboursPanel, hides=("below",),
)  # fmt: skip
