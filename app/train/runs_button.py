"""Which run of the project is open: a menu that branches it, opens another one, compares, renames, deletes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup
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
    switch(id), compare(id), delete(id)
        Another run of the project; compared with none is "".
    rename(id, name)
        The open run, and what it is called now.
    """

    branch = Signal()
    switch = Signal(str)
    compare = Signal(str)
    delete = Signal(str)
    rename = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            tr("Run {id}", id="1"), name="train-runs", trailing="chevron-down", parent=parent
        )
        self.setToolTip(
            tr("Branch the run at this step to try something else from there, or open another run")
        )
        self._runs: tuple[RunLabel, ...] = ()
        self._comparing: dict[str, QAction] = {}
        self._compared = ""
        self._menu = QMenu(self)
        self._menu.setObjectName("train-runs-menu")
        self.clicked.connect(lambda: self._menu.popup(self.mapToGlobal(self.rect().bottomLeft())))
        self.show_runs(())

    def show_runs(self, runs: tuple[RunLabel, ...], compared: str = "") -> None:
        """List these runs; `compared` is the one that is drawn behind the open one."""
        if (runs, compared) == (self._runs, self._compared) and self._menu.actions():
            # A click has moved the mark; what it asked for may have been cancelled.
            for key, action in self._comparing.items():
                action.setChecked(key == compared)
            return
        self._runs, self._compared = runs, compared
        menu = self._menu
        menu.clear()
        # Menus inside are no actions: they would pile up.
        for inner in menu.findChildren(QMenu):
            inner.deleteLater()
        opened = next((run for run in runs if run.open), None)
        others = tuple(run for run in runs if not run.open)
        new = menu.addAction(tr("Branch from this step"))
        new.setObjectName("run-branch")
        new.setEnabled(bool(runs))
        new.triggered.connect(self.branch)
        rename = menu.addAction(tr("Rename this run…"))
        rename.setObjectName("run-rename")
        rename.setEnabled(opened is not None)
        if opened is not None:
            rename.triggered.connect(lambda: self.rename.emit(opened.id, opened.given))
        self._compare_menu(others)
        self._delete_menu(others)
        menu.addSeparator()
        group = QActionGroup(menu)
        for run in runs:
            action = menu.addAction(run.name)
            action.setObjectName(f"run-{run.id}")
            action.setCheckable(True)
            action.setChecked(run.open)
            action.setData(run.id)
            action.triggered.connect(lambda _=False, key=run.id: self.switch.emit(key))
            group.addAction(action)
            if run.open:
                self.set_label(tr("Run {id}", id=run.id))
                self.setAccessibleName(run.name)

    def _compare_menu(self, others: tuple[RunLabel, ...]) -> None:
        menu = self._menu.addMenu(tr("Compare with"))
        menu.setObjectName("run-compare-menu")
        menu.setEnabled(bool(others))
        group = QActionGroup(menu)
        self._comparing = {}
        for key, name in (*((run.id, run.name) for run in others), ("", tr("No other run"))):
            action = menu.addAction(name)
            action.setObjectName(f"run-compare-{key or 'none'}")
            action.setCheckable(True)
            action.setChecked(key == self._compared)
            action.triggered.connect(lambda _=False, k=key: self.compare.emit(k))
            group.addAction(action)
            self._comparing[key] = action

    def _delete_menu(self, others: tuple[RunLabel, ...]) -> None:
        menu = self._menu.addMenu(tr("Delete"))
        menu.setObjectName("run-delete-menu")
        menu.setEnabled(bool(others))
        for run in others:
            action = menu.addAction(run.name)
            action.setObjectName(f"run-delete-{run.id}")
            action.triggered.connect(lambda _=False, k=run.id: self.delete.emit(k))
