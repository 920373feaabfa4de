"""Questions about one weight over time, and about what each sample of the batch says of it. Answered in pieces."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from app.engine.questions import question
from core.runs.each_sample import SampleGradients, sample_gradients
from core.runs.story import Story, Teller, past

if TYPE_CHECKING:
    from app.engine.session import Session

#: A teller goes on where it ended, which spares replaying; one of a large network would hold too much memory.
_KEPT_BYTES = 64 * 1024**2
_tellers: WeakKeyDictionary[Session, Teller] = WeakKeyDictionary()


@question("story")
def story(
    session: Session, *, weight: str, cell: tuple[int, ...], known: str = "", until: int = 0
) -> Generator[float, None, Story]:
    """A weight's value, gradient and update in the steps of the run (`core.runs.story.Story`).

    Whoever has the story `until` a step, with the `known` name of its past, is told what follows, where that past is
    still the run's.
    """
    run = session.run
    teller = _tellers.get(session)
    if teller is None or teller.run is not run:
        teller = Teller(run)
    _tellers[session] = teller
    last = max(run.history.length, run.step_count)
    goes_on = bool(known) and run.base <= until <= last and past(run, until) == known
    found = yield from teller.tell(weight, tuple(cell), until if goes_on else None)
    if teller.nbytes > _KEPT_BYTES:
        _tellers.pop(session, None)
    return found


@question("sample_gradients")
def each_sample(
    session: Session, *, weight: str, cell: tuple[int, ...]
) -> Generator[float, None, SampleGradients]:
    """What every sample of the batch adds to a weight's gradient (`core.runs.each_sample.SampleGradients`)."""
    return (yield from sample_gradients(session.run, weight, tuple(cell)))
