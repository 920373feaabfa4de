"""Everything the window can do, as named actions with shortcuts."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from app import icons
from app.text import tr
from app.theme import Theme


@dataclass(frozen=True)
class _Entry:
    name: str
    text: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    tip: str = ""
    checkable: bool = False


def _entries() -> tuple[_Entry, ...]:
    return (
        _Entry("transport-play", tr("Play"), ("Space",), "player-play", tr("Train until paused")),
        _Entry("transport-step", tr("Step"), (".",), "player-skip-forward", tr("Go one step on")),
        _Entry("transport-step-back", tr("Step back"), (",",), "player-skip-back",
               tr("Go one step back, to the exact numbers that were there")),
        _Entry("transport-step-instruction", tr("Step one instruction"), ("F10",)),
        _Entry("transport-step-back-instruction", tr("Step back one instruction"),
               ("Shift+F10",)),
        _Entry("transport-reset", tr("Restart"), ("R",), "reset",
               tr("Go back to the weights before the first step")),
        _Entry("transport-granularity-instruction", tr("Instruction"), ("1",), checkable=True),
        _Entry("transport-granularity-layer", tr("Layer"), ("2",), checkable=True),
        _Entry("transport-granularity-batch", tr("Batch"), ("3",), checkable=True),
        _Entry("transport-granularity-epoch", tr("Epoch"), ("4",), checkable=True),
        _Entry("transport-granularity-loss", tr("To the loss"), ("5",), checkable=True),
        _Entry("transport-granularity-update", tr("To the update"), ("6",), checkable=True),
        _Entry("project-new", tr("New from template…"), ("Ctrl+N",), "template"),
        _Entry("project-open", tr("Open…"), ("Ctrl+O",), "folder-open"),
        _Entry("project-save", tr("Save"), ("Ctrl+S",), "save"),
        _Entry("project-save-as", tr("Save as…"), ("Ctrl+Shift+S",)),
        _Entry("project-rename", tr("Rename…"), ("F2",), "pencil"),
        _Entry("project-export", tr("Export…"), ("Ctrl+E",), "export",
               tr("Export what you watched as a film or a picture")),
        _Entry("edit-undo", tr("Undo"), ("Ctrl+Z",), "undo"),
        _Entry("edit-redo", tr("Redo"), ("Ctrl+Shift+Z", "Ctrl+Y"), "redo"),
        _Entry("view-theme", tr("Switch between dark and light"), ("Ctrl+Shift+L",), "moon"),
        _Entry("view-theme-system", tr("Follow the system's theme"), checkable=True),
        _Entry("view-reduced-motion", tr("Reduce motion"), checkable=True),
        _Entry("help-keys", tr("Keyboard and mouse"), ("F1",), "keyboard"),
        _Entry("window-quit", tr("Quit"), ("Ctrl+Q",)),
    )  # fmt: skip


class Actions(dict[str, QAction]):
    """The window's actions by object name."""

    def __init__(self, window: QWidget) -> None:
        super().__init__()
        self._window = window
        self._icons: dict[str, str] = {}
        self._tips: dict[str, str] = {}
        for entry in _entries():
            self.make(entry.name, entry.text, entry.keys, entry.icon, entry.tip, entry.checkable)

    def make(
        self,
        name: str,
        text: str,
        keys: tuple[str, ...] = (),
        icon: str = "",
        tip: str = "",
        checkable: bool = False,
    ) -> QAction:
        """Add an action; its tooltip ends with its key."""
        action = QAction(text, self._window)
        action.setObjectName(name)
        action.setCheckable(checkable)
        action.setShortcuts([QKeySequence(key) for key in keys])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.setAutoRepeat(name in ("transport-step", "transport-step-back"))
        self._icons[name] = icon
        self._window.addAction(action)
        self[name] = action
        self.set_tip(name, tip or text.rstrip("…"))
        return action

    def set_tip(self, name: str, tip: str) -> None:
        """Change what the tooltip says; the key is added."""
        if self._tips.get(name) == tip:
            return
        self._tips[name] = tip
        action = self[name]
        key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{tip} ({key})" if key else tip)

    def tint(self, colors: Theme) -> None:
        """Draw the icons in the colours of a theme."""
        self._icons["view-theme"] = "sun" if colors.is_dark else "moon"
        for name, icon in self._icons.items():
            if icon:
                self[name].setIcon(icons.icon(icon, colors.tx2, 16))
