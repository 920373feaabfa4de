"""The sweep of a learning-rate finder: a rate that grows by the same factor at every step."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from core import checked
from core.errors import SettingError

if TYPE_CHECKING:
    from core.runs.run import Run


#: Where a sweep begins and ends, in how many steps, and how often it is repeated, unless it is told. Command line and
#: window take them from here: the same project has to get the same answer.
START, END, STEPS, SWEEPS = 1e-7, 10.0, 100, 5


class Sweep(msgspec.Struct, frozen=True):
    """How the rate is raised.

    Attributes
    ----------
    start_rate, end_rate
        The first and the last rate; between them it grows geometrically.
    steps
        How many updates.
    smoothing
        Share of the past in the running mean of the losses, ``s <- smoothing s + (1 - smoothing) loss``, which is
        divided by ``1 - smoothing^n`` as Adam's averages are.
    stop_factor
        The sweep ends when the smoothed loss is this many times the least one so far.
    sweeps
        How often it is done, each time with the next seed: with other batches, other dropout, and other weights where
        they are drawn.
    """

    start_rate: float = START
    end_rate: float = END
    steps: int = STEPS
    smoothing: float = 0.9
    stop_factor: float = 4.0
    sweeps: int = SWEEPS

    def check(self) -> None:
        """Refuse what cannot be swept.

        Raises
        ------
        core.errors.SettingError
            A number is out of its range; `setting` is which.
        """
        for name in ("start_rate", "end_rate", "smoothing", "stop_factor"):
            value = getattr(self, name)
            if checked.finite(value) is None:
                raise SettingError(f"{name} must be a number; it is {value!r}.", name)
        if not 0 < self.start_rate < self.end_rate:
            raise SettingError(
                "The rates go up from start_rate, which is positive, to a larger end_rate; they are "
                f"{self.start_rate:g} and {self.end_rate:g}.",
                "start_rate",
            )
        whole = isinstance(self.steps, (int, np.integer)) and not isinstance(self.steps, bool)
        if not whole or not 10 <= self.steps <= 100_000:
            raise SettingError(
                f"A sweep has from 10 to 100,000 steps; steps is {self.steps!r}.", "steps"
            )
        whole = isinstance(self.sweeps, (int, np.integer)) and not isinstance(self.sweeps, bool)
        if not whole or not 1 <= self.sweeps <= 100:
            raise SettingError(
                f"A finder sweeps from 1 to 100 times; sweeps is {self.sweeps!r}.", "sweeps"
            )
        if not 0 <= self.smoothing < 1:
            raise SettingError(
                "smoothing is the share of the past in a running mean: at least 0 and less than 1 (0.9 is usual); "
                f"it is {self.smoothing:g}.",
                "smoothing",
            )
        if not self.stop_factor > 1:
            raise SettingError(
                f"stop_factor must be larger than 1; it is {self.stop_factor:g}.", "stop_factor"
            )

    def rates(self) -> np.ndarray:
        """The rate of every step, (steps,) in float64."""
        powers = np.arange(self.steps) / (self.steps - 1)
        return np.asarray(self.start_rate * (self.end_rate / self.start_rate) ** powers)


def smoothed(losses: np.ndarray, smoothing: float) -> np.ndarray:
    """Running mean of losses (steps,), corrected for its start at 0 as in Adam (Kingma and Ba 2015)."""
    found = np.zeros(len(losses))
    mean = 0.0
    for k, loss in enumerate(losses):
        mean = smoothing * mean + (1 - smoothing) * float(loss)
        found[k] = mean / (1 - smoothing ** (k + 1))
    return found


def sweep(
    run: Run, how: Sweep
) -> Generator[tuple[float, float, float], None, dict[str, list[float]]]:
    """Do the steps; yields (share done, rate, loss) and returns the rates and the losses.

    The loss of a step is that of its batch before the weights move, with the weights that all smaller rates have left.
    """
    rates: list[float] = []
    losses: list[float] = []
    mean, least = 0.0, np.inf
    for k, rate in enumerate(how.rates()):
        run.set("learning_rate", float(rate))
        run.advance(1)
        loss = float(run.program.mem[run.program.watch[0]])
        if run.divergence is not None or not np.isfinite(loss):
            break
        rates.append(float(rate))
        losses.append(loss)
        yield (k + 1) / how.steps, float(rate), loss
        mean = how.smoothing * mean + (1 - how.smoothing) * loss
        now = mean / (1 - how.smoothing ** (k + 1))
        # As in Gugger's finder: where the loss is several times the best one, larger rates only break it further.
        if now > how.stop_factor * least:
            break
        least = min(least, now)
    return {"rate": rates, "loss": losses}


def standing_still(run: Run, steps: int) -> Generator[float, None, list[float]]:
    """The losses of the same batches by weights that never move: how hard each batch is.

    `run` is to be a fresh one like that of the sweep: samples come in the same order, dropout drops the same units.
    Yields the share done.
    """
    run.set("learning_rate", 0.0)
    found: list[float] = []
    while len(found) < steps and run.advance(1):
        found.append(float(run.program.mem[run.program.watch[0]]))
        yield len(found) / steps
    return found
