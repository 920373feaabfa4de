"""The way an optimizer takes over a surface: every position, loss, gradient and term of its steps.

The rule is the one of `core.optimizers` (`Optimizer.rule`), compiled for the same register machine as the surface; all
steps run without returning to Python. ``x`` and ``y`` are one variable of two numbers: a norm that clips is of both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from core import optimizers
from core.errors import SettingError
from core.landscape.heights import Surface
from core.landscape.program import Rule, of_rule
from core.optimizers import Optimizer

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

#: Longer ways are refused: of each step about 200 bytes are kept.
MOST_STEPS = 100_000
#: Steps between two questions whether to go on.
_CHUNK = 2_000
#: Plans of longer ways are not kept: they are large.
_KEPT = 10_000
_CLIPPING = {"": 0, "clipnorm": 1, "global_clipnorm": 1, "clipvalue": 2}
_WHY = ("", "diverged", "hole")


class StoppedError(Exception):
    """A way was left off because something else had to be done: nothing is wrong with it."""


@dataclass(frozen=True, eq=False)
class Trajectory:
    """The way of one optimizer. Arrays are read-only.

    Attributes
    ----------
    positions
        (steps + 1, 2), the first is the start. Of a curve the second number stays 0.
    losses
        (steps + 1,), height at each position; of a regression the loss of all samples.
    gradients
        (steps + 1, 2), slopes at each position, of the step's batch and before they are clipped; at the last position
        those of all samples.
    terms
        Of the update from position k to k + 1: ``g`` (the gradient as it is used, after clipping), ``rate``, ``keep``
        (what weight decay leaves of the position), the numbers that both axes share (``effective_rate``,
        ``mean_correction``, ...), and every line of the rule (``velocity``, ``m``, ``v``, ..., ``step``). (steps, 2),
        or (steps,) of what both axes share.
    left
        Position from which the optimizer is gone, or None. Rows behind it are NaN, as is the loss there. Into a hole
        the position itself is still told, so that the place can be marked.
    why
        "diverged": the position is not finite or beyond 10¹², or the loss or its slope is infinite; "hole": the
        formula has no value, or no slope; "" as long as it is not gone.
    batches
        (steps, batch), which samples each step saw, or None if all.
    """

    positions: Floats
    losses: Floats
    gradients: Floats
    terms: dict[str, Floats]
    left: int | None
    why: str
    batches: npt.NDArray[np.int64] | None


def trajectory(
    surface: Surface,
    optimizer: Optimizer | str | dict[str, Any],
    start: Sequence[float],
    steps: int,
    *,
    batch_size: int | None = None,
    seed: int = 0,
    bias_correction: bool = True,
    go_on: Callable[[], bool] | None = None,
) -> Trajectory:
    """Let an optimizer run from `start`.

    Parameters
    ----------
    surface
        What it runs over.
    optimizer
        A name, a document ``{"kind": "Adam", "learning_rate": 0.08}`` or an object, of which only the arguments are
        read: what it has done before does not count, and it is not changed.
    start
        (x, y); the second number of a curve's start does not matter.
    steps
        How many, up to `MOST_STEPS`.
    batch_size
        Samples of each step, where the surface has samples; None for all. Of other surfaces, and if there are no more
        samples than that, every step sees everything.
    seed
        Of the order of samples: they are shuffled anew in each epoch and taken one after the other. All who share a
        seed see the same order, and with an equal batch size the same batches.
    bias_correction
        False leaves the corrections of Adam, AdamW, Adamax and Nadam out; others have none.
    go_on
        Asked every few thousand steps.

    Raises
    ------
    core.errors.SettingError
        There is no such optimizer, or an argument is out of its range.
    StoppedError
        `go_on` answered False.
    """
    import numpy as np

    from core.kernels import landscape as machine

    optimizer = optimizers.get(optimizer)
    x, y = _checked_start(start)
    steps = _whole(steps, "steps", 0, MOST_STEPS)
    seed = _whole(seed, "seed", 0, 2**63 - 1)
    count = 0 if surface.samples is None else len(surface.samples.u)
    batch = 0 if batch_size is None else _whole(batch_size, "batch_size", 1, 2**31)
    batch = batch if 0 < batch < count else 0

    made = _Made(type(optimizer), repr(optimizer.config), steps, batch, count, bias_correction, optimizer)  # fmt: skip
    # A race is run again and again while its start is dragged: what does not hang on that is kept.
    plan = _kept_plan(made) if steps <= _KEPT else _plan(made)
    rule, rates, keep = plan.rule, plan.rates, plan.keep
    code, numbers = plan.code
    axes = len(surface.variables)
    registers = np.zeros((rule.program.registers, 1, 2))
    for k, remembered in enumerate(rule.slots.values()):
        registers[3 + len(plan.shared) + k] = remembered
    limit = float(optimizer.config[optimizer.clipping]) if optimizer.clipping else 0.0

    positions, gradients = np.full((steps + 1, 2), np.nan), np.full((steps + 1, 2), np.nan)
    losses, batches = np.full(steps + 1, np.nan), np.zeros((steps, batch), np.int64)
    terms = np.full((steps, 1 + len(rule.told), 2), np.nan)
    if axes == 1:
        y, terms[..., 1] = 0.0, 0.0  # the kernel writes the first axis alone
    positions[0] = x, y
    told = np.array([0, *rule.program.results], np.int64)
    ended, at = 0, 0
    for first in range(0, max(steps, 1), _CHUNK):
        if go_on is not None and not go_on():
            raise StoppedError("This race was left off because something else had to be done.")
        ended, at = machine.race(
            *surface.arrays, surface.registers(), code, numbers, rule.program.first, told, registers,
            axes, rates, keep, plan.factors, _CLIPPING[optimizer.clipping], limit, seed, batches,
            positions, losses, gradients, terms, first, min(first + _CHUNK, steps),
        )  # fmt: skip
        if ended:
            break

    named = {name: terms[:, k] for k, name in enumerate(("g", *rule.told))}
    # Views, because those who share the plan compute with arrays that can be written.
    alone = {name: one.view() for name, one in {"rate": rates, "keep": keep, **plan.shared}.items()}
    left = at if ended else None
    if left is not None:
        positions[left + (_WHY[ended] == "hole" and not np.isnan(positions[left]).any()) :] = np.nan
        losses[left:], gradients[left:], terms[left:] = np.nan, np.nan, np.nan
        alone = {name: _until(column, left) for name, column in alone.items()}
    found = {"g": named.pop("g"), **alone, **named}
    for array in (positions, losses, gradients, batches, *found.values()):
        array.flags.writeable = False
    return Trajectory(
        positions, losses, gradients, found, left, _WHY[ended], batches if batch else None
    )


@dataclass(frozen=True)
class _Made:
    """What a plan is made of; equal ones have the same plan.

    Attributes
    ----------
    kind, config
        Of the optimizer.
    steps, batch, samples
        How many steps, samples in each (0: all), and samples of the surface.
    corrected
        Whether the bias of averages is corrected.
    optimizer
        The one that was given.
    """

    kind: type[Optimizer]
    config: str
    steps: int
    batch: int
    samples: int
    corrected: bool
    optimizer: Optimizer = field(compare=False)


@dataclass(frozen=True, eq=False)
class _Plan:
    """What an optimizer computes with wherever it runs.

    Attributes
    ----------
    rule, code
        The rule as a program, and as arrays.
    rates, keep
        (steps,), the learning rate, and what weight decay leaves of the position.
    shared
        Numbers that both axes share by name, (steps,).
    factors
        The same as the kernel takes them, (steps, numbers).
    """

    rule: Rule
    code: tuple[Any, Any]
    rates: Floats
    keep: Floats
    shared: dict[str, Floats]
    factors: Floats


def _plan(made: _Made) -> _Plan:
    import numpy as np

    optimizer = made.optimizer
    rates = _rates(optimizer, made.steps, made.batch, made.samples)
    shared = _shared(optimizer, rates, corrected=made.corrected)
    rule = of_rule(optimizer, tuple(shared))
    factors = np.zeros((made.steps, len(shared)))
    for k, column in enumerate(shared.values()):
        factors[:, k] = column
    keep = 1 - rates * (optimizer.config["weight_decay"] or 0.0)
    return _Plan(rule, rule.program.arrays(), rates, keep, shared, factors)


_kept_plan = lru_cache(maxsize=2 * 16)(_plan)


def _until(column: Floats, left: int) -> Floats:
    """The numbers of the steps that were made."""
    import numpy as np

    found = column.copy()
    found[left:] = np.nan
    return found


def _rates(optimizer: Optimizer, steps: int, batch: int, samples: int) -> Floats:
    """The learning rate of every step; an epoch is as many as go through all samples."""
    import numpy as np

    schedule = optimizer.schedule
    if schedule is None:
        return np.full(steps, float(optimizer.config["learning_rate"]))
    from core.kernels import landscape as machine
    from core.kernels import state
    from core.ops.base import operation
    from core.tape.table import table

    kernels = table(np.float64)
    number = kernels.number(operation(schedule.operation).kernel)
    address = int(kernels.addresses(np.array([number]))[0])
    epochs = np.arange(steps, dtype=np.int64)
    if batch:
        epochs = epochs * batch // samples
    found = np.empty(steps)
    # Where the rate goes, and the rate that was set by hand: none.
    memory, integers = np.array([0.0, -1.0]), np.array([0, 1, int(schedule.clock == "epoch")])
    reals = np.array([float(one) for one in schedule.numbers()] or [0.0])
    machine.rates(address, memory, integers, reals, np.zeros(state.SIZE, np.int64), epochs, found)
    return found


def _shared(optimizer: Optimizer, rates: Floats, *, corrected: bool) -> dict[str, Floats]:
    """The numbers that both axes share, of every step."""
    import numpy as np

    steps = len(rates)
    if not optimizer.factors:
        return {}
    made = optimizer.factor_values if corrected else optimizer.uncorrected
    if not optimizer.remembered:
        found = made(rates, np.arange(1.0, steps + 1), {})  # type: ignore[arg-type]
        return {name: np.broadcast_to(column, steps).copy() for name, column in found.items()}
    columns: dict[str, list[float]] = {}
    before = dict(optimizer.remembered)
    for k, rate in enumerate(rates.tolist()):
        found = made(rate, k + 1, before)
        before = {name: found[name] for name in before}
        for name, value in found.items():
            columns.setdefault(name, []).append(value)
    return {name: np.array(column) for name, column in columns.items()}


def _checked_start(start: Sequence[float]) -> tuple[float, float]:
    try:
        x, y = (float(one) for one in start)
    except (TypeError, ValueError):
        x = y = math.nan
    if not (abs(x) <= 1e12 and abs(y) <= 1e12):
        raise SettingError(
            f"A start is two numbers, (x, y), within 10¹² of 0; it is {start!r}.", "start"
        )
    return x, y


def _whole(value: Any, name: str, least: int, most: int) -> int:
    whole = hasattr(value, "__index__") and not isinstance(value, bool)
    if not whole or not least <= int(value) <= most:
        raise SettingError(
            f"{name} must be a whole number from {least:,} to {most:,}; it is {value!r}.", name
        )
    return int(value)
