from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from app import theme
from app.scenes.frame import Frame, ViewState
from app.scenes.health import HealthScene, measured
from app.scenes.network import NetworkScene
from app.scenes.network_units import _caption, class_sides, ranges, tensor_of
from tests.app.scenes.fixtures import trained_mlp


def test_gradients_too_small_for_two_decimals_are_written_with_an_exponent() -> None:
    spec, _ = trained_mlp()
    hidden = spec.nodes[1]
    assert _caption(0.0028, hidden, "gradient") == "+2.8e−3"
    assert _caption(-0.0000281, hidden, "gradient") == "−2.8e−5"
    assert _caption(0.0028, hidden, "activation") == "+0.00"


def test_all_layers_share_one_range_of_gradients() -> None:
    spec, shots = trained_mlp()
    place = NetworkScene().layout(spec, (912.0, 566.0), ViewState())
    tops = ranges(place, Frame(after=shots[-1], toggles={"tiles": "gradient"}), "gradient")
    assert len(tops) == len(place.columns)
    assert len(set(tops)) == 1


def test_a_probability_has_the_colour_of_its_class() -> None:
    spec, _ = trained_mlp()
    place = NetworkScene().layout(spec, (912.0, 566.0), ViewState())
    last = len(place.columns) - 1
    node = place.columns[last].node
    one = class_sides(place, last, "activation", np.array([0.25]))
    both = class_sides(place, last, "activation", np.array([0.25, 0.75]))
    assert one is not None
    assert both is not None
    if node.activation == "sigmoid":
        assert one.tolist() == [-0.5]
    elif node.activation == "softmax":
        assert both.tolist() == [-0.25, 0.75]
        assert tensor_of(node, "gradient") == f"grad/{node.layer}/z"
    hidden = class_sides(place, 1, "activation", np.array([0.25, 0.75]))
    assert hidden is not None
    assert hidden.tolist() == [0.25, 0.75]


def test_there_is_no_verdict_on_gradients_that_were_never_computed() -> None:
    _, shots = trained_mlp()
    shot = next(shot for shot in reversed(shots) if shot.health is not None)
    assert shot.health is not None
    assert measured(Frame(after=shot)) is shot.health
    empty = replace(shot.health, gradient_norm=np.zeros(len(shot.health.layers)))
    assert measured(Frame(after=replace(shot, health=empty))) is None


def test_a_frozen_layer_has_no_strip_of_gradients(qapp: QApplication) -> None:
    spec, shots = trained_mlp()
    shot = next(shot for shot in reversed(shots) if shot.health is not None)
    assert shot.health is not None
    learns = np.arange(len(shot.health.layers)) != 1
    norms = np.where(learns, shot.health.gradient_norm, np.nan)
    strip = np.where(learns[:, None], shot.health.strip, np.nan)
    frozen = replace(shot.health, gradient_norm=norms, strip=strip, learns=learns)
    scene, view = HealthScene(), ViewState(options=(("strip", True),))
    place = scene.layout(spec, (364.0, 144.0), view)
    image = QImage(364, 144, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    scene.paint(painter, place, theme.current(), Frame(after=replace(shot, health=frozen)))
    painter.end()
    rows = [round(y) - 4 for _, _, y in place.rows]
    inside = [image.pixelColor(120, y) for y in rows]
    assert inside[1] == theme.current().bg0
    assert inside[0] != theme.current().bg0
    hit = place.hits.get(f"health:{place.rows[1][0]}")
    assert hit is not None
    assert scene.describe(place, hit, Frame(after=replace(shot, health=frozen)))[-1] == "frozen"
