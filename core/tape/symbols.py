"""What the values of a tape are called in formulas.

A symbol is a letter, the number of its layer as an exponent, and what tells it from others of its kind: an arrow for a
direction (``h→¹``), a prime for each further call of a shared layer (``a¹′``), time steps from 1 in angle brackets
(``h¹⟨2⟩``). A gradient that comes from several places at once is the plain ``∂L/∂U¹``; what one of them gives says
through which value the loss was reached: ``∂L/∂U¹ via ⟨3⟩``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.tape.tensors import Tensor, superscript

_LETTERS = {
    "product": "u", "z": "z", "a": "a", "padded": "p", "mask": "m", "mean": "μ", "variance": "v", "normalized": "x̂",
    "scaled": "s", "mean_dy": "m", "mean_dy_x": "q", "h_new": "h′", "c_new": "c′", "update": "u", "reset": "r",
    "candidate": "ĥ", "sequence": "h", "f_c": "(f∘c)", "i_g": "(i∘g)", "u_h": "(u∘h)", "r_h": "(r∘h)",
    "one_minus_u": "(1−u)", "added": "((1−u)∘ĥ)",
    # Of merges and normalisations: turned axes, repeated branches, vectors of length 1, steps that count, sums.
    "turned": "t", "shifted": "h", "repeated": "r", "unit": "n", "counted": "c", "before": "b", "total": "s",
    "sum": "s", "masks": "M", "maximum": "b", "minimum": "b",
}  # fmt: skip

_SHORT = ("tanh", "relu", "elu", "selu", "gelu", "silu", "arctan")

#: Between a gradient and the value through which one of its parts came.
VIA = " via "

#: What follows the letter: direction, layer, call, time step.
_TAIL = re.compile(r"[→←⁰¹²³⁴⁵⁶⁷⁸⁹ˣʰ′⟨].*$")
_TIME = re.compile(r"⟨[^⟩]*⟩$")
_LAYER = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹]+")


def letter(role: str) -> str:
    """The letter of a value by its role in the layer; roles without one are their own."""
    return _LETTERS.get(role, role)


def written(head: str, number: int, mark: str = "", call: int = 0, time: str = "") -> str:
    """A symbol from its parts.

    Parameters
    ----------
    head
        The letter.
    number
        Of the layer; 0: none.
    mark
        Of an inner layer: an arrow, or the time step of the layer around it.
    call
        Of a shared layer, from 0.
    time
        The time step from 0 as text, or "".
    """
    outer = mark.startswith("⟨")
    symbol = head + ("" if outer else mark)
    symbol += (superscript(number) if number else "") + "′" * call
    symbol += mark if outer else ""
    return f"{symbol}⟨{int(time) + 1}⟩" if time.isdigit() else symbol


def of_gradient(target: Tensor) -> str:
    """What the gradient of a tensor is called: ``δ²`` of ``z²``, ``∂L/∂a¹`` of ``a¹``."""
    head = target.symbol
    if head.startswith("z") and target.role != "weight":
        return "δ" + head[1:]
    return f"∂L/∂{head}"


def letter_of(symbol: str) -> str:
    """The letter of a symbol, without layer, call and time step."""
    return _TAIL.sub("", symbol)


def applied(function: str | None, x: str) -> str:
    """What a function's value is called: ``tanh(c)``; ``φ(c)`` if its name is long."""
    return f"{function if function in _SHORT else 'φ'}({x})"


def beside(head: str, other: str) -> str:
    """`head` with the layer, call and time step of another symbol: ``m²`` beside ``x̂²``."""
    tail = _TAIL.search(other)
    return head + (tail.group() if tail else "")


def ways(target: Tensor, through: Sequence[str]) -> list[str]:
    """What parts of a gradient are told apart by: the values through which they came.

    A weight that is used at every time step has one part for each, so that the time steps alone say it. Within a
    layer its number is left out.
    """
    times = [_TIME.search(one) for one in through]
    if (
        not _TIME.search(target.symbol)
        and all(times)
        and len({t.group() for t in times if t}) == len(times)
    ):
        return [t.group() for t in times if t]
    layer = _LAYER.search(target.symbol)
    found: list[str] = []
    for one in through:
        own = _LAYER.search(one)
        if layer and own and own.group() == layer.group():
            one = one[: own.start()] + one[own.end() :]
        while one in found:
            one += "′"
        found.append(one)
    return found


def up_to(first: str, last: str) -> str:
    """The ways from one to another, of a sum that is not complete: ``⟨4…2⟩``."""
    if _TIME.fullmatch(first) and _TIME.fullmatch(last):
        return f"{first[:-1]}…{last[1:]}"
    return f"{first}…{last}"
