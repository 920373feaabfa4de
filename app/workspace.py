"""What a workspace is, and what the window gives it.

A workspace is a package that exposes ``WORKSPACE``. The window lists those that exist, so adding
one needs no change here::

    WORKSPACE = Workspace("train", tr("Train"), "train", 30, create=TrainView)
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from app import theme as themes
from app.bus import Bus, CommandError
from app.theme import Theme

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.document import Document

log = logging.getLogger("chainrule.window")

# Packages that may hold a workspace, in no particular order: Workspace.order decides.
PACKAGES = (
    "app.learn",
    "app.build",
    "app.data",
    "app.train",
    "app.step",
    "app.inside",
    "app.optimizers",
)


@dataclass(frozen=True)
class Workspace:
    """One entry of the rail.

    Parameters
    ----------
    id : str
        Stable name: the action is called ``workspace-<id>``.
    title : str
        Label under the icon.
    icon : str
        Name of a file in ``assets/icons`` without its ending.
    order : int
        Place in the rail, smallest first: Learn 10, Build 20, Data 30, Train 40, Step 50.
    create : callable
        Receives the :class:`WindowContext` and returns the widget. Called when the workspace is
        shown for the first time, so an unused one costs nothing.

    Notes
    -----
    The widget may have the methods ``activate()`` and ``deactivate()``, called when it becomes
    visible or hidden (the moment to subscribe to the engine), ``set_compact(level: int)`` with
    0 wide, 1 below 1360 logical px, 2 below 1200, and ``hint() -> str`` for the status bar. With an attribute
    ``transport`` (`app.transport.Transport`) it is driven by the top bar instead of the run.
    """

    id: str
    title: str
    icon: str
    order: int
    create: Callable[[WindowContext], QWidget]


class WindowContext(QObject):
    """What every workspace of one window shares.

    Attributes
    ----------
    document : Document
        The open project; change it through the bus.
    bus : Bus
        Commands and events.
    engine : Engine
        Proxy of the engine thread.
    clock : Clock
        The one timer of the window: ``tick(float seconds)``.
    settings : Settings
        Small values remembered between starts: ``get(key, default)`` and ``set(key, value)``.
    attached : bool
        The engine follows the document; before that its commands are not registered.
    resume : SavedState or None
        The run a file held, kept until the engine is attached.
    view : dict
        What the window keeps with the project, as values JSON can hold: breakpoints. Whoever keeps something there
        reads it again when ``project.opened`` tells that another project is open.

    Signals
    -------
    theme_changed(Theme)
        After a switch between dark and light; repaint what was cached.
    refused(str)
        A command given through :meth:`do` was refused, with this sentence.
    """

    theme_changed = Signal(object)
    refused = Signal(str)

    def __init__(
        self,
        document: Document,
        bus: Bus,
        engine: Any,
        clock: Any,
        settings: Any,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.document = document
        self.bus = bus
        self.engine = engine
        self.clock = clock
        self.settings = settings
        self.attached = False
        self.resume: Any = None
        self.view: dict[str, Any] = {}

    @property
    def theme(self) -> Theme:
        """The theme the window is painted with now."""
        return themes.current()

    def do(self, name: str, /, **arguments: Any) -> Any:
        """Carry out a command for a control: a refusal is shown and not raised.

        Returns
        -------
        object
            What the command returned, or None if it was refused.
        """
        try:
            return self.bus.do(name, **arguments)
        except CommandError as error:
            self.refused.emit(str(error))
            return None


def workspaces(packages: tuple[str, ...] = PACKAGES) -> tuple[Workspace, ...]:
    """Return the workspaces that exist in this installation, in the rail's order."""
    found = []
    for name in packages:
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not (name == error.name or name.startswith(error.name + ".")):
                raise
            continue
        workspace = getattr(module, "WORKSPACE", None)
        if workspace is None:
            # A package without one is still being made: it must not become a dead end.
            log.debug("%s has no WORKSPACE", name)
            continue
        found.append(workspace)
    return tuple(sorted(found, key=lambda item: (item.order, item.id)))
