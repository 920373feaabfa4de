"""The network as scenes see it, from the document's values. No Qt, no Numba."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from app.snapshots import NetworkView, NodeView
from app.text import shape as shown_shape
from core.layers import registry

if TYPE_CHECKING:
    from core.data import DataInfo
    from core.spec import Inspection, Network


def network_view(
    name: str, network: Network, inspection: Inspection, info: DataInfo | None
) -> NetworkView:
    """Return the view; equal arguments give the same object, so that layouts stay cached."""
    return _intern(_view(name, network, inspection, info))


@lru_cache(maxsize=32)
def _intern(view: NetworkView) -> NetworkView:
    return view


def _view(
    name: str, network: Network, inspection: Inspection, info: DataInfo | None
) -> NetworkView:
    rows = {row.node: row for row in inspection.rows}
    nodes = {node.id: node for node in network.nodes}
    classes = info.classes if info is not None else ()
    views = []
    for id_ in network.order():
        node = nodes[id_]
        layer = network.layer(node.layer)
        row = rows[id_]
        shape = () if row.skipped else tuple(row.output_shape or ())
        activation = layer.config.get("activation") or ""
        weights: tuple[str, ...] = ()
        known = registry.known(layer.kind)
        if known and not row.skipped and all(row.input_shapes):
            made = registry.make(layer.kind, layer.config)
            inputs = [tuple(s) for s in row.input_shapes]
            weights = tuple(f"{layer.id}/{weight.role}" for weight in made.weights(inputs))
        size = layer.config.get("units") or layer.config.get("filters") or ""
        kind = "Input" if layer.kind == "InputLayer" else layer.kind
        own = layer.name if layer.name and layer.name != layer.id else ""
        labels: tuple[str, ...] = ()
        if kind == "Input" and info is not None and len(info.features) == shape[-1:][0]:
            labels = info.features
        elif id_ in network.outputs and shape and len(classes) == shape[-1]:
            labels = classes
        views.append(
            NodeView(
                id=id_,
                layer=layer.id,
                kind=kind,
                title=own or f"{kind} {size}".strip(),
                subtitle=activation if activation not in ("", "linear") else shown_shape(shape),
                shape=shape,
                activation="" if activation == "linear" and kind == "Input" else activation,
                weights=weights,
                inputs=tuple(node.inputs),
                labels=labels,
            )
        )
    kind_of_data = info.kind if info is not None else "table"
    return NetworkView(name, tuple(views), kind_of_data, classes, inspection.parameters)


def view_of_network(name: str, network: Network, batch_size: int, data: str) -> NetworkView:
    """Return the view of a network and the data set of that id."""
    from core import data as data_sets
    from core.spec import inspect

    return network_view(
        name, network, inspect(network, batch_size=batch_size), data_sets.info(data)
    )


__all__ = ["network_view", "view_of_network"]
