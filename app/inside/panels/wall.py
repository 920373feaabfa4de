"""The feature maps of every layer, as a wall of pictures; a click looks at one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolTip, QVBoxLayout, QWidget

from app import theme
from app.inside.panels import InsidePanel
from app.scenes import draw
from app.scenes.formula_expressions import format_number
from app.scenes.wall import WallLayout, paint_wall, place_wall
from app.text import tr
from app.widgets import Label, ScrollPanel, Segmented
from app.widgets.focus import focus_entered, focus_left
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent

    from app.inside.session import InsideSession
    from app.scenes.hits import Hit

_MOVES = {
    Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1, Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1,
    Qt.Key.Key_BracketRight: 1, Qt.Key.Key_BracketLeft: -1,
}  # fmt: skip


class Wall(QWidget):
    """The pictures; as high as they need."""

    focus_radius = 4

    def __init__(self, session: InsideSession) -> None:
        super().__init__()
        self.setObjectName("inside-wall")
        self.setAccessibleName(tr("Feature maps"))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self._session = session
        self._pages: dict[str, int] = {}
        self._hover = ""

    @property
    def place(self) -> WallLayout:
        """Where everything stands."""
        size = (float(max(self.width(), 200)), 0.0)
        return place_wall(self._session.network, size, tuple(sorted(self._pages.items())))

    def refresh(self) -> None:
        """Paint anew; as high as is needed now."""
        needed = round(self.place.height)
        if self.minimumHeight() != needed:
            self.setMinimumHeight(needed)
        self.update()

    def resizeEvent(self, event: object) -> None:
        self.refresh()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            colors, session = theme.current(), self._session
            painter.fillRect(event.rect(), colors.bg0)
            draw.prepare(painter, (self.width(), self.height()))
            seen = (float(event.rect().top()), float(event.rect().bottom()))
            look = session.look
            paint_wall(
                painter, self.place, colors, look.layers if look is not None else {},
                scale=str(session.toggles["scale"]), chosen=(session.layer, session.channel),
                hover=self._hover, visible=seen,
            )  # fmt: skip
        finally:
            painter.end()

    # -- choosing

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        hit = self.place.hits.at(at.x(), at.y())
        self._point_at(hit if hit is not None and hit.kind != "layer" else None)
        if hit is not None:
            QToolTip.showText(
                event.globalPosition().toPoint(),
                "\n".join(self.describe(hit, at.x(), at.y())),
                self,
            )

    def _point_at(self, hit: Hit | None) -> None:
        name = hit.id if hit is not None else ""
        if name != self._hover:
            self._hover = name
            self.setCursor(
                Qt.CursorShape.PointingHandCursor if hit is not None else Qt.CursorShape.ArrowCursor
            )
            self.update()

    def describe(self, hit: Hit, x: float = -1, y: float = -1) -> tuple[str, ...]:
        """What is under the mouse: the layer, the map, the number there."""
        row, look = self.place.row(hit.node), self._session.look
        if row is None:
            return ()
        if hit.kind == "page":
            return (tr("Further maps"),)
        if not hit.index:
            return (row.node.title,)
        number = hit.index[0]
        what = (
            tr("map {number}", number=number + 1)
            if row.maps
            else tr("unit {number}", number=number + 1)
        )
        lines = [f"{row.node.title}, {what}"]
        array = look.layers.get(hit.node) if look is not None else None
        if array is None:
            return tuple(lines)
        if row.maps and array.ndim == 3 and number < array.shape[-1]:
            one = array[..., number]
            lines.append(tr("largest {value}", value=format_number(float(np.nanmax(one)), 4)))
            left, top, w, h = hit.rect
            if left <= x < left + w and top <= y < top + h:
                r, c = int((y - top) / h * one.shape[0]), int((x - left) / w * one.shape[1])
                lines.append(
                    tr(
                        "row {row}, column {column}: {value}",
                        row=r,
                        column=c,
                        value=format_number(float(one[r, c]), 4),
                    )
                )
        elif number < array.size:
            lines.append(format_number(float(array.reshape(-1)[number]), 4))
        return tuple(lines)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        hit = self.place.hits.at(at.x(), at.y())
        if event.button() != Qt.MouseButton.LeftButton or hit is None:
            return
        if hit.kind == "page":
            row = self.place.row(hit.node)
            assert row is not None
            page = self._pages.get(hit.node, 0) + 1
            self._pages[hit.node] = page if row.first + row.shown < row.count else 0
            self.refresh()
        elif hit.kind == "map":
            self._choose(hit)

    def _choose(self, hit: Hit) -> None:
        self._session.context.do("inside.select", layer=hit.node, channel=hit.index[0])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = _MOVES.get(Qt.Key(event.key()))
        maps = [hit for hit in self.place.hits.items if hit.kind == "map"]
        if step is None or not maps:
            super().keyPressEvent(event)
            return
        chosen = f"map:{self._session.layer}:{self._session.channel}"
        ids = [hit.id for hit in maps]
        at = ids.index(chosen) + step if chosen in ids else 0
        self._choose(maps[at % len(maps)])

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at(None)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        focus_entered(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        focus_left(self)


class WallPanel(QWidget):
    """The wall in a scroll area, with its scale."""

    def __init__(self, session: InsideSession) -> None:
        super().__init__()
        self._session = session
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.area = ScrollPanel(name="inside-wall-scroll")
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
        for signal in (session.looked, session.chosen, session.network_changed):
            signal.connect(self._refresh)
        session.context.theme_changed.connect(lambda _: self.wall.update())

    def controls(self) -> QWidget:
        """What stands in the head."""
        return self._beside

    def _refresh(self) -> None:
        self.scale.set_value(str(self._session.toggles["scale"]))
        self.wall.refresh()

    def show_chosen(self) -> None:
        """Scroll to the map that is looked at."""
        hit = self.wall.place.hits.get(f"map:{self._session.layer}:{self._session.channel}")
        if hit is not None:
            x, y, w, h = hit.rect
            center = QPoint(round(x + w / 2), round(y + h / 2))
            self.area.ensureVisible(center.x(), center.y(), 0, round(h))


PANEL = InsidePanel(
    "maps", "rows", tr("Feature maps"), tr("What every layer makes of the input"), 10, WallPanel
)
