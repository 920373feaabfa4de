"""What stands beside the name of the close-up: switches that all close-ups share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.text import tr
from app.widgets import Segmented

if TYPE_CHECKING:
    from app.step.session import StepSession


def controls(session: StepSession) -> QWidget:
    """One scale or one for each tensor; the shown sample or the whole batch."""
    beside = QWidget()
    row = QHBoxLayout(beside)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    rows = Segmented(
        (("sample", tr("Sample")), ("batch", tr("Batch"))),
        name="step-closeup-rows", label=tr("Samples shown"),
    )  # fmt: skip
    rows.setToolTip(tr("Show the numbers of one sample, or of all samples of the batch."))
    scale = Segmented(
        (("own", tr("Own scale")), ("shared", tr("Shared"))),
        name="step-closeup-scale", label=tr("Colour scale"),
    )  # fmt: skip
    scale.setToolTip(tr("Colours: each array by its own largest number, or all by one scale."))
    for name, choice in (("rows", rows), ("scale", scale)):
        choice.set_value(str(session.toggles.get(name, "")))
        choice.chosen.connect(
            lambda value, name=name: session.context.bus.do("step.closeup", name=name, value=value)
        )
        row.addWidget(choice)

    def follow() -> None:
        for name, choice in (("rows", rows), ("scale", scale)):
            if (value := str(session.toggles.get(name, ""))) and choice.value != value:
                choice.set_value(value)

    session.changed.connect(follow)
    return beside
