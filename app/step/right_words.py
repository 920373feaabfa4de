"""What accuracy counts of one answer: which output is the largest, or on which side of the threshold it is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from app.scenes.formula_expressions import format_number, given
from app.text import number, tr

if TYPE_CHECKING:
    import numpy as np

    from app.snapshots import InstructionView
    from app.step.session import StepSession

#: The operation's ways to compare, by its attribute ``kind``.
_LABELS, _ONE_HOT, _THRESHOLD, _EQUAL = range(4)


def of_right(session: StepSession, instruction: InstructionView) -> str:
    """Say what is compared, with the numbers as soon as they are there."""
    kind = int(instruction.attributes.get("kind", _LABELS))
    limit = float(instruction.attributes.get("threshold", 0.5))
    read = _read(session, instruction, kind)
    if kind == _THRESHOLD:
        return _sides(read, limit)
    if kind == _EQUAL:
        return _equal(read)
    if read is None:
        return tr("1 where the largest output is the label, else 0.")
    outputs, target = read
    answer = int(outputs.argmax())
    shown = format_number(float(outputs[answer]), 4)
    # Neurons are counted from 1 in the drawing, classes of one number are themselves.
    if kind == _ONE_HOT:
        label = int(target.argmax())
        words = tr(
            "Output {answer} is the largest ({value}); the label is output {label}: {verdict}."
        )
        names = number(answer + 1), number(label + 1)
    else:
        label = round(float(target[0]))
        words = tr("Class {answer} is the largest ({value}); the label is {label}: {verdict}.")
        names = number(answer), number(label)
    return words.format(value=shown, answer=names[0], label=names[1], verdict=_verdict(answer == label))  # fmt: skip


def _sides(read: tuple[np.ndarray, np.ndarray] | None, limit: float) -> str:
    """On which side of the threshold an output is; targets are 0 and 1."""
    if read is None:
        return tr(
            "1 where the output is on its label’s side of {limit}, else 0.", limit=given(limit)
        )
    outputs, target = read
    if len(outputs) > 1:
        hits = int(((outputs > limit) == target).sum())
        return tr("{hits} of {count} outputs are on their label’s side of {limit}.",
                  hits=number(hits), count=number(len(outputs)), limit=given(limit))  # fmt: skip
    answer, label = int(outputs[0] > limit), float(target[0])
    shown = format_number(float(outputs[0]), 4)
    if label not in (0, 1):
        return tr(
            "The output is {value}, which counts as class {answer}. The target {target} is no class: it can only be "
            "wrong, so 0. Accuracy says nothing where numbers are predicted.",
            value=shown, answer=number(answer), target=format_number(label, 4),
        )  # fmt: skip
    return tr(
        "The output is {value}, which counts as class {answer}; the label is {label}: {verdict}.",
        value=shown, answer=number(answer), label=number(int(label)), verdict=_verdict(answer == label),
    )  # fmt: skip


def _equal(read: tuple[np.ndarray, np.ndarray] | None) -> str:
    if read is None:
        return tr("1 where the output is exactly the target, else 0.")
    outputs, target = read
    return tr("{hits} of {count} outputs are exactly their target.",
              hits=number(int((outputs == target).sum())), count=number(len(outputs)))  # fmt: skip


def _verdict(right: bool) -> str:
    return tr("right, so 1") if right else tr("wrong, so 0")


def _read(
    session: StepSession, instruction: InstructionView, kind: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """Outputs and target of the answer that is looked at: one of several where the network gives a sequence."""
    reader, cell = session.reader, session.cell
    p, t = instruction.operands.get("p", ""), instruction.operands.get("t", "")
    info, outputs, target = reader.info(p), reader.array(p), reader.array(t)
    if info is None or outputs is None or target is None or cell is None:
        return None
    if reader.state(p) != "fresh" or reader.state(t) != "fresh":
        return None
    width = info.shape[-1] if info.shape else 1
    place = 0
    for k, size in zip(cell[1], info.shape[:-1], strict=False):
        place = place * size + int(k)
    if outputs.size != math.prod(info.shape):
        return None
    lists, wanted = outputs.reshape(-1, width), target.reshape(-1, 1 if kind == _LABELS else width)
    if place >= len(lists) or place >= len(wanted):
        return None
    return lists[place], wanted[place]
