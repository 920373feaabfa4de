"""``chainrule train``: train a project and save it."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from time import perf_counter
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from app.cli.errors import FailedError, UsageError
from app.cli.projects import check_network, load, target
from app.text import number, tr
from core.io import ProjectError, write

if TYPE_CHECKING:
    from app.engine.session import Session

#: How long one piece of training lasts: a request to stop is answered after it.
_PIECE_SECONDS = 0.1

#: Seconds between two times that the project is written on the way: a process that is killed loses no more.
_KEEP_EVERY = 20.0


def run(arguments: argparse.Namespace) -> int:
    """Train for some epochs more, save, and print the final metrics."""
    if arguments.epochs is not None and not 1 <= arguments.epochs <= 10_000_000:
        raise UsageError(
            tr("--epochs must be a whole number from 1 to 10000000; it is {n}", n=arguments.epochs)
        )
    path, contents = load(arguments.project)
    out = target(arguments.output) if arguments.output is not None else path
    check_network(contents)

    from app.engine.saved import contents_of, work_of_contents
    from app.engine.session import Session
    from core import schedules

    session = Session(work_of_contents(contents))
    if session.diverged:
        raise FailedError(session.diverged)
    project = contents.project
    epochs = arguments.epochs or project.training.epochs
    rate = session.run.training.optimizer.get("learning_rate")
    hint = schedules.advice(rate, session.epoch + epochs, session.run.batches)
    if hint:
        print(f"chainrule: {hint}", file=sys.stderr)

    def keep() -> None:
        if session.begun:
            write(
                out,
                contents_of(
                    project.name, project.network, project.training, project.data,
                    session.saved_state(), contents.thumbnail,
                ),
            )  # fmt: skip

    with _StopRequest(session) as stop:
        try:
            found = _train(session, epochs, stop, keep)
        finally:
            # Whatever happens after this, an hour of training is not thrown away.
            keep()
    if stop.number:
        step = number(session.position.step)
        sentence = tr("stopped after step {n}, saved in {path}", n=step, path=out)
        if not session.begun:
            sentence = tr("stopped before the first step")
        print(f"chainrule: {sentence}", file=sys.stderr)
        # What a shell reports of a process that this signal ended.
        return 128 + stop.number
    print(found)
    if session.diverged:
        raise FailedError(session.diverged)
    return 0


class _StopRequest:
    """While it is entered, Ctrl-C and a request to terminate only ask the session to stop.

    An exception raised wherever training happens to be would leave a run whose weights are ahead of
    its history, and a file of it that nobody can go on from.

    Attributes
    ----------
    number
        The signal that asked, or 0.
    """

    def __init__(self, session: Session) -> None:
        self.number = 0
        self._session = session
        self._before: dict[int, Any] = {}

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.number = number
        self._session.interrupt()

    def __enter__(self) -> _StopRequest:
        for asking in (signal.SIGINT, signal.SIGTERM):
            self._before[asking] = signal.signal(asking, self._ask)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for asking, handler in self._before.items():
            signal.signal(asking, handler)

    def __bool__(self) -> bool:
        return bool(self.number)


def _train(session: Session, epochs: int, stop: _StopRequest, keep: Callable[[], None]) -> str:
    from app.engine.happenings import words

    first = session.position.epoch
    batches = session.run.batches
    # A run resumed in the middle of an epoch finishes it and then does as many as were asked for.
    goal = (first + epochs) * batches
    texts = TextColumn("{task.description}")
    bar = Progress(
        texts, BarColumn(), TextColumn("{task.fields[loss]}"), TimeRemainingColumn(),
        console=Console(stderr=True), disable=not sys.stderr.isatty(),
    )  # fmt: skip
    with bar:
        task = bar.add_task("", total=epochs * batches, loss="")
        slice_, kept = 1, perf_counter()
        session.allow_more()
        while session.position.step < goal and not session.diverged and not stop:
            for one in session.take_happenings():
                bar.console.print(words(one.name, one.values), highlight=False, soft_wrap=True)
            if session.stopped:
                break
            session.allow_more()
            began = perf_counter()
            done = session.advance(min(slice_, goal - session.position.step), stop.__bool__)
            seconds = perf_counter() - began
            if done == slice_:
                slice_ = max(1, min(64, batches // 4, int(done * _PIECE_SECONDS / seconds)))
            if done and session.run.epoch_just_ended() and not session.measured:
                for _ in session.evaluation():
                    if stop:
                        break
            if perf_counter() - kept > _KEEP_EVERY:
                kept = _kept(keep, bar.console)
            position = session.position
            shown = min(position.epoch + 1, first + epochs)
            bar.update(
                task,
                completed=position.step - first * batches,
                description=tr("epoch {n} of {total}", n=shown, total=first + epochs),
                loss=tr("loss {loss:.4f}", loss=_loss(session)),
            )
        if not stop and not session.diverged:
            session.finish_training(first * batches)
        for one in session.take_happenings():
            bar.console.print(words(one.name, one.values), highlight=False, soft_wrap=True)
    return "" if stop else _metrics(session)


def _kept(keep: Callable[[], None], console: Console) -> float:
    """Write the project on the way; a disk that is full now may not be at the end. Return the time."""
    try:
        keep()
    except ProjectError as error:
        console.print(str(error), highlight=False, soft_wrap=True)
    return perf_counter()


def _loss(session: Session) -> float:
    program = session.run.program
    return float(program.mem[program.watch[0]])


def _metrics(session: Session) -> str:
    if session.evaluation_view is None and not session.diverged:
        for _ in session.evaluation():
            pass
    parts = [tr("step {n}", n=number(session.position.step))]
    epochs = session.run.history.epochs
    found = epochs[-1].metrics if epochs else {}
    names = [name for name in found if not name.startswith("val_")]
    for name in (*names, *(name for name in found if name not in names)):
        held_out = name.startswith("val_")
        title = name.removeprefix("val_").replace("_", " ")
        label = tr("val. {name}", name=tr(title)) if held_out else tr(title)
        parts.append(f"{label} {found[name]:.4f}")
    return "  ".join(parts)
