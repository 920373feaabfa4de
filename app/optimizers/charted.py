"""A chart by step under the mouse: a click or a drag goes to a step, and pointing reads everybody's number there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QToolTip

from app.scenes.race_chart import step_at
from app.text import number, tr
from app.widgets.painted import Painted

if TYPE_CHECKING:
    from app.optimizers.session import RaceSession
    from app.scenes.race_looks import Look


class Charted(Painted):
    """See the module's text.

    Parameters
    ----------
    session
        Whose command goes to a step.
    name, title
        Object name and accessible name.
    """

    ground, opaque, ring_inset = "bg0", True, 2

    def __init__(self, session: RaceSession, name: str, title: str) -> None:
        super().__init__(name, title, focus=Qt.FocusPolicy.NoFocus)
        self._session = session
        #: The step under the mouse.
        self._pointed: int | None = None
        self._dragged = False

    def box(self) -> QRectF:
        """Where the curves go."""
        raise NotImplementedError

    def readings(self, step: int) -> list[tuple[str, str, str]]:
        """Return id, name and words of everybody at a step, the best first."""
        raise NotImplementedError

    def standing(self) -> tuple[float, int, bool]:
        """Return where what is shown stands, how far it goes, and whether it plays."""
        raise NotImplementedError

    def tell(self, event: QMouseEvent) -> None:
        """Read what is under the mouse, if there is anything: `point` and `read` do it."""
        raise NotImplementedError

    def point(self, step: int) -> None:
        """Mark a step."""
        if step != self._pointed:
            self._pointed = step
            self.update()

    def read(
        self, event: QMouseEvent, what: str, step: int, looks: Mapping[str, Look], shown: Sequence[tuple[str, str, str]]
    ) -> None:  # fmt: skip
        """Show everybody's number at a step beside the mouse."""
        colors = self._session.context.theme
        lines = "".join(
            f'<tr><td style="color:{looks[identifier].color(colors).name()}">■&nbsp;</td>'
            f"<td>{escape(title)}&nbsp;&nbsp;</td><td align=right>{words}</td></tr>"
            for identifier, title, words in shown
        )
        head = tr("{what} at step {step}", what=what, step=number(step))
        QToolTip.showText(
            event.globalPosition().toPoint(), f"<b>{escape(head)}</b><table>{lines}</table>", self
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.charts:
            self._dragged = True
            self._seek(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged:
            self._seek(event)
        else:
            self.tell(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged = False

    def leaveEvent(self, event: QEvent) -> None:
        self._pointed = None
        self.update()
        super().leaveEvent(event)

    @property
    def charts(self) -> bool:
        """Whether there is a chart."""
        raise NotImplementedError

    def _seek(self, event: QMouseEvent) -> None:
        time, total, playing = self.standing()
        step = step_at(event.position().x(), self.box(), total)
        if step != time or playing:
            self._session.context.do("race.seek", step=step)
