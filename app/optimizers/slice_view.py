"""The slice of the network's loss with everybody's way over it: from above, and in three dimensions."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter
from PySide6.QtWidgets import QToolTip

from app.optimizers.kept_solid import Shown
from app.optimizers.solid import SolidPicture
from app.scenes import draw, loss_slice, race_map_paint, race_relief
from app.scenes.mesh import mesh_of
from app.scenes.race_map_layout import Viewport
from app.scenes.race_numbers import loss_text
from app.scenes.race_solid_tracks import Field
from app.text import tr
from app.widgets.painted import Painted

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QImage, QResizeEvent, QShowEvent

    from app.engine.questions.landscape import LossSlice
    from app.optimizers.network_task import NetworkTask
    from app.optimizers.session import RaceSession
    from app.optimizers.slice_task import SliceTask
    from app.scenes.mesh import Mesh
    from app.scenes.race_looks import Look
    from app.theme import Theme
    from core.landscape.relief import Relief

#: Pictures of more pixels are computed coarser and enlarged.
_PIXELS = 700_000


def looks_of(task: NetworkTask) -> dict[str, Look]:
    """How the racers of the race look that is shown."""
    return {one.id: one.look for one in task.runners}


def is_of(task: NetworkTask, found: LossSlice) -> bool:
    """Whether a slice is of the race that is shown."""
    return task.found is not None and found.race == task.found.number


def step_of(task: NetworkTask, found: LossSlice) -> float:
    """At which step ways are shown: where the playhead is; of another race, and of the learner's run, all of it."""
    return task.time if is_of(task, found) else float("inf")


def say_nothing_yet(painter: QPainter, colors: Theme, box: QRect, measured: bool) -> None:
    """Say what will be seen here."""
    words = (
        tr("The slice is being measured.")
        if measured
        else tr("Nothing is measured yet: press Measure.")
    )
    painter.setPen(colors.tx2)
    painter.setFont(draw.face(13))
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    painter.drawText(box.adjusted(24, 16, -24, -16), int(flags), words)


class SliceMap(Painted):
    """It from above: lines of equal loss, the ways up to the playhead, and the loss under the mouse.

    Signals
    -------
    drawn()
        The picture is another.
    """

    drawn = Signal()
    ground, ring_inset = "bg0", 2

    def __init__(self, session: RaceSession, task: NetworkTask, slice_task: SliceTask) -> None:
        title = tr("Slice of your network's loss")
        super().__init__("race-slice-map", title, focus=Qt.FocusPolicy.NoFocus)
        self._session, self._task, self._slice = session, task, slice_task
        self.setMinimumSize(120, 100)
        self.relief: Relief | None = None
        self._of: tuple[object, ...] = ()
        self._asking: tuple[object, ...] = ()
        self._picture: tuple[tuple[object, ...], QImage] | None = None

    @property
    def view(self) -> Viewport | None:
        """Which part of the plane is where."""
        found = self._slice.found
        if found is None:
            return None
        x, y = found.found.x, found.found.y
        return Viewport(
            (float(x[0]), float(x[-1])), (float(y[0]), float(y[-1])), 0.0, 0.0,
            max(1.0, float(self.width())), max(1.0, float(self.height())),
        )  # fmt: skip

    def follow(self) -> None:
        """There is more of the slice, or there is none."""
        found = self._slice.found
        if found is None:
            self.relief, self._of, self._asking = None, (), ()
        elif found.found.every and self.isVisible():
            scale = self.devicePixelRatioF()
            wide, high = self.width() * scale, self.height() * scale
            less = min(1.0, (_PIXELS / max(1.0, wide * high)) ** 0.5)
            size = (max(2, round(wide * less)), max(2, round(high * less)))
            # A grid that has become finer, of another slice, or at another size.
            ends = (*found.found.x[[0, -1]].tolist(), *found.found.y[[0, -1]].tolist())
            key = (found.found.plane, found.found.every, len(found.found.x), ends, size)
            if key not in (self._of, self._asking):
                self._asking = key
                values = loss_slice.known_of(found)
                self._session.context.engine.ask(
                    "heights_relief", values=values, width=size[0], height=size[1],
                    log=loss_slice.is_log(values), scale=scale * less, asker="race-slice",
                    done=lambda drawn: self._on_relief(key, drawn), failed=self._on_failure,
                )  # fmt: skip
        self.update()

    def _on_relief(self, key: tuple[object, ...], drawn: Relief) -> None:
        if key == self._asking:
            self.relief, self._of, self._asking = drawn, key, ()
            self.update()
            self.drawn.emit()

    def _on_failure(self, sentence: str) -> None:
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
            if self.relief is not None:
                picture = race_relief.picture(colors, self.relief)
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
                painter.drawImage(self.rect(), picture)
            race_map_paint.paint_axes(painter, colors, view, loss_slice.axes_words(found))
        return image

    # -- the mouse

    def reading(self, at: QPoint) -> str:
        """What is under a point: the racer there, or the loss of the plane."""
        found, view = self._slice.found, self.view
        if found is None or view is None:
            return ""
        titles = {one.id: one.title for one in self._task.runners}
        for path in found.paths:
            place = loss_slice.place_at(path, step_of(self._task, found))
            if not all(map(isfinite, place)):
                continue
            point = view.point(*place)
            if abs(point.x() - at.x()) < 9 and abs(point.y() - at.y()) < 9:
                k = int(np.searchsorted(path.steps, step_of(self._task, found), side="right")) - 1
                name = titles.get(path.id, tr("Your run"))
                real = float(path.losses[max(0, k)])
                if not isfinite(real):
                    return name
                return tr("{name}: its own loss at step {step} is {loss}", name=name,
                          step=int(path.steps[max(0, k)]), loss=loss_text(real))  # fmt: skip
        below = loss_slice.height_below(found, view.at(at.x(), at.y()))
        return tr("loss {loss}", loss=loss_text(below)) if isfinite(below) else ""

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        words = self.reading(event.position().toPoint())
        QToolTip.showText(event.globalPosition().toPoint(), words, self)

    def leaveEvent(self, event: QEvent) -> None:
        QToolTip.hideText()
        super().leaveEvent(event)


