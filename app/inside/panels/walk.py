"""The convolution walk: a window slides over what a layer reads, and every product is written out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QRect, Qt, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolTip, QVBoxLayout, QWidget

from app import theme
from app.inside.panels import InsidePanel
from app.scenes import closeups, draw
from app.scenes.frame import Selection, ViewState
from app.scenes.step_values import cell_id, parse_cell
from app.text import tr
from app.widgets import Button, Label
from app.widgets.focus import focus_entered, focus_left
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QHideEvent, QShowEvent

    from app.engine.questions.inside import LayerWalk
    from app.inside.session import InsideSession
    from app.scenes.closeups import Closeup, Moment, Subject
    from app.scenes.hits import Hit

OWNER = "inside-walk"
_STEPS = {
    Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0),
}  # fmt: skip
#: Places a second while it plays.
_RATE = 12.0


class WalkStage(QWidget):
    """The window, drawn by the close-up that fits the layer; the arrow keys move it, and so does the mouse."""

    focus_radius = 4

    def __init__(self, session: InsideSession) -> None:
        super().__init__()
        self.setObjectName("inside-walk")
        self.setAccessibleName(tr("Convolution walk"))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._session = session
        self.walk: LayerWalk | None = None
        self.playing = False
        self._at = 0.0
        self._place: tuple[Any, Any] | None = None
        self._pages: dict[str, int] = {}

    def focus_rect(self) -> QRect:
        """Where the focus ring goes: just inside, because the stage fills its panel."""
        return self.rect().adjusted(5, 5, -5, -5)

    def show_walk(self, walk: LayerWalk | None) -> None:
        """Show a layer's numbers."""
        self.walk = walk
        self.update()

    @property
    def subject(self) -> Subject | None:
        """The number that is looked at: of the chosen channel, at the chosen place."""
        walk, session = self.walk, self._session
        if walk is None or walk.layer != session.layer:
            return None
        line = walk.program.instructions[walk.instruction]
        tensor = line.writes[0]
        rows, columns, channels = walk.program.tensors[tensor].shape
        row, column = session.place
        cell = (min(row, rows - 1), min(column, columns - 1), min(session.channel, channels - 1))
        return closeups.Subject(walk.program, line, tensor, cell)

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
        view = ViewState(tuple(sorted(self._pages.items())), (("scale", "own"),))
        key = (closeup.name, subject, self.width(), self.height(), view)
        if self._place is None or self._place[0] != key:
            size = (float(self.width()), float(self.height()))
            self._place = (key, closeup.layout(subject, size, view))
        return self._place[1]

    @property
    def moment(self) -> Moment | None:
        """The numbers painted now."""
        subject, walk = self.subject, self.walk
        if subject is None or walk is None:
            return None
        toggles: dict[str, Any] = {"scale": "own", "notation": "rows"}
        if self.playing:
            toggles["walked"] = int(self._at)
        return closeups.Moment(
            arrays=walk.arrays,
            selection=Selection(cell_id(subject.tensor, subject.cell)),
            toggles=toggles,
        )

    # -- moving

    def move_to(self, row: int, column: int) -> None:
        """Put the window at a place of the map; outside it goes to the border."""
        subject, session = self.subject, self._session
        if subject is None:
            return
        rows, columns = subject.info(subject.tensor).shape[:2]
        place = (max(0, min(row, rows - 1)), max(0, min(column, columns - 1)))
        if place != session.place:
            session.context.do(
                "inside.select",
                layer=session.layer,
                channel=session.channel,
                row=place[0],
                column=place[1],
            )

    def move_by(self, rows: int, columns: int) -> None:
        """Move the window."""
        row, column = self._session.place
        self.move_to(row + rows, column + columns)

    def play(self, playing: bool | None = None) -> None:
        """Let the window pass over all places, or stop it; by default the other of both."""
        walk = closeups.walk_of(self.closeup, self.subject)
        self.playing = (not self.playing if playing is None else playing) and walk is not None
        clock = self._session.context.clock
        if self.playing and walk is not None and self.subject is not None:
            first = walk.number(self.subject.cell)
            self._at = float(first if first + 1 < walk.count else 0)
            clock.want(OWNER)
        else:
            clock.release(OWNER)
        self.update()

    @Slot(float)
    def _on_tick(self, seconds: float) -> None:
        if not self.playing:
            return
        walk = closeups.walk_of(self.closeup, self.subject)
        if walk is None:
            self.play(False)
            return
        self._at += seconds * max(_RATE, walk.count / 30)
        if self._at >= walk.count:
            self.play(False)
            return
        cell = walk.cell(int(self._at))
        self._session.place = (cell[0], cell[1])
        self._session.chosen.emit()

    # -- events

    def showEvent(self, event: QShowEvent) -> None:
        self._session.context.clock.tick.connect(self._on_tick)

    def hideEvent(self, event: QHideEvent) -> None:
        self.play(False)
        self._session.context.clock.tick.disconnect(self._on_tick)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self._take(event.position().x(), event.position().y())

    def _hit(self, x: float, y: float) -> Hit | None:
        place = self.place
        return place.hits.at(x, y) if place is not None else None

    def _take(self, x: float, y: float) -> None:
        """Put the window where the mouse is: on the map, or on what the layer reads."""
        hit, subject = self._hit(x, y), self.subject
        if hit is None or subject is None:
            return
        if hit.kind == "page":
            self._pages[hit.node] = max(0, hit.index[0])
            self.update()
            return
        cell = parse_cell(hit.id)
        if cell is None:
            return
        tensor, index = cell
        if tensor == subject.tensor:
            self.move_to(index[0], index[1])
        elif tensor == subject.instruction.operands.get("x"):
            given, made = subject.info(tensor).shape, subject.info(subject.tensor).shape
            # The place whose window has this pixel in its middle.
            scale = [made[k] / given[k] for k in (0, 1)]
            self.move_to(int(index[0] * scale[0]), int(index[1] * scale[1]))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._take(at.x(), at.y())
            return
        hit, closeup, subject, moment = (
            self._hit(at.x(), at.y()),
            self.closeup,
            self.subject,
            self.moment,
        )
        if hit is None or closeup is None or subject is None or moment is None:
            self.setCursor(Qt.CursorShape.ArrowCursor)
            return
        lines = closeup.describe(self.place, hit, subject, moment)
        self.setCursor(Qt.CursorShape.PointingHandCursor if lines else Qt.CursorShape.ArrowCursor)
        QToolTip.showText(event.globalPosition().toPoint(), "\n".join(lines), self)

    def leaveEvent(self, event: QEvent) -> None:
        QToolTip.hideText()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = _STEPS.get(Qt.Key(event.key()))
        session = self._session
        if step is not None:
            self.move_by(*step)
        elif event.key() in (Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight):
            by = 1 if event.key() == Qt.Key.Key_BracketRight else -1
            values = session.look.layers.get(session.layer) if session.look is not None else None
            if values is not None:
                channel = (session.channel + by) % values.shape[-1]
                row, column = session.place
                session.context.do(
                    "inside.select", layer=session.layer, channel=channel, row=row, column=column
                )
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        focus_entered(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        focus_left(self)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            colors = theme.current()
            painter.fillRect(self.rect(), colors.bg0)
            subject, closeup, moment = self.subject, self.closeup, self.moment
            if subject is None or closeup is None or moment is None:
                words = tr(
                    "Click a map of a convolution or a pooling layer: here stands how it came about."
                )
                draw.text(
                    painter,
                    self.width() / 2,
                    self.height() / 2,
                    words,
                    13,
                    colors.tx2,
                    anchor="middle",
                )
                return
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            closeup.paint(painter, self.place, colors, subject, moment)
        finally:
            painter.end()


class WalkPanel(QWidget):
    """The stage, asked for anew whenever the layer, the input or the network has changed."""

    def __init__(self, session: InsideSession) -> None:
        super().__init__()
        self._session = session
        self._asking = False
        self._asked_of: Any = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.stage = WalkStage(session)
        column.addWidget(self.stage)
        self._beside = QWidget()
        row = QHBoxLayout(self._beside)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.words = Label("", "value", "tx2", name="inside-walk-words")
        row.addWidget(self.words)
        for name, icon, tip, action in (
            ("inside-walk-back", "player-skip-back", tr("One place back"), lambda: self._go(-1)),
            (
                "inside-walk-play",
                "player-play",
                tr("Slide the window over all places"),
                self.stage.play,
            ),
            ("inside-walk-on", "player-skip-forward", tr("One place on"), lambda: self._go(1)),
        ):
            button = Button(name=name, icon=icon, icon_size=14)
            button.setAccessibleName(tip)
            button.setToolTip(tip)
            button.clicked.connect(lambda _=False, action=action: action())
            row.addWidget(button)
        session.looked.connect(self._ask)
        session.chosen.connect(self._ask)
        session.context.theme_changed.connect(lambda _: self.stage.update())

    def controls(self) -> QWidget:
        """What stands in the head."""
        return self._beside

    def _go(self, by: int) -> None:
        subject = self.stage.subject
        walk = closeups.walk_of(self.stage.closeup, subject)
        if subject is None or walk is None:
            return
        cell = walk.cell((walk.number(subject.cell) + by) % walk.count)
        self.stage.move_to(cell[0], cell[1])

    def showEvent(self, event: object) -> None:
        self._ask()

    def _ask(self) -> None:
        session = self._session
        row, column = session.place
        self.words.setText(tr("row {row}  column {column}", row=row, column=column))
        look = session.look
        key = (id(session.input), look.position if look is not None else None, session.layer)
        if look is None or self._asking or not self.isVisible() or key == self._asked_of:
            self.stage.update()
            return
        self._asked_of = key
        self._asking = bool(
            session.ask(
                "inside_walk", layer=session.layer, done=self._on_walk, failed=self._on_none
            )
        )

    def _on_walk(self, walk: Any) -> None:
        self._asking = False
        self.stage.show_walk(walk)
        self._ask()

    def _on_none(self, _sentence: str) -> None:
        self._asking = False
        self.stage.show_walk(None)
        self._ask()


PANEL = InsidePanel(
    "walk", "below", tr("Convolution walk"), tr("How a number of a map comes about"), 10, WalkPanel
)
