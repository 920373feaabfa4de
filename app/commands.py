"""The commands that change the document: what each of them does, and the sentence if it cannot."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import msgspec

from app.arguments import Place
from app.bus import Bus, CommandError
from app.document import DataRef, Document, data_info
from app.text import tr
from core.errors import ChainruleError
from core.layers import registry
from core.spec import Advice, Network, Training, new_layer
from core.spec.training import check_callbacks, check_truncation

# Bounds of the training settings: smallest, largest, whole number.
LIMITS: dict[str, tuple[float, float, bool]] = {
    "batch_size": (1, 4096, True),
    "epochs": (1, 10_000_000, True),
    "seed": (0, 2**31 - 1, True),
    "validation_split": (0.0, 0.9, False),
}
LEARNING_RATE = (1e-7, 100.0)


def _sentences(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Turn the engine's errors, whose texts are sentences, into refusals of the command."""

    @wraps(handler)
    def guarded(*args: Any, **arguments: Any) -> Any:
        try:
            return handler(*args, **arguments)
        except ChainruleError as error:
            raise CommandError(str(error)) from error

    return guarded


class DocumentCommands:
    """Handlers of ``layer.*``, ``training.*``, ``data.*``, ``edit.*`` and ``select.*``.

    Parameters
    ----------
    document : Document
        What they change.
    bus : Bus
        Where they are registered, and where they announce what has happened.
    """

    def __init__(self, document: Document, bus: Bus) -> None:
        self._document = document
        self._bus = bus
        for name, handler, label in (
            ("layer.add", self.add, tr("Add layer")),
            ("layer.remove", self.remove, tr("Remove layer")),
            ("layer.move", self.move, tr("Move layer")),
            ("layer.configure", self.configure, tr("Change layer")),
            ("layer.rename", self.rename, tr("Rename layer")),
            ("layer.fix", self.fix, tr("Fix problem")),
            ("advice.follow", self.follow_advice, tr("Follow a hint")),
            ("advice.dismiss", self.dismiss_advice, tr("Dismiss a hint")),
            ("layer.duplicate", self.duplicate, tr("Duplicate layer")),
            ("training.configure", self.configure_training, tr("Change training")),
            ("data.choose", self.choose_data, tr("Choose data")),
            ("edit.undo", self.undo, tr("Undo")),
            ("edit.redo", self.redo, tr("Redo")),
            ("select.layer", self.select, tr("Select layer")),
            ("select.sample", self.select_sample, tr("Select a sample")),
        ):
            bus.register(name, _sentences(handler), label=label)

    # Layers

    def add(self, kind: str, index: int | None = None, **config: Any) -> str:
        """Insert a layer; without an index at the end. Returns its id."""
        document = self._document
        network = document.network
        layer = new_layer(kind, network, **{**self._defaults(kind), **config})
        place = len(network.layers) if index is None else int(index)
        if not 0 <= place <= len(network.layers):
            raise CommandError(tr("There is no place {index} in the network.", index=place))
        label = tr("Add {kind}", kind=kind_title(kind))
        document.edit(label, network=network.insert(place, layer))
        document.select(layer.id)
        self._bus.emit("layer.added", layer=layer.id, kind=layer.kind, index=place)
        return layer.id

    def remove(self, layer: str) -> None:
        """Take a layer out; the one that follows is selected."""
        document = self._document
        network = document.network
        kind = network.layer(layer).kind
        ids = [item.id for item in network.layers]
        place = ids.index(layer)
        label = tr("Remove {kind}", kind=kind_title(kind))
        document.edit(label, network=network.remove(layer))
        rest = [item.id for item in document.network.layers]
        document.select(rest[min(place, len(rest) - 1)] if rest else None)
        self._bus.emit("layer.removed", layer=layer, kind=kind, index=place)

    def move(self, layer: str, index: int) -> None:
        """Bring a layer to another place, counted without it."""
        network = self._document.network
        kind = kind_title(network.layer(layer).kind)
        if not 0 <= index < len(network.layers):
            raise CommandError(tr("There is no place {index} in the network.", index=index))
        if self._document.edit(tr("Move {kind}", kind=kind), network=network.move(layer, index)):
            self._bus.emit("layer.moved", layer=layer, index=index)

    def duplicate(self, layer: str) -> str:
        """Insert a copy of a layer behind it."""
        network = self._document.network
        original = network.layer(layer)
        place = [item.id for item in network.layers].index(layer)
        return self.add(original.kind, place + 1, **original.config)

    def configure(self, layer: str, **config: Any) -> None:
        """Change settings of a layer."""
        network = self._document.network
        kind = kind_title(network.layer(layer).kind)
        label = tr("Change {kind}", kind=kind)
        merge: tuple[str, ...] | None = ("configure", layer, *sorted(config))
        if set(config) == {"trainable"}:
            # A switch: each turn of it is taken back by itself.
            merge = None
            label = tr("Let {kind} learn", kind=kind)
            if not config["trainable"]:
                label = tr("Freeze {kind}", kind=kind)
        changed = self._document.edit(
            label,
            merge=merge,
            network=network.configure(layer, **config),
        )
        if changed:
            self._bus.emit("layer.configured", layer=layer, settings=config)

    def rename(self, layer: str, name: str) -> None:
        """Give a layer another name; names are unique because generated code uses them."""
        network = self._document.network
        wanted = name.strip()
        if not wanted.isidentifier():
            raise CommandError(
                tr("A layer's name has letters, digits and underscores only: {name!r} does not.",
                   name=name)
            )  # fmt: skip
        if any(item.name == wanted and item.id != layer for item in network.layers):
            raise CommandError(tr("There is a layer called {name} already.", name=wanted))
        if self._document.edit(tr("Rename layer"), network=network.rename(layer, wanted)):
            self._bus.emit("layer.renamed", layer=layer, name=wanted)

    def fix(self, layer: str | None = None) -> None:
        """Carry out the repair of the problem at a layer."""
        for problem in self._document.inspection.problems:
            if problem.layer == layer and problem.fix is not None:
                self._document.edit(problem.fix.label, network=problem.fix.network)
                self._bus.emit("layer.fixed", layer=layer, fix=problem.fix.label)
                return
        raise CommandError(tr("There is nothing to fix at this layer."))

    def follow_advice(self, layer: str, title: str) -> None:
        """Make the edit that a hint about a layer proposes."""
        found = self._advice(layer, title)
        if found.fix is None:
            raise CommandError(tr("There is no single edit that does this."))
        self._document.edit(found.fix.label, network=found.fix.network)
        self._bus.emit("advice.followed", layer=layer, title=title)

    def dismiss_advice(self, layer: str, title: str) -> None:
        """Do not show a hint about a layer any more."""
        self._document.dismiss(self._advice(layer, title))
        self._bus.emit("advice.dismissed", layer=layer, title=title)

    def _advice(self, layer: str, title: str) -> Advice:
        for found in self._document.advice:
            if (found.layer, found.title) == (layer, title):
                return found
        raise CommandError(tr("There is no such hint about this layer."))

    def _defaults(self, kind: str) -> dict[str, Any]:
        # An input that does not fit the data would only be a problem to fix at once.
        info = data_info(self._document.data)
        if registry.known(kind) and registry.kind(kind).__name__ == "InputLayer" and info:
            return {"shape": list(info.input_shape)}
        return {}

    # Training and data

    def configure_training(self, **fields: Any) -> None:
        """Change training settings.

        Fields are those of ``core.spec.Training``; besides them ``learning_rate`` and other
        arguments of the optimizer may be given by name, and ``optimizer`` as a kind.
        """
        from core import losses, optimizers

        training = self._document.training
        changes: dict[str, Any] = {}
        optimizer = dict(training.optimizer)
        for name, value in fields.items():
            if name == "optimizer":
                optimizer = _optimizer(value, optimizer)
            elif name in LIMITS:
                changes[name] = _checked(name, value, *LIMITS[name])
            elif name == "metrics":
                changes[name] = _listed(name, value)
            elif name == "callbacks":
                changes[name] = tuple(dict(one) for one in _listed(name, value, of=dict))
            elif name == "truncated_bptt_steps":
                changes[name] = check_truncation(value)
            elif name == "loss":
                changes[name] = losses.get(value).to_document()
            elif name == "learning_rate" and not isinstance(value, dict):
                optimizer[name] = _checked(name, value, *LEARNING_RATE, False)
            else:
                optimizer[name] = value
        optimizers.get(optimizer)
        changes["optimizer"] = optimizer
        new = msgspec.structs.replace(training, **changes)
        new = measurable(new, self._document.network, asked="metrics" in fields)
        if new.callbacks:
            check_callbacks(new)
        # Several metrics, and settings of callbacks, are one field: each is undone by itself.
        lists = {"callbacks", "metrics"} & fields.keys()
        merge = None if lists else ("training", *sorted(fields))
        if self._document.edit(tr("Change training"), merge=merge, training=new):
            self._bus.emit("training.configured", **fields)

    def choose_data(self, id: str, **parameters: Any) -> None:
        """Use another data set, with the input, the output and the loss that it needs."""
        document = self._document
        info = data_info(DataRef(id))
        if info is None:
            raise CommandError(tr("There is no data set called {name!r}.", name=id))
        settings = {setting.name: setting for setting in info.parameters}
        for name, value in parameters.items():
            if name not in settings:
                raise CommandError(
                    tr("{data} has no parameter {name}.", data=info.title, name=name)
                )
            parameters[name] = settings[name].normalise(value, info.title)
        reference = DataRef(id, parameters)
        same = id == document.data.id
        network = document.network if same else fitted(document.network, info)
        training = document.training
        if not same:
            training = msgspec.structs.replace(training, loss=usual_loss(info, network))
            training = measurable(training, network)
        label = tr("Use {data}", data=info.title)
        merge = ("data", id, *sorted(parameters)) if same else None
        if document.edit(label, merge=merge, data=reference, network=network, training=training):
            self._bus.emit("data.chosen", id=id, parameters=parameters)

    # Undo and selection

    def undo(self) -> None:
        """Take the last edit back."""
        self._document.settle()
        self._document.stack.undo()

    def redo(self) -> None:
        """Make the edit that was taken back again."""
        self._document.settle()
        self._document.stack.redo()

    def select(self, layer: str | None = None) -> None:
        """Select a layer, or nothing."""
        if layer is not None:
            self._document.network.layer(layer)
        self._document.select(layer)

    def select_sample(self, index: Place) -> None:
        """Look at a held-out sample; the views that show samples hear of it from the bus."""


