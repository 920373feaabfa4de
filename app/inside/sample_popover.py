"""Choosing a sample to look at: of any data set that fits, by number, class or mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.inside.beside import BesidePopover
from app.step.sample_chooser import SampleChooser
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.engine.questions.samples import FoundSample
    from app.inside.session import InsideSession


class SamplePopover(BesidePopover):
    """What is found is looked at at once."""

    def __init__(self, anchor: QWidget, session: InsideSession) -> None:
        super().__init__(anchor, name="inside-samples", title=tr("Choose a sample"), width=348)
        self._session = session
        self._by = 0
        #: What is found first belongs to opening; what is drawn, or a photo, stays.
        self._opening = False
        self.chooser = SampleChooser(session.context, name="inside-samples", part="validation")
        self.chooser.picture.hide()
        self.body.addWidget(self.chooser)
        self.chooser.listed.connect(lambda _: self._begin())
        self.chooser.found_one.connect(self._on_found)
        session.network_changed.connect(self._on_network)

    def open(self) -> None:
        """Show it, with the sample that is looked at."""
        super().open()
        self._by = 0
        self.chooser.ask_sets()

    def step(self, by: int) -> None:
        """To the next or the previous sample that the choices leave, without opening."""
        self._by = by
        self.chooser.ask_sets()

    def _begin(self) -> None:
        chooser, by = self.chooser, self._by
        self._by = 0
        given = self._session.input
        sample = given.sample if given is not None else None
        if sample is not None:
            data, part, _ = sample
            chooser.data.set_value(data)
            chooser.part.set_value(part)
            found = chooser.found
            if found is None or (found.data, found.part, found.index) != sample:
                chooser.found = None
        if by and chooser.fitting is not None:
            start = sample[2] if sample is not None else -1
            chooser.step_from(start, by)
        else:
            self._opening = True
            chooser.choose_set(sample[2] if sample is not None else None)
        self.fit() if self.isVisible() else None

    def _on_found(self, found: FoundSample) -> None:
        given, opening = self._session.input, self._opening
        self._opening = False
        if opening and given is not None:
            return
        chosen = (found.data, found.part, found.index)
        if given is None or given.sample != chosen:
            self._session.context.do(
                "inside.sample", index=found.index, data=found.data, part=found.part
            )

    def _on_network(self) -> None:
        self.chooser.stop()
        self.chooser.found = None
