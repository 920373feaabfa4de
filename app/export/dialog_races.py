"""What the export dialog does otherwise when a race is filmed: its steps are the race's, and it needs no network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from app.export.races import of_race
from app.text import tr
from core.io.races import race_document

if TYPE_CHECKING:
    from app.export.form import ExportForm
    from app.export.range_bar import RangeBar
    from app.export.recipe import Recipe
    from app.workspace import WindowContext

#: Of what was looked at in Optimizers, what every film of a race takes over.
_TAKEN = ("racer",)


class RaceFilms:
    """See the module's text.

    Parameters
    ----------
    context
        Whose document has the race.
    form, bar
        Of the dialog.
    """

    def __init__(self, context: WindowContext, form: ExportForm, bar: RangeBar) -> None:
        self._document = context.document
        self._form, self._bar = form, bar
        self._filming = False
        self._caption = ""
        #: Of the racer that is looked at, after each step: what the bar shows.
        self.losses = np.zeros(0)

    @property
    def filming(self) -> bool:
        """Whether a race is filmed."""
        return of_race(self._form.scene)

    def fit(self) -> bool:
        """Let the bar show the race's steps while one is filmed; tells whether that has ended."""
        before, self._filming = self._filming, self.filming
        if self._filming and not before:
            self._bar.set_limit(self._document.race.steps)
            self._bar.set_range(0, self._document.race.steps)
            known = np.isfinite(self.losses)
            # What diverges would press the rest to the ground.
            most = 1.2 * self.losses[0] if known.any() and self.losses[0] > 0 else np.inf
            self._bar.set_curve(np.flatnonzero(known), np.minimum(self.losses[known], most))
            self._caption = self._form.caption
            self._form.set_caption(tr("Race of {n} optimizers", n=len(self._document.race.racers)))
        elif before and not self._filming:
            self._form.set_caption(self._caption)
        return before and not self._filming

    def recipe(self, recipe: Recipe) -> Recipe:
        """Return the recipe of a race: with the race in it, and nothing that is of networks."""
        looked_at: dict[str, Any] = self._form.looked_at
        toggles: dict[str, Any] = {"race": race_document(self._document.race)}
        toggles |= {name: looked_at[name] for name in _TAKEN if name in looked_at}
        toggles |= looked_at.get("of", {}).get(recipe.scene, {})
        first, last = self._bar.range
        return msgspec.structs.replace(recipe, toggles=toggles, sample=None, first=first, last=last)
