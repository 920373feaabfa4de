"""What a workspace plays that is not the run: the top bar's buttons, keys, counter and speed drive it meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget


@dataclass(frozen=True)
class TransportState:
    """What the top bar shows.

    Attributes
    ----------
    playing
        Whether it moves.
    obstacle
        Why it cannot, a sentence; empty if it can.
    step, total
        Where it stands, and how far it goes.
    at_start
        Nothing to go back to.
    speed, speed_text, speed_tip
        Index of the chosen speed, as shown, and what it means.
    granularity
        Key of what one step is; "" if there is nothing to choose.
    """

    playing: bool = False
    obstacle: str = ""
    step: int = 0
    total: int = 0
    at_start: bool = True
    speed: int = 0
    speed_text: str = ""
    speed_tip: str = ""
    granularity: str = ""


class Transport(QObject):
    """Base of what a workspace's widget has as ``transport``.

    The top bar does ``<prefix>.play``, ``.pause``, ``.step``, ``.step_back``, ``.reset`` (all without arguments),
    ``.speed value=<key>`` and ``.granularity value=<key>`` on the bus.

    Attributes
    ----------
    prefix
        Of its commands.
    speeds
        Keys from slow to fast.
    granularities
        Keys and titles of what one step may be.
    precision
        What its numbers are computed in.
    tips
        What play, step, step_back and reset do, by their names.

    Signals
    -------
    changed()
        `state` is another.
    counted()
        What the status bar tells of it is another.
    """

    changed = Signal()
    counted = Signal()
    prefix = ""
    precision = "float32"
    speeds: tuple[str, ...] = ()
    granularities: tuple[tuple[str, str], ...] = ()
    tips: dict[str, str] = {}  # noqa: RUF012 - each names its own

    @property
    def state(self) -> TransportState:
        """What is to be shown now."""
        raise NotImplementedError

    def chips(self) -> tuple[QWidget, ...]:
        """Return what stands beside the project's name instead of data and training."""
        return ()
