"""What a walk shows of layers of every kind: the engine's numbers, the window where it is, and the map's size."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from PySide6.QtGui import QImage, QPainter

from app.engine.program_view import view_of_program
from app.engine.questions.inside_walk import WINDOWS, _parts
from app.scenes.spec_view import network_view, numbered_titles
from app.scenes.walk_layout import place_walk
from app.scenes.walk_paint import paint_walk
from app.scenes.walk_seen import Seen, see
from app.scenes.walk_size import size_rule, size_words
from app.scenes.walk_words import broken, describe, ends_of, written_out
from app.snapshots import read_only
from app.theme import DARK, LIGHT
from core.explain.explainer import Explainer
from core.layers import registry
from core.spec import inspect
from core.spec.network import Layer, Network

SHAPE = (9, 8, 3)


def walked(kind: str, config: dict[str, Any], place: tuple[int, int], channel: int, stage: int = -1,
           shape: tuple[int, ...] = SHAPE, plane: int = 1) -> tuple[Seen, np.ndarray]:  # fmt: skip
    """What is seen of a layer with random weights at a random input, and what the layer gives."""
    layers = [Layer("input", "InputLayer", "input", {"shape": list(shape)})]
    if kind == "Dense":
        layers.append(Layer("flat", "Flatten", "flat"))
    layers.append(Layer("layer", kind, "layer", config))
    network = Network.chain("net", tuple(layers))
    random = np.random.default_rng(3)
    found = inspect(network)
    read = next(row for row in found.rows if row.layer == "layer").input_shapes
    made = registry.make(kind, config)
    weights = {
        f"layer/{w.role}": random.normal(size=w.shape).astype(np.float32)
        for w in made.weights([tuple(s) for s in read])
    }
    of = Explainer(network, weights)
    x = random.normal(size=(1, *shape)).astype(np.float32)
    output = of.layer_outputs(x)["layer"][0].copy()
    program = of.predictor
    view = view_of_program(program)
    lines = [line for line in view.instructions if line.layer == "layer"]
    names = {name for line in lines for name in (*line.operands.values(), *line.writes)}
    arrays = {name: read_only(program.tensor(name)) for name in names}
    line = [line for line in lines if line.op in WINDOWS][stage]
    seen = see(network_view(network, found), view, line.index, arrays, channel=channel, place=place,
               plane=plane, parts=_parts(view, line, arrays, channel))  # fmt: skip
    return seen, output


CASES = [
    ("Conv2D", {"filters": 4, "kernel_size": 3, "padding": "same", "activation": "relu"},
     "⌊(9 + 2·1 − 3) / 1⌋ + 1 = 9,  ⌊(8 + 2·1 − 3) / 1⌋ + 1 = 8"),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same"},
     "⌊(9 + 2·1 − 3) / 2⌋ + 1 = 5,  ⌊(8 + 0 + 1 − 3) / 2⌋ + 1 = 4"),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "dilation_rate": 2, "activation": "tanh"},
     "⌊(9 − 2·(3 − 1) − 1) / 1⌋ + 1 = 5,  ⌊(8 − 2·(3 − 1) − 1) / 1⌋ + 1 = 4"),
    ("Conv2D", {"filters": 6, "kernel_size": [3, 2], "groups": 3, "use_bias": False},
     "⌊(9 − 3) / 1⌋ + 1 = 7,  ⌊(8 − 2) / 1⌋ + 1 = 7"),
    ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 2, "padding": "same"},
     "⌊(9 + 2·1 − 3) / 1⌋ + 1 = 9,  ⌊(8 + 2·1 − 3) / 1⌋ + 1 = 8"),
    ("SeparableConv2D", {"filters": 5, "kernel_size": 3, "activation": "relu"},
     "⌊(7 − 1) / 1⌋ + 1 = 7,  ⌊(6 − 1) / 1⌋ + 1 = 6"),
    ("Conv2DTranspose", {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same"},
     "(9 − 1)·2 + 3 − 1 = 18,  (8 − 1)·2 + 3 − 1 = 16"),
    ("MaxPooling2D", {"pool_size": 2, "padding": "same"},
     "⌊(9 + 0 + 1 − 2) / 2⌋ + 1 = 5,  ⌊(8 − 2) / 2⌋ + 1 = 4"),
    ("AveragePooling2D", {"pool_size": 3, "strides": 2},
     "⌊(9 − 3) / 2⌋ + 1 = 4,  ⌊(8 − 3) / 2⌋ + 1 = 3"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "config", "size"), CASES)
def test_the_sum_is_the_engines_and_the_size_is_the_maps(
    kind: str, config: dict[str, Any], size: str
) -> None:
    for place in ((0, 0), (2, 3), (99, 99)):
        seen, output = walked(kind, config, place, 2)
        row, column = min(place[0], output.shape[0] - 1), min(place[1], output.shape[1] - 1)
        assert (seen.row, seen.column) == (row, column)
        assert np.array_equal(seen.map, output[..., 2])
        assert seen.result == pytest.approx(float(output[row, column, 2]), rel=1e-6)
        assert seen.values.total + (seen.bias or 0.0) == pytest.approx(seen.z, abs=2e-5)
        assert size_words(seen) == size
        assert ("cropped" in size_rule(seen)) == (kind == "Conv2DTranspose")
        # The middle of the window belongs to this place.
        top, left, high, wide = seen.window()
        if high % 2 and wide % 2 and kind != "MaxPooling2D":
            assert seen.place_of(top + high // 2, left + wide // 2) == (row, column)
    if seen.parts is not None:
        assert np.allclose(seen.parts.sum(-1) + (seen.bias or 0.0),
                           seen.map if seen.before is None else seen.before, atol=2e-5)  # fmt: skip
        assert np.allclose(seen.parts[seen.row, seen.column], seen.values.sums, atol=2e-5)


def test_both_steps_of_a_separable_convolution_are_seen() -> None:
    first, _ = walked("SeparableConv2D", {"filters": 5, "kernel_size": 3}, (1, 1), 2, stage=0)
    second, _ = walked("SeparableConv2D", {"filters": 5, "kernel_size": 3}, (1, 1), 2)
    assert (first.op, second.op) == ("depthwise2d", "conv2d")
    assert first.reading == 2
    assert second.terms.planes == 3
    assert first.z == pytest.approx(float(second.read[1, 1, 2]))


def test_a_dense_unit_is_the_sum_over_the_image_it_reads() -> None:
    seen, output = walked("Dense", {"units": 7, "activation": "sigmoid"}, (0, 0), 3)
    assert seen.terms.grid == SHAPE[:2]
    assert seen.terms.planes == 3
    assert seen.listed
    assert seen.values.total + seen.bias == pytest.approx(seen.z, abs=2e-5)
    assert seen.result == pytest.approx(float(output[3]))
    assert np.array_equal(seen.map.reshape(-1)[:7], output)
    assert np.allclose(seen.values.left[2], seen.read[..., 2])


def test_whole_maps_are_pooled() -> None:
    largest, output = walked("GlobalMaxPooling2D", {}, (0, 0), 1)
    assert largest.result == pytest.approx(float(output[1]))
    mean, output = walked("GlobalAveragePooling2D", {}, (0, 0), 2)
    assert mean.result == pytest.approx(float(output[2]), rel=1e-5)
    assert size_words(largest) == "⌊(9 − 9) / 9⌋ + 1 = 1,  ⌊(8 − 8) / 8⌋ + 1 = 1"


def test_a_filter_along_a_sequence_is_seen_as_on_an_image_of_one_row() -> None:
    config = {"filters": 4, "kernel_size": 3, "activation": "relu"}
    seen, output = walked("Conv1D", config, (0, 5), 2, shape=(12, 5))
    assert seen.terms.grid == (1, 3)
    assert np.array_equal(seen.map, output[:, 2][None])
    assert seen.result == pytest.approx(float(output[5, 2]))
    assert seen.values.total + seen.bias == pytest.approx(seen.z, abs=2e-5)
    assert np.allclose(seen.parts.sum(-1) + seen.bias, seen.before, atol=2e-5)


def test_the_written_sum_keeps_its_end_and_fits() -> None:
    seen, _ = walked("Conv2D", {"filters": 4, "kernel_size": 5, "activation": "relu"}, (1, 1), 0)
    pieces = written_out(seen)
    assert sum("·" in piece for piece in pieces) == 25
    lines = broken(pieces, ends_of(seen), 620.0, 2, 12.0)
    assert len(lines) == 2
    assert "…" in "".join(lines)
    assert lines[-1].endswith(f"relu(z) = {max(seen.z, 0):.3f}")


@pytest.mark.parametrize("size", [(970.0, 282.0), (670.0, 196.0), (860.0, 440.0)])
@pytest.mark.parametrize("view", ["window", "channels"])
def test_everything_stands_inside_and_is_painted(size: tuple[float, float], view: str) -> None:
    cases = [
        *CASES, ("Dense", {"units": 7}, ""), ("GlobalMaxPooling2D", {}, ""),
        ("Conv2D", {"filters": 40, "kernel_size": 1}, ""), ("Conv2D", {"filters": 2, "kernel_size": 7}, ""),
    ]  # fmt: skip
    for kind, config, _ in cases:
        seen, _ = walked(kind, config, (1, 2), 1)
        place = place_walk(seen, size, view)
        for area in place.areas:
            x, y, w, h = area.rect
            assert min(x, y) >= 0, (kind, area.name)
            assert x + w <= size[0] + 0.5, (kind, area.name)
            assert y + h <= size[1], (kind, area.name)
            assert describe(seen, area, (0, 0))
        drawn = [a for a in place.areas if a.name in ("read", "patch", "kernel", "products", "map")]
        if view == "window":
            for one, other in pairwise(drawn):
                assert one.rect[0] + one.rect[2] <= other.rect[0]
        for theme in (DARK, LIGHT):
            image = QImage(int(size[0]), int(size[1]), QImage.Format.Format_RGB32)
            image.fill(theme.bg0)
            blank = image.copy()
            painter = QPainter(image)
            try:
                paint_walk(painter, place, theme, seen)
            finally:
                painter.end()
            assert image != blank


def test_layers_have_names_that_tell_them_apart() -> None:
    layers = (
        Layer("i", "InputLayer", "i", {"shape": [8, 8, 1]}),
        Layer("a", "Conv2D", "a", {"filters": 2, "kernel_size": 3}),
        Layer("b", "Conv2D", "edges", {"filters": 2, "kernel_size": 3}),
        Layer("p", "MaxPooling2D", "p"),
        Layer("c", "Conv2D", "c", {"filters": 2, "kernel_size": 1}),
    )
    network = Network.chain("net", layers)
    titles = numbered_titles(network_view(network, inspect(network)))
    assert dict(titles) == {"a": "Conv2D 1", "b": "edges", "p": "MaxPooling 1", "c": "Conv2D 3"}