def kind_title(kind: str) -> str:
    """Return what the program calls a kind of layer: ``InputLayer`` is shown as ``Input``."""
    return "Input" if kind == "InputLayer" else kind


def fitted(network: Network, info: Any) -> Network:
    """Return the network with its input layer set to one sample of a data set."""
    if not network.layers or network.layers[0].kind != "InputLayer":
        return network
    return network.configure(network.layers[0].id, shape=list(info.input_shape))


def measurable(training: Training, network: Network, *, asked: bool = False) -> Training:
    """Return the settings with the metrics that can be measured of this network with this loss.

    Of those that were `asked` for, one that cannot is an error.
    """
    from core import losses, metrics

    shapes = output_shapes(network)
    if len(shapes) != 1 or not training.loss:
        return training
    loss = losses.get(training.loss)
    if asked:
        metrics.measured(training.metrics, (), [loss], shapes)
    fitting = {
        field: tuple(one for one in getattr(training, field) if metrics.fits(one, loss, shapes[0]))
        for field in ("metrics", "weighted_metrics")
    }
    return msgspec.structs.replace(training, **fitting)


def output_shapes(network: Network) -> list[tuple[int, ...]]:
    """Return the shapes of what a network gives a sample; none while it does not work."""
    from core.spec import inspect

    found = inspect(network)
    if found.problems:
        return []
    return [tuple(found.shape(output)) for output in network.outputs]


