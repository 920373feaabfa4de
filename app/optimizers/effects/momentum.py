"""Momentum's β: how much of the last step is kept."""

from __future__ import annotations

import msgspec

from app.optimizers.effects import EFFECTS
from app.optimizers.effects.effect import Effect, Variant, alone, rate_of
from app.optimizers.effects.outcome import Outcome
from app.optimizers.effects.words import gone, loss, lowest, there
from app.text import number, tr
from core import optimizers
from core.landscape.race import Race, Racer, kind, new_racer

_SHARES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99)
#: Arguments that are a share of the old average that is kept, in the order of preference.
_NAMES = ("momentum", "beta_1")


def argument(racer: Racer) -> str:
    """Return which argument of a racer's optimizer is its momentum; "" if it has none."""
    known = optimizers.kind(str(racer.optimizer["kind"])).defaults
    return next((name for name in _NAMES if name in known), "")


def variants(race: Race, racer: Racer) -> tuple[Variant, ...]:
    """Six shares; of an optimizer without momentum those of gradient descent."""
    name = argument(racer)
    if not name:
        racer, name = new_racer(race, "momentum"), "momentum"
    elif name in kind(racer.kind).fixed:
        # Gradient descent with momentum is a racer of that kind, at the same rate.
        racer = msgspec.structs.replace(racer, kind="momentum")
    letter = "β₁" if name == "beta_1" else "β"
    # Lion takes no share of 0.
    lowest_share = 0.01 if racer.optimizer["kind"] == "Lion" else 0.0
    found = []
    for share in _SHARES:
        share = max(share, lowest_share)
        title = f"{letter} = {number(share)}"
        raced = alone(race, racer, f"share-{share:g}", f"{racer.title} {title}", **{name: share})
        found.append(Variant(title, raced))
    return tuple(found)


def word(one: Outcome, outcomes: tuple[Outcome, ...]) -> str:
    """Say how often it rolled uphill."""
    if one.left is not None:
        return gone(one)
    return tr("rises in {count} steps", count=number(one.rises)) if one.rises else tr("never rises")


def told(outcomes: tuple[Outcome, ...]) -> str:
    """Compare the least share with the quickest, and tell who rolls past."""
    without, best = outcomes[0], lowest(outcomes)
    if best is None:
        rate = number(rate_of(without.variant.racer))
        return tr("At the rate η = {rate} all of them diverge; choose a smaller one.", rate=rate)
    parts = []
    quick = [one for one in outcomes if one.left is None and one.finish is not None]
    quickest = min(quick, key=lambda one: one.finish or 0, default=None)
    if quickest is None or quickest is without or quickest.finish == without.finish:
        parts.append(
            tr("At this rate none of them is 99 % of the way down in {steps} steps; {share} ends lowest.",
               steps=number(best.steps), share=best.variant.title)
            if quickest is None
            else tr("At this rate nobody is 99 % of the way down sooner than with {share}: after {count}.",
                    share=without.variant.title, count=there(without))
        )  # fmt: skip
    else:
        parts.append(
            tr("With {share} it is 99 % of the way down after {quick}, with {least} {slow}.",
               quick=there(quickest), share=quickest.variant.title, least=without.variant.title,
               slow=gone(without) if without.left is not None else there(without)
               if without.finish is None else tr("after {count}", count=there(without)))
        )  # fmt: skip
    heavy = outcomes[-1]
    if heavy.left is not None:
        parts.append(tr("With {share} it diverges.", share=heavy.variant.title))
    elif heavy.rises > without.rises and heavy is not best and heavy is not quickest:
        parts.append(
            tr("With {share} it rolls past what it looks for: the loss rises in {rises} of {steps} steps and ends at "
               "{loss}.", share=heavy.variant.title, rises=number(heavy.rises), steps=number(heavy.steps),
               loss=loss(heavy.last))
        )  # fmt: skip
    return " ".join(parts)


EFFECTS.register(
    Effect(
        "momentum", tr("Momentum"),
        tr("The racer that is looked at, with six shares of its last steps that it keeps"),
        20, variants, told, word,
    )
)  # fmt: skip
