"""A run replayed from a project file, for films. One process, one thread: the caller's."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from app.engine.answers import Partial
from app.engine.looking import held_out
from app.engine.saved import work_of_contents
from app.engine.session import Session
from app.scenes.spec_view import network_view
from app.traces import Origin
from core.spec import inspect

if TYPE_CHECKING:
    import numpy as np

    from app.snapshots import NetworkView, Probe, Snapshot
    from core.io import Contents
    from core.runs.each_sample import SampleGradients
    from core.runs.story import Story

_Answer = TypeVar("_Answer")
_PREDICTIONS = 24


class Replay:
    """A source of snapshots in the order of a film: back to its first step, then forward.

    Parameters
    ----------
    contents
        The project.
    sample
        Held-out sample to follow, or None for the one the window begins with.
    """

    def __init__(self, contents: Contents, sample: int | None = None) -> None:
        project = contents.project
        self._session = Session(work_of_contents(contents))
        self._session.show_predictions(0, _PREDICTIONS, False)
        if sample is not None and 0 <= sample < self.samples:
            self._session.select_sample(sample, "validation")
        self.taken = self._session.position.step
        inspection = inspect(project.network, batch_size=project.training.batch_size)
        self.spec: NetworkView = network_view(
            project.network, inspection, self._session.info, project.name
        )
        self._last = 0
        self._told: Callable[[float], None] | None = None
        self._serials = itertools.count(1)
        self._warm_pictures()

    @property
    def samples(self) -> int:
        """Number of held-out samples."""
        return len(held_out(self._session.run))

    @property
    def total_steps(self) -> int:
        """Steps the run is set to take."""
        return self._session.total_steps

    @property
    def epoch_steps(self) -> int:
        """Steps of an epoch."""
        return self._session.run.batches

    @property
    def rows(self) -> int:
        """Samples in a batch."""
        return int(self._session.work.training.batch_size)

    def at(self, step: int, probes: tuple[Probe, ...]) -> Snapshot:
        """Return the run after that many steps."""
        session = self._session
        if step < session.position.step or session.position.pc:
            for _ in session.seek(step):
                pass
            session.evaluation_view = None
        session.allow_more()
        while session.position.step < step:
            if not session.advance(step - session.position.step):
                break
            if session.run.epoch_just_ended():
                for _ in session.evaluation():
                    pass
            if session.finished:
                session.allow_more()
        return self._as_it_was(session.snapshot(probes), step)

    def inside(self, step: int, done: int, probes: tuple[Probe, ...]) -> Snapshot:
        """Return the run after that many steps and so many instructions of the next one."""
        session = self._session
        position = session.position
        ahead = (step, done) >= (position.step, position.pc)
        if not ahead or position.step != step:
            self.at(step, ())
        if session.position.pc < done:
            session.step("instruction", to=done)
        return session.snapshot(probes)

    def origin(self, instruction: int, tensor: str, cell: tuple[int, ...]) -> Origin:
        """Return how a number of the instruction done last came about."""
        from app.engine.questions import answering

        found = answering("origin")(
            self._session, instruction=instruction, cell=cell, output=tensor
        )
        assert isinstance(found, Origin)
        return found

    def story(self, weight: str, cell: tuple[int, ...]) -> Story:
        """Return a weight's value, gradient and update in the steps the run has taken."""
        return _whole(self._session.answer("story", weight=weight, cell=cell))

    def each_sample(self, weight: str, cell: tuple[int, ...]) -> SampleGradients:
        """Return what each sample of the batch of the present step adds to a weight's gradient."""
        return _whole(self._session.answer("sample_gradients", weight=weight, cell=cell))

    def ask(self, question: str, **values: Any) -> Any:
        """Return the complete answer to a question of `app.engine.questions` at the present step."""
        found = self._session.answer(question, **values)
        return _whole(found, self._told) if isinstance(found, Generator) else found

    def tell(self, told: Callable[[float], None] | None) -> None:
        """Let `told` know how much of an answer is done, from 0 to 1, while one is waited for."""
        self._told = told

    def give(self, x: np.ndarray) -> None:
        """Show an input that is of no data set, in place of the held-out sample."""
        self._session.give_sample(x)

    def until(self, last: int) -> None:
        """Let the axes of charts end there: a film shows a run as long as itself."""
        self._last = last

    def _as_it_was(self, snapshot: Snapshot, step: int) -> Snapshot:
        """Cut off what the run's history knows of later steps."""
        history = snapshot.history
        cut = history.until(step, self._last or history.total_steps, next(self._serials))
        return replace(snapshot, history=cut)

    @staticmethod
    def _warm_pictures() -> None:
        """Use the rasteriser of the window, not the hairlines it shows until that is compiled."""
        from app.scenes import edges

        edges.warm()


def _whole(
    pieces: Generator[Any, None, _Answer], told: Callable[[float], None] | None = None
) -> _Answer:
    """Return the answer of a question that is answered in pieces."""
    while True:
        try:
            piece = next(pieces)
            if told is not None:
                told(float(piece.share if isinstance(piece, Partial) else piece or 0.0))
        except StopIteration as end:
            found: _Answer = end.value
            return found
