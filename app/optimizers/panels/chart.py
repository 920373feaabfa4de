"""The chart: loss, distance or learning rate by step, or all numbers of a step in a table; below it the scrubber."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPointF, QSize, Slot
from PySide6.QtGui import QGuiApplication, QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QSizePolicy,
    QStackedWidget,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.bus import CommandError
from app.optimizers.plot import LEFT, RIGHT, RacePlot
from app.optimizers.race_table import RaceTable
from app.optimizers.scrubber import Scrubber
from app.panels import PanelKind
from app.scenes import draw
from app.scenes.race_chart import CHARTS
from app.scenes.race_looks import looks, paint_marker
from app.text import tr
from app.widgets import Button, Choice, Label, Segmented
from app.widgets.guarded import guarded
from core.landscape.race import kind

if TYPE_CHECKING:
    from app.optimizers.session import RaceSession

#: Room of a name in the legend besides its letters.
_APART = 30.0
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
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.plot, self.table, self.scrubber = RacePlot(session), RaceTable(session), Scrubber(session)  # fmt: skip
        self.scrubber.left, self.scrubber.right = LEFT, RIGHT
        self._stack = QStackedWidget()
        self._stack.addWidget(self.plot)
        self._stack.addWidget(self.table)
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
        self.legend = Legend(session)
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
        self.legend.setVisible(level == 0)

    # -- following

    def showEvent(self, event: QShowEvent) -> None:
        session = self._session
        session.moved.connect(self._follow_time)
        for signal in (session.paths_changed, session.chosen, session.racers_changed):
            signal.connect(self._follow)
        self._follow()

    def hideEvent(self, event: QHideEvent) -> None:
        session = self._session
        session.moved.disconnect(self._follow_time)
        for signal in (session.paths_changed, session.chosen, session.racers_changed):
            signal.disconnect(self._follow)

    @Slot()
    def _follow_time(self) -> None:
        self.scrubber.follow()
        if self._stack.currentWidget() is self.table:
            self.table.show_numbers()
        else:
            self.plot.follow()

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
        words = "" if chart is None else chart.subtitle
        self.subtitle.setText(words)
        self.subtitle.setVisible(bool(words) and self._level < 2)
        if chart is not None:
            self.plot.setAccessibleName(f"{_VIEWS[kind]}, {chart.subtitle}")
        self.legend.follow()
        self._follow_time()

    def _repaint(self) -> None:
        self.plot.update()
        self.table.viewport().update()
        self.legend.update()

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


class Legend(QWidget):
    """Which marker is which racer, if there is room for all of them."""

    def __init__(self, session: RaceSession) -> None:
        super().__init__()
        self.setObjectName("race-chart-legend")
        self._session = session
        self.setFixedHeight(20)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(0)

    def names(self) -> list[tuple[str, str]]:
        """Ids and names, in the order of the race."""
        return [(one.id, one.name or kind(one.kind).short) for one in self._session.race.racers]

    def _wide(self) -> float:
        return sum(draw.advance(name, 11) + _APART for _, name in self.names())

    def follow(self) -> None:
        """The race, or the racer that is looked at, is another."""
        names = [one.title for one in self._session.race.racers]
        self.setAccessibleName(tr("Racers: {names}", names=", ".join(names)))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(ceil(self._wide()), 20)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 20)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            colors, look = theme.current(), looks(self._session.race)
            # Rather none than some: the ranking has all of them.
            names = self.names() if self._wide() <= self.width() else []
            x = 0.0
            for identifier, name in names:
                paint_marker(painter, look[identifier], colors, QPointF(x + 8, 10), 8, halo=False)
                ink = colors.tx if identifier == self._session.racer else colors.tx2
                x += draw.text(painter, x + 17, 14, name, 11, ink) + _APART
        finally:
            painter.end()


def _check_chart(value: Any) -> None:
    if value not in _VIEWS:
        known = ", ".join(_VIEWS)
        raise CommandError(
            tr("The chart shows {known}, and nothing called {value!r}.", known=known, value=value)
        )


PANEL = PanelKind(
    "chart", "chart", tr("Chart"), tr("Loss of all racers by step, and the scrubber"), 10, ChartPanel,
)  # fmt: skip
