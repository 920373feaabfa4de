"""Bias correction: Adam's averages begin at 0, and are too small at first unless they are corrected."""

from __future__ import annotations

import msgspec

from app.optimizers.effects import EFFECTS
from app.optimizers.effects.effect import Effect, Variant, alone
from app.optimizers.effects.outcome import Outcome
from app.optimizers.effects.words import gone, short
from app.text import number, tr
from core import optimizers
from core.landscape.race import Race, Racer, new_racer

#: Long enough to see the averages fill.
_STEPS = 20
#: Beside the racer's own β₂.
_OTHER = 0.9


def corrected(racer: Racer) -> bool:
    """Tell whether a racer's optimizer corrects its averages."""
    config = racer.optimizer
    return "Adam" in str(config["kind"]) or config["kind"] == "Nadam"


def variants(race: Race, racer: Racer) -> tuple[Variant, ...]:
    """The racer's first steps with and without, and so with a β₂ that forgets sooner."""
    if not corrected(racer):
        racer = new_racer(race, "adam")
    race = msgspec.structs.replace(race, steps=min(_STEPS, race.steps))
    own = float(optimizers.get(dict(racer.optimizer)).config["beta_2"])
    found = []
    for share in (own, _OTHER) if own != _OTHER else (own,):
        for correction in (True, False):
            words = tr("corrected") if correction else tr("not corrected")
            title = f"β₂ = {number(share)}, {words}"
            name = f"{racer.title} β₂ = {number(share)}, {words}"
            raced = alone(race, racer, f"bias-{share:g}-{correction:d}", name, beta_2=share)
            one = msgspec.structs.replace(raced.racers[0], bias_correction=correction)
            found.append(Variant(title, msgspec.structs.replace(raced, racers=(one,))))
    return tuple(found)


def word(one: Outcome, outcomes: tuple[Outcome, ...]) -> str:
    """Say how long the first step was."""
    if one.left is not None and one.left <= 1:
        return gone(one)
    return tr("first step {length}", length=short(one.moved(0)))


def told(outcomes: tuple[Outcome, ...]) -> str:
    """Compare the first steps."""
    parts = []
    for k in range(0, len(outcomes), 2):
        with_it, without = outcomes[k], outcomes[k + 1]
        pair = (with_it.moved(0), without.moved(0))
        if not (0 < pair[0] < float("inf") and 0 < pair[1] < float("inf")):
            continue
        ratio = pair[1] / pair[0]
        beta = with_it.variant.title.partition(",")[0]
        if abs(ratio - 1) < 0.005:
            words = tr("With {beta} the first step is the same without the correction: {length}.",
                       beta=beta, length=short(pair[0]))  # fmt: skip
        else:
            words = tr("With {beta} the first step is {times} times as long without the correction: {without} instead "
                       "of {length}.", beta=beta, times=short(ratio), without=short(pair[1]),
                       length=short(pair[0]))  # fmt: skip
        parts.append(words)
    return " ".join(parts) or tr("The first step has no length that could be compared.")


EFFECTS.register(
    Effect(
        "bias-correction", tr("Bias correction"),
        tr("The first steps of Adam with and without the correction of averages that begin at 0"),
        60, variants, told, word, close=True,
    )
)  # fmt: skip
