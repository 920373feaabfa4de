"""What is told of a racer, and of a point, that the mouse points at on the map."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from app.scenes.formula_expressions import format_number
from app.text import tr

if TYPE_CHECKING:
    from app.engine.questions.mapping import SurfacePoint
    from app.scenes.race_moment import Place
    from core.landscape import Surface


def words_of(place: Place, step: int, names: tuple[str, ...]) -> str:
    """What is told of a racer after so many steps; `names` are those of the surface's variables."""
    title, path = place.racer.title, place.path
    if place.gone and path.why == "hole":
        return tr(
            "{title} is gone: its step {step} led to where the formula has no value.",
            title=title, step=path.left,
        )  # fmt: skip
    if place.gone:
        return tr(
            "{title} is gone: it diverged at step {step}. A smaller learning rate may help.",
            title=title, step=path.left,
        )  # fmt: skip
    row = path.positions[step][: len(names)]
    point = ", ".join(format_number(float(one), 4) for one in row)
    return tr(
        "{title}\nloss {loss}\nstep {step}, at ({point})", title=title, step=step, point=point,
        loss=format_number(float(path.losses[step]), 4),
    )  # fmt: skip


def words_at(surface: Surface, point: SurfacePoint) -> str:
    """What is told of a point of a surface: where it is, how high, and the gradient."""
    names = surface.variables
    place = ", ".join(
        f"{name} {format_number(one, 4)}" for name, one in zip(names, point.at, strict=False)
    )
    if not isfinite(point.value):
        return tr("{place}\nThe formula has no value here.", place=place)
    slopes = point.gradient[: len(names)]
    gradient = ", ".join(format_number(one, 4) for one in slopes)
    if not all(isfinite(one) for one in slopes):
        gradient = tr("none")
    return tr(
        "{place}\nf {value}\ngradient ({gradient})", place=place, gradient=gradient,
        value=format_number(point.value, 5),
    )  # fmt: skip
