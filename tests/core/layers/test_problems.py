"""What a layer cannot work with is said in a sentence, and the repair that is offered repairs."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

import core
from core import layers, losses
from core.errors import ChainruleError, SettingError, ShapeError
from core.layers import registry
from core.layers.base import Layer
from core.spec import Network, inspect
from core.tape.compiler import compile_network
from core.tape.program import Program
from tests.core.networks import chain
from tests.core.subjects import smallest

SHAPES = [(5,), (4, 3), (6, 5, 2), (1, 1, 1), (2, 2, 2, 2)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("kind", registry.kinds(), ids=lambda k: k.__name__)
def test_any_shape_works_or_is_refused_with_a_sentence(
    kind: type[Layer], shape: tuple[int, ...]
) -> None:
    if kind.arity[0] != 1:
        pytest.skip("not a layer with one input")
    network = chain(shape, (kind.__name__, smallest(kind)))
    found = inspect(network)
    for problem in found.problems:
        assert problem.title
        assert problem.sentence.startswith(f"{kind.__name__} {network.layers[-1].name!r}")
        # What it got.
        assert (
            "×".join(map(str, shape[:2])) in problem.sentence or str(shape[0]) in problem.sentence
        )
        assert problem.sentence.endswith(".")
        assert len(problem.sentence.split()) > 4
        if problem.fix is not None:
            assert problem.fix.label
            assert inspect(problem.fix.network).ok
    if found.ok:
        assert compile_network(network, "predict").outputs
    else:
        with pytest.raises(ChainruleError):
            compile_network(network, "predict")


CASES: dict[str, tuple[Network, str]] = {
    "a shape of another size": (chain((4, 3), ("Reshape", {"target_shape": [5, -1]})), "12"),
    "axes that are not there": (chain((4, 3), ("Permute", {"dims": [1, 3, 2]})), "orders 3 axes"),
    "a sequence to repeat": (chain((4, 3), ("RepeatVector", {"n": 2})), "list of numbers"),
    "an axis that is the batch": (chain((4,), ("BatchNormalization", {"axis": 0})), "is the batch"),
    "an axis too far": (chain((4,), ("LayerNormalization", {"axis": 2})), "does not exist"),
    "an axis twice": (chain((4, 3), ("LayerNormalization", {"axis": [2, -1]})), "two are the same"),
    "window too large": (
        chain((4, 4, 1), ("Conv2D", {"filters": 2, "kernel_size": 5})),
        "5×5 window",
    ),
    "pool too large": (chain((2, 2, 1), ("MaxPooling2D", {"pool_size": 3})), "3×3 window"),
    "image after a list": (
        chain((8, 8, 1), ("Flatten", {}), ("Conv2D", {"filters": 2, "kernel_size": 3})),
        "64 numbers",
    ),
    "a sequence for an LSTM": (chain((8,), ("LSTM", {"units": 2})), "a list of 8 numbers"),
    "an image without channels": (
        chain((8, 8), ("Conv2D", {"filters": 2, "kernel_size": 3})),
        "a sequence of 8×8. If this is an image, give it its channels with Reshape((8, 8, 1)); for a sequence use "
        "Conv1D.",
    ),
    "an image for a sequence layer": (
        chain((8, 8, 3), ("Conv1D", {"filters": 2, "kernel_size": 3})),
        "an image of 8×8×3. Use Conv2D for images.",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_sentence_has_the_numbers_in_it(name: str) -> None:
    network, text = CASES[name]
    (problem,) = inspect(network).problems
    assert text in problem.sentence
    last = network.layers[-1]
    assert problem.layer == last.id
    assert problem.sentence.startswith(f"{last.kind} {last.name!r}")
    if problem.fix is not None:
        assert inspect(problem.fix.network).ok


@pytest.mark.parametrize(
    ("before", "kind", "fix"),
    [
        ([("Flatten", {})], "Conv2D", "Move it before Flatten."),
        ([("Flatten", {}), ("Dense", {"units": 4})], "Conv2D", "Move it before Flatten."),
        ([("Flatten", {}), ("Flatten", {})], "Conv2D", "Move it before Flatten 'flatten_2'."),
        ([], "Conv2D", "or a Reshape layer before it."),
    ],
)
def test_an_image_layer_after_a_list_says_what_it_got_needs_and_the_nearest_fix(
    before: list[tuple[str, dict[str, Any]]], kind: str, fix: str
) -> None:
    shape = (2, 2, 1) if before else (4,)
    (problem,) = inspect(chain(shape, *before, (kind, {"filters": 1, "kernel_size": 1}))).problems
    expected = (
        f"{kind} 'conv2d_1' needs an image (height, width, channels) but gets a list of 4 numbers. "
    )
    assert problem.sentence.startswith(expected)
    assert problem.sentence.endswith(fix)


def test_a_recurrent_layer_after_one_that_gives_its_last_state_is_told_which_setting_to_change() -> (
    None
):
    network = chain((5, 2), ("LSTM", {"units": 3}), ("LSTM", {"units": 2}))
    (problem,) = inspect(network).problems
    assert problem.sentence == (
        "LSTM 'lstm_2' needs a sequence (time, features) but gets a list of 3 numbers. "
        "Set return_sequences=True in LSTM 'lstm_1'."
    )
    assert problem.fix is not None
    assert problem.fix.network.layer("lstm_1").config["return_sequences"] is True
    assert inspect(problem.fix.network).ok


def test_the_functional_api_says_the_same_with_the_names_the_model_would_give() -> None:
    x = layers.Flatten()(core.Input((4, 4, 1)))
    with pytest.raises(
        ShapeError, match=r"Conv2D 'conv2d' needs an image .* Move it before Flatten[.]"
    ):
        layers.Conv2D(2, 3)(x)
    with pytest.raises(ShapeError, match="Conv2D 'mine' needs"):
        layers.Conv2D(2, 3, name="mine")(x)


PAIRS = [((3,), (4,)), ((3, 2), (4, 3)), ((3, 2), (5,)), ((4, 3, 2), (2, 3, 3))]


@pytest.mark.parametrize("shapes", PAIRS, ids=str)
@pytest.mark.parametrize(
    "kind", [k for k in registry.kinds() if k.arity[0] > 1], ids=lambda k: k.__name__
)
def test_branches_that_do_not_fit_are_refused_with_their_shapes(
    kind: type[Layer], shapes: tuple[tuple[int, ...], ...]
) -> None:
    layer = kind(**{**smallest(kind), "name": "mine"})
    try:
        layer([core.Input(shape) for shape in shapes])
    except ShapeError as error:
        sentence = str(error)
        assert sentence.startswith(f"{kind.__name__} 'mine' ")
        assert all("×".join(map(str, shape)) in sentence for shape in shapes)
        assert sentence.endswith(".")


def test_settings_are_refused_with_the_name_the_layer_was_given() -> None:
    with pytest.raises(SettingError, match=r"^Dense 'mine': units must be at least 1; it is 0"):
        layers.Dense(0, name="mine")
    with pytest.raises(SettingError, match=r"needs the argument 'units' .How many neurons"):
        layers.Dense()
    with pytest.raises(SettingError, match="pad the others"):
        core.Input((None, 3))


@pytest.mark.parametrize(
    ("argument", "part"),
    [
        ({"batch_input_shape": (None, 4)}, "Put Input((...)) before the first layer"),
        ({"dtype": "float64"}, "float32"),
    ],
)
def test_what_keras_takes_everywhere_is_refused_with_what_to_do_here(
    argument: dict[str, Any], part: str
) -> None:
    with pytest.raises(SettingError) as refused:
        layers.Dense(2, **argument)
    assert part in str(refused.value)
    assert repr(next(iter(argument))) in str(refused.value)


@pytest.mark.parametrize("name", ["identity", "orthogonal"])
def test_a_bias_that_cannot_start_so_is_refused_before_anything_is_drawn(name: str) -> None:
    network = chain((4,), ("Dense", {"units": 2, "bias_initializer": name}))
    (problem,) = inspect(network).problems
    assert problem.sentence.startswith("Dense 'dense_1': its bias: ")
    assert "(2,)" in problem.sentence
    with pytest.raises(ChainruleError, match="its bias"):
        core.Sequential([core.Input((4,)), layers.Dense(2, bias_initializer=name)])


def test_an_unknown_kind_of_a_document_is_answered_with_the_closest() -> None:
    network = chain((4,), ("Dense", {"units": 2}))
    strange = msgspec.structs.replace(network.layers[1], kind="Denze")
    network = msgspec.structs.replace(network, layers=(network.layers[0], strange))
    (problem,) = inspect(network).problems
    assert "Did you mean 'Dense'?" in problem.sentence


def test_the_same_network_has_the_same_parameters_as_keras_counts() -> None:
    def parameters(shape: tuple[int, ...], *layers: tuple[str, dict[str, Any]]) -> int:
        return inspect(chain(shape, *layers)).parameters

    assert parameters((784,), ("Dense", {"units": 128})) == 100_480
    assert parameters((28, 28, 3), ("Conv2D", {"filters": 32, "kernel_size": 3})) == 896
    assert parameters((5, 16), ("LSTM", {"units": 32})) == 6_272
    assert parameters((9,), ("Embedding", {"input_dim": 1000, "output_dim": 64})) == 64_000
    assert parameters((7, 7, 12), ("BatchNormalization", {})) == 48


def test_normalisation_of_a_batch_in_which_no_step_counts() -> None:
    network = chain(
        (3,),
        ("Embedding", {"input_dim": 5, "output_dim": 2, "mask_zero": True}),
        ("BatchNormalization", {}),
        ("LSTM", {"units": 2}),
    )
    program = Program(compile_network(network, "check", loss=losses.get("mse")), 4)
    program.feed([np.zeros((4, 3))], [np.ones((4, 2))])
    program.run()
    for name in program.tape.tensors:
        assert np.isfinite(program.tensor(name)).all(), name
    assert not program.tensor("batch_normalization_1/mean").any()


JOINS: dict[str, tuple[str, dict[str, Any], tuple[tuple[int, ...], ...], str]] = {
    "different lists": ("Add", {}, ((3,), (4,)), "3 and 4"),
    "a list of the wrong axis": ("Multiply", {}, ((3, 4), (3,)), "3×4 and 3"),
    "different rests": ("Concatenate", {}, ((3, 4), (2, 4)), "3×4 and 2×4"),
    "different ranks": ("Concatenate", {"axis": 1}, ((3, 4), (4,)), "3×4 and 4"),
    "samples joined": ("Concatenate", {"axis": 0}, ((3,), (3,)), "is the batch"),
    "lengths of a product": ("Dot", {"axes": 1}, ((3, 4), (4, 4)), "has 3 places"),
    "an axis of a product": ("Dot", {"axes": [2, 2]}, ((3, 4), (4,)), "does not exist"),
}


@pytest.mark.parametrize("name", JOINS)
def test_branches_that_cannot_be_joined(name: str) -> None:
    kind, config, shapes, text = JOINS[name]
    inputs = [core.Input(shape) for shape in shapes]
    with pytest.raises(ShapeError, match=rf"^{kind} '.*\.$") as refused:
        getattr(layers, kind)(**config)(inputs)
    assert text in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("Reshape", {"target_shape": [-1, -1]}),
        ("Reshape", {"target_shape": [3, 0]}),
        ("Permute", {"dims": [1, 3]}),
        ("Permute", {"dims": [1, 1]}),
        ("Dot", {"axes": [1, 2, 3]}),
        ("Dot", {"axes": 1.5}),
        ("RepeatVector", {"n": 0}),
    ],
)
def test_settings_that_go_nowhere(kind: str, config: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match=rf"^{kind}.*\.$"):
        getattr(layers, kind)(**config)


def test_comparisons_are_no_multiply_adds() -> None:
    rows = inspect(chain((8, 8, 1), ("MaxPooling2D", {}), ("Flatten", {}))).rows
    assert [row.multiply_adds for row in rows] == [0, 0, 0]
