"""The slice of the network's loss from above: lines of equal loss, and the ways up to the playhead.

The wheel makes it larger, a drag moves it; what is seen of it then can be measured as finely as all of it was.
"""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter
from PySide6.QtWidgets import QToolTip

from app.optimizers.slice_task import FINEST_REGION
from app.optimizers.slice_view import looks_of, say_nothing_yet, step_of
from app.optimizers.zoomed import Zoomed
from app.scenes import draw, loss_slice, race_map_paint, race_relief
from app.scenes.race_map_layout import Viewport
from app.scenes.race_numbers import loss_text
from app.text import tr
from app.widgets import Button

if TYPE_CHECKING:
    from PySide6.QtGui import QImage, QResizeEvent, QShowEvent

    from app.engine.questions.landscape import LossSlice
    from app.engine.slicing import Path
    from app.optimizers.network_task import NetworkTask
    from app.optimizers.session import RaceSession
    from app.optimizers.slice_task import SliceTask
    from app.theme import Theme
    from core.landscape.relief import Relief

Ends = tuple[tuple[float, float], tuple[float, float]]

#: Pictures of more pixels are computed coarser and enlarged.
_PIXELS = 700_000
#: All of it stays as large as this share of the map.
_SMALLEST = 0.125
_PANS = (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton)


