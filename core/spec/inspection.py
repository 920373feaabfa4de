"""Shapes, counts and problems of a network document, before anything is computed or allocated."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from core.errors import ChainruleError, GraphError, SettingError, ShapeError
from core.layers import registry
from core.layers.base import Shape, Weight
from core.spec.network import Layer, Network, new_layer
from core.spec.reference import source_of

#: More than this is refused before anything is allocated (bytes).
MEMORY_LIMIT = 2 * 1024**3


@dataclass(frozen=True)
class Fix:
    """A repair: its label for a button, and the repaired network."""

    label: str
    network: Network


@dataclass(frozen=True)
class Problem:
    """Why a network cannot be trained.

    Attributes
    ----------
    layer
        Id of the layer that is wrong; None if it is the whole network.
    title
        What it needs, in a few words.
    sentence
        What it got, and what to do.
    fix
        A repair, where there is an obvious one.
    """

    layer: str | None
    title: str
    sentence: str
    fix: Fix | None = None


@dataclass(frozen=True)
class Row:
    """What is known of one node: shapes without the batch axis, counts of one sample.

    `output_shape` of a layer with a problem is its input's: later shapes are worked out as if it were absent
    (`skipped`). `output_shapes` are those of all outputs of the node; the first is `output_shape`.
    """

    node: str
    layer: str
    kind: str
    name: str
    input_shapes: tuple[Shape, ...]
    output_shape: Shape | None
    parameters: int
    trainable_parameters: int
    multiply_adds: int
    skipped: bool = False
    output_shapes: tuple[Shape, ...] = ()


@dataclass(frozen=True)
class Inspection:
    """Everything `inspect` found."""

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    parameters: int
    memory_bytes: int

    @property
    def ok(self) -> bool:
        """True if the network can be trained."""
        return not self.problems

    def row(self, node: str) -> Row:
        """The row of a node."""
        return next(row for row in self.rows if row.node == node)

    def shape(self, source: str) -> Shape:
        """The shape of what an entry of `Network.outputs` or `Node.inputs` means; () if it is not known."""
        node, number = source_of(source, {row.node for row in self.rows})
        return self.row(node).output_shapes[number] or ()


def inspect(
    network: Network,
    batch_size: int = 32,
    data_shape: Shape | None = None,
    classes: int | None = None,
    loss: str | None = None,
) -> Inspection:
    """Work out every shape, and everything that is wrong.

    Parameters
    ----------
    network
        The document.
    batch_size
        For the estimate of memory.
    data_shape, classes, loss
        What the data set provides and the loss expects, if that is to be checked too. `classes` is 0 or None for
        regression.
    """
    rows: list[Row] = []
    problems: list[Problem] = []
    try:
        order = network.order()
    except GraphError as error:
        return Inspection((), (Problem(None, "Not a network", str(error)),), 0, 0)
    shapes: dict[str, tuple[Shape | None, ...]] = {}
    owned: dict[str, tuple[Weight, ...]] = {}
    values = parameters = 0
    for node_id in order:
        node = network.node(node_id)
        layer = network.layer(node.layer)
        given, problem = _inputs(network, layer, node.inputs, shapes)
        row, other = _inspect_node(network, layer, node_id, given, owned, first=node_id == order[0])
        problem = problem or other
        rows.append(row)
        if problem:
            problems.append(problem)
        shapes[node_id] = row.output_shapes or (row.output_shape,)
        parameters += row.parameters
        values += 6 * sum(prod(shape) for shape in row.output_shapes if shape)
    memory = 4 * (4 * parameters + values * batch_size)
    problems += _check_whole(network, rows, data_shape, classes, loss)
    if memory > MEMORY_LIMIT and not problems:
        largest = max(
            rows, key=lambda r: 4 * r.parameters + 6 * prod(r.output_shape or (0,)) * batch_size
        )
        problems.append(
            Problem(
                largest.layer,
                "Too large",
                f"Training this network would need about {memory / 1024**3:,.1f} GB of memory, most of it for "
                f"{largest.name} ({largest.parameters:,} parameters); {MEMORY_LIMIT / 1024**3:.0f} GB is the limit. "
                "Make this layer smaller, or put a pooling layer before it.",
            )
        )
    return Inspection(tuple(rows), tuple(problems), parameters, memory)


def _inputs(
    network: Network,
    layer: Layer,
    sources: tuple[str, ...],
    shapes: dict[str, tuple[Shape | None, ...]],
) -> tuple[tuple[Shape | None, ...], Problem | None]:
    """Shapes of what a node reads. An output that is not there counts as the first one, with a problem."""
    found: list[Shape | None] = []
    problem = None
    for source in sources:
        node, number = source_of(source, shapes)
        given = shapes[node]
        if number >= len(given):
            problem = _missing_output(network, layer, node, number, len(given))
        found.append(given[number if number < len(given) else 0])
    return tuple(found), problem


def _missing_output(
    network: Network, layer: Layer | None, node: str, number: int, count: int
) -> Problem:
    name = network.layer(network.node(node).layer).name
    reader = layer.name if layer is not None else "The network"
    sentence = (
        f"{reader} reads output {number + 1} of {name}, which has {'only one' if count == 1 else f'only {count}'}. "
        "A recurrent layer gives its states as further outputs with return_state."
    )
    return Problem(layer.id if layer is not None else None, "No such output", sentence)


def _inspect_node(
    network: Network,
    layer: Layer,
    node_id: str,
    given: tuple[Shape | None, ...],
    owned: dict[str, tuple[Weight, ...]],
    *,
    first: bool,
) -> tuple[Row, Problem | None]:
    known = [shape for shape in given if shape is not None]
    bypass = known[0] if known else None

    def skipped(problem: Problem) -> tuple[Row, Problem]:
        return Row(
            node_id,
            layer.id,
            layer.kind,
            layer.name,
            tuple(known),
            bypass,
            0,
            0,
            0,
            skipped=True,
            output_shapes=() if bypass is None else (bypass,),
        ), problem

    if not registry.known(layer.kind):
        sentence = (
            f"This version does not know {layer.kind!r} layers. "
            "Remove the layer, or open the file in a newer version."
        )
        return skipped(Problem(layer.id, "Unknown layer", sentence, _removal(network, layer)))
    try:
        made = registry.make(layer.kind, layer.config)
        least, most = made.arity
        if not least <= len(given) <= most:
            return skipped(_wrong_arity(network, layer, len(given), least, first=first))
        if len(known) < len(given):
            return skipped(
                Problem(layer.id, "Nothing to read", f"{layer.name} is not connected to any data.")
            )
        outputs = tuple(tuple(one) for one in made.output_shapes(known))
        weights = made.weights(known)
    except SettingError as error:
        return skipped(Problem(layer.id, "Setting out of range", str(error)))
    except ShapeError as error:
        return skipped(
            Problem(layer.id, error.title, str(error), _remedy(network, layer, error.remedy))
        )
    except ChainruleError as error:
        return skipped(Problem(layer.id, "Cannot work", str(error)))
    shape = outputs[0]
    if any(n < 1 for n in shape):
        sentence = (
            f"{layer.name} would give an output of {'×'.join(map(str, shape))}: nothing is left."
        )
        return skipped(Problem(layer.id, "Nothing left", sentence))
    before = owned.setdefault(layer.id, weights)
    if before != weights:
        one, other = next((a, b) for a, b in zip(before, weights, strict=True) if a != b)
        had, needs = ("×".join(map(str, w.shape)) for w in (one, other))
        sentence = (
            f"{layer.name} is called on inputs of different sizes: its {one.role} is {had} for the first, and would "
            f"have to be {needs} for this one. Use a layer of its own for each."
        )
        return skipped(Problem(layer.id, "Shared by different inputs", sentence))
    row = Row(
        node_id, layer.id, layer.kind, layer.name, tuple(known), shape, sum(w.size for w in weights),
        sum(w.size for w in weights if w.trainable), made.multiply_adds(known), output_shapes=outputs,
    )  # fmt: skip
    return row if before is weights else _recounted(row), None


def _recounted(row: Row) -> Row:
    """The second call of a shared layer owns no parameters of its own."""
    return Row(
        row.node, row.layer, row.kind, row.name, row.input_shapes, row.output_shape, 0, 0, row.multiply_adds,
        row.skipped, row.output_shapes
    )  # fmt: skip


def _wrong_arity(network: Network, layer: Layer, got: int, least: int, *, first: bool) -> Problem:
    if got == 0 and first:
        fix = None
        if network.is_chain:
            added = new_layer("InputLayer", network, shape=[2])
            fix = Fix("Add an input", network.insert(0, added))
        sentence = "A network starts with an Input layer that says what one sample looks like."
        return Problem(layer.id, "Needs an input", sentence, fix)
    if layer.kind == "InputLayer":
        sentence = "Data enters at the beginning; an Input layer cannot stand behind another layer. Remove it."
        return Problem(layer.id, "Input in the middle", sentence, _removal(network, layer))
    needs = f"{least} branches" if least > 1 else "one input"
    verb = "is" if got == 1 else "are"
    sentence = f"{layer.name} joins {needs}, but {got} {verb} connected. Remove the layer, or connect more."
    return Problem(layer.id, f"Needs {needs}", sentence, _removal(network, layer))


def _check_whole(
    network: Network,
    rows: list[Row],
    data_shape: Shape | None,
    classes: int | None,
    loss: str | None,
) -> list[Problem]:
    if not rows:
        return [
            Problem(
                None,
                "Empty network",
                "There are no layers yet. Start from a template or add an Input layer.",
            )
        ]
    if any(row.skipped for row in rows):
        return []
    found: list[Problem] = []
    for text in network.outputs:
        node, number = network.source(text)
        count = len(next(row for row in rows if row.node == node).output_shapes)
        if number >= count:
            return [_missing_output(network, None, node, number, count)]
    first = next((row for row in rows if row.kind == "InputLayer"), None)
    if data_shape is not None and first is not None and first.output_shape != tuple(data_shape):
        want = "×".join(map(str, data_shape))
        has = "×".join(map(str, first.output_shape or ()))
        fix = Fix(f"Use {want}", network.configure(first.layer, shape=list(data_shape)))
        sentence = f"The samples are {want}, the Input layer expects {has}."
        found.append(Problem(first.layer, "Does not fit the data", sentence, fix))
    if classes is None or loss is None or len(network.outputs) != 1:
        return found
    last = next(row for row in rows if row.node == network.source(network.outputs[0])[0])
    if last.kind == "InputLayer":
        found.append(
            Problem(
                last.layer,
                "Nothing to train",
                "The network has no layers after its input. Add a Dense layer.",
            )
        )
        return found
    return found + _check_output(network, last, classes, loss)


def _check_output(network: Network, last: Row, classes: int, loss: str) -> list[Problem]:
    shape = last.output_shape or ()
    binary = loss in ("binary_crossentropy", "hinge")
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


def _removal(network: Network, layer: Layer) -> Fix:
    return Fix("Remove layer", network.remove(layer.id))


def _remedy(network: Network, layer: Layer, remedy: str) -> Fix | None:
    """The repairs a `ShapeError` may name."""
    if remedy == "same-padding":
        return Fix('Use padding "same"', network.configure(layer.id, padding="same"))
    if remedy == "swap" and network.is_chain:
        ids = [item.id for item in network.layers]
        here = ids.index(layer.id)
        flat = next(
            (k for k in range(here - 1, -1, -1) if network.layers[k].kind == "Flatten"), None
        )
        if flat is not None:
            swapped = network.move(layer.id, flat)
            label = "Fix: swap order"
        else:
            swapped, label = network.remove(layer.id), "Remove layer"
        return Fix(label, swapped)
    return None
