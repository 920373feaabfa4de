"""What a session shows: snapshots, samples, predictions and what held-out samples say. Worker thread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import numpy as np

from app.engine import lenses
from app.engine.evaluating import Evaluator
from app.engine.figures import figures_of
from app.engine.looking import page_of
from app.engine.probing import read, reduce, split
from app.engine.program_view import is_there, last_instruction, serials, written_at
from app.engine.standing import Standing
from app.snapshots import EvaluationView, PredictionPage, Probe, Snapshot, WhatIfView
from core.callbacks.early_stopping import EarlyStopping


class Showing(Standing):
    """A session that can be looked at."""

    #: Values of the snapshot before.
    _sent: Mapping[str, np.ndarray] = MappingProxyType({})

    # Snapshots

    @property
    def _version(self) -> tuple[int, int, int]:
        position = self.run.position
        return (position.step, position.pc, self._changes)

    @property
    def version(self) -> tuple[int, ...]:
        """Of which program and weights the numbers are; a position alone may be of several runs."""
        return (self._program_view.serial, *self._version)

    def snapshot(self, probes: tuple[Probe, ...]) -> Snapshot:
        """Return everything visible now; parts that did not change are the objects of the snapshot before."""
        run, shown, position = self.run, self.shown, self.position
        batch, sample, plane = split(probes)
        written = written_at(shown)
        values: dict[str, np.ndarray] = {}
        for probe in batch:
            if is_there(shown, probe.tensor, written):
                value = read(shown.program, probe, self._sent.get(probe.key))
                if value is not None:
                    values[probe.key] = value
        self._sent = dict(values)
        self._sample.read(run, self._version, sample, values)
        self._read_plane(plane, values)
        program = shown.program
        scalars = {name: program.scalar(name) for name in program.tape.scalars}
        if len(program.watch) and self.begun:
            scalars["loss"] = float(program.mem[program.watch[0]])
        return Snapshot(
            serial=next(serials),
            position=position,
            values=MappingProxyType(values),
            history=self._history.view(run, self._limit),
            program=self._program_view,
            instruction=last_instruction(position),
            predictions=self._predictions(),
            evaluation=self._evaluation_here(),
            figures=figures_of(run, self._restored_epoch()),
            health=self._health.view(run, self._version),
            sample=self._sample.view,
            plane=self._plane_view,
            written_at=MappingProxyType(written),
            scalars=MappingProxyType(scalars),
            whatif=self._whatif_view(batch),
            version=self.version,
        )

    def _whatif_view(self, probes: list[Probe]) -> WhatIfView | None:
        """What a what-if copy says of itself, if one is looked at."""
        return None

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

    def give_sample(self, x: np.ndarray) -> None:
        """Have ``sample:`` probes follow numbers that are of no data set."""
        self._sample.give(x)

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
            self.evaluation_view = done
            self._history.note_validation(self.run, done)

    def _evaluation_here(self) -> EvaluationView | None:
        """Return what was measured on all held-out samples, unless that was later than the step shown."""
        view = self.evaluation_view
        return view if view is not None and view.step <= self.run.step_count else None

    def _restored_epoch(self) -> int:
        """Return the epoch whose weights early stopping has put back at this step, or 0."""
        if self.run.position.pc:
            return 0
        changes = [e for e in self.run.journal.at(self.run.step_count)
                   if e.kind in ("weight", "weights")]  # fmt: skip
        if not changes or changes[-1].kind != "weights":
            return 0
        if changes[-1].value:
            return int(changes[-1].value)
        # A file of an earlier version does not say so.
        stopped = self._supervisor.stop_step() == self.run.step_count
        best = [one.best_epoch + 1 for one in self._supervisor.callbacks
                if isinstance(one, EarlyStopping)]  # fmt: skip
        return best[0] if stopped and best else 0

    @property
    def evaluation_lags(self) -> bool:
        """Whether an epoch or more was trained since held-out samples were measured, or the run ended since."""
        if not self.run.step_count or self.run.divergence is not None:
            return False
        measured = self.evaluation_view.step if self.evaluation_view is not None else 0
        behind = self.run.step_count - measured
        return bool(behind >= self.run.batches or (behind and self.finished))
