"""What Look inside asks to show how an attribution comes about, point by point. Worker thread."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from app.engine.answers import Partial
from app.engine.questions import question
from app.engine.questions.inside import answering, explainer, given, held
from core.explain.integrand import Integrand, integrand
from core.explain.score import Score, score_of

if TYPE_CHECKING:
    from app.engine.session import Session
    from core.runs import Position


@dataclass(frozen=True)
class PathTaken:
    """The path of integrated gradients.

    Attributes
    ----------
    position
        Where the run stands.
    score
        Of what.
    path
        Its points.
    version
        Of which program and weights it is, as `Snapshot.version`.
    """

    position: Position
    score: Score
    path: Integrand
    version: tuple[int, ...]


@question("inside_path")
def path(
    session: Session,
    *,
    x: Any,
    class_index: int,
    on: str = "score",
    against: int | None = None,
    settings: Mapping[str, Any] = MappingProxyType({}),
) -> Generator[Partial, None, PathTaken]:
    """The gradient at every point between baseline and input; `settings` are those of integrated gradients."""
    of = explainer(session)
    row = given(of, x)
    answering(of, row)
    score, position = score_of(class_index, of.classes, on, against), session.position
    version = session.version
    wanted = {k: v for k, v in settings.items() if k != "multiply_by_inputs"}
    found: PathTaken | None = None
    for step in held(session, of, integrand(of, row, score, **wanted)):
        found = PathTaken(position, score, step.result, version)
        if step.done < step.total:
            yield Partial(step.done / step.total, found)
    assert found is not None
    # Sorting all gradients takes long on large pictures: not when they are painted.
    _ = found.path.steepest
    return found
