"""Dropout and noise: how much, where, and always the same for the same seed and step."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from core import layers, losses
from core.errors import SettingError, ShapeError
from core.kernels import state as S
from core.layers.base import Layer
from core.spec import Network
from core.tape.compiler import compile_network
from core.tape.program import Program
from tests.core.networks import chain

ROWS = 64


def program_of(network: Network, seed: int = 5, dtype: type = np.float32) -> Program:
    tape = compile_network(network, "check", loss=losses.get("mean_squared_error"))
    program = Program(tape, ROWS, dtype, seed=seed)
    shape = next(iter(program.tape.inputs.values())).shape
    out = next(iter(program.tape.outputs.values())).shape
    program.feed([np.ones((ROWS, *shape))], [np.zeros((ROWS, *out))])
    return program


def drawn(program: Program, name: str, step: int = 0) -> np.ndarray:
    """What the layer's first call drew in a step."""
    program.state[S.STEP] = step
    program.run()
    return program.tensor(name).copy()


def of_layer(
    kind: str, shape: tuple[int, ...], step: int = 0, run_seed: int = 5, **config: Any
) -> np.ndarray:
    network = chain(shape, (kind, config))
    role = "noise" if kind == "GaussianNoise" else "mask"
    return drawn(program_of(network, run_seed), f"{network.layers[-1].id}/{role}", step)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.93])
@pytest.mark.parametrize(
    ("kind", "shape", "draws"),
    [("Dropout", (7, 30), 7 * 30), ("SpatialDropout1D", (3, 210), 210), ("SpatialDropout2D", (3, 2, 210), 210)],
)  # fmt: skip
def test_the_share_of_silenced_values_is_the_rate(
    kind: str, shape: tuple[int, ...], draws: int, rate: float
) -> None:
    mask = of_layer(kind, shape, rate=rate)
    kept = np.float32(1 / (1 - rate))
    assert set(np.unique(mask)) == {np.float32(0), kept}
    silenced = float((mask == 0).mean())
    assert abs(silenced - rate) < 5 * math.sqrt(rate * (1 - rate) / (draws * ROWS))


def test_at_a_rate_of_one_nothing_is_left() -> None:
    network = chain((6,), ("Dropout", {"rate": 1.0}))
    program = program_of(network)
    assert (drawn(program, "dropout_1/output") == 0).all()


def test_spatial_dropout_silences_whole_channels() -> None:
    for kind, shape in (("SpatialDropout1D", (4, 9)), ("SpatialDropout2D", (4, 3, 9))):
        mask = of_layer(kind, shape, rate=0.5)
        axes = tuple(range(1, len(shape)))
        assert (mask.max(axes) == mask.min(axes)).all()
        channels = mask.max(axes)
        assert len(np.unique(channels, axis=0)) > ROWS // 2
        assert 0 < channels[:, 0].mean() < 2


def test_the_noise_shape_says_what_is_drawn_together() -> None:
    shape = (4, 3, 2)
    rows = of_layer("Dropout", shape, rate=0.5, noise_shape=[None, 4, 1, 1])
    assert (rows == rows[:, :, :1, :1]).all()
    assert not (rows == rows[:, :1]).all()
    batch = of_layer("Dropout", shape, rate=0.5, noise_shape=[1, None, None, None])
    assert (batch == batch[:1]).all()
    assert len(np.unique(batch[0])) == 2
    columns = of_layer("Dropout", shape, rate=0.5, noise_shape=[3, 1])
    assert (columns == columns[:1, :1, :, :1]).all()
    same = of_layer("Dropout", shape, rate=0.5, noise_shape=[None, 4, 3, 2])
    assert np.array_equal(same, of_layer("Dropout", shape, rate=0.5))


def test_noise_is_normal() -> None:
    noise = of_layer("GaussianNoise", (50, 40), stddev=0.3).astype(np.float64) / 0.3
    n = noise.size
    assert abs(noise.mean()) < 5 / math.sqrt(n)
    assert abs(noise.var() - 1) < 5 * math.sqrt(2 / n)
    assert abs((noise**3).mean()) < 5 * math.sqrt(15 / n)
    assert abs((noise**4).mean() - 3) < 5 * math.sqrt(96 / n)
    for axis in range(3):
        neighbours = np.moveaxis(noise, axis, 0)
        assert abs((neighbours[1:] * neighbours[:-1]).mean()) < 5 / math.sqrt(n * 0.9)
    assert (np.abs(noise) > 3.5).mean() == pytest.approx(4.65e-4, rel=0.5)
    program = program_of(chain((9,), ("GaussianNoise", {"stddev": 0.3})))
    with_noise = drawn(program, "gaussian_noise_1/output")
    assert with_noise == pytest.approx(1 + of_layer("GaussianNoise", (9,), stddev=0.3), abs=1e-6)


