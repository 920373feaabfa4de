"""The runs of a project besides the open one: kept while another is open, written to files, read from them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np

from app.engine.state import RunLabel, SavedState, Work
from app.text import tr
from core import data as data_sets
from core.errors import ChainruleError
from core.io import DataRef, RunNote, SavedRun
from core.runs import Origin, Run
from core.runs.run import RunState

log = logging.getLogger("chainrule.engine")

#: What reading a run that was saved by another version, or changed by hand, may raise.
UNUSABLE = (ChainruleError, KeyError, TypeError, ValueError, AttributeError, IndexError,
            OverflowError)  # fmt: skip

#: Runs that are kept as they are; of older ones only what a file would have, which is far smaller.
_WHOLE = 3


class Tree:
    """Runs by id, each whole or as a file has it."""

    def __init__(self) -> None:
        self._kept: dict[str, Run | SavedRun] = {}
        #: Until the project is closed; files have none of them.
        self._deleted: dict[str, SavedRun] = {}

    def keep(self, run: Run) -> None:
        """Hold on to a run that another takes the place of."""
        self._kept.pop(run.id, None)
        self._kept[run.id] = run
        whole = [key for key, one in self._kept.items() if isinstance(one, Run)]
        for key in whole[:-_WHOLE]:
            one = self._kept[key]
            assert isinstance(one, Run)
            self._kept[key] = packed(one)

    def take(self, key: str, work: Work) -> Run:
        """Return a run that is kept, ready to go on; it is kept no longer."""
        if key not in self._kept:
            raise ChainruleError(tr("There is no run {name} in this project.", name=repr(key)))
        one = self._kept[key]
        made = one if isinstance(one, Run) else unpacked(one, work)
        del self._kept[key]
        return made

    def look_at(self, key: str, work: Work) -> Run:
        """Return a run that is kept; it stays."""
        one = self.take(key, work)
        self.keep(one)
        return one

    def rename(self, key: str, name: str, run: Run) -> None:
        """Call a run by another name; ``run`` is the open one. No name is its number again."""
        name = " ".join(name.split())[:80]
        one = run if key == run.id else self._kept.get(key)
        if one is None:
            raise ChainruleError(tr("There is no run {name} in this project.", name=repr(key)))
        if isinstance(one, Run):
            one.name = name
        else:
            note = msgspec.structs.replace(one.note, name=name)
            self._kept[key] = SavedRun(note, one.weights, one.optimizer)

    def delete(self, key: str) -> None:
        """Leave out a run that is not open; `undelete` brings it back."""
        if key not in self._kept:
            raise ChainruleError(
                tr("Only another run of this project can be deleted, not {name}.", name=repr(key))
            )
        one = self._kept.pop(key)
        self._deleted[key] = packed(one) if isinstance(one, Run) else one

    def undelete(self, key: str) -> None:
        """Take back that a run was deleted."""
        if key not in self._deleted:
            raise ChainruleError(
                tr(
                    "There is no run {name} that was deleted since the project was opened.",
                    name=repr(key),
                )
            )
        self._kept[key] = self._deleted.pop(key)

    def find(self, work: Work) -> str | None:
        """Return the id of the run that was kept last of those with this network, these settings and these data."""
        for key, one in reversed(self._kept.items()):
            network, training, data = (
                (one.network, one.training, data_of(one))
                if isinstance(one, Run)
                else (one.note.network, one.note.training, one.note.data)
            )
            if data is not None and not same_data(with_data(work, data), work):
                continue
            alike = replace_rate(training, work.training.optimizer.get("learning_rate"))
            if network != work.network or as_run(work.training, alike) != alike:
                continue
            run = one if isinstance(one, Run) else unpacked(one, work)
            self._kept[key] = run
            if rate_of(run) == work.training.optimizer.get("learning_rate"):
                return key
        return None

    def number_next(self, run: Run) -> str:
        """Return the id of a run that begins anew beside the others, ``run`` being the open one."""
        return str(1 + max(_places(key)[0] for key in (run.id, *self._kept, *self._deleted)))

    def labels(self, run: Run) -> tuple[RunLabel, ...]:
        """Return all runs in the order of their branches, ``run`` being the open one."""
        found = [RunLabel(run.id, named(run.id, run.name), True, run.name)]
        for key, one in self._kept.items():
            name = one.name if isinstance(one, Run) else one.note.name
            found.append(RunLabel(key, named(key, name), False, name))
        return tuple(sorted(found, key=lambda label: _places(label.id)))

    def saved(self) -> tuple[SavedRun, ...]:
        """Return what a file holds of them."""
        return tuple(
            packed(one) if isinstance(one, Run) else one
            for _, one in sorted(self._kept.items(), key=lambda item: _places(item[0]))
        )

    def restore(self, saved: tuple[SavedRun, ...], work: Work) -> None:
        """Hold what a file held, `work` being that of its open run; a run is made of it when it is opened."""
        data = DataRef(work.data, dict(work.parameters))
        self._kept = {}
        for one in saved:
            note = msgspec.structs.replace(one.note, data=one.note.data or data)
            self._kept[one.note.id] = SavedRun(note, one.weights, one.optimizer)


def packed(run: Run) -> SavedRun:
    """Return what a file holds of a run."""
    weights, optimizer, raw = state_of(run)
    origin = run.origin or Origin("", 0)
    note = RunNote(
        id=run.id, name=run.name, parent=origin.run, step=origin.step, changes=origin.changes,
        training=run.training, network=run.network, data=data_of(run), run=raw,
    )  # fmt: skip
    return SavedRun(note, weights, optimizer)


def unpacked(saved: SavedRun, work: Work) -> Run:
    """Return the run of a file; one that does not say on which data was trained on those of `work`."""
    note = saved.note
    on = work if note.data is None else with_data(work, note.data)
    made = run_of(Work(note.network, note.training, on.data, on.parameters))
    made = resumed(made, saved.weights, saved.optimizer, note.run)
    made.id, made.name = note.id, note.name
    made.origin = Origin(note.parent, note.step, note.changes) if note.parent else None
    return made


def run_of(work: Work) -> Run:
    """Return a new run of this work."""
    dataset = data_sets.load(work.data, **dict(work.parameters))
    return Run(work.network, work.training, dataset)


def data_of(run: Run) -> DataRef:
    """Return on which data set a run is trained."""
    dataset = run.dataset
    return DataRef(dataset.info.id, dict(dataset.parameters))


def with_data(work: Work, data: DataRef) -> Work:
    """Return the same work on a data set; as it is if it means this one already."""
    other = replace(work, data=data.id, parameters=dict(data.parameters))
    return work if same_data(work, other) else other


def same_data(one: Work, other: Work) -> bool:
    """Tell whether both are about the same samples: a parameter that is left out has its default."""
    return one.data == other.data and _parameters(one) == _parameters(other)


def _parameters(work: Work) -> dict[str, Any]:
    return {s.name: s.default for s in data_sets.info(work.data).parameters} | dict(work.parameters)


def state_of(run: Run) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, Any]]:
    """Return weights, the other arrays, and everything else of a run as JSON values."""
    state, arrays = run.save_state()
    raw = msgspec.to_builtins(state)
    epochs = raw.pop("epochs")
    raw |= {"history": {"epochs": epochs}, "id": run.id, "name": run.name, "branches": run.branches}
    if run.origin is not None:
        raw["origin"] = msgspec.to_builtins(run.origin)
    return run.program.weights(), {name: array.copy() for name, array in arrays.items()}, raw


def resumed(
    made: Run,
    weights: Mapping[str, np.ndarray],
    optimizer: Mapping[str, np.ndarray],
    raw: Mapping[str, Any],
) -> Run:
    """Return the run standing where the saved one stood, or a new one with its weights if it is of another version."""
    if not raw:
        # Weights and nothing else: a network that was trained elsewhere.
        made.start_from(fitting(made, weights))
        return made
    told = dict(raw)
    try:
        history = told.pop("history", None) or {}
        told["journal"] = told.get("journal") or []
        told["epochs"] = history.get("epochs", [])
        made.load_state(msgspec.convert(told, RunState), dict(optimizer))
    except UNUSABLE as error:
        # The tape of another version has other places; weights go by name.
        log.warning("the run is resumed from its weights alone: %s", error)
        made = Run(made.network, made.training, made.dataset)
        made.start_from(fitting(made, weights))
    _name(made, raw)
    return made


def fitting(run: Run, weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return those weights that a run has a place for."""
    known = {slot.tensor.name: slot.tensor.shape for slot in run.program.tape.weights}
    return {name: array for name, array in weights.items() if known.get(name) == array.shape}


