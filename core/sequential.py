"""Layers one after the other, as Keras's ``Sequential``: with an Input, or built by the first data they see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import numpy as np

from core import arguments
from core import losses as losses_module
from core import optimizers as optimizers_module
from core.errors import ChainruleError, GraphError, ShapeError
from core.layers.base import Layer
from core.layers.input import Input, InputLayer
from core.layers.symbolic import SymbolicTensor, call_layer
from core.model import NO_LOSS, Model, checked_metrics, require_loss
from core.spec.training import check_seed


def _meeting_data(method: Callable[..., Any]) -> Any:
    """A method of `Model` that may be the first to see data."""

    @wraps(method)
    def meet(self: Sequential, *args: Any, **kwargs: Any) -> Any:
        with self._first_time():
            return method(self, *args, **kwargs)

    return meet


class Sequential(Model):
    """Layers one after the other.

    The first may be ``Input(shape)``, or say ``input_shape=``. Without either the model has no weights until `build`
    or the first data (`fit`, `evaluate`, `predict`, a call) tells the shape of a sample.
    """

    kind = "Sequential"

    def __init__(
        self,
        layers: Any = (),
        name: str = "sequential",
        seed: int = 0,
        trainable: bool = True,
    ) -> None:
        if layers is not None and not isinstance(layers, (list, tuple)):
            raise GraphError(f"Sequential takes a list of layers; it is given {layers!r}.")
        self._pending = list(layers or ())
        #: What `compile` was told.
        self._told: dict[str, Any] | None = None
        self.name, self.seed = name, check_seed(seed)
        for place, item in enumerate(self._pending):
            _require_layer(item, place)
        if self._pending:
            self._assemble()
        if trainable is not True:
            self.trainable = trainable

    # ---- layers ---------------------------------------------------------------------------------------------------

    def add(self, layer: Any) -> None:
        """Append a layer."""
        _require_layer(layer, len(self._pending))
        self._replace([*self._pending, layer])

    def pop(self) -> Any:
        """Take the last layer off, and return it."""
        if not self.layers:
            message = "There is no layer to take off."
            raise GraphError(message)
        last = self._pending[-1]
        self._replace(self._pending[:-1])
        return last

    def _replace(self, pending: list[Any]) -> None:
        """Have these layers; everything as it was if these do not fit together, or into memory."""
        known = [one for one in (*self._pending, *pending) if isinstance(one, Layer)]
        before = [(one, dict(vars(one))) for one in (self, *known)]
        self._pending = pending
        try:
            self._assemble()
        except ChainruleError:
            for one, was in before:
                vars(one).clear()
                vars(one).update(was)
            raise
        if self._told is not None and self.built:
            super().compile(**self._told)

    def __getattr__(self, name: str) -> Any:
        """A model that is not built has nothing yet of what a model has."""
        if name in _ASSEMBLED:
            if not self.__dict__.get("_pending"):
                message = "The model has no layers yet: add Input(shape) and then the others."
                raise GraphError(message)
            raise GraphError(
                f"The model {self.name!r} is not built yet: it does not know the shape of its samples. Start it with "
                "Input((...)), call build((None, ...)), or give it data with fit or predict."
            )
        message = f"{type(self).__name__!r} object has no attribute {name!r}"
        raise AttributeError(message)

    def _assemble(self) -> None:
        if not self._pending or not self._starts_with_input():
            self._name_layers()
            return
        first = self._pending[0]
        t: Any = (
            first
            if isinstance(first, SymbolicTensor)
            else SymbolicTensor(first, (), tuple(first["shape"]))
        )
        start = t
        for layer in self._pending[1:]:
            if isinstance(t, list):
                raise GraphError(
                    f"{type(t[0].layer).__name__} gives {len(t)} outputs, but a Sequential model hands on one. Put it "
                    "last, or build a functional model."
                )
            t = layer(t) if isinstance(layer, Model) else call_layer(layer, t)
        self._build([start], t if isinstance(t, list) else [t], self.name, self.seed)

    def _starts_with_input(self) -> bool:
        """True if the shape of a sample is known; what the first layer or model says of it becomes an Input."""
        first = self._pending[0]
        if isinstance(first, Layer) and first.sample_shape is not None:
            self._pending.insert(0, Input(first.sample_shape))
        elif isinstance(first, Model) and first.built:
            # As Keras: a model knows what its samples look like.
            self._pending.insert(0, Input(first.input_shape[1:]))
        return isinstance(self._pending[0], (SymbolicTensor, InputLayer))

    def _name_layers(self) -> None:
        """Names as the model will give them once it is built."""
        mine = [
            layer for layer in self._pending if isinstance(layer, Layer) and layer._owner is None
        ]
        free = [layer for layer in mine if not layer.name or layer.named_by_model]
        taken = {layer.name for layer in self._pending if layer not in free}
        for layer in free:
            stem = name = layer.snake_case_kind()
            number = 0
            while name in taken:
                number += 1
                name = f"{stem}_{number}"
            taken.add(name)
            layer.name, layer.named_by_model = name, True

    @property
    def layers(self) -> list[Any]:
        """Layers without the Input layer, as in Keras."""
        found = super().layers if self.built else self._pending
        return [layer for layer in found if not isinstance(layer, InputLayer)]

    # ---- building -------------------------------------------------------------------------------------------------

    @property
    def built(self) -> bool:
        """True if the shapes of all weights are known."""
        return "network" in self.__dict__

    def build(self, input_shape: Any = None) -> None:
        """Make the weights for batches of this shape, ``(None, 4)``: the first axis is that of the samples."""
        if not self._pending:
            message = "The model has no layers yet: add Input(shape) and then the others."
            raise GraphError(message)
        if input_shape is None and self.built:
            return
        if not isinstance(input_shape, (list, tuple)) or len(input_shape) < 2:
            raise GraphError(
                "build takes the shape of a batch, None for the number of samples and then the shape of one: "
                f"build((None, 4)). It is given {input_shape!r}."
            )
        sample = tuple(input_shape[1:])
        if not self.built:
            self._replace([Input(sample), *self._pending])
        elif sample != self.input_shape[1:]:
            raise GraphError(
                f"The model {self.name!r} is built for inputs of {self.input_shape} already; it cannot be built for "
                f"{tuple(input_shape)}. Make a new model."
            )

    def _meet(self, x: Any) -> None:
        """Build the model, if it is not, for samples like these."""
        if self.built or not self._pending:
            return
        shape = arguments.numbers_of(arguments.alone(x), "x").shape
        if len(shape) < 2:
            message = (
                f"x has shape {tuple(shape)}, which does not tell how many features a sample has: give "
                "x.reshape(-1, 1) if it is one, or start the model with Input((1,))."
            )
            raise ShapeError("Does not fit the data", message)
        self.build((None, *shape[1:]))

    def _inputs(self, x: Any) -> list[np.ndarray]:
        self._meet(x)
        return super()._inputs(x)

    def _given_inputs(self, x: Any) -> list[np.ndarray]:
        self._meet(x)
        return super()._given_inputs(x)

    def _samples(self, x: Any, y: Any, sample_weight: Any = None) -> Any:
        if self._pending and self._told is None and not self.built:
            raise ChainruleError(NO_LOSS)
        self._meet(x)
        return super()._samples(x, y, sample_weight)

    def __call__(self, x: Any) -> Any:
        """Outputs for an array, as `predict`; on a symbolic tensor the model is a layer of another model."""
        if isinstance(x, SymbolicTensor) and self._pending and not self.built:
            self.build((None, *x.shape))
        return super().__call__(x)

    @contextmanager
    def _first_time(self) -> Iterator[None]:
        """Be as unbuilt as before if the first data are refused, so that better data can build the model."""
        before, inner = list(self._pending), [one for one in self._pending if _unbuilt(one)]
        unbuilt = not self.built
        try:
            yield
        except Exception:
            if unbuilt and self.built and self._run is None:
                for one in inner:
                    one._forget(one._pending[1:])
                self._forget(before)
            raise

    def _forget(self, pending: list[Any]) -> None:
        """Be unbuilt again, with these layers."""
        if not self.built:
            return
        for layer in self._layers.values():
            if layer._owner is self:
                layer._owner = None
                layer.id = ""
            if layer._holder is self:
                layer._holder = None
        for name in _ASSEMBLED:
            self.__dict__.pop(name, None)
        self._pending = pending
        if self._told is not None:
            self._optimizer = self._told["optimizer"]
            self._optimizer.on_rate = None

    fit = _meeting_data(Model.fit)
    evaluate = _meeting_data(Model.evaluate)
    predict = _meeting_data(Model.predict)
    train_on_batch = _meeting_data(Model.train_on_batch)

    # ---- before it is built -----------------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
        **wrong: Any,
    ) -> None:
        """Choose how to train, as `Model.compile`; it holds for a model that is built later, too."""
        arguments.refuse_others(Model.compile, wrong)
        arguments.require_harmless(
            run_eagerly=run_eagerly, steps_per_execution=steps_per_execution,
            jit_compile=jit_compile, auto_scale_loss=auto_scale_loss,
        )  # fmt: skip
        told = {
            "optimizer": optimizers_module.get(optimizer),
            "loss": loss,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "loss_weights": loss_weights,
        }
        if self.built:
            super().compile(**told)
        else:
            require_loss(loss)
            if not isinstance(loss, (list, tuple, dict)) and not losses_module.is_open(loss):
                losses_module.get(loss)
            checked_metrics(metrics)
            checked_metrics(weighted_metrics, "weighted_metrics")
            self._optimizer = told["optimizer"]
        self._told = told

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights, in Keras's order; none before the model is built."""
        return super().get_weights() if self.built else []

    def _connections(self) -> None:
        """A chain reads what stands above."""
        return

    def _summary_rows(self) -> list[tuple[str, ...]]:
        if self.built or not self._pending:
            return super()._summary_rows()
        return [(f"{one.name} ({_kind(one)})", "?", "0 (unbuilt)") for one in self._pending]

    def _marks(self) -> list[str]:
        return super()._marks() if self.built else ["-"] * len(self._pending)

    def _inside(self) -> Iterator[Any]:
        if self.built:
            yield from super()._inside()
            return
        yield self
        for one in self._pending:
            if isinstance(one, Model):
                yield from one._inside()
            elif isinstance(one, Layer):
                yield one

    def _totals(self) -> tuple[int, int]:
        return super()._totals() if self.built else (0, 0)


#: What `Model` has once it is put together.
_ASSEMBLED = {
    "network",
    "_inspection",
    "_layers",
    "_ids",
    "_calls",
    "_starts",
    "_tensors",
    "_ends",
    "_symbolic",
    "_optimizer",
    "_loss",
    "_run",
    "_values",
    "_predictor",
    "_memory",
    "_metrics",
    "_weighted_metrics",
    "_metric_list",
    "_undecided",
}


def _unbuilt(one: Any) -> bool:
    return isinstance(one, Sequential) and not one.built


def _kind(one: Any) -> str:
    return str(one.kind) if isinstance(one, Model) else type(one).__name__


def _require_layer(item: Any, place: int) -> None:
    """Say so if this cannot stand at this place of a chain."""
    starts = isinstance(item, InputLayer) or (isinstance(item, SymbolicTensor) and not item.inputs)
    if place and starts:
        message = (
            "A Sequential model has one Input, at its beginning; use Model for several inputs."
        )
        raise GraphError(message)
    if not starts and not isinstance(item, (Layer, Model)):
        shown = item.__name__ if isinstance(item, type) else repr(item)
        raise GraphError(
            f"A Sequential model is a list of layers such as Dense(3); {shown} is not one."
        )
