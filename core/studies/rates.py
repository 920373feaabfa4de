"""The learning-rate finder: which rates make the loss fall.

Sources: Smith 2017, "Cyclical Learning Rates for Training Neural Networks" (the range test, first in 2015); Gugger
2018, "How Do You Find A Good Learning Rate" (rates that grow geometrically, the smoothed loss, where to stop).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

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


#: A fall by less than this share of the loss is none: rounding may be all there is.
_LITTLE = 1e-3

#: Over how many orders of magnitude on either side the slope is taken.
_REACH = 0.75

#: Single sweeps that are further apart than this factor leave the mean's answer in doubt.
_APART = 5.0


@dataclass(frozen=True, eq=False, repr=False)
class Rates:
    """What a sweep found.

    Attributes
    ----------
    rates, losses, smoothed_losses
        By step, (steps,): the rate, the loss of the batch before that step (the mean over the sweeps, less by how much
        the batch is harder than others for weights that do not move), and its running mean.
    suggestion
        The rate at which the loss falls most steeply over the logarithm of the rate, before the smoothed loss is
        least; None if it never falls. The slope is that of the straight line through neighbouring steps (least
        squares): a running mean lags behind, which would suggest too large a rate.
    lowest
        The rate with the least smoothed loss: too large to train with, a bound.
    sentence
        What that means, and how sure it is, for a learner.
    singles
        What each sweep alone would suggest; None where its loss does not fall.
    """

    rates: np.ndarray
    losses: np.ndarray
    smoothed_losses: np.ndarray
    suggestion: float | None
    lowest: float
    sentence: str
    singles: tuple[float | None, ...] = ()

    @property
    def span(self) -> tuple[float, float] | None:
        """The smallest and the largest rate that single sweeps suggest; None if none does."""
        found = [one for one in self.singles if one is not None]
        return (min(found), max(found)) if found else None

    def __repr__(self) -> str:
        what = "none" if self.suggestion is None else f"{self.suggestion:.2g}"
        span = (
            ""
            if self.span is None
            else f" (single sweeps: {self.span[0]:.2g} to {self.span[1]:.2g})"
        )
        return (
            f"<Rates from {self.rates[0]:.2g} to {self.rates[-1]:.2g} in {len(self.rates)} steps: suggestion {what}"
            f"{span}, least loss at {self.lowest:.2g}>"
        )


class RateFinder(Study[Rates]):
    """Sweep the learning rate of a subject over several short trainings.

    Parameters
    ----------
    subject
        What is trained. A schedule of its optimizer is left out while rates are tried.
    sweep
        From where to where, in how many steps, how often.

    Notes
    -----
    At small rates the loss differs from batch to batch by far more than it falls, and a rule for the steepest fall
    would follow the batches. So every loss is compared with that of the same batch (and the same dropout) by weights
    that do not move (a control variate, Ross 2013, "Simulation", chapter 9), and the mean over several sweeps is
    judged. How far single sweeps are apart says how sure the answer is.
    """

    def __init__(self, subject: Subject, sweep: Sweep | None = None) -> None:
        super().__init__(subject)
        self.sweep = sweep or Sweep()
        self.sweep.check()

    @property
    def epochs(self) -> int:
        """Each sweep counts as one."""
        return self.sweep.sweeps

    def rounds(self, crew: Crew) -> Generator[list[Job], list[Outcome], Rates]:
        """One job a sweep, each with the next seed."""
        subject = self.subject
        optimizer = {**subject.training.optimizer, "learning_rate": float(self.sweep.start_rate)}
        training = msgspec.structs.replace(subject.training, optimizer=optimizer)
        outcomes = yield [
            Job(
                k, f"sweep {k + 1}", subject.network,
                msgspec.structs.replace(training, seed=training.seed + k), 1, sweep=self.sweep,
            )
            for k in range(self.sweep.sweeps)
        ]  # fmt: skip
        for outcome in outcomes:
            if outcome.problem:
                raise ChainruleError(outcome.problem)
        return judge_all([even(outcome.history) for outcome in outcomes], self.sweep)


def even(history: dict[str, list[float]]) -> np.ndarray:
    """Losses of a sweep (steps,), each less by how much its batch is harder than the mean one."""
    losses, still = np.asarray(history["loss"]), np.asarray(history["still"])
    if len(still) != len(losses) or not np.isfinite(still).all():
        return losses
    even: np.ndarray = losses - (still - still.mean()) if len(still) else losses
    return even


def judge_all(sweeps: list[np.ndarray], how: Sweep) -> Rates:
    """What several sweeps say together: `judge` of their mean, and how far they are apart.

    Parameters
    ----------
    sweeps
        The losses of each, (steps,). Where half of them have ended the mean ends; those that ended before count with
        their largest loss from there on, and those that broke long before (one batch can do that) do not count.
    how
        What was swept.

    Raises
    ------
    core.errors.ChainruleError
        The loss was broken before there was anything to see.
    """
    length = sorted(len(one) for one in sweeps)[len(sweeps) // 2]
    rows = [
        np.concatenate([one, np.full(max(0, length - len(one)), one.max())])[:length]
        for one in sweeps
        if 2 * len(one) > length
    ]
    rates = how.rates()
    found = judge(rates[:length], np.mean(rows, axis=0) if rows else np.zeros(0), how)
    if len(sweeps) == 1:
        return replace(found, singles=(found.suggestion,))
    singles = tuple(
        judge(rates[: len(one)], one, how).suggestion if len(one) >= _FEWEST else None
        for one in sweeps
    )
    found = replace(found, singles=singles)
    return replace(found, sentence=f"{found.sentence} {_how_sure(found)}".strip())


def _how_sure(found: Rates) -> str:
    if found.suggestion is None or found.span is None:
        return ""
    low, high = found.span
    count, none = len(found.singles), found.singles.count(None)
    said = f"{count - none} of {count} sweeps" if none else f"The {count} sweeps"
    text = (
        f"{said} taken alone say {low:.2g} to {high:.2g}."
        if high > 1.2 * low
        else f"{said} taken alone say the same."
    )
    if none:
        text += f" In {none} the loss hardly falls."
    if high > _APART * low or 2 * none >= count:
        text += (
            " That is far apart, so this is a rough guess, which depends on the first weights and on which samples "
            "come when: try a rate or two on either side as well."
        )
    return text


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
    first = float(losses[:tenth].mean())
    chance = noise(losses[: least + 1], tenth, sweep.smoothing)
    if first - smooth[least] <= max(chance, _LITTLE * abs(first)):
        text = (
            f"At no rate from {rates[0]:.2g} to {rates[-1]:.2g} does the loss fall by more than it differs from "
            "batch to batch. Take more steps or larger batches, begin with smaller rates, or look at the data and the "
            "network."
        )
        return Rates(rates, losses, smooth, None, lowest, text)
    # In orders of magnitude, not in steps: where the sweep begins must not change what it says.
    per_order = (sweep.steps - 1) / np.log10(sweep.end_rate / sweep.start_rate)
    reach = max(2, round(_REACH * per_order))
    slope = slopes(np.log10(rates[: least + 1]), losses[: least + 1], reach)
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
