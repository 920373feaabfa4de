"""The picture of a race on its map: what is kept from moment to moment is what would be painted at once."""

from __future__ import annotations

import msgspec
import pytest
from PySide6.QtGui import QImage, QPainter

from app import theme as themes
from app.engine.questions.racing import RaceAnswer
from app.optimizers.map_picture import MapPicture
from app.scenes import draw
from app.scenes.race_map_layout import fitted
from app.scenes.race_moment import Moment
from core import landscape
from core.landscape.race import first_race, new_racer, run

SIZE = (400.0, 300.0)


def _raced(kind: str, steps: int) -> RaceAnswer:
    race = msgspec.structs.replace(first_race(), surface={"kind": kind}, steps=steps, racers=())
    # Which of two lines is over the other where they cross is told of the chosen one alone.
    for name in ("batch", "momentum"):
        race = msgspec.structs.replace(race, racers=(*race.racers, new_racer(race, name)))
    surface = landscape.from_document(race.surface)
    return RaceAnswer(race, surface, list(run(race, surface))[-1])


def _painted(picture: MapPicture, moment: Moment, scale: float) -> QImage:
    image = draw.canvas(*SIZE, scale, themes.DARK.bg0)
    view = fitted(moment.surface, 0.0, 0.0, *SIZE)
    complete = False
    while not complete:
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        picture.paint(painter, themes.DARK, view, None, None, moment, moment.surface)
        painter.end()
        complete = picture.complete
    return image


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize(
    ("kind", "steps", "stride"),
    [("beale", 120, 0.37), ("himmelblau", 1500, 19.5), ("beale", 6000, 470.0)],
)
def test_trails_that_grow_look_like_trails_painted_at_once(
    qtbot: object, kind: str, steps: int, stride: float, scale: float
) -> None:
    answer = _raced(kind, steps)
    growing, time = MapPicture(), 0.0
    while time < 0.8 * steps:
        time += stride
        grown = _painted(growing, Moment(answer, time, "momentum", answer.race.start), scale)
    at_once = _painted(MapPicture(), Moment(answer, time, "momentum", answer.race.start), scale)
    assert grown == at_once
    back = Moment(answer, time / 2, "momentum", answer.race.start)
    assert _painted(growing, back, scale) == _painted(MapPicture(), back, scale)
    other = Moment(answer, time / 2, "batch", answer.race.start)
    assert _painted(growing, other, scale) == _painted(MapPicture(), other, scale) != grown
