"""Which run of the project is open: a menu that branches it and opens another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from app.text import tr
from app.widgets import Button

if TYPE_CHECKING:
    from app.engine.state import RunLabel


class RunsButton(Button):
    """Names the open run.

    Signals
    -------
    branch()
        A new run from the present step.
    switch(id)
        Another run of the project.
    """

    branch = Signal()
    switch = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            tr("Run {id}", id="1"), name="train-runs", trailing="chevron-down", parent=parent
        )
        self.setToolTip(
            tr("Branch the run at this step to try something else from there, or open another run")
        )
        self._runs: tuple[RunLabel, ...] = ()
        self._menu = QMenu(self)
        self._menu.setObjectName("train-runs-menu")
        self.clicked.connect(lambda: self._menu.popup(self.mapToGlobal(self.rect().bottomLeft())))
        self.show_runs(())

    def show_runs(self, runs: tuple[RunLabel, ...]) -> None:
        """List these runs."""
        if runs == self._runs and self._menu.actions():
            return
        self._runs = runs
        self._menu.clear()
        new = self._menu.addAction(tr("Branch from this step"))
        new.setObjectName("run-branch")
        new.setEnabled(bool(runs))
        new.triggered.connect(self.branch)
        self._menu.addSeparator()
        group = QActionGroup(self._menu)
        for run in runs:
            action = self._menu.addAction(run.name)
            action.setObjectName(f"run-{run.id}")
            action.setCheckable(True)
            action.setChecked(run.open)
            action.setData(run.id)
            action.triggered.connect(lambda _=False, key=run.id: self.switch.emit(key))
            group.addAction(action)
            if run.open:
                self.setText(tr("Run {id}", id=run.id))
                self.setAccessibleName(run.name)
