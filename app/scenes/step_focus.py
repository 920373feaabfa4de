"""What of the drawing an instruction lights up: the edges, neurons and tensors it reads and writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.scenes.step_values import parse_cell

if TYPE_CHECKING:
    from app.scenes.frame import Frame
    from app.scenes.step_places import Block, StepLayout
    from app.scenes.step_values import Reader
    from app.snapshots import InstructionView

ROLES = {"data": "fwd", "forward": "fwd", "loss": "loss", "backward": "bwd", "update": "tx2"}
Edge = tuple[str, int, int]


@dataclass(frozen=True)
class Focus:
    """Names of everything to mark; `role` is the colour of the instruction's phase."""

    role: str = "tx2"
    backward: bool = False
    loss: bool = False
    edges: frozenset[Edge] = frozenset()
    upstream: frozenset[Edge] = frozenset()
    upstream_layers: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    rows: frozenset[str] = frozenset()
    layers: frozenset[str] = frozenset()
    tensors: frozenset[str] = frozenset()
    outputs: frozenset[int] = field(default_factory=frozenset)

    def lights(self, block: Block) -> bool:
        """Tell whether a block is touched: by what its call computes, or by the weights of its layer."""
        return not self.layers.isdisjoint((block.id, block.layer))


def instruction_of(reader: Reader, frame: Frame) -> InstructionView | None:
    """Return the instruction to light up: the chosen one, else the one done last."""
    snapshot = reader.snapshot
    if snapshot is None or snapshot.program is None:
        return None
    index = frame.toggles.get("instruction")
    if index is None:
        return reader.current
    instructions = snapshot.program.instructions
    return instructions[index] if 0 <= index < len(instructions) else None


def owner(tensor: str) -> str:
    """Return the layer a tensor belongs to."""
    parts = tensor.removeprefix("grad/").split("/")
    return parts[0] if len(parts) > 1 else ""


def aliases(tensor: str, reader: Reader) -> tuple[str, ...]:
    """Return the names a layer's final output goes by."""
    head, _, tail = tensor.rpartition("/")
    if tail == "output":
        return (tensor, reader.first(*(f"{head}/{name}" for name in ("a", "z", "product", "x"))))
    if tail in ("a", "z", "product", "x"):
        later = {"a": (), "z": ("a",), "product": ("z", "a"), "x": ()}[tail]
        if not any(reader.info(f"{head}/{name}") for name in later):
            return (tensor, f"{head}/output")
    return (tensor,)


def focus_of(place: StepLayout, reader: Reader, frame: Frame) -> Focus:
    """Work out what the instruction of this frame touches, narrowed to the selected cell."""
    instruction = instruction_of(reader, frame)
    if instruction is None:
        return Focus()
    role = ROLES.get(instruction.phase, "tx2")
    backward = instruction.phase == "backward"
    writes = {name for w in instruction.writes for name in aliases(w, reader)}
    reads = {name for r in instruction.operands.values() for name in aliases(r, reader)} - writes
    read_of = {owner(name) for name in reads}
    cell = parse_cell(frame.selection.node)
    index = cell[1] if cell is not None and cell[0] in writes else None
    edges: set[Edge] = set()
    upstream: set[Edge] = set()
    units: set[str] = set()
    layers = {owner(name) for name in writes}
    calls = {block.id: block.layer for block in place.blocks}
    if all(
        calls.get(name, name) != instruction.layer or name == instruction.layer for name in layers
    ):
        # Of a layer called several times only the call is meant that computes this.
        layers.add(instruction.layer)
    targets: dict[str, int | None] = {}
    for edge in place.edges:
        key = (edge.layer, edge.source, edge.target)
        matrix = {edge.kernel, f"grad/{edge.kernel}"} & writes
        if matrix and index is not None and index[-2:] == (edge.source, edge.target):
            edges.add(key)
            units |= {f"unit:{edge.source_layer}:{edge.source}", f"unit:{edge.layer}:{edge.target}"}
            targets[edge.layer] = edge.target
        elif matrix and index is None:
            targets[edge.layer] = None
        elif edge.kernel and f"{edge.layer}/product" in writes:
            if index is None or index[-1] == edge.target:
                edges.add(key)
        elif (
            edge.kernel in reads
            and backward
            and index is not None
            and index[-1] == edge.source
            and (edge.layer in read_of or not _shared(place, edge.kernel))
        ):
            # The error of this neuron is gathered from the neurons it feeds.
            upstream.add(key)
    for unit in place.units:
        if unit.kind == "loss":
            if any(name == "loss" or name.startswith("loss/") for name in writes):
                units.add("loss")
            continue
        for row in unit.rows:
            if row.tensor in writes and (index is None or index[-1:] in ((), (unit.index,))):
                units.add(unit.id)
        mine = {name for name in writes if owner(name) == unit.layer and _per_unit(name)}
        if mine and (index is None or index[-1:] == (unit.index,)):
            units.add(unit.id)
    for layer, target in targets.items():
        # The gradient of a weight uses the error of the neuron it feeds, which came from further on.
        following = [e for e in place.edges if _feeds(place, layer, e.layer)]
        upstream |= {
            (e.layer, e.source, e.target) for e in following if backward and e.source == target
        }
    upstream_layers: set[str] = set()
    if backward:
        for name in reads:
            if name.startswith("grad/"):
                upstream_layers.add(owner(name))
        # Every error came from the loss.
        upstream_layers.add("loss")
    final = [u.layer for u in place.units if u.kind == "unit"][-1:]
    outputs: frozenset[int] = frozenset()
    if final and index and final[0] in layers:
        outputs = frozenset(index[-1:])
    return Focus(
        role,
        backward,
        instruction.phase == "loss",
        frozenset(edges),
        frozenset(upstream),
        frozenset(upstream_layers),
        frozenset(units),
        frozenset(writes),
        frozenset(layers),
        frozenset(writes | reads),
        outputs,
    )


def _per_unit(tensor: str) -> bool:
    """Tell whether a tensor has one number for each neuron and sample."""
    return tensor.rpartition("/")[2] in ("x", "product", "z", "a", "output")


def _shared(place: StepLayout, kernel: str) -> bool:
    """Tell whether several calls of a layer use these weights."""
    return len({e.layer for e in place.edges if e.kernel == kernel}) > 1


def _feeds(place: StepLayout, layer: str, other: str) -> bool:
    return any(e.layer == other and e.source_layer == layer for e in place.edges)
