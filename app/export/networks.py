"""Films of a race on the learner's network, and of slices of its loss: what their recipes say.

A recipe's toggles hold ``"race"`` (the race on a surface whose racers train the network), ``"network_race"`` and
``"loss_slice"`` (`app.scenes.network_settings`), all of the project where they are missing. ``"steps"`` ends a race
earlier, ``"x_range"`` and ``"y_range"`` are what is seen of a slice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from app.export.formats import ExportUsageError
from app.export.races import only_of_networks, race_in
from app.scenes import registry
from app.scenes.network_settings import NETWORK, SLICE, network_settings, slice_settings
from app.text import tr
from core.io.races import race_document

if TYPE_CHECKING:
    from app.export.recipe import Recipe
    from app.workspace import WindowContext


def of_network_race(scene: str) -> bool:
    """Tell whether the films of a scene are of racers that train the network; there has to be that scene."""
    return bool(getattr(registry.scene(scene), "of_network_race", False))


def is_of_new_weights(recipe: Recipe) -> bool:
    """Tell whether racers begin with new weights: then it does not matter where the run stands."""
    toggles = recipe.toggles
    return (
        of_network_race(recipe.scene)
        and toggles[NETWORK]["start"] == "drawn"
        and (recipe.scene == "network-race" or toggles[SLICE]["source"] == "race")
    )


def check_network_race(recipe: Recipe) -> None:
    """Refuse what is only of films of one sample or one layer.

    Raises
    ------
    ExportUsageError
        With a sentence.
    """
    given = only_of_networks(recipe)
    if given:
        raise ExportUsageError(
            tr("Racers train the whole network on all samples: leave out {names}.", names=", ".join(given))
        )  # fmt: skip


def completed(recipe: Recipe, view: Mapping[str, Any], epochs: int | None = None) -> Recipe:
    """Return the recipe with the race and the settings that a project's view has, where it has none of its own.

    Raises
    ------
    core.io.errors.ProjectError
        The race cannot be raced.
    """
    race = race_in(recipe, view)
    network = network_settings(recipe.toggles.get(NETWORK, view.get(NETWORK)), race).document()
    if epochs is not None:
        network["epochs"] = epochs
    kept = slice_settings(recipe.toggles.get(SLICE, view.get(SLICE))).document()
    toggles = {**recipe.toggles, "race": race_document(race), NETWORK: network, SLICE: kept}
    return msgspec.structs.replace(recipe, toggles=toggles)


def looked_at(recipe: Recipe, shown: Mapping[str, Any], context: WindowContext) -> Recipe:
    """Return the recipe of what is looked at in Optimizers, or of what the project has kept."""
    own = dict(shown.get("of", {}).get(recipe.scene, {}))
    recipe = msgspec.structs.replace(recipe, toggles=own, sample=None)
    document = context.document
    kept = {"race": race_document(document.race), NETWORK: document.network_race.document()}
    return completed(recipe, {**context.view, **kept})
