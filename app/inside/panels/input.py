"""The input: a sample, what is drawn or a photo, and how sure the network is of what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.document import data_info
from app.inside.bars import Bars
from app.inside.dropping import Dropping
from app.inside.pad import Pad
from app.inside.panels import InsidePanel
from app.inside.photo_popover import PhotoPopover
from app.inside.sample_popover import SamplePopover
from app.inside.tools import Tools
from app.step.sample_picture import SamplePicture
from app.text import tr
from app.widgets import Button, Label

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from app.inside.session import InsideSession


class InputPanel(QWidget):
    """See the module's text."""

    def __init__(self, session: InsideSession) -> None:
        super().__init__()
        self._session = session
        self._level = 0
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 16, 8)
        column.setSpacing(6)
        self.words = Label("", "label", "tx2", name="inside-input-words")
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.previous = _button(
            "inside-sample-back", "chevron-left", tr("Previous sample"), "ghost"
        )
        self.following = _button("inside-sample-on", "chevron-right", tr("Next sample"), "ghost")
        row = QHBoxLayout()
        row.setSpacing(2)
        row.addWidget(self.words, 1)
        row.addWidget(self.previous)
        row.addWidget(self.following)
        column.addLayout(row)
        self.pad = Pad(session)
        self.numbers = SamplePicture(name="inside-input-numbers")
        self.tools = Tools(session)
        self.bars = Bars(session)
        self._beside = QHBoxLayout()
        self._beside.setSpacing(6)
        self._beside.addWidget(self.pad, 1)
        column.addLayout(self._beside)
        column.addWidget(self.numbers)
        column.addWidget(self.tools)
        column.addWidget(self.bars, 1)
        column.addStretch(0)
        self._build_controls()
        self.previous.clicked.connect(lambda: self._samples().step(-1))
        self.following.clicked.connect(lambda: self._samples().step(1))
        view = session.parent()
        if isinstance(view, QWidget):
            self.dropping = Dropping(view, session, self._expect)
        session.input_changed.connect(self._refresh)
        session.looked.connect(self._refresh)
        session.network_changed.connect(self._refresh)
        session.photography.changed.connect(self._refresh)
        session.context.theme_changed.connect(lambda _: self.update())
        self._refresh()

    def _build_controls(self) -> None:
        self._controls = QWidget()
        row = QHBoxLayout(self._controls)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self.choose = _button("inside-sample-choose", "data", tr("Choose a sample"), "normal")
        self.photo = _button(
            "inside-photo-choose", "camera", tr("A photo: from a file, the clipboard, or the program"),
            "normal",
        )  # fmt: skip
        self.channels = _button(
            "inside-channels-open",
            "matrix",
            tr("The input's numbers, channel by channel"),
            "normal",
        )
        self.channels.clicked.connect(
            lambda: self._session.context.do("inside.view", value="channels")
        )
        for button in (self.choose, self.photo, self.channels):
            row.addWidget(button)
        self._popovers: dict[str, SamplePopover | PhotoPopover] = {}
        self.choose.clicked.connect(lambda: _toggle(self._samples()))
        self.photo.clicked.connect(lambda: _toggle(self._photos()))

    def controls(self) -> QWidget:
        """What stands in the head."""
        return self._controls

    def _samples(self) -> SamplePopover:
        found = self._popovers.get("samples")
        if found is None:
            found = self._popovers["samples"] = SamplePopover(self.choose, self._session)
        assert isinstance(found, SamplePopover)
        return found

    def _photos(self) -> PhotoPopover:
        found = self._popovers.get("photos")
        if found is None:
            found = self._popovers["photos"] = PhotoPopover(self.photo, self._session)
        assert isinstance(found, PhotoPopover)
        return found

    def _expect(self, expecting: bool) -> None:
        self.pad.expecting = expecting
        self.pad.update()

    def set_compact(self, level: int) -> None:
        """In small windows the tools stand beside the picture."""
        self._level = level
        self.tools.set_compact(level)
        if level > 1:
            self._column.removeWidget(self.tools)
            self._beside.addWidget(self.tools)
        elif self._column.indexOf(self.tools) < 0:
            self._beside.removeWidget(self.tools)
            self._column.insertWidget(self._column.indexOf(self.bars), self.tools)
        margin = 12 if level > 1 else 16
        self._column.setContentsMargins(margin, 4 if level > 1 else 8, margin, 8)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """As large a picture as leaves three classes; never larger than the place is wide."""
        shape = self._session.input_shape
        margins = self._column.contentsMargins()
        room = self.width() - margins.left() - margins.right()
        taken = 28 + 18 * 3 + 6 * 3 + margins.top() + margins.bottom()
        if self._level > 1:
            room -= 28 + 6
        else:
            taken += 28
        share = shape[0] / shape[1] if len(shape) == 3 else 1.0
        high = min(round(room * share), self.height() - taken)
        self.pad.setFixedHeight(max(64, high))

    def _refresh(self) -> None:
        session = self._session
        given, image = session.input, session.is_image
        shape = " × ".join(str(v) for v in session.input_shape)
        words = given.words if given is not None else ""
        if session.photography.reading:
            words = tr("reading the picture …")
        self.words.setText(self.words.fontMetrics().elidedText(
            words, Qt.TextElideMode.ElideRight, max(20, self.words.width())
        ))  # fmt: skip
        self.words.setToolTip(tr("{words}: {shape} numbers", words=words, shape=shape))
        self.pad.setAccessibleDescription(words)
        for widget, shown in ((self.pad, image), (self.tools, image), (self.numbers, not image)):
            if widget.isVisibleTo(self) != shown:
                widget.setVisible(shown)
        self.photo.setEnabled(image)
        if not image and given is not None:
            self.numbers.show_sample(given.x, "numbers", _features(session))
        self._fit()
        self.pad.update()
        self.bars.refresh()


def _features(session: InsideSession) -> tuple[str, ...]:
    return tuple(data_info(session.context.document.data).features)


def _toggle(popover: SamplePopover | PhotoPopover) -> None:
    if popover.isVisible():
        popover.close_popover()
    else:
        popover.open()


def _button(name: str, icon: str, tip: str, kind: str) -> Button:
    button = Button(name=name, kind=kind, icon=icon, icon_size=14)
    button.setAccessibleName(tip)
    button.setToolTip(tip)
    return button


PANEL = InsidePanel(
    "input", "input", tr("Input"), tr("What the network is shown, and what it says"), 10, InputPanel
)
