"""The slice of the network's loss with everybody's way over it, in three dimensions; and whose slice it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter

from app.optimizers.kept_solid import Shown
from app.optimizers.solid import SolidPicture
from app.scenes import draw, loss_slice
from app.scenes.mesh import mesh_of
from app.scenes.race_solid_tracks import Field
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QShowEvent

    from app.engine.questions.landscape import LossSlice
    from app.optimizers.network_task import NetworkTask
    from app.optimizers.session import RaceSession
    from app.optimizers.slice_task import SliceTask
    from app.scenes.mesh import Mesh
    from app.scenes.race_looks import Look
    from app.theme import Theme


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
        ends = (*found.found.x[[0, -1]].tolist(), *found.found.y[[0, -1]].tolist())
        key = (found.found.plane, found.found.every, ends, len(found.paths[0].steps),
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
