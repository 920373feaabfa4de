"""The map of a race: the surface, everybody's way, and the start, which is dragged."""

from __future__ import annotations

from math import ceil, log10
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QToolTip, QWidget

from app.optimizers import map_terms
from app.optimizers.map_ground import MapGround
from app.optimizers.map_picture import MapPicture
from app.optimizers.map_words import words_at, words_of
from app.optimizers.zoomed import Zoomed
from app.scenes import race_map, race_map_paint, race_moment
from app.scenes.race_moment import Moment
from app.text import tr
from core import landscape
from core.errors import ChainruleError

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QPainter, QResizeEvent, QShowEvent

    from app.engine.questions.mapping import SurfacePoint
    from app.optimizers.session import RaceSession
    from app.scenes.race_map_layout import Viewport
    from app.scenes.race_moment import Place
    from app.theme import Theme
    from core.landscape import Surface

#: The start is taken hold of within so many pixels.
_GRASP = 12.0
#: A mouse that has gone so far, in pixels, does not click.
_CLICK = 4
#: So many places of a way are looked at to see what hides it.
_PLACES = 100
#: The start goes so far by an arrow key with Shift, in pixels.
_STEP = 4.0


class SurfaceMapView(Zoomed):
    """See the module's text.

    Parameters
    ----------
    session
        The race.

    Signals
    -------
    viewed()
        Another part of the surface is shown: `view` is another.
    freed()
        The learner has chosen what is shown, or all of it is again.
    taken()
        Another surface is shown.

    Attributes
    ----------
    view
        What is shown where, or None before there is a surface.
    ground_map
        The surface as far as it has been drawn.
    """

    viewed = Signal()
    freed = Signal()
    taken = Signal()
    ground, opaque, ring_inset = "bg0", True, 2

    def __init__(self, session: RaceSession) -> None:
        super().__init__("race-map", tr("Map of the race"), "race")
        self._session = session
        self.view: Viewport | None = None
        self._surface: Surface | None = None
        self._document: dict[str, object] = {}
        self.ground_map = MapGround(session.context, self)
        self.ground_map.drawn.connect(self._on_drawn)
        self._picture = MapPicture()
        #: Whether the learner has chosen what is shown.
        self._free = False
        self._hovering = 0
        self._drag = ""
        self._from = QPointF()
        self._near_start = False
        for signal in (
            session.race_changed, session.paths_changed, session.moved, session.chosen, session.playing_changed,
        ):  # fmt: skip
            signal.connect(self._refresh)
        session.context.theme_changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(640, 480)

    # -- what is shown

    @property
    def _names(self) -> tuple[str, ...]:
        return self._surface.variables if self._surface is not None else ()

    @property
    def surface(self) -> Surface | None:
        """The surface of the document, which the paths may not have caught up with."""
        return self._surface

    @property
    def is_free(self) -> bool:
        """Whether the learner has chosen what is shown."""
        return self._free

    @property
    def moment(self) -> Moment | None:
        """Where everybody is; None while the race that is known is on another surface."""
        answer = self._session.answer
        if answer is None or answer.race.surface != self._session.race.surface:
            return None
        session = self._session
        still = bool(session.context.settings.get("reduced_motion", False))
        time = float(session.step) if still else session.time
        return Moment(answer, time, session.racer, session.race.start, self.ground_map.curve)

    @Slot()
    def _refresh(self) -> None:
        if not self.isVisible():
            return
        document = self._session.race.surface
        if self._surface is None or self._document != document:
            self._take(document)
        if not self._session.playing:
            self._name()
        self.update()

    def _name(self) -> None:
        """Say in words where the race stands."""
        moment, words = self.moment, tr("Map of the race")
        if moment is not None and moment.places:
            # The racer that is looked at is the last.
            told = words_of(moment.places[-1], self._session.step, self._names)
            words = f"{words}, {moment.surface.title}. {told.replace(chr(10), ', ')}"
        self.setAccessibleName(words)

    def _take(self, document: dict[str, object]) -> None:
        self._document = dict(document)
        try:
            found = landscape.from_document(document)
        except ChainruleError:
            # The session says so.
            return
        if self._surface is not None and found == self._surface:
            return
        before, self._surface = self._surface, found
        same = before is not None and (before.kind, before.domain) == (found.kind, found.domain)
        if not same:
            self.ground_map.forget()
        if not (same and self._free):
            self._fit()
        self.taken.emit()
        self._ask()

    def _fit(self) -> None:
        self._set_free(False)
        if self._surface is None:
            return
        self.view = race_map.whole(
            self._surface,
            0.0,
            0.0,
            float(self.width()),
            float(self.height()),
            self.ground_map.known,
        )
        self.viewed.emit()

    def fit(self) -> None:
        """Show the part of the surface that is worth being looked at."""
        self._fit()
        self._ask()
        self.update()

    def shown(self) -> Viewport | None:
        return self.view

    def show_part(self, view: Viewport) -> None:
        if view != self.view:
            self.view = view
            self._set_free(True)
            self._ask()
            self.viewed.emit()
            self.update()

    def _set_free(self, on: bool) -> None:
        if on != self._free:
            self._free = on
            self.freed.emit()

    def _ask(self) -> None:
        if self.view is not None and self._surface is not None:
            self.ground_map.ask(self._surface, self.view, self.devicePixelRatioF())

    @Slot()
    def _on_drawn(self) -> None:
        # How high a curve goes is known only now.
        if len(self._names) == 1 and not self._free:
            self._fit()
        self.update()

    # -- painting

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        view, surface = self.view, self._surface
        if view is None or surface is None:
            return
        moment = self.moment
        ground = self.ground_map
        self._picture.paint(
            painter, colors, view, ground.known, ground.image(colors), moment, surface
        )
        at = self.start_at()
        if at is not None:
            race_map_paint.paint_start(painter, colors, view, at, grown=self._near_start)
        if moment is not None:
            covered = self._covered()
            race_map_paint.paint_racers(painter, colors, view, moment, covered)
            map_terms.paint(painter, colors, self._session, view, moment, covered)
        if not self._picture.complete:
            self.update()

    def _covered(self) -> tuple[QRectF, ...]:
        """Where other things stand on the map: its buttons, the surface in three dimensions."""
        found = self.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
        return tuple(QRectF(one.geometry()) for one in found if one.isVisible())

    def hidden_by(self, box: QRectF) -> float:
        """Return how much of the race a rectangle hides: minima and the start count more than ways."""
        view, surface, moment = self.view, self._surface, self.moment
        if view is None or surface is None:
            return 0.0
        found = 4.0 * sum(box.intersects(one) for one in race_map_paint.minima_boxes(view, surface))
        start = self.start_at()
        if start is not None:
            found += 4.0 * box.adjusted(-8, -8, 8, 8).contains(start)
        if moment is None or not moment.places:
            return found
        # A few places of each way tell enough.
        ways = [race_moment.points_of(one.path, moment.flat) for one in moment.places]
        every = view.px(np.concatenate([one[:: max(1, len(one) // _PLACES)] for one in ways]))
        inside = (every > (box.left(), box.top())) & (every < (box.right(), box.bottom()))
        return found + float(inside.all(axis=1).mean())

    def start_at(self) -> QPointF | None:
        """The pixel of the start."""
        if self.view is None or self._surface is None:
            return None
        x, y = self._session.race.start
        if len(self._surface.variables) == 1:
            height = self.ground_map.height(x)
            if height is None:
                return None
            y = height
        return self.view.point(x, y)

    def focus_rect(self) -> QRect:
        """Where the focus ring goes."""
        return self.rect().adjusted(2, 2, -2, -2)

    # -- the window

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.place_buttons(8)
        if self.view is None:
            return
        if self._free:
            self.view = self.view.placed(0, 0, float(self.width()), float(self.height()))
            self.viewed.emit()
        else:
            self._fit()
        self._ask()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refresh()
        if self.ground_map.known is None:
            self._ask()
        self.ground_map.follow(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.ground_map.follow(False)

    # -- the mouse

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            self._tell(event.pos(), event.globalPos())
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at, button = event.position(), event.button()
        shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        pans = button in (Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton)
        if self.view is None or self._drag:
            return
        if pans or (button == Qt.MouseButton.LeftButton and shifted):
            self._drag, self._from = "pan", at
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif button == Qt.MouseButton.LeftButton:
            racer = self.racer_at(at)
            if racer is not None and not self._on_start(at):
                self._session.context.do("race.choose", id=racer.racer.id)
                return
            if self._on_start(at):
                self._drag = "start"
            elif self._free:
                # What is larger than the map is moved by a drag; a click moves the start there.
                self._drag, self._from = "click", at
            else:
                self._drag = "start"
                self._move_start(at)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._drag == "click" and (at - self._from).manhattanLength() >= _CLICK:
            self._drag = "pan"
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        if self._drag == "click":
            return
        if self._drag == "pan" and self.view is not None:
            self.show_part(self.view.dragged(at.x() - self._from.x(), at.y() - self._from.y()))
            self._from = at
        elif self._drag == "start":
            self._move_start(at)
        else:
            self._hover(at, event.globalPosition().toPoint())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._drag == "click":
            self._move_start(self._from)
        if self._drag in ("start", "click"):
            self._session.context.document.settle()
        self._drag = ""
        self._hover(event.position(), event.globalPosition().toPoint(), quiet=True)

    def leaveEvent(self, event: QEvent) -> None:
        self._near_start, self._hovering = False, 0
        self.update()
        super().leaveEvent(event)

    def _on_start(self, at: QPointF) -> bool:
        start = self.start_at()
        if start is None:
            return False
        away = start - at
        return away.x() ** 2 + away.y() ** 2 <= _GRASP**2

    def racer_at(self, at: QPointF) -> Place | None:
        """The racer whose marker is at a pixel."""
        moment = self.moment
        if moment is None or self.view is None:
            return None
        return race_map_paint.near(self.view, moment, at.x(), at.y())

    def _move_start(self, at: QPointF) -> None:
        assert self.view is not None
        x, y = self.view.at(at.x(), at.y())
        self._put_start(x, y)

    def _put_start(self, x: float, y: float) -> None:
        """Begin there; as many decimals as pixels can tell apart."""
        assert self.view is not None
        assert self._surface is not None
        (x0, x1), (y0, y1) = self.view.across, self.view.down
        x = round(x, _decimals((x1 - x0) / self.view.w))
        y = round(y, _decimals((y1 - y0) / self.view.h))
        if len(self._surface.variables) == 1:
            y = 0.0
        self._session.context.do("race.start", x=x, y=y)

    def _hover(self, at: QPointF, globally: QPoint, *, quiet: bool = False) -> None:
        on_start = self._on_start(at)
        racer = None if on_start else self.racer_at(at)
        shape = Qt.CursorShape.CrossCursor
        if on_start:
            shape = Qt.CursorShape.OpenHandCursor
        elif racer is not None:
            shape = Qt.CursorShape.PointingHandCursor
        self.setCursor(shape)
        if on_start != self._near_start:
            self._near_start = on_start
            self.update()
        if racer is not None and not quiet:
            QToolTip.showText(globally, words_of(racer, self._session.step, self._names), self)
        elif QToolTip.isVisible():
            QToolTip.hideText()

    def _tell(self, at: QPoint, globally: QPoint) -> None:
        """Ask for the height and the slope under the mouse; they are told when they are known."""
        if self._surface is None or self.view is None or self._drag:
            return
        if self.racer_at(QPointF(at)) is not None and not self._on_start(QPointF(at)):
            return
        x, y = self.view.at(at.x(), at.y())
        names = self._surface.variables
        if len(names) == 1:
            y = 0.0
        self._hovering += 1
        asked = self._hovering

        def told(point: SurfacePoint) -> None:
            here = self.mapFromGlobal(self.cursor().pos())
            moved = (here - at).manhattanLength() > 6 and self.underMouse()
            if asked == self._hovering and self._surface is not None and not moved:
                QToolTip.showText(globally, words_at(self._surface, point), self)

        self._session.context.engine.ask(
            "surface_point", surface=self._surface.to_document(), at=(x, y), done=told,
            failed=lambda sentence: None, asker="map",
        )  # fmt: skip

    # -- keys

    def move_by_keys(self, view: Viewport, dx: int, dy: int, event: QKeyEvent) -> None:
        if not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            super().move_by_keys(view, dx, dy, event)
            return
        x, y = self._session.race.start
        (x0, x1), (y0, y1) = view.across, view.down
        self._put_start(x + dx * _STEP * (x1 - x0) / view.w, y - dy * _STEP * (y1 - y0) / view.h)


def _decimals(unit: float) -> int:
    """How many decimals tell numbers apart that are a tenth of a unit from one another."""
    return max(0, min(12, ceil(-log10(unit)) + 1)) if unit > 0 else 6
