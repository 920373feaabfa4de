"""What a slice of the network's loss is, beside it: its directions, how fine and on what, and what it hides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.optimizers.slice_view import is_of
from app.scenes.loss_slice import OWN, caveats
from app.scenes.network_settings import SIDES, SPANS
from app.text import tr
from app.widgets import (
    Button,
    Choice,
    Label,
    Line,
    NumberField,
    ProgressLine,
    ScrollPanel,
    Segmented,
)
from app.window.forms import row

if TYPE_CHECKING:
    from app.optimizers.network_task import NetworkTask
    from app.optimizers.session import RaceSession
    from app.optimizers.slice_task import SliceTask


class SliceSettings(ScrollPanel):
    """See the module's text."""

    def __init__(self, session: RaceSession, task: NetworkTask, slice_task: SliceTask) -> None:
        super().__init__(name="race-slice-settings", steady=True)
        self.setAccessibleName(tr("Slice of your network's loss"))
        self._session, self._task, self._slice = session, task, slice_task
        inside = QWidget()
        inside.setProperty("clear", True)
        self._rows = QVBoxLayout(inside)
        self._rows.setContentsMargins(16, 12, 8, 12)
        self._rows.setSpacing(6)
        self.body.addWidget(inside)
        self.body.addStretch(1)
        self._fields()
        buttons = QHBoxLayout()
        self.button = Button(tr("Measure"), name="race-slice-measure", kind="primary")
        self.button.clicked.connect(self._on_button)
        buttons.addWidget(self.button)
        self.whole = Button(tr("Show all of it"), name="race-slice-whole")
        self.whole.setToolTip(tr("Show all of the slice again, of which a part is shown"))
        self.whole.clicked.connect(lambda: self._session.context.do("race.slice_whole"))
        buttons.addWidget(self.whole)
        self.whole.hide()
        buttons.addStretch(1)
        self._rows.addLayout(buttons)
        self.progress = ProgressLine(name="race-slice-progress")
        self._rows.addWidget(self.progress)
        self.problem = Label("", "hint", "err", name="race-slice-problem", wrap=True)
        self._rows.addWidget(self.problem)
        self._rows.addWidget(Line())
        self.words = Label("", "hint", "tx2", name="race-slice-words", wrap=True)
        self._rows.addWidget(self.words)

    def _set(self, **values: object) -> None:
        self._session.context.do("race.slice_set", **values)
        self.follow()

    def _fields(self) -> None:
        self.directions = Segmented(
            [("principal", tr("Principal")), ("random", tr("Random"))], name="race-slice-directions",
            label=tr("Directions"),
        )  # fmt: skip
        self.directions.chosen.connect(lambda value: self._set(directions=value))
        self._rows.addWidget(Label(tr("Directions"), "label", "tx2"))
        self.directions.setToolTip(
            tr("Principal: along which the ways went most. Random: as long as the weights, filter by filter.")
        )  # fmt: skip
        self._rows.addWidget(self.directions)
        self.source = Choice(
            [("race", tr("This race")), ("run", tr("Your run"))], name="race-slice-source", label=tr("Ways of"),
            width=112,
        )  # fmt: skip
        self.source.chosen.connect(lambda value: self._set(source=value))
        self.side = Choice(
            [(str(one), f"{one} × {one}") for one in SIDES], name="race-slice-side", label=tr("Points"), width=112
        )  # fmt: skip
        self.side.chosen.connect(lambda value: self._set(side=int(value)))
        self.span = Choice(
            [(f"{one:g}", f"× {one:g}") for one in SPANS], name="race-slice-span", label=tr("Seen of it"), width=112
        )  # fmt: skip
        self.span.chosen.connect(lambda value: self._set(span=float(value)))
        self.part = Choice(
            [("train", tr("Training")), ("validation", tr("Held out"))], name="race-slice-part",
            label=tr("Samples of"), width=112,
        )  # fmt: skip
        self.part.chosen.connect(lambda value: self._set(part=value))
        self.samples = NumberField(
            name="race-slice-samples",
            label=tr("Samples"),
            minimum=1,
            maximum=10_000,
            step=64,
            width=112,
        )
        self.samples.entered.connect(lambda value: self._set(samples=int(value)))
        self.seed = NumberField(name="race-slice-seed", label=tr("Seed"), minimum=0, width=112)
        self.seed.entered.connect(lambda value: self._set(seed=int(value)))
        for words, widget, tip in (
            (
                tr("Ways of"),
                self.source,
                tr("Whose ways are shown, and decide where the plane lies"),
            ),
            (
                tr("Points"),
                self.side,
                tr("How fine it is; coarse points are there first and are kept"),
            ),
            (tr("Extent"), self.span, tr("How far around the middle it is seen")),
            (tr("Samples of"), self.part, tr("Which samples the loss is measured on")),
            (tr("Samples"), self.samples, tr("How many samples the loss is measured on")),
            (tr("Seed"), self.seed, tr("Of random directions, and of which samples are taken")),
        ):
            self._rows.addLayout(row(words, widget, tip=tip))

    def follow(self) -> None:
        """Show what is set, and what is known."""
        found = self._slice
        self.directions.set_value(found.directions)
        self.source.set_value(found.source)
        self.side.set_value(str(found.side))
        self.span.set_value(f"{found.span:g}")
        self.part.set_value(found.part)
        self.samples.set_amount(found.samples)
        self.seed.set_amount(found.seed)
        goes_on = found.goes_on
        self.button.set_label(tr("Stop") if goes_on else tr("Measure"))
        self.button.setAccessibleName(self.button.text())
        self.button.setToolTip(
            tr("End it; what is known stays")
            if goes_on
            else tr("Measure the loss at every point of the slice, coarse first, in the background")
        )
        self.whole.setVisible(found.whole is not None)
        self.progress.set_share(found.share)
        self.problem.setText(found.problem)
        self.problem.setVisible(bool(found.problem))
        self.words.setText(self._words())

    def _words(self) -> str:
        found = self._slice.found
        if found is None:
            return tr(
                "A slice is the loss over a plane through the weights of your network. Race first, then measure it; or "
                "look at the way of your own run."
            )
        titles = {one.id: one.title for one in self._task.runners} | {OWN: tr("Your run")}
        words = caveats(found, titles, self._session.racer)
        if self._slice.whole is not None:
            words.insert(0, tr("This is a part of the slice, measured by itself."))
        if found.race and not is_of(self._task, found):
            words.insert(
                0, tr("This slice is of the race before. Measure again for the ways of this one.")
            )
        return "\n\n".join(words)

    def _on_button(self) -> None:
        command = "race.slice_stop" if self._slice.goes_on else "race.slice"
        self._session.context.do(command)
