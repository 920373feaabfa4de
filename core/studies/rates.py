"""The learning-rate finder: which rates make the loss fall.

Sources: Smith 2017, "Cyclical Learning Rates for Training Neural Networks" (the range test, first in 2015); Gugger
2018, "How Do You Find A Good Learning Rate" (rates that grow geometrically, the smoothed loss, where to stop).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import msgspec
import numpy as np

from core.errors import ChainruleError
from core.studies.crew import Crew
from core.studies.job import Job, Outcome
from core.studies.study import Study
from core.studies.subject import Subject
from core.studies.sweep import Sweep, smoothed

#: Fewer points than this say nothing about where the loss falls.
_FEWEST = 8


@dataclass(frozen=True, eq=False)
class Rates:
    """What a sweep found.

    Attributes
    ----------
    rates, losses, smoothed_losses
        By step, (steps,): the rate, the loss of the batch before that step, and its running mean.
    suggestion
        The rate at which the loss falls most steeply over the logarithm of the rate, before the smoothed loss is
        least; None if it never falls. The slope is that of the straight line through neighbouring steps (least
        squares): a running mean lags behind, which would suggest too large a rate.
    lowest
        The rate with the least smoothed loss: too large to train with, a bound.
    sentence
        What that means, for a learner.
    """

    rates: np.ndarray
    losses: np.ndarray
    smoothed_losses: np.ndarray
    suggestion: float | None
    lowest: float
    sentence: str


class RateFinder(Study[Rates]):
    """Sweep the learning rate of a subject over one short training.

    Parameters
    ----------
    subject
        What is trained. A schedule of its optimizer is left out.
    sweep
        From where to where, in how many steps.
    """

    def __init__(self, subject: Subject, sweep: Sweep | None = None) -> None:
        super().__init__(subject)
        self.sweep = sweep or Sweep()
        self.sweep.check()

    @property
    def epochs(self) -> int:
        """One job, which counts as one."""
        return 1

    def rounds(self, crew: Crew) -> Generator[list[Job], list[Outcome], Rates]:
        """One job: the sweep."""
        subject = self.subject
        optimizer = {**subject.training.optimizer, "learning_rate": float(self.sweep.start_rate)}
        training = msgspec.structs.replace(subject.training, optimizer=optimizer)
        job = Job(0, "the sweep", subject.network, training, 1, sweep=self.sweep)
        outcome = (yield [job])[0]
        if outcome.problem:
            raise ChainruleError(outcome.problem)
        return judge(
            np.asarray(outcome.history["rate"]), np.asarray(outcome.history["loss"]), self.sweep
        )


def judge(rates: np.ndarray, losses: np.ndarray, sweep: Sweep) -> Rates:
    """What rates (steps,) and losses (steps,) of a sweep say.

    Raises
    ------
    core.errors.ChainruleError
        The loss was broken before there was anything to see.
    """
    if len(rates) < _FEWEST:
        raise ChainruleError(
            f"The loss grew beyond all bounds at once: after {len(rates)} step{'s' if len(rates) != 1 else ''}, at a "
            f"rate of {rates[-1] if len(rates) else sweep.start_rate:.2g}. Begin with a smaller start_rate than "
            f"{sweep.start_rate:.2g}, and look at the data: inputs and targets of about the size of 1 train best."
        )
    smooth = smoothed(losses, sweep.smoothing)
    # A single batch may be an easy one: where the loss begins is the mean of the first tenth.
    tenth = max(3, len(rates) // 10)
    least = tenth + int(np.argmin(smooth[tenth:]))
    lowest = float(rates[least])
    if losses[:tenth].mean() - smooth[least] <= noise(losses[: least + 1], tenth, sweep.smoothing):
        text = (
            f"At no rate from {rates[0]:.2g} to {rates[-1]:.2g} does the loss fall by more than it differs from "
            "batch to batch. Take more steps or larger batches, begin with smaller rates, or look at the data and the "
            "network."
        )
        return Rates(rates, losses, smooth, None, lowest, text)
    slope = slopes(np.log10(rates[: least + 1]), losses[: least + 1], max(2, sweep.steps // 10))
    best = float(rates[int(np.nanargmin(slope))])
    text = (
        f"The loss falls most steeply at a rate of {best:.2g} and is least at {lowest:.2g}, where it is about to "
        "break. Train with the first, or a little less."
    )
    if least == len(rates) - 1 and len(rates) == sweep.steps:
        text = (
            f"The loss falls most steeply at a rate of {best:.2g} and still falls at {rates[-1]:.2g}, the largest "
            "tried: a larger end_rate would show where it breaks."
        )
    return Rates(rates, losses, smooth, best, lowest, text)


def noise(losses: np.ndarray, first: int, smoothing: float) -> float:
    """By how much a running mean may lie below the mean of the first losses by chance: two standard errors.

    Parameters
    ----------
    losses
        (steps,). How much they differ from batch to batch is told by neighbours, which a trend hardly changes:
        ``sigma^2 = mean of (loss - loss before)^2 / 2`` (von Neumann 1941).
    first
        Over how many the mean is.
    smoothing
        Of the running mean, whose variance is ``sigma^2 (1 - smoothing) / (1 + smoothing)``.
    """
    variance = float((np.diff(losses) ** 2).mean()) / 2
    return 2 * float(np.sqrt(variance * (1 / first + (1 - smoothing) / (1 + smoothing))))


def slopes(x: np.ndarray, y: np.ndarray, reach: int) -> np.ndarray:
    """The slope at each place of the straight line through it and `reach` neighbours on either side, by least squares.

    Parameters
    ----------
    x, y
        (steps,), at least 5.
    reach
        Fewer are taken where there are fewer than three times as many places.

    Returns
    -------
    (steps,); NaN where neighbours are missing.
    """
    reach = max(1, min(reach, (len(x) - 1) // 3))
    found = np.full(len(x), np.nan)
    for place in range(reach, len(x) - reach):
        a, b = x[place - reach : place + reach + 1], y[place - reach : place + reach + 1]
        a = a - a.mean()
        found[place] = (a * (b - b.mean())).sum() / (a * a).sum()
    return found