def usual_loss(info: Any, network: Network) -> str:
    """Return the loss one begins with for a data set."""
    classes = len(info.classes)
    if classes == 0:
        return "mean_squared_error"
    if classes == 2:
        last = network.layers[-1] if network.layers else None
        two = last is not None and last.config.get("units") == 2
        return "sparse_categorical_crossentropy" if two else "binary_crossentropy"
    return "sparse_categorical_crossentropy"


def _optimizer(value: Any, old: dict[str, Any]) -> dict[str, Any]:
    if isinstance(value, dict):
        return dict(value)
    if value == old.get("kind"):
        return old
    # The rates that suit each are different; keeping Adam's for SGD would look broken.
    rate = {"SGD": 0.1, "Adam": 0.001, "AdamW": 0.001, "Nadam": 0.001, "RMSprop": 0.001, "Lion": 0.0003,
            "Adadelta": 1.0}.get(str(value), 0.01)  # fmt: skip
    return {"kind": str(value), "learning_rate": rate}


def _listed(name: str, value: Any, of: type | None = None) -> tuple[Any, ...]:
    fits = isinstance(value, list | tuple)
    if not fits or (of is not None and not all(isinstance(one, of) for one in value)):
        raise CommandError(
            tr("{name} must be a list; it is {value!r}.", name=name.capitalize(), value=value)
        )
    return tuple(value)


def _checked(name: str, value: Any, low: float, high: float, whole: bool) -> float | int:
    title = name.replace("_", " ").capitalize()
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise CommandError(
            tr("{name} must be a number; it is {value!r}.", name=title, value=value)
        ) from None
    if not low <= number <= high or (whole and number != int(number)):
        kind = tr("a whole number") if whole else tr("a number")
        raise CommandError(
            tr("{name} must be {kind} from {low:g} to {high:g}; it is {value:g}.",
               name=title, kind=kind, low=low, high=high, value=number)
        )  # fmt: skip
    return int(number) if whole else number
