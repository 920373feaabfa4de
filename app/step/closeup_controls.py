"""What stands beside the name of the close-up: switches that all close-ups share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.text import tr
from app.widgets import Button, Segmented

#: What can be switched, and to what.
SWITCHES: dict[str, tuple[str, ...]] = {"rows": ("sample", "batch"), "scale": ("own", "shared")}

if TYPE_CHECKING:
    from app.step.closeup import CloseupStage
    from app.step.session import StepSession


def controls(session: StepSession, stage: CloseupStage) -> QWidget:
    """Play the window; one scale or one for each tensor; the shown sample or the whole batch."""
    beside = QWidget()
    row = QHBoxLayout(beside)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(6)
    play = Button(name="step-closeup-play", kind="ghost", icon="player-play", icon_size=16)
    play.clicked.connect(lambda: session.context.do("step.walk", playing=not stage.walking.playing))
    row.addWidget(play)
    rows = Segmented(
        (("sample", "1"), ("batch", tr("All"))),
        name="step-closeup-rows", label=tr("Samples shown"),
    )  # fmt: skip
    rows.setToolTip(tr("Show the numbers of one sample, or of all samples of the batch."))
    scale = Segmented(
        (("own", tr("Own")), ("shared", tr("Shared"))),
        name="step-closeup-scale", label=tr("Colour scale"),
    )  # fmt: skip
    scale.setToolTip(tr("Colours: each array by its own largest number, or all by one scale."))
    for name, choice in (("rows", rows), ("scale", scale)):
        choice.set_value(str(session.toggles.get(name, "")))
        choice.chosen.connect(
            lambda value, name=name: session.context.do("step.closeup", name=name, value=value)
        )
        row.addWidget(choice)

    def follow() -> None:
        for name, choice in (("rows", rows), ("scale", scale)):
            if (value := str(session.toggles.get(name, ""))) and choice.value != value:
                choice.set_value(value)

        play.setEnabled(stage.walks or stage.walking.playing)
        words = tr("Stop the window") if stage.walking.playing else tr("Play the window")
        if play.accessibleName() != words:
            play.set_icon("player-pause" if stage.walking.playing else "player-play")
            play.setAccessibleName(words)
            play.setToolTip(
                tr("{what} (P): it passes over all places, as fast as the speed says.", what=words)
            )

    follow()
    stage.walking.changed.connect(follow)
    session.changed.connect(follow)
    return beside
