"""Whether training in the window takes a second thread: on two processors the other one has a window to paint."""

from __future__ import annotations


def threads(mode: str, processors: int, most: int) -> int:
    """Return how many threads may take part in a slice at a speed of this mode (`app.engine.state.Speed`).

    With two processors the second thread rests while steps are shown at a given speed: they are done in time anyway. At
    full speed, and where there are more processors, it may take part; whether that makes steps faster, painting
    included, is found out while training (`core.tape.trial`). All ways make the same bits.

    Parameters
    ----------
    processors, most
        How many there are, and how many threads share a step at most.
    """
    return most if processors > 2 or mode == "max" else 1
