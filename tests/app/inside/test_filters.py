"""The filters in a real window: weights and gradients are the engine's, a click looks at a filter, films decode."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from app.bus import CommandError
from app.engine.replay import Replay
from app.export.film import export
from app.export.formats import by_id
from app.export.recipe import Recipe
from app.inside.filter_wall import FilterWall
from app.scenes.filter_banks import bank_of
from app.scenes.filters import tops
from app.scenes.filters_layout import place_filters
from app.snapshots import NetworkView, NodeView
from core import io, templates, trained
from tests.app.export.test_film import decode
from tests.app.inside.conftest import Inside
from tests.app.window.windows import action

BOTH = pytest.mark.parametrize("inside", ["digits-cnn", "emoji-cnn"], indirect=True)


def shown(inside: Inside) -> FilterWall:
    """The filters, when their numbers have come."""
    inside.do("inside.view", value="filters")
    wall = inside.window.findChild(FilterWall, "inside-filters")
    inside.until(lambda: wall.values)
    return wall


def middle(wall: FilterWall, name: str) -> QPoint:
    x, y, w, h = wall.place.hits.get(name).rect
    return QPoint(int(x + w / 2), int(y + h / 2))


@BOTH
def test_all_kernels_and_their_gradients_follow_training_and_scrubbing(inside: Inside) -> None:
    wall, weights = shown(inside), trained.weights(inside.template)
    kernels = {k: v for k, v in weights.items() if k.endswith("/kernel")}
    assert set(wall.values) == set(kernels)
    for name, kernel in kernels.items():
        assert np.array_equal(wall.values[name], kernel), name
    note = inside.window.findChild(QWidget, "inside-filters-note")
    assert "first training step" in note.text()
    before = dict(wall.values)
    inside.do("run.granularity", value="batch")
    action(inside.window, "transport-step").trigger()
    inside.until(lambda: "grad/conv2d_1/kernel" in wall.values)
    assert set(wall.values) == {*kernels, *(f"grad/{name}" for name in kernels)}
    assert note.text() == ""
    for name in kernels:
        moved = wall.values[name] - before[name]
        gradient = wall.values[f"grad/{name}"]
        assert gradient.shape == moved.shape
        # Adam's first step goes against the gradient, whatever its size.
        clear = np.abs(gradient) > 1e-5
        assert (np.sign(moved[clear]) == -np.sign(gradient[clear])).mean() > 0.99, name
    assert wall.place.hits.get("gradient:conv2d_1/kernel:0") is not None
    back = action(inside.window, "transport-step-back")
    inside.until(back.isEnabled)
    back.trigger()
    inside.until(lambda: np.array_equal(wall.values["conv2d_1/kernel"], before["conv2d_1/kernel"]))


def test_a_click_and_keys_look_at_a_filter_and_the_mouse_tells_its_weights(inside: Inside) -> None:
    wall, session = shown(inside), inside.session
    QTest.mouseClick(wall, Qt.MouseButton.LeftButton, pos=middle(wall, "filter:conv2d_2/kernel:3"))
    assert (session.layer, session.channel) == ("conv2d_2", 3)
    QTest.keyClick(wall, Qt.Key.Key_Right)
    assert (session.layer, session.channel) == ("conv2d_2", 4)
    QTest.keyClick(wall, Qt.Key.Key_Up)
    assert session.layer == "conv2d_1"
    hit = wall.place.hits.get("filter:conv2d_2/kernel:5")
    x, y, w, h = hit.rect
    # Planes of three rows and columns stand one cell apart, three beside each other.
    lines = wall.describe(hit, x + w * 5.5 / 11, y + h * 2.5 / 11)
    assert lines[:2] == ("Conv2D 2, filter 6", "row 2, column 1, input channel 2")
    value = float(wall.values["conv2d_2/kernel"][2, 1, 1, 5])
    said = lines[2].removeprefix("weight ").replace("\N{MINUS SIGN}", "-")
    assert float(said) == pytest.approx(value, abs=1e-4)
    inside.do("inside.show", name="filters_layers", value="chosen")
    assert [row.layer for row in wall.place.rows] == ["conv2d_1"]
    inside.do("inside.select", layer="max_pooling2d_1")
    assert not wall.place.rows
    assert "without weights" in wall._empty()


def test_dense_weights_have_the_shape_of_what_they_read(inside: Inside) -> None:
    wall = shown(inside)
    kernel = wall.values["dense_1/kernel"]
    bank = wall.place.row("dense_1/kernel").bank
    assert bank.size == (7, 7, 16)
    assert np.array_equal(bank.planes(kernel, 4, 1)[0], kernel[:, 4].reshape(7, 7, 16))
    last = wall.place.row("dense_2/kernel").bank
    assert not last.image
    assert np.array_equal(last.planes(wall.values["dense_2/kernel"])[:, 0, :, 0].T,
                          wall.values["dense_2/kernel"])  # fmt: skip
    rows = wall.place.rows
    assert tops(wall.values, rows, "layer")["dense_1/kernel"] == np.abs(kernel).max()
    assert np.array_equal(tops(wall.values, rows, "unit")["dense_1/kernel"], np.abs(kernel).max(0))
    whole = set(tops(wall.values, rows, "network").values())
    assert whole == {max(float(np.abs(v).max()) for v in wall.values.values())}


@pytest.mark.parametrize("inside", ["emoji-cnn"], indirect=True)
def test_first_filters_of_a_colour_network_are_in_colour(inside: Inside) -> None:
    wall = shown(inside)
    kernel = wall.values["conv2d_1/kernel"]
    bank = wall.place.row("conv2d_1/kernel").bank
    assert bank.colour
    assert bank.cells(True) == kernel.shape[:2]
    picture = wall.grab().toImage()
    ratio = picture.devicePixelRatio()
    x, y, w, h = wall.place.hits.get("filter:conv2d_1/kernel:2").rect
    size = kernel.shape[0]
    for row, column in ((0, 0), (2, 3), (size - 1, 1)):
        at = ((x + (column + 0.5) * w / size) * ratio, (y + (row + 0.5) * h / size) * ratio)
        color = picture.pixelColor(int(at[0]), int(at[1]))
        expected = 127.5 + 127.5 * kernel[row, column, :, 2] / np.abs(kernel).max()
        assert np.allclose((color.red(), color.green(), color.blue()), expected, atol=1.5)
    QTest.mouseClick(
        inside.window.findChild(QWidget, "inside-filters-colour"), Qt.MouseButton.LeftButton
    )
    assert inside.session.toggles["filters_colour"] is False
    assert bank.cells(False) != kernel.shape[:2]


def test_kinds_of_kernels_are_cut_by_what_they_compute() -> None:
    image = NodeView("input", "input", "Input", "Input", "", (8, 8, 3))

    def cut(kind: str, shape: tuple[int, ...], name: str = "kernel"):
        node = NodeView("one", "one", kind, kind, "", (8, 8, 6), "", (f"one/{name}",), ("input",))
        spec = NetworkView("net", (image, node))
        bank = bank_of(spec, node, f"one/{name}", shape)
        kernel = np.random.default_rng(1).normal(size=shape).astype(np.float32)
        return bank, kernel, bank.planes(kernel)

    bank, kernel, planes = cut("DepthwiseConv2D", (3, 3, 3, 2))
    assert bank.units == 6
    assert np.array_equal(planes[5, ..., 0], kernel[:, :, 2, 1])
    _, kernel, planes = cut("Conv2DTranspose", (3, 3, 6, 3))
    assert np.array_equal(planes[4], kernel[:, :, 4])
    bank, kernel, planes = cut("SeparableConv2D", (1, 1, 3, 6), "pointwise_kernel")
    assert not bank.image
    assert np.array_equal(planes[2, 0, :, 0], kernel[0, 0, :, 2])
    bank, kernel, planes = cut("Conv2D", (3, 3, 3, 6))
    mosaic = bank.mosaic(planes)
    for row, column in np.ndindex(mosaic.shape[1:]):
        found = bank.cell(row, column, False)
        if found is None:
            assert np.isnan(mosaic[1, row, column])
        else:
            assert mosaic[1, row, column] == kernel[(*found, 1)]


def test_many_units_have_pages_and_wrong_ones_are_refused(inside: Inside) -> None:
    node = NodeView("wide", "wide", "Conv2D", "Conv2D 150", "", (6, 6, 150), "", ("wide/kernel",))
    spec = NetworkView("net", (node,))
    shapes = {"wide/kernel": (3, 3, 2, 150)}
    last = place_filters(spec, 600.0, shapes, both=True, pages=(("wide/kernel", 2),))
    assert last.rows[0].pages == 3
    assert last.rows[0].shown == 150 - 128
    assert all(x + w <= 600 for x, _, w, _ in (hit.rect for hit in last.hits.items))
    huge = place_filters(spec, 600.0, {"wide/kernel": (3, 3, 4000, 150)})
    assert huge.rows[0].bank is None
    shown(inside)
    with pytest.raises(CommandError, match="1 pages"):
        inside.do("inside.filter_page", kernel="conv2d_1/kernel", page=1)
    with pytest.raises(CommandError, match="nothing"):
        inside.do("inside.filter_page", kernel="nothing", page=0)


def test_a_film_of_the_filters_decodes(tmp_path: Path) -> None:
    template = templates.load("small-digits-cnn")
    project = io.Project(
        name="Small", network=template.network, training=template.training, data=template.data
    )
    recipe = Recipe(scene="filters", width=640, height=360, fps=4, seconds=1.0, last=3)
    source = Replay(io.Contents(project))
    result = export(recipe, by_id("mp4"), source, tmp_path / "film.mp4")
    frames = decode(tmp_path / "film.mp4")
    assert result.frames == len(frames) == 4
    # Gradients come with the first step, weights move with every one.
    assert (np.abs(frames[0].astype(int) - frames[-1]).max(-1) > 30).sum() > 100
