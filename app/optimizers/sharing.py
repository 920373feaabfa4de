"""Races as files: a menu in the top bar that opens and saves them, and race files that are dropped on the workspace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QStandardPaths
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from app.text import tr
from app.widgets import Button

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData

    from app.optimizers.session import RaceSession

SUFFIX = ".race"
#: Where the folder is remembered that was used last.
_FOLDER = "race_folder"


class Sharing(QObject):
    """See the module's text.

    Parameters
    ----------
    session
        Whose race it is.

    Attributes
    ----------
    button
        Opens the menu.
    """

    def __init__(self, session: RaceSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.button = Button(tr("Share"), name="race-share", icon="file", icon_size=14)
        self.button.setAccessibleName(tr("Share"))
        self.button.setToolTip(tr("Open a race from a file, or save this one to give it to others"))
        self.menu = QMenu(self.button)
        self.menu.setObjectName("race-share-menu")
        for name, words, slot in (
            ("race-open", tr("Open a race…"), self.ask_open),
            ("race-save", tr("Save this race…"), self.ask_save),
            ("race-new", tr("Begin with the first race"), lambda: self._do("race.new")),
        ):
            action = self.menu.addAction(words)
            action.setObjectName(name)
            action.triggered.connect(lambda _=False, slot=slot: slot())
        self.button.clicked.connect(self._open_menu)

    def accept_drops(self, on: QWidget) -> None:
        """Open race files that are dropped there."""
        on.setAcceptDrops(True)
        on.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QDragEnterEvent):
            if _race_in(event.mimeData()) is not None:
                event.acceptProposedAction()
                return True
        elif isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop:
            path = _race_in(event.mimeData())
            if path is not None:
                event.acceptProposedAction()
                self._do("race.open", path=str(path))
                return True
        return False

    # -- files

    def ask_open(self) -> None:
        """Let the learner choose a race file."""
        name, _ = QFileDialog.getOpenFileName(
            self.button.window(), tr("Open a race"), str(self._folder()), _filter()
        )
        if name:
            self._remember(Path(name))
            self._do("race.open", path=name)

    def ask_save(self) -> None:
        """Let the learner choose where the race goes."""
        title = self._session.surface.title if self._session.surface is not None else tr("Race")
        proposed = self._folder() / f"{title}{SUFFIX}"
        name, _ = QFileDialog.getSaveFileName(
            self.button.window(), tr("Save the race"), str(proposed), _filter()
        )
        if name:
            self._remember(Path(name))
            self._do("race.save", path=name)

    def _folder(self) -> Path:
        known = self._session.context.settings.get(_FOLDER)
        if isinstance(known, str) and Path(known).is_dir():
            return Path(known)
        place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        return Path(place) if place else Path.home()

    def _remember(self, path: Path) -> None:
        self._session.context.settings.set(_FOLDER, str(path.parent))

    def _do(self, command: str, **arguments: str) -> None:
        self._session.context.do(command, **arguments)

    def _open_menu(self) -> None:
        self.menu.popup(self.button.mapToGlobal(self.button.rect().bottomLeft()))


def _filter() -> str:
    return tr("Race") + f" (*{SUFFIX})"


def _race_in(data: QMimeData) -> Path | None:
    """The race file among what is dragged."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return next((path for path in paths if path.suffix == SUFFIX), None)
