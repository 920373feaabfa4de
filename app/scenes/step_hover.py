"""What lights up together: numbers in the formula, and the nodes, edges and pictures of the drawing they stand for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.scenes.step_focus import aliases, owner
from app.scenes.step_values import parse_cell

if TYPE_CHECKING:
    from app.scenes.step_values import Reader

Index = tuple[int, ...]
#: Values of which a neuron has one for each sample.
_OF_A_NEURON = ("x", "product", "z", "a", "output", "bias")


@dataclass(frozen=True)
class Lit:
    """What of the drawing a hovered number lights up besides its own place: a node, an edge, whole tensors."""

    unit: str = ""
    edge: tuple[str, int, int] | None = None
    tensors: frozenset[str] = frozenset()


def lit_by(identifier: str, reader: Reader) -> Lit:
    """Return what a hovered number stands for in the drawing."""
    cell = parse_cell(identifier)
    if cell is None:
        return Lit()
    tensor, index = cell
    names = frozenset((tensor, *aliases(tensor, reader)))
    layer, _, role = tensor.removeprefix("grad/").rpartition("/")
    if tensor == "loss" or tensor.startswith("loss/"):
        return Lit("loss", None, names)
    if role == "kernel" and len(index) == 2:
        return Lit("", (layer, index[0], index[1]), names)
    if role in _OF_A_NEURON and len(index) == 1:
        return Lit(f"unit:{owner(tensor)}:{index[0]}", None, names)
    return Lit("", None, names)


def numbers_of(identifier: str, reader: Reader) -> Callable[[str, Index], bool] | None:
    """Return which numbers, by the engine's index, a hovered part of the drawing stands for; None for nothing."""
    kind, _, rest = identifier.partition(":")

    def mine(tensor: str, index: Index) -> Index | None:
        """The index without the sample; None of another sample."""
        info = reader.info(tensor)
        if info is None or not info.batch or not index:
            return index
        return index[1:] if index[0] == reader.row else None

    if kind == "cell":
        cell = parse_cell(identifier)
        assert cell is not None
        names, place = set(aliases(cell[0], reader)), cell[1]
        return lambda tensor, index: tensor in names and mine(tensor, index) == place
    if kind == "unit":
        layer, _, number = rest.rpartition(":")
        unit = int(number) if number.isdecimal() else -1

        def of_unit(tensor: str, index: Index) -> bool:
            role = tensor.rpartition("/")[2]
            known = owner(tensor) == layer and role in _OF_A_NEURON
            return known and mine(tensor, index) == (unit,)

        return of_unit
    if kind == "edge":
        layer, source, target = rest.rsplit(":", 2)
        kernels, ends = (f"{layer}/kernel", f"grad/{layer}/kernel"), (int(source), int(target))
        return lambda tensor, index: tensor in kernels and index == ends
    if kind == "tensor":
        whole = set(aliases(rest, reader))
        return lambda tensor, index: tensor in whole and mine(tensor, index) is not None
    if identifier == "loss":
        return lambda tensor, _index: tensor == "loss" or tensor.startswith("loss/")
    return None
