"""A widget that shows one scene: it owns a layout and the newest frame, and knows what lies under the mouse."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.scenes import registry
from app.scenes.frame import Frame, Selection, ViewState
from app.widgets.focus import focus_entered, focus_left
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from app.scenes.hits import Hit
    from app.snapshots import NetworkView, Probe


class SceneView(QWidget):
    """Shows a scene; all of its state is what to show, never how.

    Parameters
    ----------
    scene
        Name in the registry.
    name
        Object name.
    label
        Accessible name.
    walkable
        Arrow keys go from item to item and Enter chooses; otherwise the view takes no focus.

    Signals
    -------
    chosen(Hit)
        Clicked, or Enter on the item the keyboard is at.
    pressed_at(x, y), dragged_to(x, y), released()
        Mouse with the left button, for scrubbing.
    laid_out()
        Size, network or view state changed: probes may differ.
    """

    chosen = Signal(object)
    pressed_at = Signal(float, float)
    dragged_to = Signal(float, float)
    released = Signal()
    laid_out = Signal()
    focus_radius = 4

    def __init__(
        self,
        scene: str,
        *,
        name: str,
        label: str,
        walkable: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(label)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if walkable else Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._scene_name = scene
        self._spec: NetworkView | None = None
        self._view = ViewState()
        self._frame = Frame()
        self._notice = ""
        self._hint = QSize(320, 144)
        self._shown: Any = None

    # What to show

    @property
    def scene(self) -> Any:
        """The scene shown."""
        return registry.scene(self._scene_name)

    @property
    def scene_name(self) -> str:
        """Name of the scene shown."""
        return self._scene_name

    @property
    def frame(self) -> Frame:
        """What was given to show last, with what the mouse points at."""
        return self._frame

    @property
    def place(self) -> Any:
        """The layout at the present size; None before there is a network."""
        if self._spec is None or self.width() < 2 or self.height() < 2:
            return None
        return self.scene.layout(
            self._spec, (float(self.width()), float(self.height())), self._view
        )

    def show_scene(self, name: str) -> None:
        """Switch to another scene."""
        if name != self._scene_name:
            self._scene_name = name
            self._point_at("")
            self._changed()

    def set_spec(self, spec: NetworkView) -> None:
        """Show another network."""
        if spec != self._spec:
            self._spec = spec
            self._point_at("")
            self._changed()

    def set_view(self, view: ViewState) -> None:
        """Switch options or pages."""
        if view != self._view:
            self._view = view
            self._changed()

    @property
    def view(self) -> ViewState:
        """Options and pages."""
        return self._view

    def set_frame(self, frame: Frame) -> None:
        """Show a moment; what the mouse points at stays."""
        selection = replace(frame.selection, hover=self._frame.selection.hover)
        self._frame = replace(frame, selection=selection)
        self.update()

    def show_notice(self, sentence: str) -> None:
        """Write a sentence over the drawing: why there is nothing in it."""
        if sentence != self._notice:
            self._notice = sentence
            self.setAccessibleDescription(sentence)
            self.update()

    def probes(self) -> tuple[Probe, ...]:
        """Return the tensors this view needs."""
        place = self.place
        if place is None or self._spec is None or not self.isVisibleTo(self.window()):
            return ()
        return tuple(self.scene.probes(self._spec, place, self._frame))

    def turn_page(self, node: str, step: int) -> None:
        """Show the next or previous page of a layer."""
        pages = dict(self._view.pages)
        pages[node] = max(0, pages.get(node, 0) + step)
        self.set_view(replace(self._view, pages=tuple(sorted(pages.items()))))

    def set_hint(self, width: int, height: int) -> None:
        """Choose the preferred size."""
        self._hint = QSize(width, height)
        self.updateGeometry()

    # Qt

    def sizeHint(self) -> QSize:
        return self._hint

    def minimumSizeHint(self) -> QSize:
        return QSize(80, min(60, self._hint.height()))

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            place = self.place
            if place is None:
                painter.fillRect(self.rect(), theme.current().bg0)
            else:
                self.scene.paint(painter, place, theme.current(), self._frame)
            if self._notice:
                self._paint_notice(painter)
        finally:
            painter.end()

    def _paint_notice(self, painter: QPainter) -> None:
        colors = theme.current()
        painter.resetTransform()
        painter.setOpacity(1.0)
        painter.setFont(theme.font("body"))
        flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
        wide = min(420, self.width() - 64)
        room = QRect((self.width() - wide) // 2, 0, wide, self.height())
        text = painter.boundingRect(room, flags, self._notice)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(colors.line)
        painter.setBrush(colors.bg1)
        painter.drawRoundedRect(text.adjusted(-16, -12, 16, 12), 6, 6)
        painter.setPen(colors.tx)
        painter.drawText(room, flags, self._notice)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.laid_out.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x, y = event.position().x(), event.position().y()
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.dragged_to.emit(x, y)
            return
        hit = self.hit_at(x, y)
        self._point_at(
            hit.id if hit is not None and hit.kind not in ("layer", "chart", "plane") else ""
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        x, y = event.position().x(), event.position().y()
        self.pressed_at.emit(x, y)
        hit = self.hit_at(x, y)
        if hit is not None:
            self._choose(hit)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.released.emit()

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at("")

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        focus_entered(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        focus_left(self)
        self._point_at("")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Up: -1,
        }.get(Qt.Key(event.key()), 0)
        place = self.place
        if place is None or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
        elif step:
            hit = place.hits.next(self._frame.selection.hover, step)
            for _ in range(len(place.hits.items)):
                if hit is None or hit.kind != "layer":
                    break
                hit = place.hits.next(hit.id, step)
            if hit is not None:
                self._point_at(hit.id)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            hit = place.hits.get(self._frame.selection.hover)
            if hit is not None:
                self._choose(hit)
        else:
            super().keyPressEvent(event)

    # Inside

    def hit_at(self, x: float, y: float) -> Hit | None:
        """Return what was painted at a point: an item, else the nearest edge."""
        place = self.place
        if place is None:
            return None
        hit = place.hits.at(x, y)
        edge_at = getattr(place, "edge_at", None)
        if edge_at is not None and (hit is None or hit.kind == "layer"):
            return edge_at(x, y) or hit
        return hit

    def _choose(self, hit: Hit) -> None:
        if hit.kind == "page":
            self.turn_page(hit.node, hit.index[0])
        else:
            self.chosen.emit(hit)

    def _point_at(self, identifier: str) -> None:
        if identifier == self._frame.selection.hover:
            return
        chosen = self._frame.selection
        self._frame = replace(
            self._frame, selection=Selection(chosen.node, identifier, chosen.sample)
        )
        place = self.place
        hit = place.hits.get(identifier) if place is not None and identifier else None
        words = self.scene.describe(place, hit, self._frame) if hit is not None else ()
        self.setAccessibleDescription(", ".join(words).replace("\t", " "))
        if words and self.hasFocus():
            QAccessible.updateAccessibility(
                QAccessibleEvent(self, QAccessible.Event.DescriptionChanged)
            )
        self.update()

    def _changed(self) -> None:
        self.laid_out.emit()
        self.update()
