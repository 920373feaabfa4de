"""The samples that excite each channel of a layer most, and which part of them does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.inside.panels import InsidePanel
from app.inside.scan_panel import ScanPanel
from app.inside.scans import Job
from app.inside.top_gallery import BEST, TopGallery
from app.scenes.maximization import SETTINGS, WHOLE
from app.scenes.spec_view import numbered_titles
from app.text import number, tr
from app.widgets import Choice, ScrollPanel, Segmented

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent

    from app.inside.session import InsideSession

#: Steps of the images that are made for all channels; the panel of its own makes more.
_STEPS = 60


class TopSamplesPanel(ScanPanel):
    """See the module's text: of the layer that is looked at."""

    def __init__(self, session: InsideSession) -> None:
        super().__init__(session, "inside-top", "inside_exciting")
        #: The images that channels answer to most, and how strongly, by channel.
        self.excited: dict[int, np.ndarray] = {}
        self.answers: dict[int, float] = {}
        self._images = Job(session, "inside_maximized")
        self._images.told.connect(self._on_images)
        self._wanted: set[int] = set()
        #: Of which layer they are, and whether the learner has stopped it.
        self._of, self._held = "", False
        self.gallery = TopGallery(self)
        session.context.theme_changed.connect(lambda _: self.gallery.forget_images())
        area = ScrollPanel(name="inside-top-scroll", steady=True)
        area.body.addWidget(self.gallery, 1)
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
        return {"layer": self.layer, "data": self.scans.data, "part": self.scans.part, "k": BEST}

    # -- the images that excite most

    def want_image(self, channel: int) -> None:
        """Have the image made that a channel answers to most: it has come into sight."""
        known = channel in self.excited or channel in self._wanted
        if known or self._held or not self.session.is_image:
            return
        self._wanted.add(channel)
        if len(self._wanted) == 1:
            # Those that are painted in the same turn are asked for together.
            QTimer.singleShot(0, self, self._ask_images)

    def _ask_images(self) -> None:
        found = self.job.found
        if self._images.goes_on or not self._wanted or found is None or not self.isVisible():
            return
        if self.job.goes_on:
            QTimer.singleShot(200, self, self._ask_images)
            return
        settings = {
            k: int(v) if k in WHOLE else float(v) for k, v in (SETTINGS | {"steps": _STEPS}).items()
        }
        self._images.begin(layer=found.layer, channels=sorted(self._wanted), settings=settings)

    def _on_images(self) -> None:
        made, found = self._images.found, self.job.found
        if made is not None and found is not None and made.layer == found.layer:
            self.excited |= made.images
            self.answers |= made.activations
            self._wanted -= set(made.images)
        if self._images.problem:
            # What cannot be excited is not asked for at every painting.
            return
        if not self._images.goes_on and self._wanted and not self._held:
            QTimer.singleShot(0, self, self._ask_images)
        self.gallery.update()

    def _forget_images(self) -> None:
        self.excited, self.answers, self._wanted = {}, {}, set()
        self._held = False
        self._images.forget()
        self.gallery.forget_images()

    def _on_stopped(self) -> None:
        if self.isVisible():
            self._held = True
            self._images.stop()
        super()._on_stopped()

    def hideEvent(self, event: QHideEvent) -> None:
        self._images.stop()
        self._wanted.clear()
        super().hideEvent(event)

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

    def _on_forgotten(self) -> None:
        self._forget_images()
        super()._on_forgotten()

    def show_found(self) -> None:
        if self.job.found is not None and self.job.found.layer != self._of:
            self._forget_images()
            self._of = self.job.found.layer
        self._list_layers()
        self.layers.set_value(self.layer)
        self.shown.set_value(str(self.session.toggles["top_samples"]))
        self.gallery.refresh()

    def ask(self, *, again: bool = False) -> None:
        super().ask(again=again)
        if again:
            self._forget_images()
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
