"""A network as calls of layers among their neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.layers.base import Shape
from core.layers.wording import called
from core.spec.network import Layer, Network, new_layer

if TYPE_CHECKING:
    from core.spec.inspection import Row


@dataclass(frozen=True)
class Step:
    """A call of a layer among its neighbours.

    Attributes
    ----------
    row, layer
        What is known of the call, and the document of its layer.
    before, after
        The calls it reads, and those that read it.
    """

    row: Row
    layer: Layer
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def kind(self) -> str:
        """The layer's kind."""
        return self.layer.kind

    @property
    def name(self) -> str:
        """The layer as sentences call it."""
        return called(self.layer.kind, self.layer.name)

    @property
    def shape(self) -> Shape:
        """Of the output."""
        return self.row.output_shape or ()

    def get(self, setting: str) -> Any:
        """A setting, or None if the layer has none of this name."""
        return self.layer.config.get(setting)

    @property
    def activation(self) -> str:
        """The last function applied, "" if that is none a learner chose."""
        if self.kind == "Softmax":
            return "softmax"
        if self.kind == "ReLU":
            return "relu"
        return str(self.get("activation") or "linear") if "activation" in self.layer.config else ""


class Chart:
    """A network as steps by node id."""

    def __init__(self, network: Network, rows: tuple[Row, ...]) -> None:
        self.network = network
        after: dict[str, list[str]] = {row.node: [] for row in rows}
        before: dict[str, tuple[str, ...]] = {}
        for row in rows:
            sources = network.node(row.node).inputs
            before[row.node] = tuple(network.source(text)[0] for text in sources)
            for source in before[row.node]:
                after[source].append(row.node)
        self.steps = {
            row.node: Step(row, network.layer(row.layer), before[row.node], tuple(after[row.node]))
            for row in rows
        }

    def ends(self) -> list[Step]:
        """What gives the network's outputs."""
        return [self.steps[self.network.source(text)[0]] for text in self.network.outputs]

    def upstream(self, step: Step) -> Iterator[Step]:
        """The steps before one along first inputs, the nearest first."""
        while step.before:
            step = self.steps[step.before[0]]
            yield step

    def put_before(self, step: Step, kind: str, **config: Any) -> Network | None:
        """The network with a new layer before this one, if it is a chain."""
        if not self.network.is_chain:
            return None
        place = [layer.id for layer in self.network.layers].index(step.layer.id)
        return self.network.insert(place, new_layer(kind, self.network, **config))
