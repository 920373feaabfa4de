"""The commands of studies: opening the dialog, and taking a result over into the project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.bus import Bus, CommandError
from app.studies import KINDS
from app.text import tr
from core.errors import ChainruleError

if TYPE_CHECKING:
    from app.document import Document
    from app.window.main import MainWindow


def register(window: MainWindow) -> None:
    """Register ``study.open`` and ``study.use`` for a window."""
    context = window.context

    def open_(kind: str = "find-lr") -> None:
        """Show the dialog at a kind of study."""
        from app.studies.dialog import open_dialog

        known = [key for key, _, _ in KINDS]
        if kind not in known:
            raise CommandError(
                tr(
                    "There is no study {kind!r}; there are {known}.",
                    kind=kind,
                    known=", ".join(known),
                )
            )
        open_dialog(window, kind)

    context.bus.register("study.open", open_, label=tr("Studies"))
    register_use(context.bus, context.document)


def register_use(bus: Bus, document: Document) -> None:
    """Register ``study.use``."""

    def use(values: dict[str, Any]) -> None:
        """Change settings by dotted name as one undoable edit."""
        from core.studies.settings import changed

        try:
            network, training = changed(document.network, document.training, values)
        except ChainruleError as error:
            raise CommandError(str(error)) from error
        document.settle()
        if document.edit(tr("Use a study's settings"), network=network, training=training):
            bus.emit("study.used", values=values)

    bus.register("study.use", use, label=tr("Use a study's settings"))
