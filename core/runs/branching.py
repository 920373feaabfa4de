"""A run that goes its own way from a step of another one: the same bits, or with something changed there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from core import checked, losses, optimizers
from core.errors import ChainruleError, SettingError
from core.kernels import state as S
from core.naming import unknown
from core.spec.network import Network
from core.spec.training import Training, check_whole

if TYPE_CHECKING:
    from core.runs.run import Run

#: What may be changed besides the fields of `Training`.
_MORE = ("learning_rate", "network", "weights", "cells", "shuffle")

#: Fields of `Training` that change nothing a step does.
_ONLY_SAID = {"epochs", "callbacks"}

#: Those that change the samples: the data set is divided and written anew.
_OF_SAMPLES = {"loss", "validation_split"}


class Origin(msgspec.Struct, frozen=True):
    """Where a branch came from.

    Attributes
    ----------
    run
        The id of the run it left.
    step
        Updates both have in common.
    changes
        What was changed there, a line each: ``"batch_size: 32 → 8"``.
    """

    run: str
    step: int
    changes: tuple[str, ...] = ()


@dataclass
class _Plan:
    """Changes, sorted by what they ask for."""

    training: Training
    network: Network
    loss: Any
    told: list[str] = field(default_factory=list)
    anew: bool = False
    split: bool = False
    rate: float | None = None
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)
    cells: Mapping[tuple[str, tuple[int, ...]], float] = field(default_factory=dict)
    shuffle: bool | None = None


def branch(run: Run, step: int | None, changes: Mapping[str, Any] | None) -> Run:
    """See `core.runs.Run.branch`."""
    last = max(run.history.length, run.step_count)
    step = run.step_count if step is None else check_whole("step", step, 0)
    if not run.base <= step <= last:
        message = (
            f"The run goes from step {run.base} to step {last}; it has no step {step} to branch at."
            f"{run._why_not(step)}"
        )
        raise ChainruleError(message)
    plan = _planned(
        run, checked.dictionary(changes, "What a branch changes", '{"learning_rate": 0.1}')
    )
    made = twin(run, step)
    if plan.anew:
        made = _with_other_settings(run, made, plan)
    made.training = plan.training
    if plan.rate is not None:
        made.set("learning_rate", plan.rate)
    if plan.weights:
        made.replace_weights(dict(plan.weights))
    for (tensor, cell), value in plan.cells.items():
        made.set_weight(tensor, cell, value)
    if plan.shuffle is not None:
        made.shuffle(plan.shuffle)
    run.branches += 1
    made.id = f"{run.id}.{run.branches}"
    made.origin, made.parent = Origin(run.id, step, tuple(plan.told)), run
    made.name = ", ".join(plan.told) or f"from step {step:,}"
    return made


def twin(run: Run, step: int) -> Run:
    """A run of its own that stands after `step` steps of another one, with its past and the same bits."""
    from core.runs.run import Run

    capacity = run.program.capacity
    training = run.training
    if min(training.batch_size, len(run.samples)) != capacity:
        training = msgspec.structs.replace(training, batch_size=capacity)
    made = Run(run.network, training, run.dataset, samples=run.plain, validation=run.validation,
               loss=run.loss, budget=run.budget)  # fmt: skip
    if made.data != run.data:
        message = (
            "The data of this run were written to since it was trained on them, so its steps cannot be done again. "
            "Give fit a copy of what you go on working with: x.copy()."
        )
        raise ChainruleError(message)
    made.training, made.base, made._began = run.training, run.base, run._began
    made.checkpoints = run.checkpoints.copy(step)
    made.journal = run.journal.copy(step)
    made.history = run.history.copy()
    made.history.truncate(step)
    made.seek(step)
    return made


def _with_other_settings(run: Run, at: Run, plan: _Plan) -> Run:
    """A run with other settings that goes on from where `at` stands."""
    from core.runs.run import Run

    again = plan.split and run.dataset is not None
    made = Run(
        plan.network, plan.training, run.dataset, samples=None if again else run.plain,
        validation=run.validation, loss=plan.loss, budget=run.budget,
    )  # fmt: skip
    made.adopt(at)
    if not again:
        made.program.state[S.SHUFFLE] = at.program.state[S.SHUFFLE]
    made.begin_here(history=True)
    return made


# ---- what is asked for -----------------------------------------------------------------------------------------


def _planned(run: Run, changes: dict[str, Any]) -> _Plan:
    """Changes as settings; what cannot be changed is refused before anything is made."""
    fields = Training.__struct_fields__
    training = run.training
    plan = _Plan(training, run.network, run.loss)
    values: dict[str, Any] = {}
    optimizer = dict(training.optimizer)
    for name, value in changes.items():
        if name == "optimizer":
            optimizer = optimizers.get(value).to_config()
    for name, value in changes.items():
        whole, _, part = name.partition(".")
        if whole == "optimizer" and part:
            known = optimizers.get(dict(optimizer)).to_config()
            if part not in known or part == "kind":
                raise SettingError(
                    unknown("argument of this optimizer", part, [k for k in known if k != "kind"]),
                    name,
                )
            optimizer = {**known, part: value}
        elif name == "learning_rate":
            simple = isinstance(value, (int, float, np.integer, np.floating))
            if simple and "optimizer" not in changes:
                plan.rate = float(value)
                plan.told.append(f"learning_rate: {run.learning_rate:g} → {plan.rate:g}")
            else:
                optimizer = {**optimizer, "learning_rate": value}
        elif name == "loss":
            given = list(value) if isinstance(value, (list, tuple)) else [value]
            made = [losses.get(one) for one in given]
            values["loss"] = made[0].to_document()
            plan.loss = made if len(made) > 1 else made[0]
        elif name in fields and name != "optimizer":
            values[name] = (
                tuple(value) if name == "metrics" and not isinstance(value, str) else value
            )
        elif name not in (*fields, *_MORE):
            raise SettingError(unknown("setting of a run", name, [*_MORE, *fields]), name)
    if "shuffle" in changes:
        plan.shuffle = checked.yes_or_no("shuffle", changes["shuffle"])
        plan.told.append("shuffled" if plan.shuffle else "in the order of the data")
    if optimizer != training.optimizer:
        # A schedule given as an object becomes its document.
        values["optimizer"] = optimizers.get(dict(optimizer)).to_config()
    plan.weights, plan.cells = changes.get("weights") or {}, changes.get("cells") or {}
    if plan.weights:
        plan.told.append(
            f"{len(plan.weights)} weight{'s' if len(plan.weights) != 1 else ''} replaced"
        )
    plan.told += [
        f"{tensor}[{', '.join(map(str, cell))}] = {value:g}"
        for (tensor, cell), value in plan.cells.items()
    ]
    if changes.get("network") is not None and changes["network"] != run.network:
        plan.network, plan.anew, plan.split = changes["network"], True, True
        plan.told.append("another network")
    _set_fields(run, plan, values)
    return plan


def _set_fields(run: Run, plan: _Plan, values: dict[str, Any]) -> None:
    """Take over the fields of `Training` that are others, and say how."""
    before = run.training
    different = {name: value for name, value in values.items() if value != getattr(before, name)}
    if "validation_split" in different and run.dataset is None:
        message = (
            "validation_split divides a data set, and this run was given its samples already divided. Divide them "
            "before training."
        )
        raise SettingError(message, "validation_split")
    plan.training = msgspec.structs.replace(before, **different)
    plan.anew = plan.anew or bool(set(different) - _ONLY_SAID)
    plan.split = plan.split or bool(set(different) & _OF_SAMPLES)
    for name, value in different.items():
        plan.told.append(f"{name}: {_shown(getattr(before, name))} → {_shown(value)}")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        kind = value.get("kind") or value.get("class_name")
        rest = {k: v for k, v in value.items() if k not in ("kind", "class_name", "config")}
        rate = rest.get("learning_rate")
        return f"{kind or rest}" + (f" {rate:g}" if isinstance(rate, float) else "")
    if isinstance(value, (tuple, list)):
        return ", ".join(map(str, value)) or "none"
    return str(value)
