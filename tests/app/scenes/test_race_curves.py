"""Curves of a race's chart: thinned as every curve is, and sketched as they are painted finely."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage

import app
from app.engine.questions.racing import RaceAnswer
from app.scenes import draw, series
from app.scenes.race_chart import RaceChart, make, paint
from app.scenes.race_curves import COLUMN, line
from app.theme import DARK, LIGHT, Theme
from core import landscape
from core.landscape.race import KINDS, Race, new_racer, run

_BOX = QRectF(64, 8, 500, 100)
_SIZE = (600, 140)


def _raced(steps: int, surface: str = "beale", start: tuple[float, float] = (1.0, 1.0)) -> RaceAnswer:  # fmt: skip
    race = Race(surface={"kind": surface}, start=start, steps=steps)
    for one in KINDS[:12]:
        race = Race(
            surface=race.surface, start=start, steps=steps, racers=(*race.racers, new_racer(race, one.name))
        )  # fmt: skip
    ground = landscape.from_document(race.surface)
    return RaceAnswer(race, ground, list(run(race, ground))[-1], 0.0)


def _image(chart: RaceChart, theme: Theme, scale: float = 1.0, **how: Any) -> np.ndarray:
    app.create_application()
    image = draw.canvas(*_SIZE, scale, theme.bg0)
    with draw.painting(image, _SIZE) as painter:
        paint(painter, _BOX, theme, chart, float(chart.answer.race.steps), **how)
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 4 * image.width()].reshape(image.height(), image.width(), 4)[..., 2::-1].astype(int)  # fmt: skip


def _as_series(chart: RaceChart, place: int) -> tuple[np.ndarray, np.ndarray]:
    """What a curve with holes anywhere is thinned to."""
    values, columns = chart.values[place], int(_BOX.width()) // COLUMN
    at = np.flatnonzero(np.isfinite(values))
    x = _BOX.left() + at / chart.answer.race.steps * _BOX.width()
    y = chart.heights(values[at], _BOX)
    edges = _BOX.left(), _BOX.right()
    bars = np.zeros((0, 3))
    if len(x) > columns:
        column, least, most = series.ranges(x, y, columns, *edges)
        middle = _BOX.left() + (column + 0.5) * _BOX.width() / columns
        bars = np.column_stack([middle, least, most])[most - least > 3.0]
    return np.column_stack(series.thin(x, y, columns, *edges)), bars


@pytest.mark.parametrize("steps", [1, 120, 249, 250, 251, 3000])
def test_curves_are_thinned_as_all_curves_are(steps: int) -> None:
    answer = _raced(steps, start=(3.5, 3.0))
    for kind in ("loss", "rate", "distance"):
        chart = make(answer, kind)
        for place in range(len(chart.values)):
            points, bars = line(chart, place, _BOX)
            wanted, wanted_bars = _as_series(chart, place)
            # A step on the edge of two columns may be of either.
            assert abs(len(points) - len(wanted)) <= 1
            if len(points) == len(wanted):
                assert points == pytest.approx(wanted, abs=2.0)
            assert abs(len(bars) - len(wanted_bars)) <= 2


def test_racers_that_are_gone_end_where_they_left() -> None:
    answer = _raced(400, "rosenbrock", (-2.0, 4.0))
    chart = make(answer)
    gone = [k for k, path in enumerate(answer.paths) if path.left is not None]
    assert gone
    for place in gone:
        points, _ = line(chart, place, _BOX)
        left = answer.paths[place].left
        assert left is not None
        assert points[-1, 0] <= _BOX.left() + left / 400 * _BOX.width() + 1e-9


def test_a_curve_with_a_hole_has_what_is_beside_it() -> None:
    answer = _raced(600)
    chart = make(answer)
    values = chart.values[0].copy()
    values[100:200] = np.nan
    holed = RaceChart(
        answer, "loss", chart.log, chart.shift, (values, *chart.values[1:]), chart.low, chart.high, chart.ticks
    )  # fmt: skip
    points, _ = line(holed, 0, _BOX)
    wanted, _ = _as_series(holed, 0)
    assert np.array_equal(points, wanted)
    whole, _ = line(chart, 0, _BOX)
    assert len(points) < len(whole)
    assert points[-1] == pytest.approx(whole[-1])


@pytest.mark.parametrize("theme", [DARK, LIGHT])
@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_a_sketch_looks_like_what_is_painted_finely(theme: Theme, scale: float) -> None:
    answer = _raced(300)
    chosen = answer.race.racers[-1].id
    sketch = _image(make(answer), theme, scale, chosen=chosen, quick=True)
    fine = _image(make(answer), theme, scale, chosen=chosen)
    assert not np.array_equal(sketch, fine)
    # As much ink, and pixel by pixel nearly the same.
    assert np.abs(sketch - fine).mean() < 2.0
    ground = np.array(QColor(theme.bg0).getRgb()[:3])
    ink, wanted = (np.abs(image - ground).sum() for image in (sketch, fine))
    assert ink == pytest.approx(wanted, rel=0.15)


def test_a_chart_is_never_without_its_curves() -> None:
    """However little time there is, all of them are there, and they become fine in the end."""
    chart = make(_raced(300))
    fine = _image(make(chart.answer), DARK)
    blank = _image(make(chart.answer), DARK, budget=0.0)
    assert np.array_equal(blank, _image(make(chart.answer), DARK, quick=True))
    for _ in range(40):
        now = _image(chart, DARK, budget=0.0005)
        assert np.abs(now - fine).mean() < 2.0
        if np.array_equal(now, fine):
            break
    else:
        raise AssertionError("it did not become fine")


def test_axes_are_those_of_the_chart() -> None:
    one, other = make(_raced(300)), make(_raced(300, start=(-3.0, 3.5)))
    assert (one.low, one.high) != (other.low, other.high) or one.ticks != other.ticks
    first = _image(one, DARK)
    second = _image(other, DARK)
    left = slice(0, int(_BOX.left()) - 4)
    assert not np.array_equal(first[:, left], second[:, left])
    assert np.array_equal(_image(make(one.answer), DARK), first)
    # The finish line is of the loss that is asked for.
    assert not np.array_equal(_image(make(one.answer), DARK, line=0.01), first)
    assert not np.array_equal(_image(make(one.answer), DARK, line=0.01), _image(one, DARK, line=1.0))  # fmt: skip
