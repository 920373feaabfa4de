"""The export dialog: a panel over the dimmed window."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import QSize, QUrl, Slot
from PySide6.QtGui import (
    QDesktopServices,
)
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app import theme
from app.engine.saved import contents_of
from app.export import networks
from app.export.dialog_races import RaceFilms
from app.export.encoder import check_target
from app.export.estimate import measured, remember
from app.export.footer import Footer
from app.export.form import ExportForm
from app.export.formats import ExportError, by_id
from app.export.instructions import StepFilm, step_film
from app.export.places import default_target, next_free, with_suffix
from app.export.preview import Preview
from app.export.previewer import Previewer
from app.export.processes import count_of
from app.export.range_bar import RangeBar
from app.export.recipe import Recipe, check, frames_of
from app.export.service import ExportJob
from app.export.weights import weight_of
from app.scenes import registry
from app.scenes.story_film import trained
from app.text import number, tr
from app.widgets import Button, Label, Line, Overlay, Slider
from core.errors import ChainruleError

if TYPE_CHECKING:
    from app.engine import EngineState
    from app.engine.state import SavedState
    from app.workspace import WindowContext

_SIZE = QSize(1008, 708)


def open_dialog(window: Any) -> ExportDialog:
    """Open the dialog over a main window, or bring the open one forward."""
    present = window.findChild(ExportDialog)
    if isinstance(present, ExportDialog):
        present.raise_()
        present.setFocus()
        return present
    dialog = ExportDialog(window.context, window)
    step = window.findChild(QWidget, "step-workspace")
    if step is not None and step.isVisible():
        scene, toggles = step.filmed()
        if scene:
            dialog.film(scene, toggles)
    inside = window.findChild(QWidget, "inside")
    if inside is not None and inside.isVisible():
        dialog.film(*inside.filmed())
    race = window.findChild(QWidget, "optimizers")
    if race is not None and race.isVisible():
        path = race.session.path
        if path is not None:
            dialog.races.losses = path.losses
        dialog.found = race.found()
        dialog.film(*race.filmed())
    dialog.show()
    dialog.setFocus()
    return dialog


class ExportDialog(Overlay):
    """Everything between "I want to show this" and a file.

    Settings lock while the film is made; the film is made by a child process, so the run behind the
    dialog is untouched.

    Parameters
    ----------
    context
        Document, engine and settings of the window.
    window
        The widget it covers.
    """

    def __init__(self, context: WindowContext, window: QWidget) -> None:
        super().__init__(window, _SIZE, name="export-dialog", label=tr("Export animation"))
        self._context = context
        self._path: Path | None = None
        self._chosen_path = False
        self._starting = False
        #: By scene, what the window has found out already that a film of it would show.
        self.found: dict[str, Mapping[str, Any]] = {}
        document = context.document
        self.form = ExportForm(_parts(context), _layers(context))
        self.preview = Preview()
        self.range = RangeBar()
        self.races = RaceFilms(context, self.form, self.range)
        self.footer = Footer()
        self.job = ExportJob(self)
        self.previewer = Previewer(context, self.preview, self)
        self._build(document.name)
        self._connect()
        self._restore()
        self._show_run(context.engine.state)
        self._on_changed()

    # Building

    def _build(self, name: str) -> None:
        column = self.column
        head = QHBoxLayout()
        head.setContentsMargins(24, 0, 16, 0)
        head.setSpacing(10)
        head.addWidget(Label(tr("Export animation"), "dialog", "tx"))
        head.addWidget(Label(name, "label", "tx2"))
        head.addStretch(1)
        self._close = Button(name="export-close", kind="ghost", icon="x", icon_size=18)
        self._close.setAccessibleName(tr("Close"))
        head.addWidget(self._close)
        holder = QWidget()
        holder.setProperty("clear", True)
        holder.setFixedHeight(51)
        holder.setLayout(head)
        column.addWidget(holder)
        column.addWidget(Line())
        body = QHBoxLayout()
        body.setSpacing(0)
        body.addLayout(self._left(), 1)
        body.addWidget(Line(vertical=True))
        self.form.setFixedWidth(399)
        body.addWidget(self.form)
        column.addLayout(body, 1)
        column.addWidget(Line())
        column.addWidget(self.footer)

    def _left(self) -> QVBoxLayout:
        left = QVBoxLayout()
        left.setContentsMargins(24, 24, 24, 16)
        left.setSpacing(8)
        left.addWidget(self.preview, 1)
        row = QHBoxLayout()
        row.setSpacing(12)
        self._moment = Slider(
            0, 100, name="export-moment", label=tr("Moment of the film"), default=100
        )
        self._time = Label("", "value", "tx2", name="export-time")
        row.addWidget(self._moment, 1)
        row.addWidget(self._time)
        left.addLayout(row)
        row = QHBoxLayout()
        row.addWidget(Label(tr("Range"), "section", "tx2"))
        row.addStretch(1)
        self._range_text = Label("", "label", "tx2", name="export-range-text")
        row.addWidget(self._range_text)
        left.addSpacing(8)
        left.addLayout(row)
        left.addWidget(self.range)
        return left

    def _connect(self) -> None:
        self._close.clicked.connect(self.close_dialog)
        self.form.changed.connect(self._on_changed)
        self.range.changed.connect(self._on_changed)
        self._moment.moved.connect(self._on_moment)
        self.footer.export.clicked.connect(self.start)
        self.footer.cancel.clicked.connect(self._on_cancel)
        self.footer.place.clicked.connect(self._choose_place)
        self.footer.show_file.clicked.connect(self._show_file)
        self.job.prepared.connect(self.footer.show_prepared)
        self.job.progressed.connect(self._on_progress)
        self.job.finished.connect(self._on_finished)
        self.job.failed.connect(self._on_failed)
        self.job.cancelled.connect(self._on_cancelled)
        self._context.engine.state_changed.connect(self._show_run)

    def _restore(self) -> None:
        known = self._context.settings.get("export", {})
        self.form.set_values(
            {"theme": theme.current().name} | (known if isinstance(known, dict) else {})
        )
        document = self._context.document
        parameters = document.inspection.parameters
        self.form.set_caption(
            tr("{name}, {n} parameters", name=document.name, n=number(parameters))
        )

    def film(self, scene: str, toggles: dict[str, Any]) -> None:
        """Film what is looked at: the last step taken, or the first, in close-up; or the story of a weight."""
        if scene == "closeup":
            position = self._context.engine.state.position
            taken = max(1, position.step if position is not None else 0)
            self.range.set_range(taken - 1, taken)
        self.form.film(scene, toggles)

    # What is chosen

    def recipe(self) -> Recipe:
        """Return the settings as a recipe."""
        first, last = self.range.range
        recipe = self.form.recipe()
        if self.races.filming:
            return self.races.recipe(recipe)
        if recipe.scene == "closeup":
            return msgspec.structs.replace(recipe, first=max(first, last - 1), last=last)
        if _is_process(recipe):
            # Where the run stands, unless an earlier step is chosen: nothing is trained for it.
            step = self._step_of_process()
            if networks.of_network_race(recipe.scene):
                recipe = networks.looked_at(recipe, self.form.looked_at, self._context)
            return msgspec.structs.replace(recipe, first=step, last=step)
        chart = _chart(self._context) if recipe.scene == "training" else {}
        toggles = {**recipe.toggles, **chart}
        return msgspec.structs.replace(recipe, first=first, last=last, toggles=toggles)

    def _step_of_process(self) -> int:
        """The step at which a process is filmed."""
        position = self._context.engine.state.position
        own = self.form.looked_at.get("of", {}).get(self.form.scene, {})
        step = int(own.get("at", self.range.range[1]))
        return min(step, position.step if position is not None else 0)

    @property
    def path(self) -> Path:
        """Where the file goes."""
        fmt = by_id(self.form.format)
        if self._path is None:
            folder = self._context.settings.get("export_folder")
            self._path = default_target(self._context.document.name, fmt, folder)
        return self._path

    def set_path(self, path: Path) -> None:
        """Choose where the file goes."""
        self._path, self._chosen_path = path, True
        self._on_changed()

    @Slot()
    def _on_changed(self, *_: object) -> None:
        if self.races.fit():
            self._show_run(self._context.engine.state)
            return
        fmt = by_id(self.form.format)
        path = with_suffix(self.path, fmt)
        self._path = path if self._chosen_path else next_free(path)
        recipe = self.recipe()
        first, last = self.range.range
        frames = 1 if fmt.kind == "still" else self._frames(recipe)
        estimate = measured(self._context.settings, recipe, frames)
        self.footer.show_plan(recipe, fmt, frames, self._path, estimate)
        per = (last - first) / max(1, frames - 1)
        if networks.is_of_new_weights(recipe):
            words = tr("the whole race, from new weights")
        elif _is_process(recipe):
            words = tr("at step {b}", b=number(self._step_of_process()))
        elif fmt.kind == "still" or recipe.scene == "closeup":
            words = tr("step {b}", b=number(last))
        elif per == 1:
            words = tr("steps {a} to {b}, one frame a step", a=number(first), b=number(last))
        elif per > 1:
            words = tr("steps {a} to {b}, every {n} steps", a=number(first), b=number(last),
                       n=f"{per:.3g}")  # fmt: skip
        else:
            words = tr("steps {a} to {b}, {n} frames a step", a=number(first), b=number(last),
                       n=f"{1 / per:.3g}" if per else frames)  # fmt: skip
        self._range_text.setText(words)
        self.preview.set_shape(recipe.width, recipe.height)
        self._show_moment()

    @Slot(float)
    def _on_moment(self, amount: float) -> None:
        self._show_moment()

    def _show_moment(self) -> None:
        recipe = self.recipe()
        fmt = by_id(recipe.format)
        first, last = self.range.range
        share = 1.0 if fmt.kind == "still" else self._moment.amount / 100
        frames = self._frames(recipe)
        seconds = 0.0 if fmt.kind == "still" else frames / recipe.fps
        self._time.setText(f"{_clock(share * seconds)} / {_clock(seconds)}")
        self._moment.setEnabled(fmt.kind != "still" and not self.job.running)
        if _is_process(recipe):
            if networks.of_network_race(recipe.scene):
                self.previewer.show_found(recipe, share, self.found.get(recipe.scene))
                return
            # In tenths: a preview of a process asks the engine anew.
            toggles = recipe.toggles | {"share": round(share, 1)}
            recipe = msgspec.structs.replace(recipe, toggles=toggles)
            self.previewer.show(recipe, self._step_of_process())
            return
        film = self._step_film(recipe)
        if film is not None:
            recipe = msgspec.structs.replace(
                recipe, toggles=film.toggles_at(recipe, round(share * (frames - 1)))
            )
            self.previewer.show(recipe, last)
            return
        step = round(first + share * (last - first))
        if recipe.scene == "story":
            # The axes of a moment are those of the whole film.
            recipe = msgspec.structs.replace(recipe, toggles=recipe.toggles | {"until": last})
        self.previewer.show(recipe, step)

    def _step_film(self, recipe: Recipe) -> StepFilm | None:
        """What a film of a step consists of, as soon as the network is compiled; None for other films."""
        latest = self._context.engine.latest
        if recipe.scene != "closeup" or latest is None or latest.program is None:
            return None
        try:
            return step_film(recipe, latest.program, latest.position.step)
        except ExportError:
            return None

    def _frames(self, recipe: Recipe) -> int:
        if _is_process(recipe):
            return count_of(recipe, registry.scene(recipe.scene))
        film = self._step_film(recipe)
        first, last = self.range.range
        return max(1, len(film)) if film is not None else frames_of(recipe, last - first)

    @Slot(object)
    def _show_run(self, state: EngineState) -> None:
        if self.job.running or self.races.filming:
            return
        position = state.position
        taken = position.step if position is not None else 0
        history = self._context.engine.latest.history if self._context.engine.latest else None
        fresh = self.range.range == (0, 1)
        follows = self.range.range[1] == self.range.limit
        total = history.total_steps if history is not None else 0
        per_epoch = history.epoch_steps if history is not None else 1
        # A run that was not begun can still be filmed: its first two epochs.
        limit = taken or max(1, min(total or 2 * per_epoch, 2 * per_epoch))
        self.range.set_limit(limit)
        if fresh or follows:
            self.range.set_range(self.range.range[0], limit)
        program = self._context.engine.latest.program if self._context.engine.latest else None
        if program is not None:
            self.form.set_weights(
                {name: len(program.tensors[name].shape) for name in trained(program)}
            )
        if history is not None:
            self.range.set_curve(history.steps, history.loss)
        self._on_changed()

    # Exporting

    @Slot()
    def start(self) -> None:
        """Check, then begin; what cannot work is said before anything starts."""
        if self.job.running or self._starting:
            return
        fmt = by_id(self.form.format)
        try:
            recipe = check(self.recipe(), fmt)
            self._check_typed(recipe)
            problems = () if self.races.filming else self._context.document.inspection.problems
            for problem in problems:
                raise ExportError(problem.sentence)
            check_target(self.path, fmt)
        except ExportError as error:
            self.footer.show_problem(str(error))
            return
        self._context.settings.set("export", self.form.values())
        self._context.settings.set("export_folder", str(self.path.parent))
        self._lock(True)
        self._starting = True
        self.footer.show_starting()
        engine = self._context.engine
        if engine.state.position is None or self.races.filming:
            self._begin(recipe, None)
        else:
            engine.ask(
                "saved_state",
                done=lambda saved: self._begin(recipe, saved),
                failed=lambda problem: self._begin(recipe, None),
            )

    def _check_typed(self, recipe: Recipe) -> None:
        """Refuse a cell that cannot be read or that the weight does not have.

        Raises
        ------
        ExportError
            With a sentence.
        """
        if self.form.problem:
            raise ExportError(self.form.problem)
        latest = self._context.engine.latest
        if recipe.scene == "story" and latest is not None and latest.program is not None:
            weight_of(latest.program, recipe.toggles)

    def _begin(self, recipe: Recipe, saved: SavedState | None) -> None:
        if not self._starting:
            # Cancelled before the engine had answered.
            return
        self._starting = False
        document = self._context.document
        contents = contents_of(
            document.name, document.network, document.training, document.data, saved
        )
        try:
            self.job.start(recipe, contents, self.path)
        except ChainruleError as error:
            self._on_failed(str(error))

    @Slot(int, int)
    def _on_progress(self, done: int, of: int) -> None:
        self.footer.show_progress(done, of, self.job.seconds_left)
        first, last = self.range.range
        step = round(first + (last - first) * done / max(1, of))
        self.range.set_mark(step, tr("frame {n}", n=number(done)))

    @Slot(str)
    def _on_finished(self, path: str) -> None:
        self._lock(False)
        remember(self._context.settings, self.recipe(), self.job.of, Path(path), self.job.seconds)
        self.footer.show_done(Path(path))
        self._chosen_path = False

    @Slot(str)
    def _on_failed(self, sentence: str) -> None:
        self._lock(False)
        self.footer.show_problem(sentence)

    @Slot()
    def _on_cancelled(self) -> None:
        self._lock(False)
        self._on_changed()
        self.footer.show_cancelled()

    @Slot()
    def _on_cancel(self) -> None:
        if self._starting:
            self._starting = False
            self._on_cancelled()
        elif self.job.running:
            self.footer.show_cancelling()
            self.job.cancel()
        else:
            self.close_dialog()

    def _lock(self, locked: bool) -> None:
        self.form.setEnabled(not locked)
        self.range.setEnabled(not locked)
        self._moment.setEnabled(not locked)
        self._close.setEnabled(not locked)
        self.footer.set_running(locked)
        if not locked:
            self.range.set_mark(None)

    @Slot()
    def _choose_place(self) -> None:
        from PySide6.QtWidgets import QFileDialog

        fmt = by_id(self.form.format)
        pattern = f"{fmt.title} (*{fmt.suffix})" if fmt.suffix else ""
        name, _ = QFileDialog.getSaveFileName(self, tr("Export to"), str(self.path), pattern)
        if name:
            self.set_path(with_suffix(Path(name), fmt))

    @Slot()
    def _show_file(self) -> None:
        done = self.footer.done_path
        if done is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(done.parent)))

    # Being a dialog

    @Slot()
    def close_dialog(self) -> None:
        """Close; a running export is cancelled first."""
        if self.job.running or self._starting:
            self._on_cancel()
            return
        self.previewer.close()
        self._context.settings.set("export", self.form.values())
        super().close_dialog()

    def window_closes(self) -> None:
        """End the child with the window."""
        if self.job.running:
            self.job.close()


def _chart(context: WindowContext) -> dict[str, str]:
    """Return the switch for the chart that stands beside the loss in the Train view, if one was chosen there."""
    from app.document import data_info

    known = context.settings.get("train_charts", {})
    info = data_info(context.document.data)
    kind = "points" if info is not None and info.kind == "points" else "others"
    chart = known.get(kind) if isinstance(known, dict) else None
    return {"chart": chart} if isinstance(chart, str) and chart != "health" else {}


def _is_process(recipe: Recipe) -> bool:
    """Whether the film is of one step, in which the engine is asked for all that is seen."""
    return getattr(registry.scene(recipe.scene), "films", "steps") == "process"


def _layers(context: WindowContext) -> list[tuple[str, str]]:
    """Return the layers whose instructions can be filmed."""
    return [
        (layer.id, layer.name)
        for layer in context.document.network.layers
        if layer.kind != "InputLayer"
    ]


def _parts(context: WindowContext) -> list[tuple[str, str, bool]]:
    """Return the parts of the film this project has: switch, label, on by default."""
    from app.document import data_info

    info = data_info(context.document.data)
    kind = info.kind if info is not None else "table"
    parts = [("network", tr("Network with signals"), True)]
    if kind == "points":
        parts.append(("decision", tr("Decision boundary"), True))
    if kind == "image":
        parts.append(("predictions", tr("Predictions of samples"), True))
    return [
        *parts,
        ("curves", tr("Loss curve"), True),
        ("counters", tr("Epoch and loss counters"), True),
        ("health", tr("Gradient health strip"), False),
    ]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}:{rest:04.1f}"
