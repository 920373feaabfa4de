"""Names that a model gives never meet names that the learner gave; sharing weights takes one layer called twice."""

from __future__ import annotations

import pytest

import core
from core import layers
from core.errors import ChainruleError, GraphError


def names(*made: layers.Layer) -> list[str]:
    model = core.Sequential([core.Input((4,)), *made])
    assert len({id(w) for w in model._weights().values()}) == 2 * len(made)
    assert model.count_params() == sum(w.size for w in model.get_weights())
    return [layer.name for layer in model.layers]


def test_a_given_name_is_not_given_again() -> None:
    assert names(layers.Dense(3, name="dense"), layers.Dense(3)) == ["dense", "dense_1"]
    assert names(layers.Dense(3), layers.Dense(3, name="dense_1"), layers.Dense(3)) == [
        "dense", "dense_1", "dense_2",
    ]  # fmt: skip
    assert names(layers.Dense(3), layers.Dense(3, name="dense")) == ["dense_1", "dense"]


def test_a_layer_added_later_may_bring_a_name() -> None:
    model = core.Sequential([core.Input((4,)), layers.Dense(3)])
    model.add(layers.Dense(2, name="dense"))
    assert [layer.name for layer in model.layers] == ["dense_1", "dense"]
    assert model.predict([[0.0] * 4]).shape == (1, 2)


def test_a_second_call_is_a_node_with_a_name_of_its_own() -> None:
    shared = layers.Dense(4, name="shared")
    x = core.Input((4,))
    y = layers.Dense(2, name="shared_call")(shared(shared(x)))
    model = core.Model(x, y)
    assert {node.id for node in model.network.nodes} == {
        "input", "shared", "shared_call", "shared_call_1",
    }  # fmt: skip


def test_a_layer_shared_by_inputs_of_different_widths_is_refused() -> None:
    shared = layers.Dense(2, name="shared")
    wide, narrow = core.Input((4,)), core.Input((3,))
    with pytest.raises(
        ChainruleError, match=r"shared is called on inputs of different sizes.*4×2.*3×2"
    ):
        core.Model([wide, narrow], layers.Add()([shared(wide), shared(narrow)]))


def test_a_network_may_be_deep() -> None:
    assert len(set(names(*(layers.Dense(4) for _ in range(1200))))) == 1200


def test_a_name_is_a_text() -> None:
    with pytest.raises(ChainruleError, match="must be a text"):
        layers.Dense(2, name=5)  # type: ignore[arg-type]


def test_a_layer_may_not_take_the_name_of_a_value_of_the_tape() -> None:
    with pytest.raises(GraphError, match="another name"):
        core.Sequential([core.Input((2,)), layers.Dense(1, name="loss")])
