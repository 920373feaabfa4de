"""What the engine says of an effect: the races that it compares, and the maps that they are shown on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from app.bus import CommandError
from app.engine.questions.racing import RaceAnswer
from app.engine.state import RACES_PREPARING
from app.optimizers.effects import EFFECTS, Effect, Outcome, Variant, measured
from app.scenes.race_map_layout import Viewport, fitted, fitted_curve
from app.text import tr
from core.landscape.race import new_racer

if TYPE_CHECKING:
    from app.engine.questions.mapping import SurfaceMap
    from app.optimizers.session import RaceSession

#: Begins how the engine knows whose questions these are: none of these takes the place of another.
_OWNER = "effects"
#: Around paths that are shown as large as there is room for, so much of their extent is left free.
_FREE = 0.18


def check_effect(value: Any) -> None:
    """Refuse what is no effect."""
    known = [one.name for one in EFFECTS.all()]
    if value not in known:
        raise CommandError(
            tr("There is no effect {name}; there are {known}.", name=repr(value), known=", ".join(known))
        )  # fmt: skip


class Comparing(QObject):
    """See the module's text. It works while `active`.

    Parameters
    ----------
    session
        Whose race and racer it is about.

    Attributes
    ----------
    outcomes
        How the races went, in the order of the variants; empty before that is known.
    problem
        Why there are none; a sentence.

    Signals
    -------
    changed()
        `outcomes` or `problem` are new.
    mapped()
        A map is new.
    progressed()
        `share` is another.
    """

    changed = Signal()
    mapped = Signal()
    progressed = Signal()

    def __init__(self, session: RaceSession) -> None:
        super().__init__(session)
        self._session = session
        self._engine = session.context.engine
        self.active = False
        self.outcomes: tuple[Outcome, ...] = ()
        self.problem = ""
        self.shown = ""
        self._variants: tuple[Variant, ...] = ()
        self._asked: Any = None
        self._answers: dict[str, RaceAnswer] = {}
        self._tickets: dict[str, int] = {}
        self._again = self._waiting = False
        self._maps: dict[str, tuple[Any, SurfaceMap]] = {}
        self._wanted: dict[str, Any] = {}
        session.offer("effect", EFFECTS.all()[0].name, check_effect)
        session.race_changed.connect(self.follow)
        session.chosen.connect(self.follow)
        session.context.document.opened.connect(self._on_opened)
        #: How much of the races is computed, 0 to 1; None if nothing is being computed.
        self.share: float | None = None
        self._shares: dict[int, float] = {}
        self._engine.progressed.connect(self._on_progress)
        self._engine.prepared.connect(self._retry)
        self._engine.state_changed.connect(self._retry)

    @property
    def effect(self) -> Effect:
        """The effect that is looked at."""
        return EFFECTS.get(self._session.toggles["effect"])

    @property
    def busy(self) -> bool:
        """Whether races are being computed."""
        return bool(self._tickets)

    def set_active(self, active: bool) -> None:
        """Begin to follow the race, or stop: hidden panels cost nothing."""
        self.active = active
        if active:
            self.follow()
        else:
            self._leave_off()
            self._asked = None

    # -- races

    @Slot()
    def follow(self) -> None:
        """Ask for the races of the effect, of the race and of the racer as they are now, if they are others."""
        if not self.active:
            return
        race, effect = self._session.race, self.effect
        racer = race.racer(self._session.racer) or new_racer(race, "adam")
        key = (effect.name, race, racer)
        if key == self._asked:
            return
        if effect.name != self.shown:
            # Those of another effect are not worth waiting for.
            self._leave_off()
            self.shown, self.outcomes, self.problem = effect.name, (), ""
            self.changed.emit()
        if self._tickets:
            # While something is dragged the newest counts, and what is nearly done is shown.
            self._again = True
            return
        self._asked, self._again, self._waiting = key, False, False
        self._variants, self._answers = effect.variants(race, racer), {}
        for place, ground in enumerate(dict.fromkeys(one.ground for one in self._variants)):
            on_it = tuple(one for one in self._variants if one.ground == ground)
            joint = msgspec.structs.replace(on_it[0].race, racers=tuple(one.racer for one in on_it))
            self._tickets[ground] = self._engine.ask(
                "race", race=joint, asker=f"{_OWNER}-{place}",
                done=partial(self._on_answer, ground), failed=self._on_failure,
            )  # fmt: skip

    @Slot(int, float)
    def _on_progress(self, ticket: int, share: float) -> None:
        if ticket in self._tickets.values():
            self._shares[ticket] = share
            self._tell_share()

    def _tell_share(self) -> None:
        grounds = len(self._tickets) + len(self._answers)
        under_way = sum(self._shares.get(ticket, 0.0) for ticket in self._tickets.values())
        self.share = (len(self._answers) + under_way) / grounds if self._tickets else None
        self.progressed.emit()

    def _on_answer(self, ground: str, answer: RaceAnswer) -> None:
        self._shares.pop(self._tickets.pop(ground, 0), None)
        self._answers[ground] = answer
        self._tell_share()
        if self._tickets:
            return
        self.outcomes = measured(self._variants, self._answers)
        self.problem = ""
        self.changed.emit()
        if self._again:
            self.follow()

    def _on_failure(self, sentence: str) -> None:
        again = self._again
        self._leave_off()
        self._waiting = sentence == RACES_PREPARING
        self.outcomes, self.problem = (), sentence
        self.changed.emit()
        if again:
            self._asked = None
            self.follow()

    @Slot()
    def _on_opened(self) -> None:
        """Nobody answers what was asked while another project was open."""
        self._leave_off()
        self._asked, self._wanted = None, {}
        self.follow()

    def _leave_off(self) -> None:
        for ticket in self._tickets.values():
            self._engine.cancel(ticket)
        self._tickets, self._shares, self._again = {}, {}, False
        self._tell_share()

    @Slot()
    def _retry(self) -> None:
        if self._waiting and self.active:
            self._asked = None
            self.follow()

    # -- maps

    def view(self, one: Outcome, w: float, h: float) -> Viewport:
        """Return which part of its surface a race is shown on, on so many pixels."""
        if len(one.surface.variables) == 1:
            found = self.map_of(one)
            heights = None if found is None else found.curve
            return fitted_curve(one.surface.domain[0], heights, 0.0, 0.0, w, h)
        if self.effect.close:
            return self._close(one, w, h)
        if self.effect.even:
            (x0, x1), (y0, y1) = one.surface.domain
            unit = max((x1 - x0) / w, (y1 - y0) / h)
            return Viewport(
                _around((x0 + x1) / 2, unit * w), _around((y0 + y1) / 2, unit * h), 0.0, 0.0, w, h
            )
        return fitted(one.surface, 0.0, 0.0, w, h)

    def _close(self, one: Outcome, w: float, h: float) -> Viewport:
        import numpy as np

        (x0, x1), (y0, y1) = one.surface.domain
        points = np.concatenate(
            [other.path.positions for other in self.outcomes if other.variant.ground == one.variant.ground]
        )  # fmt: skip
        wide, high = x1 - x0, y1 - y0
        near = np.isfinite(points).all(axis=1)
        near &= (np.abs(points - [(x0 + x1) / 2, (y0 + y1) / 2]) <= [wide, high]).all(axis=1)
        if not near.any():
            return fitted(one.surface, 0.0, 0.0, w, h)
        low, top = points[near].min(axis=0), points[near].max(axis=0)
        middle = (low + top) / 2
        half = np.maximum((top - low) * (0.5 + _FREE), np.array([wide, high]) / 200)
        # As long in both directions: steps are compared.
        unit = max(half[0] / w, half[1] / h)
        x, y = middle.tolist()
        return Viewport(_around(x, 2 * unit * w), _around(y, 2 * unit * h), 0.0, 0.0, w, h)

    def map_of(self, one: Outcome) -> SurfaceMap | None:
        """Return the map of its surface that is known."""
        found = self._maps.get(one.variant.ground)
        return None if found is None else found[1]

    def want_maps(self, w: int, h: int, scale: float) -> None:
        """Ask for maps on so many pixels, `scale` of which are one of the screen's units, where there are none."""
        seen: set[str] = set()
        for one in self.outcomes:
            ground = one.variant.ground
            if ground in seen:
                continue
            seen.add(ground)
            view = self.view(one, w, h)
            # Of a curve the heights are what is asked for.
            down = (0.0, 1.0) if len(one.surface.variables) == 1 else view.down
            key = (one.surface.to_document(), view.across, down, w, h, scale)
            asker, known = f"{_OWNER}-{len(seen)}", self._maps.get(ground)
            if (known is not None and known[0] == key) or self._wanted.get(asker) == (ground, key):
                continue
            # What the same asker wanted before is not answered any more.
            self._wanted[asker] = (ground, key)
            self._engine.ask(
                "surface_map", asker=asker, surface=key[0], across=key[1], down=down,
                width=round(w * scale), height=round(h * scale), scale=scale,
                done=partial(self._on_map, asker, ground, key), failed=partial(self._on_no_map, asker),
            )  # fmt: skip
        for ground in [ground for ground in self._maps if ground not in seen]:
            del self._maps[ground]

    def _on_map(self, asker: str, ground: str, key: Any, found: SurfaceMap) -> None:
        if self._wanted.get(asker) == (ground, key):
            del self._wanted[asker]
            self._maps[ground] = (key, found)
            self.mapped.emit()

    def _on_no_map(self, asker: str, sentence: str) -> None:
        # The paths are shown on the bare ground; whoever asks again asks for another part.
        self._wanted.pop(asker, None)


def _around(middle: float, extent: float) -> tuple[float, float]:
    return float(middle - extent / 2), float(middle + extent / 2)
