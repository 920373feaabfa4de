"""The chart, its scrubber and its table tell the numbers that the engine has computed."""

from __future__ import annotations

import csv
import dataclasses
import io

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest

from app import theme
from app.bus import CommandError
from app.optimizers.plot import RacePlot
from app.optimizers.race_table import COLUMNS, RaceTable
from app.optimizers.scrubber import Scrubber
from app.scenes import draw
from app.scenes.race_chart import make, paint, step_at, tick_text, x_of
from app.scenes.race_curves import polyline, spans
from app.scenes.race_numbers import numbers_of
from app.widgets import Button, Segmented
from tests.app.optimizers.conftest import Racing
from tests.app.window.windows import click


def plot(racing: Racing) -> RacePlot:
    return racing.control("race-plot", RacePlot)


def test_curves_are_the_losses_up_to_the_playhead(racing: Racing) -> None:
    session, found = racing.session, plot(racing)
    answer = session.answer
    assert answer is not None
    chart = found.chart
    assert chart is not None
    assert chart.log
    assert chart.shift == 0
    for values, path in zip(chart.values, answer.paths, strict=True):
        assert np.array_equal(values, path.losses)
    box = QRectF(0, 0, 600, 100)
    points = polyline(chart, 0, box)
    assert points[:, 0] == pytest.approx([x_of(step, box, 120) for step in range(121)])
    # Ten times as small is one decade lower.
    low, high = chart.heights(np.array([0.1, 1.0]), box)
    assert low - high == pytest.approx(100 / (chart.high - chart.low))
    assert [tick_text(chart, one) for one in chart.ticks][-1] in ("10", "100")
    # What is still to come is not painted, what is past is.
    racing.do("race.seek", step=60)
    area = found.box()
    image = found.grab().toImage()
    ratio = image.devicePixelRatio()

    def inked(begin: float, end: float) -> bool:
        y = range(int(area.top() * ratio), int(area.bottom() * ratio))
        x = range(int(begin * ratio), int(end * ratio), 3)
        found = (image.pixelColor(a, b) for a in x for b in y)
        return any(
            max(one.red(), one.green(), one.blue()) - min(one.red(), one.green(), one.blue()) > 60 for one in found
        )  # fmt: skip

    middle = x_of(60, area, 120)
    assert inked(area.left(), middle - 10)
    assert not inked(middle + 10, area.right())
    # Pointing reads every racer, the best first.
    values = {one.id: float(path.losses[45]) for one, path in session.racers}
    assert [one for one, _, _ in found.readings(45)] == sorted(values, key=lambda k: values[k])