def _name(run: Run, raw: Mapping[str, Any]) -> None:
    """Give a run the place in the tree that a file says it had, if it says something that can be."""
    key, name, branches, origin = (raw.get(k) for k in ("id", "name", "branches", "origin"))
    if isinstance(key, str) and _places(key):
        run.id = key
    if isinstance(name, str):
        run.name = name
    if isinstance(branches, int) and not isinstance(branches, bool) and branches >= 0:
        run.branches = branches
    try:
        run.origin = msgspec.convert(origin, Origin) if origin is not None else None
    except msgspec.ValidationError:
        run.origin = None


def rate_of(run: Run) -> Any:
    """Return the learning rate as it was set last: a schedule of the settings, or a number."""
    rate = run.training.optimizer.get("learning_rate")
    for entry in reversed(run.journal.entries):
        if (
            entry.kind == "scalar"
            and entry.name == "learning_rate"
            and entry.step <= run.step_count
        ):
            return rate if isinstance(rate, dict) else entry.value
    return rate


def replace_rate(training: Any, rate: Any) -> Any:
    """Return the training settings with another learning rate."""
    if rate is None or "learning_rate" not in training.optimizer:
        return training
    return msgspec.structs.replace(
        training, optimizer={**training.optimizer, "learning_rate": rate}
    )


def as_run(training: Any, before: Any) -> Any:
    """Return the settings without what changes no step: how far to train, and what looks on."""
    return msgspec.structs.replace(training, epochs=before.epochs, callbacks=before.callbacks)


def takes_place_of(new: Run, old: Run) -> None:
    """Let a run made of an edit be the same one in the tree."""
    new.id, new.name, new.branches = old.id, old.name, old.branches
    new.origin, new.parent = old.origin, old.parent


def _places(key: str) -> tuple[int, ...]:
    parts = key.split(".")
    return tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else ()


def named(key: str, name: str) -> str:
    """Return what a run is called on the screen."""
    return tr("Run {id}: {name}", id=key, name=name) if name else tr("Run {id}", id=key)


def saved_state(run: Run, tree: Tree) -> SavedState:
    """Return what a project file holds of the open run and of the others."""
    weights, optimizer, raw = state_of(run)
    return SavedState(weights=weights, optimizer=optimizer, run=raw, others=tree.saved())
