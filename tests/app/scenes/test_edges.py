"""The edge rasteriser against the same curves drawn as polygons on an 8 times finer grid."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage

from app.scenes import edges

GROUND = QColor(13, 16, 21)


def reference(
    ends: tuple[float, float, float, float], width: float, size: int, fine: int = 8
) -> np.ndarray:
    """Share of each pixel covered by one curve: every fine point within half a width of the curve counts."""
    x0, y0, x1, y1 = ends
    t = np.linspace(0, 1, 4000)
    x = x0 + (x1 - x0) * (1.5 * t - 1.5 * t**2 + t**3)
    y = y0 + (y1 - y0) * (3 * t**2 - 2 * t**3)
    axis = (np.arange(size * fine) + 0.5) / fine
    mask = np.zeros((size * fine, size * fine), bool)
    for px, py in zip(x, y, strict=True):
        columns = np.abs(axis - px) <= width / 2
        rows = np.abs(axis - py) <= width / 2
        block = np.hypot(axis[columns][None, :] - px, axis[rows][:, None] - py) <= width / 2
        mask[np.ix_(rows, columns)] |= block
    mask[:, (axis < x0) | (axis > x1)] = False
    return mask.reshape(size, fine, size, fine).mean((1, 3))


def drawn(
    ends: tuple[float, float, float, float], width: float, size: int, opacity: float = 1.0
) -> np.ndarray:
    image = QImage(size, size, QImage.Format.Format_RGB32)
    image.fill(QColor(0, 0, 0))
    one = edges.EdgeSet(
        np.array([ends], np.float32),
        np.array([width], np.float32),
        np.full((1, 3), 255, np.uint8),
        np.array([opacity], np.float32),
        np.ones(1, np.float32),
        np.zeros(1, int),
    )
    edges.draw_into(image, one, 1.0)
    return edges.pixels(image)[:, :, 0].astype(float) / 255


@pytest.mark.parametrize("width", [0.5, 1.0, 1.75, 3.5])
@pytest.mark.parametrize(
    "ends", [(4.0, 20.0, 60.0, 44.0), (4.3, 50.2, 59.6, 10.7), (4.0, 32.5, 60.0, 32.5)]
)
def test_covers_what_the_curve_covers(
    ends: tuple[float, float, float, float], width: float
) -> None:
    ours, exact = drawn(ends, width, 64), reference(ends, width, 64)
    assert abs(ours.sum() - exact.sum()) < 0.06 * exact.sum() + 2
    assert np.abs(ours - exact).mean() < 0.01
    assert np.abs(ours - exact).max() < 0.55


def test_translucent_edges_blend() -> None:
    full, half = drawn((4, 20, 60, 44), 3.0, 64), drawn((4, 20, 60, 44), 3.0, 64, 0.5)
    assert np.abs(half - 0.5 * full).max() < 0.02


def test_a_trail_fades_and_ends_where_it_should() -> None:
    image = QImage(100, 40, QImage.Format.Format_RGB32)
    image.fill(QColor(0, 0, 0))
    one = edges.EdgeSet(
        np.array([[0, 20, 100, 20]], np.float32),
        np.array([4], np.float32),
        np.full((1, 3), 255, np.uint8),
        np.ones(1, np.float32),
        np.ones(1, np.float32),
        np.zeros(1, int),
    )
    edges.draw_into(image, one, 1.0, np.array([[0.4, 0.6, 0.0, 1.0]], np.float32))
    middle = edges.pixels(image)[20, :, 0].astype(int)
    assert middle[:40].max() == 0
    assert middle[60:].max() == 0
    assert (np.diff(middle[40:60]) >= 0).all()
    assert middle[59] > 240


def test_edges_outside_the_image_are_cut() -> None:
    drawn((-50.0, -30.0, 120.0, 90.0), 3.0, 32)
    drawn((40.0, 5.0, 200.0, 9.0), 3.0, 32)
    drawn((10.0, 5.0, 10.0, 9.0), 3.0, 32)


def test_hairlines_stand_in_until_the_rasteriser_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edges, "_kernel", None)
    assert drawn((4, 20, 60, 44), 2.0, 64).max() > 0


def test_only_the_strongest_of_many_are_drawn() -> None:
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(40, 40)).astype(np.float32)
    rows, columns, values = edges.strongest(weights)
    assert len(values) == edges.TOP
    assert np.abs(values).min() >= np.sort(np.abs(weights).ravel())[-edges.TOP]
    assert (weights[rows, columns] == values).all()
    assert (np.diff(np.abs(values)) >= 0).all()
    assert len(edges.strongest(weights[:10, :10])[2]) == 100
