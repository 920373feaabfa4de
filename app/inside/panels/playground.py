"""The convolution playground: kernels typed by hand over real photographs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.inside.panels import InsidePanel
from app.inside.playground.controls import Controls
from app.inside.playground.model import Playground
from app.inside.playground.stage import PlaygroundStage
from app.text import tr
from app.widgets import Button, Label, Panel

if TYPE_CHECKING:
    from PySide6.QtGui import QDragEnterEvent, QDropEvent, QHideEvent, QShowEvent

    from app.inside.session import InsideSession

#: What can be dropped on it.
_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")


class PlaygroundPanel(QWidget):
    """Controls at the left, the picture beside them."""

    def __init__(self, session: InsideSession) -> None:
        super().__init__()
        self.setObjectName("playground")
        self.setAccessibleName(tr("Convolution playground"))
        self.setAcceptDrops(True)
        self._session = session
        self.model = Playground(session, self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        ground = Panel(name="playground-side", ground="bg1", edges="r")
        column = QVBoxLayout(ground)
        column.setContentsMargins(0, 0, 1, 0)
        self.controls_panel = Controls(self.model)
        column.addWidget(self.controls_panel)
        row.addWidget(ground)
        self.stage = PlaygroundStage(self.model)
        row.addWidget(self.stage, 1)
        self._build_head()
        self.model.changed.connect(self._refresh)
        self.model.computed.connect(self._refresh)
        session.context.theme_changed.connect(lambda _: self.stage.update())
        self._refresh()

    def _build_head(self) -> None:
        self._beside = QWidget()
        row = QHBoxLayout(self._beside)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.words = Label("", "value", "tx2", name="playground-place")
        row.addWidget(self.words)
        self.play = Button(name="playground-play", icon="player-play", icon_size=14)
        back = Button(name="playground-back", icon="player-skip-back", icon_size=14)
        on = Button(name="playground-on", icon="player-skip-forward", icon_size=14)
        for button, tip, action in (
            (back, tr("One place back"), lambda: self.stage.step(-1)),
            (self.play, tr("Slide the window over the picture"), self.stage.play),
            (on, tr("One place on"), lambda: self.stage.step(1)),
        ):
            button.setAccessibleName(tip)
            button.setToolTip(tip)
            button.clicked.connect(lambda _=False, action=action: action())
            row.addWidget(button)

    def controls(self) -> QWidget:
        """What stands in the head."""
        return self._beside

    def hint(self) -> tuple[tuple[str, str], ...]:
        """Keys for the status bar."""
        channels = (("[ ]", tr("channel")),) if self.model.settings.colours == "colour" else ()
        return (("← ↑ → ↓", tr("move window")), ("Shift", tr("by 10")), *channels)

    def _refresh(self) -> None:
        row, column = self.model.place
        self.words.setText(tr("row {row}  column {column}", row=row, column=column))
        self.play.set_icon("player-pause" if self.stage.playing else "player-play")

    def showEvent(self, event: QShowEvent) -> None:
        self.model.activate()

    def hideEvent(self, event: QHideEvent) -> None:
        self.model.deactivate()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _dropped(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = _dropped(event)
        if path:
            self._session.context.do("playground.open", path=path)


def _dropped(event: QDropEvent) -> str:
    """The picture that is dragged, or ""."""
    for url in event.mimeData().urls():
        path = url.toLocalFile()
        if path.lower().endswith(_ENDINGS):
            return path
    return ""


PANEL = InsidePanel(
    "playground", "rows", tr("Playground"), tr("Kernels of your own over photographs"), 50, PlaygroundPanel,
    ("input", "below", "right", "bottom"),
)  # fmt: skip
