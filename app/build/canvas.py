"""The canvas: blocks in the order data flows, moved and inserted by mouse and keyboard."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGraphicsScene, QGraphicsView, QWidget

from app.build import ground
from app.build.block import Block, BlockView
from app.build.handle import Handle
from app.build.layout import Layout
from app.build.views import accessible_text
from app.build.wires import Plus, Slot, Wire, pluses, wires

#: What the palette puts into a drag.
MIME = "application/x-chainrule-layer"

_DRAG_DISTANCE = 6
_NEVER = Qt.ScrollBarPolicy.ScrollBarAlwaysOff
_NEEDED = Qt.ScrollBarPolicy.ScrollBarAsNeeded
_ZOOM = (0.4, 2.5)


class Canvas(QGraphicsView):
    """Shows blocks and announces what the learner wants; it changes nothing itself.

    Signals
    -------
    selected(str)
        A layer was chosen.
    moved(str, int)
        A layer is to go to that place, counted without it.
    removed(str)
        A layer is to go.
    added(str, int)
        A layer of that kind is to be inserted at that place.
    plus_clicked(int, QPoint)
        Ask what to insert at that place; the point is global.
    fix_clicked(str)
        The repair of a layer's problem is wanted.
    opened(str)
        Enter or a double click: show the layer's settings.
    zoomed(float)
        The scale.
    """

    selected = Signal(str)
    moved = Signal(str, int)
    removed = Signal(str)
    added = Signal(str, int)
    plus_clicked = Signal(int, QPoint)
    fix_clicked = Signal(str)
    opened = Signal(str)
    zoomed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvas")
        # A scene without an owner dies at a moment of Python's choosing.
        self._scene = QGraphicsScene(self)
        self._scene.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self.setScene(self._scene)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.MinimalViewportUpdate)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)
        self._wrap = True
        self._views: tuple[BlockView, ...] = ()
        self._blocks: list[Block] = []
        self._handles: dict[str, Handle] = {}
        self._wires: list[Wire] = []
        self._pluses: list[Plus] = []
        self._layout = Layout.wrapped(0, 844)
        self._selection: str | None = None
        self._slot = Slot()
        self._slot.setVisible(False)
        self._scene.addItem(self._slot)
        self._pressed: Block | None = None
        self._press_point = QPointF()
        self._dragged: Block | None = None
        self._grip = QPointF()
        self._drop_index: int | None = None

    # What is shown

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks in the order data flows."""
        return tuple(self._blocks)

    @property
    def drop_index(self) -> int | None:
        """Place under what is being dragged, or None."""
        return self._drop_index

    def show_blocks(self, views: tuple[BlockView, ...], selection: str | None) -> None:
        """Show these layers; blocks of layers that stay are kept."""
        known = {block.layer: block for block in self._blocks}
        blocks = []
        for view in views:
            block = known.pop(view.layer, None)
            if block is None:
                block = Block(view)
                self._scene.addItem(block)
            else:
                block.show_view(view)
            blocks.append(block)
        for block in known.values():
            self._scene.removeItem(block)
            block.deleteLater()
        same = [block.layer for block in self._blocks] == [view.layer for view in views]
        broken = [bool(v.problem) and v.shape == "—" for v in views] != [
            bool(v.problem) and v.shape == "—" for v in self._views
        ]
        self._blocks, self._views = blocks, views
        self._update_handles()
        self.show_selection(selection)
        if not same or broken:
            self._arrange()

    def show_glyphs(self, views: tuple[BlockView, ...]) -> None:
        """Show newer numbers in the same blocks."""
        if [view.layer for view in views] == [block.layer for block in self._blocks]:
            self._views = views
            for block, view in zip(self._blocks, views):
                block.show_view(view)

    def show_selection(self, layer: str | None) -> None:
        """Mark the selected block."""
        self._selection = layer
        for block in self._blocks:
            block.set_selected(block.layer == layer)

    def set_wrap(self, wrap: bool) -> None:
        """Lay the blocks out in rows, or in a single line."""
        if wrap != self._wrap:
            self._wrap = wrap
            self._arrange()

    @property
    def wrap(self) -> bool:
        """Whether the blocks are in rows."""
        return self._wrap

    def reveal(self, layer: str) -> None:
        """Scroll until a block can be seen."""
        for block in self._blocks:
            if block.layer == layer:
                self.ensureVisible(block.sceneBoundingRect(), 24, 24)

    def focus_layer(self, layer: str) -> None:
        """Give the keyboard to a block."""
        handle = self._handles.get(layer)
        if handle is not None:
            handle.setFocus(Qt.FocusReason.TabFocusReason)

    def handle(self, layer: str) -> Handle | None:
        """Return the widget that stands for a block."""
        return self._handles.get(layer)

    def block_center(self, layer: str) -> QPoint:
        """Return where a block is in the viewport."""
        for block in self._blocks:
            if block.layer == layer:
                return self.mapFromScene(block.sceneBoundingRect().center())
        raise KeyError(layer)

    def fix_center(self, layer: str) -> QPoint:
        """Return where the button of a block's repair is in the viewport."""
        for block in self._blocks:
            if block.layer == layer and not block.fix_rect().isEmpty():
                return self.mapFromScene(block.mapToScene(block.fix_rect().center()))
        raise KeyError(layer)

    def plus_center(self, index: int) -> QPoint:
        """Return where the plus of a place is in the viewport."""
        return self.mapFromScene(self._layout.plus(index))

    # Layout

    def _arrange(self, opened_at: int | None = None) -> None:
        """Put everything in its place, leaving one free where something may be dropped."""
        moving = self._dragged
        resting = [block for block in self._blocks if block is not moving]
        count = len(resting) + (1 if opened_at is not None else 0)
        self.setHorizontalScrollBarPolicy(_NEVER if self._wrap else _NEEDED)
        width = self.viewport().width() / self.transform().m11()
        self._layout = Layout.wrapped(count, width) if self._wrap else Layout.single(count)
        for place, block in enumerate(resting):
            shifted = place + 1 if opened_at is not None and place >= opened_at else place
            block.setPos(self._layout.corner(shifted))
        self._slot.setVisible(opened_at is not None)
        if opened_at is not None:
            self._slot.setPos(self._layout.corner(opened_at))
        self._draw_wires(resting, opened_at)
        size = self._layout.size()
        self._scene.setSceneRect(size)
        self._place_handles()

    def _draw_wires(self, blocks: list[Block], opened_at: int | None) -> None:
        for item in (*self._wires, *self._pluses):
            self._scene.removeItem(item)
        order: list[Block | None] = list(blocks)
        if opened_at is not None:
            order.insert(opened_at, None)
        works = [block is None or not _skipped(block.view) for block in order]
        self._wires = wires(self._layout, works)
        # Before the first layer there is nothing to insert: data enters there.
        self._pluses = pluses(self._layout) if opened_at is None else []
        for item in (*self._wires, *self._pluses):
            self._scene.addItem(item)

    def _update_handles(self) -> None:
        wanted = [view.layer for view in self._views]
        for layer in [key for key in self._handles if key not in wanted]:
            self._handles.pop(layer).deleteLater()
        previous: QWidget | None = None
        for view in self._views:
            handle = self._handles.get(view.layer)
            if handle is None:
                handle = Handle(self, view.layer)
                self._handles[view.layer] = handle
            handle.setAccessibleName(accessible_text(view))
            if previous is not None:
                QWidget.setTabOrder(previous, handle)
            previous = handle
        self._place_handles()

    def _place_handles(self) -> None:
        for block in self._blocks:
            handle = self._handles.get(block.layer)
            if handle is not None:
                box = block.mapToScene(QRectF(0, 0, 144, 208)).boundingRect()
                handle.setGeometry(self.mapFromScene(box).boundingRect().adjusted(0, 0, -1, -1))

    def handle_focused(self, handle: Handle) -> None:
        """Select the block the keyboard came to."""
        self.reveal(handle.layer)
        self._place_handles()
        if handle.layer != self._selection:
            self.selected.emit(handle.layer)

    # Keyboard

    def handle_key(self, layer: str, event: QKeyEvent) -> bool:
        """Carry out a key pressed on a block; return whether it meant something."""
        order = [view.layer for view in self._views]
        if layer not in order:
            return False
        place = order.index(layer)
        key = event.key()
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        step = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -self._layout.columns,
            Qt.Key.Key_Down: self._layout.columns,
        }.get(Qt.Key(key), 0)
        if key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit(layer)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit(layer)
        elif key == Qt.Key.Key_Home:
            self.focus_layer(order[0])
        elif key == Qt.Key.Key_End:
            self.focus_layer(order[-1])
        elif step and control:
            self.moved.emit(layer, max(0, min(len(order) - 1, place + step)))
            self.focus_layer(layer)
        elif step and 0 <= place + step < len(order):
            self.focus_layer(order[place + step])
        elif step:
            return True
        elif key == Qt.Key.Key_Insert:
            point = self.viewport().mapToGlobal(self.plus_center(place + 1))
            self.plus_clicked.emit(place + 1, point)
        else:
            return False
        return True

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        point = event.position().toPoint()
        plus = self._plus_at(point)
        if plus is not None:
            self.plus_clicked.emit(plus.index, self.viewport().mapToGlobal(point))
            return
        block = self._block_at(point)
        if block is None:
            self.selected.emit("")
            return
        if block.fix_rect().contains(block.mapFromScene(self.mapToScene(point))):
            self.fix_clicked.emit(block.layer)
            return
        self._pressed = block
        self._press_point = event.position()
        self.selected.emit(block.layer)
        handle = self._handles.get(block.layer)
        if handle is not None:
            handle.setFocus(Qt.FocusReason.MouseFocusReason)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        if self._dragged is not None:
            self._drag_to(event.position())
        elif self._pressed is not None:
            if (event.position() - self._press_point).manhattanLength() >= _DRAG_DISTANCE:
                self._lift(self._pressed)
                self._drag_to(event.position())
        else:
            self._hover(point)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed = None
        if self._dragged is not None:
            self._drop()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        block = self._block_at(event.position().toPoint())
        if block is not None:
            self.opened.emit(block.layer)

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(QPoint(-100, -100))
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._dragged is not None:
            self._end_drag()
            return
        event.ignore()

    def _hover(self, point: QPoint) -> None:
        plus = self._plus_at(point)
        for item in self._pluses:
            item.set_hovered(item is plus)
        over = self._block_at(point) if plus is None else None
        inside = self.mapToScene(point)
        hand = plus is not None
        for block in self._blocks:
            over_fix = block is over and block.fix_rect().contains(block.mapFromScene(inside))
            block.set_hovered(block is over, over_fix)
            hand = hand or over_fix
        shape = Qt.CursorShape.PointingHandCursor if hand else Qt.CursorShape.ArrowCursor
        self.viewport().setCursor(shape)

    def _block_at(self, point: QPoint) -> Block | None:
        inside = self.mapToScene(point)
        for block in self._blocks:
            if QRectF(block.pos(), QRectF(0, 0, 144, 208).size()).contains(inside):
                return block
        return None

    def _plus_at(self, point: QPoint) -> Plus | None:
        inside = self.mapToScene(point)
        for plus in self._pluses:
            away = inside - plus.pos()
            if abs(away.x()) <= 12 and abs(away.y()) <= 24:
                return plus
        return None

    # Dragging a block

    def _lift(self, block: Block) -> None:
        self._dragged = block
        self._pressed = None
        self._grip = block.mapFromScene(self.mapToScene(self._press_point.toPoint()))
        block.lifted = True
        block.setZValue(5)

    def _drag_to(self, point: QPointF) -> None:
        assert self._dragged is not None
        inside = self.mapToScene(point.toPoint())
        self._dragged.setPos(inside - self._grip)
        index = min(len(self._blocks) - 1, self._layout.place(inside))
        if index != self._drop_index:
            self._drop_index = index
            self._arrange(index)

    def _drop(self) -> None:
        block, index = self._dragged, self._drop_index
        assert block is not None
        before = self._blocks.index(block)
        self._end_drag()
        if index is not None and index != before:
            self.moved.emit(block.layer, index)

    def _end_drag(self) -> None:
        if self._dragged is not None:
            self._dragged.lifted = False
            self._dragged.setZValue(0)
        self._dragged = None
        self._drop_index = None
        self._arrange()

    # Dragging from the palette

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(MIME):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if not event.mimeData().hasFormat(MIME):
            return
        event.acceptProposedAction()
        index = min(
            len(self._blocks), self._layout.place(self.mapToScene(event.position().toPoint()))
        )
        if index != self._drop_index:
            self._drop_index = index
            self._arrange(index)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop_index = None
        self._arrange()

    def dropEvent(self, event: QDropEvent) -> None:
        kind = bytes(event.mimeData().data(MIME).data()).decode()
        index = self._drop_index
        self._drop_index = None
        self._arrange()
        event.acceptProposedAction()
        if kind:
            self.added.emit(kind, len(self._blocks) if index is None else index)

    # View

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            factor = 1.1 if event.angleDelta().y() > 0 else 1 / 1.1
            self.set_zoom(self.transform().m11() * factor)
            event.accept()
            return
        super().wheelEvent(event)

    def set_zoom(self, scale: float) -> None:
        """Show everything larger or smaller; near 100 % it snaps to it."""
        scale = max(_ZOOM[0], min(_ZOOM[1], scale))
        scale = 1.0 if abs(scale - 1) < 0.04 else scale
        self.resetTransform()
        self.scale(scale, scale)
        self._arrange()
        self.zoomed.emit(scale)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        self._place_handles()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.viewport().update()

    def drawBackground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        ground.paint(painter, rect, self.devicePixelRatioF())

    def sizeHint(self) -> QSize:
        return QSize(844, 536)


def _skipped(view: BlockView) -> bool:
    return bool(view.problem) and view.shape == "—"
