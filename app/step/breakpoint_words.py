"""Breakpoints in words: when one stops the run, and what it found when it did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.scenes.formula_expressions import format_number
from app.step.notation import PHASES
from app.text import number, tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.snapshots import ProgramView
    from core.breakpoints import Breakpoint

#: What a condition looks at, in the order of the form.
OF = {
    "weight-gradients": tr("a weight's gradient"),
    "gradients": tr("any gradient"),
    "weights": tr("a weight"),
    "values": tr("a value of a layer"),
    "loss": tr("the loss"),
    "everything": tr("any number"),
    "tensor": tr("this value"),
}

#: What it asks, with the sign that stands for it.
TESTS = {
    "size-above": tr("size is above"),
    "above": tr("is above"),
    "below": tr("is below"),
    "not-finite": tr("is NaN or infinite"),
    "rises": tr("goes up"),
}


def described(one: Breakpoint, program: ProgramView | None) -> str:
    """Return when a breakpoint stops the run: ``before 14: W² ← ...``, ``when |a weight's gradient| > 10``."""
    if one.kind == "layer":
        name = one.layer
        if not one.phase:
            return tr("before each pass through {layer}", layer=name)
        phase = tr(PHASES.get(one.phase, ("", one.phase))[1])
        return tr("before {layer}, {phase}", layer=name, phase=phase.lower())
    if one.kind == "instruction":
        lines = program.instructions if program is not None else ()
        known = 0 <= one.instruction < len(lines)
        title = lines[one.instruction].title if known else one.writes
        return tr("before {number}: {title}", number=one.instruction + 1, title=title)
    what = OF[one.of]
    if one.of == "tensor":
        info = program.tensors.get(one.tensor) if program is not None else None
        what = info.symbol if info is not None and info.symbol else one.tensor
    bound = number(one.value)
    return {
        "size-above": tr("when |{what}| > {bound}", what=what, bound=bound),
        "above": tr("when {what} > {bound}", what=what, bound=bound),
        "below": tr("when {what} < {bound}", what=what, bound=bound),
        "not-finite": tr("when {what} is NaN or infinite", what=what),
        "rises": tr("when {what} goes up", what=what),
    }[one.test]


def stopped(values: Mapping[str, Any], one: Breakpoint | None) -> str:
    """Return what stopped the run, from the values of ``run.stopped-at``."""
    title = str(values["title"])
    if values["value"] is None:
        return tr("Breakpoint: {title} comes next.", title=title)
    what = str(values["symbol"] or values["tensor"])
    cell = [int(k) + 1 for k in values["cell"]]
    if cell:
        what += "[" + ", ".join(map(str, cell)) + "]"
    value = format_number(float(values["value"]), 4)
    if values["before"] is not None:
        before = format_number(float(values["before"]), 4)
        return tr("{what} went up from {before} to {value}.", what=what, before=before, value=value)
    if one is None or one.test == "not-finite":
        return tr("{what} became {value}.", what=what, value=value)
    bound = number(one.value)
    if one.test == "below":
        return tr("{what} = {value}, below {bound}.", what=what, value=value, bound=bound)
    if one.test == "above":
        return tr("{what} = {value}, above {bound}.", what=what, value=value, bound=bound)
    return tr("{what} = {value}, larger in size than {bound}.", what=what, value=value, bound=bound)
