"""The feature maps of every layer, as a wall of pictures; a click looks at one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.bus import CommandError
from app.inside.choices import one_of
from app.inside.panels import InsidePanel
from app.inside.tiles import ACROSS, ALONG, PAGES, Tiles
from app.scenes.formula_expressions import format_number
from app.scenes.hits import Hit
from app.scenes.wall import SCALES, paint_wall
from app.scenes.wall_layout import LINE, MOST_MAPS, MOST_UNITS, WallLayout, WallRow, place_wall
from app.text import tr
from app.widgets import Label, ScrollPanel, Segmented

if TYPE_CHECKING:
    from app.inside.session import InsideSession
    from app.theme import Theme


class Wall(Tiles):
    """The pictures; as high as they need."""

    def __init__(self, session: InsideSession) -> None:
        super().__init__("inside-wall", tr("Feature maps"), session)
        session.offer("scale", "layer", one_of(*SCALES))
        bus = session.context.bus
        if not bus.knows("inside.page"):
            bus.register("inside.page", self._do_page, label=tr("Turn the page of maps"))

    @property
    def place(self) -> WallLayout:
        """Where everything stands."""
        size = (float(max(self.width(), 200)), 0.0)
        pages = self._session.pages
        return place_wall(self._session.network, size, tuple(sorted(pages.items())))

    def numbers(self) -> dict[str, np.ndarray]:
        """The maps of every layer, by its id."""
        look = self._session.look
        return dict(look.layers) if look is not None else {}

    def resizeEvent(self, event: object) -> None:
        self.fit()

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        session = self._session
        seen = (float(area.top()), float(area.bottom()))
        look = session.look
        number = self._number(self.place.row(session.layer))
        paint_wall(
            painter, self.place, colors, look.layers if look is not None else {},
            scale=str(session.toggles["scale"]), chosen=(session.layer, number),
            hover=self._hover, visible=seen,
        )  # fmt: skip

    # -- choosing

    def describe(self, hit: Hit, x: float = -1, y: float = -1) -> tuple[str, ...]:
        """What is under the mouse: the layer, the map, the number there."""
        row, look = self.place.row(hit.node), self._session.look
        if row is None:
            return ()
        if hit.kind == "page":
            return (tr("Further maps") if hit.id.endswith(":1") else tr("Earlier maps"),)
        array = look.layers.get(hit.node) if look is not None else None
        if not hit.index:
            return self._of_layer(row, array)
        number = hit.index[0]
        if row.maps:
            head = tr("{layer}, map {number}", layer=row.title, number=number + 1)
        else:
            head = tr("{layer}, unit {number}", layer=row.title, number=number + 1)
            if number < len(row.node.labels):
                head = f"{head} · {row.node.labels[number]}"
        if array is None:
            return (head,)
        if not row.maps or array.ndim != 3:
            flat = array.reshape(-1)
            return (head, format_number(float(flat[number]), 4)) if number < len(flat) else (head,)
        one = array[..., number]
        least, most = float(np.nanmin(one)), float(np.nanmax(one))
        span = tr(
            "from {least} to {most}", least=format_number(least, 4), most=format_number(most, 4)
        )
        left, top, w, h = hit.rect
        if not (left <= x < left + w and top <= y < top + h):
            return (head, span)
        every = look.every.get(hit.node, 1) if look is not None else 1
        r, c = int((y - top) / h * one.shape[0]), int((x - left) / w * one.shape[1])
        value = format_number(float(one[r, c]), 4)
        words = tr(
            "row {row}, column {column}: {value}", row=r * every, column=c * every, value=value
        )
        return (head, words, span)

    def _of_layer(self, row: WallRow, array: np.ndarray | None) -> tuple[str, ...]:
        """The layer's own id, and what its colours stand for."""
        lines = [row.title, row.node.layer]
        if array is not None:
            ends = (format_number(float(v), 4) for v in (np.nanmin(array), np.nanmax(array)))
            lines.append(tr("from {least} to {most}", least=next(ends), most=next(ends)))
        every = self._session.look.every.get(row.node.layer, 1) if self._session.look else 1
        if every > 1:
            lines.append(tr("One row and column in {every} is shown.", every=every))
        return tuple(lines)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        hit = self.place.hits.at(at.x(), at.y())
        if event.button() != Qt.MouseButton.LeftButton or hit is None:
            return
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if hit.kind == "page":
            self._session.context.do("inside.page", layer=hit.node, page=hit.index[0])
        elif hit.index:
            self._choose(hit)

    def _choose(self, hit: Hit) -> None:
        row = self.place.row(hit.node)
        shape = row.node.shape if row is not None else ()
        if len(shape) != 2:
            self._session.context.do("inside.select", layer=hit.node, channel=hit.index[0])
            return
        step, channel = divmod(hit.index[0], shape[1])
        self._session.context.do(
            "inside.select", layer=hit.node, channel=channel, row=0, column=step
        )

    def _number(self, row: WallRow | None) -> int:
        """The tile that is looked at, counted in its layer: in sequences there is one for each step and channel."""
        session = self._session
        if row is None or len(row.node.shape) != 2:
            return session.channel
        return session.place[1] * row.node.shape[1] + session.channel

    def _do_page(self, layer: str, page: int) -> None:
        """Show a page of a layer's maps, counted from 0."""
        row = self.place.row(layer)
        if row is None:
            raise CommandError(tr("No layer {name} is shown here.", name=repr(layer)))
        if not 0 <= page < row.pages:
            raise CommandError(
                tr("{layer} has {count} pages, numbered from 0.", layer=layer, count=row.pages)
            )
        self._session.turn_to(layer, page)

    @property
    def _chosen(self) -> Hit | None:
        """The tile that is looked at, if it is on a page that is shown."""
        layer, hits = self._session.layer, self.place.hits
        channel = self._number(self.place.row(layer))
        return hits.get(f"map:{layer}:{channel}") or hits.get(f"unit:{layer}:{channel}")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, session = Qt.Key(event.key()), self._session
        tiles = [hit for hit in self.place.hits.items if hit.kind in ("map", "unit")]
        row, chosen = self.place.row(session.layer), self._chosen
        if not tiles or not (key in ALONG or key in ACROSS or key in PAGES):
            super().keyPressEvent(event)
        elif row is None:
            self._choose(tiles[0])
        elif key in PAGES:
            page = row.first // (MOST_MAPS if row.maps else MOST_UNITS) + PAGES[key]
            if 0 <= page < row.pages:
                session.context.do("inside.page", layer=session.layer, page=page)
        elif key in ALONG:
            number = (self._number(row) + ALONG[key]) % row.count
            self._choose(Hit("", "unit", row.node.layer, (number,), (0.0, 0.0, 0.0, 0.0)))
        elif chosen is not None:
            beside = self.place.beside(chosen, ACROSS[key])
            if beside is not None:
                self._choose(beside)


