"""A network as a value: layers (which own weights), nodes (calls of layers) and outputs. Every edit makes a new one."""

from __future__ import annotations

from typing import Any

import msgspec

from core.errors import GraphError
from core.layers import registry
from core.naming import snake_case
from core.spec.reference import source_of


class Layer(msgspec.Struct, frozen=True):
    """A layer of the document.

    Attributes
    ----------
    id
        Stable: weights, checkpoints and hot edits match by it. Never a list position.
    kind
        Name in the registry ("Dense").
    name
        What the learner calls it; starts as the id.
    config
        Settings under Keras's argument names.
    """

    id: str
    kind: str
    name: str
    config: dict[str, Any] = {}

    @property
    def frozen(self) -> bool:
        """True if training leaves the layer's weights as they are; layers without weights are never frozen."""
        known = registry.known(self.kind) and registry.kind(self.kind).owns_weights()
        return known and self.config.get("trainable") is False


class Node(msgspec.Struct, frozen=True):
    """A call of a layer. A layer called twice shares its weights.

    Attributes
    ----------
    id
        In a chain the same as the layer's.
    layer
        Id of the layer called.
    inputs
        What it is called on: ids of nodes, for their first output; ``"lstm_1:1"`` is the second output of ``lstm_1``.
    """

    id: str
    layer: str
    inputs: tuple[str, ...] = ()


