"""Feature scaling: linear regression on a feature as it is measured, and on the same with mean 0 and deviation 1."""

from __future__ import annotations

import msgspec

from app.optimizers.effects import EFFECTS
from app.optimizers.effects.conditioning import plain_descent
from app.optimizers.effects.effect import Effect, Variant, alone, descent
from app.optimizers.effects.outcome import Outcome
from app.optimizers.effects.samples import curvature
from app.optimizers.effects.words import gone, share, short, soon
from app.text import number, tr
from core import landscape
from core.landscape.race import Race, Racer

_SURFACE = "linear-regression"


def variants(race: Race, racer: Racer) -> tuple[Variant, ...]:
    """Descent at half the rate that would diverge; and the racer as it is, if it is something else."""
    found = []
    for nth, one in enumerate((None, racer) if not plain_descent(racer) else (None,)):
        for scaled in (False, True):
            surface = landscape.surface(_SURFACE, scaled=scaled)
            ground = msgspec.structs.replace(
                race, surface=surface.to_document(), start=tuple(map(float, surface.start))
            )
            who = one or descent(ground, float(f"{1 / curvature(surface):.2g}"))
            name = tr("scaled") if scaled else tr("as measured")
            title = (
                name
                if plain_descent(racer)
                else tr(
                    "{racer}, {name}", racer=tr("Descent") if one is None else who.title, name=name
                )
            )
            found.append(Variant(title, alone(ground, who, f"scaled-{nth}", who.title)))
    return tuple(found)


def told(outcomes: tuple[Outcome, ...]) -> str:
    """Compare both, of descent and of the racer."""
    measured, scaled = outcomes[:2]
    rates = [short(one.variant.racer.optimizer["learning_rate"]) for one in (measured, scaled)]
    parts = [
        tr("Gradient descent bears the rate {small} on the feature as it is measured, and {large} once it is scaled.",
           small=rates[0], large=rates[1]),
        tr("In {steps} steps it is {measured} as measured, and {scaled} once it is scaled.",
           steps=number(measured.steps), measured=_went(measured), scaled=_went(scaled)),
    ]  # fmt: skip
    if len(outcomes) > 2:
        parts.append(
            tr("{racer} with its own rate is {measured}, and {scaled}.",
               racer=outcomes[2].variant.racer.title, measured=_went(outcomes[2]), scaled=_went(outcomes[3]))
        )  # fmt: skip
    return " ".join(parts)


def _went(one: Outcome) -> str:
    if one.left is not None:
        return tr("gone ({word})", word=gone(one))
    return share(one) if one.finish is None else soon(one)


EFFECTS.register(
    Effect(
        "feature-scaling", tr("Feature scaling"),
        tr("Linear regression on a feature as it is measured, and with mean 0 and standard deviation 1"),
        50, variants, told,
    )
)  # fmt: skip
