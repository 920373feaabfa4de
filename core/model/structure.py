"""What a model is made of: its layers, their inputs and outputs, its shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from core import optimizers as optimizers_module
from core.errors import ChainruleError, GraphError, SettingError
from core.graph import Graph
from core.layers.base import Layer
from core.layers.symbolic import SymbolicTensor, outputs_of
from core.naming import unknown
from core.spec.inspection import Inspection, inspect
from core.spec.network import Network
from core.spec.reference import source_of
from core.spec.training import check_seed

if TYPE_CHECKING:
    from core.callbacks import History
    from core.metrics import Measured
    from core.model.running import Memory


class Structure:
    """Layers put together; what `Model` begins with."""

    #: What a summary calls it where it is part of another model.
    kind = "Functional"
    name: str
    seed: int
    stop_training: bool
    stop_evaluating: bool
    stop_predicting: bool
    history: History | None
    network: Network

    def _build(
        self, inputs: list[SymbolicTensor], outputs: list[SymbolicTensor], name: str, seed: int
    ) -> None:
        self.seed = check_seed(seed)
        self.name = name
        graph = Graph(name, inputs, outputs, self)
        self.network = graph.network
        self._layers, self._ids, self._calls = graph.layers, graph.ids, graph.calls
        self._starts, self._tensors, self._ends = graph.inputs, graph.tensors, graph.outputs
        called = [t for t in (*self._starts, *self._tensors) if id(t.layer) in self._ids]
        self._symbolic = {self._ids[id(t.layer)]: t.first for t in called}
        self._start()
        for key, layer in self._layers.items():
            if layer._owner is None or layer._owner is self:
                layer.id, layer._owner = self._ids[key], self
            layer._holder = layer._holder or self

    def adopt_network(self, network: Network, made: dict[str, Layer], seed: int) -> None:
        """Become the model of a document; `made` are its layers by id."""
        self.seed, self.name, self.network = check_seed(seed), network.name, network
        self._layers, self._calls = {id(layer): layer for layer in made.values()}, {}
        self._ids = {id(layer): layer_id for layer_id, layer in made.items()}
        self._symbolic, self._starts, self._tensors = {}, [], []
        values: dict[str, tuple[SymbolicTensor, ...]] = {}
        for layer_id, layer in made.items():
            layer.id, layer.name, layer._owner = layer_id, network.layer(layer_id).name, self
            layer._holder = self
        for node_id in network.order():
            node = network.node(node_id)
            layer = made[node.layer]
            places = [source_of(source, values) for source in node.inputs]
            inputs = tuple(values[source][number] for source, number in places)
            values[node_id] = outputs_of(layer, inputs)
            self._symbolic[layer.id] = values[node_id][0]
            (self._tensors if node.inputs else self._starts).append(values[node_id][0])
        places = [source_of(output, values) for output in network.outputs]
        self._ends = [values[source][number] for source, number in places]
        self._start()

    def _start(self) -> None:
        # What a batch of training takes is looked at by `fit`, which knows its size.
        self._inspection: Inspection = inspect(self.network, batch_size=1)
        for problem in self._inspection.problems:
            raise ChainruleError(problem.sentence)
        self._run: Any = None
        self._optimizer = optimizers_module.get("SGD")
        self._loss: Any = None
        #: What `compile` was told, until targets tell which cross-entropy is meant.
        self._undecided: Any = None
        #: Metrics and weighted metrics as documents hold them, and as they are called at each output.
        self._metrics: tuple[Any, ...] = ()
        self._weighted_metrics: tuple[Any, ...] = ()
        self._metric_list: list[list[Measured]] = []
        self._memory: Memory | None = None
        self._values: dict[str, np.ndarray] | None = None
        self._predictor: Any = None
        self.stop_training = self.stop_evaluating = self.stop_predicting = False
        #: What the last `fit` measured.
        self.history = None
        self._next_epoch = 0

    def __setattr__(self, name: str, value: Any) -> None:
        """Keep what a model has; of its own kind nothing else, for it would change nothing and nobody would notice."""
        own = name.startswith("_") or name in _SETTABLE
        if own or not type(self).__module__.startswith(_OURS):
            object.__setattr__(self, name, value)
            return
        hint = (
            " Give it to compile(...)."
            if name
            in ("optimizer", "loss", "losses", "metrics", "weighted_metrics", "loss_weights")
            else ""
        )
        raise SettingError(
            f"A {self.kind} model has nothing called {name!r} that could be set.{hint}", name
        )

    @property
    def parts(self) -> list[Layer]:
        """Every layer, those of nested models too, in Keras's order."""
        return list(self._layers.values())

    @property
    def layers(self) -> list[Any]:
        """Layers in Keras's order; a nested model stands for its own."""
        found: dict[int, Any] = {}
        for key, layer in self._layers.items():
            call = self._calls.get(key)
            found.setdefault(id(call.model) if call else key, call.model if call else layer)
        return list(found.values())

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """The layer (or nested model) of this name or at this place."""
        if index is not None:
            if not isinstance(index, int) or not -len(self.layers) <= index < len(self.layers):
                raise GraphError(f"There is no layer {index!r}; there are {len(self.layers)}.")
            return self.layers[index]
        for layer in (*self.layers, *self.parts):
            if layer.name == name:
                return layer
        raise GraphError(unknown("layer", str(name), [layer.name for layer in self.layers]))

    @property
    def built(self) -> bool:
        """True if the shapes of all weights are known."""
        return True

    def build(self, input_shape: Any = None) -> None:
        """Nothing is left to do: a model made from inputs and outputs is built."""

    @property
    def inputs(self) -> list[SymbolicTensor]:
        """Symbolic tensors the model begins with."""
        return list(self._starts)

    @property
    def outputs(self) -> list[SymbolicTensor]:
        """Symbolic tensors the model ends with."""
        return list(self._ends)

    @property
    def input(self) -> Any:
        """The symbolic input, or a list of them: ``Model(model.input, model.get_layer("code").output)``."""
        return self._starts[0] if len(self._starts) == 1 else self.inputs

    @property
    def output(self) -> Any:
        """The symbolic output, or a list of them."""
        return self._ends[0] if len(self._ends) == 1 else self.outputs

    @property
    def input_shape(self) -> Any:
        """Shape of the input with None for the batch, or a list of shapes."""
        shapes = [(None, *t.shape) for t in self._starts]
        return shapes[0] if len(shapes) == 1 else shapes

    def symbolic_output(self, layer: Layer) -> Any:
        """A layer's output (a list if it has several), to build another model on."""
        made = self._symbolic[self._ids[id(layer)]].outputs
        return made[0] if len(made) == 1 else list(made)

    @property
    def output_shape(self) -> Any:
        """Shape of the output with None for the batch, or a list of shapes."""
        shapes = [(None, *self._inspection.shape(output)) for output in self.network.outputs]
        return shapes[0] if len(shapes) == 1 else shapes

    def count_params(self) -> int:
        """Number of values in all weights."""
        return self._inspection.parameters

    def __repr__(self) -> str:
        return f"<{self.kind} name={self.name}, built={self.built}>"


#: What may be set on a model.
_SETTABLE = {
    "name",
    "seed",
    "network",
    "history",
    "stop_training",
    "trainable",
    "stop_evaluating",
    "stop_predicting",
}
#: The package of Chainrule's own kinds of models; a reader's may keep what they like.
_OURS = ("core.model", "core.sequential")