class Network(msgspec.Struct, frozen=True):
    """A directed graph of calls of layers."""

    name: str
    layers: tuple[Layer, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]

    # ---- making ----------------------------------------------------------------------------------------

    @staticmethod
    def chain(name: str, layers: tuple[Layer, ...] | list[Layer]) -> Network:
        """One layer after the other; the last is the output."""
        nodes = tuple(
            Node(layer.id, layer.id, (layers[k - 1].id,) if k else ())
            for k, layer in enumerate(layers)
        )
        return Network(name, tuple(layers), nodes, (layers[-1].id,) if layers else ())

    # ---- asking ----------------------------------------------------------------------------------------

    def layer(self, layer_id: str) -> Layer:
        """The layer of this id.

        Raises
        ------
        GraphError
            There is none.
        """
        for layer in self.layers:
            if layer.id == layer_id:
                return layer
        raise GraphError(f"The network has no layer {layer_id!r}.")

    def node(self, node_id: str) -> Node:
        """The node of this id."""
        for node in self.nodes:
            if node.id == node_id:
                return node
        raise GraphError(f"The network has no node {node_id!r}.")

    def source(self, text: str) -> tuple[str, int]:
        """(node, number of its output, from 0) that an entry of `Node.inputs` or `outputs` means."""
        return source_of(text, {node.id for node in self.nodes})

    @property
    def is_chain(self) -> bool:
        """True if every node has at most one input, the node before it, and calls a layer of its own."""
        return self.outputs == ((self.nodes[-1].id,) if self.nodes else ()) and all(
            node.id == node.layer and node.inputs == ((self.nodes[k - 1].id,) if k else ())
            for k, node in enumerate(self.nodes)
        )

    def order(self) -> tuple[str, ...]:
        """Node ids so that inputs come first; among free choices the order of the document.

        Raises
        ------
        GraphError
            There is a cycle, a node, layer or output that is not there, or an id is given twice.
        """
        _require_single("layers", [layer.id for layer in self.layers])
        _require_single("nodes", [node.id for node in self.nodes])
        layers = {layer.id for layer in self.layers}
        known = {node.id for node in self.nodes}
        if self.nodes and not self.outputs:
            message = "The network has no output: name the node whose numbers it gives."
            raise GraphError(message)
        for output in self.outputs:
            if source_of(output, known)[0] not in known:
                raise GraphError(f"The network's output is {output!r}, which does not exist.")
        for node in self.nodes:
            if node.layer not in layers:
                raise GraphError(f"{node.id} calls the layer {node.layer!r}, which does not exist.")
            for source in node.inputs:
                if source_of(source, known)[0] not in known:
                    raise GraphError(f"{node.id} is wired to {source!r}, which does not exist.")
        done: dict[str, None] = {}
        reads = {
            node.id: {source_of(source, known)[0] for source in node.inputs} for node in self.nodes
        }
        waiting = list(self.nodes)
        while waiting:
            ready = [node for node in waiting if reads[node.id] <= done.keys()]
            if not ready:
                names = ", ".join(node.id for node in waiting)
                raise GraphError(
                    f"These layers feed each other in a circle: {names}. Remove one connection."
                )
            done.update(dict.fromkeys(node.id for node in ready))
            waiting = [node for node in waiting if node.id not in done]
        return tuple(done)

    # ---- editing: each returns a new network -------------------------------------------------------------

    def insert(self, index: int, layer: Layer) -> Network:
        """Put a layer at this place of a chain (0 is before everything)."""
        layers = list(self._chain_layers())
        layers.insert(index, layer)
        return Network.chain(self.name, layers)

    def remove(self, layer_id: str) -> Network:
        """Take a layer out; in a graph, what fed it then feeds what it fed."""
        self.layer(layer_id)
        if self.is_chain:
            return Network.chain(
                self.name, [layer for layer in self.layers if layer.id != layer_id]
            )
        gone = {node.id: node.inputs for node in self.nodes if node.layer == layer_id}
        nodes = tuple(
            msgspec.structs.replace(node, inputs=_bypass(node.inputs, gone))
            for node in self.nodes
            if node.id not in gone
        )
        layers = tuple(layer for layer in self.layers if layer.id != layer_id)
        return Network(self.name, layers, nodes, _bypass(self.outputs, gone))

    def move(self, layer_id: str, index: int) -> Network:
        """Bring a layer of a chain to this place."""
        moved = self.layer(layer_id)
        layers = [layer for layer in self._chain_layers() if layer.id != layer_id]
        layers.insert(index, moved)
        return Network.chain(self.name, layers)

    def configure(self, layer_id: str, **config: Any) -> Network:
        """Change settings of a layer.

        Raises
        ------
        core.errors.SettingError
            A value is out of range.
        """
        layer = self.layer(layer_id)
        kind = registry.kind(layer.kind)
        before = layer.config
        if "trainable" in config:
            # Of a wrapper, what it wraps is frozen with it, and learns again with it.
            before = kind.with_trainable(before, True)
        checked = kind.normalise({**before, **config})
        return self._replace(msgspec.structs.replace(layer, config=checked))

    def rename(self, layer_id: str, name: str) -> Network:
        """Give a layer another name."""
        return self._replace(msgspec.structs.replace(self.layer(layer_id), name=name))

    def _replace(self, changed: Layer) -> Network:
        layers = tuple(changed if layer.id == changed.id else layer for layer in self.layers)
        return msgspec.structs.replace(self, layers=layers)

    def _chain_layers(self) -> tuple[Layer, ...]:
        if not self.is_chain:
            message = (
                "Layers can be added and moved by place only in a chain; this network branches."
            )
            raise GraphError(message)
        return tuple(self.layer(node.layer) for node in self.nodes)


def _require_single(what: str, ids: list[str]) -> None:
    double = next((key for k, key in enumerate(ids) if key in ids[:k]), None)
    if double is not None:
        raise GraphError(f"Two {what} of the network have the id {double!r}; each needs its own.")


def _bypass(inputs: tuple[str, ...], gone: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    found: list[str] = []
    for source in inputs:
        node = source_of(source, gone)[0]
        found += _bypass(gone[node], gone) if node in gone else [source]
    return tuple(found)


def new_layer(kind: str, network: Network | None = None, **config: Any) -> Layer:
    """A layer with an id that is free in `network` ("conv2d_3") and defaults for what is not given."""
    cls = registry.kind(kind)
    taken = {layer.id for layer in network.layers} if network else set()
    stem = "input" if cls.__name__ == "InputLayer" else snake_case(cls.__name__)
    number = 1
    while f"{stem}_{number}" in taken:
        number += 1
    layer_id = f"{stem}_{number}"
    return Layer(layer_id, cls.__name__, layer_id, cls.normalise(config))
