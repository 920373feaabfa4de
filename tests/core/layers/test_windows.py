"""Sliding windows where Keras's backends differ, and what their settings refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core import layers, losses
from core.errors import SettingError
from core.io.codegen import code
from core.layers.windows import same_padding
from core.spec import Layer, Network, Node, Training, inspect, new_layer
from core.tape.compiler import compile_network
from core.tape.program import Program
from tests.core.networks import chain
from tests.core.subjects import bound, first_computed


def predicted(network: Network, x: np.ndarray) -> np.ndarray:
    program = Program(compile_network(network, "predict"), len(x), np.float64)
    program.feed([x])
    program.run()
    (output,) = program.tape.outputs.values()
    return program.tensor(output.name).copy()


@pytest.mark.parametrize("pool", [[2, 2], [3, 2], [2, 5]], ids=str)
@pytest.mark.parametrize("strides", [[1, 1], [2, 2], [3, 1]], ids=str)
def test_an_average_that_reaches_over_the_edge_is_the_mean_of_what_is_inside(
    pool: list[int], strides: list[int]
) -> None:
    """As Keras on TensorFlow and JAX; on PyTorch it repeats the edge where the padding is uneven."""
    x = np.random.default_rng(0).normal(size=(2, 5, 4, 3))
    config = {"pool_size": pool, "strides": strides, "padding": "same"}
    found = predicted(chain((5, 4, 3), ("AveragePooling2D", config)), x)
    (top, _), (left, _) = (
        same_padding(n, k, s, "same") for n, k, s in zip((5, 4), pool, strides, strict=True)
    )
    for u in range(found.shape[1]):
        for v in range(found.shape[2]):
            i, j = u * strides[0] - top, v * strides[1] - left
            inside = x[:, max(i, 0) : i + pool[0], max(j, 0) : j + pool[1]]
            assert found[:, u, v] == pytest.approx(inside.mean((1, 2)))


@pytest.mark.parametrize(
    ("make", "setting", "text"),
    [
        (lambda: layers.Conv2D(4, 3, strides=2, dilation_rate=2), "dilation_rate", "stride and a dilation"),
        (lambda: layers.Conv1D(4, 3, strides=2, dilation_rate=2), "dilation_rate", "stride and a dilation"),
        (lambda: layers.Conv2D(3, 3, groups=2), "groups", "multiple of 2 filters"),
        (lambda: layers.Conv2DTranspose(3, 3, 2, output_padding=2), "output_padding", "less than the stride"),
        (lambda: layers.Conv2DTranspose(3, 3, 2, dilation_rate=2), "dilation_rate", "stride and a dilation"),
        (lambda: layers.Conv2D(3, 3, padding="causal"), "padding", "valid, same"),
        (lambda: layers.Conv2D(3, 3, data_format="channels_first"), "data_format", "channels come last"),
        (lambda: layers.GlobalMaxPooling2D("channels_first"), "data_format", "channels come last"),
        (lambda: layers.AveragePooling2D(), "pool_size", "needs the argument"),
        (lambda: layers.UpSampling2D(2, interpolation="lanczos3"), "interpolation", "nearest, bilinear"),
        (lambda: layers.ZeroPadding2D(((1, 2), 3, 4)), "padding", "(top, bottom)"),
        (lambda: layers.Cropping2D(((1, 2), (3, -4))), "cropping", "at least 0"),
        (lambda: layers.Conv1D(4, (3, 3)), "kernel_size", "whole number"),
    ],
)  # fmt: skip
def test_settings_keras_refuses_are_refused_with_a_sentence(
    make: Any, setting: str, text: str
) -> None:
    with pytest.raises(SettingError) as refused:
        make()
    assert refused.value.setting == setting
    assert text in str(refused.value)
    assert str(refused.value).endswith(".")


def test_a_document_with_settings_that_exclude_each_other_has_a_problem() -> None:
    network = chain((8, 8, 2), ("Conv2D", {"filters": 3, "kernel_size": 3}))
    layer = network.layers[-1].id
    for change in ({"strides": [2, 2], "dilation_rate": [2, 2]}, {"groups": 2}):
        (problem,) = inspect(network.configure(layer, **change)).problems
        assert problem.layer == layer
    (problem,) = inspect(network.configure(layer, groups=3)).problems
    assert "2 channels" in problem.sentence


def test_keras_spellings_are_taken() -> None:
    assert layers.Conv1D(4, (3,), strides=(2,), padding="SAME").config["kernel_size"] == 3
    assert layers.MaxPooling1D((2,), strides=[1]).config["strides"] == 1
    assert layers.Conv2D(4, 3, data_format="channels_last").config["data_format"] is None
    assert layers.ZeroPadding2D(3).config["padding"] == [3, 3]
    assert layers.ZeroPadding2D(((1, 1), (2, 2))).config["padding"] == [1, 2]
    assert layers.ZeroPadding2D((2, (0, 1))).config["padding"] == [[2, 2], [0, 1]]
    # In Keras's order: filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation.
    made = layers.Conv2D(4, 3, 1, "same", None, 2, 2, "relu")
    assert made.config["dilation_rate"] == [2, 2]
    assert (made.config["groups"], made.config["activation"]) == (2, "relu")


def test_code_names_the_sides_of_a_frame() -> None:
    frames = {"padding": [[1, 2], [1, 2]]}
    network = chain((5, 5, 1), ("ZeroPadding2D", frames), ("Flatten", {}), ("Dense", {"units": 1}))
    text = code("keras", network, Training(loss="mean_squared_error"))
    assert "ZeroPadding2D(padding=((1, 2), (1, 2)))" in text


def test_a_frame_of_its_own_layer_shows_its_gradient() -> None:
    """Wider than the filter: the way back is the whole frame, and nothing is written beyond it."""
    network = chain(
        (3, 3, 2),
        ("ZeroPadding2D", {"padding": 5}),
        ("Conv2D", {"filters": 2, "kernel_size": 2}),
    )
    frame = network.layers[1].id
    loss = losses.get("mean_squared_error")
    program = Program(compile_network(network, "explain", wrt=frame, loss=loss), 2, np.float64)
    program.feed([np.ones((2, 3, 3, 2))], [np.ones((2, 12, 12, 2))])
    program.run()
    gradient = program.tensor(f"grad/{frame}/output")
    assert gradient.shape == (2, 13, 13, 2)
    assert np.abs(gradient).min() > 0


def counts(shape: tuple[int, ...], *kinds: tuple[str, dict[str, Any]]) -> tuple[int, list[int]]:
    found = inspect(chain(shape, *kinds))
    assert found.ok
    return found.parameters, [row.parameters for row in found.rows if row.parameters]


def test_the_course_s_network_has_as_many_weights_as_its_notes_say() -> None:
    def network(padding: str) -> list[tuple[str, dict[str, Any]]]:
        return [
            ("Dense", {"units": 16}),
            *(("Conv2D", {"filters": f, "kernel_size": k, "padding": padding})
              for f, k in ((32, 3), (64, 5), (128, 7))),
            ("Flatten", {}),
            ("Dense", {"units": 2}),
        ]  # fmt: skip

    assert counts((20, 20, 3), *network("valid")) == (473_890, [64, 4_640, 51_264, 401_536, 16_386])
    assert counts((20, 20, 3), *network("same")) == (
        559_906,
        [64, 4_640, 51_264, 401_536, 102_402],
    )
    dense, first, second, _, *end = network("same")
    pooled = (dense, first, ("MaxPooling2D", {"pool_size": 2}), second, *end)
    assert counts((20, 20, 3), *pooled)[0] == 68_770


@pytest.mark.parametrize(
    ("shape", "kinds", "outputs"),
    [
        ((28, 28, 1), [("Conv2D", {"filters": 1, "kernel_size": 3})], [(26, 26, 1)]),
        ((5, 5, 1), [("ZeroPadding2D", {"padding": 1}), ("Conv2D", {"filters": 1, "kernel_size": 3})],
         [(7, 7, 1), (5, 5, 1)]),
        ((720, 960, 3), [("Conv2D", {"filters": 4, "kernel_size": 3})], [(718, 958, 4)]),
        ((200, 200, 3), [("Conv2D", {"filters": 32, "kernel_size": 3}), ("MaxPooling2D", {}),
                         ("Conv2D", {"filters": 64, "kernel_size": 3}), ("MaxPooling2D", {})],
         [(198, 198, 32), (99, 99, 32), (97, 97, 64), (48, 48, 64)]),
        ((22, 22, 1), [("Conv2D", {"filters": 1, "kernel_size": 3}), ("Flatten", {})], [(20, 20, 1), (400,)]),
    ],
)  # fmt: skip
def test_the_course_s_shapes(
    shape: tuple[int, ...], kinds: list[tuple[str, dict[str, Any]]], outputs: list[tuple[int, ...]]
) -> None:
    assert [row.output_shape for row in inspect(chain(shape, *kinds)).rows[1:]] == outputs


@pytest.mark.parametrize(
    ("kind", "config"),
    [("MaxPooling1D", {}), ("ZeroPadding1D", {}), ("Cropping1D", {}), ("UpSampling1D", {}),
     ("Conv1D", {"filters": 2, "kernel_size": 2}), ("GlobalAveragePooling1D", {"keepdims": True})],
)  # fmt: skip
def test_the_output_of_a_layer_of_sequences_has_a_gradient(
    kind: str, config: dict[str, Any]
) -> None:
    """Read twice, so that it is a sum, and under the shape of the output."""
    made = {"x": new_layer("Input", shape=[5, 2]), "before": new_layer("Dense", units=2),
            "subject": new_layer(kind, **config), "a": new_layer("Dense", units=2),
            "b": new_layer("Dense", units=2), "end": new_layer("Add")}  # fmt: skip
    nodes = (Node("x", "x"), Node("before", "before", ("x",)), Node("subject", "subject", ("before",)),
             Node("a", "a", ("subject",)), Node("b", "b", ("subject",)), Node("end", "end", ("a", "b")))  # fmt: skip
    layers = tuple(Layer(key, layer.kind, key, layer.config) for key, layer in made.items())
    program = bound(Network("two readers", layers, nodes, ("end",)), losses.get("mse"))
    program.run(first_computed(program))
    end = program.tensor("grad/end/output")
    expected = sum(end @ program.tensor(f"{reader}/kernel").T for reader in ("a", "b"))
    assert program.tensor("grad/subject/output") == pytest.approx(expected)