CHANCE: list[tuple[str, dict[str, Any]]] = [
    ("Dropout", {"rate": 0.5}),
    ("Dropout", {"rate": 0.5, "noise_shape": [None, 1, 6]}),
    ("SpatialDropout1D", {"rate": 0.5}),
    ("GaussianNoise", {"stddev": 0.5}),
]


@pytest.mark.parametrize(("kind", "config"), CHANCE)
def test_a_step_is_drawn_again_with_the_same_bits(kind: str, config: dict[str, Any]) -> None:
    program = program_of(chain((5, 6), (kind, config)))
    name = f"{program.tape.network.layers[-1].id}/{'noise' if kind == 'GaussianNoise' else 'mask'}"
    first, second = drawn(program, name, 0), drawn(program, name, 1)
    assert not np.array_equal(first, second)
    assert first.tobytes() == drawn(program, name, 0).tobytes()
    assert first.tobytes() != of_layer(kind, (5, 6), run_seed=6, **config).tobytes()
    # In float64 the same draws.
    large = program_of(chain((5, 6), (kind, config)), dtype=np.float64)
    assert drawn(large, name, 1) == pytest.approx(second, rel=1e-6)


@pytest.mark.parametrize(("kind", "config"), CHANCE)
def test_a_seed_of_its_own_is_all_that_counts(kind: str, config: dict[str, Any]) -> None:
    own = {**config, "seed": 3}
    first = of_layer(kind, (5, 6), run_seed=5, step=4, **own)
    assert np.array_equal(first, of_layer(kind, (5, 6), run_seed=9, step=4, **own))
    assert not np.array_equal(first, of_layer(kind, (5, 6), run_seed=5, step=5, **own))
    assert not np.array_equal(
        first, of_layer(kind, (5, 6), run_seed=5, step=4, **{**own, "seed": 4})
    )
    twice = program_of(chain((5, 6), (kind, own), (kind, own), (kind, config)))
    role = "noise" if kind == "GaussianNoise" else "mask"
    a, b, c = (
        drawn(twice, f"{layer.id}/{role}") for layer in twice.tape.network.layers if layer.kind == kind
    )  # fmt: skip
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


@pytest.mark.parametrize(
    ("layer", "shape", "sentence"),
    [
        (layers.SpatialDropout1D(0.5), (5,), "SpatialDropout1D needs a sequence"),
        (layers.SpatialDropout2D(0.5), (5, 4), "SpatialDropout2D needs an image"),
        (layers.Dropout(0.5, noise_shape=(None, 2)), (5,), "noise_shape"),
        (layers.Dropout(0.5, noise_shape=(None, 1, 1, 1)), (5, 2), "noise_shape"),
        (layers.Dropout(0.5, noise_shape=(None, 5)), (3, 5), "noise_shape"),
        (layers.PReLU(shared_axes=[3]), (5, 4), "axes 1 to 2"),
        (layers.Softmax(axis=0), (5,), "axis 0"),
        (layers.Softmax(axis=-3), (5, 2), "axis -3"),
    ],
)
def test_a_shape_that_does_not_fit_is_refused(
    layer: Layer, shape: tuple[int, ...], sentence: str
) -> None:
    with pytest.raises(ShapeError, match=sentence):
        layer.output_shape([shape])


@pytest.mark.parametrize("noise_shape", ["3", 3, [], [0, 1], [None, 1.5], [True]])
def test_a_noise_shape_is_a_list_of_sizes(noise_shape: Any) -> None:
    with pytest.raises(SettingError, match="noise shape"):
        layers.Dropout(0.5, noise_shape=noise_shape)


def test_keras_2_s_name_of_the_leak_is_taken() -> None:
    assert layers.LeakyReLU(alpha=0.1).config == {"negative_slope": 0.1}
    with pytest.raises(SettingError, match="alpha"):
        layers.LeakyReLU(negative_slope=0.2, alpha=0.1)
    with pytest.raises(SettingError):
        layers.LeakyReLU(alpha=-1)
