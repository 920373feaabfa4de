"""One of the races that an effect compares: its path on a small map, its numbers, and a word on how it went."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolTip

from app import theme
from app.engine.questions.racing import RaceAnswer
from app.optimizers.effects.words import gone, loss, soon
from app.scenes import draw, race_relief
from app.scenes.formula_expressions import format_number
from app.scenes.polygons import polygon
from app.scenes.race_looks import paint_marker
from app.scenes.race_map_layout import Viewport
from app.scenes.race_map_paint import paint_curve, paint_surface, spot
from app.scenes.race_moment import Moment, Place, points_of
from app.scenes.race_trails import Piece, Trail, paint_ground, paint_line, paint_tail, trails_of
from app.text import number, tr
from app.widgets import Control
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from app.engine.questions.mapping import SurfaceMap
    from app.optimizers.effects import Outcome
    from app.theme import Theme

#: Room over the map for what differs and the loss, and below it for the word.
HEAD, FOOT = 22, 20
_MARGIN = 8.0
#: The whole path is there from the beginning, so strong, and with no more places than these.
_AHEAD, _PLACES = 0.45, 1500
#: So many corners of the trail are painted at once; the rest follows in the next turn.
_PIECE = 200
#: A marker that has moved less than this, in pixels, is left where it is.
_SEEN = 0.3
_MARKER, _OUTSIDE = 11.0, 8.0
_KEYS = {
    Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
}  # fmt: skip


class EffectTile(Control):
    """See the module's text. A click chooses it.

    Parameters
    ----------
    name
        Object name.

    Signals
    -------
    went(columns, lines)
        An arrow key leads to another tile.
    opened()
        It was clicked twice: the learner wants to race it.
    """

    went = Signal(int, int)
    opened = Signal()
    focus_radius = 6

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setMouseTracking(True)
        self.setCheckable(True)
        self.outcome: Outcome | None = None
        self.word = self.note = ""
        self.view: Viewport | None = None
        self.time = 0.0
        self._known: SurfaceMap | None = None
        self._image: QImage | None = None
        self._moment: Moment | None = None
        self._ground: QImage | None = None
        self._key: object = None
        #: The ground with the trail up to a whole step.
        #: The picture with the way so far, the corners of it that are painted, and all of them.
        self._trail: QImage | None = None
        self._done = 0
        self._whole: Trail | None = None
        #: Where the marker was painted last, and whether that racer was gone.
        self._painted: tuple[QPointF, bool] | None = None

    # -- what is shown

    def show_outcome(self, outcome: Outcome, word: str, note: str) -> None:
        """Show another race; the note stands beside the word if there is room."""
        self.outcome, self.word, self.note, self._ground = outcome, word, note, None
        self._moment = None
        self.setAccessibleName(", ".join((outcome.variant.title, word, *self._numbers())))
        self.update()

    def show_map(self, view: Viewport, known: SurfaceMap | None) -> None:
        """Show it on another part of its surface."""
        if known is not self._known:
            self._image, self._known = None, known
        self.view, self._ground, self._moment = view, None, None
        self.update()

    def forget_colors(self) -> None:
        """Paint everything anew: the theme is another."""
        self._image = self._ground = None
        self.update()

    def move_to(self, share: float, *, still: bool = False) -> None:
        """Show the race when so much of it has been run, from 0 to 1; `still`, jump from step to step."""
        if self.outcome is None:
            return
        time = share * self.outcome.steps
        if still:
            time = float(int(time))
        if time != self.time:
            self.time = time
            self._moment = None
            if self._is_seen():
                self.update(self._map_area().toAlignedRect())

    def _is_seen(self) -> bool:
        """Whether anybody could tell the picture from the one that was painted last."""
        moment, view, before = self.moment, self.view, self._painted
        if moment is None or view is None or before is None:
            return True
        place = moment.places[0]
        at = spot(view, place)[0] - before[0]
        return place.gone != before[1] or abs(at.x()) + abs(at.y()) >= _SEEN

    def _map_area(self) -> QRectF:
        return QRectF(1, HEAD, self.width() - 2, self.height() - HEAD - FOOT)

    @property
    def moment(self) -> Moment | None:
        """What is painted."""
        if self._moment is None and self.outcome is not None:
            one = self.outcome
            answer = RaceAnswer(one.variant.race, one.surface, (one.path,))
            start = one.variant.race.start
            self._moment = Moment(answer, self.time, "", start, self._curve())
        return self._moment

    def _curve(self) -> tuple | None:  # type: ignore[type-arg]
        known = self._known
        if known is None or known.curve is None:
            return None
        return np.linspace(*known.across, len(known.curve)), known.curve

    # -- painting

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            colors = theme.current()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            area, w, h = self._map_area(), float(self.width()), float(self.height())
            whole = not area.toAlignedRect().contains(event.rect())
            if whole:
                ground = colors.bg3 if self.hovered else colors.bg2
                draw.fill(painter, 0.5, 0.5, w - 1, h - 1, ground, 6)
            self._paint_map(painter, colors, area)
            if whole:
                self._paint_words(painter, colors, w, h)
            chosen = self.isChecked()
            ring = colors.tx if chosen else colors.line2
            inset = 1.0 if chosen else 0.5
            draw.frame(
                painter, inset, inset, w - 2 * inset, h - 2 * inset, ring, 2.0 if chosen else 1.0, 6
            )
        finally:
            painter.end()

    def _paint_map(self, painter: QPainter, colors: Theme, area: QRectF) -> None:
        moment, view = self.moment, self.view
        if moment is None or view is None or area.height() < 8:
            draw.fill(painter, area.x(), area.y(), area.width(), area.height(), colors.bg0)
            return
        scale = self.devicePixelRatioF()
        key = (area.width(), area.height(), scale)
        if self._ground is None or self._key != key:
            self._ground, self._key = self._grounded(colors, area, scale), key
            self._trail = None
        place = moment.places[0]
        caught_up = self._go_on(colors, view, moment, place)
        assert self._trail is not None
        painter.save()
        painter.setClipRect(area)
        painter.drawImage(area.topLeft(), self._trail)
        painter.translate(area.topLeft())
        if not caught_up:
            QTimer.singleShot(0, self, self.update)
        elif self._whole is not None and not place.gone:
            paint_tail(painter, colors, view, place, self._whole.corners[self._done], False)
        at, outside = spot(view, place)
        self._painted = (at, place.gone)
        if place.gone:
            self._paint_cross(painter, colors, at)
        else:
            size = _MARKER if outside is None else _OUTSIDE
            paint_marker(painter, place.look, colors, at, size)
        painter.restore()

    def _go_on(self, colors: Theme, view: Viewport, moment: Moment, place: Place) -> bool:
        """Go on with the trail; tells whether it has caught up with the time."""
        assert self._ground is not None
        assert self._whole is not None
        wanted = self._whole.reached(self.time)
        if self._trail is None or self._done > wanted:
            self._trail, self._done = self._ground.copy(), 0
        last = min(wanted, self._done + _PIECE)
        if last > self._done:
            way = self._whole.corners[self._done : last + 1]
            with draw.painting(self._trail, (view.w, view.h)) as painter:
                paint_line(painter, place.look.color(colors), Piece(way), False)
            self._done = last
        return last == wanted

    def _grounded(self, colors: Theme, area: QRectF, scale: float) -> QImage:
        """The surface, the lowest points, and the whole path, which stay as they are while the race is played."""
        view, moment, known = self.view, self.moment, self._known
        assert view is not None
        assert moment is not None
        image = draw.canvas(area.width(), area.height(), scale, colors.bg0)
        with draw.painting(image, (area.width(), area.height())) as painter:
            if moment.flat:
                paint_curve(painter, colors, view, known)
            else:
                if self._image is None and known is not None and known.relief is not None:
                    self._image = race_relief.picture(colors, known.relief)
                paint_surface(painter, colors, view, known, self._image)
                for x, y in moment.surface.minima:
                    at = view.point(x, y)
                    if view.contains(at, 2):
                        draw.line(painter, at.x() - 4, at.y(), at.x() + 4, at.y(), colors.tx, 1.25)
                        draw.line(painter, at.x(), at.y() - 4, at.x(), at.y() + 4, colors.tx, 1.25)
            ways = trails_of(view, moment)
            for place in moment.places:
                self._whole = ways[place.racer.id]
                way = self._whole.corners
                way = way[:: max(1, -(-len(way) // _PLACES))]
                paint_ground(painter, colors, Piece(way), False)
                painter.setPen(QPen(draw.faded(place.look.color(colors), _AHEAD), 1.0))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawPolyline(polygon(way))
            # Where a curve begins without a height there is no place for it.
            start = points_of(moment.answer.paths[0], moment.flat)[0]
            if np.isfinite(start).all():
                at = view.point(*map(float, start))
                draw.disc(painter, at.x(), at.y(), 3.5, colors.bg0, colors.tx, 1.25)
            self._paint_rates(painter, colors, view)
        return image

    def _paint_rates(self, painter: QPainter, colors: Theme, view: Viewport) -> None:
        """Paint the learning rate over the race in a corner, if it is not the same all the time."""
        assert self.outcome is not None
        rates = self.outcome.path.terms.get("rate")
        if rates is None or len(rates) < 2:
            return
        known = rates[np.isfinite(rates)]
        if len(known) < 2 or not known.max() > known.min():
            return
        w, h = 46.0, 20.0
        x, y = view.w - w - 6, 6.0
        draw.fill(painter, x, y, w, h, draw.faded(colors.bg1, 0.85), 3)
        across = np.linspace(x + 3, x + w - 3, 40)
        heights = np.interp(across, np.linspace(x + 3, x + w - 3, len(known)), known / known.max())
        painter.setPen(QPen(colors.tx2, 1.25))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(polygon(np.column_stack([across, y + h - 3 - heights * (h - 6)])))

    def _paint_cross(self, painter: QPainter, colors: Theme, at: QPointF) -> None:
        for width, ink in ((4.5, colors.bg0), (2.0, colors.err)):
            for sign in (-1, 1):
                draw.line(
                    painter,
                    at.x() - 4,
                    at.y() - 4 * sign,
                    at.x() + 4,
                    at.y() + 4 * sign,
                    ink,
                    width,
                )

    def _paint_words(self, painter: QPainter, colors: Theme, w: float, h: float) -> None:
        one = self.outcome
        if one is None:
            return
        room = w - 2 * _MARGIN
        if one.left is None:
            shown = loss(one.last)
            taken = draw.text(
                painter, w - _MARGIN, 15, shown, 11.5, colors.loss, mono=True, anchor="end"
            )
            room -= taken + 8
            # The picture goes with the time; this is how it ends.
            ends, name = tr("ends at"), draw.advance(one.variant.title, 12, 600)
            if name + draw.advance(ends, 11) + 12 <= room:
                room -= (
                    draw.text(
                        painter, w - _MARGIN - taken - 6, 15, ends, 11, colors.tx3, anchor="end"
                    )
                    + 12
                )
        title = draw.elide(one.variant.title, 12, room, 600)
        draw.text(painter, _MARGIN, 15, title, 12, colors.tx, weight=600)
        ink = colors.err if one.left is not None else colors.tx2
        word = draw.elide(self.word, 11, w - 2 * _MARGIN)
        taken = draw.text(painter, _MARGIN, h - 6, word, 11, ink)
        # Rather no note than half of one; the tooltip has it.
        if draw.advance(self.note, 10, mono=True) <= w - 2 * _MARGIN - taken - 10:
            draw.text(
                painter, w - _MARGIN, h - 6, self.note, 10, colors.tx3, mono=True, anchor="end"
            )

    # -- what it says

    def _numbers(self) -> list[str]:
        one = self.outcome
        assert one is not None
        found = []
        if one.left is not None:
            found.append(gone(one))
        else:
            found.append(
                tr("loss {loss} after {steps} steps", loss=loss(one.last), steps=number(one.steps))
            )
        if one.finish is not None:
            found.append(soon(one))
        found.append(tr("the loss rises in {rises} steps", rises=number(one.rises)))
        return found

    def describe(self) -> str:
        """Everything that is known of it, for the mouse."""
        one = self.outcome
        if one is None:
            return ""
        lines = [one.variant.race.racers[0].title, self.word, *self._numbers()]
        now = one.at(self.time)
        if now is not None:
            names = one.surface.variables
            places = ", ".join(
                f"{name} = {format_number(value, 3)}"
                for name, value in zip(names, now, strict=False)
            )
            lines.append(
                tr("Now, step {step}: {places}, loss {loss}", step=number(int(self.time)), places=places,
                   loss=loss(now[2]))
            )  # fmt: skip
        return "\n".join(dict.fromkeys(lines))

    # -- mouse and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        QToolTip.showText(event.globalPosition().toPoint(), self.describe(), self)
        super().mouseMoveEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.opened.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        way = _KEYS.get(Qt.Key(event.key()))
        if way is not None and not event.modifiers():
            self.went.emit(*way)
            return
        super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        # The arrows go among the tiles, and not to what has them as shortcuts.
        if event.type() == QEvent.Type.ShortcutOverride:
            assert isinstance(event, QKeyEvent)
            if Qt.Key(event.key()) in _KEYS and not event.modifiers():
                event.accept()
                return True
        return super().event(event)
