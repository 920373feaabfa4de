"""A race that plays: what is painted in parts or kept as a picture shows what painting all of it would."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication, QWidget

from app import theme
from app.optimizers.panels.racers import RacersPanel
from app.optimizers.panels.terms import Measures, TermsPanel
from app.optimizers.racer_head import RacerHead
from app.optimizers.scrubber import Scrubber
from app.optimizers.term_numbers import TermNumbers
from app.optimizers.term_table import TermTable
from app.scenes import draw
from app.scenes.race_looks import look_of
from app.scenes.race_ranking import LOW, ROW, KeptRow, RaceRow, paint_row
from tests.app.optimizers.conftest import Racing

_TICK = 1 / 60
_ROWS = {
    "finished": RaceRow("a", "Adam", "Adam", look_of("adam"), "lr 0.080", "1.234", "(2.29, 0.27)", "", 40, 1, 2),
    "gone": RaceRow("b", "Batch", "Batch", look_of("batch"), "lr 0.9", gone="diverged at step 4", rank=2),
    "long": RaceRow("c", "Stochastic gradient descent", "SGD", look_of("lion"), "lr 1", "9.0e-3", "(2.29, 0.27)"),
    "new": RaceRow("d", "Adam", "Adam", look_of("adam"), "lr 0.080"),
}  # fmt: skip


@pytest.fixture
def ticking(racing: Racing) -> Iterator[Racing]:
    """A race whose clock ticks when the test says so."""
    clock = racing.session.context.clock
    clock._timer.timeout.disconnect(clock._on_timeout)
    yield racing
    clock._timer.timeout.connect(clock._on_timeout)


def tick(racing: Racing, count: int) -> None:
    for _ in range(count):
        racing.session.context.clock.tick.emit(_TICK)
        QApplication.processEvents()


def pixels(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    found = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
    return found[:, : image.width(), :3].astype(int)


def on_screen(widget: QWidget) -> np.ndarray:
    """What was painted of a widget in all its turns; of one that is scrolled, what is to be seen."""
    window, seen = widget.window(), widget.visibleRegion().boundingRect()
    at = widget.mapTo(window, QPoint(0, 0))
    whole = window.screen().grabWindow(window.winId()).toImage()
    return pixels(whole.copy(seen.translated(at)))


def anew(widget: QWidget) -> np.ndarray:
    """The same, painted at once."""
    return pixels(widget.grab(widget.visibleRegion().boundingRect()).toImage())


def test_what_is_painted_in_parts_is_what_painting_all_of_it_shows(ticking: Racing) -> None:
    racing = ticking
    racing.do("race.speed", value="50/s")
    racing.do("race.choose", id="adam")
    racing.window.resize(1280, 720)
    tick(racing, 3)
    racing.do("race.play")
    rows = racing.control("race-racers-panel", RacersPanel)._rows
    parts = [
        racing.control("race-terms-table", TermTable),
        racing.control("race-term-numbers", TermNumbers),
        racing.control("race-measures", Measures),
    ]
    for _ in range(4):
        tick(racing, 13)
        # Of those that change places, one is above the other.
        alone = [
            one for one in rows.values()
            if not any(one is not other and one.geometry().intersects(other.geometry()) for other in rows.values())
        ]  # fmt: skip
        seen = [one for one in alone if not one.visibleRegion().isEmpty()]
        for part in (*parts, *seen):
            assert np.array_equal(on_screen(part), anew(part)), part.objectName()
    racing.do("race.pause")
    QApplication.processEvents()
    step = racing.session.step
    assert 0 < step < racing.session.total
    found = racing.control("race-terms-table", TermTable)
    assert found._cells == found.cells()
    assert f"t = {step + 1}" in racing.control("race-racer", RacerHead).accessibleName()
    for part in (*parts, racing.control("race-scrubber", Scrubber)):
        assert np.array_equal(on_screen(part), anew(part)), part.objectName()


def test_those_who_cannot_see_are_told_where_a_race_stopped(ticking: Racing) -> None:
    racing = ticking
    racing.do("race.choose", id="adam")
    found = racing.control("race-term-numbers", TermNumbers)
    racing.do("race.play")
    tick(racing, 40)
    racing.do("race.pause")
    assert found.accessibleDescription() == found.sentence != ""
    shown = racing.control("race-terms-table", TermTable)
    update = racing.session.step
    racing.do("race.seek", step=0)
    before = shown.accessibleDescription()
    racing.do("race.seek", step=update)
    assert shown.accessibleDescription() != before


def test_flags_come_while_the_race_plays_and_go_when_it_goes_back(ticking: Racing) -> None:
    racing = ticking
    found = racing.control("race-scrubber", Scrubber)
    racing.do("race.show", name="finish", value=1.0)
    steps, looks = found._finishers()
    assert steps == sorted(steps)
    assert 0 < steps[0] < racing.session.total
    racing.do("race.seek", step=steps[0] - 1)
    x = round(found.track().x() + steps[0] / racing.session.total * found.track().width())
    color = looks[0].color(theme.current())
    own = np.array([color.blue(), color.green(), color.red()])

    def ink() -> int:
        QApplication.processEvents()
        shown = on_screen(found)[:, x - 3 : x + 4]
        return int((np.abs(shown - own).max(2) < 20).sum())

    racing.do("race.speed", value="20/s")
    racing.do("race.play")
    # Far enough that the knob does not cover it.
    while racing.session.step < steps[0] + 12:
        tick(racing, 1)
    assert ink() > 0
    racing.do("race.seek", step=0)
    assert ink() == 0


class _Painted(QObject):
    """Counts what is painted."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self.names.append(watched.objectName())
        return False


