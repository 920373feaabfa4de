"""What one setting does to a race, as pictures side by side: each is a race of one racer that the engine has run.

An effect is one file here, which registers it under its name::

    EFFECTS.register(Effect("momentum", tr("Momentum"), tr("..."), 20, variants, told))
"""

from __future__ import annotations

from app.optimizers.effects.effect import Effect, Variant
from app.optimizers.effects.outcome import Outcome, measured
from app.registering import Registry

EFFECTS: Registry[Effect] = Registry(__name__, "effect", order=lambda one: one.order)

__all__ = ["EFFECTS", "Effect", "Outcome", "Variant", "measured"]
