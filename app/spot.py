"""A place of the workspace: a head with the panels that can stand there, and the one that does."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from app.panels import PanelKind
from app.scenes import draw
from app.text import tr
from app.widgets import Button, Choice, Header, Panel, Segmented


class Spot(Panel):
    """See the module's text.

    Parameters
    ----------
    session
        Given to the panels.
    choices
        The panels that can stand there.
    name
        Object name, and how those of its controls begin: "inside-rows".
    title
        Of the head where there is nothing to choose.
    edges
        Which sides have hairlines.

    Signals
    -------
    wanted(str)
        The learner has chosen a panel.
    saving()
        The learner wants the picture as a file.
    """

    wanted = Signal(str)
    saving = Signal()

    def __init__(
        self,
        session: Any,
        choices: tuple[PanelKind, ...],
        name: str,
        title: str,
        *,
        ground: str = "bg0",
        edges: str = "",
    ) -> None:
        super().__init__(name=name, ground=ground, edges=edges)
        self._session = session
        self.choices = choices
        self.shown: dict[str, QWidget] = {}
        self._controls: dict[str, QWidget] = {}
        self.value = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(*(1 if side in edges else 0 for side in "ltrb"))
        column.setSpacing(0)
        self.head = Header(title)
        self.choice: Segmented | None = None
        self.menu: Choice | None = None
        if len(self.choices) > 1:
            self.choice = Segmented(
                [(one.id, one.title) for one in self.choices],
                name=f"{name}-choice",
                label=tr("Show"),
            )
            self.choice.setToolTip("\n".join(f"{one.title}: {one.tip}" for one in self.choices))
            self.choice.chosen.connect(self.wanted)
            self.head.row.addWidget(self.choice)
            # The same as a list, where the buttons would be cut off.
            self.menu = Choice(
                [(one.id, one.title) for one in self.choices], name=f"{name}-menu", label=tr("Show")
            )  # fmt: skip
            self.menu.setToolTip(self.choice.toolTip())
            self.menu.chosen.connect(self.wanted)
            widest = max(draw.advance(one.title, 12) for one in self.choices)
            self.menu.setMaximumWidth(round(widest) + 48)
            self.menu.hide()
            self.head.row.addWidget(self.menu, 100)
        self.save = Button(name=f"{name}-save", kind="ghost", icon="download")
        self.save.setAccessibleName(tr("Save the picture"))
        self.save.setToolTip(tr("Save what is shown here as a picture, or its numbers"))
        self.save.clicked.connect(self.saving)
        self.head.row.addWidget(self.save)
        # Whatever stands in it: the head keeps no window from becoming smaller.
        self.head.setMinimumWidth(1)
        column.addWidget(self.head)
        self._stack = QStackedWidget()
        column.addWidget(self._stack, 1)

    @property
    def panel(self) -> PanelKind | None:
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
                self.head.row.insertWidget(self.head.row.count() - 1, beside)
                beside.installEventFilter(self)
        self._stack.setCurrentWidget(self.shown[identifier])
        for name, beside in self._controls.items():
            beside.setVisible(name == identifier)
        if self.choice is not None and self.menu is not None:
            self.choice.set_value(identifier)
            self.menu.set_value(identifier)
        self.value = identifier
        self._make_room()
        return True

    def resizeEvent(self, event: object) -> None:
        self._make_room()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # A panel shows other controls, or longer words.
        if event.type() == QEvent.Type.LayoutRequest:
            self._make_room()
        return super().eventFilter(watched, event)

    def _make_room(self) -> None:
        """Show buttons to choose by, or a list where there is no room for them."""
        if self.choice is None or self.menu is None:
            return
        row, beside = self.head.row, self._controls.get(self.value)
        margins, shown = row.contentsMargins(), [self.head.title, self.choice, self.save]
        needed = sum(one.sizeHint().width() for one in (*shown, *((beside,) if beside else ())))
        needed += margins.left() + margins.right() + row.spacing() * (len(shown) + 2)
        fits = needed <= self.width()
        self.choice.setVisible(fits)
        self.menu.setVisible(not fits)
