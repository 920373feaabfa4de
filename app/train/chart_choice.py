"""What the chart at the right under the stage shows: a title that opens a menu."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QActionGroup, QColor
from PySide6.QtWidgets import QMenu, QWidget

from app import theme
from app.text import tr
from app.widgets import Button


class ChartChoice(Button):
    """Names the chart that is shown; Enter, Space or a click lists the others.

    Signals
    -------
    chosen(name)
        Another chart, by the name it was listed with.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            "–", name="train-chart", kind="ghost", trailing="chevron-down", height=24, parent=parent
        )
        self.setToolTip(tr("Choose what is drawn here"))
        self._menu = QMenu(self)
        self._menu.setObjectName("train-chart-menu")
        self.clicked.connect(lambda: self._menu.popup(self.mapToGlobal(self.rect().bottomLeft())))
        self._known: tuple[tuple[str, str], ...] = ()
        self._name = ""

    @property
    def name(self) -> str:
        """The chart shown."""
        return self._name

    @property
    def names(self) -> tuple[str, ...]:
        """All charts that can be chosen."""
        return tuple(name for name, _ in self._known)

    def show_charts(self, charts: tuple[tuple[str, str], ...], shown: str) -> None:
        """List charts, (name, title) each, with the one that is shown."""
        if (charts, shown) == (self._known, self._name):
            return
        if charts != self._known:
            self._known = charts
            self._list()
        self._name = shown
        for action in self._menu.actions():
            action.setChecked(action.data() == shown)
        title = dict(charts).get(shown, "")
        self.set_label(title)
        self.setAccessibleName(tr("Chart: {title}", title=title))
        self.adjustSize()

    def _list(self) -> None:
        self._menu.clear()
        group = QActionGroup(self._menu)
        for name, title in self._known:
            action = self._menu.addAction(title)
            action.setObjectName(f"chart-{name.replace('_', '-')}")
            action.setCheckable(True)
            action.setData(name)
            action.triggered.connect(lambda _=False, key=name: self.chosen.emit(key))
            group.addAction(action)

    def _colors(self, colors: theme.Theme) -> tuple[QColor | None, QColor | None, QColor]:
        ground, border, _ = super()._colors(colors)
        return ground, border, colors.tx
