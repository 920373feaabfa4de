"""The race in the top bar: play, step, speed, the counter, and chips that say what is raced from where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.optimizers.chip_fitting import ChipFitting
from app.optimizers.session import SPEEDS, RaceSession
from app.optimizers.sharing import Sharing
from app.optimizers.start_form import StartForm
from app.optimizers.surface_cards import SurfaceCards
from app.scenes.race_caption_parts import n
from app.text import tr
from app.transport import Transport, TransportState
from app.widgets import Chip

if TYPE_CHECKING:
    from app.widgets.chip import Part


class RaceTransport(Transport):
    """See the module's text.

    Parameters
    ----------
    session
        What is driven.
    """

    prefix = "race"
    speeds = tuple(SPEEDS)
    granularities = (("step", tr("Step")), ("term", tr("Term")))
    tips = {  # noqa: RUF012
        "play": tr("Let all racers run"), "step": tr("All racers take one step"),
        "step_back": tr("All racers go one step back"), "reset": tr("Back to the start"),
    }  # fmt: skip

    def __init__(self, session: RaceSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        #: Epochs of the race on the network, and how it is shown: its keys hang on that.
        self._led: tuple[int, object] = (0, None)
        #: Surface and start that the chips show, or None while they show something else.
        self._shown: tuple[object, ...] | None = None
        #: What was counted last.
        self._counts: tuple[object, ...] = ()
        self.surface = Chip(
            name="race-surface-chip",
            label=tr("Surface"),
            editor=lambda anchor: SurfaceCards(anchor, session),
        )
        self.start = Chip(
            name="race-start-chip", label=tr("Start and minimum"),
            editor=lambda anchor: StartForm(anchor, session),
        )  # fmt: skip
        self._fitting = ChipFitting((self.surface, self.start), self)
        self.sharing = Sharing(session, self)
        for signal in (session.race_changed, session.paths_changed):
            signal.connect(self._show_race)
            signal.connect(self._count)
        for signal in (
            session.playing_changed,
            session.paths_changed,
            session.race_changed,
            session.lead_changed,
        ):
            signal.connect(self.changed)
        session.moved.connect(self._follow_time)
        session.lead_changed.connect(self._show_race)
        self._show_race()

    @property
    def precision(self) -> str:  # type: ignore[override]
        """Surfaces are computed in float64, networks as everywhere."""
        return "float64" if self._session.lead is None else "float32"

    @property
    def state(self) -> TransportState:
        session = self._session
        speed_tip = tr("Play goes {speed} steps a second", speed=f"{SPEEDS[session.speed]:g}")
        if (lead := session.lead) is not None:
            return TransportState(
                playing=lead.playing, obstacle=lead.obstacle, step=lead.step, total=lead.total,
                at_start=lead.time == 0, speed=list(SPEEDS).index(session.speed), speed_text=session.speed,
                speed_tip=speed_tip,
            )  # fmt: skip
        obstacle = ""
        if not session.race.racers:
            obstacle = tr("There is nobody in the race. Add a racer first.")
        elif session.answer is None:
            obstacle = session.problem or tr("The race is being computed.")
        return TransportState(
            playing=session.playing, obstacle=obstacle, step=session.step, total=session.total,
            at_start=session.time == 0 and not session.term, speed=list(SPEEDS).index(session.speed),
            speed_text=session.speed, granularity=session.granularity,
            speed_tip=speed_tip,
        )  # fmt: skip

    def chips(self) -> tuple[QWidget, ...]:
        return (self.surface, self.start, self.sharing.button)

    def set_compact(self, level: int) -> None:
        """Leave out words a narrow window has no room for."""
        self.sharing.button.set_label("" if level >= 1 else tr("Share"))

    def _count(self) -> None:
        """Tell that what is counted is another: how many racers and steps, and on what; not where they begin."""
        race, answer = self._session.race, self._session.answer
        raced = None if answer is None else answer.race.surface
        counts = (len(race.racers), race.steps, race.surface, raced)
        if counts != self._counts:
            self._counts = counts
            self.counted.emit()

    def _follow_time(self) -> None:
        if self._session.due(0):
            self.changed.emit()

    def _show_race(self) -> None:
        session = self._session
        if session.lead is not None:
            self._shown = None
            what, whence = session.lead.chips()
            self.surface.set_parts(what, [what[:1]])
            self.start.set_parts(whence, [whence[-1:]])
            self.surface.setToolTip(tr("{words}. Choose what is raced on.", words=_words(what)))
            self.start.setToolTip(_words(whence))
            self._fitting.set_ways([(0, 0), (1, 0), (1, 1)])
            led = (session.lead.epochs, session.toggles.get("network_view"))
            if led != self._led:
                self._led = led
                self.counted.emit()
            return
        shown = (session.race.surface, session.race.start, session.surface)
        if shown == self._shown:
            return
        self._shown = shown
        self._show_surface()
        self._show_start()
        # The letters give way first. If that is not enough, the minimum does, and they come back; at last the word
        # "start" goes, and the third figure of its numbers.
        ways = [(0, 0), (1, 0), (0, 1), (1, 1), (1, 2)]
        if session.race.surface.get("kind") == "formula":
            # A formula that is cut would be another one.
            ways += [(2, 1), (2, 2), (2, 3)]
        else:
            ways += [(1, 3)]
        self._fitting.set_ways(ways)

    def _show_surface(self) -> None:
        surface = self._session.surface
        if surface is None:
            kind = str(self._session.race.surface.get("kind", ""))
            self.surface.set_parts([(kind, "label", "tx")], [[(kind, "label", "tx")]] * 2)
            self.surface.setToolTip(tr("Choose what is raced on"))
            return
        letters = f"f({', '.join(surface.variables)})"
        title: Part = (surface.title, "label", "tx")
        self.surface.set_parts(
            [title, (letters, "value", "tx2")], [[title], [(letters, "value", "tx")]]
        )
        formula = f"{letters} = {surface.text}"
        self.surface.setToolTip(
            tr("{formula}. Choose what is raced on.", formula=formula) if surface.title == surface.text
            else tr("{title}, {formula}. Choose what is raced on.", title=surface.title, formula=formula)
        )  # fmt: skip

    def _show_start(self) -> None:
        surface = self._session.surface
        start: tuple[float, ...] = self._session.race.start
        if surface is not None:
            start = start[: len(surface.variables)]
        # A word and its numbers are one part: where there is no room for them both give way.
        parts: list[Part] = [(tr("start {point}", point=_pair(start)), "value", "tx")]
        rounded = tuple(float(f"{one:.2g}") for one in start)
        shorter = [list(parts), *([(_pair(point), "value", "tx")] for point in (start, rounded))]
        if surface is not None and surface.minima:
            minima = [_pair(one[: len(surface.variables)]) for one in surface.minima]
            if len(minima) > 1:
                words = tr("minimum {point}, one of {count}", point=minima[0], count=len(minima))
                told = tr("All racers begin at {start}. The minima are at {minima}.",
                          start=_pair(start), minima=", ".join(minima))  # fmt: skip
            else:
                words = tr("minimum {point}", point=minima[0])
                told = tr("All racers begin at {start}. The minimum is at {minimum}.",
                          start=_pair(start), minimum=minima[0])  # fmt: skip
            parts.append((words, "value", "tx2"))
            self.start.setToolTip(told)
        else:
            self.start.setToolTip(tr("All racers begin at {start}.", start=_pair(start)))
        self.start.set_parts(parts, shorter)


def _words(parts: list[Part]) -> str:
    return " ".join(text for text, _, _ in parts)


def _pair(point: tuple[float, ...]) -> str:
    if len(point) == 1:
        return n(float(point[0]))
    return f"({', '.join(n(float(one)) for one in point)})"
