"""Pictures dropped on Look inside, and pasted into it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QKeySequence, QShortcut

from app.bus import CommandError
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.inside.session import InsideSession


class Dropping(QObject):
    """Lets a widget take pictures.

    Parameters
    ----------
    widget
        What pictures can be dropped on and pasted into.
    expecting
        Called with whether a picture is held over it.
    """

    def __init__(
        self, widget: QWidget, session: InsideSession, expecting: Callable[[bool], None]
    ) -> None:
        super().__init__(widget)
        self._session, self._expecting = session, expecting
        widget.setAcceptDrops(True)
        widget.installEventFilter(self)
        # A text field in here that has the focus pastes for itself: it takes the key first.
        self.shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), widget)
        self.shortcut.activated.connect(lambda: session.context.do("inside.paste"))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DragEnter and isinstance(event, QDragEnterEvent):
            mime = event.mimeData()
            if mime.hasUrls() or mime.hasImage():
                event.acceptProposedAction()
                self._expecting(True)
            return True
        if event.type() == QEvent.Type.DragMove and isinstance(event, QDragMoveEvent):
            event.acceptProposedAction()
            return True
        if event.type() == QEvent.Type.DragLeave:
            self._expecting(False)
        elif event.type() == QEvent.Type.Drop and isinstance(event, QDropEvent):
            self._expecting(False)
            self._take(event)
            return True
        return False

    def _take(self, event: QDropEvent) -> None:
        context, mime = self._session.context, event.mimeData()
        event.acceptProposedAction()
        for url in mime.urls():
            if url.isLocalFile():
                context.do("inside.photo", path=url.toLocalFile())
                return
        try:
            taken = self._session.photography.take(mime, tr("the dropped picture"))
        except CommandError as error:
            context.refused.emit(str(error))
            return
        if not taken:
            context.refused.emit(tr("What was dropped is no picture. Drop a picture's file."))
