"""The workspace's widget: stage, predictions, curves and inspector, driven by the engine's snapshots."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QHideEvent, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QInputDialog,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from app.bus import CommandError
from app.document import data_info
from app.scenes.charts import AUTO, SHARES, chart_named, chart_title, charts_of, curves_of
from app.scenes.curves import step_at
from app.scenes.frame import Frame, Phase, Selection
from app.scenes.spec_view import network_view
from app.scenes.training import main_scene
from app.snapshots import HistoryView
from app.text import tr
from app.train.chart_choice import ChartChoice
from app.train.comparison import ComparisonCard
from app.train.inspector import Inspector, strip_view
from app.train.scene_view import SceneView
from app.train.stage_head import StageHead
from app.widgets import Button, Line, Panel

if TYPE_CHECKING:
    from app.scenes.hits import Hit
    from app.snapshots import NetworkView, RunComparison, Snapshot
    from app.workspace import WindowContext

OWNER = "train"

#: What stands at the right of the strip where the inspector has no room for it: points in the plane.
HEALTH = "health"

#: New data reaches the stage at most this often, the panels half as often: both together stay in the budget.
STAGE_INTERVAL = 1 / 30
PANEL_INTERVAL = 1 / 15


class TrainView(QWidget):
    """See the module's text. Interface thread only; all numbers come from `Engine.motion`."""

    def __init__(self, context: WindowContext) -> None:
        super().__init__()
        self.setObjectName("train")
        self.setAccessibleName(tr("Train"))
        self._context = context
        self._active = False
        self._spec: NetworkView | None = None
        self._toggles: dict[str, Any] = {}
        self._shown: Snapshot | None = None
        self._panels_shown: Snapshot | None = None
        self._stage_time = self._panel_time = 0.0
        self._phase: Phase | None = None
        self._level = 0
        self._beside: RunComparison | None = None
        self._compared_to = ""
        self._card: ComparisonCard | None = None
        #: Ticket of the comparison under way, or 0.
        self._comparing = 0
        self._make()
        self._connect()
        self._show_document()

    # Making

    def _make(self) -> None:
        self.head = StageHead()
        self.stage = SceneView("maps", name="train-stage", label=tr("Network with its activations"))
        self.predictions = SceneView(
            "predictions", name="train-predictions", label=tr("Predictions on held-out samples")
        )
        self.curves = SceneView(
            "curves", name="train-curves", label=tr("Loss and accuracy"), walkable=False
        )
        self.health = SceneView("health", name="train-gradient-health", label=tr("Gradient health"))
        self.inspector = Inspector(self._context)
        self._rule = Line()
        self.strip = Panel(name="train-strip", edges="t")
        row = self._strip_row = QHBoxLayout(self.strip)
        row.setContentsMargins(0, 1, 0, 0)
        row.setSpacing(0)
        self._strip_rule = Line(vertical=True)
        row.addWidget(self.curves, 584)
        row.addWidget(self._strip_rule)
        row.addWidget(self.health, 364)
        self.fold = Button(name="train-strip-fold", kind="ghost", icon="chevron-up", icon_size=16)
        self.fold.setAccessibleName(tr("Show the curves"))
        self.fold.setToolTip(tr("Show or fold the curves"))
        self.fold.setCheckable(True)
        row.addWidget(self.fold, 0, Qt.AlignmentFlag.AlignTop)
        self.strip.setFixedHeight(145)
        self.chart = ChartChoice(self.strip)
        left = QVBoxLayout()
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(0)
        for widget, stretch in (
            (self.head, 0),
            (self.stage, 1),
            (self._rule, 0),
            (self.predictions, 0),
            (self.strip, 0),
        ):
            left.addWidget(widget, stretch)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(left, 1)
        whole.addWidget(self.inspector)

    def _connect(self) -> None:
        context = self._context
        context.document.model_changed.connect(self._show_document)
        context.document.selection_changed.connect(self._refresh)
        context.theme_changed.connect(self._repaint)
        context.clock.tick.connect(self._on_tick)
        context.engine.snapshot_ready.connect(self._on_snapshot)
        context.engine.state_changed.connect(self._on_state)
        self.head.toggled.connect(self.set_toggle)
        self.head.next_sample.connect(self._next_sample)
        self.fold.toggled.connect(self._arrange)
        self.chart.chosen.connect(self.choose_chart)
        self.head.runs.branch.connect(lambda: self._do("run.branch"))
        self.head.runs.switch.connect(lambda key: self._do("run.switch", run=key))
        self.head.runs.compare.connect(self.compare)
        self.head.runs.rename.connect(self._rename_run)
        self.head.runs.delete.connect(lambda key: self._do("run.delete", run=key))
        self.head.study.connect(lambda kind: self._do("study.open", kind=kind))
        self.head.add_layer.connect(lambda: self._do("workspace.show", name="build"))
        self.inspector.evaluation.shares.chosen.connect(
            lambda value: self.set_toggle("confusion", value)
        )
        self.inspector.output.toggled.connect(self.set_toggle)
        self.inspector.unfolded.connect(self._subscribe)
        self.predictions.chosen.connect(self._on_prediction)
        self.predictions.laid_out.connect(self._ask_predictions)
        self.stage.chosen.connect(self._on_stage)
        self.curves.pressed_at.connect(self._scrub)
        self.curves.dragged_to.connect(self._scrub)
        for view in self._views():
            view.laid_out.connect(self._subscribe)
        for view in (self.curves, self.health):
            view.laid_out.connect(self._place_choice)
        context.bus.subscribe(self._on_message, names=("select.sample",))

    def _views(self) -> tuple[SceneView, ...]:
        return (
            self.stage,
            self.predictions,
            self.curves,
            self.health,
            *self.inspector.evaluation.views,
            *self.inspector.output.views,
        )

    # The window's hooks

    def activate(self) -> None:
        """Begin to listen: the workspace is in front."""
        self._active = True
        self._subscribe()
        self._ask_predictions()
        self._refresh()
        self._follow_clock()

    def deactivate(self) -> None:
        """Cost nothing while hidden."""
        self._active = False
        self._context.engine.unsubscribe(OWNER)
        self._context.engine.show_predictions(count=0)
        self._context.clock.release(OWNER)

    def set_compact(self, level: int) -> None:
        """Fold panels on narrow windows."""
        self._level = level
        self.head.set_compact(level)
        self.inspector.set_compact(level)
        self._arrange()

    def hint(self) -> str:
        """Keys for the status bar."""
        return tr("Space play or pause   . step   , back")

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._context.clock.release(OWNER)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    # The document

    @Slot()
    def _show_document(self) -> None:
        document = self._context.document
        spec = network_view(
            document.network, document.inspection, data_info(document.data), document.name
        )
        self.inspector.output.data.show_document()
        if spec == self._spec:
            return
        self._spec = spec
        scene = main_scene(spec)
        self.stage.show_scene(scene)
        self.head.show_network(spec, scene)
        self.inspector.show_network(spec)
        has_dropout = any(n.kind == "Dropout" for n in spec.nodes)
        self.inspector.evaluation.metrics.show_dropout(has_dropout)
        self.health.set_view(
            replace(self.health.view, options=(("strip", True), ("chooser", True)))
        )
        self._show_charts(None)
        for view in self._views():
            view.set_spec(spec)
        self._arrange()
        self._subscribe()
        self._shown = self._panels_shown = None
        self._refresh()

    @Slot()
    def _arrange(self, *_: object) -> None:
        spec = self._spec
        if spec is None:
            return
        images = spec.data == "image"
        low = self._level >= 2
        self.fold.setVisible(low)
        self.fold.set_icon("chevron-down" if self.fold.isChecked() else "chevron-up")
        strip = 145 if not low or self.fold.isChecked() else 33
        self.strip.setFixedHeight(strip)
        height = self.height() - 40 - strip
        room = 240 if height >= 560 else 150 if height >= 380 else 0
        self.predictions.setVisible(images and bool(spec.classes) and room > 0)
        self._rule.setVisible(self.predictions.isVisibleTo(self))
        self.predictions.setFixedHeight(max(1, room))
        beside = self.chart.name == HEALTH
        self.health.setVisible(beside)
        self._strip_rule.setVisible(beside)
        self._strip_row.activate()
        self._place_choice()
        if self._active:
            self._ask_predictions()

    @Slot()
    def _place_choice(self) -> None:
        """Put the choice where the title of the right chart would stand."""
        place = self.curves.place
        if self.chart.name == HEALTH:
            x = self.health.x() + 24.0
        elif place is not None and len(place.panels) > 1:
            x = self.curves.x() + place.panels[1].title
        else:
            return
        self.chart.move(round(x) - 12, 5)
        self.chart.raise_()

    # The charts

    def _show_charts(self, history: HistoryView | None) -> None:
        """List what can be drawn beside the loss, and draw what was chosen last."""
        spec = self._spec
        if spec is None:
            return
        known = history if history is not None else HistoryView.empty()
        points = spec.data == "points"
        names = ((HEALTH,) if points else ()) + charts_of(known)
        if history is None and spec.classes:
            names = tuple(dict.fromkeys((*names[:-1], "accuracy", *names[-1:])))
        wanted = self._charts_wanted().get("points" if points else "others", "")
        default = (
            HEALTH if points else chart_named(known, AUTO) if history is not None else names[0]
        )
        shown = wanted if wanted in names else default
        titles = tuple(
            (name, tr("Gradient health") if name == HEALTH else chart_title(history, name))
            for name in names
        )
        before = self.chart.name
        self.chart.show_charts(titles, shown)
        self.curves.set_view(strip_view(points, ("loss",) if shown == HEALTH else ("loss", shown)))
        if before != shown:
            self._arrange()

    def _charts_wanted(self) -> dict[str, str]:
        found = self._context.settings.get("train_charts", {})
        return dict(found) if isinstance(found, dict) else {}

    @Slot(str)
    def choose_chart(self, name: str) -> None:
        """Draw another chart beside the loss, and remember it."""
        spec = self._spec
        if spec is None or name not in self.chart.names:
            return
        wanted = self._charts_wanted()
        wanted["points" if spec.data == "points" else "others"] = name
        self._context.settings.set("train_charts", wanted)
        shot = self._context.engine.motion.newest
        self._show_charts(shot.history if shot is not None else None)
        self._subscribe()
        self._refresh()

    # Several runs

    @Slot(str)
    def compare(self, run: str) -> None:
        """Draw another run behind the open one, and tell how they differ; "" compares with none."""
        self._stop_comparing()
        if not run:
            self._show_beside(None)
            return
        engine = self._context.engine
        engine.catch_up()
        other = next((one.name for one in engine.state.runs if one.id == run), run)
        card = self._comparison_card()
        card.show_waiting(self._opened_name(), other)
        card.open()
        self._comparing = engine.ask(
            "compare", done=self._compared, failed=self._not_compared, run=run
        )

    def _comparison_card(self) -> ComparisonCard:
        if self._card is None:
            self._card = ComparisonCard(self.head.runs)
            self._card.cancelled.connect(self._stop_comparing)
            self._context.engine.progressed.connect(self._on_progress)
        return self._card

    def _opened_name(self) -> str:
        return next((one.name for one in self._context.engine.state.runs if one.open), "")

    @Slot(int, float)
    def _on_progress(self, ticket: int, share: float) -> None:
        if ticket == self._comparing:
            self._comparison_card().show_share(share)

    @Slot()
    def _stop_comparing(self) -> None:
        if self._comparing:
            self._context.engine.cancel(self._comparing)
            self._comparing = 0
            # The menu's choice is as it was.
            self._show_beside(self._beside)

    def _compared(self, found: RunComparison) -> None:
        self._comparing = 0
        self._show_beside(found)
        shot = self._context.engine.motion.newest
        shares = curves_of(shot.history, SHARES) if shot is not None else ()
        card = self._comparison_card()
        card.show_comparison(found, self._opened_name(), frozenset(c.name for c in shares))
        if not card.isVisible():
            card.open()

    def _not_compared(self, problem: str) -> None:
        self._comparing = 0
        self._show_beside(self._beside)
        self._comparison_card().show_problem(problem)

    def _show_beside(self, found: RunComparison | None) -> None:
        runs = self._context.engine.state.runs
        self._beside = found
        self._compared_to = next((one.id for one in runs if one.open), "")
        self.head.runs.show_runs(runs, found.id if found is not None else "")
        self._refresh()

    @Slot(str, str)
    def _rename_run(self, run: str, name: str) -> None:
        asked, accepted = QInputDialog.getText(
            self, tr("Rename run {id}", id=run), tr("Name"), QLineEdit.EchoMode.Normal, name
        )
        if accepted:
            self._do("run.rename", run=run, name=asked)

    # The engine

    @Slot()
    def _subscribe(self) -> None:
        if not self._active:
            return
        wanted = dict.fromkeys(p for view in self._views() for p in view.probes())
        self._context.engine.subscribe(OWNER, tuple(wanted))

    @Slot()
    def _ask_predictions(self) -> None:
        if not self._active:
            return
        place = self.predictions.place if self.predictions.isVisibleTo(self) else None
        self._context.engine.show_predictions(0, len(place.places) if place is not None else 0)

    @Slot(object)
    def _on_state(self, state: Any) -> None:
        opened = next((run.id for run in state.runs if run.open), "")
        there = {run.id for run in state.runs if not run.open}
        if self._beside is not None and (
            opened != self._compared_to or self._beside.id not in there
        ):
            self._beside = None
        self.head.runs.show_runs(state.runs, self._beside.id if self._beside is not None else "")
        if state.status == "diverged" and state.position is not None:
            self._toggles["divergence"] = int(state.position.step)
        elif state.status in ("playing", "ready"):
            self._toggles.pop("divergence", None)
        self._follow_clock()
        self._refresh()

    def _follow_clock(self) -> None:
        clock = self._context.clock
        if self._active and self._context.engine.state.status == "playing":
            clock.want(OWNER)
        else:
            clock.release(OWNER)

    @Slot()
    def _on_snapshot(self) -> None:
        # While the clock ticks, ticks decide when to paint; a step taken by hand is shown at once.
        if self._active and self._context.engine.state.status != "playing":
            self._refresh()

    @Slot(float)
    def _on_tick(self, seconds: float) -> None:
        if not self._active:
            return
        motion = self._context.engine.motion
        now = perf_counter()
        moving = motion.phase is not None
        if moving or self._phase is not None:
            self._show_stage(motion, now)
        elif motion.after is not self._shown and now - self._stage_time >= STAGE_INTERVAL:
            self._show_stage(motion, now)
            return  # the panels have their turn at the next tick
        if motion.newest is not self._panels_shown and now - self._panel_time >= PANEL_INTERVAL:
            self._show_panels(motion.newest, now)

    @Slot()
    def _refresh(self) -> None:
        """Show the newest of everything at once."""
        motion = self._context.engine.motion
        now = perf_counter()
        self._show_stage(motion, now)
        self._show_panels(motion.newest, now)

    def _show_stage(self, motion: Any, now: float) -> None:
        self._phase = motion.phase
        self._shown, self._stage_time = motion.after, now
        phase = self._phase_in_columns(motion.phase, motion.after)
        moving = motion.phase is not None and motion.after is not None
        self.head.show_step(motion.after.position.step if moving else None)
        state = self._context.engine.state
        blocked = state.status == "blocked" and motion.newest is None
        self.stage.show_notice(state.reason if blocked else "")
        self.stage.set_frame(self._frame(motion.before, motion.after, motion.alpha, phase))

    def _show_panels(self, shot: Snapshot | None, now: float) -> None:
        self._panels_shown, self._panel_time = shot, now
        frame = self._frame(None, shot, 1.0, None)
        self.head.show_sample(shot)
        if shot is not None:
            self._show_charts(shot.history)
        self.inspector.page.show_snapshot(shot)
        for view in (self.predictions, self.curves, self.health, *self.inspector.page.views):
            if view.isVisibleTo(self):
                view.set_frame(frame)

    def _frame(
        self, before: Snapshot | None, after: Snapshot | None, alpha: float, phase: Phase | None
    ) -> Frame:
        chosen = self._context.document.selection or ""
        sample = after.sample.index if after is not None and after.sample is not None else None
        return Frame(
            before, after, alpha, phase, Selection(chosen, "", sample), dict(self._toggles),
            beside=self._beside,
        )  # fmt: skip

    def _phase_in_columns(self, phase: Phase | None, shot: Snapshot | None) -> Phase | None:
        """The engine counts layers that compute; a drawing may leave some of them out."""
        place = self.stage.place
        if phase is None or place is None or phase.direction not in ("forward", "backward"):
            return phase
        gaps = max(1, self.stage.scene.stages(place) - 1)
        hops = computing_layers(shot)
        return replace(phase, position=phase.position * gaps / hops) if hops else phase

    # What the learner does

    @Slot(str, object)
    def set_toggle(self, name: str, value: object) -> None:
        """Switch something in the drawings."""
        self._toggles[name] = value
        self._refresh()
        self._subscribe()

    def _do(self, name: str, /, **arguments: Any) -> None:
        try:
            self._context.bus.do(name, **arguments)
        except CommandError as error:
            self._context.engine.failed.emit(str(error))

    @Slot()
    def _next_sample(self) -> None:
        shot = self._context.engine.motion.after
        if shot is None or shot.sample is None:
            return
        count = shot.evaluation.samples if shot.evaluation is not None else 0
        index = shot.sample.index + 1
        self._do("select.sample", index=index % count if count else index)

    @Slot(object)
    def _on_message(self, message: Any) -> None:
        arguments = getattr(message, "arguments", None) or {}
        if "index" in arguments:
            self._context.engine.select_sample(
                int(arguments["index"]), str(arguments.get("split", "validation"))
            )

    @Slot(object)
    def _on_prediction(self, hit: Hit) -> None:
        shot = self._context.engine.motion.after
        page = shot.predictions if shot is not None else None
        if page is not None and hit.index[0] < len(page.indices):
            self._do("select.sample", index=int(page.indices[hit.index[0]]))

    @Slot(object)
    def _on_stage(self, hit: Hit) -> None:
        if self._spec is not None and hit.node:
            self._do("select.layer", layer=self._spec.node(hit.node).layer)

    @Slot(float, float)
    def _scrub(self, x: float, y: float) -> None:
        shot = self._context.engine.motion.after
        place = self.curves.place
        if shot is None or place is None:
            return
        step = step_at(place, shot.history, x)
        known = int(shot.history.steps[-1]) if len(shot.history.steps) else 0
        if step is not None:
            self._do("run.seek", step=min(step, known))

    @Slot()
    def _repaint(self, *_: object) -> None:
        for view in self._views():
            view.update()


def computing_layers(shot: Snapshot | None) -> int:
    """Return how many layers have forward instructions: what the engine counts a phase's position in."""
    if shot is None or shot.program is None:
        return 0
    return len({i.layer for i in shot.program.instructions if i.phase == "forward" and i.layer})
