"""The strip at the bottom: one cell for each instruction of the step; drag to rewind."""

from __future__ import annotations

from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Any, cast

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QRegion
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme as themes
from app.scenes import draw, formula
from app.scenes.formula_tex import to_box
from app.step.listing import mark, phases
from app.step.notation import PHASES, short, title
from app.step.painted import Kept, Painted
from app.text import number, tr
from app.widgets.focus import focus_entered, focus_left
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPaintEvent, QResizeEvent

    from app.snapshots import InstructionView, ProgramView
    from app.step.debug_bar import DebugBar
    from app.step.session import StepSession

LEFT = 16

# How high the heading is, and to where what changes with every instruction reaches; how far beyond its own cell.
_HEAD, _CELLS, _BESIDE = 29, 88, 30

# Cells narrower than this are painted as one stretch: an unrolled recurrent layer has thousands.
_SINGLE = 3.0


class Scrubber(QWidget):
    """Cells of the step under way, coloured by phase.

    Signals
    -------
    wanted(int)
        Go to the moment after that many instructions of this step.
    """

    wanted = Signal(int)
    focus_radius = 4

    def __init__(self, session: StepSession) -> None:
        super().__init__()
        self.setObjectName("step-scrubber")
        self.setAccessibleName(tr("Instructions of this step"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(120)
        self.setMouseTracking(True)
        self._session = session
        self._dragging = False
        self._target: int | None = None
        self._folded = False
        self._held: QWidget | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._painted = Painted()
        self._kept = Kept(self)
        #: What was looked at last: what holds for the whole strip, the heading, and the instructions done.
        self._known: tuple[Any, Any, int] | None = None
        session.changed.connect(self._on_changed)

    def sizeHint(self) -> QSize:
        return QSize(800, self.height())

    def set_folded(self, folded: bool) -> None:
        """Leave out the names of the phases, for low windows: the colours tell them apart."""
        self._folded = folded
        self.setFixedHeight(88 if folded else 120)

    def hold(self, widget: DebugBar) -> None:
        """Keep a row of buttons at the right of the heading."""
        self._held = widget
        widget.setParent(self)
        widget.resized.connect(self._place_held)
        widget.show()
        self._place_held()

    def _place_held(self) -> None:
        if self._held is not None:
            size = self._held.sizeHint()
            self._held.setGeometry(self.width() - 12 - size.width(), 4, size.width(), size.height())
            self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_held()

    def focus_rect(self) -> QRect:
        """The cells."""
        return QRect(LEFT - 2, 36, self.width() - 2 * LEFT + 4, 32)

    def _on_changed(self) -> None:
        if not self._dragging:
            self._target = None
        self.setAccessibleDescription(
            tr("{done} of {all} done", done=self._shown(), all=self._count())
        )
        self._kept.spoil(self._changed())

    def _count(self) -> int:
        program = self._session.program
        return len(program.instructions) if program is not None else 0

    def _shown(self) -> int:
        """Instructions done, or the place the mouse has been dragged to."""
        if self._target is not None:
            return self._target
        session = self._session
        if session.pc == 0 and session.done is not None:
            return self._count()
        return session.pc

    def heading(self) -> str:
        """Which step the cells are of: the number that the top bar shows."""
        snapshot = self._session.snapshot
        if snapshot is None:
            return ""
        position = snapshot.position
        if position.pc == 0 and snapshot.instruction is not None:
            return tr("Step {number} is done", number=number(position.under_way))
        return tr("Step {number}", number=number(position.under_way))

    # -- events

    def _place(self, x: float) -> int:
        count = self._count()
        width = (self.width() - 2 * LEFT) / max(count, 1)
        return max(0, min(count - 1, int((x - LEFT) / max(width, 1e-6))))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        on_cells = event.position().y() >= _HEAD
        if event.button() == Qt.MouseButton.LeftButton and self._count() and on_cells:
            self._dragging = True
            self._go(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragging:
            self._go(event.position().x())
        elif event.position().y() < _HEAD:
            stop = self._session.stops.last
            self.setToolTip(
                stop.sentence
                if stop is not None
                else tr(
                    "The instructions of one step, from the batch to the update of the weights."
                )
            )
        elif self._count():
            program = self._session.program
            assert program is not None
            line = program.instructions[self._place(event.position().x())]
            words = title(line, self._session.notation).replace("\\ ", " ")
            self.setToolTip(f"{line.index + 1:02d}  {words}")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragging = False

    def _go(self, x: float) -> None:
        target = self._place(x) + 1
        if target != self._target:
            self._target = target
            self.wanted.emit(target)
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        step = moves.get(Qt.Key(event.key()))
        if step is None or not self._count():
            super().keyPressEvent(event)
            return
        self.wanted.emit(max(0, min(self._count(), self._shown() + step)))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        focus_entered(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        focus_left(self)

    # -- painting

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        self._kept.spoil(self._changed())
        self._kept.show(QPainter(self), event.region(), themes.current().bg1, self._paint)

    def _changed(self) -> QRegion:
        """Look at what is to be shown now; return where that is another picture than what was looked at last."""
        session, program, colors = self._session, self._session.program, themes.current()
        whole, width = QRegion(self.rect()), self.width()
        serial = program.serial if program is not None else -1
        marks, stop = tuple(session.stops.marks().items()), session.stops.last
        room = -1 if self._held is None else self._held.x()
        lasting = (
            serial, width, self.height(), self._folded, marks, colors, room, session.snapshot is None,
        )  # fmt: skip
        head = (
            self.heading(), self._count(), stop and stop.sentence, self._target, session.notation,
        )  # fmt: skip
        shown = self._shown()
        before, self._known = self._known, (lasting, head, shown)
        if before is None or before[0] != lasting:
            return whole
        region = QRegion()
        if before[1:] != (head, shown):
            # The buttons stay as they are.
            held = QRect() if self._held is None else self._held.geometry()
            region += QRegion(0, 0, width, _HEAD) - QRegion(held)
        if before[2] != shown:
            cell = (width - 2 * LEFT) / max(1, self._count())
            low, high = min(before[2], shown) - 2, max(before[2], shown) + 1
            left, right = LEFT + low * cell - _BESIDE, LEFT + high * cell + _BESIDE
            region += QRect(int(left), _HEAD, ceil(right - int(left)), _CELLS - _HEAD)
        return region & whole

    def spoil(self) -> None:
        """Have all of it painted anew."""
        self._kept.spoil(QRegion(self.rect()))

    def _paint(self, painter: QPainter, region: QRegion) -> None:
        for rect in cast("Iterable[QRect]", region):
            painter.save()
            painter.setClipRect(rect)
            self._paint_part(painter, rect)
            painter.restore()

    def _paint_part(self, painter: QPainter, part: QRect) -> None:
        colors = themes.current()
        painter.fillRect(self.rect(), colors.bg1)
        painter.fillRect(0, 0, self.width(), 1, colors.line)
        program = self._session.program
        snapshot = self._session.snapshot
        if program is None or snapshot is None:
            return
        shown = self._shown()
        if part.top() < _HEAD:
            self._head(painter, colors, program, shown)
        if part.bottom() >= _HEAD:
            self._cells(painter, colors, shown, part)

    def _head(
        self, painter: QPainter, colors: themes.Theme, program: ProgramView, shown: int
    ) -> None:
        """Where the run stands, or why it stopped."""
        count = len(program.instructions)
        x = 16 + draw.text(painter, 16, 22, self.heading(), 12, colors.tx, weight=600) + 28
        room = self.width() - 16 if self._held is None else self._held.x() - 12
        place = tr("op {done} of {all}", done=shown, all=count)
        wide = draw.advance(place, 11.5, 400, True)
        stop = self._session.stops.last if self._target is None else None
        if stop is not None and x + wide + 34 + draw.advance(stop.sentence, 12) > room:
            # The mark over the cells says where it is, and the top bar, too.
            x -= 42
        else:
            x += draw.text(painter, x, 22, place, 11.5, colors.tx2, mono=True)
        if stop is not None:
            draw.disc(painter, x + 24, 18, 4, colors.err)
            sentence = _elided(stop.sentence, room - x - 34)
            draw.text(painter, x + 34, 22, sentence, 12, colors.tx)
            return
        if 0 < shown <= count:
            label = title(program.instructions[shown - 1], self._session.notation)
            box = formula.lay_out(to_box(label, formula.Pen(11, 400, "tx2")))
            if x + 24 + box.width <= room:
                formula.paint(painter, box, colors, x + 24, 22 - box.baseline)
                x += 24 + box.width
        hint = tr("drag to rewind: values are replayed exactly")
        if x + 24 + draw.advance(hint, 11) < room:
            draw.text(painter, room, 22, hint, 11, colors.tx3, anchor="end")

    def _cells(self, painter: QPainter, colors: themes.Theme, shown: int, part: QRect) -> None:
        """The cells of a part of the strip, and what is at them."""
        program = self._session.program
        assert program is not None
        count = len(program.instructions)
        width = (self.width() - 2 * LEFT) / count
        # Numbers of three digits need more room than those of two.
        apart = 1 if width >= 17 else max(1, ceil((8 + 6.5 * max(2, len(str(count)))) / width))
        # Their numbers reach beyond them.
        low = int((part.left() - LEFT - _BESIDE) / width)
        high = int((part.right() - LEFT + _BESIDE) / width) + 1
        for phase, start, stop in phases(program):
            role = colors.color(PHASES.get(phase, ("tx2", ""))[0])
            if width < _SINGLE:
                self._stretch(painter, role, width, start, stop, shown)
            else:
                some = range(max(start, low), min(stop, high))
                self._phase(painter, colors, role, width, some, shown)
            if not self._folded:
                self._bracket(painter, colors, phase, LEFT + start * width, LEFT + stop * width)
        for index in range(0, count, apart):
            if not low <= index < high:
                continue
            tone = colors.tx if index == shown - 1 else colors.tx3
            draw.text(
                painter, LEFT + (index + 0.5) * width, 80, f"{index + 1:02d}", 10, tone, mono=True,
                anchor="middle",
            )  # fmt: skip
        for index, on in self._session.stops.marks().items():
            # Beside the playhead, where that is.
            aside = 9 if index == shown - 1 else 0
            mark(painter, colors, LEFT + (index + 0.5) * width + aside, 33, 4, on)
        if 0 < shown <= count:
            x = LEFT + (shown - 0.5) * width
            path = QPainterPath(QPointF(x - 5, 30))
            path.lineTo(x + 5, 30)
            path.lineTo(x, 37)
            path.closeSubpath()
            painter.fillPath(path, colors.tx)
            frame = QRectF(LEFT + (shown - 1) * width + 0.5, 39.5, max(3.0, width - 1), 25)
            painter.setPen(QPen(colors.tx, 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(frame, 3, 3)

    def _stretch(
        self, painter: QPainter, role: QColor, width: float, start: int, stop: int, shown: int
    ) -> None:
        """A phase of too many instructions to tell them apart: what is done of it, and what is to come."""
        done = min(max(shown, start), stop)
        for first, last, strength in ((start, done, 0.55), (done, stop, 0.16)):
            if last > first:
                shade = QColor(role)
                shade.setAlphaF(strength)
                draw.fill(painter, LEFT + first * width, 40, (last - first) * width, 24, shade, 0)
        if start < shown <= stop:
            draw.fill(painter, LEFT + (shown - 1) * width, 40, max(3.0, width), 24, role, 0)

    def _phase(
        self, painter: QPainter, colors: themes.Theme, role: QColor, width: float, some: range, shown: int
    ) -> None:  # fmt: skip
        """Some of a phase, instruction by instruction."""
        program = self._session.program
        assert program is not None
        gap = 2.0 if width > 6 else 0.5
        for index in some:
            x = LEFT + index * width
            current, done = index == shown - 1, index < shown - 1
            shade = QColor(role)
            shade.setAlphaF(1.0 if current else 0.55 if done else 0.16)
            draw.fill(painter, x + gap / 2, 40, width - gap, 24, shade, 3 if width > 6 else 0)
            if width >= 20:
                key = (program.serial, index, current, done, colors.name)
                self._painted.draw(
                    painter, x, 40, (width, 24), key, QColor(0, 0, 0, 0),
                    partial(
                        self._label, colors=colors, line=program.instructions[index], x=width / 2,
                        room=width - 3, current=current, done=done,
                    ),
                )  # fmt: skip

    def _label(self, painter: QPainter, colors: themes.Theme, line: InstructionView, x: float, room: float,
               current: bool, done: bool) -> None:  # fmt: skip
        if current:
            tone = "bg0" if colors.is_dark else "priText"
        else:
            tone = "tx" if done else "tx2"
        for size in (11, 10, 9):
            box = formula.lay_out(
                to_box(short(line), formula.Pen(size, 600 if current else 400, tone))
            )
            if box.width <= room:
                formula.paint(painter, box, colors, x - box.width / 2, 16 - box.baseline)
                return
        # Some of it is more than an empty cell; the tooltip and the tape have all.
        shown = draw.elide(short(line), 9, room, 400, True)
        draw.text(painter, x, 16, shown, 9, colors.color(tone), mono=True, anchor="middle")

    def _bracket(
        self, painter: QPainter, colors: themes.Theme, phase: str, left: float, right: float
    ) -> None:
        painter.setPen(QPen(colors.line2, 1))
        painter.drawPolyline(
            [
                QPointF(left + 1, 90),
                QPointF(left + 1, 94),
                QPointF(right - 1, 94),
                QPointF(right - 1, 90),
            ]
        )
        name = tr(PHASES.get(phase, ("", phase))[1])
        if draw.advance(name, 11) < right - left + 6:
            draw.text(painter, (left + right) / 2, 109, name, 11, colors.tx2, anchor="middle")


def _elided(sentence: str, room: float) -> str:
    """As much of a sentence as there is room for."""
    if draw.advance(sentence, 12) <= room:
        return sentence
    enough, much = 0, len(sentence)
    while enough < much:
        half = (enough + much + 1) // 2
        fits = draw.advance(sentence[:half].rstrip() + "…", 12) <= room
        enough, much = (half, much) if fits else (enough, half - 1)
    return sentence[:enough].rstrip() + "…"