def test_the_scrubber_goes_to_any_step(racing: Racing) -> None:
    session, found = racing.session, racing.control("race-scrubber", Scrubber)
    track = found.track()

    def at(step: int) -> QPoint:
        return QPoint(round(x_of(step, track, session.total)), found.height() // 2)

    QTest.mousePress(found, Qt.MouseButton.LeftButton, pos=at(30))
    assert session.step == step_at(at(30).x(), track, 120) == 30
    QTest.mouseMove(found, at(75))
    QTest.mouseRelease(found, Qt.MouseButton.LeftButton, pos=at(75))
    racing.until(lambda: session.step == 75)
    found.setFocus()
    for key, step in (
        (Qt.Key.Key_Right, 76), (Qt.Key.Key_Left, 75), (Qt.Key.Key_PageUp, 87), (Qt.Key.Key_PageDown, 75),
        (Qt.Key.Key_End, 120), (Qt.Key.Key_Right, 120), (Qt.Key.Key_Home, 0), (Qt.Key.Key_Left, 0),
    ):  # fmt: skip
        QTest.keyClick(found, key)
        assert session.step == step, key
    assert found.accessibleName() == "Step 0 of 120"
    chart = plot(racing)
    QTest.mouseClick(chart, Qt.MouseButton.LeftButton, pos=QPoint(round(x_of(50, chart.box(), 120)), 30))  # fmt: skip
    assert session.step == 50


def test_distance_rate_and_linear_axis(racing: Racing) -> None:
    answer, found = racing.session.answer, plot(racing)
    assert answer is not None
    click(racing.control("race-chart-choice", Segmented).segment("distance"))
    chart = found.chart
    assert chart is not None
    away = np.array([np.linalg.norm(path.positions - [3.0, 0.5], axis=1) for path in answer.paths])
    assert np.array(chart.values) == pytest.approx(away, rel=1e-12)
    click(racing.control("race-chart-choice", Segmented).segment("rate"))
    chart = found.chart
    assert chart is not None
    assert chart.values[0] == pytest.approx([0.006] * 120)
    click(racing.control("race-chart-choice", Segmented).segment("loss"))
    click(racing.control("race-chart-log", Segmented).segment("linear"))
    chart = found.chart
    assert chart is not None
    assert not chart.log
    assert chart.low == 0
    assert chart.high >= max(path.losses[0] for path in answer.paths)
    with pytest.raises(CommandError, match="nothing called"):
        racing.do("race.show", name="chart", value="pie")
    # Losses below 0 have logarithms above the lowest; where none is known the axis is linear and says so.
    racing.do("race.show", name="chart_log", value=True)
    racing.do("race.surface", kind="styblinski-tang")
    racing.raced()
    chart = found.chart
    assert chart is not None
    assert chart.log
    assert chart.shift == pytest.approx(-78.3323, abs=1e-3)
    assert "above the lowest" in chart.subtitle
    racing.do("race.surface", kind="saddle")
    racing.raced()
    answer = racing.session.answer
    assert answer is not None
    chart = make(answer, "distance")
    assert "No minimum" in chart.empty
    below = min(float(np.nanmin(path.losses)) for path in answer.paths)
    chart = make(answer, "loss")
    assert (below <= 0) == (not chart.log) == bool(chart.subtitle)
    # What lies on the lowest line is at most that, and the line says so; numbers end at about 1.8e308.
    racing.do("race.surface", kind="bowl")
    racing.raced()
    answer = racing.session.answer
    assert answer is not None
    tiny = [dataclasses.replace(path, losses=path.losses * 0.0 + 1e-30) for path in answer.paths]
    assert not make(answer).floored
    chart = make(dataclasses.replace(answer, paths=(*answer.paths[1:], tiny[0])))
    assert chart.floored
    assert tick_text(chart, chart.ticks[0]).startswith("≤ 1e")
    assert "≤" not in tick_text(chart, chart.ticks[1])
    for first, last in ((1e-12, 1.7e308), (1e-12, -1.7e308), (1.7e308, -1.7e308)):
        losses = np.repeat([first, last], [60, 61])
        ends = tuple(dataclasses.replace(path, losses=losses) for path in answer.paths)
        chart = make(dataclasses.replace(answer, paths=ends))
        assert np.isfinite([chart.low, chart.high, *chart.ticks]).all()
        assert all(tick_text(chart, one) for one in chart.ticks)
    # Racers that begin in a hole are there, though nothing of them can be drawn.
    racing.do("race.formula", text="sqrt(x)*log(x)")
    racing.do("race.start", x=-1.0, y=0.0)
    racing.raced()
    chart = found.chart
    assert chart is not None
    assert "no value at the start" in chart.empty


def test_the_table_sorts_and_is_copied_with_all_digits(racing: Racing) -> None:
    racing.do("race.seek", step=100)
    click(racing.control("race-chart-choice", Segmented).segment("table"))
    table = racing.control("race-table", RaceTable)

    def column(name: str) -> list[str]:
        place = list(COLUMNS).index(name)
        return [item.text() for k in range(table.rowCount()) if (item := table.item(k, place)) is not None]  # fmt: skip

    losses = {one.title: float(path.losses[100]) for one, path in racing.session.racers}
    assert column("name") == sorted(losses, key=lambda one: losses[one])
    head = table.horizontalHeader()
    for name, expected in (
        ("name", sorted(losses, key=str.casefold)),
        ("loss", sorted(losses, key=lambda one: losses[one])),
        ("loss", sorted(losses, key=lambda one: -losses[one])),
    ):
        place = list(COLUMNS).index(name)
        x = head.sectionViewportPosition(place) + head.sectionSize(place) // 2
        QTest.mouseClick(head.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(x, 8))
        assert column("name") == expected, name
    with pytest.raises(CommandError, match="sorted by"):
        racing.do("race.show", name="sort", value="luck")
    table.setFocus()
    table.setCurrentCell(0, list(COLUMNS).index("length"))
    QTest.keyClick(table, Qt.Key.Key_Return)
    lengths = {one.title: path for one, path in racing.session.racers}
    assert racing.session.toggles["sort"] == "length"
    assert column("name") == sorted(
        lengths,
        key=lambda one: np.linalg.norm(np.diff(lengths[one].positions[:101], axis=0), axis=1).sum(),
    )
    click(racing.control("race-table-copy", Button))
    lines = list(csv.DictReader(io.StringIO(QGuiApplication.clipboard().text())))
    assert len(lines) == len(losses)
    path = racing.path("adam")
    mine = next(one for one in lines if one["racer"] == "Adam")
    assert float(mine["loss"]) == path.losses[100]
    assert int(mine["step"]) == 100
    assert float(mine["gradient"]) == pytest.approx(np.linalg.norm(path.gradients[100]), rel=1e-12)
    moves = np.linalg.norm(np.diff(path.positions[:101], axis=0), axis=1)
    assert float(mine["length"]) == pytest.approx(moves.sum(), rel=1e-12)
    first = table.item(0, 0)
    assert first is not None
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualItemRect(first).center())  # fmt: skip
    assert racing.racer(racing.session.racer).title == first.text()


