"""A session that changes: edits of its settings, and other runs of the project. Worker thread."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from app.engine.going import Going
from app.engine.state import Opened, RunLabel, Work
from app.engine.tree import (
    as_run,
    data_of,
    rate_of,
    replace_rate,
    same_data,
    takes_place_of,
    with_data,
)
from app.text import tr
from core import data as data_sets
from core.runs import Run, Supervisor


class Changing(Going):
    """A session that changes."""

    def edit(self, work: Work) -> None:
        """Go on with changed settings; the old run stays untouched until the new one stands."""
        old = self.work
        anew = _begins_anew(old, work)
        if not anew and work.network == old.network and self._only_live_changes(work):
            self.work = work
            if work.training.callbacks != old.training.callbacks:
                self._supervise()
            if work.training.epochs != old.training.epochs:
                self._limit = self._steps_until(work.training.epochs)
            return
        if anew and self._open_again(work):
            return
        fresh = type(self)(Work(work.network, work.training, work.data, work.parameters))
        given = self.begun or self.run.given or (not anew and self._not_drawn(fresh.run))
        if not anew and given and self.run.divergence is None:
            if self.run.position.pc:
                self.run.seek(self.run.step_count)
            fresh.run.adopt(self.run, same_samples=True)
        if anew and self._only_tried:
            # One setting after the other is tried while training goes on: each would be a run in the menu.
            fresh.run.id, fresh.run.name = self.run.id, ", ".join(anew)
            self._tried = (fresh.run.id, fresh.run.name)
        elif anew and given:
            self._keep_beside(fresh.run, ", ".join(anew))
        elif same_data(old, work):
            takes_place_of(fresh.run, self.run)
        else:
            # Nothing was done yet: it is a run of its own, whatever it was a branch of.
            fresh.run.id = self.run.id
        self.work = work
        self._open_run(fresh.run)

    def _not_drawn(self, fresh: Run) -> bool:
        """Whether the weights are others than are drawn, as those of a file: told by layers a change has left alone."""
        before = self.run.network.layers
        same = {layer.id for layer in fresh.network.layers if layer in before}
        own = self.run.program.weights()
        return any(
            name.partition("/")[0] in same
            and name in own
            and own[name].shape == drawn.shape
            and not np.array_equal(own[name], drawn)
            for name, drawn in fresh.program.weights().items()
        )

    @property
    def _only_tried(self) -> bool:
        """Whether a change began this run anew, and it has neither finished an epoch nor been named since."""
        reached = max(self.run.history.length, self.run.step_count)
        return (self.run.id, self.run.name) == self._tried and reached < self.run.batches

    def _keep_beside(self, fresh: Run, what: str) -> None:
        """Keep the run there is: what was trained with other samples, or drawn otherwise, cannot go on here."""
        fresh.id, fresh.name = self.tree.number_next(self.run), what
        self._tried = (fresh.id, fresh.name)
        self.tree.keep(self.run)
        self._news.append(
            ("run.begun-anew", {"run": fresh.id, "kept": self.run.id, "change": what})
        )

    def _open_again(self, work: Work) -> bool:
        """Open the run that was kept when settings were changed from these; True if there is one."""
        found = self.tree.find(work)
        if found is None:
            return False
        other = self.tree.take(found, work)
        if self.begun:
            self.tree.keep(self.run)
        self.work = work
        self._open_run(other)
        self._news.append(("run.opened-again", {"run": found, "step": other.step_count}))
        return True

    def take_news(self) -> list[tuple[str, dict[str, Any]]]:
        """Return what the last edits did to the runs of the project, as events."""
        found, self._news = self._news, []
        return found

    def lacks_kernels(self, work: Work) -> bool:
        """Tell whether going on with this would compile something first."""
        known = self.work
        rate = work.training.optimizer.get("learning_rate")
        live = not isinstance(rate, dict) and not isinstance(
            known.training.optimizer.get("learning_rate"), dict
        )
        same = replace_rate(known.training, rate) if live else known.training
        if work.network == known.network and as_run(work.training, same) == same:
            return False
        from app.engine import warm

        return bool(warm.missing(work.network, work.training))

    def _only_live_changes(self, work: Work) -> bool:
        """Apply what can change while running; tell whether that was all."""
        before, after = self.work.training, work.training
        rate = after.optimizer.get("learning_rate")
        if isinstance(rate, dict) or isinstance(before.optimizer.get("learning_rate"), dict):
            # A schedule is an instruction of the tape.
            return self._callbacks_fit(work) and bool(before == as_run(after, before))
        if replace_rate(before, rate) != as_run(after, before) or not self._callbacks_fit(work):
            return False
        # A rate that a callback has made smaller stays, unless the learner sets another one.
        asked = rate != before.optimizer.get("learning_rate")
        if rate is not None and asked and float(rate) != self.run.learning_rate:
            self.set("learning_rate", float(rate))
        return True

    def _callbacks_fit(self, work: Work) -> bool:
        """Say so, before anything is changed, if callbacks cannot work with this run."""
        if work.training.callbacks != self.work.training.callbacks:
            Supervisor(self.run, work.training.callbacks)
        return True

    # Several runs

    def runs(self) -> tuple[RunLabel, ...]:
        """Return all runs of the project."""
        return self.tree.labels(self.run)

    def branch(self, step: int | None = None) -> str:
        """Go on with another run from a step of the present one, which is kept; return its id."""
        made = self.run.branch(step)
        self.tree.keep(self.run)
        self._open_run(made)
        return made.id

    def switch_run(self, run: str) -> Opened:
        """Go on with another run of the project, with its own network, settings and data."""
        before = self.run.id
        if run != before:
            other = self.tree.take(run, self.work)
            self.tree.keep(self.run)
            settings = as_run(other.training, self.work.training)
            settings = replace_rate(settings, rate_of(other))
            work = replace(self.work, network=other.network, training=settings, saved=None)
            self.work = with_data(work, data_of(other))
            self._open_run(other)
        return Opened(before, self.work)


def _begins_anew(old: Work, new: Work) -> list[str]:
    """Name the changes after which nothing of what was trained can be gone on with."""
    before, after = old.training, new.training
    changes = []
    if old.data != new.data:
        changes.append(data_sets.info(new.data).title)
    elif not same_data(old, new):
        settings = data_sets.info(new.data).parameters
        changes += [
            f"{tr(setting.label).lower()} {new.parameters.get(setting.name, setting.default)}"
            for setting in settings
            if new.parameters.get(setting.name, setting.default)
            != old.parameters.get(setting.name, setting.default)
        ]
    if before.validation_split != after.validation_split:
        changes.append(tr("validation split {split}", split=f"{after.validation_split:g}"))
    if before.seed != after.seed:
        changes.append(tr("seed {seed}", seed=after.seed))
    return changes
