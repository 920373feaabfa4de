"""The settings of each kind of study, as rows; what they say goes to the command line as arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.text import tr
from app.widgets import Choice, Label, NumberField, TextField, Toggle

if TYPE_CHECKING:
    from app.document import Document


class StudyForm(QWidget):
    """Rows of settings, and the arguments they stand for."""

    kind = ""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self.setObjectName(f"study-form-{self.kind}")
        self._document = document
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(8)
        self._make()
        self._rows.addStretch(1)

    def _make(self) -> None:
        raise NotImplementedError

    def arguments(self) -> list[str]:
        """Return what is chosen, as words of the command line."""
        raise NotImplementedError

    def _row(self, label: str, widget: QWidget, tip: str = "") -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        words = Label(label, "label", "tx2")
        words.setMinimumHeight(28)
        for one in (words, widget):
            one.setToolTip(tip)
        row.addWidget(words)
        row.addStretch(1)
        row.addWidget(widget)
        self._rows.addLayout(row)

    def _number(
        self, name: str, label: str, value: float, low: float, high: float, *, whole: bool = True, tip: str = "",
    ) -> NumberField:  # fmt: skip
        field = NumberField(
            name=f"study-{name}", label=label, whole=whole, minimum=low, maximum=high, width=88,
            step=1.0 if whole else low,
        )  # fmt: skip
        field.set_amount(value)
        self._row(label, field, tip)
        return field

    def _epochs(self) -> NumberField:
        most = min(self._document.training.epochs, 20)
        return self._number("epochs", tr("Epochs of each run"), most, 1, 1_000_000)

    def _toggle(self, name: str, label: str, on: bool, tip: str) -> Toggle:
        toggle = Toggle(name=f"study-{name}", label=label)
        toggle.setChecked(on)
        self._row(label, toggle, tip)
        return toggle


class RateForm(StudyForm):
    """From which rate to which, in how many steps."""

    kind = "find-lr"

    def _make(self) -> None:
        from core.studies.sweep import END, START, STEPS, SWEEPS

        self._start = self._number("first-rate", tr("First rate"), START, 1e-12, 1e3, whole=False)
        self._end = self._number("end", tr("Last rate"), END, 1e-9, 1e6, whole=False)
        tip = tr("Each step multiplies the rate by the same factor")
        self._steps = self._number("steps", tr("Steps"), STEPS, 10, 100_000, tip=tip)
        tip = tr("With other batches each time; the mean of all is judged")
        self._sweeps = self._number("sweeps", tr("Sweeps"), SWEEPS, 1, 100, tip=tip)

    def arguments(self) -> list[str]:
        start, end = self._start.value(), self._end.value()
        return [
            "--start", repr(start), "--end", repr(end), "--steps", str(int(self._steps.value())),
            "--sweeps", str(int(self._sweeps.value())),
        ]  # fmt: skip


class FoldsForm(StudyForm):
    """How many folds, and how they are drawn."""

    kind = "cross-validate"

    def _make(self) -> None:
        tip = tr("Each sample is held out in one of them")
        self._k = self._number("k", tr("Folds"), 5, 2, 1000, tip=tip)
        self._epochs_field = self._epochs()
        from app.document import data_info

        info = data_info(self._document.data)
        self._stratified = self._toggle(
            "stratified", tr("Each class its share in every fold"), bool(info is not None and info.classes),
            tr("Stratified folds"),
        )  # fmt: skip
        tip = tr("Otherwise neighbouring samples stay together")
        self._shuffle = self._toggle("shuffle", tr("Shuffle"), True, tip)

    def arguments(self) -> list[str]:
        words = ["-k", str(int(self._k.value())), "--epochs", str(int(self._epochs_field.value()))]
        words += ["--stratified"] if self._stratified.isChecked() else []
        return words + ([] if self._shuffle.isChecked() else ["--no-shuffle"])


class SeedsForm(StudyForm):
    """How many seeds."""

    kind = "seeds"

    def _make(self) -> None:
        tip = tr("Counted from the project's own seed")
        self._count = self._number("seeds", tr("Seeds"), 5, 1, 1000, tip=tip)
        self._epochs_field = self._epochs()

    def arguments(self) -> list[str]:
        count, epochs = int(self._count.value()), int(self._epochs_field.value())
        return ["--seeds", str(count), "--epochs", str(epochs)]


class SearchForm(StudyForm):
    """What to draw from, how often, and whether the worse ones are stopped early."""

    kind = "search"

    def _make(self) -> None:
        self._trials = self._number("trials", tr("Trials"), 12, 1, 10_000)
        self._epochs_field = self._epochs()
        self._prune = Choice(
            [("", tr("Never")), ("2", tr("The worse half")), ("3", tr("The worse two thirds"))],
            name="study-prune", label=tr("Stop early"), width=156,
        )  # fmt: skip
        self._prune.set_value("3")
        self._row(tr("Stop early"), self._prune,
                  tr("After a part of the epochs, only the better trials go on"))  # fmt: skip
        words = Label(
            tr("Settings and what to draw them from: uniform(0, 0.5), log_uniform(1e-4, 1e-1), int(8, 64), log_int(8, "
               "512), or values with commas between. log: each order of magnitude is as likely"),
            "hint", "tx2", wrap=True,
        )  # fmt: skip
        self._rows.addWidget(words)
        self._space: list[tuple[Choice, TextField]] = []
        known = self._names()
        for place, (name, text) in enumerate(self._first(known)):
            choice = Choice(
                [("", "–"), *((one, one) for one in known)], name=f"study-setting-{place + 1}",
                label=tr("Setting {n}", n=place + 1),
            )  # fmt: skip
            choice.set_value(name)
            field = TextField(
                name=f"study-range-{place + 1}", label=tr("Range {n}", n=place + 1), mono=True
            )
            field.set_value(text)
            self._rows.addWidget(choice)
            self._rows.addWidget(field)
            self._space.append((choice, field))

    def _names(self) -> list[str]:
        """Return the settings there are, those that learners search over first."""
        from core.studies.settings import names

        document = self._document
        known = names(document.network, document.training)
        ends = ("units", "filters", "rate", "kernel_size", "activation")
        first = [name for name in known if name.rpartition(".")[2] in ends and "." in name]
        return [
            "optimizer.learning_rate", "batch_size", *first,
            *(name for name in known if name not in ("optimizer.learning_rate", "batch_size", *first)),
        ]  # fmt: skip

    def _first(self, known: list[str]) -> list[tuple[str, str]]:
        found = [("optimizer.learning_rate", "log_uniform(1e-4, 1)"), ("batch_size", "16, 32, 64")]
        layers = self._document.network.layers[:-1]
        inner = [f"{layer.name}.units" for layer in layers if "units" in layer.config]
        units = next((name for name in inner if name in known), "")
        return [*found, (units, "log_int(4, 64)" if units else "")]

    def arguments(self) -> list[str]:
        words = [
            "--trials", str(int(self._trials.value())), "--epochs", str(int(self._epochs_field.value())),
        ]  # fmt: skip
        if self._prune.value:
            words += ["--prune", self._prune.value]
        for choice, field in self._space:
            if choice.value:
                words += ["--set", f"{choice.value}={field.text()}"]
        return words


FORMS: tuple[type[StudyForm], ...] = (RateForm, FoldsForm, SeedsForm, SearchForm)
