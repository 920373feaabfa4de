"""The surface in three dimensions: what its inset and its panel share, and the picture that is turned by hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QEvent, QObject, QPointF, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QWidget

from app.bus import CommandError
from app.scenes import draw, race_solid
from app.scenes.mesh import TILTS, ZOOMS, Mesh, Projection, Sight
from app.text import tr
from app.widgets import Button
from app.widgets.painted import Painted

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QKeyEvent, QMouseEvent, QShowEvent, QWheelEvent

    from app.engine.questions.racing import SurfaceGrid
    from app.optimizers.session import RaceSession
    from app.theme import Theme
    from core.landscape import Surface

#: Radians a pixel of dragging turns and tilts, and a key does.
_TURNED, _TILTED, _KEY = 0.011, 0.008, math.pi / 24
#: How much nearer a step of the wheel or a key comes.
_NEARER = 1.15
#: Size of the inset, and the least size of what it stands on.
INSET, INSET_NEEDS = QSize(248, 184), QSize(600, 420)


class Solid(QObject):
    """What is seen, and from where. Interface thread only; the engine evaluates the surface.

    Signals
    -------
    changed()
        Another surface or other heights: all of it is to be painted anew.
    turned()
        It is seen from elsewhere.
    """

    changed = Signal()
    turned = Signal()

    @classmethod
    def of(cls, session: RaceSession) -> Solid:
        """The one of a session."""
        found = session.findChild(cls)
        return found if found is not None else cls(session)

    def __init__(self, session: RaceSession) -> None:
        super().__init__(session)
        self._session = session
        self.sight = Sight()
        #: "auto", "log" or "plain".
        self.heights = "auto"
        self.grid: SurfaceGrid | None = None
        self.problem = ""
        self._watched = 0
        self._asking: dict[str, Any] | None = None
        session.offer("solid_inset", True)
        session.paths_changed.connect(self._look)
        bus = session.context.bus
        bus.register("race.turn", self._do_turn, label=tr("Turn the surface"))
        bus.register("race.heights", self._do_heights, label=tr("Heights of the surface"))

    # -- what is seen

    @property
    def surface(self) -> Surface | None:
        """What is raced on."""
        return self._session.surface

    @property
    def flat(self) -> bool:
        """Whether there is nothing to turn: a curve has one variable."""
        return self.surface is not None and len(self.surface.variables) < 2

    @property
    def log(self) -> bool:
        """Whether heights are logarithms."""
        return race_solid.is_log(self.surface is not None and self.surface.log, self.heights)

    @property
    def ground(self) -> Mesh | None:
        """The heights, as far as they are known."""
        if self.grid is None or self.surface is None or self.flat:
            return None
        if self.grid.surface != self.surface.to_document():
            return None
        answer = self._session.answer
        assert answer is not None
        return race_solid.ground_of(self.grid, self.log, race_solid.lowest_of(answer))

    def words(self) -> str:
        """What the heights are."""
        return race_solid.heights_words(self.ground, self.log)

    # -- who watches

    def watch(self) -> None:
        """Ask for the surface from now on."""
        self._watched += 1
        self._look()

    def leave(self) -> None:
        """Do not ask any more: nobody sees it."""
        self._watched = max(0, self._watched - 1)

    @Slot()
    def _look(self) -> None:
        surface = self.surface
        if not self._watched or surface is None:
            return
        document = surface.to_document()
        known = self.grid is not None and self.grid.surface == document
        if not known and not self.flat and document != self._asking:
            self._asking = document
            (across, down), (columns, rows) = surface.domain, race_solid.ASKED
            self._session.context.engine.ask(
                "surface_grid", surface=document, across=across, down=down, width=columns, height=rows,
                done=self._on_grid, failed=self._on_failure, asker="solid",
            )  # fmt: skip
        self.changed.emit()

    def _on_grid(self, grid: SurfaceGrid) -> None:
        if grid.surface == self._asking:
            self._asking = None
        self.grid, self.problem = grid, ""
        self.changed.emit()

    def _on_failure(self, sentence: str) -> None:
        self._asking, self.problem = None, sentence
        self.changed.emit()

    # -- commands

    def _do_turn(
        self, turn: float | None = None, tilt: float | None = None, zoom: float | None = None
    ) -> None:
        """See the surface from elsewhere; what is not given stays. Angles are radians."""
        sight = self.sight
        turn, tilt, zoom = (
            own if given is None else float(given)
            for own, given in ((sight.turn, turn), (sight.tilt, tilt), (sight.zoom, zoom))
        )
        if not abs(turn) <= 100:
            raise CommandError(tr("The surface is turned by an angle in radians, not so far."))
        if not TILTS[0] <= tilt <= TILTS[1]:
            raise CommandError(tr("The surface is seen from {low} to {high} radians above its ground.",
                                  low=TILTS[0], high=TILTS[1]))  # fmt: skip
        if not ZOOMS[0] <= zoom <= ZOOMS[1]:
            raise CommandError(
                tr("The surface is seen from half to four times as large as what fits.")
            )
        self.sight = Sight(turn, tilt, zoom).moved()
        self.turned.emit()

    def _do_heights(self, value: Literal["auto", "log", "plain"]) -> None:
        self.heights = value
        self.changed.emit()

    # -- painting

    def runners(self, width: float) -> list[race_solid.Runner]:
        """The racers with their paths on the surface, for a picture so many pixels wide."""
        answer, ground = self._session.answer, self.ground
        return [] if answer is None or ground is None else race_solid.runners(answer, ground, width)

    def filmed(self) -> dict[str, Any]:
        """What a film takes over: from where it is seen, and which heights."""
        sight = self.sight
        return {"sight": [sight.turn, sight.tilt, sight.zoom], "heights": self.heights}


class SolidPicture(Painted):
    """The surface with its racers: dragged it turns, the wheel brings it nearer, a double click puts it back.

    Parameters
    ----------
    session
        Whose race it is.
    axes
        Whether the ground below the surface has numbers.
    """

    def __init__(self, session: RaceSession, name: str, *, axes: bool) -> None:
        if axes:
            self.ground, self.opaque = "bg0", True
        super().__init__(name, tr("The surface in three dimensions"), tracking=False)
        self._session = session
        self.solid = Solid.of(session)
        self._axes = axes
        self._held: QPointF | None = None
        self.ring_inset = 2
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setToolTip(
            tr(
                "Drag to turn. Wheel, + and − to come nearer. The arrow keys turn and tilt it; 0 or a double click "
                "puts it back."
            )
        )
        for signal in (
            self.solid.changed, self.solid.turned, session.moved, session.chosen, session.paths_changed,
            session.context.theme_changed,
        ):  # fmt: skip
            signal.connect(self.renew)

    def sizeHint(self) -> QSize:
        return QSize(480, 360)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 60)

    @Slot()
    def renew(self) -> None:
        """Something else is to be seen."""
        self.update()

    @property
    def view(self) -> Projection:
        """From shares of the surface to pixels."""
        room = 28 if self._axes else 10
        width, height = max(1, self.width() - 2 * room), max(1, self.height() - 2 * room)
        return Projection(self.solid.sight, (room, room, width, height))

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        solid, session = self.solid, self._session
        ground = solid.ground
        if ground is None:
            self._say(painter, colors)
            return
        surface = solid.surface
        assert surface is not None
        box = (0.0, 0.0, float(self.width()), float(self.height()))
        race_solid.paint_solid(
            painter, colors, box, ground, solid.runners(box[2]), session.time, session.racer, self.view,
            marks=surface.minima, axes=surface.variables if self._axes else (),
        )  # fmt: skip

    def _say(self, painter: QPainter, colors: Theme) -> None:
        """Say why there is nothing to be seen; a moment's waiting needs no words."""
        words = self.solid.problem or self._session.problem
        if self.solid.flat:
            words = tr("A curve has one variable: there is nothing to turn. It is drawn under Map.")
        if words:
            painter.setPen(colors.tx2)
            painter.setFont(draw.face(13))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(16, 16, -16, -16), int(flags), words)

    # -- by hand

    def _turn(self, sight: Sight) -> None:
        self._session.context.do("race.turn", turn=sight.turn, tilt=sight.tilt, zoom=sight.zoom)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._held = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held is not None:
            moved, self._held = event.position() - self._held, event.position()
            # What is held follows the hand: to the right, the front goes to the right.
            self._turn(self.solid.sight.moved(-moved.x() * _TURNED, moved.y() * _TILTED))
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = None
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._turn(Sight())
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        steps = event.angleDelta().y() / 120
        if steps:
            self._turn(self.solid.sight.moved(zoom=_NEARER**steps))
        event.accept()

    def event(self, event: QEvent) -> bool:
        # These keys are this picture's while it has the focus, and no shortcut's.
        if event.type() == QEvent.Type.ShortcutOverride and self._by_key(event) is not None:  # type: ignore[arg-type]
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        sight = self._by_key(event)
        if sight is None:
            super().keyPressEvent(event)
        else:
            self._turn(sight)

    def _by_key(self, event: QKeyEvent) -> Sight | None:
        """What a key shows; None of other keys."""
        keys, sight = Qt.Key, self.solid.sight
        plain = event.modifiers() & ~(
            Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
        )
        if plain:
            return None
        moves = {
            keys.Key_Left: {"turn": _KEY}, keys.Key_Right: {"turn": -_KEY},
            keys.Key_Up: {"tilt": _KEY}, keys.Key_Down: {"tilt": -_KEY},
            keys.Key_Plus: {"zoom": _NEARER}, keys.Key_Equal: {"zoom": _NEARER},
            keys.Key_Minus: {"zoom": 1 / _NEARER},
        }  # fmt: skip
        if event.key() == keys.Key_0:
            return Sight()
        move = moves.get(Qt.Key(event.key()))
        return None if move is None else sight.moved(**move)

    def showEvent(self, event: QShowEvent) -> None:
        self.solid.watch()

    def hideEvent(self, event: QHideEvent) -> None:
        self.solid.leave()


