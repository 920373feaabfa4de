"""A place of the workspace: a head with the panels that can stand there, and the one that does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from app.inside.panels import InsidePanel, panels
from app.text import tr
from app.widgets import Header, Panel, Segmented

if TYPE_CHECKING:
    from app.inside.session import InsideSession


class Spot(Panel):
    """See the module's text.

    Parameters
    ----------
    session
        Given to the panels.
    place
        One of `app.inside.panels.PLACES`.
    title
        Of the head where there is nothing to choose.
    edges
        Which sides have hairlines.

    Signals
    -------
    wanted(str)
        The learner has chosen a panel.
    """

    wanted = Signal(str)

    def __init__(
        self,
        session: InsideSession,
        place: str,
        title: str,
        *,
        ground: str = "bg0",
        edges: str = "",
    ) -> None:
        super().__init__(name=f"inside-{place}", ground=ground, edges=edges)
        self._session = session
        self.choices: tuple[InsidePanel, ...] = panels(place)
        self.shown: dict[str, QWidget] = {}
        self._controls: dict[str, QWidget] = {}
        self.value = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(*(1 if side in edges else 0 for side in "ltrb"))
        column.setSpacing(0)
        self.head = Header(title)
        self.choice: Segmented | None = None
        if len(self.choices) > 1:
            self.choice = Segmented(
                [(one.id, one.title) for one in self.choices],
                name=f"inside-{place}-choice",
                label=tr("Show"),
            )
            self.choice.setToolTip("\n".join(f"{one.title}: {one.tip}" for one in self.choices))
            self.choice.chosen.connect(self.wanted)
            self.head.row.addWidget(self.choice)
        column.addWidget(self.head)
        self._stack = QStackedWidget()
        column.addWidget(self._stack, 1)

    @property
    def panel(self) -> InsidePanel | None:
        """The panel that is shown."""
        return next((one for one in self.choices if one.id == self.value), None)

    def show_panel(self, identifier: str) -> bool:
        """Show a panel; tells whether it is one of this place."""
        panel = next((one for one in self.choices if one.id == identifier), None)
        if panel is None:
            return False
        if identifier not in self.shown:
            widget = panel.create(self._session)
            self.shown[identifier] = widget
            self._stack.addWidget(widget)
            controls = getattr(widget, "controls", None)
            beside = controls() if controls is not None else None
            if beside is not None:
                self._controls[identifier] = beside
                self.head.row.addWidget(beside)
        self._stack.setCurrentWidget(self.shown[identifier])
        for name, beside in self._controls.items():
            beside.setVisible(name == identifier)
        if self.choice is not None:
            self.choice.set_value(identifier)
        self.value = identifier
        return True
