"""The Build workspace put together."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QTimer, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from app import icons
from app.build import views
from app.build.block import BlockView
from app.build.canvas import Canvas
from app.build.drawer import Drawer
from app.build.inspector import Inspector
from app.build.palette import Palette, kinds_of
from app.commands import kind_title
from app.text import tr
from app.widgets import Button, Header, Label, Panel, Segmented
from app.workspace import WindowContext
from core.layers import registry

_KEY = "build"
#: Milliseconds between two pictures of the tensors while training runs.
_REST = 100
_INSPECTOR = 340
_STUB = 40


class BuildView(QWidget):
    """Palette, canvas, drawer and inspector over one document."""

    def __init__(self, context: WindowContext) -> None:
        super().__init__()
        self.setObjectName("build")
        self._context = context
        self._active = False
        self._compact = 0
        self._subscribed: object = None
        self.palette_panel = Palette()
        self.canvas = Canvas()
        self.drawer = Drawer(context)
        self.inspector = Inspector(context)
        self.inspector.setFixedWidth(_INSPECTOR)
        self._make_layout()
        self._connect()
        self._resting = QTimer(self)
        self._resting.setSingleShot(True)
        self._resting.setInterval(_REST)
        self._resting.timeout.connect(self._show_snapshot)
        self._refresh()

    def _make_layout(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.palette_panel)
        middle = QVBoxLayout()
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(0)
        self._header = Header(tr("Model"))
        self._undo = Button(name="undo-button", kind="tool", icon="undo")
        self._redo = Button(name="redo-button", kind="tool", icon="redo")
        self._wrap = Segmented(
            [("wrap", tr("Wrap")), ("line", tr("Single line"))], name="canvas-layout",
            label=tr("Layout"),
        )  # fmt: skip
        self._templates = Button(tr("Templates"), name="templates-button")
        for widget in (self._undo, self._redo, self._wrap, self._templates):
            self._header.row.addWidget(widget)
        middle.addWidget(self._header)
        middle.addWidget(self.canvas, 1)
        middle.addWidget(self.drawer)
        row.addLayout(middle, 1)
        self._stub = _Stub()
        self._stub.hide()
        row.addWidget(self._stub)
        row.addWidget(self.inspector)
        self._empty = _Empty(self.canvas.viewport())
        self._empty.button.clicked.connect(self._on_templates)

    def _connect(self) -> None:
        context = self._context
        document = context.document
        document.model_changed.connect(self._refresh)
        document.selection_changed.connect(self._on_selection)
        context.engine.snapshot_ready.connect(self._on_snapshot)
        context.theme_changed.connect(self._refresh)
        canvas = self.canvas
        canvas.selected.connect(lambda layer: context.do("select.layer", layer=layer or None))
        canvas.moved.connect(
            lambda layer, index: context.do("layer.move", layer=layer, index=index)
        )
        canvas.removed.connect(self._on_removed)
        canvas.added.connect(lambda kind, index: context.do("layer.add", kind=kind, index=index))
        canvas.plus_clicked.connect(self._on_plus)
        canvas.fix_clicked.connect(lambda layer: context.do("layer.fix", layer=layer))
        canvas.opened.connect(self.show_settings)
        self.palette_panel.chosen.connect(self._on_chosen)
        self._wrap.chosen.connect(lambda value: self.canvas.set_wrap(value == "wrap"))
        self._templates.clicked.connect(self._on_templates)
        self._stub.button.clicked.connect(self._toggle_inspector)
        search = QShortcut(QKeySequence("/"), self)
        search.activated.connect(self.palette_panel.focus_search)

    # Called by the window

    def activate(self) -> None:
        """Ask the engine for pictures while this can be seen."""
        self._active = True
        self._bind_actions()
        self._subscribe()
        self._show_snapshot()

    def deactivate(self) -> None:
        """Ask for nothing while another workspace is in front."""
        self._active = False
        self._subscribed = None
        self._context.engine.unsubscribe(_KEY)

    def set_compact(self, level: int) -> None:
        """Give the canvas the room: the inspector becomes a tab, the drawer its header."""
        if level == self._compact:
            return
        self._compact = level
        self._stub.setVisible(level >= 1)
        self.inspector.setVisible(level < 1)
        self._stub.show_open(level < 1)
        self.drawer.set_folded(level >= 2)

    def status(self) -> list[tuple[str, str]]:
        """Return what the status bar says of this workspace."""
        return [(tr("zoom"), f"{self.canvas.transform().m11():.0%}".replace("%", " %"))]

    # Showing

    @Slot()
    def _refresh(self) -> None:
        document = self._context.document
        count = max(0, len([k for k in document.network.layers if k.kind != "InputLayer"]))
        self._header.subtitle.setText(
            tr("1 layer") if count == 1 else tr("{count} layers", count=count)
        )
        self.canvas.show_blocks(self._views(), document.selection)
        empty = not document.network.layers
        self._empty.setVisible(empty)
        self._place_empty()
        if self._active:
            self._subscribe()

    def _views(self) -> tuple[BlockView, ...]:
        snapshot = self._context.engine.latest if self._context.attached else None
        return views.block_views(self._context.document, snapshot)

    def _subscribe(self) -> None:
        wanted = (*views.probes(self._context.document), *self.inspector.probes())
        if wanted != self._subscribed:
            self._subscribed = wanted
            self._context.engine.subscribe(_KEY, wanted)

    @Slot()
    def _on_selection(self) -> None:
        layer = self._context.document.selection
        self.canvas.show_selection(layer)
        if layer is not None:
            self.canvas.reveal(layer)
        if self._active:
            self._subscribe()

    @Slot()
    def _on_snapshot(self) -> None:
        if self._active and not self._resting.isActive():
            self._resting.start()

    @Slot()
    def _show_snapshot(self) -> None:
        if not self._active or not self._context.attached:
            return
        self.canvas.show_glyphs(self._views())
        self.inspector.show_snapshot(self._context.engine.latest)

    def _place_empty(self) -> None:
        view = self.canvas.viewport()
        self._empty.adjustSize()
        self._empty.move(
            (view.width() - self._empty.width()) // 2, (view.height() - self._empty.height()) // 2
        )

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        QTimer.singleShot(0, self, self._place_empty)

    # Doing

    def _bind_actions(self) -> None:
        actions = getattr(self.window(), "actions_by_name", None)
        if actions is not None and not self._undo.property("bound"):
            self._undo.bind(actions["edit-undo"])
            self._redo.bind(actions["edit-redo"])
            self._undo.setProperty("bound", True)

    def _on_chosen(self, kind: str) -> None:
        document = self._context.document
        order = [layer.id for layer in document.network.layers]
        selected = document.selection
        index = order.index(selected) + 1 if selected in order else len(order)
        if registry.kind(kind).__name__ == "InputLayer":
            index = 0
        self._context.do("layer.add", kind=kind, index=index)

    def _on_removed(self, layer: str) -> None:
        self._context.do("layer.remove", layer=layer)
        selection = self._context.document.selection
        if selection is not None:
            self.canvas.focus_layer(selection)

    def show_settings(self, layer: str) -> None:
        """Select a layer and bring the keyboard to its settings, unfolding them in a narrow window."""
        self._context.do("select.layer", layer=layer)
        if self.inspector.isHidden():
            self._toggle_inspector()
        self.inspector.focus_form()

    def _on_plus(self, index: int, point: QPoint) -> None:
        menu = QMenu(self)
        menu.setObjectName("insert-menu")
        colors = self._context.theme
        for family in registry.FAMILIES:
            kinds = kinds_of(family)
            if not kinds:
                continue
            if menu.actions():
                menu.addSeparator()
            for kind in kinds:
                action = menu.addAction(
                    icons.icon(kind.icon, colors.tx2), kind_title(kind.__name__)
                )
                action.setObjectName(f"insert-{kind.__name__}")
                action.triggered.connect(
                    lambda _=False, k=kind.__name__: self._context.do(
                        "layer.add", kind=k, index=index
                    )
                )
        menu.popup(point)

    def _on_templates(self) -> None:
        actions = getattr(self.window(), "actions_by_name", None)
        if actions is not None:
            actions["project-new"].trigger()

    def _toggle_inspector(self) -> None:
        opened = self.inspector.isHidden()
        self.inspector.setVisible(opened)
        self._stub.show_open(opened)


class _Stub(Panel):
    """The 40 px tab the inspector leaves behind in a narrow window."""

    def __init__(self) -> None:
        super().__init__(edges="l")
        self.setFixedWidth(_STUB)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        self.button = Button(name="inspector-tab", kind="tool", icon="adjustments")
        self.button.setAccessibleName(tr("Settings of the layer"))
        self.button.setToolTip(tr("Show the settings of the layer"))
        column.addWidget(self.button)
        column.addStretch(1)

    def show_open(self, opened: bool) -> None:
        """Say what a click does."""
        words = (
            tr("Hide the settings of the layer") if opened else tr("Show the settings of the layer")
        )
        self.button.setToolTip(words)


class _Empty(QWidget):
    """What an empty canvas says."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setSpacing(12)
        column.addWidget(
            Label(tr("No model yet. Start from a template, or drag a layer here."), "body", "tx2")
        )
        self.button = Button(tr("Start from a template"), name="empty-templates", kind="primary")
        holder = QHBoxLayout()
        holder.addStretch(1)
        holder.addWidget(self.button)
        holder.addStretch(1)
        column.addLayout(holder)
        self.hide()
