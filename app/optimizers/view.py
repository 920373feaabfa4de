"""The workspace's widget: places for panels, as wide as the window allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.bus import CommandError
from app.optimizers import seeing
from app.optimizers.network_films import network_films
from app.optimizers.panels import PLACES, panels
from app.optimizers.racer_head import RacerHead
from app.optimizers.session import RaceSession
from app.optimizers.slice_map import SliceMap
from app.optimizers.solid import Solid
from app.optimizers.surface_map import SurfaceMapView
from app.optimizers.transport import RaceTransport
from app.spot import Spot
from app.text import number, tr
from app.widgets import Banner

if TYPE_CHECKING:
    from app.workspace import WindowContext

#: Widths of the places at the left and at the right, by how narrow the window is.
_LEFT, _RIGHT = (248, 224, 200), (360, 320, 280)
#: Height of the chart, likewise.
_CHART = (192, 176, 150)


class OptimizersView(QWidget):
    """See the module's text.

    Attributes
    ----------
    session
        What the panels share.
    transport
        What the top bar drives meanwhile.
    spots
        The places by name.
    """

    def __init__(self, context: WindowContext) -> None:
        super().__init__()
        self.setObjectName("optimizers")
        self.setAccessibleName(tr("Optimizers"))
        self._context = context
        self.session = RaceSession(context, self)
        self.transport = RaceTransport(self.session, self)
        self.transport.sharing.accept_drops(self)
        self.spots: dict[str, Spot] = {}
        self._level = 0
        seeing.offer(self.session)
        self._build()
        context.bus.register("race.view", self._do_view, label=tr("View"))
        for spot in self.spots.values():
            spot.wanted.connect(lambda value: context.do("race.view", value=value))
        ground = self.findChild(SurfaceMapView)
        if ground is not None:
            ground.freed.connect(self.transport.counted)
        self.session.paths_changed.connect(self._tell_problem)
        self.session.race_changed.connect(self._tell_problem)

    def _build(self) -> None:
        titles = {
            "racers": tr("Racers"),
            "stage": tr("Loss surface"),
            "terms": tr("Racer"),
            "chart": tr("By step"),
        }
        edges = {"racers": "r", "terms": "l", "chart": "t"}
        grounds = {"racers": "bg1", "terms": "bg1"}
        for place in PLACES:
            if found := panels(place):
                self.spots[place] = Spot(
                    self.session, found, f"race-{place}", titles[place], ground=grounds.get(place, "bg0"),
                    edges=edges.get(place, ""),
                )  # fmt: skip
                self.spots[place].save.hide()
        if "terms" in self.spots:
            self.racer_head = RacerHead(self.session, self.spots["terms"].head)
        self.notice = Banner(name="race-notice")
        self.notice.hide()
        left, upper, whole = QVBoxLayout(), QHBoxLayout(), QHBoxLayout(self)
        for layout in (upper, left, whole):
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(0)
        for place, stretch in (("racers", 0), ("stage", 1)):
            if place in self.spots:
                upper.addWidget(self.spots[place], stretch)
        left.addWidget(self.notice)
        left.addLayout(upper, 1)
        if "chart" in self.spots:
            left.addWidget(self.spots["chart"])
        whole.addLayout(left, 1)
        if "terms" in self.spots:
            whole.addWidget(self.spots["terms"])
        for spot in self.spots.values():
            spot.show_panel(spot.choices[0].id)
        self.set_compact(0)

    # -- the window's calls

    def activate(self) -> None:
        """Follow the engine while visible."""
        self.session.activate()

    def deactivate(self) -> None:
        """Cost nothing while hidden."""
        self.session.deactivate()

    def set_compact(self, level: int) -> None:
        """Give the surface room in small windows."""
        level = self._level = min(level, 2)
        self.transport.set_compact(level)
        for place, widths in (("racers", _LEFT), ("terms", _RIGHT)):
            if place in self.spots:
                self.spots[place].setFixedWidth(widths[level])
        if "chart" in self.spots:
            self.spots["chart"].setFixedHeight(_CHART[level])
        self._arrange()
        for spot in self.spots.values():
            for widget in spot.shown.values():
                compact = getattr(widget, "set_compact", None)
                if compact is not None:
                    compact(level)

    def status(self) -> list[tuple[str, str]]:
        """What the status bar counts here."""
        race, lead = self.session.race, self.session.lead
        if lead is not None:
            return [(tr("racers"), str(len(race.racers))), (tr("epochs"), number(lead.epochs))]
        found = [(tr("racers"), str(len(race.racers))), (tr("steps"), number(race.steps))]
        if self._level < 2 and self.session.surface is not None:
            found.append((tr("surface"), self.session.surface.title))
        return found

    def hint(self) -> tuple[tuple[str, str], ...]:
        """Keys of this workspace: those of what stands in the middle, where that has keys of its own."""
        stage = self.spots.get("stage")
        own = getattr(stage.shown.get(stage.value), "hint", None) if stage is not None else None
        if own is not None:
            found: tuple[tuple[str, str], ...] = own()
            return found
        ground = self.findChild(SurfaceMapView)
        moves = ((tr("Drag"), tr("move the map")),) if ground is not None and ground.is_free else ()
        return (
            *moves,
            (tr("Click"), tr("move the start")),
            (tr("Space"), tr("play")),
            (".", tr("step")),
            (",", tr("back")),
            ("R", tr("restart")),
        )

    def filmed(self) -> tuple[str, dict[str, Any]]:
        """Return the scene that films what is shown, and its switches.

        Under ``"of"`` stand toggles of single scenes, by the scene's name.
        """
        stage = self.spots.get("stage")
        panel = stage.value if stage is not None else ""
        scene = "race-3d" if panel == "solid" else "race"
        sight = Solid.of(self.session).filmed()
        of: dict[str, Any] = {"race": seeing.filmed(self.session), "race-3d": sight}
        films = network_films(self.session)
        if films is not None:
            of |= films.filmed(sight)
            if panel == "network":
                scene = films.scene
        return scene, {"racer": self.session.racer, "of": of}

    def found(self) -> dict[str, dict[str, Any]]:
        """Return by scene what is known already of what films of the network show."""
        films = network_films(self.session)
        picture = self.findChild(SliceMap)
        relief = picture.whole_relief if picture is not None else None
        return films.found(relief) if films is not None else {}

    # -- panels

    def _do_view(self, value: str) -> None:
        for spot in self.spots.values():
            if spot.show_panel(value):
                self._arrange()
                self._name_stage()
                widget: Any = spot.shown[value]
                compact = getattr(widget, "set_compact", None)
                if compact is not None:
                    compact(self._level)
                self.transport.counted.emit()  # keys and numbers below are those of what is shown
                return
        raise CommandError(tr("There is no view called {name!r} in Optimizers.", name=value))

    def _name_stage(self) -> None:
        """Say in the head of the middle what it shows: its title there is that of the surface."""
        stage = self.spots["stage"]
        panel = stage.panel
        surface = panel is None or panel.id in ("surface", "solid")
        stage.head.title.setText(tr("Loss surface") if surface or panel is None else panel.title)

    def _arrange(self) -> None:
        """Hide the places that a panel wants the room of."""
        hidden = {
            name
            for spot in self.spots.values()
            if spot.panel is not None
            for name in spot.panel.hides
        }
        for name, spot in self.spots.items():
            spot.setVisible(name not in hidden)

    def _tell_problem(self) -> None:
        session = self.session
        if session.problem and session.answer is None:
            self.notice.show_message(session.problem)
        else:
            self.notice.hide()
