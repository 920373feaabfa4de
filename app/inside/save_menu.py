"""How a picture of Look inside is saved: by its context menu, a button in the head of its place, and a shortcut."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, Slot
from PySide6.QtGui import QContextMenuEvent, QCursor, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QWidget

from app.bus import CommandError
from app.export.places import pictures_folder
from app.inside.saving import Saved, Saver, caption, is_picture, pictures
from app.text import tr

if TYPE_CHECKING:
    from app.inside.view import InsideView

SHORTCUT = "Ctrl+Shift+E"


class SaveMenu(QObject):
    """Saving for a view and all its pictures.

    Parameters
    ----------
    view
        The workspace.
    """

    def __init__(self, view: InsideView) -> None:
        super().__init__(view)
        self._view = view
        self.saver = Saver(self)
        self.saver.finished.connect(self._on_saved)
        bus = view.session.context.bus
        if not bus.knows("inside.save"):
            bus.register("inside.save", self._do_save, label=tr("Save a picture"))
        shortcut = QShortcut(QKeySequence(SHORTCUT), view)
        shortcut.activated.connect(self.save_focused)
        for place, spot in view.spots.items():
            spot.saving.connect(lambda place=place: self.open_for_place(place))
        view.installEventFilter(self)

    # -- which picture

    @property
    def found(self) -> dict[str, Saved]:
        """The pictures that are seen."""
        return pictures(self._view.spots)

    def at(self, widget: QWidget | None) -> str:
        """Name of the picture a widget is, or is in; of the whole panel elsewhere; empty outside."""
        found = self.found
        while widget is not None and widget is not self._view:
            if is_picture(widget) and widget.objectName() in found:
                return widget.objectName()
            for spot in self._view.spots.values():
                if widget is spot and spot.panel is not None:
                    return spot.panel.id
            widget = widget.parentWidget()
        return ""

    @Slot()
    def save_focused(self) -> None:
        """Save what has the focus, else what is under the mouse, else the rows."""
        under = self._view.childAt(self._view.mapFromGlobal(QCursor.pos()))
        rows = self._view.spots["rows"].panel
        name = self.at(QApplication.focusWidget()) or self.at(under) or (rows.id if rows else "")
        if name:
            self.ask(name, ".png")

    # -- the menu

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QContextMenuEvent):
            name = self.at(self._view.childAt(event.pos()))
            if event.reason() == QContextMenuEvent.Reason.Keyboard:
                name = self.at(QApplication.focusWidget()) or name
            if name:
                self.menu(name).popup(event.globalPos())
                return True
        return super().eventFilter(watched, event)

    def open_for_place(self, place: str) -> None:
        """Open the menu under the button of a place."""
        spot = self._view.spots[place]
        if spot.panel is not None:
            corner = spot.save.mapToGlobal(QPoint(0, spot.save.height()))
            self.menu(spot.panel.id).popup(corner)

    def menu(self, name: str) -> QMenu:
        """The ways to save a picture."""
        picture = self.found[name]
        menu = QMenu(self._view)
        menu.setObjectName("inside-save-menu")
        menu.setToolTipsVisible(True)
        menu.addSection(picture.title)
        many = len(picture.numbers) > 1
        for suffix, words in (
            (".png", tr("Picture as PNG…")), (".svg", tr("Picture as SVG…")),
            (".csv", tr("Numbers as CSV…")),
            (".npz", tr("Numbers for NumPy (npz)…")) if many else (".npy", tr("Numbers for NumPy (npy)…")),
        ):  # fmt: skip
            action = menu.addAction(words)
            action.setObjectName(f"inside-save-{suffix[1:]}")
            action.triggered.connect(lambda _=False, s=suffix: self.ask(name, s))
            if suffix not in (".png", ".svg") and not picture.numbers:
                action.setEnabled(False)
                action.setToolTip(tr("There are no numbers in it."))
        menu.aboutToHide.connect(menu.deleteLater)
        return menu

    def ask(self, name: str, suffix: str) -> None:
        """Ask where to, and save."""
        picture = self.found.get(name)
        if picture is None:
            return
        context = self._view.session.context
        stem = "-".join(f"{context.document.name} {picture.title}".lower().split())
        stem = "".join(c for c in stem if c.isalnum() or c == "-")
        start = pictures_folder() / f"{stem}{suffix}"
        chosen, _ = QFileDialog.getSaveFileName(
            self._view, tr("Save {title}", title=picture.title), str(start), f"(*{suffix})"
        )
        if chosen:
            path = Path(chosen)
            path = path if path.suffix else path.with_name(path.name + suffix)
            context.do("inside.save", picture=name, path=str(path))

    # -- the command

    def _do_save(self, picture: str, path: str) -> None:
        """Save what is called `picture`; the ending of the path says as what."""
        found = self.found
        if picture not in found:
            known = ", ".join(found) or tr("none")
            raise CommandError(
                tr("No picture {name} is seen; there are {known}.", name=repr(picture), known=known)
            )
        if not path or "\0" in path:
            raise CommandError(tr("A file needs a name."))
        one = found[picture]
        self.saver.save(one, caption(self._view.session, one), Path(path))

    @Slot(str, str)
    def _on_saved(self, path: str, problem: str) -> None:
        context = self._view.session.context
        if problem:
            context.refused.emit(problem)
        else:
            context.bus.emit("inside.saved", path=path)
