"""Slow motion: one step that the engine has taken, shown layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.engine.state import SECONDS_PER_LAYER
from app.scenes.frame import Phase

if TYPE_CHECKING:
    from app.snapshots import Snapshot


@dataclass(frozen=True)
class Motion:
    """What to paint now: two real snapshots one step apart, and where the signal is between them.

    Attributes
    ----------
    before, after
        States before and after the step; equal, or `before` None, when nothing moves.
    alpha
        0 to 1, how much of the step was shown.
    phase
        The travelling signal; None when nothing moves.
    newest
        The newest snapshot: ahead of `after` while training goes on and one of its steps is shown.
    """

    before: Snapshot | None = None
    after: Snapshot | None = None
    alpha: float = 1.0
    phase: Phase | None = None
    newest: Snapshot | None = None


class SlowMotion:
    """The hand of the clock inside one step: forward, backward, update.

    Parameters
    ----------
    hops
        Connections a signal crosses from the first layer to the last.
    """

    def __init__(self, hops: int = 1) -> None:
        self.hops = max(1, hops)
        self.still = False
        self._place = 0.0
        self._before: Snapshot | None = None
        self._after: Snapshot | None = None

    @property
    def length(self) -> float:
        """Phases of one step: every hop forwards, every hop backwards, and the update."""
        return 2.0 * self.hops + 1.0

    @property
    def shown(self) -> Snapshot | None:
        """The step being shown, or shown last."""
        return self._after

    @property
    def moving(self) -> bool:
        """Whether a step is being shown."""
        return self._after is not None and self._place < self.length

    def show(self, before: Snapshot | None, after: Snapshot) -> None:
        """Begin to show a step from its beginning."""
        self._before, self._after, self._place = before, after, 0.0

    def stop(self) -> None:
        """Jump to the end of the step."""
        self._place = self.length

    def advance(self, seconds: float, rate: float) -> bool:
        """Move on at ``rate`` times 600 ms a layer; return True when the step has been shown."""
        if not self.moving:
            return True
        self._place = min(self.length, self._place + seconds * rate / SECONDS_PER_LAYER)
        return not self.moving

    def motion(self, newest: Snapshot | None) -> Motion:
        """Return what to paint, given the newest snapshot for when nothing moves."""
        if not self.moving:
            return Motion(None, newest, 1.0, None, newest)
        return Motion(self._before, self._after, self._place / self.length, self.phase(), newest)

    def phase(self) -> Phase:
        """Return where the signal is."""
        if self._place < self.hops:
            return Phase("forward", self._place, self.still)
        if self._place < 2 * self.hops:
            return Phase("backward", self._place - self.hops, self.still)
        return Phase("update", min(1.0, self._place - 2 * self.hops), self.still)


def phases(hops: int) -> float:
    """Return how many phases a step of a network with that many hops has."""
    return 2.0 * max(1, hops) + 1.0


def phase_at(hops: int, share: float, *, still: bool = False) -> Phase:
    """Return the phase after ``share`` (0 to 1) of a step: what a film uses instead of a clock."""
    slow = SlowMotion(hops)
    slow.still = still
    slow._place = share * slow.length
    return slow.phase()
