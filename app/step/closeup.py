"""The close-up of the Step view: paints the one that fits the instruction, knows what is under the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QToolTip, QWidget

from app import theme as themes
from app.scenes import closeups, draw, whatif_marks
from app.scenes.closeups.board import sums_over_samples
from app.scenes.closeups.terms import MADE
from app.scenes.formula_expressions import format_number
from app.scenes.frame import Selection, ViewState
from app.scenes.step_values import cell_id, parse_cell
from app.step.closeup_controls import controls
from app.step.closeup_keys import CloseupKeys
from app.step.picture import Picture
from app.step.tracing import Traces
from app.step.walking import Walking
from app.text import tr
from app.traces import Destination
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from PySide6.QtGui import (
        QHideEvent,
        QKeyEvent,
        QMouseEvent,
        QPaintEvent,
        QShowEvent,
        QWheelEvent,
    )

    from app.scenes.closeups import Closeup, Moment, Subject
    from app.scenes.hits import Hit
    from app.step.session import StepSession

OWNER = "step-closeup"


class CloseupStage(Picture):
    """One instruction with every number it reads; the arrow keys walk over what it makes."""

    def __init__(self, session: StepSession, *, name: str = "step-closeup") -> None:
        super().__init__(session, name, tr("Close-up"))
        self._place: tuple[Any, Any] | None = None
        self._come_to: Any = None
        self._clock = float("inf")
        self._pages: dict[str, int] = {}
        self._scrolled: dict[str, int] = {}
        self._of: Any = None
        self._pointed: Hit | None = None
        self.keys = CloseupKeys(self)
        self.walking = Walking(session)
        self.walking.changed.connect(self._on_walking)
        self.traces = Traces(session)
        self.traces.answered.connect(self.update)
        session.changed.connect(self._on_changed)
        session.explained.connect(self._on_explained)
        #: What was read for the last picture, and of what; pictures that only move read nothing anew.
        self._numbers: tuple[Any, dict[str, np.ndarray], dict[str, np.ndarray]] | None = None

    def controls(self) -> QWidget:
        """What stands beside the choice of views while this one is shown."""
        return controls(self._session, self)

    def filmed(self) -> tuple[str, dict[str, Any]]:
        """Return the scene that films this, and its switches: layer, number, sample, and how it is shown."""
        session, subject = self._session, self._session.subject
        if subject is None:
            return "", {}
        layer = subject.instruction.layer
        known = {one.id for one in session.context.document.network.layers}
        return "closeup", {
            **session.toggles, "notation": session.notation, "layer": layer if layer in known else "",
            "tensor": subject.tensor, "cell": list(subject.cell), "row": session.row,
        }  # fmt: skip

    @property
    def subject(self) -> Subject | None:
        """The instruction and the number that are looked at: while its window moves by itself, the one it is at."""
        return self.walking.shown(self._session.subject)

    @property
    def closeup(self) -> Closeup | None:
        """The close-up that is painted."""
        subject = self.subject
        fitting = closeups.fitting(subject) if subject is not None else ()
        return fitting[0] if fitting else None

    @property
    def place(self) -> Any:
        """The layout painted now, or None where there is none."""
        subject, closeup = self.subject, self.closeup
        if subject is None or closeup is None:
            return None
        options = self._session.toggles | {"notation": self._session.notation} | self._scrolled
        view = ViewState(tuple(sorted(self._pages.items())), tuple(sorted(options.items())))
        key = (closeup.name, subject, self.width(), self.height(), view)
        if self._place is None or self._place[0] != key:
            size = (float(self.width()), float(self.height()))
            self._place = (key, closeup.layout(subject, size, view))
        return self._place[1]

    @property
    def moment(self) -> Moment | None:
        """The numbers painted now."""
        subject, closeup, session = self.subject, self.closeup, self._session
        if subject is None or closeup is None:
            return None
        names = closeup.tensors(subject)
        whole = (
            session.toggles.get("rows") == "batch" or sums_over_samples(subject)
            or bool(getattr(closeup, "whole", False))
        )  # fmt: skip
        key = (session.snapshot and session.snapshot.serial, closeup, names, session.row, whole)
        if self._numbers is None or self._numbers[0] != key:
            found = {name: array for name in names if (array := session.array(name, whole)) is not None}  # fmt: skip
            before = {name: a for name in names if (a := session.array_before(name)) is not None}
            self._numbers = (key, found, before)
        goes = self.traces.destinations(subject)
        walked = {} if self.walking.number is None else {"walked": self.walking.number}
        return closeups.Moment(
            arrays=self._numbers[1],
            before=self._numbers[2],
            snapshot=session.snapshot,
            selection=Selection(cell_id(subject.tensor, subject.cell), session.hover),
            toggles=session.toggles | {"notation": session.notation} | walked,
            clock=self._clock,
            origin=self.traces.origin(subject),
            picked=self.traces.picked,
            destinations=self._made(subject) + (goes or ()),
            asked=goes is not None,
            readers=self.traces.readers(subject),
            pointed=_number(self._pointed),
        )

    def _made(self, subject: Subject) -> tuple[Destination, ...]:
        """The instruction that made the number that is followed."""
        picked = self.traces.picked
        if picked is None:
            return ()
        makers = [
            line for line in subject.program.instructions[: subject.instruction.index]
            if picked[0] in line.writes
        ]  # fmt: skip
        cells = np.asarray(picked[1], np.int32).reshape(1, -1)
        return tuple(Destination(m.index, MADE, picked[0], cells, 1) for m in makers[-1:])

    @Slot()
    def _on_explained(self) -> None:
        # Tensors that were asked for may have come.
        self._numbers = None
        self.update()

    def _on_changed(self) -> None:
        self._numbers = None
        if not self.isVisible():
            return
        subject, closeup, session = self.subject, self.closeup, self._session
        if subject is not None and closeup is not None:
            session.need(closeup.tensors(subject))
            looked = (subject.instruction, subject.tensor, subject.cell)
            if looked != self._of:
                self._of, self._scrolled, self._pages = looked, {}, {}
            self.traces.ask(subject)
            come_to = (session.snapshot and session.snapshot.position, subject.instruction.index)
            if come_to != self._come_to:
                self._come_to = come_to
                self._begin(closeup.duration(subject))
            value = session.value(subject.tensor, subject.full)
            shown = "…" if value is None else format_number(value)
            self.setAccessibleDescription(
                tr("{title}; selected {cell}, value {value}", title=closeup.title(subject),
                   cell=subject.tensor, value=shown)
            )  # fmt: skip
        self.update()

    def _begin(self, seconds: float) -> None:
        """Let what moves begin to move, unless nothing should."""
        still = bool(self._session.context.settings.get("reduced_motion", False))
        self._clock = 0.0 if seconds > 0 and not still else float("inf")
        if self._clock == 0.0:
            self._session.context.clock.want(OWNER)

    def walk(self, playing: bool | None = None) -> None:
        """Let the window pass over all cells of the result by itself, or stop it; by default the other of both."""
        if playing is None:
            playing = not self.walking.playing
        if not playing:
            self.walking.stop()
            return
        self._rest()
        self.walking.begin(self.closeup, self._session.subject)

    @property
    def walks(self) -> bool:
        """Whether there are cells a window can pass over."""
        return closeups.walk_of(self.closeup, self._session.subject) is not None

    @Slot()
    def _on_walking(self) -> None:
        if self.walking.playing:
            self._session.context.clock.want(OWNER)
        elif self._clock == float("inf"):
            self._session.context.clock.release(OWNER)
        self.update()

    def _rest(self) -> None:
        """End the motion with which an instruction is shown first."""
        self._clock = float("inf")
        if not self.walking.playing:
            self._session.context.clock.release(OWNER)

    @Slot(float)
    def _on_tick(self, seconds: float) -> None:
        self.walking.advance(seconds)
        closeup, subject = self.closeup, self.subject
        if self._clock == float("inf") or closeup is None or subject is None:
            return
        self._clock += seconds
        if self._clock >= closeup.duration(subject):
            self._rest()
        self.update()

    # -- events

    def showEvent(self, event: QShowEvent) -> None:
        self._session.context.clock.tick.connect(self._on_tick)
        self._on_changed()

    def hideEvent(self, event: QHideEvent) -> None:
        self.walking.forget()
        self._session.need(())
        self._session.context.clock.tick.disconnect(self._on_tick)
        self._session.context.clock.release(OWNER)
        self._clock = float("inf")

    def _hit(self, x: float, y: float) -> Hit | None:
        place = self.place
        return place.hits.at(x, y) if place is not None else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        hit = self._hit(at.x(), at.y())
        self.keys.leave()
        self.point(hit)
        lines = self.lines_of(hit) if hit is not None else ()
        if hit is None:
            self.setCursor(Qt.CursorShape.ArrowCursor)
            QToolTip.hideText()
            return
        self.setCursor(Qt.CursorShape.PointingHandCursor if lines else Qt.CursorShape.ArrowCursor)
        QToolTip.showText(event.globalPosition().toPoint(), "\n".join(lines), self)

    def point(self, hit: Hit | None) -> None:
        """Light up what the mouse or the keyboard is at."""
        self._pointed = hit
        if (subject := self.subject) is not None:
            self.traces.point(subject, _number(hit))
        self._session.set_hover(hit.id if hit is not None else "")
        self.update()

    def lines_of(self, hit: Hit) -> tuple[str, ...]:
        """What there is to say of something."""
        place, closeup, subject, moment = self.place, self.closeup, self.subject, self.moment
        if closeup is None or subject is None or moment is None:
            return ()
        lines = closeup.describe(place, hit, subject, moment)
        cell = parse_cell(hit.id) if lines else None
        if cell is not None and (old := whatif_marks.words(self._session.reader, *cell)):
            lines = (*lines, old.strip())
        return lines

    def leaveEvent(self, event: object) -> None:
        self.point(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        hit = self._hit(event.position().x(), event.position().y())
        if hit is not None:
            self.take(hit)

    def take(self, hit: Hit) -> None:
        """Do what a click on something does."""
        subject, context = self.subject, self._session.context
        if subject is None:
            return
        if hit.kind == "cell":
            number = _number(hit)
            if number is not None and number[0] not in subject.instruction.writes:
                context.do("step.follow", tensor=number[0], index=list(number[1]))
                return
            if number is not None and subject.info(number[0]).batch:
                context.do("select.row", row=number[1][0])
            self.choose(hit.id)
        elif hit.kind == "look":
            # A number of another instruction: the one that writes it is looked at.
            self.choose(hit.id)
        elif hit.kind == "page":
            self._pages[hit.node] = max(0, hit.index[0])
            self.update()
        elif hit.kind == "jump":
            self.jump(hit.index[0])
        elif hit.kind == "sample":
            context.do("select.row", row=hit.index[0])
        elif hit.kind == "turn":
            self.choose(hit.id)
        elif hit.kind == "toggle":
            _, name, value = hit.id.split(":")
            context.do("step.closeup", name=name, value=value)

    def follow(self, tensor: str, index: tuple[int, ...]) -> None:
        """Mark what a number of an operand goes into; the same one again lets it go."""
        self.traces.pick((tensor, tuple(index)))
        if self.subject is not None:
            self.traces.ask(self.subject)
        self.update()

    def choose(self, identifier: str) -> None:
        """Look at the number an id stands for."""
        cell = parse_cell(identifier)
        if cell is not None:
            self.walking.forget()
            self._rest()
            self._session.context.do("select.cell", tensor=cell[0], index=list(cell[1]))

    def jump(self, slot: int = 0) -> None:
        """Go to an instruction of the list, at the first cell that reads the number."""
        moment, subject, context = self.moment, self.subject, self._session.context
        at = slot + self._scrolled.get("jumps_from", 0)
        if moment is None or subject is None or at >= len(moment.destinations):
            return
        one = moment.destinations[at]
        context.do("step.inspect", instruction=one.instruction)
        if one.tensor in subject.program.tensors and len(one.cells):
            cell = [int(k) for k in one.cells[0]]
            if subject.info(one.tensor).batch:
                cell = cell[1:]
            context.do("select.cell", tensor=one.tensor, index=cell)

    def wheelEvent(self, event: QWheelEvent) -> None:
        foot = getattr(self.place, "footer", None)
        at = event.position()
        if foot is None or at.y() < foot.y:
            super().wheelEvent(event)
            return
        by = -1 if event.angleDelta().y() > 0 else 1
        self.scroll_list("terms_from" if at.x() < foot.split else "jumps_from", by, lines=1)

    def scroll_list(self, name: str, by: int, lines: int = 0) -> None:
        """Scroll the terms (``"terms_from"``) or what the number goes into by so many lines, or by a page."""
        foot, moment = getattr(self.place, "footer", None), self.moment
        if foot is None or moment is None:
            return
        if name == "terms_from":
            count = len(moment.origin.terms) if moment.origin is not None else 0
            # The last place of a full list says how many more there are.
            step = lines * foot.columns or max(1, (foot.slots - 1) // foot.columns) * foot.columns
            most = count - foot.slots + 1
        else:
            step, most = lines or max(1, foot.jumps - 1), len(moment.destinations) - foot.jumps
        to = max(0, min(self._scrolled.get(name, 0) + by * step, max(0, most)))
        self._scrolled = self._scrolled | {name: to}
        self.update()

    def command(self, name: str, **values: Any) -> None:
        """Carry out a command of the bus; a refusal is shown."""
        self._session.context.do(name, **values)

    @property
    def takes_enter(self) -> bool:
        """Whether Enter is meant for what the keyboard is at, and not for typing over the chosen number."""
        return self.keys.at is not None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.keys.press(event):
            super().keyPressEvent(event)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colors = themes.current()
        painter.fillRect(self.rect(), colors.bg0)
        subject, closeup, moment = self.subject, self.closeup, self.moment
        if subject is None or closeup is None or moment is None:
            self.say(
                painter,
                colors,
                tr("Press Step: the instruction appears here with all its numbers."),
            )
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        closeup.paint(painter, self.place, colors, subject, moment)
        names = closeup.tensors(subject)
        whatif_marks.paint_cells(painter, self.place.hits, colors, self._session.reader, names)
        if (at := self.keys.at) is not None and self.hasFocus():
            draw.frame(painter, *at.rect, colors.pri, 1.5, 4)


def _number(hit: Hit | None) -> tuple[str, tuple[int, ...]] | None:
    """Return tensor and index, as the engine counts, of a cell."""
    if hit is None or hit.kind != "cell" or not hit.node:
        return None
    return hit.node, tuple(hit.index)
