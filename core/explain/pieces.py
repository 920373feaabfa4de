"""A piece of a network as a network: up to one layer, so that its channels are what the piece gives."""

from __future__ import annotations

from core.errors import ChainruleError
from core.spec.network import Network, Node, new_layer

#: Makes one number of each of a layer's maps, by how many axes it has.
_MEANS = {2: "GlobalAveragePooling1D", 3: "GlobalAveragePooling2D"}


def up_to(network: Network, layer: str, axes: int) -> Network:
    """The network that gives one number for each channel of a layer: the mean of its map.

    Parameters
    ----------
    network
        The whole.
    layer
        Id of the layer.
    axes
        How many axes its output has (1 for a list of units, 3 for maps).

    Raises
    ------
    core.errors.ChainruleError
        The layer is not there, or its output has no channels.
    """
    last = next((node for node in network.nodes if node.layer == layer), None)
    if last is None:
        known = ", ".join(one.id for one in network.layers)
        message = f"The network has no layer {layer!r}; it has {known}."
        raise ChainruleError(message)
    if axes not in (1, *_MEANS):
        message = f"{layer} gives {axes} axes; channels are those of lists, sequences and images."
        raise ChainruleError(message)
    nodes, wanted = {node.id: node for node in network.nodes}, {last.id}
    waiting = [last]
    while waiting:
        for text in waiting.pop().inputs:
            source = network.source(text)[0]
            if source not in wanted:
                wanted.add(source)
                waiting.append(nodes[source])
    kept = tuple(node for node in network.nodes if node.id in wanted)
    used = {node.layer for node in kept}
    piece = Network(
        network.name, tuple(one for one in network.layers if one.id in used), kept, (last.id,)
    )
    if axes == 1:
        return piece
    mean = new_layer(_MEANS[axes], piece)
    return Network(
        piece.name, (*piece.layers, mean), (*kept, Node(mean.id, mean.id, (last.id,))), (mean.id,)
    )
