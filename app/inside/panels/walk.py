"""The convolution walk: a window slides over what a layer reads, and every product is written out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.inside.panels import InsidePanel
from app.inside.walk_stage import WalkStage
from app.scenes.spec_view import numbered_titles
from app.text import tr
from app.widgets import Button, Label, Segmented

if TYPE_CHECKING:
    from app.inside.session import InsideSession


class WalkPanel(QWidget):
    """The stage, asked for anew whenever the layer, the channel, the input or the network has changed."""

    def __init__(self, session: InsideSession) -> None:
        super().__init__()
        self._session = session
        self._asking = 0
        self._asked_of: Any = None
        self._level = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.stage = WalkStage(session)
        column.addWidget(self.stage)
        self._beside = QWidget()
        self.buttons: dict[str, Button] = {}
        self._build_controls()
        session.looked.connect(self._ask)
        session.chosen.connect(self._ask)
        session.network_changed.connect(self._on_network)
        self.stage.played.connect(self._tell)
        session.context.theme_changed.connect(lambda _: self.stage.update())

    def _build_controls(self) -> None:
        session = self._session
        row = QHBoxLayout(self._beside)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.words = Label("", "value", "tx2", name="inside-walk-words")
        row.addWidget(self.words)
        self.step = Segmented(
            (("first", tr("Depthwise")), ("", tr("Pointwise"))), name="inside-walk-stage",
            label=tr("Step of the layer"),
        )  # fmt: skip
        self.step.setToolTip(tr("First each channel by itself, then the channels of every pixel"))
        self.step.chosen.connect(
            lambda value: session.context.do("inside.show", name="walk_stage", value=value)
        )
        self.step.hide()
        row.addWidget(self.step)
        self.view = Segmented(
            (("channels", tr("Channels")), ("window", tr("Window"))), name="inside-walk-view",
            label=tr("Show"),
        )  # fmt: skip
        self.view.setToolTip(
            tr("What every channel adds to the map, or the numbers of one under the window")
        )
        self.view.chosen.connect(
            lambda value: session.context.do("inside.show", name="walk", value=value)
        )
        self.view.hide()
        row.addWidget(self.view)
        for name, icon, tip, action in (
            ("inside-walk-back", "player-skip-back", tr("One place back"), lambda: self.stage.go(-1)),
            (
                "inside-walk-play", "player-play", tr("Slide the window over all places (Enter)"),
                self.stage.play,
            ),
            ("inside-walk-on", "player-skip-forward", tr("One place on"), lambda: self.stage.go(1)),
        ):  # fmt: skip
            button = Button(name=name, icon=icon, icon_size=14)
            button.setAccessibleName(tip)
            button.setToolTip(tip)
            button.clicked.connect(lambda _=False, action=action: action())
            row.addWidget(button)
            self.buttons[name] = button

    def controls(self) -> QWidget:
        """What stands in the head."""
        return self._beside

    def set_compact(self, level: int) -> None:
        """Leave room for the controls in small windows."""
        if level != self._level:
            self._level = level
            self._tell()

    def showEvent(self, event: object) -> None:
        self._ask()

    def _tell(self) -> None:
        """Say what is looked at, and offer what there is to choose."""
        session, stage, walk = self._session, self.stage, self.stage.walk
        seen = stage.seen
        title = numbered_titles(session.network).get(session.layer, session.layer)
        words = long = ""
        if seen is not None and seen.listed:
            words = tr(
                "{layer}, unit {n} of {all}", layer=title, n=session.channel + 1, all=seen.count
            )
        elif seen is not None:
            words = tr("{layer}, map {n} of {all}", layer=title, n=seen.channel + 1, all=seen.count)
            row, column = session.place
            place = tr("row {row}  column {column}", row=row, column=column)
            # In small windows the wall says which map is looked at.
            words, long = place if self._level >= 2 else f"{words}   {place}", f"{words}   {place}"
        self.words.setText(words)
        self.words.setToolTip(long)
        parts = walk.parts if walk is not None and seen is not None else None
        self.view.setVisible(parts is not None and parts.shape[-1] > 1)
        self.view.set_value(str(session.toggles["walk"]))
        self.step.setVisible(seen is not None and walk is not None and len(walk.stages) > 1)
        self.step.set_value("first" if session.toggles["walk_stage"] == "first" else "")
        moving = seen is not None and (seen.listed or seen.map.size > 1)
        for button in self.buttons.values():
            button.setEnabled(moving)
        play = self.buttons["inside-walk-play"]
        play.setEnabled(moving and seen is not None and not seen.listed)
        play.set_icon("player-pause" if stage.playing else "player-play")
        stage.update()

    def _ask(self) -> None:
        session = self._session
        look = session.look
        stage = str(session.toggles["walk_stage"])
        key = (
            session.input, look.version if look is not None else None, session.layer, session.channel, stage,
            session.network,
        )  # fmt: skip
        if look is not None and self.isVisible() and not self._asking and key != self._asked_of:
            self._asked_of = key
            self._asking = session.ask(
                "inside_walk",
                layer=session.layer,
                channel=session.channel,
                stage=stage,
                done=self._on_walk,
                failed=self._on_none,
            )
        self._tell()

    def _on_network(self) -> None:
        """What is shown is of another network, and so would be the answer that is on its way."""
        if self._asking:
            self._session.context.engine.cancel(self._asking)
        self._asking, self._asked_of = 0, None
        self.stage.show_walk(None)
        self._tell()

    def _on_walk(self, walk: Any) -> None:
        self._asking = 0
        self.stage.show_walk(walk)
        self._ask()

    def _on_none(self, sentence: str) -> None:
        self._asking = 0
        self.stage.show_walk(None, sentence)
        self._ask()


PANEL = InsidePanel(
    "walk", "below", tr("Convolution walk"), tr("How a number of a map comes about"), 10, WalkPanel
)
