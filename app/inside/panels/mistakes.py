"""Mistakes: the samples the network takes for another class, those first of which it is surest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPen
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.bus import CommandError
from app.inside.gallery import Gallery
from app.inside.panels import InsidePanel
from app.inside.sample_pictures import SamplePictures
from app.inside.scan_panel import ScanPanel
from app.scenes import draw
from app.text import number, tr
from app.widgets import Choice, ScrollPanel

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.inside.session import InsideSession
    from app.theme import Theme


class MistakesGallery(Gallery):
    """One cell for each mistake that is shown."""

    def __init__(self, panel: MistakesPanel) -> None:
        super().__init__("inside-mistakes-gallery", tr("Mistakes"), SamplePictures(panel.session))
        self._panel = panel

    def count(self) -> int:
        return len(self._panel.shown)

    def source(self) -> tuple[str, str]:
        found = self._panel.job.found
        return (found.scan.data, found.scan.part) if found is not None else ("", "validation")

    def numbers(self) -> dict[str, np.ndarray]:
        """What is known of the samples that are shown."""
        found = self._panel.job.found
        if found is None:
            return {}
        names = ("samples", "labels", "predicted", "confidence", "of_label")
        return {name: getattr(found, name)[self._panel.shown] for name in names}

    def sample(self, cell: int) -> int:
        return int(self._panel.job.found.samples[self._panel.shown[cell]])

    def words(self, cell: int) -> tuple[str, ...]:
        found, at, name = self._panel.job.found, self._panel.shown[cell], self._panel.class_name
        return (
            tr("sample {number}", number=number(self.sample(cell) + 1)),
            tr(
                "the network says {name}: {share}",
                name=name(found.predicted[at]),
                share=f"{found.confidence[at]:.1%}",
            ),
            tr(
                "it is {name}: {share}",
                name=name(found.labels[at]),
                share=f"{found.of_label[at]:.1%}",
            ),
        )

    def empty(self) -> str:
        found = self._panel.job.found
        if found is None or not found.scan.whole:
            return ""
        if len(found.samples):
            return tr("No mistake is of that kind.")
        return tr("The network is right about all {count} samples.", count=number(found.scan.total))

    def pick(self, cell: int) -> None:
        self._panel.look_at(self.sample(cell))

    def paint_mark(self, painter: QPainter, colors: Theme, cell: int, rect: QRectF) -> None:
        place = self.rect_of(cell)
        draw.frame(
            painter, place.x() + 1, place.y() + 1, self.tile - 2, self.tile - 2, colors.err, 2
        )
        x, y = place.right() - 16, place.y()
        draw.fill(painter, x, y, 16, 16, colors.err)
        painter.setPen(QPen(colors.bg0, 1.8))
        painter.drawLine(QPointF(x + 4.5, y + 4.5), QPointF(x + 11.5, y + 11.5))
        painter.drawLine(QPointF(x + 11.5, y + 4.5), QPointF(x + 4.5, y + 11.5))

    def lines_of(self, cell: int, room: float) -> tuple[str, str]:
        """What stands under a picture, in two lines of which the first has so much room."""
        found, at, name = self._panel.job.found, self._panel.shown[cell], self._panel.class_name
        said, label = name(found.predicted[at]), name(found.labels[at])
        # Not an arrow: tables of confusion point from the truth to what is said, others the other way.
        words = tr("says {said}, is {label}", said=said, label=label)
        if draw.advance(words, 12, 500) <= room:
            return words, f"{label} {found.of_label[at]:.1%}"
        # What was mistaken for what matters more than how likely that was.
        return tr("says {said}", said=said), tr("is {label}", label=label)

    def paint_under(self, painter: QPainter, colors: Theme, cell: int, rect: QRectF) -> None:
        found, at = self._panel.job.found, self._panel.shown[cell]
        sure = f"{found.confidence[at]:.0%}"
        x, y, wide = rect.x(), rect.y() + 15, rect.width()
        room = wide - draw.advance(sure, 11, mono=True) - 4
        words, second = self.lines_of(cell, room)
        draw.text(painter, x, y, draw.elide(words, 12, room, 500), 12, colors.tx, weight=500)
        draw.text(painter, rect.right(), y, sure, 11, colors.tx2, mono=True, anchor="end")
        draw.text(painter, x, y + 15, draw.elide(second, 11.5, wide), 11.5, colors.tx2)


class MistakesPanel(ScanPanel):
    """See the module's text; of one class, or taken for one, if the learner likes.

    Attributes
    ----------
    shown
        Which of the mistakes are shown.
    """

    def __init__(self, session: InsideSession) -> None:
        super().__init__(session, "inside-mistakes", "inside_mistakes")
        self.shown = np.zeros(0, int)
        self._label: int | None = None
        self._predicted: int | None = None
        self.gallery = MistakesGallery(self)
        area = ScrollPanel(name="inside-mistakes-scroll", steady=True)
        area.body.addWidget(self.gallery, 1)
        self.outer.addWidget(area, 1)
        self._beside = QWidget()
        row = QHBoxLayout(self._beside)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.label = Choice(
            [], name="inside-mistakes-label", label=tr("Class of the samples"), width=108
        )
        self.predicted = Choice(
            [], name="inside-mistakes-predicted", label=tr("Class the network says"), width=108
        )
        for choice in (self.predicted, self.label):
            choice.setToolTip(choice.accessibleName())
            choice.chosen.connect(lambda _: self._choose())
            row.addWidget(choice)
        self._listed: tuple[str, ...] | None = None
        bus = session.context.bus
        if not bus.knows("inside.mistakes"):
            bus.register("inside.mistakes", self._do_filter, label=tr("Show some mistakes"))

    def controls(self) -> QWidget:
        """What stands in the head."""
        return self._beside

    def class_name(self, which: int) -> str:
        """What a class is called."""
        names = self.session.network.classes
        return names[which] if 0 <= which < len(names) else str(which)

    # -- choosing

    def _choose(self) -> None:
        values = [int(box.value) if box.value else None for box in (self.label, self.predicted)]
        self.session.context.do("inside.mistakes", label=values[0], predicted=values[1])

    def _do_filter(self, label: int | None = None, predicted: int | None = None) -> None:
        count = len(self.session.network.classes)
        for value in (label, predicted):
            if value is not None and not 0 <= value < count:
                raise CommandError(tr("There are {count} classes, numbered from 0.", count=count))
        self._label, self._predicted = label, predicted
        self.show_found()
        self.tell()

    def _list_classes(self) -> None:
        names = self.session.network.classes
        if names == self._listed:
            return
        self._listed = names
        for choice, any_words in (
            (self.label, tr("It is: any")),
            (self.predicted, tr("Says: any")),
        ):
            choice.clear()
            choice.addItem(any_words, "")
            lead = tr("It is {name}") if choice is self.label else tr("Says {name}")
            for k, name in enumerate(names):
                choice.addItem(lead.format(name=name), str(k))

    # -- what is asked

    def wanted(self) -> Any:
        if self.refusal():
            return None
        return (self.scans.data, self.scans.part)

    def refusal(self) -> str:
        if not self.session.network.classes:
            return tr("Mistakes are those of networks that tell classes apart.")
        return ""

    def values(self) -> dict[str, Any]:
        return {"data": self.scans.data, "part": self.scans.part}

    def said(self) -> str:
        found = self.job.found
        all_, of = len(found.samples), found.scan.done
        words = tr("{wrong} of {total} are wrong ({share})", wrong=number(all_), total=number(of),
                   share=f"{all_ / max(1, of):.1%}")  # fmt: skip
        if len(self.shown) != all_:
            words = tr(
                "{shown} of {wrong} mistakes", shown=number(len(self.shown)), wrong=number(all_)
            )
        return words

    def _on_forgotten(self) -> None:
        self._label = self._predicted = None
        super()._on_forgotten()

    def show_found(self) -> None:
        self._list_classes()
        for choice, value in ((self.label, self._label), (self.predicted, self._predicted)):
            choice.set_value("" if value is None else str(value))
        found = self.job.found
        if found is None:
            self.shown = np.zeros(0, int)
        else:
            kept = np.ones(len(found.samples), bool)
            if self._label is not None:
                kept &= found.labels == self._label
            if self._predicted is not None:
                kept &= found.predicted == self._predicted
            self.shown = np.flatnonzero(kept)
        self.gallery.refresh()

    def ask(self, *, again: bool = False) -> None:
        super().ask(again=again)
        self.show_found()
        self.tell()


PANEL = InsidePanel(
    "mistakes", "rows", tr("Mistakes"), tr("The samples the network is most surely wrong about"), 50, MistakesPanel,
    hides=("below",),
)  # fmt: skip
