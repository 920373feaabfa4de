"""Choosing the sample to step: from any data set that fits, by number, class or mistake, or typed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.step.passing import PassingPopover
from app.step.sample_chooser import SampleChooser
from app.step.sample_form import SampleForm
from app.text import tr
from app.widgets import Button, Label

if TYPE_CHECKING:
    from app.step.session import StepSession


class SamplePicker(PassingPopover):
    """A sample, what the network says of it, and a button that makes the step's batch of it."""

    def __init__(self, anchor: QWidget, session: StepSession) -> None:
        super().__init__(anchor, session, name="step-sample", title=tr("Step a sample"), width=348)
        self._form: SampleForm | None = None
        self.chooser = SampleChooser(session.context, name="step-sample")
        self.chooser.listed.connect(lambda _: self._begin())
        self.chooser.found_one.connect(self._on_found)
        self.body.addWidget(self.chooser)
        #: What is wrong with what was typed.
        self.words = Label("", "label", "tx", name="step-sample-refused", wrap=True)
        self.words.hide()
        self.body.addWidget(self.words)
        self._buttons = QWidget()
        row = QHBoxLayout(self._buttons)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.body.addWidget(self._buttons)
        self.use = Button(tr("Step this sample"), name="step-sample-use", kind="primary")
        self.use.setToolTip(tr("The batch is made of this sample alone, in a copy of the step"))
        self.use.clicked.connect(self._use)
        self.type_in = Button(
            tr("Change it by hand"), name="step-sample-type", icon="pencil", icon_size=14
        )
        self.type_in.clicked.connect(self._begin_typing)
        row.addWidget(self.use)
        row.addWidget(self.type_in)
        row.addStretch(1)
        self.closed.connect(self.chooser.stop)

    # -- opening

    def open(self) -> None:
        """Show it, with the sample that is shown."""
        self._stop_typing()
        super().open()
        self.chooser.ask_sets()

    def _on_found(self, _found: object) -> None:
        self.use.setEnabled(True)

    def _begin(self) -> None:
        """Begin with the sample that stands in the shown row of the batch."""
        if self.chooser.found is not None or self._session.pc == 0:
            self.chooser.choose_set()
            return
        self._session.context.engine.ask(
            "tensor", name="batch/samples", done=self._on_batch,
            failed=lambda _: self.chooser.choose_set(),
        )  # fmt: skip

    def _on_batch(self, chosen: Any) -> None:
        snapshot, row, chooser = self._session.snapshot, self._session.row, self.chooser
        other = snapshot is not None and snapshot.whatif is not None and snapshot.whatif.sample
        own = not chooser.data.value and chooser.part.value == "train" and not other
        chooser.choose_set(int(chosen[row]) if own and row < len(chosen) else 0)

    # -- using it

    def _use(self) -> None:
        context, found = self._session.context, self.chooser.found
        if self._form is not None:
            typed = self._form.sample()
            if typed is None:
                return
            context.do("step.whatif_typed", inputs=[typed[0]], targets=[typed[1]])
        elif found is not None:
            context.do("step.whatif_sample", data=found.data, part=found.part, index=found.index)
        self.close_popover()

    def _refuse(self, sentence: str) -> None:
        self.words.setText(sentence)
        self.words.setVisible(bool(sentence))

    def _begin_typing(self) -> None:
        fitting, found = self.chooser.fitting, self.chooser.found
        if self._form is not None:
            self._stop_typing()
            return
        if fitting is None or found is None:
            return
        self._form = SampleForm(fitting, found)
        self._form.refused.connect(self._refuse)
        self.chooser.hide()
        self.body.insertWidget(self.body.indexOf(self.words), self._form)
        self.type_in.setText(tr("Choose another"))
        self.use.setText(tr("Step what I typed"))
        self._form.show()
        self.fit()

    def _stop_typing(self) -> None:
        self._refuse("")
        if self._form is None:
            return
        self.body.removeWidget(self._form)
        self._form.hide()
        self._form.deleteLater()
        self._form = None
        self.type_in.setText(tr("Change it by hand"))
        self.use.setText(tr("Step this sample"))
        self.chooser.show()
        if self.chooser.found is not None:
            self.chooser.show_found(self.chooser.found)
        self.fit()
