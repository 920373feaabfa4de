"""What the worker works with: one run, the programs that look at it, and snapshots of both. Worker thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from app.engine import lenses, second_thread
from app.engine.comparing import Comparing, beside
from app.engine.epochs import EpochMeter, is_measured
from app.engine.evaluating import Evaluator
from app.engine.explaining import explain
from app.engine.health import HealthMeter
from app.engine.histories import HistoryMaker
from app.engine.lenses import Lens
from app.engine.looking import SampleLooker, page_of, plane_of
from app.engine.probing import read, reduce, split
from app.engine.state import Opened, RunLabel, SavedState, Work
from app.engine.tree import (
    Tree,
    as_run,
    data_of,
    rate_of,
    replace_rate,
    resumed,
    run_of,
    same_data,
    saved_state,
    takes_place_of,
    with_data,
)
from app.snapshots import (
    EvaluationView,
    InstructionView,
    PredictionPage,
    Probe,
    ProgramView,
    Snapshot,
    TensorView,
)
from app.text import tr
from core import data as data_sets
from core.callbacks.early_stopping import EarlyStopping
from core.errors import ChainruleError
from core.runs import Position, Run, Supervisor
from core.tape import helper

if TYPE_CHECKING:
    from core.runs import Divergence
    from core.runs.supervising import Happening

_serials = iter(range(1, 1 << 62))


class Session:
    """A run and everything that is derived from it.

    Parameters
    ----------
    work
        What to run.

    Raises
    ------
    core.errors.ChainruleError
        When it cannot run; nothing is left behind.
    """

    def __init__(self, work: Work) -> None:
        self.work = work
        self._sample = SampleLooker()
        self._page_wanted = (0, 24, False)
        self.tree = Tree()
        #: Id and name of the run that the last change began anew.
        self._tried = ("", "")
        self._news: list[tuple[str, dict[str, Any]]] = []
        self._open_run(run_of(work))
        if work.saved is not None:
            self._resume(work.saved)

    def _open_run(self, run: Run) -> None:
        self.run = run
        self.info = data_sets.info(data_of(run).id)
        # Kept apart: while a run seeks it works with a flag of its own, which must not be raised.
        self._control = run.program.control
        self._program_view = _program_view(run)
        self._history = HistoryMaker()
        self._health = HealthMeter()
        self._evaluator: Evaluator | None = None
        self.meter = EpochMeter()
        self.evaluation_view: EvaluationView | None = None
        self._predict: Lens | None = None
        self._plane: Lens | None = None
        self._page: PredictionPage | None = None
        self._page_key: tuple[Any, ...] = ()
        self._plane_values: dict[str, np.ndarray] = {}
        self._plane_view = plane_of(run, self.info)
        self._sample.open(run, self.info)
        self._changes = 0
        self._limit = self._steps_until(self.work.training.epochs)
        self._supervise()

    def _supervise(self) -> None:
        self._supervisor = Supervisor(self.run, self.work.training.callbacks)
        #: What was measured for callbacks so far, and of what.
        self._measuring: tuple[tuple[int, int, int], Iterator[dict[str, float]]] | None = None
        self._measured: dict[str, float] | None = None
        self._happenings: list[Happening] = []

    def close(self) -> None:
        """Stop what is running."""
        self.interrupt()

    def interrupt(self) -> None:
        """End a slice of training early. Any thread."""
        self._control[0] = 1

    # Where it stands

    @property
    def position(self) -> Position:
        """Step, epoch, batch and program counter."""
        return self.run.position

    @property
    def epoch(self) -> int:
        """Completed epochs."""
        return int(self.run.position.epoch)

    @property
    def total_steps(self) -> int:
        """Steps the run is set to take."""
        return int(self.work.training.epochs * self.run.batches)

    @property
    def epochs_planned(self) -> int:
        """After how many epochs the run will have taken them."""
        position = self.run.position
        left = self._limit - (position.step - position.batch)
        return int(position.epoch - (-left // self.run.batches))

    def _steps_until(self, epochs: int) -> int:
        """Return the step at which that many epochs are complete, but none that was passed already."""
        position = self.run.position
        missing = (epochs - position.epoch) * self.run.batches
        return int(max(position.step, position.step - position.batch + missing))

    @property
    def begun(self) -> bool:
        """Whether anything was done."""
        position = self.run.position
        return bool(position.step or position.pc)

    @property
    def finished(self) -> bool:
        """Whether all steps were taken, or a callback stopped training here."""
        return self.run.step_count >= self._limit or self.stopped

    @property
    def stopped(self) -> bool:
        """Whether a callback stopped training where the run stands."""
        return self._supervisor.stop_step() == self.run.step_count

    def take_happenings(self) -> list[Happening]:
        """Return what callbacks have done since this was asked last."""
        found, self._happenings = self._happenings, []
        return found

    @property
    def diverged(self) -> str:
        """Sentence of the divergence, or empty."""
        return self.run.divergence.sentence if self.run.divergence is not None else ""

    def divergence_values(self) -> dict[str, Any]:
        """What the event says."""
        found: Divergence | None = self.run.divergence
        assert found is not None
        return {"step": found.step, "instruction": found.instruction, "sentence": found.sentence}

    def step_values(self) -> dict[str, Any]:
        """What the event of a step says: where it stands and the instruction done last."""
        position = self.run.position
        values: dict[str, Any] = {
            "step": position.step,
            "pc": position.pc,
            "epoch": position.epoch,
            "batch": position.batch,
        }
        if self.begun:
            done = self.run.program.instructions[position.pc - 1]
            values |= {
                "instruction": done.index,
                "phase": done.phase,
                "op": done.op,
                "layer": done.layer,
            }
        return values

    def epoch_values(self) -> dict[str, Any]:
        """What the event of an epoch's end says: its number and the metrics known by then."""
        values: dict[str, Any] = {"epoch": self.epoch, "step": self.run.step_count}
        if self.run.history.epochs:
            values |= self.run.history.epochs[-1].metrics
        return values

    # Going on and back

    def share(self, mode: str) -> None:
        """Let the second thread take part in training, or rest, at a speed of this mode."""
        self.run.program.threads = second_thread.threads(
            mode, helper.processors(), helper.threads()
        )

    def advance(
        self, steps: int, waits: Callable[[], bool] = lambda: False, *, measures: bool = True
    ) -> int:
        """Take up to so many steps; fewer when interrupted, at an epoch's end, at the end, or diverged.

        An epoch's held-out samples are measured before the next one begins, in pieces: none is taken meanwhile.
        """
        self._control[0] = 0
        if waits():
            # Asked for between the look into the queue and the line above.
            return 0
        if not self._look(waits) or (measures and not self._measure(waits)):
            return 0
        limit = min(self._limit, self._supervisor.stop_step() or self._limit)
        left = max(0, limit - self.run.step_count)
        # Whole epochs where one is shorter than what is asked for, so that what is measured belongs to an end of one.
        following = 1 if self._supervisor else self._history.epochs_to_next_note(self.run)
        epochs = max(1, min(steps // self.run.batches, following))
        began = perf_counter()
        done = self.run.advance(min(steps, left), epochs) if left else 0
        self.meter.trained(done, perf_counter() - began)
        if done and self.run.epoch_just_ended():
            self._note_epoch(waits)
            if measures:
                self._measure(waits)
        return int(done)

    def _measure(self, waits: Callable[[], bool]) -> bool:
        """Measure the epoch that has ended, unless callbacks have; False if that goes on later."""
        return self.meter.measure(self.run, self._version, self.evaluation, waits)

    @property
    def measured(self) -> bool:
        """Whether held-out metrics of the present step are in the history."""
        return is_measured(self.run)

    def _note_epoch(self, waits: Callable[[], bool] = lambda: False) -> None:
        """Note what the epoch that just ended measured; one that callbacks have seen stays as they saw it."""
        if self._supervisor:
            self._look(waits)
        else:
            self._history.note_epoch(self.run)

    def _look(self, waits: Callable[[], bool]) -> bool:
        """Let callbacks look at an epoch that has ended; False if something else has to be done in between."""
        run = self.run
        if not self._supervisor.is_due():
            return True
        if self._measuring is None or self._measuring[0] != self._version:
            pieces = run.iter_evaluation(run.validation or run.samples)
            self._measuring = (self._version, pieces)
        for part in self._measuring[1]:
            self._measured = part
            if waits():
                return False
        found, self._measuring, self._measured = self._measured, None, None
        self._happenings += self._supervisor.look(found)
        self._changes += 1
        return True

    def finish_training(self, first: int) -> None:
        """Let callbacks end training that began after the step `first`, where nobody can press Play to go on."""
        self._happenings += self._supervisor.finish(first)
        self._changes += 1

    def finish_step(self) -> None:
        """Complete a step that was begun instruction by instruction."""
        if self.run.position.pc and self.run.divergence is None:
            self._control[0] = 0
            self.run.advance(1)

    def allow_more(self) -> None:
        """Let a finished run go on for as many epochs again: the learner pressed Play once more."""
        if self.run.divergence is not None:
            raise ChainruleError(self.run.divergence.sentence)
        self._supervisor.go_on()
        if self.finished:
            self._limit = self._steps_until(self.epoch + max(1, self.work.training.epochs))

    def step(self, granularity: str, to: int | None = None) -> None:
        """Go forward by one instruction, layer, batch or epoch; or to an instruction that is ahead in this step.

        If that lies behind, to the end of the step.
        """
        self._control[0] = 0
        if self.stopped:
            self._supervisor.go_on()
        if to is None:
            self.run.step(granularity)
        else:
            position = self.run.position
            ahead = position.pc < to < position.instructions
            self.run.step_to(to if ahead else position.instructions)
        self._limit = max(self._limit, self.run.step_count)
        if self.run.epoch_just_ended():
            self._note_epoch()

    def step_back(self, granularity: str) -> None:
        """Go back by one instruction, layer, batch or epoch."""
        self.run.step_back(granularity)

    def seek(self, step: int, pc: int = 0) -> Iterator[float]:
        """Go to a step; yields progress from 0 to 1."""
        reached = max(self.run.history.length, self.run.step_count)
        step = min(max(step, self.run.base), reached)
        yield from self.run.seeking(step, min(max(pc, 0), len(self.run.program.kinds) - 1))

    def reset(self) -> None:
        """Go back to the first weights of the network as it is now."""
        if self.run.base == 0 and self.run.training == self.work.training:
            self.run.reset()
            self._open_run(self.run)
        else:
            fresh = run_of(self.work)
            takes_place_of(fresh, self.run)
            self._open_run(fresh)

    def set(self, name: str, value: float) -> None:
        """Change a live scalar."""
        self.run.set(name, value)
        self._changes += 1

    # Editing

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
        fresh = Session(Work(work.network, work.training, work.data, work.parameters))
        if not anew and self.begun and self.run.divergence is None:
            if self.run.position.pc:
                self.run.seek(self.run.step_count)
            fresh.run.adopt(self.run, same_samples=True)
        if anew and self._only_tried:
            # One setting after the other is tried while training goes on: each would be a run in the menu.
            fresh.run.id, fresh.run.name = self.run.id, ", ".join(anew)
            self._tried = (fresh.run.id, fresh.run.name)
        elif anew and self.begun:
            self._keep_beside(fresh.run, ", ".join(anew))
        elif same_data(old, work):
            takes_place_of(fresh.run, self.run)
        else:
            # Nothing was done yet: it is a run of its own, whatever it was a branch of.
            fresh.run.id = self.run.id
        self.work = work
        self._open_run(fresh.run)

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

    # Snapshots

    @property
    def _version(self) -> tuple[int, int, int]:
        position = self.run.position
        return (position.step, position.pc, self._changes)

    def snapshot(self, probes: tuple[Probe, ...]) -> Snapshot:
        """Return everything visible now; parts that did not change are the objects of the snapshot before."""
        run, position = self.run, self.run.position
        batch, sample, plane = split(probes)
        written = _written_at(run)
        values: dict[str, np.ndarray] = {}
        for probe in batch:
            if _there(run, probe.tensor, written):
                value = read(run.program, probe)
                if value is not None:
                    values[probe.key] = value
        self._sample.read(run, self._version, sample, values)
        self._read_plane(plane, values)
        scalars = {name: run.program.scalar(name) for name in run.program.tape.scalars}
        if len(run.program.watch) and self.begun:
            scalars["loss"] = float(run.program.mem[run.program.watch[0]])
        return Snapshot(
            serial=next(_serials),
            position=position,
            values=MappingProxyType(values),
            history=self._history.view(run, self._limit),
            program=self._program_view,
            instruction=_last_instruction(position),
            predictions=self._predictions(),
            evaluation=self.evaluation_view,
            health=self._health.view(run, self._version),
            sample=self._sample.view,
            plane=self._plane_view,
            written_at=MappingProxyType(written),
            scalars=MappingProxyType(scalars),
        )

    def _read_plane(self, probes: list[Probe], values: dict[str, np.ndarray]) -> None:
        view = self._plane_view
        if view is None or not probes:
            return
        if self._plane is None:
            self._plane = lenses.predict_lens(self.run.network, lenses.SIDE**2)
            points = lenses.plane_points(view.low, view.high, lenses.SIDE)
            self._plane.program.feed([points])
        if self._plane.follow(self.run.program, self._version):
            self._plane.program.run()
            self._plane_values.clear()
        for probe in probes:
            if probe.tensor not in self._plane.program.tape.tensors:
                continue
            if probe.tensor not in self._plane_values:
                value = self._plane.program.tensor(probe.tensor)
                self._plane_values[probe.tensor] = reduce(
                    lenses.as_plane(value, lenses.SIDE), "all"
                )
            values[probe.key] = self._plane_values[probe.tensor]

    # Samples and predictions

    def select_sample(self, index: int, part: str) -> None:
        """Choose the sample that ``sample:`` probes follow."""
        self._sample.select(self.run, index, part)

    def show_predictions(self, first: int, count: int, only_wrong: bool) -> None:
        """Choose the page of held-out samples."""
        self._page_wanted = (max(0, first), max(0, count), only_wrong)

    def _predictions(self) -> PredictionPage | None:
        if self.info.kind != "image" or not self.info.classes or not self._page_wanted[1]:
            return None
        key = (*self._page_wanted, self._version)
        if key != self._page_key:
            wrong = self._evaluator.wrong if self._evaluator is not None else None
            self._page = page_of(self.run, self.info, self._page_wanted, wrong, self.predict)
            self._page_key = key
        return self._page

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return outputs for inputs (samples, ...), scaled."""
        if self._predict is None:
            self._predict = lenses.predict_lens(self.run.network)
        lens = self._predict
        lens.follow(self.run.program, self._version)
        out = next(iter(lens.program.tape.outputs.values())).name
        parts = []
        for start in range(0, len(x), lenses.CHUNK):
            lens.program.feed([x[start : start + lenses.CHUNK]])
            lens.program.run()
            parts.append(lens.program.tensor(out).copy())
        return np.concatenate(parts) if parts else np.zeros((0, 1), np.float32)

    # Evaluation

    def evaluation(self) -> Iterator[None]:
        """Measure on all held-out samples, in pieces; the result is in the snapshots afterwards."""
        if self._evaluator is None:
            self._evaluator = Evaluator(self.run, self.info)
        evaluator = self._evaluator
        for done in evaluator.pieces(self.run):
            if done is None:
                yield
                continue
            self.evaluation_view = replace(done, restored=self._restored_epoch(done.step))
            self._history.note_validation(self.run, done)

    def _restored_epoch(self, step: int) -> int:
        """Return the epoch whose weights early stopping has put back at this step, or 0."""
        put_back = any(e.kind == "weights" and e.step == step for e in self.run.journal.entries)
        if not put_back or self._supervisor.stop_step() != step:
            return 0
        best = [one.best_epoch + 1 for one in self._supervisor.callbacks
                if isinstance(one, EarlyStopping)]  # fmt: skip
        return best[0] if best else 0

    @property
    def evaluation_lags(self) -> bool:
        """Whether an epoch or more was trained since held-out samples were measured, or the run ended since."""
        if not self.run.step_count or self.run.divergence is not None:
            return False
        measured = self.evaluation_view.step if self.evaluation_view is not None else 0
        behind = self.run.step_count - measured
        return bool(behind >= self.run.batches or (behind and self.finished))

    # Questions

    def compare(self, run: str, ticket: int = 0) -> Comparing:
        """Return the comparison of another run of the project with the open one, not begun yet."""
        other = self.tree.look_at(run, self.work)
        return Comparing(ticket, self.run, beside(self.run, other, self._limit))

    def rename_run(self, run: str, name: str) -> None:
        """Call a run of the project by another name."""
        self.tree.rename(run, name, self.run)

    def answer(self, question: str, **values: Any) -> Any:
        """Answer a question of `Engine.ask`; one about another `program` than the present one is refused."""
        program = values.pop("program", None)
        if program is not None and program != self._program_view.serial:
            raise ChainruleError(tr("The network was changed; please ask again."))
        known: dict[str, Callable[..., Any]] = {
            "explain": self._explain,
            "uses": self._uses,
            "tensor": self._tensor,
            "predict": self.predict,
            "saved_state": self.saved_state,
            "branch": self.branch,
            "switch_run": self.switch_run,
            "rename_run": self.rename_run,
            "delete_run": self.tree.delete,
            "undelete_run": self.tree.undelete,
            "evaluation": self._whole_evaluation,
            "numeric_check": self._numeric_check,
        }
        return known[question](**values)

    def _explain(
        self, instruction: int, cell: tuple[int, ...], output: str | None = None
    ) -> object:
        with self._of_this_program(instruction):
            return explain(self.run, instruction, tuple(cell), output)

    def _uses(self, instruction: int, role: str, cell: tuple[int, ...]) -> object:
        with self._of_this_program(instruction):
            return self.run.program.uses(instruction, role, tuple(cell))

    @contextmanager
    def _of_this_program(self, instruction: int) -> Iterator[None]:
        """Answer a question about an instruction or a cell that an edit has taken away with a sentence."""
        gone = tr("The network was changed; this number is not computed any more.")
        if not 0 <= instruction < len(self.run.program.instructions):
            raise ChainruleError(gone)
        try:
            yield
        except (IndexError, KeyError) as error:
            raise ChainruleError(gone) from error

    def _tensor(self, name: str, rows: Any = None) -> np.ndarray:
        if name not in self.run.program.tape.tensors:
            raise ChainruleError(tr("The program has no value called {name}.", name=repr(name)))
        value = read(self.run.program, Probe(name, rows))
        assert value is not None
        return value

    def _whole_evaluation(self) -> EvaluationView | None:
        for _ in self.evaluation():
            pass
        return self.evaluation_view

    def _numeric_check(self, tensor: str, cell: tuple[int, ...]) -> dict[str, float]:
        from app.engine.checking import numeric_gradient

        return {"numeric": numeric_gradient(self.run, tensor, tuple(cell))}

    # Files

    def saved_state(self) -> SavedState:
        """Return what a project file holds of the runs."""
        return saved_state(self.run, self.tree)

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

    def _resume(self, saved: SavedState) -> None:
        self._open_run(resumed(self.run, saved.weights, saved.optimizer, saved.run))
        self.tree.restore(saved.others, self.work)
        self._changes += 1


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


def _program_view(run: Run) -> ProgramView:
    instructions = tuple(
        InstructionView(
            i.index, i.phase, i.op, i.layer, i.title, i.formula, MappingProxyType(dict(i.operands)),
            tuple(i.writes),
        )
        for i in run.program.instructions
    )  # fmt: skip
    tensors = {
        name: TensorView(t.name, tuple(t.shape), t.batch, t.role, t.layer, t.symbol)
        for name, t in run.program.tensors.items()
    }
    return ProgramView(next(_serials), instructions, MappingProxyType(tensors))


def _last_instruction(position: Position) -> int | None:
    if position.pc:
        return position.pc - 1
    return position.instructions - 1 if position.step else None


def _written_at(run: Run) -> dict[str, tuple[int, int]]:
    """Return for each tensor when it was written last: in this step, or in the one before."""
    position = run.position
    written: dict[str, tuple[int, int]] = {}
    names = run.program.written_names
    if position.step > run.base:
        for index, own in enumerate(names):
            for name in own:
                written[name] = (position.step - 1, index)
    for index in range(position.pc):
        for name in names[index]:
            written[name] = (position.step, index)
    return written


_ALWAYS = {"weight", "statistic", "slot", "scalar"}


def _there(run: Run, name: str, written: dict[str, tuple[int, int]]) -> bool:
    """Tell whether a tensor holds anything: parameters always do, other values once they were computed."""
    tensor = run.program.tape.tensors.get(name)
    return tensor is not None and (tensor.role in _ALWAYS or tensor.name in written)


__all__ = ["Session"]
