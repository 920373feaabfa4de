"""Films of one answer as it comes about: an image that is made, a window that hides parts of another.

A scene whose ``films`` is ``"answers"`` says with ``question(spec, toggles, x)`` what the engine is asked of the
input x: the question's name and its values, or a sentence why there is none. All that is found on the way is kept; each
frame has one of these findings in its toggles as ``"answer"``, how many there are before it as ``"answered"``, of
``"answers"``, the last of them as ``"final"`` (so that axes stand still), and the input as ``"input"``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from app.export.formats import ExportUsageError
from app.export.plan import FilmPlan, Moment
from app.scenes.frame import Frame, Selection
from app.snapshots import SampleView, Snapshot
from app.text import tr
from core.errors import ChainruleError

if TYPE_CHECKING:
    from app.export.recipe import Recipe
    from app.snapshots import NetworkView, Probe

#: Seconds of a film that was not told how long: the way itself, and its end that stands still.
_SECONDS, _HOLD = 6.0, 1.5


class AnswerSource(Protocol):
    """A run whose engine can be asked."""

    @property
    def spec(self) -> NetworkView:
        """The network as scenes see it."""

    def at(self, step: int, probes: tuple[Probe, ...]) -> Snapshot:
        """Return the run after that many steps."""

    def answers(self, question: str, values: Mapping[str, Any]) -> Iterator[Any]:
        """Ask the engine where the run stands: what is found on the way, and the answer."""


def plan_of(recipe: Recipe, step: int) -> FilmPlan:
    """Frames of a film of the run after `step` steps."""
    seconds = recipe.seconds if recipe.seconds is not None else _SECONDS + _HOLD
    count = max(1, round(seconds * recipe.fps))
    return FilmPlan(step, step, (Moment(step),) * count)


def answer_frames(
    recipe: Recipe, scene: Any, source: AnswerSource, film: FilmPlan
) -> Iterator[Frame]:
    """Yield what each frame shows; a picture is of the end.

    Raises
    ------
    ExportUsageError
        The engine cannot be asked that, with the reason.
    """
    shot = source.at(film.last, ())
    sample: SampleView | None = shot.sample
    x = sample.x if sample is not None else None
    asked = scene.question(source.spec, recipe.toggles, x)
    if isinstance(asked, str):
        raise ExportUsageError(asked)
    try:
        found = list(source.answers(*asked))
    except ChainruleError as error:
        raise ExportUsageError(str(error)) from error
    if not found:
        raise ExportUsageError(tr("There is nothing to film."))
    count = len(film)
    held = min(_HOLD, 0.25 * count / recipe.fps) * recipe.fps
    for number in range(count):
        share = min(1.0, number / max(1.0, count - 1 - held)) if count > 1 else 1.0
        k = round(share * (len(found) - 1))
        toggles = dict(recipe.toggles) | {
            "answer": found[k], "answered": k, "answers": len(found), "final": found[-1], "input": x,
        }  # fmt: skip
        yield Frame(
            after=shot, selection=Selection(sample=recipe.sample), toggles=MappingProxyType(toggles),
            caption=recipe.caption,
        )  # fmt: skip