class SolidInset(QWidget):
    """The surface in a corner of the map. It folds to a button, and is away where there is no room or nothing to turn.

    Parameters
    ----------
    session
        Whose race it is.
    parent
        What it stands on, at the upper right.
    """

    def __init__(self, session: RaceSession, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("race-solid-inset")
        self.setAccessibleName(tr("The surface in three dimensions"))
        self._session = session
        self._on = parent
        self.solid = Solid.of(session)
        self.frame = _Frame(session, self)
        self.fold = Button(name="race-solid-fold", kind="ghost", icon="minus", icon_size=14)
        self.fold.setParent(self)
        self.fold.setAccessibleName(tr("Fold the surface in three dimensions"))
        self.fold.setToolTip(self.fold.accessibleName())
        self.unfold = Button(tr("3-D"), name="race-solid-unfold")
        self.unfold.setParent(self)
        self.unfold.setToolTip(tr("Show the surface in three dimensions"))
        self.fold.clicked.connect(lambda: self._show(False))
        self.unfold.clicked.connect(lambda: self._show(True))
        self.solid.changed.connect(self.place)
        session.chosen.connect(self.place)
        parent.installEventFilter(self)
        self.place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self.place()
        return False

    def _show(self, on: bool) -> None:
        self._session.context.do("race.show", name="solid_inset", value=on)

    @Slot()
    def place(self) -> None:
        """Stand in the corner, as large as is wanted and fits."""
        ground = self._on
        open_ = bool(self._session.toggles.get("solid_inset", True))
        room = ground.width() >= INSET_NEEDS.width() and ground.height() >= INSET_NEEDS.height()
        size = INSET if open_ else self.unfold.sizeHint()
        self.setFixedSize(size)
        self.move(ground.width() - size.width() - 16, 16)
        self.frame.setVisible(open_)
        self.fold.setVisible(open_)
        self.unfold.setVisible(not open_)
        self.frame.setGeometry(0, 0, INSET.width(), INSET.height())
        side = self.fold.sizeHint()
        self.fold.setGeometry(INSET.width() - side.width() - 4, 4, side.width(), side.height())
        self.unfold.move(0, 0)
        self.setVisible(room and not self.solid.flat)
        self.raise_()


class _Frame(SolidPicture):
    """The picture of the inset: on a card, with what its heights are."""

    def __init__(self, session: RaceSession, parent: QWidget) -> None:
        super().__init__(session, "race-solid-small", axes=False)
        self._on = parent.parentWidget() or parent
        self.setParent(parent)
        self.focus_radius = 8

    @Slot()
    def renew(self) -> None:
        # With the map beneath: by itself each of the two would have the other painted once more.
        self._on.update()

    @property
    def view(self) -> Projection:
        # Below the words; what few surfaces reach may be cut off, for there is little room.
        box = (-32.0, -10.0, float(self.width() + 64), float(self.height() + 34))
        return Projection(self.solid.sight, box)

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        w, h = float(self.width()), float(self.height())
        draw.fill(painter, 0.5, 0.5, w - 1, h - 1, QColor(colors.bg1), 8)
        super().paint(painter, colors, area)
        draw.frame(painter, 0.5, 0.5, w - 1, h - 1, colors.line2, 1, 8)
        words = tr("{heights}, drag to turn", heights=self.solid.words())
        draw.text(painter, 10, 18, draw.elide(words, 11, w - 48), 11, colors.tx2)
