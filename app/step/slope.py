"""Whether a weight's gradient is the slope of the loss: not where gradients are cut, or where a rule stands for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.ops.base import operation

if TYPE_CHECKING:
    from app.snapshots import InstructionView, ProgramView

#: Gradients are cut at the windows of truncated backpropagation through time.
CUT = "cut"
#: A learning rule put a number in place of a slope.
RULE = "rule"

_last: tuple[ProgramView | None, dict[str, str]] = (None, {})


def why_not(program: ProgramView | None, weight: str) -> str:
    """Return `CUT` or `RULE`, or "" where the gradient of a weight is all of the loss's slope."""
    global _last
    if program is None:
        return ""
    if _last[0] is not program:
        # The same program stands in every snapshot: it is looked through once.
        _last = (program, {})
    known = _last[1]
    if weight not in known:
        known[weight] = _reason(program, weight)
    return known[weight]


def _reason(program: ProgramView, weight: str) -> str:
    own = program.tensors.get(weight)
    reached = _through_rules(program.instructions)
    if _whole(f"grad/{weight}") in reached:
        return RULE
    layers = {i.layer for i in program.instructions if i.op == "cut_gradient"}
    if not layers:
        return ""
    if own is not None and own.layer in layers:
        return CUT
    return CUT if _whole(weight) in _before(program.instructions, layers) else ""


def _through_rules(instructions: tuple[InstructionView, ...]) -> set[str]:
    """Gradients that come by way of a learning rule."""
    found: set[str] = set()
    for one in instructions:
        if one.phase == "backward" and (
            operation(one.op).not_the_slope
            or any(_whole(name) in found for name in one.operands.values())
        ):
            found |= {_whole(name) for name in one.writes}
    return found


def _before(instructions: tuple[InstructionView, ...], layers: set[str]) -> set[str]:
    """What the layers in which gradients are cut are computed from."""
    found: set[str] = set()
    for one in reversed(instructions):
        if one.phase == "forward" and (
            one.layer in layers or any(_whole(name) in found for name in one.writes)
        ):
            found |= {_whole(name) for name in one.operands.values()}
    return found


def _whole(name: str) -> str:
    """The tensor that a part belongs to: ``gru_1/z/3[2:4]``."""
    return name.partition("[")[0]
