"""From the network document to what scenes need of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from app.snapshots import NetworkView, NodeView
from app.text import number, shape, tr
from core.layers import registry

if TYPE_CHECKING:
    from core.spec import Inspection, Layer, Network

# Short names where Keras's is too long for a column.
_SHORT = {
    "MaxPooling2D": "MaxPool",
    "AveragePooling2D": "AvgPool",
    "GlobalAveragePooling2D": "GlobalAvgPool",
    "GlobalMaxPooling2D": "GlobalMaxPool",
    "MaxPooling1D": "MaxPool",
    "AveragePooling1D": "AvgPool",
    "GlobalAveragePooling1D": "GlobalAvgPool",
    "GlobalMaxPooling1D": "GlobalMaxPool",
    "DepthwiseConv2D": "Depthwise",
    "SeparableConv2D": "Separable",
    "Conv2DTranspose": "ConvTranspose",
    "ZeroPadding1D": "ZeroPad",
    "ZeroPadding2D": "ZeroPad",
    "BatchNormalization": "BatchNorm",
    "InputLayer": "Input",
}

_INPUTS = ("Input", "InputLayer")


def title_of(kind: str, config: dict[str, Any]) -> str:
    """Return ``Conv2D 8``, ``Dense 32``, ``MaxPool``."""
    name = _SHORT.get(kind, kind)
    size = config.get("filters", config.get("units"))
    return f"{name} {number(int(size))}" if size else name


def network_view(
    network: Network, inspection: Inspection, info: Any = None, name: str = ""
) -> NetworkView:
    """Return the view of a network document.

    Parameters
    ----------
    network
        The document.
    inspection
        Its shapes.
    info
        The data set's DataInfo, or None.
    name
        What to call it; the network's own name by default.
    """
    features = tuple(getattr(info, "features", ()) or ())
    classes = tuple(getattr(info, "classes", ()) or ())
    rows = [row for row in inspection.rows if row.output_shape is not None]
    nodes = []
    for place, row in enumerate(rows):
        layer = network.layer(row.layer)
        nodes.append(
            _node(
                network,
                layer,
                row,
                features if row.kind in _INPUTS else classes,
                last=place == len(rows) - 1,
                images=getattr(info, "kind", "") == "image",
            )
        )
    kind = str(getattr(info, "kind", "table"))
    if kind == "points" and rows and tuple(rows[0].output_shape or ()) != (2,):
        kind = "table"  # no plane to draw over
    return NetworkView(name or network.name, tuple(nodes), kind, classes, inspection.parameters)


def weights_of(layer: Layer, input_shapes: tuple[Any, ...]) -> tuple[str, ...]:
    """Return the names of a layer's weight tensors, kernel first; none for a layer nobody knows."""
    if not registry.known(layer.kind) or not all(input_shapes):
        return ()
    made = registry.make(layer.kind, layer.config)
    return tuple(
        f"{layer.id}/{weight.role}" for weight in made.weights([tuple(s) for s in input_shapes])
    )


def _node(
    network: Network, layer: Layer, row: Any, names: tuple[str, ...], last: bool, images: bool
) -> NodeView:
    config = dict(layer.config)
    output = tuple(row.output_shape)
    activation = str(config.get("activation") or "")
    if row.kind == "Softmax":
        activation = "softmax"
    title = title_of(row.kind, config)
    if layer.name not in (layer.id, row.kind):
        title = layer.name  # the learner gave it a name
    elif last and row.kind == "Dense":
        title = tr("Softmax") if activation == "softmax" and images else tr("Output")
    weights = () if row.skipped else weights_of(layer, row.input_shapes)
    if row.kind in _INPUTS:
        subtitle = tr("{count} features", count=output[0]) if len(output) == 1 else shape(output)
    elif len(output) == 1 and activation:
        subtitle = activation
    else:
        subtitle = shape(output)
    named = row.kind in _INPUTS or (last and len(output) == 1)
    labels = names if named and output and len(names) == output[-1] else ()
    kind = "Input" if row.kind == "InputLayer" else row.kind
    return NodeView(
        row.node,
        row.layer,
        kind,
        title,
        subtitle,
        output,
        activation,
        weights,
        tuple(network.source(text)[0] for text in network.node(row.node).inputs),
        labels,
    )


def numbered_titles(spec: NetworkView) -> Mapping[str, str]:
    """Return names that tell layers apart, by layer id: ``Conv2D 1``, ``MaxPooling 2``; the learner's own are kept."""
    counts: dict[str, int] = {}
    found: dict[str, str] = {}
    for node in spec.nodes:
        if node.kind == "Input" or node.layer in found:
            continue
        counts[node.kind] = counts.get(node.kind, 0) + 1
        short = _SHORT.get(node.kind, node.kind)
        own = node.title not in (short, tr("Softmax"), tr("Output")) and not _sized(
            node.title, short
        )
        # "2D" tells a convolution from one of sequences; pooling of maps is seen to be of maps.
        kind = node.kind if node.kind.startswith("Conv") else node.kind.removesuffix("2D")
        found[node.layer] = node.title if own else f"{kind} {counts[node.kind]}"
    return MappingProxyType(found)


def _sized(title: str, short: str) -> bool:
    """Whether a title is a kind and a size: "Conv2D 8"."""
    rest = title.removeprefix(short + " ")
    return rest != title and all(not part.isalpha() for part in rest)
