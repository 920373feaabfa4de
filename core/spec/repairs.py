"""Repairs of a network: what a problem offers as a button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.spec.network import Layer, Network, new_layer
from core.spec.problem import Fix, Problem

if TYPE_CHECKING:
    from core.spec.inspection import Row


def wrong_arity(network: Network, layer: Layer, got: int, least: int, *, first: bool) -> Problem:
    """The problem of a layer with too few or too many inputs."""
    if got == 0 and first:
        fix = None
        if network.is_chain:
            added = new_layer("InputLayer", network, shape=[2])
            fix = Fix("Add an input", network.insert(0, added))
        sentence = "A network starts with an Input layer that says what one sample looks like."
        return Problem(layer.id, "Needs an input", sentence, fix)
    if layer.kind == "InputLayer":
        sentence = "Data enters at the beginning; an Input layer cannot stand behind another layer. Remove it."
        return Problem(layer.id, "Input in the middle", sentence, removal(network, layer))
    needs = f"{least} branches" if least > 1 else "one input"
    verb = "is" if got == 1 else "are"
    sentence = f"{layer.name} joins {needs}, but {got} {verb} connected. Remove the layer, or connect more."
    return Problem(layer.id, f"Needs {needs}", sentence, removal(network, layer))


def check_output(network: Network, last: Row, classes: int, loss: str) -> list[Problem]:
    """What is wrong if the last layer does not give what the loss compares."""
    shape = last.output_shape or ()
    binary = loss in ("binary_crossentropy", "hinge", "squared_hinge")
    units = 1 if (classes <= 1 or binary) else classes
    squared = loss in ("mean_squared_error", "half_squared_error")
    if classes == 2 and ((binary and shape == (2,)) or (squared and shape == (1,))):
        units = shape[0]
    if shape == (units,):
        return []
    if len(shape) != 1:
        wants = f"{units} number{'s' if units != 1 else ''}"
        fix = None
        if network.is_chain and last.kind == "Dense" and len(last.input_shapes[0]) > 1:
            index = [layer.id for layer in network.layers].index(last.layer)
            fix = Fix("Add Flatten before", network.insert(index, new_layer("Flatten", network)))
        given = "×".join(map(str, shape))
        sentence = (
            f"The loss compares {wants} a sample, but the last layer gives {given}. "
            "Flatten the image before the Dense layers."
        )
        return [Problem(last.layer, "Output is not a list", sentence, fix)]
    what = f"{classes} classes" if classes > 1 else "one number to predict"
    fix = None
    if last.kind == "Dense":
        fix = Fix(
            f"Use {units} unit{'s' if units != 1 else ''}",
            network.configure(last.layer, units=units),
        )
    elif network.is_chain:
        activation = "softmax" if units > 1 else ("sigmoid" if binary else None)
        added = new_layer("Dense", network, units=units, activation=activation)
        fix = Fix("Add an output layer", network.insert(len(network.layers), added))
    numbers = f"{units} number{'s' if units != 1 else ''}"
    sentence = f"The data has {what}, so the last layer must give {numbers}; it gives {shape[0]:,}."
    return [Problem(last.layer, f"Needs {units} output{'s' if units != 1 else ''}", sentence, fix)]


def removal(network: Network, layer: Layer) -> Fix:
    """The last resort."""
    return Fix("Remove layer", network.remove(layer.id))


def remedy(network: Network, layer: Layer, name: str) -> Fix | None:
    """The repair that a `core.errors.ShapeError` names; its sentence is `core.layers.wording.nearest_fix`."""
    if name == "same-padding":
        return Fix('Use padding "same"', network.configure(layer.id, padding="same"))
    if name not in ("swap", "sequence") or not network.is_chain:
        return None
    ids = [item.id for item in network.layers]
    here = ids.index(layer.id)
    before = network.layers[here - 1]
    if name == "sequence" and before.config.get("return_sequences") is False:
        whole = network.configure(before.id, return_sequences=True)
        return Fix("Return sequences before", whole)
    flat = next((k for k in range(here - 1, -1, -1) if network.layers[k].kind == "Flatten"), None)
    if flat is None:
        return removal(network, layer)
    return Fix("Fix: swap order", network.move(layer.id, flat))
