"""Looking for a sample: of any data set that fits, by number, class or mistake, and what the network says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.scenes.formula_expressions import format_number
from app.step.sample_picture import SamplePicture
from app.text import tr
from app.widgets import Button, Choice, Label, NumberField, Segmented, Toggle

if TYPE_CHECKING:
    from app.engine.questions.samples import Fitting, FoundSample, Search
    from app.workspace import WindowContext

_ALL = "all"


class SampleChooser(QWidget):
    """The controls, the sample they have led to, and a sentence about it.

    Parameters
    ----------
    context
        The window's engine.
    name
        Object names begin with it.
    part
        Where it begins.

    Signals
    -------
    found_one(FoundSample)
        Another sample.
    listed(bool)
        The data sets that fit are known: whether there is any.
    """

    found_one = Signal(object)
    listed = Signal(bool)

    def __init__(self, context: WindowContext, *, name: str, part: str = "train") -> None:
        super().__init__()
        self._context = context
        self._sets: tuple[Fitting, ...] = ()
        #: The sample that is shown.
        self.found: FoundSample | None = None
        #: Counts searches, so that an answer to one that was given up is not shown.
        self._search = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.data = Choice([], name=f"{name}-data", label=tr("Data set"))
        self.data.chosen.connect(lambda _: self.choose_set())
        column.addWidget(self.data)
        self.part = Segmented(
            (("train", tr("Training")), ("validation", tr("Held out"))),
            name=f"{name}-part", label=tr("Part"),
        )  # fmt: skip
        self.part.set_value(part)
        self.part.chosen.connect(lambda _: self.look(0))
        column.addWidget(self.part)
        self._build_walk(name, column)
        self.picture = SamplePicture(name=f"{name}-picture")
        column.addWidget(self.picture)
        self.words = Label("", "label", "tx", name=f"{name}-words", wrap=True)
        column.addWidget(self.words)

    def _build_walk(self, name: str, column: QVBoxLayout) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.previous = Button(
            name=f"{name}-back", kind="normal", icon="chevron-left", icon_size=14
        )
        self.previous.setAccessibleName(tr("Previous sample"))
        self.previous.setToolTip(tr("Previous sample"))
        self.previous.clicked.connect(lambda: self.go(-1))
        self.number = NumberField(
            name=f"{name}-number", label=tr("Number of the sample"), minimum=1, width=92
        )
        self.number.entered.connect(lambda value: self.look(int(value) - 1))
        self.count = Label("", "label", "tx2")
        self.following = Button(
            name=f"{name}-on", kind="normal", icon="chevron-right", icon_size=14
        )
        self.following.setAccessibleName(tr("Next sample"))
        self.following.setToolTip(tr("Next sample"))
        self.following.clicked.connect(lambda: self.go(1))
        for widget in (self.previous, self.number, self.count):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.following)
        column.addLayout(row)
        self._filters = QWidget()
        row = QHBoxLayout(self._filters)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.label = Choice([(_ALL, tr("All classes"))], name=f"{name}-class", label=tr("Class"))
        self.label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.label.chosen.connect(lambda _: self.go(1, here=True))
        self.wrong = Toggle(name=f"{name}-wrong", label=tr("Only samples the network gets wrong"))
        self.wrong.setToolTip(tr("Only samples the network gets wrong"))
        self.wrong.toggled.connect(lambda _: self.go(1, here=True))
        row.addWidget(self.label, 1)
        row.addWidget(Label(tr("wrong ones only"), "label", "tx2"))
        row.addWidget(self.wrong)
        column.addWidget(self._filters)

    # -- data sets

    def ask_sets(self) -> None:
        """Find out which data sets fit the network; `listed` follows."""
        self._context.engine.ask("sample_sets", done=self._on_sets)

    @Slot(object)
    def _on_sets(self, sets: Any) -> None:
        self._sets = sets
        chosen = self.data.value if self.data.count() else ""
        self.data.clear()
        for one in sets:
            self.data.addItem(one.title, one.id)
        self.data.set_value(chosen)
        self.data.setVisible(len(sets) > 1)
        self.listed.emit(bool(sets))

    @property
    def fitting(self) -> Fitting | None:
        """The data set that is chosen."""
        return next((one for one in self._sets if one.id == self.data.value), None)

    def choose_set(self, index: int | None = None) -> None:
        """Show what there is to choose in the chosen data set, and a sample of it: the one shown, or the first."""
        fitting = self.fitting
        if fitting is None:
            return
        parts = dict(fitting.parts)
        self.part.setVisible(len(parts) > 1)
        if self.part.value not in parts:
            self.part.set_value(next(iter(parts), "train"))
        label = self.label.value
        self.label.clear()
        self.label.addItem(tr("All classes"), _ALL)
        for k, words in enumerate(fitting.classes):
            self.label.addItem(words, str(k))
        self.label.set_value(label)
        self._filters.setVisible(bool(fitting.classes))
        found = self.found
        if index is None:
            same = found is not None and (found.data, found.part) == (fitting.id, self.part.value)
            index = found.index if found is not None and same else 0
        self.look(index)

    # -- looking for one

    def look(self, index: int) -> None:
        """Show the sample of a number, whatever its class."""
        self._ask(start=max(0, index), by=1)

    def go(self, by: int, *, here: bool = False) -> None:
        """To the next or previous sample of the class, and of those that are wrong."""
        found = self.found
        self.step_from(-by if found is None else found.index - (by if here else 0), by)

    def step_from(self, index: int, by: int) -> None:
        """To the next or previous one after the sample of a number."""
        label = self.label.value
        self._ask(
            start=index + by, by=by, wrong=self.wrong.isChecked(),
            label=int(label) if label not in (_ALL, "None") else None,
        )  # fmt: skip

    def stop(self) -> None:
        """Do not wait for what is looked for."""
        self._search += 1

    def _ask(self, **values: Any) -> None:
        self._search += 1
        asked = self._search

        def done(search: Search) -> None:
            if asked != self._search:
                return
            if search.found is not None:
                self.show_found(search.found)
                self.found_one.emit(search.found)
            elif search.next is not None:
                self.words.setText(tr("looking … sample {number}", number=f"{search.next + 1:,}"))
                ask(search.next)
            else:
                self.words.setText(
                    tr("No further one that way.")
                    if self.found is not None
                    else tr("There is none.")
                )

        def failed(sentence: str) -> None:
            if asked == self._search:
                self.words.setText(sentence)

        def ask(start: int) -> None:
            self._context.engine.ask(
                "sample_search", done=done, failed=failed, data=self.data.value,
                part=self.part.value, **(values | {"start": start}),
            )  # fmt: skip

        ask(values["start"])

    def show_found(self, found: FoundSample) -> None:
        """Show a sample of the chosen data set."""
        fitting = self.fitting
        if fitting is None:
            return
        self.found = found
        self.number.set_amount(found.index + 1)
        self.count.setText(tr("of {count}", count=f"{found.count:,}"))
        self.picture.show_sample(found.x, fitting.kind, fitting.features)
        self.words.setText(self._says(found, fitting.classes))

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
