"""The chart's legend: all racers, by name where there is room for all names, else as markers that can be pointed at."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint
from PySide6.QtGui import QHelpEvent, QImage
from PySide6.QtWidgets import QApplication, QToolTip

from app import theme
from app.optimizers.legend import MARKS, NONE, WORDS, Legend
from app.optimizers.plot import RacePlot
from app.scenes.race_looks import looks
from tests.app.optimizers.conftest import Racing


def legends(racing: Racing) -> tuple[Legend, Legend]:
    """That in the head, and that beneath it."""
    above = racing.control("race-chart-legend", Legend)
    return above, racing.control("race-chart-legend-below", Legend)


def resized(racing: Racing, wide: int, high: int) -> None:
    racing.window.resize(wide, high)
    QApplication.processEvents()
    QApplication.processEvents()


def shown(racing: Racing) -> Legend:
    """The one that is to be seen: never both."""
    found = [one for one in legends(racing) if one.isVisible()]
    assert len(found) == 1
    return found[0]


def assert_all_are_there(racing: Racing, legend: Legend) -> None:
    entries = legend.entries(legend.width(), legend.form)
    assert [one.id for one in entries] == [one.id for one in racing.race.racers]
    image = legend.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = (
        np.frombuffer(image.constBits(), np.uint8)
        .reshape(image.height(), -1, 4)[:, :, :3]
        .astype(int)
    )
    look = looks(racing.race)
    for one, after in zip(entries, [*entries[1:], None], strict=True):
        assert one.x + one.wide <= legend.width() + 0.5
        if after is not None and after.line == one.line:
            assert one.x + one.wide <= after.x + 0.01
        color = look[one.id].color(theme.current())
        box = pixels[16 * one.line : 16 * (one.line + 1) + 4, int(one.x) : int(one.x) + 16]
        near = np.abs(box - np.array([color.blue(), color.green(), color.red()])).max(2) < 25
        assert near.any(), one.name


def test_seven_racers_are_named_in_the_head(racing: Racing) -> None:
    resized(racing, 1440, 900)
    above, below = legends(racing)
    assert (above.form, below.form) == (WORDS, NONE)
    assert_all_are_there(racing, shown(racing))
    # In a narrower window beneath it.
    resized(racing, 1280, 720)
    assert (above.form, below.form) == (NONE, WORDS)
    assert_all_are_there(racing, shown(racing))
    resized(racing, 1024, 600)
    assert (above.form, below.form) == (MARKS, NONE)
    assert_all_are_there(racing, shown(racing))


@pytest.mark.parametrize(
    ("wide", "high", "form"),
    [(1440, 900, WORDS), (1366, 768, WORDS), (1280, 720, MARKS), (1024, 600, MARKS)],
)
def test_fourteen_racers_have_a_legend(racing: Racing, wide: int, high: int, form: str) -> None:
    racing.do("race.add_all")
    assert len(racing.race.racers) == 14
    resized(racing, wide, high)
    legend = shown(racing)
    assert legend.form == form
    assert_all_are_there(racing, legend)
    # The curves keep room.
    assert racing.control("race-plot", RacePlot).height() >= 80


def test_a_marker_says_whose_it_is_and_new_names_find_their_form(racing: Racing) -> None:
    resized(racing, 1440, 900)
    above, below = legends(racing)
    racing.do(
        "race.set",
        id="adam",
        key="name",
        value="An average of gradients over an average of squares",
    )
    assert (above.form, below.form) == (NONE, WORDS)
    assert below.entries(below.width(), WORDS)[-1].name.startswith("An average")
    for one in racing.race.racers:
        racing.do(
            "race.set",
            id=one.id,
            key="name",
            value="An average of gradients over an average of squares",
        )
    assert (above.form, below.form) == (MARKS, NONE)
    entries = above.entries(above.width(), above.form)
    racing.do(
        "race.set",
        id="momentum",
        key="name",
        value="The ball that rolls down into all the valleys that there are",
    )
    assert above.form == MARKS
    entry = next(one for one in entries if one.id == "momentum")
    at = QPoint(round(entry.x + 8), 10)
    QApplication.sendEvent(above, QHelpEvent(QEvent.Type.ToolTip, at, above.mapToGlobal(at)))
    assert QToolTip.text().startswith("The ball")
    QToolTip.hideText()


def test_the_table_needs_no_legend_beneath_the_head(racing: Racing) -> None:
    racing.do("race.add_all")
    resized(racing, 1440, 900)
    assert legends(racing)[1].isVisible()
    racing.do("race.show", name="chart", value="table")
    assert not legends(racing)[1].isVisible()
    racing.do("race.show", name="chart", value="distance")
    assert legends(racing)[1].isVisible()
