"""What is to be seen of the racer that is looked at: its next update, and how far that has been gone through."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from app.bus import CommandError
from app.scenes.race_arrows import ARROWS, SQUARES, TO_SCALE, between
from app.scenes.race_terms import Picture, picture
from app.scenes.race_update import STEP, Update, terms_of
from app.text import tr

if TYPE_CHECKING:
    from app.optimizers.session import RaceSession

#: Switches of ``race.show`` besides those of the arrows: which term and which axis are written out with numbers.
TERM, ALONG = "term", "axis"
_OFFERED = {ARROWS: True, TO_SCALE: False, SQUARES: False}
_AXES = ("first", "second")


def offer(session: RaceSession) -> None:
    """Offer the switches, and count the terms of the racer that is looked at."""
    for name, value in _OFFERED.items():
        session.offer(name, value)

    def check_term(value: object) -> None:
        racer = session.race.racer(session.racer)
        known = [] if racer is None else [one.name for one in terms_of(racer)]
        if value not in known:
            raise CommandError(
                tr("This racer's update has no term called {name!r}. It has {known}.", name=value,
                   known=", ".join(known))
            )  # fmt: skip

    def check_axis(value: object) -> None:
        if value not in _AXES:
            raise CommandError(
                tr("There are a first and a second axis; {value!r} is neither.", value=value)
            )

    session.offer(TERM, STEP, check_term)
    session.offer(ALONG, _AXES[0], check_axis)
    session.count_terms(lambda: term_count(session))


def axis_of(session: RaceSession) -> int:
    """Return the axis whose numbers are written out."""
    surface = session.surface
    if surface is None or len(surface.variables) < 2:
        return 0
    return _AXES.index(str(session.toggles.get(ALONG, _AXES[0])))


def marked(session: RaceSession, update: Update) -> str:
    """Return the name of the term that is written out: the one that has come, or the one that was chosen."""
    shown = revealed(session)
    if shown is not None:
        return update.terms[min(shown, len(update.terms) - 1)].name
    chosen = str(session.toggles.get(TERM, STEP))
    return chosen if update.term(chosen) is not None else STEP


def choose(session: RaceSession, place: int, axis: int | None = None) -> None:
    """Write out another term, or another axis of it; where terms are gone through, go to it."""
    racer = session.race.racer(session.racer)
    if racer is None:
        return
    do, terms = session.context.do, terms_of(racer)
    place = min(max(place, 0), len(terms) - 1)
    if revealed(session) is None:
        do("race.show", name=TERM, value=terms[place].name)
    elif place < len(terms) - 1:
        do("race.seek", step=session.step, term=place)
    elif session.step < session.total:
        # Where it goes is where the next update begins.
        do("race.seek", step=session.step + 1)
    if axis is not None:
        do("race.show", name=ALONG, value=_AXES[axis])


def term_count(session: RaceSession) -> int:
    """Return of how many terms the update is made; the last one is where the next begins."""
    racer = session.race.racer(session.racer)
    return 0 if racer is None else len(terms_of(racer)) - 1


#: The update that was asked for last, by session: several panels ask for the same one at every moment.
_last: WeakKeyDictionary[RaceSession, Update] = WeakKeyDictionary()


def update_of(session: RaceSession, step: int | None = None) -> Update | None:
    """Return the update after so many steps (by default where the race stands), or None: nothing is computed yet."""
    chosen, surface = session.racer, session.surface
    found = next(((one, path) for one, path in session.racers if one.id == chosen), None)
    if found is None or surface is None:
        return None
    racer, path = found
    at = min(session.step if step is None else step, len(path.positions) - 1)
    known = _last.get(session)
    if known is None or not known.is_of(racer, path, at, surface.variables):
        known = Update(racer, path, at, surface.variables)
        if step is None:
            _last[session] = known
    return known


def revealed(session: RaceSession) -> int | None:
    """Return how many terms have been gone through, or None where whole steps are taken: all of them."""
    by_terms = session.granularity == "term" or session.term > 0
    return (
        min(session.term, max(term_count(session) - 1, 0))
        if by_terms and not session.playing
        else None
    )


def filmed(session: RaceSession) -> dict[str, bool]:
    """Return the switches of the arrows as they are, for a film."""
    return {name: bool(session.toggles.get(name, value)) for name, value in _OFFERED.items()}


def picture_of(session: RaceSession) -> Picture | None:
    """Return what the map shows at the racer that is looked at; None if nothing.

    Its `point` is between two places while the race moves.
    """
    if not session.toggles.get(ARROWS, True):
        return None
    update = update_of(session)
    if update is None:
        return None
    shown = revealed(session)
    return picture(
        update, shown, at=between(update, session.time - session.step),
        to_scale=bool(session.toggles.get(TO_SCALE, False)),
        # Gone through term by term, they are what it is about.
        squares=bool(session.toggles.get(SQUARES, False)) or shown is not None,
    )  # fmt: skip
