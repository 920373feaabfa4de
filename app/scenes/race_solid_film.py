"""The film of a race in three dimensions.

A frame's toggles hold besides those of `app.scenes.race_slide` ``"grid"`` (`SurfaceGrid`), ``"sight"`` (turn, tilt,
zoom) half way, ``"heights"`` ("auto", "log", "plain") and ``"spin"``: by how many radians it turns in the film.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.export.formats import ExportUsageError
from app.scenes import draw, race_solid, registry
from app.scenes.mesh import Projection, Sight
from app.scenes.race_slide import RaceSlide
from app.text import tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QPainter

    from app.engine.questions.racing import RaceAnswer
    from app.export.races import RaceSource
    from app.scenes.frame import Frame
    from app.scenes.race_slide import SlideLayout
    from app.theme import Theme

#: How far it turns from the first frame to the last, in radians: depth is seen by what moves before what.
_SPIN = 0.5


class SolidFilm(RaceSlide):
    """See the module's text."""

    name = "race-3d"
    film_title = tr("Race in 3-D")

    def process(self, source: RaceSource, place: SlideLayout, scale: float) -> Mapping[str, Any]:
        """Run the race, and evaluate the surface."""
        found = dict(super().process(source, place, scale))
        surface = found["answer"].surface
        if len(surface.variables) < 2:
            raise ExportUsageError(
                tr("A curve has one variable: there is nothing to see in 3-D. Film the scene race.")
            )
        columns, rows = race_solid.ASKED
        found["grid"] = source.ask(
            "surface_grid", surface=surface.to_document(), across=surface.domain[0], down=surface.domain[1],
            width=columns, height=rows,
        )  # fmt: skip
        return found

    def picture(
        self, painter: QPainter, place: SlideLayout, theme: Theme, frame: Frame, answer: RaceAnswer, time: float,
        chosen: str,
    ) -> None:  # fmt: skip
        """Draw the surface, a little further turned at every moment."""
        toggles, box = frame.toggles, place.picture
        if toggles.get("grid") is None:
            return
        log = race_solid.is_log(answer.surface.log, str(toggles.get("heights", "auto")))
        ground = race_solid.ground_of(toggles["grid"], log, race_solid.lowest_of(answer))
        left, top, width, height = box
        room = 28.0 if width > race_solid.WIDE else 10.0
        sight = Sight(*toggles["sight"]) if "sight" in toggles else Sight()
        turned = float(toggles.get("spin", _SPIN)) * (time / max(1, answer.race.steps) - 0.5)
        inner = (room, room, max(1.0, width - 2 * room), max(1.0, height - 2 * room))
        race_solid.paint_solid(
            painter, theme, box, ground, race_solid.runners(answer, ground, width), time, chosen,
            Projection(sight.moved(turned), inner), marks=answer.surface.minima,
            axes=answer.surface.variables if width > race_solid.WIDE else (),
        )  # fmt: skip
        words = race_solid.heights_words(ground, log)
        draw.text(painter, left + 16, top + 24, tr("height: {words}", words=words), 11.5, theme.tx2)


SCENE = registry.register(SolidFilm())
