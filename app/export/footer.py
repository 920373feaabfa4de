"""The foot of the export dialog: what will be made, how far it is, what went wrong."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QAccessible, QAccessibleEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.export.formats import Format
from app.export.places import shown
from app.export.recipe import Recipe
from app.text import number, size, tr
from app.widgets import Button, Label
from app.widgets.guarded import guarded


class Footer(QWidget):
    """Progress, estimate, destination, Cancel and Export.

    Attributes
    ----------
    export, cancel, place, show_file
        Its buttons.
    done_path
        The file that was made last, or None.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(127)
        self.done_path: Path | None = None
        self._planned: tuple[Recipe, Format, Path] | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(0)
        row = QHBoxLayout()
        self._title = Label("", "body", "tx", name="export-status")
        self._title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._left = Label("", "label", "tx2", name="export-left")
        row.addWidget(self._title, 1)
        row.addWidget(self._left)
        column.addLayout(row)
        column.addSpacing(8)
        self._bar = _Bar()
        column.addWidget(self._bar)
        column.addStretch(1)
        row = QHBoxLayout()
        row.setSpacing(8)
        self._plan = Label("", "label", "tx2", name="export-plan")
        row.addWidget(self._plan)
        self.place = Button("", name="export-place", kind="ghost", icon="folder")
        row.addWidget(self.place)
        row.addStretch(1)
        self.show_file = Button(tr("Show in folder"), name="export-show-file", height=32)
        self.cancel = Button(tr("Cancel"), name="export-cancel", height=32)
        self.export = Button(tr("Export"), name="export-start", kind="primary", height=32)
        self.show_file.hide()
        for button in (self.show_file, self.cancel, self.export):
            row.addWidget(button)
        column.addLayout(row)

    def set_running(self, running: bool) -> None:
        """Lock what must not change while the film is made."""
        self.place.setEnabled(not running)
        self.export.setEnabled(not running)
        self.export.set_label(tr("Exporting…") if running else tr("Export"))
        self.cancel.setEnabled(True)
        if running:
            self.show_file.hide()
            self.cancel.set_label(tr("Cancel"))

    def show_plan(
        self,
        recipe: Recipe,
        fmt: Format,
        frames: int,
        path: Path,
        estimate: tuple[float, float] | None = None,
    ) -> None:
        """Say what will be made; `estimate` is bytes and seconds, if anything was measured."""
        if fmt.kind == "still":
            words = tr("One picture")
        else:
            words = tr("{frames} frames   {seconds} s", frames=number(frames),
                       seconds=number(frames / recipe.fps, 1))  # fmt: skip
        if estimate is not None:
            space, seconds = estimate
            words = tr("About {size}   {time} to render", size=size(space),
                       time=_clock(seconds)) + "   " + words  # fmt: skip
        self._plan.setText(words)
        metrics = self.fontMetrics()
        text = metrics.elidedText(shown(path), Qt.TextElideMode.ElideMiddle, 260)
        self.place.set_label(text)
        self.place.setToolTip(tr("Export to {path}. Click to choose another place.", path=path))
        self.place.setAccessibleName(tr("Destination, {path}", path=path))
        planned = (recipe, fmt, path)
        if planned == self._planned:
            # What was said of this export, that it was cancelled for instance, still holds.
            return
        self._planned = planned
        self.done_path = None
        self.show_file.hide()
        self.cancel.set_label(tr("Cancel"))
        self._say(tr("Ready to export"), "tx2")
        self._bar.set_share(None)
        self._left.setText("")

    def show_starting(self) -> None:
        """The child process is coming up."""
        self._say(tr("Starting"), "tx")
        self._bar.set_share(0.0)
        self._left.setText("")

    def show_prepared(self, share: float) -> None:
        """What the film needs is being computed."""
        self._say(tr("Computing what the film shows"), "tx")
        self._bar.set_share(share)
        self._left.setText(f"{round(share * 100)} %")

    def show_progress(self, done: int, of: int, seconds: float | None) -> None:
        """Frame n of N."""
        self._say(tr("Rendering frame {n} of {of}", n=number(done), of=number(of)), "tx")
        share = done / max(1, of)
        self._bar.set_share(share)
        left = "" if seconds is None else "   " + tr("{t} left", t=_clock(seconds))
        self._left.setText(f"{round(share * 100)} %{left}")

    def show_cancelling(self) -> None:
        """The child was asked to stop."""
        self._say(tr("Cancelling"), "tx2")
        self.cancel.setEnabled(False)

    def show_cancelled(self) -> None:
        """The child has stopped and left nothing behind."""
        self._say(tr("Cancelled"), "tx2")
        self._bar.set_share(None)
        self._left.setText("")
        self._announce()

    def show_done(self, path: Path) -> None:
        """The file is there."""
        self.done_path = path
        self._say(tr("Saved {path}", path=shown(path)), "tx")
        self._bar.set_share(1.0)
        self._left.setText("")
        self.show_file.show()
        self.cancel.set_label(tr("Close"))
        self._announce()

    def show_problem(self, sentence: str) -> None:
        """Say what is in the way."""
        self._say(sentence, "err")
        self._bar.set_share(None)
        self._left.setText("")
        self._announce()

    @property
    def text(self) -> str:
        """The status line."""
        return self._title.text()

    def _say(self, text: str, tone: str) -> None:
        self._title.setText(text)
        self._title.setToolTip(text)
        self._title.set_tone(tone)
        self.setAccessibleName(text)

    def _announce(self) -> None:
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        # The lower corners follow the dialog's.
        box = QRectF(self.rect())
        path = QPainterPath()
        path.addRoundedRect(box.adjusted(0, -24, 0, 0), 11, 11)
        painter.setClipRect(box)
        painter.fillPath(path, theme.current().bg2)


class _Bar(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("export-progress")
        self.setAccessibleName(tr("Progress"))
        self.setFixedHeight(6)
        self._share: float | None = None

    def set_share(self, share: float | None) -> None:
        self._share = share
        self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        if self._share is None:
            return
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colors.bg3)
        painter.drawRoundedRect(QRectF(self.rect()), 3, 3)
        width = max(6.0, self.width() * self._share)
        painter.setBrush(colors.tx)
        painter.drawRoundedRect(QRectF(0, 0, width if self._share > 0 else 0, 6), 3, 3)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