def test_what_covers_its_place_is_painted_without_what_is_beneath(racing: Racing) -> None:
    racing.do("race.seek", step=20)
    racing.qtbot.wait(300)
    terms = racing.control("race-terms-panel", TermsPanel)
    row = next(iter(racing.control("race-racers-panel", RacersPanel)._rows.values()))
    for widget in (
        terms.table, terms.numbers, terms.measures, racing.control("race-scrubber", Scrubber),
        racing.control("race-racer", RacerHead), row,
    ):  # fmt: skip
        seen = _Painted()
        QApplication.instance().installEventFilter(seen)
        try:
            widget.update()
            QApplication.sendPostedEvents()
            QApplication.processEvents()
        finally:
            QApplication.instance().removeEventFilter(seen)
        assert widget.objectName() in seen.names
        assert "optimizers" not in seen.names


@pytest.mark.parametrize("case", _ROWS)
@pytest.mark.parametrize("scale", [1.0, 1.25, 2.0])
@pytest.mark.parametrize("name", ["dark", "light"])
def test_a_kept_row_is_the_row(case: str, scale: float, name: str) -> None:
    colors = {"dark": theme.DARK, "light": theme.LIGHT}[name]
    kept, row = KeptRow(), _ROWS[case]
    for wide, high in ((248, ROW), (200, LOW), (248, ROW)):
        for chosen, hovered, buttons in (
            (False, False, 0.0),
            (True, False, 28.0),
            (False, True, 0.0),
        ):
            shown = []
            for way in ("row", "kept"):
                image = draw.canvas(wide, high, scale, colors.bg0)
                painter = QPainter(image)
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                if way == "row":
                    box = QRectF(0, 0, wide, high)
                    paint_row(
                        painter, box, colors, row, chosen=chosen, hovered=hovered, buttons=buttons
                    )
                else:
                    kept.paint(
                        painter, wide, round(high), colors, row, chosen=chosen, hovered=hovered, buttons=buttons
                    )  # fmt: skip
                painter.end()
                shown.append(image)
            assert shown[0] == shown[1]
