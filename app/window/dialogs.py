"""Questions the window asks: files, names, templates, unsaved changes, recovered work."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QInputDialog,
    QLineEdit,
    QMessageBox,
    QVBoxLayout,
)

from app.text import tr
from app.widgets import Button, Key, Label, Line, ScrollPanel
from app.window import templates

if TYPE_CHECKING:
    from app.window.main import MainWindow

FILTER = "Chainrule (*.chainrule)"


def may_close(window: MainWindow) -> bool:
    """Ask about unsaved changes; return whether to go on."""
    document = window.context.document
    if not document.dirty:
        return True
    box = QMessageBox(window)
    box.setObjectName("unsaved-changes")
    box.setIcon(QMessageBox.Icon.NoIcon)
    box.setWindowTitle(tr("Unsaved changes"))
    box.setText(tr("Save the changes to {name}?", name=document.name))
    box.setInformativeText(tr("Otherwise they are lost, and so is the training since then."))
    buttons = QMessageBox.StandardButton
    box.setStandardButtons(buttons.Save | buttons.Discard | buttons.Cancel)
    box.button(buttons.Save).setText(tr("Save"))
    box.button(buttons.Discard).setText(tr("Do not save"))
    box.button(buttons.Cancel).setText(tr("Cancel"))
    box.setDefaultButton(buttons.Save)
    answer = box.exec()
    if answer == buttons.Cancel:
        return False
    if answer == buttons.Save:
        return save_project(window, wait=True)
    return True


def save_project(window: MainWindow, *, ask: bool = False, wait: bool = False) -> bool:
    """Save to the project's file, asking for one if it has none; return False if cancelled."""
    document = window.context.document
    path = document.path
    if ask or path is None:
        start = path or _documents() / f"{document.name}.chainrule"
        chosen, _ = QFileDialog.getSaveFileName(window, tr("Save project"), str(start), FILTER)
        if not chosen:
            return False
        path = Path(chosen)
    window.context.do("project.save", path=str(path))
    if wait:
        return window.projects.wait_saved()
    return True


def open_project(window: MainWindow) -> None:
    """Ask for a file and open it."""
    if not may_close(window):
        return
    known = window.context.document.path
    start = known.parent if known else _documents()
    chosen, _ = QFileDialog.getOpenFileName(window, tr("Open project"), str(start), FILTER)
    if chosen:
        window.context.do("project.open", path=chosen)


def open_path(window: MainWindow, path: Path) -> None:
    """Open a known file."""
    if may_close(window):
        window.context.do("project.open", path=str(path))


def rename_project(window: MainWindow) -> None:
    """Ask for another name."""
    name, accepted = QInputDialog.getText(
        window, tr("Rename project"), tr("Name"), QLineEdit.EchoMode.Normal,
        window.context.document.name,
    )  # fmt: skip
    if accepted:
        window.context.do("project.rename", name=name)


def choose_template(window: MainWindow) -> None:
    """Show the templates; the chosen one becomes the project."""
    dialog = _Templates(window)
    if dialog.exec() and may_close(window):
        window.context.do("template.open", name=dialog.chosen, trained=dialog.trained)


def offer_recovery(window: MainWindow) -> None:
    """Offer what a crash left behind, in the banner: it does not stand in the way."""
    found = window.projects.recoveries()
    if not found:
        return
    newest = found[0]
    when = time.strftime("%H:%M", time.localtime(newest.saved_at))
    if time.time() - newest.saved_at > 86_400:
        when = time.strftime("%d %b, %H:%M", time.localtime(newest.saved_at))
    sentence = tr(
        "Chainrule ended unexpectedly. {name} was kept as it was at {when}.",
        name=newest.name, when=when,
    )  # fmt: skip

    window.banner.show_message(sentence, [
        ("recover", tr("Recover"), lambda: window.projects.recover(newest)),
        ("recover-drop", tr("Delete it"), lambda: window.projects.drop(newest)),
    ], error=False)  # fmt: skip


def export(window: MainWindow) -> None:
    """Open the export dialog."""
    from app.export import dialog

    dialog.open_dialog(window)


