"""The Keras-named face of the engine: build a model, compile, fit, evaluate, predict, save."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core import arguments
from core import losses as losses_module
from core import metrics as metrics_module
from core import optimizers as optimizers_module
from core import schedules as schedules_module
from core.callbacks import Callbacks
from core.connections import connections
from core.errors import ChainruleError, GraphError, SettingError, give_advice
from core.graph import Graph, call_model
from core.layers.base import Layer, Shape, Weight
from core.layers.symbolic import SymbolicTensor, outputs_of
from core.naming import unknown
from core.spec.advice import advise
from core.spec.inspection import Inspection, inspect
from core.spec.network import Network
from core.spec.reference import source_of
from core.spec.training import (
    Training,
    check_class_weight,
    check_seed,
    check_split,
    check_training,
    check_truncation,
    check_whole,
)
from core.variables import Variable, variables

#: The sentence about training what was never compiled.
NO_LOSS = "The model has no loss yet: call compile(optimizer=..., loss=...) first."


class History:
    """What `fit` measured: ``history.history["loss"]`` is one number an epoch, as in Keras."""

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def __repr__(self) -> str:
        last = ", ".join(
            f"{name} {values[-1]:.4g}" for name, values in self.history.items() if values
        )
        count = len(self.epoch)
        return f"<History of {count} epoch{'s' if count != 1 else ''}{': ' if last else ''}{last}>"


@dataclass(frozen=True)
class Memory:
    """What the optimizer remembers, and where training stands.

    Attributes
    ----------
    slots
        By tensor name ("dense/kernel/m"), with the states of stateful layers ("lstm/state/h").
    step, epoch, iteration
        Updates done, passes over the data, updates the optimizer counts.
    """

    slots: dict[str, np.ndarray]
    step: int
    epoch: int
    iteration: int


class Model:
    """A network of layers with one or several inputs and outputs.

    Parameters
    ----------
    inputs, outputs
        Symbolic tensors, or lists of them.
    name
        Of the model.
    seed
        Start of every random number: weights, order of samples, dropout. The same seed gives the same result.
    """

    #: What a summary calls it where it is part of another model.
    kind = "Functional"

    def __init__(self, inputs: Any, outputs: Any, name: str = "model", seed: int = 0) -> None:
        ins = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        outs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        for t in (*ins, *outs):
            if not isinstance(t, SymbolicTensor):
                raise GraphError(
                    f"A model goes from tensors made by Input to tensors made by layers; {t!r} is not one."
                )
        self._build(ins, outs, name, seed)

    def _build(
        self, inputs: list[SymbolicTensor], outputs: list[SymbolicTensor], name: str, seed: int
    ) -> None:
        kept = self._weights_by_layer() if "_values" in self.__dict__ else {}
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
        if kept:
            self._keep(kept)

    def _weights_by_layer(self) -> dict[tuple[int, str], np.ndarray]:
        """Weights by layer and role; none if nobody has asked for any yet."""
        if self._values is None and self._run is None:
            return {}
        names = {layer_id: key for key, layer_id in self._ids.items()}
        parts = {name: name.rsplit("/", 1) for name in self._weights()}
        return {
            (names[parts[name][0]], parts[name][1]): value
            for name, value in self._weights().items()
        }

    def _keep(self, kept: dict[tuple[int, str], np.ndarray]) -> None:
        """Go on with the weights that layers had before others were added."""
        values = self._weights()
        for (key, role), value in kept.items():
            name = f"{self._ids.get(key, '')}/{role}"
            if name in values and values[name].shape == value.shape:
                values[name] = value

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
        self._inspection: Inspection = inspect(self.network)
        for problem in self._inspection.problems:
            raise ChainruleError(problem.sentence)
        self._run: Any = None
        self._optimizer = optimizers_module.get("SGD")
        self._loss: Any = None
        #: What `compile` was told, until targets tell which cross-entropy is meant.
        self._undecided: Any = None
        self._metrics: tuple[str, ...] = ()
        self._memory: Memory | None = None
        self._values: dict[str, np.ndarray] | None = None
        self._predictor: Any = None
        self.stop_training = False

    @property
    def trainable(self) -> bool:
        """True: in this version every weight learns."""
        return True

    def __setattr__(self, name: str, value: Any) -> None:
        """Keep what a model has; of its own kind nothing else, for it would change nothing and nobody would notice."""
        own = name.startswith("_") or name in _SETTABLE
        if own or (type(self).__module__ not in _OURS and name != "trainable"):
            object.__setattr__(self, name, value)
            return
        if name == "trainable":
            if value is True:
                return
            message = (
                f"The model {self.name!r} cannot be frozen: in this version every weight learns, and trainable stays "
                "True."
            )
            raise SettingError(message, name)
        hint = (
            " Give it to compile(...)."
            if name in ("optimizer", "loss", "losses", "metrics", "loss_weights")
            else ""
        )
        raise SettingError(
            f"A {self.kind} model has nothing called {name!r} that could be set.{hint}", name
        )

    # ---- what it is ---------------------------------------------------------------------------------------------

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

    def summary(self, print_fn: Any = None) -> None:
        """Print a table of layers, output shapes and parameters; where branches join, also of what each layer reads.

        `print_fn` gets the text instead; `summary_text` returns it.
        """
        (print_fn or print)(self.summary_text())

    def summary_text(self) -> str:
        """The table `summary` prints."""
        head: tuple[str, ...] = ("Layer (type)", "Output shape", "Param #")
        rows = [head, *self._summary_rows()]
        read = self._connections()
        if read is not None:
            rows = [(*row, text) for row, text in zip(rows, ["Connected to", *read], strict=True)]
        widths = [max(len(r[k]) for r in rows) for k in range(len(rows[0]))]
        lines = [f'Model: "{self.name}"']
        for k, r in enumerate(rows):
            cells = (
                f"{text:{'>' if place == 2 else '<'}{width}}"
                for place, (text, width) in enumerate(zip(r, widths, strict=True))
            )
            lines.append("  ".join(cells).rstrip())
            if k == 0:
                lines.append("-" * (sum(widths) + 2 * len(widths) - 2))
        total, trainable = self._totals()
        lines += [
            f"Total params: {total:,}",
            f"Trainable params: {trainable:,}",
            f"Non-trainable params: {total - trainable:,}",
        ]
        return "\n".join(lines)

    def _connections(self) -> list[str] | None:
        """What each row of the summary reads; None where it goes without saying."""
        starts = {id(t.layer): self.network.nodes[k].layer for k, t in enumerate(self._starts)}

        def name(one: Any) -> str:
            known = starts.get(id(one)) or self._ids.get(id(one))
            return one.name if isinstance(one, Model) or known is None else known

        found = connections(self._starts, self._tensors, name)
        if found is None:
            return None
        return [found.get(row[0], "-") for row in self._table()]

    def _summary_rows(self) -> list[tuple[str, ...]]:
        return [
            (f"{name} ({kind})", _shown(shapes), f"{count:,}")
            for name, kind, shapes, count in self._table()
        ]

    def _totals(self) -> tuple[int, int]:
        """Parameters, and how many of them learn."""
        return self.count_params(), sum(r.trainable_parameters for r in self._inspection.rows)

    def _table(self) -> list[tuple[str, str, list[Shape], int]]:
        """(name, kind, output shapes, parameters) of every layer once, as Keras's summary has them.

        Of a layer that is called several times the last output is told.
        """
        last = {row.layer: row for row in self._inspection.rows}
        counts: dict[str, int] = {}
        for row in self._inspection.rows:
            counts[row.layer] = counts.get(row.layer, 0) + row.parameters
        found: list[tuple[str, str, list[Shape], int]] = []
        for layer in self.layers:
            if isinstance(layer, Model):
                kind = layer.kind
                shapes = [t.shape for t in layer.outputs]
                found.append((layer.name, kind, shapes, layer.count_params()))
                continue
            own = self._ids[id(layer)]
            found.append((own, type(layer).__name__, list(last[own].output_shapes), counts[own]))
        return found

    # ---- weights --------------------------------------------------------------------------------------------------

    def _weight_names(self) -> list[str]:
        """Names in Keras's order."""
        return list(self._weight_owners())

    def _weight_owners(self) -> dict[str, str]:
        """The id of the layer of each weight, by name in Keras's order."""
        return {name: self._ids[id(layer)] for name, layer, _ in self.named_weights()}

    def named_weights(self) -> list[tuple[str, Layer, Weight]]:
        """(name, layer, weight) of every weight, in Keras's order."""
        rows = {row.layer: row for row in reversed(self._inspection.rows)}
        return [
            (f"{self._ids[key]}/{weight.role}", layer, weight)
            for key, layer in self._layers.items()
            for weight in layer.weights(list(rows[self._ids[key]].input_shapes))
        ]

    @property
    def weights(self) -> list[Variable]:
        """The weights as objects, in Keras's order; none before the model is built."""
        return variables(self) if self.built else []

    @property
    def trainable_weights(self) -> list[Variable]:
        """Those that learn."""
        return [one for one in self.weights if one.trainable]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Those that training changes without a gradient: moving statistics."""
        return [one for one in self.weights if not one.trainable]

    #: Keras's other names for them.
    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights

    def _weights(self) -> dict[str, np.ndarray]:
        """The present weights, with what other models have taught the layers they share with this one."""
        self._pull()
        return self._held()

    def _held(self) -> dict[str, np.ndarray]:
        if self._run is not None:
            return dict(self._run.program.weights())
        if self._values is None:
            from core import initializers

            self._values = {}
            layers = {self._ids[key]: layer for key, layer in self._layers.items()}
            for row in self._inspection.rows:
                for w in layers[row.layer].weights(list(row.input_shapes)):
                    name = f"{row.layer}/{w.role}"
                    if name not in self._values:
                        self._values[name] = initializers.draw(
                            w.initializer, w.shape, self.seed, name
                        )
        return self._values

    def _pull(self) -> None:
        """Take over the weights of shared layers from the model that changed them last."""
        shared: dict[int, list[int]] = {}
        for key, layer in self._layers.items():
            if layer._holder is not self:
                shared.setdefault(id(layer._holder), []).append(key)
        if not shared:
            return
        mine, found = self._held(), {}
        for keys in shared.values():
            other = self._layers[keys[0]]._holder
            named = {other._ids[key]: self._ids[key] for key in keys if key in other._ids}
            owners = other._weight_owners()
            for name, value in other._held().items():
                layer_id = owners[name]
                role = name.removeprefix(f"{layer_id}/")
                own = f"{named.get(layer_id, '')}/{role}"
                if own in mine and not np.array_equal(mine[own], value):
                    found[own] = value.copy()
        if found and self._run is not None:
            self._run.replace_weights(found)
        mine.update(found)

    def _claim(self) -> None:
        """From here on this model changes the weights of its layers."""
        self._pull()
        for layer in self._layers.values():
            layer._holder = self

    def weights_by_name(self) -> dict[str, np.ndarray]:
        """Weights under the names they have on the tape ("dense/kernel")."""
        return {name: value.copy() for name, value in self._weights().items()}

    def set_weights_by_name(self, values: dict[str, np.ndarray], *, finite: bool = True) -> None:
        """Replace weights by name. Without `finite` NaN is taken, too: what a file has is shown as it is."""
        self._set_weights(values, finite=finite)

    def document(self) -> Training:
        """How the model is trained, as a document; its loss is empty if it was never compiled."""
        if self._loss is None:
            return Training(
                optimizer=self._optimizer.to_config(), loss="", metrics=(), seed=self.seed
            )
        return self._training(self._run.training.batch_size if self._run is not None else 32)

    def _set_weights(self, values: dict[str, np.ndarray], *, finite: bool = True) -> None:
        have = self._weights()
        arguments.require_names(values, have)
        values = {
            name: arguments.weight_values(value, have[name].shape, name, finite=finite)
            for name, value in values.items()
        }
        self._claim()
        if self._run is not None:
            self._run.replace_weights(values)
        else:
            assert self._values is not None
            self._values.update(values)

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights, in Keras's order."""
        values = self._weights()
        return [values[name].copy() for name in self._weight_names()]

    def set_weights(self, weights: list[np.ndarray]) -> None:
        """Replace all weights."""
        names = self._weight_names()
        weights = _listed(weights)
        if len(weights) != len(names):
            raise ChainruleError(f"The model has {len(names)} weights; {len(weights)} are given.")
        self._set_weights(dict(zip(names, weights, strict=True)))

    def layer_weights(self, layer: Layer) -> list[np.ndarray]:
        """Weights of one layer."""
        values = self._weights()
        return [
            values[name].copy()
            for name, owner in self._weight_owners().items()
            if owner == self._ids[id(layer)]
        ]

    def set_layer_weights(self, layer: Layer, weights: list[np.ndarray]) -> None:
        """Replace the weights of one layer."""
        own = self._ids[id(layer)]
        names = [name for name, owner in self._weight_owners().items() if owner == own]
        weights = _listed(weights)
        if len(weights) != len(names):
            raise ChainruleError(
                f"{layer.name} has {len(names)} weights; {len(weights)} are given."
            )
        self._set_weights(dict(zip(names, weights, strict=True)))

    # ---- training -------------------------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        **wrong: Any,
    ) -> None:
        """Choose how to train.

        Parameters
        ----------
        optimizer, loss
            Names or objects; "crossentropy" is the one that fits the first targets. Several outputs take one loss for
            all, a list, or a dictionary by the outputs' names.
        metrics
            Names.
        loss_weights
            How much the losses of several outputs count: a list, or a dictionary by the outputs' names.
        """
        arguments.refuse_others(Model.compile, wrong)
        chosen = optimizers_module.get(optimizer)
        require_loss(loss)
        count = len(self.network.outputs)
        if isinstance(loss, dict) and "class_name" not in loss:
            loss = self._by_output(loss, "loss")
        if isinstance(loss_weights, dict):
            loss_weights = self._by_output(loss_weights, "loss_weights")
        given = list(loss) if isinstance(loss, (list, tuple)) else [loss] * count
        undecided = any(losses_module.is_open(item) for item in given)
        losses = [
            losses_module.get("binary_crossentropy" if losses_module.is_open(item) else item)
            for item in given
        ]
        if len(losses) != count:
            raise ChainruleError(
                f"The model has {count} output{'s' if count != 1 else ''}, but {len(losses)} losses are given. "
                "Give one loss for all, or one for each."
            )
        if loss_weights is not None:
            losses = _weighted(losses, loss_weights)
        named = checked_metrics(metrics)
        self._values = self._weights()
        self._optimizer.on_rate = None
        self._optimizer, self._metrics = chosen, named
        self._optimizer.on_rate = self._change_rate
        self._loss = losses if count > 1 else losses[0]
        self._run = self._memory = self._undecided = None
        if undecided:
            self._loss, told = None, (chosen, given, metrics, loss_weights)
            self._undecided = told
            return
        for hint in self.advice:
            give_advice(hint)

    def _decide(self, y: Any) -> None:
        """Take "crossentropy" for the one that fits these targets."""
        if self._undecided is None:
            return
        chosen, given, metrics, loss_weights = self._undecided
        pairs = zip(given, self._given_targets(y), self._outputs(), strict=True)
        losses = [losses_module.decided(item, t.shape, (None, *n)) for item, t, n in pairs]
        Model.compile(self, chosen, losses, loss_weights, metrics)

    @property
    def advice(self) -> tuple[str, ...]:
        """What the model does that learners seldom mean, a sentence each; `compile` warns of it."""
        read = [loss.to_document() for loss in self.losses]
        found = advise(self.network, self._inspection.rows, read or None)
        return tuple(one.sentence for one in found)

    @property
    def optimizer(self) -> optimizers_module.Optimizer:
        """The optimizer. A learning rate given to it holds from the next step on."""
        if self._run is not None:
            from core.kernels import state as machine

            self._optimizer.iterations = int(self._run.program.state[machine.ITERATION])
            self._optimizer.steps_per_epoch = self._run.batches
        return self._optimizer

    def _change_rate(self, rate: float) -> None:
        if self._run is not None:
            self._run.set("learning_rate", rate)

    @property
    def losses(self) -> list[losses_module.Loss]:
        """The loss of each output; empty before `compile`."""
        if self._loss is None:
            return []
        return list(self._loss) if isinstance(self._loss, list) else [self._loss]

    def memory(self) -> Memory | None:
        """What the optimizer remembers; None before the first step."""
        if self._run is None:
            return self._memory
        from core.kernels import state as machine

        program, position = self._run.program, self._run.position
        slots = {
            name: program.tensor(name).copy()
            for name, t in program.tape.tensors.items()
            if t.role == "slot"
        }
        iteration = int(program.state[machine.ITERATION])
        slots |= {name: values.copy() for name, values in program.states().items()}
        return Memory(slots, position.step, position.epoch, iteration)

    def recall(self, memory: Memory) -> None:
        """Go on from here at the next `fit`; slots of another network are left out."""
        self._memory = memory

    def _logged(self, metrics: dict[str, float]) -> dict[str, float]:
        """Metrics by name in Keras's order: loss, that of each output ("size_loss"), what `compile` was given."""
        found = dict(metrics)
        named: dict[str, float] = {}
        many = len(self.network.outputs) > 1
        outputs = list(
            zip(self._run.program.tape.outputs, self._output_names(), self.losses, strict=True)
        )
        if many and len({name for _, name, _ in outputs}) < len(outputs):
            outputs = [(node, node, loss) for node, _, loss in outputs]
        for held in ("", "val_"):
            keys = [("loss", "loss")]
            if many:
                keys += [(f"{name}_loss", f"loss/{node}") for node, name, _ in outputs]
            for (node, name, loss), shape in zip(outputs, self._outputs(), strict=True):
                last = shape[-1] if shape else 1
                labels = metrics_module.labels(self._metrics, loss, last)
                if many:
                    keys += [(f"{name}_{one}", f"{label}/{node}") for one, label in labels.items()]
                else:
                    keys += list(labels.items())
            named |= {
                held + key: found[held + label] for key, label in keys if held + label in found
            }
        return named

    def _so_far(self, run: Any) -> dict[str, float]:
        """Means over the batches of this epoch that are done."""
        program = run.program
        return self._logged(
            {
                name: float(program.mem[total.at] / max(program.mem[count.at], 1))
                for name, (total, count) in program.tape.totals.items()
            }
        )

    def _run_epoch(self, run: Any, watching: Callbacks) -> None:
        """All batches of an epoch; one by one if a callback wants to hear of them."""
        if not watching.by_batch:
            run.step("epoch")
            return
        for batch in range(run.batches):
            watching.call("on_train_batch_begin", batch)
            run.step("batch")
            if run.divergence is not None:
                return
            watching.call("on_train_batch_end", batch, logs=self._so_far(run))
            if self.stop_training:
                return

    def _by_output(self, given: dict[str, Any], what: str) -> list[Any]:
        """The values of a dictionary in the order of the outputs."""
        names = self._output_names()
        if set(given) != set(names):
            raise SettingError(
                f"{what} must name every output: {', '.join(names)}. It names {', '.join(map(str, given))}.",
                what,
            )
        return [given[name] for name in names]

    def _training(self, batch_size: int, truncated_bptt_steps: int | None = None) -> Training:
        training = Training(
            optimizer=self._optimizer.to_config(), loss=self.losses[0].to_document(), metrics=self._metrics,
            batch_size=check_whole("batch_size", batch_size, 1), seed=self.seed,
            truncated_bptt_steps=truncated_bptt_steps,
        )  # fmt: skip
        check_training(training)
        return training

    def _outputs(self) -> list[tuple[int, ...]]:
        return [tuple(self._inspection.shape(output)) for output in self.network.outputs]

    def _input_rows(self) -> list[Any]:
        return [row for row in self._inspection.rows if row.kind == "InputLayer"]

    def _given_inputs(self, x: Any) -> list[np.ndarray]:
        """One array for each input, from an array, a list, or a dictionary by the inputs' names."""
        names = [row.name for row in self._input_rows()]
        if isinstance(x, dict):
            x = arguments.by_name(x, names, "x", "input", more=True)
        shape = tuple(self._input_rows()[0].output_shape or ()) if len(names) == 1 else None
        return arguments.several(x, len(names), "x", shape)

    def _given_targets(self, y: Any) -> list[np.ndarray]:
        """One array for each output, from an array, a list, or a dictionary by the outputs' names."""
        names = self._output_names()
        if isinstance(y, dict):
            y = arguments.by_name(y, names, "y", "output")
        shape = self._outputs()[0]
        sparse = bool(self.losses) and self.losses[0].sparse
        return arguments.several(y, len(names), "y", shape[:-1] if sparse else shape)

    def _output_names(self) -> list[str]:
        return [self._inspection.row(self.network.source(o)[0]).name for o in self.network.outputs]

    def _inputs(self, x: Any) -> list[np.ndarray]:
        rows = self._input_rows()
        tokens = self._inspection.vocabularies(self.network)
        xs = self._given_inputs(x)
        found = []
        for k, (item, row) in enumerate(zip(xs, rows, strict=True)):
            what = "x" if len(rows) == 1 else f"x[{k}]"
            item = arguments.require_shape(item, row.output_shape or (), what, row.name)
            arguments.require_finite(item, what)
            for layer, size in tokens.get(row.node, ()):
                arguments.require_tokens(item, size, what, layer)
            found.append(item)
        arguments.require_equal_lengths(found, [])
        return found

    def _samples(self, x: Any, y: Any, sample_weight: Any = None) -> Any:
        from core.runs.samples import Samples, weight_table
        from core.runs.targets import outputs_of, target_table
        from core.tape.table_data import DataTable

        self._decide(y)
        if self._loss is None:
            raise ChainruleError(NO_LOSS)
        xs = self._inputs(x)
        ys = self._given_targets(y)
        arguments.require_equal_lengths(xs, ys)
        for k, item in enumerate(ys):
            arguments.require_finite(item, "y" if len(ys) == 1 else f"y[{k}]")
        if not len(xs[0]):
            message = "There are no samples to learn from."
            raise ChainruleError(message)
        targets = [
            target_table(t, loss, n, layer, "y" if len(ys) == 1 else f"y[{k}]")
            for k, (t, loss, n, layer) in enumerate(
                zip(ys, self.losses, self._outputs(), outputs_of(self.network), strict=True)
            )
        ]
        weights = None
        if sample_weight is not None:
            count = len(xs[0])
            if isinstance(sample_weight, dict):
                names = self._output_names()
                sample_weight = arguments.by_name(
                    sample_weight, names, "sample_weight", "output", fewer=True
                )
            weights = [
                weight_table(np.ones((count, *shape[:-1])) if one is None else one, count, shape)
                for one, shape in zip(
                    _for_each(sample_weight, len(ys)), self._outputs(), strict=True
                )
            ]
        inputs = [DataTable(item.astype(np.float32, copy=False)) for item in xs]
        return Samples(inputs, targets, weights)

    def _count_classes(self, samples: Any, y: Any, class_weight: Any) -> Any:
        """Samples that count what is said of their classes."""
        from core.runs.samples import class_weights, require_one_class
        from core.tape.table_data import DataTable

        weights = check_class_weight(class_weight)
        if samples.weights is not None:
            message = "Give either class_weight or sample_weight; multiply them into one if both are meant."
            raise ChainruleError(message)
        if len(self.network.outputs) > 1:
            message = "class_weight is for models with one output; give sample_weight for each of several."
            raise ChainruleError(message)
        require_one_class(self._outputs()[0])
        labels = self._given_targets(y)[0][: len(samples)]
        return replace(samples, weights=[DataTable(class_weights(labels, weights)[:, None])])

    def _data_advice(self, x: Any, y: Any) -> list[str]:
        """What of data that can be learned from is seldom meant."""
        rows = self._input_rows()
        tokens = self._inspection.vocabularies(self.network)
        xs, ys = self._given_inputs(x), self._given_targets(y)
        found = [
            arguments.input_advice(item, "x" if len(rows) == 1 else f"x[{k}]")
            for k, (item, row) in enumerate(zip(xs, rows, strict=True))
            if row.node not in tokens
        ]
        found += [
            arguments.target_advice(item, loss.link, loss.name, "y" if len(ys) == 1 else f"y[{k}]")
            for k, (item, loss) in enumerate(zip(ys, self.losses, strict=True))
            if not loss.sparse
        ]
        return [hint for hint in found if hint]

    def _ready(self, samples: Any, batch_size: int, truncated_bptt_steps: int | None = None) -> Any:
        """The run that trains on these samples, with the weights and the optimizer's memory there are."""
        from core.runs.run import Run

        self._claim()
        training = self._training(batch_size, truncated_bptt_steps)
        old = self._run
        if (
            old is not None
            and old.program.capacity >= batch_size
            and old.training.batch_size == training.batch_size
            and old.training.truncated_bptt_steps == truncated_bptt_steps
            and (old.weighted or samples.weights is None)
        ):
            old.use(samples)
            return old
        run = Run(self.network, training, samples=samples, loss=self._loss)
        if old is not None:
            run.adopt(old)
        else:
            if self._memory is not None:
                _recall(run, self._memory)
            run.replace_weights(self._weights())
        self._run = run
        return run

    def fit(
        self,
        x: Any,
        y: Any,
        batch_size: int = 32,
        epochs: int = 1,
        verbose: Any = 0,
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        truncated_bptt_steps: int | None = None,
        **wrong: Any,
    ) -> History:
        """Train for a number of epochs.

        Parameters
        ----------
        x, y
            Inputs (samples, ...) and targets. Of several inputs or outputs a list, or a dictionary by their names.
        batch_size
            Samples per step.
        epochs
            Passes over the data.
        verbose
            1 prints a line an epoch.
        callbacks
            Objects of `core.callbacks`.
        validation_split
            Share held out from the end of the samples.
        validation_data
            (x, y) or (x, y, sample_weight) to measure on after each epoch.
        shuffle
            Draw a new order each epoch.
        class_weight
            How much the samples of each class count in the loss, ``{0: 1.0, 1: 5.0}``; 1 where nothing is said.
        sample_weight
            How much each sample counts: (samples,), for sequences (samples, time); of several outputs one for all,
            a list, or a dictionary by name. Metrics do not weigh, as in Keras.
        truncated_bptt_steps
            Truncated backpropagation through time: recurrent layers read sequences in windows of so many time steps.
            Their states go on from window to window, gradients stop there; weights still move once a batch. (For an
            update a window, cut the sequences into samples and use stateful layers, in order.) None goes back through
            all time steps.
        """
        arguments.refuse_others(Model.fit, wrong)
        batch_size = check_whole("batch_size", batch_size, 1)
        epochs = check_whole("epochs", epochs, 1)
        verbose, shuffle = arguments.loudness(verbose), arguments.yes_or_no("shuffle", shuffle)
        validation_split = check_split(validation_split)
        truncated_bptt_steps = check_truncation(truncated_bptt_steps)
        samples = self._samples(x, y, sample_weight)
        for hint in self._data_advice(x, y):
            give_advice(hint)
        validation = None
        if validation_data is not None:
            if not isinstance(validation_data, (list, tuple)) or len(validation_data) not in (2, 3):
                message = "validation_data must be a pair (x, y) of arrays to measure on, or (x, y, sample_weight)."
                raise ChainruleError(message)
            validation = self._samples(*validation_data)
        elif validation_split:
            held = int(len(samples) * (1 - validation_split))
            samples, validation = _cut(samples, 0, held), _cut(samples, held, len(samples))
        if class_weight is not None:
            samples = self._count_classes(samples, y, class_weight)
        run = self._ready(samples, batch_size, truncated_bptt_steps)
        run.shuffle(shuffle)
        run.validation = validation
        hint = schedules_module.advice(self._optimizer.config["learning_rate"], epochs, run.batches)
        if hint:
            give_advice(hint)
        result = History()
        self.stop_training = False
        params = {"verbose": verbose, "epochs": epochs, "steps": run.batches}
        watching = Callbacks(callbacks, self, params)
        watching.call("on_train_begin")
        logs: dict[str, float] = {}
        for epoch in range(epochs):
            watching.call("on_epoch_begin", epoch)
            self._run_epoch(run, watching)
            measured = run.evaluate(validation, batch_size) if validation is not None else None
            logs = self._logged(run.note_epoch(measured).metrics)
            if run.divergence is not None:
                break
            for key, value in logs.items():
                result.history.setdefault(key, []).append(value)
            result.epoch.append(epoch)
            if verbose:
                shown = "  ".join(f"{key}: {value:.4f}" for key, value in logs.items())
                print(f"Epoch {epoch + 1}/{epochs}  {shown}")  # noqa: T201 - that is what verbose means
            watching.call("on_epoch_end", epoch, logs=logs)
            if self.stop_training:
                break
        watching.call("on_train_end", logs=logs)
        if run.divergence is not None:
            from core.errors import DivergedError

            raise DivergedError(run.divergence.in_code)
        return result

    def train_on_batch(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """One update with one batch; returns its loss before the update, or a list of loss and metrics."""
        samples = self._samples(x, y, sample_weight)
        if class_weight is not None:
            samples = self._count_classes(samples, y, class_weight)
        run = self._ready(
            samples,
            max(len(samples), self._run.training.batch_size if self._run else 1),
            self._run.training.truncated_bptt_steps if self._run else None,
        )
        run.shuffle(False)
        run.step("batch")
        return _told(self._logged(run.note_epoch().metrics), return_dict)

    def test_on_batch(
        self, x: Any, y: Any, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """The loss, or a list of loss and metrics, on these samples taken as one batch."""
        size = len(self._given_inputs(x)[0])
        return self.evaluate(x, y, max(size, 1), 0, sample_weight, return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """Outputs for inputs taken as one batch."""
        return self.predict(x, max(len(self._given_inputs(x)[0]), 1))

    def evaluate(
        self,
        x: Any,
        y: Any,
        batch_size: int = 32,
        verbose: Any = 0,
        sample_weight: Any = None,
        return_dict: bool = False,
        **wrong: Any,
    ) -> Any:
        """The loss, or a list of loss and metrics, on these samples.

        `batch_size` matters where the loss of a batch is a sum, or where masked steps do not count: as in Keras the
        result is the mean of the batches' losses, each counting as many samples as it has.
        """
        arguments.refuse_others(Model.evaluate, wrong)
        batch_size = check_whole("batch_size", batch_size, 1)
        arguments.loudness(verbose)
        samples = self._samples(x, y, sample_weight)
        self._pull()
        run = self._run if self._run is not None else self._ready(samples, batch_size)
        return _told(self._logged(run.evaluate(samples, batch_size)), return_dict)

    def predict(self, x: Any, batch_size: int | None = 32, verbose: Any = 0) -> Any:
        """Outputs for inputs (samples, ...); as in Keras a `batch_size` of None is 32."""
        from core.runs.samples import require_whole_batches
        from core.tape.compiler import compile_network
        from core.tape.program import Program

        batch_size = 32 if batch_size is None else check_whole("batch_size", batch_size, 1)
        arguments.loudness(verbose)
        xs = [item.astype(np.float32, copy=False) for item in self._inputs(x)]
        if self._predictor is None:
            self._predictor = Program(compile_network(self.network, "predict"), 128)
        if self._predictor.states():
            size = max(1, min(batch_size, len(xs[0])))
            if self._predictor.capacity != size:
                self._predictor = Program(compile_network(self.network, "predict"), size)
            require_whole_batches(self._predictor, len(xs[0]))
        program = self._predictor
        program.set_weights(self._weights())
        # As in Keras, states are those of the layer: prediction goes on where training is, and training after it.
        shared = self._run is not None and self._run.program.capacity == program.capacity
        if shared:
            program.set_states(self._run.program.states())
        outs: list[list[np.ndarray]] = [[] for _ in program.tape.outputs]
        size = program.capacity
        for start in range(0, len(xs[0]), size):
            program.feed([item[start : start + size] for item in xs])
            program.run()
            for k, t in enumerate(program.tape.outputs.values()):
                outs[k].append(program.tensor(t.name).copy())
        if shared and program.states():
            self._run.replace_states(program.states())
        empty = [np.zeros((0, *t.shape), np.float32) for t in program.tape.outputs.values()]
        results = [np.concatenate(found) if found else empty[k] for k, found in enumerate(outs)]
        return results[0] if len(results) == 1 else results

    def reset_states(self, layer: Layer | None = None) -> None:
        """Let the states of stateful layers (or of one of them) begin at 0 again."""
        own = None if layer is None else self._ids[id(layer)]
        if self._run is not None:
            self._run.reset_states(own)
        if self._predictor is not None:
            self._predictor.clear_states(own)

    def __call__(self, x: Any) -> Any:
        """Outputs for arrays, as `predict`; for symbolic tensors the model is a layer of another model.

        Its weights are shared: what the other model learns, this one knows.
        """
        given = list(x) if isinstance(x, (list, tuple)) else [x]
        if any(isinstance(t, SymbolicTensor) for t in given):
            for t in given:
                if not isinstance(t, SymbolicTensor):
                    message = f"{self.name} is called on tensors made by Input or a layer, not on {type(t).__name__}."
                    raise GraphError(message)
            made = call_model(self, self._starts, self._tensors, self._ends, given)
            return made[0] if len(made) == 1 else made
        return self.predict(x)

    def program(self, batch_size: int = 32) -> Any:
        """The tape of one training step, bound, with the model's weights: to look at and to run by hand."""
        from core.tape.compiler import compile_network
        from core.tape.program import Program

        batch_size = check_whole("batch_size", batch_size, 1)
        mode = "train" if self._loss is not None else "predict"
        tape = compile_network(
            self.network,
            mode,
            loss=self._loss,
            optimizer=self._optimizer,
            metrics=self._metrics,
            batch_size=batch_size,
        )
        program = Program(tape, batch_size, seed=self.seed)
        program.set_weights(self._weights())
        return program

    # ---- files ----------------------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write the model to a ``.chainrule`` file: layers, weights, losses, and the optimizer with its memory.

        `load_model` gives a model whose next `fit` goes on as this one's would. The history of the run is not kept.
        """
        from core.io.models import save_model

        file = arguments.file_path(path, "model.save")
        if file.suffix.lower() in (".keras", ".h5", ".hdf5"):
            raise ChainruleError(
                f"save writes Chainrule's own files, which Keras cannot read: a file called {file.name!r} would "
                f"pretend to be Keras's. Save as {file.with_suffix('.chainrule').name!r}."
            )
        save_model(self, file)


#: What may be set on a model.
_SETTABLE = {"name", "seed", "network", "stop_training"}
#: Where the models of this package are written; a reader's own kinds may keep what they like.
_OURS = {"core.model", "core.sequential"}


def require_loss(loss: Any) -> None:
    """Say so if `compile` is given no loss."""
    if loss is None:
        message = 'compile needs a loss, for example loss="mean_squared_error".'
        raise ChainruleError(message)


def checked_metrics(metrics: Any) -> tuple[str, ...]:
    """The names `compile` is given, each known."""
    if metrics is not None and not isinstance(metrics, (str, list, tuple)):
        message = f'metrics are a list of names such as ["accuracy"]; {metrics!r} is given.'
        raise SettingError(message, "metrics")
    named = (metrics,) if isinstance(metrics, str) else tuple(metrics or ())
    for metric in named:
        metrics_module.check(metric)
    return named


def _shown(shapes: list[Shape]) -> str:
    texts = ["(" + ", ".join(map(str, ("None", *shape))) + ")" for shape in shapes]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def _listed(weights: Any) -> list[Any]:
    if not isinstance(weights, (list, tuple)):
        message = "Weights are given as a list of arrays, as get_weights returns them."
        raise ChainruleError(message)
    return list(weights)


def _weighted(losses: list[losses_module.Loss], weights: Any) -> list[losses_module.Loss]:
    """Copies of the losses that count this much."""
    given = list(weights) if isinstance(weights, (list, tuple, np.ndarray)) else [weights]
    if len(given) != len(losses) or not all(_counts(w) for w in given):
        raise ChainruleError(
            f"loss_weights must be {len(losses)} numbers that are not negative, one for each output; they are "
            f"{weights!r}."
        )
    return [one.weighted(float(w)) for one, w in zip(losses, given, strict=True)]


def _counts(weight: Any) -> bool:
    number = isinstance(weight, (int, float, np.integer, np.floating))
    return number and not isinstance(weight, bool) and 0 <= float(weight) < float("inf")


def _recall(run: Any, memory: Memory) -> None:
    """Put a new run where another one stood."""
    from core.kernels import state as machine

    for name, values in memory.slots.items():
        t = run.program.tape.tensors.get(name)
        if t is not None and t.role == "slot" and t.shape == values.shape:
            run.program.tensor(name)[...] = values
    for name, state in run.program.states().items():
        if name in memory.slots and memory.slots[name].shape == state.shape:
            state[...] = memory.slots[name]
    state = run.program.state
    state[machine.STEP] = state[machine.ORIGIN_STEP] = memory.step
    state[machine.ORIGIN_EPOCH], state[machine.ITERATION] = memory.epoch, memory.iteration


def _cut(samples: Any, start: int, stop: int) -> Any:
    from core.runs.samples import Samples
    from core.tape.table_data import DataTable

    if not 0 <= start < stop <= len(samples):
        message = "The validation split leaves nothing to train on or to measure."
        raise ChainruleError(message)

    def part(table: DataTable) -> DataTable:
        return DataTable(table.array[start:stop], table.scale)

    weights = None if samples.weights is None else [part(t) for t in samples.weights]
    return Samples([part(t) for t in samples.inputs], [part(t) for t in samples.targets], weights)


def _for_each(sample_weight: Any, outputs: int) -> list[Any]:
    """Weights of each output's samples: one array holds for all, a list has one for each (None counts all the same)."""
    several = isinstance(sample_weight, (list, tuple)) and any(
        one is None or np.ndim(one) for one in sample_weight
    )
    if outputs == 1 or not several:
        return [sample_weight] * outputs
    if len(sample_weight) != outputs:
        raise ChainruleError(
            f"The model has {outputs} outputs, so sample_weight must be a list of {outputs} arrays; "
            f"{len(sample_weight)} are given."
        )
    return list(sample_weight)


def _told(found: dict[str, float], return_dict: bool) -> Any:
    """Loss and metrics as Keras returns them: by name, or as a list, or one number if there is only the loss."""
    if return_dict:
        return found
    values = list(found.values())
    return values[0] if len(values) == 1 else values


def load_model(path: str | Path) -> Model:
    """A model from a ``.chainrule`` file."""
    from core.io.models import load_model as load

    return load(arguments.file_path(path, "load_model"))
