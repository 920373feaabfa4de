"""From symbolic tensors to a network document: what `core.Model` is built with.

A model called on symbolic tensors (a nested model) writes its layers into the outer document; the call is remembered,
so that a summary shows it as one line and its weights stay together, as in Keras.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.errors import GraphError, ShapeError
from core.layers.base import Layer
from core.layers.input import InputLayer
from core.layers.symbolic import SymbolicTensor, outputs_of
from core.naming import snake_case
from core.spec.network import Layer as LayerDocument
from core.spec.network import Network, Node
from core.spec.reference import reference

if TYPE_CHECKING:
    from core.layers.base import Shape
    from core.model import Model

#: First parts of names that the tape gives to its own values.
RESERVED = {
    "accuracy",
    "batch",
    "grad",
    "learning_rate",
    "loss",
    "metrics",
    "score",
    "score_class",
    "scratch",
    "targets",
    "total",
}


class NestedCall:
    """One call of a model as if it were a layer: `tensors` are its calls of layers, copied for these inputs."""

    def __init__(self, model: Model, inputs: tuple[SymbolicTensor, ...]) -> None:
        self.model, self.inputs = model, inputs
        self.tensors: list[SymbolicTensor] = []


def call_model(
    model: Model,
    starts: Sequence[SymbolicTensor],
    tensors: Sequence[SymbolicTensor],
    ends: Sequence[SymbolicTensor],
    given: Sequence[SymbolicTensor],
) -> list[SymbolicTensor]:
    """Copy a model's graph, from `starts` over `tensors` to `ends`, onto other tensors; weights stay shared.

    Raises
    ------
    core.errors.ChainruleError
        There are more or fewer tensors than inputs, or one has another shape than the input it stands for.
    """
    if len(given) != len(starts):
        count = len(starts)
        raise GraphError(
            f"{model.name} takes {count} input{'s' if count != 1 else ''}; {len(given)} "
            f"{'is' if len(given) == 1 else 'are'} given."
        )
    for t, start in zip(given, starts, strict=True):
        if t.shape != start.shape:
            got, needs = ("×".join(map(str, s.shape)) or "one number" for s in (t, start))
            raise ShapeError(
                "Shapes differ",
                f"{model.name} was built for samples of {needs}; it is called on samples of {got}.",
            )
    call = NestedCall(model, tuple(given))
    copied = {id(start): t for start, t in zip(starts, given, strict=True)}
    for t in tensors:
        if all(id(one) in copied for one in t.outputs):
            continue
        made = outputs_of(t.layer, tuple(copied[id(source)] for source in t.inputs))
        call.tensors.append(made[0])
        for old, new in zip(t.outputs, made, strict=True):
            new.call = call
            copied.setdefault(id(old), new)
    return [copied[id(t)] for t in ends]


class Graph:
    """The document of a model under construction.

    Parameters
    ----------
    name
        Of the network.
    inputs, outputs
        Symbolic tensors. An input that a layer made is cut off from that layer: the data takes its place.
    owner
        The model; layers that only it has named may be named anew.

    Attributes
    ----------
    network
        The document.
    tensors
        One for each call of a layer between inputs and outputs (its first output), sources first.
    layers, ids
        Layers in Keras's order, and their ids in this document, by the layer's identity.
    calls
        The call of a nested model a layer came with, by the layer's identity.

    Raises
    ------
    core.errors.GraphError
        An output needs an input that is not given, an input feeds nothing, or two layers share a name.
    """

    def __init__(
        self,
        name: str,
        inputs: Sequence[SymbolicTensor],
        outputs: Sequence[SymbolicTensor],
        owner: Any,
    ) -> None:
        self.inputs, self.outputs = list(inputs), list(outputs)
        self._owner = owner
        #: Node of each declared input, and of each call of a layer by its first output.
        self._starts: dict[int, str] = {}
        self._nodes: dict[int, str] = {}
        self._written: list[Node] = []
        self.tensors: list[SymbolicTensor] = []
        self.layers: dict[int, Layer] = {}
        self.ids: dict[int, str] = {}
        self.calls: dict[int, NestedCall] = {}
        self._declared = {id(t) for t in inputs}
        #: Names that are not free.
        self._taken = self._given_names()
        for t in inputs:
            start = t if not t.inputs else _stand_in(t.shape)
            if id(t) not in self._starts:
                self._starts[id(t)] = self._put_down(start)
        for t in outputs:
            self._visit(t)
        self._require_use()
        self.layers = {id(layer): layer for layer in self._keras_order()}
        documents = tuple(
            LayerDocument(self.ids[key], type(layer).__name__, self.ids[key], dict(layer.config))
            for key, layer in self.layers.items()
        )
        self.network = Network(
            name, documents, tuple(self._written), tuple(self._reference(t) for t in outputs)
        )

    # ---- nodes ------------------------------------------------------------------------------------------------

    def _known(self, t: SymbolicTensor) -> bool:
        return id(t) in self._starts or id(t.first) in self._nodes

    def _reference(self, t: SymbolicTensor) -> str:
        start = self._starts.get(id(t))
        return start if start is not None else reference(self._nodes[id(t.first)], t.index)

    def _visit(self, t: SymbolicTensor) -> None:
        """Put down a tensor's node after those it reads. Without recursion: networks may be deep."""
        waiting = [t]
        while waiting:
            t = waiting[-1]
            if self._known(t):
                waiting.pop()
                continue
            if not t.inputs:
                raise GraphError(
                    f"An output needs the data of {t.layer.name or 'an Input'!r}, which is not among the model's "
                    "inputs. Add it to the inputs, or build the output from the inputs that are given."
                )
            missing = [source for source in _unit(t).inputs if not self._known(source)]
            waiting += reversed(missing)
            if missing:
                continue
            # Of a nested model everything comes along, also what no output needs: its weights are its own.
            for part in t.call.tensors if t.call is not None else [t.first]:
                if id(part) not in self._nodes:
                    self._nodes[id(part)] = self._put_down(part)
                    self.tensors.append(part)

    def _put_down(self, t: SymbolicTensor) -> str:
        layer = t.layer
        first_call = id(layer) not in self.layers
        if first_call:
            self._name_layer(layer, t.call)
            self.layers[id(layer)] = layer
            if t.call is not None:
                self.calls[id(layer)] = t.call
        layer_id = self.ids[id(layer)]
        node_id = layer_id if first_call else self._free(f"{layer_id}_call")
        sources = tuple(self._reference(source) for source in t.inputs)
        self._written.append(Node(node_id, layer_id, sources))
        return node_id

    def _require_use(self) -> None:
        read = {source for node in self._written for source in node.inputs}
        read |= {self._reference(t) for t in self.outputs}
        for node in self._starts.values():
            if node not in read:
                raise GraphError(
                    f"The input {node!r} feeds nothing: no output depends on it. "
                    "Connect it to a layer, or leave it out of the model's inputs."
                )

    # ---- names --------------------------------------------------------------------------------------------------

    def _name_layer(self, layer: Layer, call: NestedCall | None) -> None:
        kind = "input" if isinstance(layer, InputLayer) else snake_case(type(layer).__name__)
        if self._may_name(layer):
            layer.name, layer.named_by_model = self._free(kind), True
        chosen = layer.name
        if chosen in self.ids.values():
            if not layer.named_by_model and call is None:
                raise GraphError(
                    f"Two layers are called {layer.name!r}; give one of them another name."
                )
            # As in Keras, a nested model has names of its own; in this document each has to be free.
            given = call is not None and not layer.named_by_model
            chosen = self._free(f"{call.model.name}_{layer.name}" if call and given else kind)
        if chosen.split("/")[0] in RESERVED:
            raise GraphError(
                f"{chosen!r} is the name of a value of every program; give the layer another name."
            )
        self.ids[id(layer)] = chosen

    def _may_name(self, layer: Layer) -> bool:
        """True if the layer has no name, or only one from an earlier assembly of this model."""
        mine = layer._owner is None or layer._owner is self._owner
        return not layer.name or (layer.named_by_model and mine)

    def _given_names(self) -> set[str]:
        """Names that layers of this graph bring along, wherever in it they stand."""
        found: set[str] = set()
        seen: set[int] = set()
        waiting = [*self.inputs, *self.outputs]
        while waiting:
            t = waiting.pop()
            if id(t) in seen:
                continue
            seen.add(id(t))
            if id(t) in self._declared and t.inputs:
                continue
            waiting += _unit(t).inputs
            for part in t.call.tensors if t.call is not None else [t]:
                if not self._may_name(part.layer):
                    found.add(part.layer.name)
        return found

    def _free(self, stem: str) -> str:
        """`stem`, or with the first number that makes it a name nobody has."""
        name, number = stem, 0
        while name in self._taken:
            number += 1
            name = f"{stem}_{number}"
        self._taken.add(name)
        return name

    # ---- Keras's order of layers ------------------------------------------------------------------------------

    def _keras_order(self) -> list[Layer]:
        """Layers by their distance from the outputs, farthest first: the order of `get_weights` and of a summary.

        Among layers of one distance those come first that a walk from the outputs back meets first. A nested model
        counts as one layer. Source: ``map_graph`` of Keras 3.
        """
        units, met = self._walk()
        depth: dict[int, int] = {}
        farthest: dict[int, int] = {}
        for unit in reversed(units):
            own = max(depth.get(id(unit), 0), farthest.get(_called(unit), 0))
            depth[id(unit)] = farthest[_called(unit)] = own
            for source in self._sources(unit):
                depth[id(source)] = max(own + 1, depth.get(id(source), 0))
        called = {_called(unit): unit for unit in reversed(units)}
        found: dict[int, Layer] = {}
        for key in sorted(called, key=lambda key: (-farthest[key], met[key])):
            unit = called[key]
            inside = unit.model.parts if isinstance(unit, NestedCall) else [unit.layer]
            found.update({id(layer): layer for layer in inside if id(layer) in self.layers})
        # Data that takes the place of a tensor is not met on the way back.
        starts = {key: layer for key, layer in self.layers.items() if key not in found}
        return [*starts.values(), *found.values()]

    def _walk(self) -> tuple[list[SymbolicTensor | NestedCall], dict[int, int]]:
        """Units with their sources first, and the order in which the walk back meets what they call."""
        done: dict[int, SymbolicTensor | NestedCall] = {}
        met: dict[int, int] = {}
        starts = [_unit(t) for t in self.outputs if not self._cut(t)]
        waiting = [(unit, False) for unit in reversed(starts)]
        while waiting:
            unit, finished = waiting.pop()
            if id(unit) in done:
                continue
            if finished:
                done[id(unit)] = unit
                continue
            met.setdefault(_called(unit), len(met))
            waiting.append((unit, True))
            waiting += [(source, False) for source in reversed(self._sources(unit))]
        return list(done.values()), met

    def _sources(self, unit: SymbolicTensor | NestedCall) -> list[SymbolicTensor | NestedCall]:
        return [_unit(t) for t in unit.inputs if not self._cut(t)]

    def _cut(self, t: SymbolicTensor) -> bool:
        return bool(t.inputs) and id(t) in self._declared


def _stand_in(shape: Shape) -> SymbolicTensor:
    """Data in the place of a tensor that a layer made."""
    return SymbolicTensor(InputLayer(shape=shape), (), shape)


def _unit(t: SymbolicTensor) -> SymbolicTensor | NestedCall:
    """What Keras counts as one: a call of a layer, or of a nested model."""
    return t.call if t.call is not None else t.first


def _called(unit: SymbolicTensor | NestedCall) -> int:
    return id(unit.model) if isinstance(unit, NestedCall) else id(unit.layer)
