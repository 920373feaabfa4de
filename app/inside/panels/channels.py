"""Channels: the input as matrices of numbers, and each channel as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.inside.channels import Channel, channels_of
from app.inside.matrix import Matrix
from app.inside.panels import InsidePanel
from app.scenes import draw, images
from app.text import tr
from app.widgets import Button, Control, Label, ScrollPanel, Segmented
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from app.inside.session import InsideSession

_THUMB = 72


class ChannelTile(Control):
    """A channel as a picture; a click shows its numbers."""

    focus_radius = 4

    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self.channel = channel
        self.setObjectName(f"inside-channel-{channel.id.replace(':', '-')}")
        self.setAccessibleName(tr("{name}: its numbers", name=channel.title))
        self.setToolTip(self.accessibleName())
        self.setCheckable(True)
        self.setFixedSize(_THUMB, _THUMB + 18)
        self._picture: QImage | None = None

    def show_channel(self, channel: Channel) -> None:
        """Another input: the same channel of it."""
        self.channel, self._picture = channel, None
        self.update()

    def forget(self) -> None:
        """Paint it anew, in other colours."""
        self._picture = None
        self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            colors = theme.current()
            if self._picture is None:
                self._picture = self.channel.thumbnail(colors, 2 * _THUMB)
            wide, high = self.channel.shape[1], self.channel.shape[0]
            zoom = (_THUMB - 2) / max(wide, high)
            w, h = max(2.0, wide * zoom), max(2.0, high * zoom)
            box = QRectF((_THUMB - w) / 2, (_THUMB - h) / 2, w, h)
            draw.fill(painter, 0, 0, _THUMB, _THUMB, colors.bg0)
            smooth = self._picture.width() > _THUMB
            images.place(painter, box.x(), box.y(), w, h, self._picture, smooth)
            on = self.isChecked()
            ring = colors.tx if on or self.hovered else colors.line2
            draw.frame(painter, 0.5, 0.5, _THUMB - 1, _THUMB - 1, ring, 2.0 if on else 1.0)
            ink = colors.tx if on else colors.tx2
            name = draw.elide(self.channel.title, 11.5, _THUMB)
            draw.text(painter, 0, _THUMB + 13, name, 11.5, ink)
        finally:
            painter.end()


class ChannelsPanel(QWidget):
    """See the module's text."""

    def __init__(self, session: InsideSession) -> None:
        super().__init__()
        self._session = session
        self._tiles: dict[str, ChannelTile] = {}
        self._channels: dict[str, Channel] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 12, 8)
        column.setSpacing(6)
        top = QHBoxLayout()
        top.setSpacing(8)
        self.source = Segmented(
            (("input", tr("For the network")), ("photo", tr("The photo"))),
            name="inside-channels-source", label=tr("Numbers of"),
        )  # fmt: skip
        self.source.chosen.connect(self._choose_source)
        self.words = Label("", "label", "tx2", name="inside-channels-words")
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.numbers = Segmented(
            (("unit", "0–1"), ("byte", "0–255")), name="inside-channels-numbers",
            label=tr("Numbers from"), mono=True,
        )  # fmt: skip
        self.numbers.chosen.connect(
            lambda value: session.context.do("inside.show", name="numbers", value=value)
        )
        self.smaller = _button("inside-channels-smaller", "zoom-out", tr("Smaller cells (−)"))
        self.larger = _button("inside-channels-larger", "zoom-in", tr("Larger cells (+)"))
        top.addWidget(self.source)
        top.addStretch(1)
        top.addWidget(self.numbers)
        top.addWidget(self.smaller)
        top.addWidget(self.larger)
        column.addLayout(top)
        column.addWidget(self.words)
        self.matrix = Matrix("inside-channels-matrix")
        self.matrix.pointed.connect(self._tell)
        self.smaller.clicked.connect(lambda: self.matrix.zoom(0.8))
        self.larger.clicked.connect(lambda: self.matrix.zoom(1.25))
        self._list = ScrollPanel(name="inside-channels-list")
        self._list.body.setSpacing(4)
        self._list.body.addStretch(1)
        self._list.setProperty("clear", True)
        self._list.setFixedWidth(_THUMB + 14)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._list)
        row.addWidget(self.matrix, 1)
        column.addLayout(row, 1)
        session.input_changed.connect(self._on_change)
        session.chosen.connect(self._on_change)
        session.context.theme_changed.connect(self._on_theme)
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def _on_change(self) -> None:
        if self.isVisible():
            self.refresh()

    def _on_theme(self, _theme: object) -> None:
        for tile in self._tiles.values():
            tile.forget()
        self.matrix.viewport().update()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self.matrix.viewport().update()

    # -- choosing

    @property
    def channel(self) -> Channel | None:
        """The channel whose numbers are shown: the one that was chosen, or its kind in what is there now."""
        wanted = str(self._session.toggles["channel"])
        if wanted in self._channels:
            return self._channels[wanted]
        return next(iter(self._channels.values()), None)

    def _choose(self, identifier: str) -> None:
        self._session.context.do("inside.show", name="channel", value=identifier)

    def _choose_source(self, source: str) -> None:
        chosen = self.channel
        kind = chosen.id.partition(":")[2] if chosen is not None else ""
        same = f"{source}:{kind}"
        first = next((name for name in self._channels if name.startswith(f"{source}:")), "")
        self._choose(same if same in self._channels else first)

    def refresh(self) -> None:
        """Show the channels of what is looked at now."""
        session, given = self._session, self._session.input
        found = channels_of(given) if given is not None else ()
        self._channels = {one.id: one for one in found}
        chosen = self.channel
        source = chosen.id.partition(":")[0] if chosen is not None else "input"
        both = any(name.startswith("photo:") for name in self._channels)
        self.source.setVisible(both)
        self.source.set_value(source)
        self._show_tiles([one for one in found if one.id.startswith(f"{source}:")], chosen)
        as_bytes = session.toggles["numbers"] == "byte"
        self.numbers.set_value("byte" if as_bytes else "unit")
        self.numbers.setEnabled(chosen is not None and chosen.kind != "signed")
        self.matrix.show_channel(chosen, as_bytes)
        self._tell(*self.matrix.at)

    def _show_tiles(self, shown: list[Channel], chosen: Channel | None) -> None:
        if list(self._tiles) != [one.id for one in shown]:
            for tile in self._tiles.values():
                self._list.body.removeWidget(tile)
                tile.hide()
                tile.deleteLater()
            self._tiles = {one.id: ChannelTile(one) for one in shown}
            for place, (name, tile) in enumerate(self._tiles.items()):
                tile.clicked.connect(lambda _=False, name=name: self._choose(name))
                self._list.body.insertWidget(place, tile)
        for one in shown:
            tile = self._tiles[one.id]
            tile.show_channel(one)
            tile.setChecked(chosen is not None and one.id == chosen.id)

    def _tell(self, row: int, column: int) -> None:
        """Say what stands where, in every channel shown; without a place what is shown."""
        chosen = self.channel
        if chosen is None:
            self.words.setText(tr("Nothing is looked at yet."))
            return
        rows, columns = chosen.shape
        if row < 0:
            words = tr("{name}, {rows} × {columns}", name=chosen.title, rows=f"{rows:,}",
                       columns=f"{columns:,}")  # fmt: skip
        else:
            parts = []
            for tile in self._tiles.values():
                one = tile.channel
                value = float(one.read(slice(row, row + 1), slice(column, column + 1))[0, 0])
                parts.append(f"{one.title} {self.matrix.words(value, 3)}")
            words = tr("row {row}, column {column}: {value}", row=row, column=column,
                       value="  ".join(parts))  # fmt: skip
        room = max(40, self.width() - 28)
        metrics = self.words.fontMetrics()
        self.words.setText(metrics.elidedText(words, Qt.TextElideMode.ElideRight, room))
        self.words.setToolTip(words)


def _button(name: str, icon: str, tip: str) -> Button:
    button = Button(name=name, kind="normal", icon=icon, icon_size=14)
    button.setAccessibleName(tip)
    button.setToolTip(tip)
    return button


PANEL = InsidePanel(
    "channels",
    "rows",
    tr("Channels"),
    tr("The input's numbers, channel by channel"),
    80,
    ChannelsPanel,
    hides=("below",),
)
