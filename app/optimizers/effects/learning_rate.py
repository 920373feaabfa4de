"""The learning rate: too small, good, too large, diverging, in steps of a factor of √10 around the racer's own."""

from __future__ import annotations

from app.optimizers.effects import EFFECTS
from app.optimizers.effects.effect import Effect, Variant, alone, rate_of
from app.optimizers.effects.outcome import Outcome
from app.optimizers.effects.words import gone, loss, lowest, short
from app.text import number, tr
from core import schedules
from core.errors import SettingError
from core.landscape.race import Race, Racer

#: Powers of √10.
_POWERS = range(-4, 5)
#: Who lacks no more than this of what the best comes down is as good.
_AS_GOOD = 0.05


def variants(race: Race, racer: Racer) -> tuple[Variant, ...]:
    """Nine rates; a racer's schedule keeps its curve."""
    own, found = rate_of(racer), []
    given = racer.optimizer.get("learning_rate", own)
    if not own > 0:
        own = given = 0.01
    for power in _POWERS:
        # Two digits, but for the racer's own: numbers to be read, and to be typed again.
        rate = own if power == 0 else float(f"{own * 10 ** (power / 2):.2g}")
        try:
            scaled = given if power == 0 else schedules.at_height(given, rate)
        except SettingError:
            scaled = rate
        title = f"η = {short(rate)}"
        name = f"{racer.title} {title}"
        found.append(
            Variant(title, alone(race, racer, f"rate{power:+d}", name, learning_rate=scaled))
        )
    return tuple(found)


def _sort(one: Outcome, outcomes: tuple[Outcome, ...]) -> str:
    """One of "gone", "best", "good", "small", "large"."""
    best = lowest(outcomes)
    if best is None or one.left is not None:
        return "gone"
    if one is best:
        return "best" if one.last < one.first else "large"
    if one.last - best.last <= _AS_GOOD * (best.first - best.last):
        return "good"
    return "small" if outcomes.index(one) < outcomes.index(best) else "large"


def word(one: Outcome, outcomes: tuple[Outcome, ...]) -> str:
    """Say how one rate did."""
    sort = _sort(one, outcomes)
    if sort == "gone":
        return gone(one)
    return {
        "best": tr("lowest"), "good": tr("good"), "small": tr("too small"), "large": tr("too large"),
    }[sort]  # fmt: skip


def told(outcomes: tuple[Outcome, ...]) -> str:
    """Say which rate is good and where it goes wrong."""
    best = lowest(outcomes)
    if best is None:
        return tr(
            "All of these rates diverge, even {rate}: on this surface they have to be smaller still.",
            rate=outcomes[0].variant.title,
        )
    if best.last >= best.first:
        return tr("With none of these rates the loss ends lower than it began.")
    parts = [
        tr("{rate} ends lowest, at {loss} after {steps} steps.", rate=best.variant.title,
           loss=loss(best.last), steps=number(best.steps))
    ]  # fmt: skip
    sorts = [_sort(one, outcomes) for one in outcomes]
    small = sorts.count("small")
    if small:
        # Those that are too small come first, but for some that are by chance as good as the best.
        slowest = outcomes[sorts.index("small")]
        parts.append(
            tr("Smaller rates are too slow: {rate} comes {percent} % of the way down.",
               rate=slowest.variant.title, percent=number(round(100 * slowest.share)))
        )  # fmt: skip
    stray = [k for k, sort in enumerate(sorts) if sort == "gone"]
    if stray and stray == list(range(stray[0], len(outcomes))):
        words = (
            tr("From {rate} on it diverges.", rate=outcomes[stray[0]].variant.title)
            if all(outcomes[k].path.why == "diverged" for k in stray)
            else tr("From {rate} on it gets lost.", rate=outcomes[stray[0]].variant.title)
        )
        parts.append(words)
    elif "large" in sorts:
        first = outcomes[sorts.index("large")]
        parts.append(
            tr("{rate} is too large: the loss rises in {rises} of {steps} steps and ends at {loss}.",
               rate=first.variant.title, rises=number(first.rises), steps=number(first.steps),
               loss=loss(first.last))
        )  # fmt: skip
    return " ".join(parts)


EFFECTS.register(
    Effect(
        "learning-rate", tr("Learning rate"),
        tr("The racer that is looked at, with nine learning rates from a hundredth to a hundred times its own"),
        10, variants, told, word,
    )
)  # fmt: skip
