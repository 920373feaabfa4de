"""Which curves stand in which chart, and their axes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QImage, QPainter

from app.scenes import registry
from app.scenes.charts import (
    AUTO,
    SHARES,
    Axis,
    Box,
    chart_named,
    chart_title,
    charts_of,
    colors_of,
    curves_of,
    value_text,
)
from app.scenes.frame import Frame, ViewState
from app.snapshots import Curve, HistoryView, RunComparison, Snapshot, read_only
from app.theme import DARK, LIGHT, Theme
from tests.app.scenes.fixtures import trained_mlp

_STEPS = read_only(np.arange(1, 101), np.int64)
_ENDS = read_only([50, 100], np.int64)
_BOX = Box(50, 450, 20, 120)


def curve(
    name: str, share: bool, train: np.ndarray, valid: tuple[float, float] = (0.5, 0.6)
) -> Curve:
    return Curve(name, share, _STEPS, read_only(train), _ENDS, read_only(valid))


def history(*curves: Curve, accuracy: bool = True) -> HistoryView:
    falling = read_only(np.linspace(2, 0.1, 100))
    none = read_only([])
    rate = Curve(
        "learning_rate", False, read_only([1, 50, 51, 100], np.int64),
        read_only([1e-3, 1e-3, 1e-4, 1e-4]), read_only([], np.int64), none,
    )  # fmt: skip
    rising = read_only(np.linspace(0.1, 0.9, 100)) if accuracy else none
    return HistoryView(
        _STEPS, falling, rising, _ENDS, read_only([1.0, 0.2]),
        read_only([0.4, 0.8]) if accuracy else none, 50, 200, 1, curves, rate, accuracy,
    )  # fmt: skip


_PRECISION = curve("precision", True, np.linspace(0, 1, 100))
_MAE = curve("mean_absolute_error", False, np.linspace(3, 1, 100))
_OTHER = curve("mean_absolute_error/price", False, np.linspace(4, 2, 100))
_R2 = curve("r2_score", False, np.r_[np.full(2, -300.0), np.linspace(-1.5, 0.9, 98)], (-0.2, 0.8))


def test_shares_stand_together_and_each_other_metric_by_itself() -> None:
    found = history(_PRECISION, _MAE, _R2, _OTHER)
    assert charts_of(found) == (SHARES, "mean_absolute_error", "r2_score", "learning_rate")
    assert [c.name for c in curves_of(found, SHARES)] == ["accuracy", "precision"]
    assert [c.name for c in curves_of(found, "mean_absolute_error")] == [
        "mean_absolute_error", "mean_absolute_error/price"
    ]  # fmt: skip
    assert [chart_title(found, c) for c in charts_of(found)] == [
        "Scores", "Mean absolute error", "R²", "Learning rate"
    ]  # fmt: skip
    assert chart_title(history(), SHARES) == "Accuracy"
    assert chart_title(history(_PRECISION, accuracy=False), SHARES) == "Precision"


def test_the_chart_beside_the_loss_is_one_that_there_is() -> None:
    assert chart_named(history(_MAE), AUTO) == SHARES
    assert chart_named(history(_MAE, accuracy=False), AUTO) == "mean_absolute_error"
    assert chart_named(history(accuracy=False), AUTO) == "learning_rate"
    assert chart_named(history(_MAE), "r2_score") == SHARES
    assert chart_named(history(_MAE, _R2), "r2_score") == "r2_score"


def test_an_axis_reaches_below_zero_where_numbers_do_and_outliers_may_leave_it() -> None:
    axis = Axis(_BOX, "r2_score", (_R2,), False)
    assert -10 < axis.low <= -1.4
    assert 0.9 <= axis.high <= 2
    assert float(axis.y(-300.0)) == _BOX.bottom
    assert _BOX.top <= float(axis.y(0.9)) < float(axis.y(0.0)) < _BOX.bottom


def test_a_small_rate_has_readable_ticks() -> None:
    rate = history().rate
    assert rate is not None
    axis = Axis(_BOX, "learning_rate", (rate,), False)
    labels = [axis.label(tick) for tick in axis.ticks]
    assert len(set(labels)) == len(labels)
    assert axis.low == 0
    assert axis.high >= 1e-3


@pytest.mark.parametrize("values", [[], [np.nan] * 100, [np.inf] * 100, [0.0] * 100, [-2.0] * 100])
def test_an_axis_of_anything_can_be_drawn(values: list[float]) -> None:
    given = read_only(values)
    one = Curve("mean_squared_error", False, _STEPS[: len(given)], given, _ENDS[:0], given[:0])
    axis = Axis(_BOX, "mean_squared_error", (one,), False)
    assert np.isfinite([axis.low, axis.high, *axis.ticks]).all()
    assert axis.low < axis.high
    assert np.isfinite(axis.y(np.array([axis.low, 0.3, axis.high]))).all()


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_curves_of_one_chart_have_colours_of_their_own(theme: Theme) -> None:
    curves = tuple(curve(f"m{k}", True, np.zeros(100)) for k in range(6))
    names = [color.name() for color in colors_of(theme, SHARES, curves)]
    assert len(set(names)) == 6
    assert theme.loss.name() not in names
    assert theme.bg1.name() not in names


def test_numbers_of_a_legend_are_shares_or_plain() -> None:
    assert value_text(0.5, True) == "50.0 %"
    assert value_text(float("nan"), False) == "NaN"
    assert value_text(2.5, False).startswith("2.5")


def picture(
    chart: str,
    found: HistoryView,
    size: tuple[int, int] = (580, 145),
    beside: RunComparison | None = None,
) -> QImage:
    spec, shots = trained_mlp((2, 8, 1), 30, 10)
    scene = registry.scene("curves")
    view = ViewState(options=(("metrics", ("loss", chart)),))
    place = scene.layout(spec, (float(size[0]), float(size[1])), view)
    image = QImage(*size, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    shot: Snapshot = replace(shots[-1], history=found)
    scene.paint(painter, place, DARK, Frame(None, shot, beside=beside))
    painter.end()
    return image


def inked(image: QImage, token: str) -> int:
    """Count the pixels of the right chart that have a colour of the theme."""
    color = DARK.color(token).rgb()
    return sum(
        image.pixel(x, y) == color
        for x in range(image.width() // 2 + 60, image.width() - 20)
        for y in range(52, image.height() - 34)
    )


def test_each_metric_of_a_chart_is_drawn_in_its_colour() -> None:
    both, alone = history(_PRECISION, _MAE), history(_MAE)
    assert inked(picture(SHARES, both), "pos") > 100
    assert inked(picture(SHARES, alone), "pos") == 0
    assert picture("mean_absolute_error", both) != picture("learning_rate", both)
    assert inked(picture("learning_rate", both), "tx") > 100


@pytest.mark.parametrize("size", [(580, 145), (300, 145), (930, 33), (120, 60)])
@pytest.mark.parametrize("chart", [SHARES, "r2_score", "learning_rate", "gone"])
def test_every_size_can_be_painted(chart: str, size: tuple[int, int]) -> None:
    missing = Curve(
        "recall", True, _STEPS, read_only(np.full(100, np.nan)), _ENDS, read_only([np.nan] * 2)
    )
    found = history(_PRECISION, missing, _MAE, _R2)
    assert not picture(chart, found, size).isNull()
    assert not picture(chart, HistoryView.empty(), size).isNull()


def test_a_film_shows_the_chart_that_was_chosen() -> None:
    spec, _ = trained_mlp((2, 8, 1), 30, 10)
    scene = registry.scene("training")
    place = scene.layout(spec, (1280.0, 720.0), ViewState(options=(("chart", "learning_rate"),)))
    curves = next(part.place for part in place.parts if part.scene == "curves")
    assert [panel.metric for panel in curves.panels] == ["loss", "learning_rate"]
    plain = scene.layout(spec, (1280.0, 720.0), ViewState())
    assert [
        p.metric for part in plain.parts if part.scene == "curves" for p in part.place.panels
    ] == ["loss"]


def test_another_run_is_drawn_behind_as_far_as_the_axis_reaches() -> None:
    own, theirs = history(_MAE), history(_MAE)
    later = read_only(np.arange(1, 1001), np.int64)
    theirs = replace(theirs, steps=later, loss=read_only(np.full(1000, 0.05)))
    other = RunComparison("2", "Run 2", theirs, 0, 100, (), (), 0)
    plain, both = picture(SHARES, own), picture(SHARES, own, beside=other)
    assert plain != both
    assert picture(SHARES, own) == plain
    none = RunComparison("2", "Run 2", HistoryView.empty(), 0, 0, (), (), 0)
    assert picture(SHARES, own, beside=none) == plain
