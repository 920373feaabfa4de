"""The race on the learner's own network: the same weights at first, the same batches, one optimizer each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from app.bus import CommandError
from app.optimizers.adding import AddRacers
from app.optimizers.network_plot import LEFT, RIGHT, NetworkPlot
from app.optimizers.network_rows import NetworkRows
from app.optimizers.network_task import NetworkTask
from app.optimizers.scrubber import Scrubber
from app.optimizers.slice_map import SliceMap
from app.optimizers.slice_settings import SliceSettings
from app.optimizers.slice_task import SliceTask
from app.optimizers.slice_view import SliceSolid
from app.panels import PanelKind
from app.scenes.network_race import metrics_of
from app.scenes.network_settings import MOST_EPOCHS
from app.text import number, tr
from app.widgets import (
    Banner,
    Button,
    Choice,
    Label,
    Line,
    NumberField,
    Panel,
    ProgressLine,
    Segmented,
    Sentence,
)

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QShowEvent

    from app.optimizers.session import RaceSession

#: Width of the racers, and of what a slice is, by how narrow the window is.
_WIDE, _BESIDE = (264, 240, 216), (296, 272, 256)
_VIEWS = {"curves": tr("Curves"), "slice": tr("Slice"), "solid": tr("Slice in 3-D")}


class NetworkPanel(QWidget):
    """See the module's text.

    Attributes
    ----------
    task
        The race.
    slice
        The slice of the loss.
    rows, plots, scrubber, map, solid
        What shows them.
    """

    def __init__(self, session: RaceSession) -> None:
        super().__init__()
        self.setObjectName("race-network-panel")
        self.setAccessibleName(tr("Race on your network"))
        self._session = session
        self.task = NetworkTask.of(session)
        self.slice = SliceTask.of(session, self.task)
        session.offer("network_log", True)
        session.offer("network_view", "curves", _check_view)
        self._shown = False
        self._adding: AddRacers | None = None
        self._level = 0
        self._view = ""
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        self._side = self._make_side()
        whole.addWidget(self._side)
        whole.addWidget(Line(vertical=True))
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        whole.addLayout(right, 1)
        bar = QHBoxLayout()
        bar.setContentsMargins(16, 6, 16, 4)
        self.status = Sentence("race-network-status")
        bar.addWidget(self.status, 1)
        right.addLayout(bar)
        self.progress = ProgressLine(name="race-network-progress")
        right.addWidget(self.progress)
        self.notice = Banner(name="race-network-notice")
        self.notice.dismissed.connect(self._on_dismissed)
        self._dismissed = ""
        right.addWidget(self.notice)
        self.pages = QStackedWidget()
        right.addWidget(self.pages, 1)
        self.pages.addWidget(self._make_curves())
        self.pages.addWidget(self._make_slice())
        self.scrubber = Scrubber(session, self.task, "race-network-scrubber")
        self.scrubber.left, self.scrubber.right = LEFT, RIGHT
        right.addWidget(self.scrubber)
        right.addSpacing(6)
        self._make_controls()
        self.map.drawn.connect(lambda: self.status.say(self._sentence()))
        session.context.theme_changed.connect(lambda _: self._repaint())
        self.set_compact(0)

    def _make_side(self) -> QWidget:
        side = QWidget()
        side.setObjectName("race-network-side")
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        row = QHBoxLayout()
        row.setContentsMargins(16, 8, 12, 8)
        row.setSpacing(8)
        self._rates_words = Label(tr("Learning rates"), "label", "tx2")
        row.addWidget(self._rates_words)
        row.addStretch(1)
        self.rates = Choice(
            [("keras", tr("Keras's defaults")), ("race", tr("Of the surface"))], name="race-network-rates",
            label=tr("Learning rates"), width=136,
        )  # fmt: skip
        self.rates.setToolTip(
            tr(
                "Rates that suit a surface of two numbers are too large for most networks: Keras's defaults are where "
                "to begin. Each can be set below."
            )
        )
        self.rates.chosen.connect(
            lambda value: self._session.context.do("race.network_set", rates=value)
        )
        row.addWidget(self.rates)
        self.add = Button(name="race-network-add", kind="ghost", icon="plus")
        self.add.setAccessibleName(tr("Add racers"))
        self.add.setToolTip(tr("Add racers"))
        self.add.clicked.connect(self._open_adding)
        row.addWidget(self.add)
        column.addLayout(row)
        column.addWidget(Line())
        self.rows = NetworkRows(self._session, self.task)
        column.addWidget(self.rows, 1)
        return side

    def _make_curves(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.words = Label(self._about(), "body", "tx2", name="race-network-about", wrap=True)
        self.words.setMaximumWidth(560)
        self._empty = QWidget()
        middle = QHBoxLayout(self._empty)
        middle.setContentsMargins(24, 16, 24, 16)
        middle.addWidget(self.words, 1)
        column.addWidget(self._empty, 1)
        self.plots = [
            NetworkPlot(self._session, self.task, f"race-network-plot-{k}") for k in range(2)
        ]
        for plot in self.plots:
            plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
            column.addWidget(plot, 1)
        return page

    def _make_slice(self) -> QWidget:
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self.seen = QStackedWidget()
        self.map = SliceMap(self._session, self.task, self.slice)
        self.solid = SliceSolid(self._session, self.task, self.slice)
        self.seen.addWidget(self.map)
        self.seen.addWidget(self.solid)
        row.addWidget(self.seen, 1)
        self._beside = Panel(name="race-slice-beside", ground="bg1", edges="l")
        column = QVBoxLayout(self._beside)
        column.setContentsMargins(1, 0, 0, 0)
        self.settings = SliceSettings(self._session, self.task, self.slice)
        column.addWidget(self.settings)
        row.addWidget(self._beside)
        return page

    def _about(self) -> str:
        return tr(
            "Every racer trains your network on your data: the same weights at first, the same batches in the same "
            "order, the same dropout; only the optimizer is another. Your own run is not touched. Batch sizes of "
            "racers and callbacks do not count here."
        )

    def _make_controls(self) -> None:
        do = self._session.context.do
        self._head = QWidget()
        row = QHBoxLayout(self._head)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.choice = Choice(
            list(_VIEWS.items()), name="race-network-view", label=tr("Show"), width=112
        )
        self.choice.setToolTip(tr("Curves by step, or the ways over a slice of the network's loss"))
        self.choice.chosen.connect(lambda value: do("race.show", name="network_view", value=value))
        self.log = Segmented(
            [("log", tr("log")), ("linear", tr("linear"))], name="race-network-log", label=tr("Scale")
        )  # fmt: skip
        self.log.setToolTip(tr("Equal distances are equal factors (log) or equal differences"))
        self.log.chosen.connect(
            lambda value: do("race.show", name="network_log", value=value == "log")
        )
        self.begin = Choice(
            [("drawn", tr("New weights")), ("present", tr("Present weights"))], name="race-network-begin",
            label=tr("What all begin with"), width=136,
        )  # fmt: skip
        self.begin.setToolTip(
            tr(
                "All begin with the same weights: drawn with the seed of the training settings, "
                "or those your run has now"
            )
        )
        self.begin.chosen.connect(lambda value: do("race.network_set", start=value))
        self._epochs_words = Label(tr("Epochs"), "label", "tx2")
        self.epochs = NumberField(
            name="race-network-epochs", label=tr("Epochs"), minimum=1, maximum=MOST_EPOCHS, width=56
        )
        self.epochs.setToolTip(tr("How often each goes through the samples"))
        self.epochs.entered.connect(self._on_epochs)
        self.epochs.editingFinished.connect(self._session.context.document.settle)
        self.button = Button(
            tr("Race"), name="race-network-start", kind="primary", icon="player-play", icon_size=14
        )
        self.button.clicked.connect(self._on_button)
        for widget in (
            self.choice,
            self.log,
            self.begin,
            self._epochs_words,
            self.epochs,
            self.button,
        ):
            row.addWidget(widget)

    def controls(self) -> QWidget:
        """What stands in the head."""
        return self._head

    def hint(self) -> tuple[tuple[str, str], ...]:
        """Keys of this panel, and what the mouse does with the slice."""
        if self._session.toggles["network_view"] == "slice":
            return (
                (tr("Wheel"), tr("zoom")),
                (tr("Drag"), tr("move")),
                ("0", tr("show all")),
                (tr("Space"), tr("play")),
            )
        return (
            (tr("Space"), tr("play")),
            (".", tr("step")),
            (",", tr("back")),
            ("R", tr("restart")),
        )

    def set_compact(self, level: int) -> None:
        """Leave the curves room in small windows."""
        self._level = level
        self._side.setFixedWidth(_WIDE[level])
        self._beside.setFixedWidth(_BESIDE[level])
        self._epochs_words.setVisible(level < 2)
        self._rates_words.setVisible(level < 1)
        self._arrange()

    # -- following

    def showEvent(self, event: QShowEvent) -> None:
        if self._shown:
            return
        self._shown = True
        session, task = self._session, self.task
        for signal in (task.told, task.forgotten):
            signal.connect(self._follow)
        task.changed.connect(self._follow_racers)
        task.moved.connect(self._follow_time)
        for signal in (self.slice.told, self.slice.changed):
            signal.connect(self._follow_slice)
        for signal in (session.chosen, session.context.document.training_changed):
            signal.connect(self._follow_racers)
        session.follow_lead(task)
        self._follow_racers()

    def hideEvent(self, event: QHideEvent) -> None:
        if not self._shown:
            return
        self._shown = False
        session, task = self._session, self.task
        for signal in (task.told, task.forgotten):
            signal.disconnect(self._follow)
        task.changed.disconnect(self._follow_racers)
        task.moved.disconnect(self._follow_time)
        for signal in (self.slice.told, self.slice.changed):
            signal.disconnect(self._follow_slice)
        for signal in (session.chosen, session.context.document.training_changed):
            signal.disconnect(self._follow_racers)
        session.follow_lead(None)

    @Slot()
    def _follow_racers(self) -> None:
        task = self.task
        self.epochs.set_amount(task.epochs)
        self.begin.set_value(task.start)
        self.rates.set_value(task.rates)
        view = str(self._session.toggles["network_view"])
        self.choice.set_value(view)
        self.pages.setCurrentIndex(0 if view == "curves" else 1)
        self.seen.setCurrentIndex(1 if view == "solid" else 0)
        if view != self._view:
            # The keys that the status bar tells are others.
            self._view = view
            self._session.lead_changed.emit()
        self.log.setVisible(view == "curves")
        self.log.set_value("log" if self._session.toggles["network_log"] else "linear")
        self.rows.follow()
        self._follow()

    @Slot()
    def _follow(self) -> None:
        task = self.task
        goes_on = task.goes_on
        self.button.set_label(tr("Stop") if goes_on else tr("Race"))
        self.button.set_icon("player-stop" if goes_on else "player-play")
        self.button.setAccessibleName(self.button.text())
        self.button.setToolTip(
            tr("End the race; its curves stay as far as they are")
            if goes_on
            else tr("Let all racers train your network from the same weights, on the same batches")
        )
        self.progress.set_share(task.share)
        self.status.say(self._sentence())
        self._notice()
        self._arrange()
        self._follow_time()
        self._follow_slice()

    @Slot()
    def _follow_slice(self) -> None:
        if self.pages.currentIndex() == 1:
            self.settings.follow()
            self.map.follow()
            self.solid.follow()
            self.status.say(self._sentence())

    def _arrange(self) -> None:
        found = self.task.found
        names = () if found is None else metrics_of(found.race)
        for k, plot in enumerate(self.plots):
            plot.setVisible(k < len(names))
            if k < len(names):
                plot.shown_metric = names[k]
                chart = plot.chart
                if chart is not None:
                    plot.setAccessibleName(f"{chart.title}, {plot.subtitle(chart)}")
        self._empty.setVisible(not names)
        self.scrubber.setEnabled(found is not None)
        self.scrubber.setVisible(found is not None)

    def _sentence(self) -> str:
        task = self.task
        found = task.found
        if found is None:
            return tr("The engine prepares the racers.") if task.goes_on else ""
        race = found.race
        size = tr("{samples} samples in batches of {size}", samples=number(found.samples),
                  size=number(race.batch_size))  # fmt: skip
        held = tr("{count} held out", count=number(found.held_out)) if found.held_out else ""
        broken = sum(lane.diverged is not None for lane in race.lanes)
        gone = tr("{count} diverged", count=broken) if broken else ""
        climbed = self.rows.climbed()
        worse = tr("{count} above their start", count=climbed) if climbed else ""
        ended = task.reach < race.steps and not task.goes_on
        stopped = tr("stopped at step {step}", step=number(task.reach)) if ended else ""
        lines = self.map.lines() if self.seen.isVisible() else ""
        return " · ".join(one for one in (size, held, stopped, gone, worse, lines) if one)

    @Slot()
    def _follow_time(self) -> None:
        self.scrubber.follow()
        self.rows.show_numbers()
        for picture in (*self.plots, self.map, self.solid):
            picture.update()

    def _repaint(self) -> None:
        self.update()
        self._follow_time()

    def _notice(self) -> None:
        """Say what is another by now than in the race that is shown, or why there is no more of it."""
        task = self.task
        words = task.problem or task.outdated
        if not words or words == self._dismissed:
            self.notice.hide()
        elif words != self.notice.text or self.notice.isHidden():
            again = ("race-network-again", tr("Race again"), self._race_again)
            self.notice.show_message(words, [again], error=bool(task.problem))
        if not words:
            self._dismissed = ""

    # -- by hand

    def _on_dismissed(self) -> None:
        self._dismissed = self.notice.text

    def _race_again(self) -> None:
        self._session.context.do("race.network_start")

    def _open_adding(self) -> None:
        if self._adding is None:
            self._adding = AddRacers(self.add, self._session, on_network=True)
        self._adding.open()

    def _on_button(self) -> None:
        self._session.context.do("race.network_stop" if self.task.goes_on else "race.network_start")

    def _on_epochs(self, value: float) -> None:
        self._session.context.do("race.network_set", epochs=int(value))
        self.epochs.set_amount(self.task.epochs)


def _check_view(value: object) -> None:
    if value not in _VIEWS:
        known = ", ".join(_VIEWS)
        raise CommandError(
            tr("Your network is shown as {known}, not as {value!r}.", known=known, value=value)
        )


PANEL = PanelKind(
    "network",
    "stage",
    tr("Your network"),
    tr("The racers train your own network: same weights at first, same batches"),
    30,
    NetworkPanel,
    hides=("racers", "terms", "chart"),
)
