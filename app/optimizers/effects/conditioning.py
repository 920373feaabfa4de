"""Conditioning: the same bowl, and valleys ever narrower."""

from __future__ import annotations

import math

import msgspec

from app.optimizers.effects import EFFECTS
from app.optimizers.effects.effect import Effect, Variant, alone, descent, rate_of
from app.optimizers.effects.outcome import Outcome
from app.optimizers.effects.words import gone, listed, short
from app.text import number, tr
from core import landscape
from core.landscape.race import Race, Racer, kind

_CONDITIONS = (1.0, 4.0, 25.0, 100.0)


def plain_descent(racer: Racer) -> bool:
    """Tell whether a racer is gradient descent without anything added."""
    config = racer.optimizer
    return config["kind"] == "SGD" and not config.get("momentum")


def fitted(racer: Racer, condition: float) -> Racer:
    """Return momentum with the rate and the share that shrink a valley's distances fastest; others as they are.

    Curvatures 1 and κ: ``η = 4 / (√κ + 1)²``, ``β = ((√κ − 1) / (√κ + 1))²`` (Polyak 1964); with Nesterov's look ahead
    ``η = 1 / κ``, ``β = (√κ − 1) / (√κ + 1)`` (Nesterov 2004, 2.2.1).
    """
    if not takes_best(racer):
        return racer
    root = math.sqrt(condition)
    share, rate = (root - 1) / (root + 1), 1 / condition
    nesterov = bool(racer.optimizer.get("nesterov"))
    if not nesterov:
        share, rate = share * share, 4 / (root + 1) ** 2
    config = {
        "kind": "SGD",
        "learning_rate": rate,
        "momentum": share,
        "nesterov": nesterov,
    }
    return msgspec.structs.replace(racer, optimizer=config)


def takes_best(racer: Racer) -> bool:
    """Tell whether settings are known for a racer that suit a valley best."""
    return racer.optimizer["kind"] == "SGD" and bool(racer.optimizer.get("momentum"))


def variants(race: Race, racer: Racer) -> tuple[Variant, ...]:
    """Descent at the rate that suits each valley best; and the racer, if it is something else.

    Momentum has settings that suit each valley best too; of other racers none are known, and they race as they are.
    """
    found = []
    for nth, one in enumerate((None, racer) if not plain_descent(racer) else (None,)):
        for condition in _CONDITIONS:
            surface = landscape.surface("valley", condition=condition)
            ground = msgspec.structs.replace(
                race, surface=surface.to_document(), start=tuple(map(float, surface.start))
            )
            # Curvatures 1 and κ: 2 / (1 + κ) shrinks both distances by the same (κ − 1) / (κ + 1) in each step.
            best = descent(ground, 2 / (1 + condition))
            who = best if one is None else fitted(one, condition)
            name = tr("κ = {condition}", condition=number(condition))
            title = (
                name
                if plain_descent(racer)
                else tr(
                    "{racer}, {name}",
                    racer=tr("Descent") if one is None else who.name or kind(who.kind).short,
                    name=name,
                )
            )
            found.append(Variant(title, alone(ground, who, f"valley-{nth}", who.title)))
    return tuple(found)


def told(outcomes: tuple[Outcome, ...]) -> str:
    """Say how long it takes in each, of descent and of the racer."""
    rows = [outcomes[k : k + len(_CONDITIONS)] for k in range(0, len(outcomes), len(_CONDITIONS))]
    parts = [
        tr("Steps to be 99 % of the way down: gradient descent, at the rate that suits each valley best, {counts}.",
           counts=_counts(rows[0]))
    ]  # fmt: skip
    if len(rows) > 1:
        racer = rows[1][-1].variant.racer
        if takes_best(racer):
            words = tr("{racer}, with the rate and β that suit each best: {counts}.", racer=racer.title,
                       counts=_counts(rows[1]))  # fmt: skip
        else:
            words = tr("{racer} with its own rate η = {rate} in all of them, which is not fitted to any: {counts}.",
                       racer=racer.title, rate=short(rate_of(racer)), counts=_counts(rows[1]))  # fmt: skip
        parts.append(words)
    return " ".join(parts)


def _counts(row: tuple[Outcome, ...]) -> str:
    return listed(
        tr("{count} at κ = {condition}", condition=number(condition), count=_count(one))
        for condition, one in zip(_CONDITIONS, row, strict=True)
    )  # fmt: skip


def _count(one: Outcome) -> str:
    if one.left is not None:
        return tr("none (it {gone})", gone=gone(one))
    return number(one.finish) if one.finish is not None else tr(
        "more than {steps}", steps=number(one.steps)
    )  # fmt: skip


EFFECTS.register(
    Effect(
        "conditioning", tr("Conditioning"),
        tr("Valleys that bend κ times as much across as along: what holds gradient descent up"),
        40, variants, told, even=True,
    )
)  # fmt: skip
