"""Films of one weight's story: the weight that is meant, and the frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from app.export.formats import ExportUsageError
from app.scenes.frame import Frame
from app.scenes.story_film import Weight, first_weight, letters_of, trained
from app.text import tr
from core.naming import unknown

if TYPE_CHECKING:
    from app.export.plan import FilmPlan
    from app.export.recipe import Recipe
    from app.snapshots import Probe, ProgramView, Snapshot
    from core.runs.each_sample import SampleGradients
    from core.runs.story import Story

#: The bars of the samples change so often in a second at most: faster than that nobody can read them.
_BATCHES = 4


class WeightSource(Protocol):
    """A run that tells of one weight."""

    def at(self, step: int, probes: tuple[Probe, ...]) -> Snapshot:
        """Return the run after that many steps."""

    def story(self, weight: str, cell: tuple[int, ...]) -> Story:
        """Return a weight's value, gradient and update in the steps the run has taken."""

    def each_sample(self, weight: str, cell: tuple[int, ...]) -> SampleGradients:
        """Return what each sample of the batch of the present step adds to a weight's gradient."""


def weight_of(program: ProgramView, toggles: Mapping[str, Any]) -> Weight:
    """Return the weight that is filmed: the one the toggles name, or the first.

    Raises
    ------
    ExportUsageError
        When there is none of that name or no such number in it, with what there is.
    """
    known = trained(program)
    if "tensor" not in toggles:
        first = first_weight(program)
        if first is None:
            raise ExportUsageError(tr("No weight of this network is trained: there is no story."))
        return first
    name = str(toggles["tensor"])
    cell = tuple(int(k) for k in toggles.get("cell", ()))
    if name not in known:
        raise ExportUsageError(unknown(tr("weight that is trained"), name, known))
    shape = program.tensors[name].shape
    cell = cell or (0,) * len(shape)
    if len(cell) != len(shape) or not all(0 <= k < n for k, n in zip(cell, shape, strict=True)):
        raise ExportUsageError(
            tr("{name} has shape {shape}; there is no number {cell} in it, counted from 1.",
               name=name, shape=list(shape), cell=[k + 1 for k in cell])
        )  # fmt: skip
    return name, cell


def weight_frames(recipe: Recipe, source: WeightSource, film: FilmPlan) -> Iterator[Frame]:
    """Yield what each frame shows; the axes are those of the whole film from the first to the last.

    A picture of a moment of a longer film says in the toggle ``"until"`` where that ends.
    """
    end = max(film.last, int(recipe.toggles.get("until", film.last)))
    program = source.at(end, ()).program
    assert program is not None
    weight = weight_of(program, recipe.toggles)
    whole = source.story(*weight).until(end)
    more = {"story": whole, "symbol": letters_of(program, weight)}
    after: Snapshot | None = None
    samples: SampleGradients | None = None
    shown = told = of = -1
    for k, moment in enumerate(film.frames):
        if moment.step != shown:
            after, shown = source.at(moment.step, ()), moment.step
        rested = (k - told) * _BATCHES >= recipe.fps or k == len(film.frames) - 1
        if after is not None and (samples is None or rested) and of != shown:
            samples, told, of = source.each_sample(*weight), k, shown
        toggles = dict(recipe.toggles) | more | {"step": shown, "samples": samples}
        yield Frame(after=after, toggles=MappingProxyType(toggles), caption=recipe.caption)
