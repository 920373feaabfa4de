"""The batch size: from all samples to one. Fewer samples, cheaper steps, more noise."""

from __future__ import annotations

import msgspec

from app.optimizers.effects import EFFECTS
from app.optimizers.effects.conditioning import plain_descent
from app.optimizers.effects.effect import Effect, Variant, alone, descent
from app.optimizers.effects.outcome import Outcome
from app.optimizers.effects.samples import steepest_sample
from app.optimizers.effects.words import gone, loss
from app.text import number, tr
from core import landscape
from core.landscape.race import Race, Racer

_SIZES = (None, 32, 8, 2, 1)
_SURFACE = "linear-regression"


def variants(race: Race, racer: Racer) -> tuple[Variant, ...]:
    """Some sizes, on the race's own surface if that is made of samples, else on linear regression."""
    surface = landscape.from_document(race.surface)
    if surface.samples is None:
        surface = landscape.surface(_SURFACE, scaled=True)
        race = msgspec.structs.replace(
            race, surface=surface.to_document(), start=tuple(map(float, surface.start))
        )
        # A rate that a step of one sample bears, whichever it is.
        racer = descent(race, float(f"{0.5 / steepest_sample(surface):.1g}"))
    samples = surface.samples
    assert samples is not None
    found = []
    for size in _SIZES:
        if size is not None and size >= len(samples.u):
            continue
        title = (
            tr("all {count}", count=len(samples.u))
            if size is None
            else tr("1 sample")
            if size == 1
            else tr("{count} samples", count=size)
        )
        # Of descent each size has a name of its own, and so a marker.
        kind = _kind(size) if plain_descent(racer) else racer.kind
        name = f"{msgspec.structs.replace(racer, kind=kind).title}, {title}"
        raced = alone(race, racer, f"batch-{size or 'all'}", name)
        own = msgspec.structs.replace(raced.racers[0], kind=kind, batch_size=size)
        found.append(Variant(title, msgspec.structs.replace(raced, racers=(own,))))
    return tuple(found)


def _kind(size: int | None) -> str:
    return "batch" if size is None else "stochastic" if size == 1 else "mini-batch"


def word(one: Outcome, outcomes: tuple[Outcome, ...]) -> str:
    """Say how often a step led uphill."""
    if one.left is not None:
        return gone(one)
    return tr("rises in {count} steps", count=number(one.rises)) if one.rises else tr("never rises")


def told(outcomes: tuple[Outcome, ...]) -> str:
    """Compare the most samples with the fewest: how often a step leads uphill, and what it costs."""
    most, fewest = outcomes[0], outcomes[-1]
    if most.left is not None or fewest.left is not None:
        lost = most if most.left is not None else fewest
        return tr("With {size} in a step it {gone}: choose a smaller learning rate.",
                  size=lost.variant.title, gone=gone(lost))  # fmt: skip
    assert most.surface.samples is not None
    samples, steps = len(most.surface.samples.u), most.steps
    parts = [
        tr("With {most} in a step the loss of all rises in {few} of {steps} steps, with {fewest} in {many}.",
           most=most.variant.title, few=number(most.rises), steps=number(steps),
           fewest=fewest.variant.title, many=number(fewest.rises)),
    ]  # fmt: skip
    if fewest.rises > most.rises:
        parts.append(
            tr("The gradient of a few samples points only roughly downhill. But the whole way costs {cheap} "
               "gradients of a sample instead of {dear}, and ends at {loss} rather than {whole}.",
               cheap=number(steps * (fewest.variant.racer.batch_size or samples)),
               dear=number(steps * samples), loss=loss(fewest.last), whole=loss(most.last))
        )  # fmt: skip
    return " ".join(parts)


EFFECTS.register(
    Effect(
        "batch-size", tr("Batch size"),
        tr("How many samples each step looks at, from all of them to one"),
        30, variants, told, word,
    )
)  # fmt: skip
