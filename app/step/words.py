"""One sentence about an instruction, in words and with its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.scenes.formula_expressions import format_number
from app.text import tr

if TYPE_CHECKING:
    from app.step.session import StepSession

_GENERAL = {
    "gather": "The next batch is copied from the data set; every row is one sample.",
    "matmul": "Each value feeding in is multiplied by the weight of its edge, and the products are added up.",
    "bias_add": "The bias is added: it moves the point at which the neuron starts to respond.",
    "tanh": "tanh squeezes the weighted sum into the range from −1 to 1; near 0 it is almost a straight line.",
    "sigmoid": "The sigmoid squeezes the weighted sum into the range from 0 to 1; its slope is never more than 0.25.",
    "relu": "Positive sums pass unchanged, negative ones become 0.",
    "softmax": "Exponentials divided by their sum: positive numbers that add up to 1.",
    "conv2d": "The filter is laid over a patch of its input; products of pixels and weights are added up.",
    "max_pool": "Only the largest value of each patch goes on.",
    "tanh_grad": "The error of the neuron's output, times the slope of tanh where the neuron stands.",
    "sigmoid_grad": "The error of the neuron's output, times the slope of the sigmoid where the neuron stands.",
    "relu_grad": "The error passes where the neuron was on; where it was off the slope is 0.",
    "matmul_input_grad": "The errors of the neurons this one feeds come back through the same weights, added up.",
    "column_sum": "A bias acts with a constant 1, so its gradient is the neuron's error, added over the batch.",
}  # fmt: skip


def sentence(session: StepSession, answer: Any) -> str:
    """Return what the instruction does to the selected number."""
    instruction, cell = session.instruction, session.cell
    if instruction is None or cell is None:
        return ""
    tensor, index = cell
    if tensor.startswith("grad/") and tensor.endswith("/kernel") and len(index) == 2:
        words = _weight(session, tensor, index)
        if words:
            return words
    if instruction.phase == "update":
        return _update(session, tensor, index)
    if instruction.phase == "loss":
        return tr(
            "One number says how wrong the outputs are; everything that follows makes it smaller."
        )
    general = _GENERAL.get(instruction.op, "")
    return tr(general) if general else ""


def _weight(session: StepSession, tensor: str, index: tuple[int, ...]) -> str:
    """Why a weight will be raised or lowered."""
    program = session.program
    gradient = session.reader.value(tensor, index)
    if gradient is None or program is None:
        return ""
    weight = tensor.removeprefix("grad/")
    before = session.weight_before(weight, index)
    instruction = session.instruction
    assert instruction is not None
    x, dz = instruction.operands.get("x", ""), instruction.operands.get("dy", "")
    value, error = (
        session.value(x, (session.row, index[0])),
        session.value(dz, (session.row, index[1])),
    )
    verb = tr("lower") if gradient > 0 else tr("raise")
    words = ""
    if value is not None and error is not None and session.rows == 1:
        signs = {True: tr("positive"), False: tr("negative")}
        words = tr(
            "The value feeding in is {x} and the neuron's error is {error}, so the update will {verb} this weight",
            x=signs[value > 0], error=signs[error > 0], verb=verb,
        )  # fmt: skip
    else:
        words = tr("Over the whole batch the loss {trend} with this weight, so the update will {verb} it",
                   trend=tr("grows") if gradient > 0 else tr("falls"), verb=verb)  # fmt: skip
    optimizer = session.context.document.training.optimizer
    name = str(optimizer.get("kind", "")).lower()
    rate = session.snapshot.scalars.get("learning_rate") if session.snapshot is not None else None
    update = next((i.index for i in program.instructions if weight in i.writes), None)
    plain = name == "sgd" and not float(optimizer.get("momentum", 0) or 0)
    if plain and rate is not None and before is not None and update is not None:
        words += tr(
            " from {old} to {new} (op {number})",
            old=format_number(before, 3), new=format_number(before - rate * gradient, 3), number=update + 1,
        )  # fmt: skip
    return words + "."


def _update(session: StepSession, tensor: str, index: tuple[int, ...]) -> str:
    old = session.weight_before(tensor, index)
    gradient = session.reader.value(f"grad/{tensor}", index)
    if old is None or gradient is None:
        return tr("The parameter takes one step against its gradient.")
    return tr(
        "The gradient is {gradient}, so the step goes the other way: the parameter was {old} before this step.",
        gradient=format_number(gradient, 4), old=format_number(old, 4),
    )  # fmt: skip
