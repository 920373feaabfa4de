"""Typing over a number: a small field at the number that was double-clicked, or at the one that is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from app import theme
from app.scenes.step_values import cell_id, parse_cell
from app.step.whatif import known_name, symbol
from app.text import number, tr
from app.widgets import Label, TextField
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from app.step.session import StepSession

Index = tuple[int, ...]
_MINUS = "\N{MINUS SIGN}"
# More targets than these are shown, and typed, as the class they stand for.
_MOST_NUMBERS = 4


def parse(words: str) -> list[float] | None:
    """Return the numbers typed, or None if they are none."""
    plain = words.replace(_MINUS, "-").replace(";", ",").strip().strip("()[]")
    try:
        return [float(part) for part in plain.split(",")]
    except ValueError:
        return None


class CellEditor(QFrame):
    """A field for a number, over the picture it stands in.

    Signals
    -------
    entered(object)
        The numbers that were typed.
    closed()
        It went away.
    """

    entered = Signal(object)
    closed = Signal()

    def __init__(self, window: QWidget, name: str, value: str, count: int, hint: str) -> None:
        super().__init__(window)
        self.setObjectName("step-editor")
        self.setAccessibleName(tr("New number for {name}", name=name))
        self._window, self._count = window, count
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 8, 6)
        row.setSpacing(8)
        row.addWidget(Label(f"{name} =", "value", "tx2"))
        self.field = TextField(
            name="step-editor-field", label=tr("New number for {name}", name=name), mono=True
        )
        self.field.setFixedWidth(96 if count == 1 else 140)
        self.field.set_value(value)
        self.field.setToolTip(hint)
        self.field.selectAll()
        self.field.installEventFilter(self)
        row.addWidget(self.field)
        self.adjustSize()

    def place(self, around: QRect) -> None:
        """Lie over a rectangle of the window, inside it."""
        window = self._window
        x = around.center().x() - self.width() // 2
        y = around.center().y() - self.height() // 2
        self.move(
            max(4, min(x, window.width() - self.width() - 4)),
            max(4, min(y, window.height() - self.height() - 4)),
        )
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def commit(self) -> None:
        """Hand over what was typed, or mark it as no number."""
        found = parse(self.field.text())
        if found is None or len(found) != self._count:
            self.field.setProperty("error", True)
            self.field.style().unpolish(self.field)
            self.field.style().polish(self.field)
            self.field.setAccessibleDescription(self._complaint())
            self.field.setToolTip(self._complaint())
            return
        self.entered.emit(found)
        self.finish()

    def _complaint(self) -> str:
        if self._count == 1:
            return tr("Type one number, such as 0.5 or −1e−3.")
        return tr("Type {count} numbers with commas between them.", count=self._count)

    def finish(self) -> None:
        """Go away."""
        self.field.removeEventFilter(self)
        self.closed.emit()
        self.hide()
        self.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind in (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride):
            assert isinstance(event, QKeyEvent)
            key = event.key()
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape):
                event.accept()
                if kind == QEvent.Type.KeyPress:
                    self.finish() if key == Qt.Key.Key_Escape else self.commit()
                return True
            if kind == QEvent.Type.ShortcutOverride:
                # What is typed is no shortcut of the window.
                event.accept()
                return True
        elif kind == QEvent.Type.FocusOut:
            # A click elsewhere means another number: what was half typed is forgotten.
            self.finish()
        return False

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colors.loss, 1.5))
        painter.setBrush(colors.bg1)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 7, 7)


class NumberEditing(QObject):
    """Opens the editor: on a double click, Enter or F2 in what it watches.

    A widget it watches has either ``place.hits`` (a drawing) or ``reference_at`` and ``places`` (the inspector).
    """

    def __init__(self, session: StepSession) -> None:
        super().__init__(session)
        self._session = session
        self._watched: list[QWidget] = []
        self.editor: CellEditor | None = None
        self._pressed: tuple[QRectF, str, Index, Index | None] | None = None
        #: The widget and the moment it was opened at.
        self._at: tuple[QWidget, Any] | None = None
        session.changed.connect(self._on_changed)

    def watch(self, widget: QWidget) -> None:
        """Let numbers in a widget be typed over."""
        if widget not in self._watched:
            self._watched.append(widget)
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.Hide and self._at is not None and watched is self._at[0]:
            self._leave()
        elif isinstance(event, QMouseEvent) and isinstance(watched, QWidget):
            if event.button() != Qt.MouseButton.LeftButton:
                return False
            if kind == QEvent.Type.MouseButtonPress:
                # What is pressed becomes what is looked at, and may stand elsewhere at the second click.
                self._pressed = self._find(watched, event.position())
            elif kind == QEvent.Type.MouseButtonDblClick and self._pressed is not None:
                rect, tensor, index, full = self._pressed
                if full is not None:
                    return self.open(watched, rect, tensor, full)
                return self.open_cell(watched, rect, tensor, index)
        elif isinstance(event, QKeyEvent) and isinstance(watched, QWidget):
            # In the inspector Enter picks what the keyboard is at; so it does in a close-up.
            keys = [Qt.Key.Key_F2]
            if not getattr(watched, "takes_enter", hasattr(watched, "reference_at")):
                keys += [Qt.Key.Key_Return, Qt.Key.Key_Enter]
            if event.key() in keys and kind == QEvent.Type.ShortcutOverride:
                # The window's own F2 is not meant where there is a number.
                event.accept()
                return True
            if event.key() in keys and kind == QEvent.Type.KeyPress:
                self.edit_selected(watched)
                return True
        return False

    def _find(self, widget: Any, at: QPointF) -> tuple[QRectF, str, Index, Index | None] | None:
        """The number at a point: where it stands, its tensor and index, or its index as the engine counts."""
        if hasattr(widget, "reference_at"):
            found = widget.reference_at(at.x(), at.y())
            if not isinstance(found, tuple):
                return None
            tensor, full = found
            rects = [r for r in widget.places(tensor, full) if r.contains(at)]
            return (rects[0] if rects else QRectF(at, at)), tensor, (), tuple(full)
        hit = widget.place.hits.at(at.x(), at.y()) if widget.place is not None else None
        if hit is None:
            return None
        rect, cell = QRectF(*hit.rect), parse_cell(hit.id)
        if cell is None and hit.kind == "tensor":
            # A picture of a large tensor: of its cells the one that is looked at, else the first.
            name = hit.id.removeprefix("tensor:")
            info, chosen = self._session.reader.info(name), self._session.cell
            if chosen is not None and chosen[0] == name:
                return rect, name, chosen[1], None
            return rect, name, (0,) * (len(info.shape) if info is not None else 0), None
        if cell is None:
            return None
        # Close-ups know the sample, too.
        info = self._session.reader.info(cell[0])
        whole = info is not None and len(hit.index) == len(info.shape) + int(info.batch)
        return (rect, *cell, tuple(hit.index) if whole and hit.node == cell[0] else None)

    def edit_selected(self, widget: Any = None) -> bool:
        """Type over the number that is looked at; tell whether it can be."""
        session = self._session
        cell = session.cell
        if cell is None:
            return False
        widget = widget or next((w for w in self._watched if w.isVisible()), None)
        if widget is None:
            return False
        middle = QRectF(widget.visibleRegion().boundingRect())
        rect = QRectF(middle.center().x() - 60, middle.top() + 60, 120, 24)
        if hasattr(widget, "reference_at"):
            rect = next(iter(widget.places(cell[0], session.full_index(*cell))), rect)
        elif widget.place is not None:
            hit = widget.place.hits.get(cell_id(*cell)) or widget.place.hits.get(
                f"tensor:{cell[0]}"
            )
            rect = QRectF(*hit.rect) if hit is not None else rect
        return self.open_cell(widget, rect, *cell)

    def open_cell(self, widget: QWidget, rect: QRectF, tensor: str, index: Index) -> bool:
        """Open the editor for a number by its index without the sample."""
        return self.open(widget, rect, tensor, self._session.full_index(tensor, index))

    def open(self, widget: QWidget, rect: QRectF, tensor: str, full: Index) -> bool:
        """Open the editor over a rectangle of a widget; tell whether there is a number to type over."""
        session = self._session
        tensor = known_name(session, tensor)
        info = session.reader.info(tensor)
        if info is None:
            return False
        lead = int(info.batch)
        if len(full) - lead != len(info.shape):
            return self._open_row(widget, rect, tensor, full[:lead])
        value = self.value(tensor, full)
        if value is None:
            session.context.refused.emit(
                tr("{name} is not computed yet in this step. Step on to where it is.",
                   name=symbol(session, tensor, full))
            )  # fmt: skip
            return False

        def put(values: list[float]) -> None:
            session.context.do("step.edit", tensor=tensor, cells=[list(full)], values=values)

        self._show(widget, rect, symbol(session, tensor, full), number(value), 1, put)
        return True

    def value(self, tensor: str, full: Index) -> float | None:
        """The number as it is shown: of what an update has changed, the new one."""
        session = self._session
        info = session.reader.info(tensor)
        found = None
        if info is not None and (not info.batch or full[:1] == (session.row,)):
            found = session.reader.value(tensor, full[int(info.batch) :])
        if found is None:
            found = session.value(tensor, full)
        return found

    def _open_row(self, widget: QWidget, rect: QRectF, tensor: str, lead: Index) -> bool:
        """Open the editor for the targets of the shown sample: numbers, or the class they stand for."""
        session = self._session
        row = session.reader.array(tensor)
        if row is None or row.ndim != 1 or session.reader.state(tensor) != "fresh":
            return False
        count = len(row)
        if count <= _MOST_NUMBERS:
            shown = ", ".join(number(float(v)) for v in row)

            def put(values: list[float]) -> None:
                self._put(tensor, lead, row, values)

            self._show(widget, rect, symbol(session, tensor, (0,)), shown, count, put)
            return True

        def choose(values: list[float]) -> None:
            wanted = values[0]
            if not wanted.is_integer() or not 0 <= wanted < count:
                session.context.refused.emit(
                    tr("Classes are numbered from 0 to {last}.", last=count - 1)
                )
                return
            self._put(tensor, lead, row, [float(k == wanted) for k in range(count)])

        self._show(widget, rect, tr("class"), str(int(row.argmax())), 1, choose)
        return True

    def _put(self, tensor: str, lead: Index, row: Any, values: list[float]) -> None:
        cells = [[*lead, k] for k, v in enumerate(values) if v != float(row[k])]
        if cells:
            self._session.context.do(
                "step.edit", tensor=tensor, cells=cells, values=[values[c[-1]] for c in cells]
            )

    def _on_closed(self) -> None:
        self.editor = self._at = None

    def _moment(self) -> Any:
        """What the number in the field belongs to: it means nothing at another one."""
        session, snapshot = self._session, self._session.snapshot
        if snapshot is None:
            return None
        program = snapshot.program.serial if snapshot.program is not None else None
        position = snapshot.position
        return program, position.step, position.pc, session.row, session.notation

    def _on_changed(self) -> None:
        if self._at is not None and self._at[1] != self._moment():
            self._leave()

    def _leave(self) -> None:
        """Forget what is half typed: the run went on, or something else is in front."""
        if self.editor is not None:
            self.editor.finish()

    def _show(
        self, widget: QWidget, rect: QRectF, name: str, value: str, count: int, put: Any
    ) -> None:
        if self.editor is not None:
            self.editor.finish()
        hint = tr("Enter: what follows from this number, in a copy of the step. Esc: leave it.")
        self.editor = CellEditor(widget.window(), name, value, count, hint)
        self.editor.entered.connect(put)
        self.editor.closed.connect(self._on_closed)
        corner = widget.mapTo(widget.window(), QPoint(0, 0))
        seen = widget.visibleRegion().boundingRect()
        around = rect.toRect().intersected(seen) if not seen.isEmpty() else rect.toRect()
        if around.isEmpty():
            around = QRect(seen.center(), seen.center())
        self.editor.place(around.translated(corner))
        self._at = widget, self._moment()
