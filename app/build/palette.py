"""The list of layers to choose from: search, families, drag onto the canvas."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QMimeData, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QDrag,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
)
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app import icons, theme
from app.build.canvas import MIME
from app.commands import kind_title
from app.text import tr
from app.widgets import Control, Header, Key, Label, Panel, ScrollPanel
from app.widgets.focus import focus_entered, focus_left
from app.widgets.guarded import guarded
from core.layers import Layer, registry

# What a lesson on networks begins with comes first; kinds that are not named follow.
_FIRST = ("InputLayer", "Dense", "Activation", "Dropout", "Flatten", "Conv2D", "MaxPooling2D")


def kinds_of(family: str) -> list[type[Layer]]:
    """Return the kinds of a family in the order of the palette."""
    kinds = [kind for kind in registry.kinds() if kind.family == family]
    place = {name: k for k, name in enumerate(_FIRST)}
    return sorted(kinds, key=lambda kind: place.get(kind.__name__, len(_FIRST)))


class PaletteItem(Control):
    """One kind of layer: double click or Enter adds it, dragging carries it to its place.

    Signals
    -------
    chosen(str)
        Add a layer of this kind.
    picked()
        A click that did nothing yet: say what would.
    """

    chosen = Signal(str)
    picked = Signal()
    focus_radius = 4

    def __init__(self, kind: str, icon: str, summary: str) -> None:
        super().__init__()
        self.kind = kind
        self._title = kind_title(kind)
        self._icon = icon
        self.setObjectName(f"palette-{kind}")
        self.setAccessibleName(self._title)
        self.setAccessibleDescription(summary)
        self.setToolTip(tr("{summary} Double-click to add, or drag it.", summary=summary))
        self.setFixedHeight(26)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._press: QPoint | None = None
        self._marked = False

    @property
    def title(self) -> str:
        """Name of the kind."""
        return self._title

    def set_marked(self, marked: bool) -> None:
        """Show that Enter in the search field adds this one."""
        if marked != self._marked:
            self._marked = marked
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(168, 26)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._press = event.position().toPoint()
            self.setFocus(Qt.FocusReason.MouseFocusReason)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._press is None:
            return
        away = (event.position().toPoint() - self._press).manhattanLength()
        if away >= QApplication.startDragDistance():
            self._press = None
            self._drag()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._press is not None:
            self.picked.emit()
        self._press = None

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.chosen.emit(self.kind)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit(self.kind)
        elif event.key() == Qt.Key.Key_Down:
            self.focusNextChild()
        elif event.key() == Qt.Key.Key_Up:
            self.focusPreviousChild()
        else:
            super().keyPressEvent(event)

    def _drag(self) -> None:
        drag = QDrag(self)
        data = QMimeData()
        data.setData(MIME, QByteArray(self.kind.encode()))
        drag.setMimeData(data)
        picture = QPixmap(self.size() * self.devicePixelRatioF())
        picture.setDevicePixelRatio(self.devicePixelRatioF())
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        self._draw(painter, theme.current(), True)
        painter.end()
        drag.setPixmap(picture)
        drag.setHotSpot(QPoint(20, 13))
        drag.exec(Qt.DropAction.CopyAction)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        self._draw(QPainter(self), theme.current(), self.hovered or self._marked or self.hasFocus())

    def _draw(self, painter: QPainter, colors: theme.Theme, filled: bool) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if filled:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colors.selbg)
            painter.drawRoundedRect(QRectF(self.rect()), 4, 4)
        ink = colors.tx2 if filled else colors.tx3
        icons.paint(painter, self._icon, ink, QRectF(8, 5, 16, 16))
        painter.setFont(theme.font("palette"))
        painter.setPen(colors.tx)
        box = QRectF(34, 0, self.width() - 38, self.height())
        # From the middle: the end tells 1D from 2D.
        shown = painter.fontMetrics().elidedText(
            self._title, Qt.TextElideMode.ElideMiddle, int(box.width())
        )
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, shown)


class Search(QLineEdit):
    """The search field with its icon and its key."""

    focus_radius = 4

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("palette-search")
        self.setAccessibleName(tr("Search layers"))
        self.setPlaceholderText(tr("Search layers"))
        self.setFont(theme.font("label"))
        self.setFixedHeight(28)
        self.setTextMargins(20, 0, 20, 0)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 6, 0)
        row.addStretch(1)
        self._key = Key("/")
        row.addWidget(self._key)
        self.textChanged.connect(lambda shown: self._key.setVisible(not shown))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        focus_entered(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        focus_left(self)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        icons.paint(painter, "search", theme.current().tx3, QRectF(9, 7, 14, 14))


class Palette(Panel):
    """Families of layers, filtered by the search field.

    Signals
    -------
    chosen(str)
        A layer of this kind is to be added after the selected one.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(name="palette", edges="r", parent=parent)
        self.setFixedWidth(184)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 1, 0)
        column.setSpacing(0)
        column.addWidget(Header(tr("Layers")))
        self.search = Search()
        holder = QVBoxLayout()
        holder.setContentsMargins(12, 12, 12, 0)
        holder.addWidget(self.search)
        column.addLayout(holder)
        scroll = ScrollPanel(name="palette-list")
        column.addWidget(scroll, 1)
        self._hint = Label(
            tr("Drag it onto the canvas, or press Enter or double-click to append."),
            "hint", "tx2", name="palette-hint", wrap=True,
        )  # fmt: skip
        self._hint.setContentsMargins(16, 8, 16, 12)
        self._hint.hide()
        column.addWidget(self._hint)
        self.chosen.connect(self._hint.hide)
        self._items: list[PaletteItem] = []
        self._families: list[tuple[Label, list[PaletteItem]]] = []
        for family in registry.FAMILIES:
            kinds = kinds_of(family)
            if kinds:
                self._add_family(scroll.body, family, kinds)
        self._nothing = Label(tr("No layer is called that."), "hint", "tx3", wrap=True)
        self._nothing.setContentsMargins(16, 12, 16, 0)
        self._nothing.hide()
        scroll.body.addWidget(self._nothing)
        scroll.body.addSpacing(12)
        scroll.body.addStretch(1)
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self._choose_first)

    def _add_family(self, body: QVBoxLayout, family: str, kinds: list[type[Layer]]) -> None:
        title = Label(tr(family), "section", "tx2")
        title.setContentsMargins(16, 12, 16, 4)
        body.addWidget(title)
        items = []
        for kind in kinds:
            item = PaletteItem(kind.__name__, kind.icon, kind.summary)
            item.chosen.connect(self.chosen)
            item.picked.connect(self._hint.show)
            row = QHBoxLayout()
            row.setContentsMargins(8, 0, 8, 0)
            row.addWidget(item)
            body.addLayout(row)
            items.append(item)
        self._families.append((title, items))
        self._items += items

    @property
    def items(self) -> tuple[PaletteItem, ...]:
        """All kinds in the list."""
        return tuple(self._items)

    @property
    def shown(self) -> tuple[PaletteItem, ...]:
        """The kinds that match the search."""
        return tuple(item for item in self._items if not item.isHidden())

    def focus_search(self) -> None:
        """Put the keyboard into the search field."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.search.text():
            self.search.clear()
        elif event.key() == Qt.Key.Key_Down and self.search.hasFocus() and self.shown:
            self.shown[0].setFocus(Qt.FocusReason.TabFocusReason)
        else:
            super().keyPressEvent(event)

    def _filter(self, wanted: str) -> None:
        words = wanted.lower().split()
        for title, items in self._families:
            for item in items:
                known = f"{item.title} {item.accessibleDescription()}".lower()
                item.setVisible(all(word in known for word in words))
            title.setVisible(any(not item.isHidden() for item in items))
        first = _best(self.shown, wanted) if words else None
        for item in self._items:
            item.set_marked(item is first)
        self._nothing.setVisible(not self.shown)

    def _choose_first(self) -> None:
        best = _best(self.shown, self.search.text())
        if best is not None:
            self.search.clear()
            self.chosen.emit(best.kind)


def _best(items: tuple[PaletteItem, ...], wanted: str) -> PaletteItem | None:
    """Return the item whose name begins with what is searched, else the first that has it."""
    start = wanted.lower().strip()
    for item in items:
        if item.title.lower().startswith(start):
            return item
    return items[0] if items else None
