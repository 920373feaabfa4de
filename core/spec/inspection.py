"""Shapes, counts and problems of a network document, before anything is computed or allocated."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from core import initializers
from core.errors import ChainruleError, GraphError, SettingError, ShapeError
from core.layers import registry
from core.layers.base import Shape, Weight
from core.layers.wording import Placed, about
from core.naming import suggestion
from core.spec.advice import Advice, advise
from core.spec.network import Layer, Network
from core.spec.problem import Fix, Problem
from core.spec.reference import source_of
from core.spec.repairs import check_output, remedy, removal, wrong_arity
from core.spec.training import loss_name

#: More than this is refused before anything is allocated (bytes).
MEMORY_LIMIT = 2 * 1024**3


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
    """Everything `inspect` found.

    `problems` keep the network from being trained. `advice` does not: see `core.spec.advice`; a network with problems
    has none.
    """

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    parameters: int
    memory_bytes: int
    advice: tuple[Advice, ...] = ()

    @property
    def ok(self) -> bool:
        """True if the network can be trained."""
        return not self.problems

    def row(self, node: str) -> Row:
        """The row of a node."""
        return next(row for row in self.rows if row.node == node)

    def vocabularies(self, network: Network) -> dict[str, list[tuple[str, int]]]:
        """By Input node, the Embedding layers that read it: (name, number of tokens each knows)."""
        found: dict[str, list[tuple[str, int]]] = {}
        for row in self.rows:
            if row.kind == "Embedding" and not row.skipped:
                for text in network.node(row.node).inputs:
                    made = registry.make(row.kind, network.layer(row.layer).config)
                    size = int(made["input_dim"])
                    found.setdefault(network.source(text)[0], []).append((row.name, size))
        return found

    def shape(self, source: str) -> Shape:
        """The shape of what an entry of `Network.outputs` or `Node.inputs` means; () if it is not known."""
        node, number = source_of(source, {row.node for row in self.rows})
        return self.row(node).output_shapes[number] or ()


def inspect(
    network: Network,
    batch_size: int = 32,
    data_shape: Shape | None = None,
    classes: int | None = None,
    loss: Any = None,
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
    problems += _check_whole(
        network,
        rows,
        data_shape,
        classes,
        loss_name(loss) if isinstance(loss, (str, dict)) else None,
    )
    if memory > MEMORY_LIMIT and not problems:
        largest = max(
            rows, key=lambda r: 4 * r.parameters + 6 * prod(r.output_shape or (0,)) * batch_size
        )
        smaller = _smaller_batch(values, parameters, batch_size)
        problems.append(
            Problem(
                largest.layer,
                "Too large",
                f"Training this network would need about {memory / 1024**3:,.1f} GB of memory, most of it for "
                f"{largest.name} ({largest.parameters:,} parameters); {MEMORY_LIMIT / 1024**3:.0f} GB is the limit. "
                f"Make this layer smaller, or put a pooling layer before it{smaller}.",
            )
        )
    advice = () if problems else advise(network, tuple(rows), loss, batch_size)
    return Inspection(tuple(rows), tuple(problems), parameters, memory, advice)


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


def _smaller_batch(values: int, parameters: int, batch_size: int) -> str:
    """What else helps, if a smaller batch would fit."""
    room = MEMORY_LIMIT // 4 - 4 * parameters
    fits = room // values if values else 0
    if not 1 <= fits < batch_size:
        return ""
    return f", or train with batches of at most {fits} instead of {batch_size}"


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
            f"This version does not know {layer.kind!r} layers.{suggestion(layer.kind, registry.names())} "
            "Remove the layer, or open the file in a newer version."
        )
        return skipped(Problem(layer.id, "Unknown layer", sentence, removal(network, layer)))
    try:
        with about(lambda: _place(network, layer, node_id)):
            made = registry.make(layer.kind, layer.config)
        least, most = made.arity
        if not least <= len(given) <= most:
            return skipped(wrong_arity(network, layer, len(given), least, first=first))
        if len(known) < len(given):
            return skipped(
                Problem(layer.id, "Nothing to read", f"{layer.name} is not connected to any data.")
            )
        with about(lambda: _place(network, layer, node_id)):
            outputs = tuple(tuple(one) for one in made.output_shapes(known))
            weights = made.weights(known)
            for weight in weights:
                initializers.check(weight.initializer, weight.shape, weight.role)
    except SettingError as error:
        return skipped(Problem(layer.id, "Setting out of range", str(error)))
    except ShapeError as error:
        return skipped(
            Problem(layer.id, error.title, str(error), remedy(network, layer, error.remedy))
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
        sum(w.size for w in weights if made.learns(w)), made.multiply_adds(known), output_shapes=outputs,
    )  # fmt: skip
    return row if before is weights else _recounted(row), None


def _place(network: Network, layer: Layer, node_id: str) -> list[Placed]:
    """A layer, and those it reads along first inputs, the nearest first."""
    found = [Placed(layer.kind, layer.name, layer.config)]
    node = network.node(node_id)
    while node.inputs:
        node = network.node(network.source(node.inputs[0])[0])
        before = network.layer(node.layer)
        found.append(Placed(before.kind, before.name, before.config))
    return found


def _recounted(row: Row) -> Row:
    """The second call of a shared layer owns no parameters of its own."""
    return Row(
        row.node, row.layer, row.kind, row.name, row.input_shapes, row.output_shape, 0, 0, row.multiply_adds,
        row.skipped, row.output_shapes
    )  # fmt: skip


def _unread(network: Network, rows: list[Row]) -> list[Problem]:
    """Inputs whose data goes nowhere."""
    read = {network.source(text)[0] for node in network.nodes for text in node.inputs}
    read |= {network.source(text)[0] for text in network.outputs}
    found = []
    for row in rows:
        if row.kind == "InputLayer" and row.node not in read:
            sentence = f"The data of {row.name} goes nowhere: no layer reads it. Connect it to a layer, or remove it."
            fix = Fix("Remove layer", network.remove(row.layer))
            found.append(Problem(row.layer, "Feeds nothing", sentence, fix))
    return found


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
    found += _unread(network, rows)
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
    return found + check_output(network, last, classes, loss)
