"""The weights of a model: by name, as lists, as objects, and shared with other models."""

from __future__ import annotations

from typing import Any

import numpy as np

from core import arguments
from core.errors import ChainruleError
from core.layers.base import Layer, Weight
from core.layers.symbolic import SymbolicTensor
from core.model.summary import Summary
from core.variables import Variable, variables


class Weights(Summary):
    """A model whose weights are read and set."""

    def _build(
        self, inputs: list[SymbolicTensor], outputs: list[SymbolicTensor], name: str, seed: int
    ) -> None:
        kept = self._weights_by_layer() if "_values" in self.__dict__ else {}
        super()._build(inputs, outputs, name, seed)
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
        """Those that learn; none if the model is frozen."""
        return [one for one in self.weights if one.trainable and self.trainable]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Those that gradients do not change: moving statistics, and weights of frozen layers."""
        return [one for one in self.weights if not one.trainable or not self.trainable]

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


def _listed(weights: Any) -> list[Any]:
    if not isinstance(weights, (list, tuple)):
        message = "Weights are given as a list of arrays, as get_weights returns them."
        raise ChainruleError(message)
    return list(weights)
