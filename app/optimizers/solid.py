"""The surface in three dimensions: what its inset and its panel share, and the picture that is turned by hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QEvent, QObject, QPointF, QRect, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QPainter

from app.bus import CommandError
from app.optimizers.kept_solid import KeptSolid, Shown
from app.scenes import draw, race_solid
from app.scenes.mesh import TILTS, ZOOMS, Mesh, Projection, Sight
from app.scenes.race_solid_tracks import Field, field_of
from app.text import tr
from app.widgets.painted import Painted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QHideEvent, QKeyEvent, QMouseEvent, QShowEvent, QWheelEvent

    from app.engine.questions.racing import RaceAnswer, SurfaceGrid
    from app.optimizers.session import RaceSession
    from app.theme import Theme
    from core.landscape import Surface

#: Radians a pixel of dragging turns and tilts, and a key does.
_TURNED, _TILTED, _KEY = 0.011, 0.008, math.pi / 24
#: How much nearer a step of the wheel or a key comes.
_NEARER = 1.15
#: When the surface and the paths have rested for so long, in ms, they are shown finely; what that needs is prepared for
#: so long at once, in seconds.
_REST, _BUDGET = 100, 0.003


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
        self._ground: tuple[tuple[object, ...], Mesh | None] | None = None
        self._raced: tuple[RaceAnswer, Field] | None = None
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
        answer, grid = self._session.answer, self.grid
        if answer is None or grid is None or self.flat:
            return None
        key = (answer, grid, self.log)
        if self._ground is None or self._ground[0] != key:
            found = None
            if grid.surface == answer.surface.to_document():
                found = race_solid.ground_of(grid, self.log, race_solid.lowest_of(answer))
            self._ground = (key, found)
        return self._ground[1]

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

    @property
    def field(self) -> Field | None:
        """Who races; the same object as long as the paths are the same."""
        answer = self._session.answer
        if answer is None:
            return None
        if self._raced is None or self._raced[0] is not answer:
            self._raced = (answer, field_of(answer))
        return self._raced[1]

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
        self._kept = KeptSolid(self.paint_paper, opaque=axes)
        self._rest = QTimer(self, singleShot=True)
        self._rest.timeout.connect(self._prepare)
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

    def paint_paper(self, painter: QPainter, colors: Theme) -> None:
        """Paint what is below the surface, beside the ground of the picture."""

    def shown(self) -> Shown | None:
        """What is to be seen; None as long as that is not known."""
        ground, surface, field = self.solid.ground, self.solid.surface, self.solid.field
        if ground is None or surface is None or field is None:
            return None
        return Shown(field, self.setting(ground, surface.minima, surface.variables))

    def setting(
        self, ground: Mesh, marks: Sequence[tuple[float, float]], axes: tuple[str, ...]
    ) -> race_solid.Setting:
        """A surface with its minima and axes, as it is seen in this picture."""
        size = (float(self.width()), float(self.height()))
        return race_solid.setting_of(ground, self.view, size, marks, axes if self._axes else ())

    @property
    def time(self) -> float:
        """Where the race stands, in steps."""
        return self._session.time

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        shown = self.shown()
        if shown is None:
            self.paint_paper(painter, colors)
            self.say_nothing(painter, colors)
            return
        other = self._kept.show(shown)
        self._kept.paint(painter, colors, self.time, self._session.racer)
        if other or not (self._kept.fine or self._rest.isActive()):
            self._rest.start(_REST)

    def _prepare(self) -> None:
        """It rests: work on what is finer, for a moment in each turn."""
        if not self.isVisible():
            return
        if self._kept.prepare(_BUDGET):
            self.renew()
        else:
            self._rest.start(0)

    def say_nothing(self, painter: QPainter, colors: Theme) -> None:
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
