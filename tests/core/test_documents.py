"""A document that is not a network is answered with a problem, never with an exception of Python."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from core.errors import GraphError
from core.spec import Network, Node, inspect
from tests.core.networks import chain

WHOLE = chain((4,), ("Dense", {"units": 3}), ("Dense", {"units": 2}))
FIRST, SECOND, THIRD = WHOLE.nodes

DAMAGED: dict[str, dict[str, Any]] = {
    "an output that is not there": {"outputs": ("nobody",)},
    "no output": {"outputs": ()},
    "a doubled node": {"nodes": (*WHOLE.nodes, THIRD)},
    "a doubled layer": {"layers": (*WHOLE.layers, WHOLE.layers[-1])},
    "a layer that is not there": {"nodes": (FIRST, SECOND, Node(THIRD.id, "nobody", THIRD.inputs))},
    "a source that is not there": {"nodes": (FIRST, SECOND, Node(THIRD.id, THIRD.layer, ("nobody",)))},
    "a circle": {"nodes": (FIRST, Node(SECOND.id, SECOND.layer, (THIRD.id,)), THIRD)},
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_document_is_a_problem(name: str) -> None:
    network: Network = msgspec.structs.replace(WHOLE, **DAMAGED[name])
    (problem,) = inspect(network, data_shape=(4,), classes=2, loss="mean_squared_error").problems
    assert problem.sentence.endswith(".")
    assert len(problem.sentence.split()) > 5
    with pytest.raises(GraphError):
        network.order()


def test_the_whole_one_and_an_empty_one_have_an_order() -> None:
    assert inspect(WHOLE).ok
    assert Network.chain("empty", []).order() == ()
