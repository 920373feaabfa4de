"""Many runs of one model, in child processes: which rate, how good on unseen samples, how much is chance.

>>> from core import studies
>>> found = studies.find_learning_rate(model, x, y)
>>> found.suggestion
0.0316
>>> studies.cross_validate(model, x, y, k=5, epochs=10, stratified=True).final["val_accuracy"]
0.954 ± 0.008
>>> studies.search(model, x, y, {"optimizer.learning_rate": studies.log_uniform(1e-4, 1e-1), "dense.units": [8, 16]},
...                trials=20, epochs=5, validation_split=0.2).best.values
>>> studies.try_seeds(model, x, y, seeds=5, epochs=10).final["loss"]

Each of them is also an object that tells its progress as it goes: ``study = CrossValidation(Subject.of_model(model, x,
y)); for progress in study.run(): ...; study.result``. The model is left as it is. Every run begins with fresh weights
drawn from the seed (only the learning-rate finder begins with those the model has), and its numbers are the same to the
bit as those of `Model.fit` with that seed, in this process or another, one after the other or at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core import arguments
from core.errors import give_advice
from core.studies.crew import PREFIX, Stopped, check_processes, usual_processes
from core.studies.folds import CrossValidation, Fold, Folds, partition
from core.studies.rates import RateFinder, Rates
from core.studies.search import Found, Search, Trial
from core.studies.seeds import SeedRun, Seeds, SeveralSeeds
from core.studies.space import choice, integer, log_uniform, parse, uniform, written
from core.studies.study import Progress, Spread, Study, carried_out
from core.studies.subject import Subject, subject_of
from core.studies.sweep import END, START, STEPS, SWEEPS, Sweep

__all__ = [
    "PREFIX", "CrossValidation", "Fold", "Folds", "Found", "Progress", "RateFinder", "Rates", "Search", "SeedRun",
    "Seeds", "SeveralSeeds", "Spread", "Stopped", "Study", "Subject", "Sweep", "Trial", "check_processes", "choice",
    "cross_validate", "find_learning_rate", "integer", "log_uniform", "parse", "partition", "search", "try_seeds",
    "uniform", "usual_processes", "written",
]  # fmt: skip


def find_learning_rate(
    model: Any,
    x: Any = None,
    y: Any = None,
    *,
    start_rate: float = START,
    end_rate: float = END,
    steps: int = STEPS,
    sweeps: int = SWEEPS,
    smoothing: float = 0.9,
    stop_factor: float = 4.0,
    batch_size: int = 32,
    sample_weight: Any = None,
    truncated_bptt_steps: int | None = None,
    training: Any = None,
    processes: int | None = None,
    verbose: Any = 0,
) -> Rates:
    """Train for a few steps with a rate that grows, and say at which rate the loss falls most steeply.

    Parameters
    ----------
    model, x, y
        A compiled model and arrays; or a network document and a data set (or its id), with `training`.
    start_rate, end_rate, steps
        Rates grow by the same factor at each step.
    sweeps
        How often, each time with other batches: the mean is judged, and how far they are apart is said.
    smoothing, stop_factor
        See `Sweep`.
    batch_size, sample_weight
        As of `Model.fit`.
    processes
        0 sweeps in this process, anything else in a child.
    verbose
        1 prints a line.

    Raises
    ------
    core.errors.ChainruleError
        The loss is broken at once, or an argument cannot be.
    """
    how = Sweep(start_rate, end_rate, steps, smoothing, stop_factor, sweeps)
    how.check()
    given = {"batch_size": batch_size, "sample_weight": sample_weight, "keep_weights": True,
             "truncated_bptt_steps": truncated_bptt_steps}  # fmt: skip
    study = RateFinder(subject_of(model, x, y, training, given), how)
    found = carried_out(study, processes, 0)
    if verbose:
        print(found.sentence)  # noqa: T201 - that is what verbose means
    return found


def cross_validate(
    model: Any,
    x: Any = None,
    y: Any = None,
    *,
    k: int = 5,
    epochs: int = 1,
    batch_size: int = 32,
    shuffle: bool = True,
    stratified: bool = False,
    seed: int | None = None,
    sample_weight: Any = None,
    class_weight: Any = None,
    callbacks: Any = None,
    truncated_bptt_steps: int | None = None,
    keep_weights: bool = False,
    training: Any = None,
    processes: int | None = None,
    verbose: Any = 0,
) -> Folds:
    """Train k times, each time on all samples but one k-th, and measure on that.

    Parameters
    ----------
    model, x, y
        A compiled model and arrays; or a network document and a data set (or its id), with `training`.
    k, shuffle, stratified, seed
        See `partition`; the seed is the model's unless another is given.
    epochs, batch_size, sample_weight, class_weight
        As of `Model.fit`.
    callbacks
        Written down, ``[{"kind": "EarlyStopping", "patience": 3}]``: objects cannot go to another process.
    keep_weights
        Begin every fold with the weights the model has. They must not have seen the samples.
    processes
        Runs at once, each in a process of its own; 0 for none but this one.
    verbose
        1 prints a line a fold.
    """
    given = {
        "batch_size": batch_size, "sample_weight": sample_weight, "class_weight": class_weight, "callbacks": callbacks,
        "truncated_bptt_steps": truncated_bptt_steps,
        "keep_weights": keep_weights,
    }  # fmt: skip
    subject = subject_of(model, x, y, training, given)
    study = CrossValidation(subject, k, epochs, shuffle, stratified, seed)
    return carried_out(study, processes, verbose)


def search(
    model: Any,
    x: Any = None,
    y: Any = None,
    space: Mapping[str, Any] | None = None,
    *,
    trials: int = 20,
    epochs: int = 1,
    batch_size: int = 32,
    validation_split: float = 0.0,
    validation_data: Any = None,
    sample_weight: Any = None,
    class_weight: Any = None,
    callbacks: Any = None,
    truncated_bptt_steps: int | None = None,
    seed: int = 0,
    objective: str | None = None,
    mode: str = "auto",
    prune: int | None = None,
    training: Any = None,
    processes: int | None = None,
    verbose: Any = 0,
) -> Found:
    """Train with settings drawn at random; see `Search`. The other arguments are those of `Model.fit`.

    ``found.best.values`` are the settings, ``found.model()`` is a fresh model with them, ``found.network`` and
    ``found.training`` are the documents.
    """
    given = {
        "batch_size": batch_size, "sample_weight": sample_weight, "class_weight": class_weight, "callbacks": callbacks,
        "truncated_bptt_steps": truncated_bptt_steps,
        "validation_split": validation_split, "validation_data": validation_data,
    }  # fmt: skip
    subject = subject_of(model, x, y, training, given)
    study = Search(subject, space or {}, trials, epochs, seed, objective, mode, prune)
    if not arguments.loudness(verbose):
        # Told otherwise in print.
        for note in study.notes:
            give_advice(note)
    return carried_out(study, processes, verbose)


def try_seeds(
    model: Any,
    x: Any = None,
    y: Any = None,
    *,
    seeds: int | Sequence[int] = 5,
    epochs: int = 1,
    batch_size: int = 32,
    validation_split: float = 0.0,
    validation_data: Any = None,
    sample_weight: Any = None,
    class_weight: Any = None,
    callbacks: Any = None,
    truncated_bptt_steps: int | None = None,
    training: Any = None,
    processes: int | None = None,
    verbose: Any = 0,
) -> Seeds:
    """Train once for each seed: other first weights, another order of samples, other dropout.

    `seeds` is how many, counted from the model's own, or a list of them; the other arguments are those of `Model.fit`.
    """
    given = {
        "batch_size": batch_size, "sample_weight": sample_weight, "class_weight": class_weight, "callbacks": callbacks,
        "truncated_bptt_steps": truncated_bptt_steps,
        "validation_split": validation_split, "validation_data": validation_data,
    }  # fmt: skip
    subject = subject_of(model, x, y, training, given)
    return carried_out(SeveralSeeds(subject, seeds, epochs), processes, verbose)
