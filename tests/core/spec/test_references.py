"""Outputs of a layer by number: ``"lstm_1:1"`` in documents."""

from __future__ import annotations

import msgspec
import pytest

from core.errors import GraphError
from core.spec import Layer, Network, Node, inspect, new_layer
from core.spec.reference import reference, source_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", ("a", 0)),
        ("a:1", ("a", 1)),
        ("b:2", ("b:2", 0)),
        ("b:2:1", ("b:2", 1)),
        ("a:-1", ("a:-1", 0)),
        ("a:x", ("a:x", 0)),
        ("a:²", ("a:²", 0)),
        ("c:1", ("c:1", 0)),
    ],
)
def test_a_reference_is_a_node_and_the_number_of_its_output(
    text: str, expected: tuple[str, int]
) -> None:
    assert source_of(text, {"a", "b:2"}) == expected


def test_references_are_written_as_they_are_read() -> None:
    assert [reference("a", k) for k in range(2)] == ["a", "a:1"]
    assert all(source_of(reference("a", k), {"a"}) == ("a", k) for k in range(12))


def _network(source: str, output: str = "two") -> Network:
    dense = new_layer("Dense", units=2)
    layers = (
        Layer("in", "InputLayer", "in", {"shape": [3]}),
        Layer("one", "Dense", "one", dense.config),
        Layer("two", "Dense", "two", dense.config),
    )
    nodes = (Node("in", "in"), Node("one", "one", ("in",)), Node("two", "two", (source,)))
    return Network("test", layers, nodes, (output,))


def test_an_output_that_is_not_there_is_named() -> None:
    (problem,) = inspect(_network("one:1")).problems
    assert problem.layer == "two"
    assert problem.sentence.startswith("two reads output 2 of one, which has only one.")
    (problem,) = inspect(_network("one", "two:3")).problems
    assert problem.sentence.startswith("The network reads output 4 of two")


def test_a_reference_to_no_node_is_refused() -> None:
    with pytest.raises(GraphError, match="wired to 'three:1'"):
        _network("three:1").order()


def test_removing_a_layer_wires_its_reader_to_what_it_read() -> None:
    network = _network("one:1").remove("one")
    assert network.node("two").inputs == ("in",)


def test_a_reference_survives_json() -> None:
    network = _network("one:0")
    assert network.order() == ("in", "one", "two")
    assert inspect(network).ok
    assert msgspec.json.decode(msgspec.json.encode(network), type=Network) == network
