"""Sentences for the updates of weights: first what this optimizer does, then with which numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.scenes.formula_expressions import significant
from app.text import tr

if TYPE_CHECKING:
    from app.snapshots import InstructionView
    from app.step.session import StepSession

#: By the name of the update's operation.
UPDATES = {
    "sgd": "Gradient descent: the parameter goes against its gradient, and the farther the steeper it is.",
    "momentum": "Momentum: the gradient changes a velocity, and the parameter moves with that, as a ball that rolls.",
    "adagrad": "Adagrad: the gradient is divided by the root of all its squares so far, so that steps become shorter "
    "where gradients were large.",
    "adadelta": "Adadelta: the gradient is divided by its usual size and multiplied by the usual size of the steps.",
    "rmsprop": "RMSprop: the gradient is divided by its usual size lately, so that all parameters move about as far.",
    "adam": "Adam: the step follows m, the average of the gradients lately, divided by √v, their usual size.",
    "amsgrad": "AMSGrad: the step follows m, the average of the gradients lately, divided by the largest usual size "
    "so far.",
    "adamax": "Adamax: the step follows m, the average of the gradients lately, divided by u, the largest of them, "
    "which fades slowly.",
    "nadam": "Nadam: Adam that looks ahead: the average and the gradient of now together make the step.",
    "lion": "Lion: only the sign of the average counts, so that every parameter moves equally far.",
}
_NESTEROV = "Nesterov’s momentum: the gradient changes a velocity, and the parameter moves to where that will take it."
_ROLLING = (
    "RMSprop with momentum: the gradient, divided by its usual size lately, is added to what moves "
    "the parameter."
)


def of_update(
    session: StepSession, instruction: InstructionView, tensor: str, index: tuple[int, ...]
) -> str:
    """Say what an update does to a parameter, or to what the optimizer remembers of it."""
    rule = UPDATES.get(instruction.op, "")
    if instruction.op == "momentum" and instruction.attributes.get("nesterov"):
        rule = _NESTEROV
    if instruction.op == "rmsprop" and "momentum" in instruction.operands:
        rule = _ROLLING
    parts = [tr(rule)] if rule else []
    if "keep" in instruction.operands:
        parts.append(tr("Weight decay takes a little of the parameter away first."))
    gradient = session.reader.value(instruction.operands.get("g", ""), index)
    old = session.value(tensor, index)
    if tensor == instruction.operands.get("w") and gradient is not None and old is not None:
        words = (
            tr("The gradient is {gradient}; the parameter was {old} before this step.")
            if session.updated(tensor)
            else tr("The gradient is {gradient}; the parameter is {old} now.")
        )
        parts.append(words.format(gradient=significant(gradient), old=significant(old)))
    return " ".join(parts)
