"""What holds for every scene: it stays inside, shows the data, and looks the same wherever it is painted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter

from app.scenes import registry
from app.scenes.frame import Frame, Phase, Selection, ViewState
from app.snapshots import HistoryView, NetworkView, NodeView, Snapshot
from app.theme import DARK, LIGHT, Theme
from tests.app.scenes.fixtures import big_mlp, trained_mlp
from tests.app.scenes.fixtures_images import trained_cnn

KEY = 0xFFFF00FF

STRIP = ViewState(options=(("strip", True),))
LOG = ViewState(options=(("log", True), ("metrics", ("loss",))))
CASES = [
    ("network", "points", (948, 640), ViewState()),
    ("network", "table", (948, 640), ViewState()),
    ("network", "points", (420, 300), ViewState()),
    ("maps", "image", (1008, 400), ViewState()),
    ("maps", "image", (560, 280), ViewState()),
    ("curves", "points", (584, 144), LOG),
    ("curves", "image", (1008, 144), ViewState()),
    ("predictions", "image", (1008, 240), ViewState()),
    ("predictions", "image", (500, 190), ViewState()),
    ("decision", "points", (420, 432), ViewState()),
    ("confusion", "image", (360, 396), ViewState()),
    ("health", "points", (364, 144), STRIP),
    ("health", "image", (360, 148), ViewState()),
    ("training", "points", (640, 360), ViewState()),
    ("training", "image", (640, 360), ViewState()),
    ("training", "points", (400, 400), ViewState()),
    ("training", "image", (360, 640), ViewState()),
]


def sample(data: str) -> tuple[NetworkView, tuple[Snapshot, ...]]:
    if data == "points":
        return trained_mlp((4, 8, 8, 6, 1), 60, 120)
    return big_mlp() if data == "table" else trained_cnn(20)


def moment(data: str) -> Frame:
    shots = sample(data)[1]
    return Frame(
        shots[-2], shots[-1], 0.5, Phase("forward", 1.6), Selection(hover="unit:dense_1:2")
    )


def painted(
    scene: str,
    spec: NetworkView,
    size: tuple[int, int],
    frame: Frame,
    theme: Theme = DARK,
    view: ViewState | None = None,
    dpr: float = 1.0,
    margin: int = 0,
) -> QImage:
    image = QImage(
        round((size[0] + 2 * margin) * dpr),
        round((size[1] + 2 * margin) * dpr),
        QImage.Format.Format_RGB32,
    )
    image.setDevicePixelRatio(dpr)
    image.fill(KEY)
    found = registry.scene(scene)
    place = found.layout(spec, (float(size[0]), float(size[1])), view or ViewState())
    painter = QPainter(image)
    painter.translate(margin, margin)
    found.paint(painter, place, theme, frame)
    painter.end()
    return image


def words(image: QImage) -> np.ndarray:
    return (
        np.frombuffer(image.constBits(), np.uint32)
        .reshape(image.height(), -1)[:, : image.width()]
        .copy()
    )


@pytest.mark.parametrize(("scene", "data", "size", "view"), CASES)
@pytest.mark.parametrize("dpr", [1.0, 2.0])
def test_paints_all_of_its_rectangle_and_nothing_else(
    scene: str, data: str, size: tuple[int, int], view: ViewState, dpr: float
) -> None:
    spec, _ = sample(data)
    inside = words(painted(scene, spec, size, moment(data), view=view, dpr=dpr, margin=20))
    m = round(20 * dpr)
    outside = inside.copy()
    outside[m:-m, m:-m] = KEY
    assert (outside == KEY).all()
    assert (inside[m:-m, m:-m] != KEY).all()


@pytest.mark.parametrize(("scene", "data", "size", "view"), CASES)
def test_draws_something_before_there_is_data(
    scene: str, data: str, size: tuple[int, int], view: ViewState
) -> None:
    spec, _ = sample(data)
    image = words(painted(scene, spec, size, Frame(), view=view))
    assert len(np.unique(image)) > 8


@pytest.mark.parametrize(("scene", "data", "size", "view"), CASES)
def test_pictures_differ_when_the_data_differ(
    scene: str, data: str, size: tuple[int, int], view: ViewState
) -> None:
    spec, shots = sample(data)
    first = words(painted(scene, spec, size, Frame(None, shots[0]), view=view))
    last = words(painted(scene, spec, size, Frame(None, shots[-1]), view=view))
    again = words(painted(scene, spec, size, Frame(None, shots[-1]), view=view))
    assert (first != last).any()
    assert (last == again).all()


@pytest.mark.parametrize(("scene", "data", "size", "view"), CASES)
def test_themes_differ(scene: str, data: str, size: tuple[int, int], view: ViewState) -> None:
    spec, _ = sample(data)
    dark = words(painted(scene, spec, size, moment(data), view=view))
    light = words(painted(scene, spec, size, moment(data), LIGHT, view=view))
    assert (dark != light).mean() > 0.5


@pytest.mark.parametrize(("scene", "data", "size", "view"), CASES)
def test_vector_output_has_no_missing_parts(
    scene: str, data: str, size: tuple[int, int], view: ViewState, tmp_path: Any
) -> None:
    from PySide6.QtSvg import QSvgGenerator

    spec, _ = sample(data)
    path = tmp_path / "scene.svg"
    generator = QSvgGenerator()
    generator.setFileName(str(path))
    painter = QPainter(generator)
    found = registry.scene(scene)
    place = found.layout(spec, (float(size[0]), float(size[1])), view)
    found.paint(painter, place, DARK, moment(data))
    painter.end()
    text = path.read_text()
    assert len(text) > 4000
    assert "<text" in text


@pytest.mark.parametrize(("scene", "data", "size", "view"), CASES)
def test_every_hit_lies_in_the_picture_and_is_described(
    scene: str, data: str, size: tuple[int, int], view: ViewState
) -> None:
    spec, _ = sample(data)
    found = registry.scene(scene)
    place = found.layout(spec, (float(size[0]), float(size[1])), view)
    frame = moment(data)
    for hit in place.hits.items[:80]:
        x, y, w, _ = hit.rect
        assert x >= -1, hit
        assert y >= -1, hit
        assert x + w <= size[0] + 1, hit
        assert place.hits.get(hit.id) == hit
        assert isinstance(found.describe(place, hit, frame), tuple)


@pytest.mark.parametrize(("scene", "data", "size", "view"), CASES)
def test_survives_numbers_that_are_none(
    scene: str, data: str, size: tuple[int, int], view: ViewState
) -> None:
    spec, shots = sample(data)
    last = shots[-1]
    broken = {
        k: np.full_like(v, np.nan if k.endswith("kernel") else np.inf)
        for k, v in last.values.items()
    }
    for value in broken.values():
        value.ravel()[::3] = 1.0
    loss = last.history.loss.copy()
    loss[-3:] = np.nan
    wrecked = replace(last, values=broken, history=replace(last.history, loss=loss))
    painted(scene, spec, size, Frame(None, wrecked), view=view)


def test_the_window_and_a_film_paint_the_same() -> None:
    spec, shots = sample("points")
    frame = Frame(shots[-2], shots[-1], 1.0, Phase("forward", 1.4))
    window = painted("network", spec, (600, 400), frame)
    film = QImage(600, 400, QImage.Format.Format_ARGB32_Premultiplied)
    film.fill(Qt.GlobalColor.black)
    found = registry.scene("network")
    painter = QPainter(film)
    found.paint(painter, found.layout(spec, (600.0, 400.0), ViewState()), DARK, frame)
    painter.end()
    difference = words(window) ^ words(film)
    assert ((difference & 0x00FFFFFF) != 0).mean() < 0.001


def test_a_film_is_the_same_picture_at_any_size() -> None:
    spec, shots = sample("points")
    small = painted("training", spec, (1280, 720), Frame(None, shots[-1]))
    large = painted("training", spec, (2560, 1440), Frame(None, shots[-1]))
    reduced = large.scaled(
        1280, 720, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    a = words(small).view(np.uint8).astype(int)
    b = words(reduced.convertToFormat(QImage.Format.Format_RGB32)).view(np.uint8).astype(int)
    assert np.abs(a - b).mean() < 3


@pytest.mark.parametrize(
    "name",
    ["network", "maps", "curves", "predictions", "decision", "confusion", "health", "training"],
)
@pytest.mark.parametrize("size", [(1, 1), (40, 30), (300, 200)])
@pytest.mark.parametrize("kind", ["image", "points", "table"])
def test_nothing_to_draw_and_no_room_are_no_error(
    name: str, size: tuple[int, int], kind: str
) -> None:
    for spec in (
        NetworkView("empty", (), kind),
        NetworkView("one", (NodeView("input", "input", "Input", "Input", "", (2,)),), kind),
        big_mlp()[0],
        trained_cnn(20)[0],
    ):
        painted(name, spec, size, Frame())
        painted(name, spec, size, moment("points"))


def test_an_empty_curve_has_the_axis_of_its_own_run() -> None:
    spec, shots = sample("points")
    pictures = [
        painted(
            "curves", spec, (584, 144),
            Frame(replace(shots[0], history=HistoryView.empty(20, 20 * epochs))),
        )
        for epochs in (20, 60, 20)
    ]  # fmt: skip
    assert pictures[0] != pictures[1]
    assert pictures[0] == pictures[2]


def test_all_scenes_are_found() -> None:
    wanted = {
        "network",
        "maps",
        "curves",
        "predictions",
        "decision",
        "confusion",
        "health",
        "training",
    }
    assert wanted <= set(registry.names())
    with pytest.raises(KeyError, match="there are"):
        registry.scene("nothing")


def test_probes_name_only_tensors_the_engine_knows() -> None:
    for scene, data, size, view in CASES:
        spec, shots = sample(data)
        found = registry.scene(scene)
        place = found.layout(spec, (float(size[0]), float(size[1])), view)
        for probe in found.probes(spec, place, Frame()):
            layer = probe.tensor.removeprefix("grad/").split("/")[0]
            assert spec.node(layer).layer == layer
            if probe.reduction == "all" and data != "table":
                assert probe.key in shots[-1].values, probe
