"""What the code generators share: checking, names, the values of settings."""

from __future__ import annotations

import keyword
import re
from typing import Any

from core.errors import ChainruleError
from core.layers import registry
from core.spec import Inspection, Layer, Network, Training, inspect


def checked(network: Network, training: Training) -> Inspection:
    """Return what is known of a network that works.

    Raises
    ------
    ChainruleError
        With the sentence of the first problem.
    """
    inspection = inspect(network, batch_size=training.batch_size)
    if training.truncated_bptt_steps is not None:
        message = (
            f"No code can be written: gradients are cut after every {training.truncated_bptt_steps} time steps, which "
            "neither Keras's fit nor PyTorch's recurrent modules do. Switch truncated backpropagation through time off."
        )
        raise ChainruleError(message)
    for problem in inspection.problems:
        raise ChainruleError(f"No code can be written yet: {problem.sentence}")
    return inspection


def variable(name: str) -> str:
    """Return a Python name for an id or a learner's text."""
    text = re.sub(r"\W+", "_", name.strip().lower(), flags=re.ASCII).strip("_") or "layer"
    if text[0].isdigit() or keyword.iskeyword(text):
        text = f"layer_{text}"
    return text


def variables(ids: list[str], taken: tuple[str, ...] = ()) -> dict[str, str]:
    """Return a different Python name for each id."""
    names: dict[str, str] = {}
    used = set(taken)
    for id_ in ids:
        stem = name = variable(id_)
        number = 2
        while name in used:
            name, number = f"{stem}_{number}", number + 1
        used.add(name)
        names[id_] = name
    return names


def is_stateful(config: dict[str, Any]) -> bool:
    """Return whether a layer of these settings, or one inside of it, keeps states from batch to batch."""
    inside = (
        value["config"]
        for value in config.values()
        if isinstance(value, dict) and "config" in value
    )
    return config.get("stateful") is True or any(is_stateful(one) for one in inside)


def arguments(layer: Layer) -> dict[str, Any]:
    """Return the settings of a layer that code has to mention: the required and the changed ones."""
    kind = registry.kind(layer.kind)
    config = kind.normalise(layer.config)
    given = {
        setting.name: plain(config[setting.name], pair=setting.type == "pair")
        for setting in kind.settings
        if setting.required or config[setting.name] != setting.default
    }
    if kind.owns_weights() and is_frozen(config):
        given["trainable"] = False
    return given


def is_frozen(config: dict[str, Any]) -> bool:
    """Return whether a layer of these settings leaves its weights as they are."""
    return config.get("trainable") is False


def plain(value: Any, *, pair: bool = True) -> Any:
    """Return a value as one would type it: lists become tuples, and of a pair ``(3, 3)`` becomes 3."""
    if isinstance(value, list | tuple):
        if any(isinstance(item, list | tuple) for item in value):
            return tuple(tuple(both) if isinstance(both, list | tuple) else both for both in value)
        values = tuple(value)
        return values[0] if pair and len(values) == 2 and values[0] == values[1] else values
    return value


def call(name: str, positional: list[Any], named: dict[str, Any]) -> str:
    """Return the text of a call."""
    parts = [repr(value) for value in positional]
    parts += [f"{key}={value!r}" for key, value in named.items()]
    return f"{name}({', '.join(parts)})"


def comment(text: str) -> str:
    """Return a learner's text as one line of comment."""
    return "# " + " ".join(text.split())