def show_keys(window: MainWindow) -> None:
    """List what the keyboard and the mouse do."""
    dialog = QDialog(window)
    dialog.setObjectName("keys-dialog")
    dialog.setWindowTitle(tr("Keyboard and mouse"))
    column = QVBoxLayout(dialog)
    column.setContentsMargins(24, 20, 24, 20)
    column.setSpacing(12)
    column.addWidget(Label(tr("Keyboard and mouse"), "dialog", "tx"))
    grid = QGridLayout()
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(8)
    column.addLayout(grid)
    entries = _keys()
    half = (len(entries) + 1) // 2
    for place, (key, words) in enumerate(entries):
        line, side = place % half, 3 * (place // half)
        holder = QHBoxLayout()
        holder.setSpacing(4)
        for part in key.split(" "):
            holder.addWidget(Key(part))
        holder.addStretch(1)
        grid.addLayout(holder, line, side)
        grid.addWidget(Label(words, "body", "tx2"), line, side + 1)
    grid.setColumnMinimumWidth(2, 24)
    close = Button(tr("Close"), name="keys-close", kind="primary")
    close.clicked.connect(dialog.accept)
    column.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
    dialog.exec()


def _keys() -> list[tuple[str, str]]:
    return [
        (tr("Space"), tr("Play, pause")),
        (".", tr("Step")),
        (",", tr("Step back")),
        ("1 2 3 4", tr("Step by instruction, layer, batch, epoch")),
        ("5 6", tr("Step to the loss, to the update")),
        ("F10", tr("Step one instruction")),
        ("Shift+F10", tr("Step back one instruction")),
        ("F11 Shift+F11", tr("In Step: over a layer, and back")),
        ("Shift+Space", tr("In Step: play backwards")),
        ("F9", tr("In Step: set or delete a breakpoint")),
        ("F5 Shift+F5", tr("In Step: run to a breakpoint, and back to one")),
        ("Ctrl+F10", tr("In Step: run to the instruction that is looked at")),
        ("Ctrl+F9", tr("In Step: the list of breakpoints")),
        ("Ctrl+Tab", tr("In Step: network, close-up, story")),
        ("[ ] N", tr("In a close-up: the channel; what can be clicked")),
        ("R", tr("Restart")),
        ("Ctrl+1 … 6", tr("Workspaces")),
        ("/", tr("Search layers")),
        (tr("Enter"), tr("Add the found layer; open a block's settings")),
        ("← →", tr("Select the layer before, after")),
        ("Ctrl+← Ctrl+→", tr("Move the layer")),
        ("Delete", tr("Remove the layer")),
        (tr("↑ ↓ Enter Delete"), tr("In Optimizers: choose, set, remove a racer")),
        ("+ − 0", tr("In Optimizers: the map larger, smaller, all of it")),
        (tr("Shift+Arrow"), tr("In Optimizers, on the map: move the start")),
        ("Ctrl+Z", tr("Undo")),
        ("Ctrl+Shift+Z", tr("Redo")),
        ("Ctrl+S", tr("Save")),
        ("Ctrl+E", tr("Export")),
        ("Ctrl+Shift+E", tr("Save a picture of Look inside")),
        (tr("Double-click"), tr("A slider's usual value")),
    ]


class _Templates(QDialog):
    """A list of cards; one click chooses."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.setObjectName("template-dialog")
        self.setWindowTitle(tr("New from template"))
        self.setMinimumWidth(520)
        self.chosen, self.trained = "", False
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(8)
        column.addWidget(Label(tr("New from template"), "dialog", "tx"))
        column.addSpacing(4)
        self._list(column, window.height())
        column.addWidget(Line())
        row = QHBoxLayout()
        blank = Button(tr("Empty network"), name="template-empty")
        blank.clicked.connect(lambda: self._empty(window))
        cancel = Button(tr("Cancel"), name="template-cancel")
        cancel.clicked.connect(self.reject)
        row.addWidget(blank)
        row.addStretch(1)
        row.addWidget(cancel)
        column.addLayout(row)

    def _list(self, column: QVBoxLayout, room: int) -> None:
        """All templates; worked examples stand together below the others, and what is too much scrolls."""
        from app.window.cards import Card

        scroll = ScrollPanel(name="template-list")
        scroll.body.setSpacing(8)
        entries = sorted(templates.entries(), key=lambda entry: bool(entry.example))
        before = ""
        for entry in entries:
            if entry.example and not before:
                scroll.body.addSpacing(4)
                scroll.body.addWidget(Label(tr("Worked examples of the course"), "section", "tx2"))
            before = entry.example
            title = entry.example or entry.title
            card = Card(title, entry.summary, name=f"template-{entry.name}")
            card.clicked.connect(lambda _=False, name=entry.name: self._choose(name))
            scroll.body.addWidget(card)
            if entry.accuracy is not None:
                self._offer_trained(scroll.body, entry)
        scroll.body.addStretch(1)
        wanted = scroll.body.sizeHint().height()
        scroll.setFixedHeight(min(wanted, max(240, room - 180)))
        column.addWidget(scroll)

    def _offer_trained(self, column: QVBoxLayout, entry: templates.Entry) -> None:
        """The same network, trained already: for who wants to look inside and not to wait."""
        row = QHBoxLayout()
        row.setContentsMargins(12, 0, 0, 4)
        words = tr(
            "Open it trained ({share} of unseen samples right)", share=f"{entry.accuracy:.1%}"
        )
        button = Button(words, name=f"template-{entry.name}-trained", kind="ghost", icon="inside")
        button.setToolTip(
            tr("With the weights it is delivered with: nothing has to be trained first")
        )
        button.clicked.connect(lambda _=False, name=entry.name: self._choose(name, trained=True))
        row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)

    def _choose(self, name: str, *, trained: bool = False) -> None:
        self.chosen, self.trained = name, trained
        self.accept()

    def _empty(self, window: MainWindow) -> None:
        self.reject()
        if may_close(window):
            window.context.do("project.new")


def _documents() -> Path:
    place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return Path(place) if place else Path.home()
