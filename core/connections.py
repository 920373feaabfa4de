"""What each layer of a functional model reads: the last column of its summary, as Keras writes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from core.layers.symbolic import SymbolicTensor


def connections(
    starts: Sequence[SymbolicTensor],
    tensors: Sequence[SymbolicTensor],
    name: Callable[[Any], str],
) -> dict[str, str] | None:
    """``{"add": "dense[0][0], dense_1[0][0]"}``: name, number of the call and number of the output of what is read.

    Parameters
    ----------
    starts, tensors
        Where the model begins, and the first output of each call of a layer, sources first.
    name
        Of a layer or nested model in this model.

    Returns
    -------
    By name; None if the model is a chain, of which Keras does not tell it.
    """
    begins = {id(t) for t in starts}
    calls: dict[str, list[int]] = {}
    read: dict[str, list[SymbolicTensor]] = {}
    places: dict[int, tuple[str, int]] = {}
    for t in (*starts, *tensors):
        unit: Any = t if id(t) in begins else (t.call or t.first)
        if id(unit) in places:
            continue
        own = name(t.call.model if t.call is not None and id(t) not in begins else t.layer)
        places[id(unit)] = own, len(calls.setdefault(own, []))
        calls[own].append(id(unit))
        read.setdefault(own, [])
        if id(t) not in begins:
            read[own] += unit.inputs

    def told(t: SymbolicTensor) -> str:
        unit: Any = t if id(t) in begins else (t.call or t.first)
        own, number = places[id(unit)]
        return f"{own}[{number}][{0 if id(t) in begins else _output(t)}]"

    texts = {own: [told(t) for t in sources] for own, sources in read.items()}
    sources = [text for found in texts.values() for text in found]
    chain = len(starts) == 1 and len(set(sources)) == len(sources)
    if chain and all(len(found) < 2 for found in texts.values()):
        return None
    return {own: ", ".join(found) or "-" for own, found in texts.items()}


def _output(t: SymbolicTensor) -> int:
    """The number of an output of its call; of a nested model by its layer."""
    if t.call is None:
        return t.index
    ends = t.call.model.outputs
    same = (k for k, end in enumerate(ends) if end.layer is t.layer and end.index == t.index)
    return next(same, 0)
