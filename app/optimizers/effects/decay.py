"""Learning-rate decay: the same racer with a constant rate, and with each schedule of the engine."""

from __future__ import annotations

from app.optimizers.effects import EFFECTS
from app.optimizers.effects.effect import Effect, Variant, alone, rate_of
from app.optimizers.effects.outcome import Outcome
from app.optimizers.effects.words import loss, lowest, short
from app.text import number, tr
from core import landscape, schedules
from core.landscape.race import Race, Racer

#: One that begins anew, each time for twice as long, does so twice in a race: after a seventh and three sevenths.
_PARTS = {"CosineDecayRestarts": 7}


def variants(race: Race, racer: Racer) -> tuple[Variant, ...]:
    """A constant rate, and schedules as long as the race that begin at it or climb to it."""
    rate = rate_of(racer)
    if not rate > 0:
        rate = 0.01
    title, epochs = tr("constant"), epochs_of(race, racer)
    found = [
        Variant(
            title, alone(race, racer, "constant", f"{racer.title}, {title}", learning_rate=rate)
        )
    ]
    for name in schedules.names():
        schedule = schedules.Schedule.kinds[name].example(
            rate, max(1, race.steps // _PARTS.get(name, 1)), epochs
        )
        raced = alone(
            race, racer, f"decay-{name}", f"{racer.title}, {name}", learning_rate=schedule.to_document()
        )  # fmt: skip
        found.append(Variant(name, raced))
    return tuple(found)


def epochs_of(race: Race, racer: Racer) -> int:
    """Return how often a racer sees all samples; where there are none, or all in a step, an epoch is one step."""
    samples = landscape.from_document(race.surface).samples
    if samples is None or not racer.batch_size or racer.batch_size >= len(samples.u):
        return race.steps
    return max(1, race.steps * racer.batch_size // len(samples.u))


def told(outcomes: tuple[Outcome, ...]) -> str:
    """Tell which ends lowest, and what the constant rate comes to."""
    constant, best = outcomes[0], lowest(outcomes)
    if best is None:
        return tr("All of them diverge: the rate {rate} is too large to begin with.",
                  rate=short(rate_of(constant.variant.racer)))  # fmt: skip
    better = [
        one for one in outcomes[1:] if one.left is None and (constant.left is not None or one.last < constant.last)
    ]  # fmt: skip
    if best is constant:
        return tr(
            "Here a constant rate ends lowest, at {loss}; its loss rises in {rises} of {steps} steps. Decay helps "
            "where a constant rate keeps swinging: with a larger rate, or with steps of one sample on linear "
            "regression.",
            loss=loss(constant.last), rises=number(constant.rises), steps=number(constant.steps),
        )  # fmt: skip
    parts = [
        tr("{name} ends lowest, at {loss}.", name=best.variant.title, loss=loss(best.last)),
        tr("The constant rate diverges.") if constant.left is not None
        else tr("The constant rate ends at {loss}.", loss=loss(constant.last)),
        tr("{count} of {all} schedules end lower than it.", count=number(len(better)), all=number(len(outcomes) - 1)),
    ]  # fmt: skip
    return " ".join(parts)


EFFECTS.register(
    Effect(
        "decay", tr("Learning-rate decay"),
        tr("The racer that is looked at with a constant rate and with every schedule, as long as the race"),
        70, variants, told,
    )
)  # fmt: skip
