"""Functional models: branches, shared layers, several inputs and outputs, models inside models."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import core
from core import layers
from core.errors import ChainruleError, GraphError, ShapeError
from core.spec import Layer, Network, Node, inspect, new_layer
from core.tape.compiler import compile_network

X = np.random.default_rng(0).normal(size=(10, 4)).astype(np.float32)


def same(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    return len(first) == len(second) and all(map(np.array_equal, first, second))


def autoencoder() -> tuple[core.Model, core.Model, core.Model]:
    """(encoder, decoder, both as one), which share their layers."""
    x = core.Input((4,))
    encoder = core.Model(x, layers.Dense(2, activation="tanh")(x), name="encoder")
    code = core.Input((2,))
    decoder = core.Model(code, layers.Dense(4)(code), name="decoder")
    both = core.Model(x, decoder(encoder(x)), name="autoencoder")
    return encoder, decoder, both


# ---- models in models ---------------------------------------------------------------------------------------------


def test_a_nested_model_computes_what_its_parts_compute() -> None:
    encoder, decoder, both = autoencoder()
    assert np.array_equal(both.predict(X), decoder.predict(encoder.predict(X)))
    assert [layer.name for layer in both.layers] == ["input", "encoder", "decoder"]
    assert both.get_layer("encoder") is encoder
    assert both.count_params() == encoder.count_params() + decoder.count_params() == 22
    assert same(both.get_weights(), [*encoder.get_weights(), *decoder.get_weights()])


def test_what_the_whole_learns_its_parts_know() -> None:
    encoder, decoder, both = autoencoder()
    before = encoder.get_weights()
    both.compile(core.optimizers.Adam(0.05), "mse")
    both.fit(X, X, epochs=3)
    assert not same(before, encoder.get_weights())
    assert same(both.get_weights(), [*encoder.get_weights(), *decoder.get_weights()])
    assert np.allclose(both.predict(X), decoder.predict(encoder.predict(X)), atol=1e-6)
    assert same(both.get_layer("encoder").layers[1].get_weights(), encoder.get_weights())


def test_what_a_part_learns_the_whole_knows() -> None:
    encoder, _, both = autoencoder()
    both.compile(core.optimizers.SGD(0.1), "mse")
    both.fit(X, X)
    encoder.compile(core.optimizers.SGD(0.1), "mse")
    encoder.fit(X, X[:, :2])
    taught = encoder.get_weights()
    assert same(both.get_weights()[:2], taught)
    both.fit(X, X)
    assert not same(encoder.get_weights(), taught)
    encoder.set_weights([np.zeros((4, 2)), np.zeros(2)])
    assert np.ptp(both.predict(X), axis=0).max() == 0
    assert both.evaluate(X, X) == pytest.approx(np.mean((both.predict(X) - X) ** 2), rel=1e-5)


def test_a_model_called_twice_shares_its_weights() -> None:
    half = core.Sequential([core.Input((4,)), layers.Dense(3, activation="tanh")], name="half")
    a, b = core.Input((4,)), core.Input((4,))
    model = core.Model([a, b], layers.Add()([half(a), half(b)]))
    assert model.count_params() == half.count_params() == 15
    expected = half.predict(X) + half.predict(X[::-1])
    assert np.allclose(model.predict([X, X[::-1]]), expected, atol=1e-6)


def test_nested_models_may_use_the_same_names() -> None:
    def block(k: int) -> core.Model:
        parts = [core.Input((4,)), layers.Dense(4), layers.Dense(4, name="last")]
        return core.Sequential(parts, name=f"block_{k}")

    x = core.Input((4,))
    model = core.Model(x, layers.Dense(1)(block(1)(block(0)(x))))
    names = [layer.id for layer in model.network.layers]
    assert len(set(names)) == len(names) == 6
    assert model.count_params() == sum(w.size for w in model.get_weights()) == 4 * 20 + 5


def test_models_nest_deeply_and_in_a_sequential_model() -> None:
    inner = core.Sequential([core.Input((4,)), layers.Dense(3)], name="inner")
    middle = core.Sequential([inner, layers.Dense(2)], name="middle")
    outer = core.Sequential([core.Input((4,)), middle, layers.Dense(1)], name="outer")
    assert [layer.name for layer in outer.layers] == ["middle", "dense_2"]
    assert outer.output_shape == (None, 1)
    outer.compile("sgd", "mse")
    outer.fit(X, X[:, :1])
    assert same(outer.get_weights()[:2], inner.get_weights())


def test_a_saved_nested_model_computes_the_same(tmp_path: Path) -> None:
    _, _, both = autoencoder()
    both.save(tmp_path / "a.chainrule")
    assert np.array_equal(core.load_model(tmp_path / "a.chainrule").predict(X), both.predict(X))


def test_a_loaded_model_can_be_a_part(tmp_path: Path) -> None:
    encoder, _, _ = autoencoder()
    encoder.save(tmp_path / "a.chainrule")
    loaded = core.load_model(tmp_path / "a.chainrule")
    x = core.Input((4,))
    model = core.Model(x, layers.Dense(1)(loaded(x)))
    assert same(model.get_weights()[:2], encoder.get_weights())


# ---- parts of graphs ------------------------------------------------------------------------------------------------


def test_a_model_of_the_features_of_another() -> None:
    model = core.Sequential(
        [core.Input((4,)), layers.Dense(3, name="code"), layers.Dense(2)], seed=3
    )
    features = core.Model(model.input, model.get_layer("code").output)
    assert features.output_shape == (None, 3)
    model.compile("adam", "mse")
    model.fit(X, X[:, :2])
    assert same(features.get_weights(), model.get_weights()[:2])


def test_a_tensor_in_the_middle_can_be_an_input() -> None:
    x = core.Input((4,))
    code = layers.Dense(2)(x)
    whole = core.Model(x, layers.Dense(3)(code))
    head = core.Model(code, whole.output)
    assert head.input_shape == (None, 2)
    assert head.count_params() == 9
    codes = core.Model(x, code).predict(X)
    assert np.allclose(head.predict(codes), whole.predict(X), atol=1e-6)


def test_an_input_that_is_not_given_is_named() -> None:
    a, b = core.Input((4,), name="a"), core.Input((4,), name="b")
    with pytest.raises(GraphError, match="'b', which is not among the model's inputs"):
        core.Model(a, layers.Add()([a, b]))


def test_an_input_that_feeds_nothing_is_named() -> None:
    a, b = core.Input((4,), name="a"), core.Input((4,), name="b")
    with pytest.raises(GraphError, match="'b' feeds nothing"):
        core.Model([a, b], layers.Dense(1)(a))


@pytest.mark.parametrize(
    ("given", "error"),
    [(lambda x: [x, x], GraphError), (lambda x: layers.Dense(3)(x), ShapeError), (lambda x: [x, X], GraphError)],
)  # fmt: skip
def test_a_nested_model_is_called_on_what_it_was_built_for(given: Any, error: Any) -> None:
    encoder, _, _ = autoencoder()
    with pytest.raises(error, match=r"encoder.*\.$"):
        encoder(given(core.Input((4,))))


def test_layers_added_later_leave_the_weights_as_they_are() -> None:
    model = core.Sequential([core.Input((4,)), layers.Dense(3)])
    model.compile("sgd", "mse")
    model.fit(X, X[:, :3])
    learned = model.get_weights()
    model.add(layers.Dense(2))
    assert same(model.get_weights()[:2], learned)


def test_inputs_are_given_in_the_order_of_the_model() -> None:
    a, b = core.Input((2,), name="a"), core.Input((3,), name="b")
    deep = layers.Dense(2)(layers.Dense(2)(b))
    model = core.Model([a, b], layers.Add()([a, deep]))
    assert model.input_shape == [(None, 2), (None, 3)]
    with pytest.raises(ChainruleError):
        model.predict([np.zeros((1, 3)), np.zeros((1, 2))])
    zero = model.predict([np.zeros((1, 2)), np.zeros((1, 3))])
    assert np.array_equal(model.predict([np.ones((1, 2)), np.zeros((1, 3))]), zero + 1)


# ---- documents ----------------------------------------------------------------------------------------------------


def document(*nodes: tuple[str, str, tuple[str, ...]], outputs: tuple[str, ...]) -> Network:
    """A network of nodes (id, kind, inputs)."""
    config: dict[str, dict[str, Any]] = {"Input": {"shape": [4]}, "Dense": {"units": 4}}
    made = [new_layer(kind, **config.get(kind, {})) for _, kind, _ in nodes]
    return Network(
        "document",
        tuple(Layer(n[0], m.kind, n[0], m.config) for n, m in zip(nodes, made, strict=True)),
        tuple(Node(name, name, inputs) for name, _, inputs in nodes),
        outputs,
    )


def test_an_input_of_a_document_that_nothing_reads_is_a_problem_with_a_repair() -> None:
    network = document(
        ("a", "Input", ()), ("b", "Input", ()), ("y", "Dense", ("a",)), outputs=("y",)
    )
    (problem,) = inspect(network).problems
    assert problem.layer == "b"
    assert "goes nowhere" in problem.sentence
    assert problem.fix is not None
    assert inspect(problem.fix.network).ok
    with pytest.raises(ChainruleError, match="b goes nowhere"):
        compile_network(network, "predict")


def test_layers_that_feed_each_other_are_named() -> None:
    network = document(
        ("x", "Input", ()), ("s", "Add", ("x", "t")), ("t", "Dense", ("s",)), outputs=("t",)
    )
    (problem,) = inspect(network).problems
    assert "s, t" in problem.sentence
    assert "circle" in problem.sentence


def test_a_node_without_its_source_is_named() -> None:
    network = document(("x", "Input", ()), ("y", "Dense", ("gone",)), outputs=("y",))
    (problem,) = inspect(network).problems
    assert "y is wired to 'gone'" in problem.sentence


def test_merges_have_a_short_form_as_in_keras() -> None:
    x = layers.Input((4,))
    a, b = layers.Dense(3)(x), layers.Dense(3)(x)
    for short, kind in (
        (layers.add, "Add"), (layers.subtract, "Subtract"), (layers.multiply, "Multiply"), (layers.average, "Average"),
        (layers.maximum, "Maximum"), (layers.minimum, "Minimum"), (layers.concatenate, "Concatenate"),
        (layers.dot, "Dot"),
    ):  # fmt: skip
        made = short([a, b])
        assert type(made.layer).__name__ == kind
        assert (
            made.shape
            == getattr(layers, kind)(**({"axes": -1} if kind == "Dot" else {}))([a, b]).shape
        )


# ---- tensors written with signs, and layers called on numbers -------------------------------------------------------


@pytest.mark.parametrize(
    ("join", "kind"),
    [
        (lambda a, b: a + b, layers.Add),
        (lambda a, b: a - b, layers.Subtract),
        (lambda a, b: a * b, layers.Multiply),
    ],
)
def test_signs_between_tensors_are_merge_layers(join: Any, kind: Any) -> None:
    a, b = core.Input((3,), name="a"), core.Input((3,), name="b")
    by_sign, by_layer = core.Model([a, b], join(a, b)), core.Model([a, b], kind()([a, b]))
    assert by_sign.layers[-1].name == by_layer.layers[-1].name
    x, y = np.random.default_rng(3).normal(size=(2, 5, 3)).astype(np.float32)
    np.testing.assert_array_equal(by_sign.predict([x, y]), join(x, y))


@pytest.mark.parametrize(
    ("join", "words"),
    [
        (lambda a: a + 1.0, "float is not one"),
        (lambda a: 2 * a, "int is not one"),
        (lambda a: np.ones((5, 3)) + a, "ndarray is not one"),
        (lambda a: a - np.ones((5, 3)), "ndarray is not one"),
        (lambda a: a * core.Input((2, 3)), r"Multiply\(\)\(\[a, b\]\)"),
        (lambda a: a / a, "/ is not in this version"),
        (lambda a: a @ a, "layers.Dot"),
        (lambda a: -a, "not in this version"),
        (lambda a: a**2, "not in this version"),
    ],
)
def test_signs_that_make_no_layer_are_refused(join: Any, words: str) -> None:
    with pytest.raises(ChainruleError, match=words):
        join(core.Input((3,)))


def test_a_layer_called_on_an_array_says_how_to_compute() -> None:
    with pytest.raises(ChainruleError, match=r"Sequential\(\[Input\(\(4,\)\), Dense\(\.\.\.\)\]\)"):
        layers.Dense(2)(np.ones((6, 4)))


# ---- Input ----------------------------------------------------------------------------------------------------------


def test_input_takes_what_keras_takes() -> None:
    for made in (
        core.Input((3,), 4),
        core.Input(shape=(3,), dtype="int32", name="x"),
        core.Input((3,), dtype=np.float64),
        core.Input((3,), dtype=np.dtype("uint8")),
        core.Input(batch_shape=(None, 3)),
        core.Input(batch_shape=(4, 3)),
    ):
        assert made.shape == (3,)
    assert core.Input((3,), 4, "int32", name="x").layer.name == "x"


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: core.Input(), r"Input\(\(4,\)\); it is given none"),
        (lambda: core.Input((3,), batch_shape=(4, 3)), "shape and batch_shape"),
        (lambda: core.Input(batch_size=4, batch_shape=(4, 3)), "batch_size and batch_shape"),
        (lambda: core.Input(batch_shape=3), r"for example \(None, 4\)"),
        (lambda: core.Input((3,), batch_size=0), "batch_size must be"),
        (lambda: core.Input((3,), "name"), "batch_size must be"),
        (lambda: core.Input((3,), dtype="float23"), "Did you mean 'float32'"),
        (lambda: core.Input((3,), dtype="string"), "type of numbers"),
        (lambda: core.Input((3,), sparse=True), "dense arrays"),
    ],
)
def test_an_input_that_cannot_be_is_refused(ask: Any, words: str) -> None:
    with pytest.raises(ChainruleError, match=words):
        ask()


# ---- a tensor that is an output twice -------------------------------------------------------------------------------


def test_a_tensor_can_be_an_output_twice() -> None:
    x = np.random.default_rng(0).normal(size=(8, 4))
    i = core.Input((4,))
    d = layers.Dense(4, name="d")(i)
    model = core.Model(i, [d, d], seed=1)
    one, other = model.predict(x)
    assert np.array_equal(one, other)
    model.compile("sgd", "mse")
    found = model.fit(x, [x, 0 * x], epochs=2).history
    assert set(found) == {"loss", "d_loss", "d#2_loss"}
    assert found["loss"] == pytest.approx(np.add(found["d_loss"], found["d#2_loss"]))
    # Both outputs teach the layer: as a layer whose output is one of two equal copies.
    j = core.Input((4,))
    e = layers.Dense(4, name="d")(j)
    same = core.Model(j, [e, layers.Activation("linear")(e)], seed=1)
    same.compile("sgd", "mse")
    assert same.fit(x, [x, 0 * x], epochs=2).history["loss"] == pytest.approx(found["loss"])
    weights = zip(model.get_weights(), same.get_weights(), strict=True)
    assert all(a == pytest.approx(b, abs=1e-6) for a, b in weights)
    # Weights of samples are told apart, too.
    model.fit(x, [x, x], sample_weight=[np.ones(8), np.zeros(8)])
    assert model.evaluate(x, [x, x], sample_weight=[np.zeros(8), np.zeros(8)])[0] == 0


def test_a_document_may_name_an_output_twice(tmp_path: Path) -> None:
    i = core.Input((4,))
    d = layers.Dense(4, name="l")(i)
    model = core.Model(i, [d, d])
    assert model.network.outputs == ("l", "l")
    assert not inspect(model.network).problems
    tape = compile_network(model.network, "predict")
    assert list(tape.outputs) == ["l", "l#2"]
    model.save(tmp_path / "twice.chainrule")
    again = core.load_model(tmp_path / "twice.chainrule")
    x = np.ones((2, 4))
    assert all(map(np.array_equal, again.predict(x), model.predict(x)))


def test_a_deep_copy_learns_on_its_own() -> None:
    inner = core.Sequential([core.Input((3,)), layers.Dense(2, activation="tanh")])
    start = core.Input((3,))
    model = core.Model(start, layers.Dense(1)(inner(start)))
    x = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    y = x.sum(1, keepdims=True)
    before = copy.deepcopy(model)
    assert np.array_equal(before.predict(x), model.predict(x))
    model.compile("adam", "mse")
    model.fit(x, y, batch_size=4, epochs=2)
    middle = copy.deepcopy(model)
    rest = [one.fit(x, y, batch_size=4, epochs=2).history["loss"] for one in (model, middle)]
    assert rest[0] == rest[1]
    assert np.array_equal(middle.predict(x), model.predict(x))
    assert not np.array_equal(before.predict(x), model.predict(x))
    # The copy of the nested model is the one the copy uses.
    assert np.array_equal(middle.layers[1].get_weights()[0], inner.get_weights()[0])
    middle.fit(x, y, epochs=1)
    assert not np.array_equal(middle.layers[1].get_weights()[0], inner.get_weights()[0])
