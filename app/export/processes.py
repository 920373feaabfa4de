"""Films of a process at one step of a run: a window that passes over an image, a path from a baseline to an input.

A scene whose `films` is ``"process"`` has ``process(subject) -> Mapping``, which asks the engine once for everything
that the film shows. Each frame has that among its toggles, and ``"share"``, from 0 to 1: how far the process has come.
The scene says in `seconds` how long a film of it is that was not told, and with a true ``without_input`` that it
shows no input; of such a scene there need be no held-out samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from app.export.formats import ExportUsageError
from app.scenes.frame import Frame
from app.text import tr

if TYPE_CHECKING:
    from app.export.painting import Canvas
    from app.export.recipe import Recipe
    from app.snapshots import NetworkView, Probe, Snapshot

#: Length of a film whose scene does not say.
_SECONDS = 8.0


class ProcessSource(Protocol):
    """A run that can be asked."""

    @property
    def taken(self) -> int:
        """Steps the run has taken."""

    @property
    def spec(self) -> NetworkView:
        """The network as scenes see it."""

    def at(self, step: int, probes: tuple[Probe, ...]) -> Snapshot:
        """Return the run after that many steps."""

    def ask(self, question: str, **values: Any) -> Any:
        """Return the answer to a question of `app.engine.questions`, when it is complete."""

    def tell(self, told: Callable[[float], None] | None) -> None:
        """Let `told` know how much of an answer is done, from 0 to 1, while one is waited for."""


@dataclass(frozen=True, eq=False)
class Subject:
    """What a process is of.

    Attributes
    ----------
    source
        Where to ask.
    x
        The input, in the shape the network takes.
    label
        Its class, or None.
    toggles
        Of the recipe.
    spec
        The network.
    step
        At which it is filmed.
    layout, scale
        Of the film: pictures that come with the answers are so many times as fine as the layout.
    told
        Is told how much is done, if anybody wants to know.
    """

    source: ProcessSource
    x: np.ndarray
    label: int | None
    toggles: Mapping[str, Any]
    spec: NetworkView
    step: int = 0
    layout: Any = None
    scale: float = 1.0
    told: Callable[[float], None] | None = None

    def ask(self, question: str, **values: Any) -> Any:
        """Ask about the input."""
        return self.source.ask(question, x=self.x, **values)

    def ask_of_network(
        self, question: str, *, share: tuple[float, float] = (0.0, 1.0), **values: Any
    ) -> Any:
        """Ask what is of no input; from the one to the other `share` of the preparation it takes."""
        told, (low, high) = self.told, share
        if told is not None:
            self.source.tell(lambda done: told(low + (high - low) * done))
        try:
            return self.source.ask(question, **values)
        finally:
            if told is not None:
                self.source.tell(None)


def process_frames(
    recipe: Recipe,
    canvas: Canvas,
    source: ProcessSource,
    told: Callable[[float], None] | None = None,
) -> Iterator[Frame]:
    """Yield what each frame shows; the last is what stands at the end.

    The input is the held-out sample of the recipe, or the numbers under ``"x"`` in its toggles.
    """
    after = source.at(step_of(recipe, source.taken), ())
    subject = _subject(recipe, canvas, source, told)
    found = canvas.scene.process(subject)
    count = frames_of(recipe, canvas)
    for number in range(count):
        share = number / (count - 1) if count > 1 else 1.0
        toggles = {**recipe.toggles, **found, "share": share}
        yield Frame(after=after, toggles=MappingProxyType(toggles), caption=recipe.caption)


def step_of(recipe: Recipe, taken: int) -> int:
    """The step at which the process is filmed: where the run stands, unless another is told."""
    return taken if recipe.last is None else recipe.last


def frames_of(recipe: Recipe, canvas: Canvas) -> int:
    """How many frames the film has."""
    return count_of(recipe, canvas.scene)


def count_of(recipe: Recipe, scene: Any) -> int:
    """How many frames a film of a scene has."""
    own = float(getattr(scene, "seconds", _SECONDS))
    seconds = recipe.seconds if recipe.seconds is not None else own
    return max(1, round(seconds * recipe.fps))


def still_of(
    recipe: Recipe,
    canvas: Canvas,
    source: ProcessSource,
    told: Callable[[float], None] | None = None,
) -> Frame:
    """Return the moment ``"share"`` of the toggles, by default the end."""
    after = source.at(step_of(recipe, source.taken), ())
    found = canvas.scene.process(_subject(recipe, canvas, source, told))
    toggles = {"share": 1.0, **recipe.toggles, **found}
    return Frame(after=after, toggles=MappingProxyType(toggles), caption=recipe.caption)


def given(recipe: Recipe, spec: NetworkView) -> np.ndarray | None:
    """The numbers under ``"x"`` in the toggles, in the shape the network takes; None where there are none.

    Raises
    ------
    ExportUsageError
        There are too many of them or too few.
    """
    numbers = recipe.toggles.get("x")
    if numbers is None:
        return None
    inputs = [node for node in spec.nodes if node.kind == "Input"]
    shape = inputs[0].shape if len(inputs) == 1 else ()
    x = np.asarray(numbers, np.float32)
    if not shape or x.size != prod(shape):
        raise ExportUsageError(
            tr("The network takes {wanted} numbers; x has {given}.", wanted=prod(shape or (0,)), given=x.size)
        )  # fmt: skip
    return x.reshape(shape)


def _subject(
    recipe: Recipe, canvas: Canvas, source: ProcessSource, told: Callable[[float], None] | None
) -> Subject:
    step = step_of(recipe, source.taken)
    more = (step, canvas.layout, canvas.size[0] / canvas.logical[0], told)
    if getattr(canvas.scene, "without_input", False):
        return Subject(source, np.zeros(0, np.float32), None, recipe.toggles, source.spec, *more)
    x = given(recipe, source.spec)
    if x is not None:
        return Subject(source, x, recipe.toggles.get("label"), recipe.toggles, source.spec, *more)
    search = source.ask("sample_search", data="", part="validation", start=recipe.sample or 0, by=1)
    if search.found is None:
        raise ExportUsageError(tr("There is no held-out sample to show."))
    found = search.found
    return Subject(
        source, np.asarray(found.x, np.float32), found.label, recipe.toggles, source.spec, *more
    )
