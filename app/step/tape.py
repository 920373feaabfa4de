"""The tape as a list: phases as groups, repeats folded, breakpoints, results. Only what is visible is painted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QMenu, QSizePolicy

from app import theme as themes
from app.scenes import draw, formula
from app.scenes.formula_expressions import format_number
from app.scenes.formula_tex import to_box
from app.step.listing import ROW, TOP, Entry, entries, mark
from app.step.notation import PHASES, keeping, title
from app.step.painted import Painted
from app.text import tr
from app.widgets.focus import focus_entered, focus_left
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from PySide6.QtGui import (
        QColor,
        QFocusEvent,
        QKeyEvent,
        QMouseEvent,
        QPaintEvent,
        QResizeEvent,
    )

    from app.snapshots import InstructionView, ProgramView
    from app.step.session import StepSession


@dataclass(frozen=True)
class _State:
    """What the look of a line depends on, besides its instruction."""

    done: bool
    current: bool
    looked: bool
    following: bool
    hovered: bool
    in_margin: bool
    mark: bool | None
    result: str
    notation: str
    #: What the instruction made is other numbers than without those put in by hand.
    altered: bool


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
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._session = session
        self._entries: tuple[Entry, ...] = ()
        self._open: frozenset[int] = frozenset()
        self._program: ProgramView | None = None
        self._painted = Painted()
        self._hover = -1
        self._in_margin = False
        self._marks: dict[int, bool] = {}
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
            self._painted.clear()
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
        self.viewport().update()

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
        hover = entry.start if entry is not None and entry.kind != "group" else -1
        margin = entry is not None and entry.kind == "op" and event.position().x() < 22
        if margin != self._in_margin:
            self.setToolTip(tr("Click to set or delete a breakpoint (F9)") if margin else "")
        if (hover, margin) != (self._hover, self._in_margin):
            self._hover, self._in_margin = hover, margin
            self.viewport().update()

    def leaveEvent(self, event: object) -> None:
        self._hover = -1
        self.viewport().update()

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
        colors = themes.current()
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.viewport().rect(), colors.bg1)
        if self._program is None:
            draw.text(
                painter, 16, 32, tr("The tape appears when the engine is ready."), 12, colors.tx3
            )
            return
        self._marks = self._session.stops.marks()
        top = self.verticalScrollBar().value()
        bottom = top + self.viewport().height()
        for entry in self._entries:
            if entry.top + entry.height < top or entry.top > bottom:
                continue
            y = entry.top - top
            if entry.kind == "group":
                self._group(painter, colors, entry, y)
            elif entry.kind == "fold":
                self._fold(painter, colors, entry, y)
            else:
                self._row(painter, colors, entry, y)

    def _group(self, painter: QPainter, colors: themes.Theme, entry: Entry, y: float) -> None:
        role, name = PHASES.get(entry.phase, ("tx2", entry.phase))
        draw.fill(painter, 40, y + 9, 8, 8, colors.color(role), 2)
        draw.text(painter, 56, y + 17, tr(name), 11, colors.tx2, weight=600)

    def _fold(self, painter: QPainter, colors: themes.Theme, entry: Entry, y: float) -> None:
        assert self._program is not None
        layer = self._program.instructions[entry.start].layer
        sign = "▾" if entry.start in self._open else "▸"
        draw.text(painter, 41, y + 19, sign, 11, colors.tx3)
        if any(entry.start <= place < entry.stop for place in self._marks):
            inside = [on for place, on in self._marks.items() if entry.start <= place < entry.stop]
            mark(painter, colors, 13, y + 15, 4, any(inside))
        count = entry.stop - entry.start
        kept = keeping(self._program.instructions[entry.start])
        if kept == "fetch":
            self._batch(painter, colors, y)
            return
        if kept:
            words = tr("{count} that keep count", count=count)
            draw.text(painter, 66, y + 19, words, 12.5, colors.tx2)
            return
        done = entry.stop <= self._session.pc or (
            self._session.pc == 0 and self._session.done is not None
        )
        words = (
            tr("{layer} ⟨{time}⟩", layer=layer, time=entry.time + 1) if entry.time >= 0 else layer
        )
        draw.text(painter, 66, y + 19, words, 12.5, colors.tx if done else colors.tx2, mono=True)
        width = self.viewport().width()
        many = tr("{count} ops", count=count)
        draw.text(painter, width - 12, y + 19, many, 11.5, colors.tx3, mono=True, anchor="end")

    def _batch(self, painter: QPainter, colors: themes.Theme, y: float) -> None:
        """Say which sample of the data the shown one is; one that was chosen is all of the batch."""
        session, width = self._session, self.viewport().width()
        whatif = session.snapshot.whatif if session.snapshot is not None else None
        if whatif is not None and whatif.sample:
            words = draw.elide(session.sample_words, 12.5, width - 78)
            draw.text(painter, 66, y + 19, words, 12.5, colors.loss)
            return
        end = 66 + draw.text(painter, 66, y + 19, tr("The batch"), 12.5, colors.tx2)
        words = draw.elide(session.sample_words, 11.5, width - 24 - end)
        draw.text(painter, width - 12, y + 19, words, 11.5, colors.tx3, anchor="end")

    def _row(self, painter: QPainter, colors: themes.Theme, entry: Entry, y: float) -> None:
        session, index = self._session, entry.start
        assert self._program is not None
        line = self._program.instructions[index]
        whatif = session.snapshot.whatif if session.snapshot is not None else None
        state = _State(
            done=index < session.pc or (session.pc == 0 and session.done is not None),
            current=index == session.done,
            looked=index == session.inspected,
            following=index == session.pc,
            hovered=index == self._hover,
            in_margin=index == self._hover and self._in_margin,
            mark=self._marks.get(index),
            result="" if line.op == "choose_batch" else self._result(line.writes),
            notation=session.notation,
            altered=whatif is not None and index in whatif.changed,
        )
        self._painted.draw(
            painter, 0, y, (self.viewport().width(), ROW), (index, state, colors.name), colors.bg1,
            lambda own: self._paint_row(own, colors, line, state),
        )  # fmt: skip

    def _paint_row(
        self, painter: QPainter, colors: themes.Theme, line: InstructionView, state: _State
    ) -> None:
        assert self._program is not None
        y, width, result = 0, self.viewport().width(), state.result
        done, current, looked = state.done, state.current, state.looked
        role = colors.color(PHASES.get(line.phase, ("tx2", ""))[0])
        if looked:
            draw.fill(painter, 0, y, width, ROW, draw.mixed(colors.bg1, role, 0.16))
            draw.fill(painter, 0, y, 3, ROW, role)
        elif state.hovered:
            draw.fill(painter, 0, y, width, ROW, colors.bg3)
        if state.mark is not None:
            mark(painter, colors, 13, y + 15, 5, state.mark)
        elif state.in_margin:
            mark(painter, colors, 13, y + 15, 5, on=False)
        if current:
            _arrow(painter, 23, y + 8, role)
        elif state.following:
            _arrow(painter, 23, y + 8, colors.tx3, filled=False)
        draw.text(painter, 40, y + 19, f"{line.index + 1:02d}", 11, colors.tx3, mono=True)
        tone = "tx" if done or current else "tx2"
        # Numbers of four digits take the room of a letter more.
        left = 66 + 7 * max(0, len(str(len(self._program.instructions))) - 3)
        room = width - left - 12 - (draw.advance(result, 11.5, 400, True) + 10 if result else 0)
        name = formula.lay_out(to_box(title(line, state.notation), formula.Pen(12, 400, tone)))
        cut = name.width > room
        painter.save()
        painter.setClipRect(QRectF(left, y, room - (12 if cut else 0), ROW))
        formula.paint(painter, name, colors, left, y + 19.5 - name.baseline)
        painter.restore()
        if cut:
            draw.text(painter, left + room - 10, y + 19, "…", 12, colors.color(tone))
        if state.altered:
            draw.fill(painter, width - 5, y + 4, 3, ROW - 8, colors.loss, 1)
        if result:
            ink = colors.tx2 if done else colors.tx3
            draw.text(painter, width - 12, y + 19, result, 11.5, ink, mono=True, anchor="end")

    def _result(self, writes: tuple[str, ...]) -> str:
        """The value of an instruction that makes one number, else the shape of what it makes."""
        if not writes:
            return ""
        reader = self._session.reader
        info = reader.info(writes[0])
        if info is None:
            return ""
        count = 1
        for extent in info.shape:
            count *= extent
        if count == 1:
            value = reader.value(writes[0], (0,) * len(info.shape))
            if value is not None:
                return format_number(value, 3, sign=writes[0] != "loss")
        return f"[{draw.TIMES.join(map(str, info.shape)) or 1}]"


def _arrow(painter: QPainter, x: float, y: float, color: QColor, *, filled: bool = True) -> None:
    """The program counter: on the instruction done last, and hollow on the one that comes next."""
    path = QPainterPath(QPointF(x + 1, y + 5))
    for px, py in ((7, 5), (7, 2), (13, 7), (7, 12), (7, 9), (1, 9)):
        path.lineTo(x + px, y + py)
    path.closeSubpath()
    if filled:
        painter.fillPath(path, color)
    else:
        painter.strokePath(path, QPen(color, 1))
