"""Films of races: of nothing that is open, so that they are made without a network and without a run.

A scene whose `films` is ``"race"`` has ``process(source, layout, scale) -> Mapping``, which asks once for everything
that the film shows. Each frame has that among its toggles, and ``"time"``: where the race stands, in steps.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from app.export.formats import ExportUsageError
from app.export.recipe import Recipe, frames_of
from app.scenes import registry
from app.scenes.frame import Frame
from app.snapshots import NetworkView
from app.text import tr
from core.io.races import race_of
from core.landscape.race import Race, first_race

if TYPE_CHECKING:
    from app.export.painting import Canvas

#: What films of a race go over.
FILMS = "race"
#: What a recipe says of scenes of networks, and how the command line calls it.
_OTHERS = {
    "layer": "--layer", "channel": "--channel", "method": "--method", "tensor": "--number",
    "row": "--row", "class": "--class",
}  # fmt: skip


def of_race(scene: str) -> bool:
    """Tell whether the films of a scene are of races; there has to be that scene."""
    return str(getattr(registry.scene(scene), "films", "")) == FILMS


class RaceSource:
    """A race that can be asked about: by the caller's thread, one question after the other.

    Parameters
    ----------
    race
        What is raced.
    name
        What it is called in files.
    """

    def __init__(self, race: Race, name: str = "") -> None:
        self.race = race
        self.spec = NetworkView(name, ())

    def ask(self, question: str, **values: Any) -> Any:
        """Return the complete answer to a question that is of nothing that is open."""
        from app.engine.questions import answering

        found = answering(question)(None, **values)
        if not isinstance(found, Generator):
            return found
        while True:
            try:
                next(found)
            except StopIteration as end:
                return end.value


def race_in(recipe: Recipe, view: Mapping[str, Any]) -> Race:
    """Return the race a recipe names under ``"race"``, else that of a project's view, else the first one.

    Raises
    ------
    core.io.errors.ProjectError
        It cannot be raced.
    """
    document = recipe.toggles.get("race", view.get("race"))
    return first_race() if document is None else race_of(document)


def only_of_networks(recipe: Recipe) -> list[str]:
    """Return what a recipe says of one sample, layer or number, as the command line calls it."""
    given = [word for name, word in _OTHERS.items() if name in recipe.toggles]
    return [*given, "--sample"] if recipe.sample is not None else given


def check_race(recipe: Recipe, race: Race) -> None:
    """Refuse steps and a racer that the race does not have, and what only networks have.

    Raises
    ------
    ExportUsageError
        With a sentence.
    """
    given = only_of_networks(recipe)
    if given:
        raise ExportUsageError(
            tr("A race has no layers and no samples: leave out {names}.", names=", ".join(given))
        )
    racer = str(recipe.toggles.get("racer", ""))
    if racer and race.racer(racer) is None:
        known = ", ".join(one.id for one in race.racers) or tr("none")
        raise ExportUsageError(
            tr("There is no racer called {name} in this race; there are {known}.", name=repr(racer), known=known)
        )  # fmt: skip
    last = recipe.last if recipe.last is not None else race.steps
    if last > race.steps or recipe.first > last:
        raise ExportUsageError(
            tr("The race has steps 0 to {last}; the film goes from {first} to {end}.",
               last=race.steps, first=recipe.first, end=last)
        )  # fmt: skip


def span_of(recipe: Recipe, race: Race) -> tuple[int, int]:
    """Return the first and the last step that are filmed."""
    return recipe.first, race.steps if recipe.last is None else recipe.last


def frame_count(recipe: Recipe, race: Race) -> int:
    """Return how many frames the film has."""
    first, last = span_of(recipe, race)
    return frames_of(recipe, last - first)


def race_frames(recipe: Recipe, canvas: Canvas, source: RaceSource) -> Iterator[Frame]:
    """Yield what each frame shows."""
    first, last = span_of(recipe, source.race)
    found = canvas.scene.process(source, canvas.layout, canvas.size[0] / canvas.logical[0])
    count = frame_count(recipe, source.race)
    for number in range(count):
        share = number / (count - 1) if count > 1 else 1.0
        yield _frame(recipe, found, first + share * (last - first))


def race_still(recipe: Recipe, canvas: Canvas, source: RaceSource) -> Frame:
    """Return the moment ``"time"`` of the toggles, by default the end."""
    found = canvas.scene.process(source, canvas.layout, canvas.size[0] / canvas.logical[0])
    time = recipe.toggles.get("time", span_of(recipe, source.race)[1])
    return _frame(recipe, found, float(time))


def _frame(recipe: Recipe, found: Mapping[str, Any], time: float) -> Frame:
    toggles = {**recipe.toggles, **found, "time": time}
    return Frame(toggles=MappingProxyType(toggles), caption=recipe.caption)
