"""Settings of a network and of its training by dotted names: ``optimizer.learning_rate``, ``dense_1.units``."""

from __future__ import annotations

from typing import Any

import msgspec

from core import optimizers, schedules
from core.errors import SettingError
from core.layers import registry
from core.naming import unknown
from core.spec.network import Network
from core.spec.training import Training, check_training

#: Training fields that a search may change. What is measured, and on which samples, is not among them.
FIELDS = ("batch_size", "seed", "truncated_bptt_steps")

#: Why others may not.
_REFUSED = {
    "loss": "Another loss measures something else, so results could not be compared: study each loss by itself.",
    "metrics": "They only measure.",
    "epochs": "How many epochs is an argument of the search.",
    "validation_split": "All trials are measured on the same samples.",
    "class_weight": "Losses that count classes otherwise could not be compared.",
}


def names(network: Network, training: Training) -> tuple[str, ...]:
    """Every name there is for this subject."""
    found = list(FIELDS)
    found += ["optimizer", "optimizer.learning_rate"]
    kind = optimizers.kind(str(training.optimizer.get("kind", "")))
    found += [f"optimizer.{one.name}" for one in kind.settings if one.name != "learning_rate"]
    for layer in network.layers:
        # What goes in is given with the data.
        if layer.kind != "InputLayer":
            found += [f"{layer.name}.{setting}" for setting in _own(layer.kind)]
    return tuple(found)


def require_known(name: str, network: Network, training: Training) -> None:
    """Say so if there is no such setting.

    Raises
    ------
    core.errors.SettingError
        With the closest name, or why it cannot be changed.
    """
    if name in _REFUSED:
        raise SettingError(f"{name} cannot be searched over. {_REFUSED[name]}", name)
    known = names(network, training)
    first, _, rest = name.partition(".")
    of_optimizer = first == "optimizer" and rest in _arguments_of_any()
    if name in (*known, "learning_rate") or of_optimizer or _layer(name, network):
        return
    raise SettingError(unknown("setting", name, known), name)


def _arguments(optimizer: dict[str, Any]) -> set[str]:
    return {setting.name for setting in optimizers.kind(str(optimizer.get("kind", ""))).settings}


def _arguments_of_any() -> set[str]:
    """Arguments of all optimizers: a search may choose the optimizer as well."""
    return {one for name in optimizers.names() for one in _arguments({"kind": name})}


def _layer(name: str, network: Network) -> tuple[str, str] | None:
    """(id of the layer, setting) of a dotted name; the layer by name or id."""
    first, _, setting = name.partition(".")
    for layer in network.layers:
        known = first in (layer.name, layer.id) and layer.kind != "InputLayer"
        if known and setting in _own(layer.kind):
            return layer.id, setting
    return None


def _own(kind: str) -> list[str]:
    """Names of the settings of a kind of layer."""
    made = registry.kind(kind)
    found = [setting.name for setting in made.settings]
    return [*found, "trainable"] if made.owns_weights() else found


def schedule_kept(training: Training, name: str) -> str:
    """The kind of schedule that a number given for the setting `name` scales, or ""."""
    rate = training.optimizer.get("learning_rate")
    named = name in ("learning_rate", "optimizer.learning_rate")
    return str(rate.get("kind", "")) if named and isinstance(rate, dict) else ""


def _placed(optimizer: dict[str, Any], name: str, value: Any) -> Any:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if name != "learning_rate" or not number:
        return value
    return schedules.at_height(optimizer.get(name), value)


def changed(
    network: Network, training: Training, values: dict[str, Any]
) -> tuple[Network, Training]:
    """The documents with these settings.

    An optimizer chosen by name keeps the arguments of the present one that it also has, and what else is said of
    optimizers is left out where it has no such argument: a search over SGD and Adam may range over momentum. A number
    given for a learning rate that follows a schedule is the schedule's height; its curve is kept.

    Raises
    ------
    core.errors.SettingError
        A name is not known, or a value out of its range.
    """
    for name in values:
        require_known(name, network, training)
    optimizer = dict(training.optimizer)
    if "optimizer" in values:
        chosen = {"kind": str(values["optimizer"])}
        own = _arguments(chosen)
        optimizer = {**{key: value for key, value in optimizer.items() if key in own}, **chosen}
    fields: dict[str, Any] = {}
    for name, value in values.items():
        first, _, rest = name.partition(".")
        if name == "optimizer":
            continue
        if name == "learning_rate" or (first == "optimizer" and rest):
            if "optimizer" in values and rest and rest not in _arguments(optimizer):
                continue
            optimizer[rest or name] = _placed(optimizer, rest or name, value)
        elif name in FIELDS:
            fields[name] = value
        else:
            found = _layer(name, network)
            assert found is not None
            network = network.configure(found[0], **{found[1]: value})
    training = msgspec.structs.replace(training, optimizer=optimizer, **fields)
    check_training(training)
    return network, training
