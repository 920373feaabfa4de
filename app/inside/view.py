"""The workspace's widget: places for panels, as wide as the window allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.bus import CommandError
from app.engine.questions.inside import NOT_FINITE
from app.inside.panels import PLACES, panels
from app.inside.save_menu import SaveMenu
from app.inside.session import InsideSession
from app.spot import Spot
from app.text import tr
from app.widgets import Banner, Button

if TYPE_CHECKING:
    from app.workspace import WindowContext

#: Widths of the places at the left and at the right, by how narrow the window is.
_LEFT, _RIGHT = (248, 224, 200), (360, 320, 280)
#: Height of what stands below the rows, and along the bottom.
_BELOW, _BOTTOM = 322, 132
#: From so many milliseconds on it is said that the engine is being prepared.
_SLOW = 500


class InsideView(QWidget):
    """See the module's text.

    Attributes
    ----------
    session
        What the panels share.
    spots
        The places by name; those without panels are not there.
    """

    def __init__(self, context: WindowContext) -> None:
        super().__init__()
        self.setObjectName("inside")
        self.setAccessibleName(tr("Look inside"))
        self._context = context
        self.session = InsideSession(context, self)
        self.spots: dict[str, Spot] = {}
        self._level = 0
        self._prepared = False
        #: Whether small windows have the checkpoints where the close-up stands.
        self._scrubs = False
        self.swaps: dict[str, Button] = {}
        self._build()
        bus = context.bus
        if not bus.knows("inside.view"):
            bus.register("inside.view", self._do_view, label=tr("View"))
        for spot in self.spots.values():
            spot.wanted.connect(lambda value: context.do("inside.view", value=value))
        self.saving = SaveMenu(self)
        self.session.looked.connect(self._tell_problem)
        self.session.network_changed.connect(self._tell_problem)
        # Most edits are prepared in no time: nothing is said of those.
        self._slow = QTimer(self)
        self._slow.setSingleShot(True)
        self._slow.setInterval(_SLOW)
        self._slow.timeout.connect(self._tell_problem)
        context.engine.state_changed.connect(self._on_state)

    def _build(self) -> None:
        titles = {
            "input": tr("Input"), "rows": tr("Layers"), "below": tr("Close-up"), "right": tr("Attribution"),
            "bottom": tr("Checkpoints"),
        }  # fmt: skip
        edges = {"input": "r", "below": "t", "right": "l", "bottom": "t"}
        grounds = {"right": "bg1", "input": "bg1"}
        for place in PLACES:
            if found := panels(place):
                self.spots[place] = Spot(
                    self.session, found, f"inside-{place}", titles[place], ground=grounds.get(place, "bg0"),
                    edges=edges.get(place, ""),
                )  # fmt: skip
        self.notice = Banner(name="inside-notice")
        self.notice.hide()
        upper = QHBoxLayout()
        middle = QVBoxLayout()
        whole = QHBoxLayout(self)
        for layout in (upper, middle, whole):
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(0)
        for place, stretch in (("input", 0), ("rows", 1)):
            if place in self.spots:
                upper.addWidget(self.spots[place], stretch)
        middle.addWidget(self.notice)
        middle.addLayout(upper, 1)
        for place in ("below", "bottom"):
            if place in self.spots:
                middle.addWidget(self.spots[place])
        whole.addLayout(middle, 1)
        if "right" in self.spots:
            whole.addWidget(self.spots["right"])
        for spot in self.spots.values():
            spot.show_panel(spot.choices[0].id)
        if "bottom" in self.spots:
            self.spots["bottom"].head.subtitle.setText(
                tr("scrub to see the same input through an earlier network")
            )
            self._build_swaps()
        self.set_compact(0)

    def _build_swaps(self) -> None:
        """In small windows a button each: the checkpoints instead of the close-up, and back."""
        for place, value, icon, words in (
            ("below", "checkpoints", "clock", tr("Checkpoints: the same input through an earlier network")),
            ("bottom", "", "conv", tr("Back to the close-up")),
        ):  # fmt: skip
            button = Button(name=f"inside-{place}-swap", kind="ghost", icon=icon)
            button.setAccessibleName(words)
            button.setToolTip(words)
            button.clicked.connect(
                lambda _=False, value=value: self._context.do(
                    "inside.view", value=value or self.spots["below"].value
                )
            )
            row = self.spots[place].head.row
            row.insertWidget(row.count() - 1, button)
            self.swaps[place] = button

    # -- the window's calls

    def activate(self) -> None:
        """Follow the engine while visible."""
        self.session.activate()

    def deactivate(self) -> None:
        """Cost nothing while hidden."""
        self.session.deactivate()

    def set_compact(self, level: int) -> None:
        """Give the maps room in small windows."""
        level = self._level = min(level, 2)
        for place, widths in (("input", _LEFT), ("right", _RIGHT)):
            if place in self.spots:
                self.spots[place].setFixedWidth(widths[level])
        if "below" in self.spots:
            self.spots["below"].setFixedHeight(_BELOW if level < 2 else 236)
        if "bottom" in self.spots:
            self.spots["bottom"].setFixedHeight(_BOTTOM)
        self._arrange()
        for spot in self.spots.values():
            for widget in spot.shown.values():
                compact = getattr(widget, "set_compact", None)
                if compact is not None:
                    compact(level)

    def hidden(self) -> frozenset[str]:
        """Places whose room another panel has, or for which the window is too small."""
        small = {"below"} if self._scrubs else {"bottom"}
        found: set[str] = small if self._level == 2 else set()
        for place, spot in self.spots.items():
            if place not in found and spot.panel is not None:
                found |= set(spot.panel.hides) - {place}
        return frozenset(found)

    def _arrange(self) -> None:
        """Show the places that have room."""
        hidden = self.hidden()
        for place, spot in self.spots.items():
            spot.setVisible(place not in hidden)
        for button in self.swaps.values():
            button.setVisible(self._level == 2)

    def filmed(self) -> tuple[str, dict[str, Any]]:
        """Return the scene that films what is shown, and its switches."""
        from app.inside.filming import filmed

        return filmed(self)

    def hint(self) -> tuple[tuple[str, str], ...]:
        """Keys for the status bar: those of a panel that has keys of its own."""
        rows = self.spots.get("rows")
        own = getattr(rows.shown.get(rows.value), "hint", None) if rows is not None else None
        if own is not None:
            found: tuple[tuple[str, str], ...] = own()
            return found
        return (("← →", tr("move window")), ("[ ]", tr("filter")))

    # -- reactions

    def _do_view(self, value: str) -> None:
        place = next((p for p, spot in self.spots.items() if spot.show_panel(value)), None)
        if place is None:
            known = ", ".join(one.id for spot in self.spots.values() for one in spot.choices)
            raise CommandError(
                tr("There is no view {name}; there are {known}.", name=repr(value), known=known)
            )
        if place in ("below", "bottom"):
            self._scrubs = place == "bottom"
        # What has its room gives it back.
        for other, spot in self.spots.items():
            if other != place and spot.panel is not None and place in spot.panel.hides:
                spot.show_panel(next(one.id for one in spot.choices if place not in one.hides))
        self._arrange()

    @property
    def _prepares(self) -> bool:
        return self._context.engine.state.status == "starting"

    @Slot(object)
    def _on_state(self, _state: Any) -> None:
        if self._prepares != self._prepared:
            self._prepared = self._prepares
            if self._prepares:
                self._slow.start()
            self._tell_problem()

    @Slot()
    def _tell_problem(self) -> None:
        session = self.session
        problem = session.blocked or session.problem or ("" if session.sound else NOT_FINITE)
        if not problem and self._prepares and not self._slow.isActive():
            problem = tr("The engine is being prepared for this network.")
        if not session.input_shape:
            problem = tr("Look inside needs a network with one input. Choose one in Build.")
        if problem:
            self.notice.show_message(problem)
        else:
            self.notice.hide()
