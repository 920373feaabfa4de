"""Breakpoints as data: where, or when, a run is to stop. Nothing in here needs the engine."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from core import checked
from core.errors import SettingError

#: What a condition looks at: gradients of weights or all of them, weights, what layers compute, the loss, everything
#: that instructions write, or one value by its name.
Of = Literal[
    "weight-gradients", "gradients", "weights", "values", "loss", "everything", "tensor"
]  # fmt: skip

#: What it asks of a number x, with the number v of the breakpoint: |x| > v, x > v, x < v, x is NaN or infinite; of the
#: loss alone that it is larger than at the step before.
Test = Literal["size-above", "above", "below", "not-finite", "rises"]

KINDS: tuple[str, ...] = ("instruction", "layer", "condition")
OF: tuple[str, ...] = get_args(Of)
TESTS: tuple[str, ...] = get_args(Test)


class Breakpoint(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where, or when, a run is to stop.

    Attributes
    ----------
    kind
        ``"instruction"``: before the instruction at the place `instruction`. ``"layer"``: before the first instruction
        of the layer with the id `layer`, in each phase it has or in `phase` alone. ``"condition"``: behind the
        instruction that writes a number for which `test` holds.
    writes
        What the instruction writes first: an edit of the network moves instructions, and by this it is found again.
    of, test, value, tensor
        Of a condition: see `Of` and `Test`; `tensor` is the name of the one value it looks at.
    enabled
        False for one that is kept and does not stop anything.
    """

    kind: Literal["instruction", "layer", "condition"] = "instruction"
    instruction: int = -1
    writes: str = ""
    layer: str = ""
    phase: str = ""
    of: Of = "weight-gradients"
    test: Test = "size-above"
    value: float = 0.0
    tensor: str = ""
    enabled: bool = True


def check(one: Breakpoint) -> Breakpoint:
    """Return a breakpoint if it can stop anything.

    Raises
    ------
    core.errors.SettingError
        It says nothing, or what makes no sense.
    """
    for field, known in (("kind", KINDS), ("of", OF), ("test", TESTS)):
        if getattr(one, field) not in known:
            raise SettingError(
                f"A breakpoint's {field} is one of {', '.join(known)}; it is {getattr(one, field)!r}.",
                field,
            )
    if one.kind == "instruction" and checked.whole(one.instruction) is None:
        raise SettingError(
            f"An instruction is named by its place on the tape, counted from 0; it is {one.instruction!r}.",
            "instruction",
        )
    if one.kind == "layer" and not one.layer:
        message = "A breakpoint on a layer has to say on which."
        raise SettingError(message, "layer")
    if one.kind != "condition":
        return one
    if one.of == "tensor" and not one.tensor:
        message = "A condition on one value has to name it."
        raise SettingError(message, "tensor")
    if one.test == "rises" and one.of != "loss":
        message = "Only of the loss can be said that it goes up: other values are many numbers. Choose another test."
        raise SettingError(message, "test")
    if one.test in ("size-above", "above", "below"):
        if checked.finite(one.value) is None:
            raise SettingError(f"A condition compares with a number; it is {one.value!r}.", "value")
        if one.test == "size-above" and one.value < 0:
            message = "A size is never below 0, so that this would always hold. Choose 0 or more."
            raise SettingError(message, "value")
    return one
