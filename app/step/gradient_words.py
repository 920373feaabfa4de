"""What the gradient of a weight between two layers says, and what its update will make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from app.scenes.formula_expressions import format_number
from app.step.slope import CUT, RULE, why_not
from app.text import tr

if TYPE_CHECKING:
    from app.snapshots import InstructionView
    from app.step.session import StepSession

#: Updates in which earlier gradients move the weight, too: it may go against what this gradient says.
_ROLLING = frozenset({"momentum", "adam", "amsgrad", "adamax", "nadam", "lion"})


def of_weight(session: StepSession, answer: Any, tensor: str, index: tuple[int, ...]) -> str:
    """Say which way the loss goes with a weight, and how the weight moves; "" where that is not known yet."""
    gradient = session.reader.value(tensor, index)
    program, instruction = session.program, session.instruction
    if gradient is None or program is None or instruction is None or not np.isfinite(gradient):
        return ""
    weight = tensor.removeprefix("grad/")
    why = why_not(program, weight)
    if why == RULE:
        says = tr(
            "A rule puts this number in place of a slope: the value feeding in, times the error"
        )
    elif gradient == 0:
        says = _nothing(session, answer, index)
    else:
        says = _trend(session, index, gradient, why == CUT)
    update = next(
        (i for i in program.instructions if i.phase == "update" and weight in i.writes), None
    )
    return says + (_moves(session, update, tensor, index, gradient) if update is not None else ".")


def _trend(session: StepSession, index: tuple[int, ...], gradient: float, cut: bool) -> str:
    """Which way the loss goes with the weight: the sign of a gradient that is not 0."""
    trend = tr("grows") if gradient > 0 else tr("falls")
    if cut:
        return tr(
            "Gradients are cut at the windows of time: as far as they reach, the loss {trend} with this weight",
            trend=trend,
        )  # fmt: skip
    value, error = _pair(session, index)
    # Both have a sign, and it is their product: not where a number is too small for that.
    if value is not None and error is not None and (value > 0) == (error * gradient > 0):
        signs = {True: tr("positive"), False: tr("negative")}
        return tr(
            "The value feeding in is {x} and the neuron’s error is {error}, so the loss {trend} with this weight",
            x=signs[value > 0], error=signs[error > 0], trend=trend,
        )  # fmt: skip
    return tr("Over the whole batch the loss {trend} with this weight", trend=trend)


def _pair(session: StepSession, index: tuple[int, ...]) -> tuple[float | None, float | None]:
    """What the gradient is the product of, where it is that of one sample: what feeds in, and the error."""
    instruction = session.instruction
    assert instruction is not None
    if session.rows != 1 or instruction.op != "matmul_weight_grad":
        return None, None
    x, dz = instruction.operands.get("x", ""), instruction.operands.get("dy", "")
    value = session.value(x, (session.row, index[0]))
    error = session.value(dz, (session.row, index[1]))
    return value or None, error or None


def _nothing(session: StepSession, answer: Any, index: tuple[int, ...]) -> str:
    """Why a gradient is 0: what feeds in is, or the error is, or neither."""
    instruction = session.instruction
    assert instruction is not None
    numbers = getattr(answer, "numbers", None) or {}
    if getattr(answer, "instruction", None) != instruction.index:
        numbers = {}
    fed = _numbers(numbers, instruction.operands.get("x", ""), index[0])
    errors = _numbers(numbers, instruction.operands.get("dy", ""), index[1])
    one = session.rows == 1 and len(fed) == 1
    if instruction.op == "matmul_weight_grad" and fed and not any(fed):
        return (
            tr("The value feeding in is 0, so this weight has no part in the error: its gradient is 0")
            if one
            else tr(
                "The value feeding in is 0 everywhere in this batch, so this weight has no part in the error: "
                "its gradient is 0"
            )
        )  # fmt: skip
    if instruction.op == "matmul_weight_grad" and errors and not any(errors):
        return (
            tr("The neuron’s error is 0, and so is the gradient of this weight")
            if one
            else tr("The neuron’s error is 0 everywhere in this batch, and so is the gradient of this weight")
        )  # fmt: skip
    return tr("The gradient of this weight is 0: a small change of it does not change the loss")


def _numbers(
    numbers: dict[tuple[str, tuple[int, ...]], float], tensor: str, at: int
) -> list[float]:
    return [v for (name, cell), v in numbers.items() if name == tensor and cell and cell[-1] == at]


def _moves(
    session: StepSession, update: InstructionView, tensor: str, index: tuple[int, ...], gradient: float
) -> str:  # fmt: skip
    """What the update makes of the gradient: the numbers where it is the plain step against it."""
    number, counted = update.index + 1, []
    if update.operands.get("g") != tensor:
        counted.append(tr("the clipping of gradients"))
    if update.op in _ROLLING or "momentum" in update.operands:
        counted.append(tr("earlier gradients"))
    if "keep" in update.operands:
        counted.append(tr("weight decay"))
    if counted:
        told = tr("{some} and {last}", some=", ".join(counted[:-1]), last=counted[-1])
        return tr(
            ". Which way the weight moves, and how far, is worked out in op {number}, with {counted}.",
            number=number, counted=told if len(counted) > 1 else counted[0],
        )  # fmt: skip
    if update.op != "sgd":
        return tr(". How far the weight moves is worked out in op {number}.", number=number)
    return _plainly(session, update, tensor.removeprefix("grad/"), index, gradient)


def _plainly(
    session: StepSession, update: InstructionView, weight: str, index: tuple[int, ...], gradient: float
) -> str:  # fmt: skip
    """``w ← w − η g``, worked out as the kernel does it."""
    before, number = session.value(weight, index), update.index + 1
    rate = session.snapshot.scalars.get("learning_rate") if session.snapshot is not None else None
    if before is None:
        before = session.weight_before(weight, index)
    if before is None or rate is None:
        return "."
    after = float(np.float32(before) - np.float32(rate) * np.float32(gradient))
    if after == np.float32(before):
        if gradient == 0:
            return tr(
                ". The update (op {number}) leaves it at {old}.",
                number=number,
                old=format_number(before, 3),
            )
        return tr(". The step is too small for a number of this size: the update (op {number}) leaves it at {old}.",
                  number=number, old=format_number(before, 3))  # fmt: skip
    verb = tr("raise") if after > before else tr("lower")
    texts = next(
        (pair for d in range(3, 9) if (pair := (format_number(before, d), format_number(after, d)))[0] != pair[1]),
        None,
    )  # fmt: skip
    if texts is None:
        return tr(
            ", so the update will {verb} it a little (op {number}).", verb=verb, number=number
        )
    return tr(", so the update will {verb} it from {old} to {new} (op {number}).",
              verb=verb, old=texts[0], new=texts[1], number=number)  # fmt: skip
