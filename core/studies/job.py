"""One run of a study: what is asked for, what comes back, and the training in between."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from core.errors import ChainruleError
from core.spec.network import Network
from core.spec.training import Training
from core.studies.subject import Subject, take
from core.studies.sweep import Sweep, standing_still, sweep

if TYPE_CHECKING:
    from core.runs.run import Run

#: Bytes of a run's past: nobody rewinds it, but where numbers break is looked for from a checkpoint.
PAST = 32 * 1024**2

#: Seconds between two reports of progress.
REPORT = 0.1


class Job(msgspec.Struct, frozen=True):
    """One run.

    Attributes
    ----------
    number
        Its place in the study, from 0.
    title
        What progress calls it: "fold 2".
    network, training
        What is trained, and how.
    epochs
        After how many epochs it is done, counted from the beginning also where it goes on from `state`.
    held
        Samples to measure on instead of training on them; None leaves the subject's held-out ones.
    sweep
        Raise the learning rate step by step instead of training for epochs.
    state
        Name of the file it goes on from if there is one, and leaves its state in; "" for neither.
    keep
        Name of the file it leaves its weights in, or "".
    """

    number: int
    title: str
    network: Network
    training: Training
    epochs: int = 1
    held: list[int] | None = None
    sweep: Sweep | None = None
    state: str = ""
    keep: str = ""


class Moment(msgspec.Struct, frozen=True):
    """How far a job is."""

    number: int
    share: float
    epoch: int = 0
    metrics: dict[str, float] = {}


class Outcome(msgspec.Struct, frozen=True):
    """What a job gave.

    Attributes
    ----------
    number
        Of the job.
    history
        Metrics by name, one number an epoch, as `fit` returns them; of a sweep "rate", "loss" and "still" by
        step: the last is the loss of the same batch by weights that did not move.
    digest
        SHA-256 of the weights it ended with: equal for equal bits.
    problem
        A sentence if it did not come to its end: it diverged, could not be built, or its process died.
    """

    number: int
    history: dict[str, list[float]] = {}
    digest: str = ""
    problem: str = ""


def encode(value: Moment | Outcome) -> str:
    """One line of JSON. Numbers that are not finite stay what they are, which strict JSON has no word for."""
    return json.dumps({type(value).__name__.lower(): msgspec.to_builtins(value)})


def decode(line: str) -> Moment | Outcome:
    """What `encode` wrote.

    Raises
    ------
    ValueError
        It is something else.
    """
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError(line)
    if "outcome" in message:
        return msgspec.convert(message["outcome"], Outcome)
    return msgspec.convert(message.get("moment"), Moment)


def carry_out(subject: Subject, job: Job, folder: Path) -> Generator[Moment, None, Outcome]:
    """Do a job, telling how far it is. The same numbers wherever it is done."""
    try:
        return (yield from _carry_out(subject, job, folder))
    except ChainruleError as error:
        return Outcome(job.number, problem=str(error))


def _carry_out(subject: Subject, job: Job, folder: Path) -> Generator[Moment, None, Outcome]:
    from core.runs.run import Run

    samples, held = subject.samples, subject.held_out
    if job.held is not None:
        chosen = np.zeros(len(samples), bool)
        chosen[job.held] = True
        samples, held = (
            take(samples, np.flatnonzero(~chosen)),
            take(samples, np.asarray(job.held, np.int64)),
        )

    def begun() -> Run:
        made = Run(
            job.network, job.training, samples=samples, validation=held, loss=subject.loss(job.training),
            budget=PAST,
        )  # fmt: skip
        if subject.weights:
            made.start_from(subject.weights)
        return made

    run = begun()
    if job.sweep is not None:
        steps = sweep(run, job.sweep)
        while True:
            try:
                share, rate, loss = next(steps)
            except StopIteration as end:
                found: dict[str, list[float]] = end.value
                break
            yield Moment(job.number, share / 2, 0, {"rate": rate, "loss": loss})
        digest = _digest(run)
        still = standing_still(begun(), len(found["rate"]))
        while True:
            try:
                yield Moment(job.number, 0.5 + next(still) / 2)
            except StopIteration as end:
                return Outcome(job.number, {**found, "still": end.value}, digest)
    if job.state and (folder / job.state).exists():
        _restore(run, folder / job.state)
    yield from _train(run, job, subject)
    history = _history(run, subject)
    if job.keep:
        _save(folder / job.keep, dict(run.program.weights()))
    if job.state:
        _keep_state(run, folder / job.state)
    problem = run.divergence.in_code if run.divergence is not None else ""
    return Outcome(job.number, history, _digest(run), problem)


def _train(run: Run, job: Job, subject: Subject) -> Generator[Moment, None, None]:
    from core.runs.supervising import Supervisor

    watching = Supervisor(run)
    goal, told, count = job.epochs * run.batches, time.monotonic(), 1
    while run.step_count < goal and run.divergence is None:
        if watching.stop_step() == run.step_count:
            return
        began = time.monotonic()
        done = run.advance(min(count, goal - run.step_count))
        now = time.monotonic()
        if done == count:
            count = max(1, min(4096, int(count * REPORT / max(now - began, 1e-6))))
        ended = run.divergence is None and run.epoch_just_ended()
        if ended:
            size = job.training.batch_size
            held = run.evaluate(batch_size=size) if run.validation is not None else None
            if watching:
                watching.look(held)
            else:
                run.note_epoch(held)
        if ended or now - told >= REPORT:
            told = now
            epochs = run.history.epochs
            latest = subject.logged(epochs[-1].metrics) if epochs else {}
            yield Moment(job.number, run.step_count / goal, run.position.epoch, latest)


def _history(run: Run, subject: Subject) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    rates = any(one.get("kind") == "ReduceLROnPlateau" for one in run.training.callbacks)
    for epoch in run.history.epochs:
        for name, value in subject.logged(epoch.metrics).items():
            # As in Keras, the rate is told where a callback changes it.
            if name != "learning_rate" or rates:
                found.setdefault(name, []).append(float(value))
    return found


def digest_of(weights: dict[str, Any]) -> str:
    """SHA-256 of weights by name: equal for equal bits."""
    found = hashlib.sha256()
    for name in sorted(weights):
        found.update(name.encode())
        found.update(np.ascontiguousarray(weights[name]).tobytes())
    return found.hexdigest()


def _digest(run: Run) -> str:
    return digest_of(dict(run.program.weights()))


# ---- going on where an earlier job stopped -------------------------------------------------------------------------


def _save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    from safetensors.numpy import save

    from core.io.files import write_beside

    encoded = save({name: np.ascontiguousarray(value) for name, value in arrays.items()})
    write_beside(path, lambda file: _fill(file, encoded))


def _fill(file: Any, content: bytes) -> None:
    file.write(content)


def _keep_state(run: Run, path: Path) -> None:
    state, arrays = run.save_state()
    # Metrics may be NaN, which JSON of strict readers cannot hold.
    text = json.dumps(msgspec.to_builtins(state)).encode()
    _save(path, {**arrays, "state": np.frombuffer(text, np.uint8).copy()})


def _restore(run: Run, path: Path) -> None:
    from safetensors.numpy import load_file

    from core.runs.run import RunState

    arrays = load_file(path)
    state = msgspec.convert(json.loads(arrays.pop("state").tobytes()), RunState)
    run.load_state(state, arrays)
