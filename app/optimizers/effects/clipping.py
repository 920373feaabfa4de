"""Gradient clipping: one step over the edge of a cliff throws a racer far back, unless gradients are clipped."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from app.optimizers.effects import EFFECTS
from app.optimizers.effects.effect import Effect, Variant, alone, descent
from app.optimizers.effects.outcome import Outcome
from app.optimizers.effects.words import gone, loss, short
from app.text import number, tr
from core import landscape
from core.landscape.race import Race, Racer

_SURFACE = "cliff"
#: So large that descent steps over the edge.
_RATE = 0.8
#: A gradient as long as this is that of the wall, which is twice as steep.
_WALL = 30.0
_CLIPS: tuple[tuple[str, dict[str, Any]], ...] = (
    (tr("not clipped"), {}),
    ("clipnorm = 2", {"clipnorm": 2.0}),
    ("clipnorm = 0.5", {"clipnorm": 0.5}),
    ("clipvalue = 0.5", {"clipvalue": 0.5}),
)


def variants(race: Race, racer: Racer) -> tuple[Variant, ...]:
    """Gradient descent with and without clipping."""
    surface = landscape.surface(_SURFACE)
    ground = msgspec.structs.replace(
        race, surface=surface.to_document(), start=tuple(map(float, surface.start))
    )
    who = descent(ground, _RATE)
    return tuple(
        Variant(title, alone(ground, who, f"clip-{nth}", f"{who.title}, {title}", **clip))
        for nth, (title, clip) in enumerate(_CLIPS)
    )


def longest(one: Outcome) -> tuple[int, float]:
    """Return the step that went farthest, counted from 1, and how far."""
    lengths = np.linalg.norm(np.diff(one.path.positions, axis=0), axis=1)
    step = int(np.nanargmax(lengths))
    return step + 1, float(lengths[step])


def word(one: Outcome, outcomes: tuple[Outcome, ...]) -> str:
    """Say how long the longest step was."""
    if one.left is not None:
        return gone(one)
    return tr("longest step {length}", length=short(longest(one)[1]))


def told(outcomes: tuple[Outcome, ...]) -> str:
    """Compare the longest step and where it ends."""
    plain = outcomes[0]
    step, length = longest(plain)
    slope = float(np.linalg.norm(plain.path.gradients[step - 1]))
    parts = [
        tr("The longest step unclipped, number {step}, is {length} long.",
           step=number(step), length=short(length))
        if slope < _WALL else
        tr("Step {step} meets the wall, where the gradient is {slope} long, and is thrown {length} far.",
           step=number(step), slope=short(slope), length=short(length))
    ]  # fmt: skip
    kept = [one for one in outcomes[1:] if one.left is None]
    if kept:
        best = min(kept, key=lambda one: one.last)
        parts.append(
            tr("With {clip} no step is longer than {length}.", clip=best.variant.title,
               length=short(longest(best)[1]))
        )  # fmt: skip
        if plain.left is not None:
            parts.append(tr("It ends at {loss}; unclipped it diverges.", loss=loss(best.last)))
        else:
            parts.append(
                tr("After {steps} steps it is at {loss}, unclipped at {plain}.",
                   steps=number(best.steps), loss=loss(best.last), plain=loss(plain.last))
            )  # fmt: skip
    return " ".join(parts)


EFFECTS.register(
    Effect(
        "clipping", tr("Gradient clipping"),
        tr("Gradient descent at a large rate on a cliff, with gradients as they are and clipped"),
        80, variants, told, word,
    )
)  # fmt: skip
