"""The chart: loss, distance or learning rate by step, or all numbers of a step in a table; below it the scrubber."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Slot
from PySide6.QtGui import QGuiApplication, QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QSizePolicy,
    QStackedWidget,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from app.bus import CommandError
from app.optimizers.legend import MARKS, NONE, WORDS, Legend
from app.optimizers.plot import LEFT, RIGHT, RacePlot
from app.optimizers.race_table import RaceTable
from app.optimizers.scrubber import Scrubber
from app.panels import PanelKind
from app.scenes.race_chart import CHARTS
from app.text import tr
from app.widgets import Button, Choice, Label, Segmented

if TYPE_CHECKING:
    from app.optimizers.session import RaceSession

#: Most lines of the legend beneath the head, by how narrow the window is: a small chart is all curves.
_LINES = (2, 1, 0)
#: Room beside the legend in the head, so that it touches nothing.
_CLEAR = 16
_VIEWS = {**CHARTS, "table": tr("Table")}


class ChartPanel(QWidget):
    """See the module's text.

    Parameters
    ----------
    session
        What the panels share.
    """

    def __init__(self, session: RaceSession) -> None:
        super().__init__()
        self.setObjectName("race-chart-panel")
        self.setAccessibleName(tr("By step"))
        self._session = session
        session.offer("finish", None)
        session.offer("chart", "loss", _check_chart)
        session.offer("chart_log", True)
        self._level = 0
        #: What was said of the chart last, or None while there was none.
        self._told: str | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.plot, self.table, self.scrubber = RacePlot(session), RaceTable(session), Scrubber(session)  # fmt: skip
        self.scrubber.left, self.scrubber.right = LEFT, RIGHT
        self._stack = QStackedWidget()
        self._stack.addWidget(self.plot)
        self._stack.addWidget(self.table)
        self.band = Legend(session, "race-chart-legend-below", 16)
        column.addWidget(self.band)
        column.addWidget(self._stack, 1)
        column.addWidget(self.scrubber)
        column.addSpacing(6)
        self._make_controls()
        session.context.theme_changed.connect(self._repaint)

    def _make_controls(self) -> None:
        session, do = self._session, self._session.context.do
        self._head = _Head()
        row = self._head.row
        self.subtitle = Label("", "label", "tx2", name="race-chart-subtitle")
        self.legend = Legend(session, "race-chart-legend")
        self.copy = Button(tr("Copy"), name="race-table-copy", kind="ghost", icon="copy")
        self.copy.setToolTip(tr("Copy the numbers of all racers at this step as CSV"))
        self.copy.clicked.connect(self._on_copy)
        session.context.bus.register("race.copy", self._copy, label=tr("Copy the table"))
        self.log = Segmented(
            [("log", tr("log")), ("linear", tr("linear"))], name="race-chart-log", label=tr("Scale")
        )
        self.log.setToolTip(tr("Equal distances are equal factors (log) or equal differences"))
        self.log.chosen.connect(lambda value: do("race.show", name="chart_log", value=value == "log"))  # fmt: skip
        self.choice = Segmented(list(_VIEWS.items()), name="race-chart-choice", label=tr("Show"))
        self.choice.setToolTip(tr("What is shown by step, or all numbers of one step"))
        self.menu = Choice(list(_VIEWS.items()), name="race-chart-menu", label=tr("Show"), width=132)  # fmt: skip
        self.menu.setToolTip(self.choice.toolTip())
        for one in (self.choice, self.menu):
            one.chosen.connect(lambda value: do("race.show", name="chart", value=value))
        self.menu.hide()
        for widget in (self.subtitle, self.legend, self.copy, self.log, self.choice, self.menu):
            row.addWidget(widget)

    def controls(self) -> QWidget:
        """What stands in the head."""
        return self._head

    def set_compact(self, level: int) -> None:
        """Leave out words where there is little room."""
        self._level = level
        self.choice.setVisible(level < 2)
        self.menu.setVisible(level == 2)
        self._place_legend()

    # -- the legend

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_legend()

    def _head_room(self) -> float:
        """How much of the head nothing else takes."""
        head = self._head.parentWidget()
        outer = None if head is None else head.layout()
        if head is None or outer is None:
            return 0.0
        margins, taken = outer.contentsMargins(), 0
        for row in (outer, self._head.row):
            for item in map(row.itemAt, range(row.count())):
                one = None if item is None else item.widget()
                if one is not None and one not in (self._head, self.legend) and not one.isHidden():
                    taken += one.sizeHint().width() + row.spacing()
        return head.width() - margins.left() - margins.right() - taken - _CLEAR

    @Slot()
    def _place_legend(self) -> None:
        """Put the legend into the head, or beneath it; of markers alone where there is no room for all names."""
        room, below, most = self._head_room(), self.width(), _LINES[self._level]
        # The table has all names.
        if self._stack.currentWidget() is self.table:
            most = 0
        head = under = NONE
        for form in (WORDS, MARKS):
            if self.legend.lines(room, form) == 1:
                head = form
                break
            if 0 < self.band.lines(below, form) <= most:
                under = form
                break
        self.legend.show_as(head, room)
        self.band.show_as(under, below)

    # -- following

    def showEvent(self, event: QShowEvent) -> None:
        session = self._session
        session.moved.connect(self._follow_time)
        session.paths_changed.connect(self._follow_paths)
        session.racers_changed.connect(self._place_legend)
        session.chosen.connect(self._follow)
        self._follow()

    def hideEvent(self, event: QHideEvent) -> None:
        session = self._session
        session.moved.disconnect(self._follow_time)
        session.paths_changed.disconnect(self._follow_paths)
        session.racers_changed.disconnect(self._place_legend)
        session.chosen.disconnect(self._follow)

    @Slot()
    def _follow_time(self) -> None:
        self.scrubber.follow()
        if self._stack.currentWidget() is self.table:
            self.table.show_numbers()
        else:
            self.plot.follow()

    @Slot()
    def _follow_paths(self) -> None:
        """Show other paths: while the start is dragged nothing but the curves is another."""
        chart = self.plot.chart
        if (None if chart is None else chart.subtitle) != self._told:
            self._follow()
        else:
            self._follow_time()

    @Slot()
    def _follow(self) -> None:
        kind = str(self._session.toggles["chart"])
        table = kind == "table"
        self._stack.setCurrentWidget(self.table if table else self.plot)
        self.choice.set_value(kind)
        self.menu.set_value(kind)
        self.copy.setVisible(table)
        self.log.setVisible(not table)
        self.log.set_value("log" if self._session.toggles["chart_log"] else "linear")
        chart = self.plot.chart
        self._told = None if chart is None else chart.subtitle
        words = self._told or ""
        self.subtitle.setText(words)
        self.subtitle.setVisible(bool(words) and self._level < 2)
        if chart is not None:
            self.plot.setAccessibleName(f"{_VIEWS[kind]}, {chart.subtitle}")
        self._place_legend()
        self._follow_time()

    def _repaint(self) -> None:
        self.plot.update()
        self.table.viewport().update()
        self.legend.update()
        self.band.update()

    def _on_copy(self) -> None:
        if self._session.context.do("race.copy") is not None:
            below = self.copy.mapToGlobal(self.copy.rect().bottomLeft())
            QToolTip.showText(below, tr("The numbers of all racers are copied."), self.copy)

    def _copy(self) -> str:
        """Put the numbers of all racers at this step into the clipboard as CSV; returns them."""
        if self._session.answer is None:
            raise CommandError(tr("The race is being computed. Try again in a moment."))
        copied = self.table.csv()
        QGuiApplication.clipboard().setText(copied)
        return copied


class _Head(QWidget):
    """Controls at the right of the head."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(8)


def _check_chart(value: Any) -> None:
    if value not in _VIEWS:
        known = ", ".join(_VIEWS)
        raise CommandError(
            tr("The chart shows {known}, and nothing called {value!r}.", known=known, value=value)
        )


PANEL = PanelKind(
    "chart", "chart", tr("Chart"), tr("Loss of all racers by step, and the scrubber"), 10, ChartPanel,
)  # fmt: skip
