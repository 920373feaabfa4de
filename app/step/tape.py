"""The tape as a list: phases as groups, repeats folded, breakpoints, results. Only what is visible is painted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QPainter
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QMenu, QSizePolicy

from app import theme as themes
from app.scenes import draw
from app.step.listing import ROW, TOP, Entry, entries
from app.step.notation import keeping
from app.step.tape_lines import Lines, Look, Row, tooltip
from app.text import tr
from app.widgets.focus import focus_entered, focus_left
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from PySide6.QtGui import (
        QFocusEvent,
        QKeyEvent,
        QMouseEvent,
        QPaintEvent,
        QResizeEvent,
    )

    from app.snapshots import ProgramView
    from app.step.session import StepSession


class TapeList(QAbstractScrollArea):
    """The instructions of a step, one line each.

    Signals
    -------
    chosen(int)
        An instruction was clicked or walked to.
    breakpoint_toggled(int)
        The margin was clicked, or F9 pressed.
    asked(str, object)
        A command of a line's menu or keys, with its arguments.
    """

    chosen = Signal(int)
    breakpoint_toggled = Signal(int)
    asked = Signal(str, object)
    focus_radius = 4

    def __init__(self, session: StepSession) -> None:
        super().__init__()
        self.setObjectName("step-tape")
        self.setAccessibleName(tr("Tape"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._session = session
        self._entries: tuple[Entry, ...] = ()
        self._open: frozenset[int] = frozenset()
        self._program: ProgramView | None = None
        self._lines = Lines(session)
        self._looks: dict[Entry, Look] = {}
        self._seen = -1
        self._shown_in: Entry | None = None
        session.changed.connect(self.refresh)

    def sizeHint(self) -> QSize:
        return QSize(304, 400)

    # -- content

    def refresh(self) -> None:
        """Take over the session's moment; keep the current line in view."""
        program = self._session.program
        if program is not self._program:
            self._program = program
            self._lines.clear()
            self._open, self._shown_in, self._seen = frozenset(), None, -1
            self._arrange()
        current = self._session.inspected
        if program is not None and current != self._seen:
            self._seen = current
            self._reveal(current)
            line = program.instructions[current] if current < len(program.instructions) else None
            if line is not None:
                says = tr("instruction {number}: {title}", number=current + 1, title=line.title)
                if keeping(line) == "fetch" and self._session.sample_words:
                    says += f" ({self._session.sample_words})"
                self.setAccessibleDescription(says)
        self._show_changes()

    def _show_changes(self) -> None:
        """Have the lines painted anew that look other than they did."""
        before, self._looks = self._looks, self._look()
        if before.keys() != self._looks.keys() or not before:
            self.viewport().update()
            return
        top, width = self.verticalScrollBar().value(), self.viewport().width()
        for entry, look in self._looks.items():
            if before[entry] != look:
                self.viewport().update(0, entry.top - top, width, entry.height)

    def _look(self) -> dict[Entry, Look]:
        """What is seen of the visible lines now."""
        if self._program is None:
            return {}
        top = self.verticalScrollBar().value()
        bottom = top + self.viewport().height()
        visible = [e for e in self._entries if e.top <= bottom and e.top + e.height >= top]
        return self._lines.look(self._program, visible, self._open)

    def _arrange(self) -> None:
        self._entries = entries(self._program, self._open) if self._program else ()
        self._set_range()

    def _set_range(self) -> None:
        height = self._entries[-1].top + ROW + TOP if self._entries else 0
        bar = self.verticalScrollBar()
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(ROW)
        bar.setRange(0, max(0, height - self.viewport().height()))

    def _reveal(self, index: int) -> None:
        left = self._shown_in
        if left is not None and not left.start <= index < left.stop:
            # It was opened only to show the line that has been left.
            self._open -= {left.start}
            self._shown_in = None
            self._arrange()
        for entry in self._entries:
            if (
                entry.kind == "fold"
                and entry.start <= index < entry.stop
                and entry.start not in self._open
            ):
                self._open |= {entry.start}
                self._shown_in = entry
                self._arrange()
                break
        for entry in self._entries:
            if entry.kind == "op" and entry.start == index:
                bar, room = self.verticalScrollBar(), self.viewport().height()
                if entry.top - ROW < bar.value():
                    bar.setValue(entry.top - 2 * ROW)
                elif entry.top + 2 * ROW > bar.value() + room:
                    bar.setValue(entry.top + 3 * ROW - room)
                return

    def rect_of(self, index: int) -> QRectF | None:
        """Return where an instruction's line is in the viewport."""
        for entry in self._entries:
            if entry.kind == "op" and entry.start == index:
                y = entry.top - self.verticalScrollBar().value()
                return QRectF(0, y, self.viewport().width(), entry.height)
        return None

    # -- events

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._set_range()

    def _at(self, y: float) -> Entry | None:
        y += self.verticalScrollBar().value()
        return next((e for e in self._entries if e.top <= y < e.top + e.height), None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        entry = self._at(event.position().y())
        if entry is None or event.button() != Qt.MouseButton.LeftButton:
            return
        if entry.kind == "fold":
            self._open ^= {entry.start}
            self._shown_in = None
            self._arrange()
            self.viewport().update()
        elif entry.kind == "op":
            if event.position().x() < 22:
                self.breakpoint_toggled.emit(entry.start)
            else:
                self.chosen.emit(entry.start)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        entry = self._at(event.position().y())
        lines = self._lines
        hover = entry.start if entry is not None and entry.kind != "group" else -1
        margin = entry is not None and entry.kind == "op" and event.position().x() < 22
        if (hover, margin) != (lines.hover, lines.in_margin):
            self.setToolTip(
                tr("Click to set or delete a breakpoint (F9)") if margin else self._tooltip(entry)
            )
            lines.hover, lines.in_margin = hover, margin
            self._show_changes()

    def _tooltip(self, entry: Entry | None) -> str:
        """The whole of an instruction's line."""
        look = self._looks.get(entry) if entry is not None else None
        if entry is None or self._program is None or not isinstance(look, Row):
            return ""
        return tooltip(self._program.instructions[entry.start], look.notation, look.result)

    def leaveEvent(self, event: object) -> None:
        self._lines.hover = -1
        self._show_changes()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        moves = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        program = self._session.program
        if program is not None and key in moves:
            wanted = self._session.inspected + moves[Qt.Key(key)]
            self.chosen.emit(max(0, min(wanted, len(program.instructions) - 1)))
        elif key == Qt.Key.Key_F9:
            self.breakpoint_toggled.emit(self._session.inspected)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            back = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self._ask("run.back_to" if back else "run.to", self._session.inspected)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._turn(self._session.inspected, unfold=key == Qt.Key.Key_Right)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        keys = event.reason() == QContextMenuEvent.Reason.Keyboard
        entry = None if keys else self._at(event.pos().y())
        if entry is not None and entry.kind == "group":
            return
        index = self._session.inspected if entry is None else entry.start
        if entry is not None and entry.kind == "op":
            self.chosen.emit(index)
        rect = self.rect_of(index)
        place = rect.center().toPoint() if keys and rect is not None else event.pos()
        menu = self.menu_of(index)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.viewport().mapToGlobal(place))

    def menu_of(self, index: int) -> QMenu:
        """Return the menu of a line."""
        program, session = self._program, self._session
        menu = QMenu(self)
        menu.setObjectName("step-tape-menu")
        if program is None or not 0 <= index < len(program.instructions):
            return menu
        line = program.instructions[index]
        marks = session.stops.marks()
        for name, label, keys, handler in (
            ("run-here", tr("Run to here"), "Ctrl+F10", lambda: self._ask("run.to", index)),
            ("back-here", tr("Go back to here"), "Ctrl+Shift+F10", lambda: self._ask("run.back_to", index)),
            ("", "", "", None),
            ("breakpoint", tr("Delete the breakpoint") if index in marks else tr("Set a breakpoint"), "F9",
             lambda: self.breakpoint_toggled.emit(index)),
            ("break-layer", tr("Stop at each pass through {layer}", layer=line.layer) if line.layer else "", "",
             lambda: self.asked.emit("step.add_breakpoint", {"kind": "layer", "layer": line.layer})),
            ("break-nan", tr("Stop when it is NaN or infinite") if line.writes else "", "",
             lambda: self.asked.emit("step.add_breakpoint", {
                 "kind": "condition", "of": "tensor", "tensor": line.writes[0], "test": "not-finite"})),
        ):  # fmt: skip
            if handler is None:
                menu.addSeparator()
            elif label:
                action = menu.addAction(label)
                action.setObjectName(f"tape-{name}")
                if keys:
                    action.setShortcut(keys)
                    # Shown here; the workspace listens to it.
                    action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
                action.triggered.connect(lambda _=False, do=handler: do())
        return menu

    def _ask(self, name: str, index: int) -> None:
        self.asked.emit(name, {"instruction": index})

    def _turn(self, index: int, *, unfold: bool) -> None:
        """Open or fold the stretch that an instruction is in."""
        for entry in self._entries:
            if entry.kind == "fold" and entry.start <= index < entry.stop:
                self._open = self._open | {entry.start} if unfold else self._open - {entry.start}
                self._shown_in = None
                self._arrange()
                self.viewport().update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        focus_entered(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        focus_left(self)

    # -- painting

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors, program = themes.current(), self._program
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(event.rect(), colors.bg1)
        if program is None:
            draw.text(
                painter, 16, 32, tr("The tape appears when the engine is ready."), 12, colors.tx3
            )
            return
        self._looks = self._look()
        region, width = event.region(), self.viewport().width()
        top = self.verticalScrollBar().value()
        for entry, look in self._looks.items():
            y = entry.top - top
            if region.intersects(QRect(0, y, width, entry.height)):
                self._lines.draw(painter, colors, program, entry, look, y, width)
