"""The network of the Step view: paints the scene, knows what is under the mouse, walks with the keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QRegion
from PySide6.QtWidgets import QToolTip

from app import theme as themes
from app.scenes.formula_expressions import format_number
from app.scenes.step import SCENE
from app.scenes.step_values import parse_cell
from app.step.painted import Kept
from app.step.picture import Picture
from app.text import tr
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent

    from app.scenes.frame import ViewState
    from app.scenes.step_places import StepLayout
    from app.scenes.step_seen import Seen
    from app.snapshots import NetworkView
    from app.step.session import StepSession


class StepStage(Picture):
    """The step scene with mouse and keyboard.

    Signals
    -------
    cell_chosen(str, object)
        Tensor and index of the number that was clicked.
    """

    cell_chosen = Signal(str, object)

    def __init__(self, session: StepSession, *, name: str = "step-stage") -> None:
        super().__init__(session, name, tr("Network"))
        #: What is painted, what it was gathered from, and whether marks of a what-if copy are on it.
        self._seen: Seen | None = None
        self._known: tuple[Any, ...] | None = None
        self._marked = False
        self._kept = Kept(self)
        self._placed: tuple[NetworkView, tuple[int, int], ViewState, StepLayout] | None = None
        session.changed.connect(self._on_changed)

    @property
    def place(self) -> StepLayout:
        """The layout painted now."""
        network, size, view = (
            self._session.network,
            (self.width(), self.height()),
            self._session.view,
        )
        known = self._placed
        if known is None or known[0] is not network or known[1:3] != (size, view):
            known = self._placed = (network, size, view, SCENE.layout(network, size, view))
        return known[3]

    def _on_changed(self) -> None:
        cell = self._session.cell
        if cell is not None:
            value = self._session.reader.value(*cell)
            self.setAccessibleDescription(
                tr("selected {cell}, value {value}", cell=cell[0], value="…" if value is None else format_number(value))
            )  # fmt: skip
        if not self.isVisible() or not self._session.network.nodes:
            self.update()
            return
        self._kept.spoil(self._look())

    # -- events

    def _identify(self, x: float, y: float) -> str:
        hit = self.place.hits.at(x, y)
        return hit.id if hit is not None else ""

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        identifier = self._identify(at.x(), at.y())
        self._session.set_hover(identifier)
        hit = self.place.hits.get(identifier)
        choosable = parse_cell(identifier) is not None or identifier.startswith("tensor:")
        self.setCursor(
            Qt.CursorShape.PointingHandCursor if choosable else Qt.CursorShape.ArrowCursor
        )
        if choosable and hit is not None:
            lines = SCENE.describe(self.place, hit, self._session.frame())
            QToolTip.showText(event.globalPosition().toPoint(), lines[0], self)
        else:
            QToolTip.hideText()

    def leaveEvent(self, event: object) -> None:
        self._session.set_hover("")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.choose(self._identify(event.position().x(), event.position().y()))

    def choose(self, identifier: str) -> None:
        """Select what a hit stands for: a number, or the first number of a tensor."""
        cell = parse_cell(identifier)
        if cell is None and identifier.startswith("tensor:"):
            name = identifier.removeprefix("tensor:")
            info = self._session.reader.info(name)
            cell = (name, (0,) * len(info.shape) if info is not None else ())
        if cell is not None:
            self.cell_chosen.emit(cell[0], cell[1])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {
            Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1, Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1,
        }  # fmt: skip
        step = moves.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        cells = [hit.id for hit in self.place.hits.items if hit.kind in ("cell", "tensor")]
        if not cells:
            return
        current = self._session.frame().selection.node
        index = cells.index(current) + step if current in cells else 0
        self.choose(cells[index % len(cells)])

    # -- painting

    def _look(self) -> QRegion:
        """See what is to be shown now; return where the picture is another one than what was seen last."""
        session, place, colors = self._session, self.place, themes.current()
        frame = session.frame()
        whatif = frame.snapshot.whatif if frame.snapshot is not None else None
        key = (
            frame.snapshot, place, colors, frame.selection.node, frame.selection.hover, frame.toggles,
        )  # fmt: skip
        known, before = self._known, self._seen
        same = known is not None and known[1] is place and known[2] is colors
        if known is not None and same and known[0] is key[0] and known[3:] == key[3:]:
            return QRegion()
        self._known = key
        self._seen = SCENE.see(place, colors, frame)
        marks, self._marked = self._marked, whatif is not None and bool(whatif.edits)
        if not same or before is None or marks or self._marked:
            return QRegion(self.rect())
        return SCENE.changed(place, before, self._seen)

    def _paint(self, painter: QPainter, region: QRegion) -> None:
        assert self._seen is not None
        place, colors = self.place, themes.current()
        SCENE.paint_seen(painter, place, colors, self._seen, region)
        if self._marked:
            SCENE.mark(painter, place, colors, self._session.frame())

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if not self._session.network.nodes:
            colors = themes.current()
            painter.fillRect(self.rect(), colors.bg0)
            self.say(painter, colors, tr("No model yet. Start from a template."))
            return
        self._kept.spoil(self._look())
        self._kept.show(painter, event.region(), themes.current().bg0, self._paint)