class SliceMap(Zoomed):
    """See the module's text.

    Attributes
    ----------
    relief
        The picture of lines, of `relief_ends`; None before there is one.

    Signals
    -------
    drawn()
        The picture is another.
    """

    drawn = Signal()
    ground, ring_inset = "bg0", 2

    def __init__(self, session: RaceSession, task: NetworkTask, slice_task: SliceTask) -> None:
        super().__init__("race-slice-map", tr("Slice of your network's loss"), "race-slice")
        self._session, self._task, self._slice = session, task, slice_task
        self.relief: Relief | None = None
        self.relief_ends: Ends | None = None
        #: The last picture of all that `found` is of, and of a slice that is no part of another one.
        self._whole: tuple[Ends, Relief] | None = None
        self._undivided: tuple[Ends, Relief] | None = None
        self._of: tuple[object, ...] = ()
        self._asking: tuple[object, ...] = ()
        self._image: tuple[tuple[object, ...], QImage] | None = None
        self._picture: tuple[tuple[object, ...], QImage] | None = None
        #: What the learner has made of the view, and of which slice; None is all of it.
        self._own: Viewport | None = None
        self._own_of: tuple[object, ...] = ()
        self._drag: QPointF | None = None
        self._make_measure()

    def _make_measure(self) -> None:
        self.measure = Button(tr("Measure this part"), name="race-slice-region", parent=self)
        self.measure.clicked.connect(self._on_measure)
        self.measure.hide()

    # -- what is seen

    @property
    def ends(self) -> Ends | None:
        """From where to where the slice goes, or None before there is one."""
        found = self._slice.found
        return None if found is None else ends_of(found)

    @property
    def view(self) -> Viewport | None:
        """Which part of the plane is where."""
        ends = self.ends
        if ends is None:
            return None
        wide, high = max(1.0, float(self.width())), max(1.0, float(self.height()))
        if self._own is not None:
            return replace(self._own, w=wide, h=high)
        return Viewport(*ends, 0.0, 0.0, wide, high)

    @property
    def is_whole(self) -> bool:
        """Whether all of the slice is seen, and nothing beside it."""
        return self._own is None

    @property
    def whole_relief(self) -> Relief | None:
        """The last picture of all of the slice, or None."""
        return self._whole[1] if self._whole is not None and self._whole[0] == self.ends else None

    def fit(self) -> None:
        """Show all of the slice; of one whose part was measured, all of that again."""
        self._own = None
        if self._slice.whole is not None or self._slice.measures_region:
            self._session.context.do("race.slice_whole")
        if self._undivided is not None and self._undivided[0] == self.ends:
            # Until the lines are drawn again.
            self.relief_ends, self.relief = self._undivided
            self._of = ()
        self._seen()

    def shown(self) -> Viewport | None:
        return self.view

    def least(self, view: Viewport, factor: float) -> float:
        ends = self.ends
        assert ends is not None
        wide = view.across[1] - view.across[0]
        share = (ends[0][1] - ends[0][0]) / wide
        # Nor larger than what can be measured.
        most = max(1.0, min(wide, view.down[1] - view.down[0]) / (2 * FINEST_REGION))
        return min(max(factor, min(1.0, _SMALLEST / share)), most)

    def show_part(self, view: Viewport) -> None:
        if view != self.view:
            self._own = view
            self._seen()

    def _seen(self) -> None:
        self.follow()
        self.drawn.emit()

    # -- following

    def follow(self) -> None:
        """There is more of the slice, or there is none, or another part is seen."""
        found = self._slice.found
        if found is None:
            self.relief, self.relief_ends, self._own = None, None, None
            self._whole = self._undivided = None
            self._of, self._asking = (), ()
        else:
            self._keep_view(found)
            if found.found.every and self.isVisible():
                self._ask(found)
        self._place_buttons()
        self.update()

    def _keep_view(self, found: LossSlice) -> None:
        """What was seen stays while a part of the same slice is measured; of another one all is seen."""
        whole = self._slice.whole or found
        asked = self._slice.asked
        drawn = asked[0]["seed"] if asked is not None and whole.directions == "random" else None
        of = (whole.race, whole.directions, drawn, ends_of(whole))
        if of != self._own_of:
            self._own, self._own_of = None, of
        elif self._own is not None and _is_all(self._own, found):
            self._own = None

    def _ask(self, found: LossSlice) -> None:
        """Ask for lines of what is seen of the slice; while one picture is drawn the next one waits."""
        view = self.view
        assert view is not None
        (x0, x1), (y0, y1) = ends_of(found)
        across = max(x0, view.across[0]), min(x1, view.across[1])
        down = max(y0, view.down[0]), min(y1, view.down[1])
        if across[0] >= across[1] or down[0] >= down[1]:
            return
        scale = self.devicePixelRatioF()
        wide = view.w * scale * (across[1] - across[0]) / (view.across[1] - view.across[0])
        high = view.h * scale * (down[1] - down[0]) / (view.down[1] - view.down[0])
        less = min(1.0, (_PIXELS / max(1.0, wide * high)) ** 0.5)
        size = (max(2, round(wide * less)), max(2, round(high * less)))
        # A grid that has become finer, of another slice, another part of it, or at another size.
        key = (
            found.found.plane,
            found.found.every,
            len(found.found.x),
            (x0, x1, y0, y1),
            across,
            down,
            size,
        )
        if key == self._of or self._asking:
            return
        self._asking = key
        values = loss_slice.known_of(found)
        self._session.context.engine.ask(
            "heights_relief", values=values, width=size[0], height=size[1],
            log=loss_slice.is_log(values), scale=scale * less, asker="race-slice",
            across=tuple((one - x0) / (x1 - x0) for one in across),
            down=tuple((one - y0) / (y1 - y0) for one in down),
            done=lambda drawn: self._on_relief(key, (across, down), drawn),
            failed=lambda sentence: self._on_failure(key),
        )  # fmt: skip

    def _on_relief(self, key: tuple[object, ...], ends: Ends, drawn: Relief) -> None:
        if key == self._asking:
            self.relief, self.relief_ends, self._of, self._asking = drawn, ends, key, ()
            if ends == self.ends:
                self._whole = (ends, drawn)
                if self._slice.whole is None:
                    self._undivided = self._whole
            self.follow()
            self.drawn.emit()

    def _on_failure(self, key: tuple[object, ...]) -> None:
        if key == self._asking:
            self._asking = ()

    def lines(self) -> str:
        """What stands between two lines, in words."""
        drawn = self.relief
        if drawn is None or not drawn.every:
            return ""
        if drawn.log:
            return tr("from line to line the loss above {low} doubles", low=loss_text(drawn.base))
        return tr("a line every {step} of the loss", step=f"{drawn.every:g}")

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.follow()

    def showEvent(self, event: QShowEvent) -> None:
        self.follow()

    # -- what is seen can be measured

    def _place_buttons(self) -> None:
        found, goes_on = self._slice.found, self._slice.goes_on
        there = found is not None and bool(found.found.every)
        self.place_buttons(28)
        for button in self.buttons:
            button.setVisible(there)
        self.measure.setVisible(there and (self._slice.measures_region or not self.is_whole))
        self.measure.setEnabled(self._slice.measures_region or not goes_on)
        stops = self._slice.measures_region
        self.measure.set_label(tr("Stop") if stops else tr("Measure this part"))
        self.measure.setAccessibleName(self.measure.text())
        self.measure.setToolTip(
            tr("End it; what is known stays")
            if stops
            else tr("Measure the loss at as many points in what is seen here")
        )
        self.measure.adjustSize()
        # Beside those who stand at the edge.
        self.measure.move(self.width() - self.measure.width() - 28, 10)

    def _on_measure(self) -> None:
        view, do = self.view, self._session.context.do
        if self._slice.measures_region:
            do("race.slice_stop")
        elif view is not None:
            do("race.slice_region", x=list(view.across), y=list(view.down))

    # -- painting

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        found, view = self._slice.found, self.view
        if found is None or view is None or not found.found.every:
            say_nothing_yet(painter, colors, self.rect(), self._slice.goes_on)
            return
        scale = self.devicePixelRatioF()
        key = (self.relief, view, scale, colors.name, found.directions, found.found.plane)
        if self._picture is None or self._picture[0] != key:
            self._picture = (key, self._still(colors, view, found, scale))
        draw.blit(painter, 0, 0, self._picture[1])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        loss_slice.paint_ways(
            painter, colors, view, found, looks_of(self._task), step_of(self._task, found), self._session.racer,
        )  # fmt: skip

    def _still(self, colors: Theme, view: Viewport, found: LossSlice, scale: float) -> QImage:
        """What stays while the playhead moves."""
        image = draw.canvas(view.w, view.h, scale, colors.bg0)
        with draw.painting(image, (view.w, view.h)) as painter:
            if self.relief is not None and self.relief_ends is not None:
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
                self._paint_relief(painter, colors, view, self.relief, self.relief_ends)
            race_map_paint.paint_axes(painter, colors, view, loss_slice.axes_words(found))
        return image

    def _paint_relief(
        self, painter: QPainter, colors: Theme, view: Viewport, relief: Relief, ends: Ends
    ) -> None:  # fmt: skip
        """The picture of lines where it belongs, of which only what is seen is scaled."""
        key = (relief, colors.name)
        if self._image is None or self._image[0] != key:
            self._image = (key, race_relief.picture(colors, relief))
        picture = self._image[1]
        (x0, x1), (y0, y1) = ends
        left, right = max(x0, view.across[0]), min(x1, view.across[1])
        low, high = max(y0, view.down[0]), min(y1, view.down[1])
        if left >= right or low >= high:
            return
        wide, tall = picture.width() / (x1 - x0), picture.height() / (y1 - y0)
        source = QRectF(
            (left - x0) * wide, (y1 - high) * tall, (right - left) * wide, (high - low) * tall
        )
        painter.drawImage(QRectF(view.point(left, high), view.point(right, low)), picture, source)

    # -- the mouse

    def path_at(self, at: QPointF) -> Path | None:
        """The way whose marker is under a point."""
        found, view = self._slice.found, self.view
        for path in found.paths if found is not None and view is not None else ():
            assert found is not None
            assert view is not None
            place = loss_slice.place_at(path, step_of(self._task, found))
            if all(map(isfinite, place)):
                point = view.point(*place)
                if abs(point.x() - at.x()) < 9 and abs(point.y() - at.y()) < 9:
                    return path
        return None

    def reading(self, at: QPoint) -> str:
        """What is under a point: the racer there, or the loss of the plane."""
        found, view = self._slice.found, self.view
        if found is None or view is None:
            return ""
        path = self.path_at(QPointF(at))
        if path is not None:
            titles = {one.id: one.title for one in self._task.runners}
            k = int(np.searchsorted(path.steps, step_of(self._task, found), side="right")) - 1
            name = titles.get(path.id, tr("Your run"))
            real = float(path.losses[max(0, k)])
            if not isfinite(real):
                return name
            return tr("{name}: its own loss at step {step} is {loss}", name=name,
                      step=int(path.steps[max(0, k)]), loss=loss_text(real))  # fmt: skip
        below = loss_slice.height_below(found, view.at(at.x(), at.y()))
        return tr("loss {loss}", loss=loss_text(below)) if isfinite(below) else ""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at, button = event.position(), event.button()
        if self.view is None or self._drag is not None or button not in _PANS:
            return
        path = self.path_at(at) if button == Qt.MouseButton.LeftButton else None
        if path is not None and self._session.race.racer(path.id) is not None:
            self._session.context.do("race.choose", id=path.id)
            return
        self._drag = at
        self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at, view = event.position(), self.view
        if self._drag is not None and view is not None:
            self.show_part(view.dragged(at.x() - self._drag.x(), at.y() - self._drag.y()))
            self._drag = at
            return
        QToolTip.showText(event.globalPosition().toPoint(), self.reading(at.toPoint()), self)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._drag = None
        self.unsetCursor()

    def leaveEvent(self, event: QEvent) -> None:
        QToolTip.hideText()
        super().leaveEvent(event)


def ends_of(found: LossSlice) -> Ends:
    """From where to where a slice goes, across and down."""
    x, y = found.found.x, found.found.y
    return (float(x[0]), float(x[-1])), (float(y[0]), float(y[-1]))


def _is_all(view: Viewport, found: LossSlice) -> bool:
    """Whether a view is of all of a slice, but for rounding."""
    return all(
        max(abs(a - b) for a, b in zip(seen, ends, strict=True)) <= 1e-9 * (ends[1] - ends[0])
        for seen, ends in zip((view.across, view.down), ends_of(found), strict=True)
    )
