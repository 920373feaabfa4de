from __future__ import annotations

import pytest

from app.build import formulas
from core import templates
from core.spec import Network, inspect, new_layer


def row_of(network: Network, layer: str) -> formulas.Row:
    return next(row for row in inspect(network).rows if row.layer == layer)


def plain(line: str) -> str:
    return line.replace("*", "")


def test_a_convolution_in_letters_and_in_numbers() -> None:
    network = templates.load("digits-cnn").network
    layer = network.layer("conv2d_1")
    size = formulas.output_size(layer, row_of(network, "conv2d_1"))
    assert size is not None
    assert [plain(line) for line in size.numbers] == ["⌊(28 + 1 + 1 − 3) / 1⌋ + 1 = 28"]
    count = formulas.parameter_count(layer, row_of(network, "conv2d_1"))
    assert count is not None
    assert [plain(line) for line in count.numbers] == ["(3·3·1 + 1) · 8 = 80"]


def test_a_window_that_is_not_square_gets_two_lines() -> None:
    network = templates.load("digits-cnn").network
    network = network.configure("conv2d_1", kernel_size=[5, 3], padding="valid", strides=[2, 1])
    size = formulas.output_size(network.layer("conv2d_1"), row_of(network, "conv2d_1"))
    assert size is not None
    assert [plain(line) for line in size.numbers] == [
        "⌊(28 + 0 + 0 − 5) / 2⌋ + 1 = 12",
        "⌊(28 + 0 + 0 − 3) / 1⌋ + 1 = 26",
    ]


def test_a_filter_with_gaps_and_one_along_a_sequence() -> None:
    network = templates.load("digits-cnn").network
    network = network.configure("conv2d_1", dilation_rate=[3, 3], padding="valid")
    size = formulas.output_size(network.layer("conv2d_1"), row_of(network, "conv2d_1"))
    assert size is not None
    assert [plain(line) for line in size.numbers] == ["⌊(28 + 0 + 0 − 7) / 1⌋ + 1 = 22"]
    layers = [new_layer("Input", shape=[9, 4]), new_layer("Conv1D", padding="causal", strides=2)]
    network = Network.chain("sequence", layers)
    layer = network.layers[1]
    size = formulas.output_size(layer, row_of(network, layer.id))
    assert size is not None
    assert [plain(line) for line in size.numbers] == ["⌊(9 + 2 + 0 − 3) / 2⌋ + 1 = 5"]


def test_a_dense_layer_without_bias() -> None:
    network = templates.load("digits-cnn").network.configure("dense_1", use_bias=False)
    count = formulas.parameter_count(network.layer("dense_1"), row_of(network, "dense_1"))
    assert count is not None
    assert [plain(line) for line in count.numbers] == ["(784) · 32 = 25,088"]


@pytest.mark.parametrize("name", templates.names())
def test_the_numbers_of_every_template_add_up(name: str) -> None:
    network = templates.load(name).network
    for layer in network.layers:
        row = row_of(network, layer.id)
        count = formulas.parameter_count(layer, row)
        assert count is not None
        assert plain(count.numbers[-1]).split(" = ")[-1] == f"{row.parameters:,}"
        assert formulas.output_size(layer, row) is not None


def test_a_layer_with_a_problem_has_no_formulas() -> None:
    network = templates.load("digits-cnn").network
    network = network.insert(6, new_layer("Conv2D", network))
    layer = network.layers[6]
    assert formulas.output_size(layer, row_of(network, layer.id)) is None
    assert formulas.parameter_count(layer, row_of(network, layer.id)) is None


def test_numbers_become_coloured_and_results_bold() -> None:
    line = formulas.html("(*3*·*3* + 1) · *8* = **80**", "#fff")
    assert line.count("color:#fff") == 4
    assert line.count("font-weight:600") == 1
    assert "*" not in line
