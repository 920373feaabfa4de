"""The terms of an update by name: what the optimizer remembered, corrected averages, the step of each weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.errors import ChainruleError
from core.kernels import state as S
from core.naming import unknown
from core.tape.tensors import Tensor

if TYPE_CHECKING:
    from core.runs.run import Run
    from core.tape.program import Program


def terms(run: Run, weight: str) -> dict[str, np.ndarray]:
    """See `core.runs.Run.terms`."""
    program, optimizer, start = run.program, run.optimizer, run.step_start
    found = next(
        (
            (k, ins)
            for k, ins in enumerate(program.tape.instructions)
            if "w" in ins.inputs and ins.inputs["w"].name == weight and ins.phase == "update"
        ),
        None,
    )
    if found is None:
        raise ChainruleError(_about(program, weight))
    index, update = found
    if start is None or (run.pc and index >= run.pc):
        raise ChainruleError(f"The step has not come to the update of {weight} yet.")
    memory = start.memory

    def before(t: Tensor) -> np.ndarray:
        values: np.ndarray = memory[t.at : t.at + t.size].reshape(t.shape).astype(np.float64)
        return values

    iteration = int(start.machine[S.ITERATION])
    rate = _rate(run, iteration, before)
    named = program.tape.tensors
    remembered = {
        name: first if iteration == 0 else float(before(named[f"optimizer/{name}"]))
        for name, first in optimizer.remembered.items()
    }
    factors = optimizer.factor_values(rate, iteration + 1, remembered)
    slots = {name: before(update.inputs[name]) for name in optimizer.slots}
    gradient = program.tensor(update.inputs["g"].name).astype(np.float64)
    given = optimizer.terms(gradient, before(update.inputs["w"]), slots, rate, factors)
    keep = 1 - rate * (optimizer.config["weight_decay"] or 0.0)
    numbers = {"rate": rate, "keep": keep, **factors}
    return {**{name: np.asarray(value) for name, value in numbers.items()}, **given}


def _about(program: Program, weight: str) -> str:
    """Why there are no terms of a weight."""
    updated = {
        ins.inputs["w"].name
        for ins in program.tape.instructions
        if ins.phase == "update" and "w" in ins.inputs
    }
    trained = [name for name in program.weights() if name in updated]
    if weight in program.weights():
        return f"{weight} is not trained, so that nothing updates it. Trained are: {', '.join(trained) or 'none'}."
    return unknown("weight that is trained", weight, trained)


def _rate(run: Run, iteration: int, before: object) -> float:
    """The rate of the step, whatever was set after it."""
    scalars, schedule = run.program.tape.scalars, run.optimizer.schedule
    assert callable(before)
    if schedule is None:
        return float(before(scalars["learning_rate"][0]))
    by_hand = float(before(scalars["learning_rate/by_hand"][0]))
    if by_hand >= 0:
        return by_hand
    epoch = int(run.program.state[S.EPOCH])
    return schedule(iteration if schedule.clock == "step" else epoch)
