"""The film of a race on the learner's network: curves of loss and accuracy, beside them who is ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.scenes import draw, network_slide, registry
from app.scenes.network_slide import NetworkSlide, NetworkSlideLayout
from app.text import tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QPainter

    from app.export.processes import Subject
    from app.scenes.frame import Frame
    from app.theme import Theme

#: Share of the height that the loss has where there is a second chart.
_LOSS = 0.56


class NetworkRaceFilm(NetworkSlide):
    """See the module's text."""

    name = "network-race"
    film_title = tr("Race on the network")

    def process(self, subject: Subject) -> Mapping[str, Any]:
        """Let the racers train the network."""
        return network_slide.raced(subject, (0.0, 1.0))

    def paint(
        self, painter: QPainter, place: NetworkSlideLayout, theme: Theme, frame: Frame
    ) -> None:
        """Draw the race at a share of the film."""
        draw.prepare(painter, place.size)
        toggles = frame.toggles
        answer = toggles.get("raced")
        if answer is None:
            network_slide.paint_nothing(painter, place, theme, frame, tr("Race on the network"))
            return
        charts, runners = toggles["charts"], toggles["runners"]
        time = network_slide.time_of(float(toggles.get("share", 1.0)), answer.race.steps)
        chosen = str(toggles.get("racer", ""))
        left, top, width, height = place.picture
        draw.fill(painter, left, top, width, height, theme.bg0)
        first = height if len(charts) < 2 else round(height * _LOSS)
        network_slide.paint_chart(
            painter, (left, top, width, first), theme, charts[0], time, chosen
        )
        if len(charts) > 1:
            draw.line(painter, left, top + first + 0.5, left + width, top + first + 0.5, theme.line)
            box = (left, top + first, width, height - first)
            network_slide.paint_chart(painter, box, theme, charts[1], time, chosen)
        if place.ranking is not None:
            network_slide.paint_racers(
                painter, place.ranking, theme, charts, runners, time, chosen, batches=answer.race.batches
            )  # fmt: skip
        words = network_slide.about(answer)
        network_slide.paint_head(painter, place, theme, frame, words, time, answer.race.steps)


SCENE = registry.register(NetworkRaceFilm())