class WallPanel(QWidget):
    """The wall in a scroll area, with its scale."""

    def __init__(self, session: InsideSession) -> None:
        super().__init__()
        self._session = session
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.area = ScrollPanel(name="inside-wall-scroll", steady=True)
        self.wall = Wall(session)
        self.area.body.addWidget(self.wall)
        column.addWidget(self.area)
        self._beside = QWidget()
        row = QHBoxLayout(self._beside)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(Label(tr("Scale"), "label", "tx2"))
        self.scale = Segmented(
            (("unit", tr("Map")), ("layer", tr("Layer")), ("network", tr("Network"))),
            name="inside-scale", label=tr("Colour scale"),
        )  # fmt: skip
        self.scale.setToolTip(
            tr("What gets the brightest colour: the largest number of each map, layer, or of all")
        )
        self.scale.set_value(str(session.toggles["scale"]))
        self.scale.chosen.connect(
            lambda value: session.context.do("inside.show", name="scale", value=value)
        )
        row.addWidget(self.scale)
        for signal in (session.looked, session.network_changed):
            signal.connect(self._refresh)
        session.chosen.connect(self._on_chosen)
        self._shown: tuple[Any, ...] = (None, None)
        session.context.theme_changed.connect(lambda _: self.wall.update())

    def controls(self) -> QWidget:
        """What stands in the head."""
        return self._beside

    def _refresh(self) -> None:
        self.scale.set_value(str(self._session.toggles["scale"]))
        self.wall.fit()

    def _on_chosen(self) -> None:
        """Follow what is looked at; a window that slides over a map changes nothing here."""
        session = self._session
        now = (session.layer, session.channel, session.toggles["scale"], session.pages)
        if now == self._shown:
            return
        elsewhere = now[:2] != self._shown[:2]
        self._shown = now
        self._refresh()
        if elsewhere:
            self.show_chosen()

    def show_chosen(self) -> None:
        """Turn to the page of the map that is looked at, and scroll to it."""
        session, row = self._session, self.wall.place.row(self._session.layer)
        number = self.wall._number(row)
        if row is not None and not row.first <= number < row.first + row.shown:
            page = number // (MOST_MAPS if row.maps else MOST_UNITS)
            session.turn_to(session.layer, page)
        hit = self.wall._chosen
        if hit is not None and self.isVisible():
            x, y, w, h = hit.rect
            self.area.ensureVisible(round(x + w / 2), round(y + h / 2), 0, round(h / 2 + LINE))


PANEL = InsidePanel(
    "maps", "rows", tr("Feature maps"), tr("What every layer makes of the input"), 10, WallPanel
)
