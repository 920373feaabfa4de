"""The dialog of studies: what to run, how far it is, what came out, and taking it over into the project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QAccessible, QAccessibleEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.bus import CommandError
from app.engine.saved import contents_of
from app.studies import KINDS, SHOWS, question, title
from app.studies.chart import Chart, Curve, Plot
from app.studies.forms import FORMS, StudyForm
from app.studies.job import StudyJob
from app.studies.outcome import Shown, running, shown
from app.text import tr
from app.widgets import Button, Label, Line, Overlay, ProgressLine, ScrollPanel, Segmented
from core.errors import ChainruleError

if TYPE_CHECKING:
    from app.workspace import WindowContext

_SIZE = QSize(980, 680)

#: More rows than this of a table are told by the command line only.
_ROWS = 60


def open_dialog(window: Any, kind: str) -> StudyDialog:
    """Open the dialog over a main window at a kind of study, or bring the open one forward."""
    present = window.findChild(StudyDialog)
    if isinstance(present, StudyDialog):
        present.raise_()
        present.setFocus()
        present.choose(kind)
        return present
    dialog = StudyDialog(window.context, window, kind)
    dialog.show()
    dialog.setFocus()
    return dialog


class StudyDialog(Overlay):
    """One study at a time, in a child process: the run behind the dialog is untouched.

    Parameters
    ----------
    context
        Document and bus of the window.
    window
        The widget it covers.
    kind
        Which study is in front.
    """

    def __init__(self, context: WindowContext, window: QWidget, kind: str) -> None:
        super().__init__(window, _SIZE, name="study-dialog", label=tr("Studies"))
        self._context = context
        self._kind = kind
        self._shown: Shown | None = None
        self._closing = False
        self._histories: dict[str, dict[str, list[float]]] = {}
        self._sweep: list[tuple[float, float]] = []
        self.job = StudyJob(self)
        self._build()
        self.job.progressed.connect(self._on_progress)
        self.job.finished.connect(self._on_finished)
        self.job.failed.connect(self._on_failed)
        self.job.cancelled.connect(self._on_cancelled)
        self.choose(kind)

    # Building

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(24, 0, 16, 0)
        head.setSpacing(12)
        head.addWidget(Label(tr("Studies"), "dialog", "tx"))
        self.kinds = Segmented(
            [(key, tr(name)) for key, name, _ in KINDS],
            name="study-kind",
            label=tr("Kind of study"),
        )
        self.kinds.chosen.connect(self.choose)
        head.addWidget(self.kinds)
        head.addStretch(1)
        self._close = Button(name="study-close", kind="ghost", icon="x", icon_size=18)
        self._close.setAccessibleName(tr("Close"))
        self._close.clicked.connect(self.close_dialog)
        head.addWidget(self._close)
        holder = QWidget()
        holder.setProperty("clear", True)
        holder.setFixedHeight(51)
        holder.setLayout(head)
        self.column.addWidget(holder)
        self.column.addWidget(Line())
        body = QHBoxLayout()
        body.setSpacing(0)
        body.addWidget(self._left())
        body.addWidget(Line(vertical=True))
        body.addLayout(self._right(), 1)
        self.column.addLayout(body, 1)
        self.column.addWidget(Line())
        self.column.addLayout(self._foot())

    def _left(self) -> QWidget:
        scroll = ScrollPanel(name="study-settings")
        scroll.setFixedWidth(320)
        scroll.body.setContentsMargins(24, 16, 20, 16)
        scroll.body.setSpacing(12)
        self._question = Label("", "hint", "tx2", name="study-question", wrap=True)
        scroll.body.addWidget(self._question)
        self.forms: dict[str, StudyForm] = {}
        for form in FORMS:
            made = form(self._context.document)
            self.forms[form.kind] = made
            scroll.body.addWidget(made)
        scroll.body.addStretch(1)
        return scroll

    def _right(self) -> QVBoxLayout:
        right = QVBoxLayout()
        right.setSpacing(0)
        self.chart = Chart()
        right.addWidget(self.chart, 3)
        right.addWidget(Line())
        self.table = ScrollPanel(name="study-table")
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.table.body.setContentsMargins(16, 8, 16, 8)
        right.addWidget(self.table, 2)
        return right

    def _foot(self) -> QVBoxLayout:
        foot = QVBoxLayout()
        foot.setSpacing(0)
        self.progress = ProgressLine(name="study-progress")
        foot.addWidget(self.progress)
        row = QHBoxLayout()
        row.setContentsMargins(24, 12, 24, 14)
        row.setSpacing(8)
        self.status = Label("", "body", "tx2", name="study-status", wrap=True)
        self.status.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.status.setMinimumHeight(44)
        row.addWidget(self.status, 1)
        self.use = Button("", name="study-use", height=32)
        self.use.clicked.connect(self._on_use)
        self.use.hide()
        self.cancel = Button(tr("Close"), name="study-cancel", height=32)
        self.cancel.clicked.connect(self._on_cancel)
        self.begin = Button(tr("Start"), name="study-start", kind="primary", height=32)
        self.begin.clicked.connect(self.start)
        for button in (self.use, self.cancel, self.begin):
            row.addWidget(button)
        foot.addLayout(row)
        return foot

    # What is chosen

    @Slot(str)
    def choose(self, kind: str) -> None:
        """Bring a kind of study to the front; while one is running, nothing changes."""
        if self.job.running:
            self.kinds.set_value(self._kind)
            return
        self._kind = kind
        self.kinds.set_value(kind)
        for name, form in self.forms.items():
            form.setVisible(name == kind)
        self._question.setText(question(kind))
        self._show_nothing()
        self._say(
            tr("Runs in a process of its own; the run in the window is left as it is."), "tx2"
        )

    def _show_nothing(self) -> None:
        self._shown = None
        self._histories.clear()
        self._sweep.clear()
        self.use.hide()
        self.progress.set_share(None)
        picture, table = SHOWS[self._kind]
        self.chart.show_plot(Plot(words=tr(picture)))
        self._fill(())
        self.table.body.addWidget(Label(tr(table), "hint", "tx3", name="study-table-words"))
        self.table.body.addStretch(1)

    # Running

    @Slot()
    def start(self) -> None:
        """Check, then begin."""
        if self.job.running:
            return
        self._show_nothing()
        document = self._context.document
        problems = document.inspection.problems
        if problems or not document.network.layers:
            self._say(problems[0].sentence if problems else tr("There is no network yet."), "err")
            return
        contents = contents_of(
            document.name, document.network, document.training, document.data, None
        )
        try:
            self.job.start(self._kind, self.forms[self._kind].arguments(), contents)
        except ChainruleError as error:
            self._say(str(error), "err")
            return
        self._lock(True)
        self.progress.set_share(0.0)
        self._say(tr("Starting: a process of its own loads the engine and the samples"), "tx")
        self._context.bus.emit("study.started", kind=self._kind)

    @Slot(object)
    def _on_progress(self, progress: dict[str, Any]) -> None:
        self.progress.set_share(float(progress["share"]))
        metrics = progress["metrics"]
        if self._kind == "find-lr":
            if "rate" in metrics and not progress["done"]:
                self._sweep.append((metrics["rate"], metrics["loss"]))
                rates, losses = zip(*self._sweep, strict=True)
                curve = Curve(rates, losses, "loss", 0)
                self.chart.show_plot(Plot(tr("loss over the learning rate"), tr("learning rate"),
                                          (curve,), log_x=True))  # fmt: skip
            words = title(self._kind)
        else:
            words = tr("{title}, epoch {n} of {of}", title=progress["title"], n=progress["epoch"],
                       of=progress["epochs"])  # fmt: skip
            self._collect(progress["title"], int(progress["epoch"]), metrics)
            self.chart.show_plot(running(self._histories))
        self._say(f"{round(100 * progress['share'])} %   {words}", "tx")

    def _collect(self, name: str, epoch: int, metrics: dict[str, float]) -> None:
        known = self._histories.setdefault(name, {})
        for metric, value in metrics.items():
            values = known.setdefault(metric, [])
            # What went by between two messages is not known yet: a gap, filled by the result.
            values.extend([float("nan")] * (epoch - 1 - len(values)))
            if epoch > len(values) and value is not None:
                values.append(float(value))

    @Slot(object)
    def _on_finished(self, result: dict[str, Any]) -> None:
        self._lock(False)
        self._shown = found = shown(result)
        self.progress.set_share(1.0)
        self.chart.show_plot(found.plot)
        self._fill(found.table)
        self._say(found.sentence, "tx")
        self.use.set_label(found.use)
        self.use.setAccessibleName(found.use)
        self.use.setVisible(bool(found.use))
        self._context.bus.emit("study.finished", kind=self._kind)

    @Slot(str)
    def _on_failed(self, sentence: str) -> None:
        self._lock(False)
        self.progress.set_share(None)
        self._say(sentence, "err")

    @Slot()
    def _on_cancelled(self) -> None:
        self._lock(False)
        self.progress.set_share(None)
        self._say(tr("Cancelled"), "tx2")
        if self._closing:
            self.close_dialog()

    @Slot()
    def _on_cancel(self) -> None:
        if self.job.running:
            self._say(tr("Cancelling"), "tx2")
            self.cancel.setEnabled(False)
            self.job.cancel()
        else:
            self.close_dialog()

    @Slot()
    def _on_use(self) -> None:
        if self._shown is None or self._shown.values is None:
            return
        from core.studies.settings import schedule_kept

        training = self._context.document.training
        kept = [schedule_kept(training, name) for name in self._shown.values]
        try:
            self._context.bus.do("study.use", values=self._shown.values)
        except CommandError as error:
            self._say(str(error), "err")
            return
        self.use.hide()
        words = tr("The project has these settings now; Undo takes them back.")
        for kind in filter(None, kept):
            words += " " + tr("{kind} keeps its curve and is scaled to this rate.", kind=kind)
        self._say(words, "tx")

    def _lock(self, locked: bool) -> None:
        for widget in (*self.forms.values(), self.kinds, self.begin):
            widget.setEnabled(not locked)
        self.cancel.setEnabled(True)
        self.cancel.set_label(tr("Cancel") if locked else tr("Close"))
        self.begin.set_label(tr("Running…") if locked else tr("Start"))

    # Showing

    def _fill(self, rows: tuple[tuple[str, ...], ...]) -> None:
        body = self.table.body
        while (item := body.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                # Gone at once for whoever looks for it, too.
                widget.setParent(None)
                widget.deleteLater()
        if not rows:
            return
        holder = QWidget()
        holder.setProperty("clear", True)
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(4)
        for line, row in enumerate(rows[:_ROWS]):
            for column, words in enumerate(row):
                cell = Label(words, "table" if line else "label", "tx" if line else "tx2")
                side = Qt.AlignmentFlag.AlignLeft if not column else Qt.AlignmentFlag.AlignRight
                grid.addWidget(cell, line, column, side)
        grid.setColumnStretch(len(rows[0]), 1)
        body.addWidget(holder)
        body.addStretch(1)

    def _say(self, words: str, tone: str) -> None:
        self.status.setText(words)
        self.status.setToolTip(words)
        self.status.set_tone(tone)
        self.status.setAccessibleName(words)
        if tone != "tx" or not self.job.running:
            QAccessible.updateAccessibility(QAccessibleEvent(self.status, QAccessible.Event.Alert))

    # Being a dialog

    @Slot()
    def close_dialog(self) -> None:
        """Close; a running study is cancelled first."""
        if self.job.running:
            self._closing = True
            self._on_cancel()
            return
        super().close_dialog()

    def window_closes(self) -> None:
        """End the child with the window."""
        self.job.close()