class SliceSolid(SolidPicture):
    """It in three dimensions, turned as the surface of the race is."""

    def __init__(self, session: RaceSession, task: NetworkTask, slice_task: SliceTask) -> None:
        super().__init__(session, "race-slice-solid", axes=True)
        self.setAccessibleName(tr("Slice of your network's loss in three dimensions"))
        self._task, self._slice = task, slice_task
        self._made: tuple[tuple[object, ...], Mesh, Field] | None = None

    def follow(self) -> None:
        """There is more of the slice, or there is none."""
        self.update()

    def _mesh(self, found: LossSlice) -> tuple[Mesh, Field]:
        values = loss_slice.known_of(found)
        key = (found.found.plane, found.found.every, found.found.x[0], found.found.y[0], len(found.paths[0].steps),
               self._task.total)  # fmt: skip
        if self._made is None or self._made[0] != key:
            x, y = found.found.x, found.found.y
            ground = mesh_of(
                values, (float(x[0]), float(x[-1])), (float(y[0]), float(y[-1])), log=loss_slice.is_log(values)
            )  # fmt: skip
            steps, known = self._steps(found), looks_of(self._task)
            field = Field(
                tuple(path.id for path in found.paths),
                tuple(loss_slice.look(path.id, known) for path in found.paths),
                tuple(loss_slice.frames(path, steps) for path in found.paths),
            )
            self._made = (key, ground, field)
        return self._made[1], self._made[2]

    def _steps(self, found: LossSlice) -> int:
        if is_of(self._task, found):
            return self._task.total
        return max(int(path.steps[-1]) for path in found.paths if len(path.steps))

    def shown(self) -> Shown | None:
        found = self._slice.found
        if found is None or not found.found.every or not found.paths or not len(found.paths[0].steps):  # fmt: skip
            return None
        ground, field = self._mesh(found)
        return Shown(field, self.setting(ground, ((0.0, 0.0),), loss_slice.axes_words(found)))

    @property
    def time(self) -> float:
        """Where the playhead is, in the steps of the ways that are shown."""
        found = self._slice.found
        if found is None:
            return 0.0
        steps = max(1, self._steps(found))
        return min(step_of(self._task, found), steps) / steps * loss_slice.FRAMES

    def say_nothing(self, painter: QPainter, colors: Theme) -> None:
        say_nothing_yet(painter, colors, self.rect(), self._slice.goes_on)

    def showEvent(self, event: QShowEvent) -> None:
        self.update()

    def hideEvent(self, event: QHideEvent) -> None:
        pass