def test_long_races_keep_their_extremes_and_are_painted_bit_by_bit(racing: Racing) -> None:
    racing.do("race.surface", kind="valley")
    racing.do("race.steps", value=10_000)
    racing.do("race.set", id="momentum", key="learning_rate", value=0.03)
    racing.raced()
    answer = racing.session.answer
    assert answer is not None
    chart, box = make(answer), QRectF(0, 0, 500, 100)
    place = [one.id for one in answer.race.racers].index("momentum")
    heights = chart.heights(chart.values[place], box)
    points, bars = polyline(chart, place, box), spans(chart, place, box)
    assert len(points) <= 252
    assert np.all(np.diff(points[:, 0]) > 0)
    column = heights[: 10_001 // 250 // 2]
    assert column.min() - 1e-9 <= points[0, 1] <= column.max() + 1e-9
    for x, low, high in bars:
        near = heights[max(0, int((x - 2) * 20)) : int((x + 2) * 20) + 1]
        assert near.min() <= low < high <= near.max()
    # Without time nothing is painted that was not before; with enough all of it is.
    image = draw.canvas(600, 140, 1.0, theme.current().bg0)
    done = []
    for _ in range(2):
        with draw.painting(image, (600, 140)) as painter:
            done.append(paint(painter, box, theme.current(), chart, 9000.0, budget=0.0))
    assert done == [False] * 2
    with draw.painting(image, (600, 140)) as painter:
        assert paint(painter, box, theme.current(), chart, 9000.0, budget=60.0)


def test_while_the_start_is_dragged_the_chart_shows_every_race_and_is_fine_when_it_rests(
    racing: Racing,
) -> None:
    found = plot(racing)
    racing.do("race.seek", step=100)
    before = found.grab().toImage()
    seen = []
    for k in range(4):
        racing.do("race.start", x=2.0 + k / 10, y=1.0)
        racing.raced()
        assert found.chart is not None
        assert found.chart.answer is racing.session.answer
        seen.append(found.grab().toImage())
        assert seen[-1] not in (before, *seen[:-1])
    area = found.rect()
    image = draw.canvas(area.width(), area.height(), found.devicePixelRatioF(), theme.current().bg0)
    session, chart = racing.session, make(found.chart.answer)
    line = numbers_of(chart.answer).finish_line()
    with draw.painting(image, (area.width(), area.height())) as painter:
        paint(painter, found.box(), theme.current(), chart, session.time, session.racer, line)
    racing.until(lambda: _same(found.grab().toImage(), image))


def _same(one: QImage, other: QImage) -> bool:
    form = QImage.Format.Format_RGB32
    return one.convertToFormat(form) == other.convertToFormat(form)


def test_losses_far_below_zero_have_an_axis_for_both_sides(racing: Racing) -> None:
    racing.do("race.surface", kind="saddle")
    racing.do("race.add", kind="lion")
    racing.raced()
    chart = plot(racing).chart
    assert chart is not None
    assert chart.linear > 0
    assert min(chart.ticks) < 0 <= max(chart.ticks)
    assert 0 in chart.ticks
    box = QRectF(0, 0, 400, 200)
    given = np.array([-50.0, -0.5, 0.0, 0.5, 5.0])
    heights = chart.heights(given, box)
    # Higher numbers stand higher, equally far above and below 0, and near 0 as on a linear axis.
    assert (np.diff(heights) < 0).all()
    zero = heights[2]
    small = chart.linear * 1e-3
    up, down = (
        chart.heights(np.array([0.5, small]), box),
        chart.heights(np.array([-0.5, -small]), box),
    )
    assert up + down == pytest.approx(2 * zero)
    assert (zero - chart.heights(np.array([2 * small]), box)[0]) == pytest.approx(
        2 * (zero - up[1]), rel=1e-2
    )
