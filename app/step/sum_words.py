"""Sentences that depend on where a sum or a product stands: of biases and shifts, of scales, forward and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.text import tr

if TYPE_CHECKING:
    from app.snapshots import InstructionView
    from app.step.session import StepSession

#: Of operations that mean something else on the way back than on the way forward.
_BACK = {
    "scale": "The error passes through the learned scale of its channel, as the number did on the way forward.",
    "multiply": "The error, times what its value was multiplied by: the slope of a product is its other factor.",
    "add": "A value with several uses gathers the errors of all of them.",
    "channel_mean": "What all errors of the channel share. Normalisation takes it out: the mean moves with every "
    "number.",
    "masked_channel_mean": "What the errors of the channel share, over the steps that are not padding. Normalisation "
    "takes it out: the mean moves with every number.",
    "row_mean": "What all errors of the sample share. Normalisation takes it out: the mean moves with every number.",
}  # fmt: skip

_NORMALISES = frozenset(
    {"channel_mean", "channel_variance", "masked_channel_mean", "masked_channel_variance"}
)


def of_sums(session: StepSession, instruction: InstructionView) -> str:
    """Say what is meant here; "" where the operation alone says it."""
    if instruction.op == "column_sum":
        return _bias_gradient(session, instruction)
    if instruction.op == "bias_add":
        return _added(session, instruction)
    if instruction.phase == "backward":
        return tr(_BACK.get(instruction.op, ""))
    return ""


def _added(session: StepSession, instruction: InstructionView) -> str:
    """What is added to every number of a neuron, a filter or a channel."""
    name = instruction.operands.get("b", "")
    if name.endswith("/beta"):
        return tr(
            "The learned shift is added: a channel with mean 0 gets the mean that helps most."
        )
    over = _places(session, instruction.operands.get("x", ""))
    if over == "steps":
        return tr("The bias is added, the same at every time step.")
    if over:
        return tr("The bias of the filter is added, the same at every place.")
    return ""


def _bias_gradient(session: StepSession, instruction: InstructionView) -> str:
    """The sum of errors: over samples, and over what else the same number was added to."""
    weight = instruction.writes[0].removeprefix("grad/")
    if _taken_out(session, weight):
        return tr(
            "Normalisation takes the mean out again, so this bias changes nothing: its errors add up to 0, but for "
            "rounding."
        )
    over = _places(session, instruction.operands.get("x", ""))
    if weight.endswith("/beta"):
        words = tr("A shift acts with a constant 1, so its gradient is the error of its channel")
    elif over == "places":
        words = tr("A bias acts with a constant 1, so its gradient is the error of its filter")
    else:
        words = tr("A bias acts with a constant 1, so its gradient is the neuron’s error")
    if over == "steps":
        return tr("{words}, added over the batch and all time steps.", words=words)
    if over == "places":
        return tr("{words}, added over the batch and all places.", words=words)
    if _time_steps(session, instruction.layer):
        return tr("{words} at this time step, added over the batch.", words=words)
    return tr("{words}, added over the batch.", words=words)


def _places(session: StepSession, tensor: str) -> str:
    """What a tensor has several of for each sample and channel: "steps", "places" or ""."""
    info = session.reader.info(tensor)
    if info is None or len(info.shape) < 2:
        return ""
    return "steps" if len(info.shape) == 2 and not _filters(session, info.layer) else "places"


def _filters(session: StepSession, layer: str) -> bool:
    return any("conv" in i.op or "depthwise" in i.op for i in _of_layer(session, layer))


def _time_steps(session: StepSession, layer: str) -> bool:
    """Whether a layer computes one time step after another."""
    return any(
        i.phase == "forward" and i.writes and i.writes[0].rpartition("/")[2].isdecimal()
        for i in _of_layer(session, layer)
    )


def _of_layer(session: StepSession, layer: str) -> list[InstructionView]:
    program = session.program
    return [] if program is None else [i for i in program.instructions if i.layer == layer]


def _taken_out(session: StepSession, bias: str) -> bool:
    """Whether a bias is added to what is normalised over the batch, and to nothing else."""
    program = session.program
    if program is None:
        return False
    forward = [i for i in program.instructions if i.phase == "forward"]
    sums = [
        i.writes[0] for i in forward if i.op == "bias_add" and i.operands.get("b") == bias and i.writes
    ]  # fmt: skip
    for name in sums:
        readers = {i.op for i in forward if name in i.operands.values()}
        if not readers & _NORMALISES or not readers <= _NORMALISES | {
            "normalize",
            "masked_normalize",
        }:
            return False
    return bool(sums)
