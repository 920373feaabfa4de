"""Choosing the sample to step: from any data set that fits, by number, class or mistake, or typed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from app.scenes.formula_expressions import format_number
from app.step.passing import PassingPopover
from app.step.sample_form import SampleForm
from app.step.sample_picture import SamplePicture
from app.text import tr
from app.widgets import Button, Choice, Label, NumberField, Segmented, Toggle

if TYPE_CHECKING:
    from app.engine.questions.samples import Fitting, FoundSample, Search
    from app.step.session import StepSession

_ALL = "all"


class SamplePicker(PassingPopover):
    """A sample, what the network says of it, and a button that makes the step's batch of it."""

    def __init__(self, anchor: QWidget, session: StepSession) -> None:
        super().__init__(anchor, session, name="step-sample", title=tr("Step a sample"), width=348)
        self._sets: tuple[Fitting, ...] = ()
        self._found: FoundSample | None = None
        self._form: SampleForm | None = None
        #: Counts searches, so that an answer to one that was given up is not shown.
        self._search = 0
        self.data = Choice([], name="step-sample-data", label=tr("Data set"))
        self.data.chosen.connect(lambda _: self._choose_set())
        self.body.addWidget(self.data)
        self.part = Segmented(
            (("train", tr("Training")), ("validation", tr("Held out"))),
            name="step-sample-part", label=tr("Part"),
        )  # fmt: skip
        self.part.set_value("train")
        self.part.chosen.connect(lambda _: self.look(0))
        self.body.addWidget(self.part)
        self._build_walk()
        self.picture = SamplePicture()
        self.body.addWidget(self.picture)
        self.words = Label("", "label", "tx", name="step-sample-words", wrap=True)
        self.body.addWidget(self.words)
        _, row = self._row()
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
        self._pickers = [self.data, self.part, self._walk, self._filters, self.picture, self.words]

    def _row(self) -> tuple[QWidget, QHBoxLayout]:
        inside = QWidget()
        row = QHBoxLayout(inside)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.body.addWidget(inside)
        return inside, row

    def _build_walk(self) -> None:
        self._walk, row = self._row()
        self.previous = Button(
            name="step-sample-back", kind="normal", icon="chevron-left", icon_size=14
        )
        self.previous.setAccessibleName(tr("Previous sample"))
        self.previous.setToolTip(tr("Previous sample"))
        self.previous.clicked.connect(lambda: self._go(-1))
        self.number = NumberField(
            name="step-sample-number", label=tr("Number of the sample"), minimum=1, width=92
        )
        self.number.entered.connect(lambda value: self.look(int(value) - 1))
        self.count = Label("", "label", "tx2")
        self.following = Button(
            name="step-sample-on", kind="normal", icon="chevron-right", icon_size=14
        )
        self.following.setAccessibleName(tr("Next sample"))
        self.following.setToolTip(tr("Next sample"))
        self.following.clicked.connect(lambda: self._go(1))
        for widget in (self.previous, self.number, self.count):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.following)
        self._filters, row = self._row()
        self.label = Choice(
            [(_ALL, tr("All classes"))], name="step-sample-class", label=tr("Class")
        )
        self.label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.label.chosen.connect(lambda _: self._go(1, here=True))
        self.wrong = Toggle(
            name="step-sample-wrong", label=tr("Only samples the network gets wrong")
        )
        self.wrong.setToolTip(tr("Only samples the network gets wrong"))
        self.wrong.toggled.connect(lambda _: self._go(1, here=True))
        row.addWidget(self.label, 1)
        row.addWidget(Label(tr("wrong ones only"), "label", "tx2"))
        row.addWidget(self.wrong)

    # -- opening

    def open(self) -> None:
        """Show it, with the sample that is shown."""
        self._stop_typing()
        super().open()
        engine = self._session.context.engine
        engine.ask("sample_sets", done=self._on_sets)

    @Slot(object)
    def _on_sets(self, sets: Any) -> None:
        self._sets = sets
        chosen = self.data.value if self.data.count() else ""
        self.data.clear()
        for one in sets:
            self.data.addItem(one.title, one.id)
        self.data.set_value(chosen)
        self.data.setVisible(len(sets) > 1)
        if self._found is not None or self._session.pc == 0:
            self._choose_set()
            return
        # It begins with the sample that stands in the shown row of the batch.
        self._session.context.engine.ask(
            "tensor", name="batch/samples", done=self._on_batch,
            failed=lambda _: self._choose_set(),
        )  # fmt: skip

    def _on_batch(self, chosen: Any) -> None:
        snapshot, row = self._session.snapshot, self._session.row
        other = snapshot is not None and snapshot.whatif is not None and snapshot.whatif.sample
        own = not self.data.value and self.part.value == "train" and not other
        self._choose_set(int(chosen[row]) if own and row < len(chosen) else 0)

    @property
    def fitting(self) -> Fitting | None:
        """The data set that is chosen."""
        return next((one for one in self._sets if one.id == self.data.value), None)

    def _choose_set(self, index: int | None = None) -> None:
        fitting = self.fitting
        if fitting is None:
            return
        parts = dict(fitting.parts)
        self.part.setVisible(len(parts) > 1)
        if self.part.value not in parts:
            self.part.set_value(next(iter(parts), "train"))
        self.label.clear()
        self.label.addItem(tr("All classes"), _ALL)
        for k, words in enumerate(fitting.classes):
            self.label.addItem(words, str(k))
        self._filters.setVisible(bool(fitting.classes))
        found = self._found
        if index is None:
            same = found is not None and (found.data, found.part) == (fitting.id, self.part.value)
            index = found.index if found is not None and same else 0
        self.look(index)

    # -- looking for one

    def look(self, index: int) -> None:
        """Show the sample of a number, whatever its class."""
        self._ask(start=max(0, index), by=1)

    def _go(self, by: int, *, here: bool = False) -> None:
        """To the next or previous sample of the class, and of those that are wrong."""
        found = self._found
        start = 0 if found is None else found.index + (0 if here else by)
        label = self.label.value
        self._ask(
            start=start, by=by, wrong=self.wrong.isChecked(),
            label=int(label) if label != _ALL and label != "None" else None,
        )  # fmt: skip

    def _ask(self, **values: Any) -> None:
        self._search += 1
        asked = self._search

        def done(search: Search) -> None:
            if asked != self._search or not self.isVisible():
                return
            if search.found is not None:
                self._show(search.found)
            elif search.next is not None:
                self.words.setText(tr("looking … sample {number}", number=f"{search.next + 1:,}"))
                ask(search.next)
            else:
                self.words.setText(
                    tr("No further one that way.")
                    if self._found is not None
                    else tr("There is none.")
                )

        def failed(sentence: str) -> None:
            if asked == self._search:
                self.words.setText(sentence)

        def ask(start: int) -> None:
            self._session.context.engine.ask(
                "sample_search", done=done, failed=failed, data=self.data.value,
                part=self.part.value, **(values | {"start": start}),
            )  # fmt: skip

        ask(values["start"])

    def _show(self, found: FoundSample) -> None:
        fitting = self.fitting
        if fitting is None:
            return
        self._found = found
        self.number.set_amount(found.index + 1)
        self.count.setText(tr("of {count}", count=f"{found.count:,}"))
        self.picture.show_sample(found.x, fitting.kind, fitting.features)
        self.words.setText(self._says(found, fitting.classes))
        self.use.setEnabled(True)

    def _says(self, found: FoundSample, classes: tuple[str, ...]) -> str:
        if found.label is not None and found.predicted is not None and found.confidence is not None:
            own, chosen = (
                classes[k] if k < len(classes) else str(k) for k in (found.label, found.predicted)
            )
            sure = f"{found.confidence:.0%}"
            if found.label == found.predicted:
                return tr("{label}; the network says so, {sure} sure", label=own, sure=sure)
            return tr(
                "{label}; the network says {chosen}, {sure} sure",
                label=own,
                chosen=chosen,
                sure=sure,
            )
        target = ", ".join(format_number(float(v), 3) for v in found.target[:4])
        if found.output is None:
            return tr("target {target}", target=target)
        output = ", ".join(format_number(float(v), 3) for v in found.output[:4])
        return tr("target {target}; the network says {output}", target=target, output=output)

    # -- using it

    def _use(self) -> None:
        context, found = self._session.context, self._found
        if self._form is not None:
            typed = self._form.sample()
            if typed is None:
                return
            context.do("step.whatif_typed", inputs=[typed[0]], targets=[typed[1]])
        elif found is not None:
            context.do("step.whatif_sample", data=found.data, part=found.part, index=found.index)
        self.close_popover()

    def _begin_typing(self) -> None:
        fitting, found = self.fitting, self._found
        if self._form is not None:
            self._stop_typing()
            return
        if fitting is None or found is None:
            return
        self._form = SampleForm(fitting, found)
        self._form.refused.connect(self.words.setText)
        for widget in self._pickers:
            if widget is not self.words:
                widget.hide()
        self.words.setText("")
        self.body.insertWidget(self.body.indexOf(self.words), self._form)
        self.type_in.setText(tr("Choose another"))
        self.use.setText(tr("Step what I typed"))
        self._form.show()
        self.fit()

    def _stop_typing(self) -> None:
        if self._form is None:
            return
        self.body.removeWidget(self._form)
        self._form.hide()
        self._form.deleteLater()
        self._form = None
        self.type_in.setText(tr("Change it by hand"))
        self.use.setText(tr("Step this sample"))
        for widget in self._pickers:
            widget.show()
        self.data.setVisible(len(self._sets) > 1)
        fitting = self.fitting
        if fitting is not None:
            self.part.setVisible(len(fitting.parts) > 1)
            self._filters.setVisible(bool(fitting.classes))
        if self._found is not None:
            self._show(self._found)
        self.fit()
